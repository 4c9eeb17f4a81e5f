"""A hazard grows from the alarm's zone through doors by their state and through shafts by what the agent does."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import Invalid
from geo.hazards.footprints import drawn_shape, place
from geo.hazards.growth import SLICES_GROWN_MAX, Behaviour, Delays, arrivals, behaviour_of, grow, rooms_under
from geo.hazards.model import Concentration
from geo.places.model import Door, DoorState, Level, Plan, Rise, RiseKind, Room, RoomKind, Stop
from geo.projection import Projection
from mobile_contract.text import Text

# About ten metres in degrees: rooms are squares of it in a row, so that a room's number is its place.
SIDE = 1e-4


def _square(number: float, row: float = 0.0, size: float = 1.0) -> dict[str, Any]:
    west, south = 121.5 + number * SIDE, 31.2 + row * SIDE
    east, north = west + size * SIDE, south + size * SIDE
    return {
        "type": "Polygon",
        "coordinates": [[[west, south], [east, south], [east, north], [west, north], [west, south]]],
    }


def _room(name: str, number: float, level: int = 0, kind: RoomKind = "room") -> Room:
    return Room(id=name, level=level, kind=kind, polygon=_square(number))


def _door(name: str, one: str | None, other: str | None, state: DoorState = "open", level: int = 0) -> Door:
    return Door(id=name, level=level, at=(121.5, 31.2), joins=(one, other), state=state)


def _plan(rooms: list[Room], doors: list[Door], rises: list[Rise] | None = None) -> Plan:
    levels = [Level(level=it, name=Text("层", "level")) for it in sorted({room.level for room in rooms})]
    return Plan(name=Text("厂", "plant"), levels=levels, rooms=rooms, doors=doors, rises=rises or [])


ROW = [_room("a", 0), _room("b", 1), _room("c", 2), _room("d", 3), _room("e", 4)]


def _tower(kind: RiseKind = "stairs", *, named: bool = True) -> Plan:
    """A shaft through levels -1, 0 and 2."""
    rooms = [_room(f"at {level}", 0, level, "stairs") for level in (2, 0, -1)]
    stops = [
        Stop(level=room.level, at=(121.5 + SIDE / 2, 31.2 + SIDE / 2), room=room.id if named else None)
        for room in rooms
    ]
    return _plan(rooms, [], [Rise(id="shaft", kind=kind, stops=stops)])


def test_through_open_doors_it_goes_at_once_through_others_later_and_through_walls_and_sealed_doors_never() -> None:
    plan = _plan(
        [*ROW, _room("f", 5), _room("pillar", 6, kind="solid")],
        [
            _door("1", "a", "b", "open"),
            _door("2", "c", "b", "closed"),
            _door("3", "c", "d", "locked"),
            _door("4", "d", "e", "badge"),
            _door("5", "e", "f", "open"),
            _door("6", "a", "pillar", "open"),
            _door("7", "a", None, "open"),
            _door("8", "a", "nowhere", "open"),
        ],
    )
    reached = arrivals(plan, ["a", "nobody's", "pillar"], behaviour="neutral", sealed={"5"})
    assert reached == {"a": 0, "b": 0, "c": 120_000, "d": 405_000, "e": 525_000}
    tight = arrivals(plan, ["a"], behaviour="neutral", delays=Delays(locked_s=None))
    assert list(tight) == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("behaviour", "expected"),
    [
        ("heavier", {"at 0": 0, "at -1": 30_000, "at 2": 1_200_000}),
        ("lighter", {"at 0": 0, "at 2": 60_000, "at -1": 600_000}),
        ("neutral", {"at 0": 0, "at -1": 60_000, "at 2": 120_000}),
    ],
)
@pytest.mark.parametrize("named", [True, False])
def test_heavy_gas_sinks_through_stairs_light_gas_rises(
    behaviour: Behaviour, expected: dict[str, int], named: bool
) -> None:
    assert arrivals(_tower(named=named), ["at 0"], behaviour=behaviour) == expected


def test_a_lift_has_closed_doors_at_both_ends_and_a_shaft_may_be_shut_or_never_taken_against_the_gas() -> None:
    assert arrivals(_tower("lift"), ["at 0"], behaviour="heavier")["at -1"] == 120_000 + 30_000 + 120_000
    assert list(arrivals(_tower(), ["at 0"], behaviour="heavier", sealed=["shaft"])) == ["at 0"]
    never_up = Delays(against_s=None)
    assert list(arrivals(_tower(), ["at 0"], behaviour="heavier", delays=never_up)) == ["at 0", "at -1"]


def test_a_stop_that_stands_in_no_room_lets_the_shaft_go_on() -> None:
    tower = _tower()
    stops = [
        Stop(level=it.level, at=(0.0, 0.0), room=None if it.level == 0 else it.room) for it in tower.rises[0].stops
    ]
    plan = _plan(tower.rooms, [], [Rise(id="shaft", kind="stairs", stops=stops)])
    assert arrivals(plan, ["at 2"], behaviour="heavier") == {"at 2": 0, "at -1": 90_000}


def test_out_of_doors_nothing_grows_and_nothing_comes_in_from_there() -> None:
    rooms = [_room("hall", 0), _room("yard", 1, kind="outdoors"), _room("office", 2)]
    plan = _plan(rooms, [_door("gate", "hall", "yard"), _door("front", "yard", "office")])
    assert arrivals(plan, ["hall"], behaviour="neutral") == {"hall": 0}
    assert arrivals(plan, ["yard"], behaviour="neutral") == {}


def test_the_zone_seeds_the_rooms_it_covers_and_not_those_it_only_overlaps_by_the_drawing_s_slack() -> None:
    rooms = [*ROW, _room("upstairs", 1, level=1), _room("pillar", 1, kind="solid")]
    plan = _plan(rooms, [])
    zone = _square(1.02, size=1.0)
    grown = grow(plan, hazard_id="h", polygon=zone, level=0, behaviour="neutral", until_ms=1_000)
    assert [it.polygon for it in grown.slices[0].areas] == [zone, _square(1)]
    wide = grow(plan, hazard_id="h", polygon=_square(1.5), level=0, behaviour="neutral", until_ms=1_000)
    assert [it.polygon for it in wide.slices[0].areas] == [_square(1.5), _square(1), _square(2)]


def test_it_becomes_slices_that_only_grow_ready_to_be_put_into_metres() -> None:
    plan = _plan(ROW, [_door("1", "a", "b", "closed"), _door("2", "b", "c", "closed"), _door("3", "c", "d", "closed")])
    air = [Concentration("chlorine", 3.0, "ppm")]
    grown = grow(
        plan,
        hazard_id="h",
        polygon=_square(0.25, 0.25, 0.5),
        level=0,
        behaviour="heavier",
        until_ms=300_000,
        factor=4.0,
        air=air,
    )
    assert (grown.id, grown.source) == ("h", "grown")
    assert [(it.start_ms, it.length_ms, len(it.areas)) for it in grown.slices] == [
        (0, 120_000, 2),
        (120_000, 120_000, 3),
        (240_000, 60_000, 4),
    ]
    assert all(area.factor == 4.0 and area.air == air for it in grown.slices for area in it.areas)
    placed = place(grown, Projection(121.5, 31.2), {0})
    assert [len(it.footprints) for it in placed.slices] == [2, 3, 4]


def test_a_room_that_was_reached_stays_reached_and_what_it_leads_to_is_reckoned_from_then() -> None:
    doors = [_door("ab", "a", "b", "locked"), _door("bc", "b", "c")]
    plan = _plan([_room("a", 0), _room("b", 1), _room("c", 2)], doors)
    assert arrivals(plan, ["a"], behaviour="neutral") == {"a": 0, "b": 285_000, "c": 285_000}
    since = {"b": 7_000, "gone": 1}
    assert arrivals(plan, ["a"], behaviour="neutral", since=since) == {"a": 0, "b": 7_000, "c": 7_000}
    assert arrivals(plan, ["a"], behaviour="neutral", since={"a": 9_000})["a"] == 0


def test_a_zone_over_no_room_is_a_hazard_by_itself() -> None:
    grown = grow(_plan([], []), hazard_id="h", polygon=_square(9), level=0, behaviour="neutral", until_ms=5)
    assert [len(it.areas) for it in grown.slices] == [1]


def test_many_arrivals_become_few_slices_and_no_room_is_reached_later_for_it() -> None:
    rooms = [_room(f"{number:02}", number) for number in range(60)]
    doors = [_door(f"{n:02}", f"{n:02}", f"{n + 1:02}", "closed") for n in range(59)]
    plan = _plan(rooms, doors)
    grown = grow(
        plan, hazard_id="h", polygon=_square(0), level=0, behaviour="neutral", until_ms=8_000_000,
        delays=Delays(closed_s=100.0),
    )  # fmt: skip
    assert 2 <= len(grown.slices) <= SLICES_GROWN_MAX
    for it in grown.slices:
        latest = it.start_ms + it.length_ms - 1
        assert len(it.areas) - 1 >= min(latest // 100_000 + 1, 60)


STATES: list[DoorState] = ["open", "closed", "locked", "badge"]


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4), st.sampled_from(STATES)), max_size=9),
    st.sets(st.integers(0, 8), max_size=3),
)
def test_arrivals_are_those_of_trying_every_way_and_opening_a_door_delays_nobody(
    given_doors: list[tuple[int, int, DoorState]], shut: set[int]
) -> None:
    names = "abcde"
    doors = [_door(str(n), names[i], names[j], state) for n, (i, j, state) in enumerate(given_doors)]
    sealed = {str(it) for it in shut}
    reached = arrivals(_plan(ROW, doors), ["a"], behaviour="neutral", sealed=sealed)
    cost = {"open": 0, "closed": 120_000, "badge": 120_000, "locked": 285_000}
    expected = {"a": 0}
    for _ in names:
        for door in doors:
            one, other = door.joins
            for start, end in ((one, other), (other, one)):
                if door.id not in sealed and start in expected and end is not None:
                    expected[end] = min(expected.get(end, 10**9), expected[start] + cost[door.state])
    assert reached == expected
    opened = arrivals(_plan(ROW, [_door(it.id, *it.joins, "open") for it in doors]), ["a"], behaviour="neutral")
    assert all(opened[room] <= at for room, at in reached.items())


def test_what_a_gas_does_follows_from_its_mass() -> None:
    # Chlorine, hydrogen, carbon monoxide: 70.9, 2.0, 28.0 g/mol.
    assert [behaviour_of(it) for it in (70.9, 2.016, 28.01)] == ["heavier", "lighter", "neutral"]


@pytest.mark.parametrize("until_ms", [0, -1, 7 * 86_400_000 + 1])
def test_a_hazard_that_grows_for_no_time_or_for_ever_is_refused(until_ms: int) -> None:
    with pytest.raises(Invalid) as caught:
        grow(_plan(ROW, []), hazard_id="h", polygon=_square(0), level=0, behaviour="neutral", until_ms=until_ms)
    assert (caught.value.field, caught.value.value) == ("until_ms", until_ms)


@pytest.mark.parametrize("seconds", [-1.0, math.inf, math.nan])
def test_a_delay_that_is_none_is_refused(seconds: float) -> None:
    with pytest.raises(Invalid) as caught:
        arrivals(_plan(ROW, []), ["a"], behaviour="neutral", delays=Delays(closed_s=seconds))
    assert caught.value.field == "delays.closed_s"


def test_a_zone_that_is_no_polygon_is_refused() -> None:
    with pytest.raises(Invalid) as caught:
        grow(_plan(ROW, []), hazard_id="h", polygon={"type": "Point"}, level=0, behaviour="neutral", until_ms=5)
    assert caught.value.field == "polygon.type"
    bow = {"type": "Polygon", "coordinates": [[[0, 0], [1, 1], [1, 0], [0, 1], [0, 0]]]}
    with pytest.raises(Invalid, match="Self-intersection"):
        grow(_plan(ROW, []), hazard_id="h", polygon=bow, level=0, behaviour="neutral", until_ms=5)


def test_rooms_under_a_zone_are_named_in_the_plan_s_order() -> None:
    assert rooms_under(ROW[::-1], drawn_shape("polygon", _square(0.5, size=3)), 0) == ["d", "c", "b", "a"]


def test_a_room_that_crosses_itself_is_seeded_like_others() -> None:
    bow = _square(0)
    bow["coordinates"][0][1], bow["coordinates"][0][2] = bow["coordinates"][0][2], bow["coordinates"][0][1]
    crossed = Room(id="bow", level=0, polygon=bow)
    assert rooms_under([crossed, *ROW], drawn_shape("polygon", _square(0)), 0) == ["bow", "a"]
