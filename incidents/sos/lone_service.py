"""Use cases of people who work alone: begin, check in, pause, extend, end; and the courier's look.

Killed anywhere, the row says what is due. Locks: the session, the account, and on as in ``service``.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

import msgspec

from core import audit, outbox
from core.database import Tx
from core.errors import Conflict, Forbidden, NotFound
from core.ids import new_id
from incidents.sos import lone, lone_queries, queries, service
from incidents.sos.locating import locate
from incidents.sos.lone import GRACE_S, Raise, Remind, Watch
from incidents.sos.model import LoneSession
from incidents.sos.place import FixAt
from incidents.sos.service import Press
from people import queries as people_queries
from people.actor import Actor
from people.permissions import Permission
from plant import queries as plant_queries

NEWS_RING = "lone.ring"
"""Key: the session. Its person's phones are to be rung."""


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """A session as it is asked for. ``zone_id`` or ``phone`` say where; without either what presence believes.

    ``activity_counts``: a badge or a message into a room is a word as well.
    """

    ends_at: datetime
    interval_s: int
    grace_s: int = GRACE_S
    zone_id: UUID | None = None
    phone: FixAt | None = None
    note: str = ""
    activity_counts: bool = False


async def start(tx: Tx, actor: Actor, draft: Draft) -> LoneSession:
    """Begin to be watched; raises Invalid, NotFound for an unknown zone, Conflict while a session runs."""
    actor.require(Permission.RAISE_SOS)
    watch = lone.start(tx.now, ends_at=draft.ends_at, interval_s=draft.interval_s, grace_s=draft.grace_s)
    account = await people_queries.find_account(tx, actor.tenant_id, actor.account_id)
    assert account is not None
    session = await _drafted(tx, actor, draft, watch, account.display_name)
    if not await lone_queries.insert_session(tx, actor.tenant_id, session):
        raise Conflict(
            "lone_session.runs",
            "a session of yours runs already",
            "已有进行中的独自作业",
            field="state",
            value="active",
        )
    facts = {"zone": session.zone_id, "interval_s": session.interval_s, "ends_at": session.ends_at}
    await audit.record(tx, actor.account_id, "lone_session.started", "lone_session", session.id, facts)
    return session


async def _drafted(tx: Tx, actor: Actor, draft: Draft, watch: Watch, name: str) -> LoneSession:
    zone_id = draft.zone_id
    if zone_id is not None:
        site_id = (await plant_queries.get_zone(tx, actor.tenant_id, zone_id)).site_id
    else:
        where = await locate(tx, actor.tenant_id, actor.account_id, draft.phone)
        site_id, zone_id = where.site_id, None if where.share is None else where.zone_id
    fix = None if draft.phone is None else draft.phone.fix
    return LoneSession(
        tenant_id=actor.tenant_id,
        id=new_id(),
        account_id=actor.account_id,
        name=name,
        site_id=site_id,
        zone_id=zone_id,
        lon=None if fix is None else fix.lon,
        lat=None if fix is None else fix.lat,
        level=None if fix is None else fix.level,
        accuracy_m=None if fix is None else fix.accuracy_m,
        note=draft.note,
        activity_counts=draft.activity_counts,
        started_at=tx.now,
        **msgspec.structs.asdict(watch),
    )


async def check_in(tx: Tx, actor: Actor, session_id: UUID) -> LoneSession:
    """Say that one is well. Raises NotFound for another's, Conflict when it is over."""
    return await _change(tx, actor, session_id, lambda watch: lone.check_in(watch, tx.now), "lone_session.checked_in")


async def pause(tx: Tx, actor: Actor, session_id: UUID, until: datetime) -> LoneSession:
    """No word is due until then."""
    return await _change(tx, actor, session_id, lambda watch: lone.pause(watch, tx.now, until), "lone_session.paused")


async def resume(tx: Tx, actor: Actor, session_id: UUID) -> LoneSession:
    """End a pause."""
    return await _change(tx, actor, session_id, lambda watch: lone.resume(watch, tx.now), "lone_session.resumed")


async def extend(tx: Tx, actor: Actor, session_id: UUID, ends_at: datetime) -> LoneSession:
    """Go on until then."""
    return await _change(
        tx, actor, session_id, lambda watch: lone.extend(watch, tx.now, ends_at), "lone_session.extended"
    )


