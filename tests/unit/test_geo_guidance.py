"""What people are told of their way: safe, to the edge of a hazard, out of one, or none; and the map that is asked.

The house: a hall in the west and a store in the east, joined by a north corridor (the shorter way) and a south one. A
lift and stairs lead up from the hall to a gallery. Outside, in the west, people gather.
"""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
import pytest

from core.errors import Invalid
from geo.graph.csr import BANNED
from geo.guidance import Danger, Goal, Guided, guide
from geo.hazards.dose import LoadLaw, Protection
from geo.hazards.model import Area, Concentration, Hazard, Slice, aged
from geo.places.model import Door
from geo.places.network import ArcKind
from geo.routing.snapping import Place, at_node
from geo.site_map import Passages, SiteMap, Standing, keep_out
from mobile_contract.text import Text
from tests.example_buildings import two_corridors
from tests.small_buildings import SITE

STORE = Text("库房", "the store")
HOUR_MS = 3_600_000
ACETONE = LoadLaw("acetone", 1.0, "ppm", "Haber's rule")


@pytest.fixture(scope="module")
def site() -> SiteMap:
    return SiteMap(two_corridors().plan())


def square(x0: float, y0: float, x1: float, y1: float) -> dict[str, Any]:
    ring = [(x0, y0), (x1, y0), (x1, y1), (x0, y1), (x0, y0)]
    return {"type": "Polygon", "coordinates": [SITE.to_degrees(ring).tolist()]}


def ban(
    name: str, box: tuple[float, float, float, float], *, ppm: float | None = None, factor: float | None = None
) -> Standing:
    air = [] if ppm is None else [Concentration("acetone", ppm, "ppm")]
    area = Area(polygon=square(*box), levels=[0], factor=factor, air=air)
    return Standing(Hazard(id=name, source="drawn", slices=[Slice(start_ms=0, length_ms=HOUR_MS, areas=[area])]))


NORTH = (30, 15, 50, 19)
EAST = (40, -5, 85, 25)


def placed(site: SiteMap, x: float, y: float) -> Place:
    lon, lat = SITE.to_degrees([(x, y)])[0].tolist()
    return site.place(lon, lat, 0)


def told(
    site: SiteMap,
    standing: list[Standing],
    start: tuple[float, float] = (10, 15),
    *,
    danger: Danger | None = None,
    passages: Passages | None = None,
    goal: tuple[float, float] = (70, 12),
    through: bool = False,
) -> Guided:
    hazards = site.hazards(standing)
    now = site.conditions(hazards, passages or Passages())
    goals = [Goal(placed(site, *goal), STORE)]
    (found,) = guide(site, now, hazards, [placed(site, *start)], goals, danger=danger, through=through)
    return found


def said(found: Guided) -> str:
    assert found.told is not None
    return " ".join(step.text.en for step in found.told.steps)


def test_the_shorter_way_is_told_from_where_one_stands(site: SiteMap) -> None:
    found = told(site, [])
    assert (found.state, found.cost, found.reason) == ("safe", None, None)
    assert "North Door 1" in said(found)
    assert found.told is not None
    assert found.told.summary.en.startswith("To the store")
    assert found.directions is not None
    first, last = found.directions.steps[0].line["coordinates"][0], found.directions.steps[-1].line["coordinates"][-1]
    snapped, there = placed(site, 10, 15), placed(site, 70, 12)
    at = site.projection.to_metres([first, last])
    np.testing.assert_allclose(at, [(snapped.on_x, snapped.on_y), (there.on_x, there.on_y)], atol=0.05)


def test_a_hazard_on_it_turns_the_way_south(site: SiteMap) -> None:
    found = told(site, [ban("leak", NORTH)])
    assert found.state == "safe"
    assert "South Door 1" in said(found)
    assert "North" not in said(found)


def test_a_locked_door_does_too_and_an_opened_one_takes_it_back(site: SiteMap) -> None:
    assert "South Door 1" in said(told(site, [], passages=Passages(doors={"NW": "locked", "none": "locked"})))
    assert "North Door 1" in said(told(site, [], passages=Passages(doors={"NW": "badge"})))


def test_nobody_is_sent_into_a_hazard_they_wait_at_its_edge_and_the_cost_beyond_is_said(site: SiteMap) -> None:
    danger = Danger(Text("丙酮", "acetone"), ACETONE, 1_000.0, Text("短时限值", "the short-term limit"))
    found = told(site, [ban("leak", EAST, ppm=2_000.0), ban("dust", (-50, -50, -45, -45))], danger=danger)
    assert found.state == "no_safe_route"
    assert found.reason is not None
    assert "Wait at the edge" in found.reason.en
    assert found.route is not None
    assert found.route.crossed == ()
    assert found.told is not None
    assert found.told.warnings[0] == found.reason
    cost = found.cost
    assert cost is not None
    assert cost.hazards == ("leak",)
    assert cost.exposed_ms > 0
    assert cost.unmeasured_ms == 0
    assert cost.share == pytest.approx(cost.load / 1_000.0)
    assert cost.line[0]["line"]["type"] == "LineString"


