"""The health of an alarm system, from counts: each figure with its target, the target's source and a verdict. Pure.

Targets are those of ISA-18.2-2016 clause 16 (IEC 62682:2022 clause 16 has the same table), where it has one. They are
for one operating position: rates are divided by how many share an area. A call is an alarm shown to people, again or
for the first time. Ten-minute bins begin at whole ten minutes; one that a period's border cuts counts what is in it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Literal, TypeAlias
from uuid import UUID

import msgspec

from incidents.alarms.kpi_answers import percentile_s
from incidents.alarms.kpi_periods import Period
from mobile_contract.text import Text

Verdict: TypeAlias = Literal["ok", "acceptable", "manageable", "overloaded"]

BIN_S = 600
# ISA-18.2-2016 clause 16: a flood begins with more than 10 alarms in ten minutes and ends with fewer than 5.
FLOOD_ABOVE, FLOOD_BELOW = 10, 5
# Far enough back to know whether a period begins within a flood: one that lasts for longer than a day is a plant that
# stands still.
LOOK_BACK = timedelta(days=1)
STALE_AFTER = timedelta(hours=24)
TOP = 10

_ISA = "ISA-18.2-2016 clause 16; IEC 62682"
_EEMUA = "EEMUA 191; ISA-18.2-2016 clause 16"
_NONE = ""
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Rule(msgspec.Struct, frozen=True):
    """A rule's calls in the period, and how many of them were the third or later within a minute."""

    rule_id: UUID
    calls: int
    chattering: int


class Standing(msgspec.Struct, frozen=True):
    """An alarm's time in alarm; ``end`` None: it stands."""

    start: datetime
    end: datetime | None


class History(msgspec.Struct, frozen=True, kw_only=True):
    """What happened in a period. ``bins``: (ten minutes since the epoch, calls) with calls alone, in order; ``before``:
    the same of LOOK_BACK; ``rules``: those that called or chattered most; ``answers``: calls by step of the ladder."""

    bins: Sequence[tuple[int, int]] = ()
    before: Sequence[tuple[int, int]] = ()
    low: int = 0
    medium: int = 0
    high: int = 0
    answered: int = 0
    fleeting: int = 0
    shelved: int = 0
    by_design: int = 0
    out_of_service: int = 0
    rules: Sequence[Rule] = ()
    chattering_rules: int = 0
    answers: Mapping[int, int] = {}
    standing: Sequence[Standing] = ()

    @property
    def calls(self) -> int:
        """All calls of the period."""
        return self.low + self.medium + self.high


class Figure(msgspec.Struct, frozen=True):
    """One figure. ``value`` None: nothing to count it from. ``target``: the bound of the best verdict, None where no
    standard has one; then there is no verdict either."""

    key: str
    label: Text
    value: float | None
    unit: str
    target: float | None
    verdict: Verdict | None
    source: str


class Floods(msgspec.Struct, frozen=True):
    """Floods that touch a period, and the time of it that they take."""

    count: int
    seconds: float


class Performance(msgspec.Struct, frozen=True):
    """A period's figures; ``worst`` is the gravest verdict among them."""

    period: Period
    calls: int
    figures: list[Figure]
    worst: Verdict | None
    top: list[Rule]
    chattering: list[Rule]


_GRAVITY: tuple[Verdict, ...] = ("ok", "acceptable", "manageable", "overloaded")


def measure(period: Period, history: History, days: Sequence[Period], *, operators: int = 1) -> Performance:
    """Every figure of the period. ``days`` are the local days that it is made of: stale alarms are counted by day."""
    figures = [
        *_rates(period, history, operators),
        *_floods(period, history),
        *_offenders(history, days),
        *_priorities(history),
        *_answers(history),
    ]
    verdicts = [f.verdict for f in figures if f.verdict is not None]
    top = sorted(history.rules, key=lambda r: (-r.calls, r.rule_id))[:TOP]
    chattering = sorted((r for r in history.rules if r.chattering), key=lambda r: (-r.chattering, r.rule_id))[:TOP]
    worst = max(verdicts, key=_GRAVITY.index, default=None)
    return Performance(period, history.calls, figures, worst, top, chattering)


