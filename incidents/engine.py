"""The alarm engine of one leased site: what the gateway asks about every reading, and the site's timers.

Memory is a cache of ``alarm_states``: it answers ``screen`` quickly and knows when the next timer is due. Every
decision is made again on the locked row, so a stale cache costs a transaction, never an alarm.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import date, datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from core.database import Database, Tx
from core.errors import Unavailable
from core.logging import get_logger
from core.metrics import counter
from core.outbox import RESYNC, Listener
from incidents import badge_intake, flooding, response
from incidents.alarms import alarm_queries, calibration_queries, evaluation, rule_service, turning
from incidents.alarms.alarm import AlarmRaised, calm_band, crosses
from incidents.alarms.alarm_queries import earliest_timer
from incidents.alarms.evaluation import Outcome, evaluate, expire
from incidents.alarms.model import AlarmRule, AlarmState
from incidents.alarms.voting import Turn
from incidents.context import SiteContext, load_context
from plant.badge_protocol import DeviceSwipe
from plant.errors import LeaseLost
from plant.leases import assert_held
from plant.model import Command, Lease, Quality, Reading
from plant.ports import SinkFactory, Store

log = get_logger(__name__)

# Timers are looked at this often; an on-delay is counted in seconds, so a tenth is exact enough.
TICK_S = 0.1
# Silence is looked for this often: staleness is counted in seconds too, and a sweep reads every sensor.
SWEEP_S = 1.0
# Sensors, zones or actuators of a site were edited (key: the site's id).
NEWS_PLANT = "plant.changed"
# After the database went away, timers try again this much later.
RETRY_S = 0.5
# A rule whose step failed for a fault of ours is tried again this much later, and is in the log each time.
FAULT_RETRY = timedelta(seconds=5)

# A name of the module is found faster than a member of an enumeration, and every reading asks.
_GOOD = Quality.GOOD

RULE_FAULTS = counter("engine_rule_faults", "Steps of alarm rules that failed for a fault of ours.")


class _Watch:
    """What memory knows of one sensor: its limits with their states, when it was last heard, whether it is stale.

    ``calm`` repeats the limits, and the ``turns`` of votes and designs: a value strictly between the two changes
    nothing. Nearly every value is, and one comparison finds it out.
    """

    __slots__ = ("calm", "heard_at", "heard_s", "limits", "stale", "turns")

    def __init__(self) -> None:
        self.limits: list[tuple[AlarmRule, AlarmState]] = []
        self.turns: list[Turn] = []
        self.calm = calm_band(())
        self.stale: tuple[AlarmRule, AlarmState] | None = None
        self.heard_at: datetime | None = None
        # The same by the steady clock: the other one may be set back, and silence would be an hour late.
        self.heard_s = time.monotonic()

    def find_calm(self) -> None:
        """Repeat limits and turns in ``calm``."""
        below, above = calm_band(self.limits)
        for turn in self.turns:
            low, high = turn.band()
            below, above = max(below, low), min(above, high)
        self.calm = below, above


class _Settled(NamedTuple):
    """What memory takes over once it is committed."""

    outcomes: list[Outcome]
    turns: list[Turn]
    flood_due: datetime | None


class SiteEngine:
    """Implements ``plant.ports.ReadingSink`` for one site."""

    def __init__(self, db: Database, lease: Lease, context: SiteContext) -> None:
        self._db = db
        self._lease = lease
        self._tenant_id = lease.tenant_id
        self._context = context
        self._watches: dict[UUID, _Watch] = {}
        self._timers: dict[UUID, datetime] = {}
        self._rule_ids: frozenset[UUID] = frozenset()
        # Sensors, actuators and rules that votes and designs have to do with: mostly none.
        self._turning: frozenset[UUID] = frozenset()
        self._sensor_of: dict[UUID, UUID] = {}
        self._flood_due: datetime | None = None
        self._day: date | None = None
        self._serial = asyncio.Lock()
        self._opened_at = db.clock.now()

    def screen(self, reading: Reading) -> bool:
        """Whether this reading may change an alarm; remembers that its sensor spoke."""
        watch = self._watches.get(reading.sensor_id)
        value = reading.value
        if watch is None:
            return False
        # A gap is not a value: it feeds no limit and does not count as having been heard. A vote it turns.
        if value is None:
            return any(turn.turns(None) for turn in watch.turns)
        if reading.quality == _GOOD:
            watch.heard_at = reading.received_at
            watch.heard_s = time.monotonic()
            if watch.stale is not None and watch.stale[1].condition != "normal":
                return True
        below, above = watch.calm
        if below < value < above:
            return False
        if any(crosses(rule, state, value) for rule, state in watch.limits):
            return True
        return any(turn.turns(value) for turn in watch.turns)

    async def transition(self, readings: Sequence[Reading], store: Store) -> None:
        """Store the readings and everything that follows from them, in one transaction."""
        async with self._serial:
            async with self._db.transaction(self._tenant_id) as tx:
                await assert_held(tx, self._lease)
                await store(tx)
                ids = self._turning & {reading.sensor_id for reading in readings}
                silenced = await self._apply_designs(tx, ids)
                outcomes = [*silenced, *await evaluate(tx, self._tenant_id, readings, tx.now)]
                settled = await self._settle(tx, outcomes, ids)
            self._remember(settled)

    async def _apply_designs(self, tx: Tx, ids: frozenset[UUID]) -> list[Outcome]:
        """Before limits are looked at: an alarm that means nothing now is not raised first and silenced then."""
        if not ids:
            return []
        await turning.lock(tx, self._tenant_id, ids)
        return await turning.apply_designs(tx, self._tenant_id, ids)

    async def _settle(self, tx: Tx, outcomes: list[Outcome], ids: frozenset[UUID]) -> _Settled:
        """What votes follow, and the response to all of it; ``ids``: what made us look."""
        turns: list[Turn] = []
        if ids:
            outcomes = evaluation.merge([*outcomes, *await turning.apply_votes(tx, self._tenant_id, ids)])
            turns = await turning.list_turns(tx, self._tenant_id, ids)
        await response.respond(tx, self._context, outcomes)
        flood_due = self._flood_due
        if any(isinstance(fact, AlarmRaised) for outcome in outcomes for fact in outcome.facts):
            flood_due = await flooding.due_at(tx, self._context)
        return _Settled(outcomes, turns, flood_due)

    async def load(self) -> None:
        """Read rules, states and when each sensor was last heard."""
        # Not beside a transition: what it remembers is newer than what was read before it.
        async with self._serial:
            await self._load()

    async def _load(self) -> None:
        async with self._db.transaction(self._tenant_id) as tx:
            self._context = context = await load_context(tx, self._tenant_id, self._lease.site_id)
            await rule_service.watch_instruments(
                tx, self._tenant_id, self._lease.site_id, context.sensors.values(), context.actuators.values()
            )
            await response.end_retired(tx, context)
            self._turning = await turning.list_turning(tx, self._tenant_id, self._lease.site_id)
            turns = await self._catch_up(tx)
            watched = await alarm_queries.list_site_rules(tx, self._tenant_id, self._lease.site_id)
            heard = await alarm_queries.last_heard(tx, self._tenant_id, self._lease.site_id)
        old, self._watches, self._timers = self._watches, {}, {}
        self._rule_ids = frozenset(item.rule.id for item in watched)
        self._sensor_of = {i.rule.id: i.rule.sensor_id for i in watched if i.rule.sensor_id is not None}
        for item in watched:
            self._put(item.rule, item.state)
        self._put_turns(turns)
        for sensor_id, watch in self._watches.items():
            before = old[sensor_id].heard_at if sensor_id in old else None
            if sensor_id in old:
                watch.heard_s = old[sensor_id].heard_s
            # A sensor made a moment ago has until then to speak for the first time.
            sensor = context.sensors.get(sensor_id)
            made = None if sensor is None else sensor.created_at
            times = [t for t in (heard.get(sensor_id), before, made) if t is not None]
            watch.heard_at = max(times, default=None)

    async def _catch_up(self, tx: Tx) -> list[Turn]:
        """What changed while nobody watched: designs that were edited, calibrations that ran out, a flood's end."""
        await calibration_queries.note_day(tx, self._tenant_id, self._lease.site_id)
        self._day = tx.now.date()
        orphans = await turning.release_orphans(tx, self._tenant_id, self._lease.site_id)
        ids = self._turning
        if ids or orphans:
            await assert_held(tx, self._lease)
        outcomes = [*orphans, *await self._apply_designs(tx, ids)]
        settled = await self._settle(tx, outcomes, ids)
        self._flood_due = await flooding.end_due(tx, self._context)
        return settled.turns

    async def refresh_rule(self, rule_id: UUID) -> None:
        """Read one rule's state again: somebody acknowledged, shelved or reset it. Another site's is not ours."""
        if rule_id not in self._rule_ids:
            return
        async with self._serial:
            async with self._db.transaction(self._tenant_id) as tx:
                found = await alarm_queries.find_rules(tx, self._tenant_id, [rule_id])
                ids = self._turning & {thing for item in found for thing in (rule_id, item.rule.sensor_id)}
                if ids:
                    await assert_held(tx, self._lease)
                settled = await self._settle(tx, await self._apply_designs(tx, ids), ids)
                # A person may have let an alarm speak again: the count is another.
                flood_due = await flooding.due_at(tx, self._context)
            for item in found:
                self._put(item.rule, item.state)
            self._remember(settled._replace(flood_due=flood_due))

    async def keep_time(self) -> None:
        """Fire due timers and find silent sensors, for as long as the lease is held."""
        next_sweep = 0.0
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(TICK_S)
            try:
                await self._fire_due()
                if loop.time() >= next_sweep:
                    next_sweep = loop.time() + SWEEP_S
                    await self._find_silent()
            except Unavailable as problem:
                log.warning("engine.waiting_for_database", error=str(problem))
                await asyncio.sleep(RETRY_S)

    async def _fire_due(self) -> None:
        now = self._db.clock.now()
        due = [rule_id for rule_id, at in self._timers.items() if at <= now]
        if due:
            await self._step_rules(due, silent=False)
        if self._flood_due is not None and self._flood_due <= now:
            async with self._serial, self._db.transaction(self._tenant_id) as tx:
                await assert_held(tx, self._lease)
                self._flood_due = await flooding.end_due(tx, self._context)
        if self._day != now.date():
            # A calibration ran out at midnight (UTC): its sensor votes otherwise from now on.
            await self.load()

    async def _find_silent(self) -> None:
        now = self._db.clock.now()
        silent = [
            watch.stale[0].id
            for watch in self._watches.values()
            if watch.stale is not None and watch.stale[1].condition == "normal" and self._is_silent(watch, now)
        ]
        if silent:
            await self._step_rules(silent, silent=True)

    def _is_silent(self, watch: _Watch, now: datetime) -> bool:
        assert watch.stale is not None
        # What the broker kept for us while nobody held the site must have had time to arrive.
        since = max(watch.heard_at or self._opened_at, self._opened_at)
        allowed_s = watch.stale[0].stale_after_s or 0.0
        return now - since > timedelta(seconds=allowed_s) or time.monotonic() - watch.heard_s > allowed_s

    async def _step_rules(self, rule_ids: list[UUID], *, silent: bool) -> None:
        """Step these rules in one transaction; a rule whose step fails does not hold up the others."""
        try:
            await self._step_together(rule_ids, silent=silent)
        except (Unavailable, LeaseLost):
            raise
        except Exception:
            if len(rule_ids) > 1:
                for rule_id in rule_ids:
                    await self._step_rules([rule_id], silent=silent)
                return
            log.exception("engine.rule_failed", rule=str(rule_ids[0]), site=str(self._lease.site_id))
            RULE_FAULTS.inc()
            self._timers[rule_ids[0]] = self._db.clock.now() + FAULT_RETRY

    async def _step_together(self, rule_ids: list[UUID], *, silent: bool) -> None:
        async with self._serial:
            async with self._db.transaction(self._tenant_id) as tx:
                await assert_held(tx, self._lease)
                about = {self._sensor_of.get(rule_id) for rule_id in rule_ids} | set(rule_ids)
                ids = self._turning & about
                if ids:
                    await turning.lock(tx, self._tenant_id, ids | set(rule_ids))
                outcomes = await expire(tx, self._tenant_id, rule_ids, tx.now, silent=silent)
                silenced = await self._apply_designs(tx, ids)
                settled = await self._settle(tx, [*outcomes, *silenced], ids)
            self._remember(settled)

    async def command_changing(self, tx: Tx, command: Command) -> None:
        """Lock the actuator's alarm, the site and the incident before the command's row."""
        if command.actuator_id in self._turning:
            await turning.lock(tx, self._tenant_id, [command.actuator_id])
        await response.lock_for_command(tx, self._context, command)

    async def command_changed(self, tx: Tx, command: Command) -> None:
        """Tell the incident's room; a missing effect raises the actuator's alarm, a proven one ends it."""
        await response.command_changed(tx, self._context, command)
        if command.actuator_id in self._turning:
            # What follows is remembered when the news of it comes, after the commit.
            silenced = await turning.apply_designs(tx, self._tenant_id, [command.actuator_id])
            await response.respond(tx, self._context, silenced)

    async def badges_read(self, tx: Tx, swipes: Sequence[DeviceSwipe]) -> None:
        """Keep the badge events; who holds the badge and where the door leads is looked up with them."""
        await badge_intake.store(tx, self._tenant_id, self._lease.site_id, swipes)

    def _remember(self, settled: _Settled) -> None:
        for outcome in settled.outcomes:
            self._put(outcome.rule, outcome.after)
        self._put_turns(settled.turns)
        self._flood_due = settled.flood_due

    def _put_turns(self, turns: Sequence[Turn]) -> None:
        for turn in turns:
            watch = self._watches.get(turn.sensor_id)
            # A sensor that is out of use says nothing.
            if watch is not None:
                watch.turns = [known for known in watch.turns if known.key != turn.key] + [turn]
                watch.find_calm()

    def _put(self, rule: AlarmRule, state: AlarmState) -> None:
        timer = earliest_timer(state)
        if timer is None:
            self._timers.pop(rule.id, None)
        else:
            self._timers[rule.id] = timer
        if rule.sensor_id is None or rule.kind in ("vote", "discrepancy"):
            return
        watch = self._watches.setdefault(rule.sensor_id, _Watch())
        if rule.kind == "stale":
            watch.stale = (rule, state)
        else:
            watch.limits = [pair for pair in watch.limits if pair[0].id != rule.id] + [(rule, state)]
            watch.find_calm()


