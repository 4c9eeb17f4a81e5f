"""Leading an incident: take command, hand it over with a read-back, objectives, resources, the board."""

from __future__ import annotations

from uuid import UUID

import msgspec
from litestar import Response, Router, get, patch, post
from litestar.params import FromPath, JSONBody

from api.bearer import needs
from api.call import Call, Write
from api.etags import IfMatch, etag, expected_version
from incidents.leading import board, command
from incidents.leading.board import Board, ResourceDraft
from incidents.leading.model import Briefing
from incidents.leading.views import briefing_view, commander_view, handover_view, objective_view, resource_view
from incidents.roll_call.views import roll_call_view
from mobile_contract.leading import (
    BoardView,
    HandoverView,
    NewHandover,
    NewObjective,
    NewResource,
    ObjectiveEdit,
    ReadBack,
    ResourceEdit,
    TakeCommand,
)
from mobile_contract.room_views import CommanderView, ObjectiveView, ResourceView
from people.permissions import Permission


@get("/v1/incidents/{incident_id:uuid}/board", guards=[needs(Permission.READ_INCIDENTS)])
async def get_board(call: Call, incident_id: FromPath[UUID]) -> BoardView:
    """Who leads, how it stands in numbers, objectives, resources, roll calls."""
    return board_view(await board.get_board(call.tx, call.actor, incident_id))


@post("/v1/incidents/{incident_id:uuid}/command", status_code=200, guards=[needs(Permission.LEAD_INCIDENT)])
async def take_command(
    data: JSONBody[TakeCommand], incident_id: FromPath[UUID], write: Write
) -> Response[CommanderView]:
    """Take command of an incident nobody leads; a safety officer takes it from somebody with a reason."""

    async def work() -> CommanderView:
        return commander_view(await command.take(write.tx, write.actor, incident_id, data.reason))

    return await write.once(work, status=200)


@post("/v1/incidents/{incident_id:uuid}/handovers", guards=[needs(Permission.LEAD_INCIDENT)])
async def offer_command(
    data: JSONBody[NewHandover], incident_id: FromPath[UUID], write: Write
) -> Response[HandoverView]:
    """The commander offers command, with the briefing that is to be read back within five minutes."""

    async def work() -> HandoverView:
        made = await command.offer(write.tx, write.actor, incident_id, data.to, data.note)
        return handover_view(made, write.tx.now)

    return await write.once(work)


@post("/v1/handovers/{handover_id:uuid}/accept", status_code=200, guards=[needs(Permission.LEAD_INCIDENT)])
async def accept_command(
    data: JSONBody[ReadBack], handover_id: FromPath[UUID], write: Write
) -> Response[CommanderView]:
    """Read the briefing back: command changes hands only when it was heard right and still stands."""

    async def work() -> CommanderView:
        said = Briefing(**msgspec.structs.asdict(data))
        return commander_view(await command.accept(write.tx, write.actor, handover_id, said))

    return await write.once(work, status=200)


@post("/v1/handovers/{handover_id:uuid}/refuse", status_code=200, guards=[needs(Permission.LEAD_INCIDENT)])
async def refuse_command(handover_id: FromPath[UUID], write: Write) -> Response[HandoverView]:
    """Decline an offer of command, or take one's own offer back."""

    async def work() -> HandoverView:
        return handover_view(await command.refuse(write.tx, write.actor, handover_id), write.tx.now)

    return await write.once(work, status=200)


@post("/v1/incidents/{incident_id:uuid}/objectives", guards=[needs(Permission.LEAD_INCIDENT)])
async def set_objective(
    data: JSONBody[NewObjective], incident_id: FromPath[UUID], write: Write
) -> Response[ObjectiveView]:
    """Set an objective: for the commander and safety officers."""

    async def work() -> ObjectiveView:
        return objective_view(await board.set_objective(write.tx, write.actor, incident_id, data.text))

    return await write.once(work, headers=lambda objective: etag(objective.version))


@patch("/v1/objectives/{objective_id:uuid}", guards=[needs(Permission.LEAD_INCIDENT)])
async def edit_objective(
    data: JSONBody[ObjectiveEdit], call: Call, objective_id: FromPath[UUID], if_match: IfMatch = None
) -> Response[ObjectiveView]:
    """Reword an objective, or say that it is met or dropped."""
    version = expected_version(if_match)
    saved = await board.change_objective(
        call.tx, call.actor, objective_id, text=data.text, state=data.state, expected_version=version
    )
    return Response(objective_view(saved), headers=etag(saved.version))


@post("/v1/incidents/{incident_id:uuid}/resources", guards=[needs(Permission.LEAD_INCIDENT)])
async def add_resource(
    data: JSONBody[NewResource], incident_id: FromPath[UUID], write: Write
) -> Response[ResourceView]:
    """Note somebody or something that is asked for or there; a person joins the room."""

    async def work() -> ResourceView:
        draft = ResourceDraft(data.kind, data.name, data.account, data.task, data.state, data.note)
        return resource_view(await board.add_resource(write.tx, write.actor, incident_id, draft))

    return await write.once(work, headers=lambda resource: etag(resource.version))


@patch("/v1/resources/{resource_id:uuid}", guards=[needs(Permission.LEAD_INCIDENT)])
async def edit_resource(
    data: JSONBody[ResourceEdit], call: Call, resource_id: FromPath[UUID], if_match: IfMatch = None
) -> Response[ResourceView]:
    """Say that a resource is assigned, on scene or released, and to what."""
    saved = await board.change_resource(
        call.tx,
        call.actor,
        resource_id,
        state=data.state,
        task_id=data.task,
        note=data.note,
        expected_version=expected_version(if_match),
    )
    return Response(resource_view(saved), headers=etag(saved.version))


def board_view(found: Board) -> BoardView:
    """The board as the wire shows it."""
    return BoardView(
        commander=None if found.commander is None else commander_view(found.commander),
        offer=None if found.offer is None else handover_view(found.offer, found.offer.offered_at),
        standing=briefing_view(found.standing),
        objectives=[objective_view(objective) for objective in found.objectives],
        resources=[resource_view(resource) for resource in found.resources],
        roll_calls=[roll_call_view(call) for call in found.roll_calls],
    )


router = Router(
    "/",
    route_handlers=[
        get_board,
        take_command,
        offer_command,
        accept_command,
        refuse_command,
        set_objective,
        edit_objective,
        add_resource,
        edit_resource,
    ],
    tags=["command"],
)
