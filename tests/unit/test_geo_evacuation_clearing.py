"""When each zone is clear, who is out when, and how it is said."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings

from core.errors import Invalid
from geo.evacuation.certificate import Certificate
from geo.evacuation.clearing import clear_times, inside_by_zone, out_by_exit
from geo.evacuation.model import NEVER, Situation
from geo.evacuation.planner import plan
from geo.evacuation.wording import certificate_text, clearing_text
from tests.unit.evacuations import situation, situations

# Two rooms (0, 1), the corridor (2), outside by either end (3, 4); nobody can leave 5.
_ARCS = [(0, 2, 1_000), (1, 2, 2_000), (2, 3, 1_000), (2, 4, 4_000), (0, 5, 1_000)]
_ZONES = np.array([0, 1, 2, -1, -1, 3], dtype=np.int32)


def _rooms(*more: int) -> Situation:
    return situation(_ARCS, [0, 0, 1, *more], [3, 4], node_gates={3: 0}, per_ks=[500])


def test_a_zone_is_clear_when_the_last_who_only_passes_has_come_to_the_next() -> None:
    made = plan(_rooms())
    assert sorted(made.out_ms.tolist()) == [3_000, 5_000, 6_000]
    assert clear_times(_rooms(), made, _ZONES, 5).tolist() == [1_000, 2_000, 6_000, 0, 0]


def test_a_zone_with_somebody_cut_off_is_never_clear() -> None:
    of = _rooms(5)
    assert clear_times(of, plan(of), _ZONES, 4).tolist() == [1_000, 2_000, 6_000, NEVER]


def test_people_are_counted_out_by_exit_and_time() -> None:
    made = plan(_rooms())
    assert out_by_exit(made, 2, 2_000).tolist() == [[0, 1, 2], [0, 0, 1]]
    assert out_by_exit(plan(situation(_ARCS, [5], [3])), 1, 1_000).tolist() == [[0]]


def test_people_are_counted_by_the_zone_they_were_in() -> None:
    made = plan(_rooms(5, 3))
    zones = _ZONES[[0, 0, 1, 5, 3]]
    assert inside_by_zone(made, zones, 4, 0).tolist() == [2, 1, 0, 1]
    assert inside_by_zone(made, zones, 4, 5_000).sum() == 2
    assert inside_by_zone(made, zones, 4, 90_000).tolist() == [0, 0, 0, 1]


@pytest.mark.parametrize("zones", [np.zeros(2, np.int32), np.full(6, 4, np.int32), np.full(6, -2, np.int32)])
def test_zones_that_do_not_fit_are_named(zones: np.ndarray[tuple[int], np.dtype[np.int32]]) -> None:
    with pytest.raises(Invalid) as caught:
        clear_times(_rooms(), plan(_rooms()), zones, 4)
    assert (caught.value.code, caught.value.field) == ("geo.evacuation_invalid", "zone_of")


@pytest.mark.parametrize("every_ms", [0, -5])
def test_a_step_of_nothing_is_named(every_ms: int) -> None:
    with pytest.raises(Invalid) as caught:
        out_by_exit(plan(_rooms()), 2, every_ms)
    assert (caught.value.field, caught.value.value) == ("every_ms", every_ms)


def test_more_steps_than_a_day_has_seconds_are_refused() -> None:
    made = plan(situation([(0, 1, 86_399_999)], [0], [1]))
    with pytest.raises(Invalid) as caught:
        out_by_exit(made, 1, 999)
    assert caught.value.limit == 86_400


@given(situations())
@settings(max_examples=100, deadline=None)
def test_the_whole_is_clear_when_the_last_is_out_and_every_one_is_counted(of: Situation) -> None:
    made = plan(of)
    whole = int(clear_times(of, made, np.zeros(of.graph.nodes, np.int32), 1)[0])
    assert whole == (NEVER if made.cut_off else made.cleared_ms)
    counts = out_by_exit(made, len(of.exits.node), 700)
    assert counts[:, -1].sum() == (made.party >= 0).sum()
    for step in range(counts.shape[1]):
        for number in range(len(of.exits.node)):
            by_then = (made.exit == number) & (made.out_ms <= 700 * (step + 1))
            assert counts[number, step] == by_then.sum()


def test_a_plan_says_when_all_are_out_and_who_needs_rescue() -> None:
    assert clearing_text(plan(_rooms())).en == "3 people are expected out within 0 min 6 s"
    assert clearing_text(plan(_rooms(5))).zh == "预计 0 分 6 秒内 3 人全部撤出；1 人无法撤出，需要救援"


@pytest.mark.parametrize(
    ("bound_ms", "cleared_ms", "en"),
    [
        (233_000, 234_000, "At most 0.5 % slower than the best possible"),
        (200_000, 300_000, "At most 50 % slower than the best possible"),
        (5_000, 5_000, "No plan is faster"),
        (0, 0, "No plan is faster"),
        (0, 100, "There is no bound to compare with"),
    ],
)
def test_a_plan_says_how_far_from_the_best_it_can_be(bound_ms: int, cleared_ms: int, en: str) -> None:
    assert certificate_text(Certificate(bound_ms, cleared_ms, True)).en == en
