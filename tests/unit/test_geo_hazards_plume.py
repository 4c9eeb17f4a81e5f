"""A plume and a puff hold what was leaked and thin out as the books say; their outlines leave out nothing."""

from __future__ import annotations

import math
from typing import Any, get_args

import numpy as np
import pytest
import shapely
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from core.errors import Invalid
from geo.hazards.footprints import place
from geo.hazards.plume import (
    FURTHEST_M,
    Leak,
    Wind,
    plume_mg_m3,
    plume_on_axes,
    plume_widths,
    puff_mg_m3,
    puff_widths,
)
from geo.hazards.plume_areas import Limit, plume_area, plume_hazard, puff_area, puff_hazard
from geo.hazards.stability import Sky, StabilityClass, sky_of, stability_class
from geo.projection import Projection

SITE = Projection(121.5, 31.2)
CLASSES: tuple[StabilityClass, ...] = get_args(StabilityClass)

winds = st.builds(Wind, st.floats(-360, 360), st.floats(0, 30), st.sampled_from(CLASSES))
leaks = st.builds(Leak, st.floats(-200, 200), st.floats(-200, 200), st.floats(0, 60), st.floats(1, 1e7))


# Pasquill 1961 as NOAA prints it; of two classes the more stable.
TABLE: list[tuple[float, str]] = [(1.9, "ABBEF"), (2.9, "BBCEF"), (4.9, "BCCDE"), (5.9, "CDDDD"), (6.1, "CDDDD")]
SKIES: tuple[Sky, ...] = ("strong", "moderate", "slight", "night_cloudy", "night_clear")


@pytest.mark.parametrize(("wind", "classes"), TABLE)
def test_the_stability_class_is_pasquill_s(wind: float, classes: str) -> None:
    assert [stability_class(wind, sky) for sky in SKIES] == list(classes)
    assert stability_class(wind, "overcast") == "D"


@pytest.mark.parametrize(
    ("elevation", "eighths", "low", "sky"),
    [
        (65, 0, None, "strong"),
        (65, 6, False, "moderate"),
        (65, 6, True, "slight"),
        (65, 6, None, "slight"),
        (50, 4, None, "moderate"),
        (20, 7, True, "slight"),
        (12, 0, None, "overcast"),
        (12, 6, None, "overcast"),
        (65, 8, None, "overcast"),
        (-20, 8, None, "overcast"),
        (5, 0, None, "night_clear"),
        (-20, 6, True, "night_cloudy"),
        (-20, 6, None, "night_clear"),
        (-20, 4, True, "night_clear"),
    ],
)
def test_the_sky_follows_from_sun_and_cloud(elevation: float, eighths: int, low: bool | None, sky: Sky) -> None:
    assert sky_of(elevation, eighths, low_cloud=low) == sky


def test_widths_are_those_worked_by_hand_at_a_kilometre() -> None:
    # Briggs D: 0.08 * 1000 / sqrt(1.1) = 76.28, 0.06 * 1000 / sqrt(2.5) = 37.95; F: 40 / sqrt(1.1), 16 / 1.3.
    np.testing.assert_allclose(plume_widths("D", 1000.0), (76.277, 37.947), rtol=1e-4)
    np.testing.assert_allclose(plume_widths("F", 1000.0), (38.139, 12.308), rtol=1e-4)
    np.testing.assert_allclose(plume_widths("A", 1000.0), (209.76, 200.0), rtol=1e-4)
    # Slade 1968, as Turner's table of puffs gives them at 100 m: 10 and 15 unstable, 4 and 3.8 neutral, 1.3 and 0.75.
    for stability, y, z in (("B", 10, 15), ("D", 4, 3.8), ("F", 1.3, 0.75)):
        np.testing.assert_allclose(puff_widths(stability, 100.0), (y, z), rtol=0.12)  # type: ignore[arg-type]


