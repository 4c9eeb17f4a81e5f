"""What differs between two plans, by path and in both languages."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from incidents.plans.diff import diff
from incidents.plans.model import Evacuation, PlanBody, StepTemplate
from incidents.plans.plan_library import TEMPLATES
from mobile_contract.text import Text
from tests.unit.plan_words import TEXT, body, plan, task

A, B = task("a"), task("b")


@pytest.mark.parametrize(
    ("old", "new", "changes"),
    [
        (body(), body(), []),
        (body(), body(priority=3), [("priority", "changed")]),
        (body(), body(title=Text("去{place}", "Run to {place}")), [("title.en", "changed")]),
        (body(tasks=(A,)), body(tasks=(A, B)), [("tasks[b]", "added")]),
        (body(tasks=(A, B)), body(tasks=(B,)), [("tasks[a]", "removed")]),
        (body(tasks=(A, B)), body(tasks=(B, A)), [("tasks", "moved")]),
        (
            body(tasks=(A,)),
            body(tasks=(task("a", after=("b",)), B)),
            [("tasks[a].after", "added"), ("tasks[b]", "added")],
        ),
        (body(tasks=(task("a", after=("b",)),)), body(tasks=(A,)), [("tasks[a].after", "removed")]),
        (body(do_nots=(TEXT,)), body(do_nots=(TEXT, TEXT)), [("do_nots[1]", "added")]),
        (body(), body(evacuation=Evacuation("zone")), [("evacuation", "added")]),
        (body(evacuation=Evacuation("zone")), body(), [("evacuation", "removed")]),
        (plan("x", version=1), plan("y", version=2), []),
    ],
)
def test_changes(old: PlanBody, new: PlanBody, changes: list[tuple[str, str]]) -> None:
    assert [(change.path, change.kind) for change in diff(old, new)] == changes


def test_a_change_is_a_sentence_people_read() -> None:
    (change,) = diff(body(priority=1), body(priority=2))
    assert change.said == Text("修改 priority: 1 → 2", "changed priority: 1 → 2")
    (added,) = diff(body(), body(tasks=(task(), task("long", steps=(StepTemplate(TEXT),) * 9))))
    assert added.said.en.endswith("…")
    assert len(added.said.en) < 250


PLANS: Any = st.sampled_from(list(TEMPLATES.values()))


@given(PLANS, PLANS)
def test_nothing_differs_exactly_when_they_say_the_same(old: PlanBody, new: PlanBody) -> None:
    assert (diff(old, new) == []) is (old is new)
    assert all(change.said.zh and change.said.en for change in diff(old, new))
