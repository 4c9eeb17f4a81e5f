"""Use cases of exposure: the doses of a person, of everybody on a site, and the events of doses over a limit."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

import msgspec

from core import audit
from core.database import Tx
from core.errors import NotFound
from incidents.alarms import agents
from incidents.exposure import queries
from incidents.exposure.dose import MINUTE, WINDOW_MIN, Air, Dose, InPlace, Minute, Place, doses
from incidents.exposure.exposure_limits import LIMITS, DoseKind, ExposureLimit, limits_of
from incidents.exposure.queries import AirMinute, ExposureEvent
from people import queries as accounts
from people.actor import Actor
from people.permissions import Permission
from people.presence import log_queries, service
from people.presence.belief import FORGOTTEN_AFTER
from people.presence.stretches import Stretch
from plant import queries as plant
from plant import reading_queries
from plant.upkeep import minute_of

AGENTS = tuple(sorted({row.agent for row in LIMITS}))
_LONGEST = max(WINDOW_MIN.values()) * MINUTE


class PersonDoses(msgspec.Struct, frozen=True):
    """Doses of one person as of ``at``; the largest fraction of a limit first."""

    person_id: UUID
    at: datetime
    doses: list[Dose]

    @property
    def worst(self) -> float:
        """The largest fraction; 0 without any."""
        return self.doses[0].fraction if self.doses else 0.0


async def get_doses(tx: Tx, actor: Actor, account_id: UUID, at: datetime) -> PersonDoses:
    """The doses of a person at ``at``, or as far as readings are summed up: one's own, or with READ_EXPOSURE, audited.

    Raises NotFound.
    """
    if account_id != actor.account_id:
        actor.require(Permission.READ_EXPOSURE)
        if await accounts.find_account(tx, actor.tenant_id, account_id) is None:
            raise NotFound(
                "account.not_found", "there is no such account", "没有此账号", field="id", value=str(account_id)
            )
        await audit.record(tx, actor.account_id, "exposure.read", "account", account_id, {"at": at})
    tenant_id = actor.tenant_id
    at = minute_of(at)
    stretches = await service.list_stretches(tx, tenant_id, UUID(int=0), at - _LONGEST, at, person_id=account_id)
    mine = stretches.get(account_id, [])
    air: dict[tuple[UUID, str], dict[datetime, Minute]] = {}
    for site_id in sorted({it.site_id for it in mine}):
        at = min(at, await _rolled_until(tx, tenant_id, site_id, at))
        air |= await _air(tx, tenant_id, site_id, at)
    return PersonDoses(account_id, at, _relevant(doses(in_places(mine), air, _limits(air), at)))


async def list_doses(tx: Tx, actor: Actor, site_id: UUID, at: datetime) -> list[PersonDoses]:
    """Everybody who was in a measured zone in the last 8 h, the largest fraction of a limit first; audited."""
    actor.require(Permission.READ_EXPOSURE)
    await plant.get_site(tx, actor.tenant_id, site_id)
    await audit.record(tx, actor.account_id, "exposure.listed", "site", site_id, {"at": at})
    return await doses_of_site(tx, actor.tenant_id, site_id, at)


async def doses_of_site(tx: Tx, tenant_id: UUID, site_id: UUID, at: datetime) -> list[PersonDoses]:
    """The same for Muster itself."""
    at = await _rolled_until(tx, tenant_id, site_id, minute_of(at))
    air = await _air(tx, tenant_id, site_id, at)
    zones = sorted({zone_id for zone_id, _ in air})
    if not zones:
        return []
    # A stay may begin long before its window; whoever was not near a measured zone in that time has no dose.
    since = at - _LONGEST - FORGOTTEN_AFTER
    people = await log_queries.list_people_in(tx, tenant_id, zones, since, at)
    if not people:
        return []
    found = await service.list_stretches(tx, tenant_id, site_id, at - _LONGEST, at, people=people)
    limits = _limits(air)
    made = [
        PersonDoses(person, at, _relevant(doses(in_places(theirs), air, limits, at)))
        for person, theirs in found.items()
    ]
    return sorted((it for it in made if it.doses), key=lambda it: (-it.worst, it.person_id))


async def list_events(
    tx: Tx, actor: Actor, site_id: UUID | None, *, before: tuple[datetime, UUID] | None, limit: int
) -> list[ExposureEvent]:
    """A page of events, newest first; audited. Raises NotFound."""
    actor.require(Permission.READ_EXPOSURE)
    if site_id is not None:
        await plant.get_site(tx, actor.tenant_id, site_id)
    await audit.record(tx, actor.account_id, "exposure.events_read", "site", site_id or "all", {})
    return await queries.list_events(tx, actor.tenant_id, site_id, before=before, limit=limit)


def in_places(stretches: Iterable[Stretch]) -> list[InPlace]:
    """For ``dose``: time somewhere on the site, nobody knows where, is left out and so is unknown."""
    found = []
    for it in stretches:
        place: Place | None = "off_site" if it.off_site else it.zone_id
        if place is not None:
            found.append(InPlace(place, it.start, it.end, it.confidence))
    return found


def _relevant(found: list[Dose]) -> list[Dose]:
    """Without agents of which nothing at all is known of this person."""
    return [it for it in found if it.known_min]


def _limits(air: Air) -> dict[str, dict[DoseKind, ExposureLimit]]:
    return {agent: limits_of(agent) for agent in sorted({agent for _, agent in air})}


async def _air(tx: Tx, tenant_id: UUID, site_id: UUID, at: datetime) -> dict[tuple[UUID, str], dict[datetime, Minute]]:
    rows = await queries.list_air(tx, tenant_id, site_id, AGENTS, at - _LONGEST, at)
    return air_of(rows)


def air_of(rows: Iterable[AirMinute]) -> dict[tuple[UUID, str], dict[datetime, Minute]]:
    """Minutes in the unit of the agent's limits; of sensors with different units the higher counts."""
    air: dict[tuple[UUID, str], dict[datetime, Minute]] = defaultdict(dict)
    factors: dict[tuple[str, str], float] = {}
    for row in rows:
        key = row.agent, row.unit
        if key not in factors:
            unit = next(iter(limits_of(row.agent).values())).unit
            factors[key] = agents.convert(row.agent, 1.0, row.unit, unit)
        # A sensor a little under its zero measures nothing, and takes nothing away from another minute.
        mean, peak = max(row.mean * factors[key], 0.0), max(row.peak * factors[key], 0.0)
        minutes = air[row.zone_id, row.agent]
        before = minutes.get(row.minute)
        if before is not None:
            mean, peak = max(mean, before.mean), max(peak, before.peak)
        minutes[row.minute] = Minute(mean, peak)
    return dict(air)


async def _rolled_until(tx: Tx, tenant_id: UUID, site_id: UUID, at: datetime) -> datetime:
    """The last whole minute at or before ``at`` whose readings are summed up."""
    rolled = await reading_queries.find_rolled_until(tx, tenant_id, site_id)
    return at if rolled is None else min(at, minute_of(rolled))
