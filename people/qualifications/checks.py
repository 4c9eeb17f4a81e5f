"""What a type, a record, a suspension and a training must be. Pure; raises Invalid naming field, value and limit."""

from __future__ import annotations

import re
from datetime import date

from core.errors import Invalid
from people.qualifications.model import Qualification, QualificationType, Training

SKILL = re.compile(r"[a-z0-9_]{1,63}")
SKILLS_MAX = 20
PLACES_MAX = 50
# Whoever is at work was born after the first; a term of 600 months from the last is still a date.
EARLIEST, LATEST = date(1930, 1, 1), date(2199, 12, 31)
WARN_DAYS_MAX = 366
MONTHS_MAX = 600
HOURS_MAX = 2000.0


def check_type(it: QualificationType) -> None:
    """Codes are codes, each named once."""
    for code in it.skills:
        if not SKILL.fullmatch(code):
            raise Invalid(
                "qualification_type.skill",
                f"a skill code is 1 to 63 of a-z, 0-9 and _, not {code!r}",
                f"技能代码为 1 到 63 个 a-z、0-9 或 _，而不是 {code!r}",
                field="skills",
                value=code,
                limit=SKILL.pattern,
            )
    if len(set(it.skills)) != len(it.skills) or len(it.skills) > SKILLS_MAX:
        raise Invalid(
            "qualification_type.skills",
            f"at most {SKILLS_MAX} skills, each named once",
            f"最多 {SKILLS_MAX} 项技能，且不得重复",
            field="skills",
            value=it.skills,
            limit=SKILLS_MAX,
        )


def check_record(it: Qualification) -> None:
    """Days are in bounds and in order."""
    check_day("valid_from", it.valid_from)
    for field, end in (("valid_until", it.valid_until), ("review_by", it.review_by)):
        if end is not None:
            check_day(field, end)
            _check_order(field, it.valid_from, end)
    if len(it.sites) + len(it.zones) > PLACES_MAX:
        raise Invalid(
            "qualification.places",
            f"a qualification is limited to at most {PLACES_MAX} places",
            f"一项资质最多限定 {PLACES_MAX} 个地点",
            field="zones",
            value=len(it.sites) + len(it.zones),
            limit=PLACES_MAX,
        )


def check_suspension(start: date, end: date | None, today: date) -> None:
    """A suspension begins today or later: what was done under a qualification is not taken back."""
    check_day("from", start)
    if start < today:
        raise Invalid(
            "qualification.suspended_in_past",
            f"a suspension begins today ({today}) or later, not on {start}",
            f"暂停不得早于今天（{today}），而不是 {start}",
            field="from",
            value=start.isoformat(),
            limit=today.isoformat(),
        )
    if end is not None:
        check_day("until", end)
        _check_order("until", start, end)


def check_training(it: Training, today: date) -> None:
    """Held already, for some hours."""
    check_day("held_on", it.held_on)
    if it.held_on > today:
        raise Invalid(
            "training.in_future",
            f"a training is entered when it was held: {it.held_on} is after today ({today})",
            f"培训须在完成后登记：{it.held_on} 晚于今天（{today}）",
            field="held_on",
            value=it.held_on.isoformat(),
            limit=today.isoformat(),
        )
    if not 0 < it.hours <= HOURS_MAX:
        raise Invalid(
            "training.hours",
            f"a training has more than 0 and at most {HOURS_MAX:g} hours",
            f"培训学时须大于 0 且不超过 {HOURS_MAX:g}",
            field="hours",
            value=it.hours,
            limit=[0, HOURS_MAX],
        )


def check_day(field: str, day: date) -> None:
    """Raise Invalid day.range outside EARLIEST..LATEST."""
    if not EARLIEST <= day <= LATEST:
        raise Invalid(
            "day.range",
            f"{field} lies between {EARLIEST} and {LATEST}, not {day}",
            f"{field} 须在 {EARLIEST} 与 {LATEST} 之间，而不是 {day}",
            field=field,
            value=day.isoformat(),
            limit=[EARLIEST.isoformat(), LATEST.isoformat()],
        )


def _check_order(field: str, start: date, end: date) -> None:
    if end < start:
        raise Invalid(
            "day.order",
            f"{field} ({end}) is before the first day ({start})",
            f"{field}（{end}）早于起始日（{start}）",
            field=field,
            value=end.isoformat(),
            limit=start.isoformat(),
        )