def test_turner_s_problem_1_is_met_within_the_spread_of_the_curves() -> None:
    # Turner 1970: 3 g/s at the ground, 3 km downwind, overcast night, 7 m/s: 1.1e-5 g/m3 by curves of 190 m and 65 m.
    wind = Wind(270.0, 7.0, stability_class(7.0, "overcast"))
    held = plume_mg_m3(Leak(0, 0, 0, 3_000), wind, [[3_000, 0]])
    sigma_y, sigma_z = plume_widths("D", 3_000.0)
    assert held[0] == pytest.approx(1.1e-2 * (190 * 65) / (sigma_y * sigma_z), rel=0.01)
    assert held[0] == pytest.approx(1.1e-2, rel=0.3)


def test_a_stack_is_worked_by_hand_below_and_beside_the_axis() -> None:
    # D at 500 m: sigma 39.04 and 22.68; 80 g/s at 60 m, 6 m/s:
    # 80000 / (pi 6 39.04 22.68) exp(-60^2 / (2 22.68^2)) = 4.794 * 0.03021 = 0.1448; 50 m beside exp(-0.8203) of it.
    leak, wind = Leak(0, 0, 60, 80_000), Wind(0.0, 6.0, "D")
    held = plume_mg_m3(leak, wind, [[0, -500], [50, -500], [-50, -500], [0, 500], [0, 0]])
    np.testing.assert_allclose(held, [0.1448, 0.0638, 0.0638, 0, 0], rtol=3e-3)


@pytest.mark.parametrize("stability", CLASSES)
@pytest.mark.parametrize("downwind", [50.0, 500.0, 5_000.0])
def test_as_much_crosses_every_plane_as_leaks(stability: StabilityClass, downwind: float) -> None:
    leak, wind = Leak(0, 0, 20, 7_000), Wind(270.0, 3.0, stability)
    sigma_y, sigma_z = plume_widths(stability, downwind)
    y = np.linspace(-6 * sigma_y, 6 * sigma_y, 121)
    z = np.linspace(0, 20 + 6 * sigma_z, 400)
    rows = [plume_on_axes(leak, wind, np.full(121, downwind), y, float(height)) for height in z]
    assert 3.0 * np.trapezoid(np.trapezoid(rows, y, axis=1), z) == pytest.approx(7_000, rel=1e-3)


@pytest.mark.parametrize("stability", CLASSES)
def test_a_puff_holds_what_leaked_as_long_as_it_drifts(stability: StabilityClass) -> None:
    leak, wind = Leak(10, 20, 5, 9_000), Wind(270.0, 2.0, stability)
    for after_s in (10.0, 300.0):
        sigma_y, sigma_z = puff_widths(stability, 2 * after_s)
        step = np.linspace(-6 * sigma_y, 6 * sigma_y, 61)
        z = np.linspace(0, 5 + 6 * sigma_z, 300)
        east, north = np.meshgrid(10 + 2 * after_s + step, 20 + step)
        points = np.column_stack((east.ravel(), north.ravel()))
        cell = (step[1] - step[0]) ** 2
        layers = [puff_mg_m3(leak, wind, points, after_s, float(height)).sum() * cell for height in z]
        assert np.trapezoid(layers, z) == pytest.approx(9_000, rel=2e-3)


@settings(max_examples=100, deadline=None)
@given(winds, leaks, st.floats(1, 9_000), st.floats(0, 800))
def test_both_sides_of_the_axis_hold_the_same_and_twice_the_leak_twice_as_much(
    wind: Wind, leak: Leak, downwind: float, across: float
) -> None:
    angle = math.radians(wind.from_deg)
    to, side = np.array([-math.sin(angle), -math.cos(angle)]), np.array([-math.cos(angle), math.sin(angle)])
    at = np.array([leak.x, leak.y]) + downwind * to
    left, right = plume_mg_m3(leak, wind, [at + across * side, at - across * side])
    assert left == pytest.approx(right, rel=1e-6, abs=1e-12)
    double = Leak(leak.x, leak.y, leak.height_m, leak.amount_mg * 2)
    assert plume_mg_m3(double, wind, [at])[0] == pytest.approx(2 * plume_mg_m3(leak, wind, [at])[0])
    # In a calm there is no axis: a step aside of it is a step away.
    assert wind.calm or plume_mg_m3(leak, wind, [at])[0] >= left * (1 - 1e-9)


