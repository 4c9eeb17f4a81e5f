"""Who is on call: an independent brute-force reference, time zones that jump, and what counts before what."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from dateutil.rrule import rrulestr
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import Invalid
from mobile_contract.rotas import HolidayDuty, Layer, RotaDefinition, Window
from mobile_contract.text import Text
from people.rotas import on_call
from people.rotas.on_call import Change, Reason, Stint, ready, rule_of
from people.rotas.wording import explain

A, B, C, D = (UUID(int=number) for number in range(1, 5))
NAMES = {A: "Ann", B: "Bo", C: "Cy", D: "Di"}
NAME = Text("班", "Rota")
ZONES = ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Shanghai", "Africa/Casablanca")
# In 2026: Berlin 29 March and 25 October, New York 8 March and 1 November, Lord Howe (30 minutes) 5 April and
# 4 October, Casablanca 15 February and 22 March (Ramadan); Shanghai never.
CHANGES = [date(2026, 2, 15), date(2026, 3, 8), date(2026, 3, 22), date(2026, 3, 29), date(2026, 4, 5)]
CHANGES += [date(2026, 10, 4), date(2026, 10, 25), date(2026, 11, 1)]
DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


def layer(*turns: UUID | list[UUID], **fields: Any) -> Layer:
    """A layer of these turns; every day at 08:00 from 2020 unless said."""
    given_: dict[str, Any] = {"starts_on": date(2020, 1, 1), "handover": "08:00"} | fields
    if not given_.keys() & {"weekdays", "rrule", "every_days"}:
        given_["every_days"] = 1
    return Layer(NAME, [turn if isinstance(turn, list) else [turn] for turn in turns], **given_)


def utc(text: str) -> datetime:
    """``2026-03-29T01:00``."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def who(roster: on_call.Roster, moment: datetime) -> list[UUID | None]:
    """Who stands at each position."""
    return [stint.account_id for stint in on_call.at(roster, moment)]


# The reference: every hand-over from the beginning, every window of every day, one after another.


def _clock(zone: ZoneInfo, day: date, clock: str) -> datetime:
    return datetime.combine(day, time.fromisoformat(clock), zone).astimezone(UTC)


def _reference_layer(zone: ZoneInfo, it: Layer, moment: datetime, sundays: set[date]) -> int | None:
    """The number of the turn that is on."""
    if it.ends_on is not None and moment >= _clock(zone, it.ends_on, it.handover):
        return None
    turn, began = -1, date.min
    for found in rrulestr(rule_of(it), dtstart=datetime.combine(it.starts_on, time())):
        if _clock(zone, found.date(), it.handover) > moment and found.date() > moment.date():
            break
        if _clock(zone, found.date(), it.handover) <= moment:
            turn, began = turn + 1, found.date()
    if turn < 0:
        return None
    if it.until is not None or it.days is not None:
        until = it.until or it.handover
        days = it.days if it.days is not None else int(until <= it.handover)
        if moment >= _clock(zone, began + timedelta(days=days), until):
            return None
    return turn if not it.windows or _reference_windows(zone, it, moment, sundays) else None


def _reference_windows(zone: ZoneInfo, it: Layer, moment: datetime, sundays: set[date]) -> bool:
    local = moment.astimezone(zone).date()
    for day in (local + timedelta(days=offset) for offset in range(-3, 4)):
        weekday = "sun" if day in sundays else DAYS[day.weekday()]
        for window in it.windows:
            if window.weekdays and weekday not in window.weekdays:
                continue
            closes = day + timedelta(days=int(window.ends <= window.starts))
            if _clock(zone, day, window.starts) <= moment < _clock(zone, closes, window.ends):
                return True
    return False


def reference(tz: str, definition: RotaDefinition, moment: datetime, sundays: set[date]) -> dict[int, UUID]:
    """Who stands where, without holidays' own people and changes."""
    zone, found = ZoneInfo(tz), {}
    for it in definition.layers:
        turn = _reference_layer(zone, it, moment, sundays)
        if turn is not None:
            for place, person in enumerate(it.turns[turn % len(it.turns)]):
                found[it.position + place] = person
    return found


