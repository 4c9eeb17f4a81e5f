"""A hazard is stated, stated anew, moves on or is over: its row, its incident's room and record, and the news, in the
caller's transaction.

Locks: the incident, which the caller holds when there is one, then the hazard's row; the room last. Nobody who holds a
hazard's row waits for a task.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from msgspec.structs import replace

from core import audit, outbox
from core.database import Tx
from core.logging import get_logger
from core.metrics import counter
from geo.hazards.model import Hazard
from incidents import rooms
from incidents.hazards import queries
from incidents.hazards.model import StoredHazard
from incidents.hazards.views import ended_view, view_of
from incidents.record import timeline
from mobile_contract.room_events import HazardChanged
from mobile_contract.room_views import HazardView

log = get_logger(__name__)

NEWS = "hazard.changed"
"""Key: the site's id."""

STATED = counter("hazards_stated", "Hazards stated, by source.", ("source",))
ENDED = counter("hazards_ended", "Hazards that are over.")


async def state(tx: Tx, it: StoredHazard, body: str, *, by: UUID | None) -> bool:
    """A new hazard, with ``shown`` as it is now; False: its alarm has one already."""
    if not await queries.insert_hazard(tx, it.tenant_id, it, body):
        return False
    STATED.labels(it.source).inc()
    await _tell(tx, it, "hazard.stated", _facts(it), by=by)
    return True


async def state_anew(tx: Tx, it: StoredHazard, body: str, why: str, *, by: UUID | None) -> None:
    """A locked hazard is this one from now on."""
    await queries.restate(tx, it.tenant_id, it, body)
    await _tell(tx, it, "hazard.restated", {**_facts(it), "reason": why}, by=by)


async def end(tx: Tx, it: StoredHazard, reason: str, *, by: UUID | None, at: datetime | None = None) -> StoredHazard:
    """A locked hazard that stands is over."""
    ended_at = at or tx.now
    version = it.version + 1
    after = replace(
        it,
        ended_at=ended_at,
        ended_by=by,
        end_reason=reason,
        changes_at=None,
        version=version,
        shown=ended_view(it.shown, ended_at, version),
    )
    await queries.end_hazard(tx, it.tenant_id, after)
    ENDED.inc()
    await _tell(tx, after, "hazard.ended", {**_facts(after), "reason": reason}, by=by)
    return after


async def move_on(tx: Tx, it: StoredHazard, shown: HazardView) -> None:
    """A locked hazard whose next slice has begun: its room is shown that one. Nothing was stated anew."""
    await queries.show(tx, it.tenant_id, it.id, shown)
    if it.incident_id is not None:
        await rooms.append_to_incident(tx, it.tenant_id, it.incident_id, HazardChanged(shown))


def show_now(it: StoredHazard, hazard: Hazard, now: datetime) -> HazardView:
    """What is to be shown of it at a moment."""
    return view_of(
        it.id,
        hazard,
        source=it.source,
        name=it.name,
        agent=it.agent,
        stated_at=it.stated_at,
        ends_at=it.ends_at,
        version=it.version,
        now=now,
    )


def _facts(it: StoredHazard) -> dict[str, Any]:
    return {
        "hazard": it.id,
        "title": it.name,
        "source": it.source,
        "agent": it.agent,
        "levels": it.shown.levels,
        "bans": it.shown.bans,
        "factor": it.shown.factor,
        "version": it.version,
    }


async def _tell(tx: Tx, it: StoredHazard, kind: str, facts: dict[str, Any], *, by: UUID | None) -> None:
    await outbox.wake(tx, NEWS, it.site_id)
    if it.incident_id is not None:
        await rooms.append_to_incident(tx, it.tenant_id, it.incident_id, HazardChanged(it.shown), by=by)
        await timeline.append(tx, it.tenant_id, it.incident_id, kind, {**facts, "facts": it.facts}, by=by)
    if by is not None:
        await audit.record(tx, by, kind, "hazard", it.id, {**facts, "site": it.site_id, "incident": it.incident_id})
    log.info(kind, hazard=str(it.id), source=it.source, site=str(it.site_id), version=it.version)
