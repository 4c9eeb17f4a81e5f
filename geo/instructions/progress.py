"""Where on a way a person is, from one position after another: state in, state out. Pure.

A position is matched to the way as Newson and Krumm (2009, Hidden Markov map matching through noise and sparseness) do:
by its distance from the way, as a normal error, and by how well it fits the time since the last one. It moves a person
forward when it is near the way and no farther on than one can have come; whatever else it says, it has to say again:
a jump ahead or to another floor twice, a way back or beside the route three times. One bad fix does nothing.
"""

from __future__ import annotations

import math
from typing import Literal, TypeAlias

import msgspec
import numpy as np

from core.errors import Invalid
from geo.fixes import ACCURACY_MIN_M, RADIUS_95_PER_68, Fix
from geo.instructions.track import Floats, Track

# The radius that holds 68 % of a circular normal distribution is 1.51 sigma (see geo.fixes).
SIGMA_PER_68 = 1.51
# A fix within its 95 % radius and this of the way is on it: half a corridor 4 m wide, and what straightening moved.
TOLERANCE_M = 3.0
# A fix that may be anywhere in a building says nothing.
ACCURACY_MAX_M = 50.0
# How often a fix must be repeated before it is believed.
AHEAD_FIXES, LEVEL_FIXES, BACK_FIXES = 2, 2, 3
# So many fixes off the way, one far off counting double, are a person off the way; so many on it are one back on it.
OFF_FIXES, ON_FIXES = 3, 2
FAR = 2.0
# Who runs is three times as fast as one who walks (3.75 and 1.25 m/s), and the last position was late by some seconds.
RUNNING, LATE_MS = 3.0, 5_000
# A target this near is reached; nearer than a fix can tell it is as well, within sight of it.
ARRIVED_M, ARRIVED_MAX_M = 3.0, 5.0
# An order of 20 words is read in 5 s (238 words a minute, Brysbaert 2019), after 3 s to take the phone out.
LEAD_MS = 8_000

Doubt: TypeAlias = Literal["ahead", "level", "back"]
_FIXES: dict[Doubt, int] = {"ahead": AHEAD_FIXES, "level": LEVEL_FIXES, "back": BACK_FIXES}


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """How far along a way a person is, and what is to be pushed.

    ``step``: the number of the step one is on; ``push``: the numbers to push now, each once. ``off``: off the way, to
    be led anew. ``turned_back``: one has just been found to walk the way back. The rest is what the next fix is judged
    by: ``at_ms`` in the way's own time, ``waited_ms`` since a fix was last believed.
    """

    at_ms: float = 0.0
    step: int = 1
    left_m: float
    left_ms: int
    push: list[int] = []
    off: bool = False
    arrived: bool = False
    turned_back: bool = False
    pushed: int = 0
    waited_ms: int = 0
    outside: int = 0
    inside: int = 0
    doubt: Doubt | None = None
    doubt_ms: float = 0.0
    doubts: int = 0


def begin(track: Track) -> Progress:
    """Before the first fix: at the start, with the first step to push and what follows it at once."""
    return _due(track, Progress(left_m=track.total_m, left_ms=track.total_ms))


def follow(track: Track, before: Progress, fix: Fix, elapsed_ms: int) -> Progress:
    """One fix, ``elapsed_ms`` after the one before it or after the start -> how far one is now.

    Raises Invalid for a fix that is no place on earth or goes back in time.
    """
    _check(fix, elapsed_ms)
    waited = msgspec.structs.replace(before, push=[], turned_back=False, waited_ms=before.waited_ms + elapsed_ms)
    if fix.accuracy_m > ACCURACY_MAX_M:
        return waited
    match = _Match(track, waited, fix)
    onward = match.nearest(waited.at_ms)
    if onward is not None:
        return _forward(track, waited, match, onward)
    back = match.nearest(0.0)
    if back is not None:
        return _doubted(track, waited, match, back, "back")
    return _outside(waited, match)


class _Match:
    """One fix against a way."""

    def __init__(self, track: Track, state: Progress, fix: Fix) -> None:
        self.track, self.level = track, fix.level
        self.at: Floats = track.projection.to_metres([(fix.lon, fix.lat)])[0]
        self.accuracy_m = max(fix.accuracy_m, ACCURACY_MIN_M)
        self.gate_m = self.accuracy_m * RADIUS_95_PER_68 + TOLERANCE_M
        self.reach_ms = LATE_MS + RUNNING * state.waited_ms + 1000 * self.accuracy_m
        # Half as far as at walking pace: one who stands still is not carried on by the clock. In a rise, where nothing
        # but the floor is seen to change, the clock is all there is.
        pace = 1.0 if track.climb[track.piece(state.at_ms)] else 0.5
        self.expected_ms = state.at_ms + state.waited_ms * pace
        self.spread_ms = LATE_MS + state.waited_ms

    def nearest(self, from_ms: float) -> float | None:
        """The likeliest moment of the way from one on, on the fix's level; None where the way is not near there."""
        track = self.track
        here = track.end_ms >= from_ms
        if self.level is not None:
            here &= track.level == self.level
        if not here.any():
            return None
        a, b = track.a[here], track.b[here]
        begins, end = track.start_ms[here], track.end_ms[here]
        start = np.maximum(begins, from_ms)
        speed = (b - a) / (end - begins)[:, None]
        sigma = self.accuracy_m / SIGMA_PER_68
        tight, loose = (speed**2).sum(axis=1) / sigma**2, 1 / self.spread_ms**2
        pull = ((self.at - a) * speed).sum(axis=1) / sigma**2 + (self.expected_ms - begins) * loose
        moment = np.clip(begins + pull / (tight + loose), start, end)
        away = np.hypot(*(a + speed * (moment - begins)[:, None] - self.at).T)
        cost = (away / sigma) ** 2 + ((moment - self.expected_ms) / self.spread_ms) ** 2
        cost[away > self.gate_m] = np.inf
        best = int(np.argmin(cost))
        return float(moment[best]) if math.isfinite(cost[best]) else None

    def away_m(self) -> float:
        """How far from the way the fix is, on whatever floor."""
        along = self.track.b - self.track.a
        share = ((self.at - self.track.a) * along).sum(axis=1) / np.maximum((along**2).sum(axis=1), 1e-12)
        feet = self.track.a + np.clip(share, 0, 1)[:, None] * along
        return float(np.hypot(*(feet - self.at).T).min())


