"""The fold of room events: repetition changes nothing, a gap is refused, the wire carries every kind."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import get_args
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from mobile_contract.live import SERVER_DECODER, encode
from mobile_contract.room import (
    KINDS,
    MESSAGES_KEPT,
    AlarmChanged,
    AlarmJoined,
    AlarmView,
    Body,
    CommandChanged,
    CommandView,
    DeliveryChanged,
    DeliveryView,
    DrillChanged,
    DrillView,
    FloodEnded,
    FloodStarted,
    FloodView,
    IncidentClosed,
    IncidentOpened,
    IncidentRegraded,
    IncidentReopened,
    IncidentReturned,
    IncidentView,
    MemberJoined,
    MemberLeft,
    MemberView,
    MessagePosted,
    PlanRef,
    RollCallChanged,
    RollCallView,
    RoomEvent,
    RoomState,
    SequenceGapError,
    Step,
    StepView,
    TaskAssigned,
    TaskChanged,
    TaskStepsChanged,
    TaskView,
    apply,
    fold,
    kind_of,
    lane_of,
)
from mobile_contract.text import Text

NOW = datetime(2026, 1, 1, tzinfo=UTC)
ROOM = UUID(int=1)
TEXT = Text("甲", "A")

ids = st.integers(1, 3).map(lambda n: UUID(int=n))
times = st.integers(0, 1000).map(lambda s: NOW + timedelta(seconds=s))
maybe_times = st.none() | times
texts = st.sampled_from([TEXT, Text("乙", "B")])
incidents = st.builds(
    IncidentView,
    id=ids,
    number=st.integers(1, 9),
    grade=st.integers(1, 4),
    state=st.just("open"),
    title=texts,
    place=texts,
    agent=st.none() | st.just("acetone"),
    reasons=st.lists(texts, max_size=2),
    plan=st.just(PlanRef("solvent", 1)),
    exercise=st.booleans(),
    opened_at=times,
    returned_at=st.none(),
    closed_at=st.none(),
    closed_by=st.none(),
    close_reason=st.none(),
)
alarms = st.builds(
    AlarmView,
    id=ids,
    kind=st.just("high"),
    level=st.integers(1, 2),
    letter=st.sampled_from("ABCD"),
    first_out=st.booleans(),
    title=texts,
    zone=ids,
    value=st.none() | st.floats(0, 1e6),
    unit=st.just("[ppm]"),
    set_point=st.just(6250.0),
    raised_at=times,
    returned_at=maybe_times,
)
tasks = st.builds(
    TaskView,
    id=ids,
    position=st.integers(1, 9),
    role=st.just("responder"),
    title=texts,
    steps=st.just([Step(1, TEXT)]),
    owner=st.none() | ids,
    state=st.sampled_from(["open", "acknowledged", "done", "unanswered", "cancelled"]),
    fencing=st.integers(1, 4),
    deadline_at=times,
)
commands = st.builds(
    CommandView,
    id=ids,
    actuator=ids,
    action=st.just("start"),
    state=st.sampled_from(["requested", "sent", "confirmed", "failed", "timed_out"]),
    inhibited=st.booleans(),
    requested_at=times,
)
deliveries = st.builds(
    DeliveryView, id=ids, task=ids, account=ids, channel=st.just("fcm"), state=st.just("queued"), queued_at=times
)
roll_calls = st.builds(
    RollCallView,
    id=ids,
    scope=st.just("site"),
    zones=st.lists(ids, max_size=2),
    place=texts,
    state=st.sampled_from(["open", "all_clear", "re_entry"]),
    exercise=st.booleans(),
    started_at=times,
    expected=st.integers(0, 9),
    accounted=st.integers(0, 9),
    need_help=st.just(0),
    left=st.just(0),
    missing=st.integers(0, 9),
    unsure=st.just(0),
)
drills = st.builds(
    DrillView,
    id=ids,
    announced=st.booleans(),
    started_at=times,
    ends_at=times,
    ended_at=maybe_times,
    ended_why=st.sampled_from([None, "time", "real_alarm"]),
    real_incident=st.none() | ids,
)
floods = st.builds(FloodView, id=ids, started_at=times, alarms=st.integers(1, 99), ended_at=maybe_times)
steps = st.builds(
    StepView, n=st.integers(1, 5), confirm=st.just("tap"), required=st.booleans(), confirmed_at=st.none() | times
)
BODIES: dict[str, st.SearchStrategy[Body]] = {
    "incident.opened": st.builds(IncidentOpened, incidents),
    "incident.regraded": st.builds(IncidentRegraded, st.integers(1, 4), st.lists(texts, max_size=2)),
    "incident.returned": st.builds(IncidentReturned, times),
    "incident.reopened": st.builds(IncidentReopened),
    "incident.closed": st.builds(IncidentClosed, times, st.none() | ids, st.just("aired out")),
    "alarm.joined": st.builds(AlarmJoined, alarms),
    "alarm.changed": st.builds(AlarmChanged, alarms),
    "flood.started": st.builds(FloodStarted, floods),
    "flood.ended": st.builds(FloodEnded, floods),
    "task.assigned": st.builds(TaskAssigned, tasks),
    "task.changed": st.builds(TaskChanged, tasks),
    "task.steps_changed": st.builds(TaskStepsChanged, ids, st.lists(steps, max_size=3)),
    "command.changed": st.builds(CommandChanged, commands),
    "delivery.changed": st.builds(DeliveryChanged, deliveries),
    "roll_call.changed": st.builds(RollCallChanged, roll_calls),
    "drill.changed": st.builds(DrillChanged, drills),
    "message.posted": st.builds(MessagePosted, st.text(max_size=20)),
    "member.joined": st.builds(MemberJoined, st.builds(MemberView, account=ids, joined_at=times)),
    "member.left": st.builds(MemberLeft, ids),
}
bodies = st.one_of(list(BODIES.values()))


def _history(opened: IncidentView, following: list[Body]) -> list[RoomEvent]:
    return [_event(n, body) for n, body in enumerate([IncidentOpened(opened), *following], 1)]


def _event(seq: int, body: Body) -> RoomEvent:
    return RoomEvent(room=ROOM, epoch=1, seq=seq, at=NOW, by=UUID(int=7), lane=lane_of(body), body=body)


histories = st.builds(_history, incidents, st.lists(bodies, max_size=30))
EMPTY = RoomState(room=ROOM, epoch=1, seq=0)


@given(histories, st.data())
def test_folding_in_two_parts_is_folding_at_once(events: list[RoomEvent], data: st.DataObject) -> None:
    cut = data.draw(st.integers(0, len(events)))
    assert fold(fold(EMPTY, events[:cut]), events[cut:]) == fold(EMPTY, events)


@given(histories, st.data())
def test_events_that_come_again_change_nothing(events: list[RoomEvent], data: st.DataObject) -> None:
    back = data.draw(st.integers(0, len(events)))
    whole = fold(EMPTY, events)
    assert fold(whole, events[back:]) == whole


@given(histories, st.data())
def test_a_missing_event_is_refused_and_not_guessed(events: list[RoomEvent], data: st.DataObject) -> None:
    missing = data.draw(st.integers(0, len(events) - 1))
    kept = [*events[:missing], *events[missing + 1 :]]
    if missing == len(events) - 1:
        assert fold(EMPTY, kept).seq == len(events) - 1
    else:
        with pytest.raises(SequenceGapError):
            fold(EMPTY, kept)


@given(histories)
@settings(max_examples=50)
def test_a_state_and_its_events_survive_the_wire(events: list[RoomEvent]) -> None:
    assert [SERVER_DECODER.decode(encode(event)) for event in events] == events


@given(st.lists(st.text(max_size=5), min_size=MESSAGES_KEPT, max_size=MESSAGES_KEPT + 20))
@settings(max_examples=5)
def test_the_newest_messages_are_kept(said: list[str]) -> None:
    state = fold(EMPTY, [_event(n, MessagePosted(text)) for n, text in enumerate(said, 1)])
    assert [m.text for m in state.messages] == said[-MESSAGES_KEPT:]


def test_an_event_of_another_epoch_does_not_follow() -> None:
    with pytest.raises(SequenceGapError):
        apply(EMPTY, replace(_event(1, MessagePosted("hi")), epoch=2))


def test_a_change_before_the_opening_is_refused() -> None:
    with pytest.raises(SequenceGapError):
        apply(EMPTY, _event(1, IncidentReopened()))


def test_every_kind_is_tried_here() -> None:
    assert set(BODIES) == set(KINDS) == {kind_of(kind) for kind in get_args(Body)}


@given(bodies)
def test_an_event_is_of_its_bodys_kind(body: Body) -> None:
    assert _event(1, body).kind == kind_of(body)


@given(bodies)
def test_what_moves_people_and_machines_is_in_the_safety_lane(body: Body) -> None:
    normal = kind_of(body).startswith(("delivery.", "message.", "member."))
    assert lane_of(body) == ("normal" if normal else "safety")
