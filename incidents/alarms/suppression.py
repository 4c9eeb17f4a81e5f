"""When an alarm may be silent: how long it may be shelved, and what the plant's own state silences by design. Pure.

ISA-18.2 / IEC 62682 know three ways (states G, H, I): a person shelves, the design suppresses, maintenance takes out of
service. Here each has a reason, and each that a person began has an end.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal, TypeAlias
from uuid import UUID

import msgspec

from core.errors import Invalid
from incidents.alarms.agents import hazard_of
from incidents.alarms.alarm import SHELVE_MAX
from incidents.alarms.model import DANGER_KINDS, AlarmRule
from incidents.alarms.voting import Limit, side_of

# A second-level toxic alarm warns of harm within minutes: it is silent for a test of the instrument and no longer. The
# averaging time of a short-term exposure limit (STEL, GBZ 2.1 and ACGIH: 15 min) is what a person may breathe at most.
LIFE_SAFETY_SHELVE_MAX = timedelta(minutes=15)

DesignTest: TypeAlias = Literal["at_most", "at_least", "action"]


class Design(msgspec.Struct, frozen=True, kw_only=True):
    """A rule that says when another is meaningless: a series at most or at least at ``threshold`` (in the sensor's
    unit; left beyond ``hysteresis``), or an actuator that proved its newest command, ``action``."""

    tenant_id: UUID
    id: UUID
    site_id: UUID
    rule_id: UUID
    reason: str
    sensor_id: UUID | None
    actuator_id: UUID | None
    test: DesignTest
    threshold: float | None
    hysteresis: float
    action: str | None
    needs_approval: bool
    created_by: UUID
    created_at: datetime
    approved_by: UUID | None = None
    approved_at: datetime | None = None
    retired_at: datetime | None = None


def is_life_safety(rule: AlarmRule, agent: str | None) -> bool:
    """Second-level alarms of what people can not survive breathing, or breathing without."""
    if rule.kind not in DANGER_KINDS or rule.level < 2:
        return False
    return rule.toxic or hazard_of(agent) in ("toxic", "asphyxiant")


def shelve_max(rule: AlarmRule, agent: str | None, site_max_s: float | None, rule_max_s: float | None) -> timedelta:
    """The longest this rule may be shelved: its own maximum before its site's; never beyond the constants."""
    chosen = rule_max_s if rule_max_s is not None else site_max_s
    most = SHELVE_MAX if chosen is None else min(SHELVE_MAX, timedelta(seconds=chosen))
    return min(most, LIFE_SAFETY_SHELVE_MAX) if is_life_safety(rule, agent) else most


def shelve_end(until: datetime | None, now: datetime, most: timedelta) -> datetime:
    """When shelving ends at the latest; without ``until`` (one-shot) after the maximum. Raises Invalid beyond it."""
    if until is None:
        return now + most
    if not now < until <= now + most:
        minutes = int(most.total_seconds() // 60)
        raise Invalid(
            "shelve.too_long",
            f"this alarm is shelved for at most {minutes} minutes, and not into the past",
            f"此报警最长可搁置 {minutes} 分钟，且不得早于当前时间",
            field="until",
            value=until.isoformat(),
            limit=(now + most).isoformat(),
        )
    return until


def acts(design: Design) -> bool:
    """Whether the design has an effect: in force, and seen by a second person where lives depend on it."""
    return design.retired_at is None and (not design.needs_approval or design.approved_by is not None)


def limit_of(design: Design) -> Limit:
    """The test on a series, as a limit whose far side silences."""
    assert design.threshold is not None
    return Limit("low" if design.test == "at_most" else "high", design.threshold, design.hysteresis)


def holds(design: Design, *, value: float | None, sound: bool, proved_action: str | None, holding: bool) -> bool:
    """Whether the plant's state silences the rule now; without sound evidence (``sound`` False: stale, a gap, late) it
    does not. ``holding``: it does already, and leaves beyond the hysteresis only."""
    if not acts(design):
        return False
    if design.test == "action":
        return proved_action is not None and proved_action == design.action
    return sound and side_of(limit_of(design), value, holding) == "beyond"
