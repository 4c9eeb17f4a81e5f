"""SQL of the alarm log, its rollups and the figures from both; periods are [start, end).

Spans are joined LATERAL so that each is one short range of an index, whatever the planner knows of a table that grew
a moment ago. A rollup row counts only where ``alarm_rollups_due`` has no row for its span; the events of the other
spans, and of the hours and days that a period's borders cut, are counted as they are. Each statement is exact in its
own snapshot.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

from core.database import Tx, row_to
from core.ids import new_id
from incidents.alarms.kpi_answers import BORDERS_S
from incidents.alarms.kpi_events import AlarmEvent

# An alarm that goes by itself within a minute gave nobody the time to do anything: "fleeting" of ISA-18.2 clause 16,
# which leaves the time to the site; the same minute by which chattering is counted.
_FLEETING = "e.kind = 'returned' AND e.at - e.called_at <= interval '60 seconds'"
# ISA-TR18.2.5-2012 and EEMUA 191: three calls or more within a minute.
_CHATTERING = "e.called_at - e.third <= interval '60 seconds'"
_CALL = "e.kind IN ('raised', 'reraised')"

APPEND_EVENTS = """
WITH told AS (
    SELECT * FROM unnest($4::uuid[], $5::text[], $6::uuid[], $7::uuid[], $8::uuid[], $9::smallint[], $10::text[],
        $11::text[], $12::boolean[])
        AS t (id, kind, rule_id, zone_id, alarm_id, level, priority, suppression, answers_earlier)
), placed AS (
    SELECT told.*, coalesce(call.called_at, $3::timestamptz) AS called_at
    FROM told LEFT JOIN LATERAL (
        SELECT e.called_at FROM alarm_events e
        WHERE told.answers_earlier AND e.tenant_id = $1 AND e.rule_id = told.rule_id AND e.called_at <= $3
          AND e.kind IN ('raised', 'reraised')
        ORDER BY e.called_at DESC LIMIT 1
    ) call ON true
), written AS (
    INSERT INTO alarm_events (tenant_id, site_id, called_at, id, at, kind, rule_id, zone_id, alarm_id, level, priority,
        suppression, actor_id)
    SELECT $1, $2, called_at, id, $3, kind, rule_id, zone_id, alarm_id, level, priority, suppression, $13::uuid
    FROM placed
)
INSERT INTO alarm_rollups_due (tenant_id, site_id, span, start)
SELECT DISTINCT $1::uuid, $2::uuid, due.span, date_trunc(due.span, due.moment, 'UTC') AS start
FROM placed CROSS JOIN LATERAL (VALUES
    ('hour', called_at), ('day', called_at), ('day', called_at + interval '60 seconds')
) AS due (span, moment)
ORDER BY span, start
ON CONFLICT (tenant_id, site_id, span, start) DO UPDATE SET start = excluded.start
"""


async def append_events(tx: Tx, tenant_id: UUID, site_id: UUID, events: Sequence[AlarmEvent], by: UUID | None) -> None:
    """Log these in one statement; the caller holds the site's lock. Days also get due when a minute of chattering may
    reach into them."""
    await tx.execute(
        APPEND_EVENTS,
        tenant_id,
        site_id,
        tx.now,
        [new_id() for _ in events],
        [e.kind for e in events],
        [e.rule_id for e in events],
        [e.zone_id for e in events],
        [e.alarm_id for e in events],
        [e.level for e in events],
        [e.priority for e in events],
        [e.suppression for e in events],
        [e.answers_earlier for e in events],
        by,
    )


MAKE_PARTITIONS = "SELECT alarm_events_make_partitions($1, $2)"


async def make_partitions(tx: Tx, first: datetime, last: datetime) -> int:
    """Months of the log; returns how many tables were made."""
    return int(await tx.fetchval(MAKE_PARTITIONS, first.date(), last.date()))


DUE_SITES = """
SELECT DISTINCT site_id FROM alarm_rollups_due
WHERE tenant_id = $1 AND (span = 'hour' AND start <= $2 OR span = 'day' AND start <= $3)
"""


async def list_due_sites(tx: Tx, tenant_id: UUID, hours_until: datetime, days_until: datetime) -> list[UUID]:
    """Sites with an hour or a day to roll up that began at or before these times."""
    return [r["site_id"] for r in await tx.fetch(DUE_SITES, tenant_id, hours_until, days_until)]


# Skips what somebody is writing to at this moment, or another courier rolls up.
TAKE_DUE = """
DELETE FROM alarm_rollups_due d USING (
    SELECT start FROM alarm_rollups_due
    WHERE tenant_id = $1 AND site_id = $2 AND span = $3 AND start <= $4
    ORDER BY start LIMIT $5 FOR UPDATE SKIP LOCKED
) taken
WHERE d.tenant_id = $1 AND d.site_id = $2 AND d.span = $3 AND d.start = taken.start
RETURNING d.start
"""


async def take_due(
    tx: Tx, tenant_id: UUID, site_id: UUID, span: Literal["hour", "day"], until: datetime, most: int
) -> list[datetime]:
    """Spans to roll up now, oldest first; they are no longer due once this transaction commits."""
    return sorted(r["start"] for r in await tx.fetch(TAKE_DUE, tenant_id, site_id, span, until, most))


_BIN_COUNTS = f"""count(*) FILTER (WHERE {_CALL} AND e.priority = 'low') AS low,
    count(*) FILTER (WHERE {_CALL} AND e.priority = 'medium') AS medium,
    count(*) FILTER (WHERE {_CALL} AND e.priority = 'high') AS high,
    count(*) FILTER (WHERE e.kind = 'acknowledged') AS answered,
    count(*) FILTER (WHERE {_FLEETING}) AS fleeting,
    count(*) FILTER (WHERE e.kind = 'suppressed' AND e.suppression = 'shelved') AS shelved,
    count(*) FILTER (WHERE e.kind = 'suppressed' AND e.suppression = 'by_design') AS by_design,
    count(*) FILTER (WHERE e.kind = 'suppressed' AND e.suppression = 'out_of_service') AS out_of_service"""

ROLL_UP_BINS = f"""
INSERT INTO alarm_bins (tenant_id, site_id, bin, zone_id, low, medium, high, answered, fleeting, shelved, by_design,
    out_of_service)
