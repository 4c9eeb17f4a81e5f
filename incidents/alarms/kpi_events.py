"""What goes into the log of alarm events, from what the state machine said. Pure.

Priority is by what is at stake and how long there is, as ISA-18.2 clause 9 asks for, from what Muster knows of a rule:

| priority | rules |
| --- | --- |
| high | second level of any limit (GB/T 50493-2019: act now) |
| medium | first level of a toxic agent; an actuator that did not prove its effect |
| low | first level of everything else; a sensor without data |

That spread is what the 80/15/5 of the standard is compared with.
"""

from __future__ import annotations

from typing import Literal, TypeAlias
from uuid import UUID

import msgspec

from incidents.alarms import alarm
from incidents.alarms.model import AlarmRule, AlarmState, Suppression

Priority: TypeAlias = Literal["low", "medium", "high"]
EventKind: TypeAlias = Literal[
    "raised", "reraised", "acknowledged", "returned", "cleared", "suppressed", "unsuppressed"
]

CALLS: tuple[EventKind, ...] = ("raised", "reraised")
"""Both are shown to people and ask for something: an alarm that comes again is one more call (annunciation)."""
ANSWERS: tuple[EventKind, ...] = ("acknowledged", "returned", "cleared")
"""They belong to the call before them."""

_KIND_OF: dict[type[alarm.Fact], EventKind] = {
    alarm.AlarmRaised: "raised",
    alarm.AlarmReraised: "reraised",
    alarm.AlarmAcknowledged: "acknowledged",
    alarm.AlarmReturned: "returned",
    alarm.AlarmCleared: "cleared",
    alarm.AlarmSuppressed: "suppressed",
    alarm.AlarmUnsuppressed: "unsuppressed",
}


class AlarmEvent(msgspec.Struct, frozen=True):
    """One line to be logged now. ``answers_earlier``: it belongs to the rule's last call before this transaction."""

    kind: EventKind
    rule_id: UUID
    zone_id: UUID
    alarm_id: UUID | None
    level: int
    priority: Priority
    suppression: Suppression
    answers_earlier: bool


def priority_of(rule: AlarmRule) -> Priority:
    """How urgent the rule's alarms are."""
    if rule.level >= 2:
        return "high"
    return "medium" if rule.toxic or rule.kind == "no_effect" else "low"


def events_of(
    rule: AlarmRule,
    before: AlarmState,
    after: AlarmState,
    facts: tuple[alarm.Fact, ...],
    zone_id: UUID,
    alarm_id: UUID | None,
) -> list[AlarmEvent]:
    """What the facts of one rule are in the log, in their order."""
    made: list[AlarmEvent] = []
    called = False
    for fact in facts:
        kind = _KIND_OF[type(fact)]
        called = called or kind in CALLS
        suppression: Suppression = "none"
        if kind == "suppressed":
            suppression = after.suppression
        elif kind == "unsuppressed":
            suppression = before.suppression
        made.append(
            AlarmEvent(
                kind, rule.id, zone_id, alarm_id, rule.level, priority_of(rule), suppression,
                kind in ANSWERS and not called,
            )
        )  # fmt: skip
    return made
