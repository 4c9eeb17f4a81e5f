"""IMDF (Indoor Mapping Data Format 1.0.0, OGC 20-094) -> a plan. Pure.

Units become rooms, openings doors, amenities landmarks, stairs and lift units rises. Two files that are not IMDF's are
read where they are there: navPath (nodes with their neighbours: a drawn network) and navPathAssocieted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import shapely
from shapely.geometry import LineString, MultiPolygon, Point, Polygon

from geo.places.features import Feature, clean, level_of, read_features, stem
from geo.places.findings import Finding, FindingKind, Imported, Outcome
from geo.places.imdf_paths import read_paths
from geo.places.imdf_words import DOOR_STATE, LANDMARKS, SOLID_MIN_M2, door_state, room_kind
from geo.places.model import Door, Landmark, Level, Plan, Position, Room
from geo.places.shapes import Shapes, positions_of
from geo.places.stacking import lone_shafts, stacked_rises
from geo.places.walls import RoomMap
from geo.zones import AREA_MIN_M2
from mobile_contract.text import Text

_DOOR_MIN_M, _DOOR_MAX_M = 0.3, 20.0


def read_imdf(files: Mapping[str, bytes], *, near: Position | None = None) -> Imported:
    """The files of an IMDF archive by name -> the plan and what was wrong with it.

    ``near``: where the site is, so that a whole archive with swapped coordinates is noticed. Raises Invalid, naming the
    file, for one that can not be read at all.
    """
    features, findings, _ = read_features(
        {name: data for name, data in files.items() if stem(name).lower() != "manifest"} or dict(files)
    )
    return _Import(features, findings, near).plan()


class _Import:
    """One archive being read; every feature ends in the plan, in a finding of its own, or in a count of its kind."""

    def __init__(self, features: list[Feature], findings: list[Finding], near: Position | None) -> None:
        self.by_kind: dict[str, list[Feature]] = {}
        for feature in features:
            named = feature.members.get("feature_type")
            self.by_kind.setdefault(named if isinstance(named, str) else stem(feature.file), []).append(feature)
        self.shapes = Shapes(features, near)
        self.findings = self.shapes.findings
        self.findings.extend(findings)
        self.ids = {feature.id for feature in features}
        self.level_of: dict[str, int] = {}
        self.not_kept: Counter[tuple[str, str]] = Counter()

    def of(self, *kinds: str) -> list[Feature]:
        return [feature for kind in kinds for feature in self.by_kind.pop(kind, [])]

    def note(self, feature: Feature, kind: FindingKind, outcome: Outcome, zh: str, en: str) -> None:
        self.findings.append(Finding(kind=kind, outcome=outcome, place=feature.place, detail=Text(zh, en)))

    def plan(self) -> Imported:
        name = self._name()
        levels = self._levels()
        rooms = self._named(self._rooms())
        doors = self._doors(rooms)
        landmarks = self._landmarks(rooms)
        nodes, ways = read_paths(self.of("navPath"), self.level_of, self.shapes, rooms)
        self._associations({node.id for node in nodes})
        rises, alone = stacked_rises(rooms, levels, self.shapes.projection)
        self.findings.extend(lone_shafts(alone))
        self._leave_out()
        plan = Plan(
            name=name, levels=levels, rooms=rooms, doors=doors, rises=rises, landmarks=landmarks, nodes=nodes, ways=ways
        )
        return Imported(plan, self.findings)

    def _name(self) -> Text:
        venues = self.of("venue")
        self.not_kept.update(("venue", venue.file) for venue in venues)
        named = [text for venue in venues if (text := text_of(venue.properties.get("name"))) is not None]
        return named[0] if named else Text("未命名", "Unnamed")

    def _levels(self) -> list[Level]:
        names: dict[int, list[Text]] = {}
        for feature in self.of("level"):
            ordinal = level_of(feature.properties.get("ordinal"))
            if ordinal is None:
                self.note(feature, "level_unknown", "refused", "楼层序号无效", "the level's ordinal is no floor")
                continue
            self.level_of[feature.id] = ordinal
            names.setdefault(ordinal, []).extend(
                [text] if (text := text_of(feature.properties.get("name"))) is not None else []
            )
        # Two buildings count their floors differently: what they do not agree on has the number as its name.
        return [
            Level(
                level=level, name=given[0] if len(set(map(_key, given))) == 1 else Text(f"{level} 层", f"Level {level}")
            )
            for level, given in sorted(names.items())
        ]

    def level(self, feature: Feature) -> int | None:
        """The floor a feature names, or None with a finding that it names none."""
        found = self.level_of.get(str(feature.properties.get("level_id")))
        if found is None:
            self.note(feature, "level_unknown", "refused", "所在楼层不存在", "its level_id names no level")
        return found

    def _rooms(self) -> list[Room]:
        rooms: list[Room] = []
        for feature in self.of("unit", "kiosk", "fixture"):
            level = self.level(feature)
            if level is None:
                continue
            given = feature.properties.get("category")
            kind = room_kind(given) if feature.members.get("feature_type") in (None, "unit") else "solid"
            shape = self.shapes.read(feature, SOLID_MIN_M2 if kind == "solid" else AREA_MIN_M2, level)
            parts = polygons_of(shape)
            if not parts:
                self._no_shape(feature, shape)
                continue
            if kind is None:
                self.note(
                    feature,
                    "kind_unknown",
                    "noted",
                    f"未知的单元类别 {clean(given, 40)}，作为房间",
                    f"category {clean(given, 40)} is not known; taken as a room",
                )
            name = text_of(feature.properties.get("name"))
            for number, part in enumerate(parts):
                own = feature.id if number == 0 else f"{feature.id[:90]}/{number + 1}"
                rooms.append(Room(id=own, level=level, kind=kind or "room", name=name, polygon=positions_of(part)))
        return rooms

    def _no_shape(self, feature: Feature, shape: object) -> None:
        """A feature that needs a shape and has none, or one of another kind; what was refused has its finding."""
        if feature.geometry is None or shape is not None:
            self.note(feature, "geometry_unknown", "refused", "缺少可用的几何", "it has no geometry of its kind")

    def _named(self, rooms: list[Room]) -> list[Room]:
        """Rooms without a name take the one of the occupant whose anchor stands in them."""
        anchors, occupants = self.of("anchor"), self.of("occupant")
        self.not_kept.update(("anchor", anchor.file) for anchor in anchors)
        self.not_kept.update(("occupant", occupant.file) for occupant in occupants)
        known = {room.id for room in rooms}
        unit_of = {anchor.id: str(anchor.properties.get("unit_id")) for anchor in anchors}
        for anchor in anchors:
            if unit_of[anchor.id] not in known:
                self.note(anchor, "reference_unknown", "noted", "unit_id 不存在", "its unit_id names no unit")
        names: dict[str, Text] = {}
        for occupant in occupants:
            unit = unit_of.get(str(occupant.properties.get("anchor_id")))
            if unit is None:
                self.note(occupant, "reference_unknown", "noted", "anchor_id 不存在", "its anchor_id names no anchor")
            elif (text := text_of(occupant.properties.get("name"))) is not None:
                names.setdefault(unit, text)
        return [
            room
            if room.name or room.id not in names
            else Room(id=room.id, level=room.level, kind=room.kind, name=names[room.id], polygon=room.polygon)
            for room in rooms
        ]

    def _doors(self, rooms: list[Room]) -> list[Door]:
        walls = RoomMap(rooms, self.shapes.projection)
        doors: list[Door] = []
        for feature in self.of("opening"):
            level = self.level(feature)
            if level is None:
                continue
            line = self.shapes.read(feature, level=level)
            if not isinstance(line, LineString):
                self._no_shape(feature, line)
                continue
            metric = shapely.transform(line, walls.projection.to_metres)
            joins = walls.joined(level, metric)
            middle = line.interpolate(0.5, normalized=True)
            if joins == (None, None):
                self.note(feature, "door_off_wall", "noted", "门不在任何房间的边界上", "it lies on no room's boundary")
            state = door_state(feature.properties)
            if state is None:
                self.note(
                    feature, "property_invalid", "noted", "门的属性未知，视为关闭", "its door is not known: closed"
                )
            emergency = feature.properties.get("category") == "emergencyexit"
            doors.append(
                Door(
                    id=feature.id,
                    level=level,
                    at=(middle.x, middle.y),
                    joins=joins,
                    state=state or DOOR_STATE,
                    width_m=round(min(max(metric.length, _DOOR_MIN_M), _DOOR_MAX_M), 3),
                    name=text_of(feature.properties.get("name")),
                    exit=joins[0] is not None and joins[1] is None and (level == 0 or emergency),
                )
            )
        return doors

    def _landmarks(self, rooms: list[Room]) -> list[Landmark]:
        levels = {room.id: room.level for room in rooms}
        landmarks: list[Landmark] = []
        for feature in self.of("amenity"):
            given = feature.properties.get("unit_ids")
            units = given if isinstance(given, list) else []
            level = next((levels[unit] for unit in units if isinstance(unit, str) and unit in levels), None)
            if level is None:
                self.note(feature, "reference_unknown", "refused", "unit_ids 不存在", "its unit_ids name no unit")
                continue
            point = self.shapes.read(feature, level=level)
            if not isinstance(point, Point):
                self._no_shape(feature, point)
                continue
            kind = LANDMARKS.get(str(feature.properties.get("category")), "other")
            name = text_of(feature.properties.get("name"))
            landmarks.append(Landmark(id=feature.id, kind=kind, level=level, at=(point.x, point.y), name=name))
        return landmarks

    def _associations(self, nodes: set[str]) -> None:
        """What a navPathAssocieted ties to a node: nothing of a plan; a tie to what is not there is named."""
        known = self.ids
        for feature in self.of("navPathAssocieted"):
            self.not_kept[("navPathAssocieted", feature.file)] += 1
            for field, ids in (("pathNode_id", nodes), ("associeted_id", known)):
                if str(feature.properties.get(field)) not in ids:
                    self.note(feature, "reference_unknown", "noted", f"{field} 不存在", f"its {field} names nothing")

    def _leave_out(self) -> None:
        """Kinds a plan has no place for: one finding a file and kind, with how many."""
        for kind, features in self.by_kind.items():
            self.not_kept.update((kind, feature.file) for feature in features)
        for (kind, file), count in self.not_kept.items():
            named = clean(kind, 40) or "?"
            self.findings.append(
                Finding(
                    kind="not_kept",
                    outcome="refused",
                    place=file,
                    count=count,
                    detail=Text(f"平面图不保存 {named}", f"a plan does not keep {named}"),
                )
            )


def text_of(given: Any) -> Text | None:
    """IMDF labels (a text by language tag) as our two languages; what one lacks the other, or any, fills."""
    if not isinstance(given, dict):
        return None
    texts = {key.lower(): text for key, value in given.items() if (text := clean(value)) is not None}
    if not texts:
        return None
    chinese = next((text for key, text in texts.items() if key == "zh" or key.startswith("zh-")), None)
    english = next((text for key, text in texts.items() if key == "en" or key.startswith("en-")), None)
    some = next(iter(texts.values()))
    return Text(chinese or english or some, english or chinese or some)


def polygons_of(shape: object) -> list[Polygon]:
    """The polygons of a shape; none when it is not made of them."""
    if isinstance(shape, MultiPolygon):
        return list(shape.geoms)
    return [shape] if isinstance(shape, Polygon) else []


def _key(text: Text) -> tuple[str, str]:
    return (text.zh, text.en)