SELECT $1, $2, counted.*
FROM unnest($3::timestamptz[]) AS h (start) CROSS JOIN LATERAL (
    SELECT date_bin('10 minutes', e.called_at, 'epoch') AS bin, e.zone_id, {_BIN_COUNTS}
    FROM alarm_events e
    WHERE e.tenant_id = $1 AND e.site_id = $2 AND e.called_at >= h.start AND e.called_at < h.start + interval '1 hour'
    GROUP BY bin, e.zone_id
) counted
ON CONFLICT (tenant_id, site_id, bin, zone_id) DO UPDATE SET low = excluded.low, medium = excluded.medium,
    high = excluded.high, answered = excluded.answered, fleeting = excluded.fleeting, shelved = excluded.shelved,
    by_design = excluded.by_design, out_of_service = excluded.out_of_service
"""


async def roll_up_bins(tx: Tx, tenant_id: UUID, site_id: UUID, hours: Sequence[datetime]) -> None:
    """Count the ten-minute bins of these hours anew; nothing leaves the log, so no bin has to go."""
    await tx.execute(ROLL_UP_BINS, tenant_id, site_id, list(hours))


# The call two before, over the border of the span: the third of three within a minute is the one that counts.
_CALLS_OF = f"""SELECT e.rule_id, e.zone_id, e.called_at,
        lag(e.called_at, 2) OVER (PARTITION BY e.rule_id ORDER BY e.called_at, e.id) AS third
    FROM alarm_events e
    WHERE e.tenant_id = $1 AND e.site_id = $2 AND {_CALL}"""

ROLL_UP_RULES = f"""
INSERT INTO alarm_rule_days (tenant_id, site_id, day, zone_id, rule_id, calls, chattering)
SELECT $1, $2, d.start, e.zone_id, e.rule_id, count(*), count(*) FILTER (WHERE {_CHATTERING})
FROM unnest($3::timestamptz[]) AS d (start) CROSS JOIN LATERAL (
    {_CALLS_OF} AND e.called_at >= d.start - interval '60 seconds' AND e.called_at < d.start + interval '24 hours'
) e
WHERE e.called_at >= d.start
GROUP BY d.start, e.zone_id, e.rule_id
ON CONFLICT (tenant_id, site_id, day, zone_id, rule_id)
DO UPDATE SET calls = excluded.calls, chattering = excluded.chattering
"""

_STEP = "width_bucket(extract(epoch FROM e.at - e.called_at)::double precision, $4::double precision[])"

ROLL_UP_ANSWERS = f"""
INSERT INTO alarm_answer_days (tenant_id, site_id, day, zone_id, step, count)
SELECT $1, $2, d.start, counted.*
FROM unnest($3::timestamptz[]) AS d (start) CROSS JOIN LATERAL (
    SELECT e.zone_id, {_STEP} AS step, count(*)
    FROM alarm_events e
    WHERE e.tenant_id = $1 AND e.site_id = $2 AND e.called_at >= d.start AND e.called_at < d.start + interval '24 hours'
      AND e.kind = 'acknowledged'
    GROUP BY e.zone_id, step
) counted
ON CONFLICT (tenant_id, site_id, day, zone_id, step) DO UPDATE SET count = excluded.count
"""


async def roll_up_days(tx: Tx, tenant_id: UUID, site_id: UUID, days: Sequence[datetime]) -> None:
    """Count rules and answers of these days anew."""
    await tx.execute(ROLL_UP_RULES, tenant_id, site_id, list(days))
    await tx.execute(ROLL_UP_ANSWERS, tenant_id, site_id, list(days), BORDERS_S)


def _raw(span: Literal["hour", "day"], length: str) -> str:
    """The spans of [$4, $5) whose events are counted one by one, each with the part of it that lies in the period."""
    return f"""WITH raw AS (
    SELECT s.start, greatest(s.start, $4::timestamptz) AS lower,
        least(s.start + interval '{length}', $5::timestamptz) AS upper
    FROM (
        SELECT start FROM alarm_rollups_due
        WHERE tenant_id = $1 AND site_id = $2 AND span = '{span}' AND start > $4::timestamptz - interval '{length}'
            AND start < $5::timestamptz
        UNION
        SELECT cut.start FROM (VALUES
            ($4::timestamptz, date_trunc('{span}', $4::timestamptz, 'UTC')),
            ($5::timestamptz, date_trunc('{span}', $5::timestamptz, 'UTC'))
        ) AS cut (border, start) WHERE cut.border <> cut.start
    ) s
)"""


class BinCounts(msgspec.Struct, frozen=True):
    """Sums of a period, and its ten-minute bins with calls, oldest first: ``bins`` counts them since the epoch."""

    low: int
    medium: int
    high: int
    answered: int
    fleeting: int
    shelved: int
    by_design: int
    out_of_service: int
    bins: list[int]
    calls: list[int]


COUNT_BINS = f"""
{_raw("hour", "1 hour")}, counted AS (
    SELECT b.bin, b.low, b.medium, b.high, b.answered, b.fleeting, b.shelved, b.by_design, b.out_of_service
    FROM alarm_bins b
    WHERE b.tenant_id = $1 AND b.site_id = $2 AND ($3::uuid[] IS NULL OR b.zone_id = ANY ($3))
      AND b.bin >= $4 AND b.bin < $5
      AND NOT EXISTS (SELECT FROM raw WHERE raw.start = date_trunc('hour', b.bin, 'UTC'))
    UNION ALL
    SELECT one.* FROM raw CROSS JOIN LATERAL (
        SELECT date_bin('10 minutes', e.called_at, 'epoch') AS bin, {_BIN_COUNTS}
        FROM alarm_events e
        WHERE e.tenant_id = $1 AND e.site_id = $2 AND e.called_at >= raw.lower AND e.called_at < raw.upper
          AND ($3::uuid[] IS NULL OR e.zone_id = ANY ($3))
        GROUP BY bin
    ) one
), summed AS (
    SELECT bin, sum(low) AS low, sum(medium) AS medium, sum(high) AS high, sum(answered) AS answered,
        sum(fleeting) AS fleeting, sum(shelved) AS shelved, sum(by_design) AS by_design,
        sum(out_of_service) AS out_of_service
    FROM counted GROUP BY bin
)
SELECT coalesce(sum(low), 0)::bigint AS low, coalesce(sum(medium), 0)::bigint AS medium,
    coalesce(sum(high), 0)::bigint AS high, coalesce(sum(answered), 0)::bigint AS answered,
    coalesce(sum(fleeting), 0)::bigint AS fleeting, coalesce(sum(shelved), 0)::bigint AS shelved,
    coalesce(sum(by_design), 0)::bigint AS by_design, coalesce(sum(out_of_service), 0)::bigint AS out_of_service,
    coalesce(array_agg((extract(epoch FROM bin) / 600)::integer ORDER BY bin) FILTER (WHERE low + medium + high > 0),
        '{{}}') AS bins,
    coalesce(array_agg((low + medium + high)::integer ORDER BY bin) FILTER (WHERE low + medium + high > 0),
        '{{}}') AS calls
