"""What follows from an alarm: in the transaction of the transition, nothing later and nothing elsewhere.

A raised alarm opens an incident or joins the one of its cause; its plan is bound, actuators are commanded, tasks are
given to people and orders are queued; the room and the timeline are told. Locks are taken in the order of
docs/architecture.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import msgspec

from core import outbox
from core.database import Tx
from core.ids import new_id
from core.logging import get_logger
from core.metrics import counter
from incidents import commanding, correlation, flooding, occupancy, queries, rooms, views
from incidents.alarms import alarm, alarm_queries, evaluation, kpi_log, rule_queries, suppression_queries
from incidents.alarms.evaluation import Outcome
from incidents.alarms.model import AlarmRule, AlarmState
from incidents.context import SiteContext
from incidents.incident import Alarm, Incident
from incidents.plans import planning
from incidents.record import publishing, timeline
from incidents.record.feed import Event
from incidents.wording import alarm_title
from mobile_contract.room_events import (
    AlarmChanged,
    AlarmJoined,
    IncidentOpened,
    IncidentRegraded,
    IncidentReopened,
    IncidentReturned,
)
from mobile_contract.room_views import TrustView
from plant import command_queries
from plant.model import Command, CommandState

log = get_logger(__name__)

ALARMS_RAISED = counter("alarms_raised", "Alarms raised, by kind and level.", ("kind", "level"))
INCIDENTS_OPENED = counter("incidents_opened", "Incidents opened, by grade.", ("grade",))

NEWS_ALARM = "alarm.changed"
"""Key: the rule's id."""


async def respond(tx: Tx, context: SiteContext, outcomes: Sequence[Outcome], *, by: UUID | None = None) -> None:
    """Act on what changed, in order of the rules' ids; ``by`` is the person behind it, None: a reading or a timer."""
    moved = [o for o in outcomes if o.facts]
    if not moved:
        return
    await queries.lock_site(tx, context.tenant_id, context.site_id)
    spoken = [o.rule.id for o in moved if _speaks_again(o)]
    if spoken:
        await suppression_queries.end_suppressions(tx, context.tenant_id, spoken, by)
    raised = [o for o in moved if any(isinstance(f, alarm.AlarmRaised) for f in o.facts)]
    # The worst of alarms that come in one batch leads: it is the first-out and grades the incident at once.
    for outcome in sorted(raised, key=lambda o: (-o.rule.level, o.rule.id)):
        await _raise(tx, context, outcome)
    await kpi_log.log_outcomes(tx, context, moved, by)
    touched: list[UUID] = []
    for outcome in moved:
        incident_id = await _change(tx, context, outcome, by)
        if incident_id is not None and incident_id not in touched:
            touched.append(incident_id)
    for incident_id in touched:
        await _settle(tx, context.tenant_id, incident_id)


def _speaks_again(outcome: Outcome) -> bool:
    left = any(isinstance(fact, alarm.AlarmUnsuppressed) for fact in outcome.facts)
    return left and outcome.after.suppression == "none"


