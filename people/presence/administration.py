"""Use cases of doors and badges: where readers lead, and whose a number is. An actor of None is Muster (seeding)."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec

from core import audit
from core.database import Tx
from core.errors import Conflict, Invalid
from core.ids import new_id
from people import queries as accounts
from people.actor import Actor
from people.permissions import Permission
from people.presence import door_queries as queries
from people.presence import visit_queries
from people.presence.errors import badge_taken, not_found, wrong_order
from people.presence.model import Badge, Door
from people.service import check_version


class DoorDraft(msgspec.Struct, frozen=True):
    """A new door: a reader's name at its controller, and where "in" leads."""

    device_id: UUID
    door: str
    from_zone_id: UUID | None
    to_zone_id: UUID | None
    gate: bool


class DoorChange(msgspec.Struct, frozen=True):
    """What is UNSET stays; events before keep what the door meant then."""

    from_zone_id: UUID | msgspec.UnsetType | None = msgspec.UNSET
    to_zone_id: UUID | msgspec.UnsetType | None = msgspec.UNSET
    gate: bool | msgspec.UnsetType = msgspec.UNSET
    retired: bool | msgspec.UnsetType = msgspec.UNSET


class BadgeDraft(msgspec.Struct, frozen=True):
    """A card for an account or a visit."""

    number: str
    account_id: UUID | None
    visit_id: UUID | None
    valid_from: datetime | None = None
    valid_until: datetime | None = None


class BadgeChange(msgspec.Struct, frozen=True):
    """What is UNSET stays."""

    valid_from: datetime | msgspec.UnsetType = msgspec.UNSET
    valid_until: datetime | msgspec.UnsetType | None = msgspec.UNSET


async def create_door(tx: Tx, actor: Actor | None, draft: DoorDraft) -> Door:
    """Raises NotFound for a controller or zone there is not, Conflict when the reader is known."""
    tenant_id = _authorise(tx, actor, Permission.MANAGE_PLANT)
    site_id = await queries.find_site_of_device(tx, tenant_id, draft.device_id)
    if site_id is None:
        raise not_found("device", draft.device_id, field="device")
    door = Door(
        tenant_id=tenant_id,
        id=new_id(),
        site_id=site_id,
        device_id=draft.device_id,
        door=draft.door,
        from_zone_id=draft.from_zone_id,
        to_zone_id=draft.to_zone_id,
        gate=draft.gate,
        retired_at=None,
        version=1,
        created_at=tx.now,
    )
    await _check_door(tx, door)
    if not await queries.insert_door(tx, tenant_id, door):
        raise Conflict(
            "door.taken",
            f"the controller has a door {door.door} already",
            f"该控制器已有门 {door.door}",
            field="door",
            value=door.door,
        )
    await audit.record(tx, _id(actor), "door.created", "door", door.id, msgspec.to_builtins(draft))
    return door


async def edit_door(tx: Tx, actor: Actor, door_id: UUID, change: DoorChange, *, expected_version: int) -> Door:
    """Say where it leads, or retire it. Raises NotFound, Conflict version.changed."""
    tenant_id = _authorise(tx, actor, Permission.MANAGE_PLANT)
    door = await queries.find_door(tx, tenant_id, door_id, lock=True)
    if door is None:
        raise not_found("door", door_id)
    check_version(door.version, expected_version)
    fields = {
        name: value
        for name in ("from_zone_id", "to_zone_id", "gate")
        if (value := getattr(change, name)) is not msgspec.UNSET
    }
    if change.retired is not msgspec.UNSET:
        fields["retired_at"] = (door.retired_at or tx.now) if change.retired else None
    changed = msgspec.structs.replace(door, **fields)
    await _check_door(tx, changed)
    saved = await queries.save_door(tx, tenant_id, changed)
    await audit.record(tx, actor.account_id, "door.edited", "door", door_id, msgspec.to_builtins(change))
    return saved


async def _check_door(tx: Tx, door: Door) -> None:
    known = {zone.id for zone in await queries.list_zone_places(tx, door.tenant_id, door.site_id)}
    for field, zone_id in (("from_zone", door.from_zone_id), ("to_zone", door.to_zone_id)):
        if zone_id is not None and zone_id not in known:
            raise not_found("zone", zone_id, field=field)
    if not door.gate and door.from_zone_id is None and door.to_zone_id is None:
        raise Invalid(
            "door.leads_nowhere",
            "a door that is no gate leads from or to a zone",
            "非大门的门须连接区域",
            field="to_zone",
        )
    if door.from_zone_id is not None and door.from_zone_id == door.to_zone_id:
        raise Invalid(
            "door.one_zone",
            "a door leads from one zone to another",
            "门须连接两个不同的区域",
            field="to_zone",
            value=str(door.to_zone_id),
        )


