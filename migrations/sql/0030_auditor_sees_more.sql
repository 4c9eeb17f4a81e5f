-- The auditor sees more: what is taken up again and again and never done, what waits for an hour a clock that was ahead
-- has named, escalations nobody is waited for in, and people who work alone whose word is overdue.

ALTER TABLE audit_findings DROP CONSTRAINT audit_findings_what_check;
ALTER TABLE audit_findings ADD CONSTRAINT audit_findings_what_check CHECK (what IN ('delivery', 'escalation',
    'feed_message', 'command', 'alarm_timer', 'matrix_timer', 'roll_call', 'site', 'lone_session'));

-- Escalations that wait for somebody's answer alone.
CREATE INDEX escalations_waiting ON escalations (tenant_id, task_id)
    WHERE due_at IS NULL AND state IN ('running', 'exhausted', 'paused');

-- Whatever should have moved before ``late`` and did not, whoever holds it: what is held moves within a lease, and one
-- that is taken again and again is stuck. Leases that end after ``far``, and waits an hour longer than that, which nobody
-- writes. Waits that began after ``ahead``. Every branch reads an index of due times.
DROP FUNCTION muster_stuck(timestamptz, timestamptz, integer);
CREATE FUNCTION muster_stuck(late timestamptz, ahead timestamptz, far timestamptz, most integer)
RETURNS TABLE (tenant_id uuid, what text, id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public
AS $$
    SELECT t.tenant_id, found.what, found.id FROM tenants t CROSS JOIN LATERAL (
        (SELECT 'delivery' AS what, d.id FROM deliveries d
         WHERE d.tenant_id = t.tenant_id AND d.due_at <= late ORDER BY d.due_at LIMIT most)
        UNION ALL
        (SELECT 'delivery', d.id FROM deliveries d
         WHERE d.tenant_id = t.tenant_id AND d.due_at > ahead
           AND (coalesce(greatest(d.step_at, d.asked_at), d.queued_at) > ahead OR d.due_at > far + interval '1 hour')
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
         WHERE e.tenant_id = t.tenant_id AND e.due_at <= late ORDER BY e.due_at LIMIT most)
        UNION ALL
        (SELECT 'escalation', e.task_id FROM escalations e
         WHERE e.tenant_id = t.tenant_id AND e.due_at > ahead
           AND (e.step_started_at > ahead OR e.due_at > far + interval '1 hour')
         ORDER BY e.due_at LIMIT most)
        UNION ALL
        (SELECT 'escalation', e.task_id FROM escalations e
         WHERE e.tenant_id = t.tenant_id AND e.lease_until > far ORDER BY e.lease_until LIMIT most)
        UNION ALL
        (SELECT 'escalation', e.task_id FROM escalations e
         JOIN tasks k ON k.tenant_id = e.tenant_id AND k.id = e.task_id
             AND k.state NOT IN ('done', 'cancelled') AND k.blocked_at IS NULL
         JOIN incidents i ON i.tenant_id = e.tenant_id AND i.id = e.incident_id AND i.state <> 'closed'
         WHERE e.tenant_id = t.tenant_id AND e.due_at IS NULL AND e.state IN ('running', 'exhausted', 'paused')
           AND NOT EXISTS (SELECT FROM deliveries d
                           WHERE d.tenant_id = e.tenant_id AND d.task_id = e.task_id AND d.ended IS NULL
                             AND d.answer_at IS NULL)
         ORDER BY e.task_id LIMIT most)
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
        (SELECT 'lone_session', s.id FROM lone_sessions s
         WHERE s.tenant_id = t.tenant_id AND s.due_at <= late ORDER BY s.due_at LIMIT most)
        UNION ALL
        (SELECT 'site', s.id FROM sites s LEFT JOIN site_leases l ON l.tenant_id = s.tenant_id AND l.site_id = s.id
         WHERE s.tenant_id = t.tenant_id AND coalesce(l.expires_at, s.created_at) <= late ORDER BY s.id LIMIT most)
    ) found
    LIMIT most
$$;
REVOKE EXECUTE ON FUNCTION muster_stuck(timestamptz, timestamptz, timestamptz, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION muster_stuck(timestamptz, timestamptz, timestamptz, integer) TO muster_app;
