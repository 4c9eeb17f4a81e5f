"""Which alarms have one cause."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from incidents.alarms.agents import Hazard
from incidents.correlation import WINDOW, OpenIncident, find_cause

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
STORE, CORRIDOR, HALL = (UUID(int=n) for n in (1, 2, 3))


def incident(
    number: int, *zones: UUID, hazard: Hazard | None = "flammable", active: bool = True, age_s: float = 60
) -> OpenIncident:
    return OpenIncident(UUID(int=100 + number), frozenset(zones), hazard, active, NOW - timedelta(seconds=age_s))


def cause(
    incidents: list[OpenIncident], zone: UUID, *adjoining: UUID, hazard: Hazard | None = "flammable"
) -> UUID | None:
    return find_cause(incidents, zone, frozenset(adjoining), hazard, NOW)


def test_the_same_zone_is_the_same_cause() -> None:
    assert cause([incident(1, STORE)], STORE) == UUID(int=101)


def test_a_zone_beside_it_is_the_same_cause_and_one_further_away_is_not() -> None:
    assert cause([incident(1, STORE)], CORRIDOR, STORE, HALL) == UUID(int=101)
    assert cause([incident(1, STORE)], HALL, CORRIDOR) is None


def test_a_cause_that_has_spread_is_followed_from_where_it_came_to() -> None:
    assert cause([incident(1, STORE, CORRIDOR)], HALL, CORRIDOR) == UUID(int=101)


def test_an_active_incident_takes_alarms_however_old_it_is() -> None:
    assert cause([incident(1, STORE, age_s=86_400)], STORE) == UUID(int=101)


@pytest.mark.parametrize(("late_s", "joins"), [(0, True), (1, False)])
def test_a_returned_incident_takes_alarms_for_one_window_more(late_s: float, joins: bool) -> None:
    past = incident(1, STORE, active=False, age_s=WINDOW.total_seconds() + late_s)
    assert (cause([past], STORE) is not None) == joins


def test_the_zone_itself_goes_before_one_beside_it_then_the_latest() -> None:
    beside, itself = incident(1, CORRIDOR, age_s=1), incident(2, STORE, age_s=500)
    assert cause([beside, itself], STORE, CORRIDOR) == itself.id
    assert cause([incident(3, STORE, age_s=90), incident(4, STORE, age_s=9)], STORE) == UUID(int=104)


def test_a_vapour_next_door_does_not_shake_a_machine() -> None:
    assert cause([incident(1, STORE)], HALL, STORE, hazard="machine") is None
    assert cause([incident(1, STORE, hazard="machine")], STORE, hazard="machine") == UUID(int=101)
    assert cause([incident(1, STORE)], STORE, hazard="toxic") == UUID(int=101)


def test_a_silent_sensor_or_a_failed_fan_belongs_to_whatever_is_there() -> None:
    assert cause([incident(1, STORE, hazard="machine")], STORE, hazard=None) == UUID(int=101)
    assert cause([incident(1, STORE, hazard=None)], STORE, hazard=None) == UUID(int=101)


def test_a_danger_is_not_caused_by_a_silent_sensor() -> None:
    assert cause([incident(1, STORE, hazard=None)], STORE, hazard="toxic") is None


@given(st.permutations(range(5)), st.lists(st.integers(0, 900), min_size=5, max_size=5))
def test_the_order_in_which_incidents_are_read_does_not_matter(order: list[int], ages: list[int]) -> None:
    known = [incident(n, STORE if n % 2 else CORRIDOR, active=n == 3, age_s=ages[n]) for n in range(5)]
    shuffled = [known[n] for n in order]
    assert cause(known, STORE, CORRIDOR) == cause(shuffled, STORE, CORRIDOR)


def test_what_a_source_raised_before_goes_before_all_else() -> None:
    sensor = UUID(int=900)
    split_off = replace(incident(1, STORE, age_s=300), sources=frozenset({sensor}))
    spoke_last = incident(2, STORE)
    found = find_cause([split_off, spoke_last], STORE, frozenset(), "flammable", NOW, source=sensor)
    assert found == split_off.id
    assert find_cause([split_off, spoke_last], STORE, frozenset(), "flammable", NOW) == spoke_last.id
