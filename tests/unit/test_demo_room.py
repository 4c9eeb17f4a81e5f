"""The demo plant's physics: steady state, mass balance, no dependence on the step, never negative."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from muster.demo import room_model as m

STORE = m.SOLVENT_STORE
rates = st.floats(0.0, 20.0)
steps = st.floats(0.01, 5.0)


@given(source=st.floats(1e-6, 1e-2), flow=st.floats(1e-3, 2.0), volume=st.floats(1.0, 1000.0))
def test_a_constant_source_settles_at_source_over_flow(source: float, flow: float, volume: float) -> None:
    after = m.mix(0.0, source, flow, volume, 40.0 * volume / flow)
    assert after == pytest.approx(1e6 * source / flow, rel=1e-9)


@given(ppm=st.floats(0, 1e5), source=st.floats(0, 1e-2), flow=st.floats(1e-3, 2.0), dt=steps)
def test_what_enters_either_stays_or_leaves(ppm: float, source: float, flow: float, dt: float) -> None:
    volume = STORE.volume_m3
    after = m.mix(ppm, source, flow, volume, dt)
    middle_points = [m.mix(ppm, source, flow, volume, dt * (i + 0.5) / 2000) for i in range(2000)]
    left = flow * dt * sum(middle_points) / 2000
    assert volume * (after - ppm) == pytest.approx(1e6 * source * dt - left, abs=1e-3 + 1e-6 * volume * max(ppm, after))


@given(ppm=st.floats(0, 1e5), source=st.floats(0, 1e-2), flow=st.floats(0, 2.0), dt=steps)
def test_two_half_steps_are_one_step(ppm: float, source: float, flow: float, dt: float) -> None:
    half = m.mix(ppm, source, flow, STORE.volume_m3, dt / 2)
    two = m.mix(half, source, flow, STORE.volume_m3, dt / 2)
    assert two == pytest.approx(m.mix(ppm, source, flow, STORE.volume_m3, dt), rel=1e-6, abs=1e-6)


@given(film=st.floats(0, 500), leak=rates, dt=steps)
def test_the_film_loses_what_evaporates(film: float, leak: float, dt: float) -> None:
    after, evaporated = m.evaporate(film, leak, STORE, dt)
    assert after >= 0
    assert evaporated >= 0
    assert after + evaporated == pytest.approx(film + leak * dt, abs=1e-9)


@given(script=st.lists(st.tuples(st.booleans(), rates, steps), max_size=60))
def test_nothing_is_ever_negative_and_the_fan_stays_between_rest_and_full(
    script: list[tuple[bool, float, float]],
) -> None:
    state = m.RoomState()
    for running, leak, dt in script:
        state = m.advance(state, STORE, fan_running=running, leak_g_s=leak, dt_s=dt)
        assert state.acetone_ppm >= 0
        assert state.film_g >= 0
        assert 0 <= state.fan_speed <= 1


def test_a_closed_room_keeps_every_gram() -> None:
    sealed = replace(STORE, base_flow_m3_s=0.0, fan_flow_m3_s=0.0)
    state = m.RoomState()
    for _ in range(400):
        state = m.advance(state, sealed, fan_running=False, leak_g_s=1.0, dt_s=0.25)
    in_air_g = state.acetone_ppm / 1e6 * sealed.volume_m3 / m.MOLAR_VOLUME_M3 * m.ACETONE_G_PER_MOL
    assert in_air_g + state.film_g == pytest.approx(100.0)


def test_acetone_evaporates_about_one_and_a_half_grams_a_second_from_a_square_metre() -> None:
    assert m.evaporation_flux_g_s_m2(0.5) == pytest.approx(1.55, rel=0.02)
    assert m.vapour_m3(m.ACETONE_G_PER_MOL) == pytest.approx(0.02406, rel=1e-3)
    assert m.percent_lel(6_250) == 25.0


def test_a_sensor_shows_nine_tenths_of_a_step_after_its_t90() -> None:
    sensor = m.follow(m.SensorState(0.0), m.PID, 1000.0, m.PID.t90_s)
    assert sensor.value == pytest.approx(900.0)


@given(value=st.floats(-1e5, 1e5), noise=st.floats(-6, 6))
def test_a_display_shows_whole_steps_within_its_range(value: float, noise: float) -> None:
    shown = m.display(m.SensorState(value), m.CATALYTIC, noise)
    assert m.CATALYTIC.low <= shown <= m.CATALYTIC.high
    assert shown == pytest.approx(round(shown / m.CATALYTIC.resolution) * m.CATALYTIC.resolution)


def test_fan_mean_speed_is_the_integral_of_its_speed() -> None:
    after, mean = m.spin(0.2, True, STORE, 2.0)
    points = [m.spin(0.2, True, STORE, 2.0 * (i + 0.5) / 1000)[0] for i in range(1000)]
    assert mean == pytest.approx(sum(points) / 1000, rel=1e-5)
    assert after == pytest.approx(1 - 0.8 * math.exp(-2 / 3))