async def list_doors(
    tx: Tx, actor: Actor, site_id: UUID | None, *, after: tuple[str, UUID], search: str | None, limit: int
) -> list[Door]:
    """A page of doors by name."""
    tenant_id = _authorise(tx, actor, Permission.READ_PLANT)
    return await queries.list_doors(tx, tenant_id, site_id, after=after, search=search, limit=limit)


async def get_door(tx: Tx, actor: Actor, door_id: UUID) -> Door:
    """One door; raises NotFound."""
    tenant_id = _authorise(tx, actor, Permission.READ_PLANT)
    door = await queries.find_door(tx, tenant_id, door_id)
    if door is None:
        raise not_found("door", door_id)
    return door


async def issue_badge(tx: Tx, actor: Actor | None, draft: BadgeDraft) -> Badge:
    """Give somebody a card. Raises NotFound, Conflict badge.taken, Invalid."""
    tenant_id = _authorise(tx, actor, Permission.MANAGE_PEOPLE)
    if (draft.account_id is None) == (draft.visit_id is None):
        raise Invalid(
            "badge.whose", "a badge is an account's or a visit's", "门禁卡须属于一个账号或一次来访", field="account"
        )
    if draft.account_id is not None and await accounts.find_account(tx, tenant_id, draft.account_id) is None:
        raise not_found("account", draft.account_id, field="account")
    if draft.visit_id is not None and await visit_queries.find_visit(tx, tenant_id, draft.visit_id) is None:
        raise not_found("visit", draft.visit_id, field="visit")
    badge = await hand_out(tx, tenant_id, draft)
    facts = {"number": badge.number, "account": badge.account_id, "visit": badge.visit_id}
    await audit.record(tx, _id(actor), "badge.issued", "badge", badge.id, facts)
    return badge


async def hand_out(tx: Tx, tenant_id: UUID, draft: BadgeDraft) -> Badge:
    """Store the card for whoever was checked by the caller."""
    badge = Badge(
        tenant_id=tenant_id,
        id=new_id(),
        number=draft.number,
        account_id=draft.account_id,
        visit_id=draft.visit_id,
        valid_from=draft.valid_from or tx.now,
        valid_until=draft.valid_until,
        version=1,
        created_at=tx.now,
    )
    await _check_validity(tx, badge)
    made = await queries.insert_badge(tx, tenant_id, badge)
    if made is None:
        raise badge_taken(badge.number)
    return made


async def edit_badge(tx: Tx, actor: Actor, badge_id: UUID, change: BadgeChange, *, expected_version: int) -> Badge:
    """Say how long it is valid: a lost card ends now. Raises NotFound, Conflict, Invalid."""
    tenant_id = _authorise(tx, actor, Permission.MANAGE_PEOPLE)
    badge = await queries.find_badge(tx, tenant_id, badge_id, lock=True)
    if badge is None:
        raise not_found("badge", badge_id)
    check_version(badge.version, expected_version)
    fields = {n: v for n in ("valid_from", "valid_until") if (v := getattr(change, n)) is not msgspec.UNSET}
    changed = msgspec.structs.replace(badge, **fields)
    await _check_validity(tx, changed)
    saved = await queries.save_badge(tx, tenant_id, changed)
    await audit.record(tx, actor.account_id, "badge.edited", "badge", badge_id, msgspec.to_builtins(change))
    return saved


async def _check_validity(tx: Tx, badge: Badge) -> None:
    if badge.valid_until is not None and badge.valid_until < badge.valid_from:
        raise wrong_order("valid_until", badge.valid_until, badge.valid_from)
    await queries.lock_number(tx, badge.tenant_id, badge.number)
    if await queries.find_overlapping(tx, badge.tenant_id, badge.number, badge.id, badge.valid_from, badge.valid_until):
        raise badge_taken(badge.number)


async def list_badges(
    tx: Tx, actor: Actor, *, after: tuple[str, UUID], search: str | None, account_id: UUID | None, limit: int
) -> list[Badge]:
    """A page of badges by number."""
    tenant_id = _authorise(tx, actor, Permission.MANAGE_PEOPLE)
    return await queries.list_badges(tx, tenant_id, after=after, search=search, account_id=account_id, limit=limit)


async def get_badge(tx: Tx, actor: Actor, badge_id: UUID) -> Badge:
    """One badge; raises NotFound."""
    tenant_id = _authorise(tx, actor, Permission.MANAGE_PEOPLE)
    badge = await queries.find_badge(tx, tenant_id, badge_id)
    if badge is None:
        raise not_found("badge", badge_id)
    return badge


def _authorise(tx: Tx, actor: Actor | None, permission: Permission) -> UUID:
    if actor is not None:
        actor.require(permission)
    assert tx.tenant_id is not None
    return tx.tenant_id


def _id(actor: Actor | None) -> UUID | None:
    return None if actor is None else actor.account_id
