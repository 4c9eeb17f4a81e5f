"""People as a CSV file: in, with a dry run, and out."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from litestar import Request, Response, Router, get, post
from litestar.params import QueryParameter

from api.bearer import needs
from api.body import RawBody, check_media_type
from api.call import Call, Deps, IdempotencyKey, write_call
from mobile_contract.people_import import (
    AccountStepView,
    ChangeView,
    ImportView,
    InitialPassword,
    QualificationStepView,
    RowProblemView,
    TeamStepView,
)
from people import import_service as service
from people.csv_sheet import RowProblem
from people.import_plan import Change, ImportPlan
from people.import_service import Secret, Upload
from people.permissions import Permission

_CSV = ("text/csv",)


@post(
    "/v1/people/import",
    guards=[needs(Permission.MANAGE_PEOPLE)],
    opt={"raw_body": RawBody((), _CSV)},
    status_code=200,
)
async def import_people(
    request: Request[Any, Any, Any],
    deps: Deps,
    dry_run: Annotated[bool, QueryParameter(description="Only say what it would do; false: do it.")] = True,
    partial: Annotated[
        bool, QueryParameter(description="Leave out people with a bad line and import the others; else all or nothing.")
    ] = False,
    idempotency_key: IdempotencyKey = None,
) -> Response[ImportView]:
    """Import people, their teams and qualifications from a CSV file of at most 1 MiB and 5,000 lines, UTF-8 or GB18030.

    Columns, in any order, in English or Chinese: login, display_name, role, phone, locale, teams (slugs with `;`
    between), qualification (slug of a type), issuer, number, valid_from, valid_until (`none`: without end; empty: the
    type's usual term). A line is a person with at most one qualification. Empty cells leave things as they are, and
    nobody is taken out of a team; the same file again changes nothing. New and changed accounts need manage_accounts.
    New accounts get a random password, shown in this answer once.
    """
    check_media_type(request, _CSV)
    actor = request.user
    upload = await service.read_upload(actor, await request.body())
    if dry_run:
        async with deps.db.transaction(actor.tenant_id) as tx:
            plan = await service.plan_import(tx, actor, upload)
        return Response(import_view(plan, upload, {}, applied=False), status_code=200)
    made = await service.make_secrets(deps.db, deps.passwords, actor, upload)
    async with deps.db.transaction(actor.tenant_id) as tx:
        write = await write_call(request, tx, idempotency_key)

        async def work() -> ImportView:
            plan = await service.import_people(tx, actor, upload, made, partial=partial)
            return import_view(plan, upload, made, applied=True)

        return await write.once(work, status=200, kept=lambda it: msgspec.structs.replace(it, passwords=[]))


@get("/v1/people/export", guards=[needs(Permission.READ_QUALIFICATIONS)], media_type="text/csv")
async def export_people(call: Call) -> Response[bytes]:
    """Everybody who may sign in, with their teams and qualifications, as a CSV file that can be imported again.

    Needs read_accounts too. Cells that a spreadsheet would take for formulas begin with an apostrophe.
    """
    content = await service.export_people(call.tx, call.actor)
    headers = {
        "Content-Disposition": 'attachment; filename="people.csv"',
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "private, no-store",
    }
    return Response(content, media_type="text/csv", headers=headers)


def import_view(plan: ImportPlan, upload: Upload, made: dict[str, Secret], *, applied: bool) -> ImportView:
    """A plan as the wire shows it; passwords of accounts that were made, and of no other."""
    return ImportView(
        applied,
        upload.encoding,
        upload.rows,
        [AccountStepView(it.line, it.login, it.action, _changes(it.changes)) for it in plan.accounts],
        [TeamStepView(it.line, it.login, it.team.slug, it.action) for it in plan.teams],
        [QualificationStepView(it.line, it.login, it.type, it.action, _changes(it.changes)) for it in plan.records],
        [problem_view(it) for it in plan.problems],
        [InitialPassword(login, made[login].plain) for login in plan.new_logins] if applied else [],
    )


def _changes(changes: dict[str, Change]) -> dict[str, ChangeView]:
    return {name: ChangeView(before, after) for name, (before, after) in changes.items()}


def problem_view(it: RowProblem) -> RowProblemView:
    """A problem as the wire shows it."""
    return RowProblemView(it.line, it.column, it.value, it.limit, it.code, it.text)


router = Router("/", route_handlers=[import_people, export_people], tags=["people"])
