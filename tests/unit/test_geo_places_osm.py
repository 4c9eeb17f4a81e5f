"""OpenStreetMap's indoor tags: what they mean, a building drawn with them, its faults, and damage of any kind."""

from __future__ import annotations

import copy
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.places.checking import check_network
from geo.places.features import read_features
from geo.places.findings import Imported
from geo.places.model import Plan
from geo.places.osm_indoor import read_osm_indoor
from geo.places.osm_tags import door_state_of, levels_of, name_of, number_of, rise_kind_of, room_kind_of, tags_of
from geo.places.walking import walking_network
from mobile_contract.text import Text
from tests.unit.drawn_places import box, collection, faults, feature, line, point


def tagged(own: str, geometry: Any, **tags: Any) -> dict[str, Any]:
    return feature(own, geometry, **{key.replace("__", ":"): value for key, value in tags.items()})


def building() -> list[dict[str, Any]]:
    """A foyer that opens into a corridor, an office beside it, stairs and a lift to the floor above, a yard."""
    return [
        tagged("deck", box(0, 0, 30, 12), indoor="level", level="0", name="Ground", name__zh="首层"),
        tagged("foyer", box(0, 0, 8, 4), indoor="area", level="0"),
        tagged("hall", box(8, 0, 12, 4), indoor="corridor", level="0-1"),
        tagged("office", box(10, 4), indoor="room", level="1", name="Office", ref="104"),
        tagged("stairs", box(20, 0, 3, 4), room="stairs", level="0;1"),
        tagged("lift", point(12, 3), highway="elevator", level="0;1"),
        tagged("pillar", box(3, 1, 0.3, 0.3), indoor="wall", level="0"),
        tagged("screen", line((5, 0.5), (5, 2)), indoor="wall", level="0"),
        tagged("way in", point(0, 2), entrance="main", door="hinged", level="0", width="1.8 m"),
        tagged("to office", point(12, 4), door="yes", level="1", access="private"),
        tagged("to stairs", point(20, 2), door="no", level="0", repeat_on="1"),
        tagged("ladder", line((15, 1), (15, 2)), highway="ladder", level="0;1", incline="up"),
        tagged("muster", point(-15, 2), emergency="assembly_point", name="Yard"),
        tagged("foam", point(9, 1), emergency="fire_extinguisher", level="0;1"),
        tagged("tree", point(-9, 9), natural="tree"),
        tagged("drive", line((-20, 0), (-20, 20)), highway="service"),
    ]


def read(*features: Any) -> Imported:
    return read_osm_indoor({"works.geojson": collection(*features)})


# Tags.


@pytest.mark.parametrize(
    ("level", "repeat_on", "levels"),
    [
        (None, None, []), ("0", None, [0]), ("1;0", None, [0, 1]), ("0-2", None, [0, 1, 2]), ("-2--1", None, [-2, -1]),
        ("-1-1", None, [-1, 0, 1]), ("0", "2-3;5", [0, 2, 3, 5]), ("1.0", None, [1]), ("0.5", None, None),
        ("ground", None, None), ("2-0", None, None), ("-101-0", None, None), ("999", None, None), ("0;", None, None),
        ("-100-200", None, None), ("nan", None, None), ("1e99", None, None),
    ],
)  # fmt: skip
def test_levels_are_numbers_lists_and_ranges(
    level: str | None, repeat_on: str | None, levels: list[int] | None
) -> None:
    tags = {key: value for key, value in (("level", level), ("repeat_on", repeat_on)) if value is not None}
    assert levels_of(tags) == levels


def test_tags_are_properties_or_within_them() -> None:
    assert tags_of({"level": 1, "indoor": "room", "nothing": None, "closed": True}) == {"level": "1", "indoor": "room"}
    assert tags_of({"tags": {"indoor": "area"}, "id": "x"}) == {"indoor": "area", "id": "x"}


@pytest.mark.parametrize(
    ("tags", "kind"),
    [
        ({"highway": "elevator"}, "lift"), ({"room": "escalator"}, "escalator"), ({"stairs": "yes"}, "stairs"),
        ({"highway": "steps", "conveying": "yes"}, "escalator"), ({"highway": "steps"}, "stairs"),
        ({"indoor": "wall"}, "solid"), ({"indoor": "area"}, "room"), ({"room": "toilets"}, "room"),
        ({"indoor": "yes"}, None),
    ],
)  # fmt: skip
def test_what_an_area_is(tags: dict[str, str], kind: str | None) -> None:
    assert room_kind_of(tags) == kind


@pytest.mark.parametrize(
    ("tags", "state"),
    [
        ({"door": "yes"}, "closed"), ({"door": "no"}, "open"), ({"entrance": "yes"}, "closed"), ({}, "open"),
        ({"door": "yes", "access": "private"}, "badge"), ({"door": "yes", "access": "no"}, "locked"),
        ({"door": "hinged", "locked": "yes"}, "locked"),
    ],
)  # fmt: skip
def test_the_state_of_a_door(tags: dict[str, str], state: str) -> None:
    assert door_state_of(tags) == state


