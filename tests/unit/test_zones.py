"""Zones: which polygons are rooms, and which rooms adjoin."""

from __future__ import annotations

import json
import math
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Invalid
from core.ids import new_id
from geo.zones import EARTH_RADIUS_M, ZoneShape, adjoining, area_m2, check_polygon

LON, LAT = 121.4737, 31.2304
# One metre in degrees of latitude, and of longitude at LAT.
NORTH = math.degrees(1 / EARTH_RADIUS_M)
EAST = NORTH / math.cos(math.radians(LAT))


def polygon(*corners: tuple[float, float], holes: Any = ()) -> dict[str, Any]:
    """Corners in metres east and north of the site's origin; closed here."""
    rings = [[[LON + x * EAST, LAT + y * NORTH] for x, y in (*ring, ring[0])] for ring in (corners, *holes)]
    return {"type": "Polygon", "coordinates": rings}


def box(x: float, y: float, width: float = 6.0, depth: float = 4.0) -> dict[str, Any]:
    return polygon((x, y), (x + width, y), (x + width, y + depth), (x, y + depth))


def beside(first: dict[str, Any], second: dict[str, Any], levels: tuple[int, int] = (0, 0)) -> bool:
    one, other = ZoneShape(new_id(), first, levels[0]), ZoneShape(new_id(), second, levels[1])
    found = adjoining([one, other])
    assert (found[one.id] == [other.id]) == (found[other.id] == [one.id])
    return found[one.id] == [other.id]


# What a room is.


def test_a_room_is_taken_and_measured() -> None:
    check_polygon(box(0, 0))
    assert area_m2(box(0, 0)) == pytest.approx(24.0, rel=1e-6)


def test_a_room_around_a_shaft_has_the_shaft_left_out() -> None:
    shaft = ((1, 1), (1, 2), (2, 2), (2, 1))
    room = polygon((0, 0), (6, 0), (6, 4), (0, 4), holes=[shaft])
    check_polygon(room)
    assert area_m2(room) == pytest.approx(23.0, rel=1e-6)


def test_heights_are_allowed_and_ignored() -> None:
    room = box(0, 0)
    room["coordinates"] = [[[*position, 12.5] for position in room["coordinates"][0]]]
    check_polygon(room)


@pytest.mark.parametrize(
    ("name", "shape", "says"),
    [
        ("a point", {"type": "Point", "coordinates": [LON, LAT]}, "not Polygon"),
        ("nothing", {}, "not Polygon"),
        ("no rings", {"type": "Polygon", "coordinates": []}, "at least one ring"),
        ("no list", {"type": "Polygon", "coordinates": "round"}, "at least one ring"),
        ("two corners", {"type": "Polygon", "coordinates": [[[0, 0], [1, 1], [0, 0]]]}, "at least four positions"),
        ("a ring of text", {"type": "Polygon", "coordinates": ["abcde"]}, "at least four positions"),
        ("open", {"type": "Polygon", "coordinates": [[[0, 0], [0, 1], [1, 1], [1, 0]]]}, "ends where it starts"),
        ("text", {"type": "Polygon", "coordinates": [[["0", 0], [0, 1], [1, 1], ["0", 0]]]}, "finite numbers"),
        ("truth", {"type": "Polygon", "coordinates": [[[True, 0], [0, 1], [1, 1], [True, 0]]]}, "finite numbers"),
        ("no number", {"type": "Polygon", "coordinates": [[[math.nan, 0], [0, 1], [1, 1]] * 2]}, "finite numbers"),
        ("huge", {"type": "Polygon", "coordinates": [[[10**400, 0], [0, 1], [1, 1], [0, 0]]]}, "finite numbers"),
        ("one number", {"type": "Polygon", "coordinates": [[[0], [0, 1], [1, 1], [0]]]}, "[longitude, latitude]"),
        ("off the map", {"type": "Polygon", "coordinates": [[[181, 0], [0, 1], [1, 1], [181, 0]]]}, "within 180"),
        ("at the pole", {"type": "Polygon", "coordinates": [[[0, 90], [0, 1], [1, 1], [0, 90]]]}, "within 89"),
        ("a bow tie", polygon((0, 0), (4, 4), (4, 0), (0, 4)), "not valid"),
        ("a hole outside", polygon((0, 0), (4, 0), (4, 4), holes=[((9, 9), (9, 8), (8, 8))]), "not valid"),
        ("a line", polygon((0, 0), (4, 0), (8, 0)), "not valid"),
        ("a cup", box(0, 0, 0.4, 0.4), "covers 0.16 m2"),
        ("a city", box(0, 0, 4_000, 4_000), "a zone covers 0.25 to 10000000 m2"),
        ("endless", {"type": "Polygon", "coordinates": [[[0, 0]] * 2_001]}, "at most 2000 positions"),
        ("more than geometry", box(0, 0) | {"note": "a\0b"}, "nothing else"),
    ],
)
def test_what_is_no_room_is_refused_with_its_fault(name: str, shape: dict[str, Any], says: str) -> None:
    with pytest.raises(Invalid) as caught:
        check_polygon(shape)
    assert says in caught.value.en, name
    assert caught.value.en in caught.value.zh
    assert (caught.value.field or "").startswith("polygon.")


