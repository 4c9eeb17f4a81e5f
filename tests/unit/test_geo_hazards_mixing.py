"""A gas fills rooms as the matrix exponential says, none of it is lost, and rooms over a limit become a hazard."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import scipy.linalg
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import Invalid
from geo.graph.csr import Floats
from geo.hazards.footprints import place
from geo.hazards.mixing import (
    ROOMS_MAX,
    Exchange,
    Flow,
    MixedRoom,
    Regime,
    advance,
    door_exchange_m3_s,
    fill,
)
from geo.hazards.mixing_areas import filling_hazard
from geo.hazards.plume_areas import Limit
from geo.places.model import Door, Room
from geo.projection import Projection


def _solved(rates: Floats, leak: Floats, mass: Floats, seconds: float) -> Floats:
    """The oracle: exp of the matrix with the leak as one more column."""
    size = len(mass)
    wide = np.zeros((size + 1, size + 1))
    wide[:size, :size], wide[:size, size] = rates, leak
    return np.asarray((scipy.linalg.expm(wide * seconds) @ np.append(mass, 1.0))[:size])


@st.composite
def _systems(draw: st.DrawFn) -> tuple[Floats, Floats, Floats]:
    """Up to five compartments that pass things on to each other and lose some."""
    size = draw(st.integers(1, 5))
    rate = st.one_of(st.just(0.0), st.floats(1e-6, 2.0))
    rates = np.array(draw(st.lists(rate, min_size=size * size, max_size=size * size))).reshape(size, size)
    lost = np.array(draw(st.lists(rate, min_size=size, max_size=size)))
    np.fill_diagonal(rates, 0.0)
    np.fill_diagonal(rates, -rates.sum(axis=0) - lost)
    amounts = st.lists(st.floats(0, 1_000), min_size=size, max_size=size)
    return rates, np.array(draw(amounts)), np.array(draw(amounts))


@settings(max_examples=200, deadline=None)
@given(_systems(), st.floats(0, 2_000))
def test_a_step_of_any_length_is_the_matrix_exponential_s(
    system: tuple[Floats, Floats, Floats], seconds: float
) -> None:
    rates, leak, mass = system
    there = advance(rates, leak, mass, seconds)
    scale = mass.sum() + leak.sum() * seconds
    # The general matrix exponential loses more than this: of a closed system it made 2e-9 of the mass out of nothing.
    np.testing.assert_allclose(there, _solved(rates, leak, mass, seconds), rtol=0, atol=1e-8 * scale + 1e-300)
    assert (there >= 0).all()


def test_one_room_fills_and_clears_by_the_textbook_s_curve() -> None:
    # 100 m3, 6 air changes an hour, 50 mg/s: C = S / Q (1 - exp(-Q t / V)); after half an hour the leak stops.
    room = [MixedRoom("a", 100.0)]
    regimes = [
        Regime(air_changes_h={"a": 6.0}, leaks_mg_s={"a": 50.0}),
        Regime(start_ms=1_800_000, air_changes_h={"a": 6.0}),
    ]
    filling = fill(room, regimes, [0, 600_000, 1_800_000, 2_400_000])
    steady = 50 / (6 * 100 / 3_600)
    full = steady * (1 - math.exp(-3))
    np.testing.assert_allclose(
        filling.mg_m3[:, 0], [0, steady * (1 - math.exp(-1)), full, full * math.exp(-1)], rtol=1e-12
    )


def test_ventilation_that_is_switched_off_lets_it_rise_without_end_and_on_again_brings_it_down() -> None:
    room = [MixedRoom("a", 50.0, mg_m3=10.0)]
    off = Regime(leaks_mg_s={"a": 5.0})
    on = Regime(start_ms=100_000, leaks_mg_s={"a": 5.0}, air_changes_h={"a": 36.0})
    filling = fill(room, [off, on], [50_000, 100_000, 2_000_000])
    np.testing.assert_allclose(filling.mg_m3[:, 0], [15.0, 20.0, 5.0 / 0.5], rtol=1e-6)


def _building() -> tuple[list[MixedRoom], list[Regime]]:
    rooms = [MixedRoom("lab", 80.0, 100.0), MixedRoom("hall", 200.0), MixedRoom("store", 30.0)]
    doors = [Exchange(("lab", "hall"), 0.1), Exchange(("hall", "store"), 0.01)]
    fans = [Flow(None, "hall", 0.3), Flow("hall", "lab", 0.2), Flow("lab", None, 0.5)]
    return rooms, [
        Regime(exchanges=doors, flows=fans, leaks_mg_s={"lab": 20.0}),
        Regime(start_ms=300_000, exchanges=doors, air_changes_h={"store": 2.0}),
    ]


def test_what_is_in_the_rooms_and_outside_is_what_was_there_and_leaked() -> None:
    rooms, regimes = _building()
    volumes = np.array([room.volume_m3 for room in rooms])
    filling = fill(rooms, regimes, list(range(0, 3_600_000, 30_000)))
    leaked = 20.0 * np.minimum(filling.moments_ms / 1_000, 300.0)
    np.testing.assert_allclose(filling.mg_m3 @ volumes + filling.outside_mg, 8_000.0 + leaked, rtol=1e-12)
    assert (filling.mg_m3 >= 0).all()


def test_what_fans_bring_too_much_leaves_and_what_they_take_too_much_comes_clean_from_outside() -> None:
    rooms = [MixedRoom("blown", 10.0, 50.0), MixedRoom("sucked", 10.0, 50.0)]
    regimes = [Regime(flows=[Flow(None, "blown", 0.1), Flow("sucked", None, 0.1)])]
    filling = fill(rooms, regimes, [100_000])
    np.testing.assert_allclose(filling.mg_m3[0], 50.0 * math.exp(-1), rtol=1e-12)


def test_a_moment_does_not_depend_on_the_moments_asked_before_it() -> None:
    rooms, regimes = _building()
    one = fill(rooms, regimes, [1_000_000]).mg_m3[-1]
    many = fill(rooms, regimes, [*range(0, 1_000_000, 7_777), 1_000_000]).mg_m3[-1]
    np.testing.assert_allclose(one, many, rtol=1e-10)


def _door(state: Any) -> Door:
    return Door(id="d", level=0, at=(0.0, 0.0), joins=("a", "b"), state=state, width_m=0.9)


def test_an_open_door_exchanges_some_ten_times_what_a_closed_one_does() -> None:
    # By hand: 0.65 / 3 * 0.9 * 2 * sqrt(9.80665 * 2 / 293.15) = 0.1009 m3/s; 0.83 * 0.02 / 2 = 0.0083 m3/s.
    assert door_exchange_m3_s(_door("open")) == pytest.approx(0.1009, rel=1e-3)
    assert door_exchange_m3_s(_door("closed")) == pytest.approx(0.0083)
    assert door_exchange_m3_s(_door("locked")) == door_exchange_m3_s(_door("badge"))
    with pytest.raises(Invalid):
        door_exchange_m3_s(_door("open"), warmer_by_k=math.nan)


def _square(number: int) -> dict[str, Any]:
    west, east = 121.5 + number * 1e-4, 121.5 + (number + 1) * 1e-4
    ring = [[west, 31.2], [east, 31.2], [east, 31.2001], [west, 31.2001], [west, 31.2]]
    return {"type": "Polygon", "coordinates": [ring]}


def test_rooms_over_a_limit_are_a_hazard_slice_by_slice_by_the_strictest_limit_they_pass() -> None:
    mixed = [MixedRoom("a", 100.0), MixedRoom("b", 100.0), MixedRoom("duct", 1.0, mg_m3=1e6)]
    regimes = [
        Regime(exchanges=[Exchange(("a", "b"), 0.2)], leaks_mg_s={"a": 50.0}),
        Regime(start_ms=240_000, air_changes_h={"a": 60.0, "b": 60.0}),
    ]
    rooms = {name: Room(id=name, level=0, polygon=_square(n)) for n, name in enumerate("ab")}
    limits = [Limit(40.0), Limit(10.0, factor=8.0), Limit(20.0, factor=3.0)]
    hazard = filling_hazard(
        mixed, regimes, limits, rooms=rooms, hazard_id="h", agent="chlorine", until_ms=900_000, step_ms=60_000
    )
    assert (hazard.source, len(hazard.slices)) == ("forecast", 15)
    exact = fill(mixed, regimes, list(range(0, 900_001, 1_000))).mg_m3
    for it in hazard.slices:
        seconds = slice(it.start_ms // 1_000, (it.start_ms + it.length_ms) // 1_000 + 1)
        most = exact[seconds, :2].max(axis=0)
        by_room = {"ab"[[_square(0), _square(1)].index(area.polygon)]: area for area in it.areas}
        for name, held in zip("ab", most, strict=True):
            if held < 10.0:
                assert name not in by_room
            else:
                assert by_room[name].air[0].value == pytest.approx(held, rel=0.01)
                assert by_room[name].factor == (None if held >= 40 else 8.0)
    assert hazard.slices[0].areas[0].factor == 8.0
    assert hazard.slices[-1].areas == []
    assert len(place(hazard, Projection(121.5, 31.2), {0}).slices) == 15


ROOM = [MixedRoom("a", 10.0)]
WRONG: list[tuple[Any, Any, Any, str]] = [
    ([], [Regime()], [0], "rooms"),
    ([MixedRoom(str(n), 10.0) for n in range(ROOMS_MAX + 1)], [Regime()], [0], "rooms"),
    ([MixedRoom("a", 10.0)] * 2, [Regime()], [0], "rooms.1.id"),
    ([MixedRoom("a", 0.0)], [Regime()], [0], "rooms.0.volume_m3"),
    ([MixedRoom("a", math.nan)], [Regime()], [0], "rooms.0.volume_m3"),
    ([MixedRoom("a", 10.0, -1.0)], [Regime()], [0], "rooms.0.mg_m3"),
    (ROOM, [], [0], "regimes"),
    (ROOM, [Regime(start_ms=5)], [0], "regimes.0.start_ms"),
    (ROOM, [Regime(), Regime()], [0], "regimes.1"),
    (ROOM, [Regime()], [], "moments_ms"),
    (ROOM, [Regime()], [5, 5], "moments_ms.1"),
    (ROOM, [Regime()], [-1], "moments_ms.0"),
    (ROOM, [Regime(air_changes_h={"a": math.nan})], [0], "regimes.0.air_changes_h.a"),
    (ROOM, [Regime(air_changes_h={"b": 1.0})], [0], "regimes.0.air_changes_h"),
    (ROOM, [Regime(exchanges=[Exchange(("a", "b"), 1.0)])], [0], "regimes.0.exchanges"),
    (ROOM, [Regime(exchanges=[Exchange(("a", "a"), math.inf)])], [0], "regimes.0.exchanges"),
    (ROOM, [Regime(flows=[Flow("b", None, 1.0)])], [0], "regimes.0.flows"),
    (ROOM, [Regime(flows=[Flow("a", None, -1.0)])], [0], "regimes.0.flows"),
    (ROOM, [Regime(leaks_mg_s={"a": -1.0})], [0], "regimes.0.leaks_mg_s.a"),
    (ROOM, [Regime(leaks_mg_s={"b": 1.0})], [0], "regimes.0.leaks_mg_s"),
]


@pytest.mark.parametrize(("rooms", "regimes", "moments", "field"), WRONG)
def test_a_room_a_flow_or_a_moment_that_is_none_is_named(rooms: Any, regimes: Any, moments: Any, field: str) -> None:
    with pytest.raises(Invalid) as caught:
        fill(rooms, regimes, moments)
    assert (caught.value.code, caught.value.field) == ("geo.mixing_invalid", field)


@pytest.mark.parametrize(("until_ms", "step_ms"), [(0, 1), (1_000, 2_000), (1_000, 1), (10**12, 10**11)])
def test_a_forecast_of_no_slices_or_too_many_is_refused(until_ms: int, step_ms: int) -> None:
    with pytest.raises(Invalid) as caught:
        filling_hazard(
            ROOM, [Regime()], [Limit(1.0)], rooms={}, hazard_id="h", agent="a", until_ms=until_ms, step_ms=step_ms
        )
    assert (caught.value.code, caught.value.field) == ("geo.forecast_invalid", "step_ms")


def test_a_room_whose_air_changes_a_thousand_times_an_hour_for_a_week_is_no_endless_work() -> None:
    rooms = [MixedRoom("a", 1.0, 5.0), MixedRoom("b", 1.0)]
    regime = Regime(exchanges=[Exchange(("a", "b"), 100.0)], leaks_mg_s={"a": 1.0}, air_changes_h={"b": 1_000.0})
    held = fill(rooms, [regime], [7 * 86_400_000]).mg_m3[0]
    # Steady: what leaks leaves with b's air.
    np.testing.assert_allclose(held, [3.6 + 0.01, 3.6], rtol=1e-6)