async def _follow(listener: Listener, engine: SiteEngine, site_id: UUID) -> None:
    """Keep memory like the tables: what people do to alarms, and what admins do to the plant."""
    async with listener.subscribe({response.NEWS_ALARM, rule_service.NEWS_RULES, NEWS_PLANT}) as news:
        async for item in news:
            try:
                if item.kind == response.NEWS_ALARM:
                    await engine.refresh_rule(UUID(item.key))
                elif item.kind == RESYNC or item.key == str(site_id):
                    await engine.load()
            except Unavailable as problem:
                # The connection that brings the next news also brings a resync.
                log.warning("engine.news_not_followed", kind=item.kind, error=str(problem))


def sink_factory(db: Database, listener: Listener) -> SinkFactory:
    """Opens a site's engine with its timers running, for as long as its lease is held."""

    @asynccontextmanager
    async def open_site(lease: Lease) -> AsyncIterator[SiteEngine]:
        async with db.transaction(lease.tenant_id) as tx:
            context = await load_context(tx, lease.tenant_id, lease.site_id)
        engine = SiteEngine(db, lease, context)
        await engine.load()
        async with asyncio.TaskGroup() as tasks:
            timers = tasks.create_task(engine.keep_time())
            news = tasks.create_task(_follow(listener, engine, lease.site_id))
            try:
                yield engine
            finally:
                timers.cancel()
                news.cancel()

    return open_site
