"""SQL of calls for help; each statement sits above its function."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from core.database import Tx, row_to
from incidents.sos.model import SosCall, SosCodes, SosPosition

_CALL = """tenant_id, id, account_id, name, incident_id, site_id, zone_id, kind, place, located_by, share, lon, lat,
    level, accuracy_m, located_at, note, opened_at, presses, pressed_at, duress_at, ended_at, over_at, session_id"""

INSERT_CALL = f"""
INSERT INTO sos_calls ({_CALL})
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24)
"""


async def insert_call(tx: Tx, tenant_id: UUID, c: SosCall) -> None:
    """Keep a call; its incident follows in the same transaction."""
    where = (c.site_id, c.zone_id, c.kind, c.place, c.located_by, c.share, c.lon, c.lat, c.level, c.accuracy_m)
    times = (c.located_at, c.note, c.opened_at, c.presses, c.pressed_at, c.duress_at, c.ended_at, c.over_at)
    await tx.execute(INSERT_CALL, tenant_id, c.id, c.account_id, c.name, c.incident_id, *where, *times, c.session_id)


SAVE_CALL = """
UPDATE sos_calls SET incident_id = $3, zone_id = $4, place = $5, located_by = $6, share = $7, lon = $8, lat = $9,
    level = $10, accuracy_m = $11, located_at = $12, presses = $13, pressed_at = $14, duress_at = $15, ended_at = $16,
    over_at = $17
WHERE tenant_id = $1 AND id = $2
"""


async def save_call(tx: Tx, tenant_id: UUID, c: SosCall) -> None:
    """Write a locked call."""
    where = (c.zone_id, c.place, c.located_by, c.share, c.lon, c.lat, c.level, c.accuracy_m, c.located_at)
    times = (c.presses, c.pressed_at, c.duress_at, c.ended_at, c.over_at)
    await tx.execute(SAVE_CALL, tenant_id, c.id, c.incident_id, *where, *times)


FIND_CALL = f"SELECT {_CALL} FROM sos_calls WHERE tenant_id = $1 AND id = $2"
LOCK_CALL = FIND_CALL + " FOR NO KEY UPDATE"
FIND_OPEN = f"SELECT {_CALL} FROM sos_calls WHERE tenant_id = $1 AND account_id = $2 AND ended_at IS NULL"
FIND_OF_SESSION = f"SELECT {_CALL} FROM sos_calls WHERE tenant_id = $1 AND session_id = $2"
LIST_OWN = f"""
SELECT {_CALL} FROM sos_calls WHERE tenant_id = $1 AND account_id = $2 ORDER BY opened_at DESC, id DESC LIMIT $3
"""


async def find_call(tx: Tx, tenant_id: UUID, sos_id: UUID) -> SosCall | None:
    """One call, or None."""
    row = await tx.fetchrow(FIND_CALL, tenant_id, sos_id)
    return None if row is None else row_to(SosCall, row)


async def lock_call(tx: Tx, tenant_id: UUID, sos_id: UUID) -> SosCall | None:
    """The same, its row held until commit."""
    row = await tx.fetchrow(LOCK_CALL, tenant_id, sos_id)
    return None if row is None else row_to(SosCall, row)


async def find_open(tx: Tx, tenant_id: UUID, account_id: UUID) -> SosCall | None:
    """The person's call that their phone knows of as open, or None."""
    row = await tx.fetchrow(FIND_OPEN, tenant_id, account_id)
    return None if row is None else row_to(SosCall, row)


async def find_of_session(tx: Tx, tenant_id: UUID, session_id: UUID) -> SosCall | None:
    """The call that a missed check-in raised, or None."""
    row = await tx.fetchrow(FIND_OF_SESSION, tenant_id, session_id)
    return None if row is None else row_to(SosCall, row)


async def list_own(tx: Tx, tenant_id: UUID, account_id: UUID, limit: int) -> list[SosCall]:
    """A person's calls, newest first."""
    return [row_to(SosCall, r) for r in await tx.fetch(LIST_OWN, tenant_id, account_id, limit)]


LIST_CALLS = f"""
SELECT {_CALL} FROM sos_calls
WHERE tenant_id = $1
  AND ($2::boolean IS NULL OR (over_at IS NULL) = $2)
  AND ($3::uuid IS NULL OR site_id = $3)
  AND ($4::uuid IS NULL OR account_id = $4)
  AND ($5::text IS NULL OR position(lower($5) IN lower(name || ' ' || note)) > 0)
  AND account_id <> $6
  AND ($7::timestamptz IS NULL OR (opened_at, id) < ($7, $8::uuid))
ORDER BY opened_at DESC, id DESC
LIMIT $9
"""


async def list_calls(
    tx: Tx,
    tenant_id: UUID,
    *,
    standing: bool | None,
    site_id: UUID | None,
    account_id: UUID | None,
    search: str | None,
    not_of: UUID,
    before: tuple[datetime, UUID] | None,
    limit: int,
) -> list[SosCall]:
    """Calls, newest first; ``not_of``: whose own are never among them."""
    at, last = before or (None, None)
    rows = await tx.fetch(LIST_CALLS, tenant_id, standing, site_id, account_id, search, not_of, at, last, limit)
    return [row_to(SosCall, r) for r in rows]


END_OF_INCIDENT = f"""
UPDATE sos_calls SET over_at = $3, ended_at = coalesce(ended_at, $3)
WHERE tenant_id = $1 AND incident_id = $2 AND over_at IS NULL
RETURNING {_CALL}
"""


