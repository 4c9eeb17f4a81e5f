"""Use cases of visits: announced, signed in and signed out by their host."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from uuid import UUID

import msgspec

from core import audit, outbox
from core.database import Tx
from core.errors import Conflict, Forbidden, Invalid
from core.ids import new_id
from people import queries as accounts
from people.actor import Actor
from people.permissions import Permission, may
from people.presence import administration, door_queries, register_queries
from people.presence import visit_queries as queries
from people.presence.administration import BadgeDraft
from people.presence.badge_log import CHANGED
from people.presence.errors import not_found, wrong_order
from people.presence.model import Visit, VisitKind
from people.rotas.resolving import check_moment
from people.service import check_version

# A working day with overtime; a host who expects longer says so.
USUAL_STAY = timedelta(hours=10)
# Longer is an account of its own.
STAY_MAX = timedelta(days=31)

_FREE = ("name", "company", "phone", "zone_ids", "badge", "emergency_contact", "induction_valid_until")


class VisitDraft(msgspec.Struct, frozen=True, kw_only=True):
    """A visit to announce; ``host_id`` None: whoever announces it."""

    site_id: UUID
    kind: VisitKind
    name: str
    company: str | None = None
    phone: str | None = None
    host_id: UUID | None = None
    zone_ids: list[UUID] = []
    badge: str | None = None
    emergency_contact: str | None = None
    induction_valid_until: date | None = None
    expected_from: datetime | None = None
    expected_until: datetime | None = None


class VisitChange(msgspec.Struct, frozen=True, kw_only=True):
    """What is UNSET stays; the badge of who is signed in can not change."""

    name: str | msgspec.UnsetType = msgspec.UNSET
    company: str | msgspec.UnsetType | None = msgspec.UNSET
    phone: str | msgspec.UnsetType | None = msgspec.UNSET
    zone_ids: list[UUID] | msgspec.UnsetType = msgspec.UNSET
    badge: str | msgspec.UnsetType | None = msgspec.UNSET
    emergency_contact: str | msgspec.UnsetType | None = msgspec.UNSET
    induction_valid_until: date | msgspec.UnsetType | None = msgspec.UNSET
    expected_until: datetime | msgspec.UnsetType = msgspec.UNSET


async def create_visit(tx: Tx, actor: Actor, draft: VisitDraft) -> Visit:
    """Announce a visit; nobody is here yet. Raises NotFound, Invalid."""
    actor.require(Permission.HOST_VISITOR)
    tenant_id = actor.tenant_id
    if not await door_queries.site_exists(tx, tenant_id, draft.site_id):
        raise not_found("site", draft.site_id, field="site")
    host_id = draft.host_id or actor.account_id
    await _check_host(tx, tenant_id, host_id)
    begin = draft.expected_from or tx.now
    check_moment(begin, "expected_from")
    visit = Visit(
        tenant_id=tenant_id,
        id=new_id(),
        site_id=draft.site_id,
        kind=draft.kind,
        name=draft.name,
        company=draft.company,
        phone=draft.phone,
        host_id=host_id,
        zone_ids=list(dict.fromkeys(draft.zone_ids)),
        badge=draft.badge,
        emergency_contact=draft.emergency_contact,
        induction_valid_until=draft.induction_valid_until,
        expected_from=begin,
        expected_until=draft.expected_until or begin + USUAL_STAY,
        signed_in_at=None,
        signed_in_by=None,
        signed_out_at=None,
        signed_out_by=None,
        version=1,
        created_at=tx.now,
    )
    await _check(tx, visit)
    await queries.insert_visit(tx, tenant_id, visit)
    facts = {"kind": visit.kind, "site": visit.site_id, "host": host_id}
    await audit.record(tx, actor.account_id, "visit.created", "visit", visit.id, facts)
    return visit


async def edit_visit(tx: Tx, actor: Actor, visit_id: UUID, change: VisitChange, *, expected_version: int) -> Visit:
    """Raises NotFound, Conflict, Invalid; Forbidden unless one is its host or a safety officer."""
    visit = await _lock_hosted(tx, actor, visit_id)
    check_version(visit.version, expected_version)
    fields = {
        name: value for name in (*_FREE, "expected_until") if (value := getattr(change, name)) is not msgspec.UNSET
    }
    if "badge" in fields and visit.signed_in_at is not None:
        raise Conflict(
            "visit.badge_in_use",
            "the badge of somebody who is signed in can not change; sign them out first",
            "来访者已签入，不能更换门禁卡；请先签出",
            field="badge",
            value=visit.badge,
        )
    changed = msgspec.structs.replace(visit, **fields)
    await _check(tx, changed)
    saved = await queries.save_visit(tx, actor.tenant_id, changed)
    facts = {"changed": sorted(fields)}
    await audit.record(tx, actor.account_id, "visit.edited", "visit", visit_id, facts)
    return saved


async def sign_in_visit(tx: Tx, actor: Actor, visit_id: UUID) -> Visit:
    """They are here: their badge counts from now. Doing it twice is one fact; raises Conflict after the sign-out and
    for a contractor without a valid induction."""
    visit = await _lock_hosted(tx, actor, visit_id)
    if visit.signed_out_at is not None:
        raise Conflict(
            "visit.over",
            "the visit is over; announce a new one",
            "来访已结束，请重新登记",
            field="id",
            value=str(visit_id),
        )
    if visit.signed_in_at is not None:
        return visit
    _check_induction(visit, tx.now)
    saved = await queries.save_visit(
        tx, actor.tenant_id, msgspec.structs.replace(visit, signed_in_at=tx.now, signed_in_by=actor.account_id)
    )
    if saved.badge is not None:
        draft = BadgeDraft(saved.badge, None, visit_id, tx.now, None)
        await administration.hand_out(tx, actor.tenant_id, draft)
    await _move(tx, actor, saved, "visit.signed_in")
    return saved


async def sign_out_visit(tx: Tx, actor: Actor, visit_id: UUID) -> Visit:
    """They left: their badge ends. Doing it twice is one fact; raises Conflict before the sign-in."""
    visit = await _lock_hosted(tx, actor, visit_id)
    if visit.signed_in_at is None:
        raise Conflict("visit.not_here", "nobody was signed in", "来访者尚未签入", field="id", value=str(visit_id))
    if visit.signed_out_at is not None:
        return visit
    saved = await queries.save_visit(
        tx, actor.tenant_id, msgspec.structs.replace(visit, signed_out_at=tx.now, signed_out_by=actor.account_id)
    )
    await door_queries.end_visit_badges(tx, actor.tenant_id, visit_id, tx.now)
    await _move(tx, actor, saved, "visit.signed_out")
    return saved


async def _move(tx: Tx, actor: Actor, visit: Visit, action: str) -> None:
    stay = queries.stays_of(visit)[-1]
    await register_queries.move_visit(tx, actor.tenant_id, visit.id, visit.kind, stay)
    await outbox.wake(tx, CHANGED, visit.site_id)
    await audit.record(tx, actor.account_id, action, "visit", visit.id, {"site": visit.site_id})


async def list_visits(
    tx: Tx,
    actor: Actor,
    *,
    site_id: UUID | None,
    kind: str | None,
    state: str | None,
    search: str | None,
    before: tuple[datetime, UUID] | None,
    limit: int,
) -> list[Visit]:
    """Visits, newest first: all of them with READ_PRESENCE, else those one hosts."""
    everybody = actor.may(Permission.READ_PRESENCE)
    if not everybody:
        actor.require(Permission.HOST_VISITOR)
    return await queries.list_visits(
        tx,
        actor.tenant_id,
        site_id=site_id,
        host_id=None if everybody else actor.account_id,
        kind=kind,
        state=state,
        search=search,
        before=before,
        limit=limit,
    )


async def get_visit(tx: Tx, actor: Actor, visit_id: UUID) -> Visit:
    """One visit: one's own guest's, or any with READ_PRESENCE, which is audited. Raises NotFound."""
    visit = await queries.find_visit(tx, actor.tenant_id, visit_id)
    if visit is None or (visit.host_id != actor.account_id and not actor.may(Permission.READ_PRESENCE)):
        raise not_found("visit", visit_id)
    if visit.host_id != actor.account_id:
        await audit.record(tx, actor.account_id, "visit.read", "visit", visit_id, {})
    return visit


async def _lock_hosted(tx: Tx, actor: Actor, visit_id: UUID) -> Visit:
    actor.require(Permission.HOST_VISITOR)
    visit = await queries.find_visit(tx, actor.tenant_id, visit_id, lock=True)
    if visit is None:
        raise not_found("visit", visit_id)
    # A host may have gone home: who accounts for people may sign a visitor out as well.
    if visit.host_id != actor.account_id and not actor.may(Permission.READ_PRESENCE):
        raise Forbidden(
            "visit.not_host", "only the host or a safety officer does this", "仅接待人或安全员可以操作", field="host"
        )
    return visit


async def _check_host(tx: Tx, tenant_id: UUID, host_id: UUID) -> None:
    host = await accounts.find_account(tx, tenant_id, host_id)
    if host is None or host.disabled_at is not None:
        raise not_found("account", host_id, field="host")
    if not may(host.role, Permission.HOST_VISITOR):
        raise Invalid(
            "visit.host_not_staff",
            f"a host is staff; the role {host.role.value} receives nobody",
            f"接待人须为员工；角色 {host.role.value} 不能接待来访",
            field="host",
            value=host.role.value,
        )


async def _check(tx: Tx, visit: Visit) -> None:
    if not visit.expected_from < visit.expected_until:
        raise wrong_order("expected_until", visit.expected_until, visit.expected_from)
    if visit.expected_until - visit.expected_from > STAY_MAX:
        raise Invalid(
            "visit.too_long",
            f"a visit lasts at most {STAY_MAX.days} days",
            f"来访最长 {STAY_MAX.days} 天",
            field="expected_until",
            value=str(visit.expected_until),
            limit=STAY_MAX.days,
        )
    if visit.zone_ids:
        known = {zone.id for zone in await door_queries.list_zone_places(tx, visit.tenant_id, visit.site_id)}
        for zone_id in visit.zone_ids:
            if zone_id not in known:
                raise not_found("zone", zone_id, field="zones")


def _check_induction(visit: Visit, now: datetime) -> None:
    valid_until = visit.induction_valid_until
    if visit.kind == "contractor" and (valid_until is None or valid_until < now.date()):
        raise Conflict(
            "visit.no_induction",
            "a contractor works here only with a valid induction",
            "承包商须持有效的入厂培训方可进入",
            field="induction_valid_until",
            value=None if valid_until is None else valid_until.isoformat(),
            limit=now.date().isoformat(),
        )
