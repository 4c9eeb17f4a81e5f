"""Fan-out: no gap and no double for a line that joins at any moment; a slow line loses chat first, then itself."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mobile_contract.live import CloseCode, encode
from mobile_contract.room_events import MessagePosted, RoomEvent
from mobile_contract.room_views import Lane
from realtime.frames import PreparedEvent, prepare_event, prepare_text
from realtime.hub import JOIN_BUFFER_MAX, GapError, Hub, Joined
from realtime.line import HARD_BYTES, SOFT_BYTES, Line

TENANT, OTHER, ROOM = UUID(int=1), UUID(int=2), UUID(int=3)


class FakeWire:
    """Remembers what was written; how full it is, is set by the test."""

    def __init__(self) -> None:
        self.written: list[bytes] = []
        self.full = 0
        self.closed_with: int | None = None

    @property
    def write(self) -> Callable[[bytes], None]:
        return self.written.append

    @property
    def buffered(self) -> Callable[[], int]:
        return lambda: self.full

    def close(self, code: int, reason: str) -> None:
        self.closed_with = code

    def watch(self, on_drained: Callable[[], None], on_lost: Callable[[], None]) -> None: ...

    def seqs(self) -> list[int]:
        """Sequence numbers in the order written; the tests' frames are `seq;`."""
        return [int(part) for part in b"".join(self.written).split(b";") if part and part != b"S"]


class Timers:
    """Callbacks that run when the test says so."""

    def __init__(self) -> None:
        self.waiting: list[Callable[[], None]] = []

    def __call__(self, delay_s: float, callback: Callable[[], None]) -> object:
        self.waiting.append(callback)
        return None


def _line(tenant_id: UUID = TENANT) -> tuple[FakeWire, Timers, Line]:
    wire, timers = FakeWire(), Timers()
    return wire, timers, Line(wire, timers, tenant_id, UUID(int=9))


def _event(seq: int, lane: Lane = "normal") -> PreparedEvent:
    return PreparedEvent(seq, lane, b"%d;" % seq)


def _joined(hub: Hub, line: Line, seq: int) -> None:
    hub.begin_join(ROOM, line)
    assert hub.finish_join(ROOM, line, seq, b"") is Joined.DONE


def test_a_live_line_gets_every_event_once() -> None:
    hub, (wire, _, line) = Hub(), _line()
    _joined(hub, line, 4)
    hub.publish(TENANT, ROOM, [_event(5), _event(6)])
    hub.publish(TENANT, ROOM, [_event(5), _event(6), _event(7)])
    hub.publish(TENANT, ROOM, [_event(6), _event(7)])
    assert wire.seqs() == [5, 6, 7]


@given(st.data())
def test_whoever_joins_at_any_moment_has_neither_gap_nor_double(data: st.DataObject) -> None:
    hub, (first, _, opener) = Hub(), _line()
    _joined(hub, opener, 0)
    committed, published, snapshot = 0, 0, -1
    wire, _, line = _line()
    steps = data.draw(st.lists(st.sampled_from(["commit", "publish", "begin", "read", "finish"]), max_size=40))
    begun = live = False
    for step in [*steps, "begin", "read", "finish", "commit", "publish"]:
        if step == "commit":
            committed += 1
        elif step == "publish" and committed > published:
            hub.publish(TENANT, ROOM, [_event(n) for n in range(published + 1, committed + 1)])
            published = committed
        elif step == "begin" and not begun:
            hub.begin_join(ROOM, line)
            begun = True
        elif step == "read" and begun and snapshot < 0:
            snapshot = committed
        elif step == "finish" and snapshot >= 0 and not live:
            assert hub.finish_join(ROOM, line, snapshot, b"S;") is Joined.DONE
            live = True
    assert wire.seqs() == list(range(snapshot + 1, published + 1))
    assert first.seqs() == list(range(1, published + 1))


