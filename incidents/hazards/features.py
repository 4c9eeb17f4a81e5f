"""Standing hazards as GeoJSON (RFC 7946), for whoever draws maps: one feature an area. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec

from geo.hazards.model import Area
from incidents.hazards.model import StandingHazard
from incidents.hazards.present import slice_at

# Five megabytes; a map of more is read by nobody.
FEATURES_MAX = 5_000

Feature = dict[str, Any]


def features_at(hazards: Sequence[StandingHazard], at: datetime, level: int | None = None) -> tuple[list[Feature], int]:
    """The areas of the slices that hold at a moment, on one level or all; and how many beyond FEATURES_MAX."""
    found: list[Feature] = []
    left_out = 0
    for made in _features(hazards, at, level):
        if len(found) < FEATURES_MAX:
            found.append(made)
        else:
            left_out += 1
    return found, left_out


def _features(hazards: Sequence[StandingHazard], at: datetime, level: int | None) -> Iterator[Feature]:
    for it in hazards:
        holds = slice_at(it.hazard, max(0, (at - it.stated_at) // timedelta(milliseconds=1)))
        for number, area in enumerate([] if holds is None else holds.areas):
            if level is None or level in area.levels:
                yield _feature(it, number, area)


def _feature(it: StandingHazard, number: int, area: Area) -> Feature:
    return {
        "type": "Feature",
        "id": f"{it.id}@{number}",
        "geometry": area.polygon,
        "properties": {
            "hazard": str(it.id),
            "incident": None if it.incident_id is None else str(it.incident_id),
            "source": it.source,
            "name": msgspec.to_builtins(it.name),
            "agent": it.agent,
            "levels": area.levels,
            "banned": area.factor is None,
            "factor": area.factor,
            "air": msgspec.to_builtins(area.air),
            "exercise": it.exercise,
            "version": it.version,
        },
    }
