"""Where an outside crew drives to and stands with its vehicle, on the wire.

Positions are WGS 84 degrees with a ``level`` (0: the ground). Times are seconds. Nothing of a question is kept.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal, TypeAlias
from uuid import UUID

import msgspec

from mobile_contract.text import Text
from mobile_contract.wayfinding import RouteStep
from mobile_contract.wayfinding_questions import AtPosition, AtZone

VehicleName: TypeAlias = Literal["fire_engine", "ambulance"]
AccessStateName: TypeAlias = Literal["ok", "downwind_only", "none"]
WindSideName: TypeAlias = Literal["upwind", "across", "unknown", "downwind"]
RefusalName: TypeAlias = Literal[
    "too_far", "in_hazard", "downwind", "cut_off", "too_narrow", "too_low", "too_weak", "door_shut", "no_way", "no_gate"
]
WindKnownBy: TypeAlias = Literal["request", "forecast", "unknown"]
SizeM: TypeAlias = Annotated[float, msgspec.Meta(gt=0, le=100)]
WeightT: TypeAlias = Annotated[float, msgspec.Meta(gt=0, le=1000)]
LimitM: TypeAlias = Annotated[float, msgspec.Meta(ge=0, le=2000)]


class AtIncident(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="incident"):
    """Where an incident is that is not closed: its zone."""

    incident: UUID


class OwnSizes(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What of the vehicle that comes is otherwise than the common one's; null: it is as that."""

    length_m: SizeM | None = None
    width_m: SizeM | None = None
    height_m: SizeM | None = None
    weight_t: WeightT | None = None


class StatedWind(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Degrees from north where the wind comes from. ``source``: who or what says so."""

    from_deg: Annotated[float, msgspec.Meta(ge=0, le=360)]
    source: Annotated[str, msgspec.Meta(min_length=1, max_length=200, pattern=r"^[^\u0000]*$")]


class VehicleAccessQuestion(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where a crew is needed, and with what it comes.

    ``wind`` null: that of the newest forecast that stands, the incident's own first. ``reach_m`` from the vehicle to
    the target; ``hose_m`` from hydrant to vehicle; ``margin_m`` to every hazard. ``exercise``: among the hazards of a
    drill; those of a drill's incident count anyway.
    """

    target: AtPosition | AtZone | AtIncident
    vehicle: VehicleName = "fire_engine"
    sizes: OwnSizes | None = None
    wind: StatedWind | None = None
    reach_m: LimitM = 150.0
    hose_m: LimitM = 150.0
    margin_m: LimitM = 50.0
    count: Annotated[int, msgspec.Meta(ge=1, le=20)] = 5
    exercise: bool = False


class WindView(msgspec.Struct, frozen=True, kw_only=True):
    """The wind that was reckoned with; ``from_deg`` null: unknown, or calm, and no place is downwind."""

    from_deg: float | None
    known_by: WindKnownBy
    source: str | None
    hazard: UUID | None = None


class NamedPlace(msgspec.Struct, frozen=True, kw_only=True):
    """A road, gate or door of the plan."""

    id: str
    name: Text


class HydrantView(msgspec.Struct, frozen=True, kw_only=True):
    """The hydrant with the shortest hose, along the roads. ``id``: of the equipment, or of the plan's own."""

    id: str
    name: Text
    lon: float
    lat: float
    hose_m: float


class OnFootView(msgspec.Struct, frozen=True, kw_only=True):
    """The way on foot from the vehicle; ``entrance`` null: no door into a building is on it. ``through``: the hazards
    it leads through, because there is no other."""

    entrance: NamedPlace | None
    walk_s: float
    distance_m: float
    through: list[Text]
    steps: list[RouteStep]


class StandingPlaceView(msgspec.Struct, frozen=True, kw_only=True):
    """A place to stand. ``off_wind_deg``: the angle at the source to where the wind comes from. ``orders``: to the
    driver, in order, after the ``cautions``. ``line``: the drive as GeoJSON LineString."""

    n: int
    lon: float
    lat: float
    level: int
    road: NamedPlace
    gate: NamedPlace
    drive_s: float
    drive_m: float
    wind: WindSideName
    wind_text: Text
    off_wind_deg: float | None
    from_hazard_m: float | None
    to_target_m: float
    hydrant: HydrantView | None
    on_foot: OnFootView | None
    orders: list[Text]
    cautions: list[Text]
    line: dict[str, Any]


class RefusedPlaces(msgspec.Struct, frozen=True, kw_only=True):
    """Why ``count`` places of a road are refused; the nearest to the target is at ``lon`` and ``lat``."""

    why: RefusalName
    reason: Text
    road: NamedPlace | None
    lon: float | None
    lat: float | None
    to_target_m: float | None
    count: int


class VehicleAccessView(msgspec.Struct, frozen=True, kw_only=True):
    """Places to stand, the best first, by the plan in force and what stands at ``computed_at``.

    ``state`` downwind_only: every place left is downwind of the source; none: there is none, and ``refused`` says why.
    """

    state: AccessStateName
    computed_at: datetime
    plan: UUID
    target: Text
    vehicle: Text
    wind: WindView
    hazards: list[Text]
    places: list[StandingPlaceView]
    refused: list[RefusedPlaces]
