"""Everyone to the nearest exit: a queue in order of arrival, and what is found shut or full."""

from __future__ import annotations

from hypothesis import given, settings

from geo.evacuation.baseline import nearest_exit
from geo.evacuation.model import NEVER, Situation
from tests.unit.evacuations import faults, situation, situations

# Two exits, 2 and 3, one near and one far from where people are.
_ARCS = [(0, 1, 1_000), (1, 2, 1_000), (0, 3, 9_000), (2, 3, 9_000), (1, 3, 9_000)]


def test_everyone_queues_at_the_near_exit_though_the_far_one_is_free() -> None:
    walked = nearest_exit(situation(_ARCS, [0] * 12, [2, 3], node_gates={1: 0}, per_ks=[500]))
    assert walked.out_ms.tolist() == [2_000 * it for it in range(1, 13)]
    assert set(walked.exit.tolist()) == {0}


def test_who_comes_first_goes_first() -> None:
    walked = nearest_exit(situation(_ARCS, [(0, 500), 1, 0], [2], node_gates={1: 0}, per_ks=[1_000]))
    assert walked.out_ms.tolist() == [3_000, 1_000, 2_000]


def test_who_finds_the_exit_full_turns_to_the_next_and_who_finds_that_full_too_stays() -> None:
    walked = nearest_exit(situation(_ARCS, [0, 0, 0], [(2, 1), (3, 1)]))
    assert (walked.exit.tolist(), walked.out_ms.tolist()) == ([0, 1, -1], [2_000, 11_000, NEVER])
    assert [(it.person, it.reason) for it in walked.cut_off] == [(2, "no_room")]
    assert walked.nodes[walked.route(1)].tolist() == [0, 1, 2, 3]


def test_who_finds_the_way_shut_turns_from_there() -> None:
    walked = nearest_exit(situation(_ARCS, [0, 4], [2, 3], shuts={(1, 2): 1_500}))
    assert walked.nodes[walked.route(0)].tolist() == [0, 1, 3]
    assert [(it.person, it.reason) for it in walked.cut_off] == [(1, "no_way")]
    walked = nearest_exit(situation([(0, 1, 1_000)], [0], [1], shuts={(0, 1): 500}))
    assert [(it.person, it.reason) for it in walked.cut_off] == [(0, "way_shuts")]


def test_a_queue_of_more_than_a_day_is_none() -> None:
    walked = nearest_exit(situation(_ARCS, [0] * 90, [2], node_gates={1: 0}, per_ks=[1]))
    assert {it.reason for it in walked.cut_off} == {"too_late"}
    assert walked.cleared_ms == 86_000_000


@given(situations())
@settings(max_examples=200, deadline=None)
def test_people_without_a_plan_keep_the_same_rules(of: Situation) -> None:
    assert faults(of, nearest_exit(of)) == []
