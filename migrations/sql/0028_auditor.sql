-- The auditor: what is stuck, found by indexes that hold next to nothing while all is well.

CREATE INDEX deliveries_lost ON deliveries (tenant_id, id)
    WHERE due_at IS NULL AND ended IS NULL AND answer_at IS NULL;
CREATE INDEX commands_unproven ON commands (tenant_id, deadline_at) WHERE state IN ('requested', 'sent');

-- What was found stuck, since when, how often it was put right, and when it was seen to move again.
CREATE TABLE audit_findings (
    tenant_id uuid NOT NULL REFERENCES tenants (tenant_id),
    id uuid NOT NULL,
    what text NOT NULL CHECK (what IN ('delivery', 'escalation', 'feed_message', 'command', 'alarm_timer',
        'matrix_timer', 'roll_call', 'site')),
    subject_id uuid NOT NULL,
    found_at timestamptz NOT NULL,
    repairs integer NOT NULL,
    repaired_at timestamptz NOT NULL,
    ended_at timestamptz,
    PRIMARY KEY (tenant_id, id)
);
CREATE UNIQUE INDEX audit_findings_open ON audit_findings (tenant_id, what, subject_id) WHERE ended_at IS NULL;
CREATE INDEX audit_findings_newest ON audit_findings (tenant_id, found_at DESC, id DESC);
SELECT muster_protect('audit_findings', 'SELECT, INSERT, UPDATE');

-- Whatever should have moved before ``late`` and did not, and leases that end after ``far``, which no courier writes: ids
-- and what they are of. Every branch reads an index of due times.
CREATE FUNCTION muster_stuck(late timestamptz, far timestamptz, most integer)
RETURNS TABLE (tenant_id uuid, what text, id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public
AS $$
    SELECT t.tenant_id, found.what, found.id FROM tenants t CROSS JOIN LATERAL (
        (SELECT 'delivery' AS what, d.id FROM deliveries d
         WHERE d.tenant_id = t.tenant_id AND d.due_at <= late AND (d.lease_until IS NULL OR d.lease_until <= late)
         ORDER BY d.due_at LIMIT most)
        UNION ALL
        (SELECT 'delivery', d.id FROM deliveries d
         WHERE d.tenant_id = t.tenant_id AND d.lease_until > far ORDER BY d.lease_until LIMIT most)
        UNION ALL
        (SELECT 'delivery', d.id FROM deliveries d
         WHERE d.tenant_id = t.tenant_id AND d.due_at IS NULL AND d.ended IS NULL AND d.answer_at IS NULL
         ORDER BY d.id LIMIT most)
        UNION ALL
        (SELECT 'escalation', e.task_id FROM escalations e
         WHERE e.tenant_id = t.tenant_id AND e.due_at <= late AND (e.lease_until IS NULL OR e.lease_until <= late)
         ORDER BY e.due_at LIMIT most)
        UNION ALL
        (SELECT 'escalation', e.task_id FROM escalations e
         WHERE e.tenant_id = t.tenant_id AND e.lease_until > far ORDER BY e.lease_until LIMIT most)
        UNION ALL
        (SELECT 'feed_message', m.id FROM feed_messages m
         WHERE m.tenant_id = t.tenant_id AND m.state = 'queued' AND m.due_at <= late AND m.lease_until > far
         ORDER BY m.due_at LIMIT most)
        UNION ALL
        (SELECT 'command', c.id FROM commands c
         WHERE c.tenant_id = t.tenant_id AND c.state IN ('requested', 'sent') AND c.deadline_at <= late
         ORDER BY c.deadline_at LIMIT most)
        UNION ALL
        (SELECT 'alarm_timer', s.rule_id FROM alarm_states s
         WHERE s.tenant_id = t.tenant_id AND s.due_at <= late ORDER BY s.due_at LIMIT most)
        UNION ALL
        (SELECT 'matrix_timer', x.id FROM matrix_timers x
         WHERE x.tenant_id = t.tenant_id AND x.due_at <= late ORDER BY x.due_at LIMIT most)
        UNION ALL
        (SELECT 'roll_call', r.id FROM roll_calls r
         WHERE r.tenant_id = t.tenant_id AND r.look_at <= late ORDER BY r.look_at LIMIT most)
        UNION ALL
        (SELECT 'site', s.id FROM sites s LEFT JOIN site_leases l ON l.tenant_id = s.tenant_id AND l.site_id = s.id
         WHERE s.tenant_id = t.tenant_id AND coalesce(l.expires_at, s.created_at) <= late ORDER BY s.id LIMIT most)
    ) found
    LIMIT most
$$;

CREATE FUNCTION muster_findings_open() RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public
AS $$ SELECT DISTINCT f.tenant_id FROM audit_findings f WHERE f.ended_at IS NULL $$;

REVOKE EXECUTE ON FUNCTION muster_stuck(timestamptz, timestamptz, integer), muster_findings_open() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION muster_stuck(timestamptz, timestamptz, integer), muster_findings_open() TO muster_app;
