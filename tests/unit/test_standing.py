"""What a qualification is worth on a day: a table as a safety officer would say it, and properties of every one."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from core.errors import Invalid
from mobile_contract.text import Text
from people.qualifications.checks import check_record, check_suspension, check_training, check_type
from people.qualifications.evidence import EVIDENCE_MAX_BYTES, evidence_key, media_type_of
from people.qualifications.model import Qualification, QualificationType, Training
from people.qualifications.records import facts_of
from people.qualifications.standing import day_at, months_after, renewed, standing

NOBODY = UUID(int=0)
AT = datetime(2026, 3, 2, tzinfo=UTC)
D = date.fromisoformat


def kind(**changes: Any) -> QualificationType:
    made = QualificationType(
        NOBODY,
        NOBODY,
        "first-aid",
        Text("急救", "First aid"),
        ["first_aid"],
        36,
        None,
        30,
        "plant practice",
        True,
        1,
        AT,
    )
    return msgspec.structs.replace(made, **changes)


def record(start: str = "2026-01-01", end: str | None = "2026-12-31", **changes: Any) -> Qualification:
    made = Qualification(
        NOBODY, NOBODY, NOBODY, NOBODY, "Red Cross", "", [], [], None, D(start), D(end) if end else None,
        None, None, None, None, None, None, 1, AT,
    )  # fmt: skip
    return msgspec.structs.replace(made, **changes)


@pytest.mark.parametrize(
    ("day", "state", "days_left"),
    [
        ("2025-12-31", "not_yet_valid", 365),
        ("2026-01-01", "valid", 364),
        ("2026-11-30", "valid", 31),
        ("2026-12-01", "expiring", 30),
        ("2026-12-31", "expiring", 0),
        ("2027-01-01", "expired", -1),
    ],
)
def test_a_state_is_of_a_day_and_both_ends_belong_to_it(day: str, state: str, days_left: int) -> None:
    shown = standing(record(), kind(), D(day))
    assert (shown.state, shown.days_left) == (state, days_left)


def test_without_an_end_it_stays_valid() -> None:
    shown = standing(record(end=None), kind(), D("2199-01-01"))
    assert (shown.state, shown.days_left, shown.counts) == ("valid", None, True)


def test_a_review_that_is_due_ends_it_like_its_own_end() -> None:
    card = record("2023-01-01", "2028-12-31", review_by=D("2025-12-31"))
    assert standing(card, kind(), D("2025-12-31")).state == "expiring"
    assert standing(card, kind(), D("2026-01-01")).state == "expired"


@pytest.mark.parametrize(
    ("start", "until", "day", "state"),
    [
        ("2026-03-01", None, "2026-02-28", "valid"),
        ("2026-03-01", None, "2026-03-01", "suspended"),
        ("2026-03-01", None, "2027-01-01", "expired"),
        ("2026-03-01", "2026-03-05", "2026-03-05", "suspended"),
        ("2026-03-01", "2026-03-05", "2026-03-06", "valid"),
        ("2026-03-01", "2026-12-31", "2026-12-15", "suspended"),
    ],
)
def test_a_suspension_counts_on_its_days(start: str, until: str | None, day: str, state: str) -> None:
    suspended = record(suspended_from=D(start), suspended_until=D(until) if until else None)
    assert standing(suspended, kind(), D(day)).state == state


DAYS = st.dates(date(2020, 1, 1), date(2030, 1, 1))
RECORDS = st.builds(
    lambda start, end, review, suspended, until: record(
        valid_from=start, valid_until=end, review_by=review, suspended_from=suspended, suspended_until=until
    ),
    DAYS,
    *[st.none() | DAYS] * 4,
)


@given(RECORDS, st.integers(0, 366), DAYS)
def test_what_counts_has_begun_has_not_ended_and_is_not_suspended(it: Qualification, warn: int, day: date) -> None:
    shown = standing(it, kind(warn_days=warn), day)
    begun = day >= it.valid_from
    ended = any(end is not None and day > end for end in (it.valid_until, it.review_by))
    held = it.suspended_from is not None and it.suspended_from <= day
    held = held and (it.suspended_until is None or day <= it.suspended_until)
    assert shown.counts == (begun and not ended and not held)


@given(RECORDS, st.integers(0, 366), DAYS, DAYS)
def test_what_has_expired_never_comes_back(it: Qualification, warn: int, day: date, later: date) -> None:
    assume(later >= day)
    if standing(it, kind(warn_days=warn), day).state == "expired":
        assert standing(it, kind(warn_days=warn), later).state == "expired"


@given(RECORDS, st.integers(0, 366), DAYS)
def test_expiring_means_within_the_types_days(it: Qualification, warn: int, day: date) -> None:
    shown = standing(it, kind(warn_days=warn), day)
    if shown.state in {"valid", "expiring"}:
        near = shown.days_left is not None and 0 <= shown.days_left <= warn
        assert (shown.state == "expiring") == near


@pytest.mark.parametrize(
    ("at", "tz", "day"),
    [
        ("2026-12-31T15:59:59+00:00", "Asia/Shanghai", "2026-12-31"),
        ("2026-12-31T16:00:00+00:00", "Asia/Shanghai", "2027-01-01"),
        ("2026-03-29T00:59:59+00:00", "Europe/Berlin", "2026-03-29"),
        ("2026-03-29T22:00:00+00:00", "Europe/Berlin", "2026-03-30"),
        ("2026-10-25T22:59:59+00:00", "Europe/Berlin", "2026-10-25"),
        ("2026-10-25T23:00:00+00:00", "Europe/Berlin", "2026-10-26"),
    ],
)
def test_a_day_ends_at_the_plants_midnight(at: str, tz: str, day: str) -> None:
    assert day_at(datetime.fromisoformat(at), tz) == D(day)


@pytest.mark.parametrize(
    ("start", "months", "last"),
    [
        ("2026-03-02", 12, "2027-03-01"),
        ("2026-01-01", 36, "2028-12-31"),
        ("2026-01-31", 1, "2026-02-28"),
        ("2024-02-29", 12, "2025-02-28"),
        ("2024-02-29", 48, "2028-02-28"),
        ("2026-12-01", 1, "2026-12-31"),
    ],
)
def test_a_term_ends_the_day_before_its_anniversary(start: str, months: int, last: str) -> None:
    assert months_after(D(start), months) == D(last)


@given(DAYS, st.integers(1, 600))
def test_a_longer_term_ends_later(start: date, months: int) -> None:
    assert start < months_after(start, months + 1)
    assert months_after(start, months) < months_after(start, months + 1)


def test_a_renewal_is_a_new_term_or_a_review_and_never_shortens() -> None:
    term, on = kind(validity_months=12), D("2026-06-01")
    assert renewed(record(), term, on).valid_until == D("2027-05-31")
    assert renewed(record(end="2028-01-01"), term, on).valid_until == D("2028-01-01")
    assert renewed(record(end=None), term, on).valid_until is None
    reviewed = renewed(record("2023-07-01", "2029-06-30", review_by=D("2026-06-30")), kind(review_months=36), on)
    assert (reviewed.valid_until, reviewed.review_by) == (D("2029-06-30"), D("2029-05-31"))
    with pytest.raises(Invalid) as caught:
        renewed(record(), kind(validity_months=None), on)
    assert caught.value.code == "qualification_type.without_term"


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"valid_from": date(1929, 12, 31)}, "day.range", "valid_from"),
        ({"valid_until": date(2200, 1, 1)}, "day.range", "valid_until"),
        ({"valid_until": date(2025, 12, 31)}, "day.order", "valid_until"),
        ({"review_by": date(2025, 12, 31)}, "day.order", "review_by"),
        ({"sites": [NOBODY] * 26, "zones": [NOBODY] * 25}, "qualification.places", "zones"),
    ],
)
def test_a_record_out_of_bounds_is_refused_by_name(changes: dict[str, Any], code: str, field: str) -> None:
    check_record(record())
    with pytest.raises(Invalid) as caught:
        check_record(record(**changes))
    assert (caught.value.code, caught.value.field) == (code, field)
    assert caught.value.limit is not None


@pytest.mark.parametrize("skills", [["First aid"], ["a", "a"], [f"s{n}" for n in range(21)]])
def test_skills_of_a_type_are_codes_named_once(skills: list[str]) -> None:
    check_type(kind())
    with pytest.raises(Invalid) as caught:
        check_type(kind(skills=skills))
    assert caught.value.field == "skills"


def test_a_suspension_begins_today_or_later() -> None:
    today = D("2026-03-02")
    check_suspension(today, None, today)
    check_suspension(today, today, today)
    for start, end, code in (
        (today - timedelta(1), None, "qualification.suspended_in_past"),
        (today, today - timedelta(1), "day.order"),
    ):
        with pytest.raises(Invalid) as caught:
            check_suspension(start, end, today)
        assert caught.value.code == code


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"held_on": date(2026, 3, 3)}, "training.in_future"),
        ({"hours": 0.0}, "training.hours"),
        ({"hours": float("nan")}, "training.hours"),
    ],
)
def test_a_training_was_held_for_some_hours(changes: dict[str, Any], code: str) -> None:
    today = D("2026-03-02")
    held = Training(NOBODY, NOBODY, NOBODY, "First aid", "Red Cross", today, 8.0, "passed", None, None, 1, AT)
    check_training(held, today)
    with pytest.raises(Invalid) as caught:
        check_training(msgspec.structs.replace(held, **changes), today)
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("content", "media_type"),
    [
        (b"%PDF-1.7 ... %%EOF\n", "application/pdf"),
        (b"\xff\xd8\xff\xe0 ... \xff\xd9", "image/jpeg"),
        (b"\x89PNG\r\n\x1a\n ... IEND\xaeB`\x82", "image/png"),
    ],
)
def test_what_a_file_is_is_told_by_both_its_ends(content: bytes, media_type: str) -> None:
    assert media_type_of(content) == media_type
    with pytest.raises(Invalid):
        media_type_of(content[:-5])


@given(st.binary(max_size=64))
def test_other_bytes_are_refused_and_never_crash(content: bytes) -> None:
    with pytest.raises(Invalid) as caught:
        media_type_of(b"MZ" + content)
    assert caught.value.code == "evidence.type"


def test_a_file_beyond_the_bound_is_refused() -> None:
    with pytest.raises(Invalid) as caught:
        media_type_of(b"%PDF-" + bytes(EVIDENCE_MAX_BYTES) + b"%%EOF")
    assert (caught.value.code, caught.value.limit) == ("body.too_large", EVIDENCE_MAX_BYTES)


def test_a_file_lies_in_its_tenants_folder() -> None:
    assert evidence_key(NOBODY, "ab" * 32) == f"{NOBODY}/evidence/ab/{'ab' * 32}"


def test_the_audit_keeps_what_a_record_was() -> None:
    facts = facts_of(record(number="A1"), "first-aid")
    assert (facts["type"], facts["number"], facts["valid_until"]) == ("first-aid", "A1", D("2026-12-31"))
