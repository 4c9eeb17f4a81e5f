"""The nouns of a cause-and-effect matrix, in the tradition of IEC 61511 and the SAFE charts of ISO 10418.

Rows are causes, columns are effects, a cell says how one leads to the other. Names (slugs) are unique in a matrix and
stay when a version follows another: by them versions are compared.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal, TypeAlias
from uuid import UUID

import msgspec

from mobile_contract.text import Text

MatrixState: TypeAlias = Literal["draft", "reviewed", "published", "superseded"]
How: TypeAlias = Literal["follow", "latch", "inhibit"]
Scope: TypeAlias = Literal["zone", "building", "site"]


class Cause(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A row, in one of three forms: an alarm rule; an agent from a level on, in a zone or anywhere; a voting group."""

    slug: str
    name: Text
    rule: UUID | None = None
    agent: str | None = None
    level: int = 1
    zone: UUID | None = None
    vote: UUID | None = None


class Effect(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A column, in one of three forms: an actuator's action; an evacuation, of a scope around the cause or of the zones
    named; a plan by its slug."""

    slug: str
    name: Text
    actuator: UUID | None = None
    action: str | None = None
    evacuate: Scope | None = None
    zones: tuple[UUID, ...] = ()
    plan: str | None = None


class Condition(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """When a cell holds. ``from_minute`` to ``to_minute`` of the site's local day (it may pass midnight); ``weekdays``
    1 Monday to 7 Sunday; ``with_cause``: only while that cause stands too."""

    from_minute: int | None = None
    to_minute: int | None = None
    weekdays: tuple[int, ...] = ()
    with_cause: str | None = None


class Cell(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How a cause leads to an effect; no cell, no effect.

    ``follow``: while the cause stands, or until the incident is closed where a machine was moved. ``latch``: until a
    person lets go of it. ``inhibit``: while the cause stands the effect does not begin by this matrix; what a plan asks
    for it does not touch. ``delay_s``: the cause must stand for so long first.
    """

    cause: str
    effect: str
    how: How = "follow"
    delay_s: float = 0.0
    condition: Condition | None = None


class MatrixBody(msgspec.Struct, frozen=True, kw_only=True):
    """Rows, columns and cells."""

    causes: tuple[Cause, ...] = ()
    effects: tuple[Effect, ...] = ()
    cells: tuple[Cell, ...] = ()


class Matrix(msgspec.Struct, frozen=True, kw_only=True):
    """One version of a site's matrix; ``authors``: everyone who has edited it."""

    tenant_id: UUID
    id: UUID
    site_id: UUID
    number: int
    state: MatrixState
    note: str
    body: MatrixBody
    authors: list[UUID]
    version: int
    created_at: datetime
    reviewed_by: UUID | None = None
    reviewed_at: datetime | None = None
    published_by: UUID | None = None
    published_at: datetime | None = None
    superseded_at: datetime | None = None


class PublishedMatrix(msgspec.Struct, frozen=True):
    """The matrix in force in a site; ``tz`` is the site's, for cells that ask for the time of day."""

    id: UUID
    number: int
    body: MatrixBody
    tz: str


class MatrixReplay(msgspec.Struct, frozen=True, kw_only=True):
    """A past period under a version, against the one that was in force when it was asked for (None: there was none).

    ``progress`` 0 to 1; ``result`` once it is done.
    """

    tenant_id: UUID
    id: UUID
    site_id: UUID
    matrix_id: UUID
    against_id: UUID | None
    start_at: datetime
    end_at: datetime
    state: Literal["queued", "running", "done", "cancelled", "failed"]
    progress: float
    result: dict[str, Any] | None = None
    error: str | None = None
    requested_by: UUID
    requested_at: datetime
    ended_at: datetime | None = None
