"""Instruments stand in their zones or on its walls, and a redrawn zone says whom it would leave outside."""

from __future__ import annotations

import math
from typing import Any, cast

import pytest

from core.errors import Conflict, Invalid
from core.ids import new_id
from geo.zones import SHARED_WALL_M, check_beside, check_polygon, distances_m, overlap_m2
from plant.standing import NAMED_MAX, Standing, check_left_outside, check_place, left_outside
from tests.unit.drawn_places import at, box

STORE = box(0, 0)


def standing(name: str, x: float, y: float, level: int = 0) -> Standing:
    lon, lat = at(x, y)
    return Standing("sensor", new_id(), name, lon, lat, level)


@pytest.mark.parametrize("place", [(3, 2), (0, 0), (6, 4), (6.4, 2)])
def test_an_instrument_stands_in_its_zone_or_on_its_wall(place: tuple[float, float]) -> None:
    check_place(STORE, 0, at(*place), 0)


def refusal(place: tuple[float, float], level: int = 0) -> Invalid:
    with pytest.raises(Invalid) as refused:
        check_place(STORE, 0, place, level)
    return refused.value


def test_outside_is_refused_with_how_far() -> None:
    problem = refusal(at(16, 2))
    assert (problem.code, problem.field, problem.limit) == ("instrument.position", "position", SHARED_WALL_M)
    assert "10.0 m outside" in problem.en
    assert "swapped" not in problem.en


def test_on_another_floor_is_refused_with_the_zones() -> None:
    problem = refusal(at(3, 2), level=2)
    assert (problem.code, problem.value, problem.limit) == ("instrument.level", 2, 0)


@pytest.mark.parametrize("place", [at(3, 2)[::-1], (31.0, 121.0)])
def test_swapped_is_said_so(place: Any) -> None:
    problem = refusal(place)
    assert "look swapped" in problem.en
    assert "写反" in problem.zh


@pytest.mark.parametrize("place", [(math.nan, 31.0), (121.0, math.inf), (181.0, 31.0), (100.0, 95.0)])
def test_a_place_that_is_none_is_refused(place: tuple[float, float]) -> None:
    assert "swapped" not in refusal(place).en


def test_swapped_needs_a_place_among_the_zone() -> None:
    square: Any = {"type": "Polygon", "coordinates": [[[50, 40], [50.0001, 40], [50.0001, 40.0001], [50, 40]]]}
    with pytest.raises(Invalid) as refused:
        check_place(square, 0, (40.00001, 50.00005), 0)
    assert "look swapped" in refused.value.en


def test_a_redrawn_zone_names_whom_it_leaves_outside() -> None:
    inside, moved, upstairs = standing("lel", 1, 1), standing("co", 5, 2), standing("flow", 1, 1, level=1)
    smaller = box(0, 0, 3, 4)
    assert left_outside(smaller, 0, [inside, moved, upstairs]) == [moved, upstairs]
    check_left_outside("store", smaller, 0, [inside])
    check_left_outside("store", smaller, 0, [])
    with pytest.raises(Conflict) as refused:
        check_left_outside("store", smaller, 0, [inside, moved, upstairs])
    assert refused.value.code == "zone.instruments_outside"
    assert [it["name"] for it in cast(Any, refused.value.value)] == ["co", "flow"]
    assert "sensor co" in refused.value.en
    assert "co、flow" in refused.value.zh
    assert "more" not in refused.value.en


def test_of_many_twenty_are_named_and_the_others_counted() -> None:
    many = [standing(f"s{i}", 50, 50) for i in range(NAMED_MAX + 3)]
    with pytest.raises(Conflict) as refused:
        check_left_outside("store", STORE, 0, many)
    assert len(cast(Any, refused.value.value)) == NAMED_MAX
    assert "and 3 more" in refused.value.en


def test_distances_and_overlaps_are_in_metres() -> None:
    assert distances_m(STORE, [at(3, 2), at(9, 2)]) == pytest.approx([0, 3], abs=0.02)
    assert distances_m(STORE, []) == []
    assert overlap_m2(STORE, box(4, 0)) == pytest.approx(8, rel=0.01)
    bow = {"type": "Polygon", "coordinates": [[list(at(*p)) for p in ((0, 0), (6, 4), (6, 0), (0, 4), (0, 0))]]}
    assert overlap_m2(STORE, bow) > 0


def mirrored(polygon: dict[str, Any]) -> dict[str, Any]:
    return polygon | {"coordinates": [[position[::-1] for position in ring] for ring in polygon["coordinates"]]}


def test_a_zone_drawn_with_swapped_coordinates_is_told_so() -> None:
    square: Any = {"type": "Polygon", "coordinates": [[[50, 40], [50.001, 40], [50.001, 40.001], [50, 40]]]}
    with pytest.raises(Invalid, match="look swapped"):
        check_beside(mirrored(square), [square])
    check_beside(square, [square])
    check_beside(square, [])
    # Far from the others and no nearer mirrored: a plant of two places is no mistake of ours to see.
    check_beside(box(0, 0), [square])
    with pytest.raises(Invalid, match="look swapped"):
        check_polygon(mirrored(box(0, 0)))
