"""A phone's positions along a way: forward as one walks, and nothing a single bad fix says is believed."""

from __future__ import annotations

import math
from itertools import pairwise

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Invalid
from geo.fixes import Fix
from geo.instructions.model import Directions
from geo.instructions.progress import LEAD_MS, Progress, begin, follow
from geo.instructions.steps import direct
from geo.instructions.track import Track, lay_track
from tests.example_buildings import (
    GRID_WAY,
    L_WAY,
    LIFT_WAY,
    STAIRS_DOWN_WAY,
    STAIRS_UP_WAY,
    grid_hall,
    l_corridor,
    open_stairs,
    stairwell,
)
from tests.small_buildings import SITE, Building


def way(building: Building, keys: tuple[str, ...]) -> tuple[Directions, Track]:
    network = building.network()
    directions = direct(building.around(), network, *building.path(network, *keys))
    return directions, lay_track(directions.steps, SITE)


def at(x: float, y: float, level: int | None = None, accuracy_m: float = 3.0) -> Fix:
    lon, lat = SITE.to_degrees([(x, y)])[0].tolist()
    return Fix(lon, lat, accuracy_m, level)


def walk(track: Track, fixes: list[Fix], elapsed_ms: int = 1000, state: Progress | None = None) -> list[Progress]:
    states = [begin(track) if state is None else state]
    for fix in fixes:
        states.append(follow(track, states[-1], fix, elapsed_ms))
    return states[1:]


def place(track: Track, at_ms: float) -> tuple[float, float, int]:
    """Where one is at a moment of the way who walks as planned."""
    i = track.piece(at_ms)
    share = (at_ms - track.start_ms[i]) / (track.end_ms[i] - track.start_ms[i])
    x, y = (track.a[i] + (track.b[i] - track.a[i]) * share).tolist()
    return x, y, int(track.level[i])


# s (4, 6) - D1 (6, 2) - c1 (6, 1) - c2 (21, 1) - c3 (21, 15) - D2 (22, 15) - t (25, 15)
L, L_TRACK = way(l_corridor(), L_WAY)


def test_a_track_has_the_ways_metres_and_milliseconds_and_begins_every_step() -> None:
    assert L_TRACK.total_ms == L.millis
    assert L_TRACK.total_m == pytest.approx(L.distance_m, abs=0.1)
    assert [L_TRACK.step_at(ms) for ms in L_TRACK.step_ms] == [1, 2, 3, 4, 5]
    assert L_TRACK.left_m(0) == pytest.approx(L_TRACK.total_m)
    assert L_TRACK.left_m(L_TRACK.total_ms) == pytest.approx(0)


def test_a_rise_is_on_every_floor_it_passes_for_its_share_of_the_time() -> None:
    for keys in (STAIRS_UP_WAY, STAIRS_DOWN_WAY):
        directions, track = way(stairwell(), keys)
        step = directions.steps[3]
        starts = track.step_ms[3]
        levels = [int(track.level[track.piece(starts + step.millis * share)]) for share in (0.1, 0.5, 0.9)]
        assert levels == ([0, 1, 2] if step.up else [2, 1, 0])
        assert track.climb.sum() >= 3


def test_a_way_that_takes_no_time_has_no_track() -> None:
    with pytest.raises(Invalid) as caught:
        lay_track(L.steps[-1:], SITE)
    assert caught.value.code == "geo.steps_empty"


def test_at_the_start_the_first_step_is_pushed_and_what_follows_at_once() -> None:
    state = begin(L_TRACK)
    assert (state.step, state.push, state.arrived, state.off) == (1, [1, 2], False, False)
    assert (state.left_ms, state.left_m) == (L_TRACK.total_ms, L_TRACK.total_m)


def test_one_who_walks_as_planned_is_pushed_every_step_once_before_it_begins_and_arrives() -> None:
    moments = range(1000, L_TRACK.total_ms + 1, 1000)
    states = walk(L_TRACK, [at(*place(L_TRACK, ms)) for ms in moments])
    pushed = {number: ms for ms, state in zip(moments, states, strict=True) for number in state.push}
    assert sorted(pushed) == [3, 4, 5]
    for number in (3, 4):
        starts = L_TRACK.step_ms[number - 1]
        assert starts - LEAD_MS - 2500 <= pushed[number] <= starts
    assert states[-1].arrived
    assert (states[-1].step, states[-1].off) == (5, False)
    assert states[-1].left_m < 3
    for ms, state in zip(moments, states, strict=True):
        assert abs(state.at_ms - ms) < 2500


