"""A test of communications ends: who was not reached is told to the safety officers, once."""

from __future__ import annotations

from uuid import UUID

from core.database import Tx
from people.notices.model import CommTestFailed, Draft
from people.notices.service import list_officers, notify
from people.qualifications.queries import find_tz
from people.reach import comm_test_queries as queries
from people.reach.comm_tests import report_of


async def close_test(tx: Tx, tenant_id: UUID, test_id: UUID) -> bool:
    """Close a test that is over; False when it was closed already, or is not over."""
    test = await queries.close_test(tx, tenant_id, test_id)
    if test is None:
        return False
    report = report_of(await queries.all_messages(tx, tenant_id, test_id), test.ends_at)
    if report.received < report.people:
        tz = await find_tz(tx, tenant_id)
        facts = CommTestFailed(report.people, report.missed, report.unproven, test.started_at, tz)
        draft = Draft(test_id, facts, f"comm_test.failed:{test_id}")
        await notify(tx, tenant_id, await list_officers(tx, tenant_id), draft)
    return True
