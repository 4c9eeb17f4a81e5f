"""Use cases of presence."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

import msgspec

from core.database import Tx
from people.presence import log_queries, register_queries, visit_queries
from people.presence.belief import FORGOTTEN_AFTER, FUTURE_TOLERANCE_S, Belief, Event, PhoneFix, Seen, Shift, believe
from people.presence.model import Position, Registers
from people.presence.stretches import Stretch, stretches
from people.rotas import service as rotas


class Whereabouts(msgspec.Struct, frozen=True, kw_only=True):
    """Where a person was last seen. ``person_id`` is an account's or, for a visitor or contractor, a visit's id.

    ``on_site``: they came in and did not go out, as far as is known. ``confidence`` 0 to 1 that they are still in
    ``zone_id`` (None: somewhere on the site). ``position`` is (longitude, latitude), WGS 84, ``accuracy_m`` its 68 %
    radius.
    """

    person_id: UUID
    kind: Literal["staff", "visitor", "contractor"]
    name: str
    site_id: UUID
    on_site: bool
    zone_id: UUID | None
    level: int | None
    position: tuple[float, float] | None
    accuracy_m: float | None
    seen_at: datetime | None
    source: Literal["badge", "phone", "visit", "shift", "marshal"]
    confidence: float
    host_id: UUID | None = None


class ZoneStay(msgspec.Struct, frozen=True, kw_only=True):
    """A person's time in a zone; ``left_at`` None: still there. ``confidence`` is the mean over the stay."""

    person_id: UUID
    zone_id: UUID
    entered_at: datetime
    left_at: datetime | None
    confidence: float


async def list_whereabouts(
    tx: Tx, tenant_id: UUID, site_id: UUID, at: datetime, *, zone_ids: frozenset[UUID] | None = None
) -> list[Whereabouts]:
    """Everyone believed on the site at this moment (in these zones), most certain first.

    With them those whose shift says that they should be and whom nothing has seen: ``source`` shift, ``on_site`` False,
    no zone. ``at`` is about now: what was seen after it is left out, what was seen before the newest is not kept.
    """
    rows = await register_queries.list_registers(tx, tenant_id, site_id, at - FORGOTTEN_AFTER)
    duties = await rotas.list_duties(tx, tenant_id, at, site_id=site_id)
    shifts = {
        d.account_id: Shift(site_id, d.starts_at) for d in duties if d.kind == "shift" and d.site_id in (None, site_id)
    }
    found = [w for row in rows if (w := place(row, shifts.pop(row.person_id, None), site_id, at)) is not None]
    if shifts:
        found += await _expected(tx, tenant_id, site_id, shifts, at)
    if zone_ids is not None:
        found = [w for w in found if w.zone_id in zone_ids]
    return sorted(found, key=lambda w: (-w.confidence, w.name, w.person_id))


async def list_gone(tx: Tx, tenant_id: UUID, site_id: UUID, since: datetime, at: datetime) -> list[Whereabouts]:
    """Everyone who went off the site since then and is believed off it at this moment: by a gate, or signed out."""
    rows = await register_queries.list_registers(tx, tenant_id, site_id, since)
    believed = [(row, believe(row.as_seen(), at)) for row in rows]
    return [
        _whereabouts(row.person_id, row.kind, row.name, belief)
        for row, belief in believed
        if belief is not None
        and belief.site_id == site_id
        and not belief.on_site
        and belief.seen_at is not None
        and belief.seen_at >= since
    ]


async def _expected(
    tx: Tx, tenant_id: UUID, site_id: UUID, shifts: dict[UUID, Shift], at: datetime
) -> list[Whereabouts]:
    """Those on shift of whom nothing says this site; whoever is seen elsewhere is not expected here."""
    names = await register_queries.list_names(tx, tenant_id, list(shifts))
    elsewhere = {row.person_id: row for row in await register_queries.list_registers_of(tx, tenant_id, list(names))}
    found = []
    for account_id, name in names.items():
        row = elsewhere.get(account_id)
        seen = Seen() if row is None else row.as_seen()
        belief = believe(msgspec.structs.replace(seen, shift=shifts[account_id]), at)
        if belief is not None and belief.source == "shift":
            found.append(_whereabouts(account_id, "staff", name, belief))
    return found


