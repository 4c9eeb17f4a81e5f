"""Where people gather: a point is left when the hazard is there, not for a few seconds' walk or a breath of wind."""

from __future__ import annotations

import math

import msgspec
import numpy as np
import pytest
from shapely import Point as Place
from shapely import Polygon, box

from core.errors import Invalid
from geo.evacuation.assembly import CLEAR_FOR_MS, STANDS_MS, Choice, Held, Point, Threat, choose
from geo.graph.csr import BANNED, Graph, build

# The exit (0) in the middle, assembly points north, east, south and west of it (1 to 4), each 100 m away, and 5, an
# exit that leads to the east alone. East is nearest, then north, west, south.
_X, _Y = [0, 0, 100, 0, -100, 90], [0, 100, 0, -100, 0, 0]
_NORTH, _EAST, _SOUTH, _WEST = range(4)
_POINTS = [Point(1), Point(2), Point(3), Point(4)]


def _ground(**walk_ms: int) -> Graph:
    times = {"north": 90_000, "east": 80_000, "south": 200_000, "west": 100_000} | walk_ms
    return build(_X, _Y, [0] * 6, [0, 0, 0, 0], [1, 2, 3, 4], [times[it] for it in ("north", "east", "south", "west")])[
        0
    ]


def _choose(
    threat: Threat | None = None,
    held: Held | None = None,
    *,
    graph: Graph | None = None,
    at_ms: int = 0,
    people: int = 100,
    points: list[Point] = _POINTS,
    exits: tuple[int, ...] = (0,),
    banned: tuple[int, ...] = (),
) -> Choice:
    ground = graph or _ground()
    millis = ground.millis.copy()
    millis[list(banned)] = BANNED
    return choose(ground, millis, exits, points, people, threat or Threat(), held, at_ms)


def test_the_nearest_point_is_taken_where_nothing_threatens() -> None:
    made = _choose()
    assert (made.held, made.changed) == (Held((_EAST,), 0), True)
    assert (made.faults, made.missing, made.unserved) == ({}, 0, [])


def test_a_point_the_plume_has_reached_is_left_for_the_next() -> None:
    made = _choose(Threat(box(80, -10, 200, 10)), _choose().held, at_ms=5_000)
    assert (made.held, made.changed) == (Held((_NORTH,), 5_000, {_EAST: 5_000}), True)
    assert made.faults == {_EAST: "reached"}


def test_a_point_whose_way_is_shut_is_left_for_the_next() -> None:
    made = _choose(None, _choose().held, banned=(1,))
    assert (made.held.chosen, made.faults) == ((_NORTH,), {_EAST: "no_way"})


def test_a_point_near_the_footprint_is_kept_but_not_taken_anew() -> None:
    near = Threat(box(120, -10, 200, 10))
    assert _choose(near).held.chosen == (_NORTH,)
    assert _choose(near, _choose().held).held.chosen == (_EAST,)


def test_a_point_that_was_reached_must_be_clear_a_while_before_it_is_taken_again() -> None:
    gone = _choose(Threat(Place(100, 0).buffer(5)), _choose().held).held
    shut = (0,)
    assert _choose(None, gone, at_ms=CLEAR_FOR_MS - 1, banned=shut).held.chosen == (_WEST,)
    assert _choose(None, gone, at_ms=CLEAR_FOR_MS, banned=shut).held.chosen == (_EAST,)


def test_downwind_comes_last_and_a_turn_of_the_wind_must_be_plain_to_change_a_point() -> None:
    # The wind blows from the west to the east, from a source at the exit.
    assert _choose(Threat(None, (0.0, 0.0), 270.0)).held.chosen == (_NORTH,)
    # Towards 20 degrees: north is 20 degrees off, east 70; a point held may be 70 off, one taken anew not.
    wind = Threat(None, (0.0, 0.0), 200.0)
    assert _choose(wind).held.chosen == (_WEST,)
    assert _choose(wind, Held((_EAST,), 0)).held.chosen == (_EAST,)
    assert _choose(wind, Held((_NORTH,), 0)).held.chosen == (_WEST,)


def test_wind_without_a_source_says_nothing() -> None:
    assert _choose(Threat(Polygon(), None, 270.0)).held.chosen == (_EAST,)
    assert _choose(Threat(None, (0.0, 0.0), None)).held.chosen == (_EAST,)


def test_a_shorter_walk_changes_a_point_only_when_it_is_much_shorter_and_after_a_while() -> None:
    held = Held((_WEST,), 0)
    assert _choose(None, held, at_ms=STANDS_MS).held == held
    much = _ground(west=300_000)
    assert _choose(None, held, at_ms=STANDS_MS - 1, graph=much).held == held
    assert _choose(None, held, at_ms=STANDS_MS, graph=much).held.chosen == (_EAST,)


def test_points_are_added_until_there_is_room() -> None:
    small = [Point(1, 60), Point(2, 60), Point(3), Point(4, 60)]
    made = _choose(points=small)
    assert (made.held.chosen, made.missing) == ((_EAST, _NORTH), 0)
    more = _choose(points=small, held=made.held, people=200)
    assert (more.held.chosen, more.missing) == ((_EAST, _NORTH, _WEST, _SOUTH), 0)
    full = _choose(points=[Point(1, 60), Point(2, 0)])
    assert (full.held.chosen, full.missing) == ((_EAST, _NORTH), 40)


def test_every_exit_has_a_point_that_is_reached_from_it() -> None:
    ground = build(_X, _Y, [0] * 6, [0, 0, 5], [1, 4, 2], [90_000, 100_000, 80_000])[0]
    made = _choose(graph=ground, exits=(0, 5))
    assert (made.held.chosen, made.unserved) == ((_EAST, _NORTH), [])
    made = _choose(graph=ground, exits=(0, 5), held=Held((_NORTH,), 0))
    assert made.held.chosen == (_EAST, _NORTH)
    made = _choose(graph=ground, exits=(0, 5), banned=(2,))
    assert (made.held.chosen, made.unserved) == ((_NORTH,), [1])


def test_where_nothing_is_left_nothing_is_chosen_and_it_says_so() -> None:
    made = _choose(Threat(Place(0, 0).buffer(500)), _choose().held, at_ms=1_000)
    assert (made.held.chosen, made.missing, made.unserved) == ((), 100, [0])
    assert set(made.faults.values()) == {"reached"}


def test_a_choice_told_twice_is_the_same() -> None:
    threat = Threat(box(80, -10, 200, 10), (60.0, 0.0), 270.0)
    held = _choose(threat).held
    for second in range(1, 400):
        made = _choose(msgspec.structs.replace(threat, wind_from_deg=270.0 + second % 7), held, at_ms=1_000 * second)
        assert not made.changed
        held = made.held


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"points": []}, "points"),
        ({"points": [Point(6)]}, "points"),
        ({"exits": (-1,)}, "exits"),
        ({"exits": ()}, "exits"),
        ({"threat": Threat(None, (math.nan, 0.0), 0.0)}, "source"),
        ({"threat": Threat(None, (0.0, 0.0), math.inf)}, "wind_from_deg"),
    ],
)
def test_what_can_not_be_chosen_from_is_named(change: dict[str, object], field: str) -> None:
    with pytest.raises(Invalid) as caught:
        _choose(**change)  # type: ignore[arg-type]
    assert (caught.value.code, caught.value.field) == ("geo.evacuation_invalid", field)


def test_too_many_points_are_refused() -> None:
    with pytest.raises(Invalid) as caught:
        _choose(points=[Point(1)] * 51)
    assert caught.value.limit == 50
    assert np.isfinite(caught.value.limit)
