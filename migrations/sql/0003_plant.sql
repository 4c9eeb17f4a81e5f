-- Sites, buildings, zones, devices, sensors, actuators, commands, readings, refusals, leases.

CREATE TABLE sites (
    tenant_id uuid NOT NULL REFERENCES tenants (tenant_id),
    id uuid NOT NULL,
    slug text NOT NULL CHECK (slug ~ '^[a-z0-9][a-z0-9-]{0,62}$'),
    name jsonb NOT NULL,
    tz text NOT NULL,
    version integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, slug)
);
SELECT muster_protect('sites');

CREATE TABLE buildings (
    tenant_id uuid NOT NULL REFERENCES tenants (tenant_id),
    id uuid NOT NULL,
    site_id uuid NOT NULL,
    slug text NOT NULL CHECK (slug ~ '^[a-z0-9][a-z0-9-]{0,62}$'),
    name jsonb NOT NULL,
    version integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, site_id, slug),
    FOREIGN KEY (tenant_id, site_id) REFERENCES sites (tenant_id, id)
);
SELECT muster_protect('buildings');

-- polygon: GeoJSON Polygon, WGS 84; adjoining: ids of zones with a shared wall or a narrow gap on the same level.
CREATE TABLE zones (
    tenant_id uuid NOT NULL REFERENCES tenants (tenant_id),
    id uuid NOT NULL,
    site_id uuid NOT NULL,
    building_id uuid,
    slug text NOT NULL CHECK (slug ~ '^[a-z0-9][a-z0-9-]{0,62}$'),
    name jsonb NOT NULL,
    polygon jsonb NOT NULL,
    level smallint NOT NULL,
    risk smallint NOT NULL CHECK (risk BETWEEN 0 AND 3),
    agents text[] NOT NULL DEFAULT '{}',
    adjoining uuid[] NOT NULL DEFAULT '{}',
    version integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, site_id, slug),
    FOREIGN KEY (tenant_id, site_id) REFERENCES sites (tenant_id, id),
    FOREIGN KEY (tenant_id, building_id) REFERENCES buildings (tenant_id, id)
);
SELECT muster_protect('zones');

CREATE TABLE devices (
    tenant_id uuid NOT NULL REFERENCES tenants (tenant_id),
    id uuid NOT NULL,
    site_id uuid NOT NULL,
    slug text NOT NULL CHECK (slug ~ '^[a-z0-9][a-z0-9-]{0,62}$'),
    name jsonb NOT NULL,
    secret_hash text NOT NULL,
    revoked_at timestamptz,
    version integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, site_id, slug),
    FOREIGN KEY (tenant_id, site_id) REFERENCES sites (tenant_id, id)
);
SELECT muster_protect('devices');

-- What a device last said about itself; apart from devices so that chatter does not change what an admin edits.
CREATE TABLE device_states (
    tenant_id uuid NOT NULL REFERENCES tenants (tenant_id),
    device_id uuid NOT NULL,
    online boolean NOT NULL,
    at timestamptz NOT NULL,
    firmware text,
    battery double precision,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, device_id),
    FOREIGN KEY (tenant_id, device_id) REFERENCES devices (tenant_id, id)
);
SELECT muster_protect('device_states');

CREATE TABLE sensors (
    tenant_id uuid NOT NULL REFERENCES tenants (tenant_id),
    id uuid NOT NULL,
    site_id uuid NOT NULL,
    device_id uuid NOT NULL,
    zone_id uuid NOT NULL,
    series text NOT NULL CHECK (length(series) BETWEEN 1 AND 64),
    name jsonb NOT NULL,
    quantity text NOT NULL,
    unit text NOT NULL,
    agent text,
    calibration_due date,
    stale_after_s double precision NOT NULL CHECK (stale_after_s > 0),
    retired_at timestamptz,
    version integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, device_id, series),
    FOREIGN KEY (tenant_id, site_id) REFERENCES sites (tenant_id, id),
    FOREIGN KEY (tenant_id, device_id) REFERENCES devices (tenant_id, id),
    FOREIGN KEY (tenant_id, zone_id) REFERENCES zones (tenant_id, id)
);
CREATE INDEX sensors_site ON sensors (tenant_id, site_id);
SELECT muster_protect('sensors');

