"""WebSocket frames made ready once and written to many sockets as the same bytes.

A server's frame is not masked (RFC 6455 section 5.1) and permessage-deflate is not negotiated, so nothing in it belongs
to one connection.
"""

from __future__ import annotations

import msgspec

from mobile_contract.live import ServerFrame, encode
from mobile_contract.room_events import RoomEvent
from mobile_contract.room_views import Lane

_FIN_TEXT = 0x81
_LEN_16 = 126
_LEN_64 = 127


def prepare_text(text: bytes) -> bytes:
    """A complete, final, unmasked text frame around UTF-8 ``text`` (RFC 6455 section 5.2)."""
    size = len(text)
    if size < _LEN_16:
        head = bytes((_FIN_TEXT, size))
    elif size < 1 << 16:
        head = bytes((_FIN_TEXT, _LEN_16)) + size.to_bytes(2, "big")
    else:
        head = bytes((_FIN_TEXT, _LEN_64)) + size.to_bytes(8, "big")
    return head + text


def prepare(frame: ServerFrame) -> bytes:
    """Encode and frame; the result may be written to any socket."""
    return prepare_text(encode(frame))


class PreparedEvent(msgspec.Struct, frozen=True):
    """A room event, ready to write."""

    seq: int
    lane: Lane
    frame: bytes


def prepare_event(event: RoomEvent) -> PreparedEvent:
    """Encode and frame a room event once for the whole room."""
    return PreparedEvent(event.seq, event.lane, prepare(event))
