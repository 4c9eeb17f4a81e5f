"""Where somebody who calls for help is, of all that is known: the best of it, with how sure it is. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from geo.fixes import Fix, ZoneMap
from geo.zones import ZoneShape
from incidents.sos.rules import Place
from people.presence.belief import Belief

# Somebody at the fence is looked for from the nearest zone; somebody in town is not where their plant's zones are.
NEAR_M = 1000.0


class FixAt(msgspec.Struct, frozen=True):
    """A position, and when it was taken."""

    fix: Fix
    at: datetime


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """All that is known: the phone's position, what presence believes, where a session said it would be, and the site
    to begin with when that is all. ``sites``: the site of each zone."""

    shapes: Sequence[ZoneShape]
    sites: Mapping[UUID, UUID]
    phone: FixAt | None = None
    belief: Belief | None = None
    session: Place | None = None
    session_since: datetime | None = None
    home: UUID | None = None


def choose(known: Known) -> Place | None:
    """The phone's own position, else what a session said unless the person was seen elsewhere since, else what presence
    believes, else a site; None: there is no zone at all."""
    plan = ZoneMap(known.shapes)
    if known.phone is not None:
        located = _by_phone(plan, known, known.phone)
        if located is not None:
            return located
    found = _by_belief(known) or known.session or _somewhere(known)
    if found is None or known.phone is None:
        return found
    # Outside of the plant, but true all the same: it goes with whatever zone the search begins in.
    return _with_fix(found, known.phone)


def _by_phone(plan: ZoneMap, known: Known, phone: FixAt) -> Place | None:
    located = plan.locate(phone.fix)
    if located is not None:
        place = Place(
            site_id=known.sites[located.zone_id],
            zone_id=located.zone_id,
            located_by="phone",
            share=round(located.share, 4),
        )
        return msgspec.structs.replace(_with_fix(place, phone), level=located.level)
    near = plan.nearest(phone.fix, NEAR_M)
    if near is None:
        return None
    return _with_fix(Place(site_id=known.sites[near], zone_id=near, located_by="near", share=None), phone)


def _with_fix(place: Place, phone: FixAt) -> Place:
    fix = phone.fix
    return msgspec.structs.replace(
        place, lon=fix.lon, lat=fix.lat, level=fix.level, accuracy_m=fix.accuracy_m, at=phone.at
    )


def _by_belief(known: Known) -> Place | None:
    belief = known.belief
    if belief is None or belief.zone_id is None or belief.zone_id not in known.sites:
        return None
    seen_at = belief.seen_at
    since = known.session_since if known.session is not None else None
    if since is not None and (seen_at is None or seen_at <= since):
        # What they said themselves is newer than what was seen of them.
        return None
    return Place(
        site_id=known.sites[belief.zone_id],
        zone_id=belief.zone_id,
        located_by=belief.source,
        share=round(belief.confidence, 4),
        at=seen_at,
    )


def _somewhere(known: Known) -> Place | None:
    """A zone of the site, to begin with: it stands for all of them."""
    home = known.home if known.belief is None else known.belief.site_id
    zones = sorted(zone for zone, site in known.sites.items() if site == home) or sorted(known.sites)
    if not zones:
        return None
    return Place(site_id=known.sites[zones[0]], zone_id=zones[0], located_by="site", share=None)