async def end(tx: Tx, actor: Actor, session_id: UUID) -> LoneSession:
    """Sign off; twice is one fact. A call for help that was raised meanwhile goes on: it has its own end."""
    return await _change(tx, actor, session_id, lambda watch: lone.end(watch, tx.now), "lone_session.ended")


async def _change(tx: Tx, actor: Actor, session_id: UUID, act: Callable[[Watch], Watch], kind: str) -> LoneSession:
    actor.require(Permission.RAISE_SOS)
    session = await lone_queries.lock_session(tx, actor.tenant_id, session_id)
    if session is None or session.account_id != actor.account_id:
        raise _no_session(session_id)
    watch = act(session.watch)
    if watch == session.watch:
        return session
    changed = session.after(watch)
    if watch.state == "ended":
        changed = msgspec.structs.replace(changed, ended_by=actor.account_id)
    changed = msgspec.structs.replace(changed, version=session.version + 1)
    await lone_queries.save_session(tx, actor.tenant_id, changed)
    facts = {"deadline": changed.deadline_at, "until": changed.paused_until, "ends_at": changed.ends_at}
    await audit.record(tx, actor.account_id, kind, "lone_session", session_id, facts)
    return changed


async def find_own(tx: Tx, actor: Actor) -> LoneSession | None:
    """One's last session, running or not."""
    actor.require(Permission.RAISE_SOS)
    return await lone_queries.find_newest(tx, actor.tenant_id, actor.account_id)


async def get_session(tx: Tx, actor: Actor, session_id: UUID) -> LoneSession:
    """A session, one's own or as those on duty see it; raises NotFound."""
    session = await lone_queries.find_session(tx, actor.tenant_id, session_id)
    if session is None or (session.account_id != actor.account_id and not actor.may(Permission.READ_PRESENCE)):
        raise _no_session(session_id)
    return session


async def list_sessions(
    tx: Tx, actor: Actor, *, running: bool, site_id: UUID | None, search: str | None, skip: int, limit: int
) -> list[LoneSession]:
    """Sessions, overdue first; for those on duty."""
    if not actor.may(Permission.READ_PRESENCE):
        raise Forbidden("lone_session.not_yours", "these are other people's", "这些属于他人", field="account")
    return await lone_queries.list_sessions(
        tx, actor.tenant_id, running=running, site_id=site_id, search=search, skip=skip, limit=limit
    )


async def look(tx: Tx, tenant_id: UUID, session_id: UUID) -> None:
    """A courier's look: ring, call for help, end a pause; another courier's look meanwhile is this one."""
    session = await lone_queries.take_session(tx, tenant_id, session_id)
    if session is None:
        return
    watch = session.watch
    if session.activity_counts and watch.state == "active":
        said = await lone_queries.find_activity(tx, tenant_id, session.account_id, watch.checked_in_at)
        if said is not None:
            watch = lone.check_in(watch, tx.now, at=said[0], by=said[1])
    watch, step = lone.look(watch, tx.now)
    await lone_queries.save_session(tx, tenant_id, session.after(watch))
    match step:
        case Remind():
            await lone_queries.want_ring(tx, tenant_id, session_id)
            await outbox.wake(tx, NEWS_RING, session_id)
        case Raise():
            await _call_for_help(tx, session)


async def _call_for_help(tx: Tx, session: LoneSession) -> None:
    """Nobody heard of the person in time; their phone may be off, so where they are is what was last known."""
    words = f"{session.note} (last heard of {session.checked_in_at:%Y-%m-%d %H:%M} UTC)".strip()
    await people_queries.lock_account(tx, session.tenant_id, session.account_id)
    known = await queries.find_open(tx, session.tenant_id, session.account_id)
    call = None if known is None else await service.call_again(tx, known, None, words)
    if call is None:
        press = Press(key=str(session.id), kind="missed_check_in", at=tx.now, note=words[: service.NOTE_MAX_CHARS])
        call = await service.open_call(tx, session.account_id, session.name, press, session)
    facts = {"sos": call.id, "incident": call.incident_id, "deadline": session.deadline_at}
    await audit.record(tx, None, "lone_session.missed", "lone_session", session.id, facts)


def _no_session(session_id: UUID) -> NotFound:
    return NotFound(
        "lone_session.not_found",
        f"no session {session_id}",
        f"没有独自作业 {session_id}",
        field="session",
        value=session_id,
    )
