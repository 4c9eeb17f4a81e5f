"""Who is on duty at a moment, from when until when, and why. Pure; times in and out are UTC, rules are local.

What counts, strongest first, and where two of a kind meet, the one that was made last:

1. overrides and accepted swaps, in the order they were made, each changing what those before it left;
2. a date with people of its own (``RotaDefinition.holidays``);
3. the rotation: of the layers at a position, the last in the list that is on. On a day of the rota's holiday calendar a
   layer's windows are those of a Sunday; a window belongs to the local day it opens on. Hand-overs stay where they are.

Whoever is then on duty and has a disabled account is left out: the position is empty, and the reason says so.

Local times follow RFC 5545 section 3.3.5 (in Python's terms PEP 495, fold=0): one that does not exist, in the hour the
clocks skip, is taken with the offset before the gap (02:30 becomes 03:30); one that comes twice is the first. Section
3.3.10 would drop a recurrence at a local time that does not exist; a dropped hand-over would leave the old crew on duty
for a whole turn longer and shift everybody's turn after it, so here it takes place. Hand-overs keep their wall-clock
time: a shift from 22:00 to 06:00 has 7 hours when the clocks go forward and 9 when they go back (nominal duration,
section 3.3.6).
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Literal, TypeAlias
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from core.errors import Invalid
from mobile_contract.rotas import Layer, RotaDefinition, Weekday, Window
from people.rotas.recurrence import Recurrence, recurrence, rule_of_days, rule_of_weekdays

Cause: TypeAlias = Literal["rotation", "holiday", "override", "swap", "nobody", "removed", "disabled"]
OffBecause: TypeAlias = Literal["not_begun", "ended", "between", "outside", "short"]

BEGINNING = datetime(1, 1, 2, tzinfo=UTC)
END = datetime(9999, 12, 30, tzinfo=UTC)
# How far the ends of a gap are looked for; a gap that is longer is said to be this long.
GAP_SEARCH = timedelta(days=31)
# An answer of some 2 MB, and half a second of work: a crew of 50 for a quarter has 4,600.
STINTS_MAX = 5000
_TICK = timedelta(microseconds=1)
_DAYS: tuple[Weekday, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_SUNDAY = 6
# Windows that open this many days before or after are looked at in one step; longer stretches are put together.
_REACH = 3
# Local times kept converted: rotas of a plant share their zone, their days and their times of day.
_KEPT = 16_384


class Reason(msgspec.Struct, frozen=True):
    """Why it is so, as facts; ``wording.explain`` makes sentences of it.

    ``layer`` and ``turn`` number the rotation's part (the turn counts from 0 without end) and ``since`` is that turn's
    hand-over; ``day`` is the holiday; ``change`` the override; ``instead_of`` whom it (or a disabling) took off duty;
    ``off`` says for a gap what each layer of the position is.
    """

    cause: Cause
    layer: int | None = None
    turn: int | None = None
    since: datetime | None = None
    day: date | None = None
    change: UUID | None = None
    instead_of: UUID | None = None
    off: tuple[tuple[int, OffBecause], ...] = ()


class Stint(msgspec.Struct, frozen=True):
    """One position from ``starts_at`` until before ``ends_at``; ``account_id`` None: nobody."""

    position: int
    account_id: UUID | None
    starts_at: datetime
    ends_at: datetime
    reason: Reason


class Change(msgspec.Struct, frozen=True):
    """An override, or one half of an accepted swap (``swap_id``), from until before.

    ``removed`` and ``added``: ``added`` stands wherever ``removed`` would be. ``removed`` alone: that person's position
    is empty. ``added`` alone: at ``position``, whoever is there.
    """

    id: UUID
    starts_at: datetime
    ends_at: datetime
    removed: UUID | None = None
    added: UUID | None = None
    position: int | None = None
    swap_id: UUID | None = None


class _Span(msgspec.Struct, frozen=True):
    """A time in which one layer does not change; ``turn`` None: it is off, because of ``off``."""

    start: datetime
    end: datetime
    turn: int | None = None
    since: datetime | None = None
    day: date | None = None
    off: OffBecause = "between"


class _Track(msgspec.Struct, frozen=True):
    """A layer made ready: times in minutes of the day, days as ordinals."""

    number: int
    layer: Layer
    days: Recurrence
    handover: int
    until: int
    lasts_days: int | None
    ends_on: int | None
    windows: tuple[tuple[int, int, frozenset[int]], ...]


class Roster(msgspec.Struct, frozen=True):
    """A rota made ready to be asked: its definition, the calendar's days, changes in the order they were made."""

    zone: ZoneInfo
    definition: RotaDefinition
    tracks: tuple[_Track, ...]
    positions: tuple[int, ...]
    sundays: frozenset[int]
    changes: tuple[Change, ...]
    disabled: frozenset[UUID]
    own_days: tuple[int, ...]


