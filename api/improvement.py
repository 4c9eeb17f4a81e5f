"""What follows from incidents: lessons, and corrective actions with owners and due dates."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Response, Router, get, patch, post
from litestar.params import FromPath, JSONBody, QueryParameter

from api.bearer import needs
from api.call import Call, Write
from api.etags import IfMatch, etag, expected_version
from api.paging import DEFAULT_LIMIT, Cursor, Limit, page, read_cursor, read_time_cursor, time_key
from incidents.record import improvement as service
from incidents.record.report_queries import ActionRow, LessonRow
from mobile_contract.paging import Page
from mobile_contract.reports import (
    ActionDone,
    ActionEdit,
    ActionStateName,
    ActionView,
    LessonView,
    NewAction,
    NewLesson,
)
from people.permissions import Permission

Words = Annotated[str | None, QueryParameter(name="q", min_length=1, max_length=100, description="Part of the text.")]
OfIncident = Annotated[UUID | None, QueryParameter(name="incident", description="Of this incident.")]


class _Due(msgspec.Struct, frozen=True, array_like=True):
    """A place in a list ordered by (due date, id)."""

    on: date
    id: UUID


@get("/v1/lessons", guards=[needs(Permission.READ_INCIDENTS)])
async def list_lessons(
    call: Call,
    incident_id: OfIncident = None,
    search: Words = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Page[LessonView]:
    """What was learned, newest first, across incidents."""
    rows = await service.list_lessons(
        call.tx,
        call.actor,
        incident_id=incident_id,
        search=search,
        before=read_time_cursor(cursor),
        limit=limit + 1,
    )
    return page(rows, limit, key=lambda row: time_key(row.created_at, row.id), view=lesson_view)


@post("/v1/incidents/{incident_id:uuid}/lessons", guards=[needs(Permission.MANAGE_INCIDENT)])
async def add_lesson(data: JSONBody[NewLesson], incident_id: FromPath[UUID], write: Write) -> Response[LessonView]:
    """Write down what was learned."""

    async def work() -> LessonView:
        return lesson_view(await service.add_lesson(write.tx, write.actor, incident_id, data.text))

    return await write.once(work)


@get("/v1/corrective-actions", guards=[needs(Permission.READ_INCIDENTS)])
async def list_corrective_actions(
    call: Call,
    incident_id: OfIncident = None,
    account: Annotated[UUID | None, QueryParameter(description="Owned by this person.")] = None,
    in_state: Annotated[
        ActionStateName | None, QueryParameter(name="state", description="open, done or verified.")
    ] = None,
    due_within_days: Annotated[
        int | None,
        QueryParameter(ge=-1, le=3650, description="Due until then: with state=open what to remind of; -1: overdue."),
    ] = None,
    search: Words = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Page[ActionView]:
    """Corrective actions across incidents, the next due first."""
    after = None if cursor is None else read_cursor(cursor, _Due, _Due(date.min, UUID(int=0)))
    today = call.tx.now.date()
    rows = await service.list_actions(
        call.tx,
        call.actor,
        incident_id=incident_id,
        owner=account,
        state=in_state,
        due_until=None if due_within_days is None else today + timedelta(days=due_within_days),
        search=search,
        after=None if after is None else (after.on, after.id),
        limit=limit + 1,
    )
    return page(rows, limit, key=lambda row: _Due(row.due_on, row.id), view=lambda row: action_view(row, today))


@get("/v1/corrective-actions/{action_id:uuid}", guards=[needs(Permission.READ_INCIDENTS)])
async def get_corrective_action(call: Call, action_id: FromPath[UUID]) -> Response[ActionView]:
    """One action; its ETag is what an edit names."""
    row = await service.get_action(call.tx, call.actor, action_id)
    return Response(action_view(row, call.tx.now.date()), headers=etag(row.version))


@post("/v1/incidents/{incident_id:uuid}/corrective-actions", guards=[needs(Permission.MANAGE_INCIDENT)])
async def add_corrective_action(
    data: JSONBody[NewAction], incident_id: FromPath[UUID], write: Write
) -> Response[ActionView]:
    """Set a corrective action: who sees to it, until when."""

    async def work() -> ActionView:
        row = await service.add_action(
            write.tx,
            write.actor,
            incident_id,
            text=data.text,
            owner=data.owner,
            due_on=data.due_on,
            lesson_id=data.lesson,
        )
        return action_view(row, write.tx.now.date())

    return await write.once(work, headers=lambda it: etag(it.version))


@patch("/v1/corrective-actions/{action_id:uuid}", guards=[needs(Permission.MANAGE_INCIDENT)])
async def edit_corrective_action(
    data: JSONBody[ActionEdit], action_id: FromPath[UUID], call: Call, if_match: IfMatch = None
) -> Response[ActionView]:
    """Edit an open action."""
    version = expected_version(if_match)
    change = service.ActionChange(text=data.text, owner_account_id=data.owner, due_on=data.due_on)
    row = await service.edit_action(call.tx, call.actor, action_id, change, expected_version=version)
    return Response(action_view(row, call.tx.now.date()), headers=etag(row.version))


@post("/v1/corrective-actions/{action_id:uuid}/done", status_code=200, guards=[needs(Permission.READ_INCIDENTS)])
async def finish_corrective_action(
    data: JSONBody[ActionDone], action_id: FromPath[UUID], write: Write
) -> Response[ActionView]:
    """The owner, or who runs incidents, says it is done; twice is one fact."""

    async def work() -> ActionView:
        row = await service.finish_action(write.tx, write.actor, action_id, data.note)
        return action_view(row, write.tx.now.date())

    return await write.once(work, status=200)


@post("/v1/corrective-actions/{action_id:uuid}/verify", status_code=200, guards=[needs(Permission.MANAGE_INCIDENT)])
async def verify_corrective_action(action_id: FromPath[UUID], write: Write) -> Response[ActionView]:
    """Another person than who did it has seen that it is done."""

    async def work() -> ActionView:
        row = await service.verify_action(write.tx, write.actor, action_id)
        return action_view(row, write.tx.now.date())

    return await write.once(work, status=200)


def lesson_view(it: LessonRow) -> LessonView:
    """A lesson as the wire shows it."""
    return LessonView(it.id, it.incident_id, it.text, it.created_by, it.created_at)


def action_view(it: ActionRow, today: date) -> ActionView:
    """An action as the wire shows it."""
    return ActionView(
        id=it.id,
        incident=it.incident_id,
        lesson=it.lesson_id,
        text=it.text,
        owner=it.owner_account_id,
        due_on=it.due_on,
        state=it.state,
        overdue=it.state == "open" and it.due_on < today,
        done_by=it.done_by,
        done_at=it.done_at,
        done_note=it.done_note,
        verified_by=it.verified_by,
        verified_at=it.verified_at,
        version=it.version,
        created_by=it.created_by,
        created_at=it.created_at,
    )


router = Router(
    "/",
    route_handlers=[
        list_lessons,
        add_lesson,
        list_corrective_actions,
        get_corrective_action,
        add_corrective_action,
        edit_corrective_action,
        finish_corrective_action,
        verify_corrective_action,
    ],
    tags=["reports"],
)
