"""A record as it is asked for, and as it begins. Pure."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

import msgspec

from core.errors import Conflict
from people.qualifications.checks import check_day
from people.qualifications.model import Qualification, QualificationType
from people.qualifications.standing import months_after


class RecordDraft(msgspec.Struct, frozen=True):
    """A new record. ``valid_until`` and ``review_by`` UNSET: what is usual for the type."""

    account_id: UUID
    type_id: UUID
    issuer: str
    valid_from: date
    valid_until: date | msgspec.UnsetType | None = msgspec.UNSET
    review_by: date | msgspec.UnsetType | None = msgspec.UNSET
    number: str | None = None
    scope: str = ""
    sites: list[UUID] = []
    zones: list[UUID] = []
    evidence_id: UUID | None = None


def new_record(
    draft: RecordDraft, kind: QualificationType, tenant_id: UUID, record_id: UUID, now: datetime
) -> Qualification:
    """The record a draft asks for, with the type's usual ends where it names none.

    Raises Conflict out of use, Invalid for a first day from which no term can be counted.
    """
    check_day("valid_from", draft.valid_from)
    if not kind.in_use:
        raise Conflict(
            "qualification_type.out_of_use",
            f"the type {kind.slug} is out of use",
            f"资质类型 {kind.slug} 已停用",
            field="type",
            value=kind.slug,
        )
    return Qualification(
        tenant_id,
        record_id,
        draft.account_id,
        draft.type_id,
        draft.issuer,
        draft.scope,
        draft.sites,
        draft.zones,
        draft.number,
        draft.valid_from,
        _end(draft.valid_until, draft.valid_from, kind.validity_months),
        _end(draft.review_by, draft.valid_from, kind.review_months),
        draft.evidence_id,
        None,
        None,
        None,
        None,
        1,
        now,
    )


def _end(asked: date | msgspec.UnsetType | None, start: date, months: int | None) -> date | None:
    if asked is not msgspec.UNSET:
        return asked
    return None if months is None else months_after(start, months)


def facts_of(it: Qualification, type_slug: str) -> dict[str, object]:
    """What the audit keeps of a record that comes or goes."""
    return {
        "account": it.account_id,
        "type": type_slug,
        "number": it.number,
        "valid_from": it.valid_from,
        "valid_until": it.valid_until,
        "review_by": it.review_by,
    }