def test_where_a_part_of_the_air_is_not_measured_no_share_of_a_limit_is_told(site: SiteMap) -> None:
    """A fire of which nobody knows what it gives off, beside the leak: what the leak alone does is not the dose."""
    danger = Danger(Text("丙酮", "acetone"), ACETONE, 1_000.0, Text("短时限值", "the short-term limit"))
    found = told(site, [ban("leak", (25, -5, 59, 25), ppm=500.0), ban("fire", (55, -5, 85, 25))], danger=danger)
    assert found.cost is not None
    assert found.cost.load > 0
    assert found.cost.unmeasured_ms > 0
    assert found.cost.share is None
    through = told(
        site,
        [ban("leak", (25, -5, 59, 25), ppm=500.0), ban("fire", (55, -5, 85, 25))],
        danger=danger,
        through=True,
    )
    assert through.told is not None
    assert "dose not known" in through.told.warnings[0].en


def test_one_near_the_edge_goes_to_the_door_before_it_and_no_further(site: SiteMap) -> None:
    found = told(site, [ban("leak", (21, -5, 85, 25))], (10, 17))
    assert found.state == "no_safe_route"
    assert found.directions is not None
    assert [step.kind for step in found.directions.steps] == ["start", "arrive"]
    assert found.cost is not None
    assert found.cost.unmeasured_ms > 0
    assert found.cost.share is None


def test_one_at_the_edge_already_stays(site: SiteMap) -> None:
    hazards = site.hazards([ban("leak", (21, -5, 85, 25))])
    goals = [Goal(placed(site, 80, 10), STORE)]
    doors = [at_node(site.graph, number) for number, it in enumerate(site.network.nodes) if it.of == "NW"]
    beside, before = sorted(
        guide(site, site.conditions(hazards), hazards, doors, goals), key=lambda it: it.route is None
    )
    assert beside.state == before.state == "no_safe_route"
    assert before.route is None
    assert before.reason is not None
    assert "Stay where you are" in before.reason.en


def test_one_inside_at_the_goal_already_is_told_that_it_is_no_safe_place(site: SiteMap) -> None:
    hazards = site.hazards([ban("fire", (-40, -5, 90, 25))])
    point = site.assembly()[0]
    goals = [Goal(point, Text("集合点", "the point"))]
    (found,) = guide(site, site.conditions(hazards), hazards, [point], goals)
    assert found.state == "no_safe_route"
    assert found.cost is not None
    assert found.cost.line == []


def test_one_whose_next_step_is_into_it_stays(site: SiteMap) -> None:
    found = told(site, [ban("leak", (25, -5, 85, 25)), ban("fire", (-30, -5, 19, 25))], (22, 17))
    assert (found.state, found.route) == ("no_safe_route", None)
    assert found.reason is not None
    assert "Stay where you are" in found.reason.en


def test_a_crew_that_goes_through_is_told_the_whole_way_and_its_dose_with_the_mask(site: SiteMap) -> None:
    danger = Danger(
        Text("丙酮", "acetone"), ACETONE, 1_000.0, Text("短时限值", "the short-term limit"), Protection(factor=50.0)
    )
    found = told(site, [ban("leak", EAST, ppm=2_000.0)], danger=danger, through=True)
    assert found.state == "no_safe_route"
    assert found.told is not None
    assert "with the mask on" in found.told.warnings[0].en
    assert "North Door 2" in said(found)


def test_one_inside_with_no_safe_way_out_is_led_by_the_least_harm(site: SiteMap) -> None:
    found = told(site, [ban("leak", EAST), ban("fire", (-5, -5, 35, 25))], (65, 10), goal=(2, 10))
    assert found.state == "no_safe_route"
    assert found.route is not None
    assert found.told is not None
    assert found.told.warnings[0].en.startswith("No route is safe")
    assert found.cost is not None
    assert found.cost.hazards == ("fire", "leak")


def test_behind_locked_doors_there_is_no_route(site: SiteMap) -> None:
    shut = Passages(doors={"NW": "locked", "SW": "locked"})
    found = told(site, [], passages=shut)
    assert (found.state, found.route) == ("no_route", None)
    assert found.reason is not None
    assert found.reason.zh
    assert found.reason.en


