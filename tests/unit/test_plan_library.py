"""The shipped plans: complete, in both languages, with actions their actuators know."""

from __future__ import annotations

import pytest

from incidents.alarms.agents import AGENTS
from incidents.plans.plan_library import TEMPLATES, TOXIC, PlanTemplate, as_stored, bind_text, choose_template
from mobile_contract.text import Text
from people.permissions import Permission, Role, may
from plant.model import ACTIONS, ActuatorKind

PLACE, AGENT, SOURCE = Text("溶剂库", "solvent store"), Text("丙酮", "acetone"), Text("排风机", "exhaust fan")
ALL = pytest.mark.parametrize("template", TEMPLATES.values(), ids=lambda t: t.slug)


@ALL
def test_every_text_is_there_in_both_languages_and_binds(template: PlanTemplate) -> None:
    texts = [template.title, *(t.title for t in template.tasks), *(s for t in template.tasks for s in t.steps)]
    for text in texts:
        bound = bind_text(text, PLACE, AGENT, SOURCE)
        assert bound.zh
        assert bound.en
        assert "{" not in bound.zh + bound.en
        assert any("\u4e00" <= letter <= "\u9fff" for letter in bound.zh)
        assert all(ord(letter) < 128 for letter in bound.en)


@ALL
def test_every_task_is_for_people_who_may_answer_it_and_has_a_deadline(template: PlanTemplate) -> None:
    assert template.tasks
    for task in template.tasks:
        assert may(Role(task.role), Permission.ANSWER_TASK)
        assert 60 <= task.within_s <= 3600
        assert [step.n for step in task.numbered()] == list(range(1, len(task.steps) + 1))


@ALL
def test_every_action_is_one_its_actuators_know(template: PlanTemplate) -> None:
    for action in template.actions:
        assert action.action in ACTIONS[ActuatorKind(action.kind)]


@ALL
def test_two_tasks_of_a_plan_are_told_apart_by_their_titles(template: PlanTemplate) -> None:
    titles = [task.title.en for task in template.tasks]
    assert len(set(titles)) == len(titles)
    assert as_stored(template)["slug"] == template.slug


@pytest.mark.parametrize("agent", [*AGENTS, None, "unobtainium"])
@pytest.mark.parametrize("kind", ["high", "low", "stale", "no_effect"])
def test_every_alarm_has_a_plan(kind: str, agent: str | None) -> None:
    assert choose_template(kind, agent).slug in TEMPLATES


def test_what_nobody_classified_is_treated_as_toxic() -> None:
    assert choose_template("high", "unobtainium") is TOXIC
