"""Rolling doses of one person, minute by minute: pure.

A minute counts with the concentration of the zone its person was in for most of it. A minute of which nobody knows
where they were, or what the air held there, is *unknown*: it is stated, and it is no minute without exposure. So a dose
has two numbers: ``at_least``, what the known minutes alone add up to, and ``estimate``, with unknown minutes taken as
the mean of the known ones (None where nothing is known). Off the site is known, and is nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Literal, TypeAlias
from uuid import UUID

import msgspec

from incidents.alarms.model import LimitSource
from incidents.exposure.exposure_limits import EFFECTS, DoseKind, ExposureLimit

MINUTE = timedelta(minutes=1)
# GBZ 2.1-2019, 3.2: PC-TWA is the mean over a shift of 8 h, PC-STEL over 15 min. A ceiling is looked for as long.
WINDOW_MIN: dict[DoseKind, int] = {"twa": 480, "stel": 15, "ceiling": 15}
# A mixture has no ceiling: two peaks need not come together.
_ADDITIVE: tuple[DoseKind, ...] = ("twa", "stel")

Place: TypeAlias = UUID | Literal["off_site"]


class Minute(msgspec.Struct, frozen=True):
    """What the air of a zone held in a minute, in the unit of the agent's limits."""

    mean: float
    peak: float


class InPlace(msgspec.Struct, frozen=True):
    """A person in a zone (or off the site) from ``start`` to ``end``, believed with ``confidence``."""

    place: Place
    start: datetime
    end: datetime
    confidence: float


class Dose(msgspec.Struct, frozen=True, kw_only=True):
    """One dose against one limit. ``subject``: the agent, or the effect of a mixture; values of a mixture are shares of
    its limits. ``fraction`` is ``at_least`` over the limit; ``confidence`` the mean over the known minutes."""

    kind: DoseKind
    subject: str
    mixture: bool
    limit: float
    unit: str
    source: LimitSource
    at_least: float
    estimate: float | None
    fraction: float
    unknown_min: int
    known_min: int
    confidence: float


Air: TypeAlias = Mapping[tuple[UUID, str], Mapping[datetime, Minute]]
"""(zone, agent) -> minute -> what was measured; a minute that is absent was not measured."""


def place_by_minute(stays: Iterable[InPlace], end: datetime, minutes: int) -> list[InPlace | None]:
    """For each of the ``minutes`` whole minutes before ``end``, oldest first, where the person was for most of it."""
    found: list[tuple[float, InPlace] | None] = [None] * minutes
    begin = end - minutes * MINUTE
    for stay in sorted(stays, key=lambda s: (s.start, s.end, str(s.place))):
        first = max(int((stay.start - begin) // MINUTE), 0)
        last = min(int((stay.end - begin) // MINUTE), minutes - 1)
        for index in range(first, last + 1):
            start = begin + index * MINUTE
            overlap_s = (min(stay.end, start + MINUTE) - max(stay.start, start)).total_seconds()
            before = found[index]
            if overlap_s > 0 and (before is None or overlap_s > before[0]):
                found[index] = overlap_s, stay
    return [None if it is None else it[1] for it in found]


def doses(
    stays: Sequence[InPlace], air: Air, limits: Mapping[str, Mapping[DoseKind, ExposureLimit]], at: datetime
) -> list[Dose]:
    """All doses of a person at ``at`` (a whole minute), the largest fraction first."""
    where = place_by_minute(stays, at, max(WINDOW_MIN.values()))
    made = [
        _dose(limit, where[-WINDOW_MIN[kind] :], air, at) for kinds in limits.values() for kind, limit in kinds.items()
    ]
    made += _mixtures(made)
    return sorted(made, key=lambda d: (-d.fraction, d.kind, d.subject))


def _dose(limit: ExposureLimit, where: Sequence[InPlace | None], air: Air, at: datetime) -> Dose:
    known: list[float] = []
    confidence = 0.0
    begin = at - len(where) * MINUTE
    for index, stay in enumerate(where):
        value = None if stay is None else _value(limit, stay.place, air, begin + index * MINUTE)
        if value is not None and stay is not None:
            known.append(value)
            confidence += stay.confidence
    total = max(known, default=0.0) if limit.kind == "ceiling" else sum(known) / len(where)
    return Dose(
        kind=limit.kind,
        subject=limit.agent,
        mixture=False,
        limit=limit.value,
        unit=limit.unit,
        source=limit.source,
        at_least=total,
        estimate=_estimate(limit.kind, known, total),
        fraction=total / limit.value,
        unknown_min=len(where) - len(known),
        known_min=len(known),
        confidence=confidence / len(known) if known else 0.0,
    )


def _value(limit: ExposureLimit, place: Place, air: Air, minute: datetime) -> float | None:
    if place == "off_site":
        return 0.0
    measured = air.get((place, limit.agent), {}).get(minute)
    if measured is None:
        return None
    return measured.peak if limit.kind == "ceiling" else measured.mean


def _estimate(kind: DoseKind, known: Sequence[float], total: float) -> float | None:
    if not known:
        return None
    # A peak in a minute nobody measured can not be guessed.
    return total if kind == "ceiling" else sum(known) / len(known)


def _mixtures(single: Sequence[Dose]) -> list[Dose]:
    """C1/L1 + C2/L2 + ... of agents with one effect, where there are at least two."""
    found = []
    for effect, agents in EFFECTS.items():
        for kind in _ADDITIVE:
            parts = [d for d in single if d.kind == kind and d.subject in agents and d.known_min]
            if len(parts) > 1:
                found.append(_mixture(effect, kind, parts))
    return found


def _mixture(effect: str, kind: DoseKind, parts: Sequence[Dose]) -> Dose:
    total = sum(part.fraction for part in parts)
    return Dose(
        kind=kind,
        subject=effect,
        mixture=True,
        limit=1.0,
        unit="1",
        source=parts[0].source,
        at_least=total,
        estimate=sum((part.estimate or 0.0) / part.limit for part in parts),
        fraction=total,
        unknown_min=max(part.unknown_min for part in parts),
        known_min=min(part.known_min for part in parts),
        confidence=min(part.confidence for part in parts),
    )
