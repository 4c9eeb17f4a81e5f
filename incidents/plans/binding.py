"""A plan bound to a moment: who does what, which machines, who leaves. Pure: nothing is asked or written."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from incidents.plans.conditions import asked_of_actuator, warns
from incidents.plans.model import (
    BoundPlan,
    BoundTask,
    Evacuation,
    GradeRule,
    Moment,
    Need,
    OutsideCall,
    PlanRole,
    PlanTemplate,
    RoleNeed,
    StepTemplate,
    TaskTemplate,
)
from mobile_contract.plans import Scope
from mobile_contract.room_views import Step
from mobile_contract.text import Text

PLAIN_ROLES: dict[str, PlanRole] = {
    "responder": PlanRole(slug="responder", name=Text("应急人员", "Responder")),
    "safety_officer": PlanRole(slug="safety_officer", name=Text("安全主管", "Safety officer"), asks="safety_officer"),
}
# Who calls for help from outside: whoever leads.
LEADER = "safety_officer"
# A call for help is made at once; the fire service is of use only when it comes.
CALL_WITHIN_S = 120.0


def bind(template: PlanTemplate, moment: Moment) -> BoundPlan:
    """What the plan means at this moment."""
    roles = {**PLAIN_ROLES, **{role.slug: role for role in template.roles}}
    given = [task for task in template.tasks if warns(task.when, moment)]
    calls = [call for call in template.calls if warns(call.when, moment)]
    tasks = [_bind_task(template, task, roles, {t.slug for t in given}, moment) for task in given]
    used = [role for role in template.roles if role.slug in {task.role for task in given}]
    return BoundPlan(
        template=template.slug,
        version=template.version,
        title=bind_text(template.title, moment),
        do_nots=tuple(bind_text(text, moment) for text in template.do_nots),
        tasks=(*tasks, *(_bind_call(call, moment) for call in calls)),
        actions=tuple(action for action in template.actions if asked_of_actuator(action, moment)),
        evacuation=_scope(template.evacuation, moment),
        needs=tuple(RoleNeed(r.slug, r.name, r.skills, r.count, r.fact) for r in used),
        grade_rules=tuple(
            GradeRule(rule.when, rule.grade, bind_text(rule.reason, moment))
            for rule in template.grade_rules
            if warns(rule.when, moment)
        ),
    )


def _bind_task(
    template: PlanTemplate, task: TaskTemplate, roles: Mapping[str, PlanRole], given: set[str], moment: Moment
) -> BoundTask:
    role = roles[task.role]
    steps = [step for step in task.steps if warns(step.when, moment)]
    return BoundTask(
        slug=task.slug,
        role=role.slug,
        asks=role.asks,
        needs=needs_of_role(role),
        title=bind_text(task.title, moment),
        steps=tuple(_bind_step(n, step, moment) for n, step in enumerate(steps, start=1)),
        within_s=task.within_s,
        after=_before(template, task, given),
    )


def _before(template: PlanTemplate, task: TaskTemplate, given: set[str]) -> tuple[str, ...]:
    """The tasks of this moment that come first: one that is not given hands on what it would have waited for."""
    by_slug = {t.slug: t for t in template.tasks}
    found: list[str] = []
    todo, looked = list(task.after), set[str]()
    while todo:
        slug = todo.pop(0)
        if slug in looked:
            continue
        looked.add(slug)
        if slug in given:
            found.append(slug)
        else:
            todo += by_slug[slug].after
    return tuple(found)


def _bind_step(n: int, step: StepTemplate, moment: Moment) -> Step:
    how = step.confirm
    return Step(
        n,
        bind_text(step.text, moment),
        confirm=how.kind,
        required=how.kind != "none" and how.required,
        unit=how.unit,
        low=how.low,
        high=how.high,
        within_s=step.within_s,
    )


def _bind_call(call: OutsideCall, moment: Moment) -> BoundTask:
    """Somebody outside becomes a task of the leader: to call, and what to say."""
    numbers = " / ".join(f"{phone.number} ({phone.jurisdiction})" for phone in call.phones)
    say = bind_text(call.say, moment)
    return BoundTask(
        slug=f"call-{call.slug}",
        role=LEADER,
        asks=PLAIN_ROLES[LEADER].asks,
        needs=needs_of_role(PLAIN_ROLES[LEADER]),
        title=Text(f"致电{call.name.zh}：{numbers}", f"Call the {call.name.en}: {numbers}"),
        steps=(
            Step(1, Text(f"拨打 {numbers}", f"Dial {numbers}")),
            Step(2, Text(f"说明：{say.zh}", f"Say: {say.en}")),
            Step(3, Text("不要先挂断；派人到大门接应", "Do not hang up first; send someone to the gate to meet them")),
        ),
        within_s=CALL_WITHIN_S,
        after=(),
    )


def _scope(evacuation: Evacuation | None, moment: Moment) -> Scope:
    if evacuation is None or moment.level < evacuation.from_level or not warns(evacuation.when, moment):
        return "none"
    return evacuation.scope


def needs_of_role(role: PlanRole) -> tuple[Need, ...]:
    """The role's people, skill by skill; without skills anybody will do."""
    return tuple(Need(skill, role.count, role.fact) for skill in role.skills or (None,))


def needs_of(task: BoundTask) -> list[dict[str, Any]]:
    """What ``tasks.needs`` holds: ``[{"skill", "count", "fact"}]``."""
    return [msgspec.structs.asdict(need) for need in task.needs]


PLACEHOLDER = re.compile(r"\{(place|agent|source)\}")


def bind_text(text: Text, moment: Moment) -> Text:
    """The text with its place, agent and source filled in."""
    names = {"place": moment.place, "agent": moment.agent_name, "source": moment.source}
    return Text(
        _upper(PLACEHOLDER.sub(lambda found: names[found[1]].zh, text.zh)),
        _upper(PLACEHOLDER.sub(lambda found: names[found[1]].en, text.en)),
    )


def _upper(text: str) -> str:
    return text[:1].upper() + text[1:]
