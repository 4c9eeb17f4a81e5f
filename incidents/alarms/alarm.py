"""The alarm state machine of ISA-18.2 / IEC 62682, pure: (rule, state, event, now) -> (state, facts).

The state letters: A normal, B unacknowledged, C acknowledged, D returned unacknowledged, E latched unacknowledged,
F latched acknowledged, G shelved, H suppressed by design, I out of service. Suppressed alarms keep evaluating and stay
silent.

Towards alarm when in doubt: a timer alone can raise an alarm and never end one; missing data ends nothing; the return
to normal needs a reading beyond the deadband, and one more after the off-delay; a reading that others have overtaken
can raise an alarm and not end one.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Literal, TypeAlias
from uuid import UUID

import msgspec
from msgspec.structs import replace

from core.errors import Invalid
from incidents.alarms.model import AlarmRule, AlarmState

# ISA-18.2 section 12 asks for a limit on shelving and leaves it to the site; one 12-hour shift, so that whoever shelved
# it hears of it again.
SHELVE_MAX = timedelta(hours=12)
# Maintenance that lasts longer is said again: a sensor nobody looks at for a month is not out of service but gone.
OUT_OF_SERVICE_MAX = timedelta(days=30)


class Reading(msgspec.Struct, frozen=True):
    """A good value of the rule's sensor, in the rule's unit, at device time ``observed_at``.

    ``current``: it is the newest of its sensor and recent; only such a one speaks for "normal".
    """

    value: float
    observed_at: datetime
    current: bool = True


class TimerDue(msgspec.Struct, frozen=True):
    """Time has passed; fires what is due and nothing else."""


class DataMissing(msgspec.Struct, frozen=True):
    """No data (stale) or no proof (no_effect): the condition of those two kinds."""


class DataReturned(msgspec.Struct, frozen=True):
    """Data, or proof, is back."""


class Acknowledged(msgspec.Struct, frozen=True):
    """A person has seen it."""

    by: UUID


class Reset(msgspec.Struct, frozen=True):
    """A person unlatches it."""


class Shelved(msgspec.Struct, frozen=True):
    """A person silences it until a time, or, ``one_shot``, until the condition clears."""

    until: datetime | None = None
    one_shot: bool = False


class Unshelved(msgspec.Struct, frozen=True):
    """A person ends shelving early."""


class SuppressedByDesign(msgspec.Struct, frozen=True):
    """The plant's state makes the alarm meaningless, or meaningful again."""

    on: bool


class OutOfService(msgspec.Struct, frozen=True):
    """Maintenance takes the alarm out until a time, or puts it back."""

    on: bool
    until: datetime | None = None


class Voted(msgspec.Struct, frozen=True):
    """What the members of a voting group say together: the condition of a vote and of a discrepancy."""

    active: bool


Event: TypeAlias = (
    Reading
    | TimerDue
    | DataMissing
    | DataReturned
    | Acknowledged
    | Reset
    | Shelved
    | Unshelved
    | SuppressedByDesign
    | OutOfService
    | Voted
)


class AlarmRaised(msgspec.Struct, frozen=True):
    """A new episode is shown to people (A -> B)."""


class AlarmReraised(msgspec.Struct, frozen=True):
    """The same episode asks again: the condition came back before it ended, or nobody cured it in time."""


class AlarmReturned(msgspec.Struct, frozen=True):
    """The condition is normal again."""


class AlarmAcknowledged(msgspec.Struct, frozen=True):
    """A person has acknowledged it."""

    by: UUID


class AlarmCleared(msgspec.Struct, frozen=True):
    """A latched alarm was reset (F -> A)."""


class AlarmSuppressed(msgspec.Struct, frozen=True):
    """It is silent now."""


class AlarmUnsuppressed(msgspec.Struct, frozen=True):
    """It is no longer silent; the condition was looked at again."""


