"""Where a person was over time: stretches of one place, from the events that were seen of them: pure.

At each event, and every STEP in between, the person is where ``belief`` says with what was seen until then: a stretch
and a belief never disagree. Events are sorted first, so their order and repetitions change nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from people.presence.belief import Belief, Event, Seen, believe, see

# Between events a belief changes by its decay alone: half of a phone's ten minutes.
STEP = timedelta(minutes=5)


class Stretch(msgspec.Struct, frozen=True, kw_only=True):
    """One place from ``start`` to ``end``; ``zone_id`` None: on the site and nobody knows where, or off it."""

    site_id: UUID
    zone_id: UUID | None
    off_site: bool
    start: datetime
    end: datetime
    confidence: float


def stretches(events: Iterable[Event], since: datetime, until: datetime) -> list[Stretch]:
    """The stretches of one person in [since, until), oldest first; time of which nothing is known is in none.

    ``events`` reach back as far as ``belief.FORGOTTEN_AFTER`` before ``since`` for its beginning to be known.
    """
    waiting = sorted(set(events), key=lambda e: (e.at, type(e).__name__, e.key), reverse=True)
    seen = Seen()
    found: list[Stretch] = []
    at = since
    while at < until:
        while waiting and waiting[-1].at <= at:
            seen = see(seen, waiting.pop())
        end = min(at + STEP, until, waiting[-1].at if waiting else until)
        belief = believe(seen, at)
        if belief is not None:
            _extend(found, belief, believe(seen, end), at, end)
        at = end
    return found


def _extend(found: list[Stretch], first: Belief, last: Belief | None, start: datetime, end: datetime) -> None:
    """Add this piece, its confidence the mean of both ends, to the stretch before it or as a new one."""
    same_place = last is not None and _place(last) == _place(first)
    confidence = (first.confidence + last.confidence) / 2 if same_place and last is not None else first.confidence
    piece = Stretch(
        site_id=first.site_id,
        zone_id=first.zone_id,
        off_site=not first.on_site,
        start=start,
        end=end,
        confidence=confidence,
    )
    before = found[-1] if found else None
    if before is None or before.end != start or _where(before) != _where(piece):
        found.append(piece)
        return
    old_s, new_s = (before.end - before.start).total_seconds(), (end - start).total_seconds()
    mean = (before.confidence * old_s + confidence * new_s) / (old_s + new_s)
    found[-1] = msgspec.structs.replace(before, end=end, confidence=mean)


def _place(belief: Belief) -> tuple[UUID, UUID | None, bool]:
    return belief.site_id, belief.zone_id, not belief.on_site


def _where(stretch: Stretch) -> tuple[UUID, UUID | None, bool]:
    return stretch.site_id, stretch.zone_id, stretch.off_site
