"""Use cases of qualification types and of the skills they give. An actor of None is Muster itself (seeding)."""

from __future__ import annotations

from uuid import UUID

import msgspec

from core import audit
from core.database import Tx
from core.errors import Conflict
from core.ids import new_id
from mobile_contract.text import Text
from people.actor import Actor
from people.permissions import Permission
from people.qualifications import type_queries as queries
from people.qualifications.checks import check_type
from people.qualifications.errors import no_type
from people.qualifications.model import QualificationType
from people.qualifications.skills import SKILLS
from people.service import check_version


class TypeDraft(msgspec.Struct, frozen=True):
    """A new type; see QualificationType."""

    slug: str
    name: Text
    skills: list[str]
    source: str
    validity_months: int | None = None
    review_months: int | None = None
    warn_days: int = 60


class TypeChange(msgspec.Struct, frozen=True):
    """What is UNSET stays; the slug is what imports name and never changes."""

    name: Text | msgspec.UnsetType = msgspec.UNSET
    skills: list[str] | msgspec.UnsetType = msgspec.UNSET
    source: str | msgspec.UnsetType = msgspec.UNSET
    validity_months: int | msgspec.UnsetType | None = msgspec.UNSET
    review_months: int | msgspec.UnsetType | None = msgspec.UNSET
    warn_days: int | msgspec.UnsetType = msgspec.UNSET
    in_use: bool | msgspec.UnsetType = msgspec.UNSET


async def create_type(tx: Tx, actor: Actor | None, draft: TypeDraft) -> QualificationType:
    """Raises Conflict when the slug is taken."""
    tenant_id = authorise(tx, actor, Permission.MANAGE_PEOPLE)
    made = QualificationType(
        tenant_id,
        new_id(),
        draft.slug,
        draft.name,
        draft.skills,
        draft.validity_months,
        draft.review_months,
        draft.warn_days,
        draft.source,
        True,
        1,
        tx.now,
    )
    check_type(made)
    saved = await queries.insert(tx, tenant_id, made)
    if saved is None:
        raise Conflict(
            "qualification_type.slug_taken",
            f"the slug {draft.slug} is taken",
            f"标识 {draft.slug} 已被使用",
            field="slug",
            value=draft.slug,
        )
    facts = {"slug": saved.slug, "skills": saved.skills, "source": saved.source}
    await audit.record(tx, id_of(actor), "qualification_type.created", "qualification_type", saved.id, facts)
    return saved


async def edit_type(
    tx: Tx, actor: Actor, type_id: UUID, change: TypeChange, *, expected_version: int
) -> QualificationType:
    """Edit a type; records of it change their skills and warnings at once.

    A type that is out of use takes no new records; those it has count until they end.
    """
    actor.require(Permission.MANAGE_PEOPLE)
    kind = await queries.lock(tx, actor.tenant_id, type_id)
    if kind is None:
        raise no_type(type_id)
    check_version(kind.version, expected_version)
    changes = given(change)
    changed = msgspec.structs.replace(kind, **changes)
    check_type(changed)
    saved = await queries.save(tx, actor.tenant_id, changed)
    facts = {name: {"from": getattr(kind, name), "to": value} for name, value in changes.items()}
    await audit.record(tx, actor.account_id, "qualification_type.edited", "qualification_type", type_id, facts)
    return saved


async def get_type(tx: Tx, actor: Actor, type_id: UUID) -> QualificationType:
    """One type; everybody may know what the plant asks for."""
    actor.require(Permission.READ_PLANT)
    kind = await queries.find(tx, actor.tenant_id, type_id)
    if kind is None:
        raise no_type(type_id)
    return kind


async def list_types(
    tx: Tx, actor: Actor, *, after: str, search: str | None, skill: str | None, in_use: bool | None, limit: int
) -> list[QualificationType]:
    """A page of types by slug."""
    actor.require(Permission.READ_PLANT)
    return await queries.list_types(
        tx, actor.tenant_id, after=after, search=search, skill=skill, in_use=in_use, limit=limit
    )


async def list_skills(tx: Tx, actor: Actor) -> list[str]:
    """Every code: the product's and those the plant's types give."""
    actor.require(Permission.READ_PLANT)
    return sorted(SKILLS.keys() | await queries.list_skill_codes(tx, actor.tenant_id))


def authorise(tx: Tx, actor: Actor | None, permission: Permission) -> UUID:
    """The tenant that is acted in; raises Forbidden."""
    if actor is None:
        assert tx.tenant_id is not None
        return tx.tenant_id
    actor.require(permission)
    return actor.tenant_id


def id_of(actor: Actor | None) -> UUID | None:
    """The actor's id as audit rows name it."""
    return None if actor is None else actor.account_id


def given(change: msgspec.Struct) -> dict[str, object]:
    """The fields of an edit that are not UNSET."""
    return {name: value for name in change.__struct_fields__ if (value := getattr(change, name)) is not msgspec.UNSET}
