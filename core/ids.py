"""UUIDv7 identifiers (RFC 9562 section 5.7): sortable by time, made by the application.

Within one process ids are strictly increasing: the 12 bits of ``rand_a`` are a counter within the
millisecond (RFC 9562 section 6.2, method 1), and a clock that steps back keeps the last millisecond.
"""

from __future__ import annotations

import os
import threading
import time
from uuid import UUID

_lock = threading.Lock()
_last_ms = 0
_counter = 0


def new_id(now_ms: int | None = None) -> UUID:
    """A new UUIDv7; ``now_ms`` (Unix milliseconds) defaults to the machine's clock."""
    global _last_ms, _counter
    ms = time.time_ns() // 1_000_000 if now_ms is None else now_ms
    with _lock:
        if ms > _last_ms:
            _last_ms = ms
            _counter = int.from_bytes(os.urandom(1), "big")
        else:
            _counter += 1
            if _counter > 0xFFF:
                _last_ms += 1
                _counter = 0
        ms, counter = _last_ms, _counter
    rand_b = int.from_bytes(os.urandom(8), "big") & ((1 << 62) - 1)
    return UUID(int=(ms & ((1 << 48) - 1)) << 80 | 0x7 << 76 | counter << 64 | 0b10 << 62 | rand_b)
