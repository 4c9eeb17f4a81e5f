"""What the lines of a sheet of equipment ask for, each cell checked by itself. Pure.

A line is a thing, found again by its slug. An empty cell asks for nothing: what is there stays.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from typing import Literal, TypeAlias, cast

import msgspec

from mobile_contract.text import Text
from people.csv_sheet import Line, RowProblem, Sheet, SheetForm, problem, read_day
from resources.equipment.checks import EARLIEST, LATEST, NOTE_MAX, STOCK_MAX
from resources.equipment.model import FIRE_CLASSES, KINDS, EquipmentKind, FireClass

FORM = SheetForm(
    {
        "slug": "编号",
        "kind": "类别",
        "name_zh": "名称",
        "name_en": "英文名称",
        "classes": "火灾类别",
        "lon": "经度",
        "lat": "纬度",
        "level": "楼层",
        "zone": "区域",
        "in_stock": "数量",
        "expires_on": "有效期至",
        "next_inspection_on": "下次检查日期",
        "note": "备注",
    },
    "slug",
    "equipment_import",
    Text("器材", "equipment"),
)
# What a plant's own list calls them.
KIND_NAMES: dict[str, EquipmentKind] = {
    "灭火器": "extinguisher",
    "消火栓": "hydrant",
    "急救箱": "first_aid",
    "除颤仪": "aed",
    "洗眼器": "eye_wash",
    "喷淋": "shower",
    "泄漏应急包": "spill_kit",
    "空气呼吸器": "breathing_apparatus",
    "气体检测仪": "gas_detector",
    "担架": "stretcher",
    "灭火毯": "fire_blanket",
    "手动报警按钮": "alarm_button",
    "其他": "other",
}
WITHOUT_END = "none"
_WITHOUT_END = {WITHOUT_END, "无", "长期"}
_SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_DEGREES = re.compile(r"-?[0-9]{1,3}(\.[0-9]{1,15})?", re.ASCII)
_WHOLE = re.compile(r"-?[0-9]{1,4}", re.ASCII)
# Between classes, or nothing: ABC.
_APART = re.compile(r"[\s,，、;；/]")
_NAME_MAX = 200

End: TypeAlias = date | Literal["none"] | None


class EquipmentAsked(msgspec.Struct, frozen=True, kw_only=True):
    """A thing as the file wants it; None: as it is. ``expires_on`` is the last day it counts, at the site; "none":
    without end. ``zone`` is a slug."""

    line: int
    slug: str
    kind: EquipmentKind | None = None
    name_zh: str | None = None
    name_en: str | None = None
    classes: list[FireClass] | None = None
    lon: float | None = None
    lat: float | None = None
    level: int | None = None
    zone: str | None = None
    in_stock: int | None = None
    expires_on: End = None
    next_inspection_on: End = None
    note: str | None = None


class Wishes(msgspec.Struct, frozen=True):
    """What a sheet asks for, by slug; lines with a problem are not among them."""

    asked: dict[str, EquipmentAsked]
    problems: list[RowProblem]


def read_wishes(sheet: Sheet) -> Wishes:
    """Every line checked, every problem named; a slug that comes again names the line it repeats."""
    asked: dict[str, EquipmentAsked] = {}
    problems = list(sheet.problems)
    for line in sheet.lines:
        found = list(_check(line))
        first = asked.get(line["slug"])
        if first is not None:
            en, zh = f"line {first.line} has this slug already", f"第 {first.line} 行已有此编号"
            found.append(wrong(line.number, "slug", line["slug"], "1", "duplicate", en, zh))
        if found:
            problems += found
        else:
            asked[line["slug"]] = _asked(line)
    return Wishes(asked, problems)


def wrong(line: int, column: str | None, value: str, limit: str, code: str, en: str, zh: str) -> RowProblem:
    """A problem of a sheet of equipment."""
    return problem(line, column, value, limit, code, en, zh, form=FORM)


def _check(line: Line) -> Iterator[RowProblem]:
    yield from _fits(line, "slug", _SLUG, required=True)
    yield from _fits(line, "zone", _SLUG)
    for column in ("lon", "lat"):
        yield from _fits(line, column, _DEGREES)
    for column in ("level", "in_stock"):
        yield from _fits(line, column, _WHOLE)
    for column, most in (("name_zh", _NAME_MAX), ("name_en", _NAME_MAX), ("note", NOTE_MAX)):
        if len(line[column]) > most:
            en, zh = f"{column} has at most {most} characters", f"{column} 最多 {most} 个字符"
            yield wrong(line.number, column, line[column], str(most), "too_long", en, zh)
    yield from _check_choices(line)
    for column in ("expires_on", "next_inspection_on"):
        cell = line[column]
        if cell and cell not in _WITHOUT_END and read_day(cell, EARLIEST, LATEST) is None:
            en = f"{column} is no day like 2027-03-31 between {EARLIEST} and {LATEST}"
            zh = f"{column} 须为 {EARLIEST} 至 {LATEST} 之间的日期，如 2027-03-31"
            yield wrong(line.number, column, cell, f"{EARLIEST}..{LATEST}", "day", en, zh)


def _check_choices(line: Line) -> Iterator[RowProblem]:
    kind = line["kind"]
    if kind and kind not in KINDS and kind not in KIND_NAMES:
        names = ", ".join(KINDS)
        en, zh = f"kind is one of {names}", f"类别应为 {'、'.join(KIND_NAMES)} 之一"
        yield wrong(line.number, "kind", kind, names, "choice", en, zh)
    classes = _letters(line)
    if set(classes) - set(FIRE_CLASSES) or len(set(classes)) != len(classes):
        en, zh = "classes are some of A, B, C, D, E and F, each once", "火灾类别为 A、B、C、D、E、F，不得重复"
        yield wrong(line.number, "classes", line["classes"], ", ".join(FIRE_CLASSES), "classes", en, zh)
    pieces = line["in_stock"]
    if _WHOLE.fullmatch(pieces) and not 0 <= int(pieces) <= STOCK_MAX:
        en, zh = f"in_stock is 0 to {STOCK_MAX}", f"数量须为 0 至 {STOCK_MAX}"
        yield wrong(line.number, "in_stock", pieces, f"0..{STOCK_MAX}", "stock", en, zh)


def _fits(line: Line, column: str, pattern: re.Pattern[str], *, required: bool = False) -> Iterator[RowProblem]:
    cell = line[column]
    if not cell:
        if required:
            yield wrong(line.number, column, "", pattern.pattern, "missing", f"{column} is missing", f"缺少 {column}")
    elif not pattern.fullmatch(cell):
        en, zh = f"{column} does not look like {pattern.pattern}", f"{column} 的格式应为 {pattern.pattern}"
        yield wrong(line.number, column, cell, pattern.pattern, "format", en, zh)


def _asked(line: Line) -> EquipmentAsked:
    kind = line["kind"]
    return EquipmentAsked(
        line=line.number,
        slug=line["slug"],
        kind=KIND_NAMES.get(kind) or cast(EquipmentKind, kind) if kind else None,
        name_zh=line["name_zh"] or None,
        name_en=line["name_en"] or None,
        classes=cast(list[FireClass], _letters(line)) or None,
        lon=_number(line["lon"]),
        lat=_number(line["lat"]),
        level=_whole(line["level"]),
        zone=line["zone"] or None,
        in_stock=_whole(line["in_stock"]),
        expires_on=_end(line["expires_on"]),
        next_inspection_on=_end(line["next_inspection_on"]),
        note=line["note"] or None,
    )


def _letters(line: Line) -> list[str]:
    return list(_APART.sub("", line["classes"]).upper())


def _number(cell: str) -> float | None:
    return float(cell) if cell else None


def _whole(cell: str) -> int | None:
    return int(cell) if cell else None


def _end(cell: str) -> End:
    return "none" if cell in _WITHOUT_END else read_day(cell, EARLIEST, LATEST)
