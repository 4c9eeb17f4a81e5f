"""Use cases of safety equipment. An actor of None is Muster itself (seeding).

Equipment is locked alone (several in the order of ids) and with nothing else: neither an alarm nor a task waits for it.
"""

from __future__ import annotations

import asyncio
from datetime import date, datetime
from typing import Any, Literal, TypeAlias
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from core import audit, outbox
from core.database import Tx
from core.errors import Conflict
from core.ids import new_id
from people.actor import Actor
from people.permissions import Permission
from plant import queries as plant_queries
from plant.permissions import PlantPermission, authorise, id_of
from plant.place_service import check_name, check_slug, check_version, unless_taken
from resources.equipment import queries
from resources.equipment.checks import check_equipment, check_reason, check_stock, stock_after
from resources.equipment.model import Equipment, EquipmentChange, EquipmentDraft, KindStock, Movement, new_equipment
from resources.equipment.placing import Ground, Spot
from resources.equipment.queries import SITE_MAX, After, Filter

CHANGED = "equipment.changed"
"""News; key: the site's id; payload: ``action``, and ``id`` where it is about one thing."""

Move: TypeAlias = Literal["take", "put_back"]
_PLACE = ("lon", "lat", "level")


async def list_equipment(
    tx: Tx, actor: Actor | None, site_id: UUID, wanted: Filter, *, after: After, limit: int
) -> list[Equipment]:
    """A page of a site's equipment by slug. Raises NotFound for the site."""
    tenant_id = authorise(tx, actor, PlantPermission.READ_PLANT)
    await plant_queries.get_site(tx, tenant_id, site_id)
    return await queries.list_page(tx, tenant_id, site_id, wanted, after=after, limit=limit)


async def list_on_map(tx: Tx, actor: Actor | None, site_id: UUID, level: int | None) -> list[Equipment]:
    """Everything in use on a site, of one floor or all. Raises NotFound for the site."""
    tenant_id = authorise(tx, actor, PlantPermission.READ_PLANT)
    await plant_queries.get_site(tx, tenant_id, site_id)
    rows = await queries.list_of_site(tx, tenant_id, site_id)
    return [it for it in rows if level is None or it.level == level]


async def list_usable_kinds(tx: Tx, actor: Actor | None, site_id: UUID) -> list[KindStock]:
    """What a site has in use by kind, and how much of it could be used now. Raises NotFound for the site."""
    tenant_id = authorise(tx, actor, PlantPermission.READ_PLANT)
    await plant_queries.get_site(tx, tenant_id, site_id)
    return await queries.count_kinds(tx, tenant_id, site_id)


async def get_equipment(tx: Tx, actor: Actor | None, equipment_id: UUID) -> Equipment:
    """Raises NotFound."""
    return await queries.get_equipment(tx, authorise(tx, actor, PlantPermission.READ_PLANT), equipment_id)


async def today(tx: Tx, tenant_id: UUID, site_id: UUID) -> date:
    """The day at the site, by which inspections are overdue."""
    site = await plant_queries.get_site(tx, tenant_id, site_id)
    return day_at(tx.now, site.tz)


def day_at(now: datetime, tz: str) -> date:
    """The day it is there."""
    return now.astimezone(ZoneInfo(tz)).date()


async def create_equipment(tx: Tx, actor: Actor | None, draft: EquipmentDraft) -> Equipment:
    """Raises NotFound for the site, Conflict when the slug is taken or the site is full, Invalid."""
    tenant_id = authorise(tx, actor, PlantPermission.MANAGE_PLANT)
    await plant_queries.get_site(tx, tenant_id, draft.site_id)
    it = new_equipment(draft, tenant_id, new_id(), tx.now)
    check_slug(it.slug)
    check_name(it.name)
    check_equipment(it)
    await check_room(tx, tenant_id, it.site_id, 1)
    it = await _placed(tx, it, draft.zone_id)
    await unless_taken(queries.insert_many(tx, tenant_id, [it]), "equipment", it.slug)
    await _note(tx, actor, "equipment.created", it, msgspec.structs.asdict(draft))
    return it


