"""Hazards of a site on the wire: drawn, forecast, read.

Positions are [longitude, latitude] in WGS 84, levels are floors (0 the ground). ``version`` of a view is also its ETag.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal, TypeAlias
from uuid import UUID

import msgspec

from mobile_contract.place_plans import Floor
from mobile_contract.plant import Named
from mobile_contract.room_views import HazardView
from mobile_contract.text import Text

HazardSourceName: TypeAlias = Literal["drawn", "grown", "forecast"]
AgentSlug: TypeAlias = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$")]
HoldsMinutes: TypeAlias = Annotated[int, msgspec.Meta(ge=1, le=10_080)]
HazardReason: TypeAlias = Annotated[str, msgspec.Meta(min_length=1, max_length=1000, pattern=r"^[^\u0000]*$")]
Factor: TypeAlias = Annotated[
    float, msgspec.Meta(ge=1.001, le=1000, description="How many times slower; null: it is banned.")
]


class DrawnOutline(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A GeoJSON Polygon or MultiPolygon (RFC 7946): closed rings of [longitude, latitude]."""

    type: Literal["Polygon", "MultiPolygon"]
    coordinates: Annotated[list[Any], msgspec.Meta(min_length=1)]


class AirDraft(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How much of an agent the air holds there."""

    agent: AgentSlug
    value: Annotated[float, msgspec.Meta(ge=0, le=20_000_000)]
    unit: Literal["ppm", "mg/m3"]


class HazardAreaDraft(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An area on some levels, banned unless it has a factor."""

    polygon: DrawnOutline
    levels: Annotated[list[Floor], msgspec.Meta(min_length=1, max_length=301)]
    factor: Factor | None = None
    air: Annotated[list[AirDraft], msgspec.Meta(max_length=8)] = []


class NewHazard(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where it is dangerous, as a person saw it. It needs a name, or an agent to be named after.

    ``minutes``: it is over by itself then; left out: when somebody ends it, or its incident is closed. In a drill's
    incident it is an exercise.
    """

    areas: Annotated[list[HazardAreaDraft], msgspec.Meta(min_length=1, max_length=100)]
    name: Named | None = None
    agent: AgentSlug | None = None
    incident: UUID | None = None
    minutes: HoldsMinutes | None = None


class HazardEdit(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A drawn hazard stated anew, whole, from now on; it stays with its incident."""

    areas: Annotated[list[HazardAreaDraft], msgspec.Meta(min_length=1, max_length=100)]
    name: Named | None = None
    agent: AgentSlug | None = None
    minutes: HoldsMinutes | None = None


class HazardEnd(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why it is over."""

    reason: HazardReason


class HazardRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A hazard. ``view``: where it is now, as its incident's room was told last; ``facts``: what it was made from, with
    the source of each. ``alarm``: what it was grown from; ``exercise``: nobody real is kept from there."""

    id: UUID
    site: UUID
    incident: UUID | None
    alarm: UUID | None
    source: HazardSourceName
    name: Text
    agent: str | None
    facts: dict[str, Any]
    view: HazardView
    stated_at: datetime
    ends_at: datetime | None
    ended_at: datetime | None
    ended_by: UUID | None
    end_reason: str | None
    exercise: bool
    version: int
    created_by: UUID | None
    created_at: datetime


class AirView(msgspec.Struct, frozen=True):
    """How much of an agent the air is taken to hold: an upper bound."""

    agent: str
    value: float
    unit: Literal["ppm", "mg/m3"]


class HazardSliceArea(msgspec.Struct, frozen=True, kw_only=True):
    """An area of a slice; ``factor`` null: a ban."""

    polygon: dict[str, Any]
    levels: list[int]
    factor: float | None
    air: list[AirView]


class HazardSliceView(msgspec.Struct, frozen=True, kw_only=True):
    """What holds from ``from`` until the next slice; the last one holds."""

    from_: datetime = msgspec.field(name="from")
    areas: list[HazardSliceArea]


class HazardDetail(msgspec.Struct, frozen=True):
    """A hazard with every slice of it."""

    hazard: HazardRecord
    slices: list[HazardSliceView]


class HazardFeatures(msgspec.Struct, frozen=True, kw_only=True):
    """A GeoJSON FeatureCollection (RFC 7946) of what stands at a moment, one feature an area: `properties` say which
    hazard, what it is called, on which levels, whether it is banned or how slow, and whether it is an exercise.
    ``left_out``: areas beyond 5,000."""

    type: Literal["FeatureCollection"] = "FeatureCollection"
    at: datetime
    features: list[dict[str, Any]]
    left_out: int


SkyName: TypeAlias = Literal["strong", "moderate", "slight", "overcast", "night_cloudy", "night_clear"]


class WindDraft(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A wind at 10 m: degrees from north where it comes from. ``source``: who or what says so."""

    from_deg: Annotated[float, msgspec.Meta(ge=0, le=360)]
    speed_m_s: Annotated[float, msgspec.Meta(ge=0, le=75)]
    source: Annotated[str, msgspec.Meta(min_length=1, max_length=200, pattern=r"^[^\u0000]*$")]


class OutdoorsDraft(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where it leaks, and into which wind. ``stability`` (Pasquill's class) or ``sky``, from which and the wind it
    follows: one of them. ``levels`` left out: the one at the ground."""

    at: tuple[Annotated[float, msgspec.Meta(ge=-180, le=180)], Annotated[float, msgspec.Meta(ge=-84, le=84)]]
    height_m: Annotated[float, msgspec.Meta(ge=0, le=500)] = 0.0
    wind: WindDraft
    stability: Literal["A", "B", "C", "D", "E", "F"] | None = None
    sky: SkyName | None = None
    levels: Annotated[list[Floor], msgspec.Meta(min_length=1, max_length=301)] | None = None


class IndoorsDraft(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """In which room of the plan in force, or which zone, it leaks; how often an hour all rooms get fresh air.

    ``leaks_minutes`` left out: as long as the forecast goes.
    """

    room: Annotated[str, msgspec.Meta(min_length=1, max_length=100)] | None = None
    zone: UUID | None = None
    air_changes_h: Annotated[float, msgspec.Meta(ge=0, le=1000)]
    leaks_minutes: Annotated[int, msgspec.Meta(ge=1, le=1440)] | None = None


class NewForecast(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A leak, outdoors or indoors (one of them), and how many minutes ahead it is forecast and holds.

    ``amount`` in ``unit``: a rate, or with kg and g all at once. ``dry_run``: it is shown and not stated.
    """

    agent: AgentSlug
    amount: Annotated[float, msgspec.Meta(gt=0, le=1_000_000)]
    unit: Literal["kg/s", "g/s", "kg", "g"]
    minutes: Annotated[int, msgspec.Meta(ge=1, le=1440)] = 60
    outdoors: OutdoorsDraft | None = None
    indoors: IndoorsDraft | None = None
    name: Named | None = None
    incident: UUID | None = None
    dry_run: bool = False


class ForecastView(msgspec.Struct, frozen=True, kw_only=True):
    """A forecast. ``stated`` null: it was a dry run, and ``slices`` say all of it; else they are read with the hazard.

    ``facts``: model, wind, stability class, release and limits, with the source of each.
    """

    stated: HazardRecord | None
    facts: dict[str, Any]
    view: HazardView
    slices: list[HazardSliceView]
