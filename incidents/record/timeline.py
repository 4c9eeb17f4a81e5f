"""The incident's record: append-only, hash-chained within the incident.

The caller holds the incident's row lock, so the order of positions is the order of commits.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias
from uuid import UUID

from core.audit import as_stored, chain_hash
from core.database import Tx, row_to
from incidents.incident import TimelineEntry

_LAST = """
SELECT position, hash FROM timeline
WHERE tenant_id = $1 AND incident_id = $2
ORDER BY position DESC LIMIT 1
"""

_INSERT = """
INSERT INTO timeline (tenant_id, incident_id, position, at, actor_id, kind, facts, hash)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
"""


_Line: TypeAlias = tuple[UUID, UUID | None, str, dict[str, Any]]


async def append(
    tx: Tx, tenant_id: UUID, incident_id: UUID, kind: str, facts: dict[str, Any], *, by: UUID | None = None
) -> None:
    """Add one line, written at the end of the transaction; ``by`` None means Muster itself."""
    line: _Line = (incident_id, by, kind, as_stored(facts))
    tx.collect("timeline", line, _write)


async def _write(tx: Tx, lines: list[_Line]) -> None:
    assert tx.tenant_id is not None
    heads: dict[UUID, tuple[int, str]] = {}
    rows = []
    for incident_id, by, kind, facts in lines:
        if incident_id not in heads:
            last = await tx.fetchrow(_LAST, tx.tenant_id, incident_id)
            heads[incident_id] = (last["position"], last["hash"]) if last else (0, "")
        position, previous = heads[incident_id]
        position += 1
        digest = chain_hash(previous, position, tx.now, by, kind, "incident", str(incident_id), facts)
        heads[incident_id] = (position, digest)
        rows.append((tx.tenant_id, incident_id, position, tx.now, by, kind, facts, digest))
    await tx.executemany(_INSERT, rows)


_LIST = """
SELECT tenant_id, incident_id, position, at, actor_id, kind, facts, hash
FROM timeline
WHERE tenant_id = $1 AND incident_id = $2 AND position > $3
ORDER BY position LIMIT $4
"""


async def list_entries(
    tx: Tx, tenant_id: UUID, incident_id: UUID, *, after: int = 0, limit: int
) -> list[TimelineEntry]:
    """Oldest first, after ``after``."""
    return [row_to(TimelineEntry, r) for r in await tx.fetch(_LIST, tenant_id, incident_id, after, limit)]


def find_break(entries: Sequence[TimelineEntry], before: TimelineEntry | None = None) -> int | None:
    """The first position whose hash does not follow from the line before it, or None.

    ``before`` is the line before the first of ``entries``; without it they start at 1.
    """
    position, previous = (0, "") if before is None else (before.position, before.hash)
    for expected, entry in enumerate(entries, start=position + 1):
        digest = chain_hash(
            previous, expected, entry.at, entry.actor_id, entry.kind, "incident", str(entry.incident_id), entry.facts
        )
        if entry.position != expected or entry.hash != digest:
            return expected
        previous = entry.hash
    return None
