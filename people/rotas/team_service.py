"""Use cases of teams. An actor of None is Muster itself (seeding)."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec

from core import audit
from core.database import Tx
from core.errors import Forbidden, Invalid
from core.ids import new_id
from mobile_contract.text import Text
from people.actor import Actor
from people.permissions import Permission
from people.queries import FIRST
from people.rotas import rota_queries, team_queries
from people.rotas.definition import check_name
from people.rotas.errors import check_account, found, not_taken
from people.rotas.model import Team, TeamMember
from people.service import check_version


class TeamDraft(msgspec.Struct, frozen=True):
    """A new team."""

    slug: str
    name: Text


class TeamChange(msgspec.Struct, frozen=True):
    """What is UNSET stays; a retired team has no members for anybody who asks."""

    name: Text | msgspec.UnsetType = msgspec.UNSET
    retired: bool | msgspec.UnsetType = msgspec.UNSET


def authorise(tx: Tx, actor: Actor | None) -> UUID:
    """Check that the actor may change teams and rotas, and return the tenant."""
    if tx.tenant_id is None:
        raise Forbidden("tenant.missing", "this needs a tenant", "缺少租户")
    if actor is not None:
        actor.require(Permission.MANAGE_PEOPLE)
    return tx.tenant_id


def id_of(actor: Actor | None) -> UUID | None:
    """The account's id as audit rows name it; None: Muster itself."""
    return None if actor is None else actor.account_id


def set_fields(change: msgspec.Struct) -> dict[str, object]:
    """What a change sets, for the audit."""
    return {key: value for key, value in msgspec.structs.asdict(change).items() if value is not msgspec.UNSET}


async def create_team(tx: Tx, actor: Actor | None, draft: TeamDraft) -> Team:
    """Raises Conflict when the slug is taken."""
    tenant_id = authorise(tx, actor)
    check_name(draft.name)
    made = Team(tenant_id, new_id(), draft.slug, draft.name, 1, None, tx.now)
    team = not_taken(await team_queries.insert_team(tx, tenant_id, made), "team", draft.slug)
    await audit.record(tx, id_of(actor), "team.created", "team", team.id, set_fields(draft))
    return team


async def edit_team(tx: Tx, actor: Actor, team_id: UUID, change: TeamChange, *, expected_version: int) -> Team:
    """Rename or retire a team; raises NotFound, Conflict version.changed."""
    tenant_id = authorise(tx, actor)
    team = found(await team_queries.lock_team(tx, tenant_id, team_id), "team", team_id)
    check_version(team.version, expected_version)
    if change.name is not msgspec.UNSET:
        check_name(change.name)
        team = msgspec.structs.replace(team, name=change.name)
    if change.retired is not msgspec.UNSET:
        team = msgspec.structs.replace(team, retired_at=(team.retired_at or tx.now) if change.retired else None)
    saved = await team_queries.save_team(tx, tenant_id, team)
    await audit.record(tx, actor.account_id, "team.edited", "team", team_id, set_fields(change))
    return saved


async def get_team(tx: Tx, actor: Actor, team_id: UUID) -> Team:
    """One team; raises NotFound."""
    actor.require(Permission.READ_ROTAS)
    return found(await team_queries.find_team(tx, actor.tenant_id, team_id), "team", team_id)


async def list_teams(
    tx: Tx, actor: Actor, *, after: str, retired: bool | None, search: str | None, limit: int
) -> list[Team]:
    """A page of teams by slug."""
    actor.require(Permission.READ_ROTAS)
    return await team_queries.list_teams(tx, actor.tenant_id, after=after, retired=retired, search=search, limit=limit)


async def list_members(tx: Tx, actor: Actor, team_id: UUID, *, after: UUID = FIRST, limit: int) -> list[TeamMember]:
    """A page of a team's people, past and future ones too; raises NotFound."""
    await get_team(tx, actor, team_id)
    return await team_queries.list_members(tx, actor.tenant_id, team_id, after=after, limit=limit)


async def set_member(
    tx: Tx,
    actor: Actor | None,
    team_id: UUID,
    account_id: UUID,
    *,
    starts_at: datetime | None = None,
    ends_at: datetime | None = None,
) -> None:
    """Put somebody into a team (from now unless said) or change from when until when; raises NotFound, Invalid."""
    tenant_id = authorise(tx, actor)
    found(await team_queries.lock_team(tx, tenant_id, team_id), "team", team_id)
    people = await rota_queries.list_people(tx, tenant_id, [account_id])
    check_account(people, account_id, "account_id")
    begins = starts_at or tx.now
    if ends_at is not None and ends_at <= begins:
        raise Invalid(
            "team.period",
            "a membership ends after it starts",
            "成员期限的结束时间须晚于开始时间",
            field="ends_at",
            value=ends_at.isoformat(),
            limit=begins.isoformat(),
        )
    await team_queries.set_member(tx, tenant_id, team_id, account_id, begins, ends_at)
    facts = {"account": account_id, "starts_at": begins, "ends_at": ends_at}
    await audit.record(tx, id_of(actor), "team.member_set", "team", team_id, facts)


async def remove_member(tx: Tx, actor: Actor, team_id: UUID, account_id: UUID) -> None:
    """Take somebody out of a team; raises NotFound for the team, doing it twice is one fact."""
    tenant_id = authorise(tx, actor)
    found(await team_queries.lock_team(tx, tenant_id, team_id), "team", team_id)
    if await team_queries.delete_member(tx, tenant_id, team_id, account_id):
        await audit.record(tx, actor.account_id, "team.member_removed", "team", team_id, {"account": account_id})
