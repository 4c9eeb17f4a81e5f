"""Use cases of escalation policies: read them, draft them, edit them by new versions."""

from __future__ import annotations

from uuid import UUID

import msgspec
from msgspec.structs import replace

from core import audit
from core.database import Tx
from core.errors import Conflict, NotFound
from core.ids import new_id
from incidents.tasking import policy_queries
from incidents.tasking.policy import PolicyBody, check
from incidents.tasking.policy_queries import PolicyRow
from mobile_contract.text import Text
from people.actor import Actor
from people.permissions import Permission


class PolicyChange(msgspec.Struct, frozen=True):
    """What the next version changes; what is unset stays."""

    title: Text | msgspec.UnsetType = msgspec.UNSET
    body: PolicyBody | msgspec.UnsetType = msgspec.UNSET
    retired: bool | msgspec.UnsetType = msgspec.UNSET


async def list_policies(
    tx: Tx, actor: Actor, *, after: str, retired: bool, search: str | None, limit: int
) -> list[PolicyRow]:
    """The newest version of each policy, by slug."""
    actor.require(Permission.READ_PLANS)
    return await policy_queries.list_policies(
        tx, actor.tenant_id, after=after, retired=retired, search=search, limit=limit
    )


async def get_policy(tx: Tx, actor: Actor, policy_id: UUID, version: int | None = None) -> PolicyRow:
    """One policy, the newest version without one; raises NotFound."""
    actor.require(Permission.READ_PLANS)
    return await policy_queries.get_policy(tx, actor.tenant_id, policy_id, version)


async def list_versions(tx: Tx, actor: Actor, policy_id: UUID, *, before: int, limit: int) -> list[PolicyRow]:
    """Versions of a policy, newest first; raises NotFound."""
    actor.require(Permission.READ_PLANS)
    await policy_queries.get_policy(tx, actor.tenant_id, policy_id)
    return await policy_queries.list_versions(tx, actor.tenant_id, policy_id, before=before, limit=limit)


async def create_policy(tx: Tx, actor: Actor, slug: str, title: Text, body: PolicyBody) -> PolicyRow:
    """A new policy. Raises Invalid naming ``steps[i].who[j]``, NotFound for a person who is none, Conflict."""
    actor.require(Permission.EDIT_PLANS)
    await _check(tx, actor, body)
    row = PolicyRow(
        tenant_id=actor.tenant_id,
        id=new_id(),
        slug=slug,
        version=1,
        title=title,
        body=body,
        created_at=tx.now,
        created_by=actor.account_id,
        retired=False,
    )
    if not await policy_queries.insert_version(tx, row):
        raise Conflict(
            "policy.slug_taken", f"there is a policy {slug}", f"策略 {slug} 已存在", field="slug", value=slug
        )
    await _record(tx, row, "policy.created")
    return row


async def edit_policy(
    tx: Tx, actor: Actor, policy_id: UUID, change: PolicyChange, *, expected_version: int
) -> PolicyRow:
    """The next version; what runs keeps the one it began with. Raises NotFound, Invalid, Conflict version.changed."""
    actor.require(Permission.EDIT_PLANS)
    known = await policy_queries.get_policy(tx, actor.tenant_id, policy_id)
    body = known.body if change.body is msgspec.UNSET else change.body
    if change.body is not msgspec.UNSET:
        await _check(tx, actor, body)
    row = replace(
        known,
        version=expected_version + 1,
        title=known.title if change.title is msgspec.UNSET else change.title,
        body=body,
        retired=known.retired if change.retired is msgspec.UNSET else change.retired,
        created_at=tx.now,
        created_by=actor.account_id,
    )
    # The key (id, version) lets one of two editors of the same version win.
    if known.version != expected_version or not await policy_queries.insert_version(tx, row):
        raise Conflict(
            "version.changed",
            f"the policy is at version {known.version}, this edit is of {expected_version}",
            f"策略现为第 {known.version} 版，此修改基于第 {expected_version} 版",
            field="If-Match",
            value=expected_version,
            limit=known.version,
        )
    await _record(tx, row, "policy.edited")
    return row


async def _check(tx: Tx, actor: Actor, body: PolicyBody) -> None:
    check(body)
    named = {
        f"steps[{i}].who[{j}].of": UUID(target.of)
        for i, step in enumerate(body.steps)
        for j, target in enumerate(step.who)
        if target.kind == "person" and target.of is not None
    }
    named |= {
        f"last_resort[{j}].of": UUID(target.of)
        for j, target in enumerate(body.last_resort or ())
        if target.kind == "person" and target.of is not None
    }
    known = await policy_queries.find_people(tx, actor.tenant_id, list(named.values()))
    for field, account_id in named.items():
        if account_id not in known:
            raise NotFound(
                "policy.person", f"{field}: no person {account_id}", f"{field}：没有人员 {account_id}",
                field=field, value=account_id,
            )  # fmt: skip


async def _record(tx: Tx, row: PolicyRow, action: str) -> None:
    facts = {"slug": row.slug, "version": row.version, "retired": row.retired}
    await audit.record(tx, row.created_by, action, "escalation_policy", row.id, facts)