@settings(max_examples=60, deadline=None)
@given(winds, leaks, st.floats(-360, 360), st.floats(1, 3_000), st.floats(-300, 300))
def test_turning_the_wind_turns_the_plume(wind: Wind, leak: Leak, turn: float, downwind: float, across: float) -> None:
    assume(-360 <= wind.from_deg + turn <= 360)
    point = np.array([downwind, across])
    angle = -math.radians(turn)
    turned = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]]) @ point
    origin = np.array([leak.x, leak.y])
    other = Wind(wind.from_deg + turn, wind.speed_m_s, wind.stability)
    before, after = plume_mg_m3(leak, wind, [origin + point])[0], plume_mg_m3(leak, other, [origin + turned])[0]
    # Near the source the widths are of centimetres, and a rounding of the place is seen.
    assert after == pytest.approx(before, rel=1e-4, abs=leak.amount_mg * 1e-9)


def test_a_west_wind_carries_east_and_a_north_wind_south() -> None:
    leak = Leak(0, 0, 0, 1_000)
    points = [[100, 0], [-100, 0], [0, 100], [0, -100]]
    for from_deg, where in ((270.0, 0), (90.0, 1), (180.0, 2), (0.0, 3)):
        assert int(np.argmax(plume_mg_m3(leak, Wind(from_deg, 3.0, "D"), points))) == where


def test_in_a_calm_it_goes_every_way_as_a_wind_of_one_metre_a_second_would() -> None:
    leak, still, light = Leak(0, 0, 0, 1_000), Wind(10.0, 0.2, "F"), Wind(270.0, 1.0, "F")
    axis = plume_mg_m3(leak, light, [[300, 0]])[0]
    np.testing.assert_allclose(plume_mg_m3(leak, still, [[300, 0], [0, 300], [-180, 240]]), axis)
    area = plume_area(leak, still, 1.0)
    line = plume_area(leak, light, 1.0)
    assert area is not None
    assert line is not None
    assert area.covers(line)
    middle = puff_mg_m3(leak, light, [[60, 0]], 60)[0]
    np.testing.assert_allclose(puff_mg_m3(leak, still, [[0, 0], [0, -60], [30, 30]], 60), middle)


def test_beyond_ten_kilometres_nothing_is_said() -> None:
    leak, wind = Leak(0, 0, 0, 1e12), Wind(270.0, 10.0, "F")
    assert plume_mg_m3(leak, wind, [[FURTHEST_M + 1, 0]])[0] == 0
    assert puff_mg_m3(leak, wind, [[FURTHEST_M + 100, 0]], 1_010)[0] == 0
    area = plume_area(leak, wind, 1e-3)
    assert area is not None
    assert area.bounds[2] == pytest.approx(FURTHEST_M)
    assert puff_area(leak, wind, 1e-3, 1_100, 1_200) is None


@settings(max_examples=150, deadline=None)
@given(winds, leaks, st.floats(0.001, 1_000), st.integers(0, 2**32 - 1))
def test_no_point_over_the_limit_is_outside_the_plume_s_outline(
    wind: Wind, leak: Leak, limit: float, seed: int
) -> None:
    area = plume_area(leak, wind, limit)
    random = np.random.default_rng(seed)
    angle = math.radians(wind.from_deg)
    downwind = np.exp(random.uniform(math.log(1.0), math.log(FURTHEST_M), 2_000))
    across = random.normal(size=2_000) * plume_widths(wind.stability, downwind)[0] * 2
    points = np.column_stack(
        (
            leak.x - downwind * math.sin(angle) - across * math.cos(angle),
            leak.y - downwind * math.cos(angle) + across * math.sin(angle),
        )
    )
    over = points[plume_mg_m3(leak, wind, points) >= limit]
    if area is None:
        assert len(over) == 0
    else:
        assert area.is_valid
        # The end of the world at 10 km is a chord in a calm's disc and a line else: a millimetre of rounding.
        assert shapely.distance(area, shapely.points(over)).max(initial=0) < 1e-3


