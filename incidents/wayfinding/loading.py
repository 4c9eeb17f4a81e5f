"""What a look at a site's ways needs, read in one transaction; and the scene that is made of it off the loop."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from core.database import Tx
from core.errors import Invalid
from core.logging import get_logger
from geo.hazards.dose import NO_PROTECTION
from geo.routing.snapping import Place
from geo.site_map import SiteMap, Standing
from incidents.wayfinding import errand_queries, route_queries
from incidents.wayfinding.dose_laws import danger_of
from incidents.wayfinding.equipping import Needs
from incidents.wayfinding.model import Errand, RouteRow, Sought
from incidents.wayfinding.scene import Scene
from incidents.wayfinding.surroundings import Surroundings, surroundings_of
from mobile_contract.wayfinding import NearView
from people.presence import service as presence
from people.presence.service import Whereabouts
from plant import queries as plant_queries
from plant.model import Zone
from plant.places.site_maps import Mapped

log = get_logger(__name__)


class Look(msgspec.Struct, frozen=True):
    """One moment of a site as the tables have it."""

    at: datetime
    tenant_id: UUID
    site_id: UUID
    zones: Mapping[UUID, Zone]
    people: Mapping[UUID, Whereabouts]
    routes: Mapping[tuple[UUID, UUID], RouteRow]
    sought: Mapping[UUID, Sequence[Sought]]
    around: Surroundings
    agents: frozenset[str | None]


async def load(tx: Tx, tenant_id: UUID, site_id: UUID, errands: Sequence[Errand], *, exercise: bool) -> Look:
    """Everything of a site that the ways of these errands depend on."""
    calls = sorted({it.roll_call_id for it in errands if it.roll_call_id is not None})
    sought: dict[UUID, list[Sought]] = {}
    for it in await errand_queries.list_sought(tx, tenant_id, calls):
        sought.setdefault(it.roll_call_id, []).append(it)
    routes = await route_queries.list_live(tx, tenant_id, site_id)
    return Look(
        tx.now,
        tenant_id,
        site_id,
        {it.id: it for it in await plant_queries.list_zones(tx, tenant_id, site_id)},
        {it.person_id: it for it in await presence.list_whereabouts(tx, tenant_id, site_id, tx.now)},
        {(it.task_id, it.account_id): it for it in routes if it.task_id is not None},
        sought,
        await surroundings_of(tx, tenant_id, site_id, tx.now, exercise=exercise),
        frozenset(it.agent for it in errands),
    )


def scene_of(look: Look, mapped: Mapped) -> Scene:
    """The scene, as far as its hazards are sound: one that is not would otherwise leave everybody without a way."""
    site, around = mapped.map, look.around
    hazards = site.hazards([it for it in around.standing if _sound(site, it)])
    now = site.conditions(hazards, around.passages)
    needs = Needs(site, now, around.equipment, look.at)

    def near(errand: Errand, start: Place) -> list[NearView]:
        return needs.near(errand.agent, start)

    return Scene(
        at=look.at,
        tenant_id=look.tenant_id,
        site_id=look.site_id,
        plan_id=mapped.plan.id,
        site=site,
        now=now,
        hazards=hazards,
        names=around.names,
        zones=look.zones,
        people=look.people,
        routes=look.routes,
        sought=look.sought,
        danger={agent: danger_of(agent, NO_PROTECTION) for agent in look.agents},
        near=near,
    )


def _sound(site: SiteMap, it: Standing) -> bool:
    try:
        site.hazards([it])
    except Invalid as problem:
        log.error("guide.hazard_unusable", hazard=it.hazard.id, error=str(problem))
        return False
    return True
