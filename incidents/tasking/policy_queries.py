"""SQL of escalation policies, a row a version; each statement sits above its function."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from core.database import Tx, row_to
from core.errors import NotFound
from incidents.tasking.policy import EscalationPolicy, PolicyBody
from mobile_contract.text import Text

_POLICY = "tenant_id, id, slug, version, title, body, created_at, created_by, retired"


class PolicyRow(msgspec.Struct, frozen=True, kw_only=True):
    """One version of a policy."""

    tenant_id: UUID
    id: UUID
    slug: str
    version: int
    title: Text
    body: PolicyBody
    created_at: datetime
    created_by: UUID
    retired: bool

    @property
    def frozen(self) -> EscalationPolicy:
        """The copy an escalation keeps."""
        return EscalationPolicy(**msgspec.structs.asdict(self.body), slug=self.slug, version=self.version)


INSERT_POLICY = f"""
INSERT INTO escalation_policies ({_POLICY}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING
"""


async def insert_version(tx: Tx, row: PolicyRow) -> bool:
    """Insert a version; False when there is one of this number, or another policy of this slug."""
    inserted = await tx.execute(
        INSERT_POLICY,
        row.tenant_id,
        row.id,
        row.slug,
        row.version,
        row.title,
        row.body,
        row.created_at,
        row.created_by,
        row.retired,
    )
    return inserted == 1


FIND_POLICY = f"""
SELECT {_POLICY} FROM escalation_policies
WHERE tenant_id = $1 AND slug = $2 AND ($3::integer IS NULL OR version = $3)
ORDER BY version DESC LIMIT 1
"""


async def find_policy(tx: Tx, tenant_id: UUID, slug: str, version: int | None) -> PolicyRow | None:
    """A policy by its slug, the newest version without one; a retired one is still what a task named."""
    row = await tx.fetchrow(FIND_POLICY, tenant_id, slug, version)
    return None if row is None else row_to(PolicyRow, row)


GET_POLICY = f"""
SELECT {_POLICY} FROM escalation_policies
WHERE tenant_id = $1 AND id = $2 AND ($3::integer IS NULL OR version = $3)
ORDER BY version DESC LIMIT 1
"""


async def get_policy(tx: Tx, tenant_id: UUID, policy_id: UUID, version: int | None = None) -> PolicyRow:
    """A policy, the newest version without one; raises NotFound."""
    row = await tx.fetchrow(GET_POLICY, tenant_id, policy_id, version)
    if row is None:
        raise NotFound(
            "policy.not_found", f"no escalation policy {policy_id}", f"没有升级策略 {policy_id}", field="policy_id"
        )
    return row_to(PolicyRow, row)


LIST_POLICIES = f"""
SELECT {_POLICY} FROM escalation_policies p
WHERE tenant_id = $1 AND slug > $2
  AND version = (SELECT max(version) FROM escalation_policies n WHERE n.tenant_id = $1 AND n.id = p.id)
  AND ($3::boolean OR NOT retired)
  AND ($4::text IS NULL OR position(lower($4) IN lower(concat_ws(' ', slug, title->>'zh', title->>'en'))) > 0)
ORDER BY slug LIMIT $5
"""


async def list_policies(
    tx: Tx, tenant_id: UUID, *, after: str, retired: bool, search: str | None, limit: int
) -> list[PolicyRow]:
    """The newest version of each policy, by slug; ``retired``: those retired as well."""
    rows = await tx.fetch(LIST_POLICIES, tenant_id, after, retired, search, limit)
    return [row_to(PolicyRow, r) for r in rows]


LIST_VERSIONS = f"""
SELECT {_POLICY} FROM escalation_policies
WHERE tenant_id = $1 AND id = $2 AND version < $3 ORDER BY version DESC LIMIT $4
"""


async def list_versions(tx: Tx, tenant_id: UUID, policy_id: UUID, *, before: int, limit: int) -> list[PolicyRow]:
    """Versions of a policy, newest first, below ``before``."""
    return [row_to(PolicyRow, r) for r in await tx.fetch(LIST_VERSIONS, tenant_id, policy_id, before, limit)]


FIND_ACCOUNTS = """
SELECT id FROM accounts
WHERE tenant_id = $1 AND id = ANY ($2::uuid[]) AND disabled_at IS NULL
  AND role IN ('worker', 'responder', 'safety_officer')
"""


async def find_people(tx: Tx, tenant_id: UUID, account_ids: Sequence[UUID]) -> set[UUID]:
    """Those of these accounts that are people who can act."""
    return {r["id"] for r in await tx.fetch(FIND_ACCOUNTS, tenant_id, list(account_ids))}
