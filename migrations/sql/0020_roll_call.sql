-- Evacuations and their roll calls: who is expected, what was said of each, by whom; and who leads an incident.

-- Where people gather. position: GeoJSON Point, WGS 84.
CREATE TABLE assembly_points (
    tenant_id uuid NOT NULL REFERENCES tenants (tenant_id),
    id uuid NOT NULL,
    site_id uuid NOT NULL,
    slug text NOT NULL CHECK (slug ~ '^[a-z0-9][a-z0-9-]{0,62}$'),
    name jsonb NOT NULL,
    position jsonb NOT NULL,
    level smallint NOT NULL,
    capacity integer CHECK (capacity > 0),
    retired_at timestamptz,
    version integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, site_id, slug),
    FOREIGN KEY (tenant_id, site_id) REFERENCES sites (tenant_id, id)
);
SELECT muster_protect('assembly_points');

-- Who leads an incident now; command is never shared. version grows with every change of hands.
CREATE TABLE incident_commanders (
    tenant_id uuid NOT NULL REFERENCES tenants (tenant_id),
    incident_id uuid NOT NULL,
    account_id uuid NOT NULL,
    since timestamptz NOT NULL,
    version integer NOT NULL,
    PRIMARY KEY (tenant_id, incident_id),
    FOREIGN KEY (tenant_id, incident_id) REFERENCES incidents (tenant_id, id),
    FOREIGN KEY (tenant_id, account_id) REFERENCES accounts (tenant_id, id)
);
SELECT muster_protect('incident_commanders');

-- counts repeats what the marks say, so that a room's snapshot needs no merge: expected, accounted, need_help, missing,
-- unsure, left. search_due_at: when those still missing go to a search by themselves. look_at: when a courier looks at it
-- next, to order people out, to see who left by a gate, to send the search. evacuate_task_id: what people are ordered by.
CREATE TABLE roll_calls (
    tenant_id uuid NOT NULL REFERENCES tenants (tenant_id),
    id uuid NOT NULL,
    incident_id uuid NOT NULL,
    site_id uuid NOT NULL,
    scope text NOT NULL CHECK (scope IN ('zones', 'building', 'site')),
    zone_ids uuid[] NOT NULL,
    building_id uuid,
    place jsonb NOT NULL,
    reason text NOT NULL,
    exercise boolean NOT NULL,
    state text NOT NULL CHECK (state IN ('open', 'all_clear', 're_entry')),
    started_at timestamptz NOT NULL,
    started_by uuid,
    search_due_at timestamptz,
    search_task_id uuid,
    evacuate_task_id uuid,
    look_at timestamptz,
    all_clear_at timestamptz,
    all_clear_by uuid,
    re_entry_at timestamptz,
    re_entry_by uuid,
    counts jsonb NOT NULL,
    version integer NOT NULL DEFAULT 1,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, incident_id) REFERENCES incidents (tenant_id, id),
    FOREIGN KEY (tenant_id, site_id) REFERENCES sites (tenant_id, id)
);
CREATE INDEX roll_calls_incident ON roll_calls (tenant_id, incident_id);
CREATE INDEX roll_calls_newest ON roll_calls (tenant_id, started_at DESC, id DESC);
CREATE INDEX roll_calls_look ON roll_calls (tenant_id, look_at) WHERE look_at IS NOT NULL;
SELECT muster_protect('roll_calls', 'SELECT, INSERT, UPDATE');

-- Everyone expected, as believed when the roll call began, and whoever was added. person_id: an account, a visit, or for
-- somebody nobody knew of an id of the marshal's own.
CREATE TABLE roll_call_people (
    tenant_id uuid NOT NULL REFERENCES tenants (tenant_id),
    roll_call_id uuid NOT NULL,
    person_id uuid NOT NULL,
    kind text NOT NULL CHECK (kind IN ('staff', 'visitor', 'contractor', 'unlisted')),
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    host_id uuid,
    source text NOT NULL CHECK (source IN ('badge', 'phone', 'visit', 'shift', 'marshal')),
    zone_id uuid,
    level smallint,
    seen_at timestamptz,
    confidence double precision NOT NULL CHECK (confidence BETWEEN 0 AND 1),
    status text NOT NULL CHECK (status IN ('accounted', 'need_help', 'left', 'missing', 'unsure')),
    contested boolean NOT NULL DEFAULT false,
    assembly_point_id uuid,
    status_at timestamptz,
    ordered_at timestamptz,
    PRIMARY KEY (tenant_id, roll_call_id, person_id),
    FOREIGN KEY (tenant_id, roll_call_id) REFERENCES roll_calls (tenant_id, id)
);
CREATE INDEX roll_call_people_to_order ON roll_call_people (tenant_id, roll_call_id)
    WHERE ordered_at IS NULL AND kind = 'staff';
SELECT muster_protect('roll_call_people', 'SELECT, INSERT, UPDATE');

-- The operation log: append-only, one row an operation, keyed by the client. seen names the operations its author knew
-- of this person, which it replaces; what nobody replaced stands. number orders a page of them, nothing else. by_account
-- NULL: Muster itself, from a gate.
CREATE TABLE roll_call_marks (
    tenant_id uuid NOT NULL REFERENCES tenants (tenant_id),
    roll_call_id uuid NOT NULL,
    id uuid NOT NULL,
    number bigint GENERATED ALWAYS AS IDENTITY,
    person_id uuid NOT NULL,
    said text NOT NULL CHECK (said IN ('safe', 'need_help', 'left', 'not_here', 'withdrawn')),
    seen uuid[] NOT NULL,
    by_account uuid,
    assembly_point_id uuid,
    position jsonb,
    note text NOT NULL CHECK (length(note) <= 500),
    at timestamptz NOT NULL,
    received_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, roll_call_id, id),
    FOREIGN KEY (tenant_id, roll_call_id) REFERENCES roll_calls (tenant_id, id)
);
CREATE INDEX roll_call_marks_number ON roll_call_marks (tenant_id, roll_call_id, number);
SELECT muster_protect('roll_call_marks', 'SELECT, INSERT');

CREATE TABLE roll_call_marshals (
    tenant_id uuid NOT NULL REFERENCES tenants (tenant_id),
    roll_call_id uuid NOT NULL,
    account_id uuid NOT NULL,
    assembly_point_id uuid NOT NULL,
    since timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, roll_call_id, account_id),
    FOREIGN KEY (tenant_id, roll_call_id) REFERENCES roll_calls (tenant_id, id),
    FOREIGN KEY (tenant_id, account_id) REFERENCES accounts (tenant_id, id),
    FOREIGN KEY (tenant_id, assembly_point_id) REFERENCES assembly_points (tenant_id, id)
);
SELECT muster_protect('roll_call_marshals');

-- Couriers serve every tenant: ids and nothing else.
CREATE FUNCTION muster_roll_calls_due(moment timestamptz, most integer) RETURNS TABLE (tenant_id uuid, id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public
AS $$
    SELECT r.tenant_id, r.id FROM roll_calls r WHERE r.look_at <= moment ORDER BY r.look_at, r.id LIMIT most
$$;
REVOKE EXECUTE ON FUNCTION muster_roll_calls_due(timestamptz, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION muster_roll_calls_due(timestamptz, integer) TO muster_app;