Fact: TypeAlias = (
    AlarmRaised | AlarmReraised | AlarmReturned | AlarmAcknowledged | AlarmCleared | AlarmSuppressed | AlarmUnsuppressed
)


class Decision(msgspec.Struct, frozen=True):
    """The state after the event; the very same object when nothing changed."""

    state: AlarmState
    facts: tuple[Fact, ...] = ()


def letter(state: AlarmState) -> str:
    """The ISA-18.2 state letter."""
    if state.suppression != "none":
        return {"shelved": "G", "by_design": "H", "out_of_service": "I"}[state.suppression]
    if state.condition == "active":
        return "C" if state.acknowledged else "B"
    if state.latched:
        return "F" if state.acknowledged else "E"
    return "A" if state.acknowledged else "D"


def crosses(rule: AlarmRule, state: AlarmState, value: float) -> bool:
    """Whether a reading of this value may change the state; cheap, for the path of every reading."""
    if rule.set_point is None or rule.kind == "vote":
        return False
    if state.condition == "normal":
        return state.pending is not None or _is_beyond(rule, value)
    return state.pending is not None or _is_clear(rule, value)


def calm_band(watched: Iterable[tuple[AlarmRule, AlarmState]]) -> tuple[float, float]:
    """(below, above): a value strictly between the two crosses none of these rules; nothing lies between where one of
    them is active or waits."""
    below, above = -math.inf, math.inf
    for rule, state in watched:
        if rule.set_point is None or rule.kind == "vote":
            continue
        if state.condition != "normal" or state.pending is not None:
            return math.inf, -math.inf
        if rule.kind == "high":
            above = min(above, rule.set_point)
        else:
            below = max(below, rule.set_point)
    return below, above


def step(rule: AlarmRule, state: AlarmState, event: Event, now: datetime) -> Decision:  # noqa: PLR0911 - one each
    """Apply one event. Raises Invalid for silence without an end or beyond SHELVE_MAX or OUT_OF_SERVICE_MAX."""
    match event:
        case Reading():
            return _on_reading(rule, state, event, now)
        case TimerDue():
            return _on_timer(rule, state, now)
        case DataMissing():
            missing = rule.kind in _DATA_KINDS and state.condition == "normal"
            return _rise(rule, state, None) if missing else Decision(state)
        case DataReturned():
            returned = rule.kind in _DATA_KINDS and state.condition == "active"
            return _fall(rule, state, None) if returned else Decision(state)
        case Acknowledged():
            return _on_acknowledged(rule, state, event, now)
        case Reset():
            if state.latched and state.acknowledged and state.condition == "normal":
                return Decision(replace(state, latched=False, annunciated=False), (AlarmCleared(),))
            return Decision(state)
        case Shelved():
            return _on_shelved(state, event, now)
        case Unshelved():
            return _leave(state, rule.latching) if state.suppression == "shelved" else Decision(state)
        case SuppressedByDesign(on):
            return _suppress(rule, state, "by_design", on)
        case OutOfService():
            return _on_out_of_service(rule, state, event, now)
        case Voted():
            return _on_voted(rule, state, event, now)


# Their condition is whether there is data, or proof.
_DATA_KINDS = ("stale", "no_effect")


def _is_beyond(rule: AlarmRule, value: float) -> bool:
    assert rule.set_point is not None
    return value >= rule.set_point if rule.kind == "high" else value <= rule.set_point


def _is_clear(rule: AlarmRule, value: float) -> bool:
    assert rule.set_point is not None
    if rule.kind == "high":
        return value < rule.set_point - rule.deadband
    return value > rule.set_point + rule.deadband