CLOCKS = st.builds("{:02}:{:02}".format, st.integers(0, 23), st.sampled_from([0, 1, 15, 30, 59]))
RULES: st.SearchStrategy[dict[str, Any]] = st.sampled_from(
    [
        {"every_days": 1},
        {"every_days": 3},
        {"weekdays": ["mon"]},
        {"weekdays": ["sun", "thu"]},
        {"rrule": "FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,SU;WKST=SU"},
        {"rrule": "FREQ=WEEKLY"},
        {"rrule": "FREQ=DAILY;BYDAY=MO,WE,SU"},
        {"rrule": "FREQ=MONTHLY;BYDAY=-1SU"},
        {"rrule": "FREQ=MONTHLY;BYMONTHDAY=1,15,-1"},
        {"rrule": "FREQ=MONTHLY;INTERVAL=2;BYDAY=MO,TU,WE;BYSETPOS=-1"},
    ]
)
PEOPLE = st.sampled_from([A, B, C, D])
WINDOWS = st.builds(Window, CLOCKS, CLOCKS, st.lists(st.sampled_from(DAYS), max_size=4, unique=True))


@st.composite
def layers(draw: st.DrawFn, *, gapless: bool = False) -> Layer:
    """Any layer, or one that is on at every instant since 2025."""
    turns = draw(
        st.lists(st.lists(PEOPLE, min_size=1, max_size=1 if gapless else 3, unique=True), min_size=1, max_size=4)
    )
    fields: dict[str, Any] = dict(draw(RULES))
    fields["starts_on"] = draw(st.dates(date(2025, 9, 1), date(2025, 10, 28 if gapless else 31)))
    fields["handover"] = draw(CLOCKS)
    if not gapless:
        fields["position"] = draw(st.integers(0, 1))
        fields["until"] = draw(st.none() | CLOCKS)
        fields["windows"] = draw(st.lists(WINDOWS, max_size=2))
        fields["ends_on"] = draw(st.none() | st.dates(date(2026, 1, 1), date(2026, 12, 31)))
    return layer(*turns, **fields)


@st.composite
def moments(draw: st.DrawFn) -> datetime:
    """Around a change of the clocks, often just at it."""
    day = draw(st.sampled_from(CHANGES))
    start = datetime(day.year, day.month, day.day, tzinfo=UTC)
    return start + timedelta(minutes=draw(st.integers(-36 * 60, 60 * 60)))


@given(tz=st.sampled_from(ZONES), found=st.lists(layers(), min_size=1, max_size=3), moment=moments(), data=st.data())
def test_it_answers_as_counting_every_hand_over_would(
    tz: str, found: list[Layer], moment: datetime, data: st.DataObject
) -> None:
    definition = RotaDefinition(found)
    sundays = set(data.draw(st.lists(st.sampled_from(CHANGES).map(lambda d: d + timedelta(days=1)), max_size=2)))
    roster = ready(tz, definition, calendar=sorted(sundays))
    expected = reference(tz, definition, moment, sundays)
    assert {it.position: it.account_id for it in on_call.at(roster, moment) if it.account_id} == expected


@given(tz=st.sampled_from(ZONES), found=layers(gapless=True), moment=moments())
@settings(max_examples=50)
def test_a_rota_without_gaps_has_one_person_at_every_instant(tz: str, found: Layer, moment: datetime) -> None:
    roster = ready(tz, RotaDefinition([found]))
    stints = on_call.timeline(roster, moment, moment + timedelta(days=20))
    assert all(stint.account_id is not None for stint in stints)
    assert [before.ends_at for before, _ in pairwise(stints)] == [after.starts_at for _, after in pairwise(stints)]
    assert (stints[0].starts_at, stints[-1].ends_at) == (moment, moment + timedelta(days=20))


@st.composite
def changes(draw: st.DrawFn, moment: datetime) -> list[Change]:
    """A few overrides around the moment."""
    found = []
    for number in range(draw(st.integers(0, 4))):
        start = moment + timedelta(minutes=draw(st.integers(-3000, 3000)))
        removed, added = draw(st.none() | PEOPLE), draw(st.none() | PEOPLE)
        if removed is None and added is None:
            added = A
        position = draw(st.integers(0, 2)) if removed is None else None
        swap = draw(st.none() | st.just(UUID(int=99)))
        end = start + timedelta(minutes=draw(st.integers(1, 4000)))
        found.append(Change(UUID(int=100 + number), start, end, removed, added, position, swap))
    return found


