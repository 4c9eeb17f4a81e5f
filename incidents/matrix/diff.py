"""What changed between two versions of a matrix, as data and as sentences. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from incidents.matrix.model import Cause, Cell, Effect, MatrixBody
from mobile_contract.text import Text

_VERBS = {"added": Text("新增", "added"), "removed": Text("删除", "removed"), "changed": Text("修改", "changed")}
_HOW = {"follow": Text("跟随", "follows"), "latch": Text("锁存", "latches"), "inhibit": Text("抑制", "inhibits")}


class Change(msgspec.Struct, frozen=True):
    """One difference; ``before`` and ``after`` are the row, column or cell as it was and is."""

    kind: Literal["added", "removed", "changed"]
    what: Literal["cause", "effect", "cell"]
    row: str | None
    column: str | None
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    text: Text


def diff(before: MatrixBody, after: MatrixBody) -> list[Change]:
    """Rows, then columns, then cells, each in the order of the newer version; what is gone comes last."""
    causes = _compare("cause", {(c.slug, None): c for c in before.causes}, {(c.slug, None): c for c in after.causes})
    effects = _compare(
        "effect", {(None, e.slug): e for e in before.effects}, {(None, e.slug): e for e in after.effects}
    )
    cells = _compare(
        "cell", {(c.cause, c.effect): c for c in before.cells}, {(c.cause, c.effect): c for c in after.cells}
    )
    return [*causes, *effects, *cells]


def _compare(
    what: Literal["cause", "effect", "cell"],
    before: Mapping[tuple[str | None, str | None], Cause | Effect | Cell],
    after: Mapping[tuple[str | None, str | None], Cause | Effect | Cell],
) -> list[Change]:
    made = []
    for place, new in after.items():
        old = before.get(place)
        if old is None:
            made.append(_change("added", what, place, None, new))
        elif old != new:
            made.append(_change("changed", what, place, old, new))
    made += [_change("removed", what, place, old, None) for place, old in before.items() if place not in after]
    return made


def _change(
    kind: Literal["added", "removed", "changed"],
    what: Literal["cause", "effect", "cell"],
    place: tuple[str | None, str | None],
    old: Cause | Effect | Cell | None,
    new: Cause | Effect | Cell | None,
) -> Change:
    shown = new if new is not None else old
    assert shown is not None
    verb = _VERBS[kind]
    if isinstance(shown, Cell):
        text = Text(
            f"{verb.zh}单元格 {shown.cause} × {shown.effect}：{_cell_words(old).zh}→{_cell_words(new).zh}",
            f"cell {shown.cause} x {shown.effect} {verb.en}: {_cell_words(old).en} -> {_cell_words(new).en}",
        )
    else:
        noun = Text("原因", "cause") if isinstance(shown, Cause) else Text("结果", "effect")
        text = Text(
            f"{verb.zh}{noun.zh} {shown.slug}（{shown.name.zh}）", f"{noun.en} {shown.slug} ({shown.name.en}) {verb.en}"
        )
    plain = [None if it is None else msgspec.to_builtins(it) for it in (old, new)]
    return Change(kind, what, place[0], place[1], plain[0], plain[1], text)


def _cell_words(cell: Cause | Effect | Cell | None) -> Text:
    if not isinstance(cell, Cell):
        return Text("无", "none")
    how = _HOW[cell.how]
    zh, en = how.zh, how.en
    if cell.delay_s:
        zh, en = f"{zh}，延时 {cell.delay_s:g} 秒", f"{en} after {cell.delay_s:g} s"
    if cell.condition is not None:
        zh, en = f"{zh}，有条件", f"{en}, on a condition"
    return Text(zh, en)
