"""What holds on the network at one moment: the arcs' times with hazards and without, and who bans what. Pure."""

from __future__ import annotations

from functools import cached_property
from typing import TypeAlias

import msgspec
import numpy as np
import numpy.typing as npt
import shapely

from core.errors import Invalid
from geo.graph.csr import BANNED, Floats, Graph, Ints
from geo.hazards.footprints import BAN_PERMILLE, Footprint
from geo.hazards.raising import HazardTimes

Mask: TypeAlias = npt.NDArray[np.bool_]


class Present(msgspec.Struct, frozen=True, eq=False):
    """One hazard at the moment: its footprints, and the arcs each touches."""

    name: str
    touched: list[tuple[Footprint, Ints]]


class Conditions(msgspec.Struct, frozen=True, eq=False, dict=True):
    """``base`` (m): the arcs' times without hazards, BANNED: locked or out of use; ``times`` (m): with them."""

    graph: Graph
    base: Ints
    times: Ints
    hazards: tuple[Present, ...] = ()

    @cached_property
    def hazard_bans(self) -> Mask:
        """The arcs that hazards ban and nothing else does (m)."""
        return np.asarray((self.times == BANNED) & (self.base != BANNED))

    @cached_property
    def lifted(self) -> Ints:
        """The times with the hazards' bans lifted (m): those arcs take their time without hazards."""
        return np.where(self.times == BANNED, self.base, self.times)

    @cached_property
    def touched(self) -> Mask:
        """The arcs that some hazard touches (m), those that can not get slower or are shut anyway too."""
        found = np.zeros(self.graph.arcs, dtype=bool)
        for hazard in self.hazards:
            for _, arcs in hazard.touched:
                found[arcs] = True
        return found

    @cached_property
    def by_hazard(self) -> list[tuple[str, Ints]]:
        """Of each hazard the greatest factor on each arc, in thousandths (m); 0: not touched."""
        found = []
        for hazard in self.hazards:
            permille = np.zeros(self.graph.arcs, dtype=np.int32)
            for footprint, arcs in sorted(hazard.touched, key=lambda it: it[0].permille):
                permille[arcs] = footprint.permille
            found.append((hazard.name, permille))
        return found

    @cached_property
    def _banning(self) -> list[Footprint]:
        shapes = [it for hazard in self.hazards for it, _ in hazard.touched if it.permille == BAN_PERMILLE]
        for it in shapes:
            shapely.prepare(it.shape)
        return shapes

    def inside(self, x: Floats, y: Floats, level: Ints) -> Mask:
        """Which places (p) lie in an area that hazards ban, or on its border."""
        found = np.zeros(len(x), dtype=bool)
        for it in self._banning:
            found |= np.isin(level, list(it.levels)) & shapely.intersects_xy(it.shape, x, y)
        return found

    def meets_ban(self, ends: Floats, level: Ints) -> Mask:
        """Which straight walks (p, 2, 2) on a level meet an area that hazards ban."""
        found = np.zeros(len(ends), dtype=bool)
        if self._banning and len(ends):
            standing = (ends[:, 0] == ends[:, 1]).all(axis=1)
            lines = np.asarray(shapely.linestrings(ends), dtype=np.object_)
            lines[standing] = shapely.points(ends[standing, 0])
            for it in self._banning:
                found |= np.isin(level, list(it.levels)) & shapely.intersects(it.shape, lines)
        return found


def conditions(
    graph: Graph, hazards: HazardTimes | None = None, *, offset_ms: int = 0, closed: npt.ArrayLike = ()
) -> Conditions:
    """What holds at an offset. ``closed``: arcs that are shut for another reason than a hazard (a door found locked).

    Raises Invalid (geo.route_invalid) for an arc that does not exist.
    """
    shut = np.asarray(closed, dtype=np.int64).reshape(-1)
    if shut.size and not 0 <= int(shut.min()) <= int(shut.max()) < graph.arcs:
        worst = int(shut[(shut < 0) | (shut >= graph.arcs)][0])
        raise invalid("closed", f"there is no arc {worst}", f"不存在弧段 {worst}", worst, graph.arcs)
    base = _shut(graph.millis, shut)
    if hazards is None:
        return Conditions(graph, base, base)
    present = tuple(Present(name, found) for name, found in hazards.touched_at(offset_ms).items())
    return Conditions(graph, base, _shut(hazards.at(offset_ms), shut), present)


def invalid(field: str, en: str, zh: str, value: object, limit: object = None) -> Invalid:
    """The error of this folder's input: ``geo.route_invalid``."""
    return Invalid("geo.route_invalid", f"{field}: {en}", f"{field}：{zh}", field=field, value=value, limit=limit)


def _shut(times: Ints, arcs: npt.NDArray[np.int64]) -> Ints:
    if len(arcs):
        times = times.copy()
        times[arcs] = BANNED
    times = times.view()
    times.flags.writeable = False
    return times
