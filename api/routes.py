"""People's own ways: seen, walked, and listed for those who lead."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Response, Router, get, post
from litestar.params import FromPath, JSONBody, QueryParameter

from api.bearer import needs
from api.call import Call, Write
from api.paging import DEFAULT_LIMIT, Cursor, Limit, page, read_cursor
from incidents.wayfinding import routes_service
from incidents.wayfinding.model import LastFix
from mobile_contract.paging import Page
from mobile_contract.wayfinding import RoutePositions, RouteProgress, RoutePurpose, RouteView
from people.permissions import Permission


class After(msgspec.Struct, frozen=True, array_like=True):
    """A place in a list of ways."""

    id: UUID = UUID(int=0)


@get("/v1/me/routes", guards=[needs(Permission.READ_INCIDENTS)])
async def list_own_routes(call: Call) -> Page[RouteView]:
    """One's own ways that are not over, the oldest first, on one page: a person has a few tasks at most."""
    return Page([row.view for row in await routes_service.list_own(call.tx, call.actor)], None)


@get("/v1/incidents/{incident_id:uuid}/routes", guards=[needs(Permission.READ_INCIDENTS)])
async def list_incident_routes(
    call: Call,
    incident_id: FromPath[UUID],
    ended: Annotated[bool, QueryParameter(description="True: those that are over, too.")] = False,
    task: Annotated[UUID | None, QueryParameter(description="Of this task.")] = None,
    purpose: Annotated[RoutePurpose | None, QueryParameter(description="For this purpose.")] = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Page[RouteView]:
    """Ways of an incident's people; those out of an evacuation only one's own, but for those who lead."""
    rows = await routes_service.list_of_incident(
        call.tx,
        call.actor,
        incident_id,
        ended=ended,
        task_id=task,
        purpose=purpose,
        after=read_cursor(cursor, After, After()).id,
        limit=limit + 1,
    )
    return page(rows, limit, key=lambda it: After(it.id), view=lambda it: it.view)


@get("/v1/routes/{route_id:uuid}", guards=[needs(Permission.READ_INCIDENTS)])
async def get_route(call: Call, route_id: FromPath[UUID]) -> RouteView:
    """One way with its steps."""
    return (await routes_service.get(call.tx, call.actor, route_id)).view


@post("/v1/me/routes/{route_id:uuid}/positions", status_code=200, guards=[needs(Permission.REPORT_PRESENCE)])
async def walk_route(data: JSONBody[RoutePositions], route_id: FromPath[UUID], write: Write) -> Response[RouteProgress]:
    """Say where one is on one's way; answered with the step one is on and the steps to tell now.

    The same positions again change nothing, with or without a key.
    """

    async def work() -> RouteProgress:
        fixes = [LastFix(it.at, it.lon, it.lat, it.accuracy_m, it.level) for it in data.positions]
        return await routes_service.walk(write.tx, write.actor, route_id, data.revision, fixes)

    return await write.once(work, status=200)


router = Router(path="", route_handlers=[list_own_routes, list_incident_routes, get_route, walk_route])
