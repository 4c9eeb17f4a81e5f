"""Hazards of a site as they are drawn, stored and shown: what is refused and why, and what a phone shows of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import shape

from core.errors import Conflict, Invalid
from geo.hazards.footprints import HAZARD_POSITIONS_MAX, place
from geo.hazards.model import Area, Concentration, Hazard, Slice
from geo.projection import Projection
from incidents.hazards import stored
from incidents.hazards.checks import AreaDraft, check_near, drawn_hazard
from incidents.hazards.features import FEATURES_MAX, features_at
from incidents.hazards.model import Ground, StandingHazard
from incidents.hazards.present import (
    AREAS_SHOWN_MAX,
    POSITIONS_SHOWN_MAX,
    extent,
    next_change_ms,
    shown_areas,
    slice_at,
)
from incidents.hazards.stored import pack, unpack
from incidents.hazards.views import ended_view, restamped, view_of
from mobile_contract.room_views import HazardView
from mobile_contract.text import Text
from tests.unit.drawn_places import LAT, LON, at, box, polygon

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
NAME = Text("云", "Cloud")
ID = UUID(int=5)
WEST, SOUTH = at(0, 0)
EAST, NORTH = at(100, 100)
SITE = Ground([0, 1], [0, 7], WEST, SOUTH, EAST, NORTH)


def area(x: float = 0, y: float = 0, *, factor: float | None = None, levels: Any = (0,), **more: Any) -> Area:
    return Area(polygon=box(x, y), levels=list(levels), factor=factor, **more)


def hazard(*slices: list[Area]) -> Hazard:
    """A slice a minute."""
    made = [Slice(start_ms=n * 60_000, length_ms=60_000, areas=it) for n, it in enumerate(slices)]
    return Hazard(id=str(ID), source="grown", slices=made)


def circle(x: float, y: float, radius: float, corners: int = 64) -> dict[str, Any]:
    outline = shapely.Point(x, y).buffer(radius, quad_segs=corners // 4)
    return polygon(*((it[0], it[1]) for it in list(outline.exterior.coords)[:-1]))


# --- stored ----------------------------------------------------------------------------------------------------------
def test_a_body_comes_back_as_it_was_and_a_polygon_is_kept_once() -> None:
    first, second = area(air=[Concentration("acetone", 7.0, "ppm")]), area(6, factor=4.0)
    made = hazard([first], [first, second], [first, second])
    text = pack(made)
    assert text.count("Polygon") == 2
    back = unpack(str(ID), "grown", text)
    assert back == made
    assert len({id(it.polygon) for part in back.slices for it in part.areas}) == 2


def test_outlines_that_are_equal_and_not_the_same_are_kept_once_too() -> None:
    assert pack(hazard([area()], [area()])).count("Polygon") == 1


def test_a_hazard_of_many_slices_is_put_into_metres_by_its_outlines_alone() -> None:
    """Its rooms stand in each of 20 slices: written out they would be more positions than a hazard may have."""
    rooms = [Area(polygon=circle(x, 0, 2, 1000), levels=[0]) for x in range(0, 100, 5)]
    made = hazard(*[rooms] * 20)
    written = sum(len(it.polygon["coordinates"][0]) for part in made.slices for it in part.areas)
    assert written > HAZARD_POSITIONS_MAX
    back = unpack(str(ID), "grown", pack(made))
    assert len(place(back, Projection(LON, LAT), [0]).slices) == 20


def test_a_body_that_is_too_large_is_refused_with_its_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stored, "BODY_MAX_BYTES", 100)
    with pytest.raises(Invalid) as refused:
        pack(hazard([area()]))
    assert (refused.value.code, refused.value.limit) == ("hazard.too_large", 100)


# --- drawn -----------------------------------------------------------------------------------------------------------
def drawn(*areas: AreaDraft, ground: Ground = SITE) -> Hazard:
    return drawn_hazard(str(ID), areas, ground)


def test_what_a_person_draws_holds_from_now_on() -> None:
    made = drawn(AreaDraft(polygon=box(0, 0), levels=[1, 0, 1], factor=3.0))
    (only,) = made.slices
    assert (made.source, only.start_ms, only.areas[0].levels, only.areas[0].factor) == ("drawn", 0, [0, 1], 3.0)


def test_numbers_finer_than_anybody_draws_and_heights_are_not_kept() -> None:
    ring = [[*it, 12.0] for it in box(0, 0)["coordinates"][0]]
    ring[1][0] += 1e-14
    made = drawn(AreaDraft(polygon={"type": "Polygon", "coordinates": [ring]}, levels=[0]))
    kept = made.slices[0].areas[0].polygon["coordinates"][0]
    assert all(len(it) == 2 and round(it[0], 9) == it[0] for it in kept)


def test_without_a_plan_the_floors_are_those_of_the_zones() -> None:
    zones = Ground(None, [7], WEST, SOUTH, EAST, NORTH)
    assert drawn(AreaDraft(polygon=box(0, 0), levels=[7]), ground=zones)


@pytest.mark.parametrize(
    "ground", [Ground(None, None, None, None, None, None), Ground([0], None, None, None, None, None)]
)
def test_a_site_that_nobody_has_drawn_has_no_hazard(ground: Ground) -> None:
    with pytest.raises(Conflict) as refused:
        drawn(AreaDraft(polygon=box(0, 0), levels=[0]), ground=ground)
    assert refused.value.code == "hazard.no_ground"


def bow() -> dict[str, Any]:
    return polygon((0, 0), (6, 6), (6, 0), (0, 6))


def ring(count: int) -> dict[str, Any]:
    return {"type": "Polygon", "coordinates": [[list(at(0, 0))] * count]}


@pytest.mark.parametrize(
    ("outline", "field", "said"),
    [
        ({"type": "Point", "coordinates": [0, 0]}, "areas.0.polygon.type", "Polygon or a MultiPolygon"),
        ({"type": "Polygon", "coordinates": []}, "areas.0.polygon.coordinates", "at least one ring"),
        ({"type": "Polygon", "coordinates": [[[0, 0]]]}, "areas.0.polygon.coordinates", "at least four positions"),
        (polygon((0, 0), (6, 0), (6, 6)) | {"coordinates": [[[200, 0]] * 4]}, "areas.0.polygon.coordinates", "within"),
        ({"type": "Polygon", "coordinates": [[["x", 0]] * 4]}, "areas.0.polygon.coordinates", "finite numbers"),
        (bow(), "areas.0.polygon.coordinates", "not valid"),
        (ring(10_001), "areas.0.polygon.coordinates", "at most 10000"),
        (ring(5), "areas.0.polygon.coordinates", "not valid"),
    ],
)
def test_a_polygon_that_is_none_is_refused_by_its_field(outline: dict[str, Any], field: str, said: str) -> None:
    with pytest.raises(Invalid) as refused:
        drawn(AreaDraft(polygon=outline, levels=[0]))
    assert (refused.value.code, refused.value.field) == ("geo.hazard_invalid", field)
    assert said in refused.value.en
    assert "slices" not in refused.value.en + refused.value.zh


def test_a_level_that_the_site_does_not_have_is_named() -> None:
    with pytest.raises(Invalid) as refused:
        drawn(AreaDraft(polygon=box(0, 0), levels=[0, 7]))
    assert (refused.value.field, refused.value.value) == ("areas.0.levels", 7)


def test_nothing_and_too_much_are_refused() -> None:
    for many in ([], [AreaDraft(polygon=box(0, 0), levels=[0])] * 101):
        with pytest.raises(Invalid) as refused:
            drawn(*many)
        assert (refused.value.field, refused.value.value, refused.value.limit) == ("areas", len(many), 100)


def test_off_the_site_is_refused_and_the_hint_says_when_the_two_numbers_are_swapped() -> None:
    drawn(AreaDraft(polygon=box(5_000, 0), levels=[0]))
    with pytest.raises(Invalid) as refused:
        drawn(AreaDraft(polygon=box(0, 5_200), levels=[0]))
    assert (refused.value.code, refused.value.limit) == ("hazard.off_site", 5_000.0)
    assert "swapped" not in refused.value.en
    # Where both numbers are latitudes nobody can tell by their size.
    west, south = 30.0, 31.0
    here = Ground([0], None, west, south, west + 0.001, south + 0.001)
    swapped = [[south, west], [south + 0.001, west], [south, west + 0.001], [south, west]]
    with pytest.raises(Invalid) as hinted:
        drawn(AreaDraft(polygon={"type": "Polygon", "coordinates": [swapped]}, levels=[0]), ground=here)
    assert "swapped" in hinted.value.en
    projection = Projection(west, south)
    with pytest.raises(Invalid) as hinted:
        check_near("at", [[south, west]], here, projection)
    assert (hinted.value.field, "swapped" in hinted.value.en, "写反" in hinted.value.zh) == ("at", True, True)


# --- shown -----------------------------------------------------------------------------------------------------------
def test_the_last_slice_that_has_begun_holds_and_before_the_first_there_is_nothing() -> None:
    made = hazard([area()], [area()], [area(), area(6)])
    late = Hazard(id="x", source="grown", slices=made.slices[1:])
    assert slice_at(late, 59_999) is None
    assert slice_at(made, 1_000_000) is made.slices[2]
    # What changes nothing is no change.
    assert [next_change_ms(made, it) for it in (0, 60_000, 120_000)] == [120_000, 120_000, None]
    assert next_change_ms(late, 0) == 60_000


def test_few_corners_are_shown_as_they_are_to_the_centimetre() -> None:
    shown, coarse = shown_areas([area(factor=4.0, levels=(0, 1)), area(6)])
    assert not coarse
    assert [(it.levels, it.factor) for it in shown] == [([0, 1], 4.0), ([0], None)]
    assert all(round(n, 7) == n for it in shown for at in it.polygon["coordinates"][0] for n in at)


@given(
    st.lists(
        st.tuples(st.integers(0, 40), st.integers(0, 40), st.sampled_from([8, 64, 256]), st.sampled_from([None, 4.0])),
        min_size=1,
        max_size=230,
    )
)
@settings(max_examples=25)
def test_whatever_there_is_little_is_shown_and_none_of_it_is_left_out(
    drawn: list[tuple[int, int, int, float | None]],
) -> None:
    areas = [Area(polygon=circle(x, y, 3, corners), levels=[0], factor=factor) for x, y, corners, factor in drawn]
    shown, coarse = shown_areas(areas)
    assert len(shown) <= AREAS_SHOWN_MAX
    assert sum(len(shapely.get_coordinates(shape(it.polygon))) for it in shown) <= POSITIONS_SHOWN_MAX
    assert coarse == (len(areas) > AREAS_SHOWN_MAX or sum(c + 1 for *_, c, _ in drawn) > POSITIONS_SHOWN_MAX)
    for factor in (None, 4.0):
        of_it = [shape(it.polygon).buffer(1e-6) for it in shown if it.factor == factor]
        whole = shapely.union_all([shape(it.polygon) for it in areas if it.factor == factor])
        assert shapely.union_all(of_it).contains(whole) or whole.is_empty


def test_what_is_too_much_even_joined_is_shown_as_hulls_and_then_as_boxes() -> None:
    apart = [Area(polygon=circle(x, 0, 1, 256), levels=[0]) for x in range(0, 100, 5)]
    (hull,), coarse = shown_areas(apart)
    assert (hull.polygon["type"], coarse) == ("Polygon", True)
    assert len(hull.polygon["coordinates"][0]) > 100
    by_level = [Area(polygon=circle(0, 0, 1, 256), levels=[n]) for n in range(30)]
    boxes, coarse = shown_areas(by_level)
    assert coarse
    assert {len(it.polygon["coordinates"][0]) for it in boxes} == {5}
    everywhere = [Area(polygon=circle(0, 0, 1, 64), levels=[n], factor=4.0 if n % 2 else None) for n in range(202)]
    banned, slow = shown_areas(everywhere)[0]
    assert (banned.levels, slow.levels) == (list(range(0, 202, 2)), list(range(1, 202, 2)))


def test_where_two_only_touch_in_a_line_that_is_no_area() -> None:
    spike = polygon((0, 0), (6, 0), (6, 6), (9, 6), (6, 6), (0, 6))
    shown, coarse = shown_areas([Area(polygon=spike, levels=[0])] * (AREAS_SHOWN_MAX + 1))
    assert coarse
    assert {it.polygon["type"] for it in shown} == {"Polygon"}


def test_what_areas_mean_together() -> None:
    assert extent([]) == ([], False, None)
    assert extent([area(factor=4.0), area(factor=2.0, levels=(1,))]) == ([0, 1], False, 4.0)
    assert extent([area(factor=4.0), area()]) == ([0], True, 4.0)


def view(made: Hazard, *, after_s: float = 0, ends_at: datetime | None = None) -> HazardView:
    return view_of(
        ID,
        made,
        source="forecast",
        name=NAME,
        agent="acetone",
        stated_at=NOW,
        ends_at=ends_at,
        version=2,
        now=NOW + timedelta(seconds=after_s),
    )


def test_a_view_says_where_it_is_now_and_when_that_changes() -> None:
    made = hazard([area()], [area(), area(6, factor=4.0)])
    shown = view(made)
    assert (len(shown.areas), shown.bans, shown.changes_at) == (1, True, NOW + timedelta(seconds=60))
    after = view(made, after_s=61)
    assert (len(after.areas), after.factor, after.changes_at, after.version) == (2, 4.0, None, 2)
    assert view(made, after_s=-5) == shown, "a clock behind ours shows what has begun"
    assert view(made, ends_at=NOW + timedelta(seconds=60)).changes_at is None
    late = Hazard(id="x", source="forecast", slices=made.slices[1:])
    assert (view(late).areas, view(late).changes_at) == ([], NOW + timedelta(seconds=60))


def test_what_was_made_before_is_moved_to_the_moment_it_is_stated() -> None:
    made = view(hazard([area()], [area(6)]))
    later = NOW + timedelta(seconds=3)
    moved = restamped(made, stated_at=later, ends_at=None, version=7)
    assert (moved.stated_at, moved.changes_at, moved.version) == (later, later + timedelta(seconds=60), 7)
    assert restamped(view(hazard([area()])), stated_at=later, ends_at=later, version=7).changes_at is None


def test_what_is_over_is_nowhere() -> None:
    over = ended_view(view(hazard([area()], [area(6)])), NOW, 3)
    assert (over.areas, over.levels, over.bans, over.changes_at, over.ended_at, over.version) == (
        [],
        [],
        False,
        None,
        NOW,
        3,
    )


# --- on a map --------------------------------------------------------------------------------------------------------
def standing(made: Hazard) -> StandingHazard:
    return StandingHazard(
        id=ID,
        name=NAME,
        incident_id=None,
        agent="acetone",
        source="grown",
        stated_at=NOW,
        ends_at=None,
        exercise=False,
        version=1,
        hazard=made,
    )


def test_a_map_has_a_feature_an_area_of_the_slice_that_holds() -> None:
    it = standing(hazard([area()], [area(factor=4.0, levels=(1,)), area(6)]))
    (first,), left_out = features_at([it], NOW)
    assert (first["properties"]["banned"], first["properties"]["name"], left_out) == (
        True,
        {"zh": "云", "en": "Cloud"},
        0,
    )
    later, _ = features_at([it], NOW + timedelta(seconds=61))
    assert [made["id"] for made in later] == [f"{ID}@0", f"{ID}@1"]
    upstairs, _ = features_at([it], NOW + timedelta(seconds=61), level=1)
    assert [made["properties"]["factor"] for made in upstairs] == [4.0]
    assert features_at([standing(Hazard(id="x", source="grown", slices=it.hazard.slices[1:]))], NOW) == ([], 0)


def test_a_map_has_so_many_features_and_says_how_many_more_there_are() -> None:
    found, left_out = features_at([standing(hazard([area()] * (FEATURES_MAX + 3)))], NOW)
    assert (len(found), left_out) == (FEATURES_MAX, 3)
