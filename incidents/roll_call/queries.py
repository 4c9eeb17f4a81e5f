"""SQL of roll calls; each statement sits above its function."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from core.database import Tx, row_to, rows_to
from incidents.roll_call.model import AssemblyPoint, Mark, Marshal, Person, RollCall

_CALL = """tenant_id, id, incident_id, site_id, scope, zone_ids, building_id, place, reason, exercise, state,
    started_at, started_by, search_due_at, search_task_id, evacuate_task_id, look_at, all_clear_at, all_clear_by,
    re_entry_at, re_entry_by, counts, version, listing"""

INSERT_CALL = f"""
INSERT INTO roll_calls ({_CALL})
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, NULL, $15, $16, NULL, NULL, NULL, NULL, $17, 1,
    $18)
"""


async def insert_call(tx: Tx, tenant_id: UUID, c: RollCall) -> None:
    """Begin a roll call."""
    where = (c.scope, c.zone_ids, c.building_id, c.place, c.reason, c.exercise)
    begun = (c.state, c.started_at, c.started_by, c.search_due_at, c.evacuate_task_id, c.look_at, c.counts, c.listing)
    await tx.execute(INSERT_CALL, tenant_id, c.id, c.incident_id, c.site_id, *where, *begun)


FIND_CALL = f"SELECT {_CALL} FROM roll_calls WHERE tenant_id = $1 AND id = $2"
LOCK_CALL = FIND_CALL + " FOR NO KEY UPDATE"


async def find_call(tx: Tx, tenant_id: UUID, call_id: UUID) -> RollCall | None:
    """One roll call, or None."""
    row = await tx.fetchrow(FIND_CALL, tenant_id, call_id)
    return None if row is None else row_to(RollCall, row)


async def lock_call(tx: Tx, tenant_id: UUID, call_id: UUID) -> RollCall | None:
    """The same, its row held until commit."""
    row = await tx.fetchrow(LOCK_CALL, tenant_id, call_id)
    return None if row is None else row_to(RollCall, row)


SAVE_CALL = """
UPDATE roll_calls SET state = $3, search_due_at = $4, search_task_id = $5, all_clear_at = $6, all_clear_by = $7,
    re_entry_at = $8, re_entry_by = $9, counts = $10, version = $11, look_at = $12, scope = $13, zone_ids = $14,
    building_id = $15, place = $16, listing = $17
WHERE tenant_id = $1 AND id = $2
"""


async def save_call(tx: Tx, tenant_id: UUID, c: RollCall) -> None:
    """Write a locked roll call."""
    search, where = (c.search_due_at, c.search_task_id), (c.scope, c.zone_ids, c.building_id, c.place)
    ends = (c.all_clear_at, c.all_clear_by, c.re_entry_at, c.re_entry_by)
    now = (c.counts, c.version, c.look_at)
    await tx.execute(SAVE_CALL, tenant_id, c.id, c.state, *search, *ends, *now, *where, c.listing)


LIST_CALLS = f"""
SELECT {_CALL} FROM roll_calls
WHERE tenant_id = $1 AND ($2::uuid IS NULL OR incident_id = $2) AND ($3::text IS NULL OR state = $3)
  AND ($4::uuid IS NULL OR site_id = $4) AND ($5::timestamptz IS NULL OR (started_at, id) < ($5, $6::uuid))
