"""What an import would do: the file's wishes against what is there. Pure.

The same file again finds everything as it asks for and changes nothing; what the file leaves out stays.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Literal, TypeAlias
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from core.errors import MusterError
from mobile_contract.text import Text
from people.csv_sheet import RowProblem
from resources.equipment.checks import check_equipment
from resources.equipment.model import Equipment, EquipmentDraft, new_equipment
from resources.equipment.placing import Ground, Spot
from resources.equipment.sheet import FORM, EquipmentAsked, Wishes, wrong

Action: TypeAlias = Literal["create", "change", "keep"]
Change: TypeAlias = tuple[str | None, str | None]

# In place of ids that are given when a plan is carried out.
NOBODY = UUID(int=0)
NEEDED = ("kind", "name_zh", "name_en", "lon", "lat")
_PLACE = ("lon", "lat", "level")
# What an edit moves; the stock moves by itself.
_COMPARED = ("kind", "name", "classes", *_PLACE, "zone_id", "expires_at", "next_inspection_on", "note", "in_stock")
# Fields of errors that a column is called otherwise than.
_COLUMNS = {"expires_at": "expires_on"}


class Known(msgspec.Struct, frozen=True):
    """What is there: the site with its ground, zones and things (retired too) by slug; ``room`` for so many more."""

    tenant_id: UUID
    site_id: UUID
    tz: str
    now: datetime
    ground: Ground
    zones: dict[str, UUID]
    things: dict[str, Equipment]
    room: int


class Step(msgspec.Struct, frozen=True):
    """What becomes of a thing; ``changes``: field to (from, to). A new one has no id yet."""

    line: int
    action: Action
    changes: dict[str, Change]
    before: Equipment | None
    after: Equipment


class ImportPlan(msgspec.Struct, frozen=True):
    """A step for every thing without a problem, and every problem by line."""

    steps: list[Step]
    problems: list[RowProblem]


def make_plan(wishes: Wishes, known: Known) -> ImportPlan:
    """Steps for everything in the file, or what stands against them."""
    problems = list(wishes.problems)
    steps: list[Step] = []
    created = 0
    for asked in wishes.asked.values():
        made = _step(asked, known)
        if isinstance(made, list):
            problems += made
            continue
        created += made.action == "create"
        if made.action == "create" and created > known.room:
            en, zh = f"the site has room for {known.room} more things", f"站点还可增加 {known.room} 件器材"
            problems.append(wrong(asked.line, "slug", asked.slug, str(known.room), "site_full", en, zh))
            continue
        steps.append(made)
    return ImportPlan(steps, sorted(problems, key=lambda it: it.line))


def _step(asked: EquipmentAsked, known: Known) -> Step | list[RowProblem]:
    before = known.things.get(asked.slug)
    found = _against(asked, before, known)
    if found:
        return found
    zone_id = None if asked.zone is None else known.zones[asked.zone]
    try:
        after = _new(asked, known) if before is None else _changed(asked, before, known)
        check_equipment(after)
        moved = before is None or any(getattr(before, name) != getattr(after, name) for name in _PLACE)
        if moved or zone_id is not None:
            place = known.ground.place(Spot(after.lon, after.lat, after.level, zone_id))
            after = msgspec.structs.replace(after, zone_id=place)
    except MusterError as refused:
        return [_refusal(asked.line, refused)]
    if before is None:
        return Step(asked.line, "create", _changes(None, after), None, after)
    changes = _changes(before, after)
    if changes.keys() - {"in_stock"}:
        after = msgspec.structs.replace(after, version=before.version + 1)
    return Step(asked.line, "change" if changes else "keep", changes, before, after)


def _against(asked: EquipmentAsked, before: Equipment | None, known: Known) -> list[RowProblem]:
    if before is not None and before.retired_at is not None:
        en, zh = f"{asked.slug} is retired", f"{asked.slug} 已停用"
        return [wrong(asked.line, "slug", asked.slug, "", "retired", en, zh)]
    found = []
    if before is None:
        found += [
            wrong(asked.line, name, "", name, "missing", f"a new thing needs {name}", f"新器材需要 {name}")
            for name in NEEDED
            if getattr(asked, name) is None
        ]
    if asked.zone is not None and asked.zone not in known.zones:
        limit = ", ".join(sorted(known.zones)[:20])
        en, zh = f"the site has no zone {asked.zone}", f"站点没有区域 {asked.zone}"
        found.append(wrong(asked.line, "zone", asked.zone, limit, "unknown_zone", en, zh))
    return found


def _new(asked: EquipmentAsked, known: Known) -> Equipment:
    # Everything NEEDED is there.
    draft = msgspec.convert(
        {
            "site_id": known.site_id,
            "slug": asked.slug,
            "kind": asked.kind,
            "name": {"zh": asked.name_zh, "en": asked.name_en},
            "lon": asked.lon,
            "lat": asked.lat,
            **_said(asked, known),
        },
        EquipmentDraft,
    )
    return new_equipment(draft, known.tenant_id, NOBODY, known.now)


def _changed(asked: EquipmentAsked, before: Equipment, known: Known) -> Equipment:
    name = Text(asked.name_zh or before.name.zh, asked.name_en or before.name.en)
    own = {key: getattr(asked, key) for key in ("kind", "lon", "lat") if getattr(asked, key) is not None}
    return msgspec.structs.replace(before, name=name, **own, **_said(asked, known))


def _said(asked: EquipmentAsked, known: Known) -> dict[str, Any]:
    """What the line says of the fields that a new thing may do without."""
    said: dict[str, Any] = {
        name: getattr(asked, name)
        for name in ("classes", "level", "in_stock", "note")
        if getattr(asked, name) is not None
    }
    if asked.expires_on is not None:
        said["expires_at"] = None if asked.expires_on == "none" else end_of_day(asked.expires_on, known.tz)
    if asked.next_inspection_on is not None:
        said["next_inspection_on"] = None if asked.next_inspection_on == "none" else asked.next_inspection_on
    return said


def end_of_day(day: date, tz: str) -> datetime:
    """When a day is over at the site: a thing with the date counts all that day."""
    return datetime.combine(day + timedelta(days=1), time(), ZoneInfo(tz)).astimezone(UTC)


def _changes(before: Equipment | None, after: Equipment) -> dict[str, Change]:
    pairs = {name: (getattr(before, name, None), getattr(after, name)) for name in _COMPARED}
    return {name: (_shown(old), _shown(new)) for name, (old, new) in pairs.items() if old != new}


def _shown(value: object) -> str | None:
    if value is None:
        return None
    if isinstance(value, Text):
        return f"{value.zh} / {value.en}"
    return "".join(value) if isinstance(value, list) else str(value)


def _refusal(line: int, refused: MusterError) -> RowProblem:
    field = _COLUMNS.get(refused.field or "", refused.field)
    column = field if field in FORM.columns else "slug"
    value, limit = _cell(refused.value), _cell(refused.limit)
    return RowProblem(line, column, value, limit, refused.code, Text(refused.zh, refused.en))


def _cell(value: object) -> str:
    return ", ".join(str(it) for it in value) if isinstance(value, list) else str(value)
