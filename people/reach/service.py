"""Use cases of phones' readiness, other addresses, message services and quiet times."""

from __future__ import annotations

import re
from datetime import datetime, time, timedelta
from uuid import UUID

import msgspec

from core import audit
from core.database import Tx
from core.errors import Conflict, Forbidden, Invalid, NotFound
from core.ids import new_id
from people import queries as people_queries
from people.actor import Actor
from people.model import Account
from people.permissions import Permission, Role
from people.reach import queries
from people.reach.model import ContactKind, ContactPoint, MessageServiceRow, PhoneFacts, QuietTime, Readiness
from people.reach.readiness import Problem, problems_of, problems_of_person
from people.reach.times import is_quiet, zone
from people.rotas import service as rotas
from people.rotas.resolving import check_moment

# A person has a private and a work address of each kind; more would only delay the next person.
POINTS_MAX = 10
QUIET_MAX = 20
# A mail and a text ring on the phone itself; a chat may be muted with its group.
MESSAGE_ORDER: tuple[ContactKind, ...] = ("sms", "mail", "wecom", "dingtalk", "feishu")
# Leave for longer than this is a change of the account, not a quiet time.
QUIET_LONGEST = timedelta(days=90)
_MAIL = re.compile(r"[^@\s<>,;]{1,64}@[A-Za-z0-9.-]{1,250}\.[A-Za-z]{2,}")
_PHONE = re.compile(r"\+[1-9][0-9]{6,14}")
_TOKEN = re.compile(r"[A-Za-z0-9._-]{1,200}")


class PersonReadiness(msgspec.Struct, frozen=True):
    """One person's reach: what is wrong with it, and with each phone."""

    account: Account
    on_duty: bool
    problems: list[Problem]
    phones: list[tuple[PhoneFacts, list[Problem]]]


async def report_readiness(tx: Tx, actor: Actor, device_id: UUID, said: Readiness) -> Readiness:
    """The phone one is signed in on says how it is set; raises NotFound, Forbidden for another phone."""
    device = await people_queries.lock_device(tx, actor.tenant_id, device_id)
    if device is None or device.account_id != actor.account_id:
        raise NotFound(
            "person_device.not_found", "there is no such phone", "没有此设备", field="id", value=str(device_id)
        )
    if device_id != actor.device_id:
        raise Forbidden("person_device.other", "a phone speaks for itself alone", "设备状态只能由该设备自己报告")
    await queries.save_readiness(tx, actor.tenant_id, said)
    return said


async def list_readiness(
    tx: Tx,
    actor: Actor,
    *,
    site_id: UUID | None,
    within: timedelta | None,
    after: str,
    search: str | None,
    limit: int,
) -> list[PersonReadiness]:
    """A page of responders and safety officers by login; ``within``: those on duty now or until then."""
    actor.require(Permission.READ_ACCOUNTS)
    on_duty = await _on_duty(tx, actor.tenant_id, site_id, within or timedelta(0))
    accounts: list[Account] = []
    most = limit if within is None else 10_000
    for role in (Role.RESPONDER, Role.SAFETY_OFFICER):
        accounts += await people_queries.list_accounts(
            tx, actor.tenant_id, after=after, search=search, role=role, in_use=True, limit=most
        )
    wanted = [a for a in accounts if within is None or a.id in on_duty]
    wanted = sorted(wanted, key=lambda account: account.login)[:limit]
    phones = await queries.list_phone_facts(tx, actor.tenant_id, [a.id for a in wanted])
    return [
        PersonReadiness(
            account,
            account.id in on_duty,
            problems_of_person(mine := [p for p in phones if p.account_id == account.id], tx.now),
            [(phone, problems_of(phone, tx.now)) for phone in mine],
        )
        for account in wanted
    ]


async def _on_duty(tx: Tx, tenant_id: UUID, site_id: UUID | None, within: timedelta) -> frozenset[UUID]:
    """On duty now or from before the end of that time: who takes over is somebody to look at before."""
    return await rotas.list_people_on_duty(tx, tenant_id, tx.now, tx.now + within, site_id=site_id)


async def add_contact_point(tx: Tx, actor: Actor, account_id: UUID, kind: ContactKind, address: str) -> ContactPoint:
    """Add an address: one's own, or anybody's with MANAGE_ACCOUNTS; adding it again is one fact."""
    await _check_theirs(tx, actor, account_id, Permission.MANAGE_ACCOUNTS)
    _check_address(kind, address)
    if await queries.count_contact_points(tx, actor.tenant_id, account_id, kind, address) >= POINTS_MAX:
        raise _too_many("contact_point", POINTS_MAX)
    point = await queries.insert_contact_point(tx, actor.tenant_id, new_id(), account_id, kind, address)
    await audit.record(tx, actor.account_id, "contact_point.added", "account", account_id, {"kind": kind})
    return point


