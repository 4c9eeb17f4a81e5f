"""Cause-and-effect matrices: versions, review, publishing, differences, replays of the past."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Response, Router, get, patch, post
from litestar.params import FromPath, JSONBody, QueryParameter

from api.bearer import needs
from api.call import Call, ReadCall, Write
from api.etags import IfMatch, etag, expected_version
from api.paging import DEFAULT_LIMIT, Cursor, Limit, page, read_time_cursor, time_key
from incidents.matrix import service
from incidents.matrix.diff import Change
from incidents.matrix.model import Matrix, MatrixBody, MatrixReplay
from mobile_contract.matrix import (
    ChangeView,
    FindingView,
    MatrixEdit,
    MatrixStateName,
    MatrixSummary,
    MatrixTable,
    MatrixView,
    NewMatrix,
    NewReplay,
    ReplayResult,
    ReplaySummary,
    ReplayView,
)
from mobile_contract.paging import Page
from people.permissions import Permission


@get("/v1/matrices", guards=[needs(Permission.READ_PLANS)])
async def list_matrices(
    call: Call,
    site_id: Annotated[UUID | None, QueryParameter(name="site", description="Of this site alone.")] = None,
    in_state: Annotated[MatrixStateName | None, QueryParameter(name="state", description="In this state.")] = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Page[MatrixSummary]:
    """Versions of matrices, newest first, without their tables."""
    rows = await service.list_matrices(
        call.tx, call.actor, site_id=site_id, state=in_state, before=read_time_cursor(cursor), limit=limit + 1
    )
    return page(rows, limit, key=lambda row: time_key(row.created_at, row.id), view=_summary)


@post("/v1/matrices", guards=[needs(Permission.EDIT_PLANS)])
async def create_matrix(data: JSONBody[NewMatrix], write: Write) -> Response[MatrixView]:
    """Begin a draft: empty, of a body, or as a copy of another version of the site."""

    async def work() -> MatrixView:
        body = None if data.body is None else _body(data.body)
        made = await service.create_matrix(write.tx, write.actor, data.site, body, data.note, copy_of=data.copy_of)
        return await _view(write, made)

    return await write.once(work, headers=lambda it: etag(it.version))


@get("/v1/matrices/{matrix_id:uuid}", guards=[needs(Permission.READ_PLANS)])
async def get_matrix(call: Call, matrix_id: FromPath[UUID]) -> Response[MatrixView]:
    """One version with its table and what is wrong with it; its ETag is what an edit names."""
    matrix = await service.get_matrix(call.tx, call.actor, matrix_id)
    return Response(await _view(call, matrix), headers=etag(matrix.version))


@patch("/v1/matrices/{matrix_id:uuid}", guards=[needs(Permission.EDIT_PLANS)])
async def edit_matrix(
    data: JSONBody[MatrixEdit], matrix_id: FromPath[UUID], call: Call, if_match: IfMatch = None
) -> Response[MatrixView]:
    """Edit a draft; a review of it is taken back."""
    version = expected_version(if_match)
    body = None if data.body is None else _body(data.body)
    matrix = await service.edit_matrix(
        call.tx, call.actor, matrix_id, body=body, note=data.note, expected_version=version
    )
    return Response(await _view(call, matrix), headers=etag(matrix.version))


@post("/v1/matrices/{matrix_id:uuid}/review", status_code=200, guards=[needs(Permission.REVIEW_PLANS)])
async def review_matrix(matrix_id: FromPath[UUID], call: Call, if_match: IfMatch = None) -> Response[MatrixView]:
    """Say that this version is right, as a second person: none of those who wrote it."""
    version = expected_version(if_match)
    matrix = await service.review_matrix(call.tx, call.actor, matrix_id, expected_version=version)
    return Response(await _view(call, matrix), headers=etag(matrix.version))


@post("/v1/matrices/{matrix_id:uuid}/publish", status_code=200, guards=[needs(Permission.REVIEW_PLANS)])
async def publish_matrix(matrix_id: FromPath[UUID], call: Call, if_match: IfMatch = None) -> Response[MatrixView]:
    """Put a reviewed version in force; the one before it ends and stays readable."""
    version = expected_version(if_match)
    matrix = await service.publish_matrix(call.tx, call.actor, matrix_id, expected_version=version)
    return Response(await _view(call, matrix), headers=etag(matrix.version))


@get("/v1/matrices/{matrix_id:uuid}/changes", guards=[needs(Permission.READ_PLANS)])
async def list_matrix_changes(
    call: Call,
    matrix_id: FromPath[UUID],
    against: Annotated[
        UUID | None, QueryParameter(description="Another version of the site; without it, the one in force.")
    ] = None,
) -> Page[ChangeView]:
    """What this version changes, row by row, column by column, cell by cell; on one page."""
    changes = await service.compare_matrices(call.tx, call.actor, matrix_id, against)
    return Page([_change(it) for it in changes], None)


@post("/v1/matrices/{matrix_id:uuid}/replays", guards=[needs(Permission.EDIT_PLANS)])
async def replay_matrix(data: JSONBody[NewReplay], matrix_id: FromPath[UUID], write: Write) -> Response[ReplayView]:
    """Ask what a past period would have been under this version. It commands nothing; poll the replay."""

    async def work() -> ReplayView:
        return replay_view(await service.request_replay(write.tx, write.actor, matrix_id, data.start, data.end))

    return await write.once(work)


@get("/v1/matrix-replays", guards=[needs(Permission.READ_PLANS)])
async def list_matrix_replays(
    call: Call,
    matrix_id: Annotated[UUID | None, QueryParameter(name="matrix", description="Of this version alone.")] = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Page[ReplaySummary]:
    """Replays, newest first, without their results."""
    rows = await service.list_replays(
        call.tx, call.actor, matrix_id=matrix_id, before=read_time_cursor(cursor), limit=limit + 1
    )
    return page(rows, limit, key=lambda row: time_key(row.requested_at, row.id), view=_replay_summary)


@get("/v1/matrix-replays/{replay_id:uuid}", guards=[needs(Permission.READ_PLANS)])
async def get_matrix_replay(call: Call, replay_id: FromPath[UUID]) -> ReplayView:
    """One replay: how far it is, and what it found."""
    return replay_view(await service.get_replay(call.tx, call.actor, replay_id))


@post("/v1/matrix-replays/{replay_id:uuid}/cancel", status_code=200, guards=[needs(Permission.EDIT_PLANS)])
async def cancel_matrix_replay(replay_id: FromPath[UUID], write: Write) -> Response[ReplayView]:
    """Stop a replay; one that has ended stays as it is."""

    async def work() -> ReplayView:
        return replay_view(await service.cancel_replay(write.tx, write.actor, replay_id))

    return await write.once(work, status=200)


def _body(table: MatrixTable) -> MatrixBody:
    return msgspec.convert(msgspec.to_builtins(table), MatrixBody)


def _summary_fields(it: Matrix) -> dict[str, Any]:
    return {
        "id": it.id,
        "site": it.site_id,
        "number": it.number,
        "state": it.state,
        "note": it.note,
        "authors": it.authors,
        "causes": len(it.body.causes),
        "effects": len(it.body.effects),
        "cells": len(it.body.cells),
        "version": it.version,
        "created_at": it.created_at,
        "reviewed_by": it.reviewed_by,
        "reviewed_at": it.reviewed_at,
        "published_by": it.published_by,
        "published_at": it.published_at,
        "superseded_at": it.superseded_at,
    }


def _summary(it: Matrix) -> MatrixSummary:
    return MatrixSummary(**_summary_fields(it))


async def _view(call: ReadCall, it: Matrix) -> MatrixView:
    findings = await service.check_matrix(call.tx, call.actor, it)
    return MatrixView(
        **_summary_fields(it),
        body=msgspec.convert(msgspec.to_builtins(it.body), MatrixTable),
        findings=[FindingView(f.severity, f.code, f.row, f.column, f.text) for f in findings],
    )


def _change(it: Change) -> ChangeView:
    return ChangeView(it.kind, it.what, it.row, it.column, it.before, it.after, it.text)


def _replay_fields(it: MatrixReplay) -> dict[str, Any]:
    return {
        "id": it.id,
        "matrix": it.matrix_id,
        "against": it.against_id,
        "start": it.start_at,
        "end": it.end_at,
        "state": it.state,
        "progress": it.progress,
        "error": it.error,
        "requested_by": it.requested_by,
        "requested_at": it.requested_at,
        "ended_at": it.ended_at,
    }


def _replay_summary(it: MatrixReplay) -> ReplaySummary:
    return ReplaySummary(**_replay_fields(it))


def replay_view(it: MatrixReplay) -> ReplayView:
    """A replay as the wire shows it."""
    result = None if it.result is None else msgspec.convert(it.result, ReplayResult)
    return ReplayView(**_replay_fields(it), result=result)


router = Router(
    "/",
    route_handlers=[
        list_matrices,
        create_matrix,
        get_matrix,
        edit_matrix,
        review_matrix,
        publish_matrix,
        list_matrix_changes,
        replay_matrix,
        list_matrix_replays,
        get_matrix_replay,
        cancel_matrix_replay,
    ],
    tags=["matrices"],
)
