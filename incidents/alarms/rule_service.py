"""Use cases of alarm rules: limits from the library or of one's own, and the rules every instrument has by itself."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID, uuid5

import msgspec

from core import audit, outbox
from core.actor import Actor
from core.database import Tx
from core.errors import Invalid, NotFound
from core.ids import new_id
from incidents.alarms import agents, alarm_queries, limits, rule_queries
from incidents.alarms.limits import Purpose
from incidents.alarms.model import AlarmRule, LimitSource, RuleKind
from plant import instrument_queries
from plant.model import Actuator, Sensor
from plant.permissions import PlantPermission, authorise, id_of

NEWS_RULES = "rules.changed"
"""Key: the site's id."""

_OWN = LimitSource("site", "", "the sensor's own stale_after_s", "missing data is its own alarm: ISA-18.2")
_PROOF = LimitSource("site", "", "the actuator's own deadline_s", "a command is not an effect")


class RuleDraft(msgspec.Struct, frozen=True, kw_only=True):
    """A limit of an admin's own; ``unit`` is converted to the sensor's. A limit without a source is refused."""

    sensor_id: UUID
    kind: RuleKind
    level: int
    set_point: float
    unit: str
    source: LimitSource
    deadband: float = 0.0
    on_delay_s: float = 0.0
    off_delay_s: float = 0.0
    rearm_after_s: float | None = None
    latching: bool = False
    toxic: bool = False


async def list_rules(
    tx: Tx,
    actor: Actor | None,
    *,
    site_id: UUID | None = None,
    sensor_id: UUID | None = None,
    after: UUID | None = None,
    limit: int,
) -> list[AlarmRule]:
    """Rules in force by id, after ``after``."""
    tenant_id = authorise(tx, actor, PlantPermission.READ_PLANT)
    return await rule_queries.list_rules(tx, tenant_id, site_id=site_id, sensor_id=sensor_id, after=after, limit=limit)


async def create_rule(tx: Tx, actor: Actor | None, draft: RuleDraft) -> AlarmRule:
    """Put a limit on a sensor. Raises NotFound, Invalid naming the field."""
    tenant_id = authorise(tx, actor, PlantPermission.MANAGE_PLANT)
    sensor = await _sensor(tx, tenant_id, draft.sensor_id)
    _check(draft)
    factor = factor_of(sensor, draft.unit)
    rule = AlarmRule(
        tenant_id=tenant_id,
        id=new_id(),
        kind=draft.kind,
        level=draft.level,
        unit=sensor.unit,
        source=draft.source,
        sensor_id=sensor.id,
        set_point=draft.set_point * factor,
        deadband=draft.deadband * factor,
        on_delay_s=draft.on_delay_s,
        off_delay_s=draft.off_delay_s,
        rearm_after_s=draft.rearm_after_s,
        latching=draft.latching,
        toxic=draft.toxic,
    )
    await _add(tx, actor, sensor.site_id, [rule])
    return rule


async def apply_library(
    tx: Tx, actor: Actor | None, sensor_id: UUID, *, purpose: Purpose | None = None, variant: str = ""
) -> list[AlarmRule]:
    """Give a sensor the library's set points for its agent, in its unit; a set point it has already is not doubled.

    Raises NotFound (sensor, or no such row in the library), Invalid for a sensor without an agent or with a unit the
    agent can not be converted to.
    """
    tenant_id = authorise(tx, actor, PlantPermission.MANAGE_PLANT)
    sensor = await _sensor(tx, tenant_id, sensor_id)
    if sensor.agent is None:
        raise Invalid(
            "limit.no_agent",
            "this sensor names no agent, so the library has no limit for it",
            "该传感器未注明物质，限值库无法匹配",
            field="agent",
        )
    points = limits.find_set_points(sensor.agent, sensor.unit, purpose=purpose, variant=variant)
    known = await rule_queries.list_rules(tx, tenant_id, sensor_id=sensor_id, limit=1000)
    have = {(r.kind, r.level, r.set_point) for r in known}
    rules = [
        limits.rule_of(point, new_id(), tenant_id, sensor_id)
        for point in points
        if (point.kind, point.level, point.value) not in have
    ]
    await _add(tx, actor, sensor.site_id, rules)
    return rules


async def retire_rule(tx: Tx, actor: Actor | None, rule_id: UUID) -> None:
    """Take a limit out of force; retiring twice is one fact. Raises NotFound, Invalid for an instrument's own rule."""
    tenant_id = authorise(tx, actor, PlantPermission.MANAGE_PLANT)
    rule = await rule_queries.get_rule(tx, tenant_id, rule_id)
    if rule.kind not in ("high", "low"):
        raise Invalid(
            "rule.own",
            "an instrument's own rule ends with the instrument",
            "仪表自身的规则随仪表停用",
            field="kind",
            value=rule.kind,
            limit=["high", "low"],
        )
    if await alarm_queries.retire_rule(tx, tenant_id, rule_id):
        await outbox.append(tx, NEWS_RULES, await rule_queries.get_site_of_rule(tx, tenant_id, rule_id))
        await audit.record(tx, id_of(actor), "alarm_rule.retired", "alarm_rule", rule_id)


