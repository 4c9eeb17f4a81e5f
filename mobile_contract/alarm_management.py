"""Silenced alarms, designs, voting groups, floods and calibration over HTTP."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal, TypeAlias
from uuid import UUID

import msgspec

from mobile_contract.devices import UcumUnit
from mobile_contract.incidents import Moment, Reason
from mobile_contract.limits import DelayS, LimitKind, LimitSourceView, Quantity
from mobile_contract.plant import Named
from mobile_contract.room_views import FloodView, TrustView, VoteView
from mobile_contract.text import Text

SuppressionKind: TypeAlias = Literal["shelved", "by_design", "out_of_service"]
ShelveMaxS: TypeAlias = Annotated[float, msgspec.Meta(ge=60, le=43_200)]
Deadband: TypeAlias = Annotated[float, msgspec.Meta(ge=0, le=1e15)]
FloodCount: TypeAlias = Annotated[int, msgspec.Meta(ge=1, le=1000)]
Votes: TypeAlias = Annotated[int, msgspec.Meta(ge=1, le=8)]


class OutOfServiceRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Take an alarm out of service until a time, at most 30 days ahead; it is back by itself then."""

    reason: Reason
    until: Moment


class SuppressionView(msgspec.Struct, frozen=True, kw_only=True):
    """One time a rule was silent: why, by whom (null: by design), until when.

    ``condition`` is the rule's now: a silent rule keeps evaluating. ``alarm``: the episode that stands.
    """

    id: UUID
    rule: UUID
    kind: SuppressionKind
    reason: str
    by: UUID | None
    one_shot: bool
    started_at: datetime
    until: datetime | None
    ended_at: datetime | None
    ended_by: UUID | None
    site: UUID
    sensor: UUID | None
    actuator: UUID | None
    rule_kind: str
    level: int
    condition: Literal["normal", "active"]
    alarm: UUID | None


class SuppressionDesignView(msgspec.Struct, frozen=True, kw_only=True):
    """While the test holds, the rule says nothing. ``waiting``: a second person has to approve it before it acts."""

    id: UUID
    site: UUID
    rule: UUID
    reason: str
    sensor: UUID | None
    actuator: UUID | None
    test: Literal["at_most", "at_least", "action"]
    threshold: float | None
    hysteresis: float
    action: str | None
    waiting: bool
    created_by: UUID
    created_at: datetime
    approved_by: UUID | None
    approved_at: datetime | None
    retired_at: datetime | None


class NewSuppressionDesign(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``at_most`` and ``at_least`` look at ``sensor`` and ``threshold`` (in the sensor's unit), ``action`` at what
    ``actuator`` has proved last."""

    rule: UUID
    reason: Reason
    test: Literal["at_most", "at_least", "action"]
    sensor: UUID | None = None
    actuator: UUID | None = None
    threshold: Quantity | None = None
    hysteresis: Deadband = 0.0
    action: Annotated[str, msgspec.Meta(min_length=1, max_length=32)] | None = None


class AlarmSettingsView(msgspec.Struct, frozen=True):
    """What a site decided for itself about its alarms; ``shelve_max_s`` null: one shift."""

    site: UUID
    shelve_max_s: float | None
    flood_start_above: int
    flood_end_below: int
    version: int


class AlarmSettingsEdit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A flood starts above and ends below so many alarms in ten minutes."""

    shelve_max_s: ShelveMaxS | None = None
    flood_start_above: FloodCount = 10
    flood_end_below: FloodCount = 5


class ShelvingLimit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How long a rule may be shelved at most; null: as its site says."""

    shelve_max_s: ShelveMaxS | None


class VerdictView(msgspec.Struct, frozen=True):
    """What a group says now. ``beyond`` counts faulty members too; ``works_as``: (m, n) without them."""

    active: bool
    degraded: bool
    beyond: int
    works_as: tuple[int, int]
    votes: list[VoteView]
    discrepant: list[UUID]


class VotingGroupView(msgspec.Struct, frozen=True, kw_only=True):
    """``m`` of the sensors beyond ``set_point`` raise one alarm; quantities in ``unit`` (UCUM)."""

    id: UUID
    site: UUID
    name: Text
    sensors: list[UUID]
    m: int
    side: LimitKind
    level: int
    set_point: float
    deadband: float
    unit: str
    valid_low: float | None
    valid_high: float | None
    discrepancy_after_s: float
    members_alarm: Literal["pre_alarm", "none"]
    rule: UUID | None
    verdict: VerdictView | None
    version: int
    created_at: datetime
    retired_at: datetime | None


class NewVotingGroup(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Sensors of one quantity of one agent; ``valid_low`` to ``valid_high`` is what a sound one can say."""

    name: Named
    sensors: Annotated[list[UUID], msgspec.Meta(min_length=2, max_length=8)]
    m: Votes
    side: LimitKind
    level: Literal[1, 2]
    set_point: Quantity
    unit: UcumUnit
    source: LimitSourceView
    deadband: Deadband = 0.0
    valid_low: Quantity | None = None
    valid_high: Quantity | None = None
    on_delay_s: DelayS = 0.0
    off_delay_s: DelayS = 0.0
    rearm_after_s: Annotated[float, msgspec.Meta(gt=0, le=86_400)] | None = None
    latching: bool = False
    toxic: bool = False
    discrepancy_after_s: Annotated[float, msgspec.Meta(ge=1, le=86_400)] = 60.0
    members_alarm: Literal["pre_alarm", "none"] = "pre_alarm"


class VotingGroupEdit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is absent stays."""

    name: Named | None = None
    m: Votes | None = None


class FloodRecord(FloodView, frozen=True, kw_only=True):
    """A flood, its site and the incident that led it; ``due_at``: when it ends if nothing more is raised."""

    site: UUID
    incident: UUID
    due_at: datetime


class CalibrationView(msgspec.Struct, frozen=True, kw_only=True):
    """A sensor whose calibration is due or over; ``noticed_on``: the last day it was said."""

    sensor: UUID
    site: UUID
    zone: UUID
    series: str
    name: Text
    calibration_due: date
    trust: TrustView
    noticed_on: date | None
