"""Evacuations on the wire: when each zone is clear, where people gather, how good the plan is. Never a name."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec

from mobile_contract.text import Text


class ZoneClearing(msgspec.Struct, frozen=True, kw_only=True):
    """A zone with people in it. ``clear_s``: when the last has left it, seconds from ``planned_at``, who only passes
    through included; null: somebody there is cut off."""

    zone: UUID
    name: Text
    people: int
    clear_s: float | None


class GatheringView(msgspec.Struct, frozen=True, kw_only=True):
    """Where people are led: an assembly point in use (``point``), one of the plan of the place, or an exit."""

    name: Text
    people: int
    point: UUID | None = None
    capacity: int | None = None


class CutOffView(msgspec.Struct, frozen=True):
    """How many have no way out, and why."""

    people: int
    reason: Text


class CertificateView(msgspec.Struct, frozen=True, kw_only=True):
    """``bound_s``: no plan has the same people out before; ``proven``: that bound is the best that can be shown."""

    bound_s: float
    proven: bool
    text: Text


class EvacuationView(msgspec.Struct, frozen=True, kw_only=True):
    """The plan of a roll call, ``id``, as it is now. Seconds count from ``planned_at``.

    ``out``: how many have a way out, the last of them by ``cleared_s``; ``cut_off``: how many have none; ``unknown``:
    of whom nobody knows where they are. ``over_room``: people led to points that have no room for them. ``certificate``
    null: not reckoned yet. ``ended_at``: the roll call is over.
    """

    id: UUID
    revision: int
    planned_at: datetime
    cleared_s: float
    out: int
    cut_off: int
    unknown: int
    text: Text
    zones: list[ZoneClearing]
    points: list[GatheringView]
    reasons: list[CutOffView] = []
    over_room: int = 0
    certificate: CertificateView | None = None
    ended_at: datetime | None = None


class PeopleInZone(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """So many people in a zone."""

    zone: UUID
    people: Annotated[int, msgspec.Meta(ge=0, le=20_000)]


class ForecastRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What if the site, or these zones of it, were evacuated. ``people`` null: as believed now. ``closed_points``:
    assembly points that are not used; ``closed_doors`` and ``closed_rises`` of the plan in force are shut.
    ``certificate``: say how good the plan is; takes seconds."""

    people: Annotated[list[PeopleInZone], msgspec.Meta(max_length=1000)] | None = None
    zones: Annotated[list[UUID], msgspec.Meta(max_length=1000)] = []
    closed_points: Annotated[list[UUID], msgspec.Meta(max_length=50)] = []
    closed_doors: Annotated[
        list[Annotated[str, msgspec.Meta(min_length=1, max_length=100)]], msgspec.Meta(max_length=1000)
    ] = []
    closed_rises: Annotated[
        list[Annotated[str, msgspec.Meta(min_length=1, max_length=100)]], msgspec.Meta(max_length=1000)
    ] = []
    certificate: bool = False


class BottleneckView(msgspec.Struct, frozen=True, kw_only=True):
    """A door or a flight of stairs that people wait for: how many do, the longest of them, until when it is used.
    ``feature``: its id in the plan of the place."""

    feature: str | None
    level: int
    people: int
    wait_s: float
    until_s: float


class EvacuationForecast(msgspec.Struct, frozen=True, kw_only=True):
    """What would be; nothing is stored. Seconds count from ``at``."""

    at: datetime
    cleared_s: float
    out: int
    cut_off: int
    unknown: int
    text: Text
    zones: list[ZoneClearing]
    points: list[GatheringView]
    bottlenecks: list[BottleneckView]
    reasons: list[CutOffView] = []
    over_room: int = 0
    certificate: CertificateView | None = None