async def watch_instruments(
    tx: Tx, tenant_id: UUID, site_id: UUID, sensors: Iterable[Sensor], actuators: Iterable[Actuator]
) -> None:
    """Give every sensor its staleness rule and every actuator its proof rule; follow edits and retirement.

    The ids follow from the instruments' ids, so doing it again, or twice at once, changes nothing.
    """
    own = await rule_queries.list_own_rules(tx, tenant_id, site_id)
    for sensor in sensors:
        rule = _stale_rule(tenant_id, sensor)
        if sensor.retired_at is not None:
            continue
        if rule.id not in own:
            await alarm_queries.insert_rule(tx, tenant_id, site_id, rule)
        elif own[rule.id] != rule.stale_after_s:
            await rule_queries.save_stale_after(tx, tenant_id, rule.id, sensor.stale_after_s)
    for actuator in actuators:
        rule = _effect_rule(tenant_id, actuator)
        if actuator.retired_at is None and rule.id not in own:
            await alarm_queries.insert_rule(tx, tenant_id, site_id, rule)
    await rule_queries.retire_rules_of_instruments(tx, tenant_id, site_id)


def _stale_rule(tenant_id: UUID, sensor: Sensor) -> AlarmRule:
    return AlarmRule(
        tenant_id=tenant_id,
        id=uuid5(sensor.id, "stale"),
        kind="stale",
        level=1,
        unit=sensor.unit,
        source=_OWN,
        sensor_id=sensor.id,
        stale_after_s=sensor.stale_after_s,
    )


def _effect_rule(tenant_id: UUID, actuator: Actuator) -> AlarmRule:
    return AlarmRule(
        tenant_id=tenant_id,
        id=uuid5(actuator.id, "no_effect"),
        kind="no_effect",
        level=1,
        unit="1",
        source=_PROOF,
        actuator_id=actuator.id,
    )


async def _sensor(tx: Tx, tenant_id: UUID, sensor_id: UUID) -> Sensor:
    sensor = await instrument_queries.get_sensor(tx, tenant_id, sensor_id)
    if sensor.retired_at is not None:
        raise NotFound(
            "sensor.retired",
            f"sensor {sensor.series} is out of use",
            f"传感器 {sensor.series} 已停用",
            field="sensor_id",
        )
    return sensor


def _check(draft: RuleDraft) -> None:
    if draft.kind not in ("high", "low"):
        raise _invalid(
            "rule.kind", "a limit is high or low", "限值只能为 high 或 low", "kind", draft.kind, ["high", "low"]
        )
    if draft.level not in (1, 2):
        raise _invalid("rule.level", "a level is 1 or 2", "级别只能为 1 或 2", "level", draft.level, [1, 2])
    # A day is longer than any delay a process needs; more would hide an alarm.
    for field in ("deadband", "on_delay_s", "off_delay_s"):
        value = getattr(draft, field)
        if not 0 <= value <= 86_400:
            raise _invalid(
                "rule.range", f"{field} lies in [0, 86400]", f"{field} 应在 [0, 86400] 内", field, value, [0, 86_400]
            )


def factor_of(sensor: Sensor, unit: str) -> float:
    """What a quantity in ``unit`` is multiplied by to be in the sensor's. Raises Invalid naming the unit."""
    if unit == sensor.unit:
        return 1.0
    if sensor.agent is None:
        raise _invalid(
            "rule.unit",
            f"the sensor measures in {sensor.unit}",
            f"传感器单位为 {sensor.unit}",
            "unit",
            unit,
            sensor.unit,
        )
    return agents.convert(sensor.agent, 1.0, unit, sensor.unit)


def _invalid(code: str, en: str, zh: str, field: str, value: object, limit: object) -> Invalid:
    return Invalid(code, en, zh, field=field, value=value, limit=limit)


async def _add(tx: Tx, actor: Actor | None, site_id: UUID, rules: list[AlarmRule]) -> None:
    for rule in rules:
        assert tx.tenant_id is not None
        await alarm_queries.insert_rule(tx, tx.tenant_id, site_id, rule)
        facts = {"sensor": str(rule.sensor_id), "kind": rule.kind, "level": rule.level, "set_point": rule.set_point}
        await audit.record(tx, id_of(actor), "alarm_rule.created", "alarm_rule", rule.id, facts)
    if rules:
        await outbox.append(tx, NEWS_RULES, site_id)