def test_a_second_joiner_whose_read_is_older_than_the_first_reads_again() -> None:
    hub = Hub()
    _, _, early = _line()
    late_wire, _, late = _line()
    hub.begin_join(ROOM, early)
    hub.begin_join(ROOM, late)
    assert hub.finish_join(ROOM, early, 8, b"") is Joined.DONE
    assert hub.finish_join(ROOM, late, 6, b"S;") is Joined.AGAIN
    assert hub.finish_join(ROOM, late, 8, b"S;") is Joined.DONE
    hub.publish(TENANT, ROOM, [_event(9)])
    assert late_wire.seqs() == [9]


def test_a_batch_with_a_hole_before_it_is_refused() -> None:
    hub, (_, _, line) = Hub(), _line()
    _joined(hub, line, 4)
    with pytest.raises(GapError):
        hub.publish(TENANT, ROOM, [_event(6)])


def test_the_same_room_id_in_another_tenant_is_another_room() -> None:
    hub = Hub()
    mine, _, line = _line()
    theirs, _, stranger = _line(OTHER)
    _joined(hub, line, 0)
    _joined(hub, stranger, 0)
    hub.publish(TENANT, ROOM, [_event(1)])
    assert (mine.seqs(), theirs.seqs()) == ([1], [])


def test_a_slow_line_loses_chat_keeps_orders_and_is_sent_to_resume() -> None:
    hub = Hub()
    slow, timers, line = _line()
    fast, _, other = _line()
    for each in (line, other):
        hub.attach(each)
        _joined(hub, each, 0)
    slow.full = SOFT_BYTES + 1
    hub.publish(TENANT, ROOM, [_event(1), _event(2, "safety")])
    hub.publish(TENANT, ROOM, [_event(3, "safety"), _event(4)])
    hub.tell_account(TENANT, UUID(int=9), b"99;")
    assert slow.seqs() == [2, 3, 99]
    assert fast.seqs() == [1, 2, 3, 4, 99]
    assert slow.closed_with is None
    timers.waiting[0]()
    assert slow.closed_with == CloseCode.SLOW_READER
    assert fast.closed_with is None


def test_a_marked_line_is_closed_as_soon_as_it_has_read_the_rest() -> None:
    hub, (wire, _, line) = Hub(), _line()
    _joined(hub, line, 0)
    line.drained()
    assert wire.closed_with is None
    wire.full = SOFT_BYTES + 1
    hub.publish(TENANT, ROOM, [_event(1)])
    wire.full = 0
    line.drained()
    assert wire.closed_with == CloseCode.SLOW_READER
    assert wire.seqs() == []


def test_safety_events_alone_do_not_mark_a_line_until_the_hard_bound() -> None:
    hub, (wire, _, line) = Hub(), _line()
    _joined(hub, line, 0)
    wire.full = SOFT_BYTES + 1
    hub.publish(TENANT, ROOM, [_event(1, "safety")])
    assert (wire.seqs(), line.marked) == ([1], False)
    wire.full = HARD_BYTES + 1
    hub.publish(TENANT, ROOM, [_event(2, "safety")])
    assert (wire.seqs(), wire.closed_with) == ([1], CloseCode.SLOW_READER)


def test_a_room_that_speaks_faster_than_a_snapshot_is_read_sends_the_joiner_away() -> None:
    hub = Hub()
    _, _, opener = _line()
    _joined(hub, opener, 0)
    wire, _, line = _line()
    hub.begin_join(ROOM, line)
    hub.publish(TENANT, ROOM, [_event(n) for n in range(1, JOIN_BUFFER_MAX + 2)])
    assert wire.closed_with == CloseCode.SLOW_READER
    assert hub.finish_join(ROOM, line, 0, b"") is Joined.GONE


def test_an_empty_room_is_forgotten() -> None:
    hub, (_, _, line) = Hub(), _line()
    hub.attach(line)
    _joined(hub, line, 0)
    hub.detach(line)
    hub.detach(line)
    assert (hub.rooms, hub.accounts) == ({}, {})


def test_nobody_listens_nobody_is_told() -> None:
    hub, (wire, _, line) = Hub(), _line()
    hub.publish(TENANT, ROOM, [_event(1)])
    hub.tell_room(TENANT, ROOM, b"8;")
    hub.leave(ROOM, line)
    hub.begin_join(ROOM, line)
    hub.publish(TENANT, ROOM, [_event(1)])
    assert (hub.position(TENANT, ROOM), hub.position(OTHER, ROOM)) == (None, None)
    assert hub.finish_join(ROOM, line, 1, b"") is Joined.DONE
    assert (hub.position(TENANT, ROOM), wire.seqs()) == (1, [])


