"""Use cases of roll calls: begin, mark, appoint, search, all-clear, re-entry.

Locks: incident, task, delivery, then the roll call, then the room.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

import msgspec

from core import outbox
from core.database import Tx
from core.errors import Conflict, Forbidden, Invalid, NotFound
from core.ids import new_id
from incidents import queries as incident_queries
from incidents import rooms
from incidents.incident import Incident
from incidents.leading.commander import find_commander
from incidents.record import timeline
from incidents.roll_call import orders, queries
from incidents.roll_call.merge import judge
from incidents.roll_call.model import Counts, Person, RollCall, Scope
from incidents.roll_call.search import is_new_search, search_steps
from incidents.roll_call.views import roll_call_view
from incidents.service import check_reason
from incidents.tasking import task_queries
from mobile_contract.room_events import RollCallChanged
from mobile_contract.text import Text
from people.actor import Actor
from people.permissions import Permission
from people.presence import service as presence
from people.presence.service import Whereabouts

NEWS_LOOK = "roll_call.look"
"""Key: the roll call's id. It wants a courier's look now."""
# Who has not been seen by then is looked for: people reach an assembly point within minutes (orders.OUT_WITHIN).
SEARCH_AFTER = timedelta(minutes=8)
# Somebody of whom only the site is known may be in the zones of an evacuation; asked after, not searched for first.
ELSEWHERE_CONFIDENCE = 0.3


class Wanted(msgspec.Struct, frozen=True):
    """What is evacuated: zones by id, a building, or the whole site."""

    scope: Scope
    zone_ids: tuple[UUID, ...] = ()
    building_id: UUID | None = None


async def start(tx: Tx, actor: Actor, incident_id: UUID, wanted: Wanted, reason: str) -> RollCall:
    """Evacuate and call the roll; a wider evacuation of the same incident widens the roll call that runs.

    For safety officers and the incident's commander. Raises Invalid, NotFound, Conflict for a closed incident.
    """
    await require_lead(tx, actor, incident_id)
    check_reason(reason)
    return await begin(tx, actor.tenant_id, incident_id, wanted, reason, by=actor.account_id)


async def begin(
    tx: Tx, tenant_id: UUID, incident_id: UUID, wanted: Wanted, reason: str, *, by: UUID | None
) -> RollCall:
    """The same by a plan (``by`` None)."""
    incident = await incident_queries.lock_incident(tx, tenant_id, incident_id)
    if incident.state == "closed":
        raise Conflict("incident.closed", "this incident is closed", "此事件已关闭", field="state", value="closed")
    zone_ids = await _zones(tx, incident, wanted)
    running = await queries.list_calls(tx, tenant_id, incident_id=incident_id, state="open", limit=1)
    if running:
        return await _widen(tx, incident, running[0], wanted, zone_ids, by)
    place = await _place(tx, incident, wanted, zone_ids)
    points = await queries.list_points(tx, tenant_id, site_id=incident.site_id, after=UUID(int=0), limit=3)
    task = await orders.give_evacuation(tx, incident, place, points)
    call = RollCall(
        tenant_id=tenant_id,
        id=new_id(),
        incident_id=incident_id,
        site_id=incident.site_id,
        scope=wanted.scope,
        zone_ids=zone_ids,
        building_id=wanted.building_id,
        place=place,
        reason=reason,
        exercise=incident.exercise,
        state="open",
        started_at=tx.now,
        started_by=by,
        search_due_at=tx.now + SEARCH_AFTER,
        evacuate_task_id=task.id,
        look_at=tx.now,
    )
    # A plan's alarm is in a hurry, a person waits for the list.
    call = msgspec.structs.replace(call, listing=by is None)
    await queries.insert_call(tx, tenant_id, call)
    if by is not None:
        call = await expect(tx, call)
    await outbox.wake(tx, NEWS_LOOK, call.id)
    facts = {"roll_call": call.id, "scope": wanted.scope, "zones": zone_ids, "place": place, "reason": reason}
    await tell(tx, call, "roll_call.started", {**facts, "expected": call.counts.expected}, by)
    return call


async def _widen(
    tx: Tx, incident: Incident, running: RollCall, wanted: Wanted, zone_ids: list[UUID], by: UUID | None
) -> RollCall:
    call = await get_locked(tx, incident.tenant_id, running.id)
    more = [zone for zone in zone_ids if zone not in call.zone_ids]
    if call.scope == "site" or (not more and wanted.scope != "site"):
        return call
    everywhere = [*call.zone_ids, *more]
    wider = Wanted(wanted.scope, tuple(everywhere), wanted.building_id)
    call = msgspec.structs.replace(
        call,
        scope=wanted.scope,
        zone_ids=everywhere,
        building_id=wanted.building_id,
        place=await _place(tx, incident, wider, everywhere),
        look_at=tx.now,
    )
    call = msgspec.structs.replace(call, listing=by is None)
    if call.evacuate_task_id is not None:
        points = await queries.list_points(tx, incident.tenant_id, site_id=call.site_id, after=UUID(int=0), limit=3)
        await orders.widen_evacuation(tx, incident, call.evacuate_task_id, call.place, points)
    if by is None:
        await queries.save_call(tx, incident.tenant_id, call)
    else:
        call = await expect(tx, call)
    await outbox.wake(tx, NEWS_LOOK, call.id)
    await tell(tx, call, "roll_call.widened", {"roll_call": call.id, "zones": more, "place": call.place}, by)
    return call


async def _zones(tx: Tx, incident: Incident, wanted: Wanted) -> list[UUID]:
    named = wanted.zone_ids if wanted.scope == "zones" else None
    building = wanted.building_id if wanted.scope == "building" else None
    if (wanted.scope == "zones") != bool(wanted.zone_ids) or (wanted.scope == "building") != bool(building):
        raise Invalid(
            "roll_call.scope",
            "an evacuation is of zones (name them), of a building (name it) or of the site",
            "疏散范围为区域(须列出)、建筑(须指明)或整个厂区",
            field="scope",
            value=wanted.scope,
        )
    found = await queries.zones_of(tx, incident.tenant_id, incident.site_id, building_id=building, zone_ids=named)
    missing = set(named or ()) - set(found)
    if missing or not found:
        value = next(iter(missing), building or incident.site_id)
        raise NotFound("zone.not_found", "no such zone of this site", "此厂区没有该区域", field="zones", value=value)
    return sorted(found)


async def _place(tx: Tx, incident: Incident, wanted: Wanted, zone_ids: Sequence[UUID]) -> Text:
    if wanted.scope == "site":
        return Text("全厂区", "the whole site")
    names = [name for _, name in sorted((await orders.zone_names(tx, incident.tenant_id, zone_ids)).items())]
    shown, more = names[:3], len(names) - 3
    zh = "、".join(n.zh for n in shown) + (f"等 {len(names)} 个区域" if more > 0 else "")
    en = ", ".join(n.en for n in shown) + (f" and {more} more zones" if more > 0 else "")
    return Text(zh, en)


async def expect(tx: Tx, call: RollCall) -> RollCall:
    """Expect everyone believed there; whoever is expected already stays as they are."""
    believed = await presence.list_whereabouts(tx, call.tenant_id, call.site_id, tx.now)
    # Whoever should be at work and was not seen is asked after too.
    people = [_person(call, w) for w in believed if (w.on_site or w.source == "shift") and _concerned(call, w)]
    await queries.insert_people(tx, call.tenant_id, people)
    return await recount(tx, call)


async def expect_more(tx: Tx, call: RollCall) -> RollCall:
    """Expect whoever is seen in what is evacuated by now, and was not: a door controller may have been offline when
    they came in, and who walks in later must come out again too. It is listed already."""
    believed = await presence.list_whereabouts(tx, call.tenant_id, call.site_id, tx.now)
    # Not whoever is only somewhere on the site: confidence in a zone decays, and in time that is everybody.
    seen = [w for w in believed if w.on_site and (call.scope == "site" or w.zone_id in call.zone_ids)]
    known = {p.person_id for p in await queries.find_people(tx, call.tenant_id, call.id, [w.person_id for w in seen])}
    more = [_person(call, w) for w in seen if w.person_id not in known]
    if not more:
        return call
    await queries.insert_people(tx, call.tenant_id, more)
    call = await recount(tx, call)
    await tell_listed(tx, call)
    return call


def _concerned(call: RollCall, w: Whereabouts) -> bool:
    return call.scope == "site" or w.zone_id is None or w.zone_id in call.zone_ids


def _person(call: RollCall, w: Whereabouts) -> Person:
    elsewhere = call.scope != "site" and w.zone_id is None
    confidence = min(w.confidence, ELSEWHERE_CONFIDENCE) if elsewhere else w.confidence
    return Person(
        tenant_id=call.tenant_id,
        roll_call_id=call.id,
        person_id=w.person_id,
        kind=w.kind,
        name=w.name,
        host_id=w.host_id,
        source=w.source,
        zone_id=w.zone_id,
        level=w.level,
        seen_at=w.seen_at,
        confidence=confidence,
        status=judge(confidence, ()).status,
    )


async def send_search(tx: Tx, actor: Actor, call_id: UUID) -> RollCall:
    """Look for those who are missing now, not when the time for it comes; twice is one search."""
    incident = await lock_incident_of(tx, actor.tenant_id, call_id)
    await require_lead(tx, actor, incident.id)
    return await search(tx, incident, await get_locked(tx, actor.tenant_id, call_id), by=actor.account_id)


async def search(tx: Tx, incident: Incident, call: RollCall, *, by: UUID | None) -> RollCall:
    """Give or bring up to date the search; incident and roll call are locked. With nobody to look for its time stays
    over: whoever is missing later is looked for then."""
    people = await queries.all_people(tx, call.tenant_id, call.id)
    wanted = [p for p in people if p.status in ("missing", "need_help")]
    names = await orders.zone_names(tx, call.tenant_id, [p.zone_id for p in wanted if p.zone_id is not None])
    steps = search_steps(wanted, names, tx.now)
    running = None
    if call.search_task_id is not None:
        running = await task_queries.lock_task(tx, call.tenant_id, call.search_task_id)
    if running is not None and not (running.is_over and is_new_search(wanted, running.done_at or running.created_at)):
        if steps:
            await orders.change_search(tx, incident, running, steps)
    elif steps:
        task = await orders.give_search(tx, incident, call, steps)
        call = msgspec.structs.replace(call, search_task_id=task.id, search_due_at=None)
        facts = {"roll_call": call.id, "task": task.id, "missing": call.counts.missing, "need": call.counts.need_help}
        await timeline.append(tx, call.tenant_id, call.incident_id, "roll_call.search", facts, by=by)
    await queries.save_call(tx, call.tenant_id, call)
    return call


async def get(tx: Tx, tenant_id: UUID, call_id: UUID) -> RollCall:
    """One roll call; raises NotFound."""
    return _found(await queries.find_call(tx, tenant_id, call_id), call_id)


async def get_locked(tx: Tx, tenant_id: UUID, call_id: UUID) -> RollCall:
    """The same, its row held until commit."""
    return _found(await queries.lock_call(tx, tenant_id, call_id), call_id)


def _found(call: RollCall | None, call_id: UUID) -> RollCall:
    if call is None:
        raise _not_found(call_id)
    return call


async def lock_incident_of(tx: Tx, tenant_id: UUID, call_id: UUID) -> Incident:
    """The incident a roll call belongs to by then, locked; raises NotFound."""

    async def find() -> RollCall:
        return await get(tx, tenant_id, call_id)

    _, incident = await incident_queries.lock_behind_incident(tx, tenant_id, find)
    return incident


async def lock_with_incident(tx: Tx, tenant_id: UUID, call_id: UUID) -> RollCall:
    """The roll call, held, and its incident before it: for whoever writes into the record. Raises NotFound."""
    await lock_incident_of(tx, tenant_id, call_id)
    return await get_locked(tx, tenant_id, call_id)


async def access(tx: Tx, actor: Actor, call_id: UUID) -> RollCall:
    """A roll call with the names in it: for those who count, lead, or may see where people are. NotFound for others."""
    call = await get(tx, actor.tenant_id, call_id)
    if actor.may(Permission.READ_PRESENCE) or await counts(tx, actor, call):
        return call
    if await _leads(tx, actor, call.incident_id):
        return call
    raise _not_found(call_id)


def _not_found(call_id: UUID) -> NotFound:
    return NotFound("roll_call.not_found", f"no roll call {call_id}", f"没有点名 {call_id}", field="id", value=call_id)


async def counts(tx: Tx, actor: Actor, call: RollCall) -> bool:
    """Whether the actor is a marshal of this roll call."""
    marshals = await queries.list_marshals(tx, actor.tenant_id, call.id)
    return any(m.account_id == actor.account_id for m in marshals)


async def _leads(tx: Tx, actor: Actor, incident_id: UUID) -> bool:
    commander = await find_commander(tx, actor.tenant_id, incident_id)
    return commander is not None and commander.account_id == actor.account_id


async def require_counting(tx: Tx, actor: Actor, call: RollCall) -> None:
    """Raise Forbidden unless the actor may mark other people."""
    actor.require(Permission.COUNT_PEOPLE)
    if actor.may(Permission.RUN_ROLL_CALL) or await counts(tx, actor, call):
        return
    raise Forbidden(
        "roll_call.not_marshal",
        "only marshals of this roll call and safety officers mark other people",
        "只有本次点名的清点员和安全主管可以标记他人",
        field="account",
        value=actor.account_id,
    )


async def require_lead(tx: Tx, actor: Actor, incident_id: UUID) -> None:
    """Raise Forbidden unless the actor leads the incident or is a safety officer."""
    if not await _leads(tx, actor, incident_id):
        actor.require(Permission.RUN_ROLL_CALL)


async def tell_listed(tx: Tx, call: RollCall) -> None:
    """Everybody believed there is expected now."""
    await tell(tx, call, "roll_call.listed", {"roll_call": call.id, "expected": call.counts.expected}, None)


async def tell_passed(tx: Tx, call: RollCall, person_ids: Sequence[UUID], *, back: bool) -> None:
    """A gate saw these people leave, or come back in."""
    kind = "roll_call.back" if back else "roll_call.left"
    await tell(tx, call, kind, {"roll_call": call.id, "people": list(person_ids)}, None)


async def tell(tx: Tx, call: RollCall, kind: str, facts: dict[str, object], by: UUID | None) -> None:
    """Write it into the record and tell the room."""
    await timeline.append(tx, call.tenant_id, call.incident_id, kind, facts, by=by)
    await show(tx, call, by)


async def show(tx: Tx, call: RollCall, by: UUID | None) -> None:
    """Tell the room the numbers."""
    body = RollCallChanged(roll_call_view(call))
    await rooms.append_to_incident(tx, call.tenant_id, call.incident_id, body, by=by)


async def recount(tx: Tx, call: RollCall) -> RollCall:
    """Count the rows and write the numbers; tells nobody."""
    counts = msgspec.convert(await queries.count_people(tx, call.tenant_id, call.id), Counts)
    call = msgspec.structs.replace(call, counts=counts, version=call.version + 1)
    await queries.save_call(tx, call.tenant_id, call)
    return call
