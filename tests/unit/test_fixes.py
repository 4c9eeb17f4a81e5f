"""Positions in zones: how much of a fix lies where."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.fixes import Fix, ZoneMap
from geo.zones import ZoneShape

M = 1 / 111_195
ROOM, NEXT, ABOVE = UUID(int=1), UUID(int=2), UUID(int=3)


def box(x: float, y: float, width: float, depth: float) -> dict[str, Any]:
    corners = [(x, y), (x + width, y), (x + width, y + depth), (x, y + depth), (x, y)]
    return {"type": "Polygon", "coordinates": [[[px * M, py * M] for px, py in corners]]}


PLAN = ZoneMap(
    [
        ZoneShape(ROOM, box(0, 0, 20, 20), 0),
        ZoneShape(NEXT, box(20, 0, 20, 20), 0),
        ZoneShape(ABOVE, box(0, 0, 20, 20), 1),
    ]
)


def at(x: float, y: float, accuracy_m: float = 1.0, level: int | None = 0) -> Fix:
    return Fix(x * M, y * M, accuracy_m, level)


def test_a_sharp_fix_in_the_middle_of_a_room_is_in_it() -> None:
    found = PLAN.locate(at(10, 10))
    assert found is not None
    assert (found.zone_id, found.level) == (ROOM, 0)
    assert found.share == pytest.approx(0.95, abs=1e-3)


def test_on_the_border_each_room_has_half_and_the_answer_is_always_the_same() -> None:
    found = PLAN.locate(at(20, 10, 3))
    assert found is not None
    assert found.zone_id == ROOM
    assert found.share == pytest.approx(0.475, abs=1e-2)


@given(st.floats(1, 500), st.floats(1.1, 4))
def test_the_coarser_the_fix_the_less_it_says(accuracy_m: float, factor: float) -> None:
    sharp, coarse = PLAN.locate(at(10, 10, accuracy_m)), PLAN.locate(at(10, 10, accuracy_m * factor))
    assert sharp is not None
    assert coarse is not None
    # A disc is drawn with 64 corners on a grid of a tenth of a millimetre.
    assert coarse.share <= sharp.share + 1e-4


def test_the_floor_decides_and_a_phone_that_does_not_know_it_says_half() -> None:
    upstairs, unknown = PLAN.locate(at(10, 10, level=1)), PLAN.locate(at(10, 10, level=None))
    assert upstairs is not None
    assert unknown is not None
    assert upstairs.zone_id == ABOVE
    assert unknown.zone_id == ROOM
    assert unknown.share == pytest.approx(0.475, abs=1e-3)


def test_outside_of_every_zone_is_nowhere() -> None:
    assert PLAN.locate(at(500, 500)) is None
    assert PLAN.locate(at(10, 10, level=7)) is None
    assert ZoneMap([]).locate(at(0, 0)) is None
