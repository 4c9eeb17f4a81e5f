"""The look at every site in which an alarm or a hazard stands: hazards grow, are stated anew, move on and end.

Everything is in the rows: killed anywhere, the next look goes on. Of any number of watches one writes: what is new is
held by a unique index, what is there by its version behind the incident's lock. Hazards are grown in a thread, with no
transaction open.
"""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from uuid import UUID

import msgspec
from msgspec.structs import replace

from core.database import Database, Tx
from core.errors import NotFound, Unavailable
from core.ids import new_id
from core.logging import get_logger
from core.metrics import counter
from core.outbox import Listener
from core.worker import sweep_on_news
from geo.places.model import Plan
from incidents import queries as incident_queries
from incidents.hazards import queries, service, stating, watch_queries
from incidents.hazards.growing import Grown, Place, Raised, doors_key, grown
from incidents.hazards.model import StoredHazard
from incidents.hazards.moves import Basis, End, Grow, Move, Show, end_of, moves_of
from incidents.hazards.stored import pack, unpack
from incidents.hazards.views import view_of
from incidents.response import NEWS_ALARM
from mobile_contract.room_views import HazardView
from plant import queries as plant_queries
from plant.place_service import CHANGED

log = get_logger(__name__)

NEWS_PASSAGE = "passage.changed"
"""A door or a rise is another than it was; key: the site's id."""
# The most that lost news adds to a hazard, and what a time that is up waits for.
POLL_S = 5.0
# Plans kept read: those of the sites in which something stands; a campus is some 30 MB of objects.
PLANS_KEPT = 8

FAULTS = counter("hazard_faults", "Moves of hazards that failed for a fault of ours, and are tried again.")
_DECODER = msgspec.json.Decoder(Plan)


class _Made(msgspec.Struct, frozen=True):
    """A hazard grown off the loop, as it is stored and shown."""

    grown: Grown
    body: str
    shown: HazardView


