"""Use cases of rotas and their overrides. An actor of None is Muster itself (seeding).

Rotas are locked in the order of their ids, then a swap of theirs; neither while an incident is held.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from core import audit
from core.database import Tx
from core.errors import Conflict, Invalid
from core.ids import new_id
from mobile_contract.rotas import CREW_MAX, RotaDefinition, RotaKind
from mobile_contract.text import Text
from people.actor import Actor
from people.permissions import Permission
from people.queries import FIRST
from people.rotas import rota_queries as queries
from people.rotas import version_queries
from people.rotas.definition import check_definition, check_name, check_zone, people_of
from people.rotas.errors import check_account, found, not_taken
from people.rotas.model import Override, Rota, RotaVersion
from people.rotas.rota_queries import RotaFilter
from people.rotas.team_service import authorise, id_of, set_fields
from people.service import check_version

# Each override is looked at for every question about the rota.
OVERRIDES_MAX = 500
OVERRIDE_PERIOD_MAX = timedelta(days=366)


class RotaDraft(msgspec.Struct, frozen=True):
    """A new rota; ``tz`` is an IANA time zone, ``site_id`` None for the whole tenant."""

    slug: str
    name: Text
    tz: str
    kind: RotaKind
    definition: RotaDefinition
    site_id: UUID | None = None
    calendar_id: UUID | None = None


class RotaChange(msgspec.Struct, frozen=True):
    """What is UNSET stays; slug, kind and site never change."""

    name: Text | msgspec.UnsetType = msgspec.UNSET
    tz: str | msgspec.UnsetType = msgspec.UNSET
    definition: RotaDefinition | msgspec.UnsetType = msgspec.UNSET
    calendar_id: UUID | msgspec.UnsetType | None = msgspec.UNSET
    retired: bool | msgspec.UnsetType = msgspec.UNSET


class OverrideDraft(msgspec.Struct, frozen=True):
    """``added`` instead of ``removed``, or one of them alone; ``added`` alone names its ``position``."""

    starts_at: datetime
    ends_at: datetime
    reason: str
    removed: UUID | None = None
    added: UUID | None = None
    position: int | None = None


async def create_rota(tx: Tx, actor: Actor | None, draft: RotaDraft) -> Rota:
    """Raises Invalid naming the field, NotFound for site or calendar, Conflict when the slug is taken."""
    tenant_id = authorise(tx, actor)
    made = Rota(
        tenant_id,
        new_id(),
        draft.slug,
        draft.name,
        draft.tz,
        draft.kind,
        draft.site_id,
        draft.calendar_id,
        draft.definition,
        1,
        None,
        tx.now,
    )
    await check_rota(tx, tenant_id, made)
    rota = not_taken(await queries.insert_rota(tx, tenant_id, made), "rota", draft.slug)
    await audit.record(tx, id_of(actor), "rota.created", "rota", rota.id, set_fields(draft))
    return rota


async def edit_rota(tx: Tx, actor: Actor, rota_id: UUID, change: RotaChange, *, expected_version: int) -> Rota:
    """Change a rota from now on: what it said of the time before stays. Raises NotFound, Invalid, Conflict."""
    tenant_id = authorise(tx, actor)
    before = found((await queries.lock_rotas(tx, tenant_id, [rota_id])).get(rota_id), "rota", rota_id)
    check_version(before.version, expected_version)
    fields = set_fields(change)
    retired = fields.pop("retired", before.retired_at is not None)
    rota = msgspec.structs.replace(before, **fields, retired_at=(before.retired_at or tx.now) if retired else None)
    await check_rota(tx, tenant_id, rota)
    saved = await queries.save_rota(tx, tenant_id, rota, tx.now)
    await audit.record(tx, actor.account_id, "rota.edited", "rota", rota_id, set_fields(change))
    return saved


async def check_rota(tx: Tx, tenant_id: UUID, rota: Rota) -> None:
    """Raise Invalid or NotFound naming what of it is wrong or not there."""
    check_name(rota.name)
    check_zone(rota.tz)
    check_definition(rota.definition)
    named = list(people_of(rota.definition))
    people = await queries.list_people(tx, tenant_id, [account_id for _, account_id in named])
    for field, account_id in named:
        check_account(people, account_id, field, disabled=True)
    if rota.site_id is not None and not await queries.site_exists(tx, tenant_id, rota.site_id):
        found(None, "site", rota.site_id, "site")
    if rota.calendar_id is not None:
        found(await queries.find_calendar(tx, tenant_id, rota.calendar_id), "calendar", rota.calendar_id, "calendar")


async def get_rota(tx: Tx, actor: Actor, rota_id: UUID) -> Rota:
    """One rota; raises NotFound."""
    actor.require(Permission.READ_ROTAS)
    return found(await queries.find_rota(tx, actor.tenant_id, rota_id), "rota", rota_id)


async def list_versions(tx: Tx, actor: Actor, rota_id: UUID, *, before: int | None, limit: int) -> list[RotaVersion]:
    """A page of a rota's versions, newest first, from the one before ``before``. Raises NotFound."""
    await get_rota(tx, actor, rota_id)
    return await version_queries.list_versions(tx, actor.tenant_id, rota_id, before=before, limit=limit)


