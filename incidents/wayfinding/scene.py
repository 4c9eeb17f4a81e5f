"""One moment of a site: its map, what holds on it, where people are; and where one of them sets out from. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Literal, TypeAlias
from uuid import UUID

import msgspec

from core.errors import Invalid
from geo.guidance import Danger
from geo.hazards.raising import HazardTimes
from geo.instructions.model import Caution
from geo.routing.conditions import Conditions
from geo.routing.snapping import ACCURACY_MAX_M, Place
from geo.site_map import SiteMap
from incidents.wayfinding.model import Errand, RouteRow, Sought
from incidents.wayfinding.walking import on_way
from mobile_contract.text import Text
from mobile_contract.wayfinding import NearView
from people.presence.service import Whereabouts
from plant.model import Zone

FromSource: TypeAlias = Literal["phone", "badge", "visit", "zone"]
Near: TypeAlias = Callable[[Errand, Place], list[NearView]]
Start: TypeAlias = tuple[Place | None, FromSource | None]
NOWHERE: Start = (None, None)


class Scene(msgspec.Struct, frozen=True, eq=False, kw_only=True):
    """One moment of a site: its map, what holds on it, where people are, and who is on which way.

    ``routes`` by task and account; ``names`` of hazards by their id; ``danger`` by agent; ``near``: what one at a place
    may need for an errand.
    """

    at: datetime
    tenant_id: UUID
    site_id: UUID
    plan_id: UUID
    site: SiteMap
    now: Conditions
    hazards: HazardTimes
    names: Mapping[str, Text]
    zones: Mapping[UUID, Zone]
    people: Mapping[UUID, Whereabouts]
    routes: Mapping[tuple[UUID, UUID], RouteRow]
    sought: Mapping[UUID, Sequence[Sought]]
    danger: Mapping[str | None, Danger]
    near: Near
    cautions: Sequence[Caution] = ()


def start_of(scene: Scene, account_id: UUID, row: RouteRow | None, *, on_the_way: bool) -> Start:
    """Where one sets out from: on the present way (unless they left it); else where the phone was last; else where they
    were seen. None: nobody knows, or it is no place of the map."""
    if row is not None and on_the_way and row.way is not None and row.way.arcs and row.way.plan == scene.plan_id:
        at_ms = 0.0 if row.progress is None else row.progress.at_ms
        return on_way(scene.site.graph, row.way, at_ms).place, row.view.from_source
    seen = scene.people.get(account_id)
    if row is not None and row.fix is not None and (seen is None or (seen.seen_at or row.fix.at) <= row.fix.at):
        level = row.fix.level if row.fix.level is not None else (None if seen is None else seen.level)
        place = _placed(scene, row.fix.lon, row.fix.lat, level, row.fix.accuracy_m)
        if place is not None:
            return place, "phone"
    return NOWHERE if seen is None else _as_seen(scene, seen)


def _as_seen(scene: Scene, seen: Whereabouts) -> Start:
    if seen.position is not None:
        place = _placed(scene, *seen.position, seen.level, seen.accuracy_m or 0.0)
        if place is not None:
            return place, "phone"
    zone = None if seen.zone_id is None else scene.zones.get(seen.zone_id)
    if zone is None:
        return NOWHERE
    source: FromSource = "badge" if seen.source == "badge" else "visit" if seen.source == "visit" else "zone"
    try:
        return scene.site.middle_of(zone.polygon, zone.level, scene.now.base), source
    except Invalid:
        return NOWHERE


def _placed(scene: Scene, lon: float, lat: float, level: int | None, accuracy_m: float) -> Place | None:
    """A position on the network; None: it is no place of it (off the site, in a wall)."""
    floor, accuracy_m = 0 if level is None else level, min(accuracy_m, ACCURACY_MAX_M)
    try:
        return scene.site.place(lon, lat, floor, accuracy_m, scene.now.base)
    except Invalid:
        return None