def place(row: Registers, shift: Shift | None, site_id: UUID, at: datetime) -> Whereabouts | None:
    """Where this person is believed to be, as far as it is this site and not off it."""
    belief = believe(msgspec.structs.replace(row.as_seen(), shift=shift), at)
    if belief is None or belief.site_id != site_id or (not belief.on_site and belief.source != "shift"):
        return None
    made = _whereabouts(row.person_id, row.kind, row.name, belief)
    in_fix = row.fix_zone_id == belief.zone_id and row.fix_lon is not None and row.fix_lat is not None
    levels = {row.visit_zone_id: row.visit_level, row.fix_zone_id: row.fix_level, row.badge_zone_id: row.badge_level}
    return msgspec.structs.replace(
        made,
        host_id=row.host_id,
        level=None if belief.zone_id is None else levels.get(belief.zone_id),
        position=(row.fix_lon, row.fix_lat) if in_fix else None,
        accuracy_m=row.fix_accuracy_m if in_fix else None,
    )


def _whereabouts(
    person_id: UUID, kind: Literal["staff", "visitor", "contractor"], name: str, belief: Belief
) -> Whereabouts:
    return Whereabouts(
        person_id=person_id,
        kind=kind,
        name=name,
        site_id=belief.site_id,
        on_site=belief.on_site,
        zone_id=belief.zone_id,
        level=None,
        position=None,
        accuracy_m=None,
        seen_at=belief.seen_at,
        source=belief.source,
        confidence=belief.confidence,
    )


async def count_present(tx: Tx, tenant_id: UUID, site_id: UUID, zone_ids: Collection[UUID], at: datetime) -> int | None:
    """How many people are expected to be in these zones: the sum of confidences, rounded up. One query.

    None: nobody knows. That is so where no badge, phone or visit says anything about the site, and where people came
    in by a gate and nothing says to which zone, unless somebody is seen in these.
    """
    found = await register_queries.list_zone_registers(tx, tenant_id, site_id, list(zone_ids), at - FORGOTTEN_AFTER)
    beliefs = [place(row, None, site_id, at) for row in found.people]
    total = sum(w.confidence for w in beliefs if w is not None and w.zone_id in zone_ids)
    # Rounded before it is rounded up: a sum of floats just over a whole number is that number.
    count = math.ceil(round(total, 6))
    if not found.known or (count == 0 and found.unplaced):
        return None
    return count


async def list_stays(
    tx: Tx, tenant_id: UUID, site_id: UUID, since: datetime, until: datetime, *, person_id: UUID | None = None
) -> list[ZoneStay]:
    """Stays in zones of the site that overlap the time, oldest first."""
    found = await list_stretches(tx, tenant_id, site_id, since, until, person_id=person_id)
    stays = [
        ZoneStay(
            person_id=person,
            zone_id=it.zone_id,
            entered_at=it.start,
            left_at=None if it.end >= until and it.end >= tx.now else it.end,
            confidence=round(it.confidence, 4),
        )
        for person, theirs in found.items()
        for it in theirs
        if it.zone_id is not None and it.site_id == site_id
    ]
    return sorted(stays, key=lambda s: (s.entered_at, s.person_id))


async def list_stretches(
    tx: Tx,
    tenant_id: UUID,
    site_id: UUID,
    since: datetime,
    until: datetime,
    *,
    person_id: UUID | None = None,
    people: Collection[UUID] | None = None,
) -> dict[UUID, list[Stretch]]:
    """Where people were in [since, until), by person: time off the site and time somewhere on it included.

    Made from the logs each time: a stored copy would have to be corrected with every event that comes late.
    """
    asked = (tenant_id, site_id, since - FORGOTTEN_AFTER, until + timedelta(seconds=FUTURE_TOLERANCE_S), person_id)
    chosen = None if people is None else list(people)
    events: dict[UUID, list[Event]] = defaultdict(list)
    for it in await log_queries.list_trail_events(tx, *asked, chosen):
        swipe = it.as_swipe()
        if swipe is not None and it.person_id is not None:
            events[it.person_id].append(swipe)
    for position in await log_queries.list_trail_positions(tx, *asked, chosen):
        events[position.account_id].append(as_fix(position))
    for visit in await visit_queries.list_visits_between(tx, *asked, chosen):
        events[visit.id] += visit_queries.stays_of(visit)
    return {person: stretches(theirs, since, until) for person, theirs in events.items()}


def as_fix(it: Position) -> PhoneFix:
    """A stored position, for ``belief``."""
    return PhoneFix(at=it.at, key=it.key, site_id=it.site_id, zone_id=it.zone_id, level=it.level, share=it.share)


def count_by_zone(found: Iterable[Whereabouts]) -> dict[UUID | None, tuple[int, float]]:
    """People and the sum of their confidences by zone (None: somewhere on the site); those only expected apart."""
    counted: dict[UUID | None, tuple[int, float]] = {}
    for it in found:
        if it.source != "shift":
            people, sure = counted.get(it.zone_id, (0, 0.0))
            counted[it.zone_id] = people + 1, sure + it.confidence
    return counted
