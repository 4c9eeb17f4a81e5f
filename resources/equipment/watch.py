"""Once a week, what expires soon or has expired becomes a notice to the safety officers, one for each site."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from uuid import UUID

from core.database import Tx
from people.notices.model import SHOWN_MAX, Draft, EquipmentExpiring, ThingDue
from people.notices.service import list_officers, notify
from resources.equipment import watch_queries as queries
from resources.equipment.service import day_at
from resources.equipment.watch_queries import Expiring

# Time to order what is to be replaced.
WITHIN_DAYS = 30


async def watch(tx: Tx, tenant_id: UUID) -> int:
    """Write this week's notices if they are not written; returns how many people were told of a site.

    A week begins on Monday (UTC). Several couriers at once write one notice: its key is the week's. What nobody
    replaces is said again next week.
    """
    week = monday_of(tx.now)
    done = await queries.find_watched_week(tx, tenant_id)
    if done is not None and done >= week:
        return 0
    by = tx.now + timedelta(days=WITHIN_DAYS)
    sites = await queries.list_expiring(tx, tenant_id, by, most=SHOWN_MAX)
    officers = await list_officers(tx, tenant_id) if sites else []
    await queries.save_watched_week(tx, tenant_id, week)
    told = 0
    for it in sites:
        told += await notify(tx, tenant_id, officers, _draft(it, tx.now, week))
    return told


def monday_of(now: datetime) -> date:
    """The first day of the week it is."""
    return now.date() - timedelta(days=now.weekday())


def _draft(it: Expiring, now: datetime, week: date) -> Draft:
    today = day_at(now, it.tz)
    # It expires at the end of its last day, which is the beginning of another.
    things = [ThingDue(name, (day_at(at - timedelta(microseconds=1), it.tz) - today).days) for name, at in it.things]
    facts = EquipmentExpiring(it.name, WITHIN_DAYS, things, it.count - len(things))
    return Draft(it.site_id, facts, f"equipment.expiring:{it.site_id}:{week}")