def ready(
    tz: str,
    definition: RotaDefinition,
    *,
    calendar: Sequence[date] = (),
    changes: Sequence[Change] = (),
    disabled: frozenset[UUID] = frozenset(),
) -> Roster:
    """Make a checked definition ready; ``changes`` in the order they were made."""
    tracks = tuple(_track(number, layer) for number, layer in enumerate(definition.layers))
    holidays = sorted(definition.holidays, key=lambda duty: duty.on)
    positions = {t.layer.position + place for t in tracks for place in range(max(map(len, t.layer.turns)))}
    positions |= {place for duty in holidays for place in range(len(duty.people))}
    positions |= {change.position for change in changes if change.position is not None}
    return Roster(
        ZoneInfo(tz),
        msgspec.structs.replace(definition, holidays=holidays),
        tracks,
        tuple(sorted(positions)),
        frozenset(day.toordinal() for day in calendar),
        tuple(changes),
        disabled,
        tuple(duty.on.toordinal() for duty in holidays),
    )


def at(roster: Roster, moment: datetime) -> list[Stint]:
    """Every position at this moment, first on call first, each with its true beginning and end."""
    return [around(roster, position, moment) for position in roster.positions]


def around(roster: Roster, position: int, moment: datetime) -> Stint:
    """One position at this moment, with its true beginning and end."""
    return _whole(roster, _segment(roster, position, moment), moment)


def timeline(roster: Roster, start: datetime, end: datetime) -> list[Stint]:
    """Every position through ``[start, end)``, by position and time; stints cut off where the period is.

    Raises Invalid when there are more than STINTS_MAX of them.
    """
    stints: list[Stint] = []
    for position in roster.positions:
        moment = start
        while moment < end:
            found = _segment(roster, position, moment)
            cut = msgspec.structs.replace(found, starts_at=moment, ends_at=min(found.ends_at, end))
            if stints and continues(stints[-1], cut):
                cut = msgspec.structs.replace(cut, starts_at=stints.pop().starts_at)
            stints.append(cut)
            moment = cut.ends_at
            if len(stints) > STINTS_MAX:
                raise too_many(end)
    return stints


def too_many(end: datetime) -> Invalid:
    """More duties than STINTS_MAX until this time."""
    return Invalid(
        "duties.too_many",
        f"there are more than {STINTS_MAX} duties in this period; ask for a shorter one",
        f"此时段内的班次超过 {STINTS_MAX} 个，请缩短时段",
        field="to",
        value=end.isoformat(),
        limit=STINTS_MAX,
    )


