"""The library of set points against the table it comes from, and conversions against published factors."""

from __future__ import annotations

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Invalid, NotFound
from incidents.alarms import agents
from incidents.alarms.limits import LIBRARY, SetPoint, find_set_points, rule_of

CONVERTIBLE = [a.slug for a in agents.AGENTS.values() if a.molar_mass is not None and a.lel is not None]


def values(agent: str, unit: str, **options: str) -> list[tuple[str, int, float]]:
    found = find_set_points(agent, unit, **options)  # type: ignore[arg-type]
    return [(p.kind, p.level, p.value) for p in found]


def test_every_row_names_its_source_and_jurisdiction() -> None:
    for point in LIBRARY:
        assert point.source.source
        assert point.source.jurisdiction
        assert point.agent in agents.AGENTS


@pytest.mark.parametrize(
    ("agent", "first"),
    [
        ("hydrogen-fluoride", 2.0),
        ("carbon-monoxide", 20.0),
        ("ammonia", 20.0),
        ("chlorine", 1.0),
        ("hydrogen-chloride", 7.5),
        ("ozone", 0.3),
        ("hydrogen-sulfide", 10.0),
    ],
)
def test_toxic_gases_alarm_at_once_and_twice_the_limit_of_gb_50493(agent: str, first: float) -> None:
    assert values(agent, "mg/m3") == [("high", 1, first), ("high", 2, 2 * first)]


def test_a_solvent_has_one_limit_against_fire_and_one_for_people() -> None:
    assert values("acetone", "%{LEL}") == [("high", 1, 25.0), ("high", 2, 50.0)]
    assert values("acetone", "[ppm]") == [("high", 1, 1000.0), ("high", 2, 2000.0)]
    # 25 % LEL of acetone is 6,250 ppm: over six times the OSHA limit.
    assert values("acetone", "[ppm]", purpose="fire") == [("high", 1, 6250.0), ("high", 2, 12500.0)]


@pytest.mark.parametrize(("agent", "ppm"), [("ethanol", 7750), ("isopropanol", 5000), ("hydrogen", 10_000)])
def test_a_quarter_of_the_lower_explosive_limit_in_ppm(agent: str, ppm: float) -> None:
    assert values(agent, "[ppm]", purpose="fire")[0] == ("high", 1, ppm)


def test_oxygen_is_watched_both_ways() -> None:
    assert values("oxygen", "%") == [("low", 1, 19.5), ("high", 1, 23.5), ("low", 2, 18.0)]


def test_a_machine_is_held_to_its_group() -> None:
    assert values("vibration", "mm/s", variant="15-300 kW rigid") == [("high", 1, 2.8), ("high", 2, 4.5)]
    with pytest.raises(NotFound) as refused:
        find_set_points("vibration", "mm/s")
    assert "machine 15-300 kW rigid" in refused.value.limit  # type: ignore[operator]


def test_an_agent_we_have_no_limit_for_is_said_so() -> None:
    with pytest.raises(NotFound, match="unobtainium"):
        find_set_points("unobtainium", "[ppm]")


def test_a_converted_limit_says_from_what_and_under_which_conditions() -> None:
    first = find_set_points("acetone", "mg/m3")[0]
    assert first.value == pytest.approx(2376, rel=2e-3)  # NIOSH Pocket Guide: 1 ppm = 2.38 mg/m3
    assert "25 Cel and 101.325 kPa" in first.source.note


@pytest.mark.parametrize(
    ("agent", "mg_m3"),
    [("carbon-monoxide", 1.15), ("ammonia", 0.70), ("chlorine", 2.90), ("hydrogen-sulfide", 1.40), ("ozone", 1.96)],
)
def test_one_ppm_is_what_the_niosh_pocket_guide_says(agent: str, mg_m3: float) -> None:
    assert agents.convert(agent, 1.0, "[ppm]", "mg/m3") == pytest.approx(mg_m3, abs=0.011)


@given(
    agent=st.sampled_from(CONVERTIBLE),
    value=st.floats(1e-3, 1e5),
    units=st.permutations(["[ppm]", "mg/m3", "%", "%{LEL}"]),
    temperature=st.floats(-40, 60),
    pressure=st.floats(60, 110),
)
def test_a_conversion_there_and_back_is_no_change(
    agent: str, value: float, units: list[str], temperature: float, pressure: float
) -> None:
    one, other = units[:2]
    there = agents.convert(agent, value, one, other, temperature_c=temperature, pressure_kpa=pressure)
    back = agents.convert(agent, there, other, one, temperature_c=temperature, pressure_kpa=pressure)
    assert back == pytest.approx(value, rel=1e-9)


@pytest.mark.parametrize(("agent", "unit"), [("vibration", "mg/m3"), ("ammonia", "%{LEL}"), ("acetone", "furlong")])
def test_a_unit_that_can_not_be_reached_is_named(agent: str, unit: str) -> None:
    with pytest.raises(Invalid) as refused:
        agents.convert(agent, 1.0, unit, "[ppm]")
    assert (refused.value.field, refused.value.value) == ("unit", unit)


@pytest.mark.parametrize("point", LIBRARY, ids=lambda p: f"{p.agent}-{p.level}-{p.kind}-{p.variant}")
def test_every_row_makes_a_rule_that_asks_again_and_waits_for_nobody_at_the_second_level(point: SetPoint) -> None:
    rule = rule_of(point, UUID(int=1), UUID(int=2), UUID(int=3))
    assert rule.set_point == point.value
    assert rule.deadband > 0
    assert (rule.on_delay_s == 0) == (point.level == 2)
    assert (rule.rearm_after_s is not None) == (point.level == 2)


def test_names_are_for_people_in_both_languages_also_of_what_nobody_knows() -> None:
    assert agents.name_of("acetone").zh == "丙酮"
    assert agents.name_of("unobtainium").en == "unobtainium"
    assert agents.name_of(None).en
    assert agents.hazard_of(None) is None
    assert agents.hazard_of("acetone") == "flammable"


def test_a_value_in_its_own_unit_is_itself_also_where_nothing_converts() -> None:
    assert agents.convert("nobody-knows", 3.0, "mm/s", "mm/s") == 3.0
