"""The nouns of a plan of a place: levels, rooms, doors, ways up, exits, assembly points, drawn ways. Pure.

Positions are GeoJSON's (RFC 7946): longitude, latitude in degrees, WGS 84. ``level`` is the floor, 0 the ground. Ids
are the importer's or the drawer's own, unique within a plan.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias

import msgspec

from mobile_contract.text import Text

Position: TypeAlias = tuple[float, float]
PlaceId: TypeAlias = Annotated[str, msgspec.Meta(min_length=1, max_length=100)]

RoomKind: TypeAlias = Literal["room", "corridor", "stairs", "lift", "ramp", "escalator", "ladder", "outdoors", "solid"]
"""``solid``: a column or shaft nobody walks in. Stairs and lifts are the rooms that a ``Rise`` goes through."""
DoorState: TypeAlias = Literal["open", "closed", "locked", "badge"]
RiseKind: TypeAlias = Literal["stairs", "ramp", "escalator", "lift", "ladder"]
LandmarkKind: TypeAlias = Literal[
    "extinguisher", "hydrant", "first_aid", "eye_wash", "shower", "alarm_button", "sign", "gate", "other"
]
WayKind: TypeAlias = Literal["walk", "road"]


class Level(msgspec.Struct, frozen=True, kw_only=True):
    """A floor; ``height_m`` above the ground floor, None: unknown."""

    level: int
    name: Text
    height_m: float | None = None


class Room(msgspec.Struct, frozen=True, kw_only=True):
    """A walkable (or solid) polygon; ``polygon`` is a GeoJSON Polygon."""

    id: PlaceId
    level: int
    kind: RoomKind = "room"
    name: Text | None = None
    polygon: dict[str, Any]


class Door(msgspec.Struct, frozen=True, kw_only=True):
    """An opening between two rooms, or between a room and the outside (None).

    ``at`` is its middle on the wall. ``one_way``: from ``joins[0]`` to ``joins[1]`` only. ``exit``: it leads out of the
    building. ``width_m`` bounds how many pass in a second.
    """

    id: PlaceId
    level: int
    at: Position
    joins: tuple[PlaceId | None, PlaceId | None]
    state: DoorState = "closed"
    width_m: float = 0.9
    name: Text | None = None
    one_way: bool = False
    exit: bool = False


class Stop(msgspec.Struct, frozen=True, kw_only=True):
    """Where a rise is left or entered: a place on a level, in a room when one holds it."""

    level: int
    at: Position
    room: PlaceId | None = None


class Rise(msgspec.Struct, frozen=True, kw_only=True):
    """Stairs, a ramp, an escalator, a lift or a ladder through its stops, by level upwards.

    ``up_s`` and ``down_s``: seconds from one stop to the next, None where it does not go that way. ``wait_s``: before
    it is entered (a lift). ``width_m``: of stairs, for how many pass in a second.
    """

    id: PlaceId
    kind: RiseKind
    stops: list[Stop]
    up_s: float | None = None
    down_s: float | None = None
    wait_s: float = 0.0
    width_m: float = 1.2
    name: Text | None = None


class AssemblyPoint(msgspec.Struct, frozen=True, kw_only=True):
    """Where people gather outside; ``capacity`` people."""

    id: PlaceId
    level: int = 0
    at: Position
    name: Text
    capacity: int | None = None


class Landmark(msgspec.Struct, frozen=True, kw_only=True):
    """What a person sees on the way, and what a crew looks for."""

    id: PlaceId
    kind: LandmarkKind
    level: int
    at: Position
    name: Text | None = None


class WayNode(msgspec.Struct, frozen=True, kw_only=True):
    """A node of the drawn network; ``exit``: who stands here is out of the building."""

    id: PlaceId
    level: int
    at: Position
    exit: bool = False


class Way(msgspec.Struct, frozen=True, kw_only=True):
    """A drawn link of the network between two nodes; ``seconds`` on foot, None: by its length and kind.

    Between levels it is a rise: ``rise`` says of which kind. ``one_way``: from ``ends[0]`` to ``ends[1]``. The rest is
    a road's, for vehicles: ``max_kmh`` None: the plant's own limit (``speeds.ROAD_KMH``); ``width_m`` free between
    kerbs and walls, ``height_m`` under pipes and bridges, ``weight_t`` it bears, None: not known.
    """

    id: PlaceId
    ends: tuple[PlaceId, PlaceId]
    kind: WayKind = "walk"
    rise: RiseKind | None = None
    one_way: bool = False
    seconds: float | None = None
    name: Text | None = None
    max_kmh: float | None = None
    width_m: float | None = None
    height_m: float | None = None
    weight_t: float | None = None


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """A place as drawn or imported. With walks among its ``ways`` the drawn network is walked; else one is built from
    the rooms, and the roads are joined to it."""

    name: Text
    levels: list[Level]
    rooms: list[Room] = []
    doors: list[Door] = []
    rises: list[Rise] = []
    assembly_points: list[AssemblyPoint] = []
    landmarks: list[Landmark] = []
    nodes: list[WayNode] = []
    ways: list[Way] = []