@settings(max_examples=100, deadline=None)
@given(winds, leaks, st.floats(0.001, 1_000), st.floats(0, 600), st.floats(1, 60), st.integers(0, 2**32 - 1))
def test_no_point_over_the_limit_at_any_moment_is_outside_the_puff_s_outline(
    wind: Wind, leak: Leak, limit: float, start: float, length: float, seed: int
) -> None:
    area = puff_area(leak, wind, limit, start, start + length)
    random = np.random.default_rng(seed)
    for after_s in random.uniform(start, start + length, 10):
        travelled = max(max(wind.speed_m_s, 1.0) * after_s, 1.0)
        assume(travelled < FURTHEST_M * 0.99)
        angle = math.radians(wind.from_deg)
        middle = np.array([leak.x - travelled * math.sin(angle), leak.y - travelled * math.cos(angle)])
        sigma = float(puff_widths(wind.stability, travelled)[0])
        points = middle + random.normal(size=(200, 2)) * sigma * 2
        over = points[puff_mg_m3(leak, wind, points, after_s) >= limit]
        if area is None:
            assert len(over) == 0
        else:
            assert area.is_valid
            assert shapely.distance(area, shapely.points(over)).max(initial=0) < 1e-3


@pytest.mark.parametrize("stability", CLASSES)
def test_the_outline_is_not_much_larger_than_it_must_be(stability: StabilityClass) -> None:
    leak, wind = Leak(0, 0, 3, 50_000), Wind(270.0, 4.0, stability)
    area = plume_area(leak, wind, 5.0)
    assert area is not None
    x = np.linspace(1, area.bounds[2] + 10, 200_001)
    middle = plume_on_axes(leak, wind, x, np.zeros(len(x)))
    over = middle > 5.0
    half = plume_widths(stability, x[over])[0] * np.sqrt(2 * np.log(middle[over] / 5.0))
    assert 1.0 <= area.area / (2 * half.sum() * (x[1] - x[0])) < 1.12


def test_a_plume_is_a_hazard_whose_areas_lie_in_one_another_with_the_air_of_the_next_limit() -> None:
    leak, wind = Leak(0, 0, 0, 50_000), Wind(225.0, 3.0, "D")
    limits = [Limit(29.0), Limit(3.0, factor=4.0), Limit(9.0, factor=20.0)]
    hazard = plume_hazard(leak, wind, limits, hazard_id="h", agent="chlorine", projection=SITE)
    assert (hazard.source, len(hazard.slices)) == ("forecast", 1)
    assert [it.factor for it in hazard.slices[0].areas] == [4.0, 20.0, None]
    assert [it.air[0].value for it in hazard.slices[0].areas][:2] == [9.0, 29.0]
    assert hazard.slices[0].areas[2].air[0].value > 1_000
    outer, middle, inner = (it.shape for it in place(hazard, SITE, {0}).slices[0].footprints)
    assert outer.buffer(1e-6).covers(middle)
    assert middle.buffer(1e-6).covers(inner)
    assert outer.bounds[2] > 100
    # From the south-west: to the north-east.
    assert outer.bounds[3] > 100


def test_a_plume_that_never_comes_over_a_limit_is_a_hazard_without_areas() -> None:
    wind = Wind(0.0, 10.0, "D")
    hazard = plume_hazard(Leak(0, 0, 60, 10), wind, [Limit(1e3)], hazard_id="h", agent="a", projection=SITE)
    assert hazard.slices[0].areas == []
    assert puff_area(Leak(0, 0, 60, 10), wind, 1e3, 0, 60) is None


@pytest.mark.parametrize("speed", [0.0, 5.0])
def test_a_puff_drifts_by_in_slices_and_leaves_nothing_behind(speed: float) -> None:
    wind = Wind(270.0, speed, "D")
    hazard = puff_hazard(
        Leak(0, 0, 0, 1e6), wind, [Limit(10.0, factor=5.0)], hazard_id="h", agent="a", projection=SITE,
        until_ms=100_000, step_ms=30_000,
    )  # fmt: skip
    assert [(it.start_ms, it.length_ms, len(it.areas)) for it in hazard.slices] == [
        (0, 30_000, 1),
        (30_000, 30_000, 1),
        (60_000, 30_000, 1),
        (90_000, 10_000, 1),
        (100_000, 1, 0),
    ]
    air = [it.areas[0].air[0].value for it in hazard.slices[:4]]
    assert air == sorted(air, reverse=True)
    placed = place(hazard, SITE, {0})
    shapes = [it.footprints[0].shape for it in placed.slices[:4]]
    assert all(shape.intersects(shapely.Point(max(speed, 1.0) * 30 * (n + 1), 0)) for n, shape in enumerate(shapes[:3]))


