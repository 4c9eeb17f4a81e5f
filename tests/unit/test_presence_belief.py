"""Where people are believed to be: from the last of each source, decaying, contradicting, in any order."""

from __future__ import annotations

import itertools
import random
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from people.presence import belief, passback
from people.presence.belief import Belief, Event, PhoneFix, Seen, Shift, Stay, Swipe, believe, is_believable, see
from people.presence.stretches import STEP, stretches

T0 = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
SITE, OTHER_SITE = UUID(int=1), UUID(int=2)
STORE, HALL = UUID(int=10), UUID(int=11)


def minutes(number: float) -> timedelta:
    return timedelta(minutes=number)


def swipe(after: float, zone: UUID | None = STORE, *, out: bool = False, site: UUID = SITE, key: str = "a") -> Swipe:
    return Swipe(at=T0 + minutes(after), key=key, site_id=site, zone_id=zone, off_site=out)


def fix(after: float, zone: UUID = STORE, share: float = 0.9, key: str = "p") -> PhoneFix:
    return PhoneFix(at=T0 + minutes(after), key=key, site_id=SITE, zone_id=zone, level=0, share=share)


def visit(after: float, zone: UUID | None = STORE, *, over: bool = False) -> Stay:
    return Stay(at=T0 + minutes(after), key="in", site_id=SITE, zone_id=zone, over=over)


def after(*events: Event, shift: Shift | None = None, at: float = 0.0) -> Belief:
    seen = Seen(shift=shift)
    for event in events:
        seen = see(seen, event)
    found = believe(seen, T0 + minutes(at))
    assert found is not None
    return found


def test_of_nobody_nothing_is_believed() -> None:
    assert believe(Seen(), T0) is None


def test_a_badge_says_where_its_holder_is() -> None:
    found = after(swipe(0))
    assert (found.on_site, found.zone_id, found.confidence, found.source) == (True, STORE, 0.95, "badge")


@pytest.mark.parametrize(
    ("event", "half_life_s", "trust"),
    [
        (swipe(0), belief.BADGE_HALF_LIFE_S, belief.BADGE_TRUST),
        (swipe(0, None, out=True), belief.GATE_OUT_HALF_LIFE_S, belief.BADGE_TRUST),
        (fix(0, share=0.5), belief.PHONE_HALF_LIFE_S, belief.PHONE_TRUST * 0.5),
        (visit(0), belief.VISIT_HALF_LIFE_S, belief.VISIT_TRUST),
        (visit(0, over=True), belief.GATE_OUT_HALF_LIFE_S, belief.SIGN_OUT_TRUST),
    ],
)
def test_every_source_is_worth_half_after_its_half_life(event: Event, half_life_s: float, trust: float) -> None:
    assert after(event, at=half_life_s / 60).confidence == pytest.approx(trust / 2, abs=1e-4)


def test_a_coarse_fix_is_worth_less_than_the_badge_it_contradicts() -> None:
    assert after(swipe(0), fix(5, HALL, share=0.2), at=5).zone_id == STORE


def test_a_sharp_fix_wins_over_an_old_badge_and_both_are_lowered() -> None:
    found = after(swipe(0), fix(60, HALL), at=60)
    assert found.zone_id == HALL
    assert found.confidence < after(fix(60, HALL), at=60).confidence


def test_sources_that_agree_support_each_other() -> None:
    assert after(swipe(0), fix(0)).confidence > after(swipe(0)).confidence


def test_the_gate_says_on_the_site_and_the_phone_says_where() -> None:
    found = after(swipe(0, None), fix(1, HALL, share=0.5), at=1)
    assert (found.on_site, found.zone_id, found.source) == (True, HALL, "phone")
    worthless = after(swipe(0, None), fix(1, HALL, share=0.1), at=1)
    assert (worthless.zone_id, worthless.source) == (None, "badge")


def test_out_at_the_gate_is_off_the_site_with_its_own_confidence() -> None:
    found = after(swipe(0), fix(29), swipe(30, None, out=True, key="b"), at=30)
    assert (found.on_site, found.zone_id, found.confidence > 0.5) == (False, None, True)


def test_a_phone_seen_inside_long_after_the_badge_went_out_is_believed() -> None:
    assert after(swipe(0, None, out=True), fix(120, HALL), at=120).on_site


def test_another_site_contradicts_this_one() -> None:
    found = after(fix(0), swipe(30, None, site=OTHER_SITE), at=30)
    assert (found.site_id, found.zone_id) == (OTHER_SITE, None)


def test_a_signed_out_visitor_is_off_the_site() -> None:
    assert not after(visit(0), visit(90, None, over=True), at=91).on_site


def test_a_shift_places_only_whom_nothing_else_does() -> None:
    shift = Shift(SITE, T0)
    expected = after(shift=shift)
    assert (expected.source, expected.on_site, expected.zone_id) == ("shift", False, None)
    assert expected.confidence == belief.SHIFT_TRUST
    assert after(swipe(-600, None, out=True), shift=shift).source == "shift"
    assert after(swipe(5, None, out=True), shift=shift, at=6).source == "badge"
    assert after(swipe(-5), shift=shift).source == "badge"


