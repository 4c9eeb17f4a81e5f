"""The past under a matrix, and how two matrices differ in it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from incidents.matrix.effects import Source
from incidents.matrix.model import Cell, Condition, MatrixBody
from incidents.matrix.replay import CauseEvent, Difference, Interval, Target, compare, replay
from tests.unit.test_matrix import FAN, HALL, OTHER_RULE, RULE, STORE, cause, cell, effect, matrix

START = datetime(2026, 3, 2, 21, 0, tzinfo=UTC)
END = START + timedelta(hours=10)
FAN_ON = Target("command", actuator=FAN, action="start")


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def call(seconds: float, rule: UUID = RULE) -> CauseEvent:
    return CauseEvent(at(seconds), True, Source(rule=rule, zone=STORE, level=2))


def back(seconds: float, rule: UUID = RULE) -> CauseEvent:
    return CauseEvent(at(seconds), False, Source(rule=rule, zone=STORE, level=2))


def times(body: MatrixBody, *events: CauseEvent, tz: str = "UTC") -> list[tuple[float, float | None]]:
    """Seconds from and until of each interval."""
    return [
        ((i.start - START).total_seconds(), None if i.end is None else (i.end - START).total_seconds())
        for i in replay(body, events, END, tz)
    ]


def one(*cells: Cell) -> MatrixBody:
    return matrix([cause(), cause("b", rule=OTHER_RULE)], [effect()], list(cells))


def test_an_effect_follows_its_cause() -> None:
    assert times(one(cell()), call(10), back(30), call(50)) == [(10, 30), (50, None)]
    assert times(one(cell()), back(5)) == []
    assert times(one(cell("b")), call(10)) == []


def test_it_lasts_while_one_of_several_causes_stands() -> None:
    both = one(cell(), cell("b"))
    assert times(both, call(10), call(20, OTHER_RULE), back(30), back(40, OTHER_RULE)) == [(10, 40)]


def test_a_cause_stands_while_one_of_its_alarms_does() -> None:
    body = matrix([cause(agent="acetone")], [effect()], [cell()])
    first, second = (Source(rule=rule, zone=STORE, level=1, agent="acetone") for rule in (RULE, OTHER_RULE))
    events = [
        CauseEvent(at(1), True, first),
        CauseEvent(at(2), True, second),
        CauseEvent(at(3), False, first),
        CauseEvent(at(4), False, second),
    ]
    assert times(body, *events) == [(1, 4)]


def test_an_effect_that_latches_stays() -> None:
    assert times(one(cell(how="latch")), call(10), back(30)) == [(10, None)]


def test_a_delay_asks_that_the_cause_stands_for_so_long() -> None:
    delayed = one(cell(delay_s=30))
    assert times(delayed, call(10), back(39)) == []
    assert times(delayed, call(10), back(40)) == [(40, 40)]
    assert times(delayed, call(10), back(39), call(40)) == [(70, None)]
    assert times(delayed, call(10), call(35), back(60)) == [(40, 60)]


def test_an_inhibited_effect_does_not_begin_and_begins_when_it_may() -> None:
    body = one(cell(), cell("b", how="inhibit"))
    assert times(body, call(5, OTHER_RULE), call(10), back(20, OTHER_RULE), back(30)) == [(20, 30)]
    assert times(body, call(10), call(15, OTHER_RULE), back(30)) == [(10, 30)]


def test_conditions_are_of_the_moment_of_the_call_by_the_sites_clock() -> None:
    morning = one(cell(condition=Condition(from_minute=300, to_minute=330)))
    assert times(morning, call(10), tz="Asia/Shanghai") == [(10, None)]
    assert times(morning, call(10)) == []
    second = one(cell(condition=Condition(with_cause="b")))
    assert times(second, call(10), call(20, OTHER_RULE), back(30, OTHER_RULE)) == [(20, 30)]


def test_every_kind_of_effect_and_of_place_is_replayed() -> None:
    body = matrix(
        [cause()],
        [effect("z", evacuate="zone"), effect("h", zones=(HALL,)), effect("p", plan="toxic-gas")],
        [cell(column="z"), cell(column="h"), cell(column="p"), cell(column="gone")],
    )
    assert {i.target for i in replay(body, [call(1)], END)} == {
        Target("evacuation", scope="zone", zones=(STORE,)),
        Target("evacuation", zones=(HALL,)),
        Target("plan", plan="toxic-gas"),
    }


def interval(start: float, end: float | None, target: Target = FAN_ON) -> Interval:
    return Interval(target, at(start), None if end is None else at(end), "hf")


def kinds(published: list[Interval], draft: list[Interval]) -> list[tuple[str, float | None]]:
    return [(d.kind, d.seconds) for d in compare(published, draft)]


def test_a_difference_is_more_less_earlier_or_later() -> None:
    assert kinds([interval(10, 30)], [interval(10, 50)]) == []
    assert kinds([interval(10, 30)], [interval(20, None)]) == [("later", 10)]
    assert kinds([interval(10, None)], [interval(4, 12)]) == [("earlier", 6)]
    assert kinds([interval(10, 30)], []) == [("less", None)]
    assert kinds([], [interval(10, 30)]) == [("more", None)]
    assert kinds([interval(10, 20)], [interval(50, 60)]) == [("less", None), ("more", None)]
    assert kinds([interval(50, 60)], [interval(10, 20), interval(50, 60)]) == [("more", None)]
    other = Target("plan", plan="x")
    assert compare([interval(10, 30)], [interval(10, 30, other)]) == [
        Difference("less", FAN_ON, at(10), None, None, "hf"),
        Difference("more", other, None, at(10), None, "hf"),
    ]


_EVENTS = st.lists(st.tuples(st.integers(0, 300), st.booleans(), st.sampled_from([RULE, OTHER_RULE])), max_size=30).map(
    lambda rows: [call(s, r) if up else back(s, r) for s, up, r in sorted(rows)]
)
_CELLS = st.lists(
    st.builds(
        cell,
        st.sampled_from(["hf", "b"]),
        st.sampled_from(["fan-on", "leave"]),
        how=st.sampled_from(["follow", "latch", "inhibit"]),
        delay_s=st.sampled_from([0.0, 5.0, 60.0]),
        condition=st.sampled_from([None, Condition(with_cause="b"), Condition(from_minute=1260, to_minute=1263)]),
    ),
    max_size=5,
)


@given(_EVENTS, _CELLS)
def test_intervals_of_one_effect_never_overlap_and_a_period_equals_itself(
    events: list[CauseEvent], cells: list[Cell]
) -> None:
    body = matrix([cause(), cause("b", rule=OTHER_RULE)], [effect(), effect("leave", evacuate="zone")], list(cells))
    found = replay(body, events, END)
    assert compare(found, found) == []
    last: dict[Target, datetime | None] = {}
    for i in found:
        ended = last.get(i.target, START)
        assert ended is not None
        assert START <= ended <= i.start
        assert i.end is None or i.start <= i.end <= END
        last[i.target] = i.end
