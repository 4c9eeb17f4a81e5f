"""The nouns of stored plans of places."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal, TypeAlias
from uuid import UUID

import msgspec

from geo.places.findings import Finding, FindingKind
from mobile_contract.text import Text

PlanState: TypeAlias = Literal["draft", "published", "retired"]
FileFormat: TypeAlias = Literal["imdf", "indoorgml", "osm", "wrld"]
PlanSource: TypeAlias = Literal["drawn", "imdf", "indoorgml", "osm", "wrld"]


class NetworkSize(msgspec.Struct, frozen=True):
    """How large a plan's walking network is; ``parts`` that no way ties together, 1 when all is one."""

    nodes: int
    arcs: int
    parts: int
    exits: int
    assembly_points: int


class Report(msgspec.Struct, frozen=True):
    """What was wrong with the files a plan was read from, and what its checks found; ``left_out``: not listed here."""

    imported: list[Finding] = []
    checked: list[Finding] = []
    left_out: int = 0


class Reviewed(msgspec.Struct, frozen=True):
    """A plan as it is stored (JSON), with what its checks said; ``network`` None: nobody can walk it."""

    name: Text
    text: str
    report: Report
    network: NetworkSize | None


class PlacePlan(msgspec.Struct, frozen=True):
    """One version of a site's plan, without the plan. ``number`` counts within the site, ``version`` is the ETag."""

    tenant_id: UUID
    id: UUID
    site_id: UUID
    number: int
    state: PlanState
    name: Text
    source: PlanSource
    network: NetworkSize | None
    version: int
    created_by: UUID | None
    created_at: datetime
    published_by: UUID | None = None
    published_at: datetime | None = None
    retired_at: datetime | None = None


class Opened(msgspec.Struct, frozen=True):
    """A version with its report and its plan as JSON."""

    row: PlacePlan
    report: Report
    text: str


class Accepted(msgspec.Struct, frozen=True):
    """A finding that whoever publishes knows of and takes."""

    kind: FindingKind
    place: str


class InstrumentedZone(msgspec.Struct, frozen=True):
    """A zone in which sensors or actuators stand, and how many."""

    slug: str
    polygon: dict[str, Any]
    level: int
    instruments: int
