"""The moment a plan is bound to: what memory knows of the site and, where the plan asks, the wind and the people."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import msgspec

from core.database import Tx
from incidents.alarms.agents import hazard_of, name_of
from incidents.plans import plan_queries
from incidents.plans.conditions import asks
from incidents.plans.model import Cause, Moment, PeopleAre, PlanTemplate, Wind, WindIs
from incidents.wording import lower_first
from mobile_contract.text import Text
from people.presence import service as presence
from plant.model import Zone

if TYPE_CHECKING:
    from incidents.context import SiteContext

# What a wind sensor's quantity is called; degrees it comes from, and m/s.
WIND_DIRECTION, WIND_SPEED = "wind_direction", "wind_speed"
# WMO-No. 8 averages the wind over ten minutes: older than that is another wind.
WIND_KEPT = timedelta(minutes=10)


def moment_at(
    context: SiteContext,
    zone: Zone,
    now: datetime,
    *,
    cause: Cause,
    level: int,
    agent: str | None,
    source: Text,
    grade: int | None = None,
) -> Moment:
    """The moment, wind and people not yet known."""
    return Moment(
        cause=cause,
        level=level,
        agent=agent,
        hazard=hazard_of(agent),
        zone=zone.slug,
        local=now.astimezone(ZoneInfo(context.tz)),
        place=lower_first(zone.name),
        agent_name=name_of(agent),
        source=lower_first(source),
        grade=grade,
    )


async def look(tx: Tx, context: SiteContext, zone: Zone, template: PlanTemplate, moment: Moment) -> Moment:
    """The moment with what this plan asks for: costs a query only where it does."""
    if asks(template, WindIs):
        moment = msgspec.structs.replace(moment, wind=await _wind(tx, context))
    if asks(template, PeopleAre):
        moment = msgspec.structs.replace(moment, people=await _people(tx, context, zone))
    return moment


async def _wind(tx: Tx, context: SiteContext) -> Wind | None:
    since = tx.now - WIND_KEPT
    wanted = (tx, context.tenant_id, context.site_id)
    direction = await plan_queries.find_newest_of_quantity(*wanted, WIND_DIRECTION, since)
    speed = await plan_queries.find_newest_of_quantity(*wanted, WIND_SPEED, since)
    return None if direction is None or speed is None else Wind(direction % 360.0, speed)


async def _people(tx: Tx, context: SiteContext, zone: Zone) -> int | None:
    """How many are believed there; nobody seen is not known to be nobody there."""
    seen = await presence.list_whereabouts(
        tx, context.tenant_id, context.site_id, tx.now, zone_ids=frozenset({zone.id})
    )
    return len(seen) or None
