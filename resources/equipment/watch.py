"""Once a week, what expires soon or has expired becomes a notice to the safety officers, one for each site."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from uuid import UUID

import msgspec

from core.database import Tx, row_to
from mobile_contract.text import Text
from people.notices.model import SHOWN_MAX, Draft, EquipmentExpiring, ThingDue
from people.notices.service import list_officers, notify
from resources.equipment.service import day_at

# Time to order what is to be replaced.
WITHIN_DAYS = 30


class Expiring(msgspec.Struct, frozen=True):
    """A site with something that expires: its soonest things by name, and how many there are in all."""

    site_id: UUID
    name: Text
    tz: str
    things: list[tuple[Text, datetime]]
    count: int


FIND_WATCHED_WEEK = "SELECT week FROM equipment_watched WHERE tenant_id = $1"

SAVE_WATCHED_WEEK = """
INSERT INTO equipment_watched (tenant_id, week) VALUES ($1, $2)
ON CONFLICT (tenant_id) DO UPDATE SET week = greatest(equipment_watched.week, excluded.week)
"""

LIST_EXPIRING = """
SELECT e.site_id, s.name, s.tz,
    jsonb_path_query_array(jsonb_agg(jsonb_build_array(e.name, e.expires_at) ORDER BY e.expires_at, e.id),
        '$[0 to $most]', jsonb_build_object('most', $3::int - 1)) AS things,
    count(*)::int AS count
FROM equipment e JOIN sites s ON s.tenant_id = $1 AND s.id = e.site_id
WHERE e.tenant_id = $1 AND e.retired_at IS NULL AND e.expires_at <= $2
GROUP BY e.site_id, s.name, s.tz ORDER BY e.site_id
"""


async def list_expiring(tx: Tx, tenant_id: UUID, by: datetime) -> list[Expiring]:
    """Sites with equipment in use that expires by then, or has."""
    return [row_to(Expiring, row) for row in await tx.fetch(LIST_EXPIRING, tenant_id, by, SHOWN_MAX)]


async def watch(tx: Tx, tenant_id: UUID) -> int:
    """Write this week's notices if they are not written; returns how many people were told of a site.

    A week begins on Monday (UTC). Several couriers at once write one notice: its key is the week's. What nobody
    replaces is said again next week.
    """
    week = monday_of(tx.now)
    done = await tx.fetchval(FIND_WATCHED_WEEK, tenant_id)
    if done is not None and done >= week:
        return 0
    sites = await list_expiring(tx, tenant_id, tx.now + timedelta(days=WITHIN_DAYS))
    officers = await list_officers(tx, tenant_id) if sites else []
    await tx.execute(SAVE_WATCHED_WEEK, tenant_id, week)
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
