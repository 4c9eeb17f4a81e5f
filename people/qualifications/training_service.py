"""Use cases of trainings, and what passing one does to a qualification."""

from __future__ import annotations

from datetime import date
from uuid import UUID

import msgspec

from core import audit
from core.database import Tx
from core.errors import Conflict, Invalid
from core.ids import new_id
from people import queries as account_queries
from people.actor import Actor
from people.permissions import Permission
from people.qualifications import queries, service, type_queries
from people.qualifications import training_queries as trainings
from people.qualifications.checks import check_training
from people.qualifications.errors import no_person, no_record, no_training
from people.qualifications.model import Qualification, QualificationType, Training, TrainingResult
from people.qualifications.records import RecordDraft
from people.qualifications.standing import renewed
from people.qualifications.type_service import given
from people.service import check_version


class TrainingDraft(msgspec.Struct, frozen=True):
    """A training held. Passed, it makes a new record of the type ``grants``, or prolongs the record ``renews``."""

    account_id: UUID
    course: str
    trainer: str
    held_on: date
    hours: float
    result: TrainingResult
    evidence_id: UUID | None = None
    grants: UUID | None = None
    renews: UUID | None = None


class TrainingChange(msgspec.Struct, frozen=True):
    """What is UNSET stays."""

    course: str | msgspec.UnsetType = msgspec.UNSET
    trainer: str | msgspec.UnsetType = msgspec.UNSET
    held_on: date | msgspec.UnsetType = msgspec.UNSET
    hours: float | msgspec.UnsetType = msgspec.UNSET
    result: TrainingResult | msgspec.UnsetType = msgspec.UNSET
    evidence_id: UUID | msgspec.UnsetType | None = msgspec.UNSET


async def create_training(tx: Tx, actor: Actor, draft: TrainingDraft) -> Training:
    """Enter a training, and the qualification that passing it grants or renews."""
    actor.require(Permission.MANAGE_PEOPLE)
    tenant_id = actor.tenant_id
    _check_outcome(draft)
    if await account_queries.find_account(tx, tenant_id, draft.account_id) is None:
        raise no_person(draft.account_id)
    await service.check_evidence(tx, tenant_id, draft.evidence_id)
    made = Training(
        tenant_id,
        new_id(),
        draft.account_id,
        draft.course,
        draft.trainer,
        draft.held_on,
        draft.hours,
        draft.result,
        draft.evidence_id,
        None,
        1,
        tx.now,
    )
    check_training(made, await service.today(tx, tenant_id))
    made = msgspec.structs.replace(made, qualification_id=await _qualify(tx, actor, draft))
    saved = await trainings.insert(tx, tenant_id, made)
    facts = {
        "account": saved.account_id,
        "course": saved.course,
        "result": saved.result,
        "qualification": saved.qualification_id,
    }
    await audit.record(tx, actor.account_id, "training.entered", "training", saved.id, facts)
    return saved


def _check_outcome(draft: TrainingDraft) -> None:
    asked = [name for name in ("grants", "renews") if getattr(draft, name) is not None]
    if len(asked) == 2:
        raise Invalid(
            "training.outcome",
            "a training grants a qualification or renews one, not both",
            "一次培训只能授予或续期一项资质",
            field="renews",
            limit="grants | renews",
        )
    if asked and draft.result != "passed":
        raise Invalid(
            "training.not_passed",
            f"only a passed training {asked[0]} a qualification",
            "只有通过的培训才能授予或续期资质",
            field="result",
            value=draft.result,
            limit="passed",
        )


async def _qualify(tx: Tx, actor: Actor, draft: TrainingDraft) -> UUID | None:
    if draft.grants is not None:
        record = RecordDraft(
            draft.account_id, draft.grants, draft.trainer, draft.held_on, evidence_id=draft.evidence_id
        )
        return (await service.create_record(tx, actor, record)).record.id
    if draft.renews is None:
        return None
    found = await queries.lock(tx, actor.tenant_id, draft.renews)
    if found is None or found.account_id != draft.account_id:
        raise no_record(draft.renews)
    kind = await type_queries.find(tx, actor.tenant_id, found.type_id)
    assert kind is not None
    await _save_renewed(tx, actor, found, kind, draft.held_on)
    return found.id


async def _save_renewed(tx: Tx, actor: Actor, before: Qualification, kind: QualificationType, held_on: date) -> None:
    after = renewed(before, kind, held_on)
    await queries.save(tx, actor.tenant_id, after)
    facts = {name: {"from": getattr(before, name), "to": getattr(after, name)} for name in ("valid_until", "review_by")}
    await audit.record(tx, actor.account_id, "qualification.renewed", "qualification", before.id, facts)


async def edit_training(
    tx: Tx, actor: Actor, training_id: UUID, change: TrainingChange, *, expected_version: int
) -> Training:
    """Correct a training; what it granted is edited, suspended or deleted by itself."""
    actor.require(Permission.MANAGE_PEOPLE)
    before = await trainings.lock(tx, actor.tenant_id, training_id)
    if before is None:
        raise no_training(training_id)
    check_version(before.version, expected_version)
    changes = given(change)
    changed = msgspec.structs.replace(before, **changes)
    check_training(changed, await service.today(tx, actor.tenant_id))
    await service.check_evidence(tx, actor.tenant_id, changed.evidence_id)
    if changed.qualification_id is not None and changed.result != "passed":
        raise Conflict(
            "training.qualified",
            "this training gave a qualification: suspend or delete that first",
            "该培训已授予资质：请先暂停或删除该资质",
            field="result",
            value=changed.result,
            limit="passed",
        )
    saved = await trainings.save(tx, actor.tenant_id, changed)
    facts = {name: {"from": getattr(before, name), "to": value} for name, value in changes.items()}
    await audit.record(tx, actor.account_id, "training.edited", "training", training_id, facts)
    return saved


async def delete_training(tx: Tx, actor: Actor, training_id: UUID) -> None:
    """Remove a training that never was; a qualification it gave stays."""
    actor.require(Permission.MANAGE_PEOPLE)
    before = await trainings.lock(tx, actor.tenant_id, training_id)
    if before is None:
        raise no_training(training_id)
    await trainings.delete(tx, actor.tenant_id, training_id)
    facts = {"account": before.account_id, "course": before.course, "held_on": before.held_on, "result": before.result}
    await audit.record(tx, actor.account_id, "training.deleted", "training", training_id, facts)


async def get_training(tx: Tx, actor: Actor, training_id: UUID) -> Training:
    """One training: one's own, or any with READ_QUALIFICATIONS."""
    found = await trainings.find(tx, actor.tenant_id, training_id)
    if found is None or not (found.account_id == actor.account_id or actor.may(Permission.READ_QUALIFICATIONS)):
        raise no_training(training_id)
    return found


async def list_trainings(
    tx: Tx,
    actor: Actor,
    *,
    account_id: UUID | None,
    result: TrainingResult | None,
    search: str | None,
    before: tuple[date, UUID],
    limit: int,
) -> list[Training]:
    """A page of trainings, newest first; without READ_QUALIFICATIONS one's own alone."""
    return await trainings.list_trainings(
        tx,
        actor.tenant_id,
        before=before,
        account_id=service.whose(actor, account_id),
        result=result,
        search=search,
        limit=limit,
    )
