"""WRLD maps: rooms from walls, floors by file names, lines to walk, and the building that was published."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from core.errors import Invalid
from geo.places.checking import check_network
from geo.places.findings import Imported
from geo.places.walking import walking_network
from geo.places.wrld import read_wrld
from tests.unit.drawn_places import box, collection, faults, feature, line, point

MAIN = (
    b'{"name": "Works", "levels": [{"filename": "works-gf.geojson", "z_order": 0, "readable_name": "Ground"}, 7,'
    b'{"filename": "upper.geojson", "z_order": 1, "name": "1"}, {"filename": "x.geojson", "z_order": "1"}]}'
)


def drawn(own: Any, kind: Any, geometry: Any, **more: Any) -> dict[str, Any]:
    return feature(None, geometry, id=own, type=kind, **more)


def ground() -> list[dict[str, Any]]:
    """A hall and a store behind one wall with a door in it, a door to the street, stairs open to the hall."""
    return [
        drawn(1, "building_outline", box(0, 0, 20, 10)),
        drawn(2, "wall", box(12, 0, 0.2, 4)),
        drawn(3, "wall", box(12, 5, 0.2, 5)),
        drawn(4, "door", box(12, 4, 0.2, 1)),
        drawn(5, "wall", box(0, 0, 0.2, 4)),
        drawn(6, "door", box(0, 4, 0.2, 1)),
        drawn(7, "window", box(0, 5, 0.2, 5)),
        drawn(8, "stairs", box(2, 8, 4, 2), roomnumber="S1"),
        drawn(9, "inaccessible_space", box(16, 2, 1, 1)),
        drawn(10, "no_geometry", box(0, 0, 1, 1), name="Sign"),
    ]


def upper() -> list[dict[str, Any]]:
    return [drawn(1, "building_outline", box(0, 0, 20, 10)), drawn(8, "stairs", box(2, 8, 4, 2))]


def read(**files: Any) -> Imported:
    given = {"main.json": MAIN, "works-gf.geojson": collection(*ground()), "upper.geojson": collection(*upper())}
    return read_wrld(given | {name.replace("_", "-") + ".geojson": collection(*some) for name, some in files.items()})


def test_walls_make_rooms_and_doors_join_them() -> None:
    imported = read()
    plan = imported.plan
    assert (plan.name.en, [(level.level, level.name.en) for level in plan.levels]) == (
        "Works",
        [(0, "Ground"), (1, "1")],
    )
    assert {room.id: room.kind for room in plan.rooms if room.kind != "solid"} == {
        "works-gf:8": "stairs", "upper:8": "stairs", "space 0:0": "room", "space 0:1": "room", "space 1:0": "room",
    }  # fmt: skip
    doors = {door.id: (set(door.joins), door.exit, door.width_m) for door in plan.doors if door.state == "closed"}
    assert doors == {
        "works-gf:4": ({"space 0:0", "space 0:1"}, False, 1.0),
        "works-gf:6": ({"space 0:0", None}, True, 1.0),
    }
    assert {frozenset(door.joins) for door in plan.doors if door.state == "open"} == {
        frozenset({"works-gf:8", "space 0:0"}), frozenset({"upper:8", "space 1:0"}),
    }  # fmt: skip
    assert [(rise.kind, [stop.room for stop in rise.stops]) for rise in plan.rises] == [
        ("stairs", ["works-gf:8", "upper:8"])
    ]
    assert [room.name.en for room in plan.rooms if room.name] == ["S1"]
    assert Counter(finding.kind for finding in imported.findings) == {"not_kept": 3}
    assert check_network(walking_network(plan), plan) == []


LINE = line((0, 0), (1, 0))
NOWHERE = {"type": "Point"}
NO_FLOOR = ("level_unknown", "refused", "main-paths#1")
NO_LINE = ("geometry_unknown", "refused", "main-paths#1")


@pytest.mark.parametrize(
    ("file", "one", "fault"),
    [
        ("attic", drawn(1, "wall", box(0, 0)), ("level_unknown", "refused", "attic#1")),
        ("works_500", drawn(1, "wall", box(0, 0)), ("level_unknown", "refused", "works-500#1")),
        ("works_2", drawn(1, "wall", line((0, 0), (1, 1))), ("geometry_unknown", "refused", "works-2#1")),
        ("works_2", drawn(1, "wall", None), ("geometry_unknown", "refused", "works-2#1")),
        ("works_2", drawn(1, "wall", box(0, 0, 0.05, 0.05)), ("too_small", "refused", "works-2#1")),
        ("works_2", drawn(1, "elevator", box(0, 0)), ("isolated", "noted", "works-2:1")),
        ("works_2", drawn(1, "door", box(90, 0)), ("door_off_wall", "noted", "works-2#1")),
        ("works_2", drawn(1, 7, box(90, 0)), ("not_kept", "refused", "works-2")),
        ("works_2_paths", drawn(1, "pathway", point(0, 0)), ("geometry_unknown", "refused", "works-2-paths#1")),
        ("works_2_paths", drawn(1, "pathway", None), ("geometry_unknown", "refused", "works-2-paths#1")),
        ("works_2_paths", drawn(1, "pathway", line((0, 0), (0, 0))), ("too_small", "refused", "works-2-paths#1")),
        ("main_paths", drawn(1, "stairs", LINE) | {"levels": [1]}, NO_FLOOR),
        ("main_paths", drawn(1, "stairs", LINE) | {"levels": []}, NO_FLOOR),
        ("main_paths", drawn(1, "stairs", LINE) | {"levels": [1, "x"]}, NO_FLOOR),
        ("main_paths", drawn(1, "stairs", box(0, 0)) | {"levels": [1, 0]}, NO_LINE),
        ("works_2_paths", drawn(1, "pathway", NOWHERE), ("position_out_of_range", "refused", "works-2-paths#1")),
    ],
)  # fmt: skip
def test_each_fault_is_named_and_the_rest_is_read(file: str, one: Any, fault: tuple[str, str, str]) -> None:
    imported = read(**{file: [one]})
    assert fault in faults(imported.findings)
    assert len(imported.plan.rooms) >= 9


def test_an_area_of_two_parts_is_two_rooms() -> None:
    both = {"type": "MultiPolygon", "coordinates": [box(40, 0)["coordinates"], box(50, 0)["coordinates"]]}
    rooms = read(works_2=[drawn(1, "room", both, name="Twins")]).plan.rooms
    assert [room.id for room in rooms if room.name and room.name.en == "Twins"] == ["works-2:1", "works-2:1/2"]


def test_paths_are_a_drawn_network() -> None:
    plan = read(
        works_gf_paths=[
            drawn(1, "pathway", line((1, 1), (5, 1), (5, 9))),
            drawn(2, "entrance", line((1, 1), (-1, 1))),
        ],
        upper_paths=[drawn(3, "pathway", line((5, 9), (9, 9)))],
        main_paths=[drawn(4, "stairs", line((5, 9), (5, 9))) | {"levels": [0, 1]}],
    ).plan
    assert {way.id: way.rise for way in plan.ways} == {
        "works-gf-paths:1/0": None, "works-gf-paths:1/1": None, "works-gf-paths:2": None, "upper-paths:3": None,
        "main-paths:4": "stairs",
    }  # fmt: skip
    network = walking_network(plan)
    assert len(network.exits) == 1
    assert "isolated" not in [finding.kind for finding in check_network(network, plan)]


def test_without_a_main_file_the_files_names_say_the_floor() -> None:
    plan = read_wrld({"dir/tower-gf.geojson": collection(*ground()), "dir/tower--1.geojson": collection(*upper())}).plan
    assert (plan.name.en, [level.level for level in plan.levels]) == ("tower-gf", [-1, 0])


def test_a_main_file_that_is_none_is_read_as_a_map_and_refused() -> None:
    with pytest.raises(Invalid, match=r"main\.json"):
        read_wrld({"main.json": b'{"levels": 7}'})
    with pytest.raises(Invalid, match=r"main\.json"):
        read_wrld({"main.json": MAIN})


# Westport House.


@pytest.fixture(scope="module")
def westport(shared_data: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted((shared_data / "maps" / "wrld_westport").glob("*json"))}


@pytest.mark.shared
def test_the_published_house_is_read_whole(westport: dict[str, bytes]) -> None:
    imported = read_wrld(westport)
    plan = imported.plan
    assert [level.level for level in plan.levels] == [0, 1, 2, 3, 4, 5, 6]
    things = (plan.rooms, plan.doors, plan.rises, plan.nodes, plan.ways)
    assert [len(some) for some in things] == [756, 377, 13, 96, 109]
    assert Counter(finding.kind for finding in imported.findings) == {"not_kept": 8, "isolated": 1}
    network = walking_network(plan)
    assert sorted(set(network.graph.level.tolist())) == [0, 1, 2]
    # The drawn entrance, and a door to the street that a drawn line ends at.
    assert len(network.exits) == 2


@pytest.mark.shared
def test_of_the_published_house_every_floor_is_walked_by_its_walls(westport: dict[str, bytes]) -> None:
    plan = read_wrld({name: data for name, data in westport.items() if "paths" not in name}).plan
    network = walking_network(plan)
    assert sorted(set(network.graph.level.tolist())) == [0, 1, 2, 3, 4, 5, 6]
    findings = check_network(network, plan)
    assert sum(finding.kind == "unreachable" for finding in findings) == 15
    assert sum(room.kind != "solid" for room in plan.rooms) == 330
