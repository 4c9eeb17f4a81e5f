"""What a qualification is worth on a day. Pure.

A day is a calendar day in the time zone of the tenant's first site (the one made first; until there is one, China's):
one zone for the whole tenant, so that a person who works at two sites does not lose a skill on the way between them.
First and last day both belong to a qualification: it ends at the midnight after ``valid_until``. A type whose records
need a review in between (特种作业操作证: six years, reviewed every three) gives ``review_by``, which ends it
in the same way until the review is entered.
"""

from __future__ import annotations

import calendar
import zoneinfo
from datetime import date, datetime

import msgspec

from core.errors import Invalid
from people.qualifications.model import Qualification, QualificationType, State

# The first market's; used until a tenant has a site.
DEFAULT_TZ = "Asia/Shanghai"
# What gives skills.
COUNTS: frozenset[State] = frozenset({"valid", "expiring"})


class Standing(msgspec.Struct, frozen=True):
    """A state; ``days_left`` counts to the last day (0: it is today, negative: over), None without end."""

    state: State
    days_left: int | None

    @property
    def counts(self) -> bool:
        """Whether it gives its type's skills."""
        return self.state in COUNTS


def day_at(at: datetime, tz: str) -> date:
    """The calendar day of this moment in the zone."""
    return at.astimezone(zoneinfo.ZoneInfo(tz)).date()


def standing(record: Qualification, kind: QualificationType, day: date) -> Standing:
    """The record's state on the day: over before not begun before suspended before running out."""
    end = record.ends_on
    days_left = None if end is None else (end - day).days
    return Standing(_state(record, kind, day, days_left), days_left)


def _state(record: Qualification, kind: QualificationType, day: date, days_left: int | None) -> State:
    if days_left is not None and days_left < 0:
        return "expired"
    if day < record.valid_from:
        return "not_yet_valid"
    if suspended_on(record, day):
        return "suspended"
    if days_left is not None and days_left <= kind.warn_days:
        return "expiring"
    return "valid"


def suspended_on(record: Qualification, day: date) -> bool:
    """Whether a suspension runs on the day, its last day included."""
    if record.suspended_from is None or day < record.suspended_from:
        return False
    return record.suspended_until is None or day <= record.suspended_until


def months_after(start: date, months: int) -> date:
    """The last day of a term of months from ``start``: 2026-03-02 and 12 give 2027-03-01.

    Where the month is too short for the day, the term ends with the month.
    """
    year, month = divmod(start.year * 12 + start.month - 1 + months, 12)
    month += 1
    last = calendar.monthrange(year, month)[1]
    if start.day > last:
        return date(year, month, last)
    return date.fromordinal(date(year, month, start.day).toordinal() - 1)


def renewed(record: Qualification, kind: QualificationType, on: date) -> Qualification:
    """The record after a renewal on this day; it is never shortened by one.

    Where the type needs reviews the renewal is a review, else a new term. Raises Invalid for a type without either.
    """
    if kind.review_months is not None:
        return msgspec.structs.replace(record, review_by=_later(record.review_by, on, kind.review_months))
    if kind.validity_months is not None:
        return msgspec.structs.replace(record, valid_until=_later(record.valid_until, on, kind.validity_months))
    raise Invalid(
        "qualification_type.without_term",
        f"the type {kind.slug} has no usual term to renew: edit valid_until",
        f"资质类型 {kind.slug} 没有默认有效期：请直接修改有效期",
        field="renews",
        value=kind.slug,
    )


def _later(end: date | None, on: date, months: int) -> date | None:
    return None if end is None else max(end, months_after(on, months))
