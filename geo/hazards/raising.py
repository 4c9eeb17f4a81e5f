"""The times of a walking network under hazards: raised, never lowered. Pure.

Because no time falls below the graph's own, lower bounds made from the graph (landmarks) stay lower bounds under every
hazard. Where hazards overlap the greatest factor counts, and a ban beats all.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeAlias

import msgspec
import numpy as np
import numpy.typing as npt

from geo.graph.csr import ARC_MAX_MS, BANNED, Graph, Ints
from geo.hazards.footprints import BAN_PERMILLE, Footprint, Placed
from geo.hazards.model import FACTOR_MIN, invalid
from geo.hazards.touching import ArcIndex

_Key: TypeAlias = tuple[bytes, frozenset[int]]


class Sliced(msgspec.Struct, frozen=True):
    """Times by slices: from ``starts_ms[k]`` on (int64, ascending, the first 0) arcs take ``millis[k]``, int32 (k, m).

    The last row holds.
    """

    starts_ms: npt.NDArray[np.int64]
    millis: Ints


def raise_times(millis: Ints, touched: Sequence[tuple[int, Ints]]) -> Ints:
    """Base times (m) and, for each factor in thousandths, the arcs it touches -> times (m), int32, none below the base.

    Products are rounded up to whole milliseconds and end at ARC_MAX_MS; what was BANNED stays so. Raises Invalid for a
    factor below one.
    """
    times = millis.copy()
    # The greatest last: of an arc that is named twice the last assignment stays.
    for permille, arcs in sorted(touched, key=lambda it: it[0]):
        if permille < 1_000:
            raise invalid("factor", "a factor below one lowers a time", "系数不得小于 1", permille / 1_000, FACTOR_MIN)
        if permille == BAN_PERMILLE:
            times[arcs] = BANNED
        else:
            base = millis[arcs]
            longer = np.minimum((base.astype(np.int64) * permille + 999) // 1_000, ARC_MAX_MS)
            times[arcs] = np.where(base == BANNED, BANNED, longer)
    return times


class HazardTimes:
    """The hazards over one graph; only shapes that were not there before are asked which arcs they touch.

    ``index`` is shared by everybody who works on the graph. Not for use by two threads at once.
    """

    def __init__(self, graph: Graph, index: ArcIndex | None = None) -> None:
        self._graph = graph
        self._index = index or ArcIndex(graph)
        self._placed: dict[str, Placed] = {}
        # By shape and levels: rooms of a grown hazard stand in slice after slice, and are asked once.
        self._touched: dict[_Key, Ints] = {}

    def update(self, placed: Iterable[Placed] = (), ended: Iterable[str] = ()) -> None:
        """Add or replace hazards by their id, and take away those that ended (unknown ids are let be)."""
        gone = set(ended)
        now = {name: it for name, it in self._placed.items() if name not in gone} | {it.id: it for it in placed}
        used = {_key(it): it for hazard in now.values() for part in hazard.slices for it in part.footprints}
        fresh = [key for key in used if key not in self._touched]
        found = self._index.touched([used[key] for key in fresh])
        known = {key: arcs for key, arcs in self._touched.items() if key in used}
        # Both at once, at the end: whatever fails before leaves what was.
        self._placed, self._touched = now, known | dict(zip(fresh, found, strict=True))

    def at(self, offset_ms: int = 0) -> Ints:
        """The times at an offset: int32 (m)."""
        pairs = [(it.permille, arcs) for found in self.touched_at(offset_ms).values() for it, arcs in found]
        return raise_times(self._graph.millis, pairs)

    def sliced(self, from_ms: int = 0) -> Sliced:
        """The times from an offset on, by every slice of every hazard; offsets of the answer count from ``from_ms``.

        Four bytes an arc and slice: an hour by 15 s over 500,000 arcs is 480 MB; ask for as many slices as are planned.
        """
        starts = self.starts_ms(from_ms)
        return Sliced(starts, np.stack([self.at(int(start) + from_ms) for start in starts]))

    def even(self, slice_ms: int, count: int, from_ms: int = 0) -> Ints:
        """The times in slices of one length from an offset on: int32 (count, m), as ``geo.graph`` searches them.

        Each is the worst of all that holds at any moment in it, the last of all from its start on: nobody is sent into
        what begins halfway through a slice. Raises Invalid for a length or a count below 1.
        """
        if slice_ms < 1 or count < 1:
            raise invalid("slice_ms", "slices are 1 ms or longer, and at least one", "时段无效", [slice_ms, count], 1)
        changes = self.starts_ms(from_ms)
        rows = np.empty((count, self._graph.arcs), dtype=np.int32)
        for number, row in enumerate(rows):
            start = number * slice_ms
            end = start + slice_ms if number + 1 < count else np.iinfo(np.int64).max
            row[:] = self.at(start + from_ms)
            for change in changes[(changes > start) & (changes < end)].tolist():
                np.maximum(row, self.at(change + from_ms), out=row)
        return rows

    def starts_ms(self, from_ms: int = 0) -> npt.NDArray[np.int64]:
        """Where the slices from an offset on start, counted from it: int64 (k), ascending, the first 0."""
        starts = {it.start_ms - from_ms for hazard in self._placed.values() for it in hazard.slices}
        return np.array(sorted({0} | {start for start in starts if start > 0}), dtype=np.int64)

    @property
    def arcs(self) -> int:
        """How many arcs the graph has."""
        return self._graph.arcs

    def touched_at(self, offset_ms: int = 0) -> dict[str, list[tuple[Footprint, Ints]]]:
        """By hazard: the footprints there are at an offset, and the arcs each touches."""
        return {
            name: [(it, self._touched[_key(it)]) for it in hazard.at(offset_ms)]
            for name, hazard in self._placed.items()
        }


def _key(footprint: Footprint) -> _Key:
    return footprint.shape.wkb, footprint.levels
