"""Commands to actuators. Muster is not a SIL-rated safety function: hard-wired trips stay independent of it."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from litestar import Router, get, post
from litestar.params import FromPath, FromQuery, HeaderParameter, JSONBody, QueryParameter

from api.bearer import needs
from api.call import Call
from api.paging import DEFAULT_LIMIT, Cursor, Limit, page, read_time_cursor, time_key
from api.places import SiteFilter
from incidents import commanding
from mobile_contract.paging import Page
from mobile_contract.plant import CommandRecord, CommandStateName, NewCommand
from people.permissions import Permission
from plant import service
from plant.commands import KEY_MAX
from plant.model import Command, CommandState

# Beside the account's id and a colon in the command's own key.
REQUEST_KEY_MAX = KEY_MAX - 37

CommandKey = Annotated[
    str,
    HeaderParameter(
        name="Idempotency-Key",
        min_length=1,
        max_length=REQUEST_KEY_MAX,
        description="A key of the client's own, for good: sent again, it is the same command.",
    ),
]


@get("/v1/commands", guards=[needs(Permission.READ_COMMANDS)])
async def list_commands(
    call: Call,
    site_id: SiteFilter = None,
    actuator: FromQuery[UUID | None] = None,
    incident: FromQuery[UUID | None] = None,
    in_state: Annotated[CommandStateName | None, QueryParameter(name="state")] = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Page[CommandRecord]:
    """Commands, newest first; only `confirmed` means that the effect was seen."""
    rows = await service.list_commands(
        call.tx,
        call.actor,
        before=read_time_cursor(cursor),
        site_id=site_id,
        actuator_id=actuator,
        incident_id=incident,
        state=None if in_state is None else CommandState(in_state),
        limit=limit + 1,
    )
    return page(rows, limit, key=lambda command: time_key(command.requested_at, command.id), view=command_record)


@get("/v1/commands/{command_id:uuid}", guards=[needs(Permission.READ_COMMANDS)])
async def get_command(call: Call, command_id: FromPath[UUID]) -> CommandRecord:
    """One command; only `confirmed` means that the effect was seen."""
    return command_record(await service.get_command(call.tx, call.actor, command_id))


@post("/v1/actuators/{actuator_id:uuid}/commands", guards=[needs(Permission.COMMAND_ACTUATOR)], status_code=202)
async def command_actuator(
    data: JSONBody[NewCommand], actuator_id: FromPath[UUID], call: Call, key: CommandKey
) -> CommandRecord:
    """Ask an actuator to do something, with a reason.

    202 says that it was asked, not that it was done: watch the command until it is `confirmed` by its proof; without
    proof by `deadline_at` it is `timed_out`, which is an alarm. A live command of the actuator that wants something
    else is superseded. Muster is not a SIL-rated safety function: hard-wired gas trips and emergency stops stay
    independent of it, and are what to use where a life depends on one machine stopping.
    """
    command = await commanding.command_by_hand(
        call.tx, call.actor, actuator_id, data.action, data.reason, key=f"{call.actor.account_id}:{key}"
    )
    return command_record(command)


def command_record(it: Command) -> CommandRecord:
    """A command as the wire shows it, with who asked and why."""
    return CommandRecord(
        id=it.id,
        actuator=it.actuator_id,
        action=it.action,
        state=it.state.value,
        inhibited=it.inhibited,
        requested_at=it.requested_at,
        sent_at=it.sent_at,
        confirmed_at=it.ended_at if it.state is CommandState.CONFIRMED else None,
        ended_at=it.ended_at,
        site=it.site_id,
        incident=it.incident_id,
        reason=it.reason,
        requested_by=it.requested_by,
        attempts=it.attempts,
        deadline_at=it.deadline_at,
        feedback=it.feedback,
    )


router = Router("/", route_handlers=[list_commands, get_command, command_actuator], tags=["commands"])
