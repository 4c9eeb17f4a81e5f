"""Use cases of notices: written where their facts arise, in the same transaction; listed and read by their person."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from core import outbox
from core.database import Tx
from core.errors import NotFound
from core.logging import get_logger
from mobile_contract.notices import NoticeKind
from people import queries as people_queries
from people.actor import Actor
from people.notices import queries
from people.notices.model import Draft, Notice
from people.permissions import Role

log = get_logger(__name__)

NEWS_MADE = "notice.made"
"""Key: ``<notice>:<account>``. It wakes the sender and the open lines."""

# What was read a month ago is not looked for any more; what nobody read in a quarter is no news.
READ_KEPT = timedelta(days=30)
KEPT = timedelta(days=90)
# A plant has some tens of officers; a notice to more is a mistake, and is cut.
RECIPIENTS_MAX = 1000


async def notify(tx: Tx, tenant_id: UUID, account_ids: Collection[UUID], draft: Draft) -> int:
    """Write the notice to these people in the caller's transaction; returns how many had it not yet.

    Takes no lock but its own rows', and those only against somebody who writes the same key: it may be called anywhere.
    """
    people = sorted(set(account_ids))
    if len(people) > RECIPIENTS_MAX:
        log.error("notice.too_many", kind=draft.kind, people=len(people), limit=RECIPIENTS_MAX)
    made = await queries.insert_notices(tx, tenant_id, people[:RECIPIENTS_MAX], draft) if people else []
    for notice_id, account_id in made:
        await outbox.wake(tx, NEWS_MADE, f"{notice_id}:{account_id}")
    return len(made)


async def list_officers(tx: Tx, tenant_id: UUID) -> list[UUID]:
    """Safety officers who may sign in."""
    return await list_people_with_roles(tx, tenant_id, [Role.SAFETY_OFFICER])


async def list_people_with_roles(tx: Tx, tenant_id: UUID, roles: Sequence[Role]) -> list[UUID]:
    """Everybody in these roles who may sign in."""
    return [account.id for account in await people_queries.list_accounts_with_roles(tx, tenant_id, list(roles))]


async def list_notices(
    tx: Tx,
    actor: Actor,
    *,
    unread: bool,
    kind: NoticeKind | None,
    before: tuple[datetime, UUID] | None,
    limit: int,
) -> list[Notice]:
    """A page of one's own notices, newest first."""
    return await queries.list_notices(
        tx, actor.tenant_id, actor.account_id, unread=unread, kind=kind, before=before, limit=limit
    )


async def count_unread(tx: Tx, actor: Actor) -> int:
    """How many of one's own notices are unread."""
    return await queries.count_unread(tx, actor.tenant_id, actor.account_id)


async def get_notice(tx: Tx, actor: Actor, notice_id: UUID) -> Notice:
    """One of one's own notices; raises NotFound for everybody else's."""
    found = await queries.find_notice(tx, actor.tenant_id, notice_id, actor.account_id)
    return _found(found, notice_id, "id")


async def read_notice(tx: Tx, actor: Actor, notice_id: UUID) -> Notice:
    """One's own notice was read; twice is once, the first time stays. Raises NotFound."""
    return _found(await queries.read_notice(tx, actor.tenant_id, notice_id, actor.account_id), notice_id, "id")


async def read_up_to(tx: Tx, actor: Actor, notice_id: UUID) -> int:
    """This notice and all of one's own before it were read; returns how many were not. Raises NotFound."""
    last = _found(await queries.find_notice(tx, actor.tenant_id, notice_id, actor.account_id), notice_id, "up_to")
    return await queries.read_up_to(tx, actor.tenant_id, last)


async def forget(tx: Tx, tenant_id: UUID) -> int:
    """Delete what is older than KEPT, and what was read longer ago than READ_KEPT."""
    return await queries.forget(tx, tenant_id, made_before=tx.now - KEPT, read_before=tx.now - READ_KEPT)


def _found(notice: Notice | None, notice_id: UUID, field: str) -> Notice:
    if notice is None:
        raise NotFound(
            "notice.not_found", "there is no such notice of yours", "没有此通知", field=field, value=str(notice_id)
        )
    return notice
