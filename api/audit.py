"""The audit trail, for auditors."""

from __future__ import annotations

from typing import Annotated

from litestar import Router, get
from litestar.params import QueryParameter

from api.bearer import needs
from api.call import Call
from api.paging import DEFAULT_LIMIT, Cursor, Limit, page, read_cursor
from core import audit
from mobile_contract.paging import Page
from mobile_contract.people import AuditView
from people.permissions import Permission


@get("/v1/audit", guards=[needs(Permission.READ_AUDIT)])
async def list_audit(
    call: Call,
    action: Annotated[
        str | None, QueryParameter(pattern=r"^[a-z_.]{1,100}$", description="Actions that begin so.")
    ] = None,
    subject: Annotated[str | None, QueryParameter(max_length=200, description="The id of what was acted on.")] = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Page[AuditView]:
    """Who did what, newest first; each row's hash covers every row before it."""
    call.actor.require(Permission.READ_AUDIT)
    before = min(max(read_cursor(cursor, int, audit.NEWEST), 0), audit.NEWEST)
    rows = await audit.list_rows(
        call.tx, call.actor.tenant_id, before=before, action=action, subject_id=subject, limit=limit + 1
    )
    return page(rows, limit, key=lambda row: row.position, view=audit_view)


def audit_view(row: audit.AuditRow) -> AuditView:
    """An audit row as the wire shows it."""
    return AuditView(
        row.id, row.position, row.at, row.actor_id, row.action, row.subject_kind, row.subject_id, row.facts, row.hash
    )


router = Router("/", route_handlers=[list_audit], tags=["audit"])
