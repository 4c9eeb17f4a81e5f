"""A site as people are led out of it: where in a zone they are taken to stand, which zone each node is in. Pure.

Made once of a plan and the zones, and asked at every look.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry import shape

from core.errors import Invalid
from geo.graph.csr import Ints
from geo.hazards.footprints import drawn_shape
from geo.hazards.growth import rooms_under
from geo.instructions.surroundings import SHAFTS
from geo.places.model import Room
from geo.routing.snapping import Place
from geo.site_map import SiteMap
from plant.model import Zone

# A zone is some rooms; of a hall of a hundred booths the first hundred stand for all.
SPOTS_MAX = 100


class Ground:
    """``zones`` of the site, by id."""

    def __init__(self, plan_id: UUID, site: SiteMap, zones: Sequence[Zone]) -> None:
        self.plan_id, self.site = plan_id, site
        self.zones: Mapping[UUID, Zone] = {it.id: it for it in zones}
        self.number: Mapping[UUID, int] = {it.id: number for number, it in enumerate(zones)}
        self._spots: dict[UUID, list[Place]] = {}
        self.zone_of: Ints = np.full(site.graph.nodes, -1, dtype=np.int32)
        # Of zones in one another the smaller says more.
        for zone in sorted(zones, key=lambda it: -shape(it.polygon).area):
            self.zone_of[self._held(zone)] = self.number[zone.id]

    def spot(self, zone_id: UUID, person_id: UUID) -> Place | None:
        """Where somebody is taken to stand of whom only the zone is known: the middle of one of its rooms, always the
        same one, so that a crowd is spread over the rooms. None: the plan has no way there."""
        if zone_id not in self.zones:
            return None
        if zone_id not in self._spots:
            self._spots[zone_id] = self._middles(self.zones[zone_id])
        spots = self._spots[zone_id]
        return spots[person_id.int % len(spots)] if spots else None

    def _held(self, zone: Zone) -> npt.NDArray[np.bool_]:
        """Which nodes (n) are in a zone. A door stands on the wall of its room: a hair outside as often as inside."""
        graph, rooms = self.site.graph, {it.id for it in self._rooms(zone)}
        area = shapely.transform(shape(zone.polygon), self.site.projection.to_metres)
        of_rooms = np.array([it.room in rooms for it in self.site.network.nodes], dtype=bool)
        return np.asarray((graph.level == zone.level) & (of_rooms | shapely.intersects_xy(area, graph.x, graph.y)))

    def _rooms(self, zone: Zone) -> list[Room]:
        """Its rooms; a hall that it is a part of is none of them."""
        under = set(rooms_under(self.site.plan.rooms, drawn_shape("polygon", zone.polygon), zone.level))
        area = shape(zone.polygon)
        rooms = [it for it in self.site.plan.rooms if it.id in under]
        return [it for it in rooms if area.covers(shape(it.polygon).representative_point())]

    def _middles(self, zone: Zone) -> list[Place]:
        rooms = [it for it in self._rooms(zone) if it.kind not in SHAFTS]
        found = [self._middle(room.polygon, room.level) for room in rooms[:SPOTS_MAX]]
        spots = [it for it in found if it is not None]
        # A part of one room covers none.
        spots = spots or [it for it in [self._middle(zone.polygon, zone.level)] if it is not None]
        return spots or self.site.nodes_in(zone.polygon, zone.level)[:1]

    def _middle(self, polygon: dict[str, Any], level: int) -> Place | None:
        try:
            return self.site.middle_of(polygon, level)
        except Invalid:
            return None
