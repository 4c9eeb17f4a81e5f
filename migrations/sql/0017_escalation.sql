-- Escalation by policy with a quorum by skill: who is asked in which order, until the right people are coming.

-- What a task needs ([] = one person, whoever it is) and the policy it names (NULL = the default): a whole policy, or
-- {"slug", "version"} of one in escalation_policies.
ALTER TABLE tasks ADD COLUMN needs jsonb NOT NULL DEFAULT '[]';
ALTER TABLE tasks ADD COLUMN policy jsonb;

-- A version is never changed: an escalation that runs keeps the copy it began with, and the record names the version.
CREATE TABLE escalation_policies (
    tenant_id uuid NOT NULL REFERENCES tenants (tenant_id),
    id uuid NOT NULL,
    slug text NOT NULL CHECK (slug ~ '^[a-z0-9][a-z0-9-]{0,62}$'),
    version integer NOT NULL CHECK (version > 0),
    title jsonb NOT NULL,
    body jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    created_by uuid NOT NULL,
    retired boolean NOT NULL DEFAULT false,
    PRIMARY KEY (tenant_id, id, version),
    UNIQUE (tenant_id, slug, version),
    FOREIGN KEY (tenant_id, created_by) REFERENCES accounts (tenant_id, id)
);
SELECT muster_protect('escalation_policies', 'SELECT, INSERT');

-- One row per task. `policy`, `needs` and `content` (what the asked are told) are as they were at the start; `met` and
-- `crew` repeat for reading what the answers make of the needs. `fencing` rises at every change: a decision made from an
-- older number is refused. due_at NULL: nothing happens before somebody answers.
CREATE TABLE escalations (
    tenant_id uuid NOT NULL REFERENCES tenants (tenant_id),
    task_id uuid NOT NULL,
    incident_id uuid NOT NULL,
    policy jsonb NOT NULL,
    needs jsonb NOT NULL,
    content jsonb NOT NULL,
    state text NOT NULL CHECK (state IN ('running', 'met', 'exhausted', 'paused', 'cancelled')),
    step integer NOT NULL CHECK (step >= 0),
    round integer NOT NULL CHECK (round >= 0),
    step_started_at timestamptz NOT NULL,
    met jsonb NOT NULL,
    crew jsonb NOT NULL,
    started_at timestamptz NOT NULL,
    met_at timestamptz,
    paused_until timestamptz,
    paused_by uuid,
    pause_reason text,
    due_at timestamptz,
    lease_holder text,
    lease_until timestamptz,
    fencing bigint NOT NULL DEFAULT 1,
    PRIMARY KEY (tenant_id, task_id),
    FOREIGN KEY (tenant_id, task_id) REFERENCES tasks (tenant_id, id),
    FOREIGN KEY (tenant_id, incident_id) REFERENCES incidents (tenant_id, id),
    FOREIGN KEY (tenant_id, paused_by) REFERENCES accounts (tenant_id, id),
    CHECK ((state = 'paused') = (paused_until IS NOT NULL)),
    CHECK ((paused_until IS NULL) = (pause_reason IS NULL)),
    CHECK ((state = 'met') <= (met_at IS NOT NULL)),
    CHECK ((lease_holder IS NULL) = (lease_until IS NULL))
);
CREATE INDEX escalations_due ON escalations (tenant_id, due_at, task_id) WHERE due_at IS NOT NULL;
CREATE INDEX escalations_leased ON escalations (tenant_id, lease_until) WHERE lease_until IS NOT NULL;
CREATE INDEX escalations_incident ON escalations (tenant_id, incident_id);
CREATE INDEX escalations_unanswered ON escalations (tenant_id, started_at) WHERE state = 'exhausted';
SELECT muster_protect('escalations', 'SELECT, INSERT, UPDATE');