@given(tz=st.sampled_from(ZONES), found=st.lists(layers(), min_size=1, max_size=2), moment=moments(), data=st.data())
def test_the_answer_at_a_moment_is_the_one_of_the_period_around_it(
    tz: str, found: list[Layer], moment: datetime, data: st.DataObject
) -> None:
    holidays = [
        HolidayDuty(it, [D, C]) for it in data.draw(st.lists(st.sampled_from(CHANGES), max_size=2, unique=True))
    ]
    starts = data.draw(CLOCKS)
    roster = ready(
        tz,
        RotaDefinition(found, holidays, starts),
        calendar=data.draw(st.lists(st.sampled_from(CHANGES), max_size=2)),
        changes=data.draw(changes(moment)),
        disabled=frozenset(data.draw(st.lists(PEOPLE, max_size=1))),
    )
    start, end = moment - timedelta(days=9), moment + timedelta(days=9)
    stints = on_call.timeline(roster, start, end)
    for position in roster.positions:
        own = [stint for stint in stints if stint.position == position]
        assert own[0].starts_at == start
        assert own[-1].ends_at == end
        for before, after in pairwise(own):
            assert before.ends_at == after.starts_at
            assert (before.account_id, before.reason) != (after.account_id, after.reason)
    for whole in on_call.at(roster, moment):
        cut = Stint(
            whole.position, whole.account_id, max(whole.starts_at, start), min(whole.ends_at, end), whole.reason
        )
        assert cut in stints
        assert explain(roster, whole.reason, NAMES).en


@given(tz=st.sampled_from(ZONES), found=layers(gapless=True), rounds=st.integers(1, 5))
def test_turns_come_round_fairly(tz: str, found: Layer, rounds: int) -> None:
    roster = ready(tz, RotaDefinition([found]))
    wanted = rounds * len(found.turns)
    handovers = rrulestr(rule_of(found), dtstart=datetime.combine(found.starts_on, time()))
    begun = [
        _clock(ZoneInfo(tz), next_.date(), found.handover) for next_, _ in zip(handovers, range(wanted), strict=False)
    ]
    served = [on_call.at(roster, moment)[0] for moment in begun]
    assert [stint.reason.turn for stint in served] == list(range(wanted))
    assert [stint.starts_at for stint in served] == begun
    expected = Counter(turn[0] for turn in found.turns)
    assert Counter(stint.account_id for stint in served) == {person: n * rounds for person, n in expected.items()}


@pytest.mark.parametrize(
    ("tz", "evening", "hours"),
    [
        ("Europe/Berlin", date(2026, 3, 28), 7),
        ("Europe/Berlin", date(2026, 10, 24), 9),
        ("Europe/Berlin", date(2026, 6, 1), 8),
        ("Australia/Lord_Howe", date(2026, 10, 3), 7.5),
        ("Australia/Lord_Howe", date(2026, 4, 4), 8.5),
        ("Asia/Shanghai", date(2026, 3, 28), 8),
    ],
)
def test_a_night_shift_keeps_its_wall_clock_times(tz: str, evening: date, hours: float) -> None:
    roster = ready(tz, RotaDefinition([layer(A, B, handover="22:00", until="06:00")]))
    begins = _clock(ZoneInfo(tz), evening, "22:00")
    night = on_call.at(roster, begins)[0]
    assert (night.starts_at, night.ends_at - night.starts_at) == (begins, timedelta(hours=hours))


def test_a_hand_over_in_the_skipped_hour_takes_place_with_the_offset_before_it() -> None:
    """02:30 does not exist in Berlin on 29 March 2026: 02:30+01:00 is 03:30+02:00 (RFC 5545 section 3.3.5)."""
    roster = ready("Europe/Berlin", RotaDefinition([layer(A, B, handover="02:30")]))
    before, after = on_call.timeline(roster, utc("2026-03-29T00:45"), utc("2026-03-29T02:00"))
    assert before.ends_at == after.starts_at == utc("2026-03-29T01:30")
    assert before.account_id != after.account_id


def test_a_hand_over_in_the_hour_that_comes_twice_is_in_the_first() -> None:
    """02:30 comes twice in Berlin on 25 October 2026: the first is 02:30+02:00."""
    roster = ready("Europe/Berlin", RotaDefinition([layer(A, B, handover="02:30")]))
    stints = on_call.timeline(roster, utc("2026-10-25T00:00"), utc("2026-10-25T04:00"))
    assert [stint.starts_at for stint in stints] == [utc("2026-10-25T00:00"), utc("2026-10-25T00:30")]


def test_a_window_that_the_clocks_skip_does_not_open() -> None:
    within = layer(A, windows=[Window("02:45", "03:15")])
    roster = ready("Europe/Berlin", RotaDefinition([within]))
    on = [it for it in on_call.timeline(roster, utc("2026-03-28T00:00"), utc("2026-03-31T00:00")) if it.account_id]
    assert [it.starts_at for it in on] == [utc("2026-03-28T01:45"), utc("2026-03-30T00:45")]


