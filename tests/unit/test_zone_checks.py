"""What a zone covers of the plan in force, and whether people get out of it."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from core.errors import Conflict
from geo.places.model import Plan, Way, WayNode
from plant.places.zone_checks import Covered, check_way_out, covered_by
from tests.unit.drawn_places import at, box, door, plan, room

HOUSE = plan(
    0,
    1,
    rooms=[room("office", 0, 0), room("store", 6, 0), room("shaft", 0, 4, kind="solid"), room("attic", 0, 0, level=1)],
    doors=[door("out", 0, 2, "office", exit=True, state="badge")],
)


@pytest.mark.parametrize(
    ("zone", "level", "covered"),
    [
        (box(0, 0), 0, Covered(["office"], True)),
        (box(6, 0), 0, Covered(["store"], False)),
        (box(0, 0, 12, 4), 0, Covered(["office", "store"], True)),
        (box(0, 0), 1, Covered(["attic"], False)),
        (box(0, 5, 6, 2), 0, Covered([], False)),
        (box(0, 0), 7, Covered([], False)),
    ],
)
def test_rooms_count_that_the_zone_lies_in_and_not_those_it_touches(
    zone: dict[str, Any], level: int, covered: Covered
) -> None:
    assert covered_by(HOUSE, zone, level) == covered


def test_the_nodes_of_a_drawn_network_count_too() -> None:
    nodes = [WayNode(id="in", level=0, at=at(3, 2)), WayNode(id="lost", level=0, at=at(30, 2))]
    nodes.append(WayNode(id="gate", level=0, at=at(12, 2), exit=True))
    drawn = plan(nodes=nodes, ways=[Way(id="path", ends=("in", "gate"))])
    assert covered_by(drawn, box(0, 0), 0) == Covered(["in"], True)
    assert covered_by(drawn, box(27, 0), 0) == Covered(["lost"], False)


def refusal(drawn: Plan, zone: dict[str, Any], level: int = 0) -> Conflict:
    with pytest.raises(Conflict) as refused:
        check_way_out(msgspec.json.encode(drawn).decode(), "tanks", zone, level)
    return refused.value


def test_a_zone_that_nobody_gets_out_of_is_refused_by_its_name_and_its_rooms() -> None:
    check_way_out(msgspec.json.encode(HOUSE).decode(), "tanks", box(0, 0), 0)
    problem = refusal(HOUSE, box(6, 0))
    assert (problem.code, problem.field, problem.value) == ("zone.unreachable", "accept", ["store"])
    assert "zone tanks: no way out from store" in problem.en
    assert "store" in problem.zh


def test_a_zone_where_the_plan_has_no_room_is_refused_as_such() -> None:
    problem = refusal(HOUSE, box(100, 100))
    assert problem.value == []
    assert "no room there" in problem.en
