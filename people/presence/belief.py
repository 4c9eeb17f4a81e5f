"""Where a person is believed to be, from what was last seen of them: pure.

What is known is one register for each source: the newest badge event, the newest phone position, the visit, the shift.
Newest is by the time it happened, then by its key, so events in any order and any number give the same registers, and
the same registers give the same belief. Each register makes a claim whose confidence halves with time; claims that
contradict each other lower each other, the older one more.
"""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from typing import Literal, TypeAlias, TypeVar
from uuid import UUID

import msgspec

Source: TypeAlias = Literal["badge", "phone", "visit", "shift"]

# What a claim is worth in the moment it is made.
# A badge is carried by somebody else, or two pass on one badge: vendors of turnstiles state some 5 % tail-gating.
BADGE_TRUST = 0.95
# A phone lies on a desk while its owner is at the machine; its zone's share comes on top (geo.fixes).
PHONE_TRUST = 0.9
# A host says where a visitor will be, and nobody measures it.
VISIT_TRUST = 0.6
# A host takes the badge back and sees the visitor off.
SIGN_OUT_TRUST = 0.9
# Everybody on shift is somewhere in the plant, if they came to work.
SHIFT_TRUST = 0.2

# How long until a claim is worth half.
# Doors that read badges are what one must pass to leave: half a shift until an unread door or tail-gating is as likely.
BADGE_HALF_LIFE_S = 4 * 3600.0
# Out at the gate holds until the next shift begins, 12 h on.
GATE_OUT_HALF_LIFE_S = 12 * 3600.0
# A person walks: ten minutes on, the next room is as likely as this one.
PHONE_HALF_LIFE_S = 600.0
# A tour through a plant, a job of a contractor in one zone.
VISIT_HALF_LIFE_S = 2 * 3600.0
# Beyond a double shift and the way home a forgotten "out" is likelier than a person.
FORGOTTEN_AFTER = timedelta(hours=30)

# A claim about a zone that is weaker than this says only "on the site" when something stronger says that.
ZONE_WORTH = 0.2
# An older claim lowers a newer one by half of what it is worth: whoever is seen elsewhere has mostly just walked.
OLDER_COUNTS = 0.5

# Device clocks, as plant.protocols judges readings: ahead by more is wrong, older is a clock that was reset.
FUTURE_TOLERANCE_S = 10.0
TOO_OLD = timedelta(days=30)


class Swipe(msgspec.Struct, frozen=True, kw_only=True):
    """One badge event as it counts: where its holder is after it. ``off_site``: out at a gate; ``key`` tells two
    events of one moment apart."""

    at: datetime
    key: str
    site_id: UUID
    zone_id: UUID | None
    off_site: bool


class PhoneFix(msgspec.Struct, frozen=True, kw_only=True):
    """One phone position, mapped: ``share`` is how likely it lies in the zone by its accuracy (``geo.fixes``)."""

    at: datetime
    key: str
    site_id: UUID
    zone_id: UUID
    level: int
    share: float


class Stay(msgspec.Struct, frozen=True, kw_only=True):
    """A visit: signed in at ``at``, or out when ``over``; ``zone_id`` where one alone is expected."""

    at: datetime
    key: str
    site_id: UUID
    zone_id: UUID | None
    over: bool


class Shift(msgspec.Struct, frozen=True):
    """A person is on shift at this site since ``starts_at``."""

    site_id: UUID
    starts_at: datetime


class Seen(msgspec.Struct, frozen=True):
    """The registers of one person."""

    swipe: Swipe | None = None
    fix: PhoneFix | None = None
    stay: Stay | None = None
    shift: Shift | None = None


Event: TypeAlias = Swipe | PhoneFix | Stay
_E = TypeVar("_E", Swipe, PhoneFix, Stay)


class Belief(msgspec.Struct, frozen=True, kw_only=True):
    """Where a person is. ``on_site`` False with a ``site_id``: they left that site, or are only expected there.
    ``zone_id`` None: somewhere on it."""

    site_id: UUID
    on_site: bool
    zone_id: UUID | None
    confidence: float
    seen_at: datetime | None
    source: Source


class _Claim(msgspec.Struct, frozen=True):
    site_id: UUID
    zone_id: UUID | None
    off_site: bool
    at: datetime | None
    source: Source
    confidence: float

    def contradicts(self, other: _Claim) -> bool:
        """Whether both can not be true; "on the site" goes with every zone of it."""
        if self.site_id != other.site_id or self.off_site or other.off_site:
            return (self.site_id, self.off_site) != (other.site_id, other.off_site)
        return None not in (self.zone_id, other.zone_id) and self.zone_id != other.zone_id


