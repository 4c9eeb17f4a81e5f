"""What an import would do: the file's wishes against what is there. Pure.

The same file again finds everything as it asks for and changes nothing. A qualification is found again by its person,
type, number and first day; one with another first day is another record, so that a renewal keeps the record before it.
Who is in a team, or is to be, stays as they are; who left it comes back. Nobody is taken out of a team.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal, TypeAlias, TypeVar
from uuid import UUID

import msgspec

from core.errors import MusterError
from mobile_contract.text import Text
from people.csv_import import PERSON, ROLES, PersonAsked, RecordAsked, TeamAsked, Wishes
from people.csv_sheet import RowProblem, problem
from people.model import Account
from people.permissions import Role
from people.qualifications.checks import check_record
from people.qualifications.model import Qualification, QualificationType
from people.qualifications.records import RecordDraft, new_record
from people.rotas.model import Team

Action: TypeAlias = Literal["create", "change", "keep"]
Change: TypeAlias = tuple[str | None, str | None]

# A new account costs its admin a password to hand over, and a hash of some 30 ms; a thousand are half a minute.
NEW_ACCOUNTS_MAX = 1000
# What a sheet without issuers writes there.
NOT_STATED = "-"
# In place of ids that are given when a plan is carried out.
NOBODY = UUID(int=0)


class Known(msgspec.Struct, frozen=True):
    """What is there: people by login, types and teams by slug, the people's records by account; admins who may sign in.

    ``members`` are (team, account) of whom a team has or is to have.
    """

    tenant_id: UUID
    now: datetime
    accounts: dict[str, Account]
    types: dict[str, QualificationType]
    records: dict[UUID, list[Qualification]]
    admins: frozenset[UUID]
    may_manage_accounts: bool
    teams: dict[str, Team]
    members: frozenset[tuple[UUID, UUID]]


class AccountStep(msgspec.Struct, frozen=True):
    """What becomes of an account; ``changes``: field to (from, to)."""

    line: int
    login: str
    action: Action
    changes: dict[str, Change]
    asked: PersonAsked
    account: Account | None


class TeamStep(msgspec.Struct, frozen=True):
    """What becomes of a place in a team: made, or there already."""

    line: int
    login: str
    team: Team
    action: Literal["create", "keep"]


class RecordStep(msgspec.Struct, frozen=True):
    """What becomes of a qualification; a new one has no id yet, nor its person if that is new."""

    line: int
    login: str
    type: str
    action: Action
    changes: dict[str, Change]
    record: Qualification


Step = TypeVar("Step", TeamStep, RecordStep)


class ImportPlan(msgspec.Struct, frozen=True):
    """Steps for everybody without a problem, and every problem by line."""

    accounts: list[AccountStep]
    teams: list[TeamStep]
    records: list[RecordStep]
    problems: list[RowProblem]

    @property
    def new_logins(self) -> list[str]:
        """Whose accounts are made."""
        return [step.login for step in self.accounts if step.action == "create"]


def make_plan(wishes: Wishes, known: Known) -> ImportPlan:
    """Steps for everybody in the file, or what stands against them."""
    problems = list(wishes.problems)
    bad = set(wishes.bad)
    accounts: list[AccountStep] = []
    teams: list[TeamStep] = []
    records: list[RecordStep] = []
    admins = set(known.admins)
    created = 0
    for login, asked in wishes.people.items():
        if login in bad:
            continue
        step = _account_step(asked, known.accounts.get(login))
        created += step.action == "create"
        found = _against(step, known, admins, created)
        if found:
            problems += found
            bad.add(login)
        else:
            accounts.append(step)
    people = {step.login: step for step in accounts}
    for place in wishes.teams:
        if place.login not in bad:
            _take(_team_step(place, people[place.login].account, known), place.login, teams, problems, bad)
    for record in wishes.records:
        if record.login not in bad:
            _take(_record_step(record, people[record.login].account, known), record.login, records, problems, bad)
    return ImportPlan(
        [step for step in accounts if step.login not in bad],
        [step for step in teams if step.login not in bad],
        [step for step in records if step.login not in bad],
        sorted(problems, key=lambda it: it.line),
    )


def _take(made: Step | RowProblem, login: str, steps: list[Step], problems: list[RowProblem], bad: set[str]) -> None:
    if isinstance(made, RowProblem):
        problems.append(made)
        bad.add(login)
    else:
        steps.append(made)


def _account_step(asked: PersonAsked, account: Account | None) -> AccountStep:
    changes: dict[str, Change] = {}
    for name in PERSON:
        new = getattr(asked, name)
        old = None if account is None else getattr(account, name)
        if new is not None and new != old:
            changes[name] = (None if old is None else str(old), str(new))
    action: Action = "create" if account is None else "change" if changes else "keep"
    return AccountStep(asked.line, asked.login, action, changes, asked, account)


def _against(step: AccountStep, known: Known, admins: set[UUID], created: int) -> list[RowProblem]:
    """What stands against a step; ``admins`` loses whoever stops being one."""
    line, asked = step.line, step.asked
    if step.action == "keep":
        return []
    if not known.may_manage_accounts:
        en, zh = f"only an admin may {step.action} accounts", "只有管理员可以新建或修改账号"
        return [problem(line, "login", step.login, "manage_accounts", "accounts_need_admin", en, zh)]
    if step.account is None:
        return _against_new(step, created)
    if step.account.role not in ROLES:
        en, zh = f"{step.login} is no person", f"{step.login} 不是人员账号"
        return [problem(line, "login", step.login, "person", "no_person", en, zh)]
    if asked.role not in {None, Role.ADMIN} and step.account.id in admins:
        if len(admins) == 1:
            en, zh = "the last admin can not lose the role", "不能取消最后一个管理员"
            return [problem(line, "role", str(asked.role), "admin", "last_admin", en, zh)]
        admins.discard(step.account.id)
    return []


def _against_new(step: AccountStep, created: int) -> list[RowProblem]:
    line = step.line
    if created > NEW_ACCOUNTS_MAX:
        en, zh = f"at most {NEW_ACCOUNTS_MAX} new accounts a file", f"每个文件最多新建 {NEW_ACCOUNTS_MAX} 个账号"
        return [problem(line, "login", step.login, str(NEW_ACCOUNTS_MAX), "too_many_accounts", en, zh)]
    return [
        problem(line, name, "", name, "missing", f"a new account needs {name}", f"新账号需要 {name}")
        for name in ("display_name", "role")
        if getattr(step.asked, name) is None
    ]


def _team_step(wish: TeamAsked, account: Account | None, known: Known) -> TeamStep | RowProblem:
    team = known.teams.get(wish.team)
    if team is None:
        limit = ", ".join(sorted(known.teams)[:20])
        en, zh = f"there is no team {wish.team}", f"没有班组 {wish.team}"
        return problem(wish.line, "teams", wish.team, limit, "unknown_team", en, zh)
    if team.retired_at is not None:
        en, zh = f"the team {wish.team} is retired", f"班组 {wish.team} 已停用"
        return problem(wish.line, "teams", wish.team, "", "team_retired", en, zh)
    there = account is not None and (team.id, account.id) in known.members
    return TeamStep(wish.line, wish.login, team, "keep" if there else "create")


def _record_step(wish: RecordAsked, account: Account | None, known: Known) -> RecordStep | RowProblem:
    kind = known.types.get(wish.type)
    if kind is None:
        limit = ", ".join(sorted(known.types)[:20])
        en, zh = f"there is no qualification type {wish.type}", f"没有资质类型 {wish.type}"
        return problem(wish.line, "qualification", wish.type, limit, "unknown_type", en, zh)
    before = _same(wish, kind, [] if account is None else known.records.get(account.id, []))
    try:
        after = _wanted(wish, kind, before, account, known)
        check_record(after)
    except MusterError as refused:
        return _refusal(wish.line, refused)
    changes = _changes(before, after)
    action: Action = "create" if before is None else "change" if changes else "keep"
    return RecordStep(wish.line, wish.login, wish.type, action, changes, after)


def _refusal(line: int, refused: MusterError) -> RowProblem:
    column = refused.field if refused.field in {"valid_from", "valid_until"} else "qualification"
    text = Text(refused.zh, refused.en)
    return RowProblem(line, column, str(refused.value), str(refused.limit or ""), refused.code, text)


def _same(wish: RecordAsked, kind: QualificationType, records: list[Qualification]) -> Qualification | None:
    key = (kind.id, wish.number, wish.valid_from)
    return next((it for it in records if (it.type_id, it.number, it.valid_from) == key), None)


def _wanted(
    wish: RecordAsked, kind: QualificationType, before: Qualification | None, account: Account | None, known: Known
) -> Qualification:
    end = msgspec.UNSET if wish.valid_until == "usual" else wish.valid_until
    if before is None:
        draft = RecordDraft(
            account.id if account else NOBODY,
            kind.id,
            wish.issuer or NOT_STATED,
            wish.valid_from,
            end,
            number=wish.number,
        )
        return new_record(draft, kind, known.tenant_id, NOBODY, known.now)
    return msgspec.structs.replace(
        before,
        valid_until=before.valid_until if end is msgspec.UNSET else end,
        issuer=wish.issuer or before.issuer,
    )


def _changes(before: Qualification | None, after: Qualification) -> dict[str, Change]:
    def shown(value: str | date | None) -> str | None:
        return None if value is None else str(value)

    names = ("issuer", "number", "valid_from", "valid_until")
    pairs = {name: (shown(getattr(before, name, None)), shown(getattr(after, name))) for name in names}
    return {name: (old, new) for name, (old, new) in pairs.items() if old != new}