def test_what_is_older_than_a_double_shift_is_forgotten() -> None:
    seen = see(Seen(), swipe(0))
    assert believe(seen, T0 + belief.FORGOTTEN_AFTER) is not None
    assert believe(seen, T0 + belief.FORGOTTEN_AFTER + minutes(1)) is None


def test_what_is_still_to_come_is_not_believed_yet() -> None:
    assert believe(see(Seen(), swipe(1)), T0) is None


@pytest.mark.parametrize(
    ("late_s", "good"), [(0, True), (-10, True), (-11, False), (30 * 86_400, True), (30 * 86_400 + 1, False)]
)
def test_a_clock_that_is_far_off_is_not_believed(late_s: float, good: bool) -> None:
    assert is_believable(T0 - timedelta(seconds=late_s), T0) is good


@pytest.mark.parametrize(
    ("direction", "before", "wrong"),
    [
        ("in", None, None),
        ("in", "out", None),
        ("in", "in", "in_twice"),
        ("out", "in", None),
        ("out", "out", "out_without_in"),
        ("out", None, "out_without_in"),
    ],
)
def test_a_badge_can_not_come_in_twice_nor_leave_without(
    direction: passback.Direction, before: passback.Direction | None, wrong: str | None
) -> None:
    assert passback.violation(direction, before) == wrong


ZONES = st.sampled_from([STORE, HALL])
MOMENT = st.integers(-300, 60)
EVENTS = st.lists(
    st.one_of(
        st.builds(
            lambda m, z, o, s, k: swipe(m, None if o else z, out=o, site=s, key=k),
            MOMENT, st.none() | ZONES, st.booleans(), st.sampled_from([SITE, OTHER_SITE]), st.sampled_from("abc"),
        ),
        st.builds(fix, MOMENT, ZONES, st.floats(0, 0.95), st.sampled_from("pq")),
        st.builds(lambda m, z, o: visit(m, z, over=o), MOMENT, st.none() | ZONES, st.booleans()),
    ),
    max_size=12,
    # The key is what makes an event this one event.
    unique_by=lambda e: (type(e), e.at, e.key),
)  # fmt: skip


@given(EVENTS, st.randoms(use_true_random=False))
def test_any_order_and_any_repetition_gives_the_same_belief(events: list[Event], chance: random.Random) -> None:
    once, often = Seen(), Seen()
    for event in events:
        once = see(once, event)
    shuffled = events * 2
    chance.shuffle(shuffled)
    for event in shuffled:
        often = see(often, event)
    assert often == once
    assert believe(often, T0) == believe(once, T0)
    assert stretches(shuffled, T0 - minutes(120), T0) == stretches(events, T0 - minutes(120), T0)


@given(EVENTS, st.integers(0, 600))
def test_confidence_is_a_probability(events: list[Event], later: int) -> None:
    seen = Seen()
    for event in events:
        seen = see(seen, event)
    found = believe(seen, T0 + minutes(later))
    assert found is None or 0 <= found.confidence <= 1


@given(EVENTS)
def test_stretches_never_overlap_and_agree_with_the_belief_at_their_beginning(events: list[Event]) -> None:
    since, until = T0 - minutes(240), T0 + minutes(30)
    found = stretches(events, since, until)
    assert all(a.end <= b.start for a, b in itertools.pairwise(found))
    for it in found:
        seen = Seen()
        for event in events:
            if event.at <= it.start:
                seen = see(seen, event)
        then = believe(seen, it.start)
        assert then is not None
        assert (then.site_id, then.zone_id, not then.on_site) == (it.site_id, it.zone_id, it.off_site)
        assert since <= it.start < it.end <= until


def test_a_day_at_work_as_stretches() -> None:
    events: list[Event] = [
        swipe(0, None),
        swipe(10, STORE, key="b"),
        swipe(70, HALL, key="c"),
        swipe(100, None, out=True, key="d"),
    ]
    found = stretches(events, T0, T0 + minutes(120))
    assert [(it.zone_id, it.off_site, it.end - it.start) for it in found] == [
        (None, False, minutes(10)),
        (STORE, False, minutes(60)),
        (HALL, False, minutes(30)),
        (None, True, minutes(20)),
    ]
    # The mean of a decay lies between its ends.
    first = belief.decayed(belief.BADGE_TRUST, belief.BADGE_HALF_LIFE_S, minutes(60))
    assert first < found[1].confidence < belief.BADGE_TRUST


def test_a_phone_that_fell_silent_leaves_the_badge_to_speak_again() -> None:
    found = stretches([swipe(0), fix(30, HALL)], T0 + minutes(30), T0 + minutes(120))
    assert [it.zone_id for it in found] == [HALL, STORE]
    assert (found[0].end - found[0].start) % STEP == timedelta()


def test_a_gap_in_what_is_known_is_in_no_stretch() -> None:
    since = T0 + belief.FORGOTTEN_AFTER
    found = stretches([swipe(0), swipe(31 * 60, HALL, key="b")], since, since + minutes(120))
    assert [it.zone_id for it in found] == [STORE, HALL]
    assert found[0].end < found[1].start
