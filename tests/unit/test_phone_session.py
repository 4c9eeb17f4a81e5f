"""The phone as a machine, against a server that loses, repeats and reorders as a bad line and a restart can."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import msgspec
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from msgspec.structs import replace

from mobile_contract import live
from mobile_contract.room import RoomState, fold
from mobile_contract.room_events import Body, IncidentOpened, IncidentReturned, MessagePosted, RoomEvent, lane_of
from mobile_contract.room_views import IncidentView, PlanRef, Step
from mobile_contract.text import Text
from mobile_contract.wayfinding import RouteView
from muster.phone.model import (
    AcknowledgeAlarm,
    Change,
    EventApplied,
    Memory,
    NoticeArrived,
    OrderArrived,
    OrderRang,
    Refused,
    RoomReplaced,
    RouteArrived,
    Rung,
    WriteSettled,
)
from muster.phone.plain import change_json, change_line
from muster.phone.session import AHEAD_MAX, CLOSED_ROOMS_KEPT, ORDERS_KEPT, RESEND_AFTER_S, Phone
from muster.phone.view import View
from tests.unit.test_room_fold import NOW, ROOM, bodies, incidents

ME = UUID(int=42)
EMPTY = RoomState(room=ROOM, epoch=1, seq=0)
TEXT = Text("甲", "A")


def _order(n: int, delivery: int = 0) -> live.Order:
    return live.Order(
        delivery=UUID(int=1000 * n + delivery), key=f"order-{n}", task=UUID(int=n), incident=UUID(int=9), room=ROOM,
        grade=2, title=TEXT, place=TEXT, agent="acetone", steps=[Step(1, TEXT)],
        deadline_at=NOW + timedelta(minutes=5), sent_at=NOW,
    )  # fmt: skip


def _rung(n: int, delivery: int = 0) -> Rung:
    return Rung(UUID(int=1000 * n + delivery), f"order-{n}", ROOM, 2, NOW)


def _welcome() -> live.Welcome:
    return live.Welcome(ME, None, NOW, 15.0, NOW + timedelta(minutes=15), [])


class Room:
    """The server's side: one room, its orders, and the frames on their way to the phone."""

    def __init__(self, incident: IncidentView) -> None:
        self.events: list[RoomEvent] = []
        self.orders: dict[int, int] = {}
        self.posted: dict[str, int] = {}
        self.received: set[UUID] = set()
        self.wire: list[live.ServerFrame] = []
        self.append(IncidentOpened(incident))

    def append(self, body: Body) -> RoomEvent:
        seq = len(self.events) + 1
        self.events.append(RoomEvent(room=ROOM, epoch=1, seq=seq, at=NOW, by=ME, lane=lane_of(body), body=body))
        return self.events[-1]

    def state(self, seq: int | None = None) -> RoomState:
        return fold(EMPTY, self.events[:seq])

    def missing(self, position: live.RoomPosition | live.Join, *, whole: bool) -> live.ServerFrame:
        newest = len(self.events)
        if whole or position.epoch != 1 or position.seq == 0:
            return live.Snapshot(ROOM, 1, newest, self.state())
        return live.Recovered(ROOM, 1, newest, self.events[position.seq :])

    def connect(self, hello: live.Hello, *, whole: bool) -> None:
        position = hello.rooms[0] if hello.rooms else live.RoomPosition(ROOM)
        orders = [_order(n, delivery) for n, delivery in self.orders.items()]
        self.wire = [_welcome(), *orders, self.missing(position, whole=whole)]

    def take(self, frame: live.ClientFrame) -> None:
        """A client frame that arrived."""
        match frame:
            case live.Join():
                self.wire.append(self.missing(frame, whole=False))
            case live.Receipt(delivery, fact):
                self.received.add(delivery)
                self.wire.append(live.ReceiptOk(delivery, fact))
            case live.Post(key, room, text):
                if key not in self.posted:
                    self.posted[key] = self.append(MessagePosted(text)).seq
                    self.wire.append(self.events[-1])
                self.wire.append(live.Posted(key, room, self.posted[key]))


