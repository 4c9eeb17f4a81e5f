"""A hand-over of command is heard when every number comes back as it was said and still stands."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import fields, replace

from core.errors import Conflict
from incidents.leading.commander import Commander
from incidents.leading.model import Briefing, Handover, HandoverState, Objective, Resource
from incidents.leading.read_back import NAMES, as_facts, check_read_back
from incidents.leading.views import briefing_view, commander_view, handover_view, objective_view, resource_view

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
ID = UUID(int=1)
STANDING = Briefing(grade=2, active_alarms=3, open_tasks=5, missing=1, need_help=0)
briefings = st.builds(Briefing, *(st.integers(0, 3) for _ in NAMES))


def test_what_was_said_is_read_back() -> None:
    check_read_back(STANDING, STANDING, STANDING)


@pytest.mark.parametrize("field", NAMES)
def test_a_number_that_was_misheard_is_named(field: str) -> None:
    said = replace(STANDING, **{field: 9})
    with pytest.raises(Conflict) as refused:
        check_read_back(said, STANDING, STANDING)
    found = refused.value
    assert (found.code, found.field, found.value) == ("handover.read_back", field, 9)
    assert found.limit == getattr(STANDING, field)


@pytest.mark.parametrize("field", NAMES)
def test_a_number_that_changed_meanwhile_needs_a_new_briefing(field: str) -> None:
    now = replace(STANDING, **{field: 9})
    with pytest.raises(Conflict) as refused:
        check_read_back(STANDING, STANDING, now)
    assert (refused.value.code, refused.value.field, refused.value.limit) == ("handover.changed", field, 9)


@given(briefings, briefings, briefings)
def test_command_changes_hands_on_three_equal_briefings_alone(said: Briefing, offered: Briefing, now: Briefing) -> None:
    try:
        check_read_back(said, offered, now)
    except Conflict:
        assert not said == offered == now
    else:
        assert said == offered == now


def test_every_number_of_a_briefing_is_read_back_and_recorded() -> None:
    assert set(NAMES) == {field.name for field in fields(Briefing)} == set(as_facts(STANDING))


@pytest.mark.parametrize(
    ("state", "age_s", "shown"),
    [("offered", 299, "offered"), ("offered", 300, "expired"), ("declined", 999, "declined")],
)
def test_an_offer_nobody_answered_in_time_is_shown_as_over(state: HandoverState, age_s: int, shown: str) -> None:
    offered_at = NOW - timedelta(seconds=age_s)
    answered = NOW if state == "declined" else None
    ends_at = offered_at + timedelta(seconds=300)
    offer = Handover(ID, ID, ID, ID, ID, STANDING, "", state, offered_at, ends_at, answered)
    view = handover_view(offer, NOW)
    assert (view.state, view.briefing) == (shown, briefing_view(STANDING))


def test_a_room_shows_who_leads_what_for_and_with_whom() -> None:
    assert commander_view(Commander(ID, ID, ID, NOW, 2)).version == 2
    objective = objective_view(Objective(ID, ID, ID, 1, "nobody hurt", "met", ID, NOW, NOW, 3))
    assert (objective.text, objective.state, objective.ended_at) == ("nobody hurt", "met", NOW)
    resource = resource_view(Resource(ID, ID, ID, "team", "Fire brigade", None, None, "on_scene", "", ID, NOW, 1))
    assert (resource.name, resource.state, resource.account) == ("Fire brigade", "on_scene", None)
