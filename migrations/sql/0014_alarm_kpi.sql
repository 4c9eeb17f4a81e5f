-- What alarms did, as the figures of ISA-18.2 need it: an append-only log and its rollups.

-- One row per transition, written in its transaction. called_at: when the alarm called for attention: of a call its own
-- time, of an acknowledgement or a return the time of the call it answers. Figures belong to the call, so an answer
-- that comes after a period's end still counts in the period of its alarm; that is why the log is partitioned by it.
-- level and priority are the rule's as they were then. suppression: which kind began or ended.
CREATE TABLE alarm_events (
    tenant_id uuid NOT NULL,
    site_id uuid NOT NULL,
    called_at timestamptz NOT NULL,
    id uuid NOT NULL,
    at timestamptz NOT NULL,
    kind text NOT NULL CHECK (kind IN (
        'raised', 'reraised', 'acknowledged', 'returned', 'cleared', 'suppressed', 'unsuppressed')),
    rule_id uuid NOT NULL,
    zone_id uuid NOT NULL,
    alarm_id uuid,
    level smallint NOT NULL,
    priority text NOT NULL CHECK (priority IN ('low', 'medium', 'high')),
    suppression text NOT NULL CHECK (suppression IN ('none', 'shelved', 'by_design', 'out_of_service')),
    actor_id uuid,
    PRIMARY KEY (tenant_id, site_id, called_at, id),
    CHECK (at >= called_at)
) PARTITION BY RANGE (called_at);
CREATE INDEX alarm_events_rule ON alarm_events (tenant_id, rule_id, called_at);
SELECT muster_protect('alarm_events', 'SELECT, INSERT');

CREATE TABLE alarm_events_default PARTITION OF alarm_events DEFAULT;
SELECT readings_close_partition('alarm_events_default');

-- Months of the log, UTC, made ahead by the courier; returns how many were made. Rows of a month that wait in the default
-- partition move into it; ATTACH needs a lighter lock on the parent than CREATE ... PARTITION OF, so writers go on.
CREATE FUNCTION alarm_events_make_partitions(first_day date, last_day date) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public SET timezone = 'UTC'
AS $$
DECLARE
    made integer := 0;
    lower date;
    upper date;
    child text;
BEGIN
    IF last_day - first_day > 800 THEN
        RAISE EXCEPTION 'more than 800 days of partitions asked for';
    END IF;
    PERFORM pg_advisory_xact_lock(hashtext('alarm_events_make_partitions'));
    FOR lower IN SELECT generate_series(date_trunc('month', first_day), last_day, '1 month')::date LOOP
        upper := (lower + interval '1 month')::date;
        child := 'alarm_events_' || to_char(lower, 'YYYYMM');
        CONTINUE WHEN to_regclass(format('%I', child)) IS NOT NULL;
        EXECUTE format('CREATE TABLE %I (LIKE alarm_events INCLUDING DEFAULTS INCLUDING CONSTRAINTS)', child);
        LOCK TABLE alarm_events_default IN ACCESS EXCLUSIVE MODE;
        EXECUTE format(
            'WITH moved AS (DELETE FROM alarm_events_default WHERE called_at >= %L AND called_at < %L RETURNING *) '
            'INSERT INTO %I SELECT * FROM moved', lower::timestamptz, upper::timestamptz, child);
        EXECUTE format('ALTER TABLE alarm_events ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)',
            child, lower::timestamptz, upper::timestamptz);
        PERFORM readings_close_partition(child);
        made := made + 1;
    END LOOP;
    RETURN made;
END $$;
REVOKE EXECUTE ON FUNCTION alarm_events_make_partitions(date, date) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION alarm_events_make_partitions(date, date) TO muster_app;