async def list_rotas(tx: Tx, actor: Actor, which: RotaFilter, *, after: str, limit: int) -> list[Rota]:
    """A page of rotas by slug."""
    actor.require(Permission.READ_ROTAS)
    return await queries.list_rotas(tx, actor.tenant_id, which, after=after, limit=limit)


async def add_override(tx: Tx, actor: Actor, rota_id: UUID, draft: OverrideDraft) -> Override:
    """Change who is on duty from until; what is past stays. Raises NotFound, Invalid, Conflict override.too_many."""
    tenant_id = authorise(tx, actor)
    found((await queries.lock_rotas(tx, tenant_id, [rota_id])).get(rota_id), "rota", rota_id)
    _check_override(draft, tx.now)
    named = {"removed": draft.removed, "added": draft.added}
    people = await queries.list_people(tx, tenant_id, [it for it in named.values() if it is not None])
    for field, account_id in named.items():
        if account_id is not None:
            check_account(people, account_id, field, disabled=field == "removed")
    await check_room(tx, tenant_id, rota_id)
    override = Override(
        tenant_id,
        new_id(),
        rota_id,
        draft.removed,
        draft.added,
        draft.position,
        max(draft.starts_at, tx.now),
        draft.ends_at,
        draft.reason,
        None,
        actor.account_id,
        tx.now,
        None,
    )
    saved = await queries.insert_override(tx, tenant_id, override)
    await audit.record(tx, actor.account_id, "rota.override_added", "rota", rota_id, set_fields(saved))
    return saved


async def check_room(tx: Tx, tenant_id: UUID, rota_id: UUID) -> None:
    """Raise Conflict override.too_many unless one more fits into a locked rota."""
    if await queries.count_overrides(tx, tenant_id, rota_id, tx.now) >= OVERRIDES_MAX:
        raise Conflict(
            "override.too_many",
            f"a rota has at most {OVERRIDES_MAX} overrides to come; change the rota instead",
            f"每个轮班表最多 {OVERRIDES_MAX} 个未结束的临时调整，请改为修改轮班表",
            limit=OVERRIDES_MAX,
        )


def _check_override(draft: OverrideDraft, now: datetime) -> None:
    if draft.removed is None and draft.added is None:
        raise _wrong("added", "an override adds or removes somebody", "须指定增派或调离的人员")
    if (draft.removed is None) != (draft.position is not None):
        raise _wrong(
            "position", "who is added instead of nobody has a position", "仅在单独增派时须指定岗位", draft.position
        )
    if draft.removed == draft.added:
        raise _wrong("added", "nobody stands in for oneself", "不能由本人替换本人", str(draft.added))
    if draft.position is not None and not 0 <= draft.position < CREW_MAX:
        raise _wrong("position", f"a position is 0 to {CREW_MAX - 1}", f"岗位为 0 至 {CREW_MAX - 1}", draft.position)
    if draft.ends_at <= max(draft.starts_at, now):
        raise _wrong(
            "ends_at", "an override ends after it starts, and not in the past", "结束时间须晚于开始时间和当前时间"
        )
    if draft.ends_at - draft.starts_at > OVERRIDE_PERIOD_MAX:
        most = OVERRIDE_PERIOD_MAX.days
        raise _wrong("ends_at", f"an override lasts at most {most} days", f"临时调整最长 {most} 天", limit=most)


def _wrong(field: str, en: str, zh: str, value: object = None, limit: object = None) -> Invalid:
    return Invalid("override.invalid", f"{field}: {en}", f"{field}：{zh}", field=field, value=value, limit=limit)


async def cancel_override(tx: Tx, actor: Actor, override_id: UUID) -> None:
    """Take an override back from now on, with a swap's both halves; what it did before stays. Twice is one fact."""
    tenant_id = authorise(tx, actor)
    override = found(await queries.find_override(tx, tenant_id, override_id), "override", override_id)
    rotas = [override.rota_id]
    if override.swap_id is not None:
        rotas = await queries.list_rotas_of_swap(tx, tenant_id, override.swap_id)
    await queries.lock_rotas(tx, tenant_id, rotas)
    if await queries.end_overrides(tx, tenant_id, override_id, override.swap_id, tx.now):
        facts = {"override": override_id, "swap": override.swap_id}
        await audit.record(tx, actor.account_id, "rota.override_cancelled", "rota", override.rota_id, facts)


async def list_overrides(
    tx: Tx, actor: Actor, rota_id: UUID, *, everything: bool, after: UUID = FIRST, limit: int
) -> list[Override]:
    """A page of a rota's overrides, oldest first: those in force and to come, or ``everything``. Raises NotFound."""
    await get_rota(tx, actor, rota_id)
    open_at = None if everything else tx.now
    return await queries.list_overrides(tx, actor.tenant_id, rota_id, open_at=open_at, after=after, limit=limit)
