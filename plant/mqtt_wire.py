"""MQTT 3.1.1 packets as a subscriber with its own acknowledgements needs them; pure: bytes in, packets out.

OASIS MQTT Version 3.1.1; sections are cited. QoS 2 is not spoken: we subscribe with QoS 1, so a broker never sends it.
"""

from __future__ import annotations

from struct import Struct
from struct import error as StructError

CONNECT, CONNACK, PUBLISH, PUBACK, SUBSCRIBE, SUBACK = 1, 2, 3, 4, 8, 9
PINGREQ, PINGRESP, DISCONNECT = 12, 13, 14
# One packet can not be larger than the largest payload we take plus its topic; anything else is refused before it is
# held. The broker is asked for the same limit, so a device hears it first. (2.2.3 allows 256 MB.)
PACKET_MAX_BYTES = 1_048_576

_U16 = Struct(">H")
PING_BYTES = bytes([PINGREQ << 4, 0])
DISCONNECT_BYTES = bytes([DISCONNECT << 4, 0])

# 3.2.2.3
CONNACK_REASONS = {
    1: "unacceptable protocol version",
    2: "client identifier rejected",
    3: "server unavailable",
    4: "bad user name or password",
    5: "not authorized",
}


class ProtocolError(Exception):
    """The peer sent what MQTT 3.1.1 does not allow; the connection is of no more use."""


# (first byte, body): the fixed header's type and flags (2.2), and all that follows the remaining length.
Packet = tuple[int, bytes]


def split_packets(buffer: bytearray) -> list[Packet]:
    """Take every whole packet off the front of ``buffer``; raises ProtocolError for a length that can not be."""
    packets: list[Packet] = []
    view = bytes(buffer)
    position, size = 0, len(view)
    while size - position >= 2:
        length = view[position + 1]
        start = position + 2
        if length & 0x80:
            taken = _long_length(view, position + 1, size)
            if taken is None:
                break
            length, start = taken
            if length > PACKET_MAX_BYTES:
                raise ProtocolError(f"a packet of {length} bytes; the limit is {PACKET_MAX_BYTES}")
        end = start + length
        if end > size:
            break
        packets.append((view[position], view[start:end]))
        position = end
    del buffer[:position]
    return packets


def _long_length(view: bytes, position: int, size: int) -> tuple[int, int] | None:
    """The remaining length of two to four bytes (2.2.3) and where the body starts; None: not all here yet."""
    length = shift = 0
    for _ in range(4):
        if position >= size:
            return None
        byte = view[position]
        position += 1
        length |= (byte & 0x7F) << shift
        if not byte & 0x80:
            return length, position
        shift += 7
    raise ProtocolError("a remaining length of more than four bytes")


# (topic, payload, packet id or 0, retained)
Publish = tuple[bytes, bytes, int, bool]


def read_publish(first: int, body: bytes) -> Publish:
    """A PUBLISH packet (3.3): QoS 0 has no packet id."""
    try:
        end = 2 + _U16.unpack_from(body)[0]
        qos = first & 0x06
        if not qos:
            if end > len(body):
                raise ProtocolError("a PUBLISH packet whose topic ends early")
            return body[2:end], body[end:], 0, bool(first & 1)
        if qos != 0x02:
            raise ProtocolError(f"PUBLISH with QoS {qos >> 1}")
        return body[2:end], body[end + 2 :], _U16.unpack_from(body, end)[0], bool(first & 1)
    except StructError as problem:
        raise ProtocolError("a PUBLISH packet that ends early") from problem


def packet_id(body: bytes) -> int:
    """The packet id that opens PUBACK and SUBACK (3.4.2, 3.9.2)."""
    if len(body) < 2:
        raise ProtocolError("an acknowledgement that ends early")
    return int(_U16.unpack_from(body)[0])


def connect(client_id: str, username: str, password: str, keepalive_s: int, *, clean_session: bool) -> bytes:
    """CONNECT (3.1) without a will."""
    flags = 0x02 if clean_session else 0
    if username:
        flags |= 0x80 | 0x40
    body = _text("MQTT") + bytes([4, flags]) + _U16.pack(keepalive_s) + _text(client_id)
    if username:
        body += _text(username) + _text(password)
    return _packet(CONNECT << 4, body)


def subscribe(mid: int, topics: list[str], qos: int = 1) -> bytes:
    """SUBSCRIBE (3.8), every topic with the same QoS."""
    body = _U16.pack(mid) + b"".join(_text(topic) + bytes([qos]) for topic in topics)
    return _packet(SUBSCRIBE << 4 | 0x02, body)


def publish(topic: str, payload: bytes, mid: int, *, retain: bool = False) -> bytes:
    """PUBLISH (3.3): QoS 1 with a packet id, QoS 0 with 0."""
    first = PUBLISH << 4 | (0x02 if mid else 0) | (0x01 if retain else 0)
    return _packet(first, _text(topic) + (_U16.pack(mid) if mid else b"") + payload)


_PUBACK_HEAD = bytes([PUBACK << 4, 2])


def pubacks(mids: list[int]) -> bytes:
    """PUBACK (3.4) for each id, one after the other: one write for a whole committed batch."""
    pack = _U16.pack
    return b"".join([_PUBACK_HEAD + pack(mid) for mid in mids])


def _packet(first: int, body: bytes) -> bytes:
    length, head = len(body), bytearray([first])
    while True:
        byte, length = length & 0x7F, length >> 7
        head.append(byte | (0x80 if length else 0))
        if not length:
            return bytes(head) + body


def _text(text: str) -> bytes:
    raw = text.encode()
    return _U16.pack(len(raw)) + raw
