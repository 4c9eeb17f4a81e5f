"""The demo tells into which rooms a hazard has come, each once, by the names of its plan."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from mobile_contract.room_views import HazardAreaView, HazardView
from mobile_contract.text import Text
from muster.demo.place_plan import place_plan
from muster.demo.spread import Spread
from tests.unit.test_room_fold import NOW

ROOMS = {room.id: room for room in place_plan().rooms}


def hazard(*rooms: str, number: int = 1, **changes: Any) -> HazardView:
    """One that is in these rooms now."""
    areas = [HazardAreaView(polygon=ROOMS[it].polygon, levels=[ROOMS[it].level], factor=None) for it in rooms]
    facts: dict[str, Any] = {
        "source": "grown", "name": Text("丙酮", "acetone"), "agent": "acetone", "stated_at": NOW, "ends_at": None,
        "ended_at": None, "levels": [0], "bans": True, "factor": None, "coarse": False, "changes_at": None,
        "version": 1,
    }  # fmt: skip
    return HazardView(id=UUID(int=number), areas=areas, **facts | changes)


def names(*rooms: str) -> list[Text | None]:
    return [ROOMS[it].name for it in rooms]


def test_where_it_begins_is_no_news_and_every_room_after_it_is_told_once() -> None:
    spread = Spread()
    assert spread.news(hazard("solvent-store")) == []
    assert spread.news(hazard("solvent-store", "corridor-west")) == names("corridor-west")
    assert spread.news(hazard("solvent-store", "corridor-west")) == []
    assert spread.news(hazard("solvent-store", "corridor-west", "corridor", "gas-room")) == names(
        "corridor", "gas-room"
    )


def test_a_stairwell_that_has_no_name_is_not_told_and_each_hazard_is_told_of_by_itself() -> None:
    spread = Spread()
    spread.news(hazard("machine-hall"))
    assert spread.news(hazard("machine-hall", "stairs-0", "office")) == names("office")
    assert spread.news(hazard("office", number=2)) == []


def test_one_that_is_over_tells_nothing() -> None:
    spread = Spread()
    spread.news(hazard("solvent-store"))
    assert spread.news(hazard()) == []
