"""Which alarms have one cause: same zone or one beside it, while the incident lasts and a little after. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from incidents.alarms.agents import Hazard

# ISA-18.2 counts floods in windows of ten minutes; what comes back within one is the same cause.
WINDOW = timedelta(minutes=10)


class OpenIncident(msgspec.Struct, frozen=True):
    """An incident that may be the cause. ``zones``: where its alarms are; ``sources``: what raised them; ``active``:
    one of them still is.

    ``hazard`` None: it is about instruments alone (silent sensors, fans that did not start).
    """

    id: UUID
    zones: frozenset[UUID]
    hazard: Hazard | None
    active: bool
    last_alarm_at: datetime
    sources: frozenset[UUID] = frozenset()


def find_cause(
    incidents: Iterable[OpenIncident],
    zone: UUID,
    adjoining: frozenset[UUID],
    hazard: Hazard | None,
    now: datetime,
    *,
    source: UUID | None = None,
) -> UUID | None:
    """The incident a new alarm in ``zone`` belongs to, or None: it is the first of its own. ``source``: what raises it.

    What the source raised before goes before all: incidents that a person split stay apart. Then an alarm in the zone
    itself goes before one beside it, then the incident that spoke last. An instrument's fault
    belongs to whatever is there. A danger does not belong to a fault, which would give it a false name and place; and a
    machine that vibrates is not caused by a vapour next door.
    """
    near = [i for i in incidents if _lasts(i, now) and _fits(i.hazard, hazard) and i.zones & ({zone} | adjoining)]
    best = max(near, key=lambda i: (source in i.sources, zone in i.zones, i.last_alarm_at, i.id), default=None)
    return None if best is None else best.id


def _lasts(incident: OpenIncident, now: datetime) -> bool:
    return incident.active or now - incident.last_alarm_at <= WINDOW


def _fits(incident: Hazard | None, alarm: Hazard | None) -> bool:
    if alarm is None:
        return True
    return incident is not None and (incident == "machine") == (alarm == "machine")
