"""The demo plant's plan as data: rooms, doors, ways up, what one sees on the way, and the ground around.

Rooms have their zones' outlines. Two ways lead to every door of the solvent store (the corridor, the optics coating, the
yard) and two out of every building, so that a leak that spreads turns somebody's way and cuts nobody off.
"""

from __future__ import annotations

from typing import Any

import msgspec

from geo.places.model import (
    AssemblyPoint,
    Door,
    DoorState,
    Landmark,
    LandmarkKind,
    Level,
    Plan,
    Position,
    Rise,
    RiseKind,
    Room,
    RoomKind,
    Stop,
    Way,
    WayNode,
)
from geo.places.stacking import made_rise
from mobile_contract.text import Text
from muster.demo import catalogue

YARD = "yard"
# A smoke door parts the corridor's end before the solvent store from the rest; both are one zone.
LOBBY = "corridor-west"
_SMOKE_DOOR_X_M = 4.0
# The office stands on columns over the machine hall.
LEVELS = [
    Level(level=0, name=Text("一层", "the ground floor"), height_m=0.0),
    Level(level=1, name=Text("二层", "the upper floor"), height_m=4.5),
]


class DemoDoor(msgspec.Struct, frozen=True):
    """A door at ``x_m``, ``y_m`` from the origin; "yard" as the second of ``joins`` makes it an exit."""

    slug: str
    at: tuple[float, float]
    joins: tuple[str, str]
    name: Text
    state: DoorState = "closed"
    width_m: float = 0.9
    level: int = 0
    one_way: bool = False


class DemoShaft(msgspec.Struct, frozen=True):
    """Stairs or a lift from the hall to the office, in the same rectangle on both levels."""

    slug: str
    kind: RiseKind
    name: Text
    rectangle: tuple[float, float, float, float]


