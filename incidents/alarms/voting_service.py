"""Use cases of voting groups: make one, change its name or its m, end it, see how its members vote now."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal
from uuid import UUID, uuid5

import msgspec

from core import audit, outbox
from core.database import Tx
from core.errors import Conflict, Invalid
from core.ids import new_id
from incidents.alarms import alarm_queries, rule_service, suppression_queries, turning, voting_queries
from incidents.alarms.model import AlarmRule, AlarmState, LimitSource
from incidents.alarms.rule_service import NEWS_RULES
from incidents.alarms.voting import MEMBERS_MAX, Verdict
from incidents.alarms.voting_queries import Group
from mobile_contract.text import Text
from people.actor import Actor
from people.permissions import Permission
from plant import instrument_queries
from plant.model import Sensor

_OWN = LimitSource("site", "", "the group's own discrepancy_after_s", "one sensor against the others")


class GroupDraft(msgspec.Struct, frozen=True, kw_only=True):
    """m of these sensors beyond ``set_point`` raise one alarm; quantities in ``unit``, converted to the sensors'."""

    name: Text
    sensors: list[UUID]
    m: int
    side: Literal["high", "low"]
    level: int
    set_point: float
    unit: str
    source: LimitSource
    deadband: float = 0.0
    valid_low: float | None = None
    valid_high: float | None = None
    on_delay_s: float = 0.0
    off_delay_s: float = 0.0
    rearm_after_s: float | None = None
    latching: bool = False
    toxic: bool = False
    discrepancy_after_s: float = 60.0
    members_alarm: Literal["pre_alarm", "none"] = "pre_alarm"


class GroupFile(msgspec.Struct, frozen=True):
    """A group with what it says now, and its vote's rule; None: it is out of force."""

    group: Group
    verdict: Verdict | None
    rule: AlarmRule | None


async def create_group(tx: Tx, actor: Actor, draft: GroupDraft) -> GroupFile:
    """Let sensors of one quantity vote. Raises NotFound, Invalid naming the field.

    The group speaks for its members' own limits at or beyond its set point, of its level or milder: while it is in
    force they are not, and where ``members_alarm`` says so, each of the second level
    comes back as a pre-alarm of the first.
    Limits that would be reached earlier stay as they are.
    """
    actor.require(Permission.MANAGE_PLANT)
    sensors = await _sensors(tx, actor.tenant_id, draft.sensors)
    factor = rule_service.factor_of(sensors[0], draft.unit)
    _check(draft)
    group = _group(tx, actor.tenant_id, draft, sensors, factor)
    await voting_queries.insert_group(tx, actor.tenant_id, group)
    vote = _vote_rule(draft, group, factor)
    discrepancy = AlarmRule(
        tenant_id=group.tenant_id,
        id=uuid5(group.id, "discrepancy"),
        kind="discrepancy",
        level=1,
        unit=group.unit,
        source=_OWN,
        sensor_id=group.members[0],
        on_delay_s=group.discrepancy_after_s,
        group_id=group.id,
    )
    for rule in (vote, discrepancy):
        await alarm_queries.insert_rule(tx, actor.tenant_id, group.site_id, rule)
    await _speak_for_members(tx, group)
    await _tell(tx, actor, group, "voting_group.created")
    return await _file(tx, group)


async def edit_group(
    tx: Tx, actor: Actor, group_id: UUID, *, name: Text | None, m: int | None, expected_version: int
) -> GroupFile:
    """Another name, or another m: it votes again at once. Raises NotFound, Invalid, Conflict version.changed."""
    actor.require(Permission.MANAGE_PLANT)
    group = await voting_queries.get_group(tx, actor.tenant_id, group_id, lock=True)
    if group.version != expected_version or group.retired_at is not None:
        raise Conflict(
            "version.changed",
            f"somebody else edited this: it is version {group.version} now",
            f"他人已修改，当前版本为 {group.version}",
            field="If-Match",
            value=expected_version,
            limit=group.version,
        )
    wanted = group.m if m is None else m
    _check_m(wanted, len(group.members))
    await voting_queries.update_group(tx, actor.tenant_id, group_id, name or group.name, wanted)
    after = await voting_queries.get_group(tx, actor.tenant_id, group_id)
    await _tell(tx, actor, after, "voting_group.edited")
    return await _file(tx, after)


