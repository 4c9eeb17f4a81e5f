"""Use cases of suppression by design, and of the maxima and flood limits a site or a rule has of its own."""

from __future__ import annotations

import math
from uuid import UUID

import msgspec

from core import audit, outbox
from core.database import Tx
from core.errors import Conflict, Forbidden, Invalid
from core.ids import new_id
from incidents.alarms import alarm_queries, rule_queries, suppression, suppression_queries, voting_queries
from incidents.alarms.alarm import SHELVE_MAX
from incidents.alarms.model import AlarmRule
from incidents.alarms.rule_service import NEWS_RULES
from incidents.alarms.suppression import Design, DesignTest
from incidents.alarms.suppression_queries import AlarmSettings
from incidents.context import load_context
from incidents.service import check_reason
from people.actor import Actor
from people.permissions import Permission
from plant import instrument_queries, queries
from plant.model import ACTIONS

SHELVE_MIN_S = 60.0


class DesignDraft(msgspec.Struct, frozen=True, kw_only=True):
    """While ``sensor_id`` reads at most or at least ``threshold``, or ``actuator_id`` has proved ``action``, the rule
    says nothing."""

    rule_id: UUID
    reason: str
    test: DesignTest
    sensor_id: UUID | None = None
    actuator_id: UUID | None = None
    threshold: float | None = None
    hysteresis: float = 0.0
    action: str | None = None


async def create_design(tx: Tx, actor: Actor, draft: DesignDraft) -> Design:
    """Draft a design; it acts at once, but on a life-safety rule only when a second person approved it.

    Raises NotFound, Invalid naming the field: a rule is not silenced by its own sensor.
    """
    actor.require(Permission.MANAGE_PLANT)
    check_reason(draft.reason)
    tenant_id = actor.tenant_id
    rule = (await alarm_queries.lock_rule(tx, tenant_id, draft.rule_id)).rule
    site_id = await rule_queries.get_site_of_rule(tx, tenant_id, rule.id)
    await _check(tx, tenant_id, site_id, rule, draft)
    context = await load_context(tx, tenant_id, site_id)
    design = Design(
        tenant_id=tenant_id,
        id=new_id(),
        site_id=site_id,
        rule_id=rule.id,
        reason=draft.reason,
        sensor_id=draft.sensor_id,
        actuator_id=draft.actuator_id,
        test=draft.test,
        threshold=draft.threshold,
        hysteresis=draft.hysteresis,
        action=draft.action,
        needs_approval=suppression.is_life_safety(rule, context.agent_of(rule)),
        created_by=actor.account_id,
        created_at=tx.now,
    )
    await suppression_queries.insert_design(tx, tenant_id, design)
    await _tell(tx, actor, design, "suppression_design.created")
    return design


async def approve_design(tx: Tx, actor: Actor, design_id: UUID) -> Design:
    """A second person lets a design act that silences a life-safety alarm; twice is one fact.

    Raises Forbidden for the person who drafted it, Conflict for one that is retired.
    """
    actor.require(Permission.MANAGE_PLANT)
    design = await suppression_queries.get_design(tx, actor.tenant_id, design_id, lock=True)
    if design.retired_at is not None:
        raise Conflict(
            "suppression_design.retired", "this design is out of force", "此抑制规则已停用", field="design_id"
        )
    if design.approved_by is not None:
        return design
    if design.created_by == actor.account_id:
        raise Forbidden(
            "suppression_design.own",
            "who drafted a design does not approve it: it takes a second person",
            "抑制规则须由另一人批准，不得自行批准",
            field="approved_by",
        )
    await suppression_queries.save_approval(tx, actor.tenant_id, design_id, actor.account_id)
    approved = await suppression_queries.get_design(tx, actor.tenant_id, design_id)
    await _tell(tx, actor, approved, "suppression_design.approved")
    return approved


async def retire_design(tx: Tx, actor: Actor, design_id: UUID) -> None:
    """Take a design out of force; what it silences is looked at again. Twice is one fact."""
    actor.require(Permission.MANAGE_PLANT)
    design = await suppression_queries.get_design(tx, actor.tenant_id, design_id, lock=True)
    if await suppression_queries.retire_design(tx, actor.tenant_id, design_id):
        await _tell(tx, actor, design, "suppression_design.retired")


async def get_design(tx: Tx, actor: Actor, design_id: UUID) -> Design:
    """One design, retired or not; raises NotFound."""
    actor.require(Permission.READ_PLANT)
    return await suppression_queries.get_design(tx, actor.tenant_id, design_id)


async def list_designs(
    tx: Tx,
    actor: Actor,
    *,
    site_id: UUID | None,
    rule_id: UUID | None,
    waiting: bool | None,
    after: UUID | None,
    limit: int,
) -> list[Design]:
    """Designs in force by id."""
    actor.require(Permission.READ_PLANT)
    return await suppression_queries.list_designs(
        tx, actor.tenant_id, site_id=site_id, rule_id=rule_id, waiting=waiting, after=after, limit=limit
    )


async def get_settings(tx: Tx, actor: Actor, site_id: UUID) -> AlarmSettings:
    """What the site decided for itself; raises NotFound."""
    actor.require(Permission.READ_PLANT)
    await queries.get_site(tx, actor.tenant_id, site_id)
    return await suppression_queries.get_settings(tx, actor.tenant_id, site_id)


