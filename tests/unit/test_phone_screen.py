"""The phone's picture: what a person must read is there, in both languages, on a narrow and a wide terminal."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO
from uuid import UUID

import pytest
from msgspec.structs import replace
from rich.cells import cell_len
from rich.console import Console

from mobile_contract import live
from mobile_contract.people import Locale
from mobile_contract.room import RoomState
from mobile_contract.room_events import MessagePosted, RoomEvent
from mobile_contract.room_views import (
    AlarmView,
    CommandView,
    DeliveryView,
    IncidentView,
    MemberView,
    MessageView,
    PlanRef,
    Step,
    TaskView,
)
from mobile_contract.text import Text
from muster.phone import words
from muster.phone.board import alarm_to_acknowledge, next_key
from muster.phone.model import EventApplied, Rung
from muster.phone.plain import change_json, change_line, order_line, room_line
from muster.phone.screen import render
from muster.phone.session import Phone
from muster.phone.view import LineState, View, remaining, step_line
from tests.unit.test_room_fold import NOW, ROOM

ME, LI, FAN, SIREN = UUID(int=42), UUID(int=43), UUID(int=50), UUID(int=51)
LOCALES: list[Locale] = ["zh-CN", "en"]
HEIGHT = 40


def _incident(number: int = 7, grade: int = 2) -> IncidentView:
    return IncidentView(
        id=UUID(int=1), number=number, grade=grade, state="open", title=Text("丙酮泄漏", "Acetone leak"),
        place=Text("溶剂库", "Solvent store"), agent="acetone", reasons=[Text("二级报警", "Second-level alarm")],
        plan=PlanRef("solvent", 1), exercise=False, opened_at=NOW,
    )  # fmt: skip


def _task(n: int, owner: UUID | None, state: str = "open") -> TaskView:
    return TaskView(
        id=UUID(int=n), position=n, role="responder", title=Text("疏散走廊", "Clear the corridor"), steps=[],
        owner=owner, state=state, fencing=1, deadline_at=NOW,  # type: ignore[arg-type]
    )  # fmt: skip


def _command(actuator: UUID, action: str, state: str) -> CommandView:
    return CommandView(
        id=actuator, actuator=actuator, action=action, state=state, inhibited=False, requested_at=NOW
    )  # fmt: skip


def _alarm(n: int, letter: str, *, first_out: bool) -> AlarmView:
    return AlarmView(
        id=UUID(int=n), kind="high", level=2, letter=letter, first_out=first_out,
        title=Text("丙酮高于 12,500 ppm", "acetone above 12,500 ppm"), zone=UUID(int=9), value=13200.0, unit="[ppm]",
        set_point=12500.0, raised_at=NOW,
    )  # fmt: skip


def _room() -> RoomState:
    return RoomState(
        room=ROOM, epoch=1, seq=9, incident=_incident(), alarms={UUID(int=2): _alarm(2, "B", first_out=True)},
        tasks={UUID(int=1): _task(1, ME), UUID(int=2): _task(2, LI, "acknowledged")},
        commands={FAN: _command(FAN, "start", "confirmed"), SIREN: _command(SIREN, "sound", "sent")},
        messages=[
            MessageView(seq=8, at=NOW, by=LI, text="门口有人 someone at the door"),
            MessageView(seq=9, at=NOW, by=ME, text="evil \x1b[2J text"),
        ],
        members={ME: MemberView(account=ME, name="王伟", joined_at=NOW)},
    )  # fmt: skip


def _order(n: int = 1, grade: int = 2) -> live.Order:
    return live.Order(
        delivery=UUID(int=100 + n), key=f"order-{n}", task=UUID(int=n), incident=UUID(int=1), room=ROOM, grade=grade,
        title=Text("打开排风", "Open the vents"), place=Text("溶剂库", "Solvent store"), agent="acetone",
        steps=[Step(1, Text("戴上呼吸器", "Put on the respirator")), Step(2, Text("打开排风", "Open the vents"))],
        deadline_at=NOW + timedelta(seconds=95), sent_at=NOW,
    )  # fmt: skip


def _phone(*orders: live.Order) -> Phone:
    phone = Phone()
    phone.hello("token", "test")
    phone.feed(live.Welcome(ME, None, NOW, 15.0, NOW, []), NOW)
    for order in orders:
        phone.feed(order, NOW)
    phone.feed(live.Snapshot(ROOM, 1, 9, _room()), NOW)
    return phone


def _view(phone: Phone, locale: Locale) -> View:
    names = {FAN: Text("排风机", "Exhaust fan"), SIREN: Text("警笛", "Siren"), LI: Text("李娜", "Li Na")}
    return View(phone, "wang", locale, line=LineState(True, since=NOW), names=names)


def _drawn(view: View, width: int, height: int = HEIGHT) -> list[str]:
    out = StringIO()
    console = Console(file=out, width=width, height=height, force_terminal=False, color_system=None)
    console.print(render(view, NOW, width, height), height=height)
    return out.getvalue().splitlines()


@pytest.mark.parametrize("width", [60, 100])
@pytest.mark.parametrize("locale", LOCALES)
def test_the_order_the_incident_and_the_talk_are_all_on_the_screen(locale: Locale, width: int) -> None:
    lines = _drawn(_view(_phone(_order()), locale), width)
    picture = "\n".join(lines)
    assert all(cell_len(line) <= width for line in lines)
    order = _order()
    wanted = [
        words.GRADES[2].in_(locale),
        order.title.in_(locale),
        order.place.in_(locale),
        *(step_line(step, locale) for step in order.steps),
        "1:35",
        words.STANDINGS["new"].in_(locale),
        words.ONLINE.in_(locale),
        words.ALARM_LETTERS["B"].in_(locale)[:4],
        Text("丙酮泄漏", "Acetone leak").in_(locale),
        Text("排风机 · 启动 · 已证实", "Exhaust fan · start · proved").in_(locale),
        Text("警笛 · 鸣响 · 已下发,未证实", "Siren · sound · sent, no proof yet").in_(locale),
        "门口有人",
    ]
    assert [text for text in wanted if text not in picture] == []


@pytest.mark.parametrize("locale", LOCALES)
def test_offline_says_so_and_counts_what_has_not_left(locale: Locale) -> None:
    phone = _phone(_order())
    phone.lost()
    phone.answer("order-1", "acknowledge", "k")
    view = _view(phone, locale)
    view.line = LineState(False, Text("服务器无应答", "no answer from the server"), NOW)
    picture = "\n".join(_drawn(view, 100))
    unsent = phone.unsent
    for text in (words.OFFLINE, Text("服务器无应答", "no answer from the server"), words.ANSWER_UNSENT):
        assert text.in_(locale) in picture
    assert f"{unsent} {words.UNSENT.in_(locale)}" in picture


@pytest.mark.parametrize("locale", LOCALES)
def test_an_order_with_many_steps_is_never_cut(locale: Locale) -> None:
    # Words of half a line: wrapping leaves holes, and an order needs more rows than its characters do.
    long = Text("关闭" * 20 + " " + "阀门" * 12, "extraordinarily-long-hyphen " * 3)
    steps = [Step(n, long) for n in range(1, 7)]
    picture = "\n".join(_drawn(_view(_phone(replace(_order(), steps=steps)), locale), 60))
    assert [step.n for step in steps if step_line(step, locale)[:8] not in picture] == []
    assert words.STANDINGS["new"].in_(locale) in picture


@pytest.mark.parametrize("locale", LOCALES)
def test_what_nobody_may_do_stands_before_the_steps(locale: Locale) -> None:
    order = replace(_order(), do_nots=[Text("不要独自进入", "Do not go in alone")])
    picture = "\n".join(_drawn(_view(_phone(order), locale), 80))
    warning, step = order.do_nots[0].in_(locale), order.steps[0].text.in_(locale)
    assert picture.index(warning) < picture.index(step)
    assert order_line(order, locale).index(warning) < order_line(order, locale).index(step)


def test_what_people_write_does_not_steer_the_terminal() -> None:
    view = _view(_phone(), "en")
    assert "\x1b" not in "\n".join(_drawn(view, 100))
    body = MessagePosted("a\x1b]0;title\x07\nb")
    event = RoomEvent(room=ROOM, epoch=1, seq=1, at=NOW, by=LI, lane="normal", body=body)
    assert "\n" not in change_line(EventApplied(event), view)
    assert "\n" not in change_json(EventApplied(event))


def test_the_newest_message_stays_in_sight() -> None:
    phone = _phone()
    for n in range(10, 90):
        body = MessagePosted(f"message {n}")
        phone.feed(RoomEvent(room=ROOM, epoch=1, seq=n, at=NOW, by=LI, lane="normal", body=body), NOW)
    picture = "\n".join(_drawn(_view(phone, "en"), 60, 30))
    assert "message 89" in picture
    assert "message 12" not in picture


def test_the_most_urgent_order_is_shown_and_the_person_may_look_at_the_others() -> None:
    phone = _phone(_order(2, grade=3), _order(1, grade=1))
    view = _view(phone, "en")
    assert [card.key for card in view.cards()] == ["order-1"]  # the task of the other is Li's now
    phone.rooms[ROOM] = replace(phone.rooms[ROOM], tasks={UUID(int=1): _task(1, ME), UUID(int=2): _task(2, ME)})
    cards = view.cards()
    assert [card.key for card in cards] == ["order-1", "order-2"]
    view.focus = next_key(cards, "order-1")
    assert "ORDER 2/2" in "\n".join(_drawn(view, 60))
    assert next_key(cards, "order-2") == "order-1"
    assert next_key([], "order-2") == ""


@pytest.mark.parametrize(
    ("task", "delivery", "shown"),
    [
        (_task(1, ME), {}, "new"),
        (_task(1, None, "unanswered"), {}, "late"),
        (_task(1, ME, "acknowledged"), {}, "taken"),
        (_task(1, ME, "acknowledged"), {"moving_at": NOW}, "moving"),
        (_task(1, ME, "done"), {}, "done"),
        (_task(1, ME, "cancelled"), {}, "over"),
        (_task(1, LI), {}, "elsewhere"),
        (_task(1, LI), {"declined_at": NOW}, "declined"),
        (_task(1, ME, "acknowledged"), {"declined_at": NOW}, "taken"),
    ],
)
def test_where_an_order_stands(task: TaskView, delivery: dict[str, object], shown: str) -> None:
    from muster.phone.board import standing

    phone = _phone(_order())
    way = DeliveryView(
        id=UUID(int=101), task=task.id, account=ME, channel=None, state="sent", queued_at=NOW, **delivery  # type: ignore[arg-type]
    )  # fmt: skip
    phone.rooms[ROOM] = replace(_room(), tasks={task.id: task}, deliveries={way.id: way})
    assert standing(phone, phone.orders["order-1"]) == shown


def test_a_closed_incident_leaves_the_screen() -> None:
    phone = _phone(_order())
    phone.rooms[ROOM] = replace(_room(), incident=replace(_incident(), state="closed"))
    view = _view(phone, "en")
    assert view.cards() == []
    assert words.NOTHING.en in "\n".join(_drawn(view, 60))


def test_a_push_without_its_order_is_on_the_screen() -> None:
    phone = _phone()
    phone.lost()
    phone.ring(Rung(UUID(int=7), "order-9", ROOM, 1, NOW), NOW)
    picture = "\n".join(_drawn(_view(phone, "zh-CN"), 60))
    assert words.BY_PUSH.zh in picture
    assert words.GRADES[1].zh in picture


def test_the_first_out_alarm_is_acknowledged_first() -> None:
    later, first = _alarm(3, "B", first_out=False), _alarm(4, "D", first_out=True)
    state = replace(_room(), alarms={later.id: later, first.id: first})
    assert alarm_to_acknowledge(state) == first
    assert alarm_to_acknowledge(replace(state, alarms={first.id: replace(first, letter="C")})) is None
    assert alarm_to_acknowledge(None) is None


def test_an_order_as_one_line_says_everything() -> None:
    line = order_line(_order(), "en")
    for part in ("Grade II (orange)", "Open the vents", "Solvent store", "acetone", "1. Put on the respirator"):
        assert part in line
    assert "\n" not in line
    assert "#7 · 二级（橙色） · 进行中" in room_line(_room(), "zh-CN")


@pytest.mark.parametrize(
    ("seconds", "zh", "en"),
    [(95, "剩余 1:35", "1:35 left"), (-5, "已超期 0:05", "overdue 0:05"), (3700, "剩余 1:01:40", "1:01:40 left")],
)
def test_time_left(seconds: int, zh: str, en: str) -> None:
    at = NOW + timedelta(seconds=seconds)
    assert (remaining(at, NOW, "zh-CN"), remaining(at, NOW, "en")) == (zh, en)
