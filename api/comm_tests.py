"""Tests of communications: start, schedule, receipts of phones, reports."""

from __future__ import annotations

from uuid import UUID

from litestar import Response, Router, get, patch, post
from litestar.params import FromPath, JSONBody

from api.bearer import needs
from api.call import Call, Write
from api.etags import IfMatch, etag, expected_version
from api.paging import DEFAULT_LIMIT, Cursor, Limit, page, read_cursor, read_time_cursor, time_key
from mobile_contract.paging import Page
from mobile_contract.reach import (
    ChannelReport,
    CommScheduleEdit,
    CommScheduleView,
    CommTestMessageView,
    CommTestReport,
    CommTestView,
    NewCommSchedule,
    NewCommTest,
    TestReceipt,
)
from people.permissions import Permission
from people.queries import FIRST
from people.reach import comm_tests
from people.reach.model import CommTest, CommTestMessage, CommTestSchedule


@post("/v1/comm-tests", guards=[needs(Permission.RUN_DRILL)])
async def start_comm_test(data: JSONBody[NewCommTest], write: Write) -> Response[CommTestView]:
    """Ring every address of these people once; nothing is asked of them but to have it."""

    async def work() -> CommTestView:
        return test_view(await comm_tests.start_test(write.tx, write.actor, data.accounts))

    return await write.once(work)


@get("/v1/comm-tests", guards=[needs(Permission.READ_ACCOUNTS)])
async def list_comm_tests(call: Call, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None) -> Page[CommTestView]:
    """Tests, newest first."""
    rows = await comm_tests.list_tests(call.tx, call.actor, before=read_time_cursor(cursor), limit=limit + 1)
    return page(rows, limit, key=lambda test: time_key(test.started_at, test.id), view=test_view)


@get("/v1/comm-tests/{test_id:uuid}", guards=[needs(Permission.READ_ACCOUNTS)])
async def get_comm_test(call: Call, test_id: FromPath[UUID]) -> CommTestReport:
    """How a test came out so far: who has proof, who only a service's word, who neither."""
    test, report = await comm_tests.get_report(call.tx, call.actor, test_id)
    channels = [ChannelReport(name, *counts) for name, counts in sorted(report.channels.items())]
    return CommTestReport(test_view(test), report.people, report.received, report.unproven, report.missed, channels)


@get("/v1/comm-tests/{test_id:uuid}/messages", guards=[needs(Permission.READ_ACCOUNTS)])
async def list_comm_test_messages(
    call: Call, test_id: FromPath[UUID], limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None
) -> Page[CommTestMessageView]:
    """The messages of a test."""
    after = read_cursor(cursor, UUID, FIRST)
    rows = await comm_tests.list_messages(call.tx, call.actor, test_id, after=after, limit=limit + 1)
    return page(rows, limit, key=lambda message: message.id, view=message_view)


@post("/v1/comm-test-messages/{test_message_id:uuid}/receipts", status_code=204, guards=[needs(Permission.ANSWER_TASK)])
async def report_test_receipt(data: JSONBody[TestReceipt], call: Call, test_message_id: FromPath[UUID]) -> None:
    """The device has a test message, or its person opened it; twice is once."""
    await comm_tests.state_fact(call.tx, call.actor, test_message_id, seen=data.fact == "seen")


@get("/v1/comm-schedules", guards=[needs(Permission.READ_ACCOUNTS)])
async def list_comm_schedules(
    call: Call, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None
) -> Page[CommScheduleView]:
    """Tests that are made by themselves."""
    after = read_cursor(cursor, UUID, FIRST)
    rows = await comm_tests.list_schedules(call.tx, call.actor, after=after, limit=limit + 1)
    return page(rows, limit, key=lambda schedule: schedule.id, view=schedule_view)


@post("/v1/comm-schedules", guards=[needs(Permission.RUN_DRILL)])
async def add_comm_schedule(data: JSONBody[NewCommSchedule], write: Write) -> Response[CommScheduleView]:
    """Test by itself, daily, weekly or monthly."""

    async def work() -> CommScheduleView:
        made = await comm_tests.add_schedule(write.tx, write.actor, data.rule, data.tz, data.first_at)
        return schedule_view(made)

    return await write.once(work, headers=lambda schedule: etag(schedule.version))


@patch("/v1/comm-schedules/{schedule_id:uuid}", guards=[needs(Permission.RUN_DRILL)])
async def edit_comm_schedule(
    data: JSONBody[CommScheduleEdit], call: Call, schedule_id: FromPath[UUID], if_match: IfMatch = None
) -> Response[CommScheduleView]:
    """Turn a schedule on or off, or change its rule."""
    changed = await comm_tests.edit_schedule(
        call.tx,
        call.actor,
        schedule_id,
        enabled=data.enabled,
        rule=data.rule,
        expected_version=expected_version(if_match),
    )
    return Response(schedule_view(changed), headers=etag(changed.version))


def test_view(test: CommTest) -> CommTestView:
    """A test as the wire shows it."""
    return CommTestView(test.id, test.schedule_id, test.started_by, test.started_at, test.ends_at)


def message_view(message: CommTestMessage) -> CommTestMessageView:
    """A test message as the wire shows it."""
    return CommTestMessageView(
        id=message.id,
        account=message.account_id,
        channel=message.channel,
        attempts=message.attempts,
        sent_at=message.sent_at,
        outcome=message.outcome,
        code=message.code,
        received_at=message.received_at,
        seen_at=message.seen_at,
    )


def schedule_view(schedule: CommTestSchedule) -> CommScheduleView:
    """A schedule as the wire shows it."""
    return CommScheduleView(
        id=schedule.id,
        rule=schedule.rule,
        tz=schedule.tz,
        first_at=schedule.first_at,
        next_at=schedule.next_at,
        enabled=schedule.enabled,
        version=schedule.version,
    )


router = Router(
    "/",
    route_handlers=[
        start_comm_test,
        list_comm_tests,
        get_comm_test,
        list_comm_test_messages,
        report_test_receipt,
        list_comm_schedules,
        add_comm_schedule,
        edit_comm_schedule,
    ],
    tags=["reach"],
)