@settings(max_examples=100, stateful_step_count=50, suppress_health_check=[HealthCheck.too_slow], deadline=None)
class PhoneOnABadLine(RuleBasedStateMachine):
    """Whatever happens between them, the phone tells each event once and in order, and each order once."""

    @initialize(incident=incidents)
    def begin(self, incident: IncidentView) -> None:
        self.server = Room(incident)
        self.phone = Phone()
        self.is_connected = False
        self.told_seq = 0
        self.told_orders: list[str] = []
        self.now = NOW
        self.said = 0

    def _tell(self, changes: list[Change]) -> None:
        for change in changes:
            match change:
                case EventApplied(event):
                    assert event.seq == self.told_seq + 1
                    self.told_seq = event.seq
                case RoomReplaced(state):
                    assert state.seq > self.told_seq
                    self.told_seq = state.seq
                case OrderArrived(order):
                    assert order.key not in self.told_orders
                    self.told_orders.append(order.key)
                    self.phone.drawn(order.key, self.now)

    def _send(self) -> None:
        for frame in self.phone.outgoing(self.now):
            self.server.take(frame)

    @rule(body=bodies, place=st.integers(0, 3), is_withheld=st.booleans())
    def happen(self, body: Body, place: int, is_withheld: bool) -> None:
        event = self.server.append(body)
        if self.is_connected and not (is_withheld and event.lane == "normal"):
            wire = self.server.wire
            # A safety event may overtake what waits; the answers to hello come first.
            at = max(len(wire) - place, 0) if self.phone.online and event.lane == "safety" else len(wire)
            wire.insert(at, event)

    @rule(n=st.integers(1, 4))
    def give_order(self, n: int) -> None:
        self.server.orders.setdefault(n, 0)
        if self.is_connected:
            self.server.wire.append(_order(n, self.server.orders[n]))

    @precondition(lambda self: self.server.orders)
    @rule(n=st.integers(1, 4))
    def give_it_again_by_another_delivery(self, n: int) -> None:
        if n in self.server.orders:
            self.server.orders[n] += 1
            if self.is_connected:
                self.server.wire.append(_order(n, self.server.orders[n]))

    @rule(n=st.integers(1, 4))
    def push(self, n: int) -> None:
        if n in self.server.orders:
            self._tell(self.phone.ring(_rung(n, self.server.orders[n]), self.now))

    @rule(back=st.integers(1, 10))
    def repeat(self, back: int) -> None:
        if self.is_connected and self.phone.online:
            self.server.wire.append(self.server.events[-min(back, len(self.server.events))])

    @rule(count=st.integers(1, 8))
    def deliver(self, count: int) -> None:
        for frame in self.server.wire[:count]:
            # As it comes over the wire.
            arrived: live.ServerFrame = live.SERVER_DECODER.decode(live.encode(frame))
            self._tell(self.phone.feed(arrived, self.now))
        del self.server.wire[:count]
        if self.is_connected:
            self._send()

    @rule()
    def say(self) -> None:
        self.said += 1
        self.phone.post(ROOM, f"{self.said}", f"key-{self.said}")

    @rule()
    def wait(self) -> None:
        self.now += timedelta(seconds=RESEND_AFTER_S)
        if self.is_connected:
            self._send()

    @rule(whole=st.booleans(), is_killed=st.booleans())
    def reconnect(self, whole: bool, is_killed: bool) -> None:
        self.phone.lost()
        if is_killed:
            kept = msgspec.json.encode(self.phone.memory())
            self.phone = Phone(msgspec.json.decode(kept, type=Memory))
        self.server.connect(self.phone.hello("token", "test"), whole=whole)
        self.is_connected = True

    @rule(incident=incidents)
    def the_whole_room_is_overtaken(self, incident: IncidentView) -> None:
        self.reconnect(whole=True, is_killed=False)
        self.deliver(1 + len(self.server.orders))
        event = self.server.append(IncidentOpened(incident))
        self.server.wire.insert(0, event)

    @rule()
    def cut(self) -> None:
        self.phone.lost()
        self.server.wire.clear()
        self.is_connected = False

    @invariant()
    def what_the_phone_has_is_what_the_server_had(self) -> None:
        state = self.phone.rooms.get(ROOM)
        if state is not None:
            assert state == self.server.state(state.seq)

    def _deliver_all(self) -> None:
        while self.server.wire:
            self.deliver(len(self.server.wire))
        self.wait()
        while self.server.wire:
            self.deliver(len(self.server.wire))

    def teardown(self) -> None:
        if not hasattr(self, "server"):
            return
        if not self.is_connected:
            self.reconnect(whole=False, is_killed=False)
        self._deliver_all()
        # Whatever was withheld, the next event shows the gap and the phone asks for it on the same connection.
        self.server.wire.append(self.server.append(MessagePosted("last")))
        self._deliver_all()
        assert self.phone.rooms[ROOM] == self.server.state()
        assert self.told_seq == len(self.server.events)
        assert sorted(self.told_orders) == [f"order-{n}" for n in sorted(self.server.orders)]
        assert self.server.received >= {_order(n, delivery).delivery for n, delivery in self.server.orders.items()}
        assert self.phone.memory().outbox == []
        assert self.phone.rung == {}
        texts = [e.body.text for e in self.server.events if isinstance(e.body, MessagePosted) and e.body.text.isdigit()]
        assert {f"{n}" for n in range(1, self.said + 1)} <= set(texts)
        assert len(self.server.posted) == self.said


