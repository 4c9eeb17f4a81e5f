"""Tests of communications: everybody's addresses rung once, and a report of which phones really got it.

A test message is no order: nothing waits for it and nobody is asked next. Killed between any two steps: a leased
message is sent again when its lease ends (a phone shows one), a schedule that is due begins one test.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID, uuid5

import msgspec

from core import audit, outbox
from core.database import Tx
from core.errors import Conflict, Invalid, NotFound
from core.ids import new_id
from core.logging import get_logger
from people.actor import Actor
from people.permissions import Permission
from people.reach import comm_test_queries as queries
from people.reach.model import CommTest, CommTestMessage, CommTestSchedule
from people.reach.times import next_test
from people.rotas.resolving import check_moment
from people.service import check_version

log = get_logger(__name__)

NEWS_TEST = "comm_test.due"
"""Key: the test's id. Its messages wait to be sent."""
# Who is at lunch is not unreachable; who has not answered within an hour would not have come.
ANSWERS_WITHIN = timedelta(hours=1)
# One tenant's people at once; a test of everybody in a group is one test a plant.
PEOPLE_MAX = 10_000


class Report(msgspec.Struct, frozen=True):
    """How a test came out, counted by person: ``received`` has proof, ``unproven`` only a service's word, ``missed``
    neither. ``channels``: by channel, how many messages went, were accepted, were received."""

    people: int
    received: int
    unproven: int
    missed: int
    channels: dict[str, tuple[int, int, int]]


async def start_test(tx: Tx, actor: Actor, account_ids: Sequence[UUID] | None) -> CommTest:
    """Ring these people's every address, or with None that of every responder and safety officer."""
    actor.require(Permission.RUN_DRILL)
    if account_ids is not None and not 1 <= len(account_ids) <= PEOPLE_MAX:
        raise Invalid(
            "comm_test.people",
            f"a test is of 1 to {PEOPLE_MAX} people",
            f"测试人数为 1 至 {PEOPLE_MAX}",
            field="accounts",
            value=len(account_ids),
            limit=PEOPLE_MAX,
        )
    unknown = await queries.find_unknown(tx, actor.tenant_id, account_ids or ())
    if unknown is not None:
        raise NotFound("account.not_found", "there is no such account", "没有此账号", field="accounts", value=unknown)
    test = CommTest(actor.tenant_id, new_id(), None, actor.account_id, tx.now, tx.now + ANSWERS_WITHIN)
    count = await _begin(tx, test, account_ids)
    if not count:
        raise Conflict("comm_test.nobody", "nobody of these has an address", "无可用地址", field="accounts")
    facts = {"messages": count, "people": None if account_ids is None else len(account_ids)}
    await audit.record(tx, actor.account_id, "comm_test.started", "comm_test", test.id, facts)
    return test


async def start_scheduled(tx: Tx, tenant_id: UUID, schedule_id: UUID) -> CommTest | None:
    """Begin the test a schedule asks for and set the next; None when another courier did."""
    schedule = await queries.lock_schedule(tx, tenant_id, schedule_id)
    if schedule is None or not schedule.enabled or schedule.next_at is None or schedule.next_at > tx.now:
        return None
    # The id follows from the schedule and its time, so a test begun twice is one.
    test_id = uuid5(schedule.id, schedule.next_at.isoformat())
    test = CommTest(tenant_id, test_id, schedule.id, None, tx.now, tx.now + ANSWERS_WITHIN)
    count = await _begin(tx, test, None)
    # Tests missed while nothing ran are not made up for: one now says as much as ten.
    await queries.save_schedule(tx, tenant_id, msgspec.structs.replace(schedule, next_at=_following(schedule, tx.now)))
    await audit.record(
        tx, None, "comm_test.started", "comm_test", test.id, {"messages": count, "schedule": schedule_id}
    )
    return test


def _following(schedule: CommTestSchedule, now: datetime) -> datetime | None:
    try:
        return next_test(schedule.rule, schedule.tz, schedule.first_at, now)
    except Invalid as problem:
        # Its time zone is gone from this machine: it shows that none is to come, and keeps no other from its time.
        log.error("comm_schedule.unreadable", schedule=str(schedule.id), error=str(problem))
        return None


async def _begin(tx: Tx, test: CommTest, account_ids: Sequence[UUID] | None) -> int:
    await queries.insert_test(tx, test.tenant_id, test)
    count = await queries.add_messages(tx, test.tenant_id, test.id, tx.now, account_ids)
    await outbox.wake(tx, NEWS_TEST, test.id)
    return count


async def get_report(tx: Tx, actor: Actor, test_id: UUID) -> tuple[CommTest, Report]:
    """A test and how it came out so far."""
    actor.require(Permission.READ_ACCOUNTS)
    test = await queries.find_test(tx, actor.tenant_id, test_id)
    if test is None:
        raise _no_test(test_id)
    return test, report_of(await queries.all_messages(tx, actor.tenant_id, test_id), test.ends_at)


