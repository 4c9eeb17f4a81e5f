"""One order on its way to one person: what is known about it, and what to do next. Pure.

The ladder is queued -> accepted -> received -> seen -> acknowledged -> moving. Each rung is a fact of its own, stated
by someone (a push service, a device) with a time and evidence; none implies another, and the first statement of a fact
stays. So facts may arrive in any order, any number of times, and give the same delivery.

What a person said beats what Muster decided: a "yes" that comes after the order went to somebody else is still a yes.
Of two contradicting answers the later one counts, because a person who can no longer go must be able to say so.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

import msgspec


class Fact(StrEnum):
    """A rung of the ladder; declared in ladder order."""

    ACCEPTED = "accepted"  # a push service took it: says nothing about the device
    RECEIVED = "received"  # the device has it
    SEEN = "seen"  # the person opened it
    ACKNOWLEDGED = "acknowledged"  # the person said yes
    MOVING = "moving"  # the person is on the way


LADDER = tuple(Fact)
# Facts only a device in the person's hand can state: any of them proves that the order arrived.
REACHED = (Fact.RECEIVED, Fact.SEEN, Fact.ACKNOWLEDGED, Fact.MOVING)
# Facts that are an answer: yes.
YES = (Fact.ACKNOWLEDGED, Fact.MOVING)


class Ending(StrEnum):
    """Why Muster stopped trying; a person's answer, when there is one, is shown instead."""

    SUPERSEDED = "superseded"  # somebody else was asked, or somebody else said yes
    EXHAUSTED = "exhausted"  # nobody was left to ask; the task stays visible as unanswered
    CANCELLED = "cancelled"  # the incident was closed


# States in which nobody waits for anything any more.
END_STATES = frozenset({"acknowledged", "moving", "declined", *Ending})


class Stated(msgspec.Struct, frozen=True, order=True):
    """When a fact was stated, and by what: a device's id or a provider's message id."""

    at: datetime
    device_id: str = ""
    message_id: str = ""


class Answer(msgspec.Struct, frozen=True, order=True):
    """The latest answer. On the same instant "no" wins: asking one person more is the safer mistake."""

    at: datetime
    no: bool


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """One order to one person: facts, answer, ending, and how far through the channels it is.

    ``step`` is the place in the person's list of channels (-1: nothing tried), begun at ``step_at``. ``in_flight``: a
    send was begun and its outcome is not known; after a crash it is sent again with the same dedupe key.
    """

    id: UUID
    task_id: UUID
    incident_id: UUID
    account_id: UUID
    task_fencing: int
    queued_at: datetime
    accepted: Stated | None = None
    received: Stated | None = None
    seen: Stated | None = None
    acknowledged: Stated | None = None
    moving: Stated | None = None
    declined: Stated | None = None
    answer: Answer | None = None
    ended: Ending | None = None
    ended_at: datetime | None = None
    step: int = -1
    step_at: datetime | None = None
    asked_at: datetime | None = None
    failures: int = 0
    retry_at: datetime | None = None
    in_flight: bool = False
    blocked: bool = False


class DeliveryPolicy(msgspec.Struct, frozen=True):
    """How long to wait for what, in seconds."""

    receipt_within_s: float = 8.0
    acknowledge_within_s: float = 60.0


class Send(msgspec.Struct, frozen=True):
    """Send on this channel: for the first time, or again after a failure or a crash."""

    channel: str
    step: int


class EscalateChannel(msgspec.Struct, frozen=True):
    """Send on the next channel; ``why`` is no_receipt or refused."""

    channel: str
    step: int
    why: str


class EscalatePerson(msgspec.Struct, frozen=True):
    """Ask the next person; ``why`` is declined, no_receipt, refused or no_acknowledgement."""

    why: str


class WaitUntil(msgspec.Struct, frozen=True):
    """Nothing to do before ``at`` unless a fact arrives."""

    at: datetime


class Done(msgspec.Struct, frozen=True):
    """Nothing to do any more."""


NextStep = Send | EscalateChannel | EscalatePerson | WaitUntil | Done


def advance(delivery: Delivery, fact: Fact, at: datetime, *, device_id: str = "", message_id: str = "") -> Delivery:
    """State a fact; the earliest statement of it stays."""
    stated = Stated(at, device_id, message_id)
    known: Stated | None = getattr(delivery, fact)
    changes: dict[str, object] = {fact.value: stated if known is None else min(known, stated)}
    if fact in YES:
        changes["answer"] = _later(delivery.answer, Answer(at, no=False))
    return msgspec.structs.replace(delivery, **changes)


def decline(delivery: Delivery, at: datetime, *, device_id: str = "") -> Delivery:
    """The person can not, or can no longer, do it."""
    stated = Stated(at, device_id)
    return msgspec.structs.replace(
        delivery,
        declined=stated if delivery.declined is None else min(delivery.declined, stated),
        answer=_later(delivery.answer, Answer(at, no=True)),
    )


def _later(known: Answer | None, answer: Answer) -> Answer:
    return answer if known is None else max(known, answer)


def end(delivery: Delivery, ending: Ending, at: datetime) -> Delivery:
    """Stop trying; the first ending stays."""
    if delivery.ended is not None:
        return delivery
    return msgspec.structs.replace(delivery, ended=ending, ended_at=at, in_flight=False, retry_at=None)


def state(delivery: Delivery) -> str:
    """The one word shown for a delivery: the person's answer, else our ending, else the highest rung stated."""
    if delivery.answer is not None:
        if delivery.answer.no:
            return "declined"
        return Fact.MOVING.value if delivery.moving is not None else Fact.ACKNOWLEDGED.value
    if delivery.ended is not None:
        return delivery.ended.value
    for fact in reversed(LADDER):
        if getattr(delivery, fact) is not None:
            return fact.value
    return "queued"