async def remove_contact_point(tx: Tx, actor: Actor, point_id: UUID) -> None:
    """Take an address out: one's own, or anybody's with MANAGE_ACCOUNTS. Raises NotFound."""
    point = await queries.find_contact_point(tx, actor.tenant_id, point_id)
    if point is None or not _theirs_or(actor, point.account_id, Permission.MANAGE_ACCOUNTS):
        raise NotFound(
            "contact_point.not_found", "there is no such address", "没有此地址", field="id", value=str(point_id)
        )
    await queries.delete_contact_point(tx, actor.tenant_id, point_id)
    facts = {"kind": point.kind}
    await audit.record(tx, actor.account_id, "contact_point.removed", "account", point.account_id, facts)


async def list_contact_points(tx: Tx, actor: Actor, account_id: UUID, *, after: UUID, limit: int) -> list[ContactPoint]:
    """A person's addresses: one's own, or anybody's with READ_ACCOUNTS."""
    if account_id != actor.account_id:
        actor.require(Permission.READ_ACCOUNTS)
    return await queries.list_contact_points(tx, actor.tenant_id, account_id, after=after, limit=limit)


async def set_message_service(tx: Tx, actor: Actor, kind: ContactKind, url: str, *, enabled: bool) -> MessageServiceRow:
    """Say how one kind of message is sent; the address was checked by whoever sends with it."""
    actor.require(Permission.MANAGE_OUTPUTS)
    saved = await queries.save_message_service(tx, actor.tenant_id, kind, url, enabled=enabled)
    facts = {"enabled": enabled, "scheme": url.partition("://")[0]}
    await audit.record(tx, actor.account_id, "message_service.set", "message_service", kind, facts)
    return saved


async def remove_message_service(tx: Tx, actor: Actor, kind: ContactKind) -> None:
    """Stop sending one kind of message; twice is one fact."""
    actor.require(Permission.MANAGE_OUTPUTS)
    if await queries.delete_message_service(tx, actor.tenant_id, kind):
        await audit.record(tx, actor.account_id, "message_service.removed", "message_service", kind, {})


async def list_message_services(tx: Tx, actor: Actor) -> list[MessageServiceRow]:
    """The services of the tenant; whoever shows them leaves the address out."""
    actor.require(Permission.READ_OUTPUTS)
    return await queries.list_message_services(tx, actor.tenant_id)


class QuietDraft(msgspec.Struct, frozen=True):
    """A quiet time to add: daily with its zone, or once."""

    daily_from: time | None = None
    daily_until: time | None = None
    tz: str | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    reason: str = ""


async def add_quiet_time(tx: Tx, actor: Actor, account_id: UUID, draft: QuietDraft) -> QuietTime:
    """Do not disturb, except to save lives: for oneself, or for anybody with MANAGE_PEOPLE."""
    await _check_theirs(tx, actor, account_id, Permission.MANAGE_PEOPLE)
    _check_quiet(draft)
    if await queries.count_quiet_times(tx, actor.tenant_id, account_id) >= QUIET_MAX:
        raise _too_many("quiet_time", QUIET_MAX)
    made = QuietTime(
        actor.tenant_id,
        new_id(),
        account_id,
        draft.daily_from,
        draft.daily_until,
        draft.tz,
        draft.starts_at,
        draft.ends_at,
        draft.reason,
        tx.now,
    )
    await queries.insert_quiet_time(tx, actor.tenant_id, made)
    facts = {"quiet_time": made.id, "from": draft.starts_at, "until": draft.ends_at, "daily": draft.daily_from}
    await audit.record(tx, actor.account_id, "quiet_time.added", "account", account_id, facts)
    return made


async def remove_quiet_time(tx: Tx, actor: Actor, quiet_id: UUID) -> None:
    """End a quiet time; raises NotFound."""
    quiet = await queries.find_quiet_time(tx, actor.tenant_id, quiet_id)
    if quiet is None or not _theirs_or(actor, quiet.account_id, Permission.MANAGE_PEOPLE):
        raise NotFound(
            "quiet_time.not_found", "there is no such quiet time", "没有此免打扰时间", field="id", value=str(quiet_id)
        )
    await queries.delete_quiet_time(tx, actor.tenant_id, quiet_id)
    facts = {"quiet_time": quiet_id}
    await audit.record(tx, actor.account_id, "quiet_time.removed", "account", quiet.account_id, facts)


