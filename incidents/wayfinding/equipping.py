"""What people may need on their way: the nearest usable equipment of the kinds an agent asks for. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from core.errors import Invalid
from geo.routing.conditions import Conditions
from geo.routing.nearest_usable import Resource, Stock, nearest_usable
from geo.routing.snapping import Place
from geo.site_map import SiteMap
from incidents.alarms.agents import Hazard, hazard_of
from mobile_contract.wayfinding import NearView
from resources.equipment.model import Equipment

# What the first minutes ask for, by danger. Extinguisher and spill kit: GB 50140-2005 and the usual spill order; eye
# wash and shower within 10 s of corrosives: ANSI/ISEA Z358.1, 4.5.2. Which of them, is a choice of ours.
KINDS: dict[Hazard | None, tuple[str, ...]] = {
    "flammable": ("extinguisher", "spill_kit", "first_aid"),
    "toxic": ("breathing_apparatus", "shower", "eye_wash", "first_aid"),
    "asphyxiant": ("breathing_apparatus", "gas_detector", "first_aid"),
    "machine": ("first_aid", "aed"),
    "particles": (),
    None: ("first_aid", "extinguisher"),
}


class Needs:
    """The equipment of one site at one moment, put on its network once."""

    def __init__(self, site: SiteMap, now: Conditions, equipment: Sequence[Equipment], at: datetime) -> None:
        self._now, self._at = now, at
        self._known = {str(it.id): it for it in equipment}
        self._resources: dict[str, list[Resource]] = {}
        self._site = site
        self._stocks: dict[str, Stock | None] = {}

    def near(self, agent: str | None, start: Place) -> list[NearView]:
        """The nearest of each kind that can be used, by walking time."""
        found: list[NearView] = []
        for kind in KINDS[hazard_of(agent)]:
            stock = self._stock(kind)
            if stock is None:
                continue
            for it in nearest_usable(stock, self._now, [start], 1, self._at)[0].found:
                known = self._known[it.resource.id]
                found.append(
                    NearView(
                        id=UUID(it.resource.id),
                        kind=known.kind,
                        name=known.name,
                        lon=known.lon,
                        lat=known.lat,
                        level=known.level,
                        walk_s=it.millis / 1_000,
                    )
                )
        return sorted(found, key=lambda it: (it.walk_s, it.id))

    def _stock(self, kind: str) -> Stock | None:
        if kind not in self._stocks:
            placed = [it for known in self._known.values() if known.kind == kind and (it := self._placed(known))]
            self._stocks[kind] = Stock(self._site.graph, placed, kind) if placed else None
        return self._stocks[kind]

    def _placed(self, it: Equipment) -> Resource | None:
        """None: it hangs where nobody walks; who keeps the equipment sees that on the map."""
        try:
            place = self._site.place(it.lon, it.lat, it.level)
        except Invalid:
            return None
        usable = it.in_stock if it.state == "ready" else 0
        return Resource(id=str(it.id), kind=it.kind, place=place, in_stock=usable, expires_at=it.expires_at)
