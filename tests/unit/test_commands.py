"""The life of a command: what proves it, what does not, and when it is sent, told late and given up."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Invalid
from core.ids import new_id
from mobile_contract.devices import FeedbackMessage
from mobile_contract.text import Text
from plant import commands
from plant.model import ACTIONS, Actuator, ActuatorKind, Command, CommandState, Expectation, Quality, Reading

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
NOW_MS = int(NOW.timestamp() * 1000)
FLOW = new_id()


def fan(**changes: Any) -> Actuator:
    made = Actuator(
        tenant_id=new_id(),
        id=new_id(),
        site_id=new_id(),
        device_id=new_id(),
        zone_id=new_id(),
        slug="fan-1",
        name=Text("排风机", "Fan"),
        kind=ActuatorKind.FAN,
        feedback_sensor_id=None,
        expected={"start": Expectation(state="running"), "stop": Expectation(state="stopped")},
        deadline_s=5.0,
        retired_at=None,
        version=1,
        created_at=NOW,
    )
    return msgspec.structs.replace(made, **changes)


FAN = fan()
MEASURED = fan(feedback_sensor_id=FLOW, expected={"start": Expectation(at_least=3.0, at_most=9.0)})


def requested(actuator: Actuator = FAN, action: str = "start", **changes: Any) -> Command:
    made = commands.new_command(
        new_id(), actuator, action, "acetone", "key-1", now=NOW, requested_by=None, incident_id=None, inhibited=False
    )
    return msgspec.structs.replace(made, **changes)


def at(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def says(command: Command | None, state: str = "running", *, after_s: float = 1.0, **more: Any) -> FeedbackMessage:
    name = None if command is None else str(command.id)
    return FeedbackMessage(at=NOW_MS + int(after_s * 1000), actuator="fan-1", state=state, command=name, **more)


def flow(value: float | None, *, after_s: float = 1.0) -> Reading:
    return Reading(FLOW, at(after_s), at(after_s), value, Quality.GAP if value is None else Quality.GOOD)


# Asking.


@pytest.mark.parametrize(
    ("actuator", "action", "reason", "key", "code"),
    [
        (FAN, "open", "why", "k", "command.unknown_action"),
        (fan(expected={"stop": Expectation(state="stopped")}), "start", "why", "k", "command.no_proof"),
        (FAN, "start", "  ", "k", "command.reason"),
        (FAN, "start", "x" * 501, "k", "command.reason"),
        (FAN, "start", "why\0", "k", "command.reason"),
        (FAN, "start", "why", "", "command.key"),
        (FAN, "start", "why", "k" * 201, "command.key"),
        (FAN, "start", "why", "k\0", "command.key"),
    ],
)
def test_a_command_that_can_not_be_is_refused(
    actuator: Actuator, action: str, reason: str, key: str, code: str
) -> None:
    with pytest.raises(Invalid) as caught:
        commands.check_request(actuator, action, reason, key)
    assert caught.value.code == code
    assert caught.value.field in ("action", "reason", "key")
    assert caught.value.en != caught.value.zh


@pytest.mark.parametrize("kind", ActuatorKind)
def test_every_action_of_every_kind_can_be_asked_for(kind: ActuatorKind) -> None:
    actuator = fan(kind=kind, expected={action: Expectation(state="done") for action in ACTIONS[kind]})
    for action in ACTIONS[kind]:
        commands.check_request(actuator, action, "why", "k")


def test_a_new_command_is_due_at_once_and_its_deadline_runs() -> None:
    command = requested()
    assert (command.state, command.attempts, command.feedback) == (CommandState.REQUESTED, 0, None)
    assert commands.is_due(command, NOW)
    assert (commands.is_overdue(command, at(4.999)), commands.is_overdue(command, at(5))) == (False, True)


def test_every_attempt_says_the_same_with_one_key() -> None:
    command = requested()
    first = commands.message_of(command, FAN)
    again = commands.message_of(commands.sent(commands.sent(command, at(1)), at(2)), FAN)
    assert first == again
    assert (first.key, first.at, first.deadline_ms, first.inhibited) == ("key-1", NOW_MS, 5_000, False)


# Sending.


def test_attempts_come_after_growing_pauses_until_proof_or_the_last_moment() -> None:
    command, now, sent_at = requested(), NOW, []
    while commands.is_live(command):
        if commands.is_overdue(command, now):
            command = commands.timed_out(command, now)
        if commands.is_given_up(command, now):
            command = commands.given_up(command)
        elif commands.is_due(command, now):
            command = commands.sent(command, now)
            sent_at.append((now - NOW).total_seconds())
        now = commands.wakes_at(command) or now
    assert sent_at[:6] == [0, 0.5, 1.5, 3.5, 7.5, 11.5]
    assert sent_at[-1] < 5 + commands.SEND_AFTER_DEADLINE_S <= sent_at[-1] + 4
    assert (command.state, command.sent_at, command.attempts) == (CommandState.TIMED_OUT, NOW, len(sent_at))


def test_a_command_from_yesterday_is_not_sent_when_the_broker_is_back() -> None:
    command = commands.timed_out(requested(), at(5))
    assert commands.is_due(command, at(124))
    assert not commands.is_due(command, at(125))
    assert commands.is_given_up(command, at(125))
    assert not commands.is_live(commands.given_up(command))


def test_a_command_that_was_never_sent_still_times_out() -> None:
    command = commands.timed_out(requested(), at(5))
    assert (command.state, command.attempts, command.ended_at) == (CommandState.TIMED_OUT, 0, at(5))
    assert commands.is_live(command)
    assert not commands.is_overdue(command, at(6))


def test_a_clock_set_back_an_hour_holds_no_command_up() -> None:
    command = requested()
    assert commands.is_due(command, at(-3_600))
    command = commands.sent(command, at(-3_600))
    assert not commands.is_due(command, at(-3_600))
    assert commands.is_due(command, at(-3_599.5))
    assert commands.left_s(command, FAN, at(-3_600)) == 5.0
    assert commands.left_s(command, FAN, at(2)) == 3.0


# Proof.


@pytest.mark.parametrize(
    ("name", "actuator", "message", "state"),
    [
        ("the answer", FAN, {}, "confirmed"),
        ("another state", FAN, {"state": "stopped"}, None),
        ("the answer of a device whose clock is years behind", FAN, {"after_s": -1e8}, "confirmed"),
        ("a fault", FAN, {"fault": "overcurrent"}, "failed"),
        ("a fault that shows the state", FAN, {"state": "running", "fault": "vibration"}, "failed"),
        ("its word where a sensor measures", MEASURED, {"value": 5.0}, None),
        ("a fault where a sensor measures", MEASURED, {"fault": "overcurrent"}, "failed"),
    ],
)
def test_what_an_answer_proves(name: str, actuator: Actuator, message: dict[str, Any], state: str | None) -> None:
    command = commands.sent(requested(actuator), NOW)
    after = commands.on_feedback(command, actuator, says(command, **message), at(1))
    assert (after and after.state.value) == state, name


@pytest.mark.parametrize(
    ("name", "message", "proves"),
    [
        ("since the request", {}, True),
        ("within the clocks' difference", {"after_s": -1.9}, True),
        ("before the request", {"after_s": -2.1}, False),
        ("by a clock an hour ahead", {"after_s": 3_600}, False),
        ("at fault", {"fault": "overcurrent"}, False),
    ],
)
@pytest.mark.parametrize("of_another", [True, False])
def test_feedback_that_names_no_command_or_another_one(
    name: str, message: dict[str, Any], proves: bool, of_another: bool
) -> None:
    command = commands.sent(requested(), NOW)
    message_of = says(requested() if of_another else None, **message)
    after = commands.on_feedback(command, FAN, message_of, at(1))
    assert (after is not None) == proves, name
    assert after is None or after.state is CommandState.CONFIRMED


def test_another_actuator_proves_nothing() -> None:
    command = commands.sent(requested(), NOW)
    assert commands.on_feedback(command, fan(slug="fan-2"), says(command), at(1)) is None


@pytest.mark.parametrize(("value", "proves"), [(None, False), (2.9, False), (3.0, True), (9.0, True), (9.1, False)])
def test_feedback_with_bounds_needs_a_value_within_them(value: float | None, proves: bool) -> None:
    bounded = fan(expected={"start": Expectation(state="running", at_least=3.0, at_most=9.0)})
    command = commands.sent(requested(bounded), NOW)
    assert (commands.on_feedback(command, bounded, says(command, value=value), at(1)) is not None) == proves


@pytest.mark.parametrize(
    ("name", "reading", "proves"),
    [
        ("within", flow(3.0), True),
        ("too little", flow(2.99), False),
        ("out of bounds above", flow(9.01), False),
        ("a gap", flow(None), False),
        ("from before the request", flow(5.0, after_s=-0.001), False),
        ("from the moment of the request", flow(5.0, after_s=0), True),
        ("of another sensor", msgspec.structs.replace(flow(5.0), sensor_id=new_id()), False),
    ],
)
def test_what_a_reading_of_the_feedback_sensor_proves(name: str, reading: Reading, proves: bool) -> None:
    after = commands.on_reading(commands.sent(requested(MEASURED), NOW), MEASURED, reading, at(1))
    assert (after is not None) == proves, name
    if after is not None:
        assert after.state is CommandState.CONFIRMED
        assert after.feedback == {
            "value": reading.value, "observed_at": reading.observed_at.isoformat(), "sensor": str(FLOW), "late": False
        }  # fmt: skip


def test_a_late_proof_confirms_what_had_timed_out_and_says_so() -> None:
    command = commands.timed_out(commands.sent(requested(), NOW), at(5))
    after = commands.on_feedback(command, FAN, says(command, after_s=9), at(9))
    assert after is not None
    assert (after.state, after.ended_at) == (CommandState.CONFIRMED, at(9))
    assert after.feedback is not None
    assert after.feedback["late"] is True
    assert not commands.is_live(after)


def test_what_has_ended_is_not_changed_by_more_feedback() -> None:
    command = commands.sent(requested(), NOW)
    done = commands.on_feedback(command, FAN, says(command), at(1))
    assert done is not None
    assert commands.on_feedback(done, FAN, says(command, fault="late fault"), at(2)) is None


def test_a_drill_is_proven_by_its_answer_alone() -> None:
    command = commands.sent(requested(MEASURED, inhibited=True), NOW)
    assert commands.message_of(command, MEASURED).inhibited
    assert commands.on_reading(command, MEASURED, flow(5.0), at(1)) is None
    assert commands.on_feedback(command, MEASURED, says(None), at(1)) is None
    after = commands.on_feedback(command, MEASURED, says(command, "shown"), at(1))
    assert after is not None
    assert after.state is CommandState.CONFIRMED


def test_a_superseded_command_has_failed_unless_it_had_timed_out() -> None:
    by = new_id()
    failed = commands.superseded(requested(), by, at(1))
    assert (failed.state, failed.feedback) == (CommandState.FAILED, {"superseded_by": str(by)})
    late = commands.superseded(commands.timed_out(requested(), at(5)), by, at(6))
    assert (late.state, late.ended_at) == (CommandState.TIMED_OUT, at(5))
    assert not commands.is_live(failed)
    assert not commands.is_live(late)


# Properties: any order of events.

_steps = st.lists(
    st.tuples(
        st.sampled_from(["send", "time_out", "answer", "fault", "other", "reading", "supersede", "give_up"]),
        st.floats(min_value=-5_000, max_value=30),
        st.floats(min_value=0, max_value=20),
    ),
    max_size=25,
)


def _step(command: Command, actuator: Actuator, kind: str, value: float, now: datetime) -> Command:
    after: Command | None = None
    seconds = (now - NOW).total_seconds()
    if kind == "send" and commands.is_due(command, now):
        after = commands.sent(command, now)
    elif kind == "time_out" and commands.is_overdue(command, now):
        after = commands.timed_out(command, now)
    elif kind == "answer":
        after = commands.on_feedback(command, actuator, says(command, after_s=seconds), now)
    elif kind == "fault":
        after = commands.on_feedback(command, actuator, says(command, after_s=seconds, fault="x"), now)
    elif kind == "other":
        after = commands.on_feedback(command, actuator, says(None, "stopped", after_s=seconds), now)
    elif kind == "reading":
        after = commands.on_reading(command, actuator, flow(value, after_s=seconds), now)
    elif kind == "supersede" and commands.is_live(command):
        after = commands.superseded(command, new_id(), now)
    elif kind == "give_up" and commands.is_given_up(command, now):
        after = commands.given_up(command)
    return command if after is None else after


@given(_steps, st.sampled_from([FAN, MEASURED]), st.booleans())
def test_a_command_only_moves_forward_whatever_comes_in_whatever_order(
    steps: list[tuple[str, float, float]], actuator: Actuator, inhibited: bool
) -> None:
    order = {CommandState.REQUESTED: 0, CommandState.SENT: 1, CommandState.TIMED_OUT: 2}
    command, now = requested(actuator, inhibited=inhibited), NOW
    for kind, pause_s, value in steps:
        now += timedelta(seconds=pause_s)
        before, command = command, _step(command, actuator, kind, value, now)
        assert (command.id, command.key, command.deadline_at) == (before.id, before.key, before.deadline_at)
        assert order.get(command.state, 3) >= order.get(before.state, 3)
        assert commands.is_live(before) or command == before
        assert (command.ended_at is None) == (command.state in (CommandState.REQUESTED, CommandState.SENT))
        assert command.state is not CommandState.CONFIRMED or kind in ("answer", "reading") or before == command
        assert (commands.wakes_at(command) is None) == (not commands.is_live(command))


@given(st.floats(min_value=-1e7, max_value=1e7))
def test_wherever_the_clock_goes_a_live_command_is_sent_again_within_the_longest_pause(jump_s: float) -> None:
    command = commands.sent(requested(), NOW)
    now = at(jump_s)
    if commands.is_overdue(command, now):
        command = commands.timed_out(command, now)
    within = [now + timedelta(seconds=s) for s in (0, 0.5, 1, 2, 4)]
    assert commands.is_given_up(command, within[-1]) or any(commands.is_due(command, then) for then in within)


def test_a_command_awaits_its_proof_until_it_has_ended() -> None:
    waiting = requested()
    assert commands.awaits_proof(waiting)
    assert not commands.awaits_proof(msgspec.structs.replace(waiting, state=CommandState.TIMED_OUT))


def test_a_reading_proves_nothing_where_no_value_was_asked_for() -> None:
    unbounded = fan(feedback_sensor_id=FLOW)
    assert commands.on_reading(requested(unbounded), unbounded, flow(5.0), at(1)) is None


def test_a_drills_command_ends_where_it_is_held_back() -> None:
    command = commands.held_back(requested(inhibited=True), at(1))
    assert (command.state, command.ended_at, command.feedback) == (CommandState.HELD_BACK, at(1), None)
    assert not commands.is_live(command)
    assert not commands.awaits_proof(command)
