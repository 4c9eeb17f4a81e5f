"""Where somebody who calls for help is, how that is said, and how grave a second call makes it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from msgspec.structs import replace

from geo.fixes import Fix
from geo.zones import ZoneShape
from incidents.alarms.model import Grade
from incidents.sos.place import FixAt, Known, choose
from incidents.sos.rules import AGAIN, DURESS, SAME_PRESS, Place, graver, is_again, place_name, reason
from mobile_contract.text import Text
from people.presence.belief import Belief
from tests.plant_world import M, box

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
STORE, HALL, SOUTH = (UUID(int=n) for n in (1, 2, 3))
NORTH_SITE, SOUTH_SITE = UUID(int=10), UUID(int=11)
SHAPES = [
    ZoneShape(STORE, box(0, 0), 0),
    ZoneShape(HALL, box(6.2, 0), 1),
    ZoneShape(SOUTH, box(0, 40_000), 0),
]
SITES = {STORE: NORTH_SITE, HALL: NORTH_SITE, SOUTH: SOUTH_SITE}
SAID = Place(site_id=NORTH_SITE, zone_id=HALL, located_by="session", share=0.8, at=NOW)


def known(**changes: Any) -> Known:
    return Known(**({"shapes": SHAPES, "sites": SITES} | changes))


def phone(x: float, y: float, accuracy_m: float = 1.0, level: int | None = None) -> FixAt:
    return FixAt(Fix(x * M, y * M, accuracy_m, level), NOW)


def belief(zone: UUID | None, **changes: Any) -> Belief:
    facts: dict[str, Any] = {"site_id": NORTH_SITE, "on_site": True, "confidence": 0.6, "source": "badge"}
    return Belief(**(facts | {"zone_id": zone, "seen_at": NOW} | changes))


def test_the_phone_itself_knows_best() -> None:
    place = choose(known(phone=phone(3, 2), belief=belief(HALL), session=SAID))
    assert place is not None
    assert (place.zone_id, place.located_by, place.level, place.accuracy_m) == (STORE, "phone", 0, 1.0)
    assert place.share == pytest.approx(0.95, abs=0.01)


def test_outside_of_every_zone_the_nearest_is_where_the_search_begins() -> None:
    place = choose(known(phone=phone(-200, 0)))
    assert place is not None
    assert (place.zone_id, place.located_by, place.share) == (STORE, "near", None)
    assert place.lon == -200 * M


def test_far_outside_the_position_goes_with_what_else_is_known() -> None:
    place = choose(known(phone=phone(0, 20_000), belief=belief(HALL)))
    assert place is not None
    assert (place.zone_id, place.located_by, place.lat) == (HALL, "badge", 20_000 * M)
    assert choose(Known(shapes=[], sites={}, phone=phone(0, 0))) is None


def test_without_a_position_what_presence_believes() -> None:
    place = choose(known(belief=belief(HALL)))
    assert place == Place(site_id=NORTH_SITE, zone_id=HALL, located_by="badge", share=0.6, at=NOW)


@pytest.mark.parametrize(
    ("seen_at", "zone"),
    [(NOW + timedelta(minutes=5), STORE), (NOW - timedelta(minutes=5), HALL), (None, HALL)],
)
def test_who_said_where_they_go_is_there_unless_seen_elsewhere_since(seen_at: datetime | None, zone: UUID) -> None:
    place = choose(known(belief=belief(STORE, seen_at=seen_at), session=SAID, session_since=NOW))
    assert place is not None
    assert place.zone_id == zone


def test_of_whom_only_the_site_is_known_some_zone_of_it_stands_for_all() -> None:
    for facts, zone in (
        ({"belief": belief(None, site_id=SOUTH_SITE)}, SOUTH),
        ({"belief": belief(UUID(int=99))}, STORE),
        ({"home": SOUTH_SITE}, SOUTH),
        ({}, STORE),
    ):
        place = choose(known(**facts))
        assert place is not None
        assert (place.zone_id, place.located_by, place.share) == (zone, "site", None)


def test_the_place_says_who_and_how_sure() -> None:
    zone, site = Text("机加车间", "Machine hall"), Text("北厂", "North plant")
    at = replace(SAID, located_by="badge", share=0.6)
    assert place_name(at, zone, site, "王伟", NOW + timedelta(minutes=12)) == Text(
        "机加车间：王伟（门禁记录，可信度 60%，12 分钟前）", "Machine hall: 王伟 (by badge, 60% sure, 12 min ago)"
    )
    near = replace(at, located_by="near", share=None, at=None)
    assert place_name(near, zone, site, "w", NOW).en.startswith("Machine hall: w (by phone, outside")
    lost = replace(near, located_by="site")
    assert place_name(lost, zone, site, "w", NOW) == Text(
        "北厂内某处：w（位置不明）", "somewhere on North plant: w (place not known)"
    )


def test_the_reason_names_the_person_and_what_they_said() -> None:
    assert reason("fall", "Wang", "") == "Wang 跌倒 / has fallen"
    assert reason("fall", "Wang", "my leg").endswith(": my leg")


def test_a_finger_that_stays_on_the_button_is_one_call() -> None:
    assert not is_again(NOW, NOW + SAME_PRESS - timedelta(seconds=1))
    assert is_again(NOW, NOW + SAME_PRESS)


def test_who_calls_again_or_under_duress_is_grade_one_with_the_reason_once() -> None:
    again = graver(2, [], duress=False)
    assert again is not None
    assert (again.grade, again.reasons) == (Grade.I, (AGAIN,))
    assert graver(1, [AGAIN], duress=False) is None
    forced = graver(1, [AGAIN], duress=True)
    assert forced is not None
    assert forced.reasons == (AGAIN, DURESS)