def test_one_who_is_there_is_told_so(site: SiteMap) -> None:
    hazards = site.hazards([])
    point = site.assembly()[0]
    (found,) = guide(site, site.conditions(hazards), hazards, [point], [Goal(point, Text("集合点", "the point"))])
    assert [step.kind for step in found.directions.steps] == ["arrive"] if found.directions else False


def test_lifts_are_taken_when_they_may_be_and_a_rise_out_of_use_is_not(site: SiteMap) -> None:
    lifts = {arc for arc in range(site.graph.arcs) if site.graph.kinds[arc] == ArcKind.LIFT}
    assert lifts
    assert lifts <= set(site.closed().tolist())
    assert not lifts & set(site.closed(Passages(lifts=True)).tolist())
    stairs = set(site.closed(Passages(shut=frozenset({"S"}), lifts=True)).tolist())
    assert stairs
    assert {site.network.arc_of[arc] for arc in stairs} == {"S"}


def test_a_zone_is_its_nodes_and_its_middle(site: SiteMap) -> None:
    places = site.nodes_in(square(60, 0, 80, 20), 0)
    assert places
    lons = site.projection.to_degrees([(place.x, place.y) for place in places])
    assert all(59.9 <= x <= 80 for x, _ in SITE.to_metres(lons))
    assert site.nodes_in(square(200, 200, 210, 210), 0) == []
    assert site.middle_of(square(60, 0, 80, 20), 0).level == 0
    assert site.gates.per_ks.sum() > 0


def test_people_gather_at_the_points_named_and_where_there_are_none_at_the_exits(site: SiteMap) -> None:
    assert len(site.assembly()) == len(site.assembly(["A"])) == 1
    (outside,) = {place.node for place in site.assembly(["none"])} & set(site.network.exits)
    assert outside in site.network.exits


def test_bans_are_kept_out_of_lines_and_slow_areas_are_not(site: SiteMap) -> None:
    hazards = site.hazards([ban("leak", NORTH), ban("smoke", EAST, factor=2.0)])
    areas = keep_out(site.conditions(hazards))
    assert set(areas) == {0}
    assert areas[0].area == pytest.approx(80, rel=1e-3)


def test_an_older_hazard_is_where_its_slices_say_it_is_by_now() -> None:
    areas = [[Area(polygon=square(0, 0, n, 1), levels=[0])] for n in (1, 2, 3)]
    slices = [Slice(start_ms=n * 100, length_ms=100, areas=it) for n, it in enumerate(areas)]
    hazard = Hazard(id="h", source="grown", slices=slices)
    assert aged(hazard, 0) is hazard
    moved = aged(hazard, 150)
    assert [(it.start_ms, it.length_ms, it.areas) for it in moved.slices] == [(0, 50, areas[1]), (50, 100, areas[2])]
    assert [(it.start_ms, it.length_ms) for it in aged(hazard, 9_000).slices] == [(0, 1)]


def test_of_a_hazard_on_a_level_that_is_no_more_the_rest_counts(site: SiteMap) -> None:
    area = Area(polygon=square(*NORTH), levels=[0, 7])
    lost = Area(polygon=square(*EAST), levels=[7])
    slices = [Slice(start_ms=0, length_ms=HOUR_MS, areas=[area, lost])]
    found = told(site, [Standing(Hazard(id="leak", source="drawn", slices=slices))])
    assert found.state == "safe"
    assert "South Door 1" in said(found)


def test_who_is_inside_beside_a_wall_is_not_taken_for_outside(site: SiteMap) -> None:
    plan = site.plan
    east = [
        Door(id=name, level=0, at=lon_lat(80, y), joins=("store", None), exit=True, state="locked")
        for name, y in (("E1", 5), ("E2", 15))
    ]
    doors = SiteMap(msgspec.structs.replace(plan, doors=[*plan.doors, *east]))
    inside = doors.place(*lon_lat(77, 10), 0)
    assert {doors.network.nodes[it].room for it in ends_of(doors, inside)} == {"store"}
    outside = doors.place(*lon_lat(83, 10), 0)
    assert {doors.network.nodes[it].room for it in ends_of(doors, outside)} == {None}
    shut = doors.conditions(passages=Passages(doors=dict.fromkeys(("NE", "SE", "E1", "E2"), "locked")))
    with pytest.raises(Invalid) as problem:
        doors.place(*lon_lat(77, 10), 0, base=np.full_like(shut.base, BANNED))
    assert problem.value.code == "geo.position_shut_in"


def lon_lat(x: float, y: float) -> tuple[float, float]:
    lon, lat = SITE.to_degrees([(x, y)])[0].tolist()
    return lon, lat


def ends_of(site: SiteMap, place: Place) -> list[int]:
    if place.node >= 0:
        return [place.node]
    arc = max(place.ahead, place.back)
    return [int(site.graph.tails[arc]), int(site.graph.heads[arc])]
