"""Importing people on the wire: what a file would do or did, and what is wrong in it."""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

from mobile_contract.text import Text

ActionName: TypeAlias = Literal["create", "change", "keep"]


class RowProblemView(msgspec.Struct, frozen=True):
    """What is wrong: the line (1 is the header), the column (null: the whole line), the value, what would do."""

    line: int
    column: str | None
    value: str
    limit: str
    code: str
    text: Text


class ChangeView(msgspec.Struct, frozen=True):
    """A field's value before and after."""

    before: str | None
    after: str | None


class AccountStepView(msgspec.Struct, frozen=True):
    """What becomes of an account."""

    line: int
    login: str
    action: ActionName
    changes: dict[str, ChangeView]


class TeamStepView(msgspec.Struct, frozen=True):
    """What becomes of a place in a team: made, or there already."""

    line: int
    login: str
    team: str
    action: ActionName


class QualificationStepView(msgspec.Struct, frozen=True):
    """What becomes of a qualification."""

    line: int
    login: str
    type: str
    action: ActionName
    changes: dict[str, ChangeView]


class InitialPassword(msgspec.Struct, frozen=True):
    """A new account's password, shown this once."""

    login: str
    password: str


class ImportView(msgspec.Struct, frozen=True):
    """``applied`` false: a dry run, nothing was changed. ``passwords`` is empty when an answer is repeated."""

    applied: bool
    encoding: str
    rows: int
    accounts: list[AccountStepView]
    teams: list[TeamStepView]
    qualifications: list[QualificationStepView]
    problems: list[RowProblemView]
    passwords: list[InitialPassword]
