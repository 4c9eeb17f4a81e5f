"""How long until somebody acknowledged: a ladder of steps, exact in seconds at first and within 5 % above.

A percentile of a year can not be kept exactly in sums; counts by step can, and are the same whoever adds them up and
in whichever order. A figure is a step's upper end: it never looks quicker than it was.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Mapping
from itertools import accumulate

_EXACT_S = 30
_GROWTH = 1.05
_LONGEST_S = 7 * 86_400


def _ladder() -> list[float]:
    borders = [float(s) for s in range(1, _EXACT_S + 1)]
    while borders[-1] < _LONGEST_S:
        borders.append(float(math.ceil(borders[-1] * _GROWTH)))
    return borders


BORDERS_S = _ladder()
"""Step n holds times from BORDERS_S[n - 1] to below BORDERS_S[n]; SQL's width_bucket counts the same."""


def step_of(seconds: float) -> int:
    """The step a time falls into."""
    return bisect_right(BORDERS_S, seconds)


def percentile_s(counts: Mapping[int, int], share: float) -> float | None:
    """The time within which this share (0 to 1) was answered, by nearest rank; None without any. The last step has no
    upper end: its lower end is given."""
    total = sum(counts.values())
    if total == 0:
        return None
    rank = max(math.ceil(share * total), 1)
    steps = sorted(counts)
    seen = accumulate(counts[step] for step in steps)
    step = next(step for step, count in zip(steps, seen, strict=True) if count >= rank)
    return BORDERS_S[min(step, len(BORDERS_S) - 1)]
