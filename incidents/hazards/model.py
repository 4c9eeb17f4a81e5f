"""The nouns of stored hazards."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from geo.hazards.model import Hazard, HazardSource
from mobile_contract.room_views import HazardView
from mobile_contract.text import Text


class StoredHazard(msgspec.Struct, frozen=True, kw_only=True):
    """A hazard without its body. ``facts``: what it was made from, with the source of each.

    ``shown``: what its incident's room was last told; ``changes_at``: when the next slice makes that another one.
    ``ends_at``: it is over by itself then.
    """

    tenant_id: UUID
    id: UUID
    site_id: UUID
    incident_id: UUID | None
    alarm_id: UUID | None
    source: HazardSource
    name: Text
    agent: str | None
    facts: dict[str, Any]
    shown: HazardView
    changes_at: datetime | None
    stated_at: datetime
    ends_at: datetime | None
    ended_at: datetime | None = None
    ended_by: UUID | None = None
    end_reason: str | None = None
    exercise: bool
    version: int
    created_by: UUID | None
    created_at: datetime


class StandingHazard(msgspec.Struct, frozen=True, kw_only=True):
    """A hazard that is not over; offsets of ``hazard`` count from ``stated_at``."""

    id: UUID
    name: Text
    incident_id: UUID | None
    agent: str | None
    source: HazardSource
    stated_at: datetime
    ends_at: datetime | None
    exercise: bool
    version: int
    hazard: Hazard


class Ground(msgspec.Struct, frozen=True):
    """Where a site is, by its plan in force and its zones; levels None: it has no such plan, or no zone."""

    plan_levels: list[int] | None
    zone_levels: list[int] | None
    west: float | None
    south: float | None
    east: float | None
    north: float | None
