"""What is not there, or is there already."""

from __future__ import annotations

from uuid import UUID

from core.errors import Conflict, NotFound


def no_type(type_id: UUID) -> NotFound:
    """No such qualification type in this tenant."""
    return NotFound(
        "qualification_type.not_found",
        f"no qualification type {type_id}",
        f"没有资质类型 {type_id}",
        field="type",
        value=str(type_id),
    )


def no_record(record_id: UUID) -> NotFound:
    """No such qualification in this tenant."""
    return NotFound(
        "qualification.not_found", f"no qualification {record_id}", f"没有资质 {record_id}", value=str(record_id)
    )


def no_training(training_id: UUID) -> NotFound:
    """No such training in this tenant."""
    return NotFound(
        "training.not_found", f"no training {training_id}", f"没有培训记录 {training_id}", value=str(training_id)
    )


def no_evidence(evidence_id: UUID) -> NotFound:
    """No such file, or not for this person."""
    return NotFound(
        "evidence.not_found",
        f"no evidence {evidence_id}",
        f"没有证明文件 {evidence_id}",
        field="evidence",
        value=str(evidence_id),
    )


def no_person(account_id: UUID) -> NotFound:
    """No such account in this tenant."""
    return NotFound(
        "account.not_found",
        f"no account {account_id}",
        f"没有账号 {account_id}",
        field="account",
        value=str(account_id),
    )


def no_place(place_id: UUID) -> NotFound:
    """No such site or zone in this tenant."""
    return NotFound(
        "place.not_found",
        f"no site or zone {place_id}",
        f"没有厂区或区域 {place_id}",
        field="places",
        value=str(place_id),
    )


def entered_already(field: str, value: object) -> Conflict:
    """The person has this very qualification."""
    return Conflict(
        "qualification.entered_already",
        "the person has a qualification of this type with this number and first day",
        "此人已有同类型、同编号、同生效日期的资质",
        field=field,
        value=value,
    )