def reached_at(delivery: Delivery) -> datetime | None:
    """When the first device stated that it has the order; None while only a push service took it."""
    times = [stated.at for fact in REACHED if (stated := getattr(delivery, fact)) is not None]
    return min(times, default=None)


def said_yes(delivery: Delivery) -> bool:
    """The person's latest answer is yes."""
    return delivery.answer is not None and not delivery.answer.no


def begin_send(delivery: Delivery, step: int, at: datetime) -> Delivery:
    """A send on channel number ``step`` begins; its outcome is not known until one is stated."""
    again = step == delivery.step
    return msgspec.structs.replace(
        delivery,
        step=step,
        step_at=delivery.step_at if again else at,
        asked_at=delivery.asked_at or at,
        failures=delivery.failures if again else 0,
        retry_at=None,
        in_flight=True,
        blocked=False,
    )


def send_taken(delivery: Delivery) -> Delivery:
    """The channel took it: now the device's receipt is waited for."""
    return msgspec.structs.replace(delivery, in_flight=False)


def send_failed(delivery: Delivery, retry_at: datetime) -> Delivery:
    """The channel did not answer or asked for patience."""
    return msgspec.structs.replace(delivery, in_flight=False, failures=delivery.failures + 1, retry_at=retry_at)


def send_refused(delivery: Delivery) -> Delivery:
    """The channel will never take it for this person: no address of theirs is good."""
    return msgspec.structs.replace(delivery, in_flight=False, blocked=True)


def next_step(delivery: Delivery, channels: tuple[str, ...], policy: DeliveryPolicy, now: datetime) -> NextStep:
    """What to do now, given the channels this person can be reached on, in order.

    A person without channels is waited for all the same, as long as one channel would be: the open socket needs
    nobody's help. A receipt ends the walk through the channels, not the wait for an answer.
    """
    if delivery.ended is not None or said_yes(delivery):
        return Done()
    if delivery.answer is not None:
        return EscalatePerson("declined")
    reached = reached_at(delivery)
    asked = min((t for t in (delivery.asked_at, reached) if t is not None), default=None)
    if asked is not None and now >= asked + timedelta(seconds=policy.acknowledge_within_s):
        return EscalatePerson("no_acknowledgement")
    if delivery.in_flight or delivery.step < 0:
        return _send_now(delivery, channels, policy, now)
    answer_by = (asked or now) + timedelta(seconds=policy.acknowledge_within_s)
    if reached is not None:
        return WaitUntil(answer_by)
    return _await_receipt(delivery, channels, policy, now, answer_by)


def _send_now(delivery: Delivery, channels: tuple[str, ...], policy: DeliveryPolicy, now: datetime) -> NextStep:
    step = max(delivery.step, 0)
    if step < len(channels):
        return Send(channels[step], step)
    # Nothing to send on: begun when it was queued, so a courier that starts late does not wait once more.
    begun = delivery.step_at or delivery.queued_at
    reached = reached_at(delivery)
    wait_s = policy.receipt_within_s if reached is None else policy.acknowledge_within_s
    by = (reached or begun) + timedelta(seconds=wait_s)
    return WaitUntil(by) if now < by else EscalatePerson("no_receipt")


def _await_receipt(
    delivery: Delivery,
    channels: tuple[str, ...],
    policy: DeliveryPolicy,
    now: datetime,
    answer_by: datetime,
) -> NextStep:
    assert delivery.step_at is not None
    receipt_by = delivery.step_at + timedelta(seconds=policy.receipt_within_s)
    if delivery.blocked or now >= receipt_by:
        why = "refused" if delivery.blocked else "no_receipt"
        following = delivery.step + 1
        if following < len(channels):
            return EscalateChannel(channels[following], following, why)
        if now >= receipt_by:
            return EscalatePerson(why)
        # Every push address is dead, but the open socket may still answer within the same window.
        return WaitUntil(receipt_by)
    wake_at = min(receipt_by, answer_by)
    if delivery.retry_at is None or delivery.step >= len(channels):
        return WaitUntil(wake_at)
    if now >= delivery.retry_at:
        return Send(channels[delivery.step], delivery.step)
    return WaitUntil(min(delivery.retry_at, wake_at))


# The first repeat comes after about this long: within the 8 s in which a receipt is awaited there is time for three.
RETRY_FIRST_S = 1.0
# Repeats never come slower than this unless the service asks for it: an order is worth seconds, not minutes.
RETRY_SLOWEST_S = 10.0
# Firebase asks senders without a Retry-After header to pause this long after 429 ("FCM error codes", QUOTA_EXCEEDED).
QUOTA_PAUSE_S = 60.0
# No step of a policy lasts longer (escalations.LONGEST_S), and a number without end is no time.
PATIENCE_MAX_S = 3600.0


def retry_delay_s(failures: int, jitter: float, retry_after_s: float | None = None) -> float:
    """Seconds to wait after the n-th failure (from 1); ``jitter`` in [0, 1) spreads couriers apart.

    Doubles from RETRY_FIRST_S up to RETRY_SLOWEST_S, between half and all of it; Retry-After is never undercut, up to
    PATIENCE_MAX_S.
    """
    backoff = min(RETRY_SLOWEST_S, RETRY_FIRST_S * 2.0 ** min(failures - 1, 10))
    spread = backoff * (0.5 + jitter / 2)
    if retry_after_s is None:
        return spread
    return max(spread, min(retry_after_s, PATIENCE_MAX_S) + jitter * RETRY_FIRST_S)


def believed_time(stated: datetime, queued_at: datetime, now: datetime) -> datetime:
    """A device's time of a fact, kept between the order's queueing and now: a wrong clock is not believed."""
    return min(max(stated, queued_at), now)