async def end_of_incident(tx: Tx, tenant_id: UUID, incident_id: UUID) -> list[SosCall]:
    """The incident is closed: whoever called in it is not in need any more."""
    return [row_to(SosCall, r) for r in await tx.fetch(END_OF_INCIDENT, tenant_id, incident_id, tx.now)]


IS_CALLING = """
SELECT EXISTS (SELECT FROM sos_calls WHERE tenant_id = $1 AND account_id = $2 AND over_at IS NULL)
"""
CALLED_IN = """
SELECT EXISTS (SELECT FROM sos_calls c JOIN incidents i ON i.tenant_id = $1 AND i.id = c.incident_id
    WHERE c.tenant_id = $1 AND c.incident_id = $2 AND c.account_id = $3 AND i.state <> 'closed')
"""
CALLED_IN_ROOM = """
SELECT EXISTS (SELECT FROM rooms r
    JOIN sos_calls c ON c.tenant_id = $1 AND c.incident_id = r.incident_id AND c.account_id = $3
    JOIN incidents i ON i.tenant_id = $1 AND i.id = r.incident_id AND i.state <> 'closed'
    WHERE r.tenant_id = $1 AND r.id = $2)
"""


async def is_calling(tx: Tx, tenant_id: UUID, account_id: UUID) -> bool:
    """Whether the person is in need now: nobody asks them for anything, and nothing of ours sounds on their phone."""
    return bool(await tx.fetchval(IS_CALLING, tenant_id, account_id))


async def called_in(tx: Tx, tenant_id: UUID, incident_id: UUID, account_id: UUID) -> bool:
    """Whether this open incident is about the person's own call."""
    return bool(await tx.fetchval(CALLED_IN, tenant_id, incident_id, account_id))


async def called_in_room(tx: Tx, tenant_id: UUID, room_id: UUID, account_id: UUID) -> bool:
    """The same by the incident's room."""
    return bool(await tx.fetchval(CALLED_IN_ROOM, tenant_id, room_id, account_id))


INSERT_PRESS = """
INSERT INTO sos_presses (tenant_id, account_id, key, sos_id, device_id, at, received_at)
VALUES ($1, $2, $3, $4, $5, $6, $7)
"""
FIND_PRESS = "SELECT sos_id FROM sos_presses WHERE tenant_id = $1 AND account_id = $2 AND key = $3"


async def insert_press(
    tx: Tx, tenant_id: UUID, account_id: UUID, key: str, sos_id: UUID, device_id: UUID | None, at: datetime
) -> None:
    """Keep a press."""
    await tx.execute(INSERT_PRESS, tenant_id, account_id, key, sos_id, device_id, at, tx.now)


async def find_press(tx: Tx, tenant_id: UUID, account_id: UUID, key: str) -> UUID | None:
    """The call this key was used for, or None."""
    found: UUID | None = await tx.fetchval(FIND_PRESS, tenant_id, account_id, key)
    return found


_POSITION = "tenant_id, sos_id, at, lon, lat, level, accuracy_m, zone_id, received_at"
INSERT_POSITIONS = f"""
INSERT INTO sos_positions ({_POSITION}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
ON CONFLICT (tenant_id, sos_id, at) DO NOTHING
"""
COUNT_POSITIONS = "SELECT count(*) FROM sos_positions WHERE tenant_id = $1 AND sos_id = $2"
LIST_POSITIONS = f"""
SELECT {_POSITION} FROM sos_positions
WHERE tenant_id = $1 AND sos_id = $2 AND ($3::timestamptz IS NULL OR at < $3)
ORDER BY at DESC LIMIT $4
"""


async def insert_positions(tx: Tx, tenant_id: UUID, positions: Sequence[SosPosition]) -> None:
    """Keep positions; the same moment twice is one."""
    rows = [
        (tenant_id, p.sos_id, p.at, p.lon, p.lat, p.level, p.accuracy_m, p.zone_id, p.received_at) for p in positions
    ]
    await tx.executemany(INSERT_POSITIONS, rows)


async def count_positions(tx: Tx, tenant_id: UUID, sos_id: UUID) -> int:
    """How many of a call are kept."""
    found: int = await tx.fetchval(COUNT_POSITIONS, tenant_id, sos_id)
    return found


async def list_positions(
    tx: Tx, tenant_id: UUID, sos_id: UUID, *, before: datetime | None, limit: int
) -> list[SosPosition]:
    """Positions of a call, newest first."""
    return [row_to(SosPosition, r) for r in await tx.fetch(LIST_POSITIONS, tenant_id, sos_id, before, limit)]


SAVE_CODES = """
INSERT INTO sos_codes (tenant_id, account_id, code_hash, duress_hash, set_at) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (tenant_id, account_id) DO UPDATE
SET code_hash = excluded.code_hash, duress_hash = excluded.duress_hash, set_at = excluded.set_at
"""
FIND_CODES = "SELECT code_hash, duress_hash, set_at FROM sos_codes WHERE tenant_id = $1 AND account_id = $2"


async def save_codes(tx: Tx, tenant_id: UUID, account_id: UUID, codes: SosCodes) -> None:
    """The person's codes from now on."""
    await tx.execute(SAVE_CODES, tenant_id, account_id, codes.code_hash, codes.duress_hash, codes.set_at)


async def find_codes(tx: Tx, tenant_id: UUID, account_id: UUID) -> SosCodes | None:
    """The hashes, or None when the person has set none."""
    row = await tx.fetchrow(FIND_CODES, tenant_id, account_id)
    return None if row is None else row_to(SosCodes, row)
