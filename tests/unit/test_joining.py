"""When incidents may be merged and split, and what they are then."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from core.errors import Conflict, Invalid, NotFound
from incidents.incident import Alarm, Incident
from incidents.joining.merge import check_joinable, gone_into, merged
from incidents.joining.split import Part, check_part, following, state_of, worst
from mobile_contract.text import Text

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
TEXT = Text("甲", "A")
WANG = UUID(int=7)


def incident(number: int, **changes: Any) -> Incident:
    made = Incident(
        tenant_id=UUID(int=1),
        id=UUID(int=100 + number),
        number=number,
        site_id=UUID(int=2),
        zone_id=UUID(int=10 + number),
        state="open",
        grade=3,
        reasons=[Text("理由", f"reason {number}")],
        title=TEXT,
        place=TEXT,
        agent="acetone",
        plan={"template": "solvent", "version": 1},
        first_out_alarm_id=UUID(int=200 + number),
        opened_at=NOW,
        last_alarm_at=NOW,
    )
    return replace(made, **changes)


def alarm(number: int, *, level: int = 1, active: bool = True, age_s: float = 0) -> Alarm:
    ids = (UUID(int=300 + number), UUID(int=4), 1, UUID(int=101), False, UUID(int=2), UUID(int=11))
    raised_at = NOW - timedelta(seconds=age_s)
    made = Alarm(UUID(int=1), *ids, None, None, "high", level, "B", TEXT, 1.0, "1", 1.0, raised_at)
    return made if active else replace(made, returned_at=NOW)


# --- merging --------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("other", "error", "code"),
    [
        (incident(1), Invalid, "merge.itself"),
        (incident(2, site_id=UUID(int=9)), Conflict, "merge.other_site"),
        (incident(2, exercise=True), Conflict, "merge.exercise"),
    ],
)
def test_two_incidents_of_one_site_and_of_one_kind_are_merged(other: Incident, error: Any, code: str) -> None:
    with pytest.raises(error) as refused:
        check_joinable(incident(1), other)
    assert refused.value.code == code
    check_joinable(incident(1), incident(2))


def test_the_graver_grade_counts_with_its_reasons() -> None:
    assert merged(incident(1, grade=2), incident(2, grade=1)).reasons == [Text("理由", "reason 2")]
    assert merged(incident(1, grade=2), incident(2, grade=3)).grade == 2
    assert merged(incident(1, grade=2), incident(2, grade=2)).reasons == [Text("理由", "reason 1")]


def test_it_is_open_while_either_is() -> None:
    later = NOW + timedelta(minutes=1)
    one = incident(1, state="returned", returned_at=NOW)
    two = incident(2, state="returned", returned_at=later)
    assert (merged(one, two).state, merged(one, two).returned_at) == ("returned", later)
    assert (merged(one, incident(2)).state, merged(one, incident(2)).returned_at) == ("open", None)
    assert merged(incident(1), two).state == "open"


def test_it_is_where_both_were_and_lasts_as_what_a_person_reported() -> None:
    both = merged(incident(1, joined_zones=[UUID(int=12)]), incident(2, joined_zones=[UUID(int=11)], opened_by=WANG))
    assert (both.zone_id, both.joined_zones, both.opened_by) == (UUID(int=11), [UUID(int=12)], WANG)
    assert merged(incident(1), incident(2, last_alarm_at=NOW + timedelta(1))).last_alarm_at == NOW + timedelta(1)


def test_the_one_that_went_names_where_it_went() -> None:
    gone = gone_into(incident(2), UUID(int=101), NOW, WANG, "one leak")
    assert (gone.state, gone.merged_into, gone.closed_by, gone.close_reason) == (
        "closed",
        UUID(int=101),
        WANG,
        "one leak",
    )


# --- splitting ------------------------------------------------------------------------------------------------------
def part(*alarms: int, tasks: tuple[int, ...] = ()) -> Part:
    return Part(frozenset(UUID(int=n) for n in alarms), frozenset(UUID(int=n) for n in tasks))


ALARMS, TASKS = [UUID(int=1), UUID(int=2)], [UUID(int=5)]


@pytest.mark.parametrize(
    ("wanted", "error", "code"),
    [
        (part(), Invalid, "split.nothing"),
        (part(3), NotFound, "alarm.not_found"),
        (part(1, tasks=(6,)), NotFound, "task.not_found"),
        (part(1, 2), Conflict, "split.everything"),
    ],
)
def test_a_part_is_of_this_incident_and_leaves_something_of_it(wanted: Part, error: Any, code: str) -> None:
    with pytest.raises(error) as refused:
        check_part(incident(1), wanted, ALARMS, TASKS)
    assert refused.value.code == code


@pytest.mark.parametrize("wanted", [part(1), part(tasks=(5,)), part(2, tasks=(5,))])
def test_some_alarms_or_tasks_are_a_part(wanted: Part) -> None:
    check_part(incident(1), wanted, ALARMS, TASKS)


def test_what_a_person_reported_stays_when_every_alarm_goes() -> None:
    check_part(incident(1, opened_by=WANG), part(1, 2), ALARMS, TASKS)


def test_the_worst_alarm_is_active_then_of_the_higher_level_then_the_first() -> None:
    assert worst([]) is None
    ended = alarm(1, level=2, active=False)
    assert worst([ended, alarm(2), alarm(3, age_s=5)]) == alarm(3, age_s=5)
    assert worst([alarm(2, age_s=9), alarm(4, level=2)]) == alarm(4, level=2)
    assert worst([ended]) == ended


def test_what_is_left_is_open_while_an_alarm_of_it_is_active() -> None:
    assert state_of(incident(1, state="returned"), [alarm(1)], NOW).state == "open"
    over = state_of(incident(1), [alarm(1, active=False)], NOW)
    assert (over.state, over.returned_at) == ("returned", NOW)
    assert state_of(incident(1, opened_by=WANG), [], NOW).state == "open"


def test_a_task_that_waits_for_tasks_that_go_goes_with_them() -> None:
    vent, measure, enter, ring = (UUID(int=n) for n in range(1, 5))
    waiting = {measure: [vent], enter: [measure], ring: []}
    assert following(waiting, {vent}) == {measure, enter}
    assert following({enter: [vent, ring]}, {vent}) == set()


@given(
    st.dictionaries(st.integers(1, 9), st.sets(st.integers(1, 12), min_size=1, max_size=3), max_size=9),
    st.sets(st.integers(1, 12), max_size=6),
)
def test_nothing_that_goes_waits_for_what_stays(after: dict[int, set[int]], tasks: set[int]) -> None:
    waiting = {UUID(int=n): [UUID(int=a) for a in before] for n, before in after.items()}
    going = {UUID(int=n) for n in tasks}
    along = following(waiting, going)
    assert all(set(waiting[task]) <= going | along for task in along - going)
