"""A way: what is walked, how long that takes, and what hazards it goes through. Pure."""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec
import numpy as np

from geo.graph.csr import Ints
from geo.routing.conditions import Conditions
from geo.routing.ends import Part

RouteKind: TypeAlias = Literal["fastest", "avoiding", "least_harm"]


class Crossed(msgspec.Struct, frozen=True):
    """A hazard a way goes through: for so long, at most slowed by ``permille`` thousandths (BAN_PERMILLE: banned)."""

    hazard: str
    millis: int
    permille: int


class Route(msgspec.Struct, frozen=True, eq=False):
    """A way: ``first`` from where one is, whole ``arcs`` in walking order (int32), ``last`` to the goal.

    ``goal``: its place in the goals asked for. ``access_ms``: from the position to the network and from it to the goal.
    ``leaving``: so many of the parts and arcs lead out of the area one stands in, and nothing after them is banned.
    """

    kind: RouteKind
    goal: int
    millis: int
    arcs: Ints
    first: Part | None = None
    last: Part | None = None
    access_ms: int = 0
    leaving: int = 0
    crossed: tuple[Crossed, ...] = ()
    departs_ms: int = 0

    @property
    def arrival_ms(self) -> int:
        """When one is there, on the clock of ``departs_ms``."""
        return self.departs_ms + self.millis

    def walked(self, conditions: Conditions) -> tuple[Ints, Ints]:
        """Every arc with its time, parts with theirs (p), int32. A banned arc takes its time without hazards."""
        times = usable_times(conditions, self.kind)[self.arcs]
        before = [] if self.first is None else [self.first]
        after = [] if self.last is None else [self.last]
        arcs = np.concatenate(([it.arc for it in before], self.arcs, [it.arc for it in after])).astype(np.int32)
        millis = np.concatenate(([it.millis for it in before], times, [it.millis for it in after])).astype(np.int32)
        return arcs, millis


def usable_times(conditions: Conditions, kind: RouteKind) -> Ints:
    """The arcs' times for a way that may go through bans of hazards (m): the hazards' own where they do not ban."""
    return conditions.base if kind == "fastest" else conditions.lifted


def crossed(route: Route, conditions: Conditions) -> tuple[Crossed, ...]:
    """What a way goes through, hazard by hazard. An arc that is touched at all counts whole."""
    arcs, millis = route.walked(conditions)
    found = []
    for name, permille in conditions.by_hazard:
        here = permille[arcs]
        if here.any():
            found.append(Crossed(name, int(millis[here > 0].sum(dtype=np.int64)), int(here.max())))
    return tuple(found)
