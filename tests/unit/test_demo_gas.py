"""The gas house's physics: steady state, mass balance, no dependence on the step, oxygen never below none."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from muster.demo import gas_model as m
from muster.demo.room_model import MOLAR_VOLUME_M3, oxygen_percent

ROOM = m.GAS_HOUSE_ROOM
SEALED = replace(ROOM, base_flow_m3_s=0.0, fan_flow_m3_s=0.0)
rates = st.floats(0.0, 2000.0)
Advance = Callable[..., m.GasState]


def _run(advance: Advance, state: m.GasState, seconds: float, *, fan: bool, leak_g_s: float, dt_s: float) -> m.GasState:
    for _ in range(round(seconds / dt_s)):
        state = advance(state, ROOM, fan_running=fan, leak_g_s=leak_g_s, dt_s=dt_s)
    return state


def test_a_closed_room_keeps_every_gram_of_hydrogen_fluoride() -> None:
    state = m.GasState()
    for _ in range(400):
        state = m.advance_hf(state, SEALED, fan_running=False, leak_g_s=0.036, dt_s=0.25)
    assert state.gas / 1000.0 * SEALED.volume_m3 == pytest.approx(3.6)


def test_hydrogen_fluoride_settles_at_source_over_flow() -> None:
    state = _run(m.advance_hf, m.GasState(), 1200, fan=True, leak_g_s=0.036, dt_s=1.0)
    flow = ROOM.base_flow_m3_s + ROOM.fan_flow_m3_s
    assert state.gas == pytest.approx(36.0 / flow, rel=1e-6)


def test_nitrogen_settles_at_its_share_of_what_the_fan_draws_out() -> None:
    state = _run(m.advance_nitrogen, m.GasState(), 1200, fan=True, leak_g_s=250.0, dt_s=1.0)
    source = 250.0 / m.NITROGEN_G_PER_MOL * MOLAR_VOLUME_M3
    assert source == pytest.approx(0.2147, rel=1e-3)
    assert state.gas / 1e6 == pytest.approx(source / (ROOM.base_flow_m3_s + ROOM.fan_flow_m3_s), rel=1e-6)
    assert oxygen_percent(state.gas) == pytest.approx(16.67, abs=0.01)


def test_more_nitrogen_than_the_room_breathes_pushes_all_air_out_and_no_more() -> None:
    state = _run(m.advance_nitrogen, m.GasState(), 3600, fan=False, leak_g_s=2000.0, dt_s=1.0)
    assert state.gas == pytest.approx(1e6, rel=1e-9)
    assert oxygen_percent(state.gas) == pytest.approx(0.0, abs=1e-6)


@given(leak=rates, fan=st.booleans(), seconds=st.integers(1, 60))
def test_the_step_does_not_matter_while_the_fan_stands_or_runs(leak: float, fan: bool, seconds: int) -> None:
    start = m.GasState(fan_speed=1.0 if fan else 0.0)
    for advance in (m.advance_hf, m.advance_nitrogen):
        coarse = _run(advance, start, seconds, fan=fan, leak_g_s=leak, dt_s=1.0)
        fine = _run(advance, start, seconds, fan=fan, leak_g_s=leak, dt_s=0.25)
        assert coarse.gas == pytest.approx(fine.gas, rel=1e-6, abs=1e-9)


@given(script=st.lists(st.tuples(st.booleans(), rates, st.floats(0.01, 5.0)), max_size=60))
def test_nitrogen_is_never_less_than_none_nor_more_than_all(script: list[tuple[bool, float, float]]) -> None:
    state = m.GasState()
    for running, leak, dt in script:
        state = m.advance_nitrogen(state, ROOM, fan_running=running, leak_g_s=leak, dt_s=dt)
        assert 0.0 <= state.gas <= 1e6 * (1 + 1e-9)
        assert 0.0 <= state.fan_speed <= 1.0
