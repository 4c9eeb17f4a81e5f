"""What the lines of a sheet ask for: people, their teams and qualifications, each cell checked. Pure.

A line is a person and at most one qualification; a person with several has several lines, and on all but the first the
cells about the person may stay empty. An empty cell asks for nothing: what is there stays. Teams are slugs separated by
``;`` and are only ever added to: a file that leaves one out, as an old one does, takes nobody out of a team.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from typing import Literal, TypeAlias, get_args

import msgspec

from people.csv_sheet import Line, RowProblem, Sheet, problem, read_day
from people.model import Locale
from people.permissions import Role
from people.qualifications.checks import EARLIEST, LATEST

# The roles of people; what devices and cameras are is no matter of a list of staff.
ROLES = (Role.WORKER, Role.RESPONDER, Role.SAFETY_OFFICER, Role.ADMIN, Role.AUDITOR)
PERSON = ("display_name", "role", "phone", "locale")
# For valid_until: without end, where an empty cell means the usual term of the type.
WITHOUT_END = "none"
_WITHOUT_END = {WITHOUT_END, "无", "长期"}
_LOGIN = re.compile(r"[a-z0-9][a-z0-9._@-]{0,62}")
_PHONE = re.compile(r"\+[1-9][0-9]{6,14}")
_SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
# What stands between teams; the second is what a Chinese keyboard types.
TEAMS_APART = ";；"
# A person in more teams than this is in a list of everybody.
TEAMS_MAX = 20

End: TypeAlias = date | Literal["usual"] | None


class PersonAsked(msgspec.Struct, frozen=True):
    """A person as the file wants them; None: as they are. ``line`` is the first that names them."""

    line: int
    login: str
    display_name: str | None
    role: Role | None
    phone: str | None
    locale: Locale | None


class RecordAsked(msgspec.Struct, frozen=True):
    """A qualification as the file wants it; ``valid_until`` "usual": as it is, or the type's usual term."""

    line: int
    login: str
    type: str
    number: str | None
    valid_from: date
    valid_until: End
    issuer: str | None


class TeamAsked(msgspec.Struct, frozen=True):
    """A person in a team, as the file wants it; ``line`` is the first that says so."""

    line: int
    login: str
    team: str


class Wishes(msgspec.Struct, frozen=True):
    """What a sheet asks for. ``bad`` logins have a line with a problem; nothing of them is to be done."""

    people: dict[str, PersonAsked]
    teams: list[TeamAsked]
    records: list[RecordAsked]
    problems: list[RowProblem]
    bad: frozenset[str]


def read_wishes(sheet: Sheet) -> Wishes:
    """Every line checked, every problem named; duplicates name the line they repeat."""
    people: dict[str, PersonAsked] = {}
    said: dict[tuple[str, str], int] = {}
    teams: dict[str, dict[str, TeamAsked]] = {}
    records: dict[tuple[str, str, str | None, date], RecordAsked] = {}
    problems = list(sheet.problems)
    bad: set[str] = set()
    for line in sheet.lines:
        found = list(_check(line))
        person = _person(line)
        if not found:
            found += _merge(people, said, person)
        if not found:
            found += _join(teams.setdefault(line["login"], {}), line)
        if not found and line["qualification"]:
            found += _add(records, _record(line))
        if found:
            problems += found
            bad.add(line["login"])
    asked = [it for own in teams.values() for it in own.values()]
    return Wishes(people, asked, list(records.values()), problems, frozenset(bad))


def _check(line: Line) -> Iterator[RowProblem]:
    """What is wrong with the cells of one line, each by itself."""
    yield from _fits(line, "login", _LOGIN, required=True)
    yield from _fits(line, "phone", _PHONE)
    yield from _one_of(line, "role", [role.value for role in ROLES])
    yield from _one_of(line, "locale", list(get_args(Locale)))
    for column, most in (("display_name", 100), ("issuer", 200), ("number", 100)):
        if len(line[column]) > most:
            yield _wrong(line, column, f"1-{most}", "too_long", f"at most {most} characters", f"最多 {most} 个字符")
    for team in _teams(line):
        if not _SLUG.fullmatch(team):
            en, zh = f"{team} does not look like {_SLUG.pattern}", f"{team} 的格式应为 {_SLUG.pattern}"
            yield _wrong(line, "teams", _SLUG.pattern, "format", en, zh, value=team)
    yield from _check_record(line)


