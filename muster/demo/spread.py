"""Into which rooms a hazard has come, by their names: what a map shows, told in words. Pure but for what was told."""

from __future__ import annotations

from uuid import UUID

from geo.hazards.footprints import drawn_shape
from geo.hazards.growth import rooms_under
from mobile_contract.room_views import HazardView
from mobile_contract.text import Text
from muster.demo.place_plan import place_plan

SPREADS = Text("危险区扩大到", "the leak spreads into")


class Spread:
    """The rooms of the demo's plan that each hazard was told to be in."""

    def __init__(self) -> None:
        self._rooms = place_plan().rooms
        self._told: dict[UUID, set[str]] = {}

    def news(self, hazard: HazardView) -> list[Text]:
        """The names of rooms it has come into since it was looked at last; its first ones are no news."""
        found: dict[str, Text] = {}
        names = {room.id: room.name for room in self._rooms}
        for area in hazard.areas:
            outline = drawn_shape("polygon", area.polygon)
            under = [room for level in area.levels for room in rooms_under(self._rooms, outline, level)]
            found |= {room: name for room in under if (name := names[room]) is not None}
        known = self._told.setdefault(hazard.id, set(found))
        news = [name for room, name in found.items() if room not in known]
        known.update(found)
        return news
