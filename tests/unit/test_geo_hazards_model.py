"""A hazard that is sound is put into metres whole; one that is not is refused whole, and what was wrong is named."""

from __future__ import annotations

import math
from typing import Any

import msgspec
import pytest
import shapely

from core.errors import Invalid
from geo.hazards.footprints import (
    BAN_PERMILLE,
    HAZARD_POSITIONS_MAX,
    POSITIONS_MAX,
    Placed,
    place,
    to_geojson,
)
from geo.hazards.model import AREAS_MAX, OFFSET_MAX_MS, SLICES_MAX, Area, Concentration, Hazard, Slice
from geo.projection import Projection

SITE = Projection(121.5, 31.2)
LEVELS = {0, 1}
SQUARE = [[121.5, 31.2], [121.501, 31.2], [121.501, 31.201], [121.5, 31.201], [121.5, 31.2]]
HOLE = [[121.5004, 31.2004], [121.5004, 31.2006], [121.5006, 31.2006], [121.5006, 31.2004], [121.5004, 31.2004]]


def _area(coordinates: Any = None, kind: str = "Polygon", **more: Any) -> Area:
    polygon = {"type": kind, "coordinates": [SQUARE] if coordinates is None else coordinates}
    return Area(polygon=polygon, **({"levels": [0]} | more))


def _hazard(*slices: Slice) -> Hazard:
    return Hazard(id="leak", source="drawn", slices=list(slices))


def _one(area: Area) -> Hazard:
    return _hazard(Slice(start_ms=0, length_ms=1_000, areas=[area]))


def _circle(corners: int) -> list[list[float]]:
    ring = [
        [121.5 + 0.001 * math.cos(2 * math.pi * i / corners), 31.2 + 0.001 * math.sin(2 * math.pi * i / corners)]
        for i in range(corners)
    ]
    return [*ring, ring[0]]


def test_a_hazard_is_put_into_metres_with_its_hole_its_factor_and_its_air() -> None:
    air = [Concentration("chlorine", 5.0, "ppm")]
    placed = place(
        _hazard(
            Slice(start_ms=0, length_ms=5_000, areas=[_area([SQUARE, HOLE], levels=[0, 1], factor=2.5, air=air)]),
            Slice(start_ms=5_000, length_ms=1, areas=[_area([[SQUARE], [[*SQUARE[:2], SQUARE[3], SQUARE[0]]]][:1],
                                                            kind="MultiPolygon")]),
        ),
        SITE,
        LEVELS,
    )  # fmt: skip
    first, second = placed.slices
    (leak,), (ban,) = first.footprints, second.footprints
    # 0.001 degrees at 31.2 north: 95.3 m by 110.9 m; the hole is a 25th of it.
    assert leak.shape.area == pytest.approx(95.3 * 110.9 * 0.96, rel=1e-3)
    assert (leak.levels, leak.permille, leak.air) == (frozenset({0, 1}), 2_500, tuple(air))
    assert (second.start_ms, ban.permille) == (5_000, BAN_PERMILLE)


def test_a_hazard_goes_over_the_wire_and_comes_back() -> None:
    hazard = _one(_area([SQUARE, HOLE], levels=[0, 1], factor=2.5, air=[Concentration("chlorine", 5.0, "ppm")]))
    assert msgspec.json.decode(msgspec.json.encode(hazard), type=Hazard) == hazard


def test_before_its_first_slice_there_is_nothing_and_its_last_one_holds() -> None:
    placed = place(_hazard(Slice(start_ms=10, length_ms=5, areas=[_area()])), SITE, LEVELS)
    assert [len(placed.at(it)) for it in (0, 9, 10, 15, 10**9)] == [0, 0, 1, 1, 1]
    assert Placed("none", ()).at(5) == ()


def test_a_shape_in_metres_comes_back_from_degrees_where_it_was() -> None:
    shape = shapely.box(-50, -20, 30, 80).union(shapely.box(100, 0, 110, 10))
    geojson = to_geojson(shape, SITE)
    assert geojson["type"] == "MultiPolygon"
    assert msgspec.json.decode(msgspec.json.encode(geojson)) == geojson
    back = place(_one(Area(polygon=geojson, levels=[0])), SITE, LEVELS).slices[0].footprints[0].shape
    assert back.symmetric_difference(shape).area < 1e-3