-- expected: action -> what proves it. With a feedback sensor its reading is the proof, else the device's feedback state.
CREATE TABLE actuators (
    tenant_id uuid NOT NULL REFERENCES tenants (tenant_id),
    id uuid NOT NULL,
    site_id uuid NOT NULL,
    device_id uuid NOT NULL,
    zone_id uuid NOT NULL,
    slug text NOT NULL CHECK (slug ~ '^[a-z0-9][a-z0-9-]{0,62}$'),
    name jsonb NOT NULL,
    kind text NOT NULL CHECK (kind IN ('fan', 'siren', 'beacon', 'valve', 'machine_stop')),
    feedback_sensor_id uuid,
    expected jsonb NOT NULL,
    deadline_s double precision NOT NULL CHECK (deadline_s > 0),
    retired_at timestamptz,
    version integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, device_id, slug),
    FOREIGN KEY (tenant_id, site_id) REFERENCES sites (tenant_id, id),
    FOREIGN KEY (tenant_id, device_id) REFERENCES devices (tenant_id, id),
    FOREIGN KEY (tenant_id, zone_id) REFERENCES zones (tenant_id, id),
    FOREIGN KEY (tenant_id, feedback_sensor_id) REFERENCES sensors (tenant_id, id)
);
CREATE INDEX actuators_site ON actuators (tenant_id, site_id);
SELECT muster_protect('actuators');

-- incident_id has no foreign key: incidents stand above the plant. next_attempt_at set: still being sent, which goes on
-- for a while after the deadline has passed and the alarm is raised.
CREATE TABLE commands (
    tenant_id uuid NOT NULL REFERENCES tenants (tenant_id),
    id uuid NOT NULL,
    key text NOT NULL CHECK (length(key) BETWEEN 1 AND 200),
    site_id uuid NOT NULL,
    actuator_id uuid NOT NULL,
    action text NOT NULL,
    reason text NOT NULL,
    requested_by uuid,
    incident_id uuid,
    inhibited boolean NOT NULL DEFAULT false,
    state text NOT NULL CHECK (state IN ('requested', 'sent', 'confirmed', 'failed', 'timed_out')),
    attempts integer NOT NULL DEFAULT 0,
    requested_at timestamptz NOT NULL,
    sent_at timestamptz,
    deadline_at timestamptz NOT NULL,
    next_attempt_at timestamptz,
    ended_at timestamptz,
    feedback jsonb,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, key),
    FOREIGN KEY (tenant_id, site_id) REFERENCES sites (tenant_id, id),
    FOREIGN KEY (tenant_id, actuator_id) REFERENCES actuators (tenant_id, id),
    CHECK ((state IN ('requested', 'sent')) = (ended_at IS NULL))
);
CREATE INDEX commands_live ON commands (tenant_id, site_id) WHERE next_attempt_at IS NOT NULL;
CREATE INDEX commands_newest ON commands (tenant_id, requested_at DESC, id DESC);
CREATE INDEX commands_actuator ON commands (tenant_id, actuator_id, requested_at DESC);
CREATE INDEX commands_incident ON commands (tenant_id, incident_id) WHERE incident_id IS NOT NULL;
SELECT muster_protect('commands', 'SELECT, INSERT, UPDATE');

-- One row a value. value NULL: the device said it has none, a gap and never "normal". quality: 0 good, 1 gap, 2 late.
-- No foreign key: 15,000 look-ups a second would prove what the gateway's directory has already proven.
CREATE TABLE readings (
    tenant_id uuid NOT NULL,
    sensor_id uuid NOT NULL,
    observed_at timestamptz NOT NULL,
    received_at timestamptz NOT NULL,
    value double precision,
    quality smallint NOT NULL,
    PRIMARY KEY (tenant_id, sensor_id, observed_at)
) PARTITION BY RANGE (observed_at);
CREATE INDEX readings_time ON readings USING brin (observed_at);
SELECT muster_protect('readings', 'SELECT, INSERT');

-- One row a minute and sensor; gaps counts readings without a value. Stays after the raw readings are retired.
CREATE TABLE reading_minutes (
    tenant_id uuid NOT NULL,
    sensor_id uuid NOT NULL,
    minute timestamptz NOT NULL,
    min double precision,
    max double precision,
    avg double precision,
    count integer NOT NULL,
    gaps integer NOT NULL,
    PRIMARY KEY (tenant_id, sensor_id, minute)
) PARTITION BY RANGE (minute);
CREATE INDEX reading_minutes_time ON reading_minutes USING brin (minute);
SELECT muster_protect('reading_minutes', 'SELECT, INSERT, UPDATE');