TestPhoneOnABadLine = PhoneOnABadLine.TestCase


@pytest.fixture
def phone() -> Phone:
    made = Phone()
    made.hello("token", "test")
    made.feed(_welcome(), NOW)
    return made


def _later(phone: Phone, seconds: float) -> list[live.ClientFrame]:
    return phone.outgoing(NOW + timedelta(seconds=seconds))


def test_an_order_is_received_at_once_and_seen_when_it_is_drawn(phone: Phone) -> None:
    assert phone.feed(_order(1), NOW) == [OrderArrived(_order(1))]
    assert phone.outgoing(NOW) == [live.Receipt(_order(1).delivery, "received", NOW)]
    phone.drawn("order-1", NOW)
    phone.drawn("order-1", NOW)
    assert phone.outgoing(NOW) == [live.Receipt(_order(1).delivery, "seen", NOW)]


def test_a_push_rings_once_and_the_order_after_it_is_told(phone: Phone) -> None:
    assert phone.ring(_rung(1), NOW) == [OrderRang(_rung(1))]
    assert phone.ring(_rung(1), NOW) == []
    assert phone.feed(_order(1), NOW) == [OrderArrived(_order(1))]
    assert phone.ring(_rung(1), NOW) == []
    assert phone.rung == {}


def test_a_push_older_than_its_life_is_about_nothing(phone: Phone) -> None:
    assert phone.ring(_rung(1), NOW + timedelta(hours=1)) == []
    assert phone.memory().outbox == []


def test_a_write_is_sent_again_only_after_a_while_and_until_it_is_answered(phone: Phone) -> None:
    phone.post(ROOM, "hello", "k")
    assert phone.outgoing(NOW) == [live.Post("k", ROOM, "hello")]
    assert _later(phone, RESEND_AFTER_S - 1) == []
    assert _later(phone, RESEND_AFTER_S) == [live.Post("k", ROOM, "hello")]
    assert phone.feed(live.Posted("k", ROOM, 3), NOW) == [WriteSettled(live.Post("k", ROOM, "hello"))]
    assert _later(phone, 100) == []


def test_an_answer_goes_before_chat_and_an_unsent_one_can_be_changed(phone: Phone) -> None:
    phone.feed(_order(1), NOW)
    phone.post(ROOM, "hello", "k")
    phone.answer("order-1", "acknowledge", "first")
    phone.answer("order-1", "decline", "second", "no respirator")
    frames = phone.outgoing(NOW)
    assert [type(frame) for frame in frames] == [live.Receipt, live.Answer, live.Post]
    assert frames[1] == live.Answer("second", UUID(int=1), "decline", "no respirator")


def test_a_task_is_finished_only_after_its_answer_is_in(phone: Phone) -> None:
    phone.feed(_order(1), NOW)
    phone.answer("order-1", "acknowledge", "a")
    phone.finish("order-1", "d", "aired out")
    assert phone.http_writes() == []
    phone.feed(live.Answered("a", UUID(int=1), "acknowledged"), NOW)
    [finish] = phone.http_writes()
    assert phone.settle_http("d") == [WriteSettled(finish)]
    assert phone.unsent == 0


def test_an_alarm_is_acknowledged_once(phone: Phone) -> None:
    phone.acknowledge_alarm(UUID(int=5), "one")
    phone.acknowledge_alarm(UUID(int=5), "two")
    assert [write.key for write in phone.http_writes()] == ["one"]
    problem = live.ProblemFrame("one", "alarm.not_found", None, TEXT)
    assert phone.refuse_http(problem) == [Refused(problem, AcknowledgeAlarm("one", UUID(int=5)))]
    assert phone.unsent == 0