async def _raise(tx: Tx, context: SiteContext, outcome: Outcome) -> None:
    """A new episode: its incident, its alarm row, its plan."""
    rule = outcome.rule
    zone = context.zone_of(rule)
    flood = await flooding.find_standing(tx, context)
    incident = await _find_cause(tx, context, rule)
    if incident is None and flood is not None:
        incident = await flooding.find_leader(tx, context, flood, rule)
    alarm_id = new_id()
    first_out = incident is None
    if incident is None:
        incident = await _open(tx, context, outcome, alarm_id)
    row = Alarm(
        tenant_id=context.tenant_id,
        id=alarm_id,
        rule_id=rule.id,
        episode=outcome.after.episode,
        incident_id=incident.id,
        first_out=first_out,
        site_id=context.site_id,
        zone_id=zone.id,
        sensor_id=rule.sensor_id,
        actuator_id=rule.actuator_id,
        kind=rule.kind,
        level=rule.level,
        letter=alarm.letter(outcome.after),
        title=alarm_title(rule, context.source_name(rule), zone.name),
        value=outcome.value,
        unit=rule.unit,
        set_point=rule.set_point,
        raised_at=tx.now,
        trust=_trust(context, rule, tx),
        votes=None if outcome.votes is None else [views.vote_view(vote) for vote in outcome.votes],
    )
    await queries.insert_alarm(tx, context.tenant_id, row)
    await alarm_queries.save_state(tx, context.tenant_id, rule.id, outcome.after, alarm_id)
    outcome.episode_id = alarm_id
    # Commands before news: whoever confirms one locks it before it locks the room.
    commands = await planning.command_actuators(tx, context, incident, rule)
    await rooms.append_to_incident(tx, context.tenant_id, incident.id, AlarmJoined(views.alarm_view(row)))
    facts = {"alarm": alarm_id, "title": row.title, "value": row.value, "unit": row.unit, "set_point": row.set_point}
    facts |= {"source": rule.source, "trust": row.trust, "votes": row.votes, **outcome.note}
    await timeline.append(tx, context.tenant_id, incident.id, "alarm.raised", facts)
    if not first_out:
        incident = await _regrade(tx, context, incident)
    await commanding.announce_commands(tx, context.tenant_id, incident.id, commands)
    await flooding.count_raised(tx, context, flood, incident)
    # In a flood people are not sent again and again for one plan; what threatens life is always said.
    repeats = flood is not None and not first_out and not flooding.threatens_life(context, rule, tx.now)
    repeats = repeats and await planning.is_in_hand(tx, context, incident, rule)
    await planning.give_tasks(tx, context, incident, rule, repeats=repeats)
    ALARMS_RAISED.labels(rule.kind, rule.level).inc()
    log.info("alarm.raised", alarm=str(alarm_id), kind=rule.kind, level=rule.level, incident=str(incident.id))


def _trust(context: SiteContext, rule: AlarmRule, tx: Tx) -> TrustView | None:
    """How far the sensor behind the alarm can be trusted today; an actuator's alarm has none."""
    sensor = context.sensors.get(rule.sensor_id) if rule.sensor_id is not None else None
    return None if sensor is None else views.trust_view(sensor.calibration_due, tx.now.date())


async def _find_cause(tx: Tx, context: SiteContext, rule: AlarmRule) -> Incident | None:
    """The incident this alarm belongs to, its row locked; None: it opens its own."""
    incidents = await queries.lock_open_incidents(tx, context.tenant_id, context.site_id)
    alarms = await queries.list_alarms_of(tx, context.tenant_id, [i.id for i in incidents])
    zone = context.zone_of(rule)
    cause = correlation.find_cause(
        [
            planning.open_incident(context, i, [a for a in alarms if a.incident_id == i.id])
            for i in incidents
            if planning.may_be_cause(i)
        ],
        zone.id,
        frozenset(zone.adjoining),
        planning.hazard_of_alarm(rule.kind, context.agent_of(rule)),
        tx.now,
        source=rule.sensor_id or rule.actuator_id,
    )
    return next((i for i in incidents if i.id == cause), None)


async def _open(tx: Tx, context: SiteContext, outcome: Outcome, alarm_id: UUID) -> Incident:
    present = await occupancy.people_near(tx, context, [outcome.rule])
    incident = planning.new_incident(context, outcome.rule, alarm_id, tx.now, present)
    number = await queries.insert_incident(tx, context.tenant_id, incident)
    incident = msgspec.structs.replace(incident, number=number)
    members = await planning.room_members(tx, context.tenant_id)
    room_id = await rooms.open_room(tx, context.tenant_id, incident.id, members)
    rooms.append_later(tx, room_id, IncidentOpened(views.incident_view(incident)))
    await timeline.append(
        tx,
        context.tenant_id,
        incident.id,
        "incident.opened",
        {"number": number, "grade": incident.grade, "reasons": incident.reasons, "plan": incident.plan},
    )
    await publishing.publish(tx, incident, "incident.opened")
    INCIDENTS_OPENED.labels(incident.grade).inc()
    log.info("incident.opened", incident=str(incident.id), number=number, grade=incident.grade)
    return incident


