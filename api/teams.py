"""Teams and who is in them."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from litestar import Response, Router, delete, get, patch, post, put
from litestar.params import FromPath, JSONBody, QueryParameter

from api.bearer import needs
from api.call import Call, Write
from api.etags import IfMatch, etag, expected_version
from api.paging import DEFAULT_LIMIT, Cursor, Limit, Search, page, read_cursor
from mobile_contract.paging import Page
from mobile_contract.rotas import Membership, MemberView, NewTeam, TeamEdit, TeamView
from people.permissions import Permission
from people.queries import FIRST
from people.rotas import team_service as service
from people.rotas.model import Team, TeamMember

Retired = Annotated[bool | None, QueryParameter(description="Only those that are retired, or are not.")]


@get("/v1/teams", guards=[needs(Permission.READ_ROTAS)])
async def list_teams(
    call: Call, retired: Retired = None, q: Search = None, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None
) -> Page[TeamView]:
    """Teams by slug."""
    after = read_cursor(cursor, str, "")
    rows = await service.list_teams(call.tx, call.actor, after=after, retired=retired, search=q, limit=limit + 1)
    return page(rows, limit, key=lambda team: team.slug, view=team_view)


@get("/v1/teams/{team_id:uuid}", guards=[needs(Permission.READ_ROTAS)])
async def get_team(call: Call, team_id: FromPath[UUID]) -> Response[TeamView]:
    """One team; its ETag is what an edit names."""
    team = await service.get_team(call.tx, call.actor, team_id)
    return Response(team_view(team), headers=etag(team.version))


@post("/v1/teams", guards=[needs(Permission.MANAGE_PEOPLE)])
async def create_team(data: JSONBody[NewTeam], write: Write) -> Response[TeamView]:
    """Create a team."""

    async def work() -> TeamView:
        return team_view(await service.create_team(write.tx, write.actor, service.TeamDraft(data.slug, data.name)))

    return await write.once(work, headers=lambda team: etag(team.version))


@patch("/v1/teams/{team_id:uuid}", guards=[needs(Permission.MANAGE_PEOPLE)])
async def edit_team(
    data: JSONBody[TeamEdit], team_id: FromPath[UUID], call: Call, if_match: IfMatch = None
) -> Response[TeamView]:
    """Rename or retire a team."""
    version = expected_version(if_match)
    change = service.TeamChange(data.name, data.retired)
    team = await service.edit_team(call.tx, call.actor, team_id, change, expected_version=version)
    return Response(team_view(team), headers=etag(team.version))


@get("/v1/teams/{team_id:uuid}/members", guards=[needs(Permission.READ_ROTAS)])
async def list_members(
    call: Call, team_id: FromPath[UUID], limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None
) -> Page[MemberView]:
    """A team's people; past and future ones too."""
    after = read_cursor(cursor, UUID, FIRST)
    rows = await service.list_members(call.tx, call.actor, team_id, after=after, limit=limit + 1)
    return page(rows, limit, key=lambda member: member.account_id, view=member_view)


@put(
    "/v1/teams/{team_id:uuid}/members/{account_id:uuid}",
    status_code=204,
    guards=[needs(Permission.MANAGE_PEOPLE)],
)
async def set_member(
    data: JSONBody[Membership], call: Call, team_id: FromPath[UUID], account_id: FromPath[UUID]
) -> None:
    """Put somebody into a team, or change from when until when."""
    await service.set_member(call.tx, call.actor, team_id, account_id, starts_at=data.starts_at, ends_at=data.ends_at)


@delete("/v1/teams/{team_id:uuid}/members/{account_id:uuid}", guards=[needs(Permission.MANAGE_PEOPLE)])
async def remove_member(call: Call, team_id: FromPath[UUID], account_id: FromPath[UUID]) -> None:
    """Take somebody out of a team."""
    await service.remove_member(call.tx, call.actor, team_id, account_id)


def team_view(it: Team) -> TeamView:
    """A team as the wire shows it."""
    return TeamView(it.id, it.slug, it.name, it.retired_at is not None, it.version, it.created_at)


def member_view(it: TeamMember) -> MemberView:
    """A team's member as the wire shows it."""
    return MemberView(it.account_id, it.display_name, it.starts_at, it.ends_at)


router = Router(
    "/",
    route_handlers=[list_teams, get_team, create_team, edit_team, list_members, set_member, remove_member],
    tags=["rotas"],
)