def test_what_the_server_calls_a_fault_is_not_sent_again(phone: Phone) -> None:
    phone.post(ROOM, "x", "sent")
    phone.outgoing(NOW)
    phone.post(ROOM, "y", "waiting")
    assert phone.set_aside_sent() == [live.Post("sent", ROOM, "x")]
    assert _later(phone, 60) == [live.Post("waiting", ROOM, "y")]


def test_a_passing_problem_leaves_the_write_and_another_one_ends_it(phone: Phone) -> None:
    phone.post(ROOM, "x", "k")
    phone.outgoing(NOW)
    assert phone.feed(live.ProblemFrame("k", "database.unreachable", None, TEXT), NOW) == []
    assert phone.unsent == 1
    refused = live.ProblemFrame("k", "room.closed", None, TEXT)
    assert phone.feed(refused, NOW) == [Refused(refused, live.Post("k", ROOM, "x"))]
    assert phone.unsent == 0


def test_only_the_newest_closed_rooms_are_kept() -> None:
    phone = Phone()
    for n in range(CLOSED_ROOMS_KEPT + 3):
        phone.feed(live.Snapshot(UUID(int=n), 1, 1, _closed(n)), NOW)
    kept = [state.room for state in phone.memory().rooms]
    assert kept == [UUID(int=n) for n in range(3, CLOSED_ROOMS_KEPT + 3)]
    assert phone.hello("token", "test").rooms == []


def _closed(n: int) -> RoomState:
    incident = IncidentView(
        id=UUID(int=n), number=n, grade=3, state="closed", title=TEXT, place=TEXT, agent=None, reasons=[],
        plan=PlanRef("t", 1), exercise=False,
        opened_at=datetime(2026, 1, 1, tzinfo=UTC),
    )  # fmt: skip
    return RoomState(room=UUID(int=n), epoch=1, seq=1, incident=incident)


def test_the_next_message_waits_for_the_answer_of_the_one_before(phone: Phone) -> None:
    for n in range(3):
        phone.post(ROOM, f"{n}", f"key-{n}")
    sent = []
    for _ in range(3):
        (frame,) = phone.outgoing(NOW)
        assert isinstance(frame, live.Post)
        sent.append(frame.text)
        assert phone.outgoing(NOW) == []
        phone.feed(live.Posted(frame.key, ROOM, len(sent)), NOW)
    assert sent == ["0", "1", "2"]
    assert phone.outgoing(NOW) == []


def _said(seq: int, text: str = "x", epoch: int = 1) -> RoomEvent:
    return RoomEvent(room=ROOM, epoch=epoch, seq=seq, at=NOW, by=None, lane="normal", body=MessagePosted(text))


def _with_room(phone: Phone, seq: int = 1) -> Phone:
    phone.feed(live.Snapshot(ROOM, 1, seq, replace(EMPTY, seq=seq)), NOW)
    return phone


def test_going_is_said_about_the_delivery_that_came_last(phone: Phone) -> None:
    phone.feed(_order(1), NOW)
    phone.feed(_order(1, 5), NOW)
    phone.feed(_order(1, 5), NOW)
    phone.moving("order-1", NOW)
    assert live.Receipt(_order(1, 5).delivery, "moving", NOW) in phone.outgoing(NOW)


def test_an_answer_is_kept_with_its_order_and_no_other(phone: Phone) -> None:
    phone.feed(_order(1), NOW)
    phone.feed(_order(2), NOW)
    phone.feed(live.Answered("k", UUID(int=2), "acknowledged"), NOW)
    assert [seen.answer for seen in phone.orders.values()] == ["", "acknowledged"]


def test_a_room_left_is_gone_and_a_beat_is_nothing(phone: Phone) -> None:
    _with_room(phone)
    assert phone.feed(live.Beat(NOW), NOW) == []
    assert phone.feed(live.Left(ROOM), NOW) == []
    assert phone.rooms == {}


def test_a_notice_is_one_line(phone: Phone) -> None:
    notice = live.NoticeMade(UUID(int=7), "swap.proposed", Text("换班", "A swap"), urgent=False)
    (told,) = phone.feed(notice, NOW)
    assert told == NoticeArrived(notice)
    assert change_line(told, View(phone, "wang", "en")) == "notice: A swap"
    assert '"change":"notice"' in change_json(told)


