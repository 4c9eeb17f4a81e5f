"""A person who walks a route at walking pace, for phones that have no legs: where they are after how long. Pure."""

from __future__ import annotations

import math
from datetime import datetime
from itertools import pairwise
from typing import TypeAlias

import msgspec

from mobile_contract.presence import ReportedPosition
from mobile_contract.wayfinding import RouteStep, RouteView

# A good phone outdoors, and one with beacons indoors.
ACCURACY_M = 3.0
LonLat: TypeAlias = tuple[float, float]


class Pace(msgspec.Struct, frozen=True):
    """How long a revision of a route has been walked."""

    revision: int = -1
    walked_ms: float = 0.0

    def onward(self, route: RouteView, more_ms: float) -> Pace:
        """So much later. A newer revision begins where the server last saw the person, so from its start."""
        if route.revision != self.revision:
            return Pace(route.revision)
        return Pace(route.revision, self.walked_ms + more_ms)

    def fix(self, route: RouteView, at: datetime) -> ReportedPosition | None:
        """Where the person is now; None on a route without steps."""
        if not route.steps:
            return None
        left_ms = self.walked_ms
        for step in route.steps:
            if left_ms < step.millis:
                return _fix(step, left_ms / step.millis, at)
            left_ms -= step.millis
        return _fix(route.steps[-1], 1.0, at)

    def is_through(self, route: RouteView) -> bool:
        """The whole of it is walked."""
        return self.revision == route.revision and self.walked_ms >= sum(step.millis for step in route.steps)


def _fix(step: RouteStep, share: float, at: datetime) -> ReportedPosition:
    lon, lat = _along([(it[0], it[1]) for it in step.line["coordinates"]], share)
    return ReportedPosition(at, lon, lat, ACCURACY_M, step.level)


def _along(line: list[LonLat], share: float) -> LonLat:
    """The place so far along a line. Degrees of longitude are shorter than those of latitude."""
    shrunk = math.cos(math.radians(line[0][1]))
    lengths = [math.hypot((b[0] - a[0]) * shrunk, b[1] - a[1]) for a, b in pairwise(line)]
    left = share * sum(lengths)
    for (a, b), length in zip(pairwise(line), lengths, strict=True):
        if left < length:
            part = left / length
            return a[0] + (b[0] - a[0]) * part, a[1] + (b[1] - a[1]) * part
        left -= length
    return line[-1]
