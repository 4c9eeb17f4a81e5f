"""Evacuation plans in the tables: read for a look, written after it, certified, ended with their roll call, and seen.

Locks: incident, task, roll call, plan, ways, then the room.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

import msgspec

from core import outbox
from core.database import Tx
from core.errors import NotFound
from incidents import queries as incident_queries
from incidents import records, rooms
from incidents.evacuation import queries as evacuation_queries
from incidents.evacuation.look import STILL_IN, Look, Planned, plan_view, told_points
from incidents.evacuation.model import EvacuationPlanRow
from incidents.evacuation.points_chosen import StatedPoint
from incidents.hazards import queries as hazard_queries
from incidents.incident import Incident
from incidents.record import timeline
from incidents.roll_call import orders, service
from incidents.roll_call import queries as call_queries
from incidents.roll_call.model import AssemblyPoint, RollCall
from incidents.tasking import task_queries
from incidents.wayfinding.model import NEWS_TOLD, EndedWhy, RouteRow
from incidents.wayfinding.surroundings import surroundings_of
from mobile_contract.evacuation import CertificateView, EvacuationView
from mobile_contract.room_events import EvacuationPlanned
from people.actor import Actor
from people.permissions import Permission
from people.presence import service as presence
from plant import queries as plant_queries
from plant.model import Zone

# An incident has a roll call or two.
PLANS_MAX = 20
POINTS_MAX = 50
_FIRST = UUID(int=0)


async def load(tx: Tx, row: EvacuationPlanRow) -> tuple[Look, list[Zone]]:
    """Everything a look needs, in the transaction that took the lease."""
    tenant_id, site_id = row.tenant_id, row.site_id
    call = await service.get(tx, tenant_id, row.roll_call_id)
    incident = await incident_queries.get_incident(tx, tenant_id, call.incident_id)
    seen = await presence.list_whereabouts(tx, tenant_id, site_id, tx.now)
    ways = await evacuation_queries.list_ways_out(tx, tenant_id, call.id)
    look = Look(
        at=tx.now,
        call=call,
        row=row,
        people=await call_queries.all_people(tx, tenant_id, call.id),
        seen={it.person_id: it for it in seen},
        ways={it.account_id: it for it in ways},
        points=await stated_points(tx, tenant_id, site_id),
        around=await surroundings_of(tx, tenant_id, site_id, tx.now, exercise=call.exercise),
        agent=incident.agent,
        wind_from_deg=await hazard_queries.find_wind(tx, tenant_id, site_id, tx.now, exercise=call.exercise),
    )
    return look, await plant_queries.list_zones(tx, tenant_id, site_id)


async def stated_points(tx: Tx, tenant_id: UUID, site_id: UUID) -> list[StatedPoint]:
    """The assembly points in use at a site."""
    points = await call_queries.list_points(tx, tenant_id, site_id=site_id, after=_FIRST, limit=POINTS_MAX)
    return as_stated(points)


def as_stated(points: Sequence[AssemblyPoint]) -> list[StatedPoint]:
    """Where they are, for a map."""
    return [
        StatedPoint(
            it.id,
            it.name,
            float(it.position["coordinates"][0]),
            float(it.position["coordinates"][1]),
            it.level,
            it.capacity,
        )
        for it in points
    ]


class LeaseLostError(Exception):
    """Somebody else plans for this roll call by now."""


async def save(tx: Tx, look: Look, planned: Planned, lease: UUID, place_plan_id: UUID, every: timedelta) -> int | None:
    """Write a plan and everybody's way; returns its revision, None: something overtook it, and it is due again."""
    tenant_id = look.call.tenant_id
    incident = await service.lock_incident_of(tx, tenant_id, look.call.id)
    call = await service.get(tx, tenant_id, look.call.id)
    plan = await evacuation_queries.find(tx, tenant_id, call.id)
    # The lease is looked at again below, under the plan's own lock; here it spares the task's.
    if incident.state == "closed" or call.state != "open" or plan is None or plan.lease != lease:
        return None
    await _tell_points(tx, incident, call, planned)
    call = await service.get_locked(tx, tenant_id, call.id)
    plan = await evacuation_queries.lock(tx, tenant_id, call.id)
    if plan is None or plan.lease != lease:
        raise LeaseLostError
    view = plan_view(call.id, plan.revision + 1, look.at, planned.made)
    changed = plan.woken_at != look.row.woken_at
    saved = msgspec.structs.replace(
        plan,
        place_plan_id=place_plan_id,
        revision=view.revision,
        view=view,
        held=planned.gather.held,
        planned_at=look.at,
        look_at=tx.now if changed else look.at + every,
        lease=None,
        leased_until=None,
    )
    await evacuation_queries.save(tx, saved)
    await _save_ways(tx, incident, call, planned)
    await rooms.append_to_incident(tx, tenant_id, incident.id, EvacuationPlanned(view))
    return view.revision


async def _tell_points(tx: Tx, incident: Incident, call: RollCall, planned: Planned) -> None:
    """Where people gather is another: the record says so, and the task everybody is ordered by names the new points."""
    points = told_points(planned.gather)
    if planned.gather.changed:
        facts = {
            "roll_call": call.id,
            "points": [it.name for it in points],
            "given_up": planned.given_up,
        }
        await timeline.append(tx, call.tenant_id, incident.id, "evacuation.points", facts)
    if call.evacuate_task_id is None or not points:
        return
    task = await task_queries.get_task(tx, call.tenant_id, call.evacuate_task_id)
    if task.steps != orders.evacuation_steps(call.place, points):
        await orders.widen_evacuation(tx, incident, task.id, call.place, points)


