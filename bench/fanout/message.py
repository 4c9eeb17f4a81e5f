"""The one event every server sends: the same JSON, the same size each time."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

from mobile_contract.room_events import MessagePosted, RoomEvent

ROOM = UUID("01930000-0000-7000-8000-000000000001")
TENANT = UUID("01930000-0000-7000-8000-000000000002")
ACCOUNT = UUID("01930000-0000-7000-8000-000000000003")
# Sequence numbers of equal width make every frame equally long, so that a reader can count frames by bytes.
FIRST_SEQ = 1_000_001
TEXT = "The solvent store is clear, two people at assembly point B, fan 1 runs, concentration falling."


def room_event(seq: int) -> RoomEvent:
    """A chat message, the commonest event of a room."""
    at = datetime(2026, 1, 1, 12, 0, 0, 123456, UTC)
    return RoomEvent(room=ROOM, epoch=1, seq=seq, at=at, by=ACCOUNT, lane="normal", body=MessagePosted(TEXT))