async def edit_equipment(
    tx: Tx, actor: Actor | None, equipment_id: UUID, change: EquipmentChange, *, expected_version: int | None
) -> Equipment:
    """Raises NotFound, Conflict version.changed, or equipment.retired, Invalid."""
    tenant_id = authorise(tx, actor, PlantPermission.MANAGE_PLANT)
    before = await queries.get_equipment(tx, tenant_id, equipment_id, lock=True)
    check_version(before.version, expected_version)
    _check_in_use(before)
    asked = {k: v for k, v in msgspec.structs.asdict(change).items() if v is not msgspec.UNSET}
    it = msgspec.structs.replace(before, **asked, version=before.version + 1)
    check_name(it.name)
    check_equipment(it)
    moved = any(getattr(it, name) != getattr(before, name) for name in _PLACE)
    if moved or asked.get("zone_id") is not None:
        it = await _placed(tx, it, asked.get("zone_id"))
    await queries.update_many(tx, tenant_id, [it])
    await _note(tx, actor, "equipment.edited", it, asked)
    return it


async def take_out_of_service(tx: Tx, actor: Actor | None, equipment_id: UUID, reason: str) -> Equipment:
    """It is not to be used, for this reason; whoever finds it broken may say so. Saying it again changes the reason.

    Raises NotFound, Conflict equipment.retired.
    """
    tenant_id = _authorise_report(tx, actor)
    check_reason(reason)
    it = await queries.get_equipment(tx, tenant_id, equipment_id, lock=True)
    _check_in_use(it)
    if (it.state, it.state_reason) == ("out_of_service", reason):
        return it
    out = msgspec.structs.replace(it, state="out_of_service", state_reason=reason, version=it.version + 1)
    await queries.update_many(tx, tenant_id, [out])
    await _note(tx, actor, "equipment.taken_out_of_service", out, {"reason": reason})
    return out


async def put_in_service(tx: Tx, actor: Actor | None, equipment_id: UUID) -> Equipment:
    """It may be used again; twice is one fact. Raises NotFound, Conflict equipment.retired."""
    tenant_id = authorise(tx, actor, PlantPermission.MANAGE_PLANT)
    it = await queries.get_equipment(tx, tenant_id, equipment_id, lock=True)
    _check_in_use(it)
    if it.state == "ready":
        return it
    back = msgspec.structs.replace(it, state="ready", state_reason=None, version=it.version + 1)
    await queries.update_many(tx, tenant_id, [back])
    await _note(tx, actor, "equipment.put_in_service", back, {"was": it.state_reason})
    return back


async def move_stock(
    tx: Tx, actor: Actor | None, equipment_id: UUID, move: Move, pieces: int, reason: str, *, key: str
) -> Movement:
    """Take pieces, or put them back; the same ``key`` again is the movement that was made.

    Raises NotFound, Conflict equipment.retired, equipment.too_few, equipment.too_many, or equipment.key_used for
    another movement.
    """
    tenant_id = _authorise_report(tx, actor)
    check_stock("pieces", pieces, 1)
    check_reason(reason)
    signed = -pieces if move == "take" else pieces
    it = await queries.get_equipment(tx, tenant_id, equipment_id, lock=True)
    known = await queries.find_movement(tx, tenant_id, equipment_id, key)
    if known is not None:
        _check_same(known, signed, reason)
        return known
    _check_in_use(it)
    moved = movement_of(it, signed, reason, key, actor, tx.now)
    await queries.save_movements(tx, tenant_id, [moved])
    facts = {"pieces": signed, "in_stock": moved.in_stock, "reason": reason}
    action = "equipment.taken" if move == "take" else "equipment.put_back"
    await _note(tx, actor, action, it, facts)
    return moved


def movement_of(it: Equipment, pieces: int, reason: str, key: str, actor: Actor | None, now: datetime) -> Movement:
    """So many pieces put back (below zero: taken); raises Conflict where that can not be."""
    return Movement(
        tenant_id=it.tenant_id,
        id=new_id(),
        equipment_id=it.id,
        key=key,
        pieces=pieces,
        reason=reason,
        in_stock=stock_after(it, pieces),
        moved_by=id_of(actor),
        moved_at=now,
    )


