-- Orders on their way to people, and every single attempt to send one.

-- A row is one order to one person. Each fact of the ladder has its own columns: when, and the evidence (the device that
-- stated it, the provider's message id). `state` is derived from them and repeated for reading. `content` is what the
-- person is told; `dedupe_key` lets a device show a repeated send once.
CREATE TABLE deliveries (
    tenant_id uuid NOT NULL REFERENCES tenants (tenant_id),
    id uuid NOT NULL,
    task_id uuid NOT NULL,
    incident_id uuid NOT NULL,
    account_id uuid NOT NULL,
    content jsonb NOT NULL,
    dedupe_key text NOT NULL CHECK (length(dedupe_key) BETWEEN 1 AND 64),
    task_fencing integer NOT NULL,
    state text NOT NULL CHECK (state IN (
        'queued', 'accepted', 'received', 'seen', 'acknowledged', 'moving',
        'declined', 'superseded', 'exhausted', 'cancelled')),
    queued_at timestamptz NOT NULL,
    accepted_at timestamptz,
    accepted_by text,
    accepted_message text,
    received_at timestamptz,
    received_by text,
    seen_at timestamptz,
    seen_by text,
    acknowledged_at timestamptz,
    acknowledged_by text,
    moving_at timestamptz,
    moving_by text,
    declined_at timestamptz,
    declined_by text,
    answer_at timestamptz,
    answer_no boolean,
    ended text CHECK (ended IN ('superseded', 'exhausted', 'cancelled')),
    ended_at timestamptz,
    channel text NOT NULL DEFAULT 'socket',
    step integer NOT NULL DEFAULT -1,
    step_at timestamptz,
    asked_at timestamptz,
    failures integer NOT NULL DEFAULT 0,
    retry_at timestamptz,
    in_flight boolean NOT NULL DEFAULT false,
    blocked boolean NOT NULL DEFAULT false,
    attempts integer NOT NULL DEFAULT 0,
    due_at timestamptz,
    lease_holder text,
    lease_until timestamptz,
    fencing bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, dedupe_key),
    FOREIGN KEY (tenant_id, task_id) REFERENCES tasks (tenant_id, id),
    FOREIGN KEY (tenant_id, incident_id) REFERENCES incidents (tenant_id, id),
    FOREIGN KEY (tenant_id, account_id) REFERENCES accounts (tenant_id, id),
    CHECK ((answer_at IS NULL) = (answer_no IS NULL)),
    CHECK ((ended IS NULL) = (ended_at IS NULL)),
    CHECK ((lease_holder IS NULL) = (lease_until IS NULL))
);
CREATE INDEX deliveries_due ON deliveries (tenant_id, due_at) WHERE due_at IS NOT NULL;
CREATE INDEX deliveries_task ON deliveries (tenant_id, task_id, queued_at);
CREATE INDEX deliveries_incident ON deliveries (tenant_id, incident_id, queued_at);
CREATE INDEX deliveries_account ON deliveries (tenant_id, account_id, queued_at DESC);
SELECT muster_protect('deliveries', 'SELECT, INSERT, UPDATE');

-- One row per send to one device on one channel; written before the send, completed after it. A row without an outcome
-- is a send whose courier died: what became of it is unknown, and it was sent again.
CREATE TABLE delivery_attempts (
    tenant_id uuid NOT NULL REFERENCES tenants (tenant_id),
    id uuid NOT NULL,
    delivery_id uuid NOT NULL,
    attempt integer NOT NULL,
    channel text NOT NULL,
    device_id uuid NOT NULL,
    started_at timestamptz NOT NULL,
    ended_at timestamptz,
    outcome text CHECK (outcome IN ('accepted', 'gone', 'refused', 'failed')),
    provider_message_id text,
    error_code text,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, delivery_id) REFERENCES deliveries (tenant_id, id),
    CHECK ((outcome IS NULL) = (ended_at IS NULL))
);
CREATE INDEX delivery_attempts_delivery ON delivery_attempts (tenant_id, delivery_id, attempt);
SELECT muster_protect('delivery_attempts', 'SELECT, INSERT, UPDATE');

-- Couriers serve every tenant. These two hand out ids and a time, nothing else; the rows are read in the tenant's own
-- transaction. The partial index holds open deliveries alone, so looking through it across tenants stays small.
CREATE FUNCTION muster_deliveries_due(moment timestamptz, most integer) RETURNS TABLE (tenant_id uuid, id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public
AS $$
    SELECT d.tenant_id, d.id FROM deliveries d
    WHERE d.due_at <= moment AND (d.lease_until IS NULL OR d.lease_until <= moment)
    ORDER BY d.due_at, d.id
    LIMIT most
$$;

CREATE FUNCTION muster_deliveries_next_due() RETURNS timestamptz
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public
AS $$ SELECT min(greatest(d.due_at, d.lease_until)) FROM deliveries d WHERE d.due_at IS NOT NULL $$;

REVOKE EXECUTE ON FUNCTION muster_deliveries_due(timestamptz, integer), muster_deliveries_next_due() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION muster_deliveries_due(timestamptz, integer), muster_deliveries_next_due() TO muster_app;