# A door with a reader is called as its reader in doors.DOORS.
DOORS = (
    DemoDoor("solvent-store", (1.6, 12), (LOBBY, "solvent-store"), Text("溶剂库门", "the solvent store's door"), "badge", 1.0),
    DemoDoor("solvent-store-coating", (3.2, 10.75), ("optics-coating", "solvent-store"), Text("溶剂库侧门", "the solvent store's side door"), "badge"),
    # Whoever has a badge comes in from the yard too: it is the responders' second way.
    DemoDoor("solvent-store-out", (0, 10.75), ("solvent-store", YARD), Text("溶剂库安全出口", "the solvent store's emergency exit"), "badge"),
    DemoDoor("gas-room", (3.2, 5), ("optics-coating", "gas-room"), Text("特气间门", "the special gas room's door"), "badge"),
    DemoDoor("gas-room-out", (0, 4), ("gas-room", YARD), Text("特气间安全出口", "the special gas room's emergency exit"), one_way=True),
    DemoDoor("optics-coating", (8, 12), ("corridor", "optics-coating"), Text("镀膜车间门", "the optics coating's door"), "badge", 1.2),
    DemoDoor("optics-coating-out", (12, 0), ("optics-coating", YARD), Text("镀膜车间南门", "the optics coating's south door"), width_m=1.2),
    DemoDoor("coating-clean-room", (20, 6), ("optics-coating", "clean-room"), Text("洁净室气闸门", "the clean room's air lock door"), width_m=1.2),
    DemoDoor("clean-room", (30, 12), ("corridor", "clean-room"), Text("洁净室门", "the clean room's door"), "badge", 1.2),
    DemoDoor("clean-room-out", (40, 6), ("clean-room", YARD), Text("洁净室安全出口", "the clean room's emergency exit"), width_m=1.2, one_way=True),
    DemoDoor("smoke", (4, 13.5), ("corridor", LOBBY), Text("走廊防火门", "the corridor's smoke door"), width_m=1.5),
    DemoDoor("corridor-west", (0, 13.5), (LOBBY, YARD), Text("走廊西门", "the corridor's west door"), width_m=1.2),
    DemoDoor("corridor-east", (40, 13.5), ("corridor", YARD), Text("走廊东门", "the corridor's east door"), width_m=1.8),
    DemoDoor("machine-hall", (20, 15), ("corridor", "machine-hall"), Text("机加工车间门", "the machine hall's door"), "badge", 1.8),
    DemoDoor("machine-hall-west", (0, 20), ("machine-hall", YARD), Text("机加工车间西门", "the machine hall's west door"), width_m=1.2),
    DemoDoor("machine-hall-north", (20, 35), ("machine-hall", YARD), Text("机加工车间北门", "the machine hall's north door"), width_m=1.2),
    DemoDoor("machine-hall-east", (40, 25), ("machine-hall", YARD), Text("机加工车间东大门", "the machine hall's east gate"), width_m=4.0),
    DemoDoor("stairs", (1.75, 25), ("machine-hall", "stairs-0"), Text("楼梯间门", "the stairwell door"), width_m=1.2),
    DemoDoor("stairs-out", (0, 27), ("stairs-0", YARD), Text("楼梯间外门", "the stairwell's outside door"), width_m=1.2),
    DemoDoor("lift", (4.75, 25), ("machine-hall", "lift-0"), Text("一层电梯门", "the lift door"), width_m=1.4),
    DemoDoor("office", (1.75, 25), ("office", "stairs-1"), Text("办公室门", "the office door"), "badge", 1.2, level=1),
    DemoDoor("lift-office", (4.75, 25), ("office", "lift-1"), Text("二层电梯门", "the lift door"), width_m=1.4, level=1),
    DemoDoor("gas-lobby", (-15, 0), ("gas-lobby", YARD), Text("气站门", "the gas house's door"), "badge", 1.2),
    DemoDoor("hf-room", (-16, 1.5), ("gas-lobby", "hf-room"), Text("氟化氢间门", "the HF room's door"), "badge"),
    DemoDoor("hf-room-out", (-20, 1.5), ("hf-room", YARD), Text("氟化氢间安全出口", "the HF room's emergency exit"), one_way=True),
    DemoDoor("nitrogen-room", (-14, 1.5), ("gas-lobby", "nitrogen-room"), Text("液氮间门", "the nitrogen room's door"), "badge"),
    DemoDoor("nitrogen-room-out", (-10, 1.5), ("nitrogen-room", YARD), Text("液氮间安全出口", "the nitrogen room's emergency exit"), one_way=True),
)  # fmt: skip

SHAFTS = (
    DemoShaft("stairs", "stairs", Text("办公室楼梯", "the office stairs"), (0, 25, 3.5, 29)),
    DemoShaft("lift", "lift", Text("办公室电梯", "the office lift"), (3.5, 25, 6, 29)),
)
# The machine hall's outline around the stairwell and the lift in its west wall.
_HALL = ((0, 15), (40, 15), (40, 35), (0, 35), (0, 29), (6, 29), (6, 25), (0, 25))
# The fence, and the two blocks that stand in the yard.
_FENCE = (-40.0, -45.0, 85.0, 55.0)
_BLOCKS = ((0.0, 0.0, 40.0, 35.0), (-20.0, 0.0, -10.0, 3.0))

