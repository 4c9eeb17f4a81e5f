"""Use cases of qualifications. An actor of None is Muster itself (seeding).

Locks: a qualification's row stands before a training's, both before the audit head; none is held with an incident's.
"""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

import asyncpg
import msgspec

from core import audit
from core.database import Tx
from core.errors import Conflict
from core.ids import new_id
from people import queries as account_queries
from people.actor import Actor
from people.permissions import Permission
from people.qualifications import queries, training_queries, type_queries
from people.qualifications.checks import check_record, check_suspension
from people.qualifications.errors import entered_already, no_evidence, no_person, no_place, no_record, no_type
from people.qualifications.model import Qualification, QualificationType
from people.qualifications.queries import Asked
from people.qualifications.records import RecordDraft, facts_of, new_record
from people.qualifications.standing import Standing, day_at, standing, suspended_on
from people.qualifications.type_service import authorise, given, id_of
from people.service import check_version


async def list_valid_skills(
    tx: Tx, tenant_id: UUID, at: datetime, *, site_id: UUID | None = None, zone_id: UUID | None = None
) -> dict[UUID, frozenset[str]]:
    """Skill codes by account, from qualifications valid at this moment; accounts without any are left out.

    A qualification that is limited to places counts only where one of them is asked about: name the site and the zone
    of the incident, else those are left out.
    """
    return await queries.list_valid_skills(tx, tenant_id, at, site_id, zone_id)


class RecordChange(msgspec.Struct, frozen=True):
    """What is UNSET stays; a record never changes its person or type."""

    issuer: str | msgspec.UnsetType = msgspec.UNSET
    scope: str | msgspec.UnsetType = msgspec.UNSET
    sites: list[UUID] | msgspec.UnsetType = msgspec.UNSET
    zones: list[UUID] | msgspec.UnsetType = msgspec.UNSET
    number: str | msgspec.UnsetType | None = msgspec.UNSET
    valid_from: date | msgspec.UnsetType = msgspec.UNSET
    valid_until: date | msgspec.UnsetType | None = msgspec.UNSET
    review_by: date | msgspec.UnsetType | None = msgspec.UNSET
    evidence_id: UUID | msgspec.UnsetType | None = msgspec.UNSET


class Shown(msgspec.Struct, frozen=True):
    """A record with what a reader needs beside it."""

    record: Qualification
    kind: QualificationType
    standing: Standing
    person: queries.Name
    noticed_at: datetime | None = None


async def today(tx: Tx, tenant_id: UUID) -> date:
    """The tenant's calendar day at this moment."""
    return day_at(tx.now, await queries.find_tz(tx, tenant_id))


async def create_record(tx: Tx, actor: Actor | None, draft: RecordDraft) -> Shown:
    """Enter a qualification. Raises NotFound for what it names, Conflict when it is entered already."""
    tenant_id = authorise(tx, actor, Permission.MANAGE_PEOPLE)
    kind = await type_queries.find(tx, tenant_id, draft.type_id)
    if kind is None:
        raise no_type(draft.type_id)
    if await account_queries.find_account(tx, tenant_id, draft.account_id) is None:
        raise no_person(draft.account_id)
    made = new_record(draft, kind, tenant_id, new_id(), tx.now)
    check_record(made)
    await _check_references(tx, tenant_id, made)
    if not await queries.insert(tx, tenant_id, made):
        raise entered_already("valid_from", made.valid_from.isoformat())
    await audit.record(tx, id_of(actor), "qualification.entered", "qualification", made.id, facts_of(made, kind.slug))
    return (await show(tx, tenant_id, [made]))[0]


async def edit_record(tx: Tx, actor: Actor, record_id: UUID, change: RecordChange, *, expected_version: int) -> Shown:
    """Edit a record: a renewal, a review entered, a correction."""
    actor.require(Permission.MANAGE_PEOPLE)
    record = await _lock(tx, actor.tenant_id, record_id)
    check_version(record.version, expected_version)
    changes = given(change)
    changed = msgspec.structs.replace(record, **changes)
    check_record(changed)
    await _check_references(tx, actor.tenant_id, changed)
    try:
        saved = await queries.save(tx, actor.tenant_id, changed)
    except asyncpg.UniqueViolationError as problem:
        raise entered_already("valid_from", changed.valid_from.isoformat()) from problem
    facts = {name: {"from": getattr(record, name), "to": value} for name, value in changes.items()}
    await audit.record(tx, actor.account_id, "qualification.edited", "qualification", record_id, facts)
    return (await show(tx, actor.tenant_id, [saved]))[0]


async def delete_record(tx: Tx, actor: Actor, record_id: UUID) -> None:
    """Remove what should never have been entered; the audit keeps what it was."""
    actor.require(Permission.MANAGE_PEOPLE)
    record = await _lock(tx, actor.tenant_id, record_id)
    kind = await type_queries.find(tx, actor.tenant_id, record.type_id)
    assert kind is not None
    await queries.delete(tx, actor.tenant_id, record_id)
    facts = facts_of(record, kind.slug)
    await audit.record(tx, actor.account_id, "qualification.deleted", "qualification", record_id, facts)


