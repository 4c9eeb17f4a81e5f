"""Keep one's way or change it, when the hazards have moved: for everybody on the way to the same goals. Pure.

A way that is banned is left at once. Any other is kept unless the best one now is shorter by more than a bound: who is
told to turn round for a few seconds, and back again at the next reading, stops following orders.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypeAlias

import msgspec
import numpy as np

from geo.graph.csr import BANNED, Ints
from geo.routing.approach import Approach
from geo.routing.conditions import Conditions, invalid
from geo.routing.ends import End, goal_ends, start_ends, straight
from geo.routing.routes import Route
from geo.routing.snapping import Place

Decision: TypeAlias = Literal["keep", "switch", "no_safe_route"]
Cause: TypeAlias = Literal["best", "gain_too_small", "banned", "off_route", "faster"]


class Hysteresis(msgspec.Struct, frozen=True):
    """What a new way has to gain: more than ``least_ms``, and more than ``share`` of the present one.

    15 s and a sixth: a phone's fix of 10 m is worth 8 s of walking either way, and the hazards' outlines are no surer.
    An engineering choice, not a measured one.
    """

    least_ms: int = 15_000
    share: float = 1 / 6


HYSTERESIS = Hysteresis()


class Walker(msgspec.Struct, frozen=True, eq=False):
    """Someone on a way: where they are now, and the whole arcs of it that are still before them.

    ``goal``: its place in the goals; the part to ``remaining`` and from it follow from the places.
    """

    place: Place
    goal: int
    remaining: Ints


class Turn(msgspec.Struct, frozen=True, eq=False):
    """What a walker does. ``present_ms``: the present way from here by the new times, None: not to be walked on.

    ``route``: the new way when they switch.
    """

    decision: Decision
    cause: Cause
    present_ms: int | None
    best_ms: int | None
    route: Route | None = None


class Replanned(msgspec.Struct, frozen=True, eq=False):
    """The ways at the new moment, for the next move, and what each walker does."""

    approach: Approach
    turns: list[Turn]


def decide(present_ms: int | None, best_ms: int | None, bound: Hysteresis = HYSTERESIS) -> Decision:
    """``present_ms`` None: the way is banned; ``best_ms`` None: there is no way."""
    if best_ms is None:
        return "no_safe_route" if present_ms is None else "keep"
    if present_ms is None:
        return "switch"
    return "switch" if present_ms - best_ms > max(bound.least_ms, bound.share * present_ms) else "keep"


def replan(
    before: Approach, conditions: Conditions, walkers: Sequence[Walker], bound: Hysteresis = HYSTERESIS
) -> Replanned:
    """Everybody's turn at a new moment: one tree, repaired where times only rose; ways are traced for who switches.

    Raises Invalid (geo.route_invalid) for a walker whose goal or arcs are none, and for a bound below nothing.
    """
    _check(before, conditions, walkers, bound)
    after = Approach(conditions, before.goals, before.kind, before=before)
    present = _present(after, walkers)
    best = after.millis([it.place for it in walkers])
    decisions = [decide(now, then, bound) for (now, _), then in zip(present, best, strict=True)]
    turning = [number for number, it in enumerate(decisions) if it == "switch"]
    routes = dict(zip(turning, after.routes([walkers[it].place for it in turning]), strict=True))
    turns = [
        _turn(it, decisions[number], present[number], best[number], routes.get(number))
        for number, it in enumerate(walkers)
    ]
    return Replanned(after, turns)


def _turn(
    walker: Walker, decision: Decision, present: tuple[int | None, Cause], best_ms: int | None, route: Route | None
) -> Turn:
    present_ms, cause = present
    if route is not None and route.leaving and np.array_equal(route.arcs, walker.remaining):
        # Out of the area one stands in, as one does already.
        return Turn("keep", "best", present_ms, best_ms)
    if present_ms is not None and best_ms is not None and present_ms > best_ms:
        cause = "faster" if decision == "switch" else "gain_too_small"
    return Turn(decision, cause, present_ms, best_ms, route)


def _present(after: Approach, walkers: Sequence[Walker]) -> list[tuple[int | None, Cause]]:
    """Of each walker the time of the way they are on, None: why not."""
    conditions, graph = after.conditions, after.conditions.graph
    begins = start_ends(conditions, [it.place for it in walkers], after.times)
    comes_in = goal_ends(conditions, after.goals, after.times)
    arcs = np.concatenate([it.remaining for it in walkers]) if walkers else np.empty(0, dtype=np.int32)
    times = after.times[arcs]
    banned = np.concatenate(([0], np.cumsum(times == BANNED)))
    millis = np.concatenate(([0], np.cumsum(np.where(times == BANNED, 0, times), dtype=np.int64)))
    found: list[tuple[int | None, Cause]] = []
    low = 0
    for number, it in enumerate(walkers):
        high = low + len(it.remaining)
        if high == low:
            found.append(_nearly_there(after, it, begins[number], comes_in[it.goal]))
        else:
            first = [end for end in begins[number] if end.node == graph.tails[it.remaining[0]]]
            last = [end for end in comes_in[it.goal] if end.node == graph.heads[it.remaining[-1]]]
            found.append(_along(first, int(millis[high] - millis[low]), bool(banned[high] - banned[low]), last))
        low = high
    return found


def _along(first: list[End], millis: int, banned: bool, last: list[End]) -> tuple[int | None, Cause]:
    if not first or not last:
        return None, "off_route"
    if banned or first[0].banned or last[0].banned:
        return None, "banned"
    return first[0].millis + millis + last[0].millis, "best"


def _nearly_there(after: Approach, walker: Walker, begins: list[End], comes_in: list[End]) -> tuple[int | None, Cause]:
    """Of one with no whole arc before them: over the node between, or along the arc both are on."""
    goal = after.goals[walker.goal]
    part = straight(after.conditions, walker.place, goal, after.times)
    if part is not None:
        return part.millis + walker.place.walk_ms + goal.walk_ms, "best"
    ways = [_along([a], 0, False, [b]) for a in begins for b in comes_in if a.node == b.node]
    return min(ways, key=lambda it: (it[0] is None, it[0]), default=(None, "off_route"))


def _check(before: Approach, conditions: Conditions, walkers: Sequence[Walker], bound: Hysteresis) -> None:
    if before.conditions.graph is not conditions.graph:
        raise invalid("conditions", "the ways are of another network", "路线属于另一路网", None)
    if not (bound.least_ms >= 0 and 0 <= bound.share <= 1):
        raise invalid("bound", "a gain is at least 0 ms and 0 to 1 of the way", "改道阈值无效", bound.share, [0, 1])
    arcs = before.conditions.graph.arcs
    for number, it in enumerate(walkers):
        if not 0 <= it.goal < len(before.goals):
            raise invalid(f"walkers.{number}.goal", "there is no such goal", "不存在该目标", it.goal, len(before.goals))
        if len(it.remaining) and not 0 <= int(it.remaining.min()) <= int(it.remaining.max()) < arcs:
            raise invalid(f"walkers.{number}.remaining", "there is no such arc", "不存在该弧段", None, arcs)
