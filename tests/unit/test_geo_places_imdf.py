"""IMDF archives: a small building with one of everything, its faults one by one, and a whole campus."""

from __future__ import annotations

import copy
from collections import Counter
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from core.errors import Invalid
from geo.graph.connection import parts, strong_parts
from geo.graph.csr import BANNED
from geo.places.checking import check_network, one_way_links, outside_main
from geo.places.features import read_features
from geo.places.findings import Imported
from geo.places.imdf import read_imdf
from geo.places.imdf_words import door_state, room_kind
from geo.places.model import Plan
from geo.places.walking import walking_network
from mobile_contract.text import Text
from tests.unit.drawn_places import at, box, collection, faults, feature, line, point

Files = dict[str, list[dict[str, Any]]]


def unit(own: str, geometry: Any, category: str, level: str = "L0", **more: Any) -> dict[str, Any]:
    return feature(own, geometry, category=category, level_id=level, **more) | {"feature_type": "unit"}


def nav(own: str, x: float, y: float, level: str | None, *neighbours: str) -> dict[str, Any]:
    return feature(own, point(x, y), level_id=level, neighbours=list(neighbours)) | {"feature_type": "navPath"}


def building() -> Files:
    """Two floors: a corridor, an office, stairs and a lift on both, a door between each, a way out, a drawn network."""
    door = {"type": "swinging", "automatic": False, "material": "wood"}
    return {
        "venue": [feature("V", None, name={"en": "Works", "zh-CN": "工厂"}) | {"feature_type": "venue"}],
        "level": [
            feature(f"L{n}", None, ordinal=n, name={"en": f"Floor {n}"}) | {"feature_type": "level"} for n in (0, 1)
        ],
        "unit": [
            *(unit(f"hall{n}", box(0, 0, 20, 4), "walkway", f"L{n}") for n in (0, 1)),
            *(unit(f"stairs{n}", box(20, 0, 4, 4), "stairs", f"L{n}") for n in (0, 1)),
            *(unit(f"lift{n}", box(0, 4, 2, 2), "elevator", f"L{n}") for n in (0, 1)),
            unit("office", box(4, 4), "office", "L1"),
            unit("column", box(10, 1, 0.2, 0.2), "column"),
        ],
        "opening": [
            feature("out", line((0, 1), (0, 2.2)), level_id="L0", category="pedestrian.principal", door=door),
            *(feature(f"to stairs{n}", line((20, 1), (20, 2)), level_id=f"L{n}", door=None) for n in (0, 1)),
            *(feature(f"to lift{n}", line((0.5, 4), (1.5, 4)), level_id=f"L{n}", door=door) for n in (0, 1)),
            feature("to office", line((6, 4), (7, 4)), level_id="L1", door=door, access_control=["badgereader"]),
        ],
        "amenity": [feature("aed", point(9, 1), category="defibrillator", unit_ids=["hall0"], name={"en": "AED"})],
        "anchor": [feature("A", point(5, 5), unit_id="office")],
        "occupant": [feature("O", None, anchor_id="A", name={"en": "Control room", "zh": "控制室"})],
        "building": [feature("B", box(0, 0, 24, 8))],
        "navPath": [
            nav("street", -3, 1.6, None, "walk0"),
            nav("walk0", 2, 1.6, "L0", "street", "ride0", "foot"),
            nav("ride0", 1, 5, "L0", "walk0", "ride1"),
            nav("ride1", 1, 5, "L1", "ride0", "walk1"),
            nav("foot", 22, 2, "L0", "walk0", "head"),
            nav("head", 22, 2, "L1", "foot", "walk1"),
            nav("walk1", 10, 2, "L1", "head", "ride1"),
        ],
        "navPathAssocieted": [feature("T", None, pathNode_id="walk0", associeted_id="O")],
    }


def read(files: Files, **more: Any) -> Imported:
    return read_imdf({f"{name}.geojson": collection(*features) for name, features in files.items()}, **more)


