"""What differs between two plans, path by path, in words of both languages. Pure.

Things with a name (tasks, roles, sources, calls) are compared by it, so that moving one is not removing and adding it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal, TypeAlias

import msgspec

from mobile_contract.plans import PlanBody, PlanTemplate
from mobile_contract.text import Text

Kind: TypeAlias = Literal["added", "removed", "changed", "moved"]

_NAMED_BY = ("slug", "key")
# What a version is, not what it says.
_NOT_SAID = ("slug", "version")
_SHOWN_MAX_CHARS = 200
_WORDS: dict[Kind, tuple[str, str]] = {
    "added": ("新增", "added"),
    "removed": ("删除", "removed"),
    "changed": ("修改", "changed"),
    "moved": ("移动", "moved"),
}


class Change(msgspec.Struct, frozen=True):
    """One difference: ``path`` like ``tasks[rescue].steps[0].text.zh``; ``before`` and ``after`` as JSON values."""

    path: str
    kind: Kind
    before: Any
    after: Any
    said: Text


def diff(old: PlanBody, new: PlanBody) -> list[Change]:
    """Everything that differs from ``old`` to ``new``, in the order of the plan."""
    return list(_compare("", _said(old), _said(new)))


def _said(plan: PlanBody) -> dict[str, Any]:
    plain: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(plan))
    if isinstance(plan, PlanTemplate):
        plain = {key: value for key, value in plain.items() if key not in _NOT_SAID}
    return plain


def _compare(path: str, old: Any, new: Any) -> Iterator[Change]:
    if old == new:
        return
    if isinstance(old, dict) and isinstance(new, dict):
        for key in [*old, *(k for k in new if k not in old)]:
            place = f"{path}.{key}" if path else key
            if key not in new:
                yield _change(place, "removed", old[key], None)
            elif key not in old:
                yield _change(place, "added", None, new[key])
            else:
                yield from _compare(place, old[key], new[key])
    elif isinstance(old, list) and isinstance(new, list):
        yield from _compare_lists(path, old, new)
    elif old is None or new is None:
        yield _change(path, "added" if old is None else "removed", old, new)
    else:
        yield _change(path, "changed", old, new)


def _compare_lists(path: str, old: list[Any], new: list[Any]) -> Iterator[Change]:
    before, after = _by_name(old), _by_name(new)
    for name in [*before, *(n for n in after if n not in before)]:
        place = f"{path}[{name}]"
        if name not in after:
            yield _change(place, "removed", before[name], None)
        elif name not in before:
            yield _change(place, "added", None, after[name])
        else:
            yield from _compare(place, before[name], after[name])
    kept_before, kept_after = [n for n in before if n in after], [n for n in after if n in before]
    if kept_before != kept_after:
        yield _change(path, "moved", kept_before, kept_after)


def _by_name(items: list[Any]) -> dict[str, Any]:
    for key in _NAMED_BY:
        names = [str(item[key]) for item in items if isinstance(item, dict) and key in item]
        if items and len(set(names)) == len(items):
            return dict(zip(names, items, strict=True))
    return {str(n): item for n, item in enumerate(items)}


def _change(path: str, kind: Kind, before: Any, after: Any) -> Change:
    zh, en = _WORDS[kind]
    shown = {
        "added": f": {_show(after)}",
        "removed": f": {_show(before)}",
        "changed": f": {_show(before)} → {_show(after)}",
        "moved": f": {_show(before)} → {_show(after)}",
    }[kind]
    return Change(path, kind, before, after, Text(f"{zh} {path}{shown}", f"{en} {path}{shown}"))


def _show(value: Any) -> str:
    plain = value if isinstance(value, str) else msgspec.json.encode(value).decode()
    return plain if len(plain) <= _SHOWN_MAX_CHARS else plain[: _SHOWN_MAX_CHARS - 1] + "…"
