"""Telling feeds: one message for each feed that wants it, in the transaction of what happened.

Whoever changes an incident's state calls ``publish`` once, with the incident as it is now and its row locked.
"""

from __future__ import annotations

from uuid import UUID

import msgspec

from core import outbox
from core.database import Tx
from core.ids import new_id
from incidents.incident import Incident
from incidents.record import feed_queries
from incidents.record.feed import GIVE_UP_AFTER, Area, Event, Notice, Wish, wants
from incidents.record.feed_queries import FeedMessage
from plant import queries as plant_queries

NEWS_FEED = "feed.queued"
"""Key: the feed's id. Wakes who sends."""


async def publish(tx: Tx, incident: Incident, event: Event) -> int:
    """Queue the news for every feed that wants it; returns how many. Lock: feed messages stand after commands."""
    listening = await feed_queries.list_listening(tx, incident.tenant_id, incident.id)
    if not listening:
        return 0
    notice = await _notice(tx, incident, event)
    count = 0
    for feed in listening:
        if not wants(Wish(feed.min_grade, feed.sites, feed.exercises), notice, told=feed.last_seq > 0):
            continue
        await queue(tx, incident.tenant_id, feed.id, notice, seq=feed.last_seq + 1)
        count += 1
    return count


async def queue(tx: Tx, tenant_id: UUID, feed_id: UUID, notice: Notice, *, seq: int) -> FeedMessage:
    """Queue one message and wake who sends."""
    message = FeedMessage(
        tenant_id=tenant_id,
        id=new_id(),
        feed_id=feed_id,
        incident_id=notice.incident,
        seq=seq,
        event=notice.event,
        notice=msgspec.to_builtins(notice),
        exercise=notice.exercise,
        payload=None,
        state="queued",
        attempts=0,
        queued_at=tx.now,
        due_at=tx.now,
        give_up_at=tx.now + GIVE_UP_AFTER,
        ended_at=None,
        last_status=None,
        last_error=None,
        fencing=0,
    )
    await feed_queries.insert_message(tx, message)
    await outbox.wake(tx, NEWS_FEED, feed_id)
    return message


async def _notice(tx: Tx, incident: Incident, event: Event) -> Notice:
    known = await feed_queries.get_plant(tx, incident.tenant_id, incident.site_id)
    zone = await plant_queries.get_zone(tx, incident.tenant_id, incident.zone_id)
    rings = zone.polygon.get("coordinates") or []
    return Notice(
        event=event,
        at=tx.now,
        plant=known.plant,
        exercise=incident.exercise,
        incident=incident.id,
        number=incident.number,
        site=incident.site_id,
        grade=incident.grade,
        state=incident.state,
        title=incident.title,
        place=incident.place,
        agent=incident.agent,
        reasons=list(incident.reasons),
        opened_at=incident.opened_at,
        area=Area(zone.name, zone.slug, known.site, rings, zone.level),
    )
