"""What surrounds the taking of readings in SQL: refusals counted, the inbox of HTTP readings."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from core.database import Tx, row_to
from plant.model import Reading, Refusal
from plant.queries import plain

_COUNT_REFUSALS = """
INSERT INTO ingest_refusals (tenant_id, site_id, device, code, count, first_at, last_at, detail, topic, sample)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
ON CONFLICT (tenant_id, site_id, device, code) DO UPDATE
SET count = ingest_refusals.count + excluded.count, last_at = excluded.last_at, detail = excluded.detail,
    topic = excluded.topic, sample = excluded.sample
"""


async def count_refusals(tx: Tx, tenant_id: UUID, refusals: Iterable[Refusal]) -> None:
    """Add to the counters; in one order, so that two writers never wait for each other in a ring."""
    rows = [
        (tenant_id, r.site_id, r.device, r.code, r.count, r.first_at, r.last_at, r.detail, r.topic, r.sample)
        for r in sorted(refusals, key=lambda r: (r.site_id, r.device, r.code))
    ]
    await tx.executemany(_COUNT_REFUSALS, rows)


_LIST_REFUSALS = """
SELECT tenant_id, site_id, device, code, count, first_at, last_at, detail, topic, sample
FROM ingest_refusals
WHERE tenant_id = $1 AND ($2::uuid IS NULL OR site_id = $2)
  AND ($3::timestamptz IS NULL OR last_at < $3 OR (last_at = $3 AND (site_id, device, code) > ($4, $5, $6)))
ORDER BY last_at DESC, site_id, device, code LIMIT $7
"""


class RefusalPlace(msgspec.Struct, frozen=True):
    """A place in the list of refusals; the page begins behind it."""

    last_at: datetime
    site_id: UUID
    device: str
    code: str


async def list_refusals(
    tx: Tx, tenant_id: UUID, site_id: UUID | None, limit: int, *, after: RefusalPlace | None = None
) -> list[Refusal]:
    """What was refused, last seen first."""
    place = (None,) * 4 if after is None else (after.last_at, after.site_id, after.device, after.code)
    return [row_to(Refusal, row) for row in await tx.fetch(_LIST_REFUSALS, tenant_id, site_id, *place, limit)]


class InboxItem(msgspec.Struct, frozen=True):
    """Readings of one HTTP request, promised to their device."""

    id: UUID
    readings: list[Reading]


_INSERT_INBOX = """
INSERT INTO ingest_inbox (tenant_id, id, site_id, readings, received_at) VALUES ($1, $2, $3, $4, $5)
"""


async def insert_inbox(
    tx: Tx, tenant_id: UUID, item_id: UUID, site_id: UUID, readings: Sequence[Reading], received_at: datetime
) -> None:
    """Keep readings for the site's gateway."""
    await tx.execute(_INSERT_INBOX, tenant_id, item_id, site_id, plain(readings), received_at)


_LIST_INBOX = """
SELECT id, readings FROM ingest_inbox WHERE tenant_id = $1 AND site_id = $2 AND id > $3 ORDER BY id LIMIT $4
"""


async def list_inbox(tx: Tx, tenant_id: UUID, site_id: UUID, after: UUID, limit: int) -> list[InboxItem]:
    """What waits for the site's gateway, oldest first."""
    return [row_to(InboxItem, row) for row in await tx.fetch(_LIST_INBOX, tenant_id, site_id, after, limit)]


_COUNT_INBOX = "SELECT count(*) FROM ingest_inbox WHERE tenant_id = $1 AND site_id = $2"


async def count_inbox(tx: Tx, tenant_id: UUID, site_id: UUID) -> int:
    """How many requests wait for the site's gateway."""
    count: int = await tx.fetchval(_COUNT_INBOX, tenant_id, site_id)
    return count


_DELETE_INBOX = "DELETE FROM ingest_inbox WHERE tenant_id = $1 AND site_id = $2 AND id = ANY($3::uuid[])"


async def delete_inbox(tx: Tx, tenant_id: UUID, site_id: UUID, ids: Sequence[UUID]) -> None:
    """These are stored now, in this transaction."""
    await tx.execute(_DELETE_INBOX, tenant_id, site_id, list(ids))