def _rates(period: Period, history: History, operators: int) -> list[Figure]:
    calls = history.calls / operators
    hours = period.seconds / 3600
    peak_bin = max((calls for _, calls in history.bins), default=0) / operators
    return [
        _rate("rate_per_hour", Text("每小时报警数", "Alarms an hour"), _share(calls, hours), 6, 12),
        _rate("rate_per_10_min", Text("每 10 分钟报警数", "Alarms in 10 minutes"), _share(calls, hours * 6), 1, 2),
        _plain(
            "peak_per_hour", Text("一小时内最多", "Most in an hour"), peak_hour(history.bins) / operators, "{alarm}"
        ),
        _single("peak_per_10_min", Text("10 分钟内最多", "Most in 10 minutes"), peak_bin, "{alarm}", 10, _ISA),
    ]


def peak_hour(bins: Sequence[tuple[int, int]]) -> int:
    """The most calls in any six bins in a row."""
    most, first, total = 0, 0, 0
    for index, calls in bins:
        total += calls
        while bins[first][0] <= index - 6:
            total -= bins[first][1]
            first += 1
        most = max(most, total)
    return most


def bins_in(period: Period) -> int:
    """How many ten-minute bins the period touches."""
    start, end = ((at - EPOCH).total_seconds() / BIN_S for at in (period.start, period.end))
    return math.ceil(end) - math.floor(start)


def _floods(period: Period, history: History) -> list[Figure]:
    full = sum(calls > FLOOD_ABOVE for _, calls in history.bins)
    touched = bins_in(period) if period.seconds > 0 else 0
    floods = find_floods(period, [*history.before, *history.bins])
    time_share = _percent(floods.seconds, period.seconds)
    return [
        _single(
            "bins_over_10", Text("超过 10 个报警的 10 分钟时段占比", "10-minute bins with more than 10 alarms"),
            _percent(full, touched), "%", 1, _ISA,
        ),
        _single("flood_time", Text("报警泛滥时间占比", "Time in alarm floods"), time_share, "%", 1, _ISA),
        _plain("floods", Text("报警泛滥次数", "Alarm floods"), floods.count, "{flood}"),
    ]  # fmt: skip


def find_floods(period: Period, bins: Iterable[tuple[int, int]]) -> Floods:
    """Floods of the period: from the bin with more than FLOOD_ABOVE calls until the first with fewer than FLOOD_BELOW;
    a bin that is missing has none. ``bins`` may begin before the period."""
    count, seconds = 0, 0.0
    begun: int | None = None
    last = 0

    def close(until: int) -> None:
        nonlocal count, seconds, begun
        assert begun is not None
        start = max(EPOCH + timedelta(seconds=begun * BIN_S), period.start)
        end = min(EPOCH + timedelta(seconds=until * BIN_S), period.end)
        if start < end:
            count += 1
            seconds += (end - start).total_seconds()
        begun = None

    for index, calls in bins:
        if begun is not None and index > last + 1:
            close(last + 1)
        if begun is not None and calls < FLOOD_BELOW:
            close(index)
        if begun is None and calls > FLOOD_ABOVE:
            begun = index
        last = index
    if begun is not None:
        close(last + 1)
    return Floods(count, seconds)


