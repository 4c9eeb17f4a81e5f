"""What a person is told: a safe way; that there is none, and the least harmful with its dose; or no way. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypeAlias

import msgspec

from geo.hazards.dose import NO_PROTECTION, DoseRates, PathDose, Protection
from geo.hazards.footprints import BAN_PERMILLE
from geo.routing.approach import Approach
from geo.routing.conditions import Conditions, invalid
from geo.routing.harm import Harm, LeastHarm, exposure, weigh
from geo.routing.routes import Route
from geo.routing.safest import SafestWays
from geo.routing.snapping import Place
from mobile_contract.text import Text

OutcomeState: TypeAlias = Literal["safe", "least_harm", "no_route"]


class Outcome(msgspec.Struct, frozen=True, eq=False):
    """``safe``: no ban on the way but those one stands in. ``least_harm``: *no safe route*, and which is the least bad.

    ``dose`` of the way in the unit of the law asked for; of ``no_route`` that of the way that was not offered.
    ``cut_off_by``: the hazards whose bans that way goes through; none: nothing open joins the two places.
    ``unmeasured_ms``: the time on it in banned areas whose concentration nobody stated; ``dose`` knows nothing of them.
    """

    state: OutcomeState
    route: Route | None = None
    dose: PathDose | None = None
    cut_off_by: tuple[str, ...] = ()
    unmeasured_ms: int = 0
    reason: Text | None = None


def outcomes(
    conditions: Conditions,
    starts: Sequence[Place],
    goals: Sequence[Place],
    rates: DoseRates,
    protection: Protection = NO_PROTECTION,
    *,
    load_max: float | None = None,
) -> list[Outcome]:
    """Of each start the way to the first goal. ``load_max``: nobody is sent through more than this, or through what
    nobody measured.

    Raises Invalid (geo.route_invalid, geo.dose_invalid) for what is out of bounds.
    """
    if load_max is not None and not load_max >= 0:
        raise invalid("load_max", "a limit of the load is at least 0", "剂量上限不得小于 0", load_max, 0)
    harm = weigh(conditions, rates, protection)
    safe = Approach(conditions, goals, starts=starts).routes(starts)
    harmful = _Harmful(harm, goals) if any(it is None for it in safe) else None
    found = []
    for start, route in zip(starts, safe, strict=True):
        if route is not None:
            found.append(Outcome("safe", route, exposure(harm, route)))
        else:
            assert harmful is not None
            found.append(_unsafe(harm, harmful.route(start), load_max))
    return found


class _Harmful:
    """The least harmful ways; where a mask's air runs out on one, the least of all that know of it."""

    def __init__(self, harm: Harm, goals: Sequence[Place]) -> None:
        self._harm, self._goals, self._lasting = harm, goals, LeastHarm(harm, goals)
        self._knowing: SafestWays | None = None

    def route(self, start: Place) -> Route | None:
        route, air_s = self._lasting.route(start), self._harm.protection.air_s
        if route is None or air_s is None or route.millis <= air_s * 1_000:
            return route
        if self._knowing is None:
            self._knowing = SafestWays(self._harm, self._goals, through_bans=True)
        # None: no way but through what nobody measured, of which the time counts first, with air or without.
        choices = self._knowing.choices(start).choices
        return msgspec.structs.replace(choices[-1].route, kind="least_harm") if choices else route


def _unsafe(harm: Harm, route: Route | None, load_max: float | None) -> Outcome:
    if route is None:
        reason = Text(
            "没有任何通道可到达：通道不相连，或门已锁闭", "No way is open: the places are not joined, or doors are shut"
        )
        return Outcome("no_route", reason=reason)
    dose = exposure(harm, route)
    arcs, millis = route.walked(harm.conditions)
    unmeasured_ms = int(millis[harm.unmeasured[arcs]].sum())
    cut_off_by = tuple(it.hazard for it in route.crossed if it.permille == BAN_PERMILLE)
    names = ", ".join(cut_off_by)
    if load_max is not None and (dose.load > load_max or unmeasured_ms):
        reason = Text(f"没有安全路线：被危险区 {names} 切断", f"No safe route: cut off by {names}")
        return Outcome("no_route", None, dose, cut_off_by, unmeasured_ms, reason)
    if not cut_off_by:
        reason = Text("没有安全路线：您已在目标处，且身处危险区", "No safe route: you are there, inside a hazard")
        return Outcome("least_harm", route, dose, cut_off_by, unmeasured_ms, reason)
    reason = Text(
        f"没有安全路线；此路线危害最小，须穿过危险区 {names}",
        f"No safe route; this one does the least harm and leads through {names}",
    )
    return Outcome("least_harm", route, dose, cut_off_by, unmeasured_ms, reason)