def test_a_day_that_did_not_exist_hands_over_twice_at_once() -> None:
    """Samoa went from 29 to 31 December 2011: the turn of the 30th has no length, and nobody loses their next one."""
    roster = ready("Pacific/Apia", RotaDefinition([layer(A, B, C, starts_on=date(2011, 12, 28), handover="10:00")]))
    stints = on_call.timeline(roster, utc("2011-12-28T20:00"), utc("2012-01-01T20:00"))
    assert [stint.reason.turn for stint in stints] == [0, 1, 3, 4]


def test_the_last_layer_that_is_on_counts() -> None:
    weekend = layer(B, weekdays=["sat"], handover="00:00", days=2)
    roster = ready("UTC", RotaDefinition([layer(A), weekend]))
    assert who(roster, utc("2026-03-06T23:59")) == [A]
    assert who(roster, utc("2026-03-07T00:00")) == [B]
    assert who(roster, utc("2026-03-09T00:00")) == [A]


def test_the_crew_of_a_turn_takes_its_positions() -> None:
    roster = ready("UTC", RotaDefinition([layer([A, B], [C]), layer(D, position=2)]))
    assert roster.positions == (0, 1, 2)
    assert who(roster, utc("2020-01-01T09:00")) == [A, B, D]
    short = on_call.at(roster, utc("2020-01-02T09:00"))
    assert [stint.account_id for stint in short] == [C, None, D]
    assert explain(roster, short[1].reason, {}).en == "nobody: “Rota” has nobody at this position in this turn"


def test_a_gap_says_what_each_layer_is() -> None:
    gone = layer(A, ends_on=date(2021, 1, 1))
    to_come = layer(B, starts_on=date(2027, 1, 1))
    by_night = layer(C, windows=[Window("22:00", "06:00", ["mon", "tue", "wed", "thu", "fri"])])
    short = layer(D, until="09:00")
    roster = ready("Europe/Berlin", RotaDefinition([gone, to_come, by_night, short]))
    gap = on_call.at(roster, utc("2026-03-02T12:00"))[0]
    assert (gap.account_id, gap.starts_at, gap.ends_at) == (None, utc("2026-03-02T08:00"), utc("2026-03-02T21:00"))
    assert gap.reason.off == ((3, "between"), (2, "outside"), (1, "not_begun"), (0, "ended"))
    why = explain(roster, gap.reason, {})
    assert (
        why.en
        == "nobody: “Rota” is between two turns; “Rota” is outside its hours; “Rota” has not begun; “Rota” has ended"
    )
    assert why.zh.startswith("无人：“班”不在班次时间内；")


def test_a_gap_without_an_end_is_followed_for_a_month() -> None:
    roster = ready("UTC", RotaDefinition([layer(A, ends_on=date(2020, 1, 2))]))
    moment = utc("2026-03-02T12:00")
    gap = on_call.at(roster, moment)[0]
    assert (gap.starts_at, gap.ends_at) == (moment - on_call.GAP_SEARCH, moment + on_call.GAP_SEARCH)


def test_a_holiday_of_the_calendar_has_a_sundays_windows() -> None:
    workdays = layer(A, windows=[Window("08:00", "20:00", ["mon", "tue", "wed", "thu", "fri"])])
    sundays = layer(B, windows=[Window("08:00", "20:00", ["sun"])])
    roster = ready("Asia/Shanghai", RotaDefinition([workdays, sundays]), calendar=[date(2026, 10, 1)])
    assert who(roster, utc("2026-09-30T04:00")) == [A]
    holiday = on_call.at(roster, utc("2026-10-01T04:00"))[0]
    assert (holiday.account_id, holiday.reason.day) == (B, date(2026, 10, 1))
    assert explain(roster, holiday.reason, {}).en.endswith("; 2026-10-01 is a holiday and counts as a Sunday")
    assert explain(roster, holiday.reason, {}).zh.endswith("；2026-10-01 为节假日，按星期日")


