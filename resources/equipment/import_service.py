"""Use cases of importing safety equipment as CSV: what a file would do, and doing it, whole or not at all."""

from __future__ import annotations

import asyncio
from typing import Any, get_args
from uuid import UUID

import asyncpg
import msgspec

from core import audit, outbox
from core.database import Tx
from core.errors import Conflict, Invalid
from core.ids import new_id
from people.actor import Actor
from people.csv_sheet import read_sheet
from people.permissions import Permission
from plant import queries as plant_queries
from resources.equipment import queries
from resources.equipment.import_plan import Action, ImportPlan, Known, Step, make_plan
from resources.equipment.model import Movement
from resources.equipment.placing import Ground
from resources.equipment.queries import SITE_MAX
from resources.equipment.service import CHANGED
from resources.equipment.sheet import FORM, Wishes, read_wishes

# What a stock is said to have moved for.
REASON = "CSV import"


class Upload(msgspec.Struct, frozen=True):
    """A file that was read: its encoding, its lines of equipment, what it asks for."""

    encoding: str
    rows: int
    wishes: Wishes


async def read_upload(actor: Actor, content: bytes) -> Upload:
    """Read the file, off the loop: a megabyte takes longer than an alarm may wait."""
    actor.require(Permission.MANAGE_PLANT)
    return await asyncio.to_thread(_read, content)


def _read(content: bytes) -> Upload:
    sheet = read_sheet(content, FORM)
    return Upload(sheet.encoding, len(sheet.lines), read_wishes(sheet))


async def plan_import(tx: Tx, actor: Actor, site_id: UUID, upload: Upload) -> ImportPlan:
    """What the import would do, and everything that stands against it. Raises NotFound for the site."""
    actor.require(Permission.MANAGE_PLANT)
    site = await plant_queries.get_site(tx, actor.tenant_id, site_id)
    things = await queries.lock_slugs(tx, actor.tenant_id, site_id, list(upload.wishes.asked))
    zones = await queries.list_ground(tx, actor.tenant_id, site_id)
    levels = await queries.list_plan_levels(tx, actor.tenant_id, site_id)
    room = max(0, SITE_MAX - await queries.count_in_use(tx, actor.tenant_id, site_id))

    def plan() -> ImportPlan:
        ground, slugs = Ground(zones, levels), {it.slug: it.id for it in zones}
        known = Known(actor.tenant_id, site_id, site.tz, tx.now, ground, slugs, things, room)
        return make_plan(upload.wishes, known)

    return await asyncio.to_thread(plan)


async def import_equipment(tx: Tx, actor: Actor, site_id: UUID, upload: Upload) -> ImportPlan:
    """Do what the plan says, in this one transaction. Raises Invalid when a line is bad, NotFound for the site."""
    plan = await plan_import(tx, actor, site_id, upload)
    if plan.problems:
        raise _refused(plan)
    steps = [_with_id(step) for step in plan.steps]
    try:
        await queries.insert_many(tx, actor.tenant_id, [it.after for it in steps if it.action == "create"])
    except asyncpg.UniqueViolationError as problem:
        raise Conflict(
            "equipment_import.changed_meanwhile",
            "one of these slugs was created while the file was read; import it again",
            "读取文件时已有同编号器材被新建，请重新导入",
            field="slug",
        ) from problem
    changed = [it for it in steps if it.action == "change"]
    await queries.update_many(tx, actor.tenant_id, [it.after for it in changed if it.changes.keys() - {"in_stock"}])
    await queries.save_movements(
        tx, actor.tenant_id, [_moved(tx, actor, it) for it in changed if "in_stock" in it.changes]
    )
    for step in steps:
        if step.action != "keep":
            await _note(tx, actor, step)
    actions = [step.action for step in steps]
    if set(actions) - {"keep"}:
        facts: dict[str, Any] = {action: actions.count(action) for action in get_args(Action)}
        await audit.record(tx, actor.account_id, "equipment.imported", "site", site_id, facts)
        await outbox.append(tx, CHANGED, site_id, {"action": "equipment.imported"})
    return plan


def _with_id(step: Step) -> Step:
    if step.action != "create":
        return step
    return msgspec.structs.replace(step, after=msgspec.structs.replace(step.after, id=new_id()))


def _moved(tx: Tx, actor: Actor, step: Step) -> Movement:
    assert step.before is not None
    own = new_id()
    return Movement(
        tenant_id=step.after.tenant_id,
        id=own,
        equipment_id=step.after.id,
        key=f"import:{own}",
        pieces=step.after.in_stock - step.before.in_stock,
        reason=REASON,
        in_stock=step.after.in_stock,
        moved_by=actor.account_id,
        moved_at=tx.now,
    )


async def _note(tx: Tx, actor: Actor, step: Step) -> None:
    action = "equipment.created" if step.action == "create" else "equipment.edited"
    changes = {name: {"from": old, "to": new} for name, (old, new) in step.changes.items()}
    facts = {"site": step.after.site_id, "slug": step.after.slug, "line": step.line, "changes": changes}
    await audit.record(tx, actor.account_id, action, "equipment", step.after.id, facts)


def _refused(plan: ImportPlan) -> Invalid:
    first = plan.problems[0]
    lines = len({it.line for it in plan.problems})
    return Invalid(
        "equipment_import.bad_rows",
        f"{lines} lines are bad and nothing was imported; line {first.line}: {first.text.en}. Ask for a dry run.",
        f"{lines} 行有误，未导入任何内容；第 {first.line} 行：{first.text.zh}。请先试运行。",
        field=f"line {first.line}" + (f", {first.column}" if first.column else ""),
        value=first.value,
        limit=first.limit,
    )
