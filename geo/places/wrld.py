"""WRLD indoor maps (GeoJSON a floor, walls instead of rooms) -> a plan. Pure.

Files are named by floor: ``...-gf.geojson``, ``...-2.geojson``, and ``...-paths`` for lines to walk; a main file may
say which floor a file is. A floor's outline without what stands on it (walls, windows, doors, shafts) falls into the
spaces one walks in: they become rooms beside those that are drawn.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from typing import Any

import msgspec
import shapely
from shapely.geometry import LineString, Polygon

from geo.places.drawn_lines import Lines
from geo.places.features import Feature, clean, level_of, read_features, stem
from geo.places.findings import Finding, FindingKind, Imported, Outcome
from geo.places.imdf import polygons_of
from geo.places.model import Door, Level, Plan, Position, RiseKind, Room, RoomKind
from geo.places.open_sides import open_sides
from geo.places.shapes import Shapes, positions_of
from geo.places.stacking import lone_shafts, stacked_rises
from geo.places.walls import RoomMap, largest_valid, mitred
from mobile_contract.text import Text

_FLOOR = re.compile(r"-(gf|g|-?\d{1,3})(?:-paths)?$")
_ROOMS: dict[str, RoomKind] = {
    "room": "room",
    "bathroom": "room",
    "stairs": "stairs",
    "elevator": "lift",
    "escalator": "escalator",
    "inaccessible_space": "solid",
    "floor_opening": "solid",
}
_WALLS = {"wall", "window"}
_RISES: dict[str, RiseKind] = {"stairs": "stairs", "elevator": "lift", "escalator": "escalator"}
# Less is what drawing leaves between two walls.
SPACE_MIN_M2 = 1.0
# A space narrower than this is a crack between a door and its wall.
_CRACK_M = 0.1
# Walls and doors drawn to touch are a rounding apart.
GRID_M = 1e-3
SOLID_MIN_M2 = 0.01
_DOOR_MIN_M, _DOOR_MAX_M = 0.3, 20.0


class _Main(msgspec.Struct):
    """The main file: which file is which floor."""

    levels: list[Any]
    name: str = ""


def read_wrld(files: Mapping[str, bytes], *, near: Position | None = None) -> Imported:
    """The files by name -> the plan and what was wrong with it. With path files the plan is walked by them.

    Raises Invalid, naming the file, for one that can not be read at all.
    """
    floors: dict[str, tuple[int, str]] = {}
    name, maps = "", dict(files)
    for file, data in files.items():
        main = _main(data) if stem(file) == "main" else None
        if main is not None:
            name = clean(main.name) or name
            floors.update(_floors(main))
            del maps[file]
    features, findings, _ = read_features(maps or files, ids_by_file=True)
    return _Import(features, findings, floors, near).plan(name or stem(next(iter(files))) or "?")


def _main(data: bytes) -> _Main | None:
    try:
        return msgspec.json.decode(data, type=_Main)
    except (msgspec.DecodeError, ValueError, RecursionError):
        return None


def _floors(main: _Main) -> dict[str, tuple[int, str]]:
    """Of each file of the main file: its floor and the floor's name."""
    found = {}
    for level in main.levels:
        if isinstance(level, dict) and isinstance(level.get("filename"), str):
            number = level_of(level.get("z_order"))
            if number is not None:
                named = clean(level.get("readable_name")) or clean(level.get("name")) or ""
                found[stem(level["filename"])] = (number, named)
    return found


