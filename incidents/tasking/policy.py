"""Who is asked for a task, in which order, for how long: escalation policies and needs as data. Pure.

A policy is walked step by step until what the task needs is met; the copy an escalation began with is frozen.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, TypeVar
from uuid import UUID

import msgspec

from core.errors import Invalid
from mobile_contract.escalations import COUNT_MAX, NEEDS_MAX, FrozenPolicy, Need, PolicyBody, PolicyStep, Target

__all__ = ["COUNT_MAX", "NEEDS_MAX", "EscalationPolicy", "Need", "PolicyBody", "PolicyStep", "Target"]

# A version of a policy, whole: what an escalation keeps from its start.
EscalationPolicy = FrozenPolicy

# A task that names no needs wants one person, whoever it is.
ANYBODY = (Need(),)
# Asked when a round is used up and the policy says nothing else.
OFFICERS = (Target("role", "safety_officer"),)


Body = TypeVar("Body", bound=PolicyBody)


def default_policy(role: str) -> EscalationPolicy:
    """What is walked when a plan names no policy: the task's role, then responders, then safety officers.

    Within each the order is roster.order: reachable, on shift, near, idle, among those with a skill that is missing. At
    last come those who lack it (escalation_moves): somebody is better than nobody, and it is shown what is missing.
    """
    roles = list(dict.fromkeys((role, "responder", "safety_officer")))
    steps = tuple(PolicyStep(who=(Target("role", name),)) for name in roles)
    return EscalationPolicy(slug="default", version=1, steps=steps, repeat=3, life_safety=True)


class PolicyRef(msgspec.Struct, frozen=True):
    """A task names one of the tenant's policies; null version: the newest."""

    slug: str
    version: int | None = None


def read_policy(stored: dict[str, Any]) -> EscalationPolicy | PolicyRef:
    """What a task's ``policy`` column holds; raises Invalid naming the place."""
    try:
        if "steps" in stored:
            return check(msgspec.convert(stored, EscalationPolicy))
        return msgspec.convert(stored, PolicyRef)
    except msgspec.ValidationError as problem:
        raise Invalid("policy.malformed", f"no policy: {problem}", f"策略无效：{problem}", field="policy") from problem


_ROLES = ("worker", "responder", "safety_officer")
_CODE = re.compile(r"[a-z0-9_]{1,63}")


def check(policy: Body) -> Body:
    """The policy, if every target can be understood; raises Invalid naming ``steps[i].who[j]``.

    That an account, team or rota exists is for those who ask the tables.
    """
    for i, step in enumerate(policy.steps):
        for j, target in enumerate(step.who):
            _check_target(target, f"steps[{i}].who[{j}].of")
        repeated = _first_repeated(step.channels or ())
        if repeated is not None:
            raise _invalid(f"steps[{i}].channels", repeated, "each channel once", "每个渠道只能出现一次")
    for j, target in enumerate(policy.last_resort or ()):
        _check_target(target, f"last_resort[{j}].of")
    return policy


def _check_target(target: Target, field: str) -> None:
    match target.kind:
        case "role":
            if target.of not in _ROLES:
                raise _invalid(field, target.of, f"one of {', '.join(_ROLES)}", f"应为 {'、'.join(_ROLES)} 之一")
        case "person" | "team":
            if target.of is None or not _is_id(target.of):
                raise _invalid(field, target.of, f"the id of a {target.kind}", "应为人员或班组的 id")
        case "on_call" | "on_shift":
            if target.of is not None and not _is_id(target.of):
                raise _invalid(field, target.of, "the id of a rota, or null for any", "应为值班表的 id，或留空表示任意")
        case "skill":
            if target.of is not None and not _CODE.fullmatch(target.of):
                raise _invalid(field, target.of, "a skill code: 1 to 63 of a-z 0-9 _", "应为技能代码（a-z 0-9 _）")
        case "nearest":
            if target.of is not None:
                raise _invalid(field, target.of, "null: the nearest are not named", "应留空")


def _is_id(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True


def _first_repeated(names: Sequence[str]) -> str | None:
    return next((name for i, name in enumerate(names) if name in names[:i]), None)


def _invalid(field: str, value: object, limit: str, limit_zh: str) -> Invalid:
    return Invalid(
        "policy.target", f"{field} is {value!r}, not {limit}", f"{field} 为 {value!r}，{limit_zh}",
        field=field, value=value, limit=limit,
    )  # fmt: skip
