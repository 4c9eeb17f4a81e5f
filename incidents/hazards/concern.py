"""Which concentrations of an agent matter, and what each means for a way: the plant's own limits, else the library's.
Pure.

The first level slows and the second bans, as alarms of these levels do (``growing``).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from core.errors import Invalid, NotFound
from incidents.alarms.agents import convert, hazard_of
from incidents.alarms.limits import find_set_points
from incidents.alarms.model import LimitSource
from incidents.hazards.growing import FIRST_LEVEL_FACTOR


class SiteLimit(msgspec.Struct, frozen=True):
    """A high limit that a sensor of the site is held to."""

    level: int
    set_point: float
    unit: str
    source: LimitSource


class Concern(msgspec.Struct, frozen=True, kw_only=True):
    """A level of concern in mg/m3, as it was set (``value`` in ``unit``) and where it is from; ``factor`` None: a ban.

    ``plant``: the plant's own limit, else the library's.
    """

    level: int
    mg_m3: float
    factor: float | None
    value: float
    unit: str
    plant: bool
    source: LimitSource


def concerns(agent: str, own: Sequence[SiteLimit]) -> list[Concern]:
    """The levels of concern of an agent, by level: of the plant's limits the strictest, else the library's.

    Raises Invalid (hazard.no_limit) for what nobody has set a limit of that a concentration in air can be held to.
    """
    found = []
    for level in (1, 2):
        made = _strictest(agent, (it for it in own if it.level == level), plant=True)
        if made is None:
            made = _strictest(agent, (it for it in _library(agent) if it.level == level), plant=False)
        if made is not None:
            found.append(made)
    if not found:
        raise Invalid(
            "hazard.no_limit",
            f"there is no limit of {agent} in air, neither the plant's nor the library's",
            f"没有 {agent} 的空气浓度限值",
            field="agent",
            value=agent,
        )
    return found


def _library(agent: str) -> list[SiteLimit]:
    if hazard_of(agent) not in ("flammable", "toxic"):
        return []
    try:
        points = find_set_points(agent, "mg/m3")
    except (NotFound, Invalid):
        # A mixture has no molar mass.
        return []
    return [SiteLimit(it.level, it.value, it.unit, it.source) for it in points if it.kind == "high"]


def _strictest(agent: str, limits: Iterable[SiteLimit], *, plant: bool) -> Concern | None:
    made = [it for limit in limits if (it := _concern(agent, limit, plant=plant)) is not None]
    return min(made, key=lambda it: it.mg_m3, default=None)


def _concern(agent: str, limit: SiteLimit, *, plant: bool) -> Concern | None:
    if hazard_of(agent) in ("asphyxiant", "machine", "particles"):
        return None
    try:
        mg_m3 = convert(agent, limit.set_point, limit.unit, "mg/m3")
    except Invalid:
        return None
    if mg_m3 <= 0:
        return None
    return Concern(
        level=limit.level,
        mg_m3=mg_m3,
        factor=FIRST_LEVEL_FACTOR if limit.level == 1 else None,
        value=limit.set_point,
        unit=limit.unit,
        plant=plant,
        source=limit.source,
    )
