"""SQL of importing and exporting people."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

import msgspec

from core.database import Tx, row_to, rows_to
from people.model import Account
from people.permissions import Role
from people.qualifications.model import Qualification, QualificationType
from people.rotas.model import Team

_ACCOUNTS = """
SELECT tenant_id, id, login, display_name, locale, role, phone, disabled_at, version, created_at
FROM accounts WHERE tenant_id = $1 AND login = ANY($2::text[])
"""


async def find_accounts(tx: Tx, tenant_id: UUID, logins: list[str]) -> dict[str, Account]:
    """Those of these logins that are there."""
    found = await rows_to(Account, await tx.fetch(_ACCOUNTS, tenant_id, logins))
    return {it.login: it for it in found}


_TYPES = """
SELECT tenant_id, id, slug, name, skills, validity_months, review_months, warn_days, source, in_use, version, created_at
FROM qualification_types WHERE tenant_id = $1 AND slug = ANY($2::text[])
"""


async def find_types(tx: Tx, tenant_id: UUID, slugs: list[str]) -> dict[str, QualificationType]:
    """Those of these types that are there."""
    found = [row_to(QualificationType, row) for row in await tx.fetch(_TYPES, tenant_id, slugs)]
    return {it.slug: it for it in found}


_LOCK_RECORDS = """
SELECT tenant_id, id, account_id, type_id, issuer, scope, sites, zones, number, valid_from, valid_until, review_by,
    evidence_id, suspended_from, suspended_until, suspended_reason, suspended_by, version, created_at
FROM qualifications WHERE tenant_id = $1 AND account_id = ANY($2::uuid[])
ORDER BY id
FOR NO KEY UPDATE
"""


async def lock_records(tx: Tx, tenant_id: UUID, accounts: list[UUID]) -> dict[UUID, list[Qualification]]:
    """The records of these people by person, held until the transaction ends."""
    records: dict[UUID, list[Qualification]] = {}
    for it in await rows_to(Qualification, await tx.fetch(_LOCK_RECORDS, tenant_id, accounts)):
        records.setdefault(it.account_id, []).append(it)
    return records


# The last to be locked: whoever edits a team, or who is in it, holds nothing else.
_LOCK_TEAMS = """
SELECT tenant_id, id, slug, name, version, retired_at, created_at FROM teams
WHERE tenant_id = $1 AND slug = ANY($2::text[])
ORDER BY id
FOR NO KEY UPDATE
"""


async def lock_teams(tx: Tx, tenant_id: UUID, slugs: list[str]) -> dict[str, Team]:
    """Those of these teams that are there, held until the transaction ends."""
    found = [row_to(Team, row) for row in await tx.fetch(_LOCK_TEAMS, tenant_id, slugs)]
    return {it.slug: it for it in found}


_MEMBERS = """
SELECT team_id, account_id FROM team_members
WHERE tenant_id = $1 AND team_id = ANY($2::uuid[]) AND account_id = ANY($3::uuid[])
  AND (ends_at IS NULL OR ends_at > $4)
"""


async def find_members(
    tx: Tx, tenant_id: UUID, teams: list[UUID], accounts: list[UUID], at: datetime
) -> frozenset[tuple[UUID, UUID]]:
    """(team, account) of those of these people who are in these teams, or will be."""
    rows = await tx.fetch(_MEMBERS, tenant_id, teams, accounts, at)
    return frozenset((row["team_id"], row["account_id"]) for row in rows)


class ExportRow(msgspec.Struct, frozen=True):
    """A person with all their teams, and one qualification or none."""

    login: str
    display_name: str
    role: str
    phone: str | None
    locale: str
    teams: list[str]
    qualification: str | None
    issuer: str | None
    number: str | None
    valid_from: date | None
    valid_until: date | None


_EXPORT = """
SELECT a.login, a.display_name, a.role, a.phone, a.locale,
    ARRAY(
        SELECT g.slug FROM team_members m JOIN teams g ON g.tenant_id = $1 AND g.id = m.team_id AND g.retired_at IS NULL
        WHERE m.tenant_id = $1 AND m.account_id = a.id AND (m.ends_at IS NULL OR m.ends_at > $4)
        ORDER BY g.slug
    ) AS teams,
    t.slug AS qualification, q.issuer, q.number, q.valid_from, q.valid_until
FROM accounts a
LEFT JOIN qualifications q ON q.tenant_id = $1 AND q.account_id = a.id
LEFT JOIN qualification_types t ON t.tenant_id = $1 AND t.id = q.type_id
WHERE a.tenant_id = $1 AND a.disabled_at IS NULL AND a.role = ANY($2::text[])
ORDER BY a.login, q.id
LIMIT $3
"""


async def list_export(tx: Tx, tenant_id: UUID, roles: list[Role], limit: int) -> list[ExportRow]:
    """People by login, with the teams they are in or will be."""
    rows = await tx.fetch(_EXPORT, tenant_id, [role.value for role in roles], limit, tx.now)
    return await rows_to(ExportRow, rows)
