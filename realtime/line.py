"""One socket's outgoing side: what is written, what is withheld, and when the socket is given up.

Below SOFT_BYTES everything is written. Above it, chat and other normal events are withheld and the socket is marked: it
will be closed with SLOW_READER, so that the phone resumes from the last event it has. Life-safety frames are still
written, up to HARD_BYTES; a reader that far behind would get them sooner by reconnecting.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol
from uuid import UUID

from core.logging import get_logger
from core.metrics import counter
from mobile_contract.live import CloseCode
from realtime.wire import Wire

log = get_logger(__name__)

# Some 500 events: minutes of a busy incident that the peer has not read.
SOFT_BYTES = 256 * 1024
# With 1,000 sockets all stuck at once, the process holds 1 GiB at most.
HARD_BYTES = 1024 * 1024
# A marked socket gets this long to read what it was sent before it is closed, so that the close frame is not stuck
# behind a full buffer.
DRAIN_WITHIN_S = 5.0

_SLOW = counter("live_slow_readers", "Sockets closed because they read too slowly", ("bound",))


class Later(Protocol):
    """Runs a callback after some seconds (an event loop's ``call_later``)."""

    def __call__(self, delay_s: float, callback: Callable[[], None], /) -> object:
        """Schedule; the callback may find the socket gone."""
        ...


class Line:
    """The outgoing side of one signed-in socket."""

    __slots__ = ("_later", "_wire", "account_id", "buffered", "closed", "marked", "rooms", "tenant_id", "write")

    def __init__(self, wire: Wire, later: Later, tenant_id: UUID, account_id: UUID) -> None:
        self._wire = wire
        self._later = later
        self.tenant_id = tenant_id
        self.account_id = account_id
        self.write = wire.write
        self.buffered = wire.buffered
        self.rooms: set[UUID] = set()
        self.marked = False
        self.closed = False

    def write_safety(self, frames: bytes) -> None:
        """Write, even to a marked socket; beyond HARD_BYTES give the socket up instead."""
        if self.closed:
            return
        if self.buffered() > HARD_BYTES:
            self.give_up("hard")
            return
        self.write(frames)

    def write_normal(self, frames: bytes) -> bool:
        """Write when there is room; False when withheld, and then the socket is marked."""
        if self.closed or self.marked:
            return False
        if self.buffered() > SOFT_BYTES:
            self.mark()
            return False
        self.write(frames)
        return True

    def mark(self) -> None:
        """Something was withheld: close with SLOW_READER once the peer has read the rest, or after a while."""
        if not self.marked and not self.closed:
            self.marked = True
            log.info("live.reader_slow", account=str(self.account_id), buffered=self.buffered())
            self._later(DRAIN_WITHIN_S, self._close_marked)

    def drained(self) -> None:
        """The peer has read nearly everything."""
        if self.marked:
            self.give_up("soft")

    def give_up(self, bound: str) -> None:
        """Close with SLOW_READER now."""
        if not self.closed:
            _SLOW.labels(bound).inc()
            self.close(CloseCode.SLOW_READER, "reading too slowly; resume")

    def close(self, code: CloseCode, reason: str) -> None:
        """Close the socket; nothing is written after."""
        if not self.closed:
            self.closed = True
            self._wire.close(code, reason)

    def _close_marked(self) -> None:
        self.give_up("soft")
