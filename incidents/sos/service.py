"""Use cases of calls for help: call, call again, say where, end with a code.

Nothing of it reaches the caller's own phone but the answers to its own requests: the caller is in no room of it, gets
no order, and is rung for nothing while it lasts (``queries.is_calling``). Not sent at all is better than a silent push:
what is not sent can not light a screen, whatever a phone makes of it.

Locks: the caller's account, site, incident, task, delivery, command, the call's row, room.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from core import audit
from core.database import Tx
from core.errors import Invalid, NotFound
from core.ids import new_id
from incidents import queries as incident_queries
from incidents import rooms
from incidents.context import SiteContext, load_context
from incidents.incident import Incident
from incidents.plans import starting
from incidents.plans.moments import moment_at
from incidents.plans.starting import Report
from incidents.record import timeline
from incidents.sos import queries
from incidents.sos.locating import locate
from incidents.sos.model import LoneSession, SosCall, SosPosition
from incidents.sos.place import FixAt
from incidents.sos.rules import KIND_NAMES, LEVELS, Kind, Place, graver, is_again, place_name, reason
from mobile_contract.room_events import SosChanged
from mobile_contract.room_views import SosView
from mobile_contract.text import Text
from people import queries as people_queries
from people.actor import Actor
from people.permissions import Permission
from plant import queries as plant_queries
from plant.model import Zone

KEY_MAX_CHARS = 100
NOTE_MAX_CHARS = 500
# A press a second for as long as anybody holds a button; more are answered and not kept.
PRESSES_MAX = 500
# One every 5 s for 7 h; beyond that the newest place is still known, its trail is not.
POSITIONS_MAX = 5000
# A phone's clock that is ahead is not believed; what is older than this says nothing of where to look.
POSITION_TOO_OLD = timedelta(hours=12)


class Press(msgspec.Struct, frozen=True, kw_only=True):
    """The button, as the phone says it; ``at`` is its clock."""

    key: str
    kind: Kind
    at: datetime
    note: str = ""
    phone: FixAt | None = None


async def raise_sos(tx: Tx, actor: Actor, press: Press) -> SosCall:
    """Call for help. The same key again, and any press while a call is open, is that call. Raises Invalid."""
    actor.require(Permission.RAISE_SOS)
    _check(press)
    account = await people_queries.lock_account(tx, actor.tenant_id, actor.account_id)
    assert account is not None
    known = await queries.find_press(tx, actor.tenant_id, actor.account_id, press.key)
    if known is not None:
        return await get_own(tx, actor, known)
    call = await queries.find_open(tx, actor.tenant_id, actor.account_id)
    if call is not None:
        call = await call_again(tx, call, _believed(press.phone, tx.now), press.note)
    if call is None:
        call = await open_call(tx, account.id, account.display_name, press)
    if call.presses < PRESSES_MAX:
        await queries.insert_press(tx, actor.tenant_id, actor.account_id, press.key, call.id, actor.device_id, press.at)
    return call


async def open_call(tx: Tx, account_id: UUID, name: str, press: Press, session: LoneSession | None = None) -> SosCall:
    """A new call with its incident; the account is locked and has none that is open."""
    assert tx.tenant_id is not None
    tenant_id = tx.tenant_id
    where = await locate(tx, tenant_id, account_id, _believed(press.phone, tx.now), session)
    await incident_queries.lock_site(tx, tenant_id, where.site_id)
    context = await load_context(tx, tenant_id, where.site_id)
    zone = await _named_zone(tx, context, where, name)
    call = SosCall(
        tenant_id=tenant_id,
        id=new_id(),
        account_id=account_id,
        name=name,
        incident_id=None,
        site_id=where.site_id,
        zone_id=where.zone_id,
        kind=press.kind,
        place=zone.name,
        located_by=where.located_by,
        share=where.share,
        lon=where.lon,
        lat=where.lat,
        level=where.level,
        accuracy_m=where.accuracy_m,
        located_at=where.at,
        note=press.note,
        opened_at=tx.now,
        presses=1,
        pressed_at=tx.now,
        session_id=None if session is None else session.id,
    )
    # Before the plan looks for people: whoever calls is not asked to help themselves.
    await queries.insert_call(tx, tenant_id, call)
    incident = await _open_incident(tx, context, zone, call)
    call = msgspec.structs.replace(call, incident_id=incident.id)
    await queries.save_call(tx, tenant_id, call)
    await rooms.remove_member(tx, tenant_id, await rooms.room_id_of(tx, tenant_id, incident.id), account_id)
    facts = {"type": call.kind, "note": call.note, "session": call.session_id, "at": press.at, **_where(call)}
    await _tell(tx, call, "sos.raised", facts, by=None if session is not None else account_id)
    if press.phone is not None:
        await _keep_positions(tx, call, [press.phone])
    return call


async def _open_incident(tx: Tx, context: SiteContext, zone: Zone, call: SosCall) -> Incident:
    level = LEVELS[call.kind]
    moment = moment_at(
        context, zone, tx.now, cause="sos", level=level, agent=None, source=Text("求救", "A call for help")
    )
    template = context.plan_for(moment)
    report = Report(
        plan=template.slug, zone_id=zone.id, reason=reason(call.kind, call.name, call.note), level=level, silent=True
    )
    return await starting.open_reported(tx, context, zone, template, report, by=call.account_id)


async def call_again(tx: Tx, call: SosCall, phone: FixAt | None, note: str, *, duress: bool = False) -> SosCall | None:
    """The person calls again, or gives the duress code: graver, the plan calls again, the place is the newest.

    The account is locked. None: the call ended meanwhile.
    """
    assert call.incident_id is not None
    context, incident, call = await _lock(tx, call)
    if call.ended_at is not None:
        return None
    again = duress or is_again(call.pressed_at, tx.now)
    if phone is not None:
        call = await _move(tx, context, call, phone)
    call = msgspec.structs.replace(
        call,
        presses=min(call.presses + (not duress), PRESSES_MAX),
        pressed_at=call.pressed_at if duress or not again else tx.now,
    )
    if duress:
        call = msgspec.structs.replace(call, duress_at=tx.now, ended_at=tx.now)
    await queries.save_call(tx, call.tenant_id, call)
    if again:
        await _make_graver(tx, context, incident, call, note, duress=duress)
        facts = {"type": call.kind, "note": note, **_where(call)}
        await _tell(tx, call, "sos.duress" if duress else "sos.raised_again", facts, by=call.account_id)
    elif phone is not None:
        await rooms.append_to_incident(tx, call.tenant_id, incident.id, SosChanged(sos_view(call)))
    return call


async def _make_graver(
    tx: Tx, context: SiteContext, incident: Incident, call: SosCall, note: str, *, duress: bool
) -> None:
    zone = msgspec.structs.replace(context.zones[incident.zone_id], name=call.place)
    said = Text("胁迫码", "duress code") if duress else KIND_NAMES[call.kind]
    words = f"{call.name} {said.zh} / {said.en}" + (f": {note}" if note else "")
    report = Report(plan=incident.plan["template"], zone_id=zone.id, reason=words, level=2, silent=True)
    if report.plan in context.plans:
        incident = await starting.tell_again(tx, context, zone, incident, report, by=call.account_id)
    graded = graver(incident.grade, incident.reasons, duress=duress)
    if graded is not None:
        await starting.raise_grade(tx, incident, graded, call.account_id)


async def end_truly(tx: Tx, call: SosCall, by: UUID) -> SosCall:
    """The person ended it with their code; the incident stays until somebody on duty closes it."""
    _, _, call = await _lock(tx, call)
    if call.ended_at is not None:
        return call
    call = msgspec.structs.replace(call, ended_at=tx.now, over_at=tx.now)
    await queries.save_call(tx, call.tenant_id, call)
    await _tell(tx, call, "sos.ended", {}, by=by)
    return call


async def report_positions(tx: Tx, actor: Actor, sos_id: UUID, reported: Sequence[FixAt]) -> SosCall:
    """Say where one is while one's call lasts; again, in any order, changes nothing. NotFound for another's."""
    actor.require(Permission.RAISE_SOS)
    call = await get_own(tx, actor, sos_id)
    if call.over_at is not None:
        return call
    believed = [fix for one in reported if (fix := _believed(one, tx.now)) is not None]
    context, _, call = await _lock(tx, call)
    await _keep_positions(tx, call, believed)
    newest = max(believed, key=lambda one: one.at, default=None)
    if newest is None or (call.lon is not None and call.located_at is not None and newest.at <= call.located_at):
        return call
    before, call = call, await _move(tx, context, call, newest)
    await queries.save_call(tx, call.tenant_id, call)
    assert call.incident_id is not None
    if call.zone_id != before.zone_id:
        await _tell(tx, call, "sos.moved", _where(call), by=actor.account_id)
    else:
        await rooms.append_to_incident(tx, call.tenant_id, call.incident_id, SosChanged(sos_view(call)))
    return call


async def end_of_incident(tx: Tx, tenant_id: UUID, incident_id: UUID) -> None:
    """The incident, which is locked, is being closed: whoever called in it is helped."""
    for call in await queries.end_of_incident(tx, tenant_id, incident_id):
        await rooms.append_to_incident(tx, tenant_id, incident_id, SosChanged(sos_view(call)))


async def get_own(tx: Tx, actor: Actor, sos_id: UUID) -> SosCall:
    """One's own call; raises NotFound."""
    call = await queries.find_call(tx, actor.tenant_id, sos_id)
    if call is None or call.account_id != actor.account_id:
        raise _no_call(sos_id)
    return call