-- Where in the policy a person was asked and why, how long they have (NULL: the installation's time) and on which
-- channels (NULL: all, in the installation's order). Until `counted_until` the escalation counts on their yes before it
-- asks others (NULL: as long as they are asked). `ended_why`: what ended the asking.
ALTER TABLE deliveries ADD COLUMN round integer NOT NULL DEFAULT 0;
ALTER TABLE deliveries ADD COLUMN policy_step integer;
ALTER TABLE deliveries ADD COLUMN because text NOT NULL DEFAULT '';
ALTER TABLE deliveries ADD COLUMN receipt_within_s double precision CHECK (receipt_within_s > 0);
ALTER TABLE deliveries ADD COLUMN acknowledge_within_s double precision CHECK (acknowledge_within_s > 0);
ALTER TABLE deliveries ADD COLUMN channels jsonb;
ALTER TABLE deliveries ADD COLUMN counted_until timestamptz;
ALTER TABLE deliveries ADD COLUMN ended_why text;

-- Couriers look across tenants for what is due: a probe of the index for each tenant, so that the work of a look grows
-- with what is due and not with what is open.
DROP INDEX deliveries_due;
CREATE INDEX deliveries_due ON deliveries (tenant_id, due_at, id) WHERE due_at IS NOT NULL;
CREATE INDEX deliveries_leased ON deliveries (tenant_id, lease_until) WHERE lease_until IS NOT NULL;

CREATE OR REPLACE FUNCTION muster_deliveries_due(moment timestamptz, most integer)
RETURNS TABLE (tenant_id uuid, id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public
AS $$
    SELECT t.tenant_id, due.id FROM tenants t
    CROSS JOIN LATERAL (
        SELECT d.id, d.due_at FROM deliveries d
        WHERE d.tenant_id = t.tenant_id AND d.due_at <= moment AND (d.lease_until IS NULL OR d.lease_until <= moment)
        ORDER BY d.due_at, d.id LIMIT most) due
    ORDER BY due.due_at, due.id LIMIT most
$$;

CREATE OR REPLACE FUNCTION muster_deliveries_next_due() RETURNS timestamptz
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public
AS $$
    SELECT min(least(free.due_at, held.until)) FROM tenants t
    LEFT JOIN LATERAL (
        SELECT d.due_at FROM deliveries d
        WHERE d.tenant_id = t.tenant_id AND d.due_at IS NOT NULL AND d.lease_until IS NULL
        ORDER BY d.due_at LIMIT 1) free ON true
    LEFT JOIN LATERAL (
        SELECT min(greatest(d.due_at, d.lease_until)) AS until FROM deliveries d
        WHERE d.tenant_id = t.tenant_id AND d.lease_until IS NOT NULL AND d.due_at IS NOT NULL) held ON true
$$;

CREATE FUNCTION muster_escalations_due(moment timestamptz, most integer) RETURNS TABLE (tenant_id uuid, task_id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public
AS $$
    SELECT t.tenant_id, due.task_id FROM tenants t
    CROSS JOIN LATERAL (
        SELECT e.task_id, e.due_at FROM escalations e
        WHERE e.tenant_id = t.tenant_id AND e.due_at <= moment AND (e.lease_until IS NULL OR e.lease_until <= moment)
        ORDER BY e.due_at, e.task_id LIMIT most) due
    ORDER BY due.due_at, due.task_id LIMIT most
$$;

CREATE FUNCTION muster_escalations_next_due() RETURNS timestamptz
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public
AS $$
    SELECT min(least(free.due_at, held.until)) FROM tenants t
    LEFT JOIN LATERAL (
        SELECT e.due_at FROM escalations e
        WHERE e.tenant_id = t.tenant_id AND e.due_at IS NOT NULL AND e.lease_until IS NULL
        ORDER BY e.due_at LIMIT 1) free ON true
    LEFT JOIN LATERAL (
        SELECT min(greatest(e.due_at, e.lease_until)) AS until FROM escalations e
        WHERE e.tenant_id = t.tenant_id AND e.lease_until IS NOT NULL AND e.due_at IS NOT NULL) held ON true
$$;

REVOKE EXECUTE ON FUNCTION muster_escalations_due(timestamptz, integer), muster_escalations_next_due() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION muster_escalations_due(timestamptz, integer), muster_escalations_next_due() TO muster_app;
