"""The nouns of ways: a person's route as it is stored, and what of it the next look needs."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, TypeAlias
from uuid import UUID

import msgspec

from geo.instructions.model import Step
from geo.instructions.progress import Progress
from mobile_contract.text import Text
from mobile_contract.wayfinding import RoutePurpose, RouteState, RouteView

NEWS_TOLD = "route.told"
"""Key ``<account>:<route>``: a person's way is new, another, or over."""

EndedWhy: TypeAlias = Literal["done", "declined", "handed_over", "cancelled", "closed", "safe", "plan"]


class Way(msgspec.Struct, frozen=True):
    """What is walked: steps, and the arcs with their times of the network of plan ``plan``.

    From ``begin_ppm`` millionths of the first arc to ``end_ppm`` of the last. ``origin``: longitude and latitude that
    the network's metres are counted from; ``goal``: the node it leads to, -1: a place on an arc. ``stop``: the zone, of
    a search; ``visited``: those before it.
    """

    plan: UUID
    origin: tuple[float, float]
    steps: list[Step]
    arcs: list[int]
    millis: list[int]
    goal: int
    begin_ppm: int = 0
    end_ppm: int = 1_000_000
    stop: UUID | None = None
    visited: list[UUID] = []


class LastFix(msgspec.Struct, frozen=True):
    """Where the person said they are."""

    at: datetime
    lon: float
    lat: float
    accuracy_m: float
    level: int | None


class RouteRow(msgspec.Struct, frozen=True, kw_only=True):
    """One person's way for one errand."""

    tenant_id: UUID
    id: UUID
    site_id: UUID
    incident_id: UUID
    account_id: UUID
    purpose: RoutePurpose
    task_id: UUID | None
    roll_call_id: UUID | None
    revision: int
    state: RouteState
    view: RouteView
    way: Way | None
    progress: Progress | None
    fix: LastFix | None
    started_at: datetime
    computed_at: datetime
    ended_at: datetime | None = None
    ended_why: EndedWhy | None = None


class Errand(msgspec.Struct, frozen=True):
    """A person who has a task or is asked for one. ``roll_call_id``: it is the search of that roll call."""

    incident_id: UUID
    task_id: UUID
    account_id: UUID
    zone_id: UUID
    place: Text
    agent: str | None
    exercise: bool
    roll_call_id: UUID | None


class Sought(msgspec.Struct, frozen=True):
    """A zone that a search looks into; ``help``: somebody there called for it."""

    roll_call_id: UUID
    zone_id: UUID
    help: bool
