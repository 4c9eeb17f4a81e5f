"""A way that keeps ahead of the hazards' forecast, in words; and how far the forecast is looked at. Pure.

What moves is looked at in slices of 15 s, of each the worst; what comes after the last counts as if it came with it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from geo.graph.csr import Ints
from geo.guidance import Goal, Guided, way_directions
from geo.hazards.raising import HazardTimes
from geo.instructions.model import Caution, Target
from geo.instructions.wording import tell
from geo.routing.conditions import Conditions
from geo.routing.predicted import Forecast, TimedRoute, forecast, predicted_route
from geo.routing.routes import Route, crossed
from geo.routing.snapping import Place
from geo.site_map import Passages, SiteMap, keep_out

# As plumes are reckoned (``geo.hazards.plume_areas``): a person walks 18 m in it.
SLICE_MS = 15_000
# Twenty minutes: longer than the way through any plant, at 1.2 m/s 1.4 km.
SLICES_MOST = 80
# 64 MB of times for one question; of a campus of 500,000 arcs, 8 min.
TIMES_MAX = 16_000_000


def foresee(site: SiteMap, hazards: HazardTimes, passages: Passages) -> Forecast:
    """What the hazards will do to the ways of a site from now on, as far as that is looked at."""
    slices = max(1, min(SLICES_MOST, TIMES_MAX // max(1, site.graph.arcs)))
    return forecast(site.graph, hazards, SLICE_MS, slices, closed=site.closed(passages))


def guide_ahead(
    site: SiteMap,
    now: Conditions,
    ahead: Forecast,
    start: Place,
    goals: Sequence[Goal],
    cautions: Sequence[Caution] = (),
) -> Guided | None:
    """The way to whichever goal is reached first, over nothing that is banned while one is there; None: there is none.

    Nor is there any for who stands in a banned area now: ``geo.guidance`` leads out of it. ``crossed`` of the route is
    what slows it as the hazards stand now. Raises Invalid (geo.search_invalid) for what is out of bounds.
    """
    timed = predicted_route(ahead, start, [it.place for it in goals])
    if timed is None:
        return None
    goal, (arcs, millis) = goals[timed.route.goal], _walked(timed)
    route = _as_now(timed.route, now)
    target = Target(name=goal.name, id=goal.id, at=goal.at)
    directions = way_directions(site, start, goal.place, arcs, millis, target, cautions, out=keep_out(now))
    return Guided("safe", route.goal, route, directions, tell(site.around, directions))


def _as_now(route: Route, now: Conditions) -> Route:
    return Route(
        route.kind, route.goal, route.millis, route.arcs, route.first, route.last, route.access_ms,
        crossed=crossed(route, now), departs_ms=route.departs_ms,
    )  # fmt: skip


def _walked(timed: TimedRoute) -> tuple[Ints, Ints]:
    """Every arc with its time by the forecast's clock, parts with theirs (p)."""
    route = timed.route
    before = [] if route.first is None else [route.first]
    after = [] if route.last is None else [route.last]
    taken = (timed.reaches_ms - timed.leaves_ms).tolist()
    arcs = [*(it.arc for it in before), *route.arcs.tolist(), *(it.arc for it in after)]
    millis = [*(it.millis for it in before), *taken, *(it.millis for it in after)]
    return np.array(arcs, dtype=np.int32), np.array(millis, dtype=np.int32)
