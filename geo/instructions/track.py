"""The steps of a way as one line in metres and time, on which a position is found. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise

import msgspec
import numpy as np
import numpy.typing as npt

from core.errors import Invalid
from geo.instructions.model import Step
from geo.projection import Projection

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int32]


class Track(msgspec.Struct, frozen=True):
    """A way in pieces (m), each on one level: from ``a`` (m, 2) at ``start_ms`` (m) to ``b`` (m, 2) at ``end_ms`` (m).

    ``climb`` (m): whether it is part of a rise; ``metres`` (m): walked before it. ``step_ms`` (s): when each step
    begins; ``total_ms`` and ``total_m`` are the whole way's. A rise is split between its floors halfway up.
    """

    projection: Projection
    a: Floats
    b: Floats
    level: Ints
    start_ms: Floats
    end_ms: Floats
    climb: npt.NDArray[np.bool_]
    metres: Floats
    step_ms: list[int]
    total_ms: int
    total_m: float

    def left_m(self, at_ms: float) -> float:
        """Metres from a moment of the way to its end."""
        ends = np.append(self.metres[1:], self.total_m)
        return self.total_m - float(np.interp(at_ms, self._times, np.concatenate(([0.0], ends))))

    def piece(self, at_ms: float) -> int:
        """The piece one is on at a moment; where one ends and another begins, the later."""
        return min(int(np.searchsorted(self.end_ms, at_ms, side="right")), len(self.end_ms) - 1)

    def step_at(self, at_ms: float) -> int:
        """The number of the step one is on at a moment; of those that begin then the last."""
        return int(np.searchsorted(self.step_ms, at_ms, side="right"))

    @property
    def _times(self) -> Floats:
        return np.append(self.start_ms, self.total_ms)


def lay_track(steps: Sequence[Step], projection: Projection) -> Track:
    """The steps of one way, in order -> its track. Raises Invalid where nothing of it takes any time."""
    pieces, step_ms, at_ms = [], [], 0
    for step in steps:
        step_ms.append(at_ms)
        pieces += list(_pieces(step, projection, at_ms))
        at_ms += step.millis
    if not pieces:
        raise Invalid(
            "geo.steps_empty", "a way has a walk or a climb", "路线须有步行或上下楼", field="steps", value=len(steps)
        )
    lengths = [math.dist(a, b) for a, b, *_ in pieces]
    places = np.array([(a, b) for a, b, *_ in pieces], dtype=np.float64).reshape(-1, 2, 2)
    return Track(
        projection=projection,
        a=places[:, 0],
        b=places[:, 1],
        level=np.array([level for _, _, level, *_ in pieces], dtype=np.int32),
        start_ms=np.array([start for *_, start, _, _ in pieces], dtype=np.float64),
        end_ms=np.array([end for *_, end, _ in pieces], dtype=np.float64),
        climb=np.array([climb for *_, climb in pieces], dtype=np.bool_),
        metres=np.concatenate(([0.0], np.cumsum(lengths)))[:-1],
        step_ms=step_ms,
        total_ms=at_ms,
        total_m=sum(lengths),
    )


_XY = tuple[float, float]
_Piece = tuple[_XY, _XY, int, float, float, bool]


def _pieces(step: Step, projection: Projection, at_ms: int) -> Iterator[_Piece]:
    """A step's line in pieces of one level, its time spread by length; a step without a length stands where it is."""
    if step.millis == 0:
        return
    places = [(float(x), float(y)) for x, y in projection.to_metres(step.line["coordinates"]).tolist()]
    lengths = [math.dist(p, q) for p, q in pairwise(places)]
    if sum(lengths) == 0:
        places, lengths = places[:2], [1.0]
    spans = np.concatenate(([0.0], np.cumsum(lengths))) / sum(lengths)
    to_level = step.level if step.to_level is None else step.to_level
    floors, way = abs(to_level - step.level), 1 if to_level > step.level else -1
    for floor in range(floors + 1):
        # Half a floor on the first and the last level, a whole one on each between.
        low = max(0.0, (floor - 0.5) / floors) if floors else 0.0
        high = min(1.0, (floor + 0.5) / floors) if floors else 1.0
        for i, (p, q) in enumerate(pairwise(places)):
            begins, ends = max(low, float(spans[i])), min(high, float(spans[i + 1]))
            if begins < ends:
                a, b = (_between(p, q, (t - spans[i]) / (spans[i + 1] - spans[i])) for t in (begins, ends))
                times = (at_ms + begins * step.millis, at_ms + ends * step.millis)
                yield a, b, step.level + way * floor, *times, step.to_level is not None


def _between(p: _XY, q: _XY, share: float) -> _XY:
    return p[0] + (q[0] - p[0]) * share, p[1] + (q[1] - p[1]) * share
