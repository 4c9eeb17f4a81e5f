"""Plans of places on the wire: drawn, imported, checked, published.

Positions are [longitude, latitude] in WGS 84, levels are floors (0 the ground), ids are the drawer's own and unique
within a plan. ``version`` of a view is also its ETag.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal, TypeAlias
from uuid import UUID

import msgspec

from mobile_contract.plant import Named
from mobile_contract.text import Text

Longitude: TypeAlias = Annotated[float, msgspec.Meta(ge=-180, le=180)]
# The projection has no meaning nearer to a pole, and no plant stands there.
Latitude: TypeAlias = Annotated[float, msgspec.Meta(ge=-84, le=84)]
Place: TypeAlias = tuple[Longitude, Latitude]
# Latitude is within 84 degrees here too; what looks swapped is read, and told so by name.
DrawnPlace: TypeAlias = tuple[Longitude, Longitude]
PlaceName: TypeAlias = Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
# A mine's floors are below any building's.
Floor: TypeAlias = Annotated[int, msgspec.Meta(ge=-100, le=200, description="Floor; 0 is the ground.")]
Width: TypeAlias = Annotated[float, msgspec.Meta(gt=0, le=100, description="Metres.")]
Seconds: TypeAlias = Annotated[float, msgspec.Meta(ge=0, le=3600)]
RoadSpeed: TypeAlias = Annotated[float, msgspec.Meta(ge=1, le=120, description="Kilometres an hour.")]
RoadWeight: TypeAlias = Annotated[float, msgspec.Meta(gt=0, le=1000, description="Tonnes.")]

DrawingUnits: TypeAlias = Annotated[float, msgspec.Meta(ge=-1e9, le=1e9)]

RoomKindName: TypeAlias = Literal[
    "room", "corridor", "stairs", "lift", "ramp", "escalator", "ladder", "outdoors", "solid"
]
DoorStateName: TypeAlias = Literal["open", "closed", "locked", "badge"]
RiseKindName: TypeAlias = Literal["stairs", "ramp", "escalator", "lift", "ladder"]
LandmarkKindName: TypeAlias = Literal[
    "extinguisher", "hydrant", "first_aid", "eye_wash", "shower", "alarm_button", "sign", "gate", "other"
]
PlanStateName: TypeAlias = Literal["draft", "published", "retired"]
FileFormatName: TypeAlias = Literal["imdf", "indoorgml", "osm", "wrld"]
PlanSourceName: TypeAlias = Literal["drawn", "imdf", "indoorgml", "osm", "wrld"]


class DrawnLevel(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A floor; ``height_m`` above the ground floor."""

    level: Floor
    name: Named
    height_m: Annotated[float, msgspec.Meta(ge=-5000, le=1000)] | None = None


