"""SQL of the registers: the newest of each source for each person. They only move forward, in (time, key)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from core.database import Tx, row_to, rows_to
from people.presence.belief import Stay, Swipe
from people.presence.model import PersonKind, Position, Registers

# In the order of people: two writers never wait for each other in a ring.
_MOVE_BADGES = """
INSERT INTO presence AS p (tenant_id, person_id, kind, badge_at, badge_key, badge_site_id, badge_zone_id,
    badge_off_site)
SELECT $1, * FROM unnest($2::uuid[], $3::text[], $4::timestamptz[], $5::text[], $6::uuid[], $7::uuid[], $8::boolean[])
    AS u (person_id) ORDER BY u.person_id
ON CONFLICT (tenant_id, person_id) DO UPDATE
SET badge_at = excluded.badge_at, badge_key = excluded.badge_key, badge_site_id = excluded.badge_site_id,
    badge_zone_id = excluded.badge_zone_id, badge_off_site = excluded.badge_off_site
WHERE p.badge_at IS NULL OR (excluded.badge_at, excluded.badge_key) > (p.badge_at, p.badge_key)
"""


async def move_badges(tx: Tx, tenant_id: UUID, newest: Mapping[UUID, tuple[PersonKind, Swipe]]) -> int:
    """Move the badge registers of these people forward; returns how many moved."""
    swipes = [swipe for _, swipe in newest.values()]
    return await tx.execute(
        _MOVE_BADGES,
        tenant_id,
        list(newest),
        [kind for kind, _ in newest.values()],
        [s.at for s in swipes],
        [s.key for s in swipes],
        [s.site_id for s in swipes],
        [s.zone_id for s in swipes],
        [s.off_site for s in swipes],
    )


_MOVE_FIX = """
INSERT INTO presence AS p (tenant_id, person_id, kind, fix_at, fix_key, fix_site_id, fix_zone_id, fix_level, fix_share,
    fix_lon, fix_lat, fix_accuracy_m)
VALUES ($1, $2, 'staff', $3, $4, $5, $6, $7, $8, $9, $10, $11)
ON CONFLICT (tenant_id, person_id) DO UPDATE
SET fix_at = excluded.fix_at, fix_key = excluded.fix_key, fix_site_id = excluded.fix_site_id,
    fix_zone_id = excluded.fix_zone_id, fix_level = excluded.fix_level, fix_share = excluded.fix_share,
    fix_lon = excluded.fix_lon, fix_lat = excluded.fix_lat, fix_accuracy_m = excluded.fix_accuracy_m
WHERE p.fix_at IS NULL OR (excluded.fix_at, excluded.fix_key) > (p.fix_at, p.fix_key)
"""


async def move_fix(tx: Tx, tenant_id: UUID, it: Position) -> None:
    """Move a person's phone register forward."""
    await tx.execute(
        _MOVE_FIX, tenant_id, it.account_id, it.at, it.key, it.site_id, it.zone_id, it.level, it.share, it.lon, it.lat,
        it.accuracy_m,
    )  # fmt: skip


_MOVE_VISIT = """
INSERT INTO presence AS p (tenant_id, person_id, kind, visit_at, visit_key, visit_site_id, visit_zone_id, visit_over)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT (tenant_id, person_id) DO UPDATE
SET visit_at = excluded.visit_at, visit_key = excluded.visit_key, visit_site_id = excluded.visit_site_id,
    visit_zone_id = excluded.visit_zone_id, visit_over = excluded.visit_over
WHERE p.visit_at IS NULL OR (excluded.visit_at, excluded.visit_key) > (p.visit_at, p.visit_key)
"""


async def move_visit(tx: Tx, tenant_id: UUID, visit_id: UUID, kind: PersonKind, stay: Stay) -> None:
    """Move a visit's register forward."""
    await tx.execute(_MOVE_VISIT, tenant_id, visit_id, kind, stay.at, stay.key, stay.site_id, stay.zone_id, stay.over)