async def retire_group(tx: Tx, actor: Actor, group_id: UUID) -> None:
    """End a group; its members' own limits are in force again. Twice is one fact. Raises NotFound."""
    actor.require(Permission.MANAGE_PLANT)
    group = await voting_queries.get_group(tx, actor.tenant_id, group_id, lock=True)
    restored = await voting_queries.retire_group(tx, actor.tenant_id, group_id)
    if restored is None:
        return
    for item in await alarm_queries.lock_rules(tx, actor.tenant_id, restored):
        if item.episode_id is None:
            # What it waited for when it went out of force is long past.
            fresh = AlarmState(episode=item.state.episode)
            await alarm_queries.save_state(tx, actor.tenant_id, item.rule.id, fresh, None)
            await suppression_queries.end_suppressions(tx, actor.tenant_id, [item.rule.id], actor.account_id)
    await _tell(tx, actor, group, "voting_group.retired")


async def get_group(tx: Tx, actor: Actor, group_id: UUID) -> GroupFile:
    """One group and how its members vote now; raises NotFound."""
    actor.require(Permission.READ_PLANT)
    return await _file(tx, await voting_queries.get_group(tx, actor.tenant_id, group_id))


async def list_groups(
    tx: Tx, actor: Actor, *, site_id: UUID | None, search: str | None, after: UUID | None, limit: int
) -> list[GroupFile]:
    """Groups in force by id, with how their members vote now."""
    actor.require(Permission.READ_PLANT)
    groups = await voting_queries.list_groups(
        tx, actor.tenant_id, site_id=site_id, search=search, after=after, limit=limit
    )
    return await _files(tx, groups)


async def _file(tx: Tx, group: Group) -> GroupFile:
    if group.retired_at is not None:
        return GroupFile(group, None, None)
    return (await _files(tx, [group]))[0]


async def _files(tx: Tx, groups: Sequence[Group]) -> list[GroupFile]:
    if not groups:
        return []
    tenant_id = groups[0].tenant_id
    facts = await voting_queries.sensor_facts(tx, tenant_id, sorted({s for g in groups for s in g.members}))
    rule_ids = await voting_queries.vote_rule_ids(tx, tenant_id, [g.id for g in groups])
    watched = await alarm_queries.find_rules(tx, tenant_id, rule_ids)
    votes = {w.rule.group_id: w for w in watched if w.rule.kind == "vote"}
    return [
        GroupFile(
            g,
            turning.verdict_of(g, facts, votes[g.id].state.condition == "active", tx.now),
            votes[g.id].rule,
        )
        for g in groups
    ]


async def _sensors(tx: Tx, tenant_id: UUID, sensor_ids: Sequence[UUID]) -> list[Sensor]:
    if not 2 <= len(sensor_ids) <= MEMBERS_MAX or len(set(sensor_ids)) != len(sensor_ids):
        raise _invalid(
            "sensors",
            len(sensor_ids),
            [2, MEMBERS_MAX],
            "are two to eight different ones",
            "须为 2 至 8 个不同的传感器",
        )
    sensors = [await instrument_queries.get_sensor(tx, tenant_id, sensor_id) for sensor_id in sensor_ids]
    first = sensors[0]
    for sensor in sensors:
        alike = (sensor.site_id, sensor.quantity, sensor.unit, sensor.agent)
        if alike != (first.site_id, first.quantity, first.unit, first.agent) or sensor.retired_at is not None:
            raise _invalid(
                "sensors",
                sensor.id,
                [first.quantity, first.unit, first.agent],
                "are in use in one site and measure one quantity of one agent in one unit",
                "须为同一厂区在用、同一物质、同一量、同一单位的传感器",
            )
    return sensors


