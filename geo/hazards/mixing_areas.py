"""Rooms that a gas fills, as a hazard in slices of time. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from geo.hazards.mixing import MixedRoom, Regime, fill
from geo.hazards.model import CONCENTRATION_MAX, Area, Concentration, Hazard, Slice
from geo.hazards.plume_areas import Limit, check_limits, check_steps
from geo.places.model import PlaceId, Room

# A slice holds the most its room held at so many moments in it, its ends among them.
_MOMENTS = 9


def filling_hazard(
    mixed: Sequence[MixedRoom],
    regimes: Sequence[Regime],
    limits: Sequence[Limit],
    *,
    rooms: Mapping[PlaceId, Room],
    hazard_id: str,
    agent: str,
    until_ms: int,
    step_ms: int,
) -> Hazard:
    """Rooms of the plan over a limit, by slices of ``step_ms``, with the most each holds in the slice; the last holds.

    Of limits that are passed the strictest counts: a ban, or else the greatest factor. A room of ``mixed`` that is not
    in the plan (a duct, a void) fills and is nobody's way. Raises Invalid as ``fill`` does, and for slices that are too
    many.
    """
    ordered = check_limits(limits)
    check_steps(until_ms, step_ms)
    starts = list(range(0, until_ms, step_ms))
    ends = [*starts[1:], until_ms]
    moments = np.unique(
        np.concatenate([np.linspace(a, b, _MOMENTS) for a, b in zip(starts, ends, strict=True)]).round()
    )
    filling = fill(mixed, regimes, moments.astype(np.int64).tolist())
    slices = []
    for start, end in zip(starts, ends, strict=True):
        within = (filling.moments_ms >= start) & (filling.moments_ms <= end)
        most = filling.mg_m3[within].max(axis=0)
        areas = [
            _area(rooms[room.id], float(held), ordered, agent)
            for room, held in zip(mixed, most, strict=True)
            if held >= ordered[0].mg_m3 and room.id in rooms
        ]
        slices.append(Slice(start_ms=start, length_ms=end - start, areas=areas))
    return Hazard(id=hazard_id, source="forecast", slices=slices)


def _area(room: Room, held: float, limits: Sequence[Limit], agent: str) -> Area:
    factors = [limit.factor for limit in limits if held >= limit.mg_m3]
    known = [factor for factor in factors if factor is not None]
    return Area(
        polygon=room.polygon,
        levels=[room.level],
        factor=max(known) if len(known) == len(factors) else None,
        air=[Concentration(agent, min(held, CONCENTRATION_MAX), "mg/m3")],
    )
