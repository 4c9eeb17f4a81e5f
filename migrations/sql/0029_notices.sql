-- Notices: what somebody should know and nobody waits for. Orders have deliveries; this is the quiet way.

-- One notice to one person; the same key twice is one. facts: what it says, put into words when it is read.
-- push: waiting to be sent; quiet: kept until the person may be disturbed; accepted: a push service took it, which says
-- nothing about the phone; unreachable: no phone of theirs has a push address; given_up: no service took it;
-- unneeded: it was read before it was sent.
CREATE TABLE notices (
    tenant_id uuid NOT NULL REFERENCES tenants (tenant_id),
    id uuid NOT NULL,
    account_id uuid NOT NULL,
    kind text NOT NULL CHECK (kind IN ('swap.proposed', 'swap.decided', 'exposure.exceeded', 'calibration.due',
        'qualification.expiring', 'qualification.expired', 'phone.not_ready', 'comm_test.failed')),
    subject_id uuid NOT NULL,
    facts jsonb NOT NULL CHECK (octet_length(facts::text) <= 16000),
    urgent boolean NOT NULL,
    key text NOT NULL CHECK (length(key) BETWEEN 1 AND 200),
    created_at timestamptz NOT NULL,
    read_at timestamptz,
    push text NOT NULL CHECK (push IN ('waiting', 'quiet', 'accepted', 'unreachable', 'given_up', 'unneeded')),
    attempts integer NOT NULL DEFAULT 0,
    next_attempt_at timestamptz,
    lease_until timestamptz,
    pushed_at timestamptz,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, account_id, key),
    FOREIGN KEY (tenant_id, account_id) REFERENCES accounts (tenant_id, id),
    CHECK ((push IN ('waiting', 'quiet')) = (next_attempt_at IS NOT NULL)),
    CHECK ((push = 'accepted') = (pushed_at IS NOT NULL))
);
CREATE INDEX notices_newest ON notices (tenant_id, account_id, created_at DESC, id DESC);
CREATE INDEX notices_unread ON notices (tenant_id, account_id) WHERE read_at IS NULL;
CREATE INDEX notices_due ON notices (tenant_id, next_attempt_at) WHERE next_attempt_at IS NOT NULL;
CREATE INDEX notices_age ON notices (tenant_id, created_at);
SELECT muster_protect('notices');

-- closed_at: who was not reached has been told of.
ALTER TABLE comm_tests ADD COLUMN closed_at timestamptz;
GRANT UPDATE (closed_at) ON comm_tests TO muster_app;
CREATE INDEX comm_tests_open ON comm_tests (tenant_id, ends_at) WHERE closed_at IS NULL;

-- Couriers serve every tenant: ids and nothing else. What is urgent goes first.
CREATE FUNCTION muster_notices_due(moment timestamptz, most integer) RETURNS TABLE (tenant_id uuid, account_id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public
AS $$
    SELECT n.tenant_id, n.account_id FROM notices n
    WHERE n.next_attempt_at <= moment AND (n.lease_until IS NULL OR n.lease_until <= moment)
    GROUP BY n.tenant_id, n.account_id
    ORDER BY bool_or(n.urgent) DESC, min(n.next_attempt_at), n.account_id
    LIMIT most
$$;
-- A test that ended while nothing ran for a week is no news any more.
CREATE FUNCTION muster_comm_tests_over(moment timestamptz) RETURNS TABLE (tenant_id uuid, id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public
AS $$
    SELECT t.tenant_id, t.id FROM comm_tests t
    WHERE t.closed_at IS NULL AND t.ends_at <= moment AND t.ends_at > moment - interval '7 days'
    ORDER BY t.ends_at, t.id
    LIMIT 100
$$;
REVOKE EXECUTE ON FUNCTION muster_notices_due(timestamptz, integer), muster_comm_tests_over(timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION muster_notices_due(timestamptz, integer), muster_comm_tests_over(timestamptz) TO muster_app;
