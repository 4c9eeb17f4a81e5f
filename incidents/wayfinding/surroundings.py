"""What stands around people on the way: hazards, doors otherwise than drawn, equipment."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

import msgspec

from core.database import Tx
from geo.site_map import Passages, Standing
from mobile_contract.text import Text
from resources.equipment import queries as equipment_queries
from resources.equipment.model import Equipment


class Surroundings(msgspec.Struct, frozen=True):
    """``names`` of the hazards by their id."""

    standing: list[Standing]
    names: Mapping[str, Text]
    passages: Passages
    equipment: list[Equipment]


async def surroundings_of(
    tx: Tx, tenant_id: UUID, site_id: UUID, now: datetime, *, exercise: bool = False
) -> Surroundings:
    """Everything of a site at a moment that a way depends on besides its plan."""
    equipment = await equipment_queries.list_of_site(tx, tenant_id, site_id)
    return Surroundings([], {}, Passages(), equipment)