_REGISTERS = """
SELECT p.person_id, p.kind, coalesce(a.display_name, v.name) AS name, v.host_id, p.badge_at, p.badge_key,
    p.badge_site_id, p.badge_zone_id, p.badge_off_site, bz.level AS badge_level, p.fix_at, p.fix_key, p.fix_site_id,
    p.fix_zone_id, p.fix_level, p.fix_share, p.fix_lon, p.fix_lat, p.fix_accuracy_m, p.visit_at, p.visit_key,
    p.visit_site_id, p.visit_zone_id, p.visit_over, vz.level AS visit_level
FROM presence p
LEFT JOIN accounts a ON a.tenant_id = p.tenant_id AND a.id = p.person_id
LEFT JOIN visits v ON v.tenant_id = p.tenant_id AND v.id = p.person_id
LEFT JOIN zones bz ON bz.tenant_id = p.tenant_id AND bz.id = p.badge_zone_id
LEFT JOIN zones vz ON vz.tenant_id = p.tenant_id AND vz.id = p.visit_zone_id
WHERE p.tenant_id = $1 AND coalesce(a.display_name, v.name) IS NOT NULL
"""
_SITE_REGISTERS = (
    _REGISTERS
    + """  AND $2::uuid IN (p.badge_site_id, p.fix_site_id, p.visit_site_id)
  AND greatest(p.badge_at, p.fix_at, p.visit_at) >= $3
"""
)
_PEOPLE_REGISTERS = _REGISTERS + "  AND p.person_id = ANY($2)\n"


async def list_registers(tx: Tx, tenant_id: UUID, site_id: UUID, since: datetime) -> list[Registers]:
    """Everyone of whom something newer than ``since`` is known that says this site."""
    return await rows_to(Registers, await tx.fetch(_SITE_REGISTERS, tenant_id, site_id, since))


async def list_registers_of(tx: Tx, tenant_id: UUID, people: Sequence[UUID]) -> list[Registers]:
    """These people's, as far as anything is known of them."""
    return await rows_to(Registers, await tx.fetch(_PEOPLE_REGISTERS, tenant_id, list(people)))


class ZoneRegisters(msgspec.Struct, frozen=True, kw_only=True):
    """What counting a few zones reads: ``known`` people can be placed at all; ``unplaced``: somebody came in by a gate
    and no door or phone says where they are."""

    known: bool
    unplaced: bool
    people: list[Registers]


# The rows of a few zones alone, and what is known of the site: one round trip in the transaction that raises an alarm.
_ZONE_REGISTERS = f"""
WITH site AS (
    SELECT EXISTS (SELECT FROM presence WHERE tenant_id = $1 AND $2::uuid IN (badge_site_id, fix_site_id, visit_site_id)
                   AND greatest(badge_at, fix_at, visit_at) >= $4) AS known,
           EXISTS (SELECT FROM presence WHERE tenant_id = $1 AND badge_site_id = $2 AND badge_zone_id IS NULL
                   AND NOT badge_off_site AND badge_at >= $4 AND (fix_at IS NULL OR fix_at < badge_at)) AS unplaced
)
SELECT s.known, s.unplaced, r.* FROM site s LEFT JOIN (
{_REGISTERS}  AND (p.badge_zone_id = ANY($3) OR p.fix_zone_id = ANY($3) OR p.visit_zone_id = ANY($3))
  AND greatest(p.badge_at, p.fix_at, p.visit_at) >= $4
) r ON true
"""


async def list_zone_registers(
    tx: Tx, tenant_id: UUID, site_id: UUID, zone_ids: Sequence[UUID], since: datetime
) -> ZoneRegisters:
    """Whoever may be in one of these zones."""
    rows = [dict(row) for row in await tx.fetch(_ZONE_REGISTERS, tenant_id, site_id, list(zone_ids), since)]
    known, unplaced = rows[0].pop("known"), rows[0].pop("unplaced")
    # Nobody there is one row without a person.
    people = [row_to(Registers, row) for row in rows if row["person_id"] is not None]
    return ZoneRegisters(known=known, unplaced=unplaced, people=people)


class Named(msgspec.Struct, frozen=True):
    """An account and its person's name."""

    id: UUID
    display_name: str


_NAMES = "SELECT id, display_name FROM accounts WHERE tenant_id = $1 AND id = ANY($2) AND disabled_at IS NULL"


async def list_names(tx: Tx, tenant_id: UUID, accounts: Sequence[UUID]) -> dict[UUID, str]:
    """Names of these accounts; disabled ones are left out."""
    rows = [row_to(Named, row) for row in await tx.fetch(_NAMES, tenant_id, list(accounts))]
    return {row.id: row.display_name for row in rows}