class RoomPolygon(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A GeoJSON Polygon (RFC 7946): closed rings, the first is the outline."""

    type: Literal["Polygon"]
    coordinates: Annotated[
        list[Annotated[list[DrawnPlace], msgspec.Meta(min_length=4, max_length=2000)]],
        msgspec.Meta(min_length=1, max_length=100),
    ]


class DrawnRoom(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A room people walk in; ``solid`` is a column or shaft in which nobody does."""

    id: PlaceName
    level: Floor
    kind: RoomKindName = "room"
    name: Named | None = None
    polygon: RoomPolygon


class DrawnDoor(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An opening at a wall between two rooms, or a room and the outside (null); ``one_way``: from the first."""

    id: PlaceName
    level: Floor
    at: DrawnPlace
    joins: tuple[PlaceName | None, PlaceName | None]
    state: DoorStateName = "closed"
    width_m: Width = 0.9
    name: Named | None = None
    one_way: bool = False
    exit: bool = False


class DrawnStop(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where a rise is entered or left."""

    level: Floor
    at: DrawnPlace
    room: PlaceName | None = None


class DrawnRise(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Stairs, a ramp, an escalator, a lift or a ladder through its stops, by level upwards; seconds are from one stop
    to the next, null where it does not go that way."""

    id: PlaceName
    kind: RiseKindName
    stops: Annotated[list[DrawnStop], msgspec.Meta(min_length=1, max_length=300)]
    up_s: Seconds | None = None
    down_s: Seconds | None = None
    wait_s: Seconds = 0.0
    width_m: Width = 1.2
    name: Named | None = None


class DrawnAssemblyPoint(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where people gather outside."""

    id: PlaceName
    level: Floor = 0
    at: DrawnPlace
    name: Named
    capacity: Annotated[int, msgspec.Meta(ge=0, le=1_000_000)] | None = None


class DrawnLandmark(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a person sees on the way."""

    id: PlaceName
    kind: LandmarkKindName
    level: Floor
    at: DrawnPlace
    name: Named | None = None


class DrawnNode(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A node of a drawn network; ``exit``: who stands here is out."""

    id: PlaceName
    level: Floor
    at: DrawnPlace
    exit: bool = False


class DrawnWay(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A link of a drawn network between two nodes; ``one_way``: from the first. Of a road, what a vehicle must know:
    the speed, the free width and height, the weight it bears; null: not known."""

    id: PlaceName
    ends: tuple[PlaceName, PlaceName]
    kind: Literal["walk", "road"] = "walk"
    rise: RiseKindName | None = None
    one_way: bool = False
    seconds: Seconds | None = None
    name: Named | None = None
    max_kmh: RoadSpeed | None = None
    width_m: Width | None = None
    height_m: Width | None = None
    weight_t: RoadWeight | None = None


class DrawnPlan(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A whole plan. With walks among its ``ways`` the drawn network is walked; else one is built from the rooms, and
    the roads are joined to it."""

    name: Named
    levels: Annotated[list[DrawnLevel], msgspec.Meta(min_length=1, max_length=301)]
    rooms: list[DrawnRoom] = []
    doors: list[DrawnDoor] = []
    rises: list[DrawnRise] = []
    assembly_points: list[DrawnAssemblyPoint] = []
    landmarks: list[DrawnLandmark] = []
    nodes: list[DrawnNode] = []
    ways: list[DrawnWay] = []


class PlanFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One file of an import, as text."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    content: str


class FileAnchor(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where a drawing without a place on the earth stands: its ``x``, ``y`` (without: its middle) lies at ``at``.

    ``rotation_deg``: of its x axis from east, counter-clockwise. ``ground``: the height of its ground floor, in its own
    units of ``metres_per_unit``.
    """

    at: Place
    x: DrawingUnits | None = None
    y: DrawingUnits | None = None
    rotation_deg: Annotated[float, msgspec.Meta(ge=-360, le=360)] = 0.0
    metres_per_unit: Annotated[float, msgspec.Meta(gt=0, le=10_000)] = 1.0
    ground: DrawingUnits = 0.0


class PlanImport(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Files to make the site's draft of. ``near``: where the site is, so that swapped coordinates are noticed;
    ``anchor``: for IndoorGML alone."""

    files: Annotated[list[PlanFile], msgspec.Meta(min_length=1, max_length=200)]
    format: FileFormatName
    dry_run: bool = True
    near: Place | None = None
    anchor: FileAnchor | None = None


class AcceptedFinding(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A finding that is meant so."""

    kind: Literal["isolated", "unreachable", "lift_only"]
    place: Annotated[str, msgspec.Meta(min_length=1, max_length=400)]


class PlanPublication(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What whoever publishes knows of and takes: places from which nobody gets out, or by lifts alone."""

    accept: Annotated[list[AcceptedFinding], msgspec.Meta(max_length=1000)] = []


class PlanFindingView(msgspec.Struct, frozen=True):
    """One fault: what, what was done about it (``refused``: left out of the plan), and where."""

    kind: str
    outcome: Literal["repaired", "refused", "noted"]
    place: str
    detail: Text
    at: tuple[float, float] | None
    level: int | None
    count: int


class NetworkView(msgspec.Struct, frozen=True):
    """The size of the walking network; ``parts`` that no way ties together, 1 when all is one."""

    nodes: int
    arcs: int
    parts: int
    exits: int
    assembly_points: int


class PlacePlanSummary(msgspec.Struct, frozen=True, kw_only=True):
    """A version without its plan; ``number`` counts within the site; ``network`` null: nobody can walk it."""

    id: UUID
    site: UUID
    number: int
    state: PlanStateName
    name: Text
    source: PlanSourceName
    network: NetworkView | None
    version: int
    created_by: UUID | None
    created_at: datetime
    published_by: UUID | None
    published_at: datetime | None
    retired_at: datetime | None


class PlanReportView(msgspec.Struct, frozen=True, kw_only=True):
    """What an import, an edit or a check says. ``imported``: what was wrong with the files; ``checked``: with the plan,
    what forbids to publish first; ``left_out``: findings beyond 5,000. ``plan`` null: nothing was stored."""

    plan: PlacePlanSummary | None
    name: Text
    network: NetworkView | None
    imported: list[PlanFindingView]
    checked: list[PlanFindingView]
    left_out: int


class PlacePlanView(PlacePlanSummary, frozen=True, kw_only=True):
    """A version with its report and its plan, which is a DrawnPlan."""

    imported: list[PlanFindingView]
    checked: list[PlanFindingView]
    left_out: int
    plan: dict[str, Any]


class PlanFeatures(msgspec.Struct, frozen=True, kw_only=True):
    """A GeoJSON FeatureCollection (RFC 7946): `properties.what` is room, door, rise, way, node, landmark or
    assembly_point, `properties.levels` are the floors it is on."""

    type: Literal["FeatureCollection"] = "FeatureCollection"
    features: list[dict[str, Any]]
