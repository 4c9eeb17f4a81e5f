"""A plan as GeoJSON."""

from __future__ import annotations

from geo.places.model import AssemblyPoint, Landmark, Rise, Stop, Way, WayNode
from mobile_contract.text import Text
from plant.places.features import features_of
from tests.unit.drawn_places import at, door, plan, room

PLAN = plan(
    0,
    1,
    rooms=[room("hall", 0, 0), room("attic", 0, 0, level=1)],
    doors=[door("out", 0, 2, "hall", exit=True)],
    rises=[Rise(id="stairs", kind="stairs", stops=[Stop(level=n, at=at(1, 1)) for n in (0, 1)], up_s=9.0)],
    assembly_points=[AssemblyPoint(id="yard", at=at(-9, 0), name=Text("院", "Yard"))],
    landmarks=[Landmark(id="aed", kind="first_aid", level=1, at=at(2, 2))],
    nodes=[WayNode(id="x", level=0, at=at(1, 1)), WayNode(id="y", level=1, at=at(1, 1))],
    ways=[Way(id="up", ends=("x", "y"), rise="stairs")],
)


def test_every_thing_is_a_feature_with_its_geometry() -> None:
    found = features_of(PLAN)
    assert [(it["id"], it["properties"]["what"], it["geometry"]["type"]) for it in found] == [
        ("hall", "room", "Polygon"),
        ("attic", "room", "Polygon"),
        ("out", "door", "Point"),
        ("yard", "assembly_point", "Point"),
        ("aed", "landmark", "Point"),
        ("x", "node", "Point"),
        ("y", "node", "Point"),
        ("stairs@0", "rise", "Point"),
        ("stairs@1", "rise", "Point"),
        ("up", "way", "LineString"),
    ]
    assert found[2]["properties"]["exit"] is True
    assert found[7]["properties"]["leads_to"] == [1]


def test_a_level_shows_what_is_on_it_and_what_leads_to_it() -> None:
    assert [it["id"] for it in features_of(PLAN, 1)] == ["attic", "aed", "y", "stairs@1", "up"]
    assert features_of(PLAN, 7) == []
