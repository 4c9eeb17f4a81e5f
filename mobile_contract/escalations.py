"""Escalation on the wire: who is asked for a task in which order, how far that is, and the policies that say so.

Times are seconds unless they are times of day.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal, TypeAlias
from uuid import UUID

import msgspec

from mobile_contract.devices import Slug
from mobile_contract.incidents import Reason
from mobile_contract.plant import Named
from mobile_contract.room_views import DeliveryView, EscalationView, NeedFact
from mobile_contract.text import Text

TargetKind: TypeAlias = Literal["person", "role", "team", "on_call", "on_shift", "skill", "nearest"]

# Shorter, no phone on a mobile network could answer in time; longer, nobody would be asked within the hour.
SHORTEST_S, LONGEST_S = 1.0, 3600.0
# A policy is read and walked by people: more steps or targets than this are a mistake of whoever wrote it.
STEPS_MAX = 20
TARGETS_MAX = 20
# A rescue team has some ten people; a need for more than this is a site's alarm, not a task.
COUNT_MAX = 50
NEEDS_MAX = 10
REPEAT_MAX = 50

# Longer than this nobody in command would want an emergency to wait for them.
PAUSE_MAX_S = 900.0

Seconds: TypeAlias = Annotated[float, msgspec.Meta(ge=SHORTEST_S, le=LONGEST_S)]
Skill: TypeAlias = Annotated[str, msgspec.Meta(pattern="^[a-z0-9_]{1,63}$")]
ChannelName: TypeAlias = Annotated[str, msgspec.Meta(pattern="^[a-z][a-z0-9_]{0,31}$")]


class Need(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """So many people with a skill (null: anybody), who said yes (``acknowledged``) or are on the way (``moving``)."""

    skill: Skill | None = None
    count: Annotated[int, msgspec.Meta(ge=1, le=COUNT_MAX)] = 1
    fact: NeedFact = "acknowledged"


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


class PolicyBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Steps, walked again ``repeat`` times, each round ``repeat_after_s`` after the one before was used up.

    ``life_safety``: who is off shift or not to be disturbed is asked when nobody else is left, else never.
    ``last_resort`` is asked, all of them, when a round is used up; null: every safety officer.
    """

    steps: Annotated[tuple[PolicyStep, ...], msgspec.Meta(min_length=1, max_length=STEPS_MAX)]
    repeat: Annotated[int, msgspec.Meta(ge=0, le=REPEAT_MAX)] = 0
    repeat_after_s: Annotated[float, msgspec.Meta(ge=10.0, le=LONGEST_S)] = 120.0
    life_safety: bool = False
    last_resort: Annotated[tuple[Target, ...], msgspec.Meta(max_length=TARGETS_MAX)] | None = None


class PolicyView(msgspec.Struct, frozen=True, kw_only=True):
    """A version of a policy; ``retired``: no plan should name it any more. ``version`` is also its ETag."""

    id: UUID
    slug: str
    version: int
    title: Text
    policy: PolicyBody
    retired: bool
    created_at: datetime
    created_by: UUID


class NewPolicy(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A policy to create; plans name it by its slug, which is final."""

    slug: Slug
    title: Named
    policy: PolicyBody


class PolicyEdit(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the next version changes; escalations that run keep the version they began with."""

    title: Named | msgspec.UnsetType = msgspec.UNSET
    policy: PolicyBody | msgspec.UnsetType = msgspec.UNSET
    retired: bool | msgspec.UnsetType = msgspec.UNSET


class FrozenPolicy(PolicyBody, frozen=True, kw_only=True):
    """The copy of a policy that an escalation began with."""

    slug: str
    version: int


class AskedView(msgspec.Struct, frozen=True, kw_only=True):
    """A person who was asked: in which round and step, and ``because`` of which target, standing and place.

    ``ended_why``: declined, no_receipt, refused, no_acknowledgement, released or done; null: they are asked, or go.
    """

    delivery: DeliveryView
    round: int
    step: int | None
    because: str
    fills: bool
    ended_why: str | None


class NotAskedView(msgspec.Struct, frozen=True):
    """A person who could act and was not asked, and why: in_hazard_zone, do_not_disturb, off_shift, has_task,
    lacks_skill; ``later``: their turn has not come."""

    account: UUID
    why: str


MoveName: TypeAlias = Literal["ask", "repeat", "nothing"]


class NextMove(msgspec.Struct, frozen=True):
    """What comes next if nobody answers: ask these ``accounts``, walk the steps again, or nothing.

    ``at`` null: when those who are asked now have not answered in time.
    """

    move: MoveName
    at: datetime | None
    accounts: list[UUID] = []


class EscalationDetail(msgspec.Struct, frozen=True, kw_only=True):
    """The search for a task's people. ``fencing`` rises with every change; an operation may name the one it is of."""

    escalation: EscalationView
    incident: UUID
    fencing: int
    policy: FrozenPolicy
    step_started_at: datetime
    paused_by: UUID | None
    pause_reason: str | None
    asked: list[AskedView]
    not_asked: list[NotAskedView]
    next: NextMove


Fencing: TypeAlias = Annotated[int, msgspec.Meta(ge=0, description="Refused unless it is the present one.")] | None


class JumpRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Go to a step of the policy, counted from 0, at once; the two after the last are the reserve and anybody."""

    step: Annotated[int, msgspec.Meta(ge=0, le=STEPS_MAX + 1)]
    reason: Reason
    fencing: Fencing = None


class PauseRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Ask nobody new for so long; it goes on by itself."""

    for_s: Annotated[float, msgspec.Meta(ge=1, le=PAUSE_MAX_S)]
    reason: Reason
    fencing: Fencing = None


class ResumeRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Go on before the pause ends."""

    fencing: Fencing = None


class AskRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Ask this person now, whatever the policy says."""

    account: UUID
    reason: Reason
    fencing: Fencing = None
