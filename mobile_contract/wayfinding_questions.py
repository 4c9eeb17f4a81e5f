"""Questions asked of a site's map on the wire: a way, the nearest equipment, who is there first.

Positions are WGS 84 degrees with a ``level`` (0: the ground). Times are seconds. Nothing of a question is kept.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal, TypeAlias
from uuid import UUID

import msgspec

from mobile_contract.equipment import EquipmentKindName
from mobile_contract.place_plans import Floor, PlaceName
from mobile_contract.presence import PersonKindName
from mobile_contract.text import Text
from mobile_contract.wayfinding import LeastHarmView, NearView, RouteStep

# Wider than degrees of latitude are, so that swapped ones can be told from wrong ones.
Degrees: TypeAlias = Annotated[float, msgspec.Meta(ge=-180, le=180, description="WGS 84.")]
Accuracy: TypeAlias = Annotated[
    float, msgspec.Meta(ge=0, le=500, description="Metres: the radius that holds the true place with 68 %.")
]
AirMinutes: TypeAlias = Annotated[float, msgspec.Meta(ge=0, le=1440, description="How long a mask's air lasts.")]
AgentSlug: TypeAlias = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
Points: TypeAlias = Annotated[list[PlaceName], msgspec.Meta(max_length=100)]

MaskName: TypeAlias = Literal["none", "half", "full", "breathing_apparatus"]
WayMode: TypeAlias = Literal["avoiding", "predicted"]
WayState: TypeAlias = Literal["safe", "no_safe_route", "no_route"]
EquipmentRefusal: TypeAlias = Literal["empty", "expired", "out_of_service", "in_hazard", "unreachable", "not_on_map"]
PlaceSource: TypeAlias = Literal["position", "zone"]


class AtPosition(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="position"):
    """A position, as a phone gives it or a finger on the map."""

    lon: Degrees
    lat: Degrees
    level: Floor = 0
    accuracy_m: Accuracy = 0.0


class AtZone(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="zone"):
    """A zone: from its middle, or to wherever in it one is first."""

    zone: UUID


class AtRoom(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="room"):
    """A room of the plan in force: from its middle, or to wherever in it one is first."""

    room: PlaceName


class AtEquipment(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="equipment"):
    """A piece of safety equipment, usable or not."""

    equipment: UUID


class AtAssembly(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="assembly"):
    """The assembly point that one is at first, of those named or of all the plan has (exits, where it has none)."""

    points: Points = []


class AtExit(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="exit"):
    """The exit that one is at first."""


WayStart: TypeAlias = AtPosition | AtZone | AtRoom
WayGoal: TypeAlias = AtPosition | AtZone | AtRoom | AtEquipment | AtAssembly | AtExit


class WayQuestion(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A way that is asked for.

    ``mode`` avoiding: around the hazards as they are now; predicted: keeping ahead of their forecast. ``through``: for
    a crew that decided to go through where no way is safe; only for those who may lead. ``mask``: what is worn, with
    the minutes its air lasts (an apparatus states them); with one the choices of time against dose are told.
    ``agent``: whose dose is reckoned; null: that of the hazards where they name one alone. ``exercise``: among the
    hazards of a drill.
    """

    from_: WayStart = msgspec.field(name="from")
    to: WayGoal
    mode: WayMode = "avoiding"
    through: bool = False
    mask: MaskName = "none"
    air_min: AirMinutes | None = None
    agent: AgentSlug | None = None
    lifts: bool = False
    exercise: bool = False


class CrossedView(msgspec.Struct, frozen=True, kw_only=True):
    """A hazard that a way goes through; ``factor``: how much it slows at most, null: the area is banned."""

    id: str
    name: Text
    seconds: float
    factor: float | None


class ForecastView(msgspec.Struct, frozen=True, kw_only=True):
    """What a way keeps ahead of. ``moving``: some hazard has a forecast; else all are taken to stay as they are.

    ``holds`` false: no way keeps ahead of it, or one stands in a hazard now; then only what holds now is told.
    """

    slice_s: float
    until_s: float
    moving: bool
    holds: bool
    stated: Text


class WayChoice(msgspec.Struct, frozen=True, kw_only=True):
    """A way of which none is both quicker and cleaner. ``share`` of the limit; ``air_left_s`` null: air that lasts,
    below 0: so long without. ``banned``: it goes through a banned area."""

    walk_s: float
    share: float
    air_left_s: float | None
    banned: bool
    crossed: list[CrossedView]
    lines: list[dict[str, Any]]


class WayView(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to a question of a way, by the plan in force and what stands at ``computed_at``.

    ``state`` no_safe_route: the steps lead to the edge of the hazard (none: stay); for one inside, or a crew that goes
    ``through``, by the least harm. ``leaving``: one stands in a banned area, and the way leads out of it first.
    ``least_harm``: what going through would cost. ``limit``: what shares are of. ``geometry``: a GeoJSON
    FeatureCollection, a LineString for each step that is a walk.
    """

    state: WayState
    mode: WayMode
    computed_at: datetime
    plan: UUID
    target: Text
    reason: Text | None = None
    summary: Text | None = None
    warnings: list[Text] = []
    steps: list[RouteStep] = []
    distance_m: float = 0.0
    walk_s: float = 0.0
    arrives_at: datetime | None = None
    leaving: bool = False
    crossed: list[CrossedView] = []
    least_harm: LeastHarmView | None = None
    forecast: ForecastView | None = None
    limit: Text | None = None
    choices: list[WayChoice] = []
    geometry: dict[str, Any]


class RefusedEquipment(msgspec.Struct, frozen=True, kw_only=True):
    """One that is nearer and no use now. ``walk_s``: how far it were without hazards, null: nothing joins it."""

    id: UUID
    kind: EquipmentKindName
    name: Text
    lon: float
    lat: float
    level: int
    why: EquipmentRefusal
    walk_s: float | None


class NearestEquipment(msgspec.Struct, frozen=True, kw_only=True):
    """``found``: what can be used, nearest first; ``refused``: those nearer (all, where fewer were found than asked
    for) and why not, at most forty."""

    computed_at: datetime
    plan: UUID
    found: list[NearView]
    refused: list[RefusedEquipment]


class PersonThere(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody, and how long they need. ``known_by``: their position, or the middle of the zone they were seen in;
    ``confidence`` 0 to 1 that they are there. ``leaving_hazard``: they get out of a banned area first."""

    person: UUID
    name: str
    kind: PersonKindName
    skills: list[str]
    walk_s: float
    known_by: PlaceSource
    seen_at: datetime | None
    confidence: float
    leaving_hazard: bool


class PersonAway(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody with the skills who is not among the first: ``why`` cut_off: no open, safe way; place_unknown: nobody
    knows where on the site they are."""

    person: UUID
    name: str
    why: Literal["cut_off", "place_unknown"]


class FirstThereView(msgspec.Struct, frozen=True, kw_only=True):
    """Who reaches a place first, of people believed on the site; ``away``: those who may not, at most a hundred."""

    computed_at: datetime
    plan: UUID
    first: list[PersonThere]
    away: list[PersonAway]