class HazardWatch:
    """Works until cancelled; ``sweep`` does once what is due now."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._plans: dict[UUID, Plan] = {}

    async def run(self, listener: Listener) -> None:
        """Look until cancelled; news of alarms, doors and plans wakes it."""
        await sweep_on_news("hazards", self.sweep, listener, {NEWS_ALARM, NEWS_PASSAGE, CHANGED}, poll_s=POLL_S)

    async def sweep(self) -> int:
        """Do everything that is to be done now; returns how much was. What fails holds up nothing else."""
        async with self._db.transaction(None) as tx:
            sites = await watch_queries.list_sites(tx)
        done = 0
        for tenant_id, site_id in sites:
            moves, place = await self._look(tenant_id, site_id)
            for move in moves:
                try:
                    done += await self._do(tenant_id, site_id, move, place)
                except Unavailable:
                    raise
                except Exception:
                    # One alarm's zone that can not be read must not keep the hazards of the others from people.
                    FAULTS.inc()
                    log.exception("hazard.fault", site=str(site_id), move=type(move).__name__)
        return done

    async def _look(self, tenant_id: UUID, site_id: UUID) -> tuple[list[Move], Place]:
        """What is to be done in a site, and its plan as its doors are now, read where it is needed."""
        async with self._db.transaction(tenant_id) as tx:
            plan_id = await watch_queries.find_plan(tx, tenant_id, site_id)
            doors = await watch_queries.list_doors(tx, tenant_id, site_id, tx.now)
            active = await watch_queries.list_active(tx, tenant_id, site_id, tx.now)
            moves = moves_of(
                tx.now,
                await watch_queries.list_open(tx, tenant_id, site_id),
                active,
                await watch_queries.list_spoken(tx, tenant_id, [it.id for it in active]),
                Basis(
                    plan=None if plan_id is None else str(plan_id),
                    doors=doors_key(doors),
                    zones=await watch_queries.list_zone_versions(tx, tenant_id, site_id),
                ),
            )
        if plan_id is None or not any(isinstance(it, Grow) for it in moves):
            return moves, Place(plan_id=plan_id, doors=doors)
        return moves, Place(plan_id=plan_id, plan=await self._plan(tenant_id, plan_id), doors=doors)

    async def _plan(self, tenant_id: UUID, plan_id: UUID) -> Plan:
        if plan_id not in self._plans:
            async with self._db.transaction(tenant_id) as tx:
                text = await watch_queries.get_plan_text(tx, tenant_id, plan_id)
            while len(self._plans) >= PLANS_KEPT:
                self._plans.pop(next(iter(self._plans)))
            self._plans[plan_id] = await asyncio.to_thread(_DECODER.decode, text)
        return self._plans[plan_id]

    async def _do(self, tenant_id: UUID, site_id: UUID, move: Move, place: Place) -> bool:
        if isinstance(move, End):
            async with self._db.transaction(tenant_id) as tx:
                return await _end(tx, tenant_id, site_id, move.hazard_id)
        if isinstance(move, Show):
            return await self._show(tenant_id, site_id, move.hazard_id)
        return await self._grow(tenant_id, site_id, move, place)

    async def _grow(self, tenant_id: UUID, site_id: UUID, move: Grow, place: Place) -> bool:
        async with self._db.transaction(tenant_id) as tx:
            zone = await plant_queries.get_zone(tx, tenant_id, move.alarm.zone_id)
            before = None if move.hazard_id is None else await queries.get_body(tx, tenant_id, move.hazard_id)
            now = tx.now
        alarm = move.alarm
        raised = Raised(
            id=alarm.id,
            kind=alarm.kind,
            level=alarm.level,
            agent=alarm.agent,
            value=alarm.value,
            unit=alarm.unit,
            set_point=alarm.set_point,
            zone_id=zone.id,
            zone_name=zone.name,
            zone_version=zone.version,
            polygon=zone.polygon,
            floor=zone.level,
        )
        hazard_id = move.hazard_id or new_id()
        made = await asyncio.to_thread(_made, raised, place, hazard_id, move, before, now)
        async with self._db.transaction(tenant_id) as tx:
            return await _write(tx, tenant_id, site_id, move, hazard_id, made)

    async def _show(self, tenant_id: UUID, site_id: UUID, hazard_id: UUID) -> bool:
        async with self._db.transaction(tenant_id) as tx:
            known = await queries.get_hazard(tx, tenant_id, site_id, hazard_id)
            body = await queries.get_body(tx, tenant_id, hazard_id)
            now = tx.now
        shown = await asyncio.to_thread(lambda: stating.show_now(known, unpack(str(known.id), known.source, body), now))
        async with self._db.transaction(tenant_id) as tx:
            again = await service.lock_behind_incident(tx, tenant_id, site_id, hazard_id)
            if again.ended_at is not None or (again.version, again.changes_at) != (known.version, known.changes_at):
                return False
            await stating.move_on(tx, again, shown)
            return True


def _made(raised: Raised, place: Place, hazard_id: UUID, move: Grow, before: str | None, now: datetime) -> _Made:
    """Everything of a grown hazard that takes a core."""
    known = None if before is None else unpack(str(hazard_id), "grown", before)
    raised_at = move.alarm.raised_at
    elapsed_ms = max(0, (now - raised_at) // timedelta(milliseconds=1))
    found = grown(raised, place, hazard_id=hazard_id, elapsed_ms=elapsed_ms, before=known)
    shown = view_of(
        hazard_id,
        found.hazard,
        source="grown",
        name=found.name,
        agent=raised.agent,
        stated_at=raised_at,
        ends_at=None,
        version=move.version + 1,
        now=now,
    )
    return _Made(found, pack(found.hazard), shown)


async def _write(tx: Tx, tenant_id: UUID, site_id: UUID, move: Grow, hazard_id: UUID, made: _Made) -> bool:
    """State it, unless the alarm is normal by now, its incident is closed, or somebody was here first."""
    alarm, incident = await incident_queries.lock_behind_incident(
        tx, tenant_id, lambda: incident_queries.get_alarm(tx, tenant_id, move.alarm.id)
    )
    if alarm.returned_at is not None or alarm.ended_at is not None or incident.state == "closed":
        return False
    if move.hazard_id is not None:
        known = await queries.lock_hazard(tx, tenant_id, site_id, hazard_id)
        if known.ended_at is not None or known.version != move.version:
            return False
        after = replace(
            known,
            name=made.grown.name,
            agent=move.alarm.agent,
            facts=made.grown.facts,
            shown=made.shown,
            changes_at=made.shown.changes_at,
            version=made.shown.version,
        )
        await stating.state_anew(tx, after, made.body, move.why, by=None)
        return True
    new = StoredHazard(
        tenant_id=tenant_id,
        id=hazard_id,
        site_id=site_id,
        incident_id=incident.id,
        alarm_id=alarm.id,
        source="grown",
        name=made.grown.name,
        agent=move.alarm.agent,
        facts=made.grown.facts,
        shown=made.shown,
        changes_at=made.shown.changes_at,
        stated_at=alarm.raised_at,
        ends_at=None,
        exercise=incident.exercise,
        version=1,
        created_by=None,
        created_at=tx.now,
    )
    return await stating.state(tx, new, made.body, by=None)


async def _end(tx: Tx, tenant_id: UUID, site_id: UUID, hazard_id: UUID) -> bool:
    """End it, if it is still over behind its incident's lock."""
    try:
        row = await service.lock_behind_incident(tx, tenant_id, site_id, hazard_id)
    except NotFound:
        return False
    found = await watch_queries.list_open(tx, tenant_id, site_id, hazard_id)
    end = end_of(tx.now, found[0]) if found else None
    if end is None:
        return False
    await stating.end(tx, row, f"{end.reason.zh} / {end.reason.en}", by=None, at=end.at)
    return True
