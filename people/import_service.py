"""Use cases of importing and exporting people as CSV.

A new account gets a random password, which the answer shows once and nothing keeps: who can not sign in can not be
reached, and setting hundreds of passwords by hand would leave people out. It is hashed before the transaction begins.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Sequence
from datetime import date
from typing import get_args
from uuid import UUID

import msgspec

from core import audit
from core.database import Database, Tx
from core.errors import Conflict, Invalid
from core.ids import new_id
from people import import_queries, queries, service
from people.actor import Actor
from people.csv_import import ROLES, TEAMS_APART, WITHOUT_END, Wishes, read_wishes
from people.csv_sheet import read_sheet, write_sheet
from people.import_plan import AccountStep, Action, ImportPlan, Known, make_plan
from people.passwords import THREADS, Passwords
from people.permissions import Permission
from people.qualifications import queries as record_queries
from people.qualifications.records import facts_of
from people.rotas import team_queries

# Some 60 bytes a row: a few megabytes at most.
EXPORT_ROWS_MAX = 50_000
# Without letters and digits that look alike on paper: 16 of 31 are 79 bits.
_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"


class Upload(msgspec.Struct, frozen=True):
    """A file that was read: its encoding, its lines of people, what it asks for."""

    encoding: str
    rows: int
    wishes: Wishes


class Secret(msgspec.Struct, frozen=True):
    """An initial password and its hash."""

    plain: str
    hashed: str


async def read_upload(actor: Actor, content: bytes) -> Upload:
    """Read the file, off the loop: a megabyte takes longer than an alarm may wait."""
    actor.require(Permission.MANAGE_PEOPLE)
    return await asyncio.to_thread(_read, content)


def _read(content: bytes) -> Upload:
    sheet = read_sheet(content)
    return Upload(sheet.encoding, len(sheet.lines), read_wishes(sheet))


async def plan_import(tx: Tx, actor: Actor, upload: Upload) -> ImportPlan:
    """What the import would do, and everything that stands against it."""
    actor.require(Permission.MANAGE_PEOPLE)
    wishes = upload.wishes
    # First and always: two imports, or an import and an edit of an account, wait here and not for one another later.
    admins = await queries.lock_admins(tx, actor.tenant_id)
    accounts = await import_queries.find_accounts(tx, actor.tenant_id, list(wishes.people))
    types = await import_queries.find_types(tx, actor.tenant_id, list({it.type for it in wishes.records}))
    records = await import_queries.lock_records(tx, actor.tenant_id, [it.id for it in accounts.values()])
    teams = await import_queries.lock_teams(tx, actor.tenant_id, list({it.team for it in wishes.teams}))
    members = await import_queries.find_members(
        tx, actor.tenant_id, [it.id for it in teams.values()], [it.id for it in accounts.values()], tx.now
    )
    known = Known(
        actor.tenant_id,
        tx.now,
        accounts,
        types,
        records,
        frozenset(admins),
        actor.may(Permission.MANAGE_ACCOUNTS),
        teams,
        members,
    )
    return await asyncio.to_thread(make_plan, wishes, known)


async def make_secrets(db: Database, passwords: Passwords, actor: Actor, upload: Upload) -> dict[str, Secret]:
    """A password for each account that would be made, hashed on the hasher's own threads, as many as it has at a time.

    More would fill its queue, and people who sign in meanwhile would be turned away.
    """
    async with db.transaction(actor.tenant_id) as tx:
        logins = (await plan_import(tx, actor, upload)).new_logins
    made: dict[str, Secret] = {}
    for start in range(0, len(logins), THREADS):
        some = logins[start : start + THREADS]
        plains = [_password() for _ in some]
        hashes = await asyncio.gather(*[passwords.hash(plain) for plain in plains])
        made |= {login: Secret(*pair) for login, *pair in zip(some, plains, hashes, strict=True)}
    return made


def _password() -> str:
    return "-".join("".join(secrets.choice(_ALPHABET) for _ in range(4)) for _ in range(4))


async def import_people(tx: Tx, actor: Actor, upload: Upload, made: dict[str, Secret], *, partial: bool) -> ImportPlan:
    """Do what the plan says, in this one transaction. Raises Invalid when a line is bad and not ``partial``.

    ``partial`` leaves out everybody who has a bad line, whole.
    """
    plan = await plan_import(tx, actor, upload)
    if plan.problems and not partial:
        raise _refused(plan)
    ids = {}
    for step in plan.accounts:
        ids[step.login] = await _carry_out(tx, actor, step, made)
    await _write_teams(tx, actor, plan, ids)
    await _write_records(tx, actor, plan, ids)
    actions: list[Action] = [step.action for step in plan.accounts]
    actions += [step.action for step in plan.teams]
    actions += [step.action for step in plan.records]
    if set(actions) - {"keep"}:
        facts = {
            "accounts": _count([step.action for step in plan.accounts]),
            "teams": _count([step.action for step in plan.teams]),
            "qualifications": _count([step.action for step in plan.records]),
            "problems": len(plan.problems),
        }
        await audit.record(tx, actor.account_id, "people.imported", "tenant", actor.tenant_id, facts)
    return plan


def _count(actions: Sequence[Action]) -> dict[str, int]:
    return {action: actions.count(action) for action in get_args(Action)}


def _refused(plan: ImportPlan) -> Invalid:
    first = plan.problems[0]
    lines = len({it.line for it in plan.problems})
    return Invalid(
        "people_import.bad_rows",
        f"{lines} lines are bad and nothing was imported; line {first.line}: {first.text.en}. Ask for a dry run.",
        f"{lines} 行有误，未导入任何内容；第 {first.line} 行：{first.text.zh}。请先试运行。",
        field=f"line {first.line}" + (f", {first.column}" if first.column else ""),
        value=first.value,
        limit=first.limit,
    )


async def _carry_out(tx: Tx, actor: Actor, step: AccountStep, made: dict[str, Secret]) -> UUID:
    asked = step.asked
    if step.account is None:
        secret = made.get(step.login)
        if secret is None:
            raise Conflict(
                "people_import.changed_meanwhile",
                f"{step.login} went away while the file was read; import it again",
                f"读取文件时 {step.login} 已变化，请重新导入",
                field="login",
                value=step.login,
            )
        assert asked.display_name is not None
        assert asked.role is not None
        draft = service.AccountDraft(
            asked.login, asked.display_name, asked.locale or "zh-CN", asked.role, secret.hashed, asked.phone
        )
        return (await service.create_account(tx, actor, draft)).id
    if step.action == "change":
        change = service.AccountChange(**{name: getattr(asked, name) for name in step.changes})
        version = step.account.version
        await service.edit_account(tx, actor, step.account.id, change, expected_version=version)
    return step.account.id


async def _write_teams(tx: Tx, actor: Actor, plan: ImportPlan, ids: dict[str, UUID]) -> None:
    new = [(step.team.id, ids[step.login]) for step in plan.teams if step.action == "create"]
    for team_id, account_id in new:
        facts = {"account": account_id, "starts_at": tx.now, "ends_at": None}
        await audit.record(tx, actor.account_id, "team.member_set", "team", team_id, facts)
    await team_queries.set_members(tx, actor.tenant_id, new, tx.now)


async def _write_records(tx: Tx, actor: Actor, plan: ImportPlan, ids: dict[str, UUID]) -> None:
    new = []
    for step in plan.records:
        if step.action == "create":
            record = msgspec.structs.replace(step.record, id=new_id(), account_id=ids[step.login])
            new.append(record)
            facts = facts_of(record, step.type)
            await audit.record(tx, actor.account_id, "qualification.entered", "qualification", record.id, facts)
        elif step.action == "change":
            await record_queries.save(tx, actor.tenant_id, step.record)
            facts = {name: {"from": old, "to": to} for name, (old, to) in step.changes.items()}
            await audit.record(tx, actor.account_id, "qualification.edited", "qualification", step.record.id, facts)
    await record_queries.insert_many(tx, actor.tenant_id, new)


async def export_people(tx: Tx, actor: Actor) -> bytes:
    """Everybody who may sign in with their teams and qualifications, as a file that can be imported again."""
    actor.require(Permission.READ_ACCOUNTS)
    actor.require(Permission.READ_QUALIFICATIONS)
    rows = await import_queries.list_export(tx, actor.tenant_id, list(ROLES), EXPORT_ROWS_MAX + 1)
    if len(rows) > EXPORT_ROWS_MAX:
        raise Conflict(
            "people_export.too_many",
            f"there are more than {EXPORT_ROWS_MAX} rows",
            f"超过 {EXPORT_ROWS_MAX} 行",
            limit=EXPORT_ROWS_MAX,
        )
    return await asyncio.to_thread(write_sheet, [_cells(row) for row in rows])


def _cells(row: import_queries.ExportRow) -> list[str]:
    def day(it: date | None) -> str:
        return "" if it is None else it.isoformat()

    end = WITHOUT_END if row.qualification and row.valid_until is None else day(row.valid_until)
    return [
        row.login,
        row.display_name,
        row.role,
        row.phone or "",
        row.locale,
        TEAMS_APART[0].join(row.teams),
        row.qualification or "",
        row.issuer or "",
        row.number or "",
        day(row.valid_from),
        end,
    ]