async def list_own(tx: Tx, actor: Actor) -> list[SosCall]:
    """One's own calls, newest first, the last twenty."""
    actor.require(Permission.RAISE_SOS)
    return await queries.list_own(tx, actor.tenant_id, actor.account_id, 20)


async def get_call(tx: Tx, actor: Actor, sos_id: UUID) -> SosCall:
    """A call as those on duty see it; raises NotFound, for one's own too."""
    actor.require(Permission.READ_PRESENCE)
    call = await queries.find_call(tx, actor.tenant_id, sos_id)
    if call is None or call.account_id == actor.account_id:
        raise _no_call(sos_id)
    return call


async def list_calls(
    tx: Tx,
    actor: Actor,
    *,
    standing: bool | None,
    site_id: UUID | None,
    account_id: UUID | None,
    search: str | None,
    before: tuple[datetime, UUID] | None,
    limit: int,
) -> list[SosCall]:
    """Calls as those on duty see them, newest first; never one's own."""
    actor.require(Permission.READ_PRESENCE)
    return await queries.list_calls(
        tx,
        actor.tenant_id,
        standing=standing,
        site_id=site_id,
        account_id=account_id,
        search=search,
        not_of=actor.account_id,
        before=before,
        limit=limit,
    )


async def list_positions(
    tx: Tx, actor: Actor, sos_id: UUID, *, before: datetime | None, limit: int
) -> list[SosPosition]:
    """Where the person was since they called, newest first."""
    await get_call(tx, actor, sos_id)
    return await queries.list_positions(tx, actor.tenant_id, sos_id, before=before, limit=limit)