ORDER BY started_at DESC, id DESC LIMIT $7
"""


async def list_calls(
    tx: Tx,
    tenant_id: UUID,
    *,
    incident_id: UUID | None = None,
    state: str | None = None,
    site_id: UUID | None = None,
    before: tuple[datetime, UUID] | None = None,
    limit: int,
) -> list[RollCall]:
    """Roll calls, newest first."""
    at, last = before or (None, None)
    rows = await tx.fetch(LIST_CALLS, tenant_id, incident_id, state, site_id, at, last, limit)
    return [row_to(RollCall, r) for r in rows]


_PERSON = """tenant_id, roll_call_id, person_id, kind, name, host_id, source, zone_id, level, seen_at, confidence,
    status, contested, assembly_point_id, status_at, ordered_at"""
INSERT_PERSON = f"""
INSERT INTO roll_call_people ({_PERSON}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
ON CONFLICT (tenant_id, roll_call_id, person_id) DO NOTHING
"""


async def insert_people(tx: Tx, tenant_id: UUID, people: Sequence[Person]) -> None:
    """Expect these people; whoever is expected already stays as they are."""
    await tx.executemany(INSERT_PERSON, [(tenant_id, *_values(p)[1:]) for p in people])


def _values(person: Person) -> tuple[Any, ...]:
    return msgspec.structs.astuple(person)


SAVE_PERSON = """
UPDATE roll_call_people SET status = $4, contested = $5, assembly_point_id = $6, status_at = $7
WHERE tenant_id = $1 AND roll_call_id = $2 AND person_id = $3
"""


async def save_people(tx: Tx, tenant_id: UUID, people: Sequence[Person]) -> None:
    """Write how these people stand."""
    rows = [
        (tenant_id, p.roll_call_id, p.person_id, p.status, p.contested, p.assembly_point_id, p.status_at)
        for p in people
    ]
    await tx.executemany(SAVE_PERSON, rows)


ALL_PEOPLE = (
    f"SELECT {_PERSON} FROM roll_call_people WHERE tenant_id = $1 AND roll_call_id = $2 ORDER BY name, person_id"
)


async def all_people(tx: Tx, tenant_id: UUID, call_id: UUID) -> list[Person]:
    """Everybody expected, by name."""
    return await rows_to(Person, await tx.fetch(ALL_PEOPLE, tenant_id, call_id))


LIST_PEOPLE = f"""
SELECT {_PERSON} FROM roll_call_people
WHERE tenant_id = $1 AND roll_call_id = $2 AND ($3::text IS NULL OR status = $3)
  AND ($4::uuid IS NULL OR zone_id = $4) AND ($5::text IS NULL OR strpos(lower(name), lower($5)) > 0)
  AND ($6::text IS NULL OR (name, person_id) > ($6, $7::uuid))
ORDER BY name, person_id LIMIT $8
"""


async def list_people(
    tx: Tx,
    tenant_id: UUID,
    call_id: UUID,
    *,
    status: str | None,
    zone_id: UUID | None,
    search: str | None,
    after: tuple[str, UUID] | None,
    limit: int,
) -> list[Person]:
    """A page of those expected, by name."""
    name, last = after or (None, None)
    rows = await tx.fetch(LIST_PEOPLE, tenant_id, call_id, status, zone_id, search, name, last, limit)
    return [row_to(Person, r) for r in rows]


TAKE_TO_ORDER = f"""
UPDATE roll_call_people SET ordered_at = $3
WHERE tenant_id = $1 AND roll_call_id = $2 AND person_id IN (
    SELECT person_id FROM roll_call_people
    WHERE tenant_id = $1 AND roll_call_id = $2 AND ordered_at IS NULL AND kind = 'staff'
    ORDER BY person_id LIMIT $4)
RETURNING {_PERSON}
"""


async def take_to_order(tx: Tx, tenant_id: UUID, call_id: UUID, limit: int) -> list[Person]:
    """Staff nobody ordered out yet: they are from now on."""
    return [row_to(Person, r) for r in await tx.fetch(TAKE_TO_ORDER, tenant_id, call_id, tx.now, limit)]


COUNT_PEOPLE = """
SELECT count(*) AS expected, count(*) FILTER (WHERE status = 'accounted') AS accounted,
    count(*) FILTER (WHERE status = 'need_help') AS need_help, count(*) FILTER (WHERE status = 'left') AS left,
    count(*) FILTER (WHERE status = 'missing') AS missing, count(*) FILTER (WHERE status = 'unsure') AS unsure
FROM roll_call_people WHERE tenant_id = $1 AND roll_call_id = $2
"""


async def count_people(tx: Tx, tenant_id: UUID, call_id: UUID) -> dict[str, int]:
    """The numbers on the board, from the rows."""
    return dict(await tx.fetchrow(COUNT_PEOPLE, tenant_id, call_id) or {})


FIND_PEOPLE = f"""
SELECT {_PERSON} FROM roll_call_people WHERE tenant_id = $1 AND roll_call_id = $2 AND person_id = ANY ($3::uuid[])
"""


async def find_people(tx: Tx, tenant_id: UUID, call_id: UUID, person_ids: Sequence[UUID]) -> list[Person]:
    """These of those expected."""
    rows = await tx.fetch(FIND_PEOPLE, tenant_id, call_id, list(person_ids))
    return [row_to(Person, r) for r in rows]


_MARK = "id, person_id, said, seen, by_account, assembly_point_id, position, note, at, received_at"
INSERT_MARK = f"""
INSERT INTO roll_call_marks (tenant_id, roll_call_id, {_MARK})
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
ON CONFLICT (tenant_id, roll_call_id, id) DO NOTHING
"""


async def insert_marks(tx: Tx, tenant_id: UUID, call_id: UUID, marks: Sequence[Mark]) -> None:
    """Add to the log; a mark that is there already stays as it was first."""
    rows = [
        (
            *(tenant_id, call_id, m.id, m.person_id, m.said, list(m.seen), m.by_account),
            *(m.assembly_point_id, m.position, m.note, m.at, m.received_at),
        )
        for m in marks
    ]
    await tx.executemany(INSERT_MARK, rows)


KNOWN_MARKS = "SELECT id FROM roll_call_marks WHERE tenant_id = $1 AND roll_call_id = $2 AND id = ANY ($3::uuid[])"


async def known_marks(tx: Tx, tenant_id: UUID, call_id: UUID, ids: Sequence[UUID]) -> frozenset[UUID]:
    """Which of these the log holds."""
    return frozenset(r["id"] for r in await tx.fetch(KNOWN_MARKS, tenant_id, call_id, list(ids)))


MARKS_OF = f"""
SELECT {_MARK} FROM roll_call_marks WHERE tenant_id = $1 AND roll_call_id = $2 AND person_id = ANY ($3::uuid[])
"""


async def marks_of(tx: Tx, tenant_id: UUID, call_id: UUID, person_ids: Sequence[UUID]) -> list[Mark]:
    """Everything said of these people."""
    return await rows_to(Mark, await tx.fetch(MARKS_OF, tenant_id, call_id, list(person_ids)))


class NumberedMark(Mark, frozen=True, kw_only=True):
    """A mark with its place in the log, by which a client pages."""

    number: int


MARKS_AFTER = f"""
SELECT {_MARK}, number FROM roll_call_marks
WHERE tenant_id = $1 AND roll_call_id = $2 AND number > $3 ORDER BY number LIMIT $4
"""


async def marks_after(tx: Tx, tenant_id: UUID, call_id: UUID, number: int, limit: int) -> list[NumberedMark]:
    """The log from a place on. Numbers are given under the roll call's lock, so none appears behind a reader."""
    return [row_to(NumberedMark, r) for r in await tx.fetch(MARKS_AFTER, tenant_id, call_id, number, limit)]


_POINT = "tenant_id, id, site_id, slug, name, position, level, capacity, retired_at, version, created_at"
INSERT_POINT = f"""
INSERT INTO assembly_points ({_POINT}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, NULL, 1, $9)
ON CONFLICT (tenant_id, site_id, slug) DO NOTHING
RETURNING {_POINT}
"""


async def insert_point(tx: Tx, tenant_id: UUID, p: AssemblyPoint) -> AssemblyPoint | None:
    """A new assembly point; None when the slug is taken."""
    where = (p.site_id, p.slug, p.name, p.position, p.level, p.capacity, p.created_at)
    row = await tx.fetchrow(INSERT_POINT, tenant_id, p.id, *where)
    return None if row is None else row_to(AssemblyPoint, row)


LIST_POINTS = f"""
SELECT {_POINT} FROM assembly_points
WHERE tenant_id = $1 AND retired_at IS NULL AND ($2::uuid IS NULL OR site_id = $2) AND id > $3 ORDER BY id LIMIT $4
"""
LOCK_POINT = f"SELECT {_POINT} FROM assembly_points WHERE tenant_id = $1 AND id = $2 FOR NO KEY UPDATE"
SAVE_POINT = """
UPDATE assembly_points SET name = $3, position = $4, level = $5, capacity = $6, retired_at = $7, version = $8
WHERE tenant_id = $1 AND id = $2
"""


async def list_points(tx: Tx, tenant_id: UUID, *, site_id: UUID | None, after: UUID, limit: int) -> list[AssemblyPoint]:
    """Assembly points in use, oldest first."""
    return [row_to(AssemblyPoint, r) for r in await tx.fetch(LIST_POINTS, tenant_id, site_id, after, limit)]


async def lock_point(tx: Tx, tenant_id: UUID, point_id: UUID) -> AssemblyPoint | None:
    """One assembly point, its row held, or None."""
    row = await tx.fetchrow(LOCK_POINT, tenant_id, point_id)
    return None if row is None else row_to(AssemblyPoint, row)


async def save_point(tx: Tx, tenant_id: UUID, p: AssemblyPoint) -> None:
    """Write a locked assembly point."""
    await tx.execute(SAVE_POINT, tenant_id, p.id, p.name, p.position, p.level, p.capacity, p.retired_at, p.version)


_MARSHAL = "tenant_id, roll_call_id, account_id, assembly_point_id, since"
SAVE_MARSHAL = f"""
INSERT INTO roll_call_marshals ({_MARSHAL}) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (tenant_id, roll_call_id, account_id) DO UPDATE SET assembly_point_id = excluded.assembly_point_id
"""
LIST_MARSHALS = f"SELECT {_MARSHAL} FROM roll_call_marshals WHERE tenant_id = $1 AND roll_call_id = $2 ORDER BY since"


async def save_marshal(tx: Tx, tenant_id: UUID, m: Marshal) -> None:
    """Say who counts where; the last word counts."""
    await tx.execute(SAVE_MARSHAL, tenant_id, m.roll_call_id, m.account_id, m.assembly_point_id, m.since)


async def list_marshals(tx: Tx, tenant_id: UUID, call_id: UUID) -> list[Marshal]:
    """Who counts where."""
    return [row_to(Marshal, r) for r in await tx.fetch(LIST_MARSHALS, tenant_id, call_id)]


DUE_CALLS = "SELECT tenant_id, id FROM muster_roll_calls_due($1, $2)"


async def list_due_calls(tx: Tx, now: datetime, limit: int) -> list[tuple[UUID, UUID]]:
    """(tenant, roll call) that want a look."""
    return [(r["tenant_id"], r["id"]) for r in await tx.fetch(DUE_CALLS, now, limit)]


PUT_OFF = "UPDATE roll_calls SET look_at = $3 WHERE tenant_id = $1 AND id = $2 AND look_at IS NOT NULL"


async def put_off(tx: Tx, tenant_id: UUID, call_id: UUID, look_at: datetime) -> None:
    """Look at it again then."""
    await tx.execute(PUT_OFF, tenant_id, call_id, look_at)


ZONES_OF = """
SELECT id FROM zones
WHERE tenant_id = $1 AND site_id = $2 AND ($3::uuid IS NULL OR building_id = $3)
  AND ($4::uuid[] IS NULL OR id = ANY ($4))
"""


async def zones_of(
    tx: Tx, tenant_id: UUID, site_id: UUID, *, building_id: UUID | None, zone_ids: Sequence[UUID] | None
) -> list[UUID]:
    """Zones of a site: all, a building's, or those of these that are there."""
    wanted = None if zone_ids is None else list(zone_ids)
    return [r["id"] for r in await tx.fetch(ZONES_OF, tenant_id, site_id, building_id, wanted)]