def _on_reading(rule: AlarmRule, state: AlarmState, event: Reading, now: datetime) -> Decision:
    # A value that is no number is a fault of the sensor, not a normal reading; an old one proves nothing about now.
    if rule.kind not in ("high", "low") or not math.isfinite(event.value):
        return Decision(state)
    # Evidence from the future is none: a clock, ours or the device's, was ahead and is set right, and until that time
    # every reading would be old.
    if state.evidence_at is not None and event.observed_at < state.evidence_at <= now:
        return Decision(state)
    observed_at = event.observed_at
    if state.condition == "normal":
        if _is_beyond(rule, event.value):
            return _wait(rule, state, "on_delay", rule.on_delay_s, observed_at, now)
        return Decision(_not_pending(state, observed_at) if event.current else state)
    if not _is_clear(rule, event.value):
        return Decision(_not_pending(state, observed_at))
    return _wait(rule, state, "off_delay", rule.off_delay_s, observed_at, now) if event.current else Decision(state)


def _on_voted(rule: AlarmRule, state: AlarmState, event: Voted, now: datetime) -> Decision:
    if rule.kind not in ("vote", "discrepancy"):
        return Decision(state)
    if event.active == (state.condition == "active"):
        return Decision(_not_pending(state, now))
    if event.active:
        return _wait(rule, state, "on_delay", rule.on_delay_s, now, now)
    return _wait(rule, state, "off_delay", rule.off_delay_s, now, now)


def _not_pending(state: AlarmState, observed_at: datetime) -> AlarmState:
    if state.pending is None:
        return state
    return replace(state, pending=None, pending_since=None, due_at=None, evidence_at=observed_at)


def _wait(
    rule: AlarmRule,
    state: AlarmState,
    delay: Literal["on_delay", "off_delay"],
    seconds: float,
    observed_at: datetime,
    now: datetime,
) -> Decision:
    change = _rise if delay == "on_delay" else _fall
    if seconds <= 0:
        return change(rule, state, observed_at)
    # A delay that began in the future: our clock was set back. It begins again, or it would last as long as the jump.
    if state.pending_since is not None and state.pending_since <= now:
        over = now >= state.pending_since + timedelta(seconds=seconds)
        return change(rule, state, observed_at) if over else Decision(state)
    # Only the way into alarm has a timer of its own: the way back needs a reading.
    due_at = now + timedelta(seconds=seconds) if delay == "on_delay" else None
    return Decision(replace(state, pending=delay, pending_since=now, due_at=due_at, evidence_at=observed_at))


def _rise(rule: AlarmRule, state: AlarmState, observed_at: datetime | None) -> Decision:
    active = replace(
        state,
        condition="active",
        pending=None,
        pending_since=None,
        due_at=None,
        evidence_at=observed_at or state.evidence_at,
    )
    if state.suppression != "none":
        return Decision(active)
    return _annunciate(active, rule.latching)


def _annunciate(state: AlarmState, latching: bool) -> Decision:
    """Show an active condition to people: a new episode, or the standing one again."""
    if state.annunciated:
        return Decision(replace(state, acknowledged=False, rearm_due_at=None), (AlarmReraised(),))
    shown = replace(
        state, acknowledged=False, latched=latching, annunciated=True, rearm_due_at=None, episode=state.episode + 1
    )
    return Decision(shown, (AlarmRaised(),))


def _fall(rule: AlarmRule, state: AlarmState, observed_at: datetime | None) -> Decision:
    normal = replace(
        state,
        condition="normal",
        pending=None,
        pending_since=None,
        due_at=None,
        rearm_due_at=None,
        evidence_at=observed_at or state.evidence_at,
    )
    facts: tuple[Fact, ...] = (AlarmReturned(),) if state.annunciated else ()
    if normal.acknowledged and not normal.latched:
        normal = replace(normal, annunciated=False)
    if normal.one_shot:
        left = _leave(normal, rule.latching)
        return Decision(left.state, facts + left.facts)
    return Decision(normal, facts)


def _on_timer(rule: AlarmRule, state: AlarmState, now: datetime) -> Decision:
    facts: tuple[Fact, ...] = ()
    if state.suppression_until is not None and now >= state.suppression_until:
        left = _leave(state, rule.latching)
        state, facts = left.state, left.facts
    if state.due_at is not None and now >= state.due_at:
        risen = _rise(rule, state, None)
        state, facts = risen.state, facts + risen.facts
    if state.rearm_due_at is not None and now >= state.rearm_due_at:
        if letter(state) == "C":
            return Decision(replace(state, acknowledged=False, rearm_due_at=None), (*facts, AlarmReraised()))
        state = replace(state, rearm_due_at=None)
    return Decision(state, facts)


