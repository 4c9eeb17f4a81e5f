"""The published matrix in the response: beside the plan, never against it.

What a plan moves is the plan's: an effect on the same actuator adds nothing and takes nothing back, and an ``inhibit``
keeps back effects of the matrix alone. An effect never undoes what Muster itself asked for in an incident that is not
closed. A matrix that no longer fits the plant is said in the log and stops no alarm.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from core.database import Tx
from core.ids import new_id
from core.logging import get_logger
from incidents import queries as incident_queries
from incidents.alarms.model import AlarmRule
from incidents.commanding import command_for
from incidents.context import SiteContext
from incidents.incident import Alarm, Incident
from incidents.matrix import effects, queries
from incidents.matrix.effects import Effects, Evacuation, Source, source_of
from incidents.matrix.model import MatrixBody
from incidents.matrix.queries import RuleRow, Timer
from incidents.matrix.replay import moment_of
from incidents.record import timeline
from plant import command_queries
from plant.model import Command, CommandState

log = get_logger(__name__)

_STANDS = (CommandState.REQUESTED, CommandState.SENT, CommandState.CONFIRMED)


def source_of_rule(row: RuleRow) -> Source:
    """A rule in force as matrices know it."""
    return source_of(row.kind, rule=row.id, zone=row.zone_id, level=row.level, agent=row.agent, group=row.group_id)


async def find_effects(tx: Tx, context: SiteContext, rule: AlarmRule) -> Effects:
    """Everything the matrix in force asks for when this rule calls now: commands, evacuations, plans."""
    if context.matrix is None:
        return Effects()
    zone_id, agent = context.zone_of(rule).id, context.agent_of(rule)
    source = source_of(rule.kind, rule=rule.id, zone=zone_id, level=rule.level, agent=agent, group=rule.group_id)
    body = context.matrix.body
    standing = await _standing(tx, context, body) if _asks_for_others(body) else {}
    moment = moment_of(tx.now, ZoneInfo(context.matrix.tz))
    found = effects.effects_of(body, source, moment, standing=standing)
    own = {cause.slug for cause in effects.causes_of(body, source)}
    evacuations = [e if e.cause in own else _around(context, e, standing[e.cause]) for e in found.evacuations]
    return msgspec.structs.replace(found, evacuations=tuple(evacuations))


def _around(context: SiteContext, evacuation: Evacuation, zone_ids: Collection[UUID]) -> Evacuation:
    """An evacuation around a cause that stood before: where that is, not where the one is that came last."""
    if evacuation.zones or evacuation.scope == "site":
        return evacuation
    zones = [context.zones[zone_id] for zone_id in zone_ids if zone_id in context.zones]
    around = {zone.id for zone in zones}
    if evacuation.scope == "building":
        buildings = {zone.building_id for zone in zones} - {None}
        around |= {z.id for z in context.zones.values() if z.building_id in buildings}
        around |= {beside for zone in zones if zone.building_id is None for beside in zone.adjoining}
    return msgspec.structs.replace(evacuation, zones=tuple(sorted(around)))


def _asks_for_others(body: MatrixBody) -> bool:
    return any(
        c.how == "inhibit" or (c.condition is not None and c.condition.with_cause is not None) for c in body.cells
    )


async def _standing(tx: Tx, context: SiteContext, body: MatrixBody) -> dict[str, set[UUID]]:
    """The causes that stand, by slug, and in which zones."""
    rule_ids = await queries.list_standing_rules(tx, context.tenant_id, context.site_id)
    standing: dict[str, set[UUID]] = {}
    for rule in (await queries.find_rules(tx, context.tenant_id, rule_ids)).values():
        for cause in effects.causes_of(body, source_of_rule(rule)):
            standing.setdefault(cause.slug, set()).add(rule.zone_id)
    return standing


async def command_effects(
    tx: Tx, context: SiteContext, incident: Incident, rule: AlarmRule, planned: Collection[UUID]
) -> list[Command]:
    """Ask for the matrix's commands beside the plan's, whose actuators are ``planned``; those with a delay wait."""
    given: list[Command] = []
    for wanted in (await find_effects(tx, context, rule)).commands:
        if wanted.actuator in planned:
            continue
        if wanted.delay_s > 0:
            await _wait(tx, context, incident, rule, wanted)
        elif (command := await ask(tx, context, incident, rule.id, wanted.actuator, wanted.action)) is not None:
            given.append(command)
    return given


async def _wait(tx: Tx, context: SiteContext, incident: Incident, rule: AlarmRule, wanted: effects.Command) -> None:
    alarm_id = await queries.find_episode(tx, context.tenant_id, rule.id)
    if alarm_id is None:
        return
    due_at = tx.now + timedelta(seconds=wanted.delay_s)
    timer = Timer(
        context.tenant_id, new_id(), context.site_id, incident.id, alarm_id, rule.id, wanted.actuator, wanted.action,
        tx.now, due_at,
    )  # fmt: skip
    await queries.insert_timer(tx, context.tenant_id, timer)
    facts = {"actuator": wanted.actuator, "action": wanted.action, "due_at": due_at, "cause": wanted.cause}
    await timeline.append(tx, context.tenant_id, incident.id, "matrix.waiting", facts)


async def ask(
    tx: Tx, context: SiteContext, incident: Incident, rule_id: UUID, actuator_id: UUID, action: str
) -> Command | None:
    """Ask the actuator unless it does or will do that, or does for an open incident what this would undo."""
    newest = await command_queries.find_newest_of(tx, context.tenant_id, actuator_id)
    if newest is not None and newest.state in _STANDS:
        if newest.action == action:
            return None
        if await _is_needed(tx, newest):
            facts = {"actuator": actuator_id, "action": action, "kept": newest.action, "command": newest.id}
            await timeline.append(tx, context.tenant_id, incident.id, "matrix.withheld", facts)
            return None
    assert context.matrix is not None
    reason = f"incident {incident.number}, matrix {context.matrix.number}"
    key = f"matrix:{incident.id}:{rule_id}:{actuator_id}:{action}:{tx.now.isoformat()}"
    return await command_for(tx, incident, actuator_id, action, reason, key=key)


async def _is_needed(tx: Tx, newest: Command) -> bool:
    if newest.requested_by is not None or newest.incident_id is None:
        return False
    incident = await incident_queries.get_incident(tx, newest.tenant_id, newest.incident_id)
    return incident.state != "closed"


def wanted_commands(context: SiteContext, alarms: Sequence[Alarm]) -> set[tuple[UUID, str]]:
    """(actuator, action) that the matrix may have asked for because of these alarms, whatever the time was."""
    return {(actuator, action) for actuator, action, _ in _possible(context, alarms)}


def latched_commands(context: SiteContext, alarms: Sequence[Alarm]) -> set[tuple[UUID, str]]:
    """Those of them that a person lets go of: closing the incident does not."""
    return {(actuator, action) for actuator, action, latch in _possible(context, alarms) if latch}


def _possible(context: SiteContext, alarms: Sequence[Alarm]) -> set[tuple[UUID, str, bool]]:
    if context.matrix is None:
        return set()
    body = context.matrix.body
    columns = {effect.slug: effect for effect in body.effects}
    found = set()
    for row in alarms:
        agent, group = context.agent_of_sensor(row.sensor_id), context.groups.get(row.rule_id)
        group_id = None if group is None else group.group_id
        source = source_of(row.kind, rule=row.rule_id, zone=row.zone_id, level=row.level, agent=agent, group=group_id)
        causes = {cause.slug for cause in effects.causes_of(body, source)}
        for cell in body.cells:
            effect = columns.get(cell.effect)
            if cell.cause not in causes or cell.how == "inhibit" or effect is None:
                continue
            if effect.actuator is not None and effect.action is not None:
                found.add((effect.actuator, effect.action, cell.how == "latch"))
    return found
