-- Where people are: doors, badges, what badges and phones reported, visits; and the exposure that follows from it.

-- Visitors and contractors. Signed in and out by their host; a visit is a person to presence, as an account is.
CREATE TABLE visits (
    tenant_id uuid NOT NULL REFERENCES tenants (tenant_id),
    id uuid NOT NULL,
    site_id uuid NOT NULL,
    kind text NOT NULL CHECK (kind IN ('visitor', 'contractor')),
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
    company text,
    phone text,
    host_id uuid NOT NULL,
    zone_ids uuid[] NOT NULL DEFAULT '{}',
    badge text,
    emergency_contact text,
    induction_valid_until date,
    expected_from timestamptz NOT NULL,
    expected_until timestamptz NOT NULL,
    signed_in_at timestamptz,
    signed_in_by uuid,
    signed_out_at timestamptz,
    signed_out_by uuid,
    version integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, site_id) REFERENCES sites (tenant_id, id),
    FOREIGN KEY (tenant_id, host_id) REFERENCES accounts (tenant_id, id),
    CHECK (expected_from < expected_until),
    CHECK (signed_out_at IS NULL OR signed_in_at IS NOT NULL)
);
CREATE INDEX visits_newest ON visits (tenant_id, created_at DESC, id DESC);
CREATE INDEX visits_open ON visits (tenant_id, site_id) WHERE signed_in_at IS NOT NULL AND signed_out_at IS NULL;
SELECT muster_protect('visits');

-- A number printed on a card, and whose it is from when until when.
CREATE TABLE badges (
    tenant_id uuid NOT NULL REFERENCES tenants (tenant_id),
    id uuid NOT NULL,
    number text NOT NULL CHECK (length(number) BETWEEN 1 AND 64),
    account_id uuid,
    visit_id uuid,
    valid_from timestamptz NOT NULL,
    valid_until timestamptz,
    version integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, account_id) REFERENCES accounts (tenant_id, id),
    FOREIGN KEY (tenant_id, visit_id) REFERENCES visits (tenant_id, id) ON DELETE CASCADE,
    CHECK ((account_id IS NULL) <> (visit_id IS NULL)),
    CHECK (valid_until IS NULL OR valid_from <= valid_until)
);
CREATE INDEX badges_number ON badges (tenant_id, number, valid_from);
-- Two people can not hold one card for good.
CREATE UNIQUE INDEX badges_in_use ON badges (tenant_id, number) WHERE valid_until IS NULL;
CREATE INDEX badges_visit ON badges (tenant_id, visit_id) WHERE visit_id IS NOT NULL;
SELECT muster_protect('badges');

-- A reader of a door controller. "in" leads from from_zone to to_zone; gate: "in" enters the site, "out" leaves it.
CREATE TABLE doors (
    tenant_id uuid NOT NULL REFERENCES tenants (tenant_id),
    id uuid NOT NULL,
    site_id uuid NOT NULL,
    device_id uuid NOT NULL,
    door text NOT NULL CHECK (length(door) BETWEEN 1 AND 64),
    from_zone_id uuid,
    to_zone_id uuid,
    gate boolean NOT NULL,
    retired_at timestamptz,
    version integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, device_id, door),
    FOREIGN KEY (tenant_id, site_id) REFERENCES sites (tenant_id, id),
    FOREIGN KEY (tenant_id, device_id) REFERENCES devices (tenant_id, id),
    FOREIGN KEY (tenant_id, from_zone_id) REFERENCES zones (tenant_id, id),
    FOREIGN KEY (tenant_id, to_zone_id) REFERENCES zones (tenant_id, id)
);
CREATE INDEX doors_site ON doors (tenant_id, site_id);
SELECT muster_protect('doors');

-- Every badge at every reader, once (key). area_id: what "in" enters: the site for a gate, else the zone or the door.
-- fault: kept and not believed. No foreign key to a person: their deletion does not wait for the log.
CREATE TABLE badge_events (
    tenant_id uuid NOT NULL REFERENCES tenants (tenant_id),
    key text NOT NULL CHECK (length(key) BETWEEN 1 AND 200),
    id uuid NOT NULL,
    site_id uuid NOT NULL,
    device_id uuid NOT NULL,
    door text NOT NULL,
    badge text NOT NULL,
    direction text NOT NULL CHECK (direction IN ('in', 'out')),
    area_id uuid,
    zone_id uuid,
    off_site boolean NOT NULL,
    person_id uuid,
    kind text CHECK (kind IN ('staff', 'visitor', 'contractor')),
    fault text CHECK (fault IN ('clock', 'unknown_door', 'unknown_badge', 'denied')),
    observed_at timestamptz NOT NULL,
    received_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, key),
    FOREIGN KEY (tenant_id, site_id) REFERENCES sites (tenant_id, id)
);
CREATE INDEX badge_events_site ON badge_events (tenant_id, site_id, received_at DESC, id DESC);
CREATE INDEX badge_events_person ON badge_events (tenant_id, person_id, observed_at) WHERE person_id IS NOT NULL;
CREATE INDEX badge_events_age ON badge_events (tenant_id, received_at);
SELECT muster_protect('badge_events', 'SELECT, INSERT, DELETE');