def test_a_building_becomes_a_plan() -> None:
    plan = read(building()).plan
    assert plan.name == Text("工厂", "Works")
    assert [(level.level, level.name.en) for level in plan.levels] == [(0, "Floor 0"), (1, "Floor 1")]
    assert {room.id: (room.kind, room.level) for room in plan.rooms} == {
        "hall0": ("corridor", 0), "hall1": ("corridor", 1), "stairs0": ("stairs", 0), "stairs1": ("stairs", 1),
        "lift0": ("lift", 0), "lift1": ("lift", 1), "office": ("room", 1), "column": ("solid", 0),
    }  # fmt: skip
    assert {door.id: (set(door.joins), door.state, door.exit) for door in plan.doors} == {
        "out": ({"hall0", None}, "closed", True),
        "to stairs0": ({"hall0", "stairs0"}, "open", False),
        "to stairs1": ({"hall1", "stairs1"}, "open", False),
        "to lift0": ({"hall0", "lift0"}, "closed", False),
        "to lift1": ({"hall1", "lift1"}, "closed", False),
        "to office": ({"hall1", "office"}, "badge", False),
    }
    assert [(rise.kind, [stop.room for stop in rise.stops]) for rise in plan.rises] == [
        ("lift", ["lift0", "lift1"]),
        ("stairs", ["stairs0", "stairs1"]),
    ]
    assert [(mark.id, mark.kind, mark.level) for mark in plan.landmarks] == [("aed", "first_aid", 0)]
    assert len(plan.nodes) == 7
    assert {frozenset(way.ends): way.rise for way in plan.ways if way.rise} == {
        frozenset({"ride0", "ride1"}): "lift",
        frozenset({"foot", "head"}): "stairs",
    }
    assert [node.id for node in plan.nodes if node.exit] == ["street"]


def test_what_a_plan_does_not_keep_is_counted() -> None:
    findings = read(building()).findings
    assert {finding.place: finding.count for finding in findings} == {
        "venue.geojson": 1,
        "anchor.geojson": 1,
        "occupant.geojson": 1,
        "building.geojson": 1,
        "navPathAssocieted.geojson": 1,
    }
    assert {finding.kind for finding in findings} == {"not_kept"}


def test_a_room_has_the_name_of_who_is_in_it() -> None:
    names = {room.id: room.name for room in read(building()).plan.rooms}
    assert names["office"] == Text("控制室", "Control room")
    assert names["hall0"] is None


def test_an_occupant_without_a_name_gives_none() -> None:
    names = {room.id: room.name for room in read(with_change("occupant", "O", name=None)).plan.rooms}
    assert names["office"] is None


def test_a_width_is_the_openings_and_a_middle_is_its_place() -> None:
    door = read(building()).plan.doors[0]
    assert door.width_m == pytest.approx(1.2, abs=0.01)
    np.testing.assert_allclose(door.at, at(0, 1.6), atol=1e-9)


@pytest.mark.parametrize(
    ("category", "kind"),
    [
        ("walkway.island", "corridor"), ("steps", "stairs"), ("opentobelow", "solid"), ("restroom.female", "room"),
        ("parking", "outdoors"), ("wardrobe", None), (7, None),
    ],
)  # fmt: skip
def test_categories_are_imdfs(category: object, kind: str | None) -> None:
    assert room_kind(category) == kind


@pytest.mark.parametrize(
    ("properties", "state"),
    [
        ({}, "open"),
        ({"door": {"type": "open"}}, "open"),
        ({"door": {"type": "revolving"}}, "closed"),
        ({"door": {"automatic": True}}, "closed"),
        ({"door": {"type": "portcullis"}}, None),
        ({"door": "wood"}, None),
        ({"access_control": ["keyaccess"]}, "badge"),
        ({"access_control": ["outofservice", "keyaccess"]}, "locked"),
        ({"access_control": "guard", "door": {"type": "sliding"}}, "closed"),
    ],
)
def test_a_doors_state_follows_from_its_control_and_its_leaf(properties: dict[str, Any], state: str | None) -> None:
    assert door_state(properties) == state


NOWHERE = {"type": "Point"}


def with_change(name: str, own: str, /, **changes: Any) -> Files:
    """The building with properties (or the geometry) of one feature changed."""
    files = building()
    one = next(f for f in files[name] if f["id"] == own)
    if "geometry" in changes:
        one["geometry"] = changes.pop("geometry")
    one["properties"] |= changes
    return files


