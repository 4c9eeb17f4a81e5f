-- Calls for help from a phone, the codes that end them, and people who work alone.

-- Two codes a person ends an alert with: the second answers the same and calls for help. Hashed like passwords.
CREATE TABLE sos_codes (
    tenant_id uuid NOT NULL REFERENCES tenants (tenant_id),
    account_id uuid NOT NULL,
    code_hash text NOT NULL,
    duress_hash text NOT NULL,
    set_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, account_id),
    FOREIGN KEY (tenant_id, account_id) REFERENCES accounts (tenant_id, id)
);
SELECT muster_protect('sos_codes');

-- One alert of one person. ended_at: what the phone was told; over_at: what is true. A duress code ends the one and not the
-- other. incident_id is NULL only while the alert is being written. place: as its incident names it. share: 0 to 1, how sure
-- the zone is; NULL with a zone that is only where the search begins.
CREATE TABLE sos_calls (
    tenant_id uuid NOT NULL REFERENCES tenants (tenant_id),
    id uuid NOT NULL,
    account_id uuid NOT NULL,
    name text NOT NULL,
    incident_id uuid,
    site_id uuid NOT NULL,
    zone_id uuid NOT NULL,
    kind text NOT NULL CHECK (kind IN ('duress_silent', 'medical', 'fall', 'trapped', 'missed_check_in')),
    place jsonb NOT NULL,
    located_by text NOT NULL
        CHECK (located_by IN ('phone', 'near', 'badge', 'visit', 'shift', 'marshal', 'session', 'site')),
    share double precision CHECK (share BETWEEN 0 AND 1),
    lon double precision,
    lat double precision,
    level smallint,
    accuracy_m double precision,
    located_at timestamptz,
    note text NOT NULL CHECK (length(note) <= 500),
    opened_at timestamptz NOT NULL,
    presses integer NOT NULL,
    pressed_at timestamptz NOT NULL,
    duress_at timestamptz,
    ended_at timestamptz,
    over_at timestamptz,
    session_id uuid,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, account_id) REFERENCES accounts (tenant_id, id),
    FOREIGN KEY (tenant_id, incident_id) REFERENCES incidents (tenant_id, id),
    CHECK ((lon IS NULL) = (lat IS NULL)),
    CHECK (over_at IS NULL OR ended_at IS NOT NULL)
);
CREATE UNIQUE INDEX sos_calls_open ON sos_calls (tenant_id, account_id) WHERE ended_at IS NULL;
CREATE UNIQUE INDEX sos_calls_session ON sos_calls (tenant_id, session_id) WHERE session_id IS NOT NULL;
CREATE INDEX sos_calls_account ON sos_calls (tenant_id, account_id) WHERE over_at IS NULL;
CREATE INDEX sos_calls_incident ON sos_calls (tenant_id, incident_id);
CREATE INDEX sos_calls_newest ON sos_calls (tenant_id, opened_at DESC, id DESC);
SELECT muster_protect('sos_calls', 'SELECT, INSERT, UPDATE');

-- Every press with a key of its own; the button is held and the line is bad, so most come many times.
CREATE TABLE sos_presses (
    tenant_id uuid NOT NULL REFERENCES tenants (tenant_id),
    account_id uuid NOT NULL,
    key text NOT NULL CHECK (length(key) BETWEEN 1 AND 100),
    sos_id uuid NOT NULL,
    device_id uuid,
    at timestamptz NOT NULL,
    received_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, account_id, key),
    FOREIGN KEY (tenant_id, sos_id) REFERENCES sos_calls (tenant_id, id)
);
SELECT muster_protect('sos_presses', 'SELECT, INSERT');

-- Where the person was while it lasted, as the phone said it.
CREATE TABLE sos_positions (
    tenant_id uuid NOT NULL REFERENCES tenants (tenant_id),
    sos_id uuid NOT NULL,
    at timestamptz NOT NULL,
    lon double precision NOT NULL,
    lat double precision NOT NULL,
    level smallint,
    accuracy_m double precision NOT NULL,
    zone_id uuid,
    received_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, sos_id, at),
    FOREIGN KEY (tenant_id, sos_id) REFERENCES sos_calls (tenant_id, id)
);
SELECT muster_protect('sos_positions', 'SELECT, INSERT');