def test_a_hole_that_touches_the_outline_is_sound_as_drawn_whatever_rounding_makes_of_it() -> None:
    # Nodes of the hole on the middle of slanted edges: the projection moves some across the line by a nanometre.
    for step in range(40):
        lon, lat = 121.5 + step / 7000, 31.2 + step / 9000
        outline = [[lon, lat], [lon + 0.004, lat + 0.002], [lon + 0.002, lat + 0.004], [lon, lat]]
        hole = [[lon + 0.002, lat + 0.001], [lon + 0.002, lat + 0.002], [lon + 0.0015, lat + 0.0015]]
        ring = [outline, [*hole, hole[0]]]
        if shapely.Polygon(ring[0], ring[1:]).is_valid:
            placed = place(_one(_area(ring)), SITE, LEVELS)
            assert placed.slices[0].footprints[0].shape.is_valid


BOW = [[121.5, 31.2], [121.501, 31.201], [121.501, 31.2], [121.5, 31.201], [121.5, 31.2]]
BAD_SHAPES: list[tuple[Any, str, str, str]] = [
    ([SQUARE], "Circle", "type", "Polygon"),
    ("ring", "Polygon", "coordinates", "at least one polygon|at least one ring"),
    ([], "Polygon", "coordinates", "at least one ring"),
    ([], "MultiPolygon", "coordinates", "at least one polygon"),
    ([[]], "MultiPolygon", "coordinates", "at least one ring"),
    (["ring"], "Polygon", "coordinates", "at least one ring"),
    ([SQUARE[:3]], "Polygon", "coordinates", "at least four"),
    ([SQUARE[:4]], "Polygon", "coordinates", "ends where it starts"),
    ([["ab", *SQUARE[1:]]], "Polygon", "coordinates", "a position is"),
    ([[[121.5], *SQUARE[1:]]], "Polygon", "coordinates", "a position is"),
    ([[["121.5", 31.2], *SQUARE[1:]]], "Polygon", "coordinates", "finite numbers"),
    ([[[True, 31.2], *SQUARE[1:]]], "Polygon", "coordinates", "finite numbers"),
    ([[[math.nan, 31.2], *SQUARE[1:]]], "Polygon", "coordinates", "finite numbers"),
    ([[[121.5, math.inf], *SQUARE[1:]]], "Polygon", "coordinates", "finite numbers"),
    ([[[10**400, 31.2], *SQUARE[1:]]], "Polygon", "coordinates", "finite numbers"),
    ([[[lat, lon] for lon, lat in SQUARE]], "Polygon", "coordinates", "are they swapped"),
    ([[[200, 31.2], *SQUARE[1:]]], "Polygon", "coordinates", "within 180"),
    ([[[121.5, 85.0], *SQUARE[1:]]], "Polygon", "coordinates", "within 180"),
    ([BOW], "Polygon", "coordinates", "not valid: Self-intersection"),
    ([[[lon, 31.2] for lon, _ in SQUARE]], "Polygon", "coordinates", "not valid|covers nothing"),
    ([[[121.5 + x * 1e-8, 31.2 + y * 1e-8] for x, y in ((0, 0), (1, 0), (1, 1), (0, 0))]], "Polygon", "coordinates",
     "covers nothing"),
    ([[[lon + 2, lat] for lon, lat in SQUARE]], "Polygon", "coordinates", "more than 100 km"),
    ([[SQUARE[0], SQUARE[1], [121.501, 33.0], SQUARE[0]]], "Polygon", "coordinates", "more than 100 km"),
    ([[SQUARE[0], SQUARE[1], [-60.0, 31.2], SQUARE[0]]], "Polygon", "coordinates", "more than 100 km"),
]  # fmt: skip


@pytest.mark.parametrize(("coordinates", "kind", "field", "says"), BAD_SHAPES)
def test_what_is_no_polygon_of_this_site_is_named(coordinates: Any, kind: str, field: str, says: str) -> None:
    with pytest.raises(Invalid, match=says) as caught:
        place(_one(_area(coordinates, kind)), SITE, LEVELS)
    assert caught.value.code == "geo.hazard_invalid"
    assert caught.value.field == f"slices.0.areas.0.polygon.{field}"
    assert caught.value.zh != caught.value.en