# Named as they are painted; a little off the wall, so that they are in one room and not seen through it.
LANDMARKS: tuple[tuple[LandmarkKind, int, tuple[float, float], Text], ...] = (
    ("extinguisher", 0, (4.6, 12.4), Text("C1", "C1")),
    ("extinguisher", 0, (18.4, 14.6), Text("C2", "C2")),
    ("extinguisher", 0, (38.5, 14.6), Text("C3", "C3")),
    ("extinguisher", 0, (14, 11.6), Text("T1", "T1")),
    ("extinguisher", 0, (32, 11.6), Text("K1", "K1")),
    ("extinguisher", 0, (21.6, 15.4), Text("M1", "M1")),
    ("extinguisher", 0, (0.4, 21.4), Text("M2", "M2")),
    ("extinguisher", 0, (39.6, 22.5), Text("M3", "M3")),
    ("extinguisher", 1, (2.9, 24.6), Text("B1", "B1")),
    ("extinguisher", 0, (-13.8, -0.4), Text("Q1", "Q1")),
    ("shower", 0, (5.6, 12.4), Text("L1", "L1")),
    ("eye_wash", 0, (3.6, 6.4), Text("X1", "X1")),
    ("shower", 0, (-16.6, -0.4), Text("L2", "L2")),
    ("eye_wash", 0, (-17.4, -0.4), Text("X2", "X2")),
    ("first_aid", 0, (22.8, 15.4), Text("J1", "J1")),
    ("alarm_button", 0, (0.4, 14.6), Text("A1", "A1")),
    ("alarm_button", 0, (39.6, 12.5), Text("A2", "A2")),
    ("alarm_button", 0, (39.6, 28), Text("A3", "A3")),
    ("sign", 0, (2.7, 12.4), Text("“溶剂库”指示牌", "the sign “Solvent store”")),
    ("sign", 0, (21.4, 12.4), Text("“出口”指示牌", "the sign “Exit”")),
    ("sign", 0, (-12.4, -0.4), Text("“气站”指示牌", "the sign “Gas house”")),
    ("gate", 0, (85, 7.5), Text("厂区东大门", "the site's east gate")),
    ("gate", 0, (20, -45), Text("厂区南大门", "the site's south gate")),
    ("hydrant", 0, (45, 2), Text("H1", "H1")),
    ("hydrant", 0, (-6, 14), Text("H2", "H2")),
    ("hydrant", 0, (20, 41), Text("H3", "H3")),
)  # fmt: skip


# A ring around both blocks, as a fire road is (GB 50016-2014, 7.1.3), and a road to it from each of two gates: whichever
# way the wind blows, one comes in and stands out of it.
ROAD_NODES: dict[str, tuple[float, float]] = {
    "east-gate": (85, 7.5), "east": (50, 7.5), "north-east": (50, 45), "north-west": (-30, 45), "south-west": (-30, -10),
    "south": (20, -10), "south-east": (50, -10), "south-gate": (20, -45),
}  # fmt: skip
_RING = Text("环形消防车道", "the ring road")
ROADS: tuple[tuple[str, str, Text], ...] = (
    ("east-gate", "east", Text("东大门路", "the east gate road")),
    ("south-gate", "south", Text("南大门路", "the south gate road")),
    ("south", "south-east", _RING),
    ("south-east", "east", _RING),
    ("east", "north-east", _RING),
    ("north-east", "north-west", _RING),
    ("north-west", "south-west", _RING),
    ("south-west", "south", _RING),
)
# Two lanes and no bridge over them; they bear a heavy fire engine (GB 50016-2014, 7.1.9).
_ROAD_WIDTH_M, _ROAD_HEIGHT_M, _ROAD_WEIGHT_T = 6.0, 5.0, 40.0


def place_plan() -> Plan:
    """The plan as it is published when the demo is seeded."""
    return Plan(
        name=catalogue.SITE_NAME,
        levels=LEVELS,
        rooms=[*_zone_rooms(), *(room for shaft in SHAFTS for room in _shaft_rooms(shaft)), _yard()],
        doors=[_door(door) for door in DOORS],
        rises=[_rise(shaft) for shaft in SHAFTS],
        assembly_points=[
            AssemblyPoint(id=f"assembly-{slug}", at=_at(*place), name=name, capacity=capacity)
            for slug, name, place, capacity in catalogue.ASSEMBLY_POINTS
        ],
        landmarks=[
            Landmark(id=f"{kind}-{number}", kind=kind, level=level, at=_at(*place), name=name)
            for number, (kind, level, place, name) in enumerate(LANDMARKS, 1)
        ],
        nodes=[WayNode(id=f"road-{slug}", level=0, at=_at(*place)) for slug, place in ROAD_NODES.items()],
        ways=[
            Way(
                id=f"road-{one}-{other}",
                ends=(f"road-{one}", f"road-{other}"),
                kind="road",
                name=name,
                width_m=_ROAD_WIDTH_M,
                height_m=_ROAD_HEIGHT_M,
                weight_t=_ROAD_WEIGHT_T,
            )
            for one, other, name in ROADS
        ],
    )


