"""What equipment must be, apart from where it stands. Pure; raises Invalid naming field, value and limit."""

from __future__ import annotations

from datetime import date, datetime

from core.errors import Conflict, Invalid
from resources.equipment.model import FIRE_CLASSES, Equipment

# A cabinet of masks for a whole shift; more is a store, which is no place to run to.
STOCK_MAX = 1000
NOTE_MAX = 500
REASON_MAX = 500
# What is older is a slip, and no maker promises a century.
EARLIEST, LATEST = date(2000, 1, 1), date(2199, 12, 31)


def check_equipment(it: Equipment) -> None:
    """Raise Invalid unless classes, stock, dates and note are in bounds."""
    _check_classes(it)
    check_stock("in_stock", it.in_stock, 0)
    if it.expires_at is not None:
        _check_day("expires_at", it.expires_at.date(), it.expires_at)
    if it.next_inspection_on is not None:
        _check_day("next_inspection_on", it.next_inspection_on, it.next_inspection_on)
    _check_text("note", it.note, 0, NOTE_MAX)


def check_reason(reason: str) -> None:
    """Raise Invalid unless a reason says something."""
    _check_text("reason", reason, 1, REASON_MAX)


def check_stock(field: str, pieces: int, least: int) -> None:
    """Raise Invalid unless so many pieces may be there, or be moved."""
    if not least <= pieces <= STOCK_MAX:
        raise Invalid(
            "equipment.stock",
            f"{field} is {least} to {STOCK_MAX} pieces",
            f"数量须为 {least} 至 {STOCK_MAX} 件",
            field=field,
            value=pieces,
            limit=[least, STOCK_MAX],
        )


def stock_after(it: Equipment, pieces: int) -> int:
    """The stock when so many pieces were put back (below zero: taken); raises Conflict where that can not be."""
    after = it.in_stock + pieces
    if after < 0:
        raise Conflict(
            "equipment.too_few",
            f"{-pieces} pieces can not be taken, {it.in_stock} are there",
            f"无法取走 {-pieces} 件，现有 {it.in_stock} 件",
            field="pieces",
            value=-pieces,
            limit=it.in_stock,
        )
    if after > STOCK_MAX:
        raise Conflict(
            "equipment.too_many",
            f"with {pieces} pieces more there were {after}, and {STOCK_MAX} are the most",
            f"增加 {pieces} 件后为 {after} 件，最多 {STOCK_MAX} 件",
            field="pieces",
            value=pieces,
            limit=STOCK_MAX - it.in_stock,
        )
    return after


def _check_classes(it: Equipment) -> None:
    if it.classes is None:
        return
    if it.kind != "extinguisher":
        raise Invalid(
            "equipment.classes_of_kind",
            f"classes of fire are an extinguisher's, not those of a {it.kind}",
            f"火灾类别只适用于灭火器，不适用于 {it.kind}",
            field="classes",
            value=it.classes,
            limit="extinguisher",
        )
    if not it.classes or len(set(it.classes)) != len(it.classes) or set(it.classes) - set(FIRE_CLASSES):
        raise Invalid(
            "equipment.classes",
            "an extinguisher is for one or more of A, B, C, D, E and F, each named once",
            "灭火器适用 A、B、C、D、E、F 中的一类或多类，不得重复",
            field="classes",
            value=it.classes,
            limit=list(FIRE_CLASSES),
        )


def _check_day(field: str, day: date, value: date | datetime) -> None:
    if not EARLIEST <= day <= LATEST:
        raise Invalid(
            "equipment.day",
            f"{field} is between {EARLIEST} and {LATEST}",
            f"日期须在 {EARLIEST} 至 {LATEST} 之间",
            field=field,
            value=value.isoformat(),
            limit=[EARLIEST.isoformat(), LATEST.isoformat()],
        )


def _check_text(field: str, text: str, least: int, most: int) -> None:
    if not least <= len(text.strip()) or len(text) > most or "\0" in text:
        raise Invalid(
            "equipment.text",
            f"{field} has {least} to {most} characters",
            f"{field} 须为 {least} 至 {most} 个字符",
            field=field,
            value=text[:100],
            limit=most,
        )