-- Phone positions: the last of each minute, for as long as a dose needs them (upkeep deletes).
CREATE TABLE positions (
    tenant_id uuid NOT NULL REFERENCES tenants (tenant_id),
    account_id uuid NOT NULL,
    minute timestamptz NOT NULL,
    at timestamptz NOT NULL,
    key text NOT NULL,
    site_id uuid NOT NULL,
    zone_id uuid NOT NULL,
    level smallint NOT NULL,
    share double precision NOT NULL,
    lon double precision NOT NULL,
    lat double precision NOT NULL,
    accuracy_m double precision NOT NULL,
    received_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, account_id, minute),
    FOREIGN KEY (tenant_id, account_id) REFERENCES accounts (tenant_id, id)
);
CREATE INDEX positions_site ON positions (tenant_id, site_id, minute);
CREATE INDEX positions_age ON positions (tenant_id, minute);
SELECT muster_protect('positions');

-- The newest of each source for each person: what "where is everybody" reads. A register only moves forward in (at, key).
CREATE TABLE presence (
    tenant_id uuid NOT NULL REFERENCES tenants (tenant_id),
    person_id uuid NOT NULL,
    kind text NOT NULL CHECK (kind IN ('staff', 'visitor', 'contractor')),
    badge_at timestamptz,
    badge_key text,
    badge_site_id uuid,
    badge_zone_id uuid,
    badge_off_site boolean,
    fix_at timestamptz,
    fix_key text,
    fix_site_id uuid,
    fix_zone_id uuid,
    fix_level smallint,
    fix_share double precision,
    fix_lon double precision,
    fix_lat double precision,
    fix_accuracy_m double precision,
    visit_at timestamptz,
    visit_key text,
    visit_site_id uuid,
    visit_zone_id uuid,
    visit_over boolean,
    PRIMARY KEY (tenant_id, person_id)
);
SELECT muster_protect('presence');

-- Somebody's dose went over a limit: written once for as long as it stays over (ended_at).
CREATE TABLE exposure_events (
    tenant_id uuid NOT NULL REFERENCES tenants (tenant_id),
    id uuid NOT NULL,
    site_id uuid NOT NULL,
    person_id uuid NOT NULL,
    kind text NOT NULL CHECK (kind IN ('twa', 'stel', 'ceiling')),
    subject text NOT NULL,
    mixture boolean NOT NULL,
    zone_id uuid,
    fraction double precision NOT NULL,
    value double precision,
    limit_value double precision,
    unit text,
    source jsonb NOT NULL,
    unknown_min integer NOT NULL,
    confidence double precision NOT NULL,
    at timestamptz NOT NULL,
    ended_at timestamptz,
    PRIMARY KEY (tenant_id, id)
);
CREATE UNIQUE INDEX exposure_events_open ON exposure_events (tenant_id, person_id, kind, subject)
    WHERE ended_at IS NULL;
CREATE INDEX exposure_events_newest ON exposure_events (tenant_id, at DESC, id DESC);
SELECT muster_protect('exposure_events', 'SELECT, INSERT, UPDATE');

-- Windows also bound how often a phone reports its position, counted by the same rows.
ALTER TABLE sign_in_limits DROP CONSTRAINT IF EXISTS sign_in_limits_kind_check;
ALTER TABLE sign_in_limits ADD CONSTRAINT sign_in_limits_kind_check CHECK (kind ~ '^[a-z_]{1,32}$');

-- When the exposure of a site is looked at next.
CREATE TABLE exposure_watches (
    tenant_id uuid NOT NULL REFERENCES tenants (tenant_id),
    site_id uuid NOT NULL,
    due_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, site_id),
    FOREIGN KEY (tenant_id, site_id) REFERENCES sites (tenant_id, id)
);
SELECT muster_protect('exposure_watches');

-- Couriers watch the sites of every tenant; ids alone are handed out. Only where people can be placed at all.
CREATE FUNCTION muster_exposure_due(moment timestamptz, most integer) RETURNS TABLE (tenant_id uuid, site_id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public
AS $$
    SELECT s.tenant_id, s.id FROM sites s
    LEFT JOIN exposure_watches w ON w.tenant_id = s.tenant_id AND w.site_id = s.id
    WHERE (w.due_at IS NULL OR w.due_at <= moment)
      AND EXISTS (SELECT FROM presence p WHERE p.tenant_id = s.tenant_id)
    ORDER BY w.due_at NULLS FIRST, s.tenant_id, s.id
    LIMIT most
$$;

REVOKE EXECUTE ON FUNCTION muster_exposure_due(timestamptz, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION muster_exposure_due(timestamptz, integer) TO muster_app;
