"""What a reading turns besides its own sensor's limits: votes of groups, and suppression by design.

Everything is decided again from the tables, on locked states: whether it was a reading, silence, a proof, a calibration
that ran out or a person that made us look, the answer is the same.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from uuid import UUID

from core.database import Tx
from core.ids import new_id
from incidents.alarms import alarm, alarm_queries, evaluation, suppression_queries, voting, voting_queries
from incidents.alarms.alarm_queries import WatchedRule
from incidents.alarms.evaluation import Outcome
from incidents.alarms.suppression import Design, acts, holds, limit_of
from incidents.alarms.voting import Turn, Verdict
from incidents.alarms.voting_queries import Group, SensorFacts
from plant.model import Quality


async def list_turning(tx: Tx, tenant_id: UUID, site_id: UUID) -> frozenset[UUID]:
    """Sensors, actuators and rules of the site that votes or designs have to do with."""
    groups = await voting_queries.list_groups(tx, tenant_id, site_id=site_id)
    designs = await suppression_queries.list_designs(tx, tenant_id, site_id=site_id)
    about = {thing for d in designs for thing in (d.rule_id, d.sensor_id, d.actuator_id) if thing is not None}
    return frozenset(about.union(*(g.members for g in groups)))


async def lock(tx: Tx, tenant_id: UUID, ids: Iterable[UUID]) -> None:
    """Lock the states of every rule that a change of these can lead to, in one statement and so in one order."""
    await alarm_queries.lock_rules(tx, tenant_id, await alarm_queries.list_ids_about(tx, tenant_id, sorted(ids)))


async def apply_designs(tx: Tx, tenant_id: UUID, ids: Collection[UUID]) -> list[Outcome]:
    """Silence what the plant's state makes meaningless, and let speak what it does not any more."""
    designs = await suppression_queries.designs_about(tx, tenant_id, list(ids))
    if not designs:
        return []
    watched = await alarm_queries.lock_rules(tx, tenant_id, sorted({d.rule_id for d in designs}))
    facts = await voting_queries.sensor_facts(tx, tenant_id, [d.sensor_id for d in designs if d.sensor_id is not None])
    actuators = [d.actuator_id for d in designs if d.actuator_id is not None]
    proved = await suppression_queries.proved_actions(tx, tenant_id, actuators) if actuators else {}
    wanted = {
        item.rule.id: next(
            (d for d in designs if d.rule_id == item.rule.id and _holds(d, facts, proved, item.state.suppression)), None
        )
        for item in watched
    }
    outcomes = await evaluation.step_locked(
        tx, tenant_id, watched, lambda item: alarm.SuppressedByDesign(on=wanted[item.rule.id] is not None), tx.now
    )
    for outcome in outcomes:
        design = wanted[outcome.rule.id]
        if design is not None and outcome.before.suppression != outcome.after.suppression == "by_design":
            outcome.note = {"reason": design.reason, "design": design.id}
            await suppression_queries.end_suppressions(tx, tenant_id, [outcome.rule.id], None)
            await suppression_queries.insert_suppression(
                tx, tenant_id, new_id(), outcome.rule.id, kind="by_design", reason=design.reason, by=None
            )
    return outcomes


def _holds(design: Design, facts: dict[UUID, SensorFacts], proved: dict[UUID, str], suppression: str) -> bool:
    fact = facts.get(design.sensor_id) if design.sensor_id is not None else None
    return holds(
        design,
        value=None if fact is None else fact.value,
        sound=fact is not None and fact.sound,
        proved_action=proved.get(design.actuator_id) if design.actuator_id is not None else None,
        holding=suppression == "by_design",
    )


async def release_orphans(tx: Tx, tenant_id: UUID, site_id: UUID) -> list[Outcome]:
    """Let speak what is silent by a design that an admin took out of force."""
    rule_ids = await suppression_queries.orphaned_by_design(tx, tenant_id, site_id)
    if not rule_ids:
        return []
    event = alarm.SuppressedByDesign(on=False)
    return await evaluation.apply_event(tx, tenant_id, rule_ids, lambda _: event, tx.now)