-- Partitions are reached through their parent alone: no grants, the owner's policy and no other.
CREATE FUNCTION readings_close_partition(table_name text) RETURNS void
LANGUAGE plpgsql
AS $$
BEGIN
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', table_name);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', table_name);
    EXECUTE format('CREATE POLICY owner_directory ON %I TO CURRENT_USER USING (true)', table_name);
END $$;

CREATE TABLE readings_default PARTITION OF readings DEFAULT;
SELECT readings_close_partition('readings_default');
CREATE TABLE reading_minutes_default PARTITION OF reading_minutes DEFAULT;
SELECT readings_close_partition('reading_minutes_default');

-- Make one partition; rows of that range that wait in the default partition move into it. ATTACH needs a lighter lock
-- on the parent than CREATE ... PARTITION OF, so writers go on.
CREATE FUNCTION readings_make_partition(parent text, key text, suffix text, lower timestamptz, upper timestamptz)
RETURNS boolean
LANGUAGE plpgsql
AS $$
DECLARE
    child text := parent || '_' || suffix;
BEGIN
    IF to_regclass(format('%I', child)) IS NOT NULL THEN
        RETURN false;
    END IF;
    EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING DEFAULTS)', child, parent);
    EXECUTE format('LOCK TABLE %I IN ACCESS EXCLUSIVE MODE', parent || '_default');
    EXECUTE format(
        'WITH moved AS (DELETE FROM %I WHERE %I >= %L AND %I < %L RETURNING *) INSERT INTO %I SELECT * FROM moved',
        parent || '_default', key, lower, key, upper, child);
    EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', parent, child, lower, upper);
    PERFORM readings_close_partition(child);
    RETURN true;
END $$;

-- Days of readings and months of minutes from first_day to last_day, UTC; returns how many tables were made.
CREATE FUNCTION readings_make_partitions(first_day date, last_day date) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public SET timezone = 'UTC'
AS $$
DECLARE
    made integer := 0;
    d date;
BEGIN
    -- A year and a bit is more than any caller needs; a mistaken date must not make a million tables.
    IF last_day - first_day > 400 THEN
        RAISE EXCEPTION 'more than 400 days of partitions asked for';
    END IF;
    -- Two roles that start together make each partition once.
    PERFORM pg_advisory_xact_lock(hashtext('readings_make_partitions'));
    FOR d IN SELECT generate_series(first_day, last_day, '1 day')::date LOOP
        made := made + readings_make_partition(
            'readings', 'observed_at', to_char(d, 'YYYYMMDD'), d::timestamptz, (d + 1)::timestamptz)::integer;
    END LOOP;
    FOR d IN SELECT generate_series(date_trunc('month', first_day), last_day, '1 month')::date LOOP
        made := made + readings_make_partition(
            'reading_minutes', 'minute', to_char(d, 'YYYYMM'), d::timestamptz,
            (d + interval '1 month')::date::timestamptz)::integer;
    END LOOP;
    RETURN made;
END $$;

-- Drop whole days of raw readings before the day; rows of odd dates leave the default partition too.
CREATE FUNCTION readings_retire(before date) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public SET timezone = 'UTC'
AS $$
DECLARE
    dropped integer := 0;
    child text;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('readings_make_partitions'));
    FOR child IN
        SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
        WHERE i.inhparent = 'readings'::regclass AND c.relname ~ '^readings_[0-9]{8}$'
          AND c.relname < 'readings_' || to_char(before, 'YYYYMMDD')
    LOOP
        EXECUTE format('DROP TABLE %I', child);
        dropped := dropped + 1;
    END LOOP;
    DELETE FROM readings_default WHERE observed_at < before::timestamptz;
    RETURN dropped;
END $$;

REVOKE EXECUTE ON FUNCTION readings_close_partition(text),
    readings_make_partition(text, text, text, timestamptz, timestamptz),
    readings_make_partitions(date, date), readings_retire(date) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION readings_make_partitions(date, date), readings_retire(date) TO muster_app;

-- How far the minutes of a site are computed; minutes older than that which got late readings.
CREATE TABLE site_rollups (
    tenant_id uuid NOT NULL REFERENCES tenants (tenant_id),
    site_id uuid NOT NULL,
    rolled_until timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, site_id),
    FOREIGN KEY (tenant_id, site_id) REFERENCES sites (tenant_id, id)
);
SELECT muster_protect('site_rollups');