def _forward(track: Track, state: Progress, match: _Match, onward: float) -> Progress:
    """A fix near the way ahead: believed where one can have come so far, and not through a floor."""
    limit = state.at_ms + match.reach_ms
    if track.level[track.piece(onward)] != track.level[track.piece(state.at_ms)]:
        near = track.climb & (track.end_ms >= state.at_ms) & (track.start_ms <= limit)
        if not near.any():
            return _doubted(track, state, match, onward, "level")
        # A phone that tells another floor has climbed; one that knows no floor has to have had the time for it.
        if match.level is not None:
            limit += float(track.end_ms[near].max()) - state.at_ms
    if onward > limit:
        return _doubted(track, state, match, onward, "ahead")
    return _believed(track, state, match, max(onward, state.at_ms))


def _doubted(track: Track, state: Progress, match: _Match, at_ms: float, doubt: Doubt) -> Progress:
    """What one fix alone does not prove: kept in mind until enough in a row say it of the same part of the way."""
    again = state.doubt == doubt and abs(at_ms - state.doubt_ms) <= match.reach_ms
    doubts = state.doubts + 1 if again else 1
    if doubts < _FIXES[doubt]:
        return msgspec.structs.replace(state, doubt=doubt, doubt_ms=at_ms, doubts=doubts)
    if doubt == "back":
        # The step one is on again is told again.
        step = track.step_at(at_ms)
        state = msgspec.structs.replace(state, turned_back=True, arrived=False, pushed=step - 1)
    return _believed(track, state, match, at_ms)


def _believed(track: Track, state: Progress, match: _Match, at_ms: float) -> Progress:
    left_m, inside = track.left_m(at_ms), state.inside + 1
    near_m = min(max(match.accuracy_m, ARRIVED_M), ARRIVED_MAX_M)
    there = left_m <= near_m and bool(track.level[track.piece(at_ms)] == track.level[-1])
    believed = msgspec.structs.replace(
        state,
        at_ms=at_ms,
        left_m=left_m,
        left_ms=round(track.total_ms - at_ms),
        off=state.off and inside < ON_FIXES,
        arrived=state.arrived or there,
        waited_ms=0,
        outside=0,
        inside=inside,
        doubt=None,
        doubts=0,
    )
    return believed if believed.off else _due(track, believed)


def _outside(state: Progress, match: _Match) -> Progress:
    outside = state.outside + (2 if match.away_m() > FAR * match.gate_m else 1)
    return msgspec.structs.replace(
        state, outside=outside, inside=0, off=state.off or outside >= OFF_FIXES, doubt=None, doubts=0
    )


def _due(track: Track, progress: Progress) -> Progress:
    """With the step one is on and those to push: what begins soon, but the arrival only when one is there."""
    last = len(track.step_ms)
    step = last if progress.arrived else min(track.step_at(progress.at_ms), last - 1)
    soon = last if progress.arrived else min(track.step_at(progress.at_ms + LEAD_MS), last - 1)
    push = list(range(progress.pushed + 1, soon + 1))
    return msgspec.structs.replace(progress, step=step, push=push, pushed=max(progress.pushed, soon))


def _check(fix: Fix, elapsed_ms: int) -> None:
    bounds = {"lon": (fix.lon, -180, 180), "lat": (fix.lat, -84, 84), "accuracy_m": (fix.accuracy_m, 0, 1e7)}
    for field, (value, low, high) in bounds.items():
        # Compared, so that NaN lies in no range.
        if not low <= value <= high:
            raise _invalid(field, f"{field} is {low} to {high}", f"{field} 须在 {low} 至 {high}", value, [low, high])
    if elapsed_ms < 0:
        raise _invalid("elapsed_ms", "fixes come in the order of time", "定位须按时间先后", elapsed_ms, 0)


def _invalid(field: str, en: str, zh: str, value: float, limit: object) -> Invalid:
    return Invalid("geo.fix_invalid", en, zh, field=field, value=str(value), limit=limit)
