"""Marks of people and of marshals, made online or off; who counts where."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import msgspec

from core import audit
from core.database import Tx
from core.errors import Invalid, NotFound
from incidents import rooms
from incidents.record import timeline
from incidents.roll_call import queries, service
from incidents.roll_call.merge import judged
from incidents.roll_call.model import Mark, Marshal, Person, RollCall
from people.actor import Actor
from people.permissions import Permission
from people.qualifications import service as qualifications

# One marshal's count of a whole plant after hours offline; more is not one person's work.
MARKS_MAX = 1000
MARSHAL_SKILL = "marshal"

NAMES = "SELECT id, display_name FROM accounts WHERE tenant_id = $1 AND id = ANY ($2::uuid[])"


class NewMark(msgspec.Struct, frozen=True, kw_only=True):
    """A mark as a phone hands it in, with the name of somebody nobody expected."""

    mark: Mark
    name: str | None = None


async def mark(tx: Tx, actor: Actor, call_id: UUID, marks: Sequence[NewMark]) -> tuple[RollCall, int]:
    """Take marks, made online or off; returns the roll call and how many were new. The same mark twice is one.

    People mark themselves; others are marked by marshals and safety officers. Marks count after the all-clear too: a
    marshal who comes back late has still seen whom they saw. Raises Invalid, Forbidden, NotFound.
    """
    actor.require(Permission.REPORT_PRESENCE)
    _check_marks(marks)
    call = await service.lock_with_incident(tx, actor.tenant_id, call_id)
    if any(m.mark.person_id != actor.account_id for m in marks):
        await service.require_counting(tx, actor, call)
    known = await queries.known_marks(tx, actor.tenant_id, call_id, [m.mark.id for m in marks])
    fresh = list({m.mark.id: m for m in marks if m.mark.id not in known}.values())
    if not fresh:
        return call, 0
    await _expect_unlisted(tx, actor, call, fresh)
    mine = [msgspec.structs.replace(m.mark, by_account=actor.account_id, received_at=tx.now) for m in fresh]
    await queries.insert_marks(tx, actor.tenant_id, call_id, mine)
    call = await judge_again(tx, call, {m.person_id for m in mine})
    facts = {
        "roll_call": call_id,
        "marks": [{"person": m.person_id, "said": m.said, "at": m.at, "point": m.assembly_point_id} for m in mine],
    }
    await timeline.append(tx, actor.tenant_id, call.incident_id, "roll_call.marked", facts, by=actor.account_id)
    await service.show(tx, call, actor.account_id)
    return call, len(mine)


def _check_marks(marks: Sequence[NewMark]) -> None:
    if not 1 <= len(marks) <= MARKS_MAX:
        raise Invalid(
            "roll_call.marks",
            f"1 to {MARKS_MAX} marks at a time",
            f"每次 1 至 {MARKS_MAX} 条标记",
            field="marks",
            value=len(marks),
            limit=MARKS_MAX,
        )


async def _expect_unlisted(tx: Tx, actor: Actor, call: RollCall, marks: Sequence[NewMark]) -> None:
    """Whoever turns up unexpected is expected from now on: by their account, or by the name the marshal gives."""
    ids = {m.mark.person_id for m in marks}
    expected = {p.person_id for p in await queries.find_people(tx, call.tenant_id, call.id, list(ids))}
    added = []
    accounts = {r["id"]: r["display_name"] for r in await tx.fetch(NAMES, call.tenant_id, list(ids - expected))}
    for made in marks:
        person_id = made.mark.person_id
        if person_id in expected:
            continue
        name = accounts.get(person_id, (made.name or "").strip())
        if not name:
            raise NotFound(
                "roll_call.person_unknown",
                "nobody expects this person: give their name",
                "名单中没有此人:请提供姓名",
                field="person",
                value=person_id,
            )
        added.append(
            Person(
                tenant_id=call.tenant_id,
                roll_call_id=call.id,
                person_id=person_id,
                kind="staff" if person_id in accounts else "unlisted",
                name=name[:200],
                host_id=None,
                source="marshal",
                zone_id=None,
                level=None,
                seen_at=tx.now,
                confidence=1.0,
                status="missing",
                # They are here: nobody needs to order them out.
                ordered_at=tx.now,
            )
        )
    await queries.insert_people(tx, call.tenant_id, added)


async def judge_again(tx: Tx, call: RollCall, person_ids: set[UUID]) -> RollCall:
    """Merge what is known of these people and count anew; the roll call's row is held."""
    people = await queries.find_people(tx, call.tenant_id, call.id, list(person_ids))
    marks: dict[UUID, list[Mark]] = {}
    for made in await queries.marks_of(tx, call.tenant_id, call.id, list(person_ids)):
        marks.setdefault(made.person_id, []).append(made)
    await queries.save_people(tx, call.tenant_id, [judged(p, marks.get(p.person_id, ())) for p in people])
    return await service.recount(tx, call)


async def appoint(tx: Tx, actor: Actor, call_id: UUID, account_id: UUID, point_id: UUID) -> Marshal:
    """Say who counts where: an officer or the commander appoints; who is trained as a marshal takes the post."""
    actor.require(Permission.COUNT_PEOPLE)
    call = await service.lock_with_incident(tx, actor.tenant_id, call_id)
    if account_id != actor.account_id or not await _is_trained(tx, actor):
        await service.require_lead(tx, actor, call.incident_id)
    point = await queries.lock_point(tx, actor.tenant_id, point_id)
    if point is None or point.site_id != call.site_id:
        raise NotFound("assembly_point.not_found", "no such point", "没有此集合点", field="point", value=point_id)
    if not await tx.fetch(NAMES, actor.tenant_id, [account_id]):
        raise NotFound("account.not_found", "there is no such account", "没有此账号", field="account", value=account_id)
    made = Marshal(actor.tenant_id, call_id, account_id, point_id, tx.now)
    await queries.save_marshal(tx, actor.tenant_id, made)
    facts = {"roll_call": call_id, "account": account_id, "point": point_id}
    await timeline.append(tx, actor.tenant_id, call.incident_id, "roll_call.marshal", facts, by=actor.account_id)
    room_id = await rooms.room_id_of(tx, actor.tenant_id, call.incident_id)
    await rooms.add_member(tx, actor.tenant_id, room_id, account_id)
    await audit.record(tx, actor.account_id, "roll_call.marshal", "roll_call", call_id, facts)
    return made


async def _is_trained(tx: Tx, actor: Actor) -> bool:
    skills = await qualifications.list_valid_skills(tx, actor.tenant_id, tx.now)
    return MARSHAL_SKILL in skills.get(actor.account_id, frozenset())
