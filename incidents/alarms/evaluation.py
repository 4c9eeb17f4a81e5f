"""Readings and timers against the locked states of their rules: what changed, written back, for ``response``."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from core.database import Tx
from incidents.alarms import alarm, alarm_queries
from incidents.alarms.alarm_queries import WatchedRule
from incidents.alarms.model import AlarmRule, AlarmState
from incidents.alarms.voting import Vote
from plant.model import Reading
from plant.protocols import LATE_AFTER_S


class Outcome(msgspec.Struct):
    """One rule that was looked at: its state before and after, and the facts between them, in order.

    ``episode_id`` is the standing alarm's id; ``response`` sets it when it opens one. ``votes``: of its group's
    members; ``note``: what else the timeline says of the change.
    """

    rule: AlarmRule
    before: AlarmState
    after: AlarmState
    facts: tuple[alarm.Fact, ...]
    episode_id: UUID | None
    value: float | None
    votes: tuple[Vote, ...] | None = None
    note: dict[str, Any] = {}


class _Track:
    """One rule while a batch passes over it."""

    __slots__ = ("facts", "item", "state", "value")

    def __init__(self, item: WatchedRule) -> None:
        self.item = item
        self.state = item.state
        self.facts: list[alarm.Fact] = []
        self.value: float | None = None

    def step(self, event: alarm.Event, now: datetime) -> None:
        decision = alarm.step(self.item.rule, self.state, event, now)
        self.state = decision.state
        self.facts.extend(decision.facts)


async def evaluate(tx: Tx, tenant_id: UUID, readings: Sequence[Reading], now: datetime) -> list[Outcome]:
    """Step every rule of these readings' sensors, in order of arrival; gaps feed nothing.

    A device sends again what it has no answer for, so an old value can come after a newer one: only the newest value of
    a sensor, and no LATE one, speaks for "normal". The caller stored the readings already.
    """
    values = [r for r in readings if r.value is not None]
    sensor_ids = sorted({r.sensor_id for r in values})
    rule_ids = await alarm_queries.list_rule_ids(tx, tenant_id, sensor_ids)
    tracks: dict[UUID, list[_Track]] = {}
    everything = []
    for item in await alarm_queries.lock_rules(tx, tenant_id, rule_ids):
        track = _Track(item)
        everything.append(track)
        if item.rule.sensor_id is not None:
            tracks.setdefault(item.rule.sensor_id, []).append(track)
    recent = now - timedelta(seconds=LATE_AFTER_S)
    newest = await alarm_queries.newest_observed(tx, tenant_id, sensor_ids, recent)
    for reading in values:
        newest[reading.sensor_id] = max(newest.get(reading.sensor_id, recent), reading.observed_at)
    for reading in values:
        for track in tracks.get(reading.sensor_id, ()):
            _feed(track, reading, reading.observed_at >= newest[reading.sensor_id], now)
    return await _save(tx, tenant_id, everything)


def _feed(track: _Track, reading: Reading, current: bool, now: datetime) -> None:
    assert reading.value is not None
    if track.item.rule.kind == "stale":
        if current:
            track.step(alarm.DataReturned(), now)
        return
    track.value = reading.value
    track.step(alarm.Reading(value=reading.value, observed_at=reading.observed_at, current=current), now)


async def expire(tx: Tx, tenant_id: UUID, rule_ids: Sequence[UUID], now: datetime, *, silent: bool) -> list[Outcome]:
    """Fire what is due on these rules, or tell them that their data is missing."""
    event: alarm.Event = alarm.DataMissing() if silent else alarm.TimerDue()
    return await apply_event(tx, tenant_id, rule_ids, lambda _: event, now)


async def apply_event(
    tx: Tx, tenant_id: UUID, rule_ids: Sequence[UUID], event_of: Callable[[AlarmRule], alarm.Event], now: datetime
) -> list[Outcome]:
    """Step each rule once with its event."""
    watched = await alarm_queries.lock_rules(tx, tenant_id, rule_ids)
    return await step_locked(tx, tenant_id, watched, lambda item: event_of(item.rule), now)


async def step_locked(
    tx: Tx,
    tenant_id: UUID,
    watched: Iterable[WatchedRule],
    event_of: Callable[[WatchedRule], alarm.Event],
    now: datetime,
) -> list[Outcome]:
    """Step each rule, whose state the caller locked and read, once with its event."""
    tracks = [_Track(item) for item in watched]
    for track in tracks:
        track.step(event_of(track.item), now)
    return await _save(tx, tenant_id, tracks)


def merge(outcomes: Iterable[Outcome]) -> list[Outcome]:
    """One outcome a rule, in order of their ids: before the first of them, after the last, and all facts between."""
    merged: dict[UUID, Outcome] = {}
    for later in outcomes:
        first = merged.get(later.rule.id)
        merged[later.rule.id] = later if first is None else _joined(first, later)
    return [merged[rule_id] for rule_id in sorted(merged)]


def _joined(first: Outcome, later: Outcome) -> Outcome:
    return Outcome(
        first.rule,
        first.before,
        later.after,
        first.facts + later.facts,
        later.episode_id,
        first.value if later.value is None else later.value,
        first.votes if later.votes is None else later.votes,
        first.note | later.note,
    )


async def _save(tx: Tx, tenant_id: UUID, tracks: Sequence[_Track]) -> list[Outcome]:
    outcomes = []
    for track in tracks:
        item = track.item
        if track.state != item.state:
            await alarm_queries.save_state(tx, tenant_id, item.rule.id, track.state, item.episode_id)
        outcomes.append(Outcome(item.rule, item.state, track.state, tuple(track.facts), item.episode_id, track.value))
    return outcomes