CREATE TABLE late_minutes (
    tenant_id uuid NOT NULL REFERENCES tenants (tenant_id),
    site_id uuid NOT NULL,
    sensor_id uuid NOT NULL,
    minute timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, site_id, sensor_id, minute)
);
SELECT muster_protect('late_minutes');

-- Refused payloads, counted by device and reason: a flood of bad payloads moves a counter and fills no disk.
-- device is '' for a device Muster does not know (its name is in the last detail): senders can not invent rows.
CREATE TABLE ingest_refusals (
    tenant_id uuid NOT NULL REFERENCES tenants (tenant_id),
    site_id uuid NOT NULL,
    device text NOT NULL,
    code text NOT NULL,
    count bigint NOT NULL,
    first_at timestamptz NOT NULL,
    last_at timestamptz NOT NULL,
    detail text NOT NULL,
    topic text NOT NULL,
    sample bytea NOT NULL CHECK (length(sample) <= 256),
    PRIMARY KEY (tenant_id, site_id, device, code),
    FOREIGN KEY (tenant_id, site_id) REFERENCES sites (tenant_id, id)
);
SELECT muster_protect('ingest_refusals');

-- Readings that came by HTTP and were promised to their device; the site's gateway takes them through the same path as
-- those from MQTT and deletes the row in the transaction that stores them.
CREATE TABLE ingest_inbox (
    tenant_id uuid NOT NULL REFERENCES tenants (tenant_id),
    id uuid NOT NULL,
    site_id uuid NOT NULL,
    readings jsonb NOT NULL,
    received_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, site_id, id),
    FOREIGN KEY (tenant_id, site_id) REFERENCES sites (tenant_id, id)
);
SELECT muster_protect('ingest_inbox', 'SELECT, INSERT, DELETE');

-- Who serves a site's devices. fencing grows with every change of holder: a writer that lost the lease is told so.
CREATE TABLE site_leases (
    tenant_id uuid NOT NULL REFERENCES tenants (tenant_id),
    site_id uuid NOT NULL,
    holder text NOT NULL,
    fencing bigint NOT NULL,
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, site_id),
    FOREIGN KEY (tenant_id, site_id) REFERENCES sites (tenant_id, id)
);
SELECT muster_protect('site_leases');

-- Live gateways of every tenant; reached through the two functions below alone, so it grants nothing.
CREATE TABLE gateways (
    holder text PRIMARY KEY,
    expires_at timestamptz NOT NULL
);
ALTER TABLE gateways ENABLE ROW LEVEL SECURITY;
ALTER TABLE gateways FORCE ROW LEVEL SECURITY;
CREATE POLICY owner_directory ON gateways TO CURRENT_USER USING (true);

-- One gateway says it lives; returns its fair share of sites: sites / live gateways, rounded up.
CREATE FUNCTION gateway_beat(who text, at timestamptz, until timestamptz) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public
AS $$
DECLARE
    live integer;
BEGIN
    INSERT INTO gateways (holder, expires_at) VALUES (who, until)
    ON CONFLICT (holder) DO UPDATE SET expires_at = excluded.expires_at;
    DELETE FROM gateways WHERE expires_at < at;
    SELECT count(*) INTO live FROM gateways;
    RETURN ((SELECT count(*) FROM sites) + live - 1) / greatest(live, 1);
END $$;

CREATE FUNCTION gateway_leave(who text) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = public
AS $$ DELETE FROM gateways WHERE holder = who $$;

-- Ids of the sites a gateway may take now: never leased, expired, or its own.
CREATE FUNCTION gateway_free_sites(who text, at timestamptz) RETURNS TABLE (tenant_id uuid, site_id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public
AS $$
    SELECT s.tenant_id, s.id FROM sites s
    LEFT JOIN site_leases l ON l.tenant_id = s.tenant_id AND l.site_id = s.id
    WHERE l.site_id IS NULL OR l.expires_at < at OR l.holder = who
    ORDER BY s.tenant_id, s.id
$$;

REVOKE EXECUTE ON FUNCTION gateway_beat(text, timestamptz, timestamptz), gateway_leave(text),
    gateway_free_sites(text, timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION gateway_beat(text, timestamptz, timestamptz), gateway_leave(text),
    gateway_free_sites(text, timestamptz) TO muster_app;
