"""The nouns of an alarm: its rule, its state, where its limit comes from."""

from __future__ import annotations

import math
from datetime import datetime
from enum import IntEnum
from typing import Literal, TypeAlias
from uuid import UUID

import msgspec

from core.errors import Invalid

RuleKind: TypeAlias = Literal["high", "low", "stale", "no_effect", "vote", "discrepancy"]
# Evidence that something is wrong in the air or with a machine; the other kinds are about instruments.
DANGER_KINDS = ("high", "low", "vote")
Suppression: TypeAlias = Literal["none", "shelved", "by_design", "out_of_service"]


class Grade(IntEnum):
    """How grave an incident is; I is the worst (GB 2893 colours: red, orange, yellow, blue)."""

    I = 1  # noqa: E741 - the roman numeral is the name
    II = 2
    III = 3
    IV = 4


class LimitSource(msgspec.Struct, frozen=True):
    """Where a limit comes from; a limit without a source is refused."""

    jurisdiction: str
    edition: str
    source: str
    note: str = ""


class AlarmRule(msgspec.Struct, frozen=True, kw_only=True):
    """When an alarm is raised. ``set_point`` and ``deadband`` are in ``unit`` (UCUM); delays in seconds.

    ``level`` 2 is the second, graver set point. ``rearm_after_s``: an acknowledged alarm that is still active after
    this long asks again (C -> B). ``group_id``: a voting group made the rule; its vote and discrepancy name the group's
    first member as their sensor. Raises Invalid for rules that could hide danger.
    """

    tenant_id: UUID
    id: UUID
    kind: RuleKind
    level: int
    unit: str
    source: LimitSource
    sensor_id: UUID | None = None
    actuator_id: UUID | None = None
    set_point: float | None = None
    deadband: float = 0.0
    on_delay_s: float = 0.0
    off_delay_s: float = 0.0
    rearm_after_s: float | None = None
    latching: bool = False
    stale_after_s: float | None = None
    toxic: bool = False
    group_id: UUID | None = None

    def __post_init__(self) -> None:
        if not self.source.source.strip():
            raise Invalid("limit.unsourced", "a limit needs its source", "限值必须注明来源", field="source")
        if self.toxic and self.level == 2 and self.on_delay_s > 0:
            raise Invalid(
                "limit.delayed",
                "a second-level toxic alarm has no on-delay",
                "有毒气体二级报警不得设延时",
                field="on_delay_s",
                value=self.on_delay_s,
                limit=0,
            )
        if self.kind in DANGER_KINDS and self.set_point is None:
            raise Invalid("limit.no_set_point", "a limit needs a set point", "限值必须有设定值", field="set_point")
        if self.kind not in DANGER_KINDS and self.set_point is not None:
            raise Invalid("limit.set_point_unused", "only limits have a set point", "仅限值有设定值", field="set_point")
        # A limit that is no number is never crossed; a deadband below zero ends an alarm beyond its limit.
        if self.set_point is not None and not math.isfinite(self.set_point):
            raise Invalid("limit.not_a_number", "a set point is a finite number", "设定值须为有限数", field="set_point")
        if not 0 <= self.deadband < math.inf:
            raise Invalid("limit.deadband", "a deadband is 0 or more", "回差不得为负", field="deadband", limit=0)


class AlarmState(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The four orthogonal fields of ISA-18.2 and the timers; ``alarm.letter`` derives the state's letter.

    ``annunciated``: this episode was shown to people. ``evidence_at`` is the device time of the reading behind the last
    change: an older reading changes nothing. Timers are times, so a restart neither loses nor repeats them.
    """

    condition: Literal["normal", "active"] = "normal"
    acknowledged: bool = True
    latched: bool = False
    suppression: Suppression = "none"
    suppression_until: datetime | None = None
    one_shot: bool = False
    annunciated: bool = False
    pending: Literal["on_delay", "off_delay"] | None = None
    pending_since: datetime | None = None
    due_at: datetime | None = None
    rearm_due_at: datetime | None = None
    episode: int = 0
    evidence_at: datetime | None = None
