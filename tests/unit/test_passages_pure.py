"""Doors and rises as they are now, over what the plan says: laid over it, and refused by name."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from core.errors import Invalid
from core.ids import new_id
from plant.places.passages import LASTS_MAX, REASON_MAX, PassageState, apply, check_state, shut_rises, unknown
from tests.unit.drawn_places import door, plan, room

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
SITE, TENANT = new_id(), new_id()


def said(feature: str, state: Any, of: Any = "door") -> PassageState:
    return PassageState(TENANT, SITE, feature, of, state, "because", None, NOW, None, 1)


def test_doors_are_as_they_are_now_and_everything_else_as_planned() -> None:
    drawn = plan(rooms=[room("hall", 0, 0)], doors=[door("front", 0, 2, "hall", exit=True), door("back", 6, 2, "hall")])
    now = apply(drawn, [said("front", "locked"), said("gone", "open"), said("lift", "out_of_use", "rise")])
    assert [(it.id, it.state) for it in now.doors] == [("front", "locked"), ("back", "closed")]
    assert now.doors[0].exit
    assert now.rooms == drawn.rooms


def test_a_plan_that_nobody_said_anything_of_is_the_same() -> None:
    drawn = plan()
    assert apply(drawn, [said("lift", "out_of_use", "rise")]) is drawn


def test_shut_are_the_rises_out_of_use() -> None:
    states = [said("lift", "out_of_use", "rise"), said("stairs", "in_use", "rise"), said("lock", "locked")]
    assert shut_rises(states) == {"lift"}


@pytest.mark.parametrize(
    ("of", "state", "reason", "until"),
    [
        ("door", "open", None, None),
        ("door", "locked", "x" * REASON_MAX, NOW + LASTS_MAX),
        ("rise", "in_use", None, NOW + timedelta(seconds=1)),
        ("rise", "out_of_use", "under repair", None),
    ],
)
def test_what_can_be_said(of: Any, state: Any, reason: str | None, until: datetime | None) -> None:
    check_state(of, state, reason, until, NOW)


@pytest.mark.parametrize(
    ("of", "state", "reason", "until", "field"),
    [
        ("door", "out_of_use", "x", None, "state"),
        ("rise", "locked", "x", None, "state"),
        ("door", "locked", None, None, "reason"),
        ("rise", "out_of_use", None, None, "reason"),
        ("door", "locked", "  ", None, "reason"),
        ("door", "open", "a\0", None, "reason"),
        ("door", "open", "x" * (REASON_MAX + 1), None, "reason"),
        ("door", "open", None, NOW, "until"),
        ("door", "open", None, NOW + LASTS_MAX + timedelta(seconds=1), "until"),
    ],
)
def test_what_can_not_be_is_refused_by_its_field(
    of: Any, state: Any, reason: str | None, until: datetime | None, field: str
) -> None:
    with pytest.raises(Invalid) as refused:
        check_state(of, state, reason, until, NOW)
    assert refused.value.field == field
    assert refused.value.zh != refused.value.en


@pytest.mark.parametrize("of", ["door", "rise"])
def test_what_is_not_in_the_plan_is_named(of: Any) -> None:
    problem = unknown(of, "gate-9")
    assert "gate-9" in problem.en
    assert "gate-9" in problem.zh
    assert problem.value == "gate-9"
