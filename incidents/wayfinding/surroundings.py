"""What stands around people on the way: hazards, doors otherwise than drawn, equipment."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import cast
from uuid import UUID

import msgspec

from core.database import Tx
from geo.places.model import DoorState
from geo.site_map import Passages, Standing
from incidents.hazards import queries as hazard_queries
from mobile_contract.text import Text
from plant.places import passage_queries
from plant.places.passages import shut_rises
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
    """Everything of a site at a moment that a way depends on besides its plan.

    ``exercise``: for people in a drill, for whom what is real counts too.
    """
    hazards = await hazard_queries.list_standing(tx, tenant_id, site_id, now, exercise=exercise)
    states = await passage_queries.list_states(tx, tenant_id, site_id, now)
    doors = {it.feature: cast(DoorState, it.state) for it in states if it.of == "door"}
    return Surroundings(
        [Standing(it.hazard, round((now - it.stated_at).total_seconds() * 1_000)) for it in hazards],
        {it.hazard.id: it.name for it in hazards},
        Passages(doors, shut_rises(states)),
        await equipment_queries.list_of_site(tx, tenant_id, site_id),
    )