def test_swaps_and_overrides_go_before_holidays_and_holidays_before_the_rotation() -> None:
    definition = RotaDefinition([layer([A, B])], [HolidayDuty(date(2026, 10, 1), [C])], "06:00")
    noon = utc("2026-10-01T12:00")
    swap = Change(UUID(int=7), utc("2026-10-01T10:00"), utc("2026-10-01T14:00"), C, D, swap_id=UUID(int=8))
    later = Change(UUID(int=9), utc("2026-10-01T11:00"), utc("2026-10-01T13:00"), D, A)
    plain = ready("UTC", definition)
    assert who(plain, utc("2026-10-01T05:59")) == [A, B]
    assert who(plain, noon) == [C, B]
    assert on_call.at(plain, noon)[0].starts_at == utc("2026-10-01T06:00")
    assert explain(plain, on_call.at(plain, noon)[0].reason, {}).zh == "节假日 2026-10-01 专门排班"
    swapped = ready("UTC", definition, changes=[swap])
    stint = on_call.at(swapped, noon)[0]
    assert (stint.account_id, stint.starts_at, stint.ends_at) == (D, swap.starts_at, swap.ends_at)
    assert explain(swapped, stint.reason, NAMES).en == "an accepted swap with Cy"
    changed = ready("UTC", definition, changes=[swap, later])
    assert who(changed, noon) == [A, B]
    assert explain(changed, on_call.at(changed, noon)[0].reason, NAMES).en == "an override, instead of Di"
    # Made before the swap, it finds nobody to stand in for.
    assert who(ready("UTC", definition, changes=[later, swap]), noon) == [D, B]


def test_somebody_is_removed_and_somebody_added() -> None:
    noon = utc("2026-03-02T12:00")
    period = (utc("2026-03-02T10:00"), utc("2026-03-02T14:00"))
    removed = Change(UUID(int=7), *period, removed=A)
    added = Change(UUID(int=8), *period, added=B, position=0)
    extra = Change(UUID(int=9), *period, added=C, position=3)
    roster = ready("UTC", RotaDefinition([layer(A)]), changes=[removed])
    gap = on_call.at(roster, noon)[0]
    assert (gap.account_id, gap.starts_at, gap.ends_at) == (None, *period)
    assert explain(roster, gap.reason, NAMES).en == "nobody: Ann was taken off by an override"
    roster = ready("UTC", RotaDefinition([layer(A)]), changes=[removed, added, extra])
    assert (roster.positions, who(roster, noon)) == ((0, 3), [B, C])
    assert explain(roster, on_call.at(roster, noon)[0].reason, {}).en == "added by an override"
    assert explain(roster, on_call.at(roster, utc("2026-03-03T12:00"))[1].reason, {}).en == (
        "nobody: no layer covers this position"
    )


def test_a_disabled_account_is_a_gap_that_says_so() -> None:
    roster = ready("UTC", RotaDefinition([layer(A, B)]), disabled=frozenset({A}))
    gap = on_call.at(roster, utc("2020-01-01T12:00"))[0]
    assert (gap.account_id, gap.reason.instead_of) == (None, A)
    assert (gap.starts_at, gap.ends_at) == (utc("2020-01-01T08:00"), utc("2020-01-02T08:00"))
    assert explain(roster, gap.reason, NAMES).en == "nobody: the account of Ann is disabled"


def test_the_rotation_names_its_turn() -> None:
    roster = ready("Europe/Berlin", RotaDefinition([layer(A, B, weekdays=["mon"])]))
    stint = on_call.at(roster, utc("2026-03-04T12:00"))[0]
    assert explain(roster, stint.reason, {}) == Text(
        "“班”第 2/2 班，2026-03-02 08:00 交接", "“Rota”, turn 2 of 2, handed over 2026-03-02 08:00"
    )
    assert stint.reason == Reason("rotation", 0, 321, utc("2026-03-02T07:00"))


def test_a_period_of_too_many_duties_is_refused() -> None:
    windows = [Window(f"{hour:02}:00", f"{hour:02}:30") for hour in range(24)]
    roster = ready("UTC", RotaDefinition([layer([A, B], windows=windows)]))
    with pytest.raises(Invalid) as refused:
        on_call.timeline(roster, utc("2026-01-01T00:00"), utc("2026-04-01T00:00"))
    assert (refused.value.field, refused.value.limit) == ("to", on_call.STINTS_MAX)


def test_an_old_rota_is_asked_far_ahead() -> None:
    """Arithmetic, not counting: a rule's days are the same after seventy years."""
    old = layer(A, B, C, starts_on=date(2000, 1, 1), every_days=1)
    first = on_call.at(ready("UTC", RotaDefinition([old])), utc("2000-01-01T08:00"))[0]
    last = on_call.at(ready("UTC", RotaDefinition([old])), utc("2099-12-31T08:00"))[0]
    assert (first.reason.turn, last.reason.turn) == (0, 36524)