@pytest.mark.parametrize(
    ("files", "fault"),
    [
        (with_change("level", "L1", ordinal=0.5), ("level_unknown", "refused", "level#L1")),
        (with_change("unit", "office", level_id="L9"), ("level_unknown", "refused", "unit#office")),
        (with_change("unit", "office", geometry=None), ("geometry_unknown", "refused", "unit#office")),
        (with_change("unit", "office", geometry=point(0, 0)), ("geometry_unknown", "refused", "unit#office")),
        (with_change("unit", "office", geometry=NOWHERE), ("position_out_of_range", "refused", "unit#office")),
        (with_change("unit", "office", category="den"), ("kind_unknown", "noted", "unit#office")),
        (with_change("unit", "stairs1", category="room"), ("isolated", "noted", "stairs0")),
        (with_change("unit", "stairs1", geometry=box(30, 0)), ("isolated", "noted", "stairs1")),
        (with_change("opening", "out", level_id=None), ("level_unknown", "refused", "opening#out")),
        (with_change("opening", "out", geometry=point(0, 1)), ("geometry_unknown", "refused", "opening#out")),
        (with_change("opening", "out", geometry=line((8, 1), (9, 1))), ("door_off_wall", "noted", "opening#out")),
        (with_change("opening", "out", geometry=line((90, 1), (91, 1))), ("door_off_wall", "noted", "opening#out")),
        (with_change("opening", "out", door=7), ("property_invalid", "noted", "opening#out")),
        (with_change("amenity", "aed", unit_ids=["none", 7]), ("reference_unknown", "refused", "amenity#aed")),
        (with_change("amenity", "aed", unit_ids=7), ("reference_unknown", "refused", "amenity#aed")),
        (with_change("amenity", "aed", geometry=box(0, 0)), ("geometry_unknown", "refused", "amenity#aed")),
        (with_change("anchor", "A", unit_id="none"), ("reference_unknown", "noted", "anchor#A")),
        (with_change("occupant", "O", anchor_id="none"), ("reference_unknown", "noted", "occupant#O")),
        (with_change("navPath", "head", level_id="L9"), ("level_unknown", "refused", "navPath#head")),
        (with_change("navPath", "head", geometry=box(0, 0)), ("geometry_unknown", "refused", "navPath#head")),
        (with_change("navPath", "head", geometry=None), ("geometry_unknown", "refused", "navPath#head")),
        (with_change("navPath", "head", geometry=NOWHERE), ("position_out_of_range", "refused", "navPath#head")),
        (with_change("navPath", "head", neighbours=7), ("property_invalid", "noted", "navPath#head")),
        (with_change("navPath", "head", neighbours=["head"]), ("reference_unknown", "noted", "navPath#head")),
        (with_change("navPath", "head", neighbours=["foot"]), ("one_way", "noted", "navPath#walk1")),
        (with_change("navPathAssocieted", "T", pathNode_id=7), ("reference_unknown", "noted", "navPathAssocieted#T")),
    ],
)  # fmt: skip
def test_each_fault_is_named_and_the_rest_is_read(files: Files, fault: tuple[str, str, str]) -> None:
    imported = read(files)
    assert fault in faults(imported.findings)
    assert len(imported.plan.rooms) >= 4
    assert accounted(imported, files)


def accounted(imported: Imported, files: Files) -> bool:
    """Whether each feature is in the plan, named, or counted; a level is in the plan by its number."""
    plan = imported.plan
    kept = {thing.id for things in (plan.rooms, plan.doors, plan.landmarks, plan.nodes) for thing in things}
    named = {finding.place for finding in imported.findings}
    counted = sum(finding.count for finding in imported.findings if finding.kind == "not_kept")
    features, _, _ = read_features({f"{name}.geojson": collection(*given) for name, given in files.items()})
    rest = [one for one in features if one.id not in kept and one.place not in named and one.file != "level.geojson"]
    return len(rest) <= counted


def test_a_unit_of_two_parts_is_two_rooms_and_a_name_of_no_language_is_none() -> None:
    both = {"type": "MultiPolygon", "coordinates": [box(4, 4)["coordinates"], box(12, 4)["coordinates"]]}
    rooms = read(with_change("unit", "office", geometry=both, name={"en": "\0"})).plan.rooms
    assert [room.id for room in rooms if room.id.startswith("office")] == ["office", "office/2"]


def test_kiosks_stand_in_the_way_and_a_kind_of_file_name_is_taken() -> None:
    files = building() | {"kiosk": [feature("K", box(14, 1, 2, 1), level_id="L0") | {"feature_type": "kiosk"}]}
    files["unit"][0].pop("feature_type")
    plan = read(files | {"manifest": []}).plan
    assert {room.id: room.kind for room in plan.rooms if room.id in ("K", "hall0")} == {
        "K": "solid",
        "hall0": "corridor",
    }


def test_levels_of_two_buildings_that_disagree_are_named_by_number() -> None:
    files = building()
    files["level"].append(feature("M0", None, ordinal=0, name={"ru": "Этаж 1"}))
    files["level"].append(feature("M5", None, ordinal=5, name={"ru": "Этаж 6"}))
    files["venue"] = []
    plan = read(files).plan
    assert [level.name for level in plan.levels] == [
        Text("0 层", "Level 0"), Text("Floor 1", "Floor 1"), Text("Этаж 6", "Этаж 6"),
    ]  # fmt: skip
    assert plan.name == Text("未命名", "Unnamed")


def test_an_archive_of_nothing_but_a_manifest_is_refused() -> None:
    with pytest.raises(Invalid, match="manifest"):
        read_imdf({"manifest.json": b'{"version": "1.0.0"}'})


_junk = st.one_of(
    st.none(), st.integers(), st.text(max_size=4), st.lists(st.integers(), max_size=2), st.just(["street"])
)
_shapes = st.sampled_from([None, point(0, 0), box(0, 0), line((0, 0), (1, 1)), {"type": "Polygon", "coordinates": 7}])


