"""Evacuations that a plan or a matrix asks for: begun in the transaction of the alarm, with their roll call."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from core.database import Tx
from incidents.context import SiteContext
from incidents.incident import Incident
from incidents.matrix.effects import Evacuation
from incidents.roll_call import service as roll_calls
from incidents.roll_call.service import Wanted
from mobile_contract.plans import Scope
from plant.model import Zone


async def evacuate(
    tx: Tx,
    context: SiteContext,
    incident: Incident,
    zone: Zone,
    scope: Scope,
    also: Sequence[Evacuation] = (),
    *,
    by: UUID | None = None,
) -> None:
    """Have everybody led out of what the plan names around this zone and of what the matrix adds; nothing for "none".

    The incident is locked. A wider one widens what runs. What a matrix asks for is not delayed here, whatever its cell
    says: people who leave early are safe.
    """
    wanted = _widest(context, zone, scope, also)
    if wanted is not None:
        await roll_calls.begin(tx, context.tenant_id, incident.id, wanted, incident.title.zh, by=by)


def _widest(context: SiteContext, zone: Zone, scope: Scope, also: Sequence[Evacuation]) -> Wanted | None:
    asked = [_wanted(zone, scope), *(_by_matrix(zone, evacuation) for evacuation in also)]
    found = [wanted for wanted in asked if wanted is not None]
    if not found:
        return None
    if any(wanted.scope == "site" for wanted in found):
        return Wanted("site")
    buildings = {wanted.building_id for wanted in found if wanted.scope == "building"}
    zones = {zone_id for wanted in found for zone_id in wanted.zone_ids}
    if len(buildings) == 1 and not zones:
        return Wanted("building", building_id=next(iter(buildings)))
    # Several at once: by their zones, which the site knows.
    zones |= {z.id for z in context.zones.values() if z.building_id in buildings}
    known = tuple(sorted(zone_id for zone_id in zones if zone_id in context.zones))
    return Wanted("zones", known) if known else None


def _wanted(zone: Zone, scope: Scope) -> Wanted | None:
    match scope:
        case "none":
            return None
        case "zone":
            return Wanted("zones", (zone.id,))
        case "building" if zone.building_id is not None:
            return Wanted("building", building_id=zone.building_id)
        case "site":
            return Wanted("site")
    # The rooms beside; also for a zone that stands in no building.
    return Wanted("zones", (zone.id, *zone.adjoining))


def _by_matrix(zone: Zone, evacuation: Evacuation) -> Wanted | None:
    if evacuation.zones:
        return Wanted("zones", evacuation.zones)
    return None if evacuation.scope is None else _wanted(zone, evacuation.scope)
