"""Qualifications, training and skills on the wire.

Days are calendar days of the plant (the time zone of its first site), first and last included. ``version`` of a view is
also its ETag. Fields an edit leaves out stay as they are.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal, TypeAlias
from uuid import UUID

import msgspec

from mobile_contract.people import Slug
from mobile_contract.plant import Named, Short
from mobile_contract.text import Text

SkillCode: TypeAlias = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9_]{1,63}$")]
Skills: TypeAlias = Annotated[list[SkillCode], msgspec.Meta(max_length=20)]
Months: TypeAlias = Annotated[int, msgspec.Meta(ge=1, le=600)]
WarnDays: TypeAlias = Annotated[
    int, msgspec.Meta(ge=0, le=366, description="It is expiring so many days before its last day; 0: on that day.")
]
Source: TypeAlias = Annotated[
    str, msgspec.Meta(min_length=1, max_length=500, pattern=r"\S", description="The law or standard, with its edition.")
]
Reason: TypeAlias = Annotated[str, msgspec.Meta(min_length=1, max_length=500, pattern=r"\S")]
CertificateNumber: TypeAlias = Annotated[str, msgspec.Meta(min_length=1, max_length=100, pattern=r"\S")]
Scope: TypeAlias = Annotated[str, msgspec.Meta(max_length=500)]
Places: TypeAlias = Annotated[list[UUID], msgspec.Meta(max_length=50)]
Hours: TypeAlias = Annotated[float, msgspec.Meta(gt=0, le=2000)]
StateName: TypeAlias = Literal["not_yet_valid", "valid", "expiring", "expired", "suspended"]
TrainingResultName: TypeAlias = Literal["passed", "failed", "attended"]


class SkillView(msgspec.Struct, frozen=True):
    """A skill that plans and escalations can ask for."""

    code: str
    name: Text


class SkillList(msgspec.Struct, frozen=True):
    """Every skill: the product's and the plant's own."""

    items: list[SkillView]


class SkillHolder(msgspec.Struct, frozen=True):
    """Somebody who has a skill now. ``until``: its last day; ``everywhere`` false: at these sites and zones alone."""

    account: UUID
    login: str
    display_name: str
    until: date | None
    everywhere: bool
    sites: list[UUID]
    zones: list[UUID]


class QualificationTypeView(msgspec.Struct, frozen=True):
    """What the plant accepts as a qualification, and the skills it gives."""

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


class NewQualificationType(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A type to create; the slug is what imports name and final."""

    slug: Slug
    name: Named
    skills: Skills
    source: Source
    validity_months: Months | None = None
    review_months: Months | None = None
    warn_days: WarnDays = 60


class QualificationTypeEdit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``in_use`` false: no new records; those there are count until they end."""

    name: Named | msgspec.UnsetType = msgspec.UNSET
    skills: Skills | msgspec.UnsetType = msgspec.UNSET
    source: Source | msgspec.UnsetType = msgspec.UNSET
    validity_months: Months | msgspec.UnsetType | None = msgspec.UNSET
    review_months: Months | msgspec.UnsetType | None = msgspec.UNSET
    warn_days: WarnDays | msgspec.UnsetType = msgspec.UNSET
    in_use: bool | msgspec.UnsetType = msgspec.UNSET


class SuspensionView(msgspec.Struct, frozen=True):
    """A suspension; ``until`` is its last day, null: until it is reinstated."""

    since: date
    until: date | None
    reason: str
    by: UUID | None


class QualificationView(msgspec.Struct, frozen=True):
    """One person's qualification and what it is worth today.

    ``days_left`` counts to ``ends_on``, the earlier of ``valid_until`` and ``review_by``; negative when it is over.
    """

    id: UUID
    account: UUID
    login: str
    display_name: str
    type: UUID
    type_slug: str
    type_name: Text
    skills: list[str]
    issuer: str
    scope: str
    sites: list[UUID]
    zones: list[UUID]
    number: str | None
    valid_from: date
    valid_until: date | None
    review_by: date | None
    ends_on: date | None
    state: StateName
    days_left: int | None
    suspension: SuspensionView | None
    evidence: UUID | None
    noticed_at: datetime | None
    version: int
    created_at: datetime


class NewQualification(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A qualification to enter. Ends left out are the type's usual ones; null: without.

    ``sites`` and ``zones`` limit it to these places; both empty: it counts everywhere.
    """

    account: UUID
    type: UUID
    issuer: Short
    valid_from: date
    valid_until: date | msgspec.UnsetType | None = msgspec.UNSET
    review_by: date | msgspec.UnsetType | None = msgspec.UNSET
    number: CertificateNumber | None = None
    scope: Scope = ""
    sites: Places = []
    zones: Places = []
    evidence: UUID | None = None


class QualificationEdit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A renewal, a review entered, or a correction."""

    issuer: Short | msgspec.UnsetType = msgspec.UNSET
    valid_from: date | msgspec.UnsetType = msgspec.UNSET
    valid_until: date | msgspec.UnsetType | None = msgspec.UNSET
    review_by: date | msgspec.UnsetType | None = msgspec.UNSET
    number: CertificateNumber | msgspec.UnsetType | None = msgspec.UNSET
    scope: Scope | msgspec.UnsetType = msgspec.UNSET
    sites: Places | msgspec.UnsetType = msgspec.UNSET
    zones: Places | msgspec.UnsetType = msgspec.UNSET
    evidence: UUID | msgspec.UnsetType | None = msgspec.UNSET


class Suspension(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Take the skills away; ``since`` null: today, ``until`` null: until it is reinstated."""

    reason: Reason
    since: date | None = None
    until: date | None = None


class Reinstatement(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Give the skills back."""

    reason: Reason


class TrainingView(msgspec.Struct, frozen=True):
    """A training somebody took part in; ``qualification``: what passing it granted or renewed."""

    id: UUID
    account: UUID
    course: str
    trainer: str
    held_on: date
    hours: float
    result: TrainingResultName
    evidence: UUID | None
    qualification: UUID | None
    version: int
    created_at: datetime


class NewTraining(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A training held. Passed, it makes a record of the type ``grants`` or prolongs the record ``renews``."""

    account: UUID
    course: Short
    trainer: Short
    held_on: date
    hours: Hours
    result: TrainingResultName
    evidence: UUID | None = None
    grants: UUID | None = None
    renews: UUID | None = None


class TrainingEdit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A correction."""

    course: Short | msgspec.UnsetType = msgspec.UNSET
    trainer: Short | msgspec.UnsetType = msgspec.UNSET
    held_on: date | msgspec.UnsetType = msgspec.UNSET
    hours: Hours | msgspec.UnsetType = msgspec.UNSET
    result: TrainingResultName | msgspec.UnsetType = msgspec.UNSET
    evidence: UUID | msgspec.UnsetType | None = msgspec.UNSET


class EvidenceView(msgspec.Struct, frozen=True):
    """A stored file; name its ``id`` in a qualification or a training."""

    id: UUID
    media_type: Literal["application/pdf", "image/jpeg", "image/png"]
    size_bytes: int
    sha256: str
    created_at: datetime
