"""What the auditor found stuck."""

from __future__ import annotations

from typing import Annotated

from litestar import Router, get
from litestar.params import QueryParameter

from api.bearer import needs
from api.call import Call
from api.paging import DEFAULT_LIMIT, Cursor, Limit, page, read_time_cursor, time_key
from incidents.auditing import queries
from incidents.auditing.queries import Finding
from mobile_contract.findings import FindingView
from mobile_contract.paging import Page
from people.permissions import Permission


@get("/v1/findings", guards=[needs(Permission.READ_AUDIT)])
async def list_findings(
    call: Call,
    standing: Annotated[bool, QueryParameter(description="Only what does not move yet.")] = False,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Page[FindingView]:
    """What should have moved and did not, newest first: orders, escalations, commands, timers, sites nobody serves."""
    call.actor.require(Permission.READ_AUDIT)
    before = read_time_cursor(cursor)
    rows = await queries.list_findings(call.tx, call.actor.tenant_id, standing=standing, before=before, limit=limit + 1)
    return page(rows, limit, key=lambda row: time_key(row.found_at, row.id), view=finding_view)


def finding_view(finding: Finding) -> FindingView:
    """A finding as the wire shows it."""
    return FindingView(
        id=finding.id,
        what=finding.what,
        subject=finding.subject_id,
        found_at=finding.found_at,
        repairs=finding.repairs,
        repaired_at=finding.repaired_at,
        ended_at=finding.ended_at,
    )


router = Router("/", route_handlers=[list_findings], tags=["audit"])