def sos_view(call: SosCall) -> SosView:
    """A call as the room shows it."""
    return SosView(
        id=call.id,
        account=call.account_id,
        name=call.name,
        type=call.kind,
        place=call.place,
        zone=call.zone_id,
        lon=call.lon,
        lat=call.lat,
        level=call.level,
        accuracy_m=call.accuracy_m,
        share=call.share,
        located_at=call.located_at,
        note=call.note,
        presses=call.presses,
        opened_at=call.opened_at,
        duress_at=call.duress_at,
        over_at=call.over_at,
    )


async def _lock(tx: Tx, call: SosCall) -> tuple[SiteContext, Incident, SosCall]:
    await incident_queries.lock_site(tx, call.tenant_id, call.site_id)
    # Which incident it belongs to stands still from here on: they are merged under the site's lock.
    current = await queries.find_call(tx, call.tenant_id, call.id)
    assert current is not None
    assert current.incident_id is not None
    incident = await incident_queries.lock_incident(tx, call.tenant_id, current.incident_id)
    context = await load_context(tx, call.tenant_id, call.site_id)
    locked = await queries.lock_call(tx, call.tenant_id, call.id)
    assert locked is not None
    return context, incident, locked


async def _move(tx: Tx, context: SiteContext, call: SosCall, phone: FixAt) -> SosCall:
    """The call where the phone is now. In another site it stays with the site that answers it, by its coordinates."""
    where = await locate(tx, call.tenant_id, call.account_id, phone)
    if where.site_id != context.site_id:
        fix = phone.fix
        return msgspec.structs.replace(
            call, lon=fix.lon, lat=fix.lat, level=fix.level, accuracy_m=fix.accuracy_m, located_at=phone.at
        )
    zone = await _named_zone(tx, context, where, call.name)
    return call.at(where, zone.name)


