"""No plan can be better than the bound, and the bound says how good the plan is at the worst."""

from __future__ import annotations

import msgspec
import numpy as np
from hypothesis import assume, given, settings

from geo.evacuation.certificate import Certificate, certify
from geo.evacuation.model import Crowd, EvacuationPlan, Situation, checked
from geo.evacuation.planner import plan
from geo.evacuation.portals import portals_of, ways_out
from geo.evacuation.time_expanded import TimeExpanded
from tests.unit.evacuations import best_by_trying_all, situation, situations

_SLICES = 20


def _same_people(of: Situation, made: EvacuationPlan) -> Situation:
    out = made.party >= 0
    return msgspec.structs.replace(of, crowd=Crowd(of.crowd.node[out], of.crowd.delay_ms[out]))


@given(situations(nodes=4, people=3, step_ms=1_000))
@settings(max_examples=80, deadline=None)
def test_the_bound_is_no_later_than_the_best_and_the_best_no_later_than_the_plan(of: Situation) -> None:
    made = plan(of)
    assume(0 < made.cleared_ms < _SLICES * 1_000)
    best = best_by_trying_all(_same_people(of, made), _SLICES)[int((made.party >= 0).sum())]
    certificate = certify(of, made)
    assert certificate.bound_ms <= best <= made.cleared_ms
    assert certificate.proven
    assert certify(of, made, solves_max=0).bound_ms <= certificate.bound_ms


@given(situations(nodes=4, people=3, step_ms=1_000, shutting=False, shared=False))
@settings(max_examples=60, deadline=None)
def test_the_flow_over_all_gates_is_the_most_people_out_at_any_time(of: Situation) -> None:
    best, of = best_by_trying_all(of, _SLICES), checked(of)
    ways = ways_out(of)
    for shrink_all in (False, True):
        portals = portals_of(of, ways, of.gates.node_gate, of.gates.arc_gate, shrink_all=shrink_all)
        network = TimeExpanded(of, portals, np.arange(len(of.crowd.node)))
        for last in range(0, _SLICES, 3):
            assert network.out_by(last) == max(people for people, at in best.items() if at <= last * 1_000)


@given(situations())
@settings(max_examples=150, deadline=None)
def test_the_bound_is_no_later_than_the_plan_at_any_times(of: Situation) -> None:
    made = plan(of)
    certificate = certify(of, made)
    assert 0 <= certificate.bound_ms <= certificate.cleared_ms == made.cleared_ms


@given(situations())
@settings(max_examples=100, deadline=None)
def test_no_plan_has_more_people_out_by_any_time_than_the_flow(of: Situation) -> None:
    of = checked(of)
    made = plan(of)
    portals = portals_of(of, ways_out(of), of.gates.node_gate, of.gates.arc_gate, shrink_all=True)
    network = TimeExpanded(of, portals, np.flatnonzero(made.party >= 0))
    for last in range(0, min(made.cleared_ms // of.slice_ms, 30) + 1):
        assert network.out_by(last) >= (made.out_ms // of.slice_ms <= last).sum()


def test_a_queue_at_the_only_exit_can_not_be_shorter() -> None:
    of = situation([(0, 1, 2_500)], [0] * 10, [1], node_gates={1: 0}, per_ks=[500])
    made = plan(of)
    assert (made.cleared_ms, certify(of, made)) == (21_000, Certificate(21_000, 21_000, True))


def test_a_queue_before_the_exit_needs_the_flow() -> None:
    # The stairs let half through of what the exit would.
    of = situation([(0, 1, 1_000), (1, 2, 1_000)], [0] * 10, [2], node_gates={1: 0, 2: 1}, per_ks=[500, 1_000])
    made = plan(of)
    certificate = certify(of, made)
    assert (certificate.cleared_ms, certificate.bound_ms, certificate.excess) == (20_000, 20_000, 0.0)
    quick = certify(of, made, solves_max=0)
    assert (quick.bound_ms, quick.proven, quick.excess) == (11_000, False, 9 / 11)


def test_it_stops_when_it_is_told_to_and_keeps_what_is_sure() -> None:
    of = situation([(0, 1, 1_000), (1, 2, 1_000)], [0] * 10, [2], node_gates={1: 0, 2: 1}, per_ks=[500, 1_000])
    made = plan(of)
    asked: list[bool] = []

    def once() -> bool:
        asked.append(len(asked) < 1)
        return asked[-1]

    stopped = certify(of, made, go_on=once)
    assert (stopped.bound_ms, stopped.proven, asked) == (16_000, False, [True, False])
    assert certify(of, made, arcs_max=10).bound_ms == 11_000


def test_who_is_out_already_or_never_needs_no_bound() -> None:
    of = situation([(0, 1, 1_000)], [0], [1])
    assert certify(_same_people(of, plan(of)), plan(situation([(0, 1, 1)], [], [1]))) == Certificate(0, 0, True)
    there = situation([(0, 1, 1_000)], [1], [1])
    assert certify(there, plan(there)).excess is None
