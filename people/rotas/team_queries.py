"""SQL of teams and their members."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from core.database import Tx, row_to
from people.queries import FIRST
from people.rotas.model import Team, TeamMember

_TEAM = "tenant_id, id, slug, name, version, retired_at, created_at"

_INSERT_TEAM = f"""
INSERT INTO teams (tenant_id, id, slug, name, created_at) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (tenant_id, slug) DO NOTHING
RETURNING {_TEAM}
"""


async def insert_team(tx: Tx, tenant_id: UUID, team: Team) -> Team | None:
    """The new team, or None when the slug is taken."""
    row = await tx.fetchrow(_INSERT_TEAM, tenant_id, team.id, team.slug, team.name, team.created_at)
    return None if row is None else row_to(Team, row)


_FIND_TEAM = f"SELECT {_TEAM} FROM teams WHERE tenant_id = $1 AND id = $2"


async def find_team(tx: Tx, tenant_id: UUID, team_id: UUID) -> Team | None:
    """One team."""
    row = await tx.fetchrow(_FIND_TEAM, tenant_id, team_id)
    return None if row is None else row_to(Team, row)


_LOCK_TEAM = f"SELECT {_TEAM} FROM teams WHERE tenant_id = $1 AND id = $2 FOR NO KEY UPDATE"


async def lock_team(tx: Tx, tenant_id: UUID, team_id: UUID) -> Team | None:
    """One team, held until the transaction ends."""
    row = await tx.fetchrow(_LOCK_TEAM, tenant_id, team_id)
    return None if row is None else row_to(Team, row)


_SAVE_TEAM = f"""
UPDATE teams SET name = $3, retired_at = $4, version = version + 1 WHERE tenant_id = $1 AND id = $2
RETURNING {_TEAM}
"""


async def save_team(tx: Tx, tenant_id: UUID, team: Team) -> Team:
    """Store what can be edited of a locked team; returns it with its new version."""
    return row_to(Team, await tx.fetchrow(_SAVE_TEAM, tenant_id, team.id, team.name, team.retired_at))


_LIST_TEAMS = f"""
SELECT {_TEAM} FROM teams
WHERE tenant_id = $1 AND slug > $2 AND ($3::boolean IS NULL OR (retired_at IS NOT NULL) = $3)
  AND ($4::text IS NULL OR strpos(lower(concat_ws(' ', slug, name ->> 'zh', name ->> 'en')), lower($4)) > 0)
ORDER BY slug LIMIT $5
"""


async def list_teams(
    tx: Tx, tenant_id: UUID, *, after: str, retired: bool | None, search: str | None, limit: int
) -> list[Team]:
    """Teams by slug."""
    return [row_to(Team, row) for row in await tx.fetch(_LIST_TEAMS, tenant_id, after, retired, search, limit)]


_SET_MEMBER = """
INSERT INTO team_members (tenant_id, team_id, account_id, starts_at, ends_at) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (tenant_id, team_id, account_id) DO UPDATE SET starts_at = $4, ends_at = $5
"""


async def set_member(
    tx: Tx, tenant_id: UUID, team_id: UUID, account_id: UUID, starts_at: datetime, ends_at: datetime | None
) -> None:
    """Put somebody into a team, or change from when until when."""
    await tx.execute(_SET_MEMBER, tenant_id, team_id, account_id, starts_at, ends_at)


async def set_members(tx: Tx, tenant_id: UUID, members: Sequence[tuple[UUID, UUID]], starts_at: datetime) -> None:
    """Put (team, account) into locked teams from now on."""
    await tx.executemany(_SET_MEMBER, [(tenant_id, *member, starts_at, None) for member in members])


_DELETE_MEMBER = "DELETE FROM team_members WHERE tenant_id = $1 AND team_id = $2 AND account_id = $3"


async def delete_member(tx: Tx, tenant_id: UUID, team_id: UUID, account_id: UUID) -> bool:
    """Take somebody out; False when they were not in it."""
    return await tx.execute(_DELETE_MEMBER, tenant_id, team_id, account_id) == 1


_LIST_MEMBERS = """
SELECT m.tenant_id, m.team_id, m.account_id, a.display_name, m.starts_at, m.ends_at
FROM team_members m JOIN accounts a ON a.tenant_id = m.tenant_id AND a.id = m.account_id
WHERE m.tenant_id = $1 AND m.team_id = $2 AND m.account_id > $3
ORDER BY m.account_id LIMIT $4
"""


async def list_members(tx: Tx, tenant_id: UUID, team_id: UUID, *, after: UUID = FIRST, limit: int) -> list[TeamMember]:
    """A team's people, past and future ones too."""
    return [row_to(TeamMember, row) for row in await tx.fetch(_LIST_MEMBERS, tenant_id, team_id, after, limit)]


_MEMBERS_AT = """
SELECT m.team_id, m.account_id
FROM team_members m
JOIN teams t ON t.tenant_id = m.tenant_id AND t.id = m.team_id AND t.retired_at IS NULL
JOIN accounts a ON a.tenant_id = m.tenant_id AND a.id = m.account_id AND a.disabled_at IS NULL
WHERE m.tenant_id = $1 AND m.starts_at <= $2 AND (m.ends_at IS NULL OR m.ends_at > $2)
"""


async def members_at(tx: Tx, tenant_id: UUID, at: datetime) -> list[tuple[UUID, UUID]]:
    """(team, account) of everybody who is in a team at this moment and may sign in."""
    return [(row["team_id"], row["account_id"]) for row in await tx.fetch(_MEMBERS_AT, tenant_id, at)]