async def _keep_positions(tx: Tx, call: SosCall, fixes: Sequence[FixAt]) -> None:
    if not fixes or await queries.count_positions(tx, call.tenant_id, call.id) >= POSITIONS_MAX:
        return
    rows = [
        SosPosition(
            call.tenant_id,
            call.id,
            one.at,
            one.fix.lon,
            one.fix.lat,
            one.fix.level,
            one.fix.accuracy_m,
            call.zone_id if one.at == call.located_at else None,
            tx.now,
        )
        for one in fixes
    ]
    await queries.insert_positions(tx, call.tenant_id, rows)


async def _named_zone(tx: Tx, context: SiteContext, where: Place, person: str) -> Zone:
    """The zone under a name that says who is there and how sure that is: orders and the incident's title show it."""
    site = await plant_queries.get_site(tx, context.tenant_id, context.site_id)
    zone = context.zones[where.zone_id]
    return msgspec.structs.replace(zone, name=place_name(where, zone.name, site.name, person, tx.now))


async def _tell(tx: Tx, call: SosCall, kind: str, facts: dict[str, Any], *, by: UUID | None) -> None:
    """The record, the room and the audit trail."""
    assert call.incident_id is not None
    said = {"sos": call.id, "account": call.account_id, **facts}
    await timeline.append(tx, call.tenant_id, call.incident_id, kind, said, by=by)
    await rooms.append_to_incident(tx, call.tenant_id, call.incident_id, SosChanged(sos_view(call)), by=by)
    await audit.record(tx, by, kind, "sos_call", call.id, {"incident": call.incident_id, "type": call.kind})


def _where(call: SosCall) -> dict[str, Any]:
    return {
        "zone": call.zone_id,
        "located_by": call.located_by,
        "share": call.share,
        "position": None if call.lon is None else [call.lon, call.lat],
        "accuracy_m": call.accuracy_m,
        "level": call.level,
    }


def _believed(phone: FixAt | None, now: datetime) -> FixAt | None:
    """The position, not from the future; None: too old to say where to look."""
    if phone is None or phone.at < now - POSITION_TOO_OLD:
        return None
    return FixAt(phone.fix, min(phone.at, now))


def _check(press: Press) -> None:
    for field, value, most in (("key", press.key, KEY_MAX_CHARS), ("note", press.note, NOTE_MAX_CHARS)):
        if len(value) > most or (field == "key" and not value):
            raise Invalid(
                f"{field}.length",
                f"{field} has at most {most} characters, this one has {len(value)}",
                f"{field} 最多 {most} 个字符，当前 {len(value)} 个",
                field=field,
                value=len(value),
                limit=most,
            )


def _no_call(sos_id: UUID) -> NotFound:
    return NotFound("sos.not_found", f"no call {sos_id}", f"没有求救 {sos_id}", field="sos", value=sos_id)
