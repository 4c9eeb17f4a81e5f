"""Segments and polygons: the kernel says what GEOS says of each pair, wherever they touch."""

from __future__ import annotations

import math

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.hazards.crossing import pairs_that_meet, warm
from geo.hazards.touching import outlines_of
from tests.unit.geo_hazard_plants import GRID, shapes


def _star(corners: int, turned: float, *, wide: float, hole: bool) -> shapely.Polygon:
    """Points in and out, with a hole like it where asked."""
    angles = np.linspace(0, 2 * math.pi, 2 * corners, endpoint=False) + turned
    radius = np.where(np.arange(2 * corners) % 2, 10.0, 5.0)
    ring = np.column_stack((wide * radius * np.cos(angles), radius * np.sin(angles)))
    return shapely.Polygon(ring, [ring * 0.5] if hole else [])


def _all_pairs(polygons: list[shapely.Geometry], segments: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What the kernel says and what GEOS says of every polygon with every segment."""
    geometries = np.empty(len(polygons), dtype=np.object_)
    geometries[:] = polygons
    lines = outlines_of(segments)
    asked = np.repeat(np.arange(len(polygons)), len(segments))
    met = np.tile(np.arange(len(segments)), len(polygons))
    said = pairs_that_meet(geometries, segments, lines, asked, met)
    truth = [bool(geometries[i].intersects(lines[j])) for i, j in zip(asked.tolist(), met.tolist(), strict=True)]
    return said, np.array(truth, dtype=bool)


@settings(max_examples=300, deadline=None)
@given(st.lists(shapes(), min_size=1, max_size=3), st.lists(st.tuples(GRID, GRID, GRID, GRID), min_size=1, max_size=8))
def test_of_small_shapes_and_segments_on_one_grid_it_says_what_geos_says(
    polygons: list[shapely.Polygon], segments: list[tuple[float, float, float, float]]
) -> None:
    said, truth = _all_pairs(list(polygons), np.array(segments))
    assert said.tolist() == truth.tolist()


@pytest.mark.parametrize("corners", [2, 3, 25, 400])
@pytest.mark.parametrize("wide", [0.05, 1.0, 30.0])
@pytest.mark.parametrize("hole", [False, True])
def test_of_large_shapes_lying_and_standing_it_says_what_geos_says(corners: int, wide: float, hole: bool) -> None:
    random = np.random.default_rng(corners)
    middle = random.uniform(-11, 11, size=(400, 2)) * (wide, 1.0)
    segments = np.column_stack((middle, middle + random.normal(scale=2.0, size=(400, 2)) * (wide, 1.0)))
    star = _star(corners, 0.3, wide=wide, hole=hole)
    edges = shapely.get_coordinates(star.exterior)
    along = np.column_stack((edges[:-1], edges[1:]))[:50]
    halves = np.column_stack((edges[:-1], (edges[:-1] + edges[1:]) / 2))[:50]
    beyond = np.column_stack((edges[:-1], edges[:-1] * 1.5))[:50]
    said, truth = _all_pairs([star], np.concatenate((segments, along, halves, beyond)))
    assert said.tolist() == truth.tolist()
    assert truth.any()
    assert not truth.all()


def test_of_several_parts_and_of_two_shapes_at_once_each_is_its_own() -> None:
    parts = shapely.MultiPolygon([shapely.box(0, 0, 1, 1), shapely.box(4, 0, 5, 1)])
    segments = np.array([[2, 0.5, 3, 0.5], [0.5, 0.5, 4.5, 0.5], [4.2, 0.2, 4.3, 0.9], [2, -1, 2, 3], [9, 9, 9, 9]])
    said, _ = _all_pairs([parts, shapely.box(1.5, 2, 2.5, 4)], segments)
    assert said.tolist() == [False, True, True, False, False, False, False, False, True, False]


def test_geos_is_asked_about_what_rounding_leaves_open_and_about_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    geos, asked = shapely.intersects, []

    def counted(shape: np.ndarray, outline: np.ndarray) -> object:
        asked.append(len(shape))
        return geos(shape, outline)

    def say(polygon: shapely.Polygon, segments: list[list[float]]) -> list[bool]:
        given, every = np.array(segments), np.arange(len(segments))
        lines, one = outlines_of(given), np.array([polygon], dtype=np.object_)
        with monkeypatch.context() as patch:
            patch.setattr("shapely.intersects", counted)
            said = pairs_that_meet(one, given, lines, np.zeros_like(every), every)
        return [bool(it) for it in said]

    clear = [[0.3, 0.4, 0.6, 0.7], [-0.3, 0.4, 0.6, 0.7], [1.3, 0.1, 1.7, 0.9], [-1, 0.3, 2, 0.9]]
    assert say(shapely.box(0, 0, 1, 1), clear) == [True, True, False, True]
    assert asked == []
    # 0.1 + 0.2 is a little more than 0.3, and three times 0.1 as well: only exact reckoning tells which side of the
    # slanted edge they are.
    slanted = shapely.Polygon([(0, 0), (3, 1), (0, 1)])
    edges = [[0.3, 0.1, 5.0, 0.0], [0.1 + 0.2, 0.1, 5.0, 0.0]]
    assert say(slanted, edges) == [bool(slanted.intersects(shapely.LineString([it[:2], it[2:]]))) for it in edges]
    assert asked == [2]


def test_it_can_be_compiled_before_anybody_asks() -> None:
    warm()