async def edit_settings(tx: Tx, actor: Actor, wanted: AlarmSettings) -> AlarmSettings:
    """Write a site's settings over version ``wanted.version``. Raises NotFound, Invalid, Conflict version.changed."""
    actor.require(Permission.MANAGE_PLANT)
    await queries.get_site(tx, actor.tenant_id, wanted.site_id)
    _check_shelve_max(wanted.shelve_max_s)
    if not 1 <= wanted.flood_end_below <= wanted.flood_start_above <= 1000:
        raise Invalid(
            "flood.limits",
            "a flood ends below a number that is at least 1 and at most where it starts (1000 at most)",
            "报警泛滥的结束值应不小于 1 且不大于起始值（最大 1000）",
            field="flood_end_below",
            value=wanted.flood_end_below,
            limit=wanted.flood_start_above,
        )
    if not await suppression_queries.save_settings(tx, actor.tenant_id, wanted):
        now = await suppression_queries.get_settings(tx, actor.tenant_id, wanted.site_id)
        raise Conflict(
            "version.changed",
            f"somebody else edited this: it is version {now.version} now",
            f"他人已修改，当前版本为 {now.version}",
            field="If-Match",
            value=wanted.version,
            limit=now.version,
        )
    facts = msgspec.to_builtins(wanted)
    await audit.record(tx, actor.account_id, "alarm_settings.edited", "site", wanted.site_id, facts)
    return await suppression_queries.get_settings(tx, actor.tenant_id, wanted.site_id)


async def set_shelve_max(tx: Tx, actor: Actor, rule_id: UUID, seconds: float | None) -> float | None:
    """Give a rule a shelving maximum of its own, or, with None, its site's again. Raises NotFound, Invalid."""
    actor.require(Permission.MANAGE_PLANT)
    await alarm_queries.lock_rule(tx, actor.tenant_id, rule_id)
    _check_shelve_max(seconds)
    await suppression_queries.save_shelve_max(tx, actor.tenant_id, rule_id, seconds)
    facts = {"shelve_max_s": seconds}
    await audit.record(tx, actor.account_id, "alarm_rule.shelving_limited", "alarm_rule", rule_id, facts)
    return seconds


def _check_shelve_max(seconds: float | None) -> None:
    most = SHELVE_MAX.total_seconds()
    if seconds is not None and not SHELVE_MIN_S <= seconds <= most:
        raise _invalid(
            "shelve_max_s",
            seconds,
            [SHELVE_MIN_S, most],
            "lies within one minute and one shift",
            "应在 1 分钟至 12 小时内",
        )


async def _check(tx: Tx, tenant_id: UUID, site_id: UUID, rule: AlarmRule, draft: DesignDraft) -> None:
    if draft.test == "action":
        await _check_action(tx, tenant_id, site_id, draft)
        return
    if draft.sensor_id is None or draft.actuator_id is not None or draft.action is not None:
        raise _invalid(
            "sensor", None, None, "is what a test on a series looks at, and nothing else", "序列条件只针对传感器"
        )
    if draft.threshold is None or not math.isfinite(draft.threshold) or not 0 <= draft.hysteresis < math.inf:
        raise _invalid(
            "threshold", draft.threshold, None, "and a hysteresis of 0 or more are finite", "阈值与回差须为有限数"
        )
    sensor = await instrument_queries.get_sensor(tx, tenant_id, draft.sensor_id)
    if sensor.site_id != site_id or sensor.retired_at is not None:
        raise _invalid(
            "sensor", sensor.id, site_id, "is in use in the rule's site", "传感器须为规则所在厂区的在用传感器"
        )
    own = {rule.sensor_id}
    if rule.group_id is not None:
        own |= set((await voting_queries.get_group(tx, tenant_id, rule.group_id)).members)
    if sensor.id in own:
        raise _invalid(
            "sensor", sensor.id, None, "is another one: no sensor excuses itself", "不得以自身传感器抑制自身报警"
        )


async def _check_action(tx: Tx, tenant_id: UUID, site_id: UUID, draft: DesignDraft) -> None:
    if draft.actuator_id is None or draft.sensor_id is not None or draft.threshold is not None:
        raise _invalid(
            "actuator", None, None, "is what a test on an action looks at, and nothing else", "动作条件只针对执行器"
        )
    actuator = await instrument_queries.get_actuator(tx, tenant_id, draft.actuator_id)
    if actuator.site_id != site_id or actuator.retired_at is not None:
        raise _invalid(
            "actuator", actuator.id, site_id, "is in use in the rule's site", "执行器须为规则所在厂区的在用执行器"
        )
    if draft.action not in ACTIONS[actuator.kind]:
        allowed = list(ACTIONS[actuator.kind])
        raise _invalid("action", draft.action, allowed, "is one of the actuator's", "须为该执行器的动作")


def _invalid(field: str, value: object, limit: object, en: str, zh: str) -> Invalid:
    return Invalid(f"suppression.{field}", f"{field} {en}", f"{field}：{zh}", field=field, value=value, limit=limit)


async def _tell(tx: Tx, actor: Actor, design: Design, action: str) -> None:
    facts = {"rule": design.rule_id, "reason": design.reason, "needs_approval": design.needs_approval}
    await audit.record(tx, actor.account_id, action, "suppression_design", design.id, facts)
    # The site's gateway reads its rules again, and looks at once whether this one holds.
    await outbox.append(tx, NEWS_RULES, design.site_id)
