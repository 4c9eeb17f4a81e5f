"""Whether a hash chain is whole: no line changed, removed, reordered or put in. Pure.

What is found and what is not:

* A changed, removed, reordered or inserted line breaks the hash of the first line that does not follow from the one
  before it; that position is named.
* A removed tail is missed because the chain's head says how long it was, and, up to the last anchor, because the
  tenant's audit chain says so too (``anchors``).
* Whoever owns the database can write the whole chain, its head and the audit chain anew. Only what was kept outside
  shows it: the signed export of ``muster verify --export``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Literal, Protocol, TypeAlias

import msgspec

from core.audit import AuditRow, chain_hash
from incidents.incident import TimelineEntry

Damage: TypeAlias = Literal["changed", "missing", "extra"]


class Break(msgspec.Struct, frozen=True):
    """The first thing wrong: ``changed`` does not follow from the line before, ``missing`` is not there, ``extra``
    stands after the end the head names."""

    position: int
    damage: Damage


class Walk(msgspec.Struct, frozen=True):
    """How far a chain was followed, and where it broke."""

    position: int = 0
    hash: str = ""
    broken: Break | None = None


class Link(Protocol):
    """What a line of any chain has."""

    @property
    def position(self) -> int: ...
    @property
    def hash(self) -> str: ...


def timeline_digest(previous: str, position: int, entry: TimelineEntry) -> str:
    """The hash a line of an incident's timeline must have at this position."""
    return chain_hash(
        previous, position, entry.at, entry.actor_id, entry.kind, "incident", str(entry.incident_id), entry.facts
    )


def audit_digest(previous: str, position: int, row: AuditRow) -> str:
    """The hash a row of a tenant's audit chain must have at this position."""
    return chain_hash(previous, position, row.at, row.actor_id, row.action, row.subject_kind, row.subject_id, row.facts)


def follow(
    walk: Walk,
    lines: Iterable[TimelineEntry] | Iterable[AuditRow],
    digest: Callable[..., str],
) -> Walk:
    """The walk after these lines, which stand in order after it; it stops where the chain breaks."""
    position, previous = walk.position, walk.hash
    for line in lines:
        expected = position + 1
        if line.position != expected:
            damage: Damage = "missing" if line.position > expected else "extra"
            return Walk(position, previous, Break(expected, damage))
        if line.hash != digest(previous, expected, line):
            return Walk(position, previous, Break(expected, "changed"))
        position, previous = expected, line.hash
    return Walk(position, previous)


def judge_end(walk: Walk, before: Link | None, after: Link | None) -> Break | None:
    """What the head says of a chain followed to its end, or of where it broke.

    ``before`` and ``after`` are the head as read before and after the walk: lines may be added meanwhile, never taken
    away. None: there is no head.
    """
    if walk.broken is not None:
        return walk.broken
    if after is None:
        return Break(1, "extra") if walk.position else None
    if walk.position > after.position:
        return Break(after.position + 1, "extra")
    if before is not None and walk.position < before.position:
        return Break(walk.position + 1, "missing")
    if walk.position == after.position and walk.hash != after.hash:
        return Break(walk.position, "changed")
    return None


def judge_anchors(anchors: Mapping[int, str], hashes: Mapping[int, str]) -> Break | None:
    """The first anchor that the chain does not meet; ``hashes`` are the chain's own at the anchors' positions."""
    for position in sorted(anchors):
        if position not in hashes:
            return Break(position, "missing")
        if hashes[position] != anchors[position]:
            return Break(position, "changed")
    return None
