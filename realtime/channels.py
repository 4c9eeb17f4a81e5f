"""What the courier asks of a way to reach a device, and what it gets back."""

from __future__ import annotations

from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Literal, Protocol
from uuid import UUID

import msgspec

from mobile_contract.text import Text

# accepted: the service took it. gone: this address is dead for ever. refused: it will not take this message, and a
# repeat would not either. failed: no answer, or "later".
OutcomeKind = Literal["accepted", "gone", "refused", "failed"]


class Outcome(msgspec.Struct, frozen=True):
    """What became of one send; ``code`` names the refusal, ``retry_after_s`` is the service's own wish."""

    kind: OutcomeKind
    message_id: str | None = None
    code: str | None = None
    retry_after_s: float | None = None


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """An order as a push carries it; ids let the app fetch the rest, ``key`` lets it show a repeat once.

    A ``test`` of communications carries its message's id as ``delivery`` and stands for nothing to do. A ``check_in``
    reminds somebody who works alone, and carries their session's id. A ``notice`` says that there is something in the
    person's list, and carries its id; ``quiet``: it does not ring as an order does.
    ``title`` and ``place`` are sent only where the settings allow details to leave the house.
    """

    delivery: UUID
    key: str
    task: UUID
    incident: UUID
    room: UUID
    grade: int
    exercise: bool
    title: Text
    place: Text
    sent_at_ms: int
    type: Literal["order", "test", "check_in", "notice"] = "order"
    quiet: bool = False


class Target(msgspec.Struct, frozen=True):
    """One device on one channel."""

    device_id: UUID
    address: str
    locale: str = "zh-CN"
    critical_alerts: bool = False


class Channel(Protocol):
    """A way to reach devices; ``name`` is stored with every attempt."""

    name: str

    async def send(self, notice: Notice, target: Target) -> Outcome:
        """Send once, within SEND_TIMEOUT_S; never raises for what a service or a network can do."""
        ...


# One send, everything included. Shorter than a lease, so that a courier that lives never sends on an expired one, and
# shorter than the wait for a receipt, so that a hanging service still leaves time for a repeat.
SEND_TIMEOUT_S = 4.0


def read_retry_after(text: str, now: datetime) -> float | None:
    """Retry-After, RFC 9110 section 10.2.3: seconds or a date, in seconds from now; None for what is neither."""
    if text.strip().isdecimal():
        return float(text)
    try:
        return max(0.0, (parsedate_to_datetime(text) - now).total_seconds())
    except (ValueError, TypeError):
        return None
