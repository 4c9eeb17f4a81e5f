"""What is asked of actuators for an incident, or by a person beside it, and who reads that it was called off."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from core.database import Tx
from core.errors import Conflict, Invalid, NotFound
from core.logging import get_logger
from incidents import queries, rooms, views
from incidents.incident import Incident
from incidents.record import timeline
from mobile_contract.room_events import CommandChanged
from people.actor import Actor
from people.permissions import Permission
from plant import instrument_queries
from plant import service as plant_service
from plant.model import Command

log = get_logger(__name__)


async def command_by_hand(tx: Tx, actor: Actor, actuator_id: UUID, action: str, reason: str, *, key: str) -> Command:
    """A person asks an actuator, for no incident: it is meant, drill or not. Incidents whose commands that calls off
    read it.

    Raises NotFound, Invalid, Conflict.
    """
    actor.require(Permission.COMMAND_ACTUATOR)
    actuator = await instrument_queries.get_actuator(tx, actor.tenant_id, actuator_id)
    # Alarms command under the site's lock: whose command this calls off is known, and locked in the common order.
    await queries.lock_site(tx, actor.tenant_id, actuator.site_id)
    return await _request(tx, actor, actuator_id, action, reason, key=key, incident_id=None)


async def command_for(
    tx: Tx, incident: Incident, actuator_id: UUID, action: str, reason: str, *, key: str
) -> Command | None:
    """Muster asks an actuator for a locked incident, under the site's lock.

    None: the plan or the matrix no longer fits the plant. That is said in the record and the log and stops no alarm.
    """
    try:
        return await _request(
            tx, None, actuator_id, action, reason, key=key, incident_id=incident.id, inhibited=incident.exercise
        )
    except (NotFound, Invalid, Conflict) as problem:
        # Raised before anything is written. The other commands and the people come all the same.
        log.error("command.does_not_fit", actuator=str(actuator_id), action=action, error=str(problem))
        facts = {"actuator": actuator_id, "action": action, "error": problem.code}
        await timeline.append(tx, incident.tenant_id, incident.id, "command.refused", facts)
        return None


async def announce_commands(tx: Tx, tenant_id: UUID, incident_id: UUID, commands: Sequence[Command]) -> None:
    """Tell the room and the record of commands that were given."""
    for command in commands:
        await rooms.append_to_incident(tx, tenant_id, incident_id, CommandChanged(views.command_view(command)))
        facts = {"command": command.id, "actuator": command.actuator_id, "action": command.action}
        await timeline.append(tx, tenant_id, incident_id, "command.requested", facts)


async def announce_change(tx: Tx, command: Command) -> None:
    """Tell the command's incident, if it has one, what became of it; the site is locked."""
    if command.incident_id is None:
        return
    await queries.lock_incident(tx, command.tenant_id, command.incident_id)
    body = CommandChanged(views.command_view(command))
    await rooms.append_to_incident(tx, command.tenant_id, command.incident_id, body)
    facts = {"command": command.id, "actuator": command.actuator_id, "action": command.action}
    kind = "command.superseded" if "superseded_by" in (command.feedback or {}) else f"command.{command.state.value}"
    await timeline.append(tx, command.tenant_id, command.incident_id, kind, {**facts, "proof": command.feedback})


async def _request(
    tx: Tx,
    actor: Actor | None,
    actuator_id: UUID,
    action: str,
    reason: str,
    *,
    key: str,
    incident_id: UUID | None,
    inhibited: bool = False,
) -> Command:
    return await plant_service.request_command(
        tx,
        actor,
        actuator_id,
        action,
        reason,
        key=key,
        incident_id=incident_id,
        inhibited=inhibited,
        on_superseded=lambda other: announce_change(tx, other),
    )
