"""Doses against a sum that is done the slow way, and what is said of time nobody knows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from incidents.alarms.agents import AGENTS, convert
from incidents.exposure.dose import MINUTE, WINDOW_MIN, Dose, InPlace, Minute, doses, place_by_minute
from incidents.exposure.exposure_limits import EFFECTS, LIMITS, limits_of

AT = datetime(2026, 3, 2, 16, 0, tzinfo=UTC)
STORE, HALL = UUID(int=1), UUID(int=2)
CO = {"carbon-monoxide": limits_of("carbon-monoxide")}
HF = {"hydrogen-fluoride": limits_of("hydrogen-fluoride")}
AIR = dict[tuple[UUID, str], dict[datetime, Minute]]


def ago(minutes: float) -> datetime:
    return AT - timedelta(minutes=minutes)


def stay(start: float, end: float, place: UUID = STORE, confidence: float = 0.9) -> InPlace:
    """From so many minutes ago to so many."""
    return InPlace(place, ago(start), ago(end), confidence)


def even(agent: str, value: float, minutes: int = 480, zone: UUID = STORE) -> AIR:
    return {(zone, agent): {ago(n): Minute(value, value * 2) for n in range(1, minutes + 1)}}


def of(kind: str, found: list[Dose]) -> Dose:
    return next(d for d in found if d.kind == kind and not d.mixture)


def test_eight_hours_at_the_limit_is_the_whole_dose() -> None:
    found = of("twa", doses([stay(480, 0)], even("carbon-monoxide", 20.0), CO, AT))
    assert found.fraction == pytest.approx(1.0)
    assert (found.unknown_min, found.known_min) == (0, 480)
    assert found.confidence == pytest.approx(0.9)


def test_a_quarter_of_an_hour_counts_whole_for_the_short_term_and_little_for_the_shift() -> None:
    off = InPlace("off_site", ago(480), ago(15), 0.5)
    found = doses([off, stay(15, 0)], even("carbon-monoxide", 30.0), CO, AT)
    assert of("stel", found).fraction == pytest.approx(1.0)
    assert of("twa", found).at_least == pytest.approx(30 * 15 / 480)
    assert of("twa", found).unknown_min == 0


def test_a_ceiling_is_the_worst_moment_and_not_a_mean() -> None:
    air = even("hydrogen-fluoride", 0.1)
    air[STORE, "hydrogen-fluoride"][ago(7)] = Minute(0.5, 2.5)
    assert of("ceiling", doses([stay(480, 0)], air, HF, AT)).fraction == pytest.approx(1.25)


def test_time_nobody_measured_is_unknown_and_never_nothing() -> None:
    air = even("carbon-monoxide", 20.0, minutes=240)
    found = of("twa", doses([stay(480, 0)], air, CO, AT))
    assert (found.known_min, found.unknown_min) == (240, 240)
    assert found.at_least == pytest.approx(10.0)
    assert found.estimate == pytest.approx(20.0)


def test_a_person_whom_nobody_saw_has_no_dose_and_all_of_it_unknown() -> None:
    for found in doses([], even("carbon-monoxide", 20.0), CO, AT):
        assert (found.estimate, found.known_min, found.confidence) == (None, 0, 0.0)
        assert found.unknown_min == WINDOW_MIN[found.kind]


def test_a_minute_belongs_to_the_zone_of_most_of_it() -> None:
    first, second, third = place_by_minute([stay(3, 1.6), stay(1.6, 0.5, HALL)], AT, 3)
    assert (first and first.place, second and second.place, third and third.place) == (STORE, HALL, HALL)


def test_agents_with_one_effect_add_up() -> None:
    limits = {agent: limits_of(agent) for agent in ("acetone", "isopropanol", "carbon-monoxide")}
    air = even("acetone", 180.0) | even("isopropanol", 210.0) | even("carbon-monoxide", 1.0)
    found = doses([stay(480, 0)], air, limits, AT)
    mixed = {d.kind: d for d in found if d.mixture}
    assert mixed["twa"].fraction == pytest.approx(180 / 300 + 210 / 350)
    assert mixed["twa"].estimate == pytest.approx(mixed["twa"].fraction)
    assert found[0] == mixed["twa"]
    assert mixed["twa"].subject == "central-nervous-system"


def test_one_agent_alone_is_no_mixture() -> None:
    limits = {agent: limits_of(agent) for agent in ("acetone", "isopropanol")}
    assert not [d for d in doses([stay(480, 0)], even("acetone", 9.0), limits, AT) if d.mixture]


LEVELS = st.lists(st.none() | st.floats(0, 1e4), min_size=480, max_size=480)
STAYS = st.lists(st.tuples(st.integers(1, 480), st.integers(1, 480), st.sampled_from([STORE, HALL, "off_site"])))


@given(LEVELS, LEVELS, STAYS)
def test_a_dose_is_the_sum_of_its_minutes(
    store: list[float | None], hall: list[float | None], stays: list[tuple[int, int, UUID]]
) -> None:
    """Against adding up minute by minute; stays follow each other as a person's do."""
    levels = {STORE: store, HALL: hall}
    air: AIR = {
        (zone, "carbon-monoxide"): {ago(480 - n): Minute(v, v) for n, v in enumerate(values) if v is not None}
        for zone, values in levels.items()
    }
    where: list[object] = [None] * 480
    for length, begin, place in stays:
        for minute in range(480 - begin, min(480 - begin + length, 480)):
            where[minute] = place
    pieces = [InPlace(place, ago(480 - n), ago(479 - n), 1.0) for n, place in enumerate(where) if place]  # type: ignore[arg-type]
    found = doses(pieces, air, CO, AT)
    for kind, window in (("twa", 480), ("stel", 15)):
        total, unknown = 0.0, 0
        for n in range(480 - window, 480):
            value = 0.0 if where[n] == "off_site" else levels.get(where[n], [None] * 480)[n]  # type: ignore[call-overload]
            total += value or 0.0
            unknown += value is None
        dose = of(kind, found)
        assert dose.at_least == pytest.approx(total / window)
        assert dose.unknown_min == unknown
        assert dose.estimate is None or dose.estimate >= dose.at_least - 1e-6


def test_every_limit_is_sourced_and_can_be_reached_from_what_sensors_send() -> None:
    for row in LIMITS:
        assert row.value > 0
        assert row.source.jurisdiction
        assert row.source.edition
        assert convert(row.agent, row.value, row.unit, "[ppm]") > 0
    assert {agent for agents in EFFECTS.values() for agent in agents} <= set(AGENTS)


def test_limits_of_an_agent_come_from_one_source_the_plants_own_first() -> None:
    assert {row.source.source for row in limits_of("acetone").values()} == {"GBZ 2.1"}
    assert {row.source.source for row in limits_of("ethanol").values()} == {"NIOSH Pocket Guide"}
    assert limits_of("vibration") == {}


def test_windows_are_whole_minutes() -> None:
    assert timedelta(minutes=1) == MINUTE