-- Hours and days (UTC) of a site whose rollup does not hold all events. Written with the event and deleted with the
-- rollup, so in every snapshot: no row here means that the rollup is exact. Whoever writes an event locks its rows, and
-- the rollup waits for them.
CREATE TABLE alarm_rollups_due (
    tenant_id uuid NOT NULL REFERENCES tenants (tenant_id),
    site_id uuid NOT NULL,
    span text NOT NULL CHECK (span IN ('hour', 'day')),
    start timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, site_id, span, start),
    FOREIGN KEY (tenant_id, site_id) REFERENCES sites (tenant_id, id)
);
SELECT muster_protect('alarm_rollups_due');

-- Ten minutes of a zone; calls by priority, and what became of them.
CREATE TABLE alarm_bins (
    tenant_id uuid NOT NULL REFERENCES tenants (tenant_id),
    site_id uuid NOT NULL,
    bin timestamptz NOT NULL,
    zone_id uuid NOT NULL,
    low integer NOT NULL,
    medium integer NOT NULL,
    high integer NOT NULL,
    answered integer NOT NULL,
    fleeting integer NOT NULL,
    shelved integer NOT NULL,
    by_design integer NOT NULL,
    out_of_service integer NOT NULL,
    PRIMARY KEY (tenant_id, site_id, bin, zone_id)
);
SELECT muster_protect('alarm_bins', 'SELECT, INSERT, UPDATE');

-- A day (UTC) of a rule: its calls, and how many of them were the third or later within a minute.
CREATE TABLE alarm_rule_days (
    tenant_id uuid NOT NULL REFERENCES tenants (tenant_id),
    site_id uuid NOT NULL,
    day timestamptz NOT NULL,
    zone_id uuid NOT NULL,
    rule_id uuid NOT NULL,
    calls integer NOT NULL,
    chattering integer NOT NULL,
    PRIMARY KEY (tenant_id, site_id, day, zone_id, rule_id)
);
SELECT muster_protect('alarm_rule_days', 'SELECT, INSERT, UPDATE');

-- A day (UTC) of a zone: how many calls were acknowledged after how long, by step of the ladder in kpi_answers.py.
CREATE TABLE alarm_answer_days (
    tenant_id uuid NOT NULL REFERENCES tenants (tenant_id),
    site_id uuid NOT NULL,
    day timestamptz NOT NULL,
    zone_id uuid NOT NULL,
    step smallint NOT NULL,
    count integer NOT NULL,
    PRIMARY KEY (tenant_id, site_id, day, zone_id, step)
);
SELECT muster_protect('alarm_answer_days', 'SELECT, INSERT, UPDATE');

-- Alarms that stood for over a day, and those that stand.
CREATE INDEX alarms_long ON alarms (tenant_id, site_id, raised_at)
    WHERE returned_at IS NULL OR returned_at - raised_at > interval '24 hours';

-- What happened before this log was kept, as far as the episodes tell it.
WITH known AS (
    SELECT a.*, CASE WHEN a.level = 2 THEN 'high' WHEN r.toxic OR r.kind = 'no_effect' THEN 'medium' ELSE 'low' END AS priority
    FROM alarms a JOIN alarm_rules r ON r.tenant_id = a.tenant_id AND r.id = a.rule_id
), told AS (
    SELECT k.*, 'raised' AS event, k.raised_at AS event_at FROM known k
    UNION ALL
    SELECT k.*, 'acknowledged', k.acknowledged_at FROM known k WHERE k.acknowledged_at >= k.raised_at
    UNION ALL
    SELECT k.*, 'returned', k.returned_at FROM known k WHERE k.returned_at >= k.raised_at
)
INSERT INTO alarm_events (tenant_id, site_id, called_at, id, at, kind, rule_id, zone_id, alarm_id, level, priority,
    suppression, actor_id)
SELECT tenant_id, site_id, raised_at, gen_random_uuid(), event_at, event, rule_id, zone_id, id, level, priority, 'none',
    CASE WHEN event = 'acknowledged' THEN acknowledged_by END
FROM told;

INSERT INTO alarm_rollups_due (tenant_id, site_id, span, start)
SELECT DISTINCT tenant_id, site_id, span, date_trunc(span, called_at, 'UTC')
FROM alarm_events CROSS JOIN (VALUES ('hour'), ('day')) AS spans (span);
