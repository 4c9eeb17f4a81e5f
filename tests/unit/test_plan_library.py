"""The shipped plans: complete, in both languages, sourced, with actions their actuators know."""

from __future__ import annotations

import pytest

from incidents.plans.binding import PLAIN_ROLES, bind
from incidents.plans.check import texts_of
from incidents.plans.model import PlanTemplate
from incidents.plans.plan_library import TEMPLATES, as_stored
from incidents.plans.stored import read_stored
from people.permissions import Permission, Role, may
from people.qualifications.skills import SKILLS
from tests.unit.plan_words import moment

ALL = pytest.mark.parametrize("template", TEMPLATES.values(), ids=lambda t: t.slug)
# Slugs that incidents of earlier versions were bound from.
SHIPPED_FIRST = {"solvent-leak", "toxic-gas", "oxygen", "machine-vibration", "particles", "no-data", "no-effect"}


def test_the_library_keeps_its_names_and_numbers_below_a_tenants_own() -> None:
    assert TEMPLATES.keys() > SHIPPED_FIRST
    assert all(1 < t.version <= 1000 for t in TEMPLATES.values() if t.slug in SHIPPED_FIRST)
    assert all(1 <= t.version <= 1000 for t in TEMPLATES.values())


@ALL
def test_every_text_is_there_in_both_languages(template: PlanTemplate) -> None:
    for path, text in texts_of(template):
        assert any("\u4e00" <= letter <= "\u9fff" for letter in text.zh), path
        assert all(ord(letter) < 0x2100 for letter in text.en), path


@ALL
@pytest.mark.parametrize("level", [1, 2])
def test_it_binds_without_a_gap(template: PlanTemplate, level: int) -> None:
    bound = bind(template, moment(level=level))
    shown = [
        bound.title,
        *bound.do_nots,
        *(t.title for t in bound.tasks),
        *(s.text for t in bound.tasks for s in t.steps),
    ]
    assert not any("{" in text.zh + text.en for text in shown)
    titles = [task.title.en for task in bound.tasks]
    assert len(set(titles)) == len(titles), "two tasks of a plan are told apart by their titles"
    for task in bound.tasks:
        assert may(Role(task.asks), Permission.ANSWER_TASK)
        assert 60 <= task.within_s <= 3600
        assert [step.n for step in task.steps] == list(range(1, len(task.steps) + 1))


@ALL
def test_every_step_and_call_has_its_source_and_every_source_is_used(template: PlanTemplate) -> None:
    steps = [step for task in template.tasks for step in task.steps]
    named = {step.source for step in steps} | {call.source for call in template.calls}
    assert None not in named
    assert {source.key for source in template.sources} == named


@ALL
def test_every_role_is_played_and_asks_for_skills_people_can_have(template: PlanTemplate) -> None:
    played = {task.role for task in template.tasks} - PLAIN_ROLES.keys()
    assert {skill for role in template.roles for skill in role.skills} <= SKILLS.keys()
    assert played <= {role.slug for role in template.roles}


@ALL
def test_calcium_gluconate_is_for_fluoride_alone(template: PlanTemplate) -> None:
    for agent, hazard in (("chlorine", "toxic"), ("acetone", "flammable")):
        bound = bind(template, moment(agent=agent, hazard=hazard, level=2))
        said = " ".join(step.text.en for task in bound.tasks for step in task.steps)
        assert "gluconate" not in said or template.slug == "hydrogen-fluoride"


def test_hydrogen_fluoride_brings_calcium_gluconate_and_its_handlers() -> None:
    bound = bind(TEMPLATES["hydrogen-fluoride"], moment(agent="hydrogen-fluoride", hazard="toxic"))
    assert any("gluconate" in step.text.en for task in bound.tasks for step in task.steps)
    assert {(n.skills, n.count) for n in bound.needs} >= {(("first_aid",), 2), (("hf_handling",), 1)}


@ALL
def test_it_is_kept_as_it_is_read(template: PlanTemplate) -> None:
    assert read_stored(as_stored(template)) == template
