"""Exposure on the wire: doses against limits, and the events of doses over them."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, TypeAlias
from uuid import UUID

import msgspec

DoseKindName: TypeAlias = Literal["twa", "stel", "ceiling"]


class LimitSourceView(msgspec.Struct, frozen=True):
    """Where a limit comes from."""

    jurisdiction: str
    edition: str
    source: str
    note: str


class DoseView(msgspec.Struct, frozen=True):
    """A dose: twa over 8 h, stel over 15 min, ceiling the worst moment of 15 min. ``at_least`` is what the known
    minutes alone add up to and ``fraction`` its share of the limit; ``estimate`` takes unknown minutes as the mean of
    the known ones. ``subject`` is an agent, or the effect of a ``mixture``."""

    kind: DoseKindName
    subject: str
    mixture: bool
    limit: float
    unit: str
    source: LimitSourceView
    at_least: float
    estimate: float | None
    fraction: float
    known_min: int
    unknown_min: int
    confidence: float


class PersonDosesView(msgspec.Struct, frozen=True):
    """The doses of one person as of ``at``, the largest fraction first."""

    person: UUID
    at: datetime
    doses: list[DoseView]


class SiteDosesView(msgspec.Struct, frozen=True):
    """Everybody who was in a measured zone, the largest fraction first."""

    site: UUID
    items: list[PersonDosesView]


class ExposureEventView(msgspec.Struct, frozen=True):
    """A dose over its limit; ``ended_at`` null: it still is."""

    id: UUID
    site: UUID
    person: UUID
    kind: DoseKindName
    subject: str
    mixture: bool
    fraction: float
    value: float | None
    limit: float | None
    unit: str | None
    source: LimitSourceView
    unknown_min: int
    confidence: float
    at: datetime
    ended_at: datetime | None