async def _save_ways(tx: Tx, incident: Incident, call: RollCall, planned: Planned) -> None:
    tenant_id = call.tenant_id
    known = {it.account_id: it for it in await evacuation_queries.lock_ways_out(tx, tenant_id, call.id)}
    people = {it.person_id: it.status for it in await call_queries.all_people(tx, tenant_id, call.id)}
    # The incident may have become a part of another meanwhile.
    told = [
        msgspec.structs.replace(
            it, incident_id=incident.id, view=msgspec.structs.replace(it.view, incident=incident.id)
        )
        for it in planned.told
        if people.get(it.account_id) in STILL_IN
    ]
    fresh = [it for it in told if it.revision == 1 and it.account_id not in known]
    other = [it for it in told if it.account_id in known and known[it.account_id].revision == it.revision - 1]
    moved = [it for it in planned.moved if _is_further(known.get(it.account_id), it)]
    safe = [ended(tx, it, "safe") for it in known.values() if people.get(it.account_id) in ("accounted", "left")]
    over = {it.id for it in safe}
    await evacuation_queries.insert_ways(tx, fresh)
    await evacuation_queries.save_ways(tx, [*(it for it in (*other, *moved) if it.id not in over), *safe])
    shown = [it for it in moved if it.view != known[it.account_id].view]
    await _wake_phones(tx, [*fresh, *other, *shown, *safe])


def _is_further(known: RouteRow | None, row: RouteRow) -> bool:
    """Whether a position of a look is still the newest, and of the way the person has."""
    if known is None or known.revision != row.revision or row.fix is None:
        return False
    return known.fix is None or known.fix.at < row.fix.at


def ended(tx: Tx, row: RouteRow, why: EndedWhy) -> RouteRow:
    """The way is over; what was told of it stays but the steps."""
    view = msgspec.structs.replace(row.view, steps=[], near=[], least_harm=None, ended_at=tx.now)
    return msgspec.structs.replace(row, view=view, way=None, progress=None, ended_at=tx.now, ended_why=why)


async def _wake_phones(tx: Tx, rows: Sequence[RouteRow]) -> None:
    for row in rows:
        await outbox.wake(tx, NEWS_TOLD, f"{row.account_id}:{row.id}")


async def end_if_over(tx: Tx, tenant_id: UUID, call_id: UUID) -> bool:
    """End the plan of a roll call that is over, and everybody's way with it; True: it was."""
    call = await service.get(tx, tenant_id, call_id)
    incident = await incident_queries.get_incident(tx, tenant_id, call.incident_id)
    if call.state == "open" and incident.state != "closed":
        # A look that holds nobody up.
        return False
    incident = await service.lock_incident_of(tx, tenant_id, call_id)
    call = await service.get_locked(tx, tenant_id, call_id)
    if call.state == "open" and incident.state != "closed":
        return False
    plan = await evacuation_queries.lock(tx, tenant_id, call_id)
    if plan is None or plan.ended_at is not None:
        return False
    people = {it.person_id: it.status for it in await call_queries.all_people(tx, tenant_id, call_id)}
    rows = [
        ended(tx, it, "safe" if people.get(it.account_id) in ("accounted", "left") else "closed")
        for it in await evacuation_queries.lock_ways_out(tx, tenant_id, call_id)
    ]
    await evacuation_queries.save_ways(tx, rows)
    await _wake_phones(tx, rows)
    view = None if plan.view is None else msgspec.structs.replace(plan.view, ended_at=tx.now)
    over = msgspec.structs.replace(plan, view=view, ended_at=tx.now, lease=None, leased_until=None)
    await evacuation_queries.save(tx, over)
    if view is not None:
        await rooms.append_to_incident(tx, tenant_id, incident.id, EvacuationPlanned(view))
    return True


async def certify(tx: Tx, tenant_id: UUID, call_id: UUID, revision: int, certificate: CertificateView) -> bool:
    """Write how good the plan is; False: it is another by now."""
    incident = await service.lock_incident_of(tx, tenant_id, call_id)
    await service.get_locked(tx, tenant_id, call_id)
    plan = await evacuation_queries.lock(tx, tenant_id, call_id)
    if plan is None or plan.view is None or plan.revision != revision or plan.ended_at is not None:
        return False
    view = msgspec.structs.replace(plan.view, certificate=certificate)
    await evacuation_queries.save(tx, msgspec.structs.replace(plan, view=view))
    await rooms.append_to_incident(tx, tenant_id, incident.id, EvacuationPlanned(view))
    return True


async def get_of_call(tx: Tx, actor: Actor, call_id: UUID) -> EvacuationView:
    """The plan of a roll call, numbers only, for whoever sees its incident. Raises NotFound."""
    actor.require(Permission.READ_INCIDENTS)
    call = await service.get(tx, actor.tenant_id, call_id)
    await records.get_incident(tx, actor, call.incident_id)
    plan = await evacuation_queries.find(tx, actor.tenant_id, call_id)
    if plan is None or plan.view is None:
        raise NotFound(
            "evacuation.not_planned",
            "no plan was made for this roll call: the site has no plan of the place in force, or it is being made",
            "此次清点尚无疏散方案：厂区没有已发布的平面图，或方案正在生成",
            field="roll_call",
            value=str(call_id),
        )
    return plan.view


async def list_of_incident(tx: Tx, actor: Actor, incident_id: UUID) -> list[EvacuationPlanRow]:
    """The plans of an incident's roll calls, the newest first. Raises NotFound."""
    await records.get_incident(tx, actor, incident_id)
    return await evacuation_queries.list_of_incident(tx, actor.tenant_id, incident_id, PLANS_MAX)
