"""A hazard as its incident's room is told of it. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from geo.hazards.model import Hazard, HazardSource
from incidents.hazards.present import extent, next_change_ms, shown_areas, slice_at
from mobile_contract.room_views import HazardView
from mobile_contract.text import Text


def view_of(
    hazard_id: UUID,
    hazard: Hazard,
    *,
    source: HazardSource,
    name: Text,
    agent: str | None,
    stated_at: datetime,
    ends_at: datetime | None,
    version: int,
    now: datetime,
) -> HazardView:
    """The hazard as it is now; one that was stated by a clock ahead of ours has begun."""
    offset_ms = max(0, (now - stated_at) // timedelta(milliseconds=1))
    holds = slice_at(hazard, offset_ms)
    areas = [] if holds is None else holds.areas
    shown, coarse = shown_areas(areas)
    levels, bans, factor = extent(areas)
    later_ms = next_change_ms(hazard, offset_ms)
    changes_at = None if later_ms is None else stated_at + timedelta(milliseconds=later_ms)
    return HazardView(
        id=hazard_id,
        source=source,
        name=name,
        agent=agent,
        stated_at=stated_at,
        ends_at=ends_at,
        ended_at=None,
        levels=levels,
        bans=bans,
        factor=factor,
        areas=shown,
        coarse=coarse,
        changes_at=_before(changes_at, ends_at),
        version=version,
    )


def restamped(shown: HazardView, *, stated_at: datetime, ends_at: datetime | None, version: int) -> HazardView:
    """What was made of a hazard before it was stated, as of the moment at which it is."""
    changes_at = None if shown.changes_at is None else stated_at + (shown.changes_at - shown.stated_at)
    return msgspec.structs.replace(
        shown, stated_at=stated_at, ends_at=ends_at, version=version, changes_at=_before(changes_at, ends_at)
    )


def ended_view(shown: HazardView, at: datetime, version: int) -> HazardView:
    """The same when it is over: nowhere."""
    return msgspec.structs.replace(
        shown, ended_at=at, version=version, areas=[], coarse=False, levels=[], bans=False, factor=None, changes_at=None
    )


def _before(changes_at: datetime | None, ends_at: datetime | None) -> datetime | None:
    """A change after the end is none: that it is over is told of anyway."""
    over = changes_at is None or (ends_at is not None and changes_at >= ends_at)
    return None if over else changes_at
