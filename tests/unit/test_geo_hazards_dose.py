"""A path's toxic load is that of its arcs, slice by slice, under a mask and without when the air has run out."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import Invalid
from geo.graph.csr import BANNED, Graph, build
from geo.hazards.dose import (
    APF_BREATHING_APPARATUS,
    APF_FULL_MASK,
    APF_HALF_MASK,
    DoseRates,
    LoadLaw,
    Protection,
    arc_loads,
    dose_rates,
    path_dose,
)
from geo.hazards.footprints import BAN_PERMILLE, Footprint, Placed, PlacedSlice
from geo.hazards.model import Concentration, ConcentrationUnit
from geo.hazards.raising import HazardTimes

HABER = LoadLaw("chlorine", 1.0, "ppm", "Haber")
# Withers and Lees, Journal of Hazardous Materials 15 (1987), 301-342.
CHLORINE = LoadLaw("chlorine", 2.0, "ppm", "Withers and Lees 1987", molar_mass_g_mol=70.90)


def _corridor(minutes: int = 1) -> Graph:
    """Three rooms in a row, ten metres and a minute apart."""
    graph, _ = build([0, 10, 20, 30], [0] * 4, [0] * 4, [0, 1, 2], [1, 2, 3], [60_000 * minutes] * 3)
    return graph


def _cloud(left: float, right: float, ppm: float, *, agent: str = "chlorine", unit: ConcentrationUnit = "ppm",
           permille: int = 1_001) -> Footprint:  # fmt: skip
    return Footprint(shapely.box(left, -1, right, 1), frozenset({0}), permille, (Concentration(agent, ppm, unit),))


def _times(*placed: Placed, graph: Graph | None = None) -> HazardTimes:
    times = HazardTimes(graph or _corridor())
    times.update(placed)
    return times


def _steady(name: str, *footprints: Footprint) -> Placed:
    return Placed(name, (PlacedSlice(0, footprints),))


@pytest.mark.parametrize(
    ("exponent", "ppm", "minutes", "load", "within"),
    [
        # HSE, Assessment of the dangerous toxic load: methyl isocyanate (n = 1, 750 ppm min), sulphur dioxide (n = 2,
        # 4.6e6 ppm2 min), as printed there, to two digits.
        (1.0, 150, 5, 750, 1e-12),
        (1.0, 25, 30, 750, 1e-12),
        (2.0, 965, 5, 4.6e6, 0.02),
        (2.0, 395, 30, 4.6e6, 0.02),
    ],
)
def test_the_published_pairs_of_concentration_and_time_give_the_published_load(
    exponent: float, ppm: float, minutes: int, load: float, within: float
) -> None:
    rates = DoseRates(LoadLaw("a", exponent, "ppm", "HSE"), np.array([0]), np.array([[ppm**exponent]]))
    dose = path_dose(rates, [0], [0], [minutes * 60_000])
    assert dose.load == pytest.approx(load, rel=within)


def test_of_one_hazard_the_fullest_area_counts_and_two_hazards_add_up_before_the_power() -> None:
    times = _times(
        _steady("leak", _cloud(-1, 5, 2.0), _cloud(-1, 11, 3.0), _cloud(15, 16, 50.0, agent="ammonia")),
        _steady("second", _cloud(4, 5, 4.0)),
    )
    assert dose_rates(times, HABER).per_min.tolist() == [[7.0, 3.0, 0.0]]
    assert dose_rates(times, CHLORINE).per_min.tolist() == [[49.0, 9.0, 0.0]]


def test_air_in_the_other_unit_is_turned_by_the_molar_mass() -> None:
    # NIOSH Pocket Guide, chlorine: 1 ppm = 2.90 mg/m3.
    times = _times(_steady("leak", _cloud(-1, 5, 29.0, unit="mg/m3")))
    assert dose_rates(times, CHLORINE).per_min[0, 0] == pytest.approx(10.0**2, rel=0.002)
    other = LoadLaw("chlorine", 1.0, "mg/m3", "x", molar_mass_g_mol=70.90)
    assert dose_rates(_times(_steady("leak", _cloud(-1, 5, 10.0))), other).per_min[0, 0] == pytest.approx(29, rel=1e-3)
    with pytest.raises(Invalid) as caught:
        dose_rates(times, HABER)
    assert caught.value.field == "molar_mass_g_mol"


def test_a_path_breathes_each_slice_it_walks_through() -> None:
    moving = Placed("leak", (PlacedSlice(30_000, (_cloud(-1, 5, 4.0),)), PlacedSlice(90_000, (_cloud(12, 18, 6.0),))))
    times = _times(moving)
    sliced, rates = times.sliced(), dose_rates(times, HABER)
    assert rates.starts_ms.tolist() == sliced.starts_ms.tolist() == [0, 30_000, 90_000]
    # The first arc is entered in clean air, the second at 60 s, the third at 120 s, after the cloud.
    at = np.array([0, 60_000, 120_000, 180_000])
    dose = path_dose(rates, [0, 1, 2], at[:-1], at[1:])
    assert dose.by_arc.tolist() == [2.0, 3.0, 0.0]
    assert (dose.load, dose.air_left_s) == (5.0, None)


def test_who_waits_between_two_arcs_breathes_the_fuller_air_of_both() -> None:
    rates = dose_rates(_times(_steady("leak", _cloud(-1, 5, 4.0), _cloud(22, 28, 6.0))), HABER)
    dose = path_dose(rates, [0, 1, 2], [0, 90_000, 210_000], [60_000, 150_000, 270_000])
    # Half a minute at 4 before the second, a minute at 6 before the third.
    assert dose.by_arc.tolist() == [4.0, 2.0, 12.0]


def test_a_mask_divides_what_is_breathed_until_its_air_runs_out() -> None:
    rates = dose_rates(_times(_steady("leak", _cloud(-1, 31, 100.0))), CHLORINE)
    at = np.array([0, 60_000, 120_000, 180_000])
    arcs, leaves, reaches = [0, 1, 2], at[:-1], at[1:]
    bare = path_dose(rates, arcs, leaves, reaches)
    assert bare.load == pytest.approx(3e4)
    masked = path_dose(rates, arcs, leaves, reaches, Protection(APF_FULL_MASK))
    assert masked.load == pytest.approx(3e4 / 50**2)
    short = path_dose(rates, arcs, leaves, reaches, Protection(APF_BREATHING_APPARATUS, air_s=90.0))
    assert short.by_arc == pytest.approx([1e-4, 0.5e-4 + 0.5e4, 1e4])
    assert short.air_left_s == -90.0
    assert path_dose(rates, [0, 1], leaves[:2], reaches[:2], Protection(APF_HALF_MASK, air_s=130.0)).air_left_s == 10.0


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.tuples(st.integers(1, 60), st.floats(0, 100)), min_size=1, max_size=4),
    st.lists(st.integers(1, 90), min_size=1, max_size=5),
    st.integers(0, 100),
    st.sampled_from((1.0, 2.0, 2.75)),
    st.none() | st.integers(0, 200),
)
def test_the_load_is_that_of_adding_up_second_by_second(
    slices: list[tuple[int, float]], lengths: list[int], start: int, exponent: float, air_s: int | None
) -> None:
    starts = np.concatenate(([0], np.cumsum([length for length, _ in slices])))
    held = np.array([0.0, *(ppm for _, ppm in slices)])
    per_min = np.repeat((held**exponent)[:, None], len(lengths), axis=1)
    rates = DoseRates(LoadLaw("a", exponent, "ppm", "x"), starts * 1_000, per_min)
    at = start + np.concatenate(([0], np.cumsum(lengths)))
    dose = path_dose(rates, range(len(lengths)), at[:-1] * 1_000, at[1:] * 1_000, Protection(10.0, air_s))
    expected = 0.0
    for second in range(int(at[0]), int(at[-1])):
        row = int(np.searchsorted(starts, second, side="right")) - 1
        masked = air_s is None or second < at[0] + air_s
        expected += (held[row] / (10 if masked else 1)) ** exponent / 60
    assert dose.load == pytest.approx(expected, rel=1e-9)


def test_the_loads_of_arcs_are_a_weight_beside_their_times_and_a_banned_arc_s_is_endless() -> None:
    times = _times(_steady("leak", _cloud(-1, 5, 20.0), _cloud(22, 28, 5.0, permille=BAN_PERMILLE)))
    sliced, rates = times.sliced(), dose_rates(times, HABER)
    loads = arc_loads(rates, sliced.millis, Protection(10.0))
    assert sliced.millis[0, 2] == BANNED
    np.testing.assert_allclose(loads, [[2.0 * 1.001, 0.0, np.inf]])


def test_a_network_without_hazards_costs_no_breath() -> None:
    times = _times()
    assert dose_rates(times, HABER).per_min.tolist() == [[0.0, 0.0, 0.0]]
    nothing = path_dose(dose_rates(times, HABER), [], [], [])
    assert (nothing.load, len(nothing.by_arc)) == (0.0, 0)


@pytest.mark.parametrize(
    ("law", "field"),
    [
        (LoadLaw("a", 0.4, "ppm", "x"), "exponent"),
        (LoadLaw("a", math.nan, "ppm", "x"), "exponent"),
        (LoadLaw("a", 1.0, "ppm", " "), "source"),
        (LoadLaw("a", 1.0, "ppm", "x", 0.0), "molar_mass_g_mol"),
    ],
)
def test_a_law_without_a_source_or_beyond_what_is_known_is_refused(law: LoadLaw, field: str) -> None:
    with pytest.raises(Invalid) as caught:
        dose_rates(_times(), law)
    assert (caught.value.code, caught.value.field) == ("geo.dose_invalid", field)


@pytest.mark.parametrize(
    ("protection", "field"),
    [(Protection(0.5), "factor"), (Protection(math.inf), "factor"), (Protection(10.0, -1.0), "air_s"),
     (Protection(10.0, math.nan), "air_s")],
)  # fmt: skip
def test_a_mask_that_is_none_is_refused(protection: Protection, field: str) -> None:
    rates = dose_rates(_times(), HABER)
    asked: list[Any] = [
        lambda: path_dose(rates, [0], [0], [1], protection),
        lambda: arc_loads(rates, np.ones((1, 3), dtype=np.int32), protection),
    ]
    for ask in asked:
        with pytest.raises(Invalid) as caught:
            ask()
        assert caught.value.field == field


@pytest.mark.parametrize(("leaves", "reaches"), [([0, 5], [9, 12]), ([0, 9], [9, 8]), ([0], [1, 2]), ([0], [1])])
def test_moments_that_do_not_follow_one_another_are_no_path_s(leaves: list[int], reaches: list[int]) -> None:
    with pytest.raises(Invalid) as caught:
        path_dose(dose_rates(_times(), HABER), [0, 1], leaves, reaches)
    assert caught.value.field == "leaves_ms"