def _offenders(history: History, days: Sequence[Period]) -> list[Figure]:
    top = sum(sorted((r.calls for r in history.rules), reverse=True)[:TOP])
    stale = stale_by_day(history.standing, days)
    return [
        _single(
            "top_10_share", Text("前 10 个规则占比", "Share of the ten busiest rules"),
            _percent(top, history.calls), "%", 5, _ISA,
        ),
        _single(
            "stale", Text("单日陈旧报警最多数（激活超过 24 小时）", "Most stale alarms on a day (active over 24 h)"),
            float(max(stale)) if stale else None, "{alarm}", 4, _ISA,
        ),
        _single(
            "chattering", Text("抖动规则数（一分钟内 3 次及以上）", "Chattering rules (3 or more in a minute)"),
            history.chattering_rules, "{rule}", 0, "ISA-18.2-2016 clause 16; ISA-TR18.2.5 for 3 in a minute",
        ),
        _single(
            "fleeting", Text("瞬时报警数（60 秒内自行恢复）", "Fleeting alarms (gone within 60 s)"),
            history.fleeting, "{alarm}", 0, "ISA-18.2-2016 clause 16; the 60 s are Muster's",
        ),
    ]  # fmt: skip


def stale_by_day(standing: Sequence[Standing], days: Sequence[Period]) -> list[int]:
    """How many alarms were stale at some time of each day."""
    stale = [(s.start + STALE_AFTER, s.end) for s in standing]
    return [
        sum(since < day.end and (end is None or end > max(since, day.start)) for since, end in stale) for day in days
    ]


# "About 80 / 15 / 5" is no exact bound; five points more of the graver two is what rounding to "about" lets pass.
_SPREAD_TOLERANCE = 5.0


def _priorities(history: History) -> list[Figure]:
    made = []
    for key, label, calls, target in (
        ("priority_low", Text("低优先级占比", "Low priority"), history.low, 80.0),
        ("priority_medium", Text("中优先级占比", "Medium priority"), history.medium, 15.0),
        ("priority_high", Text("高优先级占比", "High priority"), history.high, 5.0),
    ):
        share = _percent(calls, history.calls)
        verdict: Verdict | None = None
        if share is not None:
            beyond = target - share if key == "priority_low" else share - target
            tolerance = 2 * _SPREAD_TOLERANCE if key == "priority_low" else _SPREAD_TOLERANCE
            verdict = "ok" if beyond <= tolerance else "overloaded"
        made.append(Figure(key, label, share, "%", target, verdict, f"{_EEMUA}: about 80/15/5"))
    return made


def _answers(history: History) -> list[Figure]:
    return [
        _plain("response_rate", Text("确认率", "Acknowledged alarms"), _percent(history.answered, history.calls), "%"),
        _plain("acknowledge_median", Text("确认用时中位数", "Median time to acknowledge"),
               percentile_s(history.answers, 0.5), "s"),
        _plain("acknowledge_p95", Text("确认用时 95 分位", "Time to acknowledge, 95th percentile"),
               percentile_s(history.answers, 0.95), "s"),
        _plain("shelved", Text("搁置次数", "Times shelved"), history.shelved, "{time}"),
        _plain("by_design", Text("设计抑制次数", "Times suppressed by design"), history.by_design, "{time}"),
        _plain("out_of_service", Text("停用次数", "Times taken out of service"), history.out_of_service, "{time}"),
    ]  # fmt: skip


def _rate(key: str, label: Text, value: float | None, acceptable: float, manageable: float) -> Figure:
    verdict: Verdict | None = None
    if value is not None:
        verdict = "acceptable" if value <= acceptable else "manageable" if value <= manageable else "overloaded"
    return Figure(key, label, value, "{alarm}", acceptable, verdict, _EEMUA)


def _single(key: str, label: Text, value: float | None, unit: str, target: float, source: str) -> Figure:
    """A figure with one bound: met, or not."""
    verdict: Verdict | None = None if value is None else "ok" if value <= target else "overloaded"
    return Figure(key, label, value, unit, target, verdict, source)


def _plain(key: str, label: Text, value: float | None, unit: str) -> Figure:
    return Figure(key, label, value, unit, None, None, _NONE)


def _share(part: float, whole: float) -> float | None:
    return part / whole if whole > 0 else None


def _percent(part: float, whole: float) -> float | None:
    return 100 * part / whole if whole > 0 else None