def in_sentence(name: Text) -> Text:
    """A name on a door plate as a sentence takes it: "Machine hall" is "the machine hall"."""
    first, rest = name.en[:1], name.en[1:]
    return Text(name.zh, f"the {first if rest[:1].isupper() else first.lower()}{rest}")


def _zone_rooms() -> list[Room]:
    """A room of every zone with walls, two of the corridor; what has none is the yard."""
    walled = [zone for zone in catalogue.ZONES if zone.building is not None]
    outlines = {zone.slug: _corners(zone.rectangle) for zone in walled} | {"machine-hall": _HALL}
    names = {zone.slug: in_sentence(zone.name) for zone in walled}
    levels = {zone.slug: zone.level for zone in walled} | {LOBBY: 0}
    x0, y0, x1, y1 = next(zone.rectangle for zone in walled if zone.slug == "corridor")
    outlines |= {"corridor": _corners((_SMOKE_DOOR_X_M, y0, x1, y1)), LOBBY: _corners((x0, y0, _SMOKE_DOOR_X_M, y1))}
    names[LOBBY] = Text("走廊西端", "the corridor's west end")
    return [
        Room(
            id=slug,
            level=levels[slug],
            kind="corridor" if slug in ("corridor", LOBBY) else "room",
            name=name,
            polygon=_polygon(outlines[slug]),
        )
        for slug, name in names.items()
    ]


def _shaft_rooms(shaft: DemoShaft) -> list[Room]:
    kind: RoomKind = "stairs" if shaft.kind == "stairs" else "lift"
    outline = _polygon(_corners(shaft.rectangle))
    return [Room(id=_stop_room(shaft, it.level), level=it.level, kind=kind, polygon=outline) for it in LEVELS]


def _rise(shaft: DemoShaft) -> Rise:
    x0, y0, x1, y1 = shaft.rectangle
    middle = _at((x0 + x1) / 2, (y0 + y1) / 2)
    stops = [Stop(level=it.level, at=middle, room=_stop_room(shaft, it.level)) for it in LEVELS]
    made = made_rise(f"rise-{shaft.slug}", shaft.kind, stops, LEVELS)
    return msgspec.structs.replace(made, name=shaft.name)


def _stop_room(shaft: DemoShaft, level: int) -> str:
    return f"{shaft.slug}-{level}"


def _door(it: DemoDoor) -> Door:
    return Door(
        id=f"door-{it.slug}",
        level=it.level,
        at=_at(*it.at),
        joins=it.joins,
        state=it.state,
        width_m=it.width_m,
        name=it.name,
        one_way=it.one_way,
        exit=YARD in it.joins,
    )


def _yard() -> Room:
    holes = [_ring(tuple(reversed(_corners(block)))) for block in _BLOCKS]
    outline = {"type": "Polygon", "coordinates": [_ring(_corners(_FENCE)), *holes]}
    return Room(id=YARD, level=0, kind="outdoors", name=Text("厂区空地", "the yard"), polygon=outline)


def _corners(rectangle: tuple[float, float, float, float]) -> tuple[tuple[float, float], ...]:
    x0, y0, x1, y1 = rectangle
    return (x0, y0), (x1, y0), (x1, y1), (x0, y1)


def _polygon(corners: tuple[tuple[float, float], ...]) -> dict[str, Any]:
    return {"type": "Polygon", "coordinates": [_ring(corners)]}


def _ring(corners: tuple[tuple[float, float], ...]) -> list[list[float]]:
    return [catalogue.lon_lat(x, y) for x, y in (*corners, corners[0])]


def _at(x_m: float, y_m: float) -> Position:
    lon, lat = catalogue.lon_lat(x_m, y_m)
    return lon, lat