async def list_movements(
    tx: Tx, actor: Actor | None, equipment_id: UUID, *, before: tuple[datetime, UUID] | None, limit: int
) -> list[Movement]:
    """A page of what was taken and put back, newest first. Raises NotFound."""
    tenant_id = authorise(tx, actor, PlantPermission.READ_PLANT)
    await queries.get_equipment(tx, tenant_id, equipment_id)
    return await queries.list_movements(tx, tenant_id, equipment_id, before=before, limit=limit)


async def retire_equipment(tx: Tx, actor: Actor | None, equipment_id: UUID) -> Equipment:
    """It is gone for good; its record stays, and its slug with it. Twice is one fact. Raises NotFound."""
    tenant_id = authorise(tx, actor, PlantPermission.MANAGE_PLANT)
    it = await queries.get_equipment(tx, tenant_id, equipment_id, lock=True)
    if it.retired_at is not None:
        return it
    retired = msgspec.structs.replace(it, retired_at=tx.now, version=it.version + 1)
    await queries.update_many(tx, tenant_id, [retired])
    await _note(tx, actor, "equipment.retired", retired, {})
    return retired


async def check_room(tx: Tx, tenant_id: UUID, site_id: UUID, more: int) -> None:
    """Raise Conflict where the site had too many things. Not under the site's lock, which alarms wait for: two at once
    may pass it by what the other adds."""
    there = await queries.count_in_use(tx, tenant_id, site_id)
    if there + more > SITE_MAX:
        raise Conflict(
            "equipment.site_full",
            f"a site has at most {SITE_MAX} things in use; {there} are there",
            f"每个站点最多 {SITE_MAX} 件在用器材，现有 {there} 件",
            field="site",
            value=there + more,
            limit=SITE_MAX,
        )


async def load_ground(tx: Tx, tenant_id: UUID, site_id: UUID, levels: set[int]) -> Ground:
    """What things of these floors are measured by; the plan in force is opened only for floors no zone has."""
    zones = await queries.list_ground(tx, tenant_id, site_id)
    unknown = levels - {it.level for it in zones}
    floors = await queries.list_plan_levels(tx, tenant_id, site_id) if unknown else []
    # Some milliseconds for a large site: off the loop.
    return await asyncio.to_thread(Ground, zones, floors)


async def _placed(tx: Tx, it: Equipment, zone_id: UUID | None) -> Equipment:
    """The thing with the zone it belongs to; raises Invalid."""
    ground = await load_ground(tx, it.tenant_id, it.site_id, {it.level})
    return msgspec.structs.replace(it, zone_id=ground.place(Spot(it.lon, it.lat, it.level, zone_id)))


def _authorise_report(tx: Tx, actor: Actor | None) -> UUID:
    """Whoever answers to orders uses the equipment, and says so; so do those who look after it."""
    tenant_id = authorise(tx, actor, PlantPermission.READ_PLANT)
    if actor is not None and not actor.may(Permission.ANSWER_TASK):
        actor.require(Permission.MANAGE_PLANT)
    return tenant_id


def _check_in_use(it: Equipment) -> None:
    if it.retired_at is not None:
        raise Conflict("equipment.retired", f"{it.slug} is retired", f"{it.slug} 已停用", field="slug", value=it.slug)


def _check_same(known: Movement, pieces: int, reason: str) -> None:
    if (known.pieces, known.reason) != (pieces, reason):
        raise Conflict(
            "equipment.key_used",
            "this key is another movement's",
            "此键已用于另一次取放",
            field="key",
            value=known.key,
            limit={"pieces": known.pieces, "reason": known.reason},
        )


async def _note(tx: Tx, actor: Actor | None, action: str, it: Equipment, facts: dict[str, Any]) -> None:
    await outbox.append(tx, CHANGED, it.site_id, {"action": action, "id": str(it.id)})
    await audit.record(tx, id_of(actor), action, "equipment", it.id, {"site": it.site_id, "slug": it.slug, **facts})
