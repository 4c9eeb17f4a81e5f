"""A person's way on their phone: where to, what to heed, the step they are on; another way is loud; and walking it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from mobile_contract import live
from mobile_contract.people import Locale
from mobile_contract.room import RoomState
from mobile_contract.room_events import RoomEvent, RouteChanged, RouteProgressed
from mobile_contract.text import Text
from mobile_contract.wayfinding import NearView, RouteStep, RouteView
from muster.phone import words
from muster.phone.model import EventApplied
from muster.phone.pace import Pace
from muster.phone.plain import change_line
from muster.phone.routes import duration, own_route, route_lines, target_line
from muster.phone.session import Phone
from muster.phone.view import View
from tests.unit.test_phone_screen import LI, LOCALES, ME, _drawn, _order, _phone, _view
from tests.unit.test_room_fold import NOW, ROOM

EAST = 1e-4


def step(n: int, *, seconds: float = 10.0, level: int = 0, check: Text | None = None) -> RouteStep:
    """A walk of 1e-4 degrees to the east."""
    line = {"type": "LineString", "coordinates": [[120 + (n - 1) * EAST, 31.0], [120 + n * EAST, 31.0]]}
    return RouteStep(
        n=n, kind="turn", level=level, text=Text(f"第{n}步走", f"Go {n}"), short=Text("走", "Go"),
        spoken=Text("走", "Go"), code="S", vibration_ms=[100], distance_m=9.5, millis=round(seconds * 1000), line=line,
        check=check,
    )  # fmt: skip


def route(**changes: Any) -> RouteView:
    """Three steps to the waiting point."""
    made = RouteView(
        id=UUID(int=70), incident=UUID(int=1), account=ME, purpose="task", state="safe", revision=1, cause="given",
        target=Text("待命点", "the waiting point"), computed_at=NOW, task=UUID(int=1),
        warnings=[Text("不要乘电梯", "Do not take the lift")], steps=[step(n) for n in (1, 2, 3)], step=1,
        distance_m=28.5, walk_s=30.0, left_m=28.5, left_s=30.0, arrives_at=NOW + timedelta(seconds=30),
    )  # fmt: skip
    return replace(made, **changes)


def phone_with(*routes: RouteView) -> Phone:
    """A phone with its order, in a room with these ways."""
    phone = _phone(_order())
    phone.rooms[ROOM] = replace(phone.rooms[ROOM], routes={it.id: it for it in routes})
    return phone


def told(phone: Phone, body: RouteChanged | RouteProgressed, locale: Locale) -> str:
    """The line of an event."""
    event = RoomEvent(room=ROOM, epoch=1, seq=10, at=NOW, by=None, lane="safety", body=body)
    return change_line(EventApplied(event), _view(phone, locale))


def progressed(step: int, **changes: Any) -> RouteProgressed:
    """At a step."""
    facts = {"left_m": 9.0, "left_s": 9.0, "arrives_at": None, "off_route": False, "arrived_at": None, **changes}
    return RouteProgressed(route=UUID(int=70), step=step, **facts)


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("width", [60, 100])
def test_the_way_stands_under_the_order_with_the_step_one_is_on_marked(locale: Locale, width: int) -> None:
    picture = _drawn(_view(phone_with(route(step=2)), locale), width)
    (now,) = [line for line in picture if "▶" in line]
    assert Text("第2步走", "Go 2").in_(locale) in now
    order = [row for row, line in enumerate(picture) if words.STANDINGS["new"].in_(locale) in line]
    target, warned = (
        next(row for row, line in enumerate(picture) if text.in_(locale) in line)
        for text in (Text("→ 待命点", "→ the waiting point"), Text("不要乘电梯", "Do not take the lift"))
    )
    assert order[0] < target < warned < picture.index(now)
    assert Text("还有 28 m · 30 秒", "still 28 m · 30 s").in_(locale) in picture[target]


def test_where_no_way_is_safe_that_comes_before_everything() -> None:
    reason = Text("没有安全路线", "No way is safe")
    lines = route_lines(route(state="no_safe_route", reason=reason, warnings=[reason], off_route=True), "en")
    assert [kind for kind, _ in lines][:3] == ["target", "unsafe", "unsafe"]
    assert [text for _, text in lines].count("No way is safe") == 1, "said once"


def test_who_is_there_is_told_so_and_no_steps() -> None:
    lines = route_lines(route(arrived_at=NOW, warnings=[]), "en")
    assert lines == [("target", "→ the waiting point"), ("there", "arrived")]


def test_when_one_is_there_is_said_where_it_is_known() -> None:
    assert target_line(route(arrives_at=None), "en") == "→ the waiting point · still 28 m · 30 s"


def test_a_long_way_is_cut_to_what_comes_next() -> None:
    long = route(steps=[step(n, check=Text("有门", "a door")) for n in range(1, 20)], step=9)
    shown = [text for kind, text in route_lines(long, "en") if kind in ("before", "now", "after")]
    assert [text.split(". ")[0].strip(" ▶") for text in shown] == [str(n) for n in range(8, 14)]
    assert shown[1] == "▶ 9. Go 9 (a door)"


def test_what_one_may_need_on_the_way_is_named_with_its_walk() -> None:
    near = NearView(
        id=UUID(int=1), kind="extinguisher", name=Text("灭火器", "extinguisher C1"), lon=0, lat=0, level=0, walk_s=100
    )
    assert route_lines(route(near=[near]), "en")[-1] == ("near", "extinguisher C1 · 2 min")


def test_the_way_of_the_order_looked_at_is_shown_and_nobody_else_s() -> None:
    other = route(id=UUID(int=71), task=UUID(int=9), computed_at=NOW + timedelta(seconds=9))
    li, over = route(id=UUID(int=72), account=LI), route(id=UUID(int=73), ended_at=NOW)
    phone = phone_with(route(), other, li, over)
    view = _view(phone, "en")
    assert own_route(phone, view.card()) == route()
    assert own_route(phone, None) == other
    assert own_route(phone_with(li, over), view.card()) is None
    assert own_route(Phone(), None) is None


@pytest.mark.parametrize("locale", LOCALES)
def test_one_s_way_comes_whole_and_another_one_is_loud_with_its_reason(locale: Locale) -> None:
    phone = phone_with()
    first = told(phone, RouteChanged(route()), locale)
    assert first.startswith("!!")
    texts = (Text("第1步走", "1. Go 1"), Text("第3步走", "3. Go 3"), Text("⚠ 不要乘", "⚠ Do not take"))
    assert [text for text in texts if text.in_(locale) not in first] == []
    assert words.ROUTE_CHANGED.in_(locale) not in first
    moved = told(phone, RouteChanged(route(revision=2, cause="hazard", reason=Text("绕行", "Go round"))), locale)
    said = (words.ROUTE_CHANGED, words.ROUTE_CAUSES["hazard"], Text("绕行", "Go round"))
    assert [text for text in said if text.in_(locale) not in moved] == []


def test_others_ways_are_one_short_line_and_no_alarm() -> None:
    line = told(phone_with(), RouteChanged(route(account=LI, revision=2, cause="passage")), "en")
    assert "Li Na · ROUTE CHANGED: a door or stairs changed · → the waiting point" in line
    assert "Go 1" not in line
    assert not line.startswith("!!")
    assert told(phone_with(), RouteChanged(route(account=LI, ended_at=NOW)), "en").endswith("the way is over")


def test_each_step_is_told_as_it_comes_and_of_others_only_that_they_are_there_or_lost() -> None:
    mine, li = phone_with(route()), phone_with(route(account=LI))
    assert told(mine, progressed(2), "en").endswith("on the way: 2. Go 2")
    assert told(mine, progressed(9), "en") == "", "of an older way"
    assert told(phone_with(), progressed(2), "en") == ""
    assert told(li, progressed(2), "en") == ""
    assert told(li, progressed(2, off_route=True), "en").endswith("Li Na · off the way")
    assert told(mine, progressed(3, arrived_at=NOW), "en").endswith("arrived: the waiting point")


def test_seconds_become_minutes() -> None:
    assert duration(89.4, "en") == "89 s"
    assert duration(170, "zh-CN") == "3 分钟"


# --- walking


def test_a_person_at_walking_pace_is_on_the_line_of_the_step_that_is_due() -> None:
    pace = Pace().onward(route(), 1e9)
    assert pace == Pace(1, 0.0), "a way begins at its start"
    fix = pace.onward(route(), 15_000.0).fix(route(), NOW)
    assert fix is not None
    assert (round(fix.lon, 6), fix.lat, fix.level) == (120.00015, 31.0, 0)
    assert Pace(1, 29_000.0).onward(route(), 1000.0).is_through(route())


def test_another_way_is_walked_from_its_start() -> None:
    other = route(revision=2)
    assert Pace(1, 20_000.0).onward(other, 500.0) == Pace(2, 0.0)
    assert not Pace(1, 99_000.0).is_through(other)


def test_without_steps_there_is_nowhere_to_be() -> None:
    assert Pace(1).fix(route(steps=[]), NOW) is None


@given(st.floats(0, 1e6), st.floats(0, 1e5))
def test_nobody_is_off_the_line_and_nobody_walks_back(walked_ms: float, more_ms: float) -> None:
    steps = [step(1), step(2, seconds=0), step(3, seconds=7)]
    at, then = (Pace(1, ms).fix(route(steps=steps), NOW) for ms in (walked_ms, walked_ms + more_ms))
    assert at is not None
    assert then is not None
    assert 120.0 <= at.lon <= then.lon + 1e-12 <= 120 + 3 * EAST + 2e-12


def test_a_line_around_a_corner_is_walked_along_it() -> None:
    bent = replace(step(1), line={"type": "LineString", "coordinates": [[120, 0], [120, 3], [124, 3]]}, millis=7000)
    fix = Pace(1, 5000.0).fix(route(steps=[bent]), NOW)
    assert fix is not None
    assert (round(fix.lon, 1), round(fix.lat, 1)) == (122.0, 3.0)
    still = replace(step(1), line={"type": "LineString", "coordinates": [[120, 0], [120, 0]]})
    assert Pace(1, 5.0).fix(route(steps=[still]), NOW) is not None


def test_an_order_without_a_room_yet_has_no_way() -> None:
    phone = Phone()
    phone.feed(live.Welcome(ME, None, NOW, 15.0, NOW, []), NOW)
    phone.feed(_order(), NOW)
    assert own_route(phone, View(phone, "wang", "en").card()) is None
    phone.rooms[UUID(int=9)] = RoomState(room=UUID(int=9), epoch=1, seq=0, routes={UUID(int=70): route()})
    assert own_route(phone, View(phone, "wang", "en").card()) == route()
