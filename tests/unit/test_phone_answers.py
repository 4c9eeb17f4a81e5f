"""What a person says besides yes and no: a step is done, I am safe, I need help; and what they know when they do."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import msgspec
import pytest
from msgspec.structs import replace

from mobile_contract import live
from mobile_contract.agent_cards import CardBrief
from mobile_contract.people import Locale
from mobile_contract.roll_call import NewMarks
from mobile_contract.room_events import RollCallChanged, RoomEvent, TaskStepsChanged
from mobile_contract.room_views import RollCallView, Step, StepView, VoteView
from mobile_contract.text import Text
from muster.phone import words
from muster.phone.board import proof_of, roll_call_to_answer
from muster.phone.errands import request_of
from muster.phone.model import AcknowledgeAlarm, ConfirmStep, EventApplied, FinishTask, MarkSelf, WriteSettled
from muster.phone.plain import change_line, order_line
from muster.phone.session import MARKS_KEPT, ROLL_CALLS_KEPT, Phone
from muster.phone.view import alarm_line, roll_call_line, step_state
from tests.unit.test_phone_screen import LOCALES, ME, _alarm, _drawn, _order, _phone, _room, _view
from tests.unit.test_room_fold import NOW, ROOM

TASK, CALL = UUID(int=1), UUID(int=70)
OXYGEN = Step(3, Text("测氧", "Measure oxygen"), confirm="value", unit="%", low=19.5)
TAP = Step(1, Text("关阀", "Shut the valve"), confirm="tap", required=True)


def _step(**known: object) -> StepView:
    return StepView(n=1, confirm="tap", required=True, **known)  # type: ignore[arg-type]


def _call(n: int = 70, **known: object) -> RollCallView:
    numbers = {"expected": 12, "accounted": 7, "need_help": 1, "left": 0, "missing": 4, "unsure": 0}
    rest = {"state": "open", "exercise": False}
    return RollCallView(
        id=UUID(int=n), scope="zones", zones=[], place=Text("光学楼", "Optics building"),
        started_at=NOW + timedelta(seconds=n), **{**numbers, **rest, **known},  # type: ignore[arg-type]
    )  # fmt: skip


def _event(body: object) -> EventApplied:
    return EventApplied(RoomEvent(room=ROOM, epoch=1, seq=10, at=NOW, by=ME, lane="safety", body=body))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("step", "known", "shown"),
    [
        (Step(1, Text("读", "read")), None, ""),
        (TAP, None, "○ to confirm"),
        (replace(TAP, required=False), None, "○ to confirm · may stay open"),
        (TAP, _step(confirmed_at=NOW), "✓ confirmed"),
        (replace(TAP, confirm="second_person"), _step(first_at=NOW), "one more person has to confirm"),
        (replace(TAP, confirm="photo"), None, "○ to confirm by a photo"),
        (OXYGEN, None, "○ to confirm by a value ≥ 19.5 %"),
        (replace(OXYGEN, low=None, high=2.0, unit="mg/m3"), None, "by a value ≤ 2 mg/m³"),
        (replace(OXYGEN, high=23.5), None, "19.5–23.5 %"),
        (replace(OXYGEN, low=None), None, "by a value %"),
        (OXYGEN, _step(value=18.2), "18.2 % out of range, not confirmed"),
        (OXYGEN, _step(value=20.1, confirmed_at=NOW), "20.1 %"),
        (TAP, _step(due_at=NOW), " · by "),
    ],
)
def test_how_a_step_stands(step: Step, known: StepView | None, shown: str) -> None:
    assert shown in step_state(step, known, "en")
    assert bool(step_state(step, known, "zh-CN")) == bool(shown)


@pytest.mark.parametrize(
    ("proof", "found"),
    [
        ("20.1", (20.1, None)),
        ("20.1 %", (20.1, None)),
        ("20.1%", (20.1, None)),
        ("20,1", (20.1, None)),
        ("", words.VALUE_WANTED),
        ("fine", words.VALUE_WANTED),
        ("nan", words.VALUE_WANTED),
        ("1e13", words.VALUE_WANTED),
    ],
)
def test_a_value_is_a_number_with_or_without_its_unit(proof: str, found: object) -> None:
    assert proof_of([OXYGEN], 3, proof) == found


def test_a_step_is_confirmed_as_it_asks_and_no_other_is() -> None:
    photo = Step(2, Text("拍照", "Photo"), confirm="photo")
    steps = [TAP, photo, OXYGEN, Step(4, Text("读", "read"))]
    assert proof_of(steps, 1, "") == (None, None)
    assert proof_of(steps, 2, "valve.jpg") == (None, "valve.jpg")
    assert proof_of(steps, 2, "") == words.PHOTO_WANTED
    assert proof_of(steps, 4, "") == words.NO_STEP
    assert proof_of(steps, 5, "") == words.NO_STEP


def test_a_confirmation_waits_for_the_answer_and_survives_a_restart() -> None:
    phone = _phone(_order())
    phone.answer("order-1", "acknowledge", "yes")
    phone.confirm("order-1", 3, "k", value=20.1)
    assert phone.http_writes() == []
    phone.feed(live.Answered("yes", TASK, "acknowledged"), NOW)
    confirmed = ConfirmStep("k", TASK, 3, 20.1)
    assert phone.http_writes() == [confirmed]
    again = Phone(msgspec.json.decode(msgspec.json.encode(phone.memory()), type=type(phone.memory())))
    assert again.http_writes() == [confirmed]
    assert again.settle_http("k") == [WriteSettled(confirmed)]
    assert "step 3 sent: Open the vents" in change_line(WriteSettled(confirmed), _view(phone, "en"))


def test_what_a_person_says_of_themselves_replaces_what_they_said_before_also_after_a_restart() -> None:
    phone = Phone()
    phone.mark_self(CALL, "need_help", UUID(int=1), NOW, "stairs")
    phone = Phone(msgspec.json.decode(msgspec.json.encode(phone.memory()), type=type(phone.memory())))
    phone.mark_self(CALL, "safe", UUID(int=2), NOW)
    first, second = phone.http_writes()
    assert isinstance(first, MarkSelf)
    assert isinstance(second, MarkSelf)
    assert (first.said, first.seen, first.note) == ("need_help", [], "stairs")
    assert (second.said, second.seen) == ("safe", [UUID(int=1)])


def test_marks_kept_are_bounded() -> None:
    phone = Phone()
    for n in range(MARKS_KEPT + 5):
        phone.mark_self(CALL, "safe", UUID(int=n), NOW)
    for n in range(ROLL_CALLS_KEPT):
        phone.mark_self(UUID(int=100 + n), "safe", UUID(int=1000 + n), NOW)
    kept = phone.memory().marks
    assert CALL not in kept
    assert len(kept) == ROLL_CALLS_KEPT
    assert all(len(write.seen) <= MARKS_KEPT for write in phone.http_writes() if isinstance(write, MarkSelf))


def test_where_writes_go_and_that_the_server_can_read_them() -> None:
    assert request_of(FinishTask("k", TASK, "aired"), ME) == (f"/v1/tasks/{TASK}/done", {"note": "aired"})
    assert request_of(AcknowledgeAlarm("k", TASK), ME) == (f"/v1/alarms/{TASK}/acknowledge", {})
    path, body = request_of(ConfirmStep("k", TASK, 3, 20.1), ME)
    assert (path, body["step"], body["value"]) == (f"/v1/tasks/{TASK}/steps/confirm", 3, 20.1)
    mark = MarkSelf(str(UUID(int=9)), CALL, "need_help", NOW, [UUID(int=1)], "stairs")
    path, body = request_of(mark, ME)
    (read,) = msgspec.json.decode(msgspec.json.encode(body), type=NewMarks).marks
    assert path == f"/v1/roll-calls/{CALL}/marks"
    assert (read.id, read.person, read.said, read.seen) == (UUID(int=9), ME, "need_help", [UUID(int=1)])


def test_the_roll_call_of_the_room_looked_at_is_answered_before_any_other() -> None:
    phone, other = _phone(), replace(_room(), room=UUID(int=99), roll_calls={UUID(int=90): _call(90)})
    here = replace(_room(), roll_calls={CALL: _call()})
    phone.rooms = {other.room: other, ROOM: here}
    assert roll_call_to_answer(phone, here) == _call()
    assert roll_call_to_answer(phone, None) == _call(90)
    phone.rooms[ROOM] = replace(here, roll_calls={CALL: _call(state="all_clear")})
    assert roll_call_to_answer(phone, phone.rooms[ROOM]) == _call(90)
    phone.rooms = {}
    assert roll_call_to_answer(phone, None) is None


@pytest.mark.parametrize("locale", LOCALES)
def test_a_roll_call_s_numbers_are_on_the_screen_and_told(locale: Locale) -> None:
    phone = _phone(_order())
    phone.rooms[ROOM] = replace(_room(), roll_calls={CALL: _call()})
    view = _view(phone, locale)
    line = roll_call_line(_call(), locale)
    assert line in "\n".join(_drawn(view, 180, 60))
    assert line in change_line(_event(RollCallChanged(_call())), view)
    for wanted in (Text("失踪 4", "missing 4"), Text("应到 12", "expected 12")):
        assert wanted.in_(locale) in line
    assert words.UNSURE.in_(locale) not in line
    assert words.EXERCISE.in_(locale) in roll_call_line(_call(exercise=True), locale)


@pytest.mark.parametrize("locale", LOCALES)
def test_what_to_know_of_the_agent_comes_with_the_order(locale: Locale) -> None:
    card = CardBrief(
        "hydrogen-fluoride", Text("氟化氢", "Hydrogen fluoride"), ["GHS06"],
        [Text("防酸服", "acid suit"), Text("面屏", "face shield")], [Text("先冲水", "rinse first")], 100.0,
    )  # fmt: skip
    order = replace(_order(), card=card)
    picture = "\n".join(_drawn(_view(_phone(order), locale), 120, 60))
    wanted = [Text("防护: 防酸服；面屏", "Wear: acid suit; face shield"), Text("隔离: 100 m", "Keep away: 100 m")]
    for text in (*wanted, Text("急救: 先冲水", "First aid: rinse first")):
        assert text.in_(locale) in picture
        assert text.in_(locale) in order_line(order, locale)
    bare = CardBrief("x", Text("某物", "Thing"), [], [], [], None)
    assert "Thing" not in order_line(replace(order, card=bare), "en")


def test_steps_are_told_once_somebody_said_something_of_one() -> None:
    view = _view(_phone(_order()), "en")
    open_step = _step()
    assert change_line(_event(TaskStepsChanged(TASK, [open_step])), view) == ""
    told = change_line(_event(TaskStepsChanged(TASK, [_step(confirmed_at=NOW), open_step])), view)
    assert "steps: Clear the corridor · 1/2 confirmed" in told
    assert "0/1" in change_line(_event(TaskStepsChanged(UUID(int=77), [_step(value=18.0)])), view)


def test_a_confirmed_step_is_ticked_on_the_screen() -> None:
    phone = _phone(replace(_order(), steps=[TAP]))
    phone.rooms[ROOM] = replace(_room(), steps={TASK: [_step(confirmed_at=NOW)]})
    assert "✓ confirmed" in "\n".join(_drawn(_view(phone, "en"), 100))
    assert "○ to confirm" in order_line(replace(_order(), steps=[TAP]), "en")


def test_a_vote_is_counted_while_it_stands() -> None:
    votes = [VoteView(UUID(int=n), vote, 1.0) for n, vote in enumerate(("beyond", "fault", "within"))]  # type: ignore[arg-type]
    assert "2/3 beyond the limit" in alarm_line(replace(_alarm(2, "B", first_out=True), votes=votes), "en")
    assert "2/3" not in alarm_line(replace(_alarm(2, "D", first_out=True), votes=votes), "en")
