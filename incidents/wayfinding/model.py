"""The nouns of ways: a person's route as it is stored, and what of it the next look needs."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, TypeAlias
from uuid import UUID

import msgspec

from geo.instructions.model import Step
from geo.instructions.progress import Progress
from mobile_contract.wayfinding import RoutePurpose, RouteState, RouteView

EndedWhy: TypeAlias = Literal["done", "declined", "handed_over", "cancelled", "closed", "safe", "plan"]


class Way(msgspec.Struct, frozen=True):
    """What is walked: steps, and the arcs (with their times) of the network of plan ``plan``; ``origin``: longitude and
    latitude its metres are counted from. ``goal``: the place of the goal among those asked for. ``begin_ppm``: how far
    along the first arc it begins, in millionths."""

    plan: UUID
    origin: tuple[float, float]
    steps: list[Step]
    arcs: list[int]
    millis: list[int]
    goal: int
    begin_ppm: int = 0


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
    fix_at: datetime | None
    started_at: datetime
    computed_at: datetime
    ended_at: datetime | None = None
    ended_why: EndedWhy | None = None
