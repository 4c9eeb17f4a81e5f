"""The end of a drill: its score, written once, and everybody in its room told.

Called with the incident locked; the drill's row is locked after it. Closing the incident is the caller's.
"""

from __future__ import annotations

from uuid import UUID

import msgspec

from core import audit
from core.database import Tx
from core.logging import get_logger
from core.metrics import counter
from incidents import rooms
from incidents.drills import queries
from incidents.drills.facts import load_facts
from incidents.drills.model import Drill, EndedWhy
from incidents.drills.score import score
from incidents.drills.wording import ENDED, REAL
from incidents.incident import Incident
from incidents.record import timeline
from mobile_contract.room_events import DrillChanged, MessagePosted
from mobile_contract.room_views import DrillView

log = get_logger(__name__)

DRILLS_ENDED = counter("drills_ended", "Drills that ended, by why.", ("why",))


async def end_running(
    tx: Tx, incident: Incident, why: EndedWhy, *, by: UUID | None, real: UUID | None = None
) -> Drill | None:
    """End the drill that this incident is; None when it is none, or it has ended: twice is one end."""
    if not incident.exercise:
        return None
    drill = await queries.lock_drill_of(tx, incident.tenant_id, incident.id)
    if drill is None or drill.ended_at is not None:
        return None
    # An incident that was closed without us ended the drill then.
    ended_at = incident.closed_at or tx.now
    facts = await load_facts(tx, drill, incident, ended_at)
    ended = msgspec.structs.replace(
        drill, ended_at=ended_at, ended_why=why, ended_by=by, real_incident_id=real, score=score(facts)
    )
    await queries.end_drill(tx, drill.tenant_id, ended)
    await _tell(tx, ended)
    DRILLS_ENDED.labels(why).inc()
    log.info("drill.ended", drill=str(drill.id), incident=str(incident.id), why=why)
    return ended


async def _tell(tx: Tx, drill: Drill) -> None:
    tenant_id, incident_id, by = drill.tenant_id, drill.incident_id, drill.ended_by
    assert drill.ended_why is not None
    assert drill.score is not None
    await rooms.append_to_incident(tx, tenant_id, incident_id, DrillChanged(drill_view(drill)), by=by)
    said = REAL if drill.ended_why == "real_alarm" else ENDED[drill.ended_why]
    # Both languages in one message: a room has readers of both.
    await rooms.append_to_incident(tx, tenant_id, incident_id, MessagePosted(f"{said.zh} / {said.en}"))
    facts = {
        "drill": drill.id,
        "why": drill.ended_why,
        "real_incident": drill.real_incident_id,
        "overall": drill.score.overall,
        "goals": {goal.goal: goal.result for goal in drill.score.goals},
    }
    await timeline.append(tx, tenant_id, incident_id, "drill.ended", facts, by=by)
    await audit.record(tx, by, "drill.ended", "drill", drill.id, facts)


def drill_view(drill: Drill) -> DrillView:
    """The drill as rooms show it."""
    return DrillView(
        id=drill.id,
        announced=drill.announced,
        started_at=drill.started_at,
        ends_at=drill.ends_at,
        ended_at=drill.ended_at,
        ended_why=drill.ended_why,
        real_incident=drill.real_incident_id,
    )
