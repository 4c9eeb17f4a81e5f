"""Edits of zones, held against the plan in force. What asks it opens its own transactions: none is held meanwhile."""

from __future__ import annotations

from uuid import UUID

import msgspec

from core.actor import Actor
from core.database import Database, Tx
from core.errors import Conflict
from plant import place_service
from plant import queries as plant_queries
from plant.model import Zone
from plant.permissions import PlantPermission, authorise
from plant.place_service import ZoneChange, apply, check_version, moves
from plant.places import queries
from plant.places.office import DrawingOffice
from plant.places.zone_checks import check_way_out


async def check_edit(
    db: Database,
    office: DrawingOffice,
    actor: Actor,
    zone_id: UUID,
    change: ZoneChange,
    *,
    expected_version: int | None,
) -> UUID | None:
    """Hold an edit against the plan in force before it is done; returns that plan's id, None where nothing was to ask.

    Raises Conflict zone.unreachable, naming the rooms, unless the edit accepts it; what ``edit_zone`` raises of a
    version or a polygon it raises before a core works for it.
    """
    if not moves(change) or change.accept is True:
        return None
    async with db.transaction(actor.tenant_id) as tx:
        tenant_id = authorise(tx, actor, PlantPermission.MANAGE_PLANT)
        zone = await plant_queries.get_zone(tx, tenant_id, zone_id)
        check_version(zone.version, expected_version)
        wanted = apply(zone, change)
        await place_service.check_zone(tx, tenant_id, wanted)
        row = await queries.find_in_state(tx, tenant_id, zone.site_id, "published")
        opened = None if row is None else await queries.open_plan(tx, tenant_id, row)
    if opened is None:
        return None
    await office.do(check_way_out, opened.text, wanted.slug, wanted.polygon, wanted.level)
    return opened.row.id


async def edit_zone(
    tx: Tx, actor: Actor, zone_id: UUID, change: ZoneChange, *, expected_version: int | None, checked: UUID | None
) -> Zone:
    """The edit that was ``checked`` against a plan. Raises Conflict zone.plan_changed when another is in force now, and
    what ``place_service.edit_zone`` raises."""
    tenant_id = authorise(tx, actor, PlantPermission.MANAGE_PLANT)
    zone = await plant_queries.get_zone(tx, tenant_id, zone_id)
    if moves(change) and change.accept is not True:
        # Publishing holds the site too.
        await plant_queries.get_site(tx, tenant_id, zone.site_id, lock=True)
        row = await queries.find_in_state(tx, tenant_id, zone.site_id, "published")
        if (None if row is None else row.id) != checked:
            raise Conflict(
                "zone.plan_changed",
                "another plan was published meanwhile; try again",
                "平面图刚刚更新，请重试",
                field="zone_id",
                value=str(zone_id),
            )
    if change.accept is False:
        change = msgspec.structs.replace(change, accept=msgspec.UNSET)
    return await place_service.edit_zone(tx, actor, zone_id, change, expected_version=expected_version)
