"""What can not be followed is said while the plan is written, with its path."""

from __future__ import annotations

from typing import Any

import pytest

from core.errors import Invalid
from core.ids import new_id
from incidents.plans.check import check, find_faults
from incidents.plans.model import (
    ActionTemplate,
    AllOf,
    AnyOf,
    Condition,
    Confirm,
    GradeIs,
    GradeRule,
    LevelIs,
    NotOf,
    OutsideCall,
    Phone,
    PlanRole,
    PlanSource,
    StepTemplate,
)
from incidents.plans.plan_library import TEMPLATES
from mobile_contract.text import Text
from tests.unit.plan_words import TEXT, body, task


def call(slug: str = "fire", **fields: Any) -> OutsideCall:
    known: dict[str, Any] = {"slug": slug, "name": TEXT, "phones": (Phone("CN", "119"),), "say": TEXT}
    return OutsideCall(**(known | fields))


def step(confirm: Confirm = Confirm(), **fields: Any) -> StepTemplate:  # noqa: B008 - frozen
    return StepTemplate(TEXT, confirm=confirm, **fields)


def deep(levels: int) -> Condition:
    when: Condition = LevelIs(1)
    for _ in range(levels):
        when = NotOf(when)
    return when


ROLE = PlanRole(slug="aider", name=TEXT)
SOURCE = PlanSource("erg", "US", "2024", "ERG")


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"title": Text("", "Go")}, "title.zh"),
        ({"title": Text("去", "  ")}, "title.en"),
        ({"title": Text("去", "x" * 301)}, "title.en"),
        ({"title": Text("去{who}", "Go {place}")}, "title.zh"),
        ({"title": Text("去{place}", "Go {place")}, "title.en"),
        ({"title": Text("去{place}", "Go {agent}")}, "title"),
        ({"do_nots": (TEXT, Text("", "No"))}, "do_nots[1].zh"),
        ({"tasks": (task(), task("b", steps=(step(), StepTemplate(Text("", "Go")))))}, "tasks[1].steps[1].text.zh"),
        ({"grade_rules": (GradeRule(LevelIs(1), 1, Text("", "Why")),)}, "grade_rules[0].reason.zh"),
        ({"roles": (PlanRole(slug="aider", name=Text("急救", "")),)}, "roles[0].name.en"),
        ({"calls": (call(say=Text("说", "")),)}, "calls[0].say.en"),
        ({"tasks": (task(), task())}, "tasks[1].slug"),
        ({"roles": (ROLE, ROLE)}, "roles[1].slug"),
        ({"sources": (SOURCE, SOURCE)}, "sources[1].key"),
        ({"calls": (call(), call())}, "calls[1].slug"),
        ({"roles": (PlanRole(slug="responder", name=TEXT),)}, "roles[0].slug"),
        ({"tasks": (task("call-me"),)}, "tasks[0].slug"),
        ({"tasks": (task(role="wizard"),)}, "tasks[0].role"),
        ({"tasks": (task(after=("b",)),)}, "tasks[0].after[0]"),
        ({"tasks": (task("a", after=("b",)), task("b", after=("a",)))}, "tasks[0].after"),
        ({"tasks": (task("a"), task("b", after=("b",)))}, "tasks[1].after"),
        ({"tasks": (task(when=LevelIs(2)),)}, "tasks"),
        ({"tasks": (task(steps=(step(source="erg"),)),)}, "tasks[0].steps[0].source"),
        ({"calls": (call(source="erg"),)}, "calls[0].source"),
        ({"tasks": (task(steps=(step(Confirm("tap", unit="%")),)),)}, "tasks[0].steps[0].confirm"),
        ({"tasks": (task(steps=(step(Confirm("value", high=1.0)),)),)}, "tasks[0].steps[0].confirm.unit"),
        ({"tasks": (task(steps=(step(Confirm("value", unit="%")),)),)}, "tasks[0].steps[0].confirm"),
        ({"tasks": (task(steps=(step(Confirm("value", unit="%", low=2.0, high=1.0)),)),)}, "tasks[0].steps[0].confirm"),
        ({"actions": (ActionTemplate(None, "start"),)}, "actions[0]"),
        ({"actions": (ActionTemplate("fan", "start", actuator=new_id()),)}, "actions[0]"),
        ({"actions": (ActionTemplate("laser", "start"),)}, "actions[0].kind"),
        ({"actions": (ActionTemplate("fan", "sound"),)}, "actions[0].action"),
        ({"actions": (ActionTemplate(None, "sing", actuator=new_id()),)}, "actions[0].action"),
        ({"tasks": (task(), task("b", when=deep(5)))}, "when"),
        ({"tasks": (task(), task("b", when=AllOf((NotOf(GradeIs(3, 1)),))))}, "when"),
        ({"escalation": "x" * 20_001}, "escalation"),
    ],
)
def test_a_fault_is_named_by_its_path(fields: dict[str, Any], path: str) -> None:
    plan = body(**fields)
    assert path in [fault.path for fault in find_faults(plan)]
    with pytest.raises(Invalid) as refused:
        check(plan)
    assert refused.value.field == find_faults(plan)[0].path
    assert "：" in refused.value.zh


def test_a_plan_that_can_be_followed_has_no_fault() -> None:
    check(
        body(
            sources=(SOURCE,),
            roles=(ROLE,),
            tasks=(
                task("a", role="aider", steps=(step(Confirm("value", unit="%", low=1.0, high=2.0), source="erg"),)),
                task("b", after=("a",), when=AnyOf((deep(2), GradeIs(1, 2)))),
            ),
            calls=(call(source="erg"),),
            actions=(ActionTemplate("fan", "start"), ActionTemplate(None, "close", actuator=new_id())),
            escalation={"steps": []},
        )
    )


@pytest.mark.parametrize("slug", TEMPLATES)
def test_every_shipped_plan_can_be_followed(slug: str) -> None:
    assert find_faults(TEMPLATES[slug]) == []