_json = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=3)),
    lambda inner: st.one_of(st.lists(inner, max_size=5), st.dictionaries(st.text(max_size=3), inner, max_size=2)),
    max_leaves=25,
)
_position = st.lists(st.one_of(st.floats(-190, 190), st.just(0), st.integers()), min_size=1, max_size=3)


@given(st.one_of(_json, st.lists(st.lists(_position, min_size=3, max_size=6).map(lambda r: [*r, r[0]]), max_size=3)))
def test_any_coordinates_are_a_room_or_an_invalid_that_can_be_answered(coordinates: Any) -> None:
    try:
        check_polygon({"type": "Polygon", "coordinates": coordinates})
    except Invalid as problem:
        msgspec.json.encode([problem.value, problem.limit])
    else:
        assert area_m2(json.loads(json.dumps({"coordinates": coordinates}))) >= 0.25


# Who adjoins whom.


@pytest.mark.parametrize(
    ("name", "other", "adjoins"),
    [
        ("a shared wall", box(6, 0), True),
        ("both faces of a wall of 0.3 m", box(6.3, 0), True),
        ("a wall of 0.49 m", box(6.49, 0), True),
        ("a passage of 0.6 m", box(6.6, 0), False),
        ("a part of a wall", box(6, 3.5), True),
        ("a corner", box(6, 4), True),
        ("a corner half a metre off", box(6.4, 4.4), False),
        ("an overlap", box(5, 1), True),
        ("a room within", box(1, 1, 2, 2), True),
        ("across the yard", box(40, 0), False),
    ],
)
def test_rooms_adjoin_through_a_wall_or_a_narrow_gap(name: str, other: dict[str, Any], adjoins: bool) -> None:
    assert beside(box(0, 0), other) == adjoins, name


@pytest.mark.parametrize("levels", [(0, 1), (0, -1), (3, 0)])
def test_rooms_on_other_floors_do_not_adjoin(levels: tuple[int, int]) -> None:
    assert not beside(box(0, 0), box(0, 0), levels)
    assert not beside(box(0, 0), box(6, 0), levels)


def test_a_room_does_not_adjoin_itself_and_an_empty_plant_has_no_neighbours() -> None:
    alone = ZoneShape(new_id(), box(0, 0), 0)
    assert adjoining([alone]) == {alone.id: []}
    assert adjoining([]) == {}


_rooms = st.lists(
    st.builds(
        lambda x, y, w, d, level: ZoneShape(new_id(), box(x / 10, y / 10, w / 10, d / 10), level),
        st.integers(-300, 300), st.integers(-300, 300), st.integers(5, 200), st.integers(5, 200), st.integers(0, 2),
    ),
    max_size=12,
)  # fmt: skip


@given(_rooms, st.randoms(use_true_random=False))
def test_neighbours_are_mutual_sorted_on_one_floor_and_in_any_order_the_same(rooms: list[ZoneShape], dice: Any) -> None:
    found = adjoining(rooms)
    level = {room.id: room.level for room in rooms}
    for one, others in found.items():
        assert others == sorted(set(others) - {one})
        assert all(level[one] == level[other] and one in found[other] for other in others)
    shuffled = list(rooms)
    dice.shuffle(shuffled)
    again = adjoining(shuffled)
    borderline = sum(len(set(found[one]) ^ set(again[one])) for one in found)
    # Another origin moves every corner by less than a micrometre.
    assert borderline == 0 or _has_gap_at_the_limit(rooms)


def _has_gap_at_the_limit(rooms: list[ZoneShape]) -> bool:
    near, far = adjoining(rooms, 0.499), adjoining(rooms, 0.501)
    return near != far
