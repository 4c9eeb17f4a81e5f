"""The nouns of stored evacuation plans."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec

from incidents.evacuation.points_chosen import HeldPoints
from mobile_contract.evacuation import EvacuationView


class EvacuationPlanRow(msgspec.Struct, frozen=True, kw_only=True):
    """The present plan of a roll call; ``revision`` 0: none was made yet."""

    tenant_id: UUID
    roll_call_id: UUID
    site_id: UUID
    place_plan_id: UUID | None
    revision: int
    view: EvacuationView | None
    held: HeldPoints | None
    planned_at: datetime | None
    look_at: datetime
    woken_at: datetime | None
    lease: UUID | None
    leased_until: datetime | None
    ended_at: datetime | None