def _check_record(line: Line) -> Iterator[RowProblem]:
    if not line["qualification"]:
        for column in ("number", "valid_from", "valid_until", "issuer"):
            if line[column]:
                en, zh = f"{column} is there without a qualification", f"有 {column} 但没有资质"
                yield _wrong(line, "qualification", "slug", "qualification_missing", en, zh, value=line[column])
        return
    yield from _fits(line, "qualification", _SLUG)
    start, end = _day(line["valid_from"]), _day(line["valid_until"])
    if start is None:
        yield _not_a_day(line, "valid_from")
    if line["valid_until"] and line["valid_until"] not in _WITHOUT_END:
        if end is None:
            yield _not_a_day(line, "valid_until")
        elif start is not None and end < start:
            en, zh = f"valid_until is before valid_from ({start})", f"有效期至早于生效日期（{start}）"
            yield _wrong(line, "valid_until", start.isoformat(), "order", en, zh)


def _fits(line: Line, column: str, pattern: re.Pattern[str], *, required: bool = False) -> Iterator[RowProblem]:
    if not line[column]:
        if required:
            yield _wrong(line, column, pattern.pattern, "missing", f"{column} is missing", f"缺少 {column}")
    elif not pattern.fullmatch(line[column]):
        en, zh = f"{column} does not look like {pattern.pattern}", f"{column} 的格式应为 {pattern.pattern}"
        yield _wrong(line, column, pattern.pattern, "format", en, zh)


def _one_of(line: Line, column: str, choices: list[str]) -> Iterator[RowProblem]:
    if line[column] and line[column] not in choices:
        names = ", ".join(choices)
        yield _wrong(line, column, names, "choice", f"{column} is one of {names}", f"{column} 应为 {names} 之一")


def _not_a_day(line: Line, column: str) -> RowProblem:
    limit = f"{EARLIEST}..{LATEST}"
    en = f"{column} is no day like 2026-03-31 between {EARLIEST} and {LATEST}"
    zh = f"{column} 须为 {EARLIEST} 至 {LATEST} 之间的日期，如 2026-03-31"
    return _wrong(line, column, limit, "day", en, zh)


def _wrong(line: Line, column: str, limit: str, code: str, en: str, zh: str, *, value: str | None = None) -> RowProblem:
    return problem(line.number, column, line[column] if value is None else value, limit, code, en, zh)


def _day(cell: str) -> date | None:
    return read_day(cell, EARLIEST, LATEST)


def _person(line: Line) -> PersonAsked:
    role, locale = line["role"], line["locale"]
    return PersonAsked(
        line.number,
        line["login"],
        line["display_name"] or None,
        Role(role) if role in ROLES else None,
        line["phone"] or None,
        locale if locale in get_args(Locale) else None,  # type: ignore[arg-type]
    )


def _teams(line: Line) -> list[str]:
    """The teams of a cell, each once."""
    cells = line["teams"].replace(TEAMS_APART[1], TEAMS_APART[0]).split(TEAMS_APART[0])
    return list(dict.fromkeys(cell.strip() for cell in cells if cell.strip()))


def _join(own: dict[str, TeamAsked], line: Line) -> list[RowProblem]:
    """Add this line's teams to those that earlier ones name for the person."""
    for team in _teams(line):
        own.setdefault(team, TeamAsked(line.number, line["login"], team))
    if len(own) > TEAMS_MAX:
        en, zh = f"a person is in at most {TEAMS_MAX} teams", f"每人最多属于 {TEAMS_MAX} 个班组"
        return [_wrong(line, "teams", str(TEAMS_MAX), "too_many_teams", en, zh)]
    return []


def _record(line: Line) -> RecordAsked:
    start = _day(line["valid_from"])
    assert start is not None
    cell = line["valid_until"]
    end: End = "usual" if not cell else _day(cell)
    return RecordAsked(
        line.number, line["login"], line["qualification"], line["number"] or None, start, end, line["issuer"] or None
    )


def _merge(people: dict[str, PersonAsked], said: dict[tuple[str, str], int], person: PersonAsked) -> list[RowProblem]:
    """Join what this line says of the person to what earlier ones said; saying two things is a problem."""
    known = people.get(person.login, person)
    found = []
    for name in PERSON:
        new = getattr(person, name)
        if new is None:
            continue
        old = getattr(known, name)
        first = said.setdefault((person.login, name), person.line)
        if old is not None and old != new:
            en, zh = f"line {first} says {old} for {person.login}", f"第 {first} 行中 {person.login} 为 {old}"
            found.append(problem(person.line, name, str(new), str(old), "says_two_things", en, zh))
        known = msgspec.structs.replace(known, **{name: old if old is not None else new})
    people[person.login] = known
    return found


def _add(records: dict[tuple[str, str, str | None, date], RecordAsked], record: RecordAsked) -> list[RowProblem]:
    key = (record.login, record.type, record.number, record.valid_from)
    first = records.setdefault(key, record)
    if first is record:
        return []
    en, zh = f"line {first.line} has this qualification already", f"第 {first.line} 行已有此资质"
    return [problem(record.line, "qualification", record.type, "1", "duplicate", en, zh)]
