"""Use cases of people's own ways: seeing them, and walking them."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import msgspec

from core import outbox
from core.database import Tx
from core.errors import Conflict, Forbidden
from geo.fixes import Fix
from incidents import queries as incident_queries
from incidents import records, rooms
from incidents.wayfinding import route_queries
from incidents.wayfinding.model import NEWS_TOLD, LastFix, RouteRow
from incidents.wayfinding.walking import followed
from mobile_contract.room_events import RouteProgressed
from mobile_contract.wayfinding import RouteProgress
from people.actor import Actor
from people.permissions import Permission
from people.presence import positions
from people.presence.badge_log import CHANGED as PRESENCE_CHANGED


async def list_own(tx: Tx, actor: Actor) -> list[RouteRow]:
    """One's own ways that are not over, the oldest first."""
    actor.require(Permission.READ_INCIDENTS)
    return await route_queries.list_of_account(tx, actor.tenant_id, actor.account_id)


async def list_of_incident(
    tx: Tx,
    actor: Actor,
    incident_id: UUID,
    *,
    ended: bool,
    task_id: UUID | None,
    purpose: str | None,
    after: UUID,
    limit: int,
) -> list[RouteRow]:
    """A page of an incident's ways, for those in its room; for everybody else one's own.

    Ways out are each person's own, but for those who see every room. Raises NotFound.
    """
    await records.get_incident(tx, actor, incident_id)
    room = await rooms.room_of(tx, actor.tenant_id, incident_id)
    return await route_queries.list_of_incident(
        tx,
        actor.tenant_id,
        incident_id,
        ended=ended,
        task_id=task_id,
        purpose=purpose,
        after=after,
        limit=limit,
        own=None if rooms.sees_all(actor) else actor.account_id,
        alone=not await rooms.may_see(tx, actor, room.id),
    )


async def get(tx: Tx, actor: Actor, route_id: UUID) -> RouteRow:
    """One way, for its person and those in its room: a way tells where somebody is. Raises NotFound."""
    actor.require(Permission.READ_INCIDENTS)
    row = await route_queries.get_route(tx, actor.tenant_id, route_id)
    if row.account_id != actor.account_id and not rooms.sees_all(actor):
        room = await rooms.room_of(tx, actor.tenant_id, row.incident_id)
        if row.purpose == "evacuate" or not await rooms.may_see(tx, actor, room.id):
            raise route_queries.no_route(route_id)
    return row


async def walk(tx: Tx, actor: Actor, route_id: UUID, revision: int, fixes: Sequence[LastFix]) -> RouteProgress:
    """Follow one's own way by these positions; again, or late, they change nothing.

    Positions of an older revision move the newer one as well: they are places. Raises NotFound, Forbidden for somebody
    else's, Conflict route.ended.
    """
    actor.require(Permission.REPORT_PRESENCE)
    known = await route_queries.get_route(tx, actor.tenant_id, route_id)
    if known.account_id != actor.account_id:
        raise Forbidden(
            "route.not_yours", "this is somebody else's way", "这是他人的路线", field="route", value=route_id
        )
    # A phone whose clock is ahead is where it is now: believed, its time would outdo every later position.
    fixes = [msgspec.structs.replace(it, at=min(it.at, tx.now)) for it in fixes]
    # Presence comes before every other lock; what lies in no zone of the plant is not kept there.
    reported = [positions.Reported(it.at, Fix(it.lon, it.lat, it.accuracy_m, it.level)) for it in fixes]
    await positions.keep(tx, actor, reported)
    await incident_queries.lock_incident(tx, actor.tenant_id, known.incident_id)
    row = (await route_queries.lock_routes(tx, actor.tenant_id, [route_id]))[0]
    if row.ended_at is not None:
        raise Conflict("route.ended", "this way is over", "该路线已结束", field="route", value=route_id)
    after, push = followed(row, fixes)
    if after != row:
        await route_queries.save_route(tx, after)
        await tell_progress(tx, row, after)
    progress, view = after.progress, after.view
    return RouteProgress(
        id=after.id,
        revision=after.revision,
        step=view.step,
        push=[] if revision != after.revision else push,
        left_m=view.left_m if progress is None else round(progress.left_m, 1),
        left_s=view.left_s if progress is None else progress.left_ms / 1_000,
        off_route=view.off_route,
        turned_back=progress is not None and progress.turned_back,
        arrived=view.arrived_at is not None,
    )


async def tell_progress(tx: Tx, before: RouteRow, after: RouteRow) -> None:
    """The room hears of each step, of leaving the way and of arriving; the guide of whom it has to lead anew."""
    view, was = after.view, before.view
    if after.purpose != "evacuate" and view != was:
        body = RouteProgressed(
            route=after.id,
            step=view.step,
            left_m=view.left_m,
            left_s=view.left_s,
            arrives_at=view.arrives_at,
            off_route=view.off_route,
            arrived_at=view.arrived_at,
        )
        await rooms.append_to_incident(tx, after.tenant_id, after.incident_id, body, by=after.account_id)
    if view.off_route or before.state == "place_unknown" or view.arrived_at != was.arrived_at:
        await outbox.wake(tx, PRESENCE_CHANGED, after.site_id)
    if view.arrived_at != was.arrived_at:
        await outbox.wake(tx, NEWS_TOLD, f"{after.account_id}:{after.id}")
