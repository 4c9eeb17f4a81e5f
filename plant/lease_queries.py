"""Leases in SQL."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from core.database import Tx, row_to
from plant.model import Lease

_TAKE = """
INSERT INTO site_leases (tenant_id, site_id, holder, fencing, expires_at) VALUES ($1, $2, $3, 1, $5)
ON CONFLICT (tenant_id, site_id) DO UPDATE
SET holder = excluded.holder, fencing = site_leases.fencing + 1, expires_at = excluded.expires_at
WHERE site_leases.expires_at < $4 OR site_leases.expires_at > $6 OR site_leases.holder = excluded.holder
RETURNING tenant_id, site_id, holder, fencing, expires_at
"""


async def take_lease(
    tx: Tx, tenant_id: UUID, site_id: UUID, holder: str, now: datetime, until: datetime, latest: datetime
) -> Lease | None:
    """Take a free or expired site with a new fencing number, or one leased until after ``latest``: before the clock was
    set back. None when another holder was quicker."""
    row = await tx.fetchrow(_TAKE, tenant_id, site_id, holder, now, until, latest)
    return None if row is None else row_to(Lease, row)


_RENEW = """
UPDATE site_leases SET expires_at = $4 WHERE tenant_id = $1 AND site_id = $2 AND fencing = $3
"""


async def renew_lease(tx: Tx, tenant_id: UUID, lease: Lease, until: datetime) -> bool:
    """Hold on to a site; False: somebody else has it."""
    return await tx.execute(_RENEW, tenant_id, lease.site_id, lease.fencing, until) > 0


_RELEASE = "UPDATE site_leases SET expires_at = $4 WHERE tenant_id = $1 AND site_id = $2 AND fencing = $3"


async def release_lease(tx: Tx, tenant_id: UUID, lease: Lease, at: datetime) -> None:
    """Give a site back: its lease ends just before ``at``."""
    await tx.execute(_RELEASE, tenant_id, lease.site_id, lease.fencing, at)


# FOR SHARE holds a take-over back until this transaction has committed.
_IS_HELD = "SELECT true FROM site_leases WHERE tenant_id = $1 AND site_id = $2 AND fencing = $3 FOR SHARE"


async def is_held(tx: Tx, tenant_id: UUID, lease: Lease) -> bool:
    """Whether this fencing number is still the site's; the answer stays true until the transaction ends."""
    return bool(await tx.fetchval(_IS_HELD, tenant_id, lease.site_id, lease.fencing))


async def beat(tx: Tx, holder: str, now: datetime, until: datetime) -> int:
    """Say that this gateway lives; returns its fair share of sites."""
    share: int = await tx.fetchval("SELECT gateway_beat($1, $2, $3)", holder, now, until)
    return share


async def leave(tx: Tx, holder: str) -> None:
    """This gateway stops: others' shares grow at once."""
    await tx.execute("SELECT gateway_leave($1)", holder)


async def list_free_sites(tx: Tx, holder: str, now: datetime, latest: datetime) -> list[tuple[UUID, UUID]]:
    """(tenant, site) ids that are not held by another live gateway; ``latest`` as in ``take_lease``."""
    rows = await tx.fetch("SELECT tenant_id, site_id FROM gateway_free_sites($1, $2, $3)", holder, now, latest)
    return [(row["tenant_id"], row["site_id"]) for row in rows]
