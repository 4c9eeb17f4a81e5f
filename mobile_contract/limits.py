"""Limits and alarm rules over HTTP: every number with its unit and its source."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias
from uuid import UUID

import msgspec

from mobile_contract.devices import UcumUnit

LimitPurpose: TypeAlias = Literal["fire", "exposure", "oxygen", "machine", "cleanliness"]
LimitKind: TypeAlias = Literal["high", "low"]
# A day is longer than any delay a process needs; more would hide an alarm.
DelayS: TypeAlias = Annotated[float, msgspec.Meta(ge=0, le=86_400)]
# Far beyond any quantity a plant measures, and far enough from the largest float for every unit's factor.
Quantity: TypeAlias = Annotated[float, msgspec.Meta(ge=-1e15, le=1e15)]


class LimitSourceView(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where a limit comes from; one without a source is refused."""

    jurisdiction: Annotated[str, msgspec.Meta(min_length=1, max_length=50, pattern=r"\S")]
    edition: Annotated[str, msgspec.Meta(max_length=50)]
    source: Annotated[str, msgspec.Meta(min_length=1, max_length=200, pattern=r"\S")]
    note: Annotated[str, msgspec.Meta(max_length=500)] = ""


class SetPointView(msgspec.Struct, frozen=True):
    """One row of the library; ``variant`` tells rows of one agent apart: a machine group, a clean-room class."""

    agent: str
    purpose: LimitPurpose
    level: int
    kind: LimitKind
    value: float
    unit: str
    source: LimitSourceView
    variant: str
    toxic: bool


class AlarmRuleView(msgspec.Struct, frozen=True, kw_only=True):
    """When an alarm is raised; ``set_point`` and ``deadband`` are in ``unit`` (UCUM), level 2 is the graver one.

    ``stale`` (no data) and ``no_effect`` (no proof of a command) are rules that instruments have by themselves;
    ``vote`` and ``discrepancy`` are those of a voting group, whose first sensor they name.
    """

    id: UUID
    sensor: UUID | None
    actuator: UUID | None
    kind: Literal["high", "low", "stale", "no_effect", "vote", "discrepancy"]
    level: int
    set_point: float | None
    unit: str
    deadband: float
    on_delay_s: float
    off_delay_s: float
    rearm_after_s: float | None
    latching: bool
    stale_after_s: float | None
    toxic: bool
    source: LimitSourceView
    group: UUID | None = None


class NewAlarmRule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A limit of one's own on a sensor; ``unit`` is converted to the sensor's."""

    sensor: UUID
    kind: LimitKind
    level: Literal[1, 2]
    set_point: Quantity
    unit: UcumUnit
    source: LimitSourceView
    deadband: Annotated[float, msgspec.Meta(ge=0, le=86_400)] = 0.0
    on_delay_s: DelayS = 0.0
    off_delay_s: DelayS = 0.0
    rearm_after_s: Annotated[float, msgspec.Meta(gt=0, le=86_400)] | None = None
    latching: bool = False
    toxic: bool = False


class LibraryChoice(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which rows of the library a sensor takes; without a purpose the one that its unit is for."""

    purpose: LimitPurpose | None = None
    variant: Annotated[str, msgspec.Meta(max_length=64)] = ""
