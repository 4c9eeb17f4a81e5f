"""What doors and rises (stairs, lifts, ladders) are like now, over what a plan says of them. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Literal, TypeAlias, cast
from uuid import UUID

import msgspec

from core.errors import Invalid, NotFound
from geo.places.model import DoorState, PlaceId, Plan

PassageOf: TypeAlias = Literal["door", "rise"]
RiseState: TypeAlias = Literal["in_use", "out_of_use"]
PassageStateName: TypeAlias = DoorState | RiseState

STATES: dict[PassageOf, tuple[PassageStateName, ...]] = {
    "door": ("open", "closed", "locked", "badge"),
    "rise": ("in_use", "out_of_use"),
}
# With these somebody is sent another way, and asks why.
NEEDS_REASON: frozenset[PassageStateName] = frozenset({"locked", "out_of_use"})
REASON_MAX = 500
# What lasts longer is not a state of today: it belongs into the plan.
LASTS_MAX = timedelta(days=366)


class PassageState(msgspec.Struct, frozen=True):
    """A door or rise that is not as the plan has it; ``until`` None: until somebody says otherwise."""

    tenant_id: UUID
    site_id: UUID
    feature: PlaceId
    of: PassageOf
    state: PassageStateName
    reason: str | None
    set_by: UUID | None
    set_at: datetime
    until: datetime | None
    version: int


def apply(plan: Plan, states: Iterable[PassageState]) -> Plan:
    """The plan with its doors as they are now; what speaks of doors it does not have changes nothing."""
    now = {it.feature: cast(DoorState, it.state) for it in states if it.of == "door"}
    if not now:
        return plan
    doors = [msgspec.structs.replace(it, state=now.get(it.id, it.state)) for it in plan.doors]
    return msgspec.structs.replace(plan, doors=doors)


def shut_rises(states: Iterable[PassageState]) -> frozenset[PlaceId]:
    """The rises that nobody may take: of a drawn network, its ways between levels."""
    return frozenset(it.feature for it in states if it.of == "rise" and it.state == "out_of_use")


def check_state(
    of: PassageOf, state: PassageStateName, reason: str | None, until: datetime | None, now: datetime
) -> None:
    """Raise Invalid, naming the field, for what such a thing can not be, a missing reason, an end in the past."""
    if state not in STATES[of]:
        names = list(STATES[of])
        raise Invalid(
            "passage.state",
            f"a {of} is one of {', '.join(names)}",
            f"{'门' if of == 'door' else '楼梯或电梯'}的状态只能是 {', '.join(names)}",
            field="state",
            value=state,
            limit=names,
        )
    if reason is None and state in NEEDS_REASON:
        raise Invalid(
            "passage.reason",
            f"say why it is {state.replace('_', ' ')}: others are sent another way",
            "请说明原因：其他人将因此改道",
            field="reason",
        )
    if reason is not None and (not reason.strip() or len(reason) > REASON_MAX or "\0" in reason):
        raise Invalid(
            "passage.reason",
            f"a reason has 1 to {REASON_MAX} characters",
            f"原因须为 1 至 {REASON_MAX} 字",
            field="reason",
            limit=REASON_MAX,
        )
    if until is not None and not now < until <= now + LASTS_MAX:
        raise Invalid(
            "passage.until",
            f"it ends later than now and within {LASTS_MAX.days} days; what lasts longer belongs into the plan",
            f"结束时间须晚于当前且在 {LASTS_MAX.days} 天内；更久的应改平面图",
            field="until",
            value=until.isoformat(),
            limit=[now.isoformat(), (now + LASTS_MAX).isoformat()],
        )


def unknown(of: PassageOf, feature: str) -> NotFound:
    """The error for what the plan in force does not have."""
    zh = "门" if of == "door" else "楼梯、电梯或爬梯"
    return NotFound(
        "passage.not_found",
        f"the plan in force has no {of} {feature}",
        f"已发布的平面图中没有{zh} {feature}",
        field="feature",
        value=feature,
    )
