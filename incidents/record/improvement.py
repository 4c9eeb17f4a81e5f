"""Use cases of what follows from an incident: lessons, and corrective actions with owners and due dates."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

import msgspec

from core import audit
from core.database import Tx
from core.errors import Conflict, Forbidden, Invalid, NotFound
from core.ids import new_id
from incidents import queries
from incidents.record import report_queries, timeline
from incidents.record.report_queries import ActionRow, LessonRow
from people import queries as people_queries
from people.actor import Actor
from people.permissions import Permission
from people.service import check_version


class ActionChange(msgspec.Struct, frozen=True, kw_only=True):
    """An edit; what is UNSET stays."""

    text: str | msgspec.UnsetType = msgspec.UNSET
    owner_account_id: UUID | msgspec.UnsetType = msgspec.UNSET
    due_on: date | msgspec.UnsetType = msgspec.UNSET


async def add_lesson(tx: Tx, actor: Actor, incident_id: UUID, text: str) -> LessonRow:
    """Write down what was learned."""
    actor.require(Permission.MANAGE_INCIDENT)
    await queries.lock_incident(tx, actor.tenant_id, incident_id)
    row = LessonRow(actor.tenant_id, new_id(), incident_id, text, actor.account_id, tx.now)
    await report_queries.insert_lesson(tx, row)
    facts = {"lesson": row.id, "note": text}
    await timeline.append(tx, actor.tenant_id, incident_id, "lesson.added", facts, by=actor.account_id)
    await audit.record(tx, actor.account_id, "lesson.added", "incident", incident_id, {"lesson": row.id})
    return row


async def list_lessons(
    tx: Tx,
    actor: Actor,
    *,
    incident_id: UUID | None,
    search: str | None,
    before: tuple[datetime, UUID] | None,
    limit: int,
) -> list[LessonRow]:
    """Lessons of every incident or of one, newest first."""
    actor.require(Permission.READ_INCIDENTS)
    return await report_queries.list_lessons(
        tx, actor.tenant_id, incident_id=incident_id, search=search, before=before, limit=limit
    )


async def add_action(
    tx: Tx, actor: Actor, incident_id: UUID, *, text: str, owner: UUID, due_on: date, lesson_id: UUID | None
) -> ActionRow:
    """Set a corrective action; raises NotFound for the owner or a lesson of another incident."""
    actor.require(Permission.MANAGE_INCIDENT)
    await queries.lock_incident(tx, actor.tenant_id, incident_id)
    if lesson_id is not None and await report_queries.find_lesson_incident(tx, actor.tenant_id, lesson_id) != (
        incident_id
    ):
        raise NotFound(
            "lesson.not_found", f"no lesson {lesson_id} of this incident", "本事件没有此经验教训", field="lesson"
        )
    row = ActionRow(
        tenant_id=actor.tenant_id,
        id=new_id(),
        incident_id=incident_id,
        lesson_id=lesson_id,
        text=text,
        owner_account_id=owner,
        due_on=due_on,
        state="open",
        done_by=None,
        done_at=None,
        done_note=None,
        verified_by=None,
        verified_at=None,
        version=1,
        created_by=actor.account_id,
        created_at=tx.now,
    )
    await _check(tx, row)
    await report_queries.insert_action(tx, row)
    facts = {"action_id": row.id, "note": text, "owner": owner, "due_on": due_on.isoformat()}
    await timeline.append(tx, actor.tenant_id, incident_id, "action.set", facts, by=actor.account_id)
    await audit.record(tx, actor.account_id, "action.set", "corrective_action", row.id, facts)
    return row


async def edit_action(
    tx: Tx, actor: Actor, action_id: UUID, change: ActionChange, *, expected_version: int
) -> ActionRow:
    """Edit an open action."""
    actor.require(Permission.MANAGE_INCIDENT)
    row = await report_queries.get_action(tx, actor.tenant_id, action_id, lock=True)
    check_version(row.version, expected_version)
    if row.state != "open":
        raise _wrong_state(row, "open")
    fields = {f: v for f in change.__struct_fields__ if (v := getattr(change, f)) is not msgspec.UNSET}
    changed = msgspec.structs.replace(row, **fields)
    await _check(tx, changed)
    saved = await report_queries.save_action(tx, changed)
    await audit.record(tx, actor.account_id, "action.edited", "corrective_action", action_id, fields)
    return saved


async def finish_action(tx: Tx, actor: Actor, action_id: UUID, note: str) -> ActionRow:
    """The owner, or who runs incidents, says it is done; twice is one fact."""
    actor.require(Permission.READ_INCIDENTS)
    row = await report_queries.get_action(tx, actor.tenant_id, action_id, lock=True)
    if row.owner_account_id != actor.account_id and not actor.may(Permission.MANAGE_INCIDENT):
        raise Forbidden("action.not_yours", "this action is another person's", "此整改措施属于他人", field="action_id")
    if row.state != "open":
        return row
    done = msgspec.structs.replace(row, state="done", done_by=actor.account_id, done_at=tx.now, done_note=note)
    return await _move(tx, actor, done, "action.done", note)


async def verify_action(tx: Tx, actor: Actor, action_id: UUID) -> ActionRow:
    """Another person than who did it, or owns it, has seen that it is done; twice is one fact."""
    actor.require(Permission.MANAGE_INCIDENT)
    row = await report_queries.get_action(tx, actor.tenant_id, action_id, lock=True)
    if row.state == "verified":
        return row
    if row.state != "done":
        raise _wrong_state(row, "done")
    if actor.account_id in (row.done_by, row.owner_account_id):
        raise Forbidden(
            "action.own",
            "an action is verified by another person than who did it",
            "整改措施须由实施人以外的人验证",
            field="action_id",
        )
    seen = msgspec.structs.replace(row, state="verified", verified_by=actor.account_id, verified_at=tx.now)
    return await _move(tx, actor, seen, "action.verified", "")


async def get_action(tx: Tx, actor: Actor, action_id: UUID) -> ActionRow:
    """One action; raises NotFound."""
    actor.require(Permission.READ_INCIDENTS)
    return await report_queries.get_action(tx, actor.tenant_id, action_id)


async def list_actions(
    tx: Tx,
    actor: Actor,
    *,
    incident_id: UUID | None,
    owner: UUID | None,
    state: str | None,
    due_until: date | None,
    search: str | None,
    after: tuple[date, UUID] | None,
    limit: int,
) -> list[ActionRow]:
    """Actions of every incident or of one, the next due first."""
    actor.require(Permission.READ_INCIDENTS)
    return await report_queries.list_actions(
        tx,
        actor.tenant_id,
        incident_id=incident_id,
        owner=owner,
        state=state,
        due_until=due_until,
        search=search,
        after=after,
        limit=limit,
    )


async def _move(tx: Tx, actor: Actor, row: ActionRow, kind: str, note: str) -> ActionRow:
    """The action's life goes into the audit trail; the incident's timeline is about the incident, which is over."""
    saved = await report_queries.save_action(tx, row)
    await audit.record(tx, actor.account_id, kind, "corrective_action", row.id, {"note": note})
    return saved


async def _check(tx: Tx, row: ActionRow) -> None:
    owner = await people_queries.find_account(tx, row.tenant_id, row.owner_account_id)
    if owner is None or owner.disabled_at is not None:
        raise NotFound(
            "account.not_found", "there is no such account in use", "没有此在用账号", field="owner",
            value=str(row.owner_account_id),
        )  # fmt: skip
    if row.due_on < row.created_at.date():
        raise Invalid(
            "action.due_on",
            "an action is due after it was set",
            "期限不得早于设定日期",
            field="due_on",
            value=row.due_on.isoformat(),
            limit=row.created_at.date().isoformat(),
        )


def _wrong_state(row: ActionRow, needed: str) -> Conflict:
    return Conflict(
        "action.state",
        f"the action is {row.state}, not {needed}",
        f"整改措施状态为 {row.state}，须为 {needed}",
        field="state",
        value=row.state,
        limit=needed,
    )