class _Import:
    """The floors being read."""

    def __init__(
        self,
        features: list[Feature],
        findings: list[Finding],
        floors: dict[str, tuple[int, str]],
        near: Position | None,
    ) -> None:
        self.features, self.floors = features, floors
        self.shapes = Shapes(features, near)
        self.findings = self.shapes.findings
        self.findings.extend(findings)
        self.not_kept: Counter[tuple[str, str]] = Counter()
        self.rooms: list[Room] = []
        self.outlines: dict[int, list[Polygon]] = {}
        self.filled: dict[int, list[Polygon]] = {}
        self.doors: list[tuple[Feature, int, list[Polygon]]] = []
        self.lines = Lines()

    def note(self, feature: Feature, kind: FindingKind, outcome: Outcome, zh: str, en: str) -> None:
        self.findings.append(Finding(kind=kind, outcome=outcome, place=feature.place, detail=Text(zh, en)))

    def plan(self, name: str) -> Imported:
        for feature in self.features:
            given = feature.properties.get("type")
            kind = given if isinstance(given, str) else "?"
            if isinstance(feature.members.get("levels"), list) and kind in _RISES:
                self._rise(feature, _RISES[kind])
            elif (level := self._level(feature)) is None:
                self.note(feature, "level_unknown", "refused", "文件名没有楼层", "its file's name has no floor")
            elif kind in ("pathway", "entrance"):
                self._path(feature, level, kind)
            else:
                self._area(feature, level, kind)
        self._spaces()
        walls = RoomMap(self.rooms, self.shapes.projection)
        doors = [self._door(feature, level, parts, walls) for feature, level, parts in self.doors]
        doors += open_sides(walls, lambda a, b: (_is_space(a) != _is_space(b)) or (_is_space(a) and _is_space(b)))
        for (kind, file), count in self.not_kept.items():
            text = Text(f"平面图不保存 {clean(kind, 40)}", f"a plan does not keep {clean(kind, 40)}")
            self.findings.append(Finding(kind="not_kept", outcome="refused", place=file, count=count, detail=text))
        levels = self._levels(doors)
        rises, alone = stacked_rises(self.rooms, levels, self.shapes.projection)
        self.findings.extend(lone_shafts(alone))
        plan = Plan(
            name=Text(name, name),
            levels=levels,
            rooms=self.rooms,
            doors=doors,
            rises=rises,
            nodes=self.lines.nodes,
            ways=self.lines.ways,
        )
        return Imported(plan, self.findings)

    def _level(self, feature: Feature) -> int | None:
        name = stem(feature.file)
        known = self.floors.get(name) or self.floors.get(name.removesuffix("-paths"))
        if known is not None:
            return known[0]
        found = _FLOOR.search(name)
        if found is None:
            return None
        return 0 if found.group(1) in ("gf", "g") else level_of(int(found.group(1)))

    def _levels(self, doors: list[Door]) -> list[Level]:
        numbers = {room.level for room in self.rooms} | {door.level for door in doors}
        numbers |= {node.level for node in self.lines.nodes}
        names = {number: name for number, name in self.floors.values() if name}
        return [Level(level=n, name=Text(names.get(n, f"{n} 层"), names.get(n, f"Level {n}"))) for n in sorted(numbers)]

    def _area(self, feature: Feature, level: int, kind: str) -> None:
        if kind not in _ROOMS and kind not in _WALLS and kind not in ("door", "building_outline"):
            self.not_kept[(kind, feature.file)] += 1
            return
        shape = self.shapes.read(feature, SOLID_MIN_M2, level)
        parts = polygons_of(shape)
        if not parts:
            if shape is not None or feature.geometry is None:
                self.note(feature, "geometry_unknown", "refused", "几何不是多边形", "its geometry is no polygon")
        elif kind == "building_outline":
            self.outlines.setdefault(level, []).extend(parts)
            self.not_kept[(kind, feature.file)] += 1
        else:
            self.filled.setdefault(level, []).extend(parts)
            if kind == "door":
                self.doors.append((feature, level, parts))
            else:
                self._room(feature, level, _ROOMS.get(kind, "solid"), parts)

    def _room(self, feature: Feature, level: int, kind: RoomKind, parts: list[Polygon]) -> None:
        number, said = clean(feature.properties.get("roomnumber")), clean(feature.properties.get("name"))
        name = said or number
        for index, part in enumerate(parts):
            own = feature.id if index == 0 else f"{feature.id[:90]}/{index + 1}"
            text = Text(name, name) if name else None
            self.rooms.append(Room(id=own, level=level, kind=kind, name=text, polygon=positions_of(part)))

    def _spaces(self) -> None:
        """What the outline of a floor leaves when everything drawn on it is taken away."""
        there, back = self.shapes.projection.to_metres, self.shapes.projection.to_degrees
        for level, outlines in sorted(self.outlines.items()):
            whole, filled = (
                shapely.union_all([largest_valid(shapely.transform(part, there)) for part in parts], grid_size=GRID_M)
                for parts in (outlines, self.filled.get(level, []))
            )
            free = shapely.difference(whole, filled, grid_size=GRID_M)
            # Opened, so that a crack beside a door does not join what the door parts.
            free = mitred(mitred(free, -_CRACK_M / 2), _CRACK_M / 2)
            free = shapely.difference(free, filled, grid_size=GRID_M)
            spaces = [part for part in shapely.get_parts(free) if part.area >= SPACE_MIN_M2]
            for number, space in enumerate(sorted(spaces, key=lambda part: -part.area)):
                outline = positions_of(shapely.transform(space, back))
                self.rooms.append(Room(id=f"space {level}:{number}", level=level, polygon=outline))

    def _door(self, feature: Feature, level: int, parts: list[Polygon], walls: RoomMap) -> Door:
        metric = shapely.union_all([largest_valid(shapely.transform(p, walls.projection.to_metres)) for p in parts])
        joins = walls.joined(level, metric)
        if joins == (None, None):
            self.note(feature, "door_off_wall", "noted", "门不在房间的边界上", "it lies on no room's boundary")
        sides = shapely.get_coordinates(shapely.minimum_rotated_rectangle(metric))
        lon, lat = walls.projection.to_degrees([(metric.centroid.x, metric.centroid.y)])[0].tolist()
        width_m = float(max(((sides[1:3] - sides[:2]) ** 2).sum(axis=1)) ** 0.5)
        return Door(
            id=feature.id,
            level=level,
            at=(lon, lat),
            joins=joins,
            width_m=round(min(max(width_m, _DOOR_MIN_M), _DOOR_MAX_M), 3),
            exit=level == 0 and joins[0] is not None and joins[1] is None,
        )

    def _path(self, feature: Feature, level: int, kind: str) -> None:
        line = self._line(feature, level)
        if line is not None and not self.lines.add(
            feature.id, [(x, y) for x, y in line.coords], (level, level), exit_end=kind == "entrance"
        ):
            self.note(feature, "too_small", "refused", "线没有长度", "the line has no length")

    def _rise(self, feature: Feature, kind: RiseKind) -> None:
        """Stairs or a lift from one floor to another, through every floor between them for a lift."""
        ends = [level_of(level) for level in feature.members["levels"]]
        low, high = (ends[0], ends[-1]) if ends else (None, None)
        if low is None or high is None or low == high:
            self.note(feature, "level_unknown", "refused", "levels 无效", "its levels are no two floors")
            return
        line = self._line(feature, low)
        if line is not None:
            places = [(x, y) for x, y in line.coords]
            self.lines.add(feature.id, [places[0], places[-1]], (low, high), rise=kind)

    def _line(self, feature: Feature, level: int) -> LineString | None:
        line = self.shapes.read(feature, level=level)
        if isinstance(line, LineString):
            return line
        if line is not None or feature.geometry is None:
            self.note(feature, "geometry_unknown", "refused", "几何不是线", "its geometry is no line")
        return None


def _is_space(room: Room) -> bool:
    return room.id.startswith("space ")