def test_one_who_stands_still_is_not_carried_on_by_the_clock() -> None:
    states = walk(L_TRACK, [at(6, 1, 0)] * 60)
    x, y, _ = place(L_TRACK, states[-1].at_ms)
    assert math.dist((x, y), (6, 1)) < 3
    assert states[-1].step == 2


def test_one_bad_fix_changes_nothing_and_the_next_good_one_goes_on() -> None:
    good = walk(L_TRACK, [at(*place(L_TRACK, ms)) for ms in range(1000, 9001, 1000)])[-1]
    for bad in (at(80, 80), at(6, 2), at(21, 15), at(10, 1, 3), at(4, 9)):
        (after,) = walk(L_TRACK, [bad], state=good)
        assert (after.at_ms, after.step, after.off, after.push) == (good.at_ms, good.step, False, [])
        (again,) = walk(L_TRACK, [at(*place(L_TRACK, 11_000))], state=after)
        assert again.at_ms > good.at_ms
        assert not again.turned_back


def test_a_fix_that_may_be_anywhere_says_nothing() -> None:
    (state,) = walk(L_TRACK, [at(500, 500, accuracy_m=60)])
    assert (state.at_ms, state.outside, state.waited_ms, state.push) == (0, 0, 1000, [])


def test_one_beside_the_way_is_off_it_after_three_fixes_and_on_it_again_after_two() -> None:
    beside, far, on = at(12, 12), at(10, 60), at(10, 1)
    assert [s.off for s in walk(L_TRACK, [on, beside, beside, beside, beside])] == [False, False, False, True, True]
    assert [s.off for s in walk(L_TRACK, [on, far, far])] == [False, False, True]
    assert [s.off for s in walk(L_TRACK, [on, beside, beside, on, beside, beside])] == [False] * 6
    lost = walk(L_TRACK, [on, far, far])[-1]
    assert [s.off for s in walk(L_TRACK, [on, on], state=lost)] == [True, False]
    assert [s.off for s in walk(L_TRACK, [on, far, on], state=lost)] == [True, True, True]


def test_one_on_a_floor_the_way_never_comes_to_is_off_it() -> None:
    assert [s.off for s in walk(L_TRACK, [at(10, 1, 4)] * 3)] == [False, False, True]


def test_one_who_is_far_ahead_is_so_after_two_fixes() -> None:
    ahead = [at(21, 8), at(21, 9)]
    first, second = walk(L_TRACK, ahead)
    assert (first.step, first.at_ms) == (1, 0)
    assert (second.step, second.push) == (3, [3, 4])
    # Two fixes that say different things do not confirm each other.
    assert walk(L_TRACK, [at(21, 8), at(4, 6), at(21, 8)])[-1].step == 1


def test_one_who_walks_back_is_so_after_three_fixes_and_is_told_the_step_again() -> None:
    there = walk(L_TRACK, [at(*place(L_TRACK, ms)) for ms in range(1000, 22_001, 1000)])[-1]
    assert there.step == 3
    one, two, three = walk(L_TRACK, [at(7, 1), at(7, 1), at(7, 1)], state=there)
    assert [one.step, two.step, three.step] == [3, 3, 2]
    assert (one.turned_back, two.turned_back, three.turned_back) == (False, False, True)
    assert three.push == [2]
    assert not walk(L_TRACK, [at(8, 1)], state=three)[0].turned_back
    # A way back that is contradicted is none.
    mixed = [at(7, 1), at(7, 1), at(21, 7), at(7, 1), at(7, 1)]
    assert {state.step for state in walk(L_TRACK, mixed, state=there)} == {3}


def test_another_floor_is_believed_at_the_stairs_at_once_and_elsewhere_after_two_fixes() -> None:
    directions, track = way(stairwell(), STAIRS_UP_WAY)
    assert directions.steps[3].kind == "stairs"
    foot = walk(track, [at(*place(track, ms)) for ms in range(1000, track.step_ms[3] + 3001, 1000)])[-1]
    assert foot.step == 4
    # Nobody is up two floors in a second, but a second fix that says so is right.
    up = at(22, 1, 2)
    assert [s.step for s in walk(track, [up], 25_000, state=foot)] == [4]
    assert place(track, walk(track, [up], 25_000, state=foot)[0].at_ms)[2] == 2
    corridor = walk(track, [at(*place(track, ms)) for ms in range(1000, 9001, 1000)])[-1]
    assert corridor.step == 2
    above = at(10, 1, 2)
    first, second = walk(track, [above, above], state=corridor)
    assert (first.at_ms, first.step) == (corridor.at_ms, 2)
    assert second.step == 5
    # Far from the stairs as well.
    first, second = walk(track, [above, above])
    assert (first.doubt, first.step, second.step) == ("level", 1, 5)