@lru_cache(_KEPT)
def instant(zone: ZoneInfo, day: int, minute: int) -> datetime:
    """A local time as UTC: RFC 5545 section 3.3.5, see above."""
    on = date.fromordinal(day)
    return datetime(on.year, on.month, on.day, minute // 60, minute % 60, tzinfo=zone).astimezone(UTC)


def minute_of(clock: str) -> int:
    """``HH:MM`` as a minute of the day."""
    return int(clock[:2]) * 60 + int(clock[3:])


def rule_of(layer: Layer) -> str:
    """The layer's hand-overs as an RRULE over dates."""
    if layer.rrule is not None:
        return layer.rrule
    return rule_of_weekdays(list(layer.weekdays)) if layer.every_days is None else rule_of_days(layer.every_days)


def _track(number: int, layer: Layer) -> _Track:
    handover = minute_of(layer.handover)
    until = handover if layer.until is None else minute_of(layer.until)
    lasts = layer.days
    if lasts is None and layer.until is not None:
        lasts = 0 if until > handover else 1
    ends_on = None if layer.ends_on is None else layer.ends_on.toordinal()
    windows = tuple(_window(window) for window in layer.windows)
    return _Track(number, layer, recurrence(rule_of(layer), layer.starts_on), handover, until, lasts, ends_on, windows)


def _window(window: Window) -> tuple[int, int, frozenset[int]]:
    days = frozenset(_DAYS.index(day) for day in window.weekdays or _DAYS)
    return minute_of(window.starts), minute_of(window.ends), days


def continues(before: Stint, after: Stint) -> bool:
    """Whether one goes on in the other: they meet, and the same person is there for the same reason."""
    return (
        before.ends_at == after.starts_at
        and before.position == after.position
        and before.account_id == after.account_id
        and before.reason == after.reason
    )


def _whole(roster: Roster, found: Stint, moment: datetime) -> Stint:
    """The stint grown to where it really begins and ends: a segment may stop where nothing changes."""
    earliest, latest = BEGINNING, END
    if found.account_id is None:
        earliest, latest = max(BEGINNING, moment - GAP_SEARCH), min(END, moment + GAP_SEARCH)
    start, end = max(found.starts_at, earliest), min(found.ends_at, latest)
    # A turn has no moment before its hand-over.
    while start > earliest and start != found.reason.since:
        before = _segment(roster, found.position, start - _TICK)
        if (before.account_id, before.reason) != (found.account_id, found.reason):
            break
        start = max(before.starts_at, earliest)
    while end < latest:
        after = _segment(roster, found.position, end)
        if (after.account_id, after.reason) != (found.account_id, found.reason):
            break
        end = min(after.ends_at, latest)
    return msgspec.structs.replace(found, starts_at=start, ends_at=end)


def _segment(roster: Roster, position: int, moment: datetime) -> Stint:
    """The position around this moment: constant from ``starts_at`` to ``ends_at``, which may not be all of it."""
    found = _by_holiday(roster, position, moment)
    for change in roster.changes:
        found = _by_change(found, change, moment)
    if found.account_id in roster.disabled:
        gone = msgspec.structs.replace(found.reason, cause="disabled", instead_of=found.account_id)
        found = msgspec.structs.replace(found, account_id=None, reason=gone)
    return found


def _by_change(found: Stint, change: Change, moment: datetime) -> Stint:
    concerns = change.position == found.position if change.removed is None else change.removed == found.account_id
    if not concerns:
        return found  # nobody changes while it lasts, so it concerns none of it
    if moment < change.starts_at:
        return msgspec.structs.replace(found, ends_at=min(found.ends_at, change.starts_at))
    if moment >= change.ends_at:
        return msgspec.structs.replace(found, starts_at=max(found.starts_at, change.ends_at))
    start, end = max(found.starts_at, change.starts_at), min(found.ends_at, change.ends_at)
    if change.added is None:
        cause: Cause = "removed"
    else:
        cause = "override" if change.swap_id is None else "swap"
    was = found.reason
    reason = Reason(cause, was.layer, was.turn, was.since, was.day, change.id, found.account_id)
    return Stint(found.position, change.added, start, end, reason)


def _by_holiday(roster: Roster, position: int, moment: datetime) -> Stint:
    """The people of the date, or else the rotation between the nearest dates that have people for the position."""
    earliest, latest = BEGINNING, END
    if roster.own_days:
        begins = minute_of(roster.definition.holiday_starts)
        # Local days may overlap in UTC by a change of the clocks at midnight: begin a day later, step back.
        nearest = bisect_right(roster.own_days, moment.astimezone(roster.zone).toordinal() + 1)
        for duty in reversed(roster.definition.holidays[:nearest]):
            if len(duty.people) <= position:
                continue
            start = instant(roster.zone, duty.on.toordinal(), begins)
            end = instant(roster.zone, duty.on.toordinal() + 1, begins)
            if start <= moment < end:
                return Stint(position, duty.people[position], start, end, Reason("holiday", day=duty.on))
            if end <= moment:
                earliest = end
                break
            latest = start
        following = (it for it in roster.definition.holidays[nearest:] if len(it.people) > position)
        if latest == END and (coming := next(following, None)) is not None:
            latest = instant(roster.zone, coming.on.toordinal(), begins)
    return _by_rotation(roster, position, moment, earliest, latest)


def _by_rotation(roster: Roster, position: int, moment: datetime, start: datetime, end: datetime) -> Stint:
    off: list[tuple[int, OffBecause]] = []
    for track in reversed(roster.tracks):
        layer = track.layer
        place = position - layer.position
        if not 0 <= place < max(map(len, layer.turns)):
            continue
        span = _span(roster, track, moment)
        start, end = max(start, span.start), min(end, span.end)
        if span.turn is None:
            off.append((track.number, span.off))
            continue
        crew = layer.turns[span.turn % len(layer.turns)]
        if place < len(crew):
            reason = Reason("rotation", track.number, span.turn, span.since, span.day)
            return Stint(position, crew[place], start, end, reason)
        off.append((track.number, "short"))
    return Stint(position, None, start, end, Reason("nobody", off=tuple(off)))


def _span(roster: Roster, track: _Track, moment: datetime) -> _Span:
    """What the layer is at this moment, and a time around it in which that does not change."""
    turn = _turn(roster.zone, track, moment)
    if turn.turn is None or not track.windows:
        return turn
    edges, inside, day = _windows(roster.zone, track.windows, roster.sundays, moment)
    start, end = max(turn.start, edges[0]), min(turn.end, edges[1])
    if not inside:
        return _Span(start, end, off="outside")
    return _Span(start, end, turn.turn, turn.since, day)


def _turn(zone: ZoneInfo, track: _Track, moment: datetime) -> _Span:
    stop = END if track.ends_on is None else instant(zone, track.ends_on, track.handover)
    if moment >= stop:
        return _Span(stop, END, off="ended")
    # Local days may overlap in UTC by a change of the clocks at midnight: begin a day later, step back.
    turn = track.days.latest(moment.astimezone(zone).toordinal() + 1)
    while turn >= 0 and (begin := instant(zone, track.days.day(turn), track.handover)) > moment:
        turn -= 1
    following = instant(zone, track.days.day(turn + 1), track.handover)
    if turn < 0:
        return _Span(BEGINNING, min(following, stop), off="not_begun")
    over = min(following, stop)
    if track.lasts_days is not None:
        over = min(over, instant(zone, track.days.day(turn) + track.lasts_days, track.until))
    if moment < over:
        return _Span(begin, over, turn, begin)
    return _Span(max(over, begin), min(following, stop))


def _windows(
    zone: ZoneInfo, windows: tuple[tuple[int, int, frozenset[int]], ...], sundays: frozenset[int], moment: datetime
) -> tuple[tuple[datetime, datetime], bool, date | None]:
    """The nearest edges around the moment, whether it is inside a window, and the holiday that opened it as Sunday."""
    today = moment.astimezone(zone).toordinal()
    # Every window that touches these days opens in reach; what lies beyond is for the next step.
    before, after = instant(zone, today - _REACH + 2, 0), instant(zone, today + _REACH - 1, 0)
    inside, holiday = False, None
    for day in range(today - _REACH, today + _REACH):
        weekday = _SUNDAY if day in sundays else (day - 1) % 7
        for opens, closes, weekdays in windows:
            if weekday not in weekdays:
                continue
            start = instant(zone, day, opens)
            end = instant(zone, day + (closes <= opens), closes)
            if end <= start:
                continue  # the clocks skip all of it
            if start <= moment < end:
                inside = True
                holiday = date.fromordinal(day) if day in sundays else holiday
            for edge in (start, end):
                if edge <= moment:
                    before = max(before, edge)
                else:
                    after = min(after, edge)
    return (before, after), inside, holiday
