"""Whether a plan can be followed: every fault of it, each with its path. Pure.

A plan is looked at by nobody in the moment it is needed, so what is wrong with it is said while it is written.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence

import msgspec

from core.errors import Invalid
from incidents.plans.binding import PLACEHOLDER, PLAIN_ROLES
from incidents.plans.conditions import conditions_of
from incidents.plans.model import AllOf, AnyOf, Condition, Confirm, GradeIs, NotOf, PlanBody, TaskTemplate
from mobile_contract.text import Text
from plant.model import ACTIONS, ActuatorKind

# Read on a phone by a frightened person.
TEXT_MAX_CHARS = 300
# Deeper conditions are not understood by whoever reviews them.
DEPTH_MAX = 5
# An inline escalation policy; its own part reads it.
ESCALATION_MAX_BYTES = 20_000
_BRACES = re.compile(r"\{[^{}]*\}|[{}]")


class Fault(msgspec.Struct, frozen=True):
    """What is wrong where; ``path`` like ``tasks[2].steps[0].text.zh``."""

    path: str
    zh: str
    en: str


def check(plan: PlanBody) -> None:
    """Raise Invalid naming the first fault; its ``value`` has them all."""
    faults = find_faults(plan)
    if faults:
        first = faults[0]
        raise Invalid(
            "plan.invalid",
            f"{first.path}: {first.en}",
            f"{first.path}：{first.zh}",
            field=first.path,
            value=[msgspec.to_builtins(fault) for fault in faults],
        )


def find_faults(plan: PlanBody) -> list[Fault]:
    """Every fault, in the order of the plan."""
    return [*_texts(plan), *_names(plan), *_tasks(plan), *_actions(plan), *_conditions(plan), *_escalation(plan)]


def texts_of(plan: PlanBody) -> Iterator[tuple[str, Text]]:
    """Every text for people, with its path."""
    yield "title", plan.title
    for n, text in enumerate(plan.do_nots):
        yield f"do_nots[{n}]", text
    for n, rule in enumerate(plan.grade_rules):
        yield f"grade_rules[{n}].reason", rule.reason
    for n, role in enumerate(plan.roles):
        yield f"roles[{n}].name", role.name
    for n, task in enumerate(plan.tasks):
        yield f"tasks[{n}].title", task.title
        for m, step in enumerate(task.steps):
            yield f"tasks[{n}].steps[{m}].text", step.text
    for n, call in enumerate(plan.calls):
        yield f"calls[{n}].name", call.name
        yield f"calls[{n}].say", call.say


def _texts(plan: PlanBody) -> Iterator[Fault]:
    for path, text in texts_of(plan):
        for language, said in (("zh", text.zh), ("en", text.en)):
            place = f"{path}.{language}"
            if not said.strip():
                yield Fault(place, "此语言的文字不能为空", "the text is missing in this language")
            elif len(said) > TEXT_MAX_CHARS:
                yield Fault(place, f"最多 {TEXT_MAX_CHARS} 个字符", f"at most {TEXT_MAX_CHARS} characters")
            strange = [found for found in _BRACES.findall(said) if not PLACEHOLDER.fullmatch(found)]
            if strange:
                yield Fault(
                    place,
                    f"没有占位符 {strange[0]}，可用 {{place}}、{{agent}}、{{source}}",
                    f"there is no placeholder {strange[0]}; use {{place}}, {{agent}}, {{source}}",
                )
        if set(PLACEHOLDER.findall(text.zh)) != set(PLACEHOLDER.findall(text.en)):
            yield Fault(path, "中英文的占位符不一致", "the placeholders of the two languages differ")


def _names(plan: PlanBody) -> Iterator[Fault]:
    named: list[tuple[str, Sequence[str]]] = [
        ("sources[{}].key", [source.key for source in plan.sources]),
        ("roles[{}].slug", [role.slug for role in plan.roles]),
        ("tasks[{}].slug", [task.slug for task in plan.tasks]),
        ("calls[{}].slug", [call.slug for call in plan.calls]),
    ]
    for path, slugs in named:
        for slug, count in Counter(slugs).items():
            if count > 1:
                where = path.format(len(slugs) - 1 - slugs[::-1].index(slug))
                yield Fault(where, f"{slug} 重复", f"{slug} is there twice")
    for n, role in enumerate(plan.roles):
        if role.slug in PLAIN_ROLES:
            yield Fault(f"roles[{n}].slug", f"{role.slug} 为保留名称", f"{role.slug} is a name of Muster's own")
    for n, task in enumerate(plan.tasks):
        if task.slug.startswith("call-"):
            yield Fault(f"tasks[{n}].slug", "call- 开头的名称留给外部电话", "names in call- are those of calls outside")


def _tasks(plan: PlanBody) -> Iterator[Fault]:
    roles = PLAIN_ROLES.keys() | {role.slug for role in plan.roles}
    slugs = {task.slug for task in plan.tasks}
    keys = {source.key for source in plan.sources}
    for n, task in enumerate(plan.tasks):
        if task.role not in roles:
            yield Fault(f"tasks[{n}].role", f"没有角色 {task.role}", f"there is no role {task.role}")
        for m, slug in enumerate(task.after):
            if slug not in slugs:
                yield Fault(f"tasks[{n}].after[{m}]", f"没有任务 {slug}", f"there is no task {slug}")
        for m, step in enumerate(task.steps):
            yield from _confirm(f"tasks[{n}].steps[{m}].confirm", step.confirm)
            if step.source is not None and step.source not in keys:
                path = f"tasks[{n}].steps[{m}].source"
                yield Fault(path, f"没有来源 {step.source}", f"there is no source {step.source}")
    for n, call in enumerate(plan.calls):
        if call.source is not None and call.source not in keys:
            yield Fault(f"calls[{n}].source", f"没有来源 {call.source}", f"there is no source {call.source}")
    yield from _circles(plan.tasks)
    if all(task.when is not None for task in plan.tasks):
        yield Fault("tasks", "至少一项任务须无条件下达", "at least one task is given under no condition")


def _circles(tasks: Sequence[TaskTemplate]) -> Iterator[Fault]:
    """A task that waits for itself would never be given."""
    after = {task.slug: task.after for task in tasks}
    for n, task in enumerate(tasks):
        reached, todo = set[str](), list(task.after)
        while todo:
            slug = todo.pop()
            if slug not in reached:
                reached.add(slug)
                todo += after.get(slug, ())
        if task.slug in reached:
            yield Fault(f"tasks[{n}].after", f"{task.slug} 等待自身", f"{task.slug} waits for itself")
            return


def _confirm(path: str, confirm: Confirm) -> Iterator[Fault]:
    bounds = [bound for bound in (confirm.low, confirm.high) if bound is not None]
    if confirm.kind != "value":
        if confirm.unit is not None or bounds:
            yield Fault(path, "只有数值确认才有单位和范围", "only a value has a unit and bounds")
        return
    if confirm.unit is None:
        yield Fault(f"{path}.unit", "数值须有单位", "a value has a unit")
    if not bounds:
        yield Fault(path, "数值须有下限或上限", "a value has a lower or an upper bound")
    if not all(math.isfinite(bound) for bound in bounds) or (len(bounds) == 2 and bounds[0] > bounds[1]):
        yield Fault(path, "下限须不大于上限", "the lower bound is at most the upper one")


def _actions(plan: PlanBody) -> Iterator[Fault]:
    for n, action in enumerate(plan.actions):
        if (action.kind is None) == (action.actuator is None):
            yield Fault(
                f"actions[{n}]", "须指定设备类别或某一设备，二者选一", "name a kind of actuator or one actuator"
            )
            continue
        kinds = set(ActuatorKind)
        if action.kind is not None and action.kind not in kinds:
            yield Fault(f"actions[{n}].kind", f"没有设备类别 {action.kind}", f"there is no kind {action.kind}")
            continue
        able = ACTIONS[ActuatorKind(action.kind)] if action.kind else {a for known in ACTIONS.values() for a in known}
        if action.action not in able:
            choice = ", ".join(sorted(able))
            yield Fault(f"actions[{n}].action", f"动作应为 {choice}", f"the action is one of {choice}")


def _conditions(plan: PlanBody) -> Iterator[Fault]:
    for when in conditions_of(plan):
        if _depth(when) > DEPTH_MAX:
            yield Fault("when", f"条件嵌套最多 {DEPTH_MAX} 层", f"conditions nest at most {DEPTH_MAX} deep")
        yield from _grades(when)


def _depth(when: Condition) -> int:
    match when:
        case AllOf(of) | AnyOf(of):
            return 1 + max(_depth(part) for part in of)
        case NotOf(part):
            return 1 + _depth(part)
        case _:
            return 1


def _grades(when: Condition) -> Iterator[Fault]:
    match when:
        case AllOf(of) | AnyOf(of):
            for part in of:
                yield from _grades(part)
        case NotOf(part):
            yield from _grades(part)
        case GradeIs(gravest, mildest) if gravest > mildest:
            yield Fault("when", "最重等级须不轻于最轻等级", "the gravest grade is at most the mildest in number")


def _escalation(plan: PlanBody) -> Iterator[Fault]:
    if plan.escalation is not None and len(msgspec.json.encode(plan.escalation)) > ESCALATION_MAX_BYTES:
        yield Fault("escalation", f"最多 {ESCALATION_MAX_BYTES} 字节", f"at most {ESCALATION_MAX_BYTES} bytes")
