"""Once a day, what began to run out or has run out becomes a row and news, so that somebody hears of it."""

from __future__ import annotations

from uuid import UUID

from core import audit, outbox
from core.database import Tx
from people.qualifications import queries, service

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
    if len(noticed) < MOST_A_ROUND:
        await queries.save_watched_day(tx, tenant_id, day)
    return len(noticed)