FROM summed
"""


async def count_bins(
    tx: Tx, tenant_id: UUID, site_id: UUID, zone_ids: Sequence[UUID] | None, start: datetime, end: datetime
) -> BinCounts:
    """What was called and answered in the period, in these zones (None: the site)."""
    row = await tx.fetchrow(COUNT_BINS, tenant_id, site_id, _ids(zone_ids), start, end)
    return row_to(BinCounts, row)


class RuleCalls(msgspec.Struct, frozen=True):
    """How often a rule called; ``chattering``: calls that were the third or later within a minute;
    ``chattering_rules``: how many rules have such, in all."""

    rule_id: UUID
    calls: int
    chattering: int
    chattering_rules: int


COUNT_RULES = f"""
{_raw("day", "24 hours")}, counted AS (
    SELECT r.rule_id, r.calls, r.chattering FROM alarm_rule_days r
    WHERE r.tenant_id = $1 AND r.site_id = $2 AND ($3::uuid[] IS NULL OR r.zone_id = ANY ($3))
      AND r.day >= $4 AND r.day < $5
      AND NOT EXISTS (SELECT FROM raw WHERE raw.start = r.day)
    UNION ALL
    SELECT e.rule_id, count(*), count(*) FILTER (WHERE {_CHATTERING})
    FROM raw CROSS JOIN LATERAL (
        {_CALLS_OF} AND e.called_at >= raw.lower - interval '60 seconds' AND e.called_at < raw.upper
    ) e
    WHERE e.called_at >= raw.lower AND ($3::uuid[] IS NULL OR e.zone_id = ANY ($3))
    GROUP BY e.rule_id
), summed AS (
    SELECT rule_id, sum(calls)::bigint AS calls, sum(chattering)::bigint AS chattering FROM counted GROUP BY rule_id
), ranked AS (
    SELECT *, count(*) FILTER (WHERE chattering > 0) OVER () AS chattering_rules,
        row_number() OVER (ORDER BY calls DESC, rule_id) AS by_calls,
        row_number() OVER (ORDER BY chattering DESC, rule_id) AS by_chattering
    FROM summed
)
SELECT rule_id, calls, chattering, chattering_rules FROM ranked
WHERE by_calls <= $6 OR (by_chattering <= $6 AND chattering > 0)
ORDER BY calls DESC, rule_id
"""


async def count_rules(
    tx: Tx, tenant_id: UUID, site_id: UUID, zone_ids: Sequence[UUID] | None, start: datetime, end: datetime, most: int
) -> list[RuleCalls]:
    """The ``most`` rules that called most, and the ``most`` that chattered most, by calls."""
    rows = await tx.fetch(COUNT_RULES, tenant_id, site_id, _ids(zone_ids), start, end, most)
    return [row_to(RuleCalls, r) for r in rows]


COUNT_ANSWERS = f"""
{_raw("day", "24 hours")}, counted AS (
    SELECT a.step, a.count::bigint AS count FROM alarm_answer_days a
    WHERE a.tenant_id = $1 AND a.site_id = $2 AND ($3::uuid[] IS NULL OR a.zone_id = ANY ($3))
      AND a.day >= $4 AND a.day < $5
      AND NOT EXISTS (SELECT FROM raw WHERE raw.start = a.day)
    UNION ALL
    SELECT one.* FROM raw CROSS JOIN LATERAL (
        SELECT {_STEP.replace("$4", "$6")} AS step, count(*)
        FROM alarm_events e
        WHERE e.tenant_id = $1 AND e.site_id = $2 AND e.called_at >= raw.lower AND e.called_at < raw.upper
          AND e.kind = 'acknowledged' AND ($3::uuid[] IS NULL OR e.zone_id = ANY ($3))
        GROUP BY step
    ) one
)
SELECT step, sum(count)::bigint AS count FROM counted GROUP BY step
"""


async def count_answers(
    tx: Tx, tenant_id: UUID, site_id: UUID, zone_ids: Sequence[UUID] | None, start: datetime, end: datetime
) -> dict[int, int]:
    """Acknowledged calls of the period by step of the ladder."""
    rows = await tx.fetch(COUNT_ANSWERS, tenant_id, site_id, _ids(zone_ids), start, end, BORDERS_S)
    return {r["step"]: r["count"] for r in rows}


class LongAlarm(msgspec.Struct, frozen=True):
    """An alarm that stood for over a day; ``returned_at`` None: it stands."""

    id: UUID
    rule_id: UUID
    raised_at: datetime
    returned_at: datetime | None


LIST_LONG = """
SELECT id, rule_id, raised_at, returned_at FROM alarms
WHERE tenant_id = $1 AND site_id = $2 AND ($3::uuid[] IS NULL OR zone_id = ANY ($3))
  AND (returned_at IS NULL OR returned_at - raised_at > interval '24 hours')
  AND raised_at < $5::timestamptz - interval '24 hours' AND (returned_at IS NULL OR returned_at > $4)
ORDER BY raised_at, id LIMIT $6
"""


async def list_long(
    tx: Tx, tenant_id: UUID, site_id: UUID, zone_ids: Sequence[UUID] | None, start: datetime, end: datetime, most: int
) -> list[LongAlarm]:
    """Alarms that had been active for a day at some time of the period, the oldest ``most``."""
    rows = await tx.fetch(LIST_LONG, tenant_id, site_id, _ids(zone_ids), start, end, most)
    return [row_to(LongAlarm, r) for r in rows]


ZONES_OF_BUILDING = "SELECT id FROM zones WHERE tenant_id = $1 AND site_id = $2 AND building_id = $3"


async def list_zones_of_building(tx: Tx, tenant_id: UUID, site_id: UUID, building_id: UUID) -> list[UUID]:
    """The zones that are in the building now."""
    return [r["id"] for r in await tx.fetch(ZONES_OF_BUILDING, tenant_id, site_id, building_id)]


def _ids(zone_ids: Sequence[UUID] | None) -> list[UUID] | None:
    return None if zone_ids is None else list(zone_ids)