async def apply_votes(tx: Tx, tenant_id: UUID, sensor_ids: Collection[UUID]) -> list[Outcome]:
    """Let the groups of these sensors vote, and step what they vote on."""
    groups = {g.id: g for g in await voting_queries.groups_of_sensors(tx, tenant_id, list(sensor_ids))}
    if not groups:
        return []
    rule_ids = await voting_queries.vote_rule_ids(tx, tenant_id, list(groups))
    watched = await alarm_queries.lock_rules(tx, tenant_id, rule_ids)
    members = {sensor_id for g in groups.values() for sensor_id in g.members}
    facts = await voting_queries.sensor_facts(tx, tenant_id, sorted(members))
    active = {w.rule.group_id: w.state.condition == "active" for w in watched if w.rule.kind == "vote"}
    verdicts = {g.id: verdict_of(g, facts, active.get(g.id, False), tx.now) for g in groups.values()}
    outcomes = await evaluation.step_locked(tx, tenant_id, watched, lambda item: _voted(item, verdicts), tx.now)
    for outcome in outcomes:
        assert outcome.rule.group_id is not None
        verdict = verdicts[outcome.rule.group_id]
        outcome.votes = verdict.votes
        outcome.value = _said(groups[outcome.rule.group_id], verdict)
        outcome.note = {"m": verdict.m, "beyond": verdict.beyond, "works_as": verdict.works_as}
    return outcomes


def verdict_of(group: Group, facts: dict[UUID, SensorFacts], active: bool, now: datetime) -> Verdict:
    """What the group says now."""
    today = now.date()
    members = [facts[sensor_id].as_member(today) for sensor_id in group.members]
    return voting.decide(group.limit, group.m, members, active)


def _voted(item: WatchedRule, verdicts: dict[UUID, Verdict]) -> alarm.Event:
    assert item.rule.group_id is not None
    verdict = verdicts[item.rule.group_id]
    return alarm.Voted(verdict.active if item.rule.kind == "vote" else bool(verdict.discrepant))


def _said(group: Group, verdict: Verdict) -> float | None:
    """The worst value that a sound member says."""
    values = [v.value for v in verdict.votes if v.vote != "fault" and v.value is not None]
    return (max if group.side == "high" else min)(values, default=None)


async def list_turns(tx: Tx, tenant_id: UUID, ids: Collection[UUID]) -> list[Turn]:
    """Every value at which groups and designs that have to do with these ids turn, for all of their sensors."""
    groups = await voting_queries.groups_of_sensors(tx, tenant_id, list(ids))
    designs = [d for d in await suppression_queries.designs_about(tx, tenant_id, list(ids)) if d.sensor_id is not None]
    sensor_ids = {s for g in groups for s in g.members} | {d.sensor_id for d in designs if d.sensor_id is not None}
    if not sensor_ids:
        return []
    facts = await voting_queries.sensor_facts(tx, tenant_id, sorted(sensor_ids))
    rule_ids = await voting_queries.vote_rule_ids(tx, tenant_id, [g.id for g in groups])
    watched = await alarm_queries.find_rules(tx, tenant_id, [*rule_ids, *(d.rule_id for d in designs)])
    return [*_turns_of_votes(groups, watched, facts), *_turns_of_designs(designs, watched, facts)]


def _turns_of_votes(
    groups: Sequence[Group], watched: Sequence[WatchedRule], facts: dict[UUID, SensorFacts]
) -> list[Turn]:
    turns = []
    for group in groups:
        own = [w for w in watched if w.rule.group_id == group.id]
        active = any(w.rule.kind == "vote" and w.state.condition == "active" for w in own)
        # Only the way back waits for a reading: the way into alarm has a timer.
        restless = any(w.state.pending == "off_delay" for w in own)
        for sensor_id in group.members:
            last = _last(facts[sensor_id], group.limit, active)
            turns.append(Turn(sensor_id, group.id, group.limit, active, last, restless))
    return turns


def _turns_of_designs(
    designs: Sequence[Design], watched: Sequence[WatchedRule], facts: dict[UUID, SensorFacts]
) -> list[Turn]:
    silent = {w.rule.id for w in watched if w.state.suppression == "by_design"}
    turns = []
    for design in designs:
        if design.sensor_id is not None and acts(design):
            limit, holding = limit_of(design), design.rule_id in silent
            last = _last(facts[design.sensor_id], limit, holding)
            turns.append(Turn(design.sensor_id, design.id, limit, holding, last))
    return turns


def _last(fact: SensorFacts, limit: voting.Limit, active: bool) -> voting.Side:
    # Not the sensor's other faults: no value of its own turns those.
    return voting.side_of(limit, fact.value if fact.quality == Quality.GOOD else None, active)
