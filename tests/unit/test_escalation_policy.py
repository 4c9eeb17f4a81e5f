"""Escalation policies as data: what is refused names the step and the target."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from core.errors import Invalid
from incidents.tasking.policy import EscalationPolicy, PolicyRef, PolicyStep, Target, check, default_policy, read_policy

TEAM = str(UUID(int=5))


def policy(*targets: Target, **step: Any) -> EscalationPolicy:
    return EscalationPolicy(slug="night", version=1, steps=(PolicyStep(who=targets, **step),))


@pytest.mark.parametrize(
    "target",
    [
        Target("role", "worker"),
        Target("team", TEAM),
        Target("person", TEAM),
        Target("on_call"),
        Target("on_call", TEAM),
        Target("on_shift"),
        Target("skill"),
        Target("skill", "first_aid"),
        Target("nearest"),
    ],
)
def test_a_target_that_can_be_understood_passes(target: Target) -> None:
    assert check(policy(target)) == policy(target)


@pytest.mark.parametrize(
    "target",
    [
        Target("role", "admin"),
        Target("role"),
        Target("team"),
        Target("person", "wang"),
        Target("on_shift", "night"),
        Target("skill", "First aid"),
        Target("nearest", "wang"),
    ],
)
def test_one_that_can_not_is_refused_by_its_place(target: Target) -> None:
    with pytest.raises(Invalid) as refused:
        check(policy(Target("role", "responder"), target))
    assert refused.value.field == "steps[0].who[1].of"


def test_the_last_resort_and_channels_are_looked_at_too() -> None:
    bad = EscalationPolicy(
        slug="n", version=1, steps=policy(Target("on_call")).steps, last_resort=(Target("role", "auditor"),)
    )
    with pytest.raises(Invalid, match=r"last_resort\[0\]\.of"):
        check(bad)
    with pytest.raises(Invalid) as refused:
        check(policy(Target("on_call"), channels=("fcm", "mail", "fcm")))
    assert (refused.value.field, refused.value.value) == ("steps[0].channels", "fcm")


def test_a_task_names_a_policy_or_carries_one() -> None:
    assert read_policy({"slug": "night"}) == PolicyRef("night")
    whole = {"slug": "night", "version": 2, "steps": [{"who": [{"kind": "on_call"}], "after_s": 30}]}
    read = read_policy(whole)
    assert isinstance(read, EscalationPolicy)
    assert read.steps[0].after_s == 30
    with pytest.raises(Invalid):
        read_policy({"steps": []})
    with pytest.raises(Invalid):
        read_policy({"slug": "n", "version": 1, "steps": [{"who": [{"kind": "on_call"}], "after_s": 0.1}]})


def test_the_default_asks_the_role_then_responders_then_officers() -> None:
    assert [s.who[0].of for s in default_policy("worker").steps] == ["worker", "responder", "safety_officer"]
    assert [s.who[0].of for s in default_policy("safety_officer").steps] == ["safety_officer", "responder"]
    assert check(default_policy("responder")).life_safety
