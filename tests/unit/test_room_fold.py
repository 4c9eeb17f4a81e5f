"""The fold of room events: repetition changes nothing, a gap is refused, the wire carries every kind."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import get_args
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from mobile_contract.evacuation import EvacuationView
from mobile_contract.live import SERVER_DECODER, encode
from mobile_contract.room import RoomState, SequenceGapError, apply, fold
from mobile_contract.room_events import (
    KINDS,
    AlarmChanged,
    AlarmJoined,
    Body,
    CommandChanged,
    CommanderChanged,
    DeliveryChanged,
    DrillChanged,
    EscalationChanged,
    EvacuationPlanned,
    FloodEnded,
    FloodStarted,
    HazardChanged,
    IncidentClosed,
    IncidentMerged,
    IncidentOpened,
    IncidentRegraded,
    IncidentReopened,
    IncidentReturned,
    IncidentSplit,
    MemberJoined,
    MemberLeft,
    MessagePosted,
    ObjectiveChanged,
    ResourceChanged,
    RollCallChanged,
    RoomEvent,
    RouteChanged,
    RouteProgressed,
    SosChanged,
    TaskAssigned,
    TaskChanged,
    TaskStepsChanged,
    kind_of,
    lane_of,
)
from mobile_contract.room_views import (
    MESSAGES_KEPT,
    AlarmView,
    CommanderView,
    CommandView,
    DeliveryView,
    DrillView,
    EscalationView,
    FloodView,
    HazardAreaView,
    HazardView,
    IncidentView,
    MemberView,
    NeedView,
    ObjectiveView,
    PlanRef,
    ResourceView,
    RollCallView,
    SosView,
    Step,
    StepView,
    TaskView,
)
from mobile_contract.text import Text
from mobile_contract.wayfinding import RouteView

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
sos_calls = st.builds(
    SosView,
    id=ids,
    account=ids,
    name=st.just("Wang"),
    type=st.sampled_from(["medical", "duress_silent"]),
    place=texts,
    zone=ids,
    lon=st.none(),
    lat=st.none(),
    level=st.none() | st.integers(0, 3),
    accuracy_m=st.none(),
    share=st.none() | st.floats(0, 1),
    located_at=maybe_times,
    note=st.just(""),
    presses=st.integers(1, 9),
    opened_at=times,
    duress_at=maybe_times,
    over_at=maybe_times,
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
escalations = st.builds(
    EscalationView,
    task=ids,
    state=st.sampled_from(["running", "met", "exhausted"]),
    policy=st.just("default"),
    step=st.integers(0, 4),
    round=st.integers(0, 2),
    needs=st.just([NeedView(skill="first_aid", count=2, fact="moving", met=1)]),
    crew=st.lists(ids, max_size=2),
    started_at=times,
)
objectives = st.builds(
    ObjectiveView,
    id=ids,
    position=st.integers(1, 9),
    text=st.just("nobody hurt"),
    state=st.sampled_from(["open", "met", "dropped"]),
    set_by=ids,
    set_at=times,
    ended_at=maybe_times,
    version=st.integers(1, 9),
)
resources = st.builds(
    ResourceView,
    id=ids,
    kind=st.just("team"),
    name=st.just("Fire brigade"),
    account=st.none(),
    task=st.none() | ids,
    state=st.sampled_from(["requested", "assigned", "on_scene", "released"]),
    note=st.just(""),
    changed_at=times,
    version=st.integers(1, 9),
)
routes = st.builds(
    RouteView,
    id=ids,
    incident=ids,
    account=ids,
    purpose=st.just("task"),
    state=st.sampled_from(["safe", "no_safe_route"]),
    revision=st.integers(1, 9),
    cause=st.just("given"),
    target=texts,
    computed_at=times,
    task=st.none() | ids,
    reason=st.none(),
    summary=st.none(),
    warnings=st.lists(texts, max_size=2),
    steps=st.just([]),
    least_harm=st.none(),
    near=st.just([]),
    distance_m=st.floats(0, 1e4),
    walk_s=st.floats(0, 1e4),
    left_m=st.floats(0, 1e4),
    left_s=st.floats(0, 1e4),
)
evacuations = st.builds(
    EvacuationView,
    id=ids,
    revision=st.integers(1, 9),
    planned_at=times,
    cleared_s=st.floats(0, 1e4),
    out=st.integers(0, 99),
    cut_off=st.integers(0, 9),
    unknown=st.integers(0, 9),
    text=texts,
    zones=st.just([]),
    points=st.just([]),
    reasons=st.just([]),
    certificate=st.none(),
    ended_at=maybe_times,
)
hazards = st.builds(
    HazardView,
    id=ids,
    source=st.sampled_from(["drawn", "grown", "forecast"]),
    name=texts,
    agent=st.none() | st.just("acetone"),
    stated_at=times,
    ends_at=maybe_times,
    ended_at=maybe_times,
    levels=st.lists(st.integers(0, 3), max_size=2),
    bans=st.booleans(),
    factor=st.none() | st.just(4.0),
    areas=st.lists(
        st.just(HazardAreaView(polygon={"type": "Polygon", "coordinates": []}, levels=[0], factor=None)), max_size=2
    ),
    coarse=st.booleans(),
    changes_at=maybe_times,
    version=st.integers(1, 9),
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
    "escalation.changed": st.builds(EscalationChanged, escalations),
    "commander.changed": st.builds(
        CommanderChanged, st.builds(CommanderView, account=ids, since=times, version=st.integers(1, 9))
    ),
    "objective.changed": st.builds(ObjectiveChanged, objectives),
    "resource.changed": st.builds(ResourceChanged, resources),
    "incident.merged": st.builds(IncidentMerged, incidents),
    "incident.split": st.builds(
        IncidentSplit, incidents, ids, *(st.lists(ids, max_size=2, unique=True) for _ in range(6))
    ),
    "sos.changed": st.builds(SosChanged, sos_calls),
    "drill.changed": st.builds(DrillChanged, drills),
    "route.changed": st.builds(RouteChanged, routes),
    "evacuation.planned": st.builds(EvacuationPlanned, evacuations),
    "route.progressed": st.builds(
        RouteProgressed,
        route=ids,
        step=st.integers(1, 9),
        left_m=st.floats(0, 1e4),
        left_s=st.floats(0, 1e4),
        arrives_at=maybe_times,
        off_route=st.booleans(),
        arrived_at=maybe_times,
    ),
    "hazard.changed": st.builds(HazardChanged, hazards),
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
    normal = kind_of(body).startswith(("delivery.", "escalation.", "route.progressed", "message.", "member."))
    assert lane_of(body) == ("normal" if normal else "safety")


@given(histories, st.builds(IncidentMerged, incidents))
def test_an_incident_that_goes_on_as_another_leaves_what_was_said_and_who_was_there(
    events: list[RoomEvent], merged: IncidentMerged
) -> None:
    before = fold(EMPTY, events)
    after = apply(before, _event(before.seq + 1, merged))
    assert (after.messages, after.members, after.incident) == (before.messages, before.members, merged.incident)
    assert (after.alarms, after.tasks, after.steps, after.commands, after.deliveries) == ({}, {}, {}, {}, {})
    assert (after.roll_calls, after.objectives, after.resources, after.escalations) == ({}, {}, {}, {})
    assert (after.commander, after.flood, after.hazards) == (None, None, {})


@given(histories, BODIES["incident.split"])
def test_what_is_split_off_is_gone_and_the_rest_stays(events: list[RoomEvent], body: Body) -> None:
    assert isinstance(body, IncidentSplit)
    before = fold(EMPTY, events)
    after = apply(before, _event(before.seq + 1, body))
    assert after.alarms == {k: v for k, v in before.alarms.items() if k not in body.alarms}
    assert after.tasks == {k: v for k, v in before.tasks.items() if k not in body.tasks}
    assert after.escalations == {k: v for k, v in before.escalations.items() if k not in body.tasks}
    assert after.hazards == {k: v for k, v in before.hazards.items() if k not in body.hazards}
    assert (after.incident, after.roll_calls, after.commander) == (body.incident, before.roll_calls, before.commander)