@pytest.mark.parametrize(
    ("tags", "kind"),
    [
        ({"highway": "elevator"}, "lift"), ({"highway": "ladder"}, "ladder"), ({"highway": "steps"}, "stairs"),
        ({"highway": "steps", "conveying": "yes"}, "escalator"), ({"ramp": "yes"}, "ramp"), ({}, None),
    ],
)  # fmt: skip
def test_what_leads_up(tags: dict[str, str], kind: str | None) -> None:
    assert rise_kind_of(tags) == kind


def test_names_and_numbers() -> None:
    assert name_of({}) is None
    assert name_of({"ref": "104"}) == Text("104", "104")
    assert name_of({"name": "大厅", "name:en": "Hall"}) == Text("大厅", "Hall")
    assert name_of({"name:zh": "大厅"}) == Text("大厅", "大厅")
    assert [number_of(text) for text in ("1.8 m", "2", "wide", "inf", None)] == [1.8, 2.0, None, None, None]


# A building.


def test_a_building_becomes_a_plan() -> None:
    imported = read(*building())
    plan = imported.plan
    assert [(level.level, level.name) for level in plan.levels] == [
        (0, Text("首层", "Ground")), (1, Text("1 层", "Level 1")),
    ]  # fmt: skip
    assert {room.id: (room.kind, room.level) for room in plan.rooms} == {
        "foyer": ("room", 0), "hall@0": ("corridor", 0), "hall@1": ("corridor", 1), "office": ("room", 1),
        "stairs@0": ("stairs", 0), "stairs@1": ("stairs", 1), "pillar": ("solid", 0), "screen": ("solid", 0),
    }  # fmt: skip
    assert {door.id: (set(door.joins), door.state, door.exit) for door in plan.doors} == {
        "way in": ({"foyer", None}, "closed", True),
        "to office": ({"hall@1", "office"}, "badge", False),
        "to stairs@0": ({"hall@0", "stairs@0"}, "open", False),
        "to stairs@1": ({"hall@1", "stairs@1"}, "open", False),
        "open 0": ({"foyer", "hall@0"}, "open", False),
    }
    assert plan.doors[0].width_m == 1.8
    assert [(rise.id, rise.kind, [stop.level for stop in rise.stops], rise.wait_s) for rise in plan.rises] == [
        ("lift", "lift", [0, 1], 30.0), ("ladder", "ladder", [0, 1], 0.0), ("rise:stairs@0", "stairs", [0, 1], 0.0),
    ]  # fmt: skip
    assert [(mark.id, mark.level) for mark in plan.landmarks] == [("foam@0", 0), ("foam@1", 1)]
    assert [(place.id, place.name.en) for place in plan.assembly_points] == [("muster", "Yard")]
    assert [(finding.kind, finding.count) for finding in imported.findings] == [("not_kept", 2)]


def test_everyone_gets_out_of_it() -> None:
    plan = read(*building()).plan
    findings = check_network(walking_network(plan, doors=frozenset({"open", "closed", "badge"})), plan)
    assert findings == []


@pytest.mark.parametrize(
    ("changed", "fault"),
    [
        (tagged("x", box(40, 0), indoor="room"), ("level_unknown", "refused", "works#x")),
        (tagged("x", box(40, 0), indoor="room", level="ground"), ("level_unknown", "refused", "works#x")),
        (tagged("x", line((40, 0), (44, 0)), indoor="room", level="0"), ("geometry_unknown", "refused", "works#x")),
        (tagged("x", None, indoor="room", level="0"), ("geometry_unknown", "refused", "works#x")),
        (tagged("x", box(40, 0, 0.1, 0.1), indoor="room", level="0"), ("too_small", "refused", "works#x")),
        (tagged("x", box(40, 0), door="yes", level="0"), ("geometry_unknown", "refused", "works#x")),
        (tagged("x", point(40, 0), highway="footway"), ("geometry_unknown", "refused", "works#x")),
        (tagged("x", point(40, 0), door="yes", level="0"), ("door_off_wall", "noted", "works#x")),
        (tagged("x", box(40, 0), room="stairs", level="0"), ("isolated", "noted", "x")),
    ],
)  # fmt: skip
def test_each_fault_is_named_and_the_rest_is_read(changed: dict[str, Any], fault: tuple[str, str, str]) -> None:
    imported = read(*building(), changed)
    assert fault in faults(imported.findings)
    assert len(imported.plan.rooms) >= 8


def test_an_area_of_parts_and_a_way_out_only() -> None:
    both = {"type": "MultiPolygon", "coordinates": [box(40, 0)["coordinates"], box(50, 0)["coordinates"]]}
    out = tagged("out", point(40, 2), entrance="exit", level="0")
    plan = read(tagged("twins", both, indoor="room", level="0"), out).plan
    assert [room.id for room in plan.rooms] == ["twins", "twins/2"]
    assert [(door.one_way, door.exit) for door in plan.doors] == [(True, True)]