def test_stairs_climbed_without_a_fix_that_knows_the_floor_are_climbed_by_the_clock() -> None:
    _, track = way(stairwell(), STAIRS_UP_WAY)
    states = walk(track, [at(*place(track, ms)[:2]) for ms in range(1000, track.total_ms + 1, 1000)])
    assert states[-1].arrived
    assert all(one.step <= other.step for one, other in pairwise(states))


def test_above_the_target_is_not_at_it() -> None:
    directions, track = way(open_stairs(), ("a", "b", "S:0", "S:1", "x"))
    # The landing's end lies over the hall, where the fix is.
    states = walk(track, [at(17, 4, 0)] * 2)
    assert not any(state.arrived for state in states)
    assert directions.steps[-1].level == 1


@pytest.mark.parametrize(
    ("fix", "elapsed_ms", "field"),
    [
        (Fix(math.nan, 31.0, 3.0), 0, "lon"),
        (Fix(181.0, 31.0, 3.0), 0, "lon"),
        (Fix(121.0, 85.0, 3.0), 0, "lat"),
        (Fix(121.0, 31.0, -1.0), 0, "accuracy_m"),
        (Fix(121.0, 31.0, math.inf), 0, "accuracy_m"),
        (Fix(121.0, 31.0, 3.0), -1, "elapsed_ms"),
    ],
)
def test_what_is_no_fix_is_refused(fix: Fix, elapsed_ms: int, field: str) -> None:
    with pytest.raises(Invalid) as caught:
        follow(L_TRACK, begin(L_TRACK), fix, elapsed_ms)
    assert (caught.value.code, caught.value.field) == ("geo.fix_invalid", field)


TRACKS = [
    L_TRACK,
    way(l_corridor(), L_WAY[::-1])[1],
    way(stairwell(), STAIRS_UP_WAY)[1],
    way(stairwell(), STAIRS_DOWN_WAY)[1],
    way(stairwell(), LIFT_WAY)[1],
    way(grid_hall(), GRID_WAY)[1],
]


@given(
    track=st.sampled_from(TRACKS),
    accuracy_m=st.floats(1.0, 8.0),
    pace=st.floats(0.6, 2.0),
    seed=st.integers(0, 2**32 - 1),
    knows_floor=st.booleans(),
)
def test_progress_never_regresses_along_the_way_with_noise_below_the_accuracy(
    track: Track, accuracy_m: float, pace: float, seed: int, knows_floor: bool
) -> None:
    random = np.random.default_rng(seed)
    state = begin(track)
    pushed = [*state.push]
    # One fix a second on the way and then, for a lift that was faster than the clock, on the spot.
    walked = [*np.arange(1000 * pace, track.total_ms, 1000 * pace).tolist(), *[track.total_ms] * 40]
    for ms in walked:
        x, y, level = place(track, min(ms, track.total_ms - 1))
        angle, off = random.uniform(0, 2 * math.pi), random.uniform(0, accuracy_m)
        fix = at(x + off * math.cos(angle), y + off * math.sin(angle), level if knows_floor else None, accuracy_m)
        after = follow(track, state, fix, 1000)
        assert after.step >= state.step
        assert after.at_ms >= state.at_ms
        assert after.left_m <= state.left_m + 1e-9
        assert not after.off
        assert not after.turned_back
        state = after
        pushed += state.push
    assert state.arrived
    assert pushed == list(range(1, len(track.step_ms) + 1))


@given(track=st.sampled_from(TRACKS), data=st.data())
def test_no_single_fix_moves_one_back_or_off_the_way(track: Track, data: st.DataObject) -> None:
    state = begin(track)
    good = data.draw(st.integers(0, 20))
    for ms in range(1000, 1000 * good + 1, 1000):
        state = follow(track, state, at(*place(track, min(ms, track.total_ms - 1))), 1000)
    bad = at(
        data.draw(st.floats(-100, 100)),
        data.draw(st.floats(-100, 100)),
        data.draw(st.sampled_from([None, 0, 1, 2, 7])),
        data.draw(st.floats(0, 100)),
    )
    after = follow(track, state, bad, 1000)
    assert after.step >= state.step
    assert after.at_ms >= state.at_ms
    assert not after.off
    assert not after.turned_back


def test_a_state_can_be_kept_between_two_fixes() -> None:
    state = walk(L_TRACK, [at(10, 1)])[0]
    assert msgspec.json.decode(msgspec.json.encode(state), type=Progress) == state