async def list_tests(tx: Tx, actor: Actor, *, before: tuple[datetime, UUID] | None, limit: int) -> list[CommTest]:
    """Tests, newest first."""
    actor.require(Permission.READ_ACCOUNTS)
    return await queries.list_tests(tx, actor.tenant_id, before=before, limit=limit)


async def list_messages(tx: Tx, actor: Actor, test_id: UUID, *, after: UUID, limit: int) -> list[CommTestMessage]:
    """A page of a test's messages."""
    actor.require(Permission.READ_ACCOUNTS)
    if await queries.find_test(tx, actor.tenant_id, test_id) is None:
        raise _no_test(test_id)
    return await queries.list_messages(tx, actor.tenant_id, test_id, after=after, limit=limit)


async def state_fact(tx: Tx, actor: Actor, message_id: UUID, *, seen: bool) -> None:
    """The actor's device has the message, or they opened it; twice is once. NotFound for another's.

    The time is ours: a test asks whether it arrives, and a device's clock has no say in that.
    """
    actor.require(Permission.ANSWER_TASK)
    if not await queries.state_fact(tx, actor.tenant_id, message_id, actor.account_id, tx.now, seen=seen):
        raise NotFound("comm_test.no_message", "no such message", "没有此消息", field="id", value=message_id)


def report_of(messages: Sequence[CommTestMessage], ends_at: datetime) -> Report:
    """Count by person; an answer after the end does not count."""
    proven = {m.account_id for m in messages if m.received_at is not None and m.received_at <= ends_at}
    accepted = {m.account_id for m in messages if m.outcome == "accepted"}
    everybody = {m.account_id for m in messages}
    channels: dict[str, tuple[int, int, int]] = {}
    for message in messages:
        sent, taken, received = channels.get(message.channel, (0, 0, 0))
        arrived = message.received_at is not None and message.received_at <= ends_at
        channels[message.channel] = (sent + 1, taken + (message.outcome == "accepted"), received + arrived)
    return Report(len(everybody), len(proven), len(accepted - proven), len(everybody - accepted - proven), channels)


async def add_schedule(tx: Tx, actor: Actor, rule: str, tz: str, first_at: datetime) -> CommTestSchedule:
    """Test by itself from then on; raises Invalid for a rule that is none, or has no test to come."""
    actor.require(Permission.RUN_DRILL)
    check_moment(first_at, "first_at")
    upcoming = _next(rule, tz, first_at, tx.now)
    made = CommTestSchedule(actor.tenant_id, new_id(), rule, tz, first_at, upcoming, True, 1, tx.now)
    await queries.insert_schedule(tx, actor.tenant_id, made)
    await audit.record(tx, actor.account_id, "comm_schedule.added", "comm_schedule", made.id, {"rule": rule, "tz": tz})
    return made


async def edit_schedule(
    tx: Tx, actor: Actor, schedule_id: UUID, *, enabled: bool, rule: str | None, expected_version: int
) -> CommTestSchedule:
    """Turn a schedule on or off, or change its rule."""
    actor.require(Permission.RUN_DRILL)
    schedule = await queries.lock_schedule(tx, actor.tenant_id, schedule_id)
    if schedule is None:
        raise NotFound("comm_schedule.not_found", "no such schedule", "没有此计划", field="id", value=schedule_id)
    check_version(schedule.version, expected_version)
    wanted = rule or schedule.rule
    upcoming = _next(wanted, schedule.tz, schedule.first_at, tx.now) if enabled else None
    changed = msgspec.structs.replace(
        schedule, rule=wanted, enabled=enabled, next_at=upcoming, version=schedule.version + 1
    )
    await queries.save_schedule(tx, actor.tenant_id, changed)
    facts = {"enabled": enabled, "rule": wanted}
    await audit.record(tx, actor.account_id, "comm_schedule.edited", "comm_schedule", schedule_id, facts)
    return changed


def _next(rule: str, tz: str, first_at: datetime, now: datetime) -> datetime:
    # A first time that is still to come is the first test.
    found = next_test(rule, tz, first_at, max(now, first_at - timedelta(seconds=1)))
    if found is None:
        raise Invalid("comm_test.never", "this rule has no test to come", "没有后续测试", field="rule", value=rule)
    return found


async def list_schedules(tx: Tx, actor: Actor, *, after: UUID, limit: int) -> list[CommTestSchedule]:
    """Schedules, oldest first."""
    actor.require(Permission.READ_ACCOUNTS)
    return await queries.list_schedules(tx, actor.tenant_id, after=after, limit=limit)


def _no_test(test_id: UUID) -> NotFound:
    return NotFound("comm_test.not_found", "there is no such test", "没有此测试", field="id", value=test_id)
