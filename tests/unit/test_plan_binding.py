"""A plan bound to a moment: texts, tasks, what waits for what, machines, who leaves."""

from __future__ import annotations

import pytest

from incidents.plans.binding import bind, bind_text, needs_of
from incidents.plans.model import (
    ActionTemplate,
    Confirm,
    Evacuation,
    GradeRule,
    LevelIs,
    Need,
    OutsideCall,
    PeopleAre,
    Phone,
    PlanRole,
    RoleNeed,
    StepTemplate,
    WindIs,
)
from mobile_contract.room_views import Step
from mobile_contract.text import Text
from tests.unit.plan_words import TEXT, moment, plan, task

SECOND = LevelIs(2)
AIDERS = PlanRole(slug="first-aider", name=Text("急救员", "First-aider"), skills=("first_aid",), count=2, fact="moving")


def test_a_text_knows_its_place_agent_and_source_and_leaves_other_braces_alone() -> None:
    text = Text("{agent}在{place}：{source}", "{agent} in {place}: {source} {0.__class__}")
    assert bind_text(text, moment()) == Text("丙酮在溶剂库：传感器", "Acetone in solvent store: sensor {0.__class__}")


def test_a_task_and_a_step_under_a_condition_are_there_when_it_holds() -> None:
    made = plan(
        tasks=(
            task("a", steps=(StepTemplate(TEXT, SECOND), StepTemplate(Text("二", "Two")))),
            task("b", when=SECOND),
            task("c", when=WindIs(10, 20)),
        )
    )
    first, second = bind(made, moment()), bind(made, moment(level=2))
    assert [t.slug for t in first.tasks] == ["a", "c"], "the wind is not known, so its task is given"
    assert first.tasks[0].steps == (Step(1, Text("二", "Two")),)
    assert [t.slug for t in second.tasks] == ["a", "b", "c"]
    assert [s.n for s in second.tasks[0].steps] == [1, 2]


def test_a_task_that_is_not_given_hands_on_what_it_would_have_waited_for() -> None:
    tasks = (task("a"), task("b", when=SECOND, after=("a",)), task("c", after=("b", "a")), task("d", after=("c",)))
    first = {t.slug: t.after for t in bind(plan(tasks=tasks), moment()).tasks}
    second = {t.slug: t.after for t in bind(plan(tasks=tasks), moment(level=2)).tasks}
    assert first == {"a": (), "c": ("a",), "d": ("c",)}
    assert second == {"a": (), "b": ("a",), "c": ("b", "a"), "d": ("c",)}


def test_a_role_says_who_is_asked_and_what_is_needed() -> None:
    two_skills = PlanRole(slug="pair", name=TEXT, asks="safety_officer", skills=("a", "b"))
    bound = bind(plan(roles=(AIDERS, two_skills), tasks=(task("aid", role="first-aider"), task("go"))), moment())
    aid, go = bound.tasks
    assert (aid.role, aid.asks) == ("first-aider", "responder")
    assert needs_of(aid) == [{"skill": "first_aid", "count": 2, "fact": "moving"}]
    assert go.needs == (Need(None, 1, "acknowledged"),)
    assert bound.needs == (RoleNeed("first-aider", AIDERS.name, ("first_aid",), 2, "moving"),)
    (pair,) = bind(plan(roles=(two_skills,), tasks=(task(role="pair"),)), moment()).tasks
    assert pair.asks == "safety_officer"
    assert [need.skill for need in pair.needs] == ["a", "b"]


def test_a_step_carries_how_it_is_confirmed() -> None:
    value = Confirm("value", unit="%{LEL}", high=10.0)
    steps = (StepTemplate(TEXT, None, 60.0, value), StepTemplate(TEXT))
    (bound,) = bind(plan(tasks=(task(steps=steps),)), moment()).tasks
    said = bind_text(TEXT, moment())
    measured = Step(1, said, confirm="value", required=True, unit="%{LEL}", high=10.0, within_s=60.0)
    assert bound.steps == (measured, Step(2, said))


def test_a_body_outside_is_a_call_of_the_leader() -> None:
    phones = (Phone("CN", "119"), Phone("US", "911"))
    fire = OutsideCall(slug="fire", name=Text("消防队", "fire brigade"), phones=phones, say=TEXT, when=SECOND)
    assert [t.slug for t in bind(plan(calls=(fire,)), moment()).tasks] == ["go"]
    call = bind(plan(calls=(fire,)), moment(level=2)).tasks[-1]
    assert (call.slug, call.asks) == ("call-fire", "safety_officer")
    assert call.title.en == "Call the fire brigade: 119 (CN) / 911 (US)"
    assert call.steps[1].text.en == "Say: Go to solvent store"


@pytest.mark.parametrize(
    ("evacuation", "level", "scope"),
    [
        (None, 2, "none"),
        (Evacuation("building", 2), 1, "none"),
        (Evacuation("building", 2), 2, "building"),
        (Evacuation("zone", when=SECOND), 1, "none"),
        (Evacuation("zone", when=PeopleAre(1)), 1, "zone"),
    ],
)
def test_who_leaves(evacuation: Evacuation | None, level: int, scope: str) -> None:
    assert bind(plan(evacuation=evacuation), moment(level=level)).evacuation == scope


def test_machines_do_nots_and_grade_rules_of_the_moment() -> None:
    fan, siren = ActionTemplate("fan", "start"), ActionTemplate("siren", "sound", 2)
    graver = GradeRule(SECOND, 1, TEXT)
    made = plan(actions=(fan, siren), do_nots=(TEXT,), grade_rules=(graver,))
    first, second = bind(made, moment()), bind(made, moment(level=2))
    assert (first.actions, second.actions) == ((fan,), (fan, siren))
    assert (first.grade_rules, [rule.grade for rule in second.grade_rules]) == ((), [1])
    assert second.grade_rules[0].reason == Text("去溶剂库", "Go to solvent store")
    assert first.do_nots == (Text("去溶剂库", "Go to solvent store"),)
