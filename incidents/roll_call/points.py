"""Assembly points: where people gather."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import msgspec

from core import audit, outbox
from core.database import Tx
from core.errors import Conflict, NotFound
from core.ids import new_id
from incidents.roll_call import queries
from incidents.roll_call.model import AssemblyPoint
from mobile_contract.text import Text
from people.actor import Actor
from people.permissions import Permission
from people.service import check_version

NEWS_POINTS = "assembly_point.changed"
"""Key: the site's id. Where people may gather is another."""


class PointDraft(msgspec.Struct, frozen=True):
    """An assembly point to make; ``position`` is a GeoJSON Point."""

    site_id: UUID
    slug: str
    name: Text
    position: dict[str, Any]
    level: int
    capacity: int | None


class PointChange(msgspec.Struct, frozen=True):
    """An edit; what is UNSET stays."""

    name: Text | msgspec.UnsetType = msgspec.UNSET
    position: dict[str, Any] | msgspec.UnsetType = msgspec.UNSET
    level: int | msgspec.UnsetType = msgspec.UNSET
    capacity: int | msgspec.UnsetType | None = msgspec.UNSET
    retired: bool | msgspec.UnsetType = msgspec.UNSET


SITE = "SELECT EXISTS (SELECT FROM sites WHERE tenant_id = $1 AND id = $2)"


async def create_point(tx: Tx, actor: Actor, draft: PointDraft) -> AssemblyPoint:
    """Make an assembly point; raises NotFound for another's site, Conflict for a slug that is taken."""
    actor.require(Permission.MANAGE_PLANT)
    if not await tx.fetchval(SITE, actor.tenant_id, draft.site_id):
        raise NotFound("site.not_found", "there is no such site", "没有此厂区", field="site", value=draft.site_id)
    wanted = AssemblyPoint(
        actor.tenant_id,
        new_id(),
        draft.site_id,
        draft.slug,
        draft.name,
        draft.position,
        draft.level,
        draft.capacity,
        None,
        1,
        tx.now,
    )
    made = await queries.insert_point(tx, actor.tenant_id, wanted)
    if made is None:
        raise Conflict(
            "assembly_point.slug_taken", "this slug is taken", "此标识已被使用", field="slug", value=draft.slug
        )
    await outbox.wake(tx, NEWS_POINTS, draft.site_id)
    await audit.record(tx, actor.account_id, "assembly_point.created", "assembly_point", made.id, {"slug": made.slug})
    return made


async def edit_point(
    tx: Tx, actor: Actor, point_id: UUID, change: PointChange, *, expected_version: int
) -> AssemblyPoint:
    """Change an assembly point or take it out of use."""
    actor.require(Permission.MANAGE_PLANT)
    point = await queries.lock_point(tx, actor.tenant_id, point_id)
    if point is None:
        raise NotFound("assembly_point.not_found", "no such point", "没有此集合点", field="id", value=point_id)
    check_version(point.version, expected_version)
    fields: dict[str, Any] = {
        name: value
        for name in ("name", "position", "level", "capacity")
        if (value := getattr(change, name)) is not msgspec.UNSET
    }
    if change.retired is not msgspec.UNSET:
        fields["retired_at"] = (point.retired_at or tx.now) if change.retired else None
    saved = msgspec.structs.replace(point, **fields, version=point.version + 1)
    await queries.save_point(tx, actor.tenant_id, saved)
    facts = {"fields": sorted(fields)}
    await outbox.wake(tx, NEWS_POINTS, saved.site_id)
    await audit.record(tx, actor.account_id, "assembly_point.edited", "assembly_point", point_id, facts)
    return saved


async def list_points(tx: Tx, actor: Actor, *, site_id: UUID | None, after: UUID, limit: int) -> list[AssemblyPoint]:
    """Assembly points in use."""
    actor.require(Permission.READ_PLANT)
    return await queries.list_points(tx, actor.tenant_id, site_id=site_id, after=after, limit=limit)