def is_believable(observed_at: datetime, received_at: datetime) -> bool:
    """Whether a device's clock can be believed about this event."""
    return received_at - TOO_OLD <= observed_at <= received_at + timedelta(seconds=FUTURE_TOLERANCE_S)


def see(seen: Seen, event: Event) -> Seen:
    """The registers after this event; an event that is older than its register, or the same, changes nothing."""
    match event:
        case Swipe():
            return msgspec.structs.replace(seen, swipe=_newer(seen.swipe, event))
        case PhoneFix():
            return msgspec.structs.replace(seen, fix=_newer(seen.fix, event))
        case Stay():
            return msgspec.structs.replace(seen, stay=_newer(seen.stay, event))


def _newer(old: _E | None, new: _E) -> _E:
    return new if old is None or (new.at, new.key) > (old.at, old.key) else old


def decayed(trust: float, half_life_s: float, age: timedelta) -> float:
    """A claim's confidence at this age; a clock a little ahead is no age."""
    return trust * math.exp2(-max(age.total_seconds(), 0.0) / half_life_s)


def believe(seen: Seen, now: datetime) -> Belief | None:
    """What the registers say together; None: nothing that is young enough."""
    claims = _claims(seen, now)
    if not claims:
        return None
    weakened = [_weakened(claim, claims) for claim in claims]
    best = max(weakened, key=_rank)
    zones = [c for c in weakened if c.zone_id is not None and c.confidence >= ZONE_WORTH and not best.contradicts(c)]
    chosen = max(zones, key=_rank) if zones and not best.off_site else best
    return Belief(
        site_id=chosen.site_id,
        on_site=not chosen.off_site and chosen.source != "shift",
        zone_id=chosen.zone_id,
        confidence=round(_together(chosen, weakened), 4),
        seen_at=chosen.at,
        source=chosen.source,
    )


def _rank(claim: _Claim) -> tuple[float, float, str]:
    # Equal claims: the newer one, then by name, so that the answer does not hang on an order.
    return claim.confidence, 0.0 if claim.at is None else claim.at.timestamp(), claim.source


def _weakened(claim: _Claim, claims: list[_Claim]) -> _Claim:
    confidence = claim.confidence
    for other in claims:
        if other is not claim and claim.contradicts(other):
            newer = _moment(other) >= _moment(claim)
            confidence *= 1.0 - (other.confidence if newer else OLDER_COUNTS * other.confidence)
    return msgspec.structs.replace(claim, confidence=confidence)


def _moment(claim: _Claim) -> float:
    return 0.0 if claim.at is None else claim.at.timestamp()


def _together(chosen: _Claim, weakened: list[_Claim]) -> float:
    """Claims of the very same place support each other, as independent witnesses do."""
    doubt = 1.0
    for claim in weakened:
        if (claim.site_id, claim.zone_id, claim.off_site) == (chosen.site_id, chosen.zone_id, chosen.off_site):
            doubt *= 1.0 - claim.confidence
    return 1.0 - doubt


def _claims(seen: Seen, now: datetime) -> list[_Claim]:
    claims: list[_Claim] = []
    swipe, fix, stay = seen.swipe, seen.fix, seen.stay
    if swipe is not None and _is_known(swipe.at, now):
        half_life_s = GATE_OUT_HALF_LIFE_S if swipe.off_site else BADGE_HALF_LIFE_S
        worth = decayed(BADGE_TRUST, half_life_s, now - swipe.at)
        claims.append(_Claim(swipe.site_id, swipe.zone_id, swipe.off_site, swipe.at, "badge", worth))
    if fix is not None and _is_known(fix.at, now):
        worth = decayed(PHONE_TRUST * fix.share, PHONE_HALF_LIFE_S, now - fix.at)
        claims.append(_Claim(fix.site_id, fix.zone_id, False, fix.at, "phone", worth))
    if stay is not None and _is_known(stay.at, now):
        trust, half_life_s = (SIGN_OUT_TRUST, GATE_OUT_HALF_LIFE_S) if stay.over else (VISIT_TRUST, VISIT_HALF_LIFE_S)
        worth = decayed(trust, half_life_s, now - stay.at)
        claims.append(_Claim(stay.site_id, stay.zone_id, stay.over, stay.at, "visit", worth))
    shift = seen.shift
    if shift is not None and all(c.off_site and c.at is not None and c.at < shift.starts_at for c in claims):
        # They went home before it began, or nothing is known: expected, and not seen.
        return [_Claim(shift.site_id, None, False, None, "shift", SHIFT_TRUST)]
    return claims


def _is_known(at: datetime, now: datetime) -> bool:
    """Neither forgotten nor still to come."""
    return now - FORGOTTEN_AFTER <= at <= now + timedelta(seconds=FUTURE_TOLERANCE_S)