@settings(max_examples=60)
@given(st.data())
def test_damage_of_any_kind_loses_no_feature_silently(data: st.DataObject) -> None:
    files = copy.deepcopy(building())
    for _ in range(data.draw(st.integers(1, 4))):
        features = files[data.draw(st.sampled_from(sorted(files)))]
        where = data.draw(st.integers(0, len(features) - 1))
        one = features[where]
        match data.draw(st.sampled_from(["property", "member", "geometry", "id", "junk", "twice"])):
            case "property" if isinstance(one, dict) and one.get("properties"):
                one["properties"][data.draw(st.sampled_from(sorted(one["properties"])))] = data.draw(_junk)
            case "member" if isinstance(one, dict):
                one["feature_type"] = data.draw(_junk)
            case "geometry" if isinstance(one, dict):
                one["geometry"] = data.draw(_shapes)
            case "id" if isinstance(one, dict):
                one["id"] = data.draw(_junk)
            case "junk":
                features[where] = data.draw(_junk)  # type: ignore[call-overload]
            case _:
                features.append(copy.deepcopy(one))
    imported = read(files)
    assert accounted(imported, files)
    assert msgspec.convert(msgspec.to_builtins(imported.plan), Plan) == imported.plan


# The campus of the Peter the Great St. Petersburg Polytechnic University.


@pytest.fixture(scope="module")
def campus(shared_data: Path) -> Imported:
    folder = shared_data / "maps" / "spbstu_imdf"
    return read_imdf({path.name: path.read_bytes() for path in sorted(folder.glob("*.geojson"))})


@pytest.mark.shared
def test_the_campus_is_read_whole(campus: Imported) -> None:
    plan = campus.plan
    assert [level.level for level in plan.levels] == [0, 1, 2, 3, 4, 5]
    things = (plan.rooms, plan.doors, plan.rises, plan.landmarks, plan.nodes, plan.ways)
    assert [len(some) for some in things] == [443, 472, 17, 37, 2726, 3131]
    assert sum(None not in door.joins for door in plan.doors) == 472
    assert Counter(finding.kind for finding in campus.findings) == {
        "reference_unknown": 20, "kind_unknown": 9, "isolated": 7, "not_kept": 7, "one_way": 11,
    }  # fmt: skip


@pytest.mark.shared
def test_the_campus_walk_graph_and_its_faults(campus: Imported) -> None:
    """Eleven times a node names a neighbour that does not name it back: nine links, of which one is named three times.

    52 nodes hang on the main part in neither direction; by strong connection seven more can not be returned from or
    not be entered.
    """
    network = walking_network(campus.plan)
    assert (network.graph.nodes, sorted(set(network.graph.level.tolist()))) == (2726, [0, 1, 2, 3, 4, 5])
    assert sum(finding.kind == "one_way" for finding in campus.findings) == 11
    assert len(one_way_links(network)) == 9
    assert len(outside_main(network)) == 52
    assert int((strong_parts(network.graph) != 0).sum()) == 59
    findings = check_network(network, campus.plan)
    assert sum(finding.count for finding in findings if finding.kind == "isolated") == 52


@pytest.mark.shared
@pytest.mark.parametrize("lifts", [True, False])
def test_level_five_of_the_campus_is_left_to_the_ground(campus: Imported, lifts: bool) -> None:
    graph = walking_network(campus.plan, lifts=lifts).graph
    main = parts(graph) == 0
    start = int(np.flatnonzero(main & (graph.level == 5))[0])
    open_ = graph.millis != BANNED
    arcs = (graph.millis[open_].astype(float), (graph.tails[open_], graph.heads[open_]))
    times, before = dijkstra(csr_array(arcs, shape=(graph.nodes, graph.nodes)), indices=start, return_predecessors=True)
    ground = np.flatnonzero(main & (graph.level == 0))
    assert np.isfinite(times[ground]).mean() > 0.99
    path = [int(ground[np.argmin(times[ground])])]
    while path[-1] != start:
        path.append(int(before[path[-1]]))
    levels = graph.level[path[::-1]].tolist()
    assert [level for i, level in enumerate(levels) if i == 0 or level != levels[i - 1]] == [5, 4, 3, 2, 1, 0]


@pytest.mark.shared
def test_the_campus_is_walked_by_its_rooms_when_nobody_drew_a_network(campus: Imported) -> None:
    plan = msgspec.structs.replace(campus.plan, nodes=[], ways=[])
    network = walking_network(plan)
    assert Counter(node.kind for node in network.nodes) == {"door": 944, "stop": 57, "lift": 5, "corner": 144}
    assert one_way_links(network) == []