async def list_quiet_times(tx: Tx, actor: Actor, account_id: UUID, *, after: UUID, limit: int) -> list[QuietTime]:
    """A person's quiet times: one's own, or anybody's with READ_ROTAS."""
    if account_id != actor.account_id:
        actor.require(Permission.READ_ROTAS)
    return await queries.list_quiet_times(tx, actor.tenant_id, account_id, after=after, limit=limit)


async def list_quiet_people(tx: Tx, tenant_id: UUID, at: datetime) -> frozenset[UUID]:
    """Who is not to be disturbed at this moment, except to save lives."""
    return frozenset(q.account_id for q in await queries.list_quiet_times_at(tx, tenant_id, at) if is_quiet(q, at))


async def message_ways(
    tx: Tx, tenant_id: UUID, account_id: UUID
) -> list[tuple[ContactKind, str, str, list[ContactPoint]]]:
    """How this person is written to: (kind, the service's address, their locale, their living addresses), in the order
    of MESSAGE_ORDER. For whoever sends: the address holds the service's secret."""
    points = [p for p in await queries.list_contact_points(tx, tenant_id, account_id) if p.dead_at is None]
    if not points:
        return []
    account = await people_queries.find_account(tx, tenant_id, account_id)
    services = {s.kind: s.url for s in await queries.list_message_services(tx, tenant_id) if s.enabled}
    locale = "zh-CN" if account is None else account.locale
    return [
        (kind, services[kind], locale, mine)
        for kind in MESSAGE_ORDER
        if kind in services and (mine := [p for p in points if p.kind == kind])
    ]


def _theirs_or(actor: Actor, account_id: UUID, permission: Permission) -> bool:
    return account_id == actor.account_id or actor.may(permission)


async def _check_theirs(tx: Tx, actor: Actor, account_id: UUID, permission: Permission) -> None:
    if account_id != actor.account_id:
        actor.require(permission)
    if await people_queries.find_account(tx, actor.tenant_id, account_id) is None:
        raise NotFound("account.not_found", "there is no such account", "没有此账号", field="account", value=account_id)


def _check_address(kind: ContactKind, address: str) -> None:
    pattern = {"mail": _MAIL, "sms": _PHONE, "dingtalk": _PHONE}.get(kind, _TOKEN)
    if not pattern.fullmatch(address):
        raise Invalid(
            "contact_point.address",
            f"this is no address of the kind {kind}",
            f"地址不符合类型 {kind} 的格式",
            field="address",
            value=address,
            limit=pattern.pattern,
        )


def _check_quiet(draft: QuietDraft) -> None:
    daily = (draft.daily_from, draft.daily_until, draft.tz)
    once = (draft.starts_at, draft.ends_at)
    whole_daily, whole_once = all(v is not None for v in daily), all(v is not None for v in once)
    if whole_daily == whole_once or (any(v is not None for v in daily) and any(v is not None for v in once)):
        raise Invalid(
            "quiet_time.form",
            "a quiet time is daily (daily_from, daily_until, tz) or once (starts_at, ends_at)",
            "免打扰时间为每日(daily_from、daily_until、tz)或一次(starts_at、ends_at)",
            field="daily_from",
        )
    if draft.tz is not None:
        zone(draft.tz)
    if draft.daily_from is not None and draft.daily_from == draft.daily_until:
        raise Invalid("quiet_time.empty", "it begins as it ends", "开始与结束时间相同", field="daily_until")
    if draft.starts_at is None or draft.ends_at is None:
        return
    check_moment(draft.starts_at, "starts_at")
    check_moment(draft.ends_at, "ends_at")
    if not timedelta(0) < draft.ends_at - draft.starts_at <= QUIET_LONGEST:
        raise Invalid(
            "quiet_time.length",
            f"a quiet time ends after it begins, within {QUIET_LONGEST.days} days",
            f"免打扰时间须晚于开始且不超过 {QUIET_LONGEST.days} 天",
            field="ends_at",
            value=draft.ends_at,
            limit=QUIET_LONGEST.days,
        )


def _too_many(what: str, most: int) -> Conflict:
    return Conflict(
        f"{what}.too_many", f"a person has at most {most} of these", f"每人最多 {most} 个", field="account", limit=most
    )