def test_a_way_of_ones_own_is_shown(phone: Phone) -> None:
    route = RouteView(
        id=UUID(int=7),
        incident=UUID(int=8),
        account=UUID(int=9),
        purpose="evacuate",
        state="safe",
        revision=1,
        cause="given",
        target=Text("集合点", "the assembly point"),
        computed_at=NOW,
        roll_call=UUID(int=10),
    )
    (told,) = phone.feed(live.RouteTold(route), NOW)
    assert told == RouteArrived(route)


def test_what_comes_too_early_waits_for_what_is_missing_and_the_gap_is_asked_for_once(phone: Phone) -> None:
    _with_room(phone)
    assert phone.feed(_said(3), NOW) == []
    assert phone.feed(_said(4), NOW) == []
    assert phone.outgoing(NOW) == [live.Join(ROOM, 1, 1)]
    assert len(phone.feed(live.Recovered(ROOM, 1, 2, [_said(2)]), NOW)) == 3
    assert phone.rooms[ROOM].seq == 4


def test_more_than_a_phone_keeps_aside_is_asked_for_again(phone: Phone) -> None:
    _with_room(phone)
    for seq in range(3, 3 + AHEAD_MAX + 5):
        phone.feed(_said(seq), NOW)
    phone.feed(_said(2), NOW)
    assert phone.rooms[ROOM].seq == 2 + AHEAD_MAX


def test_an_event_that_does_not_fit_the_room_asks_for_the_whole_room(phone: Phone) -> None:
    _with_room(phone)
    # No incident is known in this room, so nothing can be said about it.
    odd = replace(_said(3), body=IncidentReturned(NOW))
    phone.feed(odd, NOW)
    assert phone.outgoing(NOW) == [live.Join(ROOM, 1, 1)]
    assert phone.feed(live.Recovered(ROOM, 1, 2, [_said(2)]), NOW) == [EventApplied(_said(2))]
    assert phone.outgoing(NOW) == [live.Join(ROOM, 0, 0)]


def test_recovery_of_a_room_the_phone_has_not_or_of_another_epoch_asks_for_the_room(phone: Phone) -> None:
    assert phone.feed(live.Recovered(ROOM, 1, 2, []), NOW) == []
    assert phone.outgoing(NOW) == [live.Join(ROOM, 0, 0)]
    _with_room(phone)
    assert phone.feed(live.Recovered(ROOM, 2, 2, []), NOW) == []
    assert phone.outgoing(NOW) == [live.Join(ROOM, 0, 0)]


def test_an_order_shown_in_an_earlier_life_is_not_shown_again() -> None:
    phone = Phone(Memory(shown_keys=["order-1"]))
    assert phone.feed(_order(1), NOW) == []
    assert phone.orders == {}


def test_only_the_newest_orders_are_kept(phone: Phone) -> None:
    for n in range(ORDERS_KEPT + 3):
        phone.feed(_order(n), NOW)
    assert len(phone.orders) == ORDERS_KEPT
    assert "order-0" not in phone.orders


def test_what_rang_and_did_not_come_with_its_room_is_over(phone: Phone) -> None:
    phone.ring(_rung(1), NOW)
    _with_room(phone)
    assert phone.rung == {}


def test_a_problem_of_a_receipt_ends_it_and_one_of_a_room_takes_the_room_away(phone: Phone) -> None:
    _with_room(phone)
    phone.feed(_order(1), NOW)
    phone.feed(_order(2), NOW)
    phone.outgoing(NOW)
    gone = live.ProblemFrame(str(_order(2).delivery), "delivery.not_found", None, TEXT)
    assert phone.feed(gone, NOW) == []
    assert phone.memory().outbox == [live.Receipt(_order(1).delivery, "received", NOW)]
    closed = live.ProblemFrame(str(ROOM), "room.not_found", None, TEXT)
    assert phone.feed(closed, NOW) == [Refused(closed, None)]
    assert phone.rooms == {}


def test_a_room_that_is_asked_for_is_not_asked_for_again_before_the_answer(phone: Phone) -> None:
    for seq in (5, 6):
        phone.feed(_said(seq), NOW)
    assert phone.outgoing(NOW) == [live.Join(ROOM, 0, 0)]


def test_what_was_kept_aside_and_came_with_the_whole_room_is_forgotten(phone: Phone) -> None:
    _with_room(phone)
    phone.feed(_said(4), NOW)
    _with_room(phone, seq=5)
    assert phone.feed(_said(6), NOW) == [EventApplied(_said(6))]
