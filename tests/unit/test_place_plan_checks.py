"""What a plan of a place has to be before it is stored, and before people are sent through it."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.errors import GEOSException

from core.errors import Conflict, Invalid
from geo.places.findings import Finding, FindingKind
from geo.places.indoorgml_cells import Anchor
from geo.places.model import AssemblyPoint, Door, Landmark, Plan, Rise, Room, Stop, Way, WayNode
from mobile_contract.place_plans import DrawnPlan
from mobile_contract.text import Text
from plant.places import checks
from plant.places.checks import check_drawn, check_publishable, read_files, review
from plant.places.model import Accepted, FileFormat, InstrumentedZone, Report
from tests.unit.drawn_places import LAT, LON, at, box, collection, door, plan, polygon, room

HALL = room("hall", 0, 0)
OUT = door("out", 0, 2, "hall", exit=True)


def finding(kind: FindingKind, place: str = "hall") -> Finding:
    return Finding(kind=kind, outcome="noted", place=place, detail=Text("错", "wrong"))


def kinds(drawn: Plan, *zones: InstrumentedZone) -> list[str]:
    return [it.kind for it in review(drawn, zones).report.checked]


def test_a_sound_plan_has_a_network_and_nothing_wrong() -> None:
    done = review(plan(rooms=[HALL], doors=[OUT]), [])
    assert done.report == Report()
    assert done.network is not None
    assert (done.network.parts, done.network.exits) == (1, 1)
    assert msgspec.json.decode(done.text, type=Plan) == plan(rooms=[HALL], doors=[OUT])


def test_a_room_behind_a_badge_is_no_trap() -> None:
    lab, between = room("lab", 6, 0), door("between", 6, 2, "hall", "lab", state="badge")
    assert kinds(plan(rooms=[HALL, lab], doors=[OUT, between])) == []


def test_a_room_without_a_door_is_unreachable() -> None:
    assert "unreachable" in kinds(plan(rooms=[HALL, room("store", 6, 0)], doors=[OUT]))


def test_a_plan_that_contradicts_itself_is_not_walked() -> None:
    done = review(plan(rooms=[HALL, room("hall", 6, 0)]), [])
    assert (done.network, [it.kind for it in done.report.checked]) == (None, ["duplicate_id"])


def test_a_plan_with_no_place_in_it_can_not_be_walked() -> None:
    assert kinds(plan()) == ["not_walkable"]


def test_a_plan_without_a_goal_can_not_be_walked() -> None:
    assert kinds(plan(rooms=[HALL]))[0] == "not_walkable"
    yard = AssemblyPoint(id="yard", at=at(1, 1), name=Text("院", "Yard"))
    assert "not_walkable" not in kinds(plan(rooms=[HALL], assembly_points=[yard]))


def test_a_geometry_that_fails_is_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: Any, **__: Any) -> None:
        raise GEOSException("side location conflict")

    monkeypatch.setattr(checks, "walking_network", fails)
    done = review(plan(rooms=[HALL], doors=[OUT]), [])
    assert "side location conflict" in done.report.checked[0].detail.en


@pytest.mark.parametrize(
    ("zone", "placed"),
    [
        (InstrumentedZone("hall", box(1, 1), 0, 3), True),
        (InstrumentedZone("above", box(1, 1), 1, 3), False),
        (InstrumentedZone("tank farm", box(50, 50), 0, 3), False),
        (InstrumentedZone("column", box(2, 10, 1, 1), 0, 3), False),
    ],
)
def test_instruments_where_the_plan_has_no_place_are_noted(zone: InstrumentedZone, placed: bool) -> None:
    column = room("column", 2, 10, 1, 1, kind="solid")
    found = review(plan(rooms=[HALL, column], doors=[OUT]), [zone]).report.checked
    assert [(it.kind, it.place, it.count) for it in found] == ([] if placed else [("unplaced", f"zone {zone.slug}", 3)])


def test_findings_beyond_the_limit_are_counted_and_the_worst_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "FINDINGS_MAX", 1)
    zones = [InstrumentedZone("far", box(50, 50), 0, 1)]
    store = room("store", 6, 0)
    report = review(plan(rooms=[HALL, store], doors=[OUT]), zones, [finding("not_kept")] * 3).report
    assert [it.kind for it in report.checked] == ["unreachable"]
    assert (len(report.imported), report.left_out) == (1, 3)


@pytest.mark.parametrize("limit", ["THINGS_MAX", "PLAN_MAX_BYTES"])
def test_a_plan_too_large_to_keep_is_refused(limit: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, limit, 1)
    with pytest.raises(Invalid) as refused:
        review(plan(rooms=[HALL], doors=[OUT]), [])
    assert (refused.value.code, refused.value.limit) == ("place_plan.too_large", 1)


def test_rooms_all_drawn_over_each_other_are_refused_before_they_are_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "PAIRS_MAX", 99)
    # On one level each meets itself and the others: 81 pairs, then 100.
    for count, crowded in ((9, False), (10, True)):
        rooms = [room(f"{n}", 0, 0) for n in range(count)] + [room(f"above {n}", 0, 0, level=1) for n in range(4)]
        if not crowded:
            review(plan(0, 1, rooms=rooms), [])
            continue
        with pytest.raises(Invalid) as refused:
            review(plan(0, 1, rooms=rooms), [])
        assert (refused.value.code, refused.value.limit) == ("place_plan.crowded", 99)


def test_rooms_with_too_many_doors_and_corners_are_refused_unless_the_ways_are_drawn(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stairs = Rise(id="stairs", kind="stairs", stops=[Stop(level=0, at=at(1, 1), room="hall")])
    drawn = plan(rooms=[HALL], doors=[OUT], rises=[stairs])
    # Five positions, a door and a stop.
    monkeypatch.setattr(checks, "SIGHTS_MAX", 48)
    with pytest.raises(Invalid) as refused:
        review(drawn, [])
    assert (refused.value.code, refused.value.value) == ("place_plan.too_complex", 49)
    nodes = [WayNode(id="x", level=0, at=at(1, 1)), WayNode(id="y", level=0, at=at(-1, 2), exit=True)]
    review(msgspec.structs.replace(drawn, nodes=nodes, ways=[Way(id="way", ends=("x", "y"))]), [])


def test_a_text_that_can_not_be_stored_is_refused() -> None:
    with pytest.raises(Invalid, match="NUL"):
        review(plan(rooms=[room("a\0", 0, 0)]), [])


@pytest.mark.parametrize("far", [(LON + 1, LAT), (LON, LAT - 1), (181.0, LAT), (LON, float("nan"))])
def test_a_plan_wider_than_a_site_is_refused(far: tuple[float, float]) -> None:
    gate = Door(id="gate", level=0, at=far, joins=(None, None))
    with pytest.raises(Invalid) as refused:
        review(plan(rooms=[HALL], doors=[gate]), [])
    assert refused.value.code == "place_plan.extent"


def at_site(lon: float, lat: float) -> Plan:
    return plan(landmarks=[Landmark(id="sign", kind="sign", level=0, at=(lon, lat))])


@pytest.mark.parametrize(("lon", "lat", "site_at"), [(31.0, 121.0, None), (40.0, 50.0, (50.1, 40.1))])
def test_a_plan_whose_coordinates_look_swapped_is_told_so(
    lon: float, lat: float, site_at: tuple[float, float] | None
) -> None:
    with pytest.raises(Invalid) as refused:
        review(at_site(lon, lat), [], site_at=site_at)
    assert (refused.value.code, refused.value.value) == ("place_plan.swapped", [lon, lat])


def test_a_plan_far_from_its_site_and_no_nearer_mirrored_is_noted() -> None:
    far = review(at_site(10.0, 20.0), [], site_at=(50.0, 40.0)).report.checked
    assert [it.kind for it in far if it.kind == "position_out_of_range"] == ["position_out_of_range"]
    near = review(at_site(50.2, 40.2), [], site_at=(50.0, 40.0)).report.checked
    assert "position_out_of_range" not in {it.kind for it in near}


@pytest.mark.parametrize(
    ("shape", "said"),
    [
        (polygon((0, 0), (6, 4), (6, 0), (0, 4)), "Self-intersection"),
        (polygon((0, 0), (6, 0), (3, 0)), "not a valid polygon|less than"),
        ({"type": "Polygon", "coordinates": [box(0, 0)["coordinates"][0][:4]]}, "ends where it starts"),
        ({"type": "Polygon", "coordinates": [[[0, 0]] * 2001]}, "positions"),
    ],
)
def test_a_drawn_room_that_is_no_polygon_is_refused_by_name(shape: dict[str, Any], said: str) -> None:
    with pytest.raises(Invalid, match=said) as refused:
        check_drawn(plan(rooms=[HALL, Room(id="store", level=0, polygon=shape)]))
    assert refused.value.value == "store"


def test_a_drawn_room_that_is_one_passes() -> None:
    check_drawn(plan(rooms=[HALL]))


def test_what_is_only_noted_forbids_nothing() -> None:
    check_publishable(Report(checked=[finding("one_way"), finding("unplaced")]), [])


def test_a_place_nobody_gets_out_of_is_accepted_by_kind_and_place() -> None:
    report = Report(checked=[finding("unreachable", "store"), finding("isolated", "attic")])
    with pytest.raises(Conflict, match="store, attic"):
        check_publishable(report, [])
    with pytest.raises(Conflict, match="attic") as refused:
        check_publishable(report, [Accepted("unreachable", "store"), Accepted("unreachable", "attic")])
    assert refused.value.value == [{"kind": "isolated", "place": "attic"}]
    check_publishable(report, [Accepted("unreachable", "store"), Accepted("isolated", "attic")])


@pytest.mark.parametrize("kind", sorted(checks.BROKEN))
def test_what_contradicts_itself_is_accepted_from_nobody(kind: FindingKind) -> None:
    with pytest.raises(Conflict) as refused:
        check_publishable(Report(checked=[finding(kind)]), [Accepted(kind, "hall")])
    assert refused.value.code == "place_plan.broken"


@pytest.mark.parametrize("file_format", ["imdf", "osm", "wrld"])
def test_geojson_of_every_format_is_read(file_format: FileFormat) -> None:
    assert read_files(file_format, {"level.geojson": collection()}, None, None).plan.rooms == []


def test_indoorgml_is_one_file_with_an_anchor() -> None:
    anchor = Anchor(lon=LON, lat=LAT)
    data = b'<IndoorFeatures xmlns="http://www.opengis.net/indoorgml/1.0/core"/>'
    assert read_files("indoorgml", {"a.gml": data}, None, anchor).plan.rooms == []
    for files, where in (({"a.gml": data}, None), ({"a.gml": data, "b.gml": data}, anchor)):
        with pytest.raises(Invalid) as refused:
            read_files("indoorgml", files, None, where)
        assert refused.value.code == "place_plan.anchor"


_PLACES = st.tuples(st.integers(0, 12), st.integers(0, 8)).map(lambda it: at(*it))
_IDS = st.sampled_from(["hall", "store", "a", "b"])
_LEVELS, _ENDS = st.integers(0, 1), st.sampled_from("xyz")
_MADE = st.builds(
    lambda rooms, doors, rises, nodes, ways: plan(0, 1, rooms=rooms, doors=doors, rises=rises, nodes=nodes, ways=ways),
    st.lists(st.builds(room, _IDS, st.integers(0, 9), st.integers(0, 4), level=_LEVELS), max_size=3),
    st.lists(
        st.builds(
            Door, id=st.sampled_from("pqr"), level=_LEVELS, at=_PLACES,
            joins=st.tuples(_IDS | st.none(), _IDS | st.none()), exit=st.booleans(), one_way=st.booleans(),
        ),
        max_size=3,
    ),
    st.lists(
        st.builds(
            Rise, id=st.just("rise"), kind=st.just("stairs"),
            stops=st.lists(st.builds(Stop, level=_LEVELS, at=_PLACES, room=_IDS | st.none()), min_size=1, max_size=2),
            up_s=st.just(9.0), down_s=st.none(),
        ),
        max_size=1,
    ),
    st.lists(st.builds(WayNode, id=st.sampled_from("xyz"), level=_LEVELS, at=_PLACES, exit=st.booleans()), max_size=3),
    st.lists(st.builds(Way, id=st.just("way"), ends=st.tuples(_ENDS, _ENDS)), max_size=1),
)  # fmt: skip


@given(_MADE)
@settings(max_examples=200, deadline=None)
def test_whatever_is_drawn_is_walked_or_said_to_be_unfit(drawn: Plan) -> None:
    done = review(drawn, [])
    broken = any(it.kind in checks.BROKEN for it in done.report.checked)
    assert (done.network is not None) or broken


def _fields(kind: Any) -> dict[str, Any]:
    """The fields of a Struct's JSON, each with what it may be left out for; bounds are the wire's own."""
    (_,), parts = msgspec.json.schema_components([kind])
    return {
        name.removeprefix("Drawn"): {
            field: about.get("default", "required") for field, about in part["properties"].items()
        }
        for name, part in parts.items()
        if name != "RoomPolygon"
    }


def test_what_is_drawn_on_the_wire_is_what_a_plan_is() -> None:
    stored, wire = _fields(Plan), _fields(DrawnPlan)
    stored["Node"], wire["Text"] = stored.pop("WayNode"), wire.pop("Named")
    assert wire == stored