LEAK, WIND = Leak(0, 0, 0, 1_000), Wind(270.0, 3.0, "D")


@pytest.mark.parametrize(
    ("leak", "wind", "code", "field"),
    [
        (LEAK, Wind(math.nan, 3.0, "D"), "geo.wind_invalid", "from_deg"),
        (LEAK, Wind(361.0, 3.0, "D"), "geo.wind_invalid", "from_deg"),
        (LEAK, Wind(270.0, math.inf, "D"), "geo.wind_invalid", "speed_m_s"),
        (LEAK, Wind(270.0, math.nan, "D"), "geo.wind_invalid", "speed_m_s"),
        (LEAK, Wind(270.0, -1.0, "D"), "geo.wind_invalid", "speed_m_s"),
        (LEAK, Wind(270.0, 3.0, "G"), "geo.wind_invalid", "stability"),  # type: ignore[arg-type]
        (Leak(math.nan, 0, 0, 1), WIND, "geo.leak_invalid", "x"),
        (Leak(0, 0, -1, 1), WIND, "geo.leak_invalid", "height_m"),
        (Leak(0, 0, math.inf, 1), WIND, "geo.leak_invalid", "height_m"),
        (Leak(0, 0, 0, 0), WIND, "geo.leak_invalid", "amount_mg"),
        (Leak(0, 0, 0, math.nan), WIND, "geo.leak_invalid", "amount_mg"),
    ],
)
def test_a_wind_or_a_leak_that_is_none_is_named(leak: Leak, wind: Wind, code: str, field: str) -> None:
    asked: list[Any] = [
        lambda: plume_mg_m3(leak, wind, [[1, 1]]),
        lambda: puff_mg_m3(leak, wind, [[1, 1]], 5.0),
        lambda: plume_area(leak, wind, 1.0),
        lambda: puff_area(leak, wind, 1.0, 0, 1),
    ]
    for ask in asked:
        with pytest.raises(Invalid) as caught:
            ask()
        assert (caught.value.code, caught.value.field) == (code, field)


def test_a_forecast_for_no_limit_or_no_time_is_refused() -> None:
    def puff(limits: list[Limit], until_ms: int = 1_000, step_ms: int = 100) -> object:
        return puff_hazard(
            LEAK, WIND, limits, hazard_id="h", agent="a", projection=SITE, until_ms=until_ms, step_ms=step_ms
        )

    asked: list[tuple[Any, str]] = [
        (lambda: puff([]), "limits"),
        (lambda: puff([Limit(1.0)] * 9), "limits"),
        (lambda: puff([Limit(1.0), Limit(0.0)]), "limits.1"),
        (lambda: puff([Limit(math.nan)]), "limits.0"),
        (lambda: puff([Limit(1.0)], step_ms=0), "step_ms"),
        (lambda: puff([Limit(1.0)], step_ms=2_000), "step_ms"),
        (lambda: puff([Limit(1.0)], step_ms=1), "step_ms"),
        (lambda: plume_area(LEAK, WIND, -1.0), "mg_m3"),
        (lambda: puff_area(LEAK, WIND, 1.0, 5, 5), "from_s"),
        (lambda: puff_area(LEAK, WIND, 1.0, math.nan, 5), "from_s"),
        (lambda: puff_mg_m3(LEAK, WIND, [[1, 1]], math.nan), "after_s"),
        (lambda: stability_class(math.nan, "slight"), "wind_m_s"),
        (lambda: sky_of(91, 0), "sun_elevation_deg"),
        (lambda: sky_of(30, 9), "cloud_eighths"),
    ]
    for ask, field in asked:
        with pytest.raises(Invalid) as caught:
            ask()
        assert caught.value.field == field