async def suspend(
    tx: Tx, actor: Actor, record_id: UUID, *, reason: str, start: date | None = None, until: date | None = None
) -> Shown:
    """Take its skills away from today (or ``start``) to the end of ``until``; None: until it is reinstated.

    Suspending again replaces the suspension.
    """
    actor.require(Permission.MANAGE_PEOPLE)
    record = await _lock(tx, actor.tenant_id, record_id)
    now = await today(tx, actor.tenant_id)
    start = start or now
    check_suspension(start, until, now)
    changed = msgspec.structs.replace(
        record,
        suspended_from=start,
        suspended_until=until,
        suspended_reason=reason,
        suspended_by=actor.account_id,
    )
    saved = await queries.save(tx, actor.tenant_id, changed)
    facts = {"account": record.account_id, "from": start, "until": until, "reason": reason}
    await audit.record(tx, actor.account_id, "qualification.suspended", "qualification", record_id, facts)
    return (await show(tx, actor.tenant_id, [saved]))[0]


async def reinstate(tx: Tx, actor: Actor, record_id: UUID, *, reason: str) -> Shown:
    """End a suspension that runs or is to come; raises Conflict when there is none."""
    actor.require(Permission.MANAGE_PEOPLE)
    record = await _lock(tx, actor.tenant_id, record_id)
    now = await today(tx, actor.tenant_id)
    to_come = record.suspended_from is not None and record.suspended_from > now
    if not (to_come or suspended_on(record, now)):
        raise Conflict(
            "qualification.not_suspended",
            "the qualification is not suspended",
            "该资质未被暂停",
            value=str(record_id),
        )
    changed = msgspec.structs.replace(
        record, suspended_from=None, suspended_until=None, suspended_reason=None, suspended_by=None
    )
    saved = await queries.save(tx, actor.tenant_id, changed)
    facts = {
        "account": record.account_id,
        "reason": reason,
        "suspension": {"from": record.suspended_from, "reason": record.suspended_reason, "by": record.suspended_by},
    }
    await audit.record(tx, actor.account_id, "qualification.reinstated", "qualification", record_id, facts)
    return (await show(tx, actor.tenant_id, [saved]))[0]


async def get_record(tx: Tx, actor: Actor, record_id: UUID) -> Shown:
    """One record: one's own, or any with READ_QUALIFICATIONS."""
    record = await queries.find(tx, actor.tenant_id, record_id)
    if record is None or not (record.account_id == actor.account_id or actor.may(Permission.READ_QUALIFICATIONS)):
        raise no_record(record_id)
    return (await show(tx, actor.tenant_id, [record]))[0]


async def list_records(tx: Tx, actor: Actor, asked: Asked, *, after: UUID, limit: int) -> list[Shown]:
    """A page of records; without READ_QUALIFICATIONS one's own alone."""
    asked = msgspec.structs.replace(asked, account_id=whose(actor, asked.account_id))
    day = await today(tx, actor.tenant_id)
    rows = await queries.list_records(tx, actor.tenant_id, asked, day=day, after=after, limit=limit)
    return await show(tx, actor.tenant_id, rows)


def whose(actor: Actor, account_id: UUID | None) -> UUID | None:
    """Whose records a list may show: anybody's (None) with READ_QUALIFICATIONS, else one's own."""
    if actor.may(Permission.READ_QUALIFICATIONS):
        return account_id
    if account_id not in {None, actor.account_id}:
        actor.require(Permission.READ_QUALIFICATIONS)
    return actor.account_id


async def list_to_renew(tx: Tx, actor: Actor, *, after: tuple[date, UUID], limit: int) -> list[Shown]:
    """What runs out or has run out and was not renewed, soonest end first."""
    actor.require(Permission.READ_QUALIFICATIONS)
    day = await today(tx, actor.tenant_id)
    rows = await queries.list_to_renew(tx, actor.tenant_id, day=day, after=after, limit=limit)
    return await show(tx, actor.tenant_id, rows)


async def list_holders(tx: Tx, actor: Actor, skill: str, *, after: str, limit: int) -> list[queries.Holder]:
    """Who has this skill now, by login."""
    actor.require(Permission.READ_QUALIFICATIONS)
    day = await today(tx, actor.tenant_id)
    return await queries.list_holders(tx, actor.tenant_id, skill, day=day, after=after, limit=limit)


async def show(tx: Tx, tenant_id: UUID, records: list[Qualification]) -> list[Shown]:
    """Records with their types, people and states of today."""
    day = await today(tx, tenant_id)
    kinds = await type_queries.find_many(tx, tenant_id, list({it.type_id for it in records}))
    people = await queries.find_names(tx, tenant_id, list({it.account_id for it in records}))
    noticed = await queries.find_noticed(tx, tenant_id, [it.id for it in records])
    return [
        Shown(it, kinds[it.type_id], standing(it, kinds[it.type_id], day), people[it.account_id], noticed.get(it.id))
        for it in records
    ]


async def _lock(tx: Tx, tenant_id: UUID, record_id: UUID) -> Qualification:
    record = await queries.lock(tx, tenant_id, record_id)
    if record is None:
        raise no_record(record_id)
    return record


async def _check_references(tx: Tx, tenant_id: UUID, it: Qualification) -> None:
    if it.sites or it.zones:
        unknown = await queries.find_unknown_places(tx, tenant_id, it.sites, it.zones)
        if unknown:
            raise no_place(unknown[0])
    await check_evidence(tx, tenant_id, it.evidence_id)


async def check_evidence(tx: Tx, tenant_id: UUID, evidence_id: UUID | None) -> None:
    """Raise NotFound unless the file is the tenant's."""
    if evidence_id is not None and await training_queries.find_evidence(tx, tenant_id, evidence_id) is None:
        raise no_evidence(evidence_id)
