"""Safety equipment: what can be used and what not, what it must be, and where it may stand."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import product
from typing import Any, get_args
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry import Point, shape

from core.errors import Conflict, Invalid
from geo.places.model import LandmarkKind
from geo.routing.nearest_usable import RESOURCES_MAX
from mobile_contract.equipment import EquipmentKindName, EquipmentStateName, FireClassName, UnfitName
from mobile_contract.text import Text
from resources.equipment.checks import LATEST, NOTE_MAX, STOCK_MAX, check_equipment, check_reason, stock_after
from resources.equipment.features import features_of
from resources.equipment.model import FIRE_CLASSES, KINDS, Equipment, EquipmentState
from resources.equipment.placing import OFF_SITE_MAX_M, OFF_ZONE_MAX_M, Ground, Spot, ZoneGround
from resources.equipment.queries import SITE_MAX
from resources.equipment.standing import Unfit, is_inspection_overdue, is_usable, suits_fire, unfit

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
TODAY = date(2026, 3, 2)
ONE = UUID(int=1)
# Suzhou: a metre is so many degrees there.
LON, LAT = 120.74, 31.27
EAST_M, NORTH_M = 1 / 95_200, 1 / 110_900


def thing(**changes: Any) -> Equipment:
    """An extinguisher in a store, ready."""
    made = Equipment(
        tenant_id=ONE,
        id=UUID(int=2),
        site_id=UUID(int=3),
        zone_id=None,
        slug="ext-1",
        kind="extinguisher",
        name=Text("灭火器", "Extinguisher"),
        classes=["A", "B"],
        lon=LON,
        lat=LAT,
        level=0,
        in_stock=1,
        expires_at=NOW + timedelta(days=365),
        next_inspection_on=TODAY,
        state="ready",
        state_reason=None,
        note="",
        retired_at=None,
        version=1,
        created_at=NOW,
    )
    return msgspec.structs.replace(made, **changes)


# --- can it be used


def test_what_is_ready_there_and_not_expired_can_be_used() -> None:
    assert unfit(thing(), NOW) == []
    assert is_usable(thing(expires_at=None), NOW)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"retired_at": NOW}, "retired"),
        ({"state": "out_of_service", "state_reason": "no pressure"}, "out_of_service"),
        ({"in_stock": 0}, "empty"),
        ({"expires_at": NOW}, "expired"),
        ({"expires_at": NOW - timedelta(days=1)}, "expired"),
    ],
)
def test_what_can_not_be_used_says_why(changes: dict[str, Any], why: Unfit) -> None:
    assert unfit(thing(**changes), NOW) == [why]
    assert not is_usable(thing(**changes), NOW)


def test_all_that_stands_against_it_is_said_at_once() -> None:
    wreck = thing(retired_at=NOW, state="out_of_service", state_reason="burnt", in_stock=0, expires_at=NOW)
    assert unfit(wreck, NOW) == list(get_args(Unfit))


@given(
    st.sampled_from([None, NOW]),
    st.sampled_from(["ready", "out_of_service"]),
    st.integers(0, STOCK_MAX),
    st.none() | st.datetimes(timezones=st.just(UTC)),
)
def test_it_can_be_used_exactly_when_nothing_stands_against_it(
    retired_at: datetime | None, state: EquipmentState, in_stock: int, expires_at: datetime | None
) -> None:
    it = thing(retired_at=retired_at, state=state, in_stock=in_stock, expires_at=expires_at)
    wanted = retired_at is None and state == "ready" and in_stock > 0 and (expires_at is None or expires_at > NOW)
    assert is_usable(it, NOW) == wanted


def test_an_extinguisher_is_for_the_fires_it_names_and_no_other() -> None:
    assert {fire for fire in FIRE_CLASSES if suits_fire(thing(), fire)} == {"A", "B"}
    assert not any(suits_fire(thing(classes=None), fire) for fire in FIRE_CLASSES)
    assert not any(suits_fire(thing(kind="hydrant", classes=None), fire) for fire in FIRE_CLASSES)


@pytest.mark.parametrize(("due", "overdue"), [(None, False), (TODAY, False), (TODAY - timedelta(days=1), True)])
def test_an_inspection_is_overdue_from_the_day_after_and_the_thing_still_works(due: date | None, overdue: bool) -> None:
    it = thing(next_inspection_on=due)
    assert is_inspection_overdue(it, TODAY) is overdue
    assert is_usable(it, NOW)


# --- what it must be


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"classes": list(FIRE_CLASSES)},
        {"classes": None},
        {"kind": "aed", "classes": None},
        {"in_stock": STOCK_MAX},
        {"in_stock": 0},
        {"expires_at": None, "next_inspection_on": None},
        {"note": "x" * NOTE_MAX},
    ],
)
def test_this_is_equipment(changes: dict[str, Any]) -> None:
    check_equipment(thing(**changes))


@pytest.mark.parametrize(
    ("changes", "field", "code"),
    [
        ({"kind": "aed"}, "classes", "equipment.classes_of_kind"),
        ({"classes": []}, "classes", "equipment.classes"),
        ({"classes": ["A", "A"]}, "classes", "equipment.classes"),
        ({"classes": ["K"]}, "classes", "equipment.classes"),
        ({"in_stock": -1}, "in_stock", "equipment.stock"),
        ({"in_stock": STOCK_MAX + 1}, "in_stock", "equipment.stock"),
        ({"expires_at": datetime(1999, 12, 31, tzinfo=UTC)}, "expires_at", "equipment.day"),
        ({"expires_at": datetime(1, 1, 1, tzinfo=UTC)}, "expires_at", "equipment.day"),
        ({"next_inspection_on": LATEST + timedelta(days=1)}, "next_inspection_on", "equipment.day"),
        ({"note": "x" * (NOTE_MAX + 1)}, "note", "equipment.text"),
        ({"note": "a\0b"}, "note", "equipment.text"),
    ],
)
def test_this_is_none_and_the_error_names_the_field(changes: dict[str, Any], field: str, code: str) -> None:
    with pytest.raises(Invalid) as refused:
        check_equipment(thing(**changes))
    assert (refused.value.field, refused.value.code) == (field, code)
    assert refused.value.limit is not None
    assert refused.value.zh != refused.value.en


@pytest.mark.parametrize("reason", ["", "  ", "x" * 501])
def test_a_reason_says_something(reason: str) -> None:
    check_reason("used in the fire of the store")
    with pytest.raises(Invalid):
        check_reason(reason)


@given(st.integers(0, STOCK_MAX), st.integers(-STOCK_MAX, STOCK_MAX))
def test_stock_never_falls_below_nothing_nor_rises_over_a_cabinet(there: int, pieces: int) -> None:
    it = thing(in_stock=there)
    if 0 <= there + pieces <= STOCK_MAX:
        assert stock_after(it, pieces) == there + pieces
    else:
        with pytest.raises(Conflict):
            stock_after(it, pieces)


@pytest.mark.parametrize(
    ("there", "pieces", "code", "limit"), [(2, -3, "equipment.too_few", 2), (998, 3, "equipment.too_many", 2)]
)
def test_a_movement_that_can_not_be_names_how_many_can(there: int, pieces: int, code: str, limit: int) -> None:
    with pytest.raises(Conflict) as refused:
        stock_after(thing(in_stock=there), pieces)
    assert (refused.value.code, refused.value.value, refused.value.limit) == (code, 3, limit)


# --- names


def test_what_a_plan_draws_and_what_is_kept_in_stock_have_the_same_names() -> None:
    landmarks = set(get_args(LandmarkKind))
    assert landmarks - set(KINDS) == {"sign", "gate"}


def test_the_wire_says_what_the_model_says() -> None:
    assert get_args(EquipmentKindName) == KINDS
    assert get_args(FireClassName) == FIRE_CLASSES
    assert get_args(EquipmentStateName) == get_args(EquipmentState)
    assert get_args(UnfitName) == get_args(Unfit)


# --- where it may stand


def rectangle(x0: float, y0: float, x1: float, y1: float) -> dict[str, Any]:
    """Metres east and north of the corner."""
    corners = [(x0, y0), (x1, y0), (x1, y1), (x0, y1), (x0, y0)]
    return {"type": "Polygon", "coordinates": [[[LON + x * EAST_M, LAT + y * NORTH_M] for x, y in corners]]}


def spot(x: float, y: float, level: int = 0, zone_id: UUID | None = None) -> Spot:
    return Spot(LON + x * EAST_M, LAT + y * NORTH_M, level, zone_id)


STORE, HALL, OVER, YARD = (UUID(int=n) for n in range(10, 14))
ZONES = [
    ZoneGround(STORE, "store", rectangle(0, 0, 10, 10), 0),
    ZoneGround(HALL, "hall", rectangle(10, 0, 50, 30), 0),
    ZoneGround(OVER, "office", rectangle(0, 0, 10, 10), 1),
    ZoneGround(YARD, "yard", rectangle(40, 0, 80, 30), 0),
]
GROUND = Ground(ZONES, [])


@pytest.mark.parametrize(
    ("at", "zone"),
    [
        (spot(5, 5), STORE),
        (spot(20, 10), HALL),
        (spot(5, 5, 1), OVER),
        (spot(20, 10, 1), None),  # the hall has no upper floor
        (spot(45, 10), None),  # in two zones
        (spot(200, 200), None),  # outdoors
        (spot(-900, 0), None),  # a hydrant at the road
        (spot(9, 5, 0, HALL), HALL),  # on the wall's other face
    ],
)
def test_a_thing_belongs_to_the_one_zone_that_holds_it(at: Spot, zone: UUID | None) -> None:
    assert GROUND.place(at) == zone


@given(st.floats(-100, 100), st.floats(-100, 100), st.sampled_from([0, 1]))
def test_the_zone_found_is_the_one_the_map_shows(x: float, y: float, level: int) -> None:
    at = spot(x, y, level)
    point = Point(at.lon, at.lat)
    # Within a millimetre of a wall either answer is right.
    near = [it for it in ZONES if shape(it.polygon).boundary.distance(point) < 1e-8]
    holding = [it.id for it in ZONES if it.level == level and shape(it.polygon).contains(point)]
    if not near:
        assert GROUND.place(at) == (holding[0] if len(holding) == 1 else None)


@pytest.mark.parametrize(
    ("at", "code", "field"),
    [
        (Spot(LAT, LON, 0), "equipment.swapped", "lat"),  # latitude 120 is on no globe
        (Spot(LON, LAT + 0.02, 0), "equipment.off_site", "lat"),
        (Spot(-100.0, 20.0, 0), "equipment.off_site", "lat"),
        (Spot(LON, 95.0, 0), "equipment.position", "lat"),
        (Spot(190.0, LAT, 0), "equipment.position", "lon"),
        (Spot(float("nan"), LAT, 0), "equipment.position", "lon"),
        (Spot(LON, float("inf"), 0), "equipment.position", "lat"),
        (spot(5, 5, 7), "equipment.level", "level"),
        (spot(5, 5, 0, OVER), "equipment.zone", "zone"),
        (spot(60, 10, 0, STORE), "equipment.zone", "zone"),
        (spot(5, 5, 0, UUID(int=99)), "site.other", "zone"),
    ],
)
def test_a_place_that_can_not_be_is_refused_by_name(at: Spot, code: str, field: str) -> None:
    with pytest.raises(Invalid) as refused:
        GROUND.place(at)
    assert (refused.value.code, refused.value.field) == (code, field)
    msgspec.json.encode([refused.value.value, refused.value.limit])


def test_swapped_degrees_are_said_to_be_swapped_where_both_ways_are_on_the_globe() -> None:
    # Quito's neighbour: longitude 31, latitude 29 and the other way round are both on land.
    ground = Ground([ZoneGround(STORE, "store", {"type": "Polygon", "coordinates": [
        [[31.0, 29.0], [31.001, 29.0], [31.001, 29.001], [31.0, 29.0]]]}, 0)], [])  # fmt: skip
    with pytest.raises(Invalid) as refused:
        ground.place(Spot(29.0005, 31.0005, 0))
    assert refused.value.code == "equipment.swapped"
    assert "swapped" in refused.value.en
    assert "写反" in refused.value.zh
    assert refused.value.limit == [31.0005, 29.0005]


@pytest.mark.parametrize(("metres", "allowed"), [(OFF_SITE_MAX_M - 5, True), (OFF_SITE_MAX_M + 5, False)])
def test_a_kilometre_off_the_site_is_the_end(metres: float, allowed: bool) -> None:
    if allowed:
        GROUND.place(spot(-metres, 5))
    else:
        with pytest.raises(Invalid) as refused:
            GROUND.place(spot(-metres, 5))
        assert refused.value.limit == OFF_SITE_MAX_M


@pytest.mark.parametrize(("metres", "allowed"), [(OFF_ZONE_MAX_M - 1, True), (OFF_ZONE_MAX_M + 1, False)])
def test_ten_metres_off_its_zone_is_the_end(metres: float, allowed: bool) -> None:
    at = spot(-metres, 5, 0, STORE)
    if allowed:
        assert GROUND.place(at) == STORE
    else:
        with pytest.raises(Invalid):
            GROUND.place(at)


def test_a_site_without_zones_takes_any_place_and_the_floors_of_its_plan() -> None:
    assert Ground([], []).place(Spot(7.0, 47.0, 3)) is None
    assert Ground([], [0, 3]).place(Spot(7.0, 47.0, 3)) is None
    with pytest.raises(Invalid) as refused:
        Ground([], [0, 3]).place(Spot(7.0, 47.0, 4))
    assert refused.value.limit == [0, 3]


def test_floors_of_the_plan_count_as_well_as_those_of_zones() -> None:
    assert Ground(ZONES, [2]).place(spot(5, 5, 2)) is None


def test_a_zone_on_the_other_side_of_the_globe_is_no_ground() -> None:
    far = {"type": "Polygon", "coordinates": [[[-60.0, 1.0], [-59.9, 1.0], [-59.9, 1.1], [-60.0, 1.0]]]}
    away = {"type": "Polygon", "coordinates": [[[30.7, 0.0], [30.8, 0.0], [30.8, 0.1], [30.7, 0.0]]]}
    ground = Ground([*ZONES, ZoneGround(UUID(int=20), "far", far, 0), ZoneGround(UUID(int=21), "away", away, 0)], [])
    assert ground.place(spot(5, 5)) == STORE


def test_a_hole_in_a_zone_is_not_in_it() -> None:
    court = rectangle(0, 0, 30, 30)
    court["coordinates"].append(rectangle(10, 10, 20, 20)["coordinates"][0])
    ground = Ground([ZoneGround(STORE, "ring", court, 0)], [])
    assert [ground.place(spot(x, 15)) for x in (5, 15)] == [STORE, None]


@given(st.floats(-180, 180), st.floats(-180, 180))
def test_whatever_the_degrees_the_answer_is_a_zone_or_an_error_that_can_be_sent(lon: float, lat: float) -> None:
    try:
        GROUND.place(Spot(lon, lat, 0))
    except Invalid as refused:
        msgspec.json.encode([refused.value, refused.limit])


# --- on a map


def test_a_map_shows_each_thing_with_what_stands_against_it() -> None:
    used = thing(id=UUID(int=5), in_stock=0, zone_id=STORE, next_inspection_on=TODAY - timedelta(days=1))
    shown = features_of([thing(), used], NOW, TODAY)
    assert [it["geometry"] for it in shown] == [{"type": "Point", "coordinates": [LON, LAT]}] * 2
    assert [(it["properties"]["usable"], it["properties"]["why_not"]) for it in shown] == [
        (True, []),
        (False, ["empty"]),
    ]
    assert (shown[1]["id"], shown[1]["properties"]["zone"]) == (str(used.id), str(STORE))
    assert shown[1]["properties"]["inspection_overdue"]
    msgspec.json.encode(shown)


def test_every_kind_may_be_shown() -> None:
    for number, (kind, usable) in enumerate(product(KINDS, (True, False))):
        it = thing(id=UUID(int=number), kind=kind, classes=None, in_stock=int(usable))
        assert features_of([it], NOW, TODAY)[0]["properties"]["usable"] is usable


def test_whoever_looks_for_the_nearest_takes_all_that_a_site_may_have() -> None:
    assert SITE_MAX <= RESOURCES_MAX
