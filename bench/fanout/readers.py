"""A thousand clients in one process: raw sockets that complete the handshake and count frames by their bytes."""

from __future__ import annotations

import base64
import contextlib
import os
import select
import socket
import struct
import time
from collections.abc import Callable

# A server that has not delivered within this is broken, not slow.
PATIENCE_S = 20.0
_BUFFER = memoryview(bytearray(256 * 1024))


class ReadersError(Exception):
    """A server closed a socket, or did not deliver in time."""


def mask_text(text: bytes) -> bytes:
    """A client's text frame under 126 bytes (RFC 6455 section 5.3)."""
    mask = os.urandom(4)
    return bytes((0x81, 0x80 | len(text))) + mask + bytes(b ^ mask[i % 4] for i, b in enumerate(text))


def connect(port: int, path: str) -> socket.socket:
    """A socket after the WebSocket handshake; the answer is read up to the empty line and no further."""
    connection = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S)
    key = base64.b64encode(os.urandom(16)).decode()
    connection.sendall(
        f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
    )
    head = bytearray()
    while not head.endswith(b"\r\n\r\n"):
        head += _read_exactly(connection, 1)
    if not head.startswith(b"HTTP/1.1 101"):
        raise ReadersError(head.decode(errors="replace"))
    return connection


def read_frame(connection: socket.socket) -> bytes:
    """One whole unmasked frame, head included; for what a server says after the handshake."""
    head = _read_exactly(connection, 2)
    size = head[1]
    extended = b""
    if size == 126:
        extended = _read_exactly(connection, 2)
        size = struct.unpack("!H", extended)[0]
    return head + extended + _read_exactly(connection, size)


def _read_exactly(connection: socket.socket, size: int) -> bytes:
    data = bytearray()
    while len(data) < size:
        part = connection.recv(size - len(data))
        if not part:
            raise ReadersError("the server closed the socket")
        data += part
    return bytes(data)


def open_socketio(port: int) -> socket.socket:
    """Join the default namespace by the Engine.IO 4 and Socket.IO 5 protocols."""
    connection = connect(port, "/socket.io/?EIO=4&transport=websocket")
    if b'0{"sid"' not in read_frame(connection):
        raise ReadersError("no Engine.IO open packet")
    connection.sendall(mask_text(b"40"))
    if b"40{" not in read_frame(connection):
        raise ReadersError("no Socket.IO connect packet")
    return connection


def open_websocket(port: int) -> socket.socket:
    """A plain WebSocket."""
    return connect(port, "/v1/live")


class Readers:
    """``count`` open sockets; ``read_until`` counts what arrives on all of them."""

    def __init__(self, count: int, port: int, opener: Callable[[int], socket.socket]) -> None:
        self.sockets = [opener(port) for _ in range(count)]
        self._poll = select.epoll()
        self._by_fd = {}
        for connection in self.sockets:
            connection.setblocking(False)
            self._by_fd[connection.fileno()] = connection
            self._poll.register(connection.fileno(), select.EPOLLIN)
        self.bytes = 0

    def read_until(self, total: int) -> None:
        """Read until ``total`` bytes have arrived since the start."""
        deadline = time.monotonic() + PATIENCE_S
        while self.bytes < total:
            if time.monotonic() > deadline:
                raise ReadersError(f"{self.bytes} of {total} bytes arrived")
            for fd, _ in self._poll.poll(0.5):
                self._read(fd)

    def _read(self, fd: int) -> None:
        with contextlib.suppress(BlockingIOError):
            size = self._by_fd[fd].recv_into(_BUFFER)
            if size == 0:
                raise ReadersError("the server closed a socket")
            self.bytes += size

    def close(self) -> None:
        """Close every socket."""
        self._poll.close()
        for connection in self.sockets:
            connection.close()
