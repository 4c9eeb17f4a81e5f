"""Use cases of looking for people. Whoever looks for named people is in the audit trail (PIPL 51, GDPR 32)."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from core import audit
from core.database import Tx
from core.errors import Invalid
from people import queries as accounts
from people.actor import Actor
from people.permissions import Permission
from people.presence import door_queries, log_queries, service, visit_queries
from people.presence.errors import not_found, wrong_order
from people.presence.log_queries import ListedEvent
from people.presence.model import PersonKind
from people.presence.service import Whereabouts
from people.presence.stretches import Stretch

# A shift and the hand-over; a longer look is several questions, each in the audit trail.
TRAIL_MAX = timedelta(hours=24)


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Who is looked for; None does not filter. ``search`` is a part of the name; ``after`` (name, id) begins a page."""

    zone_id: UUID | None = None
    kind: PersonKind | None = None
    search: str | None = None
    after: tuple[str, UUID] = ("", UUID(int=0))


class ZoneCount(msgspec.Struct, frozen=True):
    """How many people are seen in a zone (None: somewhere on the site); ``sure`` is the sum of their confidences."""

    zone_id: UUID | None
    people: int
    sure: float


async def find_people(tx: Tx, actor: Actor, site_id: UUID, wanted: Wanted, limit: int) -> list[Whereabouts]:
    """A page of who is where, by name; audited. Raises NotFound."""
    actor.require(Permission.READ_PRESENCE)
    await _check_site(tx, actor, site_id)
    zones = None if wanted.zone_id is None else frozenset({wanted.zone_id})
    if zones is not None:
        known = {zone.id for zone in await door_queries.list_zone_places(tx, actor.tenant_id, site_id)}
        if not zones <= known:
            raise not_found("zone", wanted.zone_id, field="zone")
    found = await service.list_whereabouts(tx, actor.tenant_id, site_id, tx.now, zone_ids=zones)
    matching = [
        it
        for it in sorted(found, key=lambda it: (it.name, it.person_id))
        if wanted.kind in (None, it.kind)
        and (wanted.search or "").lower() in it.name.lower()
        and (it.name, it.person_id) > wanted.after
    ][:limit]
    facts = {"zone": wanted.zone_id, "kind": wanted.kind, "search": wanted.search, "shown": len(matching)}
    await audit.record(tx, actor.account_id, "presence.listed", "site", site_id, facts)
    return matching


async def count_people(tx: Tx, actor: Actor, site_id: UUID) -> list[ZoneCount]:
    """How many are where, without a name; most people first. Raises NotFound."""
    actor.require(Permission.READ_PLANT)
    await _check_site(tx, actor, site_id)
    counted = service.count_by_zone(await service.list_whereabouts(tx, actor.tenant_id, site_id, tx.now))
    found = [ZoneCount(zone_id, people, round(sure, 2)) for zone_id, (people, sure) in counted.items()]
    return sorted(found, key=lambda c: (-c.people, str(c.zone_id)))


async def list_trail(tx: Tx, actor: Actor, person_id: UUID, start: datetime, end: datetime) -> list[Stretch]:
    """Where one person was in [start, end), oldest first: one's own, or with READ_PRESENCE, which is audited.

    Raises NotFound for whom there is not, Invalid for a range that is too long.
    """
    if person_id != actor.account_id:
        actor.require(Permission.READ_PRESENCE)
    if not start < end:
        raise wrong_order("to", end, start)
    if end - start > TRAIL_MAX:
        raise Invalid(
            "presence.range_too_long",
            f"a trail is at most {TRAIL_MAX} long",
            f"轨迹时间范围最长 {TRAIL_MAX}",
            field="to",
            value=str(end),
            limit=str(TRAIL_MAX),
        )
    if person_id != actor.account_id:
        await _check_person(tx, actor, person_id)
        facts = {"from": start, "to": end}
        await audit.record(tx, actor.account_id, "presence.trail_read", "person", person_id, facts)
    found = await service.list_stretches(tx, actor.tenant_id, UUID(int=0), start, end, person_id=person_id)
    return found.get(person_id, [])


async def list_badge_events(
    tx: Tx,
    actor: Actor,
    site_id: UUID,
    *,
    person_id: UUID | None,
    flagged: bool,
    before: tuple[datetime, UUID] | None,
    limit: int,
) -> list[ListedEvent]:
    """A page of badge events, newest first; audited. ``flagged``: those that something is wrong with alone."""
    actor.require(Permission.READ_PRESENCE)
    await _check_site(tx, actor, site_id)
    if person_id is not None:
        await _check_person(tx, actor, person_id, field="account")
    found = await log_queries.list_events(
        tx, actor.tenant_id, site_id, person_id=person_id, before=before, flagged=flagged, limit=limit
    )
    facts = {"person": person_id, "flagged": flagged, "shown": len(found)}
    await audit.record(tx, actor.account_id, "presence.badge_events_read", "site", site_id, facts)
    return found


async def _check_site(tx: Tx, actor: Actor, site_id: UUID) -> None:
    if not await door_queries.site_exists(tx, actor.tenant_id, site_id):
        raise not_found("site", site_id)


async def _check_person(tx: Tx, actor: Actor, person_id: UUID, field: str = "id") -> None:
    known = await accounts.find_account(tx, actor.tenant_id, person_id)
    if known is None and await visit_queries.find_visit(tx, actor.tenant_id, person_id) is None:
        raise not_found("account", person_id, field=field)