-- Somebody who works alone and says every so often that they are well. deadline_at: the next word; remind_at: when the phone is
-- rung for it (NULL: done); raise_at: when help is called (deadline and grace). armed_at: the clock when these were set; a
-- clock that shows less was set back since, and the times move with it. ring_*: the reminder on its way.
CREATE TABLE lone_sessions (
    tenant_id uuid NOT NULL REFERENCES tenants (tenant_id),
    id uuid NOT NULL,
    account_id uuid NOT NULL,
    name text NOT NULL,
    site_id uuid NOT NULL,
    zone_id uuid,
    lon double precision,
    lat double precision,
    level smallint,
    accuracy_m double precision,
    note text NOT NULL CHECK (length(note) <= 500),
    interval_s integer NOT NULL CHECK (interval_s BETWEEN 60 AND 7200),
    grace_s integer NOT NULL CHECK (grace_s BETWEEN 30 AND 1800),
    activity_counts boolean NOT NULL,
    state text NOT NULL CHECK (state IN ('active', 'paused', 'ended', 'missed')),
    started_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL,
    checked_in_at timestamptz NOT NULL,
    checked_in_by text NOT NULL CHECK (checked_in_by IN ('start', 'tap', 'badge', 'message', 'resumed')),
    deadline_at timestamptz,
    remind_at timestamptz,
    raise_at timestamptz,
    paused_until timestamptz,
    armed_at timestamptz NOT NULL,
    due_at timestamptz,
    ended_at timestamptz,
    ended_by uuid,
    ring_due_at timestamptz,
    ring_lease_until timestamptz,
    ring_attempts integer NOT NULL DEFAULT 0,
    ring_taken integer NOT NULL DEFAULT 0,
    version integer NOT NULL DEFAULT 1,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, account_id) REFERENCES accounts (tenant_id, id),
    FOREIGN KEY (tenant_id, site_id) REFERENCES sites (tenant_id, id),
    FOREIGN KEY (tenant_id, zone_id) REFERENCES zones (tenant_id, id)
);
CREATE UNIQUE INDEX lone_sessions_running ON lone_sessions (tenant_id, account_id) WHERE state IN ('active', 'paused');
CREATE INDEX lone_sessions_due ON lone_sessions (tenant_id, due_at) WHERE due_at IS NOT NULL;
CREATE INDEX lone_sessions_ring ON lone_sessions (tenant_id, ring_due_at) WHERE ring_due_at IS NOT NULL;
CREATE INDEX lone_sessions_newest ON lone_sessions (tenant_id, started_at DESC, id DESC);
SELECT muster_protect('lone_sessions', 'SELECT, INSERT, UPDATE');

-- Couriers serve every tenant: ids and nothing else. slack_s: clocks of two machines differ by so much and were not set back.
CREATE FUNCTION muster_lone_sessions_due(moment timestamptz, slack_s double precision, most integer)
RETURNS TABLE (tenant_id uuid, id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public
AS $$
    SELECT s.tenant_id, s.id FROM lone_sessions s
    WHERE s.due_at IS NOT NULL
      AND (s.due_at <= moment OR s.armed_at > moment + make_interval(secs => slack_s))
    ORDER BY s.due_at, s.id
    LIMIT most
$$;
CREATE FUNCTION muster_lone_rings_due(moment timestamptz, most integer) RETURNS TABLE (tenant_id uuid, id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public
AS $$
    SELECT s.tenant_id, s.id FROM lone_sessions s
    WHERE s.ring_due_at <= moment AND (s.ring_lease_until IS NULL OR s.ring_lease_until <= moment)
    ORDER BY s.ring_due_at, s.id
    LIMIT most
$$;
REVOKE EXECUTE ON FUNCTION muster_lone_sessions_due(timestamptz, double precision, integer),
    muster_lone_rings_due(timestamptz, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION muster_lone_sessions_due(timestamptz, double precision, integer),
    muster_lone_rings_due(timestamptz, integer) TO muster_app;