@pytest.mark.parametrize(
    ("tags", "low_first", "goes"),
    [
        ({"incline": "up"}, True, (True, True)),
        ({"incline": "down"}, False, (True, True)),
        ({}, True, (True, True)),
        ({"conveying": "forward", "incline": "up"}, True, (True, False)),
        ({"conveying": "backward", "incline": "up"}, True, (False, True)),
        ({"conveying": "forward", "incline": "down"}, False, (False, True)),
        ({"conveying": "backward", "incline": "down"}, False, (True, False)),
    ],
)
def test_steps_are_a_rise_by_their_incline(tags: dict[str, str], low_first: bool, goes: tuple[bool, bool]) -> None:
    steps = line((1, 1), (5, 1))
    plan = read(
        tagged("r", box(0, 0), indoor="room", level="0"), tagged("s", steps, highway="steps", level="0;1", **tags)
    ).plan
    (rise,) = plan.rises
    assert (rise.up_s is not None, rise.down_s is not None) == goes
    assert (list(rise.stops[0].at) == steps["coordinates"][0]) == low_first


def test_steps_within_a_floor_are_counted_as_not_kept() -> None:
    steps = tagged("s", line((1, 1), (5, 1)), highway="steps", level="0")
    findings = read(tagged("r", box(0, 0), indoor="room", level="0"), steps).findings
    assert [(finding.kind, finding.count) for finding in findings] == [("not_kept", 1)]


def test_areas_that_meet_at_less_than_a_door_are_not_open_to_each_other() -> None:
    areas = [
        tagged(f"a{n}", box(x, y), indoor="area", level="0") for n, (x, y) in enumerate([(0, 0), (6, 3.5), (6, -4)])
    ]
    assert read(*areas).plan.doors == []


# Lines that somebody drew.


def test_corridors_drawn_as_lines_are_a_network() -> None:
    plan = read(
        tagged("a", line((0, 0), (10, 0)), highway="corridor", level="0-1"),
        tagged("b", line((10, 0), (10, 5)), highway="footway", level="0", oneway="yes"),
        tagged("c", line((10, 5), (20, 5)), highway="service", oneway="-1"),
        tagged("s", line((10, 0), (12, 0), (14, 0)), highway="steps", level="0;1", incline="up"),
        tagged("d", line((14, 0), (10, 0)), highway="steps", level="0;1", incline="down", conveying="forward"),
        tagged("e", line((14, 0), (10, 0)), highway="steps", level="0;1", conveying="backward", incline="down"),
        tagged("f", line((1, 0), (1, 0)), highway="footway"),
    )
    ways = {way.id: (way.kind, way.rise, way.one_way) for way in plan.plan.ways}
    assert ways == {
        "a@0": ("walk", None, False), "a@1": ("walk", None, False), "b": ("walk", None, True),
        "c": ("road", None, True),
        "s/0": ("walk", None, False), "s/1": ("walk", "stairs", False), "d": ("walk", "escalator", True),
        "e": ("walk", "escalator", True),
    }  # fmt: skip
    level = {node.id: node.level for node in plan.plan.nodes}
    climbs = {way.id: (level[way.ends[0]], level[way.ends[1]]) for way in plan.plan.ways if way.rise}
    assert climbs == {"s/1": (0, 1), "d": (1, 0), "e": (0, 1)}
    assert faults(plan.findings) == [("too_small", "refused", "works#f")]


@settings(max_examples=60)
@given(st.data())
def test_damage_of_any_kind_loses_no_feature_silently(data: st.DataObject) -> None:
    features = copy.deepcopy(building())
    words = st.sampled_from(["no", "0;7", "room", "steps", "wall", "elevator", "yes"])
    junk = st.one_of(st.none(), st.integers(), st.text(max_size=4), words)
    shapes = st.sampled_from([None, point(0, 0), box(0, 0), line((0, 0), (1, 1)), {"type": "Polygon"}])
    for _ in range(data.draw(st.integers(1, 4))):
        one = data.draw(st.sampled_from(features))
        match data.draw(st.sampled_from(["tag", "new", "geometry", "id"])):
            case "tag":
                one["properties"][data.draw(st.sampled_from(sorted(one["properties"])))] = data.draw(junk)
            case "new":
                one["properties"][data.draw(st.sampled_from(["indoor", "door", "highway", "level"]))] = data.draw(junk)
            case "geometry":
                one["geometry"] = data.draw(shapes)
            case _:
                one["id"] = data.draw(junk)
    imported = read(*features)
    plan = imported.plan
    things = (plan.rooms, plan.doors, plan.rises, plan.landmarks, plan.assembly_points, plan.ways)
    kept = {thing.id.split("@")[0].split("/")[0] for some in things for thing in some}
    named = {finding.place for finding in imported.findings}
    counted = sum(finding.count for finding in imported.findings if finding.kind == "not_kept")
    found, _, _ = read_features({"works.geojson": collection(*features)})
    rest = [
        one
        for one in found
        if one.id not in kept and one.place not in named and tags_of(one.properties).get("indoor") != "level"
    ]
    assert len(rest) <= counted
    assert msgspec.convert(msgspec.to_builtins(plan), Plan) == plan
