"""Doors and ways between levels of the plan in force, as they are now."""

from __future__ import annotations

from typing import Annotated, TypeAlias
from uuid import UUID

from litestar import Response, Router, delete, get, put
from litestar.params import FromPath, JSONBody, QueryParameter

from api.bearer import needs
from api.call import Call, Write
from api.etags import IfMatch, etag, expected_version
from api.paging import DEFAULT_LIMIT, Cursor, Limit, Search, page, read_cursor
from mobile_contract.paging import Page
from mobile_contract.passages import (
    PassageEdit,
    PassageKindName,
    PassageOfName,
    PassagePlace,
    PassageStateName,
    PassageView,
)
from people.permissions import Permission
from plant.places import passage_service as service
from plant.places.passage_queries import After, Passage, Wanted

Of: TypeAlias = Annotated[PassageOfName, QueryParameter(name="of", description="A door, or a rise: stairs, a lift.")]
Feature: TypeAlias = Annotated[
    str, QueryParameter(name="feature", min_length=1, max_length=100, description="Its id in the plan.")
]


@get("/v1/sites/{site_id:uuid}/passages", guards=[needs(Permission.READ_PLANT)])
async def list_passages(
    call: Call,
    site_id: FromPath[UUID],
    kind: Annotated[PassageKindName | None, QueryParameter(description="Doors, or rises of this kind.")] = None,
    in_state: Annotated[PassageStateName | None, QueryParameter(name="state", description="In this state now.")] = None,
    level: Annotated[int | None, QueryParameter(ge=-100, le=200, description="On this floor; 0 is the ground.")] = None,
    changed: Annotated[
        bool | None, QueryParameter(description="Those that are not as planned, or those that are.")
    ] = None,
    q: Search = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Page[PassageView]:
    """Doors, then rises, of the plan in force, as they are now; `q` finds their names, ids and rooms."""
    wanted = Wanted(kind, in_state, level, changed, q)
    after = read_cursor(cursor, After, After())
    rows = await service.list_passages(call.tx, call.actor, site_id, wanted, after=after, limit=limit + 1)
    return page(rows, limit, key=lambda it: After(it.of, it.feature), view=passage_view)


@get("/v1/sites/{site_id:uuid}/passages/state", guards=[needs(Permission.READ_PLANT)])
async def get_passage(call: Call, site_id: FromPath[UUID], of: Of, feature: Feature) -> Response[PassageView]:
    """One door or rise; its ETag is what an edit may name."""
    found = await service.get_passage(call.tx, call.actor, site_id, of, feature)
    return Response(passage_view(found), headers=etag(found.version))


@put("/v1/sites/{site_id:uuid}/passages/state", guards=[needs(Permission.MANAGE_PLANT)])
async def set_passage(
    data: JSONBody[PassageEdit],
    write: Write,
    site_id: FromPath[UUID],
    of: Of,
    feature: Feature,
    if_match: IfMatch = None,
) -> Response[PassageView]:
    """Say what a door or rise is now: people are sent by it from then on.

    The last word counts; with an If-Match it counts only if nobody said another since.
    """
    version = _version(if_match)
    draft = service.StateDraft(data.state, data.reason, data.until)

    async def work() -> PassageView:
        return passage_view(
            await service.set_state(write.tx, write.actor, site_id, of, feature, draft, expected_version=version)
        )

    return await write.once(work, status=200, headers=lambda it: etag(it.version))


@delete("/v1/sites/{site_id:uuid}/passages/state", guards=[needs(Permission.MANAGE_PLANT)], status_code=200)
async def clear_passage(
    write: Write, site_id: FromPath[UUID], of: Of, feature: Feature, if_match: IfMatch = None
) -> Response[PassageView]:
    """A door or rise is as the plan has it; answers what that is."""
    version = _version(if_match)

    async def work() -> PassageView:
        return passage_view(
            await service.clear_state(write.tx, write.actor, site_id, of, feature, expected_version=version)
        )

    return await write.once(work, status=200, headers=lambda it: etag(it.version))


def passage_view(it: Passage) -> PassageView:
    """A passage as the wire shows it."""
    return PassageView(
        of=it.of,
        feature=it.feature,
        kind=it.kind,
        name=it.name,
        levels=it.levels,
        place=PassagePlace(coordinates=it.at),
        rooms=it.rooms,
        planned=it.planned,
        state=it.state,
        reason=it.reason,
        set_by=it.set_by,
        set_at=it.set_at,
        until=it.until,
        version=it.version,
    )


def _version(if_match: str | None) -> int | None:
    return None if if_match is None else expected_version(if_match)


router = Router(
    "/",
    route_handlers=[list_passages, get_passage, set_passage, clear_passage],
    tags=["passages"],
)
