"""The ladder of a delivery: facts never go backwards, order and repetition do not matter, waiting always ends."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import permutations
from uuid import UUID

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from incidents.reaching.delivery import (
    END_STATES,
    LADDER,
    RETRY_FIRST_S,
    RETRY_SLOWEST_S,
    Delivery,
    DeliveryPolicy,
    Done,
    Ending,
    EscalateChannel,
    EscalatePerson,
    Fact,
    Send,
    WaitUntil,
    advance,
    begin_send,
    believed_time,
    decline,
    end,
    next_step,
    reached_at,
    retry_delay_s,
    send_failed,
    send_refused,
    send_taken,
    state,
)

T0 = datetime(2026, 3, 1, 8, tzinfo=UTC)
POLICY = DeliveryPolicy()
FCM = ("fcm",)


def queued() -> Delivery:
    return Delivery(
        id=UUID(int=1),
        task_id=UUID(int=2),
        incident_id=UUID(int=3),
        account_id=UUID(int=4),
        task_fencing=1,
        queued_at=T0,
    )


def at(seconds: float) -> datetime:
    return T0 + timedelta(seconds=seconds)


Statement = tuple[Fact | None, int, str]
statements = st.lists(
    st.tuples(st.sampled_from([*Fact, None]), st.integers(0, 50), st.sampled_from(["a", "b"])), max_size=12
)


def say(delivery: Delivery, statement: Statement) -> Delivery:
    fact, seconds, device = statement
    if fact is None:
        return decline(delivery, at(seconds), device_id=device)
    return advance(delivery, fact, at(seconds), device_id=device)


def say_all(said: list[Statement]) -> Delivery:
    delivery = queued()
    for statement in said:
        delivery = say(delivery, statement)
    return delivery


@given(statements, st.randoms(use_true_random=False))
def test_order_and_repetition_of_facts_do_not_matter(said: list[Statement], random: object) -> None:
    again = [*said, *said]
    random.shuffle(again)  # type: ignore[attr-defined]
    assert say_all(again) == say_all(said)


@given(statements)
def test_a_stated_fact_is_never_unstated_nor_later(said: list[Statement]) -> None:
    delivery = queued()
    for statement in said:
        before, delivery = delivery, say(delivery, statement)
        for fact in LADDER:
            known, now = getattr(before, fact), getattr(delivery, fact)
            assert known is None or (now is not None and now <= known)


@given(statements)
def test_only_a_device_can_state_that_the_order_arrived(said: list[Statement]) -> None:
    delivery = say_all([s for s in said if s[0] is Fact.ACCEPTED])
    assert state(delivery) in {"queued", "accepted"}
    assert reached_at(delivery) is None


def test_every_fact_is_stored_apart() -> None:
    for some in permutations(LADDER, 2):
        delivery = queued()
        for fact in some:
            delivery = advance(delivery, fact, at(1))
        assert {fact for fact in LADDER if getattr(delivery, fact) is not None} == set(some)


def test_the_later_answer_counts_and_an_answer_outlives_our_ending() -> None:
    gone = end(queued(), Ending.SUPERSEDED, at(60))
    assert state(gone) == "superseded"
    assert state(advance(gone, Fact.ACKNOWLEDGED, at(70))) == "acknowledged"
    assert state(decline(advance(gone, Fact.ACKNOWLEDGED, at(70)), at(80))) == "declined"
    assert state(advance(decline(gone, at(70)), Fact.MOVING, at(80))) == "moving"
    same = decline(advance(gone, Fact.ACKNOWLEDGED, at(70)), at(70))
    assert state(same) == "declined", "on the same instant asking one person more is the safer mistake"


def test_the_first_ending_stays() -> None:
    assert end(end(queued(), Ending.EXHAUSTED, at(1)), Ending.CANCELLED, at(2)).ended is Ending.EXHAUSTED


def test_the_way_of_an_order_that_nobody_receives() -> None:
    channels = ("fcm", "webpush")
    delivery = queued()
    assert next_step(delivery, channels, POLICY, at(0)) == Send("fcm", 0)
    delivery = send_taken(begin_send(delivery, 0, at(0)))
    assert next_step(delivery, channels, POLICY, at(7.9)) == WaitUntil(at(8))
    assert next_step(delivery, channels, POLICY, at(8)) == EscalateChannel("webpush", 1, "no_receipt")
    delivery = send_taken(begin_send(delivery, 1, at(8)))
    assert next_step(delivery, channels, POLICY, at(8)) == WaitUntil(at(16))
    assert next_step(delivery, channels, POLICY, at(16)) == EscalatePerson("no_receipt")


def test_a_receipt_gives_the_person_time_to_answer() -> None:
    delivery = send_taken(begin_send(queued(), 0, at(0)))
    delivery = advance(delivery, Fact.RECEIVED, at(2))
    assert next_step(delivery, FCM, POLICY, at(30)) == WaitUntil(at(60))
    assert next_step(delivery, FCM, POLICY, at(60)) == EscalatePerson("no_acknowledgement")
    assert next_step(advance(delivery, Fact.ACKNOWLEDGED, at(59)), FCM, POLICY, at(60)) == Done()


def test_a_receipt_over_the_socket_does_not_spare_the_other_devices_their_push() -> None:
    delivery = advance(queued(), Fact.RECEIVED, at(0))
    assert next_step(delivery, FCM, POLICY, at(0.1)) == Send("fcm", 0)


def test_accepted_is_no_receipt() -> None:
    delivery = send_taken(begin_send(queued(), 0, at(0)))
    delivery = advance(delivery, Fact.ACCEPTED, at(0), message_id="m")
    assert next_step(delivery, FCM, POLICY, at(8)) == EscalatePerson("no_receipt")


def test_a_decline_moves_on_at_once() -> None:
    delivery = advance(send_taken(begin_send(queued(), 0, at(0))), Fact.RECEIVED, at(1))
    assert next_step(decline(delivery, at(2)), FCM, POLICY, at(2)) == EscalatePerson("declined")


def test_a_send_without_known_outcome_is_sent_again() -> None:
    delivery = begin_send(queued(), 0, at(0))
    assert next_step(delivery, FCM, POLICY, at(6)) == Send("fcm", 0)
    assert begin_send(delivery, 0, at(6)).step_at == at(0), "a repeat does not extend the wait for a receipt"


def test_a_failure_is_retried_until_the_receipt_is_due() -> None:
    delivery = send_failed(begin_send(queued(), 0, at(0)), retry_at=at(1))
    assert next_step(delivery, FCM, POLICY, at(0.5)) == WaitUntil(at(1))
    assert next_step(delivery, FCM, POLICY, at(1)) == Send("fcm", 0)
    patient = send_failed(begin_send(queued(), 0, at(0)), retry_at=at(60))
    assert next_step(patient, FCM, POLICY, at(1)) == WaitUntil(at(8))
    assert next_step(patient, ("fcm", "webpush"), POLICY, at(8)) == EscalateChannel("webpush", 1, "no_receipt")


def test_a_channel_that_went_away_is_not_tried_again() -> None:
    gone = send_failed(begin_send(queued(), 0, at(0)), retry_at=at(1))
    assert next_step(gone, (), POLICY, at(2)) == WaitUntil(at(8))
    assert next_step(gone, (), POLICY, at(8)) == EscalatePerson("no_receipt")


def test_a_refused_channel_goes_to_the_next_at_once_and_the_last_leaves_the_socket_its_time() -> None:
    refused = send_refused(begin_send(queued(), 0, at(0)))
    assert next_step(refused, ("fcm", "webpush"), POLICY, at(0)) == EscalateChannel("webpush", 1, "refused")
    assert next_step(refused, FCM, POLICY, at(0)) == WaitUntil(at(8))
    assert next_step(refused, FCM, POLICY, at(8)) == EscalatePerson("refused")


def test_a_person_without_channels_has_the_socket_for_one_window() -> None:
    assert next_step(queued(), (), POLICY, at(1)) == WaitUntil(at(8))
    assert next_step(queued(), (), POLICY, at(8)) == EscalatePerson("no_receipt")
    reached = advance(queued(), Fact.RECEIVED, at(1))
    assert next_step(reached, (), POLICY, at(9)) == WaitUntil(at(61))
    assert next_step(reached, (), POLICY, at(61)) == EscalatePerson("no_acknowledgement")


events = st.lists(
    st.one_of(
        st.tuples(st.just("wait"), st.floats(0.01, 20)),
        st.tuples(st.sampled_from(["taken", "failed", "refused", "crash"]), st.floats(0, 3)),
        st.tuples(st.sampled_from(["accepted", "received", "seen"]), st.floats(0, 3)),
    ),
    max_size=25,
)


@settings(max_examples=200)
@given(events, st.sampled_from([(), ("fcm",), ("fcm", "webpush"), ("fcm", "webpush", "sms")]))
def test_whatever_happens_the_courier_reaches_a_person_or_moves_on_in_bounded_time(
    happenings: list[tuple[str, float]], channels: tuple[str, ...]
) -> None:
    delivery, now = queued(), T0
    script = iter(happenings)
    for _ in range(400):
        step = next_step(delivery, channels, POLICY, now)
        kind, value = next(script, ("wait", 5.0))
        if isinstance(step, EscalatePerson | Done):
            break
        if isinstance(step, WaitUntil):
            assert step.at > now, "waiting always ends later than it begins"
            if kind in {"accepted", "received", "seen"}:
                delivery = advance(delivery, Fact(kind), now)
            else:
                now = min(step.at, now + timedelta(seconds=max(value, 0.01)))
            continue
        delivery = begin_send(delivery, step.step, now)
        now += timedelta(seconds=max(value, 0.01))
        if kind == "taken":
            delivery = send_taken(delivery)
        elif kind == "failed":
            delivery = send_failed(delivery, now + timedelta(seconds=retry_delay_s(delivery.failures + 1, 0.5)))
        elif kind == "refused":
            delivery = send_refused(delivery)
    else:
        pytest.fail("neither reached nor moved on")
    waited = (now - T0).total_seconds()
    assert waited <= 8 * max(1, len(channels)) + POLICY.acknowledge_within_s + 25 * 20


@given(st.integers(1, 50), st.floats(0, 1, exclude_max=True))
def test_backoff_is_bounded_and_never_undercuts_the_service(failures: int, jitter: float) -> None:
    wait = retry_delay_s(failures, jitter)
    assert RETRY_FIRST_S / 2 <= wait <= RETRY_SLOWEST_S
    assert retry_delay_s(failures, jitter, retry_after_s=30) >= 30
    assert T0 + timedelta(seconds=retry_delay_s(failures, jitter, retry_after_s=1e300)) > T0 + timedelta(hours=23)


def test_a_wrong_device_clock_is_not_believed() -> None:
    assert believed_time(at(-3600), T0, at(5)) == T0
    assert believed_time(at(3600), T0, at(5)) == at(5)
    assert believed_time(at(3), T0, at(5)) == at(3)


def test_end_states_are_true_ends() -> None:
    ended = [advance(queued(), Fact.ACKNOWLEDGED, at(1)), advance(queued(), Fact.MOVING, at(1))]
    ended += [end(queued(), ending, at(1)) for ending in Ending]
    for delivery in ended:
        assert state(delivery) in END_STATES
        assert next_step(delivery, FCM, POLICY, at(1000)) == Done()
    moved_on = end(decline(queued(), at(1)), Ending.SUPERSEDED, at(1))
    assert state(moved_on) == "declined"
    assert next_step(moved_on, FCM, POLICY, at(2)) == Done()
    assert msgspec.structs.asdict(moved_on)["declined"].at == at(1)
