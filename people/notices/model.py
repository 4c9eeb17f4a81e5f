"""The nouns of notices: what each kind says, and the notice of one person. Pure."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal, TypeAlias, cast, get_args
from uuid import UUID

import msgspec

from mobile_contract.notices import NoticeKind, PushState
from mobile_contract.text import Text

# A notice is read on a phone: what is more is counted.
SHOWN_MAX = 5


class SwapProposed(msgspec.Struct, frozen=True, tag_field="kind", tag="swap.proposed"):
    """``by`` asks for a swap of a duty; ``in_return``: they offer to take one of the reader's."""

    by: str
    starts_at: datetime
    ends_at: datetime
    tz: str
    in_return: bool


class SwapDecided(msgspec.Struct, frozen=True, tag_field="kind", tag="swap.decided"):
    """``by`` answered a swap, or took it back."""

    by: str
    state: Literal["accepted", "declined", "withdrawn"]
    starts_at: datetime
    ends_at: datetime
    tz: str


class ExposureExceeded(msgspec.Struct, frozen=True, tag_field="kind", tag="exposure.exceeded"):
    """A dose over its limit; ``person`` None: the reader's own. ``percent`` of the limit."""

    person: str | None
    dose: Literal["twa", "stel", "ceiling"]
    substance: Text
    percent: int
    site: Text
    at: datetime
    tz: str


class SensorDue(msgspec.Struct, frozen=True):
    """A sensor and the days until its calibration is due, below zero since it was."""

    name: Text
    days_left: int


class CalibrationDue(msgspec.Struct, frozen=True, tag_field="kind", tag="calibration.due"):
    """Sensors of a site whose calibration came near or ran out; ``more`` are not named."""

    site: Text
    sensors: Annotated[list[SensorDue], msgspec.Meta(min_length=1, max_length=SHOWN_MAX)]
    more: int = 0


class QualificationExpiring(msgspec.Struct, frozen=True, tag_field="kind", tag="qualification.expiring"):
    """A qualification that ends soon; ``person`` None: the reader's own."""

    person: str | None
    name: Text
    ends_on: date


class QualificationExpired(msgspec.Struct, frozen=True, tag_field="kind", tag="qualification.expired"):
    """A qualification that ended; ``person`` None: the reader's own."""

    person: str | None
    name: Text
    ends_on: date


class PhoneNotReady(msgspec.Struct, frozen=True, tag_field="kind", tag="phone.not_ready"):
    """No phone of the reader's will ring in the duty that begins then."""

    rota: Text
    starts_at: datetime
    tz: str
    problems: Annotated[list[Text], msgspec.Meta(max_length=SHOWN_MAX)]


class CommTestFailed(msgspec.Struct, frozen=True, tag_field="kind", tag="comm_test.failed"):
    """Of ``people`` tested, ``missed`` had no message at all, ``unproven`` had one by a service's word alone."""

    people: int
    missed: int
    unproven: int
    started_at: datetime
    tz: str


class ThingDue(msgspec.Struct, frozen=True):
    """Equipment and the days until it expires, below zero since it did."""

    name: Text
    days_left: int


class EquipmentExpiring(msgspec.Struct, frozen=True, tag_field="kind", tag="equipment.expiring"):
    """Equipment of a site that expires ``within_days``, or did; ``more`` are not named."""

    site: Text
    within_days: int
    things: Annotated[list[ThingDue], msgspec.Meta(min_length=1, max_length=SHOWN_MAX)]
    more: int = 0


Facts: TypeAlias = (
    SwapProposed
    | SwapDecided
    | ExposureExceeded
    | CalibrationDue
    | QualificationExpiring
    | QualificationExpired
    | PhoneNotReady
    | CommTestFailed
    | EquipmentExpiring
)
KINDS: tuple[NoticeKind, ...] = get_args(NoticeKind)


class Draft(msgspec.Struct, frozen=True):
    """A notice to write. ``key``: what makes two of them one; ``urgent``: it saves lives and waits for nothing."""

    subject_id: UUID
    facts: Facts
    key: str
    urgent: bool = False

    @property
    def kind(self) -> NoticeKind:
        """What it is about."""
        return cast(NoticeKind, self.facts.__struct_config__.tag)


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """One notice to one person, and what became of its push; ``next_attempt_at``: when it is looked at again."""

    tenant_id: UUID
    id: UUID
    account_id: UUID
    kind: NoticeKind
    subject_id: UUID
    facts: Facts
    urgent: bool
    created_at: datetime
    read_at: datetime | None
    push: PushState
    attempts: int
    next_attempt_at: datetime | None
    pushed_at: datetime | None
