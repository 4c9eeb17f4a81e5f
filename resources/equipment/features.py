"""Equipment as GeoJSON (RFC 7946), for whoever draws maps: a point each, and whether it can be used. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

import msgspec

from resources.equipment.model import Equipment
from resources.equipment.standing import is_inspection_overdue, unfit

Feature = dict[str, Any]
_SHOWN = ("slug", "kind", "name", "classes", "in_stock", "expires_at", "next_inspection_on", "state", "level")


def features_of(equipment: Sequence[Equipment], now: datetime, today: date) -> list[Feature]:
    """One feature a thing; ``properties.why_not`` says what stands against using it."""
    return [_feature(it, now, today) for it in equipment]


def _feature(it: Equipment, now: datetime, today: date) -> Feature:
    why_not = unfit(it, now)
    said = {name: msgspec.to_builtins(getattr(it, name)) for name in _SHOWN}
    zone = None if it.zone_id is None else str(it.zone_id)
    return {
        "type": "Feature",
        "id": str(it.id),
        "geometry": {"type": "Point", "coordinates": [it.lon, it.lat]},
        "properties": {
            **said,
            "what": "equipment",
            "zone": zone,
            "usable": not why_not,
            "why_not": why_not,
            "inspection_overdue": is_inspection_overdue(it, today),
        },
    }