def test_longitude_and_latitude_swapped_are_seen_where_both_could_be_either() -> None:
    site = Projection(30.3, 59.9)
    swapped = [[59.9, 30.3], [59.901, 30.3], [59.901, 30.301], [59.9, 30.3]]
    with pytest.raises(Invalid, match="are swapped") as caught:
        place(_one(_area([swapped])), site, LEVELS)
    assert caught.value.value == [59.9, 30.3]


def test_a_polygon_of_a_million_corners_is_refused_by_its_count_before_it_is_looked_at() -> None:
    ring: list[Any] = [None] * 1_000_000
    with pytest.raises(Invalid, match="1000000") as caught:
        place(_one(_area([ring])), SITE, LEVELS)
    assert (caught.value.value, caught.value.limit) == (1_000_000, POSITIONS_MAX)


def test_many_large_polygons_are_refused_together() -> None:
    circle = _circle(POSITIONS_MAX - 1)
    count = HAZARD_POSITIONS_MAX // POSITIONS_MAX + 1
    with pytest.raises(Invalid) as caught:
        place(_hazard(Slice(start_ms=0, length_ms=1, areas=[_area([circle]) for _ in range(count)])), SITE, LEVELS)
    assert (caught.value.field, caught.value.limit) == (f"slices.0.areas.{count - 1}.polygon", HAZARD_POSITIONS_MAX)


BAD_AREAS: list[tuple[dict[str, Any], str, Any]] = [
    ({"factor": 0.5}, "factor", 0.5),
    ({"factor": 1.0}, "factor", 1.0),
    ({"factor": 1_001.0}, "factor", 1_001.0),
    ({"factor": math.inf}, "factor", math.inf),
    ({"levels": []}, "levels", 0),
    ({"levels": [0, 7]}, "levels", 7),
    ({"air": [Concentration("chlorine", -1.0, "ppm")]}, "air.chlorine", -1.0),
    ({"air": [Concentration("chlorine", math.inf, "ppm")]}, "air.chlorine", math.inf),
    ({"air": [Concentration("chlorine", 1e9, "ppm")]}, "air.chlorine", 1e9),
    ({"air": [Concentration("chlorine", 1.0, "ppm")] * 2}, "air", ["chlorine", "chlorine"]),
]


@pytest.mark.parametrize(("change", "field", "value"), BAD_AREAS)
def test_a_factor_a_level_or_an_air_that_can_not_be_is_named(change: dict[str, Any], field: str, value: object) -> None:
    with pytest.raises(Invalid) as caught:
        place(_one(_area(**change)), SITE, LEVELS)
    assert (caught.value.code, caught.value.field) == ("geo.hazard_invalid", f"slices.0.areas.0.{field}")
    assert caught.value.value == value


def test_a_factor_that_is_no_number_is_refused() -> None:
    with pytest.raises(Invalid):
        place(_one(_area(factor=math.nan)), SITE, LEVELS)


def _slice(start_ms: int, length_ms: int = 5) -> Slice:
    return Slice(start_ms=start_ms, length_ms=length_ms, areas=[])


@pytest.mark.parametrize(
    ("slices", "field", "value"),
    [
        ([], "slices", 0),
        ([_slice(5 * i) for i in range(SLICES_MAX + 1)], "slices", SLICES_MAX + 1),
        ([_slice(-1)], "slices.0.start_ms", -1),
        ([_slice(OFFSET_MAX_MS + 1)], "slices.0.start_ms", OFFSET_MAX_MS + 1),
        ([_slice(0, 0)], "slices.0.length_ms", 0),
        ([_slice(0), _slice(4)], "slices.1.start_ms", 4),
        ([_slice(0), _slice(6)], "slices.1.start_ms", 6),
        ([Slice(start_ms=0, length_ms=1, areas=[_area()] * (AREAS_MAX + 1))], "slices", AREAS_MAX + 1),
    ],
)
def test_slices_that_do_not_follow_one_another_are_named(slices: list[Slice], field: str, value: object) -> None:
    with pytest.raises(Invalid) as caught:
        place(_hazard(*slices), SITE, LEVELS)
    assert (caught.value.field, caught.value.value) == (field, value)
