"""A leak and the air it goes into -> where there will be too much of it, with everything that was reckoned with. Pure.

Outdoors a Gaussian plume or puff, indoors rooms that are mixed well (``geo.hazards``). A forecast tells people where
not to go; it moves no machine.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, Literal, TypeAlias

import msgspec

from core.errors import Invalid, NotFound
from geo.hazards.footprints import drawn_shape
from geo.hazards.growth import arrivals, rooms_under
from geo.hazards.mixing import Exchange, MixedRoom, Regime, door_exchange_m3_s
from geo.hazards.mixing_areas import filling_hazard
from geo.hazards.model import Hazard
from geo.hazards.plume import CALM_M_S, FURTHEST_M, VALID_FROM_M, Leak, Wind
from geo.hazards.plume_areas import Limit, plume_hazard, puff_hazard
from geo.hazards.stability import Sky, StabilityClass, stability_class
from geo.places.model import Door, PlaceId, Plan, Rise, Room
from geo.zones import area_m2
from incidents.hazards.checks import check_near, levels_of, projection_of
from incidents.hazards.concern import Concern
from incidents.hazards.model import Ground

ReleaseUnit: TypeAlias = Literal["kg/s", "g/s", "kg", "g"]

_MG: dict[ReleaseUnit, float] = {"kg/s": 1e6, "g/s": 1e3, "kg": 1e6, "g": 1e3}
# A slice is not shorter than routes are reckoned anew, and there are not more than a map is played through.
STEP_MIN_MS = 15_000
SLICES_MAX = 60
# Half a second of a core; what is further from the leak is reached later than anybody plans for.
ROOMS_MAX = 100
# Of a storey whose height the plan does not say: practice.
STOREY_M = 3.0

OUTDOORS_SOURCE = (
    "Gaussian plume (Turner 1970; Briggs 1973) or puff (CCPS 1999, after Slade 1968), the ground reflects; open level "
    f"country, valid {VALID_FROM_M:.0f} m to {FURTHEST_M / 1000:.0f} km, within a factor of two; not for dense or "
    "boiling clouds, nor between buildings"
)
INDOORS_SOURCE = (
    "well-mixed rooms (Etheridge and Sandberg 1996, chapter 6); doors by state (Brown and Solvason 1962; "
    "EN 12101-6:2005); outer doors are taken as shut: what they let out only thins it"
)


class Release(msgspec.Struct, frozen=True, kw_only=True):
    """What leaks of what: a rate (kg/s, g/s), or all at once (kg, g). ``minutes``: how far the forecast goes."""

    agent: str
    amount: float
    unit: ReleaseUnit
    minutes: int


class Outdoors(msgspec.Struct, frozen=True, kw_only=True):
    """Where it leaks and into which wind, at 10 m; ``wind_source``: who says so. The stability class is stated, or
    follows from the sky (Pasquill 1961)."""

    at: tuple[float, float]
    height_m: float
    wind_from_deg: float
    wind_m_s: float
    wind_source: str
    stability: StabilityClass | None = None
    sky: Sky | None = None
    levels: list[int] | None = None


class Indoors(msgspec.Struct, frozen=True, kw_only=True):
    """Into which rooms it leaks (those named, or those under a zone), and how often an hour all of them get fresh air.

    ``leaks_minutes`` None: as long as the forecast goes.
    """

    room: PlaceId | None = None
    zone: dict[str, Any] | None = None
    floor: int = 0
    air_changes_h: float
    leaks_minutes: int | None = None


class Forecast(msgspec.Struct, frozen=True):
    """The hazard and what it was reckoned from."""

    hazard: Hazard
    facts: dict[str, Any]


def outdoors(hazard_id: str, release: Release, where: Outdoors, limits: Sequence[Concern], ground: Ground) -> Forecast:
    """Downwind of a leak. Raises Invalid naming the field: off the site, a wind that is none, a level there is not."""
    projection = projection_of(ground)
    check_near("outdoors.at", [list(where.at)], ground, projection)
    levels = _levels(where.levels, levels_of(ground))
    stability, said = _stability(where)
    wind = Wind(where.wind_from_deg, where.wind_m_s, stability)
    x, y = projection.to_metres([where.at])[0].tolist()
    leak = Leak(x, y, where.height_m, release.amount * _MG[release.unit])
    over = [Limit(it.mg_m3, it.factor) for it in limits]
    if release.unit in ("kg/s", "g/s"):
        made = plume_hazard(
            leak, wind, over, hazard_id=hazard_id, agent=release.agent, projection=projection, levels=levels
        )
    else:
        until_ms, step_ms = _steps(release.minutes)
        made = puff_hazard(
            leak,
            wind,
            over,
            hazard_id=hazard_id,
            agent=release.agent,
            projection=projection,
            until_ms=until_ms,
            step_ms=step_ms,
            levels=levels,
        )
    facts = {
        **_facts(release, limits, OUTDOORS_SOURCE),
        "at": list(where.at),
        "height_m": where.height_m,
        "wind": {"from_deg": where.wind_from_deg, "speed_m_s": where.wind_m_s, "source": where.wind_source},
        "calm": f"below {CALM_M_S:g} m/s it blows in every direction at once" if wind.calm else None,
        "stability": stability,
        "stability_source": said,
        "levels": levels,
    }
    return Forecast(made, facts)


def indoors(hazard_id: str, release: Release, where: Indoors, limits: Sequence[Concern], plan: Plan) -> Forecast:
    """Through the rooms of the plan in force. Raises NotFound for a room it does not have, Invalid naming the field."""
    by_id = {room.id: room for room in plan.rooms if room.kind != "solid"}
    seeds = _seeds(where, plan, by_id)
    reached = list(arrivals(plan, seeds, behaviour="neutral"))[:ROOMS_MAX]
    heights = _heights(plan)
    mixed = [MixedRoom(it, max(0.1, area_m2(by_id[it].polygon) * heights[by_id[it].level])) for it in reached]
    volumes = {it.id: it.volume_m3 for it in mixed}
    until_ms, step_ms = _steps(release.minutes)
    total = release.amount * _MG[release.unit]
    share = {it: volumes[it] / sum(volumes[seed] for seed in seeds) for it in seeds}
    at_once = release.unit in ("kg", "g")
    if at_once:
        mixed = [MixedRoom(it.id, it.volume_m3, total * share.get(it.id, 0.0) / it.volume_m3) for it in mixed]
    leaks = {} if at_once else {it: total * share[it] for it in seeds}
    regime = Regime(
        air_changes_h=dict.fromkeys(reached, where.air_changes_h),
        exchanges=_exchanges(plan, set(reached)),
        leaks_mg_s=leaks,
    )
    regimes = [regime]
    stops_ms = until_ms if where.leaks_minutes is None else where.leaks_minutes * 60_000
    if leaks and stops_ms < until_ms:
        regimes.append(msgspec.structs.replace(regime, start_ms=stops_ms, leaks_mg_s={}))
    made = filling_hazard(
        mixed,
        regimes,
        [Limit(it.mg_m3, it.factor) for it in limits],
        rooms=by_id,
        hazard_id=hazard_id,
        agent=release.agent,
        until_ms=until_ms,
        step_ms=step_ms,
    )
    facts = {
        **_facts(release, limits, INDOORS_SOURCE),
        "rooms": seeds,
        "rooms_mixed": len(mixed),
        "air_changes_h": where.air_changes_h,
        "leaks_minutes": where.leaks_minutes,
        "storey_m": STOREY_M,
    }
    return Forecast(made, facts)


def nowhere(hazard: Hazard) -> bool:
    """Whether no air is ever over a limit."""
    return not any(it.areas for it in hazard.slices)


def _facts(release: Release, limits: Sequence[Concern], model: str) -> dict[str, Any]:
    return {
        "model": model,
        "release": {"agent": release.agent, "amount": release.amount, "unit": release.unit},
        "minutes": release.minutes,
        "limits": msgspec.to_builtins(list(limits)),
        "use": "a forecast leads people around; it moves no machine",
    }


def _steps(minutes: int) -> tuple[int, int]:
    until_ms = minutes * 60_000
    return until_ms, min(until_ms, max(STEP_MIN_MS, math.ceil(until_ms / SLICES_MAX)))


def _levels(wanted: list[int] | None, known: Sequence[int]) -> list[int]:
    """The floors it lies on: those named, or the one at the ground."""
    if wanted is None:
        return [min(known, key=abs)]
    for level in wanted:
        if level not in known:
            raise Invalid(
                "hazard.level",
                f"the place has no level {level}",
                f"该场所没有 {level} 层",
                field="outdoors.levels",
                value=level,
                limit=sorted(known),
            )
    return sorted(set(wanted))


def _stability(where: Outdoors) -> tuple[StabilityClass, str]:
    if (where.stability is None) == (where.sky is None):
        raise Invalid(
            "hazard.stability",
            "state the stability class, or the sky that it follows from: one of them",
            "须给出稳定度或天空状况之一",
            field="outdoors.stability",
            value=where.stability,
            limit=["A", "F"],
        )
    if where.stability is not None:
        return where.stability, "stated"
    assert where.sky is not None
    made = stability_class(where.wind_m_s, where.sky)
    return made, f"from the sky ({where.sky}) and the wind: Pasquill 1961, Turner 1970 table 3-1"


def _seeds(where: Indoors, plan: Plan, rooms: dict[PlaceId, Room]) -> list[PlaceId]:
    if where.room is not None:
        if where.room not in rooms:
            raise NotFound(
                "hazard.no_room",
                f"the plan in force has no room {where.room}",
                f"已发布的平面图中没有房间 {where.room}",
                field="indoors.room",
                value=where.room,
            )
        return [where.room]
    assert where.zone is not None
    found = rooms_under(plan.rooms, drawn_shape("zone", where.zone), where.floor)
    if not found:
        raise NotFound(
            "hazard.no_room", "the plan in force has no room in this zone", "该区域内没有房间", field="indoors.zone"
        )
    return found[:ROOMS_MAX]


def _heights(plan: Plan) -> dict[int, float]:
    """Metres of each storey: up to the one above where the plan says both heights, else STOREY_M."""
    known = sorted((it.height_m, it.level) for it in plan.levels if it.height_m is not None)
    made = {room.level: STOREY_M for room in plan.rooms}
    made |= {level: above - height for (height, level), (above, _) in pairwise(known) if above - height > 1}
    return made


def _exchanges(plan: Plan, rooms: set[PlaceId]) -> list[Exchange]:
    found = []
    for door in plan.doors:
        one, other = door.joins
        if one in rooms and other in rooms and one != other and one is not None and other is not None:
            found.append(Exchange((one, other), door_exchange_m3_s(door)))
    for rise in plan.rises:
        found += _between_storeys(rise, rooms)
    return found


def _between_storeys(rise: Rise, rooms: set[PlaceId]) -> list[Exchange]:
    """Stairs are as an open doorway of their width, a lift as a closed door: practice."""
    state: Literal["open", "closed"] = "closed" if rise.kind == "lift" else "open"
    opening = Door(id=rise.id, level=0, at=(0.0, 0.0), joins=(None, None), state=state, width_m=rise.width_m)
    stops = [it.room for it in sorted(rise.stops, key=lambda it: it.level) if it.room in rooms and it.room is not None]
    return [Exchange((low, high), door_exchange_m3_s(opening)) for low, high in pairwise(stops) if low != high]
