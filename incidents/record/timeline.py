"""The incident's record: append-only, hash-chained within the incident.

The caller holds the incident's row lock, so the order of positions is the order of commits. The head of each timeline
moves with its lines, and the head of an incident that ends is written into the tenant's audit chain: see anchors.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias
from uuid import UUID

from core.audit import as_stored, chain_hash
from core.database import Tx, row_to
from incidents.incident import TimelineEntry
from incidents.record import anchors
from incidents.record.verification import Walk, follow, timeline_digest

# Lines after which the end of a timeline is anchored at once; the others wait for the courier.
ENDS = frozenset({"incident.closed", "incident.merged", "report.signed_off"})

_HEADS = """
SELECT incident_id, position, hash FROM timeline_heads WHERE tenant_id = $1 AND incident_id = ANY($2::uuid[])
"""

# Every line and every head once: a head that moved with each line would leave a dead row behind for each.
_INSERT = """
WITH lines AS (
    INSERT INTO timeline (tenant_id, incident_id, position, at, actor_id, kind, facts, hash)
    SELECT $1, line.incident_id, line.position, $2, line.actor_id, line.kind, line.facts, line.hash
    FROM unnest($3::uuid[], $4::integer[], $5::uuid[], $6::text[], $7::jsonb[], $8::text[])
        AS line (incident_id, position, actor_id, kind, facts, hash)
)
INSERT INTO timeline_heads (tenant_id, incident_id, position, hash, moved_at)
SELECT $1, head.incident_id, head.position, head.hash, $2
FROM unnest($9::uuid[], $10::integer[], $11::text[]) AS head (incident_id, position, hash)
ON CONFLICT (tenant_id, incident_id) DO UPDATE
SET position = EXCLUDED.position, hash = EXCLUDED.hash, moved_at = EXCLUDED.moved_at
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
    found = await tx.fetch(_HEADS, tx.tenant_id, list({line[0] for line in lines}))
    heads: dict[UUID, tuple[int, str]] = {r["incident_id"]: (r["position"], r["hash"]) for r in found}
    rows = []
    for incident_id, by, kind, facts in lines:
        position, previous = heads.get(incident_id, (0, ""))
        position += 1
        digest = chain_hash(previous, position, tx.now, by, kind, "incident", str(incident_id), facts)
        heads[incident_id] = (position, digest)
        rows.append((incident_id, position, by, kind, facts, digest))
    ends = [(incident_id, *head) for incident_id, head in heads.items()]
    columns = [list(column) for column in (*zip(*rows, strict=True), *zip(*ends, strict=True))]
    await tx.execute(_INSERT, tx.tenant_id, tx.now, *columns)
    for incident_id in dict.fromkeys(line[0] for line in lines if line[2] in ENDS):
        await anchors.anchor(tx, tx.tenant_id, incident_id)


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
    start = Walk() if before is None else Walk(before.position, before.hash)
    walk = follow(start, entries, timeline_digest)
    return None if walk.broken is None else walk.broken.position
