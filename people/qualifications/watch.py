"""Once a day, what began to run out or has run out becomes a row and news, so that somebody hears of it."""

from __future__ import annotations

from uuid import UUID

from core import audit, outbox
from core.database import Tx
from people.notices.model import Draft, QualificationExpired, QualificationExpiring
from people.notices.service import list_officers, notify
from people.qualifications import queries, service
from people.qualifications.queries import Notice

# News; key: the qualification's id.
RUNS_OUT = "qualification.runs_out"
# A plant of ten thousand people renews some thousands a year; the rest of a first day's heap comes next round.
MOST_A_ROUND = 500


async def watch(tx: Tx, tenant_id: UUID) -> int:
    """Go through the tenant's qualifications if today has not been; returns how many were noticed.

    Each end is noticed once as expiring and once as expired, whoever asks and however often: the notice's row is the
    memory, so a courier that dies in the middle repeats what it did not commit.
    """
    day = await service.today(tx, tenant_id)
    done = await queries.find_watched_day(tx, tenant_id)
    if done is not None and done >= day:
        return 0
    noticed = await queries.notice(tx, tenant_id, day, most=MOST_A_ROUND)
    for it in noticed:
        facts = {"state": it.state, "ends_on": it.ends_on}
        await audit.record(tx, None, "qualification.runs_out", "qualification", it.qualification_id, facts)
        await outbox.wake(tx, RUNS_OUT, it.qualification_id)
    await _tell(tx, tenant_id, noticed)
    if len(noticed) < MOST_A_ROUND:
        await queries.save_watched_day(tx, tenant_id, day)
    return len(noticed)


async def _tell(tx: Tx, tenant_id: UUID, noticed: list[Notice]) -> None:
    """The person and the safety officers hear of each end, once as it comes near and once when it is there."""
    if not noticed:
        return
    officers = set(await list_officers(tx, tenant_id))
    owners = await queries.list_owners(tx, tenant_id, [it.qualification_id for it in noticed])
    for it in noticed:
        owner = owners[it.qualification_id]
        kind = QualificationExpiring if it.state == "expiring" else QualificationExpired
        key = f"qualification:{it.qualification_id}:{it.state}:{it.ends_on}"
        for people, name in (({owner.account_id}, None), (officers - {owner.account_id}, owner.person)):
            draft = Draft(it.qualification_id, kind(name, owner.name, it.ends_on), key)
            await notify(tx, tenant_id, people, draft)
