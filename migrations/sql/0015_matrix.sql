-- Cause-and-effect matrices, their delayed effects, and replays of the past against a draft.

-- One row a version. body: causes (rows), effects (columns), cells. authors: everyone who has edited it; whoever reviews
-- it is none of them. A published version ends when the next one is published and stays readable.
CREATE TABLE matrices (
    tenant_id uuid NOT NULL REFERENCES tenants (tenant_id),
    id uuid NOT NULL,
    site_id uuid NOT NULL,
    number integer NOT NULL,
    state text NOT NULL CHECK (state IN ('draft', 'reviewed', 'published', 'superseded')),
    note text NOT NULL CHECK (length(note) <= 1000),
    body jsonb NOT NULL,
    authors uuid[] NOT NULL,
    version integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL,
    reviewed_by uuid,
    reviewed_at timestamptz,
    published_by uuid,
    published_at timestamptz,
    superseded_at timestamptz,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, site_id, number),
    FOREIGN KEY (tenant_id, site_id) REFERENCES sites (tenant_id, id),
    CHECK ((reviewed_by IS NULL) = (reviewed_at IS NULL)),
    CHECK ((state = 'draft') = (reviewed_by IS NULL)),
    CHECK (reviewed_by IS NULL OR NOT reviewed_by = ANY (authors)),
    CHECK ((state IN ('published', 'superseded')) = (published_at IS NOT NULL)),
    CHECK ((state = 'superseded') = (superseded_at IS NOT NULL))
);
CREATE UNIQUE INDEX matrices_published ON matrices (tenant_id, site_id) WHERE state = 'published';
SELECT muster_protect('matrices', 'SELECT, INSERT, UPDATE');

-- Effects that wait for their delay: written with the alarm, taken by a courier. alarm_id and since: the episode and the
-- time it called, so that a call has each effect once.
CREATE TABLE matrix_timers (
    tenant_id uuid NOT NULL REFERENCES tenants (tenant_id),
    id uuid NOT NULL,
    site_id uuid NOT NULL,
    incident_id uuid NOT NULL,
    alarm_id uuid NOT NULL,
    rule_id uuid NOT NULL,
    actuator_id uuid NOT NULL,
    action text NOT NULL,
    since timestamptz NOT NULL,
    due_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, alarm_id, actuator_id, action, since),
    FOREIGN KEY (tenant_id, incident_id) REFERENCES incidents (tenant_id, id)
);
CREATE INDEX matrix_timers_due ON matrix_timers (tenant_id, due_at);
SELECT muster_protect('matrix_timers', 'SELECT, INSERT, DELETE');

-- What a past period would have been under a draft. A replay reads and computes; it commands nothing.
CREATE TABLE matrix_replays (
    tenant_id uuid NOT NULL REFERENCES tenants (tenant_id),
    id uuid NOT NULL,
    site_id uuid NOT NULL,
    matrix_id uuid NOT NULL,
    against_id uuid,
    start_at timestamptz NOT NULL,
    end_at timestamptz NOT NULL,
    state text NOT NULL CHECK (state IN ('queued', 'running', 'done', 'cancelled', 'failed')),
    progress double precision NOT NULL CHECK (progress BETWEEN 0 AND 1),
    result jsonb,
    error text,
    requested_by uuid NOT NULL,
    requested_at timestamptz NOT NULL,
    ended_at timestamptz,
    lease_holder text,
    lease_until timestamptz,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, matrix_id) REFERENCES matrices (tenant_id, id),
    FOREIGN KEY (tenant_id, against_id) REFERENCES matrices (tenant_id, id),
    CHECK (start_at < end_at),
    CHECK ((state IN ('queued', 'running')) = (ended_at IS NULL)),
    CHECK ((state = 'done') = (result IS NOT NULL))
);
CREATE INDEX matrix_replays_open ON matrix_replays (tenant_id, requested_at) WHERE ended_at IS NULL;
CREATE INDEX matrix_replays_matrix ON matrix_replays (tenant_id, matrix_id, requested_at DESC);
SELECT muster_protect('matrix_replays', 'SELECT, INSERT, UPDATE');

-- Couriers serve every tenant; these hand out ids alone.
CREATE FUNCTION muster_matrix_replays_waiting(moment timestamptz, most integer) RETURNS TABLE (tenant_id uuid, id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public
AS $$
    SELECT r.tenant_id, r.id FROM matrix_replays r
    WHERE r.ended_at IS NULL AND (r.lease_until IS NULL OR r.lease_until <= moment)
    ORDER BY r.requested_at, r.id
    LIMIT most
$$;

CREATE FUNCTION muster_matrix_timers_due(moment timestamptz, most integer) RETURNS TABLE (tenant_id uuid, id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public
AS $$
    SELECT t.tenant_id, t.id FROM matrix_timers t WHERE t.due_at <= moment ORDER BY t.due_at, t.id LIMIT most
$$;

REVOKE EXECUTE ON FUNCTION muster_matrix_replays_waiting(timestamptz, integer),
    muster_matrix_timers_due(timestamptz, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION muster_matrix_replays_waiting(timestamptz, integer),
    muster_matrix_timers_due(timestamptz, integer) TO muster_app;
