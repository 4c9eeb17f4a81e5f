"""Trainings, and the files that prove them and qualifications."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Request, Response, Router, delete, get, patch, post
from litestar.params import FromPath, JSONBody, QueryParameter

from api.bearer import needs
from api.body import RawBody, check_media_type
from api.call import Call, Deps, Write
from api.etags import IfMatch, etag, expected_version
from api.paging import DEFAULT_LIMIT, Cursor, Limit, page, read_cursor
from api.qualifications import Person
from mobile_contract.paging import Page
from mobile_contract.qualifications import EvidenceView, NewTraining, TrainingEdit, TrainingResultName, TrainingView
from people.permissions import Permission
from people.qualifications import evidence_service
from people.qualifications import training_service as service
from people.qualifications.evidence import EVIDENCE_MAX_BYTES, SUFFIXES
from people.qualifications.model import Evidence, Training
from people.qualifications.training_service import TrainingChange, TrainingDraft


class _HeldKey(msgspec.Struct, frozen=True, array_like=True):
    """A place in a list ordered by (day, id)."""

    held_on: date
    id: UUID


_NEWEST = _HeldKey(date.max, UUID(int=2**128 - 1))


@get("/v1/trainings")
async def list_trainings(
    call: Call,
    account_id: Person = None,
    result: Annotated[TrainingResultName | None, QueryParameter(description="With this result alone.")] = None,
    q: Annotated[
        str | None, QueryParameter(min_length=1, max_length=100, description="Part of a course, trainer or name.")
    ] = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Page[TrainingView]:
    """Trainings, newest first; without read_qualifications one's own."""
    last = read_cursor(cursor, _HeldKey, _NEWEST)
    rows = await service.list_trainings(
        call.tx,
        call.actor,
        account_id=account_id,
        result=result,
        search=q,
        before=(last.held_on, last.id),
        limit=limit + 1,
    )
    return page(rows, limit, key=lambda it: _HeldKey(it.held_on, it.id), view=training_view)


@get("/v1/trainings/{training_id:uuid}")
async def get_training(call: Call, training_id: FromPath[UUID]) -> Response[TrainingView]:
    """One training, one's own or with read_qualifications; its ETag is what an edit names."""
    found = await service.get_training(call.tx, call.actor, training_id)
    return Response(training_view(found), headers=etag(found.version))


@post("/v1/trainings", guards=[needs(Permission.MANAGE_PEOPLE)])
async def create_training(data: JSONBody[NewTraining], write: Write) -> Response[TrainingView]:
    """Enter a training that was held; passed, it can grant a qualification or renew one."""

    async def work() -> TrainingView:
        draft = TrainingDraft(
            data.account,
            data.course,
            data.trainer,
            data.held_on,
            data.hours,
            data.result,
            data.evidence,
            data.grants,
            data.renews,
        )
        return training_view(await service.create_training(write.tx, write.actor, draft))

    return await write.once(work, headers=lambda it: etag(it.version))


@patch("/v1/trainings/{training_id:uuid}", guards=[needs(Permission.MANAGE_PEOPLE)])
async def edit_training(
    data: JSONBody[TrainingEdit], training_id: FromPath[UUID], call: Call, if_match: IfMatch = None
) -> Response[TrainingView]:
    """Correct a training."""
    version = expected_version(if_match)
    change = TrainingChange(data.course, data.trainer, data.held_on, data.hours, data.result, data.evidence)
    saved = await service.edit_training(call.tx, call.actor, training_id, change, expected_version=version)
    return Response(training_view(saved), headers=etag(saved.version))


@delete("/v1/trainings/{training_id:uuid}", guards=[needs(Permission.MANAGE_PEOPLE)])
async def delete_training(call: Call, training_id: FromPath[UUID]) -> None:
    """Remove a training that never was; a qualification it gave stays."""
    await service.delete_training(call.tx, call.actor, training_id)


@post(
    "/v1/evidence",
    guards=[needs(Permission.MANAGE_PEOPLE)],
    opt={"raw_body": RawBody((), tuple(SUFFIXES))},
    request_max_body_size=EVIDENCE_MAX_BYTES,
)
async def upload_evidence(request: Request[Any, Any, Any], write: Write, deps: Deps) -> Response[EvidenceView]:
    """Keep a file that proves something: the bytes of one PDF, JPEG or PNG, at most 10 MiB.

    What it is is told by its content, not by a name or a header.
    """
    check_media_type(request, tuple(SUFFIXES))
    content = await request.body()
    media_type, sha256 = await evidence_service.keep(deps.files, write.actor, content)

    async def work() -> EvidenceView:
        return evidence_view(await evidence_service.enter(write.tx, write.actor, media_type, sha256, len(content)))

    return await write.once(work)


@get("/v1/evidence/{evidence_id:uuid}", media_type="application/octet-stream")
async def download_evidence(call: Call, deps: Deps, evidence_id: FromPath[UUID]) -> Response[bytes]:
    """The file as it was sent: with read_qualifications, or when it proves something of one's own.

    Always a download, so that nothing a file holds runs as ours.
    """
    found = await evidence_service.find_allowed(call.tx, call.actor, evidence_id)
    content = await evidence_service.read(deps.files, found)
    name = f"evidence-{found.id}.{SUFFIXES[found.media_type]}"
    headers = {
        "Content-Disposition": f'attachment; filename="{name}"',
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "private, no-store",
    }
    return Response(content, media_type="application/octet-stream", headers=headers)


def training_view(it: Training) -> TrainingView:
    """A training as the wire shows it."""
    return TrainingView(
        it.id,
        it.account_id,
        it.course,
        it.trainer,
        it.held_on,
        it.hours,
        it.result,
        it.evidence_id,
        it.qualification_id,
        it.version,
        it.created_at,
    )


def evidence_view(it: Evidence) -> EvidenceView:
    """A file as the wire shows it."""
    return EvidenceView(it.id, it.media_type, it.size_bytes, it.sha256, it.created_at)  # type: ignore[arg-type]


router = Router(
    "/",
    route_handlers=[
        list_trainings,
        get_training,
        create_training,
        edit_training,
        delete_training,
        upload_evidence,
        download_evidence,
    ],
    tags=["qualifications"],
)
