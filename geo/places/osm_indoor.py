"""GeoJSON with OpenStreetMap's Simple Indoor Tagging -> a plan. Pure.

Areas become rooms on each of their levels, doors and entrances doors, stairs and lifts rises. Lines to walk become a
drawn network only where somebody drew one indoors, or where there is no room: a plan with ways is walked by them alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Literal

import shapely
from shapely.geometry import LineString, Point

from geo.places.drawn_lines import Lines
from geo.places.features import Feature, read_features, stem
from geo.places.findings import Finding, FindingKind, Imported, Outcome
from geo.places.imdf import polygons_of
from geo.places.model import AssemblyPoint, Door, Landmark, Level, Plan, Position, Rise, Room, Stop
from geo.places.open_sides import open_sides
from geo.places.osm_tags import (
    DRIVEN,
    LANDMARKS,
    WALKED,
    door_state_of,
    levels_of,
    name_of,
    number_of,
    rise_kind_of,
    room_kind_of,
    tags_of,
)
from geo.places.shapes import Shape, Shapes, positions_of
from geo.places.stacking import lone_shafts, made_rise, stacked_rises
from geo.places.walls import RoomMap
from geo.zones import AREA_MIN_M2
from mobile_contract.text import Text

# A wall drawn as a line stands in the way as thick as a partition of boards.
WALL_HALF_M = 0.05
SOLID_MIN_M2 = 0.01
DOOR_WIDTH_M, _DOOR_MIN_M, _DOOR_MAX_M = 0.9, 0.3, 20.0
_DECK = Text("层", "Level")


def read_osm_indoor(files: Mapping[str, bytes], *, near: Position | None = None) -> Imported:
    """The files by name -> the plan and what was wrong with it. Raises Invalid for a file that can not be read."""
    features, findings, _ = read_features(files)
    return _Import(features, findings, near).plan(stem(next(iter(files))))


class _Tagged:
    """A feature with its tags, levels and shape."""

    __slots__ = ("feature", "levels", "shape", "tags")

    def __init__(self, feature: Feature, tags: dict[str, str], levels: list[int], shape: Shape | None) -> None:
        self.feature, self.tags, self.levels, self.shape = feature, tags, levels, shape

    def on(self, level: int) -> str:
        """Its id on one of its levels."""
        return self.feature.id if len(self.levels) == 1 else f"{self.feature.id[:90]}@{level}"


class _Import:
    """The features being sorted by what they are; each is kept, named or counted."""

    def __init__(self, features: list[Feature], findings: list[Finding], near: Position | None) -> None:
        self.shapes = Shapes(features, near)
        self.findings = self.shapes.findings
        self.findings.extend(findings)
        self.features = features
        self.not_kept: Counter[str] = Counter()
        self.rooms: list[Room] = []
        self.unwalled: set[str] = set()
        self.doors: list[_Tagged] = []
        self.rises: list[Rise] = []
        self.assembly: list[AssemblyPoint] = []
        self.landmarks: list[Landmark] = []
        self.lines: list[_Tagged] = []
        self.names: dict[int, Text] = {}

    def note(self, feature: Feature, kind: FindingKind, outcome: Outcome, zh: str, en: str) -> None:
        self.findings.append(Finding(kind=kind, outcome=outcome, place=feature.place, detail=Text(zh, en)))

    def plan(self, name: str) -> Imported:
        for feature in self.features:
            self._sort(feature)
        walls = RoomMap(self.rooms, self.shapes.projection)
        doors = [door for tagged in self.doors for door in self._door(tagged, walls)]
        doors += open_sides(walls, lambda a, b: a.id in self.unwalled and b.id in self.unwalled)
        indoors = any(line.tags.get("highway") == "corridor" or line.tags.get("indoor") == "yes" for line in self.lines)
        lines = self._lines() if indoors or not self.rooms else Lines()
        if not lines.ways:
            risen = {rise.id for rise in self.rises}
            self.not_kept.update(line.feature.file for line in self.lines if line.feature.id not in risen)
        for file, count in self.not_kept.items():
            text = Text("平面图不保存此类要素", "a plan does not keep these")
            self.findings.append(Finding(kind="not_kept", outcome="refused", place=file, count=count, detail=text))
        levels = self._levels([door.level for door in doors], [node.level for node in lines.nodes])
        rises, alone = stacked_rises(self.rooms, levels, self.shapes.projection)
        self.findings.extend(lone_shafts(alone))
        plan = Plan(
            name=Text(name or "?", name or "?"),
            levels=levels,
            rooms=self.rooms,
            doors=doors,
            rises=[made_rise_of(rise, levels) for rise in self.rises] + rises,
            assembly_points=self.assembly,
            landmarks=self.landmarks,
            nodes=lines.nodes,
            ways=lines.ways,
        )
        return Imported(plan, self.findings)

    def _sort(self, feature: Feature) -> None:
        tags = tags_of(feature.properties)
        what = _what(tags, (feature.geometry or {}).get("type"))
        if what is None:
            self.not_kept[feature.file] += 1
            return
        levels = levels_of(tags)
        if levels == [] and what in ("line", "assembly", "landmark", "door") and "indoor" not in tags:
            levels = [0]
        if not levels:
            self.note(feature, "level_unknown", "refused", "楼层缺失或无效", "its level is missing or is no floor")
            return
        least = SOLID_MIN_M2 if tags.get("indoor") == "wall" else AREA_MIN_M2
        tagged = _Tagged(feature, tags, levels, self.shapes.read(feature, least, levels[0]))
        if tagged.shape is None:
            if feature.geometry is None:
                self.note(feature, "geometry_unknown", "refused", "缺少几何", "it has no geometry")
        elif not self._keep(what, tagged):
            self.note(
                feature, "geometry_unknown", "refused", "几何类型不适合此类要素", "its geometry does not fit its kind"
            )

    def _keep(self, what: str, tagged: _Tagged) -> bool:
        """Keep a thing by what it is; False when its shape does not fit."""
        shape = tagged.shape
        point = shape if isinstance(shape, Point) else None
        if what == "level":
            name = name_of(tagged.tags)
            self.names.update({level: name for level in tagged.levels if name is not None})
            return True
        if what == "room":
            return self._room(tagged)
        if what in ("line", "rise") and isinstance(shape, LineString):
            return self._line(tagged, shape)
        if point is None:
            return False
        at = (point.x, point.y)
        name = name_of(tagged.tags)
        if what == "door":
            self.doors.append(tagged)
        elif what == "rise":
            self.rises.append(_bare_rise(tagged, [Stop(level=level, at=at) for level in tagged.levels]))
        elif what == "assembly":
            self.assembly.append(
                AssemblyPoint(
                    id=tagged.feature.id, level=tagged.levels[0], at=at, name=name or Text("集合点", "Assembly")
                )
            )
        elif what == "landmark":
            kind = LANDMARKS[tagged.tags["emergency"]]
            self.landmarks += [
                Landmark(id=tagged.on(level), kind=kind, level=level, at=at, name=name) for level in tagged.levels
            ]
        return what != "line"

    def _room(self, tagged: _Tagged) -> bool:
        kind = room_kind_of(tagged.tags) or "room"
        parts = polygons_of(tagged.shape)
        if not parts and kind == "solid" and isinstance(tagged.shape, LineString):
            metric = shapely.transform(tagged.shape, self.shapes.projection.to_metres).buffer(WALL_HALF_M)
            parts = polygons_of(shapely.transform(metric, self.shapes.projection.to_degrees))
        for number, part in enumerate(parts):
            for level in tagged.levels:
                own = tagged.on(level) if number == 0 else f"{tagged.on(level)[:94]}/{number + 1}"
                self.rooms.append(
                    Room(id=own, level=level, kind=kind, name=name_of(tagged.tags), polygon=positions_of(part))
                )
                if tagged.tags.get("indoor") in ("area", "corridor"):
                    self.unwalled.add(own)
        return bool(parts)

    def _line(self, tagged: _Tagged, line: LineString) -> bool:
        self.lines.append(tagged)
        kind = rise_kind_of(tagged.tags)
        if kind is not None and len(tagged.levels) > 1:
            places = [(x, y) for x, y in line.coords]
            low, high = (places[-1], places[0]) if tagged.tags.get("incline") == "down" else (places[0], places[-1])
            ends = {tagged.levels[0]: low, tagged.levels[-1]: high}
            stops = [Stop(level=level, at=at) for level, at in ends.items()]
            self.rises.append(_bare_rise(tagged, stops))
        return True

    def _door(self, tagged: _Tagged, walls: RoomMap) -> list[Door]:
        found = []
        entrance = tagged.tags.get("entrance", "no")
        given = number_of(tagged.tags.get("width"))
        width_m = min(max(given, _DOOR_MIN_M), _DOOR_MAX_M) if given is not None else DOOR_WIDTH_M
        assert isinstance(tagged.shape, Point)
        place = shapely.transform(tagged.shape, walls.projection.to_metres)
        for level in tagged.levels:
            joins = walls.joined(level, place)
            if joins == (None, None) and walls.rooms:
                self.note(
                    tagged.feature, "door_off_wall", "noted", "门不在房间的边界上", "it lies on no room's boundary"
                )
            outside = joins[0] is not None and joins[1] is None
            found.append(
                Door(
                    id=tagged.on(level),
                    level=level,
                    at=(tagged.shape.x, tagged.shape.y),
                    joins=joins,
                    state=door_state_of(tagged.tags),
                    width_m=width_m,
                    name=name_of(tagged.tags),
                    one_way=entrance == "exit" and outside,
                    exit=entrance != "no" and outside,
                )
            )
        return found

    def _lines(self) -> Lines:
        lines = Lines()
        for tagged in self.lines:
            assert isinstance(tagged.shape, LineString)
            places = [(x, y) for x, y in tagged.shape.coords]
            highway, oneway = tagged.tags.get("highway"), tagged.tags.get("oneway")
            conveying = tagged.tags.get("conveying")
            if oneway == "-1" or conveying == "backward":
                places.reverse()
            kind: Literal["road", "walk"] = "road" if highway in DRIVEN else "walk"
            rise = rise_kind_of(tagged.tags)
            levels = (tagged.levels[0], tagged.levels[-1])
            if rise is not None and (tagged.tags.get("incline") == "down") != (conveying == "backward"):
                levels = levels[::-1]
            one_way = oneway in ("yes", "1", "-1") or conveying in ("forward", "backward")
            if rise is None or levels[0] == levels[1]:
                added = [lines.add(tagged.on(n), places, (n, n), kind=kind, one_way=one_way) for n in tagged.levels]
            else:
                added = [lines.add(tagged.feature.id, places, levels, kind=kind, rise=rise, one_way=one_way)]
            if not all(added):
                self.note(tagged.feature, "too_small", "refused", "线没有长度", "the line has no length")
        return lines

    def _levels(self, *more: list[int]) -> list[Level]:
        numbers = {room.level for room in self.rooms} | {stop.level for rise in self.rises for stop in rise.stops}
        numbers |= {point.level for point in self.assembly} | {mark.level for mark in self.landmarks} | set(self.names)
        numbers = numbers.union(*more)
        return [
            Level(level=n, name=self.names.get(n, Text(f"{n} {_DECK.zh}", f"{_DECK.en} {n}"))) for n in sorted(numbers)
        ]


_RISING = ("steps", "ladder", "elevator")


def _what(tags: dict[str, str], geometry: object) -> str | None:
    """What a feature is by its tags; None: nothing a plan keeps."""
    area = geometry in ("Polygon", "MultiPolygon")
    kind = room_kind_of(tags)
    found = {
        "level": tags.get("indoor") == "level",
        "landmark": tags.get("emergency") in LANDMARKS,
        "assembly": "assembly_point" in (tags.get("emergency"), tags.get("amenity")),
        "wall": tags.get("indoor") == "wall" or (area and kind is not None),
        "door": "door" in tags or tags.get("entrance", "no") != "no",
        "rise": tags.get("highway") in _RISING,
        "line": tags.get("highway") in WALKED | DRIVEN,
        "room": kind is not None,
    }
    what = next((name for name, holds in found.items() if holds), None)
    return "room" if what == "wall" else what


def _bare_rise(tagged: _Tagged, stops: list[Stop]) -> Rise:
    """A rise without its times, which follow from the levels; which way it goes is in it as 0 or None."""
    up, down = True, True
    if tagged.tags.get("conveying") in ("forward", "backward"):
        up = (tagged.tags["conveying"] == "forward") != (tagged.tags.get("incline") == "down")
        down = not up
    kind = rise_kind_of(tagged.tags) or "stairs"
    return Rise(
        id=tagged.feature.id,
        kind=kind,
        stops=stops,
        up_s=0.0 if up else None,
        down_s=0.0 if down else None,
        name=name_of(tagged.tags),
    )


def made_rise_of(rise: Rise, levels: list[Level]) -> Rise:
    """A rise with the times of its kind, in the directions it has."""
    made = made_rise(rise.id, rise.kind, rise.stops, levels)
    return Rise(
        id=rise.id,
        kind=rise.kind,
        stops=rise.stops,
        up_s=made.up_s if rise.up_s is not None else None,
        down_s=made.down_s if rise.down_s is not None else None,
        wait_s=made.wait_s,
        name=rise.name,
    )
