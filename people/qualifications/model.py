"""The nouns of qualifications: type, record, training, evidence."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal, TypeAlias
from uuid import UUID

import msgspec

from mobile_contract.text import Text

State: TypeAlias = Literal["not_yet_valid", "valid", "expiring", "expired", "suspended"]
TrainingResult: TypeAlias = Literal["passed", "failed", "attended"]


class QualificationType(msgspec.Struct, frozen=True):
    """What a plant accepts as a qualification; ``skills`` are the codes a valid record of it gives."""

    tenant_id: UUID
    id: UUID
    slug: str
    name: Text
    skills: list[str]
    validity_months: int | None
    review_months: int | None
    warn_days: int
    source: str
    in_use: bool
    version: int
    created_at: datetime


class Qualification(msgspec.Struct, frozen=True):
    """One person's qualification; its days are days of the plant, first and last included."""

    tenant_id: UUID
    id: UUID
    account_id: UUID
    type_id: UUID
    issuer: str
    scope: str
    sites: list[UUID]
    zones: list[UUID]
    number: str | None
    valid_from: date
    valid_until: date | None
    review_by: date | None
    evidence_id: UUID | None
    suspended_from: date | None
    suspended_until: date | None
    suspended_reason: str | None
    suspended_by: UUID | None
    version: int
    created_at: datetime

    @property
    def ends_on(self) -> date | None:
        """The last day it counts; None: without end."""
        return min((d for d in (self.valid_until, self.review_by) if d is not None), default=None)


class Training(msgspec.Struct, frozen=True):
    """A training somebody took part in; ``qualification_id`` is the record that passing it made."""

    tenant_id: UUID
    id: UUID
    account_id: UUID
    course: str
    trainer: str
    held_on: date
    hours: float
    result: TrainingResult
    evidence_id: UUID | None
    qualification_id: UUID | None
    version: int
    created_at: datetime


class Evidence(msgspec.Struct, frozen=True):
    """A stored file that proves something; its bytes are in the file store."""

    tenant_id: UUID
    id: UUID
    media_type: str
    size_bytes: int
    sha256: str
    uploaded_by: UUID
    created_at: datetime