def _check(draft: GroupDraft) -> None:
    _check_m(draft.m, len(draft.sensors))
    numbers = [draft.set_point, draft.deadband, draft.valid_low, draft.valid_high, draft.discrepancy_after_s]
    if not all(math.isfinite(number) for number in numbers if number is not None):
        raise _invalid("set_point", draft.set_point, None, "and all other quantities are finite", "各数值须为有限数")
    low = -math.inf if draft.valid_low is None else draft.valid_low
    high = math.inf if draft.valid_high is None else draft.valid_high
    if not low < draft.set_point < high:
        raise _invalid(
            "set_point",
            draft.set_point,
            [draft.valid_low, draft.valid_high],
            "lies in what a sensor can say",
            "须在传感器有效范围内",
        )
    if not 1 <= draft.discrepancy_after_s <= 86_400:
        raise _invalid(
            "discrepancy_after_s",
            draft.discrepancy_after_s,
            [1, 86_400],
            "lies within a second and a day",
            "应在 1 秒至 1 天内",
        )


def _check_m(m: int, n: int) -> None:
    if not 1 <= m <= n:
        raise _invalid("m", m, [1, n], f"lies in 1 to {n}, the number of sensors", f"应在 1 至 {n} 之间")


def _group(tx: Tx, tenant_id: UUID, draft: GroupDraft, sensors: Sequence[Sensor], factor: float) -> Group:
    return Group(
        tenant_id=tenant_id,
        id=new_id(),
        site_id=sensors[0].site_id,
        name=draft.name,
        m=draft.m,
        side=draft.side,
        level=draft.level,
        set_point=draft.set_point * factor,
        deadband=draft.deadband * factor,
        unit=sensors[0].unit,
        valid_low=None if draft.valid_low is None else draft.valid_low * factor,
        valid_high=None if draft.valid_high is None else draft.valid_high * factor,
        discrepancy_after_s=draft.discrepancy_after_s,
        members_alarm=draft.members_alarm,
        retired_at=None,
        version=1,
        created_at=tx.now,
        members=[sensor.id for sensor in sensors],
    )


def _vote_rule(draft: GroupDraft, group: Group, factor: float) -> AlarmRule:
    return AlarmRule(
        tenant_id=group.tenant_id,
        id=uuid5(group.id, "vote"),
        kind="vote",
        level=group.level,
        unit=group.unit,
        source=draft.source,
        sensor_id=group.members[0],
        set_point=group.set_point,
        deadband=group.deadband,
        on_delay_s=draft.on_delay_s,
        off_delay_s=draft.off_delay_s,
        rearm_after_s=draft.rearm_after_s,
        latching=draft.latching,
        toxic=draft.toxic,
        group_id=group.id,
    )


async def _speak_for_members(tx: Tx, group: Group) -> None:
    limits = await voting_queries.list_limits_of(tx, group.tenant_id, group.members, group.side)
    spoken_for = [r for r in limits if r.level <= group.level and _is_at_or_beyond(group, r)]
    if group.members_alarm == "pre_alarm":
        spoken_for = [r for r in spoken_for if r.level > 1]
        for rule in spoken_for:
            pre_alarm = msgspec.structs.replace(rule, id=new_id(), level=1, group_id=group.id)
            await alarm_queries.insert_rule(tx, group.tenant_id, group.site_id, pre_alarm)
    await voting_queries.replace_rules(tx, group.tenant_id, group.id, [r.id for r in spoken_for])


def _is_at_or_beyond(group: Group, rule: AlarmRule) -> bool:
    assert rule.set_point is not None
    return rule.set_point >= group.set_point if group.side == "high" else rule.set_point <= group.set_point


def _invalid(field: str, value: object, limit: object, en: str, zh: str) -> Invalid:
    return Invalid(f"voting.{field}", f"{field} {en}", f"{field}：{zh}", field=field, value=value, limit=limit)


async def _tell(tx: Tx, actor: Actor, group: Group, action: str) -> None:
    facts = {"m": group.m, "sensors": group.members, "set_point": group.set_point, "level": group.level}
    await audit.record(tx, actor.account_id, action, "voting_group", group.id, facts)
    await outbox.append(tx, NEWS_RULES, group.site_id)
