"""Whether two incidents can be one, and what the one is then. Pure."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from msgspec.structs import replace

from core.errors import Conflict, Invalid
from incidents.incident import Incident


def check_joinable(into: Incident, other: Incident) -> None:
    """Raise unless they are two incidents of one site, both real or both an exercise."""
    if into.id == other.id:
        raise Invalid(
            "merge.itself",
            "an incident is not merged with itself",
            "事件不能与自身合并",
            field="incident",
            value=other.id,
        )
    if into.site_id != other.site_id:
        raise Conflict(
            "merge.other_site",
            "only incidents of one site are merged: another site has its own plan and people",
            "只能合并同一厂区的事件",
            field="incident",
            value=other.site_id,
            limit=into.site_id,
        )
    if into.exercise != other.exercise:
        raise Conflict(
            "merge.exercise",
            "an exercise is not merged with a real incident",
            "演练事件不能与真实事件合并",
            field="incident",
            value=other.exercise,
            limit=into.exercise,
        )


def merged(into: Incident, other: Incident) -> Incident:
    """What ``into`` is with ``other`` in it: the graver grade, open while either is, and where either was."""
    graver = min(into, other, key=lambda incident: incident.grade)
    is_open = "open" in (into.state, other.state)
    zones = {*into.joined_zones, *other.joined_zones, other.zone_id} - {into.zone_id}
    return replace(
        into,
        state="open" if is_open else "returned",
        returned_at=None if is_open else _later(into.returned_at, other.returned_at),
        grade=graver.grade,
        reasons=graver.reasons,
        last_alarm_at=max(into.last_alarm_at, other.last_alarm_at),
        # What a person reported lasts until a person closes it, also as a part of another.
        opened_by=into.opened_by or other.opened_by,
        joined_zones=sorted(zones),
    )


def gone_into(other: Incident, into: UUID, now: datetime, by: UUID, reason: str) -> Incident:
    """What is left of the incident that went on as another."""
    return replace(other, state="closed", closed_at=now, closed_by=by, close_reason=reason, merged_into=into)


def _later(one: datetime | None, two: datetime | None) -> datetime | None:
    return max((at for at in (one, two) if at is not None), default=None)