async def _regrade(tx: Tx, context: SiteContext, incident: Incident) -> Incident:
    """Grade again with every alarm that stands; a returned incident is open again. The grade never gets milder."""
    alarms = await queries.list_incident_alarms(tx, context.tenant_id, incident.id)
    standing = [a.rule_id for a in alarms if a.returned_at is None]
    rules = await alarm_queries.find_rules(tx, context.tenant_id, standing)
    present = await occupancy.people_near(tx, context, [r.rule for r in rules])
    graded = planning.grade_of(context, [r.rule for r in rules], tx.now, present)
    after = msgspec.structs.replace(incident, state="open", returned_at=None, last_alarm_at=tx.now)
    if graded.grade < incident.grade:
        after = msgspec.structs.replace(after, grade=int(graded.grade), reasons=list(graded.reasons))
    await queries.save_incident(tx, context.tenant_id, after)
    if incident.state == "returned":
        await rooms.append_to_incident(tx, context.tenant_id, incident.id, IncidentReopened())
        await timeline.append(tx, context.tenant_id, incident.id, "incident.reopened", {})
    if after.grade != incident.grade:
        body = IncidentRegraded(after.grade, after.reasons)
        await rooms.append_to_incident(tx, context.tenant_id, incident.id, body)
        facts = {"from": incident.grade, "to": after.grade, "reasons": after.reasons}
        await timeline.append(tx, context.tenant_id, incident.id, "incident.regraded", facts)
    if after.grade != incident.grade or incident.state == "returned":
        event: Event = "incident.regraded" if after.grade != incident.grade else "incident.reopened"
        await publishing.publish(tx, after, event)
    return after


async def _change(tx: Tx, context: SiteContext, outcome: Outcome, by: UUID | None) -> UUID | None:
    """Write the episode's row after a change that did not begin it; returns its incident."""
    await outbox.wake(tx, NEWS_ALARM, outcome.rule.id)
    if outcome.episode_id is None:
        return None
    before = await queries.get_alarm(tx, context.tenant_id, outcome.episode_id)
    after = _episode_after(before, outcome, by, tx)
    if after == before:
        return before.incident_id
    incident = await queries.lock_incident(tx, context.tenant_id, before.incident_id)
    await queries.save_alarm(tx, context.tenant_id, after)
    if _calls_again(before, outcome):
        await _ask_again(tx, context, incident, outcome)
    if after.ended_at is not None:
        await alarm_queries.save_state(tx, context.tenant_id, outcome.rule.id, outcome.after, None)
        outcome.episode_id = None
    await rooms.append_to_incident(
        tx, context.tenant_id, before.incident_id, AlarmChanged(views.alarm_view(after)), by=by
    )
    for fact in outcome.facts:
        if not isinstance(fact, alarm.AlarmRaised):
            kind = "alarm." + type(fact).__name__.removeprefix("Alarm").lower()
            facts = {"alarm": before.id, "letter": after.letter, "value": outcome.value, **outcome.note}
            await timeline.append(tx, context.tenant_id, before.incident_id, kind, facts, by=by)
    return before.incident_id


def _calls_again(before: Alarm, outcome: Outcome) -> bool:
    """It asked again, or speaks again after its condition had gone and came back in silence."""
    if any(isinstance(fact, alarm.AlarmReraised) for fact in outcome.facts):
        return True
    back = before.returned_at is not None and outcome.after.condition == "active"
    return back and outcome.after.suppression == "none"


async def _ask_again(tx: Tx, context: SiteContext, incident: Incident, outcome: Outcome) -> None:
    """The same episode calls again: what its plan started is asked for again, and who has done their part is ordered
    again; an incident that had returned is open."""
    commands = await planning.command_actuators(tx, context, incident, outcome.rule)
    if incident.state == "returned":
        incident = await _regrade(tx, context, incident)
    await commanding.announce_commands(tx, context.tenant_id, incident.id, commands)
    await planning.give_tasks(tx, context, incident, outcome.rule)


def _episode_after(row: Alarm, outcome: Outcome, by: UUID | None, tx: Tx) -> Alarm:
    state = outcome.after
    acknowledged_at, acknowledged_by = row.acknowledged_at, row.acknowledged_by
    if not state.acknowledged:
        acknowledged_at = acknowledged_by = None
    elif acknowledged_at is None:
        acknowledged_at, acknowledged_by = tx.now, by
    returned_at = None if state.condition == "active" else row.returned_at or tx.now
    over = state.condition == "normal" and state.acknowledged and not state.latched
    return msgspec.structs.replace(
        row,
        # An episode that is over is over, also while its rule is silent.
        letter="A" if over else alarm.letter(state),
        value=row.value if outcome.value is None else outcome.value,
        acknowledged_at=acknowledged_at,
        acknowledged_by=acknowledged_by,
        returned_at=returned_at,
        ended_at=tx.now if over else None,
        votes=row.votes if outcome.votes is None else [views.vote_view(vote) for vote in outcome.votes],
    )


