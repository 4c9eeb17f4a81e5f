"""Who is asked for a task, in which order, for how long: escalation policies and needs as data. Pure.

A policy is walked step by step until what the task needs is met; the copy an escalation began with is frozen.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Annotated, Any, Literal, TypeAlias
from uuid import UUID

import msgspec

from core.errors import Invalid
from mobile_contract.room import NeedFact

TargetKind: TypeAlias = Literal["person", "role", "team", "on_call", "on_shift", "skill", "nearest"]

# Shorter, no phone on a mobile network could answer in time; longer, nobody would be asked within the hour.
SHORTEST_S, LONGEST_S = 1.0, 3600.0
# A policy is read and walked by people: more steps or targets than this are a mistake of whoever wrote it.
STEPS_MAX = 20
TARGETS_MAX = 20
# A rescue team has some ten people; a need for more than this is a site's alarm, not a task.
COUNT_MAX = 50
NEEDS_MAX = 20
REPEAT_MAX = 50

Seconds: TypeAlias = Annotated[float, msgspec.Meta(ge=SHORTEST_S, le=LONGEST_S)]
Skill: TypeAlias = Annotated[str, msgspec.Meta(pattern="^[a-z0-9_]{1,63}$")]
ChannelName: TypeAlias = Annotated[str, msgspec.Meta(pattern="^[a-z][a-z0-9_]{0,31}$")]


class Need(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """So many people with a skill (null: anybody), who said yes (``acknowledged``) or are on the way (``moving``)."""

    skill: Skill | None = None
    count: Annotated[int, msgspec.Meta(ge=1, le=COUNT_MAX)] = 1
    fact: NeedFact = "acknowledged"


# A task that names no needs wants one person, whoever it is.
ANYBODY = (Need(),)


class Target(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whom a step asks. ``of`` names the account, role, team, rota or skill.

    Null ``of``: any rota (on_call, on_shift), whatever skills are missing (skill), everyone who acts (nearest). A
    person, and a rota on call, are asked in the order written, whatever skills are on record for them.
    """

    kind: TargetKind
    of: Annotated[str, msgspec.Meta(min_length=1, max_length=63)] | None = None


class PolicyStep(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One step. Times in seconds; null receipt and acknowledge times are the installation's.

    ``channels``: these alone and in this order; the open socket always is one. ``after_s``: the next step begins then
    although somebody may still answer; null: only when this step has nobody left to ask. ``at_once``: so many are asked
    together, whatever their skills; null: as many as would meet what is missing if all of them said yes.
    """

    who: Annotated[tuple[Target, ...], msgspec.Meta(min_length=1, max_length=TARGETS_MAX)]
    channels: Annotated[tuple[ChannelName, ...], msgspec.Meta(min_length=1, max_length=10)] | None = None
    receipt_within_s: Seconds | None = None
    acknowledge_within_s: Seconds | None = None
    after_s: Seconds | None = None
    at_once: Annotated[int, msgspec.Meta(ge=1, le=COUNT_MAX)] | None = None


class EscalationPolicy(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Steps, walked again ``repeat`` times, each round ``repeat_after_s`` after the one before was used up.

    ``life_safety``: who is off shift or not to be disturbed is asked when nobody else is left, else never.
    ``last_resort`` is asked, all of them, when a round is used up.
    """

    slug: str
    version: int
    steps: Annotated[tuple[PolicyStep, ...], msgspec.Meta(min_length=1, max_length=STEPS_MAX)]
    repeat: Annotated[int, msgspec.Meta(ge=0, le=REPEAT_MAX)] = 0
    repeat_after_s: Annotated[float, msgspec.Meta(ge=10.0, le=LONGEST_S)] = 120.0
    life_safety: bool = False
    last_resort: Annotated[tuple[Target, ...], msgspec.Meta(max_length=TARGETS_MAX)] = (
        Target("role", "safety_officer"),
    )


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


def check(policy: EscalationPolicy) -> EscalationPolicy:
    """The policy, if every target can be understood; raises Invalid naming ``steps[i].who[j]``.

    That an account, team or rota exists is for those who ask the tables.
    """
    for i, step in enumerate(policy.steps):
        for j, target in enumerate(step.who):
            _check_target(target, f"steps[{i}].who[{j}].of")
        repeated = _first_repeated(step.channels or ())
        if repeated is not None:
            raise _invalid(f"steps[{i}].channels", repeated, "each channel once", "每个渠道只能出现一次")
    for j, target in enumerate(policy.last_resort):
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