def _on_acknowledged(rule: AlarmRule, state: AlarmState, event: Acknowledged, now: datetime) -> Decision:
    if state.acknowledged:
        return Decision(state)
    active = state.condition == "active"
    rearm = now + timedelta(seconds=rule.rearm_after_s) if active and rule.rearm_after_s is not None else None
    over = not active and not state.latched
    known = replace(state, acknowledged=True, rearm_due_at=rearm, annunciated=not over)
    return Decision(known, (AlarmAcknowledged(event.by),))


def _on_shelved(state: AlarmState, event: Shelved, now: datetime) -> Decision:
    if event.until is None and not event.one_shot:
        raise Invalid("shelve.endless", "shelving needs an end", "搁置必须有结束时间", field="until")
    if event.until is not None and not now < event.until <= now + SHELVE_MAX:
        raise Invalid(
            "shelve.too_long",
            f"shelving ends within {SHELVE_MAX}, and not in the past",
            f"搁置须在 {SHELVE_MAX} 内结束，且不得早于当前时间",
            field="until",
            value=event.until.isoformat(),
            limit=(now + SHELVE_MAX).isoformat(),
        )
    if state.suppression in ("by_design", "out_of_service"):
        return Decision(state)
    shelved = replace(state, suppression="shelved", suppression_until=event.until, one_shot=event.one_shot)
    # One-shot lasts until the condition clears; a condition that is clear already leaves nothing to shelve.
    if event.one_shot and event.until is None and state.condition == "normal":
        return Decision(state)
    return Decision(shelved, () if state.suppression == "shelved" else (AlarmSuppressed(),))


def _on_out_of_service(rule: AlarmRule, state: AlarmState, event: OutOfService, now: datetime) -> Decision:
    if event.on and event.until is None:
        raise Invalid("out_of_service.endless", "out of service needs an end", "停用必须有结束时间", field="until")
    if event.until is not None and not now < event.until <= now + OUT_OF_SERVICE_MAX:
        raise Invalid(
            "out_of_service.too_long",
            f"out of service ends within {OUT_OF_SERVICE_MAX.days} days, and not in the past",
            f"停用须在 {OUT_OF_SERVICE_MAX.days} 天内结束，且不得早于当前时间",
            field="until",
            value=event.until.isoformat(),
            limit=(now + OUT_OF_SERVICE_MAX).isoformat(),
        )
    return _suppress(rule, state, "out_of_service", event.on, event.until)


def _suppress(
    rule: AlarmRule,
    state: AlarmState,
    kind: Literal["by_design", "out_of_service"],
    on: bool,
    until: datetime | None = None,
) -> Decision:
    if not on:
        return _leave(state, rule.latching) if state.suppression == kind else Decision(state)
    # Maintenance has hands in the instrument: what the plant does meanwhile must not put it back.
    if state.suppression == "out_of_service" and kind == "by_design":
        return Decision(state)
    if state.suppression == kind and state.suppression_until == until:
        return Decision(state)
    silent = replace(state, suppression=kind, suppression_until=until, one_shot=False)
    return Decision(silent, () if state.suppression == kind else (AlarmSuppressed(),))


def _leave(state: AlarmState, latching: bool) -> Decision:
    """End suppression and look at the condition again."""
    free = replace(state, suppression="none", suppression_until=None, one_shot=False)
    if free.condition == "normal" or (free.annunciated and not free.acknowledged):
        return Decision(free, (AlarmUnsuppressed(),))
    shown = _annunciate(free, latching)
    return Decision(shown.state, (AlarmUnsuppressed(), *shown.facts))
