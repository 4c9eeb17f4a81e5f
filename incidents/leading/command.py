"""Use cases of command: take it, hand it over with a read-back. The incident's row is locked first in each."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from core import audit
from core.database import Tx
from core.errors import Conflict, Forbidden, NotFound
from core.ids import new_id
from incidents import queries as incident_queries
from incidents import rooms
from incidents.leading import queries
from incidents.leading.commander import Commander, find_commander, require_commander
from incidents.leading.model import Briefing, Handover
from incidents.leading.read_back import as_facts, check_read_back
from incidents.leading.views import commander_view
from incidents.record import timeline
from incidents.service import check_reason, require_open
from mobile_contract.room_events import CommanderChanged
from people.actor import Actor
from people.permissions import Permission, Role, may

# A hand-over is two people talking; who has not answered by then is not listening.
OFFER_LASTS = timedelta(minutes=5)


async def take(tx: Tx, actor: Actor, incident_id: UUID, reason: str) -> Commander:
    """Take command of an incident nobody leads; a safety officer may take it from somebody, with a reason.

    Taking it twice is one fact. Raises Conflict incident.led for others: it is handed over to them.
    """
    actor.require(Permission.LEAD_INCIDENT)
    await _lock_open(tx, actor, incident_id)
    commander = await find_commander(tx, actor.tenant_id, incident_id)
    if commander is not None and commander.account_id == actor.account_id:
        return commander
    if commander is not None:
        if not actor.may(Permission.MANAGE_INCIDENT):
            raise Conflict(
                "incident.led",
                "somebody leads this incident: command is handed over, not taken",
                "此事件已有指挥:须由其交接",
                field="incident",
                value=commander.account_id,
            )
        check_reason(reason)
    offer = await queries.find_offer(tx, actor.tenant_id, incident_id)
    if offer is not None:
        await queries.end_handover(tx, actor.tenant_id, offer.id, "withdrawn")
    facts: dict[str, object] = {"from": None if commander is None else commander.account_id, "reason": reason}
    return await _change_hands(tx, actor, incident_id, actor.account_id, "command.taken", facts)


async def offer(tx: Tx, actor: Actor, incident_id: UUID, to: UUID, note: str) -> Handover:
    """The commander offers command to somebody who may lead, with a briefing; a newer offer replaces the older."""
    await _lock_open(tx, actor, incident_id)
    await require_commander(tx, actor, incident_id)
    person = await queries.find_person(tx, actor.tenant_id, to)
    if person is None or to == actor.account_id:
        raise NotFound("account.not_found", "there is no such account", "没有此账号", field="to", value=to)
    if not may(Role(person[1]), Permission.LEAD_INCIDENT):
        raise Forbidden(
            "handover.may_not_lead", "this person may not lead", "此人无权指挥", field="to", value=person[1]
        )
    before = await queries.find_offer(tx, actor.tenant_id, incident_id)
    if before is not None:
        await queries.end_handover(tx, actor.tenant_id, before.id, "withdrawn")
    briefing = await queries.load_briefing(tx, actor.tenant_id, incident_id)
    made = Handover(
        actor.tenant_id,
        new_id(),
        incident_id,
        actor.account_id,
        to,
        briefing,
        note,
        "offered",
        tx.now,
        tx.now + OFFER_LASTS,
        None,
    )
    await queries.insert_handover(tx, actor.tenant_id, made)
    room_id = await rooms.room_id_of(tx, actor.tenant_id, incident_id)
    await rooms.add_member(tx, actor.tenant_id, room_id, to)
    facts = {"to": to, "briefing": as_facts(briefing), "note": note}
    await timeline.append(tx, actor.tenant_id, incident_id, "command.offered", facts, by=actor.account_id)
    return made


async def accept(tx: Tx, actor: Actor, handover_id: UUID, said: Briefing) -> Commander:
    """Read the briefing back; command changes hands only when it was heard right. Accepting twice is one fact."""
    handover = await _lock_offer(tx, actor, handover_id)
    if handover.to_account != actor.account_id:
        raise _no_handover(handover_id)
    if handover.state == "accepted":
        commander = await find_commander(tx, actor.tenant_id, handover.incident_id)
        assert commander is not None
        return commander
    await _check_offered(tx, handover)
    now = await queries.load_briefing(tx, actor.tenant_id, handover.incident_id)
    check_read_back(said, handover.briefing, now)
    await queries.end_handover(tx, actor.tenant_id, handover_id, "accepted")
    facts: dict[str, object] = {"from": handover.from_account, "read_back": as_facts(said)}
    return await _change_hands(tx, actor, handover.incident_id, actor.account_id, "command.handed_over", facts)


async def refuse(tx: Tx, actor: Actor, handover_id: UUID) -> Handover:
    """Whom it was offered to declines it, or who offered it takes it back; twice is one fact."""
    handover = await _lock_offer(tx, actor, handover_id)
    states = {handover.to_account: "declined", handover.from_account: "withdrawn"}
    if actor.account_id not in states:
        raise _no_handover(handover_id)
    if handover.state == "offered":
        state = states[actor.account_id]
        await queries.end_handover(tx, actor.tenant_id, handover_id, state)
        facts = {"handover": handover_id}
        kind = f"command.{state}"
        await timeline.append(tx, actor.tenant_id, handover.incident_id, kind, facts, by=actor.account_id)
    found = await queries.lock_handover(tx, actor.tenant_id, handover_id)
    assert found is not None
    return found


async def _lock_open(tx: Tx, actor: Actor, incident_id: UUID) -> None:
    require_open(await incident_queries.lock_incident(tx, actor.tenant_id, incident_id))


async def _lock_offer(tx: Tx, actor: Actor, handover_id: UUID) -> Handover:
    """The offer, its incident locked before it; NotFound for those it does not concern."""
    incident_id = await queries.find_incident_of_handover(tx, actor.tenant_id, handover_id)
    if incident_id is None:
        raise _no_handover(handover_id)
    await incident_queries.lock_incident(tx, actor.tenant_id, incident_id)
    handover = await queries.lock_handover(tx, actor.tenant_id, handover_id)
    assert handover is not None
    return handover


async def _check_offered(tx: Tx, handover: Handover) -> None:
    if handover.state == "offered" and not handover.expired(tx.now):
        return
    state = "expired" if handover.state == "offered" else handover.state
    raise Conflict(
        "handover.over",
        f"this offer is over: {state}",
        f"此交接已结束:{state}",
        field="state",
        value=state,
        limit="offered",
    )


async def _change_hands(
    tx: Tx, actor: Actor, incident_id: UUID, account_id: UUID, kind: str, facts: dict[str, object]
) -> Commander:
    commander = await queries.save_commander(tx, actor.tenant_id, incident_id, account_id)
    room_id = await rooms.room_id_of(tx, actor.tenant_id, incident_id)
    await rooms.add_member(tx, actor.tenant_id, room_id, account_id)
    rooms.append_later(tx, room_id, CommanderChanged(commander_view(commander)), by=actor.account_id)
    told = {"commander": account_id, **facts}
    await timeline.append(tx, actor.tenant_id, incident_id, kind, told, by=actor.account_id)
    await audit.record(tx, actor.account_id, kind, "incident", incident_id, told)
    return commander


def _no_handover(handover_id: UUID) -> NotFound:
    return NotFound("handover.not_found", "there is no such offer", "没有此交接", field="id", value=handover_id)
