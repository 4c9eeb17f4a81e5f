"""What a device keeps until Muster has said that it is committed. Pure: times are arguments, in seconds.

A batch leaves the buffer on ``acks`` alone: a broker's PUBACK is the broker's promise (decision 1).
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from mobile_contract.devices import Batch, Sample

# An hour at one batch a second, some 2 MB for a detector of four channels: what a small device can hold.
BUFFER_MAX_BATCHES = 3600
# Commit takes milliseconds; past this the batch or its ack is lost, or the gateway is changing hands.
RESEND_AFTER_S = 5.0


class Waiting(msgspec.Struct):
    """A batch without its ack; ``sent_s`` None: not sent on this connection."""

    batch: Batch
    sent_s: float | None = None


class DeviceBuffer:
    """Batches in order of their numbers; when full the oldest is dropped and counted.

    ``first_seq`` should grow over restarts of the device (Unix milliseconds do), so that an old ack can not be taken
    for a new batch's.
    """

    def __init__(self, first_seq: int, max_batches: int = BUFFER_MAX_BATCHES) -> None:
        self._next = first_seq
        self._max = max_batches
        self._waiting: dict[int, Waiting] = {}
        self.dropped = 0
        self.committed = 0
        self.refused = 0

    def __len__(self) -> int:
        return len(self._waiting)

    def waiting(self) -> list[int]:
        """Numbers of the batches without an ack, oldest first."""
        return list(self._waiting)

    def put(self, samples: Sequence[Sample]) -> int:
        """Keep the samples as the next batch; returns its number."""
        if len(self._waiting) >= self._max:
            del self._waiting[next(iter(self._waiting))]
            self.dropped += 1
        seq = self._next
        self._next += 1
        self._waiting[seq] = Waiting(Batch(samples=list(samples), seq=seq))
        return seq

    def acked(self, seq: int, refused: int = 0) -> bool:
        """Forget the batch; False for one that is not waiting (a repeated ack)."""
        if self._waiting.pop(seq, None) is None:
            return False
        self.committed += 1
        self.refused += refused
        return True

    def due(self, now_s: float) -> list[Batch]:
        """What should be sent now, oldest first: never sent on this connection, or sent too long ago."""
        return [
            waiting.batch
            for waiting in self._waiting.values()
            if waiting.sent_s is None or now_s - waiting.sent_s >= RESEND_AFTER_S
        ]

    def sent(self, seq: int, now_s: float) -> None:
        """The batch is on the wire; it may have been acked or dropped in between."""
        if seq in self._waiting:
            self._waiting[seq].sent_s = now_s

    def reconnected(self) -> None:
        """Everything waiting is due again."""
        for waiting in self._waiting.values():
            waiting.sent_s = None