def test_one_of_a_persons_sockets_leaves_and_the_other_hears_on() -> None:
    hub = Hub()
    gone, _, first = _line()
    kept, _, second = _line()
    for line in (first, second):
        hub.attach(line)
        _joined(hub, line, 0)
    hub.detach(first)
    hub.publish(TENANT, ROOM, [_event(1)])
    assert hub.tell_account(TENANT, UUID(int=9), b"99;") == 1
    assert (gone.seqs(), kept.seqs()) == ([], [1, 99])


def test_presence_is_for_whoever_can_take_it_and_marks_nobody() -> None:
    hub = Hub()
    slow, _, slow_line = _line()
    fast, _, fast_line = _line()
    over, _, closed_line = _line()
    for line in (slow_line, fast_line, closed_line):
        _joined(hub, line, 0)
    slow.full = SOFT_BYTES + 1
    closed_line.close(CloseCode.SIGNED_OUT, "gone")
    hub.tell_room(TENANT, ROOM, b"8;")
    assert (slow.seqs(), fast.seqs(), over.seqs()) == ([], [8], [])
    assert not slow_line.marked


def test_a_notice_is_for_those_sockets_of_a_person_that_can_take_it() -> None:
    hub = Hub()
    slow, _, slow_line = _line()
    fast, _, fast_line = _line()
    _, _, closed_line = _line()
    for line in (slow_line, fast_line, closed_line):
        hub.attach(line)
    slow.full = SOFT_BYTES + 1
    closed_line.close(CloseCode.SIGNED_OUT, "gone")
    assert hub.tell_account_quietly(TENANT, fast_line.account_id, b"7;") == 1
    assert hub.tell_account_quietly(OTHER, fast_line.account_id, b"7;") == 0
    assert (slow.seqs(), fast.seqs(), slow_line.marked) == ([], [7], False)


def test_a_line_ahead_of_the_room_waits_until_the_room_is_past_it() -> None:
    hub = Hub()
    _, _, opener = _line()
    _joined(hub, opener, 0)
    wire, _, line = _line()
    _joined(hub, line, 2)
    hub.publish(TENANT, ROOM, [_event(1)])
    assert wire.seqs() == []
    hub.publish(TENANT, ROOM, [_event(2)])
    hub.publish(TENANT, ROOM, [_event(3)])
    assert wire.seqs() == [3]


def test_what_is_written_to_one_line_follows_the_same_bounds() -> None:
    wire, timers, line = _line()
    assert line.write_normal(b"1;")
    wire.full = SOFT_BYTES + 1
    assert not line.write_normal(b"2;")
    wire.full = 0
    assert not line.write_normal(b"3;"), "a marked line resumes, or it would have a gap"
    line.mark()
    assert len(timers.waiting) == 1
    line.close(CloseCode.SIGNED_OUT, "gone")
    line.write_safety(b"4;")
    timers.waiting[0]()
    line.close(CloseCode.SLOW_READER, "again")
    assert (wire.seqs(), wire.closed_with) == ([1], CloseCode.SIGNED_OUT)


def test_an_event_is_framed_with_its_number_and_lane() -> None:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    event = RoomEvent(room=ROOM, epoch=1, seq=7, at=at, by=None, lane="normal", body=MessagePosted("hi"))
    prepared = prepare_event(event)
    assert (prepared.seq, prepared.lane, prepared.frame) == (7, "normal", prepare_text(encode(event)))


@pytest.mark.parametrize(("size", "head"), [(0, b"\x81\x00"), (125, b"\x81\x7d"), (126, b"\x81\x7e\x00\x7e")])
def test_frame_heads_follow_rfc_6455(size: int, head: bytes) -> None:
    assert prepare_text(b"x" * size) == head + b"x" * size


def test_a_long_frame_has_a_length_of_eight_bytes() -> None:
    assert prepare_text(b"x" * 65536)[:10] == b"\x81\x7f" + (65536).to_bytes(8, "big")