async def _settle(tx: Tx, tenant_id: UUID, incident_id: UUID) -> None:
    """An incident whose alarms are all normal has returned; it waits for a person to close it."""
    incident = await queries.lock_incident(tx, tenant_id, incident_id)
    alarms = await queries.list_incident_alarms(tx, tenant_id, incident_id)
    # What a person reported no reading takes back.
    reported = incident.opened_by is not None
    if incident.state != "open" or reported or any(a.returned_at is None for a in alarms):
        return
    returned = msgspec.structs.replace(incident, state="returned", returned_at=tx.now)
    await queries.save_incident(tx, tenant_id, returned)
    await rooms.append_to_incident(tx, tenant_id, incident_id, IncidentReturned(tx.now))
    await timeline.append(tx, tenant_id, incident_id, "incident.returned", {})
    await publishing.publish(tx, returned, "incident.returned")
    log.info("incident.returned", incident=str(incident_id))


async def end_retired(tx: Tx, context: SiteContext) -> None:
    """End the alarms whose rule an admin took out of force: nothing would ever end them otherwise."""
    rows = await rule_queries.lock_alarms_of_retired(tx, context.tenant_id, context.site_id)
    if not rows:
        return
    await queries.lock_site(tx, context.tenant_id, context.site_id)
    # Which incident each belongs to stands still from here on.
    rows = await rule_queries.lock_alarms_of_retired(tx, context.tenant_id, context.site_id)
    for row in rows:
        await queries.lock_incident(tx, context.tenant_id, row.incident_id)
        after = msgspec.structs.replace(row, letter="I", returned_at=row.returned_at or tx.now, ended_at=tx.now)
        await queries.save_alarm(tx, context.tenant_id, after)
        await alarm_queries.save_state(tx, context.tenant_id, row.rule_id, AlarmState(episode=row.episode), None)
        body = AlarmChanged(views.alarm_view(after))
        await rooms.append_to_incident(tx, context.tenant_id, row.incident_id, body)
        await timeline.append(tx, context.tenant_id, row.incident_id, "alarm.retired", {"alarm": row.id})
        await kpi_log.log_retired(tx, context, row)
        await _settle(tx, context.tenant_id, row.incident_id)


async def lock_for_command(tx: Tx, context: SiteContext, command: Command) -> None:
    """What ``command_changed`` will need, in the order of docs/architecture.md."""
    rule_id = await alarm_queries.find_effect_rule(tx, context.tenant_id, command.actuator_id)
    if rule_id is not None:
        await alarm_queries.lock_rules(tx, context.tenant_id, [rule_id])
    await queries.lock_site(tx, context.tenant_id, context.site_id)
    # Which incident it belongs to stands still from here on: they are merged and split under the site's lock.
    current = await command_queries.get_command(tx, context.tenant_id, command.id)
    if current.incident_id is not None:
        await queries.lock_incident(tx, context.tenant_id, current.incident_id)


async def command_changed(tx: Tx, context: SiteContext, command: Command) -> None:
    """Tell the incident's room. No proof by the deadline is itself an alarm; a proof ends that alarm."""
    if command.state is CommandState.CONFIRMED:
        await _effect(tx, context, command.actuator_id, alarm.DataReturned())
    elif command.state in (CommandState.TIMED_OUT, CommandState.FAILED):
        await _effect(tx, context, command.actuator_id, alarm.DataMissing())
    await commanding.announce_change(tx, command)


async def _effect(tx: Tx, context: SiteContext, actuator_id: UUID, event: alarm.Event) -> None:
    rule_id = await alarm_queries.find_effect_rule(tx, context.tenant_id, actuator_id)
    if rule_id is None:
        return
    outcomes = await evaluation.apply_event(tx, context.tenant_id, [rule_id], lambda _: event, tx.now)
    await respond(tx, context, outcomes)
