CREATE FUNCTION public.alarm_events_make_partitions(first_day date, last_day date) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public'
    SET "TimeZone" TO 'UTC'
    AS $$
DECLARE
    made integer := 0;
    lower date;
    upper date;
    child text;
BEGIN
    IF last_day - first_day > 800 THEN
        RAISE EXCEPTION 'more than 800 days of partitions asked for';
    END IF;
    PERFORM pg_advisory_xact_lock(hashtext('alarm_events_make_partitions'));
    FOR lower IN SELECT generate_series(date_trunc('month', first_day), last_day, '1 month')::date LOOP
        upper := (lower + interval '1 month')::date;
        child := 'alarm_events_' || to_char(lower, 'YYYYMM');
        CONTINUE WHEN to_regclass(format('%I', child)) IS NOT NULL;
        EXECUTE format('CREATE TABLE %I (LIKE alarm_events INCLUDING DEFAULTS INCLUDING CONSTRAINTS)', child);
        LOCK TABLE alarm_events_default IN ACCESS EXCLUSIVE MODE;
        EXECUTE format(
            'WITH moved AS (DELETE FROM alarm_events_default WHERE called_at >= %L AND called_at < %L RETURNING *) '
            'INSERT INTO %I SELECT * FROM moved', lower::timestamptz, upper::timestamptz, child);
        EXECUTE format('ALTER TABLE alarm_events ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)',
            child, lower::timestamptz, upper::timestamptz);
        PERFORM readings_close_partition(child);
        made := made + 1;
    END LOOP;
    RETURN made;
END $$;
CREATE FUNCTION public.gateway_beat(who text, at timestamp with time zone, until timestamp with time zone) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public'
    AS $$
DECLARE
    live integer;
BEGIN
    INSERT INTO gateways (holder, expires_at) VALUES (who, until)
    ON CONFLICT (holder) DO UPDATE SET expires_at = excluded.expires_at;
    DELETE FROM gateways WHERE expires_at < at OR expires_at > until + 2 * (until - at);
    SELECT count(*) INTO live FROM gateways;
    RETURN ((SELECT count(*) FROM sites) + live - 1) / greatest(live, 1);
END $$;
CREATE FUNCTION public.gateway_free_sites(who text, at timestamp with time zone, latest timestamp with time zone) RETURNS TABLE(tenant_id uuid, site_id uuid)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public'
    AS $$
    SELECT s.tenant_id, s.id FROM sites s
    LEFT JOIN site_leases l ON l.tenant_id = s.tenant_id AND l.site_id = s.id
    WHERE l.site_id IS NULL OR l.expires_at < at OR l.expires_at > latest OR l.holder = who
    ORDER BY s.tenant_id, s.id
$$;
CREATE FUNCTION public.gateway_leave(who text) RETURNS void
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'public'
    AS $$ DELETE FROM gateways WHERE holder = who $$;
CREATE FUNCTION public.muster_comm_schedules_due(moment timestamp with time zone) RETURNS TABLE(tenant_id uuid, id uuid)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public'
    AS $$ SELECT s.tenant_id, s.id FROM comm_test_schedules s WHERE s.enabled AND s.next_at <= moment $$;
CREATE FUNCTION public.muster_comm_tests_due(moment timestamp with time zone, most integer) RETURNS TABLE(tenant_id uuid, id uuid)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public'
    AS $$
    SELECT m.tenant_id, m.id FROM comm_test_messages m
    WHERE m.due_at <= moment AND (m.lease_until IS NULL OR m.lease_until <= moment)
    ORDER BY m.due_at, m.id
    LIMIT most
$$;
CREATE FUNCTION public.muster_comm_tests_over(moment timestamp with time zone) RETURNS TABLE(tenant_id uuid, id uuid)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public'
    AS $$
    SELECT t.tenant_id, t.id FROM comm_tests t
    WHERE t.closed_at IS NULL AND t.ends_at <= moment AND t.ends_at > moment - interval '7 days'
    ORDER BY t.ends_at, t.id
    LIMIT 100
$$;
CREATE FUNCTION public.muster_deliveries_due(moment timestamp with time zone, most integer) RETURNS TABLE(tenant_id uuid, id uuid)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public'
    AS $$
    SELECT t.tenant_id, due.id FROM tenants t
    CROSS JOIN LATERAL (
        SELECT d.id, d.due_at FROM deliveries d
        WHERE d.tenant_id = t.tenant_id AND d.due_at <= moment AND (d.lease_until IS NULL OR d.lease_until <= moment)
        ORDER BY d.due_at, d.id LIMIT most) due
    ORDER BY due.due_at, due.id LIMIT most
$$;
CREATE FUNCTION public.muster_deliveries_next_due() RETURNS timestamp with time zone
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public'
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
CREATE FUNCTION public.muster_drills_over(moment timestamp with time zone) RETURNS TABLE(tenant_id uuid, id uuid)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public'
    AS $$
SELECT d.tenant_id, d.id FROM drills d JOIN incidents own ON own.tenant_id = d.tenant_id AND own.id = d.incident_id
WHERE d.ended_at IS NULL
  AND (d.ends_at <= moment OR own.state = 'closed'
       OR EXISTS (SELECT FROM incidents i
                  WHERE i.tenant_id = d.tenant_id AND i.site_id = d.site_id AND NOT i.exercise
                    AND i.number > own.number)
       OR EXISTS (SELECT FROM incidents i
                  WHERE i.tenant_id = d.tenant_id AND i.site_id = d.site_id AND NOT i.exercise
                    AND i.state <> 'closed' AND i.last_alarm_at >= d.started_at))
$$;
CREATE FUNCTION public.muster_escalations_due(moment timestamp with time zone, most integer) RETURNS TABLE(tenant_id uuid, task_id uuid)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public'
    AS $$
    SELECT t.tenant_id, due.task_id FROM tenants t
    CROSS JOIN LATERAL (
        SELECT e.task_id, e.due_at FROM escalations e
        WHERE e.tenant_id = t.tenant_id AND e.due_at <= moment AND (e.lease_until IS NULL OR e.lease_until <= moment)
        ORDER BY e.due_at, e.task_id LIMIT most) due
    ORDER BY due.due_at, due.task_id LIMIT most
$$;
CREATE FUNCTION public.muster_escalations_next_due() RETURNS timestamp with time zone
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public'
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
CREATE FUNCTION public.muster_evacuations_due(now timestamp with time zone, at_most integer) RETURNS TABLE(tenant_id uuid, roll_call_id uuid, site_id uuid)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public'
    AS $$
SELECT due.tenant_id, due.id, due.site_id FROM (
    SELECT c.tenant_id, c.id, c.site_id, e.look_at FROM roll_calls c
    JOIN incidents i ON i.tenant_id = c.tenant_id AND i.id = c.incident_id
    LEFT JOIN evacuation_plans e ON e.tenant_id = c.tenant_id AND e.roll_call_id = c.id
    WHERE c.state = 'open' AND NOT c.listing AND i.state <> 'closed' AND e.ended_at IS NULL
      AND (e.leased_until IS NULL OR e.leased_until <= now) AND (e.look_at IS NULL OR e.look_at <= now)
      AND EXISTS (SELECT FROM place_plans p
                  WHERE p.tenant_id = c.tenant_id AND p.site_id = c.site_id AND p.state = 'published'
                    AND p.network IS NOT NULL)
    UNION ALL
    SELECT e.tenant_id, e.roll_call_id, e.site_id, e.look_at FROM evacuation_plans e
    JOIN roll_calls c ON c.tenant_id = e.tenant_id AND c.id = e.roll_call_id
    JOIN incidents i ON i.tenant_id = c.tenant_id AND i.id = c.incident_id
    WHERE e.ended_at IS NULL AND (c.state <> 'open' OR i.state = 'closed')
) due
ORDER BY due.look_at NULLS FIRST, due.tenant_id, due.id LIMIT at_most
$$;
CREATE FUNCTION public.muster_exposure_due(moment timestamp with time zone, most integer) RETURNS TABLE(tenant_id uuid, site_id uuid)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public'
    AS $$
    SELECT s.tenant_id, s.id FROM sites s
    LEFT JOIN exposure_watches w ON w.tenant_id = s.tenant_id AND w.site_id = s.id
    WHERE (w.due_at IS NULL OR w.due_at <= moment)
      AND EXISTS (SELECT FROM presence p WHERE p.tenant_id = s.tenant_id)
    ORDER BY w.due_at NULLS FIRST, s.tenant_id, s.id
    LIMIT most
$$;
CREATE FUNCTION public.muster_feed_messages_due(moment timestamp with time zone, per_feed integer, most integer) RETURNS TABLE(tenant_id uuid, id uuid)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public'
    AS $$
    SELECT f.tenant_id, f.id FROM (
        SELECT m.tenant_id, m.id, m.due_at,
               row_number() OVER (PARTITION BY m.tenant_id, m.feed_id ORDER BY m.due_at, m.id) AS place
        FROM feed_messages m
        WHERE m.state = 'queued' AND m.due_at <= moment AND (m.lease_until IS NULL OR m.lease_until <= moment)
          AND NOT EXISTS (
              SELECT FROM feed_messages e
              WHERE e.tenant_id = m.tenant_id AND e.feed_id = m.feed_id AND e.incident_id = m.incident_id
                AND e.seq < m.seq AND e.state = 'queued')
    ) f
    WHERE f.place <= per_feed
    ORDER BY f.due_at, f.id
    LIMIT most
$$;
CREATE FUNCTION public.muster_findings_open() RETURNS SETOF uuid
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public'
    AS $$ SELECT DISTINCT f.tenant_id FROM audit_findings f WHERE f.ended_at IS NULL $$;
CREATE FUNCTION public.muster_hazard_sites() RETURNS TABLE(tenant_id uuid, site_id uuid)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public'
    AS $$
    SELECT a.tenant_id, a.site_id FROM alarms a
    WHERE a.returned_at IS NULL AND a.ended_at IS NULL AND a.kind IN ('high', 'low', 'vote')
    UNION
    SELECT h.tenant_id, h.site_id FROM hazards h WHERE h.ended_at IS NULL
$$;
CREATE FUNCTION public.muster_keep_place_plan() RETURNS trigger
    LANGUAGE plpgsql
    AS $$ BEGIN RAISE EXCEPTION 'a published plan of a place never changes'; END $$;
CREATE FUNCTION public.muster_keep_published_plan() RETURNS trigger
    LANGUAGE plpgsql
    AS $$ BEGIN RAISE EXCEPTION 'a published plan of a place stays'; END $$;
CREATE FUNCTION public.muster_lone_rings_due(moment timestamp with time zone, most integer) RETURNS TABLE(tenant_id uuid, id uuid)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public'
    AS $$
    SELECT s.tenant_id, s.id FROM lone_sessions s
    WHERE s.ring_due_at <= moment AND (s.ring_lease_until IS NULL OR s.ring_lease_until <= moment)
    ORDER BY s.ring_due_at, s.id
    LIMIT most
$$;
CREATE FUNCTION public.muster_lone_sessions_due(moment timestamp with time zone, slack_s double precision, most integer) RETURNS TABLE(tenant_id uuid, id uuid)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public'
    AS $$
    SELECT s.tenant_id, s.id FROM lone_sessions s
    WHERE s.due_at IS NOT NULL
      AND (s.due_at <= moment OR s.armed_at > moment + make_interval(secs => slack_s))
    ORDER BY s.due_at, s.id
    LIMIT most
$$;
CREATE FUNCTION public.muster_matrix_replays_waiting(moment timestamp with time zone, most integer) RETURNS TABLE(tenant_id uuid, id uuid)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public'
    AS $$
    SELECT r.tenant_id, r.id FROM matrix_replays r
    WHERE r.ended_at IS NULL AND (r.lease_until IS NULL OR r.lease_until <= moment)
    ORDER BY r.requested_at, r.id
    LIMIT most
$$;
CREATE FUNCTION public.muster_matrix_timers_due(moment timestamp with time zone, most integer) RETURNS TABLE(tenant_id uuid, id uuid)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public'
    AS $$
    SELECT t.tenant_id, t.id FROM matrix_timers t WHERE t.due_at <= moment ORDER BY t.due_at, t.id LIMIT most
$$;
CREATE FUNCTION public.muster_notices_due(moment timestamp with time zone, most integer) RETURNS TABLE(tenant_id uuid, account_id uuid)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public'
    AS $$
    SELECT n.tenant_id, n.account_id FROM notices n
    WHERE n.next_attempt_at <= moment AND (n.lease_until IS NULL OR n.lease_until <= moment)
    GROUP BY n.tenant_id, n.account_id
    ORDER BY bool_or(n.urgent) DESC, min(n.next_attempt_at), n.account_id
    LIMIT most
$$;
CREATE FUNCTION public.muster_planned_sites(at_most integer) RETURNS TABLE(tenant_id uuid, site_id uuid)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public'
    AS $$
SELECT p.tenant_id, p.site_id FROM place_plans p WHERE p.state = 'published'
ORDER BY p.published_at DESC, p.tenant_id, p.site_id LIMIT at_most
$$;
CREATE FUNCTION public.muster_protect(table_name text, rights text DEFAULT 'SELECT, INSERT, UPDATE, DELETE'::text) RETURNS void
    LANGUAGE plpgsql
    AS $$
BEGIN
    CALL muster_protect_table(table_name, rights);
END $$;
CREATE PROCEDURE public.muster_protect_table(IN table_name text, IN rights text)
    LANGUAGE plpgsql
    AS $$
BEGIN
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', table_name);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', table_name);
    EXECUTE format(
        'CREATE POLICY tenant_isolation ON %I USING (tenant_id = (SELECT muster_tenant())) '
        'WITH CHECK (tenant_id = (SELECT muster_tenant()))', table_name);
    EXECUTE format('CREATE POLICY owner_directory ON %I TO CURRENT_USER USING (true)', table_name);
    EXECUTE format('GRANT %s ON %I TO muster_app', rights, table_name);
END $$;
CREATE FUNCTION public.muster_roll_calls_due(moment timestamp with time zone, most integer) RETURNS TABLE(tenant_id uuid, id uuid)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public'
    AS $$
    SELECT r.tenant_id, r.id FROM roll_calls r WHERE r.look_at <= moment ORDER BY r.look_at, r.id LIMIT most
$$;
CREATE FUNCTION public.muster_sites_to_guide(now timestamp with time zone, at_most integer) RETURNS TABLE(tenant_id uuid, site_id uuid)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public'
    AS $$
SELECT p.tenant_id, p.site_id FROM place_plans p
LEFT JOIN guided_sites g ON g.tenant_id = p.tenant_id AND g.site_id = p.site_id
WHERE p.state = 'published' AND (g.leased_until IS NULL OR g.leased_until <= now)
  AND (EXISTS (SELECT FROM incidents i
               WHERE i.tenant_id = p.tenant_id AND i.site_id = p.site_id AND i.state <> 'closed')
       OR EXISTS (SELECT FROM routes r
                  WHERE r.tenant_id = p.tenant_id AND r.site_id = p.site_id AND r.ended_at IS NULL))
ORDER BY g.looked_at NULLS FIRST, p.tenant_id, p.site_id LIMIT at_most
$$;
CREATE FUNCTION public.muster_stuck(late timestamp with time zone, ahead timestamp with time zone, far timestamp with time zone, most integer) RETURNS TABLE(tenant_id uuid, what text, id uuid)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public'
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
CREATE FUNCTION public.muster_tenant() RETURNS uuid
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ SELECT nullif(current_setting('muster.tenant', true), '')::uuid $$;
CREATE FUNCTION public.muster_tenant_by_slug(wanted text) RETURNS uuid
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public'
    AS $$ SELECT tenant_id FROM tenants WHERE slug = wanted $$;
CREATE FUNCTION public.muster_tenant_ids() RETURNS SETOF uuid
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public'
    AS $$ SELECT tenant_id FROM tenants ORDER BY tenant_id $$;
CREATE FUNCTION public.muster_timelines_to_anchor(before timestamp with time zone, most integer) RETURNS TABLE(tenant_id uuid, incident_id uuid)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public'
    AS $$
    SELECT h.tenant_id, h.incident_id FROM timeline_heads h
    WHERE h.position > h.anchored_position AND h.moved_at <= before
    ORDER BY h.moved_at, h.incident_id
    LIMIT most
$$;
CREATE FUNCTION public.readings_close_partition(table_name text) RETURNS void
    LANGUAGE plpgsql
    AS $$
BEGIN
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', table_name);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', table_name);
    EXECUTE format('CREATE POLICY owner_directory ON %I TO CURRENT_USER USING (true)', table_name);
END $$;
CREATE FUNCTION public.readings_make_partition(parent text, key text, suffix text, lower timestamp with time zone, upper timestamp with time zone) RETURNS boolean
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
CREATE FUNCTION public.readings_make_partitions(first_day date, last_day date) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public'
    SET "TimeZone" TO 'UTC'
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
CREATE FUNCTION public.readings_retire(before date) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public'
    SET "TimeZone" TO 'UTC'
    AS $_$
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
END $_$;
CREATE TABLE public.accounts (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    login text NOT NULL,
    display_name text NOT NULL,
    locale text NOT NULL,
    role text NOT NULL,
    phone text,
    password_hash text NOT NULL,
    disabled_at timestamp with time zone,
    version integer DEFAULT 1 NOT NULL,
    created_at timestamp with time zone NOT NULL,
    CONSTRAINT accounts_display_name_check CHECK (((length(display_name) >= 1) AND (length(display_name) <= 100))),
    CONSTRAINT accounts_locale_check CHECK ((locale = ANY (ARRAY['zh-CN'::text, 'en'::text]))),
    CONSTRAINT accounts_login_check CHECK ((login ~ '^[a-z0-9][a-z0-9._@-]{0,62}$'::text)),
    CONSTRAINT accounts_phone_check CHECK ((phone ~ '^\+[1-9][0-9]{6,14}$'::text)),
    CONSTRAINT accounts_role_check CHECK ((role = ANY (ARRAY['worker'::text, 'responder'::text, 'safety_officer'::text, 'admin'::text, 'auditor'::text, 'device'::text, 'camera'::text])))
);
ALTER TABLE ONLY public.accounts FORCE ROW LEVEL SECURITY;
CREATE TABLE public.actuators (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    site_id uuid NOT NULL,
    device_id uuid NOT NULL,
    zone_id uuid NOT NULL,
    slug text NOT NULL,
    name jsonb NOT NULL,
    kind text NOT NULL,
    feedback_sensor_id uuid,
    expected jsonb NOT NULL,
    deadline_s double precision NOT NULL,
    retired_at timestamp with time zone,
    version integer DEFAULT 1 NOT NULL,
    created_at timestamp with time zone NOT NULL,
    lon double precision,
    lat double precision,
    level smallint,
    CONSTRAINT actuators_check CHECK ((num_nulls(lon, lat, level) = ANY (ARRAY[0, 3]))),
    CONSTRAINT actuators_deadline_s_check CHECK ((deadline_s > (0)::double precision)),
    CONSTRAINT actuators_kind_check CHECK ((kind = ANY (ARRAY['fan'::text, 'siren'::text, 'beacon'::text, 'valve'::text, 'machine_stop'::text]))),
    CONSTRAINT actuators_lat_check CHECK (((lat >= ('-89'::integer)::double precision) AND (lat <= (89)::double precision))),
    CONSTRAINT actuators_lon_check CHECK (((lon >= ('-180'::integer)::double precision) AND (lon <= (180)::double precision))),
    CONSTRAINT actuators_slug_check CHECK ((slug ~ '^[a-z0-9][a-z0-9-]{0,62}$'::text))
);
ALTER TABLE ONLY public.actuators FORCE ROW LEVEL SECURITY;
CREATE TABLE public.agent_card_pins (
    tenant_id uuid NOT NULL,
    zone_id uuid NOT NULL,
    agent text NOT NULL,
    pinned_at timestamp with time zone NOT NULL,
    pinned_by uuid NOT NULL,
    CONSTRAINT agent_card_pins_agent_check CHECK ((agent ~ '^[a-z0-9][a-z0-9-]{0,62}$'::text))
);
ALTER TABLE ONLY public.agent_card_pins FORCE ROW LEVEL SECURITY;
CREATE TABLE public.agent_cards (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    agent text NOT NULL,
    body jsonb NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    updated_by uuid NOT NULL,
    CONSTRAINT agent_cards_agent_check CHECK ((agent ~ '^[a-z0-9][a-z0-9-]{0,62}$'::text))
);
ALTER TABLE ONLY public.agent_cards FORCE ROW LEVEL SECURITY;
CREATE TABLE public.alarm_answer_days (
    tenant_id uuid NOT NULL,
    site_id uuid NOT NULL,
    day timestamp with time zone NOT NULL,
    zone_id uuid NOT NULL,
    step smallint NOT NULL,
    count integer NOT NULL
);
ALTER TABLE ONLY public.alarm_answer_days FORCE ROW LEVEL SECURITY;
CREATE TABLE public.alarm_bins (
    tenant_id uuid NOT NULL,
    site_id uuid NOT NULL,
    bin timestamp with time zone NOT NULL,
    zone_id uuid NOT NULL,
    low integer NOT NULL,
    medium integer NOT NULL,
    high integer NOT NULL,
    answered integer NOT NULL,
    fleeting integer NOT NULL,
    shelved integer NOT NULL,
    by_design integer NOT NULL,
    out_of_service integer NOT NULL
);
ALTER TABLE ONLY public.alarm_bins FORCE ROW LEVEL SECURITY;
CREATE TABLE public.alarm_events (
    tenant_id uuid NOT NULL,
    site_id uuid NOT NULL,
    called_at timestamp with time zone NOT NULL,
    id uuid NOT NULL,
    at timestamp with time zone NOT NULL,
    kind text NOT NULL,
    rule_id uuid NOT NULL,
    zone_id uuid NOT NULL,
    alarm_id uuid,
    level smallint NOT NULL,
    priority text NOT NULL,
    suppression text NOT NULL,
    actor_id uuid,
    CONSTRAINT alarm_events_check CHECK ((at >= called_at)),
    CONSTRAINT alarm_events_kind_check CHECK ((kind = ANY (ARRAY['raised'::text, 'reraised'::text, 'acknowledged'::text, 'returned'::text, 'cleared'::text, 'suppressed'::text, 'unsuppressed'::text]))),
    CONSTRAINT alarm_events_priority_check CHECK ((priority = ANY (ARRAY['low'::text, 'medium'::text, 'high'::text]))),
    CONSTRAINT alarm_events_suppression_check CHECK ((suppression = ANY (ARRAY['none'::text, 'shelved'::text, 'by_design'::text, 'out_of_service'::text])))
)
PARTITION BY RANGE (called_at);
ALTER TABLE ONLY public.alarm_events FORCE ROW LEVEL SECURITY;
CREATE TABLE public.alarm_events_default (
    tenant_id uuid CONSTRAINT alarm_events_tenant_id_not_null NOT NULL,
    site_id uuid CONSTRAINT alarm_events_site_id_not_null NOT NULL,
    called_at timestamp with time zone CONSTRAINT alarm_events_called_at_not_null NOT NULL,
    id uuid CONSTRAINT alarm_events_id_not_null NOT NULL,
    at timestamp with time zone CONSTRAINT alarm_events_at_not_null NOT NULL,
    kind text CONSTRAINT alarm_events_kind_not_null NOT NULL,
    rule_id uuid CONSTRAINT alarm_events_rule_id_not_null NOT NULL,
    zone_id uuid CONSTRAINT alarm_events_zone_id_not_null NOT NULL,
    alarm_id uuid,
    level smallint CONSTRAINT alarm_events_level_not_null NOT NULL,
    priority text CONSTRAINT alarm_events_priority_not_null NOT NULL,
    suppression text CONSTRAINT alarm_events_suppression_not_null NOT NULL,
    actor_id uuid,
    CONSTRAINT alarm_events_check CHECK ((at >= called_at)),
    CONSTRAINT alarm_events_kind_check CHECK ((kind = ANY (ARRAY['raised'::text, 'reraised'::text, 'acknowledged'::text, 'returned'::text, 'cleared'::text, 'suppressed'::text, 'unsuppressed'::text]))),
    CONSTRAINT alarm_events_priority_check CHECK ((priority = ANY (ARRAY['low'::text, 'medium'::text, 'high'::text]))),
    CONSTRAINT alarm_events_suppression_check CHECK ((suppression = ANY (ARRAY['none'::text, 'shelved'::text, 'by_design'::text, 'out_of_service'::text])))
);
ALTER TABLE ONLY public.alarm_events_default FORCE ROW LEVEL SECURITY;
CREATE TABLE public.alarm_rollups_due (
    tenant_id uuid NOT NULL,
    site_id uuid NOT NULL,
    span text NOT NULL,
    start timestamp with time zone NOT NULL,
    CONSTRAINT alarm_rollups_due_span_check CHECK ((span = ANY (ARRAY['hour'::text, 'day'::text])))
);
ALTER TABLE ONLY public.alarm_rollups_due FORCE ROW LEVEL SECURITY;
CREATE TABLE public.alarm_rule_days (
    tenant_id uuid NOT NULL,
    site_id uuid NOT NULL,
    day timestamp with time zone NOT NULL,
    zone_id uuid NOT NULL,
    rule_id uuid NOT NULL,
    calls integer NOT NULL,
    chattering integer NOT NULL
);
ALTER TABLE ONLY public.alarm_rule_days FORCE ROW LEVEL SECURITY;
CREATE TABLE public.alarm_rules (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    site_id uuid NOT NULL,
    sensor_id uuid,
    actuator_id uuid,
    kind text NOT NULL,
    level smallint NOT NULL,
    set_point double precision,
    unit text NOT NULL,
    deadband double precision NOT NULL,
    on_delay_s double precision NOT NULL,
    off_delay_s double precision NOT NULL,
    rearm_after_s double precision,
    latching boolean NOT NULL,
    stale_after_s double precision,
    toxic boolean NOT NULL,
    source jsonb NOT NULL,
    created_at timestamp with time zone NOT NULL,
    retired_at timestamp with time zone,
    group_id uuid,
    replaced_by uuid,
    CONSTRAINT alarm_rules_check CHECK (((sensor_id IS NULL) <> (actuator_id IS NULL))),
    CONSTRAINT alarm_rules_check1 CHECK (((kind <> ALL (ARRAY['high'::text, 'low'::text])) OR (set_point IS NOT NULL))),
    CONSTRAINT alarm_rules_check2 CHECK (((kind <> 'vote'::text) OR ((set_point IS NOT NULL) AND (group_id IS NOT NULL)))),
    CONSTRAINT alarm_rules_deadband_check CHECK ((deadband >= (0)::double precision)),
    CONSTRAINT alarm_rules_kind_check CHECK ((kind = ANY (ARRAY['high'::text, 'low'::text, 'stale'::text, 'no_effect'::text, 'vote'::text, 'discrepancy'::text]))),
    CONSTRAINT alarm_rules_level_check CHECK ((level = ANY (ARRAY[1, 2]))),
    CONSTRAINT alarm_rules_off_delay_s_check CHECK ((off_delay_s >= (0)::double precision)),
    CONSTRAINT alarm_rules_on_delay_s_check CHECK ((on_delay_s >= (0)::double precision))
);
ALTER TABLE ONLY public.alarm_rules FORCE ROW LEVEL SECURITY;
CREATE TABLE public.alarm_settings (
    tenant_id uuid NOT NULL,
    site_id uuid NOT NULL,
    shelve_max_s double precision,
    flood_start_above integer NOT NULL,
    flood_end_below integer NOT NULL,
    version integer NOT NULL,
    CONSTRAINT alarm_settings_check CHECK ((flood_end_below <= flood_start_above)),
    CONSTRAINT alarm_settings_flood_end_below_check CHECK (((flood_end_below >= 1) AND (flood_end_below <= 1000))),
    CONSTRAINT alarm_settings_flood_start_above_check CHECK (((flood_start_above >= 1) AND (flood_start_above <= 1000))),
    CONSTRAINT alarm_settings_shelve_max_s_check CHECK (((shelve_max_s >= (60)::double precision) AND (shelve_max_s <= (43200)::double precision)))
);
ALTER TABLE ONLY public.alarm_settings FORCE ROW LEVEL SECURITY;
CREATE TABLE public.alarm_states (
    tenant_id uuid NOT NULL,
    rule_id uuid NOT NULL,
    state jsonb NOT NULL,
    letter text NOT NULL,
    episode_id uuid,
    due_at timestamp with time zone,
    updated_at timestamp with time zone NOT NULL,
    CONSTRAINT alarm_states_letter_check CHECK ((letter ~ '^[A-I]$'::text))
);
ALTER TABLE ONLY public.alarm_states FORCE ROW LEVEL SECURITY;
CREATE TABLE public.alarm_suppressions (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    rule_id uuid NOT NULL,
    kind text NOT NULL,
    reason text NOT NULL,
    by_account uuid,
    one_shot boolean NOT NULL,
    started_at timestamp with time zone NOT NULL,
    until_at timestamp with time zone,
    ended_at timestamp with time zone,
    ended_by uuid,
    CONSTRAINT alarm_suppressions_check CHECK (((kind = 'by_design'::text) OR ((until_at IS NOT NULL) AND (by_account IS NOT NULL)))),
    CONSTRAINT alarm_suppressions_kind_check CHECK ((kind = ANY (ARRAY['shelved'::text, 'by_design'::text, 'out_of_service'::text]))),
    CONSTRAINT alarm_suppressions_reason_check CHECK (((length(reason) >= 1) AND (length(reason) <= 1000)))
);
ALTER TABLE ONLY public.alarm_suppressions FORCE ROW LEVEL SECURITY;
CREATE TABLE public.alarms (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    rule_id uuid NOT NULL,
    episode integer NOT NULL,
    incident_id uuid NOT NULL,
    first_out boolean NOT NULL,
    site_id uuid NOT NULL,
    zone_id uuid NOT NULL,
    sensor_id uuid,
    actuator_id uuid,
    kind text NOT NULL,
    level smallint NOT NULL,
    letter text NOT NULL,
    title jsonb NOT NULL,
    value double precision,
    unit text NOT NULL,
    set_point double precision,
    raised_at timestamp with time zone NOT NULL,
    acknowledged_at timestamp with time zone,
    acknowledged_by uuid,
    returned_at timestamp with time zone,
    ended_at timestamp with time zone,
    trust jsonb,
    votes jsonb,
    CONSTRAINT alarms_letter_check CHECK ((letter ~ '^[A-I]$'::text))
);
ALTER TABLE ONLY public.alarms FORCE ROW LEVEL SECURITY;
CREATE TABLE public.assembly_points (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    site_id uuid NOT NULL,
    slug text NOT NULL,
    name jsonb NOT NULL,
    "position" jsonb NOT NULL,
    level smallint NOT NULL,
    capacity integer,
    retired_at timestamp with time zone,
    version integer DEFAULT 1 NOT NULL,
    created_at timestamp with time zone NOT NULL,
    CONSTRAINT assembly_points_capacity_check CHECK ((capacity > 0)),
    CONSTRAINT assembly_points_slug_check CHECK ((slug ~ '^[a-z0-9][a-z0-9-]{0,62}$'::text))
);
ALTER TABLE ONLY public.assembly_points FORCE ROW LEVEL SECURITY;
CREATE TABLE public.audit (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    "position" bigint NOT NULL,
    at timestamp with time zone NOT NULL,
    actor_id uuid,
    action text NOT NULL,
    subject_kind text NOT NULL,
    subject_id text NOT NULL,
    facts jsonb NOT NULL,
    hash text NOT NULL
);
ALTER TABLE ONLY public.audit FORCE ROW LEVEL SECURITY;
CREATE TABLE public.audit_findings (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    what text NOT NULL,
    subject_id uuid NOT NULL,
    found_at timestamp with time zone NOT NULL,
    repairs integer NOT NULL,
    repaired_at timestamp with time zone NOT NULL,
    ended_at timestamp with time zone,
    CONSTRAINT audit_findings_what_check CHECK ((what = ANY (ARRAY['delivery'::text, 'escalation'::text, 'feed_message'::text, 'command'::text, 'alarm_timer'::text, 'matrix_timer'::text, 'roll_call'::text, 'site'::text, 'lone_session'::text])))
);
ALTER TABLE ONLY public.audit_findings FORCE ROW LEVEL SECURITY;
CREATE TABLE public.audit_heads (
    tenant_id uuid NOT NULL,
    "position" bigint NOT NULL,
    hash text NOT NULL
);
ALTER TABLE ONLY public.audit_heads FORCE ROW LEVEL SECURITY;
CREATE TABLE public.badge_events (
    tenant_id uuid NOT NULL,
    key text NOT NULL,
    id uuid NOT NULL,
    site_id uuid NOT NULL,
    device_id uuid NOT NULL,
    door text NOT NULL,
    badge text NOT NULL,
    direction text NOT NULL,
    area_id uuid,
    zone_id uuid,
    off_site boolean NOT NULL,
    person_id uuid,
    kind text,
    fault text,
    observed_at timestamp with time zone NOT NULL,
    received_at timestamp with time zone NOT NULL,
    CONSTRAINT badge_events_direction_check CHECK ((direction = ANY (ARRAY['in'::text, 'out'::text]))),
    CONSTRAINT badge_events_fault_check CHECK ((fault = ANY (ARRAY['clock'::text, 'unknown_door'::text, 'unknown_badge'::text, 'denied'::text]))),
    CONSTRAINT badge_events_key_check CHECK (((length(key) >= 1) AND (length(key) <= 200))),
    CONSTRAINT badge_events_kind_check CHECK ((kind = ANY (ARRAY['staff'::text, 'visitor'::text, 'contractor'::text])))
);
ALTER TABLE ONLY public.badge_events FORCE ROW LEVEL SECURITY;
CREATE TABLE public.badges (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    number text NOT NULL,
    account_id uuid,
    visit_id uuid,
    valid_from timestamp with time zone NOT NULL,
    valid_until timestamp with time zone,
    version integer DEFAULT 1 NOT NULL,
    created_at timestamp with time zone NOT NULL,
    CONSTRAINT badges_check CHECK (((account_id IS NULL) <> (visit_id IS NULL))),
    CONSTRAINT badges_check1 CHECK (((valid_until IS NULL) OR (valid_from <= valid_until))),
    CONSTRAINT badges_number_check CHECK (((length(number) >= 1) AND (length(number) <= 64)))
);
ALTER TABLE ONLY public.badges FORCE ROW LEVEL SECURITY;
CREATE TABLE public.buildings (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    site_id uuid NOT NULL,
    slug text NOT NULL,
    name jsonb NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    created_at timestamp with time zone NOT NULL,
    CONSTRAINT buildings_slug_check CHECK ((slug ~ '^[a-z0-9][a-z0-9-]{0,62}$'::text))
);
ALTER TABLE ONLY public.buildings FORCE ROW LEVEL SECURITY;
CREATE TABLE public.calibration_notices (
    tenant_id uuid NOT NULL,
    sensor_id uuid NOT NULL,
    day date NOT NULL,
    level text NOT NULL,
    days_left integer NOT NULL,
    at timestamp with time zone NOT NULL,
    CONSTRAINT calibration_notices_level_check CHECK ((level = ANY (ARRAY['due_soon'::text, 'expired'::text])))
);
ALTER TABLE ONLY public.calibration_notices FORCE ROW LEVEL SECURITY;
CREATE TABLE public.comm_test_messages (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    test_id uuid NOT NULL,
    account_id uuid NOT NULL,
    device_id uuid NOT NULL,
    channel text NOT NULL,
    due_at timestamp with time zone,
    lease_until timestamp with time zone,
    attempts integer DEFAULT 0 NOT NULL,
    sent_at timestamp with time zone,
    outcome text,
    code text,
    received_at timestamp with time zone,
    seen_at timestamp with time zone,
    CONSTRAINT comm_test_messages_outcome_check CHECK ((outcome = ANY (ARRAY['accepted'::text, 'gone'::text, 'refused'::text, 'failed'::text])))
);
ALTER TABLE ONLY public.comm_test_messages FORCE ROW LEVEL SECURITY;
CREATE TABLE public.comm_test_schedules (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    rule text NOT NULL,
    tz text NOT NULL,
    first_at timestamp with time zone NOT NULL,
    next_at timestamp with time zone,
    enabled boolean NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    created_at timestamp with time zone NOT NULL,
    CONSTRAINT comm_test_schedules_rule_check CHECK ((length(rule) <= 500))
);
ALTER TABLE ONLY public.comm_test_schedules FORCE ROW LEVEL SECURITY;
CREATE TABLE public.comm_tests (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    schedule_id uuid,
    started_by uuid,
    started_at timestamp with time zone NOT NULL,
    ends_at timestamp with time zone NOT NULL,
    closed_at timestamp with time zone
);
ALTER TABLE ONLY public.comm_tests FORCE ROW LEVEL SECURITY;
CREATE TABLE public.command_handovers (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    incident_id uuid NOT NULL,
    from_account uuid NOT NULL,
    to_account uuid NOT NULL,
    briefing jsonb NOT NULL,
    note text NOT NULL,
    state text NOT NULL,
    offered_at timestamp with time zone NOT NULL,
    ends_at timestamp with time zone NOT NULL,
    answered_at timestamp with time zone,
    CONSTRAINT command_handovers_check CHECK (((state = 'offered'::text) = (answered_at IS NULL))),
    CONSTRAINT command_handovers_note_check CHECK ((length(note) <= 2000)),
    CONSTRAINT command_handovers_state_check CHECK ((state = ANY (ARRAY['offered'::text, 'accepted'::text, 'declined'::text, 'withdrawn'::text, 'expired'::text])))
);
ALTER TABLE ONLY public.command_handovers FORCE ROW LEVEL SECURITY;
CREATE TABLE public.commands (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    key text NOT NULL,
    site_id uuid NOT NULL,
    actuator_id uuid NOT NULL,
    action text NOT NULL,
    reason text NOT NULL,
    requested_by uuid,
    incident_id uuid,
    inhibited boolean DEFAULT false NOT NULL,
    state text NOT NULL,
    attempts integer DEFAULT 0 NOT NULL,
    requested_at timestamp with time zone NOT NULL,
    sent_at timestamp with time zone,
    deadline_at timestamp with time zone NOT NULL,
    next_attempt_at timestamp with time zone,
    ended_at timestamp with time zone,
    feedback jsonb,
    CONSTRAINT commands_check CHECK (((state = ANY (ARRAY['requested'::text, 'sent'::text])) = (ended_at IS NULL))),
    CONSTRAINT commands_key_check CHECK (((length(key) >= 1) AND (length(key) <= 200))),
    CONSTRAINT commands_state_check CHECK ((state = ANY (ARRAY['requested'::text, 'sent'::text, 'confirmed'::text, 'failed'::text, 'timed_out'::text, 'held_back'::text])))
);
ALTER TABLE ONLY public.commands FORCE ROW LEVEL SECURITY;
CREATE TABLE public.contact_points (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    account_id uuid NOT NULL,
    kind text NOT NULL,
    address text NOT NULL,
    dead_at timestamp with time zone,
    created_at timestamp with time zone NOT NULL,
    CONSTRAINT contact_points_address_check CHECK (((length(address) >= 1) AND (length(address) <= 320))),
    CONSTRAINT contact_points_kind_check CHECK ((kind = ANY (ARRAY['mail'::text, 'sms'::text, 'wecom'::text, 'dingtalk'::text, 'feishu'::text])))
);
ALTER TABLE ONLY public.contact_points FORCE ROW LEVEL SECURITY;
CREATE TABLE public.corrective_actions (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    incident_id uuid NOT NULL,
    lesson_id uuid,
    text text NOT NULL,
    owner_account_id uuid NOT NULL,
    due_on date NOT NULL,
    state text NOT NULL,
    done_by uuid,
    done_at timestamp with time zone,
    done_note text,
    verified_by uuid,
    verified_at timestamp with time zone,
    version integer DEFAULT 1 NOT NULL,
    created_by uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    CONSTRAINT corrective_actions_check CHECK (((state = 'open'::text) = (done_at IS NULL))),
    CONSTRAINT corrective_actions_check1 CHECK (((state = 'verified'::text) = (verified_at IS NOT NULL))),
    CONSTRAINT corrective_actions_check2 CHECK (((verified_by IS DISTINCT FROM done_by) OR (verified_by IS NULL))),
    CONSTRAINT corrective_actions_state_check CHECK ((state = ANY (ARRAY['open'::text, 'done'::text, 'verified'::text])))
);
ALTER TABLE ONLY public.corrective_actions FORCE ROW LEVEL SECURITY;
CREATE TABLE public.deliveries (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    task_id uuid NOT NULL,
    incident_id uuid NOT NULL,
    account_id uuid NOT NULL,
    content jsonb NOT NULL,
    dedupe_key text NOT NULL,
    task_fencing integer NOT NULL,
    state text NOT NULL,
    queued_at timestamp with time zone NOT NULL,
    accepted_at timestamp with time zone,
    accepted_by text,
    accepted_message text,
    received_at timestamp with time zone,
    received_by text,
    seen_at timestamp with time zone,
    seen_by text,
    acknowledged_at timestamp with time zone,
    acknowledged_by text,
    moving_at timestamp with time zone,
    moving_by text,
    declined_at timestamp with time zone,
    declined_by text,
    answer_at timestamp with time zone,
    answer_no boolean,
    ended text,
    ended_at timestamp with time zone,
    channel text DEFAULT 'socket'::text NOT NULL,
    step integer DEFAULT '-1'::integer NOT NULL,
    step_at timestamp with time zone,
    asked_at timestamp with time zone,
    failures integer DEFAULT 0 NOT NULL,
    retry_at timestamp with time zone,
    in_flight boolean DEFAULT false NOT NULL,
    blocked boolean DEFAULT false NOT NULL,
    attempts integer DEFAULT 0 NOT NULL,
    due_at timestamp with time zone,
    lease_holder text,
    lease_until timestamp with time zone,
    fencing bigint DEFAULT 0 NOT NULL,
    round integer DEFAULT 0 NOT NULL,
    policy_step integer,
    because text DEFAULT ''::text NOT NULL,
    receipt_within_s double precision,
    acknowledge_within_s double precision,
    channels jsonb,
    counted_until timestamp with time zone,
    ended_why text,
    CONSTRAINT deliveries_acknowledge_within_s_check CHECK ((acknowledge_within_s > (0)::double precision)),
    CONSTRAINT deliveries_check CHECK (((answer_at IS NULL) = (answer_no IS NULL))),
    CONSTRAINT deliveries_check1 CHECK (((ended IS NULL) = (ended_at IS NULL))),
    CONSTRAINT deliveries_check2 CHECK (((lease_holder IS NULL) = (lease_until IS NULL))),
    CONSTRAINT deliveries_dedupe_key_check CHECK (((length(dedupe_key) >= 1) AND (length(dedupe_key) <= 64))),
    CONSTRAINT deliveries_ended_check CHECK ((ended = ANY (ARRAY['superseded'::text, 'exhausted'::text, 'cancelled'::text]))),
    CONSTRAINT deliveries_receipt_within_s_check CHECK ((receipt_within_s > (0)::double precision)),
    CONSTRAINT deliveries_state_check CHECK ((state = ANY (ARRAY['queued'::text, 'accepted'::text, 'received'::text, 'seen'::text, 'acknowledged'::text, 'moving'::text, 'declined'::text, 'superseded'::text, 'exhausted'::text, 'cancelled'::text])))
);
ALTER TABLE ONLY public.deliveries FORCE ROW LEVEL SECURITY;
CREATE TABLE public.delivery_attempts (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    delivery_id uuid NOT NULL,
    attempt integer NOT NULL,
    channel text NOT NULL,
    device_id uuid NOT NULL,
    started_at timestamp with time zone NOT NULL,
    ended_at timestamp with time zone,
    outcome text,
    provider_message_id text,
    error_code text,
    CONSTRAINT delivery_attempts_check CHECK (((outcome IS NULL) = (ended_at IS NULL))),
    CONSTRAINT delivery_attempts_outcome_check CHECK ((outcome = ANY (ARRAY['accepted'::text, 'gone'::text, 'refused'::text, 'failed'::text])))
);
ALTER TABLE ONLY public.delivery_attempts FORCE ROW LEVEL SECURITY;
CREATE TABLE public.device_readiness (
    tenant_id uuid NOT NULL,
    device_id uuid NOT NULL,
    reported_at timestamp with time zone NOT NULL,
    notifications text NOT NULL,
    critical_alerts text NOT NULL,
    battery text NOT NULL,
    battery_level smallint,
    app_version text NOT NULL,
    os_version text NOT NULL,
    CONSTRAINT device_readiness_app_version_check CHECK ((length(app_version) <= 50)),
    CONSTRAINT device_readiness_battery_check CHECK ((battery = ANY (ARRAY['unrestricted'::text, 'optimised'::text, 'restricted'::text, 'unknown'::text]))),
    CONSTRAINT device_readiness_battery_level_check CHECK (((battery_level >= 0) AND (battery_level <= 100))),
    CONSTRAINT device_readiness_critical_alerts_check CHECK ((critical_alerts = ANY (ARRAY['granted'::text, 'denied'::text, 'not_asked'::text, 'not_supported'::text]))),
    CONSTRAINT device_readiness_notifications_check CHECK ((notifications = ANY (ARRAY['granted'::text, 'denied'::text, 'not_asked'::text]))),
    CONSTRAINT device_readiness_os_version_check CHECK ((length(os_version) <= 50))
);
ALTER TABLE ONLY public.device_readiness FORCE ROW LEVEL SECURITY;
CREATE TABLE public.device_states (
    tenant_id uuid NOT NULL,
    device_id uuid NOT NULL,
    online boolean NOT NULL,
    at timestamp with time zone NOT NULL,
    firmware text,
    battery double precision,
    updated_at timestamp with time zone NOT NULL
);
ALTER TABLE ONLY public.device_states FORCE ROW LEVEL SECURITY;
CREATE TABLE public.devices (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    site_id uuid NOT NULL,
    slug text NOT NULL,
    name jsonb NOT NULL,
    secret_hash text NOT NULL,
    revoked_at timestamp with time zone,
    version integer DEFAULT 1 NOT NULL,
    created_at timestamp with time zone NOT NULL,
    CONSTRAINT devices_slug_check CHECK ((slug ~ '^[a-z0-9][a-z0-9-]{0,62}$'::text))
);
ALTER TABLE ONLY public.devices FORCE ROW LEVEL SECURITY;
CREATE TABLE public.doors (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    site_id uuid NOT NULL,
    device_id uuid NOT NULL,
    door text NOT NULL,
    from_zone_id uuid,
    to_zone_id uuid,
    gate boolean NOT NULL,
    retired_at timestamp with time zone,
    version integer DEFAULT 1 NOT NULL,
    created_at timestamp with time zone NOT NULL,
    CONSTRAINT doors_door_check CHECK (((length(door) >= 1) AND (length(door) <= 64)))
);
ALTER TABLE ONLY public.doors FORCE ROW LEVEL SECURITY;
CREATE TABLE public.drills (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    incident_id uuid NOT NULL,
    site_id uuid NOT NULL,
    plan text NOT NULL,
    announced boolean NOT NULL,
    started_by uuid,
    started_at timestamp with time zone NOT NULL,
    ends_at timestamp with time zone NOT NULL,
    ended_at timestamp with time zone,
    ended_why text,
    goals jsonb NOT NULL,
    score jsonb,
    zone_id uuid NOT NULL,
    reason text NOT NULL,
    level smallint NOT NULL,
    ended_by uuid,
    real_incident_id uuid,
    CONSTRAINT drills_check CHECK (((ended_at IS NULL) = (ended_why IS NULL))),
    CONSTRAINT drills_ended_why_check CHECK ((ended_why = ANY (ARRAY['finished'::text, 'stopped'::text, 'time'::text, 'real_alarm'::text]))),
    CONSTRAINT drills_gave_way CHECK ((((ended_why = 'real_alarm'::text) = (real_incident_id IS NOT NULL)) OR (ended_why IS NULL))),
    CONSTRAINT drills_length CHECK (((ends_at > started_at) AND (ends_at <= (started_at + '04:00:00'::interval)))),
    CONSTRAINT drills_level_check CHECK ((level = ANY (ARRAY[1, 2]))),
    CONSTRAINT drills_reason_check CHECK (((length(reason) >= 1) AND (length(reason) <= 1000))),
    CONSTRAINT drills_scored CHECK (((ended_at IS NULL) = (score IS NULL)))
);
ALTER TABLE ONLY public.drills FORCE ROW LEVEL SECURITY;
CREATE TABLE public.equipment (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    site_id uuid NOT NULL,
    zone_id uuid,
    slug text NOT NULL,
    kind text NOT NULL,
    name jsonb NOT NULL,
    classes text[],
    lon double precision NOT NULL,
    lat double precision NOT NULL,
    level smallint NOT NULL,
    in_stock integer NOT NULL,
    expires_at timestamp with time zone,
    next_inspection_on date,
    state text NOT NULL,
    state_reason text,
    note text NOT NULL,
    retired_at timestamp with time zone,
    version integer DEFAULT 1 NOT NULL,
    created_at timestamp with time zone NOT NULL,
    CONSTRAINT equipment_check CHECK (((classes IS NULL) OR ((kind = 'extinguisher'::text) AND ((cardinality(classes) >= 1) AND (cardinality(classes) <= 6)) AND (classes <@ ARRAY['A'::text, 'B'::text, 'C'::text, 'D'::text, 'E'::text, 'F'::text])))),
    CONSTRAINT equipment_check1 CHECK (((state = 'out_of_service'::text) = (state_reason IS NOT NULL))),
    CONSTRAINT equipment_in_stock_check CHECK (((in_stock >= 0) AND (in_stock <= 1000))),
    CONSTRAINT equipment_kind_check CHECK ((kind = ANY (ARRAY['extinguisher'::text, 'hydrant'::text, 'first_aid'::text, 'aed'::text, 'eye_wash'::text, 'shower'::text, 'spill_kit'::text, 'breathing_apparatus'::text, 'gas_detector'::text, 'stretcher'::text, 'fire_blanket'::text, 'alarm_button'::text, 'other'::text]))),
    CONSTRAINT equipment_lat_check CHECK (((lat >= ('-84'::integer)::double precision) AND (lat <= (84)::double precision))),
    CONSTRAINT equipment_level_check CHECK (((level >= '-100'::integer) AND (level <= 200))),
    CONSTRAINT equipment_lon_check CHECK (((lon >= ('-180'::integer)::double precision) AND (lon <= (180)::double precision))),
    CONSTRAINT equipment_note_check CHECK ((length(note) <= 500)),
    CONSTRAINT equipment_slug_check CHECK ((slug ~ '^[a-z0-9][a-z0-9-]{0,62}$'::text)),
    CONSTRAINT equipment_state_check CHECK ((state = ANY (ARRAY['ready'::text, 'out_of_service'::text]))),
    CONSTRAINT equipment_state_reason_check CHECK (((length(state_reason) >= 1) AND (length(state_reason) <= 500)))
);
ALTER TABLE ONLY public.equipment FORCE ROW LEVEL SECURITY;
CREATE TABLE public.equipment_movements (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    equipment_id uuid NOT NULL,
    key text NOT NULL,
    pieces integer NOT NULL,
    reason text NOT NULL,
    in_stock integer NOT NULL,
    moved_by uuid,
    moved_at timestamp with time zone NOT NULL,
    CONSTRAINT equipment_movements_in_stock_check CHECK (((in_stock >= 0) AND (in_stock <= 1000))),
    CONSTRAINT equipment_movements_key_check CHECK (((length(key) >= 1) AND (length(key) <= 100))),
    CONSTRAINT equipment_movements_pieces_check CHECK (((pieces <> 0) AND (abs(pieces) <= 1000))),
    CONSTRAINT equipment_movements_reason_check CHECK (((length(reason) >= 1) AND (length(reason) <= 500)))
);
ALTER TABLE ONLY public.equipment_movements FORCE ROW LEVEL SECURITY;
CREATE TABLE public.equipment_watched (
    tenant_id uuid NOT NULL,
    week date NOT NULL
);
ALTER TABLE ONLY public.equipment_watched FORCE ROW LEVEL SECURITY;
CREATE TABLE public.escalation_policies (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    slug text NOT NULL,
    version integer NOT NULL,
    title jsonb NOT NULL,
    body jsonb NOT NULL,
    created_at timestamp with time zone NOT NULL,
    created_by uuid NOT NULL,
    retired boolean DEFAULT false NOT NULL,
    CONSTRAINT escalation_policies_slug_check CHECK ((slug ~ '^[a-z0-9][a-z0-9-]{0,62}$'::text)),
    CONSTRAINT escalation_policies_version_check CHECK ((version > 0))
);
ALTER TABLE ONLY public.escalation_policies FORCE ROW LEVEL SECURITY;
CREATE TABLE public.escalations (
    tenant_id uuid NOT NULL,
    task_id uuid NOT NULL,
    incident_id uuid NOT NULL,
    policy jsonb NOT NULL,
    needs jsonb NOT NULL,
    content jsonb NOT NULL,
    state text NOT NULL,
    step integer NOT NULL,
    round integer NOT NULL,
    step_started_at timestamp with time zone NOT NULL,
    met jsonb NOT NULL,
    crew jsonb NOT NULL,
    started_at timestamp with time zone NOT NULL,
    met_at timestamp with time zone,
    paused_until timestamp with time zone,
    paused_by uuid,
    pause_reason text,
    due_at timestamp with time zone,
    lease_holder text,
    lease_until timestamp with time zone,
    fencing bigint DEFAULT 1 NOT NULL,
    CONSTRAINT escalations_check CHECK (((state = 'paused'::text) = (paused_until IS NOT NULL))),
    CONSTRAINT escalations_check1 CHECK (((paused_until IS NULL) = (pause_reason IS NULL))),
    CONSTRAINT escalations_check2 CHECK (((state = 'met'::text) <= (met_at IS NOT NULL))),
    CONSTRAINT escalations_check3 CHECK (((lease_holder IS NULL) = (lease_until IS NULL))),
    CONSTRAINT escalations_round_check CHECK ((round >= 0)),
    CONSTRAINT escalations_state_check CHECK ((state = ANY (ARRAY['running'::text, 'met'::text, 'exhausted'::text, 'paused'::text, 'cancelled'::text]))),
    CONSTRAINT escalations_step_check CHECK ((step >= 0))
);
ALTER TABLE ONLY public.escalations FORCE ROW LEVEL SECURITY;
CREATE TABLE public.evacuation_plans (
    tenant_id uuid NOT NULL,
    roll_call_id uuid NOT NULL,
    site_id uuid NOT NULL,
    place_plan_id uuid,
    revision integer NOT NULL,
    view jsonb,
    held jsonb,
    planned_at timestamp with time zone,
    look_at timestamp with time zone NOT NULL,
    woken_at timestamp with time zone,
    lease uuid,
    leased_until timestamp with time zone,
    ended_at timestamp with time zone,
    CONSTRAINT evacuation_plans_check CHECK (((view IS NULL) = (revision = 0))),
    CONSTRAINT evacuation_plans_check1 CHECK (((lease IS NULL) = (leased_until IS NULL))),
    CONSTRAINT evacuation_plans_revision_check CHECK ((revision >= 0)),
    CONSTRAINT evacuation_plans_view_check CHECK ((octet_length((view)::text) <= 1048576))
);
ALTER TABLE ONLY public.evacuation_plans FORCE ROW LEVEL SECURITY;
CREATE TABLE public.evidence_files (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    media_type text NOT NULL,
    size_bytes integer NOT NULL,
    sha256 text NOT NULL,
    uploaded_by uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    CONSTRAINT evidence_files_media_type_check CHECK ((media_type = ANY (ARRAY['application/pdf'::text, 'image/jpeg'::text, 'image/png'::text]))),
    CONSTRAINT evidence_files_sha256_check CHECK ((sha256 ~ '^[0-9a-f]{64}$'::text)),
    CONSTRAINT evidence_files_size_bytes_check CHECK (((size_bytes >= 1) AND (size_bytes <= 10485760)))
);
ALTER TABLE ONLY public.evidence_files FORCE ROW LEVEL SECURITY;
CREATE TABLE public.exposure_events (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    site_id uuid NOT NULL,
    person_id uuid NOT NULL,
    kind text NOT NULL,
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
    at timestamp with time zone NOT NULL,
    ended_at timestamp with time zone,
    CONSTRAINT exposure_events_kind_check CHECK ((kind = ANY (ARRAY['twa'::text, 'stel'::text, 'ceiling'::text])))
);
ALTER TABLE ONLY public.exposure_events FORCE ROW LEVEL SECURITY;
CREATE TABLE public.exposure_watches (
    tenant_id uuid NOT NULL,
    site_id uuid NOT NULL,
    due_at timestamp with time zone NOT NULL
);
ALTER TABLE ONLY public.exposure_watches FORCE ROW LEVEL SECURITY;
CREATE TABLE public.feed_messages (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    feed_id uuid NOT NULL,
    incident_id uuid,
    seq integer NOT NULL,
    event text NOT NULL,
    notice jsonb NOT NULL,
    exercise boolean NOT NULL,
    payload text,
    cap_identifier text,
    cap_sender text,
    state text NOT NULL,
    attempts integer DEFAULT 0 NOT NULL,
    queued_at timestamp with time zone NOT NULL,
    due_at timestamp with time zone NOT NULL,
    give_up_at timestamp with time zone NOT NULL,
    ended_at timestamp with time zone,
    last_status integer,
    last_error text,
    lease_holder text,
    lease_until timestamp with time zone,
    fencing bigint DEFAULT 0 NOT NULL,
    CONSTRAINT feed_messages_check CHECK (((state = 'queued'::text) = (ended_at IS NULL))),
    CONSTRAINT feed_messages_check1 CHECK (((lease_holder IS NULL) = (lease_until IS NULL))),
    CONSTRAINT feed_messages_state_check CHECK ((state = ANY (ARRAY['queued'::text, 'sent'::text, 'failed'::text])))
);
ALTER TABLE ONLY public.feed_messages FORCE ROW LEVEL SECURITY;
CREATE TABLE public.feeds (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    name text NOT NULL,
    kind text NOT NULL,
    url text NOT NULL,
    sender text,
    contact text,
    min_grade smallint NOT NULL,
    sites uuid[] DEFAULT '{}'::uuid[] NOT NULL,
    exercises boolean NOT NULL,
    enabled boolean NOT NULL,
    disabled_why text,
    secret bytea NOT NULL,
    old_secret bytea,
    old_secret_until timestamp with time zone,
    version integer DEFAULT 1 NOT NULL,
    created_at timestamp with time zone NOT NULL,
    CONSTRAINT feeds_check CHECK (((old_secret IS NULL) = (old_secret_until IS NULL))),
    CONSTRAINT feeds_kind_check CHECK ((kind = ANY (ARRAY['cap'::text, 'webhook'::text]))),
    CONSTRAINT feeds_min_grade_check CHECK (((min_grade >= 1) AND (min_grade <= 4))),
    CONSTRAINT feeds_name_check CHECK (((length(name) >= 1) AND (length(name) <= 200))),
    CONSTRAINT feeds_url_check CHECK (((length(url) >= 1) AND (length(url) <= 2000)))
);
ALTER TABLE ONLY public.feeds FORCE ROW LEVEL SECURITY;
CREATE TABLE public.floods (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    site_id uuid NOT NULL,
    incident_id uuid NOT NULL,
    started_at timestamp with time zone NOT NULL,
    alarms_at_start integer NOT NULL,
    alarms integer NOT NULL,
    due_at timestamp with time zone NOT NULL,
    ended_at timestamp with time zone
);
ALTER TABLE ONLY public.floods FORCE ROW LEVEL SECURITY;
CREATE TABLE public.gateways (
    holder text NOT NULL,
    expires_at timestamp with time zone NOT NULL
);
ALTER TABLE ONLY public.gateways FORCE ROW LEVEL SECURITY;
CREATE TABLE public.guided_sites (
    tenant_id uuid NOT NULL,
    site_id uuid NOT NULL,
    leased_until timestamp with time zone NOT NULL,
    looked_at timestamp with time zone
);
ALTER TABLE ONLY public.guided_sites FORCE ROW LEVEL SECURITY;
CREATE TABLE public.hazards (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    site_id uuid NOT NULL,
    incident_id uuid,
    alarm_id uuid,
    source text NOT NULL,
    name jsonb NOT NULL,
    agent text,
    body jsonb NOT NULL,
    facts jsonb NOT NULL,
    shown jsonb NOT NULL,
    changes_at timestamp with time zone,
    stated_at timestamp with time zone NOT NULL,
    ends_at timestamp with time zone,
    ended_at timestamp with time zone,
    ended_by uuid,
    end_reason text,
    exercise boolean NOT NULL,
    version integer NOT NULL,
    created_by uuid,
    created_at timestamp with time zone NOT NULL,
    CONSTRAINT hazards_body_check CHECK ((octet_length((body)::text) <= 8388608)),
    CONSTRAINT hazards_check CHECK (((source = 'grown'::text) = (alarm_id IS NOT NULL))),
    CONSTRAINT hazards_check1 CHECK (((alarm_id IS NULL) OR (incident_id IS NOT NULL))),
    CONSTRAINT hazards_check2 CHECK (((NOT exercise) OR (incident_id IS NOT NULL))),
    CONSTRAINT hazards_check3 CHECK (((ended_at IS NULL) = (end_reason IS NULL))),
    CONSTRAINT hazards_check4 CHECK (((ended_by IS NULL) OR (ended_at IS NOT NULL))),
    CONSTRAINT hazards_facts_check CHECK ((octet_length((facts)::text) <= 262144)),
    CONSTRAINT hazards_shown_check CHECK ((octet_length((shown)::text) <= 262144)),
    CONSTRAINT hazards_source_check CHECK ((source = ANY (ARRAY['drawn'::text, 'grown'::text, 'forecast'::text])))
);
ALTER TABLE ONLY public.hazards FORCE ROW LEVEL SECURITY;
CREATE TABLE public.holiday_calendars (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    slug text NOT NULL,
    name jsonb NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    created_at timestamp with time zone NOT NULL,
    CONSTRAINT holiday_calendars_slug_check CHECK ((slug ~ '^[a-z0-9][a-z0-9-]{0,62}$'::text))
);
ALTER TABLE ONLY public.holiday_calendars FORCE ROW LEVEL SECURITY;
CREATE TABLE public.holidays (
    tenant_id uuid NOT NULL,
    calendar_id uuid NOT NULL,
    day date NOT NULL,
    name jsonb NOT NULL
);
ALTER TABLE ONLY public.holidays FORCE ROW LEVEL SECURITY;
CREATE TABLE public.idempotency_keys (
    tenant_id uuid NOT NULL,
    account_id uuid NOT NULL,
    key text NOT NULL,
    request_hash text NOT NULL,
    status integer,
    answer jsonb,
    created_at timestamp with time zone NOT NULL,
    CONSTRAINT idempotency_keys_key_check CHECK (((length(key) >= 1) AND (length(key) <= 200)))
);
ALTER TABLE ONLY public.idempotency_keys FORCE ROW LEVEL SECURITY;
CREATE TABLE public.incident_commanders (
    tenant_id uuid NOT NULL,
    incident_id uuid NOT NULL,
    account_id uuid NOT NULL,
    since timestamp with time zone NOT NULL,
    version integer NOT NULL
);
ALTER TABLE ONLY public.incident_commanders FORCE ROW LEVEL SECURITY;
CREATE TABLE public.incident_resources (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    incident_id uuid NOT NULL,
    kind text NOT NULL,
    name text NOT NULL,
    account_id uuid,
    task_id uuid,
    state text NOT NULL,
    note text NOT NULL,
    by_account uuid NOT NULL,
    changed_at timestamp with time zone NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    CONSTRAINT incident_resources_kind_check CHECK ((kind = ANY (ARRAY['person'::text, 'team'::text, 'equipment'::text, 'outside'::text]))),
    CONSTRAINT incident_resources_name_check CHECK (((length(name) >= 1) AND (length(name) <= 200))),
    CONSTRAINT incident_resources_note_check CHECK ((length(note) <= 500)),
    CONSTRAINT incident_resources_state_check CHECK ((state = ANY (ARRAY['requested'::text, 'assigned'::text, 'on_scene'::text, 'released'::text])))
);
ALTER TABLE ONLY public.incident_resources FORCE ROW LEVEL SECURITY;
CREATE TABLE public.incidents (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    number integer NOT NULL,
    site_id uuid NOT NULL,
    zone_id uuid NOT NULL,
    state text NOT NULL,
    grade smallint NOT NULL,
    reasons jsonb NOT NULL,
    title jsonb NOT NULL,
    place jsonb NOT NULL,
    agent text,
    plan jsonb NOT NULL,
    first_out_alarm_id uuid,
    opened_at timestamp with time zone NOT NULL,
    last_alarm_at timestamp with time zone NOT NULL,
    returned_at timestamp with time zone,
    closed_at timestamp with time zone,
    closed_by uuid,
    close_reason text,
    exercise boolean DEFAULT false NOT NULL,
    opened_by uuid,
    merged_into uuid,
    split_from uuid,
    joined_zones uuid[] DEFAULT '{}'::uuid[] NOT NULL,
    CONSTRAINT incidents_check CHECK (((state = 'closed'::text) = (closed_at IS NOT NULL))),
    CONSTRAINT incidents_check1 CHECK (((state <> 'closed'::text) OR (close_reason IS NOT NULL))),
    CONSTRAINT incidents_check2 CHECK (((first_out_alarm_id IS NOT NULL) OR (opened_by IS NOT NULL))),
    CONSTRAINT incidents_check3 CHECK (((merged_into IS NULL) OR (state = 'closed'::text))),
    CONSTRAINT incidents_grade_check CHECK (((grade >= 1) AND (grade <= 4))),
    CONSTRAINT incidents_state_check CHECK ((state = ANY (ARRAY['open'::text, 'returned'::text, 'closed'::text])))
);
ALTER TABLE ONLY public.incidents FORCE ROW LEVEL SECURITY;
CREATE TABLE public.ingest_inbox (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    site_id uuid NOT NULL,
    readings jsonb NOT NULL,
    received_at timestamp with time zone NOT NULL
);
ALTER TABLE ONLY public.ingest_inbox FORCE ROW LEVEL SECURITY;
CREATE TABLE public.ingest_refusals (
    tenant_id uuid NOT NULL,
    site_id uuid NOT NULL,
    device text NOT NULL,
    code text NOT NULL,
    count bigint NOT NULL,
    first_at timestamp with time zone NOT NULL,
    last_at timestamp with time zone NOT NULL,
    detail text NOT NULL,
    topic text NOT NULL,
    sample bytea NOT NULL,
    CONSTRAINT ingest_refusals_sample_check CHECK ((length(sample) <= 256))
);
ALTER TABLE ONLY public.ingest_refusals FORCE ROW LEVEL SECURITY;
CREATE TABLE public.late_minutes (
    tenant_id uuid NOT NULL,
    site_id uuid NOT NULL,
    sensor_id uuid NOT NULL,
    minute timestamp with time zone NOT NULL
);
ALTER TABLE ONLY public.late_minutes FORCE ROW LEVEL SECURITY;
CREATE TABLE public.lessons (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    incident_id uuid NOT NULL,
    text text NOT NULL,
    created_by uuid NOT NULL,
    created_at timestamp with time zone NOT NULL
);
ALTER TABLE ONLY public.lessons FORCE ROW LEVEL SECURITY;
CREATE TABLE public.lone_sessions (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    account_id uuid NOT NULL,
    name text NOT NULL,
    site_id uuid NOT NULL,
    zone_id uuid,
    lon double precision,
    lat double precision,
    level smallint,
    accuracy_m double precision,
    note text NOT NULL,
    interval_s integer NOT NULL,
    grace_s integer NOT NULL,
    activity_counts boolean NOT NULL,
    state text NOT NULL,
    started_at timestamp with time zone NOT NULL,
    ends_at timestamp with time zone NOT NULL,
    checked_in_at timestamp with time zone NOT NULL,
    checked_in_by text NOT NULL,
    deadline_at timestamp with time zone,
    remind_at timestamp with time zone,
    raise_at timestamp with time zone,
    paused_until timestamp with time zone,
    armed_at timestamp with time zone NOT NULL,
    due_at timestamp with time zone,
    ended_at timestamp with time zone,
    ended_by uuid,
    ring_due_at timestamp with time zone,
    ring_lease_until timestamp with time zone,
    ring_attempts integer DEFAULT 0 NOT NULL,
    ring_taken integer DEFAULT 0 NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    CONSTRAINT lone_sessions_checked_in_by_check CHECK ((checked_in_by = ANY (ARRAY['start'::text, 'tap'::text, 'badge'::text, 'message'::text, 'resumed'::text]))),
    CONSTRAINT lone_sessions_grace_s_check CHECK (((grace_s >= 30) AND (grace_s <= 1800))),
    CONSTRAINT lone_sessions_interval_s_check CHECK (((interval_s >= 60) AND (interval_s <= 7200))),
    CONSTRAINT lone_sessions_note_check CHECK ((length(note) <= 500)),
    CONSTRAINT lone_sessions_state_check CHECK ((state = ANY (ARRAY['active'::text, 'paused'::text, 'ended'::text, 'missed'::text])))
);
ALTER TABLE ONLY public.lone_sessions FORCE ROW LEVEL SECURITY;
CREATE TABLE public.matrices (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    site_id uuid NOT NULL,
    number integer NOT NULL,
    state text NOT NULL,
    note text NOT NULL,
    body jsonb NOT NULL,
    authors uuid[] NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    created_at timestamp with time zone NOT NULL,
    reviewed_by uuid,
    reviewed_at timestamp with time zone,
    published_by uuid,
    published_at timestamp with time zone,
    superseded_at timestamp with time zone,
    CONSTRAINT matrices_check CHECK (((reviewed_by IS NULL) = (reviewed_at IS NULL))),
    CONSTRAINT matrices_check1 CHECK (((state = 'draft'::text) = (reviewed_by IS NULL))),
    CONSTRAINT matrices_check2 CHECK (((reviewed_by IS NULL) OR (NOT (reviewed_by = ANY (authors))))),
    CONSTRAINT matrices_check3 CHECK (((state = ANY (ARRAY['published'::text, 'superseded'::text])) = (published_at IS NOT NULL))),
    CONSTRAINT matrices_check4 CHECK (((state = 'superseded'::text) = (superseded_at IS NOT NULL))),
    CONSTRAINT matrices_note_check CHECK ((length(note) <= 1000)),
    CONSTRAINT matrices_state_check CHECK ((state = ANY (ARRAY['draft'::text, 'reviewed'::text, 'published'::text, 'superseded'::text])))
);
ALTER TABLE ONLY public.matrices FORCE ROW LEVEL SECURITY;
CREATE TABLE public.matrix_replays (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    site_id uuid NOT NULL,
    matrix_id uuid NOT NULL,
    against_id uuid,
    start_at timestamp with time zone NOT NULL,
    end_at timestamp with time zone NOT NULL,
    state text NOT NULL,
    progress double precision NOT NULL,
    result jsonb,
    error text,
    requested_by uuid NOT NULL,
    requested_at timestamp with time zone NOT NULL,
    ended_at timestamp with time zone,
    lease_holder text,
    lease_until timestamp with time zone,
    CONSTRAINT matrix_replays_check CHECK ((start_at < end_at)),
    CONSTRAINT matrix_replays_check1 CHECK (((state = ANY (ARRAY['queued'::text, 'running'::text])) = (ended_at IS NULL))),
    CONSTRAINT matrix_replays_check2 CHECK (((state = 'done'::text) = (result IS NOT NULL))),
    CONSTRAINT matrix_replays_progress_check CHECK (((progress >= (0)::double precision) AND (progress <= (1)::double precision))),
    CONSTRAINT matrix_replays_state_check CHECK ((state = ANY (ARRAY['queued'::text, 'running'::text, 'done'::text, 'cancelled'::text, 'failed'::text])))
);
ALTER TABLE ONLY public.matrix_replays FORCE ROW LEVEL SECURITY;
CREATE TABLE public.matrix_timers (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    site_id uuid NOT NULL,
    incident_id uuid NOT NULL,
    alarm_id uuid NOT NULL,
    rule_id uuid NOT NULL,
    actuator_id uuid NOT NULL,
    action text NOT NULL,
    since timestamp with time zone NOT NULL,
    due_at timestamp with time zone NOT NULL
);
ALTER TABLE ONLY public.matrix_timers FORCE ROW LEVEL SECURITY;
CREATE TABLE public.message_services (
    tenant_id uuid NOT NULL,
    kind text NOT NULL,
    url text NOT NULL,
    enabled boolean NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    created_at timestamp with time zone NOT NULL,
    CONSTRAINT message_services_kind_check CHECK ((kind = ANY (ARRAY['mail'::text, 'sms'::text, 'wecom'::text, 'dingtalk'::text, 'feishu'::text]))),
    CONSTRAINT message_services_url_check CHECK (((length(url) >= 1) AND (length(url) <= 2000)))
);
ALTER TABLE ONLY public.message_services FORCE ROW LEVEL SECURITY;
CREATE TABLE public.notices (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    account_id uuid NOT NULL,
    kind text NOT NULL,
    subject_id uuid NOT NULL,
    facts jsonb NOT NULL,
    urgent boolean NOT NULL,
    key text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    read_at timestamp with time zone,
    push text NOT NULL,
    attempts integer DEFAULT 0 NOT NULL,
    next_attempt_at timestamp with time zone,
    lease_until timestamp with time zone,
    pushed_at timestamp with time zone,
    CONSTRAINT notices_check CHECK (((push = ANY (ARRAY['waiting'::text, 'quiet'::text])) = (next_attempt_at IS NOT NULL))),
    CONSTRAINT notices_check1 CHECK (((push = 'accepted'::text) = (pushed_at IS NOT NULL))),
    CONSTRAINT notices_facts_check CHECK ((octet_length((facts)::text) <= 16000)),
    CONSTRAINT notices_key_check CHECK (((length(key) >= 1) AND (length(key) <= 200))),
    CONSTRAINT notices_kind_check CHECK ((kind = ANY (ARRAY['swap.proposed'::text, 'swap.decided'::text, 'exposure.exceeded'::text, 'calibration.due'::text, 'qualification.expiring'::text, 'qualification.expired'::text, 'phone.not_ready'::text, 'comm_test.failed'::text, 'equipment.expiring'::text]))),
    CONSTRAINT notices_push_check CHECK ((push = ANY (ARRAY['waiting'::text, 'quiet'::text, 'accepted'::text, 'unreachable'::text, 'given_up'::text, 'unneeded'::text])))
);
ALTER TABLE ONLY public.notices FORCE ROW LEVEL SECURITY;
CREATE TABLE public.objectives (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    incident_id uuid NOT NULL,
    "position" integer NOT NULL,
    text text NOT NULL,
    state text NOT NULL,
    set_by uuid NOT NULL,
    set_at timestamp with time zone NOT NULL,
    ended_at timestamp with time zone,
    version integer DEFAULT 1 NOT NULL,
    CONSTRAINT objectives_state_check CHECK ((state = ANY (ARRAY['open'::text, 'met'::text, 'dropped'::text]))),
    CONSTRAINT objectives_text_check CHECK (((length(text) >= 1) AND (length(text) <= 500)))
);
ALTER TABLE ONLY public.objectives FORCE ROW LEVEL SECURITY;
CREATE TABLE public.outbox (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    kind text NOT NULL,
    key text NOT NULL,
    payload jsonb NOT NULL,
    created_at timestamp with time zone NOT NULL
);
ALTER TABLE ONLY public.outbox FORCE ROW LEVEL SECURITY;
CREATE TABLE public.passage_states (
    tenant_id uuid NOT NULL,
    site_id uuid NOT NULL,
    feature text NOT NULL,
    of text NOT NULL,
    state text NOT NULL,
    reason text,
    set_by uuid,
    set_at timestamp with time zone NOT NULL,
    until timestamp with time zone,
    version integer NOT NULL,
    CONSTRAINT passage_states_check CHECK ((((state = ANY (ARRAY['open'::text, 'closed'::text, 'locked'::text, 'badge'::text])) AND (of = 'door'::text)) OR ((state = ANY (ARRAY['in_use'::text, 'out_of_use'::text])) AND (of = 'rise'::text)))),
    CONSTRAINT passage_states_check1 CHECK (((reason IS NOT NULL) OR (state <> ALL (ARRAY['locked'::text, 'out_of_use'::text])))),
    CONSTRAINT passage_states_check2 CHECK ((until > set_at)),
    CONSTRAINT passage_states_feature_check CHECK (((char_length(feature) >= 1) AND (char_length(feature) <= 100))),
    CONSTRAINT passage_states_of_check CHECK ((of = ANY (ARRAY['door'::text, 'rise'::text]))),
    CONSTRAINT passage_states_reason_check CHECK (((char_length(reason) >= 1) AND (char_length(reason) <= 500))),
    CONSTRAINT passage_states_version_check CHECK ((version > 0))
);
ALTER TABLE ONLY public.passage_states FORCE ROW LEVEL SECURITY;
CREATE TABLE public.person_devices (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    account_id uuid NOT NULL,
    label text NOT NULL,
    platform text NOT NULL,
    locale text NOT NULL,
    push_channel text,
    push_token text,
    push_token_state text DEFAULT 'none'::text NOT NULL,
    push_token_at timestamp with time zone,
    last_seen_at timestamp with time zone NOT NULL,
    revoked_at timestamp with time zone,
    created_at timestamp with time zone NOT NULL,
    CONSTRAINT person_devices_check CHECK (((push_token_state = 'none'::text) OR ((push_token IS NOT NULL) AND (push_channel IS NOT NULL)))),
    CONSTRAINT person_devices_check1 CHECK (((revoked_at IS NULL) OR (push_token_state <> 'active'::text))),
    CONSTRAINT person_devices_label_check CHECK (((length(label) >= 1) AND (length(label) <= 100))),
    CONSTRAINT person_devices_locale_check CHECK ((locale = ANY (ARRAY['zh-CN'::text, 'en'::text]))),
    CONSTRAINT person_devices_platform_check CHECK ((platform = ANY (ARRAY['android'::text, 'ios'::text, 'web'::text, 'terminal'::text]))),
    CONSTRAINT person_devices_push_channel_check CHECK ((push_channel = ANY (ARRAY['fcm'::text, 'web_push'::text]))),
    CONSTRAINT person_devices_push_token_check CHECK (((length(push_token) >= 1) AND (length(push_token) <= 4096))),
    CONSTRAINT person_devices_push_token_state_check CHECK ((push_token_state = ANY (ARRAY['none'::text, 'active'::text, 'retired'::text])))
);
ALTER TABLE ONLY public.person_devices FORCE ROW LEVEL SECURITY;
CREATE TABLE public.place_plans (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    site_id uuid NOT NULL,
    number integer NOT NULL,
    state text NOT NULL,
    name jsonb NOT NULL,
    source text NOT NULL,
    plan jsonb NOT NULL,
    report jsonb NOT NULL,
    network jsonb,
    version integer NOT NULL,
    created_by uuid,
    created_at timestamp with time zone NOT NULL,
    published_by uuid,
    published_at timestamp with time zone,
    retired_at timestamp with time zone,
    CONSTRAINT place_plans_check CHECK (((state = 'draft'::text) = (published_at IS NULL))),
    CONSTRAINT place_plans_check1 CHECK (((state = 'retired'::text) = (retired_at IS NOT NULL))),
    CONSTRAINT place_plans_check2 CHECK (((state = 'draft'::text) OR (network IS NOT NULL))),
    CONSTRAINT place_plans_number_check CHECK ((number > 0)),
    CONSTRAINT place_plans_plan_check CHECK ((octet_length((plan)::text) <= 33554432)),
    CONSTRAINT place_plans_source_check CHECK ((source = ANY (ARRAY['drawn'::text, 'imdf'::text, 'indoorgml'::text, 'osm'::text, 'wrld'::text]))),
    CONSTRAINT place_plans_state_check CHECK ((state = ANY (ARRAY['draft'::text, 'published'::text, 'retired'::text])))
);
ALTER TABLE ONLY public.place_plans FORCE ROW LEVEL SECURITY;
CREATE TABLE public.plan_templates (
    tenant_id uuid NOT NULL,
    slug text NOT NULL,
    version integer NOT NULL,
    body jsonb NOT NULL,
    created_at timestamp with time zone NOT NULL
);
ALTER TABLE ONLY public.plan_templates FORCE ROW LEVEL SECURITY;
CREATE TABLE public.plan_versions (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    slug text NOT NULL,
    version integer NOT NULL,
    state text NOT NULL,
    revision integer DEFAULT 1 NOT NULL,
    body jsonb NOT NULL,
    library_version integer,
    authors jsonb NOT NULL,
    created_at timestamp with time zone NOT NULL,
    submitted_at timestamp with time zone,
    submitted_by uuid,
    reviewed_at timestamp with time zone,
    reviewed_by uuid,
    published_at timestamp with time zone,
    published_by uuid,
    retired_at timestamp with time zone,
    retired_by uuid,
    note text DEFAULT ''::text NOT NULL,
    CONSTRAINT plan_versions_check CHECK (((state <> ALL (ARRAY['reviewed'::text, 'published'::text])) OR (reviewed_by IS NOT NULL))),
    CONSTRAINT plan_versions_check1 CHECK (((reviewed_by IS NULL) OR (NOT (authors ? (reviewed_by)::text)))),
    CONSTRAINT plan_versions_check2 CHECK (((state = 'retired'::text) = (retired_at IS NOT NULL))),
    CONSTRAINT plan_versions_slug_check CHECK ((slug ~ '^[a-z0-9][a-z0-9-]{0,62}$'::text)),
    CONSTRAINT plan_versions_state_check CHECK ((state = ANY (ARRAY['draft'::text, 'in_review'::text, 'reviewed'::text, 'published'::text, 'retired'::text]))),
    CONSTRAINT plan_versions_version_check CHECK ((version > 1000))
);
ALTER TABLE ONLY public.plan_versions FORCE ROW LEVEL SECURITY;
CREATE TABLE public.positions (
    tenant_id uuid NOT NULL,
    account_id uuid NOT NULL,
    minute timestamp with time zone NOT NULL,
    at timestamp with time zone NOT NULL,
    key text NOT NULL,
    site_id uuid NOT NULL,
    zone_id uuid NOT NULL,
    level smallint NOT NULL,
    share double precision NOT NULL,
    lon double precision NOT NULL,
    lat double precision NOT NULL,
    accuracy_m double precision NOT NULL,
    received_at timestamp with time zone NOT NULL
);
ALTER TABLE ONLY public.positions FORCE ROW LEVEL SECURITY;
CREATE TABLE public.presence (
    tenant_id uuid NOT NULL,
    person_id uuid NOT NULL,
    kind text NOT NULL,
    badge_at timestamp with time zone,
    badge_key text,
    badge_site_id uuid,
    badge_zone_id uuid,
    badge_off_site boolean,
    fix_at timestamp with time zone,
    fix_key text,
    fix_site_id uuid,
    fix_zone_id uuid,
    fix_level smallint,
    fix_share double precision,
    fix_lon double precision,
    fix_lat double precision,
    fix_accuracy_m double precision,
    visit_at timestamp with time zone,
    visit_key text,
    visit_site_id uuid,
    visit_zone_id uuid,
    visit_over boolean,
    CONSTRAINT presence_kind_check CHECK ((kind = ANY (ARRAY['staff'::text, 'visitor'::text, 'contractor'::text])))
);
ALTER TABLE ONLY public.presence FORCE ROW LEVEL SECURITY;
CREATE TABLE public.qualification_notices (
    tenant_id uuid NOT NULL,
    qualification_id uuid NOT NULL,
    state text NOT NULL,
    ends_on date NOT NULL,
    noticed_at timestamp with time zone NOT NULL,
    CONSTRAINT qualification_notices_state_check CHECK ((state = ANY (ARRAY['expiring'::text, 'expired'::text])))
);
ALTER TABLE ONLY public.qualification_notices FORCE ROW LEVEL SECURITY;
CREATE TABLE public.qualification_types (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    slug text NOT NULL,
    name jsonb NOT NULL,
    skills text[] NOT NULL,
    validity_months integer,
    review_months integer,
    warn_days integer NOT NULL,
    source text NOT NULL,
    in_use boolean DEFAULT true NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    created_at timestamp with time zone NOT NULL,
    CONSTRAINT qualification_types_review_months_check CHECK (((review_months >= 1) AND (review_months <= 600))),
    CONSTRAINT qualification_types_slug_check CHECK ((slug ~ '^[a-z0-9][a-z0-9-]{0,62}$'::text)),
    CONSTRAINT qualification_types_source_check CHECK (((length(source) >= 1) AND (length(source) <= 500))),
    CONSTRAINT qualification_types_validity_months_check CHECK (((validity_months >= 1) AND (validity_months <= 600))),
    CONSTRAINT qualification_types_warn_days_check CHECK (((warn_days >= 0) AND (warn_days <= 366)))
);
ALTER TABLE ONLY public.qualification_types FORCE ROW LEVEL SECURITY;
CREATE TABLE public.qualification_watches (
    tenant_id uuid NOT NULL,
    day date NOT NULL
);
ALTER TABLE ONLY public.qualification_watches FORCE ROW LEVEL SECURITY;
CREATE TABLE public.qualifications (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    account_id uuid NOT NULL,
    type_id uuid NOT NULL,
    issuer text NOT NULL,
    scope text NOT NULL,
    sites uuid[] NOT NULL,
    zones uuid[] NOT NULL,
    number text,
    valid_from date NOT NULL,
    valid_until date,
    review_by date,
    ends_on date GENERATED ALWAYS AS (LEAST(valid_until, review_by)) STORED,
    evidence_id uuid,
    suspended_from date,
    suspended_until date,
    suspended_reason text,
    suspended_by uuid,
    version integer DEFAULT 1 NOT NULL,
    created_at timestamp with time zone NOT NULL,
    CONSTRAINT qualifications_check CHECK ((valid_until >= valid_from)),
    CONSTRAINT qualifications_check1 CHECK ((review_by >= valid_from)),
    CONSTRAINT qualifications_check2 CHECK (((suspended_from IS NULL) = (suspended_reason IS NULL))),
    CONSTRAINT qualifications_check3 CHECK (((suspended_until IS NULL) OR (suspended_until >= suspended_from))),
    CONSTRAINT qualifications_issuer_check CHECK (((length(issuer) >= 1) AND (length(issuer) <= 200))),
    CONSTRAINT qualifications_number_check CHECK (((length(number) >= 1) AND (length(number) <= 100))),
    CONSTRAINT qualifications_scope_check CHECK ((length(scope) <= 500)),
    CONSTRAINT qualifications_suspended_reason_check CHECK (((length(suspended_reason) >= 1) AND (length(suspended_reason) <= 500)))
);
ALTER TABLE ONLY public.qualifications FORCE ROW LEVEL SECURITY;
CREATE TABLE public.quiet_times (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    account_id uuid NOT NULL,
    daily_from time without time zone,
    daily_until time without time zone,
    tz text,
    starts_at timestamp with time zone,
    ends_at timestamp with time zone,
    reason text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    CONSTRAINT quiet_times_check CHECK ((((daily_from IS NULL) = (daily_until IS NULL)) AND ((daily_from IS NULL) = (tz IS NULL)))),
    CONSTRAINT quiet_times_check1 CHECK (((starts_at IS NULL) = (ends_at IS NULL))),
    CONSTRAINT quiet_times_check2 CHECK (((daily_from IS NULL) <> (starts_at IS NULL))),
    CONSTRAINT quiet_times_check3 CHECK ((starts_at < ends_at)),
    CONSTRAINT quiet_times_reason_check CHECK ((length(reason) <= 200))
);
ALTER TABLE ONLY public.quiet_times FORCE ROW LEVEL SECURITY;
CREATE TABLE public.reading_minutes (
    tenant_id uuid NOT NULL,
    sensor_id uuid NOT NULL,
    minute timestamp with time zone NOT NULL,
    min double precision,
    max double precision,
    avg double precision,
    count integer NOT NULL,
    gaps integer NOT NULL
)
PARTITION BY RANGE (minute);
ALTER TABLE ONLY public.reading_minutes FORCE ROW LEVEL SECURITY;
CREATE TABLE public.reading_minutes_default (
    tenant_id uuid CONSTRAINT reading_minutes_tenant_id_not_null NOT NULL,
    sensor_id uuid CONSTRAINT reading_minutes_sensor_id_not_null NOT NULL,
    minute timestamp with time zone CONSTRAINT reading_minutes_minute_not_null NOT NULL,
    min double precision,
    max double precision,
    avg double precision,
    count integer CONSTRAINT reading_minutes_count_not_null NOT NULL,
    gaps integer CONSTRAINT reading_minutes_gaps_not_null NOT NULL
);
ALTER TABLE ONLY public.reading_minutes_default FORCE ROW LEVEL SECURITY;
CREATE TABLE public.readings (
    tenant_id uuid NOT NULL,
    sensor_id uuid NOT NULL,
    observed_at timestamp with time zone NOT NULL,
    received_at timestamp with time zone NOT NULL,
    value double precision,
    quality smallint NOT NULL
)
PARTITION BY RANGE (observed_at);
ALTER TABLE ONLY public.readings FORCE ROW LEVEL SECURITY;
CREATE TABLE public.readings_default (
    tenant_id uuid CONSTRAINT readings_tenant_id_not_null NOT NULL,
    sensor_id uuid CONSTRAINT readings_sensor_id_not_null NOT NULL,
    observed_at timestamp with time zone CONSTRAINT readings_observed_at_not_null NOT NULL,
    received_at timestamp with time zone CONSTRAINT readings_received_at_not_null NOT NULL,
    value double precision,
    quality smallint CONSTRAINT readings_quality_not_null NOT NULL
);
ALTER TABLE ONLY public.readings_default FORCE ROW LEVEL SECURITY;
CREATE TABLE public.refresh_tokens (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    sign_in_id uuid NOT NULL,
    parent_id uuid,
    secret_hash bytea NOT NULL,
    issued_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    used_at timestamp with time zone,
    CONSTRAINT refresh_tokens_secret_hash_check CHECK ((length(secret_hash) = 32))
);
ALTER TABLE ONLY public.refresh_tokens FORCE ROW LEVEL SECURITY;
CREATE TABLE public.reports (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    incident_id uuid NOT NULL,
    number integer NOT NULL,
    state text NOT NULL,
    summary text NOT NULL,
    causes text NOT NULL,
    content jsonb,
    content_hash text,
    version integer DEFAULT 1 NOT NULL,
    created_by uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    signed_by uuid,
    signed_at timestamp with time zone,
    CONSTRAINT reports_check CHECK (((state = 'signed_off'::text) = (content IS NOT NULL))),
    CONSTRAINT reports_check1 CHECK (((content IS NULL) = (content_hash IS NULL))),
    CONSTRAINT reports_check2 CHECK (((signed_at IS NULL) = (signed_by IS NULL))),
    CONSTRAINT reports_state_check CHECK ((state = ANY (ARRAY['draft'::text, 'signed_off'::text])))
);
ALTER TABLE ONLY public.reports FORCE ROW LEVEL SECURITY;
CREATE TABLE public.roll_call_marks (
    tenant_id uuid NOT NULL,
    roll_call_id uuid NOT NULL,
    id uuid NOT NULL,
    number bigint NOT NULL,
    person_id uuid NOT NULL,
    said text NOT NULL,
    seen uuid[] NOT NULL,
    by_account uuid,
    assembly_point_id uuid,
    "position" jsonb,
    note text NOT NULL,
    at timestamp with time zone NOT NULL,
    received_at timestamp with time zone NOT NULL,
    CONSTRAINT roll_call_marks_note_check CHECK ((length(note) <= 500)),
    CONSTRAINT roll_call_marks_said_check CHECK ((said = ANY (ARRAY['safe'::text, 'need_help'::text, 'left'::text, 'not_here'::text, 'withdrawn'::text])))
);
ALTER TABLE ONLY public.roll_call_marks FORCE ROW LEVEL SECURITY;
ALTER TABLE public.roll_call_marks ALTER COLUMN number ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.roll_call_marks_number_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.roll_call_marshals (
    tenant_id uuid NOT NULL,
    roll_call_id uuid NOT NULL,
    account_id uuid NOT NULL,
    assembly_point_id uuid NOT NULL,
    since timestamp with time zone NOT NULL
);
ALTER TABLE ONLY public.roll_call_marshals FORCE ROW LEVEL SECURITY;
CREATE TABLE public.roll_call_people (
    tenant_id uuid NOT NULL,
    roll_call_id uuid NOT NULL,
    person_id uuid NOT NULL,
    kind text NOT NULL,
    name text NOT NULL,
    host_id uuid,
    source text NOT NULL,
    zone_id uuid,
    level smallint,
    seen_at timestamp with time zone,
    confidence double precision NOT NULL,
    status text NOT NULL,
    contested boolean DEFAULT false NOT NULL,
    assembly_point_id uuid,
    status_at timestamp with time zone,
    ordered_at timestamp with time zone,
    CONSTRAINT roll_call_people_confidence_check CHECK (((confidence >= (0)::double precision) AND (confidence <= (1)::double precision))),
    CONSTRAINT roll_call_people_kind_check CHECK ((kind = ANY (ARRAY['staff'::text, 'visitor'::text, 'contractor'::text, 'unlisted'::text]))),
    CONSTRAINT roll_call_people_name_check CHECK (((length(name) >= 1) AND (length(name) <= 200))),
    CONSTRAINT roll_call_people_source_check CHECK ((source = ANY (ARRAY['badge'::text, 'phone'::text, 'visit'::text, 'shift'::text, 'marshal'::text]))),
    CONSTRAINT roll_call_people_status_check CHECK ((status = ANY (ARRAY['accounted'::text, 'need_help'::text, 'left'::text, 'missing'::text, 'unsure'::text])))
);
ALTER TABLE ONLY public.roll_call_people FORCE ROW LEVEL SECURITY;
CREATE TABLE public.roll_calls (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    incident_id uuid NOT NULL,
    site_id uuid NOT NULL,
    scope text NOT NULL,
    zone_ids uuid[] NOT NULL,
    building_id uuid,
    place jsonb NOT NULL,
    reason text NOT NULL,
    exercise boolean NOT NULL,
    state text NOT NULL,
    started_at timestamp with time zone NOT NULL,
    started_by uuid,
    search_due_at timestamp with time zone,
    search_task_id uuid,
    evacuate_task_id uuid,
    look_at timestamp with time zone,
    all_clear_at timestamp with time zone,
    all_clear_by uuid,
    re_entry_at timestamp with time zone,
    re_entry_by uuid,
    counts jsonb NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    listing boolean DEFAULT false NOT NULL,
    CONSTRAINT roll_calls_scope_check CHECK ((scope = ANY (ARRAY['zones'::text, 'building'::text, 'site'::text]))),
    CONSTRAINT roll_calls_state_check CHECK ((state = ANY (ARRAY['open'::text, 'all_clear'::text, 're_entry'::text])))
);
ALTER TABLE ONLY public.roll_calls FORCE ROW LEVEL SECURITY;
CREATE TABLE public.room_events (
    tenant_id uuid NOT NULL,
    room_id uuid NOT NULL,
    seq bigint NOT NULL,
    epoch integer NOT NULL,
    at timestamp with time zone NOT NULL,
    kind text NOT NULL,
    lane text NOT NULL,
    by_account uuid,
    client_key text,
    body jsonb NOT NULL,
    CONSTRAINT room_events_check CHECK (((client_key IS NULL) OR (by_account IS NOT NULL))),
    CONSTRAINT room_events_client_key_check CHECK (((length(client_key) >= 1) AND (length(client_key) <= 100))),
    CONSTRAINT room_events_lane_check CHECK ((lane = ANY (ARRAY['safety'::text, 'normal'::text])))
);
ALTER TABLE ONLY public.room_events FORCE ROW LEVEL SECURITY;
CREATE TABLE public.room_members (
    tenant_id uuid NOT NULL,
    room_id uuid NOT NULL,
    account_id uuid NOT NULL,
    joined_at timestamp with time zone NOT NULL,
    name text NOT NULL
);
ALTER TABLE ONLY public.room_members FORCE ROW LEVEL SECURITY;
CREATE TABLE public.rooms (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    incident_id uuid NOT NULL,
    epoch integer DEFAULT 1 NOT NULL,
    next_seq bigint DEFAULT 1 NOT NULL,
    opened_at timestamp with time zone NOT NULL,
    CONSTRAINT rooms_epoch_check CHECK ((epoch > 0)),
    CONSTRAINT rooms_next_seq_check CHECK ((next_seq > 0))
);
ALTER TABLE ONLY public.rooms FORCE ROW LEVEL SECURITY;
CREATE TABLE public.rota_overrides (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    rota_id uuid NOT NULL,
    made bigint NOT NULL,
    removed uuid,
    added uuid,
    "position" smallint,
    starts_at timestamp with time zone NOT NULL,
    ends_at timestamp with time zone NOT NULL,
    reason text NOT NULL,
    swap_id uuid,
    created_by uuid,
    created_at timestamp with time zone NOT NULL,
    cancelled_at timestamp with time zone,
    CONSTRAINT rota_overrides_check CHECK ((ends_at > starts_at)),
    CONSTRAINT rota_overrides_check1 CHECK ((num_nonnulls(removed, added) > 0)),
    CONSTRAINT rota_overrides_check2 CHECK ((("position" IS NOT NULL) = (removed IS NULL))),
    CONSTRAINT rota_overrides_position_check CHECK (("position" >= 0)),
    CONSTRAINT rota_overrides_reason_check CHECK (((length(reason) >= 1) AND (length(reason) <= 500)))
);
ALTER TABLE ONLY public.rota_overrides FORCE ROW LEVEL SECURITY;
CREATE TABLE public.rota_swaps (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    rota_id uuid NOT NULL,
    "position" smallint NOT NULL,
    proposed_by uuid NOT NULL,
    proposed_to uuid NOT NULL,
    starts_at timestamp with time zone NOT NULL,
    ends_at timestamp with time zone NOT NULL,
    return_rota_id uuid,
    return_position smallint,
    return_starts_at timestamp with time zone,
    return_ends_at timestamp with time zone,
    note text,
    state text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    answered_at timestamp with time zone,
    CONSTRAINT rota_swaps_check CHECK ((proposed_to <> proposed_by)),
    CONSTRAINT rota_swaps_check1 CHECK ((ends_at > starts_at)),
    CONSTRAINT rota_swaps_check2 CHECK ((return_ends_at > return_starts_at)),
    CONSTRAINT rota_swaps_check3 CHECK ((num_nulls(return_rota_id, return_position, return_starts_at, return_ends_at) = ANY (ARRAY[0, 4]))),
    CONSTRAINT rota_swaps_check4 CHECK (((state = 'proposed'::text) = (answered_at IS NULL))),
    CONSTRAINT rota_swaps_note_check CHECK (((length(note) >= 1) AND (length(note) <= 500))),
    CONSTRAINT rota_swaps_position_check CHECK (("position" >= 0)),
    CONSTRAINT rota_swaps_return_position_check CHECK ((return_position >= 0)),
    CONSTRAINT rota_swaps_state_check CHECK ((state = ANY (ARRAY['proposed'::text, 'accepted'::text, 'declined'::text, 'withdrawn'::text])))
);
ALTER TABLE ONLY public.rota_swaps FORCE ROW LEVEL SECURITY;
CREATE TABLE public.rota_versions (
    tenant_id uuid NOT NULL,
    rota_id uuid NOT NULL,
    version integer NOT NULL,
    valid_from timestamp with time zone NOT NULL,
    valid_until timestamp with time zone,
    tz text NOT NULL,
    calendar_id uuid,
    definition jsonb NOT NULL,
    retired boolean NOT NULL,
    CONSTRAINT rota_versions_check CHECK ((valid_until >= valid_from))
);
ALTER TABLE ONLY public.rota_versions FORCE ROW LEVEL SECURITY;
CREATE TABLE public.rotas (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    slug text NOT NULL,
    name jsonb NOT NULL,
    tz text NOT NULL,
    kind text NOT NULL,
    site_id uuid,
    calendar_id uuid,
    definition jsonb NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    retired_at timestamp with time zone,
    created_at timestamp with time zone NOT NULL,
    CONSTRAINT rotas_kind_check CHECK ((kind = ANY (ARRAY['shift'::text, 'on_call'::text]))),
    CONSTRAINT rotas_slug_check CHECK ((slug ~ '^[a-z0-9][a-z0-9-]{0,62}$'::text))
);
ALTER TABLE ONLY public.rotas FORCE ROW LEVEL SECURITY;
CREATE TABLE public.routes (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    site_id uuid NOT NULL,
    incident_id uuid NOT NULL,
    account_id uuid NOT NULL,
    purpose text NOT NULL,
    task_id uuid,
    roll_call_id uuid,
    revision integer NOT NULL,
    state text NOT NULL,
    view jsonb NOT NULL,
    way jsonb,
    progress jsonb,
    fix jsonb,
    started_at timestamp with time zone NOT NULL,
    computed_at timestamp with time zone NOT NULL,
    ended_at timestamp with time zone,
    ended_why text,
    CONSTRAINT routes_check CHECK (((ended_at IS NULL) = (ended_why IS NULL))),
    CONSTRAINT routes_check1 CHECK (((purpose = 'evacuate'::text) = (task_id IS NULL))),
    CONSTRAINT routes_check2 CHECK (((purpose <> 'evacuate'::text) OR (roll_call_id IS NOT NULL))),
    CONSTRAINT routes_ended_why_check CHECK ((ended_why = ANY (ARRAY['done'::text, 'declined'::text, 'handed_over'::text, 'cancelled'::text, 'closed'::text, 'safe'::text, 'plan'::text]))),
    CONSTRAINT routes_purpose_check CHECK ((purpose = ANY (ARRAY['task'::text, 'search'::text, 'evacuate'::text]))),
    CONSTRAINT routes_revision_check CHECK ((revision > 0)),
    CONSTRAINT routes_state_check CHECK ((state = ANY (ARRAY['safe'::text, 'no_safe_route'::text, 'no_route'::text, 'place_unknown'::text]))),
    CONSTRAINT routes_view_check CHECK ((octet_length((view)::text) <= 1048576)),
    CONSTRAINT routes_way_check CHECK ((octet_length((way)::text) <= 4194304))
);
ALTER TABLE ONLY public.routes FORCE ROW LEVEL SECURITY;
CREATE TABLE public.schema_migrations (
    name text NOT NULL,
    checksum text NOT NULL,
    applied_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL
);
CREATE TABLE public.sensors (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    site_id uuid NOT NULL,
    device_id uuid NOT NULL,
    zone_id uuid NOT NULL,
    series text NOT NULL,
    name jsonb NOT NULL,
    quantity text NOT NULL,
    unit text NOT NULL,
    agent text,
    calibration_due date,
    stale_after_s double precision NOT NULL,
    retired_at timestamp with time zone,
    version integer DEFAULT 1 NOT NULL,
    created_at timestamp with time zone NOT NULL,
    lon double precision,
    lat double precision,
    level smallint,
    CONSTRAINT sensors_check CHECK ((num_nulls(lon, lat, level) = ANY (ARRAY[0, 3]))),
    CONSTRAINT sensors_lat_check CHECK (((lat >= ('-89'::integer)::double precision) AND (lat <= (89)::double precision))),
    CONSTRAINT sensors_lon_check CHECK (((lon >= ('-180'::integer)::double precision) AND (lon <= (180)::double precision))),
    CONSTRAINT sensors_series_check CHECK (((length(series) >= 1) AND (length(series) <= 64))),
    CONSTRAINT sensors_stale_after_s_check CHECK ((stale_after_s > (0)::double precision))
);
ALTER TABLE ONLY public.sensors FORCE ROW LEVEL SECURITY;
CREATE TABLE public.shelving_limits (
    tenant_id uuid NOT NULL,
    rule_id uuid NOT NULL,
    shelve_max_s double precision NOT NULL,
    CONSTRAINT shelving_limits_shelve_max_s_check CHECK (((shelve_max_s >= (60)::double precision) AND (shelve_max_s <= (43200)::double precision)))
);
ALTER TABLE ONLY public.shelving_limits FORCE ROW LEVEL SECURITY;
CREATE TABLE public.sign_in_limits (
    tenant_id uuid NOT NULL,
    kind text NOT NULL,
    subject text NOT NULL,
    window_started_at timestamp with time zone NOT NULL,
    attempts integer NOT NULL,
    CONSTRAINT sign_in_limits_attempts_check CHECK ((attempts >= 0)),
    CONSTRAINT sign_in_limits_kind_check CHECK ((kind ~ '^[a-z_]{1,32}$'::text)),
    CONSTRAINT sign_in_limits_subject_check CHECK ((length(subject) <= 200))
);
ALTER TABLE ONLY public.sign_in_limits FORCE ROW LEVEL SECURITY;
CREATE TABLE public.sign_ins (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    account_id uuid NOT NULL,
    device_id uuid NOT NULL,
    signed_in_at timestamp with time zone NOT NULL,
    ends_at timestamp with time zone NOT NULL,
    revoked_at timestamp with time zone,
    revoke_reason text,
    CONSTRAINT sign_ins_check CHECK (((revoked_at IS NULL) = (revoke_reason IS NULL))),
    CONSTRAINT sign_ins_revoke_reason_check CHECK ((revoke_reason = ANY (ARRAY['signed_out'::text, 'reuse'::text, 'device_revoked'::text, 'account_disabled'::text, 'password'::text])))
);
ALTER TABLE ONLY public.sign_ins FORCE ROW LEVEL SECURITY;
CREATE TABLE public.site_leases (
    tenant_id uuid NOT NULL,
    site_id uuid NOT NULL,
    holder text NOT NULL,
    fencing bigint NOT NULL,
    expires_at timestamp with time zone NOT NULL
);
ALTER TABLE ONLY public.site_leases FORCE ROW LEVEL SECURITY;
CREATE TABLE public.site_rollups (
    tenant_id uuid NOT NULL,
    site_id uuid NOT NULL,
    rolled_until timestamp with time zone NOT NULL
);
ALTER TABLE ONLY public.site_rollups FORCE ROW LEVEL SECURITY;
CREATE TABLE public.sites (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    slug text NOT NULL,
    name jsonb NOT NULL,
    tz text NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    created_at timestamp with time zone NOT NULL,
    draft_discarded integer DEFAULT 0 NOT NULL,
    CONSTRAINT sites_slug_check CHECK ((slug ~ '^[a-z0-9][a-z0-9-]{0,62}$'::text))
);
ALTER TABLE ONLY public.sites FORCE ROW LEVEL SECURITY;
CREATE TABLE public.sos_calls (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    account_id uuid NOT NULL,
    name text NOT NULL,
    incident_id uuid,
    site_id uuid NOT NULL,
    zone_id uuid NOT NULL,
    kind text NOT NULL,
    place jsonb NOT NULL,
    located_by text NOT NULL,
    share double precision,
    lon double precision,
    lat double precision,
    level smallint,
    accuracy_m double precision,
    located_at timestamp with time zone,
    note text NOT NULL,
    opened_at timestamp with time zone NOT NULL,
    presses integer NOT NULL,
    pressed_at timestamp with time zone NOT NULL,
    duress_at timestamp with time zone,
    ended_at timestamp with time zone,
    over_at timestamp with time zone,
    session_id uuid,
    CONSTRAINT sos_calls_check CHECK (((lon IS NULL) = (lat IS NULL))),
    CONSTRAINT sos_calls_check1 CHECK (((over_at IS NULL) OR (ended_at IS NOT NULL))),
    CONSTRAINT sos_calls_kind_check CHECK ((kind = ANY (ARRAY['duress_silent'::text, 'medical'::text, 'fall'::text, 'trapped'::text, 'missed_check_in'::text]))),
    CONSTRAINT sos_calls_located_by_check CHECK ((located_by = ANY (ARRAY['phone'::text, 'near'::text, 'badge'::text, 'visit'::text, 'shift'::text, 'marshal'::text, 'session'::text, 'site'::text]))),
    CONSTRAINT sos_calls_note_check CHECK ((length(note) <= 500)),
    CONSTRAINT sos_calls_share_check CHECK (((share >= (0)::double precision) AND (share <= (1)::double precision)))
);
ALTER TABLE ONLY public.sos_calls FORCE ROW LEVEL SECURITY;
CREATE TABLE public.sos_codes (
    tenant_id uuid NOT NULL,
    account_id uuid NOT NULL,
    code_hash text NOT NULL,
    duress_hash text NOT NULL,
    set_at timestamp with time zone NOT NULL
);
ALTER TABLE ONLY public.sos_codes FORCE ROW LEVEL SECURITY;
CREATE TABLE public.sos_positions (
    tenant_id uuid NOT NULL,
    sos_id uuid NOT NULL,
    at timestamp with time zone NOT NULL,
    lon double precision NOT NULL,
    lat double precision NOT NULL,
    level smallint,
    accuracy_m double precision NOT NULL,
    zone_id uuid,
    received_at timestamp with time zone NOT NULL
);
ALTER TABLE ONLY public.sos_positions FORCE ROW LEVEL SECURITY;
CREATE TABLE public.sos_presses (
    tenant_id uuid NOT NULL,
    account_id uuid NOT NULL,
    key text NOT NULL,
    sos_id uuid NOT NULL,
    device_id uuid,
    at timestamp with time zone NOT NULL,
    received_at timestamp with time zone NOT NULL,
    CONSTRAINT sos_presses_key_check CHECK (((length(key) >= 1) AND (length(key) <= 100)))
);
ALTER TABLE ONLY public.sos_presses FORCE ROW LEVEL SECURITY;
CREATE TABLE public.suppression_designs (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    site_id uuid NOT NULL,
    rule_id uuid NOT NULL,
    reason text NOT NULL,
    sensor_id uuid,
    actuator_id uuid,
    test text NOT NULL,
    threshold double precision,
    hysteresis double precision NOT NULL,
    action text,
    needs_approval boolean NOT NULL,
    created_by uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    approved_by uuid,
    approved_at timestamp with time zone,
    retired_at timestamp with time zone,
    CONSTRAINT suppression_designs_check CHECK (((sensor_id IS NULL) <> (actuator_id IS NULL))),
    CONSTRAINT suppression_designs_check1 CHECK (((test = 'action'::text) = (actuator_id IS NOT NULL))),
    CONSTRAINT suppression_designs_check2 CHECK (((test = 'action'::text) = (action IS NOT NULL))),
    CONSTRAINT suppression_designs_check3 CHECK (((test = 'action'::text) = (threshold IS NULL))),
    CONSTRAINT suppression_designs_check4 CHECK (((approved_by IS NULL) = (approved_at IS NULL))),
    CONSTRAINT suppression_designs_check5 CHECK ((approved_by IS DISTINCT FROM created_by)),
    CONSTRAINT suppression_designs_hysteresis_check CHECK ((hysteresis >= (0)::double precision)),
    CONSTRAINT suppression_designs_reason_check CHECK (((length(reason) >= 1) AND (length(reason) <= 1000))),
    CONSTRAINT suppression_designs_test_check CHECK ((test = ANY (ARRAY['at_most'::text, 'at_least'::text, 'action'::text])))
);
ALTER TABLE ONLY public.suppression_designs FORCE ROW LEVEL SECURITY;
CREATE TABLE public.task_steps (
    tenant_id uuid NOT NULL,
    task_id uuid NOT NULL,
    n integer NOT NULL,
    incident_id uuid NOT NULL,
    confirm text NOT NULL,
    required boolean NOT NULL,
    due_at timestamp with time zone,
    confirmed_at timestamp with time zone,
    confirmed_by uuid,
    first_at timestamp with time zone,
    first_by uuid,
    value double precision,
    evidence text,
    CONSTRAINT task_steps_check CHECK (((confirmed_at IS NULL) = (confirmed_by IS NULL))),
    CONSTRAINT task_steps_check1 CHECK (((first_at IS NULL) = (first_by IS NULL))),
    CONSTRAINT task_steps_check2 CHECK (((confirm <> 'second_person'::text) OR (confirmed_by IS NULL) OR (confirmed_by <> first_by))),
    CONSTRAINT task_steps_confirm_check CHECK ((confirm = ANY (ARRAY['none'::text, 'tap'::text, 'photo'::text, 'value'::text, 'second_person'::text]))),
    CONSTRAINT task_steps_evidence_check CHECK (((length(evidence) >= 1) AND (length(evidence) <= 500))),
    CONSTRAINT task_steps_n_check CHECK ((n > 0))
);
ALTER TABLE ONLY public.task_steps FORCE ROW LEVEL SECURITY;
CREATE TABLE public.tasks (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    incident_id uuid NOT NULL,
    "position" integer NOT NULL,
    role text NOT NULL,
    title jsonb NOT NULL,
    steps jsonb NOT NULL,
    plan_template text NOT NULL,
    plan_version integer NOT NULL,
    owner_account_id uuid,
    state text NOT NULL,
    fencing integer DEFAULT 1 NOT NULL,
    deadline_at timestamp with time zone NOT NULL,
    created_at timestamp with time zone NOT NULL,
    answered_at timestamp with time zone,
    done_at timestamp with time zone,
    slug text DEFAULT ''::text NOT NULL,
    needs jsonb DEFAULT '[]'::jsonb NOT NULL,
    policy jsonb,
    blocked_at timestamp with time zone,
    blocked_by uuid,
    blocked_reason text,
    offered_to uuid,
    offered_by uuid,
    from_task uuid,
    CONSTRAINT tasks_blocked_reason_check CHECK (((length(blocked_reason) >= 1) AND (length(blocked_reason) <= 1000))),
    CONSTRAINT tasks_check CHECK (((blocked_at IS NULL) = (blocked_reason IS NULL))),
    CONSTRAINT tasks_check1 CHECK (((offered_to IS NULL) = (offered_by IS NULL))),
    CONSTRAINT tasks_state_check CHECK ((state = ANY (ARRAY['open'::text, 'acknowledged'::text, 'done'::text, 'unanswered'::text, 'cancelled'::text])))
);
ALTER TABLE ONLY public.tasks FORCE ROW LEVEL SECURITY;
CREATE TABLE public.team_members (
    tenant_id uuid NOT NULL,
    team_id uuid NOT NULL,
    account_id uuid NOT NULL,
    starts_at timestamp with time zone NOT NULL,
    ends_at timestamp with time zone,
    CONSTRAINT team_members_check CHECK ((ends_at > starts_at))
);
ALTER TABLE ONLY public.team_members FORCE ROW LEVEL SECURITY;
CREATE TABLE public.teams (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    slug text NOT NULL,
    name jsonb NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    retired_at timestamp with time zone,
    created_at timestamp with time zone NOT NULL,
    CONSTRAINT teams_slug_check CHECK ((slug ~ '^[a-z0-9][a-z0-9-]{0,62}$'::text))
);
ALTER TABLE ONLY public.teams FORCE ROW LEVEL SECURITY;
CREATE TABLE public.tenants (
    tenant_id uuid NOT NULL,
    slug text NOT NULL,
    name jsonb NOT NULL,
    locale text DEFAULT 'zh-CN'::text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    CONSTRAINT tenants_locale_check CHECK ((locale = ANY (ARRAY['zh-CN'::text, 'en'::text]))),
    CONSTRAINT tenants_slug_check CHECK ((slug ~ '^[a-z0-9][a-z0-9-]{0,62}$'::text))
);
ALTER TABLE ONLY public.tenants FORCE ROW LEVEL SECURITY;
CREATE TABLE public.timeline (
    tenant_id uuid NOT NULL,
    incident_id uuid NOT NULL,
    "position" integer NOT NULL,
    at timestamp with time zone NOT NULL,
    actor_id uuid,
    kind text NOT NULL,
    facts jsonb NOT NULL,
    hash text NOT NULL
);
ALTER TABLE ONLY public.timeline FORCE ROW LEVEL SECURITY;
CREATE TABLE public.timeline_heads (
    tenant_id uuid NOT NULL,
    incident_id uuid NOT NULL,
    "position" integer NOT NULL,
    hash text NOT NULL,
    anchored_position integer DEFAULT 0 NOT NULL,
    moved_at timestamp with time zone NOT NULL,
    CONSTRAINT timeline_heads_position_check CHECK (("position" > 0))
);
ALTER TABLE ONLY public.timeline_heads FORCE ROW LEVEL SECURITY;
CREATE TABLE public.trainings (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    account_id uuid NOT NULL,
    course text NOT NULL,
    trainer text NOT NULL,
    held_on date NOT NULL,
    hours double precision NOT NULL,
    result text NOT NULL,
    evidence_id uuid,
    qualification_id uuid,
    version integer DEFAULT 1 NOT NULL,
    created_at timestamp with time zone NOT NULL,
    CONSTRAINT trainings_course_check CHECK (((length(course) >= 1) AND (length(course) <= 200))),
    CONSTRAINT trainings_hours_check CHECK (((hours > (0)::double precision) AND (hours <= (2000)::double precision))),
    CONSTRAINT trainings_result_check CHECK ((result = ANY (ARRAY['passed'::text, 'failed'::text, 'attended'::text]))),
    CONSTRAINT trainings_trainer_check CHECK (((length(trainer) >= 1) AND (length(trainer) <= 200)))
);
ALTER TABLE ONLY public.trainings FORCE ROW LEVEL SECURITY;
CREATE TABLE public.visits (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    site_id uuid NOT NULL,
    kind text NOT NULL,
    name text NOT NULL,
    company text,
    phone text,
    host_id uuid NOT NULL,
    zone_ids uuid[] DEFAULT '{}'::uuid[] NOT NULL,
    badge text,
    emergency_contact text,
    induction_valid_until date,
    expected_from timestamp with time zone NOT NULL,
    expected_until timestamp with time zone NOT NULL,
    signed_in_at timestamp with time zone,
    signed_in_by uuid,
    signed_out_at timestamp with time zone,
    signed_out_by uuid,
    version integer DEFAULT 1 NOT NULL,
    created_at timestamp with time zone NOT NULL,
    CONSTRAINT visits_check CHECK ((expected_from < expected_until)),
    CONSTRAINT visits_check1 CHECK (((signed_out_at IS NULL) OR (signed_in_at IS NOT NULL))),
    CONSTRAINT visits_kind_check CHECK ((kind = ANY (ARRAY['visitor'::text, 'contractor'::text]))),
    CONSTRAINT visits_name_check CHECK (((length(name) >= 1) AND (length(name) <= 100)))
);
ALTER TABLE ONLY public.visits FORCE ROW LEVEL SECURITY;
CREATE TABLE public.voting_groups (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    site_id uuid NOT NULL,
    name jsonb NOT NULL,
    m integer NOT NULL,
    side text NOT NULL,
    level smallint NOT NULL,
    set_point double precision NOT NULL,
    deadband double precision NOT NULL,
    unit text NOT NULL,
    valid_low double precision,
    valid_high double precision,
    discrepancy_after_s double precision NOT NULL,
    members_alarm text NOT NULL,
    retired_at timestamp with time zone,
    version integer NOT NULL,
    created_at timestamp with time zone NOT NULL,
    CONSTRAINT voting_groups_deadband_check CHECK ((deadband >= (0)::double precision)),
    CONSTRAINT voting_groups_discrepancy_after_s_check CHECK (((discrepancy_after_s >= (1)::double precision) AND (discrepancy_after_s <= (86400)::double precision))),
    CONSTRAINT voting_groups_level_check CHECK ((level = ANY (ARRAY[1, 2]))),
    CONSTRAINT voting_groups_m_check CHECK (((m >= 1) AND (m <= 8))),
    CONSTRAINT voting_groups_members_alarm_check CHECK ((members_alarm = ANY (ARRAY['pre_alarm'::text, 'none'::text]))),
    CONSTRAINT voting_groups_side_check CHECK ((side = ANY (ARRAY['high'::text, 'low'::text])))
);
ALTER TABLE ONLY public.voting_groups FORCE ROW LEVEL SECURITY;
CREATE TABLE public.voting_members (
    tenant_id uuid NOT NULL,
    group_id uuid NOT NULL,
    sensor_id uuid NOT NULL,
    "position" smallint NOT NULL,
    CONSTRAINT voting_members_position_check CHECK ((("position" >= 1) AND ("position" <= 8)))
);
ALTER TABLE ONLY public.voting_members FORCE ROW LEVEL SECURITY;
CREATE TABLE public.waiting_tasks (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    incident_id uuid NOT NULL,
    "position" integer NOT NULL,
    plan_template text NOT NULL,
    plan_version integer NOT NULL,
    slug text NOT NULL,
    after jsonb NOT NULL,
    body jsonb NOT NULL,
    created_at timestamp with time zone NOT NULL
);
ALTER TABLE ONLY public.waiting_tasks FORCE ROW LEVEL SECURITY;
CREATE TABLE public.zones (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    site_id uuid NOT NULL,
    building_id uuid,
    slug text NOT NULL,
    name jsonb NOT NULL,
    polygon jsonb NOT NULL,
    level smallint NOT NULL,
    risk smallint NOT NULL,
    agents text[] DEFAULT '{}'::text[] NOT NULL,
    adjoining uuid[] DEFAULT '{}'::uuid[] NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    created_at timestamp with time zone NOT NULL,
    CONSTRAINT zones_risk_check CHECK (((risk >= 0) AND (risk <= 3))),
    CONSTRAINT zones_slug_check CHECK ((slug ~ '^[a-z0-9][a-z0-9-]{0,62}$'::text))
);
ALTER TABLE ONLY public.zones FORCE ROW LEVEL SECURITY;
ALTER TABLE ONLY public.alarm_events ATTACH PARTITION public.alarm_events_default DEFAULT;
ALTER TABLE ONLY public.reading_minutes ATTACH PARTITION public.reading_minutes_default DEFAULT;
ALTER TABLE ONLY public.readings ATTACH PARTITION public.readings_default DEFAULT;
ALTER TABLE ONLY public.accounts
    ADD CONSTRAINT accounts_pkey PRIMARY KEY (tenant_id, id);
ALTER TABLE ONLY public.accounts
    ADD CONSTRAINT accounts_tenant_id_login_key UNIQUE (tenant_id, login);
ALTER TABLE ONLY public.actuators
    ADD CONSTRAINT actuators_pkey PRIMARY KEY (tenant_id, id);
ALTER TABLE ONLY public.actuators
    ADD CONSTRAINT actuators_tenant_id_device_id_slug_key UNIQUE (tenant_id, device_id, slug);
ALTER TABLE ONLY public.agent_card_pins
    ADD CONSTRAINT agent_card_pins_pkey PRIMARY KEY (tenant_id, zone_id, agent);
ALTER TABLE ONLY public.agent_cards
    ADD CONSTRAINT agent_cards_pkey PRIMARY KEY (tenant_id, id);
ALTER TABLE ONLY public.agent_cards
    ADD CONSTRAINT agent_cards_tenant_id_agent_key UNIQUE (tenant_id, agent);
ALTER TABLE ONLY public.alarm_answer_days
    ADD CONSTRAINT alarm_answer_days_pkey PRIMARY KEY (tenant_id, site_id, day, zone_id, step);
ALTER TABLE ONLY public.alarm_bins
    ADD CONSTRAINT alarm_bins_pkey PRIMARY KEY (tenant_id, site_id, bin, zone_id);
ALTER TABLE ONLY public.alarm_events
    ADD CONSTRAINT alarm_events_pkey PRIMARY KEY (tenant_id, site_id, called_at, id);
ALTER TABLE ONLY public.alarm_events_default
    ADD CONSTRAINT alarm_events_default_pkey PRIMARY KEY (tenant_id, site_id, called_at, id);
ALTER TABLE ONLY public.alarm_rollups_due
    ADD CONSTRAINT alarm_rollups_due_pkey PRIMARY KEY (tenant_id, site_id, span, start);
ALTER TABLE ONLY public.alarm_rule_days
    ADD CONSTRAINT alarm_rule_days_pkey PRIMARY KEY (tenant_id, site_id, day, zone_id, rule_id);
ALTER TABLE ONLY public.alarm_rules
    ADD CONSTRAINT alarm_rules_pkey PRIMARY KEY (tenant_id, id);
ALTER TABLE ONLY public.alarm_settings
    ADD CONSTRAINT alarm_settings_pkey PRIMARY KEY (tenant_id, site_id);
ALTER TABLE ONLY public.alarm_states
    ADD CONSTRAINT alarm_states_pkey PRIMARY KEY (tenant_id, rule_id);
ALTER TABLE ONLY public.alarm_suppressions
    ADD CONSTRAINT alarm_suppressions_pkey PRIMARY KEY (tenant_id, id);
ALTER TABLE ONLY public.alarms
    ADD CONSTRAINT alarms_pkey PRIMARY KEY (tenant_id, id);
ALTER TABLE ONLY public.alarms
    ADD CONSTRAINT alarms_tenant_id_rule_id_episode_key UNIQUE (tenant_id, rule_id, episode);
ALTER TABLE ONLY public.assembly_points
    ADD CONSTRAINT assembly_points_pkey PRIMARY KEY (tenant_id, id);
ALTER TABLE ONLY public.assembly_points
    ADD CONSTRAINT assembly_points_tenant_id_site_id_slug_key UNIQUE (tenant_id, site_id, slug);
ALTER TABLE ONLY public.audit_findings
    ADD CONSTRAINT audit_findings_pkey PRIMARY KEY (tenant_id, id);
ALTER TABLE ONLY public.audit_heads
    ADD CONSTRAINT audit_heads_pkey PRIMARY KEY (tenant_id);
ALTER TABLE ONLY public.audit
    ADD CONSTRAINT audit_pkey PRIMARY KEY (tenant_id, "position");
ALTER TABLE ONLY public.badge_events
    ADD CONSTRAINT badge_events_pkey PRIMARY KEY (tenant_id, key);
ALTER TABLE ONLY public.badges
    ADD CONSTRAINT badges_pkey PRIMARY KEY (tenant_id, id);
ALTER TABLE ONLY public.buildings
    ADD CONSTRAINT buildings_pkey PRIMARY KEY (tenant_id, id);
ALTER TABLE ONLY public.buildings
    ADD CONSTRAINT buildings_tenant_id_site_id_slug_key UNIQUE (tenant_id, site_id, slug);
ALTER TABLE ONLY public.calibration_notices
    ADD CONSTRAINT calibration_notices_pkey PRIMARY KEY (tenant_id, sensor_id, day);
ALTER TABLE ONLY public.comm_test_messages
    ADD CONSTRAINT comm_test_messages_pkey PRIMARY KEY (tenant_id, id);
ALTER TABLE ONLY public.comm_test_messages
    ADD CONSTRAINT comm_test_messages_tenant_id_test_id_device_id_channel_key UNIQUE (tenant_id, test_id, device_id, channel);
ALTER TABLE ONLY public.comm_test_schedules
    ADD CONSTRAINT comm_test_schedules_pkey PRIMARY KEY (tenant_id, id);
ALTER TABLE ONLY public.comm_tests
    ADD CONSTRAINT comm_tests_pkey PRIMARY KEY (tenant_id, id);
ALTER TABLE ONLY public.command_handovers
    ADD CONSTRAINT command_handovers_pkey PRIMARY KEY (tenant_id, id);
ALTER TABLE ONLY public.commands
    ADD CONSTRAINT commands_pkey PRIMARY KEY (tenant_id, id);
ALTER TABLE ONLY public.commands
    ADD CONSTRAINT commands_tenant_id_key_key UNIQUE (tenant_id, key);
ALTER TABLE ONLY public.contact_points
    ADD CONSTRAINT contact_points_pkey PRIMARY KEY (tenant_id, id);
ALTER TABLE ONLY public.contact_points
    ADD CONSTRAINT contact_points_tenant_id_account_id_kind_address_key UNIQUE (tenant_id, account_id, kind, address);
ALTER TABLE ONLY public.corrective_actions
    ADD CONSTRAINT corrective_actions_pkey PRIMARY KEY (tenant_id, id);
ALTER TABLE ONLY public.deliveries
    ADD CONSTRAINT deliveries_pkey PRIMARY KEY (tenant_id, id);
ALTER TABLE ONLY public.deliveries
    ADD CONSTRAINT deliveries_tenant_id_dedupe_key_key UNIQUE (tenant_id, dedupe_key);
ALTER TABLE ONLY public.delivery_attempts
    ADD CONSTRAINT delivery_attempts_pkey PRIMARY KEY (tenant_id, id);
ALTER TABLE ONLY public.device_readiness
    ADD CONSTRAINT device_readiness_pkey PRIMARY KEY (tenant_id, device_id);
ALTER TABLE ONLY public.device_states
    ADD CONSTRAINT device_states_pkey PRIMARY KEY (tenant_id, device_id);
ALTER TABLE ONLY public.devices
    ADD CONSTRAINT devices_pkey PRIMARY KEY (tenant_id, id);
ALTER TABLE ONLY public.devices
    ADD CONSTRAINT devices_tenant_id_site_id_slug_key UNIQUE (tenant_id, site_id, slug);
ALTER TABLE ONLY public.doors
    ADD CONSTRAINT doors_pkey PRIMARY KEY (tenant_id, id);
ALTER TABLE ONLY public.doors
    ADD CONSTRAINT doors_tenant_id_device_id_door_key UNIQUE (tenant_id, device_id, door);
ALTER TABLE ONLY public.drills
    ADD CONSTRAINT drills_pkey PRIMARY KEY (tenant_id, id);
ALTER TABLE ONLY public.drills
    ADD CONSTRAINT drills_tenant_id_incident_id_key UNIQUE (tenant_id, incident_id);
ALTER TABLE ONLY public.equipment_movements
    ADD CONSTRAINT equipment_movements_pkey PRIMARY KEY (tenant_id, id);
ALTER TABLE ONLY public.equipment_movements
    ADD CONSTRAINT equipment_movements_tenant_id_equipment_id_key_key UNIQUE (tenant_id, equipment_id, key);
ALTER TABLE ONLY public.equipment
    ADD CONSTRAINT equipment_pkey PRIMARY KEY (tenant_id, id);
ALTER TABLE ONLY public.equipment
    ADD CONSTRAINT equipment_tenant_id_site_id_slug_key UNIQUE (tenant_id, site_id, slug);
ALTER TABLE ONLY public.equipment_watched
    ADD CONSTRAINT equipment_watched_pkey PRIMARY KEY (tenant_id);
ALTER TABLE ONLY public.escalation_policies
    ADD CONSTRAINT escalation_policies_pkey PRIMARY KEY (tenant_id, id, version);
ALTER TABLE ONLY public.escalation_policies
    ADD CONSTRAINT escalation_policies_tenant_id_slug_version_key UNIQUE (tenant_id, slug, version);
ALTER TABLE ONLY public.escalations
    ADD CONSTRAINT escalations_pkey PRIMARY KEY (tenant_id, task_id);
ALTER TABLE ONLY public.evacuation_plans
    ADD CONSTRAINT evacuation_plans_pkey PRIMARY KEY (tenant_id, roll_call_id);
ALTER TABLE ONLY public.evidence_files
    ADD CONSTRAINT evidence_files_pkey PRIMARY KEY (tenant_id, id);
ALTER TABLE ONLY public.exposure_events
    ADD CONSTRAINT exposure_events_pkey PRIMARY KEY (tenant_id, id);
ALTER TABLE ONLY public.exposure_watches
    ADD CONSTRAINT exposure_watches_pkey PRIMARY KEY (tenant_id, site_id);
ALTER TABLE ONLY public.feed_messages
    ADD CONSTRAINT feed_messages_pkey PRIMARY KEY (tenant_id, id);
ALTER TABLE ONLY public.feed_messages
    ADD CONSTRAINT feed_messages_tenant_id_feed_id_incident_id_seq_key UNIQUE (tenant_id, feed_id, incident_id, seq);
ALTER TABLE ONLY public.feeds
    ADD CONSTRAINT feeds_pkey PRIMARY KEY (tenant_id, id);
ALTER TABLE ONLY public.floods
    ADD CONSTRAINT floods_pkey PRIMARY KEY (tenant_id, id);
ALTER TABLE ONLY public.gateways
    ADD CONSTRAINT gateways_pkey PRIMARY KEY (holder);
ALTER TABLE ONLY public.guided_sites
    ADD CONSTRAINT guided_sites_pkey PRIMARY KEY (tenant_id, site_id);
ALTER TABLE ONLY public.hazards
    ADD CONSTRAINT hazards_pkey PRIMARY KEY (tenant_id, id);
ALTER TABLE ONLY public.holiday_calendars
    ADD CONSTRAINT holiday_calendars_pkey PRIMARY KEY (tenant_id, id);
ALTER TABLE ONLY public.holiday_calendars
    ADD CONSTRAINT holiday_calendars_tenant_id_slug_key UNIQUE (tenant_id, slug);
ALTER TABLE ONLY public.holidays
    ADD CONSTRAINT holidays_pkey PRIMARY KEY (tenant_id, calendar_id, day);
ALTER TABLE ONLY public.idempotency_keys
    ADD CONSTRAINT idempotency_keys_pkey PRIMARY KEY (tenant_id, account_id, key);
ALTER TABLE ONLY public.incident_commanders
    ADD CONSTRAINT incident_commanders_pkey PRIMARY KEY (tenant_id, incident_id);
ALTER TABLE ONLY public.incident_resources
    ADD CONSTRAINT incident_resources_pkey PRIMARY KEY (tenant_id, id);
ALTER TABLE ONLY public.incidents
    ADD CONSTRAINT incidents_pkey PRIMARY KEY (tenant_id, id);
ALTER TABLE ONLY public.incidents
    ADD CONSTRAINT incidents_tenant_id_site_id_number_key UNIQUE (tenant_id, site_id, number);
ALTER TABLE ONLY public.ingest_inbox
    ADD CONSTRAINT ingest_inbox_pkey PRIMARY KEY (tenant_id, site_id, id);
ALTER TABLE ONLY public.ingest_refusals
    ADD CONSTRAINT ingest_refusals_pkey PRIMARY KEY (tenant_id, site_id, device, code);
ALTER TABLE ONLY public.late_minutes
    ADD CONSTRAINT late_minutes_pkey PRIMARY KEY (tenant_id, site_id, sensor_id, minute);
ALTER TABLE ONLY public.lessons
    ADD CONSTRAINT lessons_pkey PRIMARY KEY (tenant_id, id);
ALTER TABLE ONLY public.lone_sessions
    ADD CONSTRAINT lone_sessions_pkey PRIMARY KEY (tenant_id, id);
ALTER TABLE ONLY public.matrices
    ADD CONSTRAINT matrices_pkey PRIMARY KEY (tenant_id, id);
ALTER TABLE ONLY public.matrices
    ADD CONSTRAINT matrices_tenant_id_site_id_number_key UNIQUE (tenant_id, site_id, number);
ALTER TABLE ONLY public.matrix_replays
    ADD CONSTRAINT matrix_replays_pkey PRIMARY KEY (tenant_id, id);
ALTER TABLE ONLY public.matrix_timers
    ADD CONSTRAINT matrix_timers_pkey PRIMARY KEY (tenant_id, id);
ALTER TABLE ONLY public.matrix_timers
    ADD CONSTRAINT matrix_timers_tenant_id_alarm_id_actuator_id_action_since_key UNIQUE (tenant_id, alarm_id, actuator_id, action, since);
ALTER TABLE ONLY public.message_services
    ADD CONSTRAINT message_services_pkey PRIMARY KEY (tenant_id, kind);
ALTER TABLE ONLY public.notices
    ADD CONSTRAINT notices_pkey PRIMARY KEY (tenant_id, id);
ALTER TABLE ONLY public.notices
    ADD CONSTRAINT notices_tenant_id_account_id_key_key UNIQUE (tenant_id, account_id, key);
ALTER TABLE ONLY public.objectives
    ADD CONSTRAINT objectives_pkey PRIMARY KEY (tenant_id, id);
ALTER TABLE ONLY public.outbox
    ADD CONSTRAINT outbox_pkey PRIMARY KEY (tenant_id, id);
ALTER TABLE ONLY public.passage_states
    ADD CONSTRAINT passage_states_pkey PRIMARY KEY (tenant_id, site_id, of, feature);
ALTER TABLE ONLY public.person_devices
    ADD CONSTRAINT person_devices_pkey PRIMARY KEY (tenant_id, id);
ALTER TABLE ONLY public.place_plans
    ADD CONSTRAINT place_plans_pkey PRIMARY KEY (tenant_id, id);
ALTER TABLE ONLY public.place_plans
    ADD CONSTRAINT place_plans_tenant_id_site_id_number_key UNIQUE (tenant_id, site_id, number);
ALTER TABLE ONLY public.plan_templates
    ADD CONSTRAINT plan_templates_pkey PRIMARY KEY (tenant_id, slug, version);
ALTER TABLE ONLY public.plan_versions
    ADD CONSTRAINT plan_versions_pkey PRIMARY KEY (tenant_id, id);
ALTER TABLE ONLY public.plan_versions
    ADD CONSTRAINT plan_versions_tenant_id_slug_version_key UNIQUE (tenant_id, slug, version);
ALTER TABLE ONLY public.positions
    ADD CONSTRAINT positions_pkey PRIMARY KEY (tenant_id, account_id, minute);
ALTER TABLE ONLY public.presence
    ADD CONSTRAINT presence_pkey PRIMARY KEY (tenant_id, person_id);
ALTER TABLE ONLY public.qualification_notices
    ADD CONSTRAINT qualification_notices_pkey PRIMARY KEY (tenant_id, qualification_id, state, ends_on);
ALTER TABLE ONLY public.qualification_types
    ADD CONSTRAINT qualification_types_pkey PRIMARY KEY (tenant_id, id);
ALTER TABLE ONLY public.qualification_types
    ADD CONSTRAINT qualification_types_tenant_id_slug_key UNIQUE (tenant_id, slug);
ALTER TABLE ONLY public.qualification_watches
    ADD CONSTRAINT qualification_watches_pkey PRIMARY KEY (tenant_id);
ALTER TABLE ONLY public.qualifications
    ADD CONSTRAINT qualifications_pkey PRIMARY KEY (tenant_id, id);
ALTER TABLE ONLY public.qualifications
    ADD CONSTRAINT qualifications_tenant_id_account_id_type_id_number_valid_fr_key UNIQUE NULLS NOT DISTINCT (tenant_id, account_id, type_id, number, valid_from);
ALTER TABLE ONLY public.quiet_times
    ADD CONSTRAINT quiet_times_pkey PRIMARY KEY (tenant_id, id);
ALTER TABLE ONLY public.reading_minutes
    ADD CONSTRAINT reading_minutes_pkey PRIMARY KEY (tenant_id, sensor_id, minute);
ALTER TABLE ONLY public.reading_minutes_default
    ADD CONSTRAINT reading_minutes_default_pkey PRIMARY KEY (tenant_id, sensor_id, minute);
ALTER TABLE ONLY public.readings
    ADD CONSTRAINT readings_pkey PRIMARY KEY (tenant_id, sensor_id, observed_at);
ALTER TABLE ONLY public.readings_default
    ADD CONSTRAINT readings_default_pkey PRIMARY KEY (tenant_id, sensor_id, observed_at);
ALTER TABLE ONLY public.refresh_tokens
    ADD CONSTRAINT refresh_tokens_pkey PRIMARY KEY (tenant_id, id);
ALTER TABLE ONLY public.reports
    ADD CONSTRAINT reports_pkey PRIMARY KEY (tenant_id, id);
ALTER TABLE ONLY public.reports
    ADD CONSTRAINT reports_tenant_id_incident_id_number_key UNIQUE (tenant_id, incident_id, number);
ALTER TABLE ONLY public.roll_call_marks
    ADD CONSTRAINT roll_call_marks_pkey PRIMARY KEY (tenant_id, roll_call_id, id);
ALTER TABLE ONLY public.roll_call_marshals
    ADD CONSTRAINT roll_call_marshals_pkey PRIMARY KEY (tenant_id, roll_call_id, account_id);
ALTER TABLE ONLY public.roll_call_people
    ADD CONSTRAINT roll_call_people_pkey PRIMARY KEY (tenant_id, roll_call_id, person_id);
ALTER TABLE ONLY public.roll_calls
    ADD CONSTRAINT roll_calls_pkey PRIMARY KEY (tenant_id, id);
ALTER TABLE ONLY public.room_events
    ADD CONSTRAINT room_events_pkey PRIMARY KEY (tenant_id, room_id, seq);
ALTER TABLE ONLY public.room_members
    ADD CONSTRAINT room_members_pkey PRIMARY KEY (tenant_id, room_id, account_id);
ALTER TABLE ONLY public.rooms
    ADD CONSTRAINT rooms_pkey PRIMARY KEY (tenant_id, id);
ALTER TABLE ONLY public.rooms
    ADD CONSTRAINT rooms_tenant_id_incident_id_key UNIQUE (tenant_id, incident_id);
ALTER TABLE ONLY public.rota_overrides
    ADD CONSTRAINT rota_overrides_pkey PRIMARY KEY (tenant_id, id);
ALTER TABLE ONLY public.rota_overrides
    ADD CONSTRAINT rota_overrides_tenant_id_rota_id_made_key UNIQUE (tenant_id, rota_id, made);
ALTER TABLE ONLY public.rota_swaps
    ADD CONSTRAINT rota_swaps_pkey PRIMARY KEY (tenant_id, id);
ALTER TABLE ONLY public.rota_versions
    ADD CONSTRAINT rota_versions_pkey PRIMARY KEY (tenant_id, rota_id, version);
ALTER TABLE ONLY public.rotas
    ADD CONSTRAINT rotas_pkey PRIMARY KEY (tenant_id, id);
ALTER TABLE ONLY public.rotas
    ADD CONSTRAINT rotas_tenant_id_slug_key UNIQUE (tenant_id, slug);
ALTER TABLE ONLY public.routes
    ADD CONSTRAINT routes_pkey PRIMARY KEY (tenant_id, id);
ALTER TABLE ONLY public.schema_migrations
    ADD CONSTRAINT schema_migrations_pkey PRIMARY KEY (name);
ALTER TABLE ONLY public.sensors
    ADD CONSTRAINT sensors_pkey PRIMARY KEY (tenant_id, id);
ALTER TABLE ONLY public.sensors
    ADD CONSTRAINT sensors_tenant_id_device_id_series_key UNIQUE (tenant_id, device_id, series);
ALTER TABLE ONLY public.shelving_limits
    ADD CONSTRAINT shelving_limits_pkey PRIMARY KEY (tenant_id, rule_id);
ALTER TABLE ONLY public.sign_in_limits
    ADD CONSTRAINT sign_in_limits_pkey PRIMARY KEY (tenant_id, kind, subject);
ALTER TABLE ONLY public.sign_ins
    ADD CONSTRAINT sign_ins_pkey PRIMARY KEY (tenant_id, id);
ALTER TABLE ONLY public.site_leases
    ADD CONSTRAINT site_leases_pkey PRIMARY KEY (tenant_id, site_id);
ALTER TABLE ONLY public.site_rollups
    ADD CONSTRAINT site_rollups_pkey PRIMARY KEY (tenant_id, site_id);
ALTER TABLE ONLY public.sites
    ADD CONSTRAINT sites_pkey PRIMARY KEY (tenant_id, id);
ALTER TABLE ONLY public.sites
    ADD CONSTRAINT sites_tenant_id_slug_key UNIQUE (tenant_id, slug);
ALTER TABLE ONLY public.sos_calls
    ADD CONSTRAINT sos_calls_pkey PRIMARY KEY (tenant_id, id);
ALTER TABLE ONLY public.sos_codes
    ADD CONSTRAINT sos_codes_pkey PRIMARY KEY (tenant_id, account_id);
ALTER TABLE ONLY public.sos_positions
    ADD CONSTRAINT sos_positions_pkey PRIMARY KEY (tenant_id, sos_id, at);
ALTER TABLE ONLY public.sos_presses
    ADD CONSTRAINT sos_presses_pkey PRIMARY KEY (tenant_id, account_id, key);
ALTER TABLE ONLY public.suppression_designs
    ADD CONSTRAINT suppression_designs_pkey PRIMARY KEY (tenant_id, id);
ALTER TABLE ONLY public.task_steps
    ADD CONSTRAINT task_steps_pkey PRIMARY KEY (tenant_id, task_id, n);
ALTER TABLE ONLY public.tasks
    ADD CONSTRAINT tasks_pkey PRIMARY KEY (tenant_id, id);
ALTER TABLE ONLY public.team_members
    ADD CONSTRAINT team_members_pkey PRIMARY KEY (tenant_id, team_id, account_id);
ALTER TABLE ONLY public.teams
    ADD CONSTRAINT teams_pkey PRIMARY KEY (tenant_id, id);
ALTER TABLE ONLY public.teams
    ADD CONSTRAINT teams_tenant_id_slug_key UNIQUE (tenant_id, slug);
ALTER TABLE ONLY public.tenants
    ADD CONSTRAINT tenants_pkey PRIMARY KEY (tenant_id);
ALTER TABLE ONLY public.tenants
    ADD CONSTRAINT tenants_slug_key UNIQUE (slug);
ALTER TABLE ONLY public.timeline_heads
    ADD CONSTRAINT timeline_heads_pkey PRIMARY KEY (tenant_id, incident_id);
ALTER TABLE ONLY public.timeline
    ADD CONSTRAINT timeline_pkey PRIMARY KEY (tenant_id, incident_id, "position");
ALTER TABLE ONLY public.trainings
    ADD CONSTRAINT trainings_pkey PRIMARY KEY (tenant_id, id);
ALTER TABLE ONLY public.visits
    ADD CONSTRAINT visits_pkey PRIMARY KEY (tenant_id, id);
ALTER TABLE ONLY public.voting_groups
    ADD CONSTRAINT voting_groups_pkey PRIMARY KEY (tenant_id, id);
ALTER TABLE ONLY public.voting_members
    ADD CONSTRAINT voting_members_pkey PRIMARY KEY (tenant_id, group_id, sensor_id);
ALTER TABLE ONLY public.voting_members
    ADD CONSTRAINT voting_members_tenant_id_group_id_position_key UNIQUE (tenant_id, group_id, "position");
ALTER TABLE ONLY public.waiting_tasks
    ADD CONSTRAINT waiting_tasks_pkey PRIMARY KEY (tenant_id, id);
ALTER TABLE ONLY public.zones
    ADD CONSTRAINT zones_pkey PRIMARY KEY (tenant_id, id);
ALTER TABLE ONLY public.zones
    ADD CONSTRAINT zones_tenant_id_site_id_slug_key UNIQUE (tenant_id, site_id, slug);
CREATE INDEX accounts_role ON public.accounts USING btree (tenant_id, role) WHERE (disabled_at IS NULL);
CREATE INDEX actuators_site ON public.actuators USING btree (tenant_id, site_id);
CREATE INDEX alarm_events_rule ON ONLY public.alarm_events USING btree (tenant_id, rule_id, called_at);
CREATE INDEX alarm_events_default_tenant_id_rule_id_called_at_idx ON public.alarm_events_default USING btree (tenant_id, rule_id, called_at);
CREATE INDEX alarm_rules_group ON public.alarm_rules USING btree (tenant_id, group_id) WHERE (group_id IS NOT NULL);
CREATE INDEX alarm_rules_sensor ON public.alarm_rules USING btree (tenant_id, sensor_id);
CREATE INDEX alarm_rules_site ON public.alarm_rules USING btree (tenant_id, site_id);
CREATE INDEX alarm_states_due ON public.alarm_states USING btree (tenant_id, due_at) WHERE (due_at IS NOT NULL);
CREATE INDEX alarm_suppressions_newest ON public.alarm_suppressions USING btree (tenant_id, started_at DESC, id DESC);
CREATE UNIQUE INDEX alarm_suppressions_now ON public.alarm_suppressions USING btree (tenant_id, rule_id) WHERE (ended_at IS NULL);
CREATE INDEX alarms_active ON public.alarms USING btree (tenant_id, site_id) WHERE ((returned_at IS NULL) AND (ended_at IS NULL));
CREATE INDEX alarms_incident ON public.alarms USING btree (tenant_id, incident_id);
CREATE INDEX alarms_long ON public.alarms USING btree (tenant_id, site_id, raised_at) WHERE ((returned_at IS NULL) OR ((returned_at - raised_at) > '24:00:00'::interval));
CREATE INDEX alarms_newest ON public.alarms USING btree (tenant_id, raised_at DESC, id DESC);
CREATE INDEX alarms_site_raised ON public.alarms USING btree (tenant_id, site_id, raised_at);
CREATE INDEX audit_findings_newest ON public.audit_findings USING btree (tenant_id, found_at DESC, id DESC);
CREATE UNIQUE INDEX audit_findings_open ON public.audit_findings USING btree (tenant_id, what, subject_id) WHERE (ended_at IS NULL);
CREATE INDEX audit_subject ON public.audit USING btree (tenant_id, subject_id, "position");
CREATE INDEX badge_events_age ON public.badge_events USING btree (tenant_id, received_at);
CREATE INDEX badge_events_person ON public.badge_events USING btree (tenant_id, person_id, observed_at) WHERE (person_id IS NOT NULL);
CREATE INDEX badge_events_site ON public.badge_events USING btree (tenant_id, site_id, received_at DESC, id DESC);
CREATE UNIQUE INDEX badges_in_use ON public.badges USING btree (tenant_id, number) WHERE (valid_until IS NULL);
CREATE INDEX badges_number ON public.badges USING btree (tenant_id, number, valid_from);
CREATE INDEX badges_visit ON public.badges USING btree (tenant_id, visit_id) WHERE (visit_id IS NOT NULL);
CREATE INDEX comm_test_messages_device ON public.comm_test_messages USING btree (tenant_id, device_id, received_at DESC);
CREATE INDEX comm_test_messages_due ON public.comm_test_messages USING btree (tenant_id, due_at) WHERE (due_at IS NOT NULL);
CREATE INDEX comm_tests_newest ON public.comm_tests USING btree (tenant_id, started_at DESC, id DESC);
CREATE INDEX comm_tests_open ON public.comm_tests USING btree (tenant_id, ends_at) WHERE (closed_at IS NULL);
CREATE UNIQUE INDEX command_handovers_one ON public.command_handovers USING btree (tenant_id, incident_id) WHERE (state = 'offered'::text);
CREATE INDEX commands_actuator ON public.commands USING btree (tenant_id, actuator_id, requested_at DESC);
CREATE INDEX commands_incident ON public.commands USING btree (tenant_id, incident_id) WHERE (incident_id IS NOT NULL);
CREATE INDEX commands_live ON public.commands USING btree (tenant_id, site_id) WHERE (next_attempt_at IS NOT NULL);
CREATE INDEX commands_newest ON public.commands USING btree (tenant_id, requested_at DESC, id DESC);
CREATE INDEX commands_unproven ON public.commands USING btree (tenant_id, deadline_at) WHERE (state = ANY (ARRAY['requested'::text, 'sent'::text]));
CREATE INDEX corrective_actions_due ON public.corrective_actions USING btree (tenant_id, due_on, id);
CREATE INDEX corrective_actions_incident ON public.corrective_actions USING btree (tenant_id, incident_id);
CREATE INDEX deliveries_account ON public.deliveries USING btree (tenant_id, account_id, queued_at DESC);
CREATE INDEX deliveries_due ON public.deliveries USING btree (tenant_id, due_at, id) WHERE (due_at IS NOT NULL);
CREATE INDEX deliveries_incident ON public.deliveries USING btree (tenant_id, incident_id, queued_at);
CREATE INDEX deliveries_leased ON public.deliveries USING btree (tenant_id, lease_until) WHERE (lease_until IS NOT NULL);
CREATE INDEX deliveries_lost ON public.deliveries USING btree (tenant_id, id) WHERE ((due_at IS NULL) AND (ended IS NULL) AND (answer_at IS NULL));
CREATE INDEX deliveries_task ON public.deliveries USING btree (tenant_id, task_id, queued_at);
CREATE INDEX delivery_attempts_delivery ON public.delivery_attempts USING btree (tenant_id, delivery_id, attempt);
CREATE INDEX doors_site ON public.doors USING btree (tenant_id, site_id);
CREATE INDEX drills_newest ON public.drills USING btree (tenant_id, started_at DESC, id DESC);
CREATE INDEX drills_of_plan ON public.drills USING btree (tenant_id, plan, started_at DESC, id DESC);
CREATE UNIQUE INDEX drills_one_a_site ON public.drills USING btree (tenant_id, site_id) WHERE (ended_at IS NULL);
CREATE INDEX drills_running ON public.drills USING btree (tenant_id, ends_at) WHERE (ended_at IS NULL);
CREATE INDEX equipment_expiring ON public.equipment USING btree (tenant_id, expires_at) WHERE (retired_at IS NULL);
CREATE INDEX equipment_in_use ON public.equipment USING btree (tenant_id, site_id, kind) WHERE (retired_at IS NULL);
CREATE INDEX equipment_movements_newest ON public.equipment_movements USING btree (tenant_id, equipment_id, moved_at DESC, id DESC);
CREATE INDEX escalations_due ON public.escalations USING btree (tenant_id, due_at, task_id) WHERE (due_at IS NOT NULL);
CREATE INDEX escalations_incident ON public.escalations USING btree (tenant_id, incident_id);
CREATE INDEX escalations_leased ON public.escalations USING btree (tenant_id, lease_until) WHERE (lease_until IS NOT NULL);
CREATE INDEX escalations_unanswered ON public.escalations USING btree (tenant_id, started_at) WHERE (state = 'exhausted'::text);
CREATE INDEX escalations_waiting ON public.escalations USING btree (tenant_id, task_id) WHERE ((due_at IS NULL) AND (state = ANY (ARRAY['running'::text, 'exhausted'::text, 'paused'::text])));
CREATE INDEX evacuation_plans_running ON public.evacuation_plans USING btree (tenant_id, site_id) WHERE (ended_at IS NULL);
CREATE INDEX exposure_events_newest ON public.exposure_events USING btree (tenant_id, at DESC, id DESC);
CREATE UNIQUE INDEX exposure_events_open ON public.exposure_events USING btree (tenant_id, person_id, kind, subject) WHERE (ended_at IS NULL);
CREATE INDEX feed_messages_due ON public.feed_messages USING btree (tenant_id, due_at) WHERE (state = 'queued'::text);
CREATE INDEX feed_messages_feed ON public.feed_messages USING btree (tenant_id, feed_id, queued_at DESC, id DESC);
CREATE INDEX feed_messages_incident ON public.feed_messages USING btree (tenant_id, incident_id);
CREATE INDEX floods_incident ON public.floods USING btree (tenant_id, incident_id, started_at DESC);
CREATE INDEX floods_newest ON public.floods USING btree (tenant_id, started_at DESC, id DESC);
CREATE UNIQUE INDEX floods_open ON public.floods USING btree (tenant_id, site_id) WHERE (ended_at IS NULL);
CREATE INDEX hazards_alarm_newest ON public.hazards USING btree (tenant_id, alarm_id, created_at DESC) WHERE (alarm_id IS NOT NULL);
CREATE INDEX hazards_incident ON public.hazards USING btree (tenant_id, incident_id) WHERE (incident_id IS NOT NULL);
CREATE INDEX hazards_newest ON public.hazards USING btree (tenant_id, site_id, created_at DESC, id DESC);
CREATE UNIQUE INDEX hazards_of_alarm ON public.hazards USING btree (tenant_id, alarm_id) WHERE ((alarm_id IS NOT NULL) AND (ended_at IS NULL));
CREATE INDEX hazards_standing ON public.hazards USING btree (tenant_id, site_id) WHERE (ended_at IS NULL);
CREATE INDEX idempotency_keys_age ON public.idempotency_keys USING btree (tenant_id, created_at);
CREATE INDEX incident_resources_incident ON public.incident_resources USING btree (tenant_id, incident_id);
CREATE INDEX incidents_merged ON public.incidents USING btree (tenant_id, merged_into) WHERE (merged_into IS NOT NULL);
CREATE INDEX incidents_newest ON public.incidents USING btree (tenant_id, opened_at DESC, id DESC);
CREATE INDEX incidents_open ON public.incidents USING btree (tenant_id, site_id, last_alarm_at) WHERE (state <> 'closed'::text);
CREATE INDEX lessons_incident ON public.lessons USING btree (tenant_id, incident_id, created_at);
CREATE INDEX lone_sessions_due ON public.lone_sessions USING btree (tenant_id, due_at) WHERE (due_at IS NOT NULL);
CREATE INDEX lone_sessions_newest ON public.lone_sessions USING btree (tenant_id, started_at DESC, id DESC);
CREATE INDEX lone_sessions_ring ON public.lone_sessions USING btree (tenant_id, ring_due_at) WHERE (ring_due_at IS NOT NULL);
CREATE UNIQUE INDEX lone_sessions_running ON public.lone_sessions USING btree (tenant_id, account_id) WHERE (state = ANY (ARRAY['active'::text, 'paused'::text]));
CREATE UNIQUE INDEX matrices_published ON public.matrices USING btree (tenant_id, site_id) WHERE (state = 'published'::text);
CREATE INDEX matrix_replays_matrix ON public.matrix_replays USING btree (tenant_id, matrix_id, requested_at DESC);
CREATE INDEX matrix_replays_open ON public.matrix_replays USING btree (tenant_id, requested_at) WHERE (ended_at IS NULL);
CREATE INDEX matrix_timers_due ON public.matrix_timers USING btree (tenant_id, due_at);
CREATE INDEX notices_age ON public.notices USING btree (tenant_id, created_at);
CREATE INDEX notices_due ON public.notices USING btree (tenant_id, next_attempt_at) WHERE (next_attempt_at IS NOT NULL);
CREATE INDEX notices_newest ON public.notices USING btree (tenant_id, account_id, created_at DESC, id DESC);
CREATE INDEX notices_unread ON public.notices USING btree (tenant_id, account_id) WHERE (read_at IS NULL);
CREATE INDEX objectives_incident ON public.objectives USING btree (tenant_id, incident_id, "position");
CREATE INDEX person_devices_account ON public.person_devices USING btree (tenant_id, account_id, id);
CREATE UNIQUE INDEX person_devices_push ON public.person_devices USING btree (tenant_id, push_channel, md5(push_token)) WHERE (push_token_state = 'active'::text);
CREATE UNIQUE INDEX place_plans_draft ON public.place_plans USING btree (tenant_id, site_id) WHERE (state = 'draft'::text);
CREATE UNIQUE INDEX place_plans_published ON public.place_plans USING btree (tenant_id, site_id) WHERE (state = 'published'::text);
CREATE UNIQUE INDEX plan_versions_published ON public.plan_versions USING btree (tenant_id, slug) WHERE (state = 'published'::text);
CREATE INDEX positions_age ON public.positions USING btree (tenant_id, minute);
CREATE INDEX positions_site ON public.positions USING btree (tenant_id, site_id, minute);
CREATE INDEX qualifications_ends ON public.qualifications USING btree (tenant_id, ends_on) WHERE (ends_on IS NOT NULL);
CREATE INDEX qualifications_evidence ON public.qualifications USING btree (tenant_id, evidence_id) WHERE (evidence_id IS NOT NULL);
CREATE INDEX qualifications_type ON public.qualifications USING btree (tenant_id, type_id);
CREATE INDEX quiet_times_account ON public.quiet_times USING btree (tenant_id, account_id);
CREATE INDEX reading_minutes_time ON ONLY public.reading_minutes USING brin (minute);
CREATE INDEX reading_minutes_default_minute_idx ON public.reading_minutes_default USING brin (minute);
CREATE INDEX readings_time ON ONLY public.readings USING brin (observed_at);
CREATE INDEX readings_default_observed_at_idx ON public.readings_default USING brin (observed_at);
CREATE INDEX refresh_tokens_sign_in ON public.refresh_tokens USING btree (tenant_id, sign_in_id, parent_id);
CREATE INDEX roll_call_marks_number ON public.roll_call_marks USING btree (tenant_id, roll_call_id, number);
CREATE INDEX roll_call_people_to_order ON public.roll_call_people USING btree (tenant_id, roll_call_id) WHERE ((ordered_at IS NULL) AND (kind = 'staff'::text));
CREATE INDEX roll_calls_incident ON public.roll_calls USING btree (tenant_id, incident_id);
CREATE INDEX roll_calls_look ON public.roll_calls USING btree (tenant_id, look_at) WHERE (look_at IS NOT NULL);
CREATE INDEX roll_calls_newest ON public.roll_calls USING btree (tenant_id, started_at DESC, id DESC);
CREATE INDEX roll_calls_running ON public.roll_calls USING btree (tenant_id, id) WHERE (state = 'open'::text);
CREATE UNIQUE INDEX room_events_client_key ON public.room_events USING btree (tenant_id, room_id, by_account, client_key) WHERE (client_key IS NOT NULL);
CREATE INDEX room_events_messages ON public.room_events USING btree (tenant_id, room_id, seq) WHERE (kind = 'message.posted'::text);
CREATE INDEX room_members_account ON public.room_members USING btree (tenant_id, account_id);
CREATE INDEX rota_overrides_active ON public.rota_overrides USING btree (tenant_id, rota_id, ends_at) WHERE (cancelled_at IS NULL);
CREATE INDEX rota_swaps_by ON public.rota_swaps USING btree (tenant_id, proposed_by, id);
CREATE INDEX rota_swaps_rota ON public.rota_swaps USING btree (tenant_id, rota_id, id);
CREATE INDEX rota_swaps_to ON public.rota_swaps USING btree (tenant_id, proposed_to, id);
CREATE INDEX rotas_site ON public.rotas USING btree (tenant_id, site_id) WHERE (retired_at IS NULL);
CREATE INDEX routes_live ON public.routes USING btree (tenant_id, site_id) WHERE (ended_at IS NULL);
CREATE INDEX routes_of_account ON public.routes USING btree (tenant_id, account_id) WHERE (ended_at IS NULL);
CREATE INDEX routes_of_incident ON public.routes USING btree (tenant_id, incident_id);
CREATE UNIQUE INDEX routes_of_roll_call ON public.routes USING btree (tenant_id, roll_call_id, account_id) WHERE ((ended_at IS NULL) AND (purpose = 'evacuate'::text));
CREATE UNIQUE INDEX routes_of_task ON public.routes USING btree (tenant_id, task_id, account_id) WHERE (ended_at IS NULL);
CREATE INDEX sensors_site ON public.sensors USING btree (tenant_id, site_id);
CREATE INDEX sign_in_limits_age ON public.sign_in_limits USING btree (tenant_id, window_started_at);
CREATE INDEX sign_ins_account ON public.sign_ins USING btree (tenant_id, account_id) WHERE (revoked_at IS NULL);
CREATE INDEX sign_ins_device ON public.sign_ins USING btree (tenant_id, device_id);
CREATE INDEX sign_ins_ends ON public.sign_ins USING btree (tenant_id, ends_at);
CREATE INDEX sos_calls_account ON public.sos_calls USING btree (tenant_id, account_id) WHERE (over_at IS NULL);
CREATE INDEX sos_calls_incident ON public.sos_calls USING btree (tenant_id, incident_id);
CREATE INDEX sos_calls_newest ON public.sos_calls USING btree (tenant_id, opened_at DESC, id DESC);
CREATE UNIQUE INDEX sos_calls_open ON public.sos_calls USING btree (tenant_id, account_id) WHERE (ended_at IS NULL);
CREATE UNIQUE INDEX sos_calls_session ON public.sos_calls USING btree (tenant_id, session_id) WHERE (session_id IS NOT NULL);
CREATE INDEX suppression_designs_site ON public.suppression_designs USING btree (tenant_id, site_id) WHERE (retired_at IS NULL);
CREATE INDEX task_steps_incident ON public.task_steps USING btree (tenant_id, incident_id);
CREATE INDEX tasks_from ON public.tasks USING btree (tenant_id, from_task) WHERE (from_task IS NOT NULL);
CREATE INDEX tasks_incident ON public.tasks USING btree (tenant_id, incident_id, "position");
CREATE INDEX tasks_owner ON public.tasks USING btree (tenant_id, owner_account_id) WHERE (state = ANY (ARRAY['open'::text, 'acknowledged'::text]));
CREATE INDEX team_members_account ON public.team_members USING btree (tenant_id, account_id);
CREATE INDEX timeline_heads_to_anchor ON public.timeline_heads USING btree (tenant_id, moved_at) WHERE ("position" > anchored_position);
CREATE INDEX trainings_account ON public.trainings USING btree (tenant_id, account_id, held_on DESC);
CREATE INDEX trainings_evidence ON public.trainings USING btree (tenant_id, evidence_id) WHERE (evidence_id IS NOT NULL);
CREATE INDEX trainings_held ON public.trainings USING btree (tenant_id, held_on DESC, id);
CREATE INDEX trainings_qualification ON public.trainings USING btree (tenant_id, qualification_id) WHERE (qualification_id IS NOT NULL);
CREATE INDEX visits_newest ON public.visits USING btree (tenant_id, created_at DESC, id DESC);
CREATE INDEX visits_open ON public.visits USING btree (tenant_id, site_id) WHERE ((signed_in_at IS NOT NULL) AND (signed_out_at IS NULL));
CREATE INDEX voting_groups_site ON public.voting_groups USING btree (tenant_id, site_id) WHERE (retired_at IS NULL);
CREATE INDEX voting_members_sensor ON public.voting_members USING btree (tenant_id, sensor_id);
CREATE INDEX waiting_tasks_incident ON public.waiting_tasks USING btree (tenant_id, incident_id, "position");
ALTER INDEX public.alarm_events_pkey ATTACH PARTITION public.alarm_events_default_pkey;
ALTER INDEX public.alarm_events_rule ATTACH PARTITION public.alarm_events_default_tenant_id_rule_id_called_at_idx;
ALTER INDEX public.reading_minutes_time ATTACH PARTITION public.reading_minutes_default_minute_idx;
ALTER INDEX public.reading_minutes_pkey ATTACH PARTITION public.reading_minutes_default_pkey;
ALTER INDEX public.readings_time ATTACH PARTITION public.readings_default_observed_at_idx;
ALTER INDEX public.readings_pkey ATTACH PARTITION public.readings_default_pkey;
CREATE TRIGGER place_plans_kept BEFORE UPDATE OF site_id, number, name, source, plan ON public.place_plans FOR EACH ROW WHEN ((old.state <> 'draft'::text)) EXECUTE FUNCTION public.muster_keep_place_plan();
CREATE TRIGGER place_plans_stay BEFORE DELETE ON public.place_plans FOR EACH ROW WHEN ((old.state <> 'draft'::text)) EXECUTE FUNCTION public.muster_keep_published_plan();
ALTER TABLE ONLY public.accounts
    ADD CONSTRAINT accounts_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(tenant_id);
ALTER TABLE ONLY public.actuators
    ADD CONSTRAINT actuators_tenant_id_device_id_fkey FOREIGN KEY (tenant_id, device_id) REFERENCES public.devices(tenant_id, id);
ALTER TABLE ONLY public.actuators
    ADD CONSTRAINT actuators_tenant_id_feedback_sensor_id_fkey FOREIGN KEY (tenant_id, feedback_sensor_id) REFERENCES public.sensors(tenant_id, id);
ALTER TABLE ONLY public.actuators
    ADD CONSTRAINT actuators_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(tenant_id);
ALTER TABLE ONLY public.actuators
    ADD CONSTRAINT actuators_tenant_id_site_id_fkey FOREIGN KEY (tenant_id, site_id) REFERENCES public.sites(tenant_id, id);
ALTER TABLE ONLY public.actuators
    ADD CONSTRAINT actuators_tenant_id_zone_id_fkey FOREIGN KEY (tenant_id, zone_id) REFERENCES public.zones(tenant_id, id);
ALTER TABLE ONLY public.agent_card_pins
    ADD CONSTRAINT agent_card_pins_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(tenant_id);
ALTER TABLE ONLY public.agent_card_pins
    ADD CONSTRAINT agent_card_pins_tenant_id_zone_id_fkey FOREIGN KEY (tenant_id, zone_id) REFERENCES public.zones(tenant_id, id);
ALTER TABLE ONLY public.agent_cards
    ADD CONSTRAINT agent_cards_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(tenant_id);
ALTER TABLE ONLY public.alarm_answer_days
    ADD CONSTRAINT alarm_answer_days_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(tenant_id);
ALTER TABLE ONLY public.alarm_bins
    ADD CONSTRAINT alarm_bins_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(tenant_id);
ALTER TABLE ONLY public.alarm_rollups_due
    ADD CONSTRAINT alarm_rollups_due_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(tenant_id);
ALTER TABLE ONLY public.alarm_rollups_due
    ADD CONSTRAINT alarm_rollups_due_tenant_id_site_id_fkey FOREIGN KEY (tenant_id, site_id) REFERENCES public.sites(tenant_id, id);
ALTER TABLE ONLY public.alarm_rule_days
    ADD CONSTRAINT alarm_rule_days_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(tenant_id);
ALTER TABLE ONLY public.alarm_rules
    ADD CONSTRAINT alarm_rules_tenant_id_actuator_id_fkey FOREIGN KEY (tenant_id, actuator_id) REFERENCES public.actuators(tenant_id, id);
ALTER TABLE ONLY public.alarm_rules
    ADD CONSTRAINT alarm_rules_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(tenant_id);
ALTER TABLE ONLY public.alarm_rules
    ADD CONSTRAINT alarm_rules_tenant_id_group_id_fkey FOREIGN KEY (tenant_id, group_id) REFERENCES public.voting_groups(tenant_id, id);
ALTER TABLE ONLY public.alarm_rules
    ADD CONSTRAINT alarm_rules_tenant_id_replaced_by_fkey FOREIGN KEY (tenant_id, replaced_by) REFERENCES public.voting_groups(tenant_id, id);
ALTER TABLE ONLY public.alarm_rules
    ADD CONSTRAINT alarm_rules_tenant_id_sensor_id_fkey FOREIGN KEY (tenant_id, sensor_id) REFERENCES public.sensors(tenant_id, id);
ALTER TABLE ONLY public.alarm_rules
    ADD CONSTRAINT alarm_rules_tenant_id_site_id_fkey FOREIGN KEY (tenant_id, site_id) REFERENCES public.sites(tenant_id, id);
ALTER TABLE ONLY public.alarm_settings
    ADD CONSTRAINT alarm_settings_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(tenant_id);
ALTER TABLE ONLY public.alarm_settings
    ADD CONSTRAINT alarm_settings_tenant_id_site_id_fkey FOREIGN KEY (tenant_id, site_id) REFERENCES public.sites(tenant_id, id);
ALTER TABLE ONLY public.alarm_states
    ADD CONSTRAINT alarm_states_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(tenant_id);
ALTER TABLE ONLY public.alarm_states
    ADD CONSTRAINT alarm_states_tenant_id_rule_id_fkey FOREIGN KEY (tenant_id, rule_id) REFERENCES public.alarm_rules(tenant_id, id);
ALTER TABLE ONLY public.alarm_suppressions
    ADD CONSTRAINT alarm_suppressions_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(tenant_id);
ALTER TABLE ONLY public.alarm_suppressions
    ADD CONSTRAINT alarm_suppressions_tenant_id_rule_id_fkey FOREIGN KEY (tenant_id, rule_id) REFERENCES public.alarm_rules(tenant_id, id);
ALTER TABLE ONLY public.alarms
    ADD CONSTRAINT alarms_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(tenant_id);
ALTER TABLE ONLY public.alarms
    ADD CONSTRAINT alarms_tenant_id_incident_id_fkey FOREIGN KEY (tenant_id, incident_id) REFERENCES public.incidents(tenant_id, id);
ALTER TABLE ONLY public.alarms
    ADD CONSTRAINT alarms_tenant_id_rule_id_fkey FOREIGN KEY (tenant_id, rule_id) REFERENCES public.alarm_rules(tenant_id, id);
ALTER TABLE ONLY public.assembly_points
    ADD CONSTRAINT assembly_points_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(tenant_id);
ALTER TABLE ONLY public.assembly_points
    ADD CONSTRAINT assembly_points_tenant_id_site_id_fkey FOREIGN KEY (tenant_id, site_id) REFERENCES public.sites(tenant_id, id);
ALTER TABLE ONLY public.audit_findings
    ADD CONSTRAINT audit_findings_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(tenant_id);
ALTER TABLE ONLY public.audit_heads
    ADD CONSTRAINT audit_heads_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(tenant_id);
ALTER TABLE ONLY public.audit
    ADD CONSTRAINT audit_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(tenant_id);
ALTER TABLE ONLY public.badge_events
    ADD CONSTRAINT badge_events_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(tenant_id);
ALTER TABLE ONLY public.badge_events
    ADD CONSTRAINT badge_events_tenant_id_site_id_fkey FOREIGN KEY (tenant_id, site_id) REFERENCES public.sites(tenant_id, id);
ALTER TABLE ONLY public.badges
    ADD CONSTRAINT badges_tenant_id_account_id_fkey FOREIGN KEY (tenant_id, account_id) REFERENCES public.accounts(tenant_id, id);
ALTER TABLE ONLY public.badges
    ADD CONSTRAINT badges_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(tenant_id);
ALTER TABLE ONLY public.badges
    ADD CONSTRAINT badges_tenant_id_visit_id_fkey FOREIGN KEY (tenant_id, visit_id) REFERENCES public.visits(tenant_id, id) ON DELETE CASCADE;
ALTER TABLE ONLY public.buildings
    ADD CONSTRAINT buildings_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(tenant_id);
ALTER TABLE ONLY public.buildings
    ADD CONSTRAINT buildings_tenant_id_site_id_fkey FOREIGN KEY (tenant_id, site_id) REFERENCES public.sites(tenant_id, id);
ALTER TABLE ONLY public.calibration_notices
    ADD CONSTRAINT calibration_notices_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(tenant_id);
ALTER TABLE ONLY public.calibration_notices
    ADD CONSTRAINT calibration_notices_tenant_id_sensor_id_fkey FOREIGN KEY (tenant_id, sensor_id) REFERENCES public.sensors(tenant_id, id);
ALTER TABLE ONLY public.comm_test_messages
    ADD CONSTRAINT comm_test_messages_tenant_id_account_id_fkey FOREIGN KEY (tenant_id, account_id) REFERENCES public.accounts(tenant_id, id);
ALTER TABLE ONLY public.comm_test_messages
    ADD CONSTRAINT comm_test_messages_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(tenant_id);
ALTER TABLE ONLY public.comm_test_messages
    ADD CONSTRAINT comm_test_messages_tenant_id_test_id_fkey FOREIGN KEY (tenant_id, test_id) REFERENCES public.comm_tests(tenant_id, id);
ALTER TABLE ONLY public.comm_test_schedules
    ADD CONSTRAINT comm_test_schedules_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(tenant_id);
ALTER TABLE ONLY public.comm_tests
    ADD CONSTRAINT comm_tests_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(tenant_id);
ALTER TABLE ONLY public.command_handovers
    ADD CONSTRAINT command_handovers_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(tenant_id);
ALTER TABLE ONLY public.command_handovers
    ADD CONSTRAINT command_handovers_tenant_id_from_account_fkey FOREIGN KEY (tenant_id, from_account) REFERENCES public.accounts(tenant_id, id);
ALTER TABLE ONLY public.command_handovers
    ADD CONSTRAINT command_handovers_tenant_id_incident_id_fkey FOREIGN KEY (tenant_id, incident_id) REFERENCES public.incidents(tenant_id, id);
ALTER TABLE ONLY public.command_handovers
    ADD CONSTRAINT command_handovers_tenant_id_to_account_fkey FOREIGN KEY (tenant_id, to_account) REFERENCES public.accounts(tenant_id, id);
ALTER TABLE ONLY public.commands
    ADD CONSTRAINT commands_tenant_id_actuator_id_fkey FOREIGN KEY (tenant_id, actuator_id) REFERENCES public.actuators(tenant_id, id);
ALTER TABLE ONLY public.commands
    ADD CONSTRAINT commands_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(tenant_id);
ALTER TABLE ONLY public.commands
    ADD CONSTRAINT commands_tenant_id_site_id_fkey FOREIGN KEY (tenant_id, site_id) REFERENCES public.sites(tenant_id, id);
ALTER TABLE ONLY public.contact_points
    ADD CONSTRAINT contact_points_tenant_id_account_id_fkey FOREIGN KEY (tenant_id, account_id) REFERENCES public.accounts(tenant_id, id);
ALTER TABLE ONLY public.contact_points
    ADD CONSTRAINT contact_points_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(tenant_id);
ALTER TABLE ONLY public.corrective_actions
    ADD CONSTRAINT corrective_actions_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(tenant_id);
ALTER TABLE ONLY public.corrective_actions
    ADD CONSTRAINT corrective_actions_tenant_id_incident_id_fkey FOREIGN KEY (tenant_id, incident_id) REFERENCES public.incidents(tenant_id, id);
ALTER TABLE ONLY public.corrective_actions
    ADD CONSTRAINT corrective_actions_tenant_id_lesson_id_fkey FOREIGN KEY (tenant_id, lesson_id) REFERENCES public.lessons(tenant_id, id);
ALTER TABLE ONLY public.corrective_actions
    ADD CONSTRAINT corrective_actions_tenant_id_owner_account_id_fkey FOREIGN KEY (tenant_id, owner_account_id) REFERENCES public.accounts(tenant_id, id);
ALTER TABLE ONLY public.deliveries
    ADD CONSTRAINT deliveries_tenant_id_account_id_fkey FOREIGN KEY (tenant_id, account_id) REFERENCES public.accounts(tenant_id, id);
ALTER TABLE ONLY public.deliveries
    ADD CONSTRAINT deliveries_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(tenant_id);
ALTER TABLE ONLY public.deliveries
    ADD CONSTRAINT deliveries_tenant_id_incident_id_fkey FOREIGN KEY (tenant_id, incident_id) REFERENCES public.incidents(tenant_id, id);
ALTER TABLE ONLY public.deliveries
    ADD CONSTRAINT deliveries_tenant_id_task_id_fkey FOREIGN KEY (tenant_id, task_id) REFERENCES public.tasks(tenant_id, id);
ALTER TABLE ONLY public.delivery_attempts
    ADD CONSTRAINT delivery_attempts_tenant_id_delivery_id_fkey FOREIGN KEY (tenant_id, delivery_id) REFERENCES public.deliveries(tenant_id, id);
ALTER TABLE ONLY public.delivery_attempts
    ADD CONSTRAINT delivery_attempts_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(tenant_id);
ALTER TABLE ONLY public.device_readiness
    ADD CONSTRAINT device_readiness_tenant_id_device_id_fkey FOREIGN KEY (tenant_id, device_id) REFERENCES public.person_devices(tenant_id, id);
ALTER TABLE ONLY public.device_readiness
    ADD CONSTRAINT device_readiness_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(tenant_id);
ALTER TABLE ONLY public.device_states
    ADD CONSTRAINT device_states_tenant_id_device_id_fkey FOREIGN KEY (tenant_id, device_id) REFERENCES public.devices(tenant_id, id);
ALTER TABLE ONLY public.device_states
    ADD CONSTRAINT device_states_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(tenant_id);
ALTER TABLE ONLY public.devices
    ADD CONSTRAINT devices_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(tenant_id);
ALTER TABLE ONLY public.devices
    ADD CONSTRAINT devices_tenant_id_site_id_fkey FOREIGN KEY (tenant_id, site_id) REFERENCES public.sites(tenant_id, id);
ALTER TABLE ONLY public.doors
    ADD CONSTRAINT doors_tenant_id_device_id_fkey FOREIGN KEY (tenant_id, device_id) REFERENCES public.devices(tenant_id, id);
ALTER TABLE ONLY public.doors
    ADD CONSTRAINT doors_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(tenant_id);
ALTER TABLE ONLY public.doors
    ADD CONSTRAINT doors_tenant_id_from_zone_id_fkey FOREIGN KEY (tenant_id, from_zone_id) REFERENCES public.zones(tenant_id, id);
ALTER TABLE ONLY public.doors
    ADD CONSTRAINT doors_tenant_id_site_id_fkey FOREIGN KEY (tenant_id, site_id) REFERENCES public.sites(tenant_id, id);
ALTER TABLE ONLY public.doors
    ADD CONSTRAINT doors_tenant_id_to_zone_id_fkey FOREIGN KEY (tenant_id, to_zone_id) REFERENCES public.zones(tenant_id, id);
ALTER TABLE ONLY public.drills
    ADD CONSTRAINT drills_real_incident_fkey FOREIGN KEY (tenant_id, real_incident_id) REFERENCES public.incidents(tenant_id, id);
ALTER TABLE ONLY public.drills
    ADD CONSTRAINT drills_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(tenant_id);
ALTER TABLE ONLY public.drills
    ADD CONSTRAINT drills_tenant_id_incident_id_fkey FOREIGN KEY (tenant_id, incident_id) REFERENCES public.incidents(tenant_id, id);
ALTER TABLE ONLY public.drills
    ADD CONSTRAINT drills_tenant_id_site_id_fkey FOREIGN KEY (tenant_id, site_id) REFERENCES public.sites(tenant_id, id);
ALTER TABLE ONLY public.drills
    ADD CONSTRAINT drills_zone_fkey FOREIGN KEY (tenant_id, zone_id) REFERENCES public.zones(tenant_id, id);
ALTER TABLE ONLY public.equipment_movements
    ADD CONSTRAINT equipment_movements_tenant_id_equipment_id_fkey FOREIGN KEY (tenant_id, equipment_id) REFERENCES public.equipment(tenant_id, id);
ALTER TABLE ONLY public.equipment_movements
    ADD CONSTRAINT equipment_movements_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(tenant_id);
ALTER TABLE ONLY public.equipment
    ADD CONSTRAINT equipment_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(tenant_id);
ALTER TABLE ONLY public.equipment
    ADD CONSTRAINT equipment_tenant_id_site_id_fkey FOREIGN KEY (tenant_id, site_id) REFERENCES public.sites(tenant_id, id);
ALTER TABLE ONLY public.equipment
    ADD CONSTRAINT equipment_tenant_id_zone_id_fkey FOREIGN KEY (tenant_id, zone_id) REFERENCES public.zones(tenant_id, id);
ALTER TABLE ONLY public.equipment_watched
    ADD CONSTRAINT equipment_watched_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(tenant_id);
ALTER TABLE ONLY public.escalation_policies
    ADD CONSTRAINT escalation_policies_tenant_id_created_by_fkey FOREIGN KEY (tenant_id, created_by) REFERENCES public.accounts(tenant_id, id);
ALTER TABLE ONLY public.escalation_policies
    ADD CONSTRAINT escalation_policies_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(tenant_id);
ALTER TABLE ONLY public.escalations
    ADD CONSTRAINT escalations_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(tenant_id);
ALTER TABLE ONLY public.escalations
    ADD CONSTRAINT escalations_tenant_id_incident_id_fkey FOREIGN KEY (tenant_id, incident_id) REFERENCES public.incidents(tenant_id, id);
ALTER TABLE ONLY public.escalations
    ADD CONSTRAINT escalations_tenant_id_paused_by_fkey FOREIGN KEY (tenant_id, paused_by) REFERENCES public.accounts(tenant_id, id);
ALTER TABLE ONLY public.escalations
    ADD CONSTRAINT escalations_tenant_id_task_id_fkey FOREIGN KEY (tenant_id, task_id) REFERENCES public.tasks(tenant_id, id);
ALTER TABLE ONLY public.evacuation_plans
    ADD CONSTRAINT evacuation_plans_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(tenant_id);
ALTER TABLE ONLY public.evacuation_plans
    ADD CONSTRAINT evacuation_plans_tenant_id_roll_call_id_fkey FOREIGN KEY (tenant_id, roll_call_id) REFERENCES public.roll_calls(tenant_id, id);
ALTER TABLE ONLY public.evacuation_plans
    ADD CONSTRAINT evacuation_plans_tenant_id_site_id_fkey FOREIGN KEY (tenant_id, site_id) REFERENCES public.sites(tenant_id, id);
ALTER TABLE ONLY public.evidence_files
    ADD CONSTRAINT evidence_files_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(tenant_id);
ALTER TABLE ONLY public.evidence_files
    ADD CONSTRAINT evidence_files_tenant_id_uploaded_by_fkey FOREIGN KEY (tenant_id, uploaded_by) REFERENCES public.accounts(tenant_id, id);
ALTER TABLE ONLY public.exposure_events
    ADD CONSTRAINT exposure_events_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(tenant_id);
ALTER TABLE ONLY public.exposure_watches
    ADD CONSTRAINT exposure_watches_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(tenant_id);
ALTER TABLE ONLY public.exposure_watches
    ADD CONSTRAINT exposure_watches_tenant_id_site_id_fkey FOREIGN KEY (tenant_id, site_id) REFERENCES public.sites(tenant_id, id);
ALTER TABLE ONLY public.feed_messages
    ADD CONSTRAINT feed_messages_tenant_id_feed_id_fkey FOREIGN KEY (tenant_id, feed_id) REFERENCES public.feeds(tenant_id, id);
ALTER TABLE ONLY public.feed_messages
    ADD CONSTRAINT feed_messages_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(tenant_id);
ALTER TABLE ONLY public.feed_messages
    ADD CONSTRAINT feed_messages_tenant_id_incident_id_fkey FOREIGN KEY (tenant_id, incident_id) REFERENCES public.incidents(tenant_id, id);
ALTER TABLE ONLY public.feeds
    ADD CONSTRAINT feeds_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(tenant_id);
ALTER TABLE ONLY public.floods
    ADD CONSTRAINT floods_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(tenant_id);
ALTER TABLE ONLY public.floods
    ADD CONSTRAINT floods_tenant_id_incident_id_fkey FOREIGN KEY (tenant_id, incident_id) REFERENCES public.incidents(tenant_id, id);
ALTER TABLE ONLY public.floods
    ADD CONSTRAINT floods_tenant_id_site_id_fkey FOREIGN KEY (tenant_id, site_id) REFERENCES public.sites(tenant_id, id);
ALTER TABLE ONLY public.guided_sites
    ADD CONSTRAINT guided_sites_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(tenant_id);
ALTER TABLE ONLY public.guided_sites
    ADD CONSTRAINT guided_sites_tenant_id_site_id_fkey FOREIGN KEY (tenant_id, site_id) REFERENCES public.sites(tenant_id, id);
ALTER TABLE ONLY public.hazards
    ADD CONSTRAINT hazards_tenant_id_alarm_id_fkey FOREIGN KEY (tenant_id, alarm_id) REFERENCES public.alarms(tenant_id, id);
ALTER TABLE ONLY public.hazards
    ADD CONSTRAINT hazards_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(tenant_id);
ALTER TABLE ONLY public.hazards
    ADD CONSTRAINT hazards_tenant_id_incident_id_fkey FOREIGN KEY (tenant_id, incident_id) REFERENCES public.incidents(tenant_id, id);
ALTER TABLE ONLY public.hazards
    ADD CONSTRAINT hazards_tenant_id_site_id_fkey FOREIGN KEY (tenant_id, site_id) REFERENCES public.sites(tenant_id, id);
ALTER TABLE ONLY public.holiday_calendars
    ADD CONSTRAINT holiday_calendars_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(tenant_id);
ALTER TABLE ONLY public.holidays
    ADD CONSTRAINT holidays_tenant_id_calendar_id_fkey FOREIGN KEY (tenant_id, calendar_id) REFERENCES public.holiday_calendars(tenant_id, id);
ALTER TABLE ONLY public.holidays
    ADD CONSTRAINT holidays_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(tenant_id);
ALTER TABLE ONLY public.idempotency_keys
    ADD CONSTRAINT idempotency_keys_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(tenant_id);
ALTER TABLE ONLY public.incident_commanders
    ADD CONSTRAINT incident_commanders_tenant_id_account_id_fkey FOREIGN KEY (tenant_id, account_id) REFERENCES public.accounts(tenant_id, id);
ALTER TABLE ONLY public.incident_commanders
    ADD CONSTRAINT incident_commanders_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(tenant_id);
ALTER TABLE ONLY public.incident_commanders
    ADD CONSTRAINT incident_commanders_tenant_id_incident_id_fkey FOREIGN KEY (tenant_id, incident_id) REFERENCES public.incidents(tenant_id, id);
ALTER TABLE ONLY public.incident_resources
    ADD CONSTRAINT incident_resources_tenant_id_account_id_fkey FOREIGN KEY (tenant_id, account_id) REFERENCES public.accounts(tenant_id, id);
ALTER TABLE ONLY public.incident_resources
    ADD CONSTRAINT incident_resources_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(tenant_id);
ALTER TABLE ONLY public.incident_resources
    ADD CONSTRAINT incident_resources_tenant_id_incident_id_fkey FOREIGN KEY (tenant_id, incident_id) REFERENCES public.incidents(tenant_id, id);
ALTER TABLE ONLY public.incident_resources
    ADD CONSTRAINT incident_resources_tenant_id_task_id_fkey FOREIGN KEY (tenant_id, task_id) REFERENCES public.tasks(tenant_id, id);
ALTER TABLE ONLY public.incidents
    ADD CONSTRAINT incidents_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(tenant_id);
ALTER TABLE ONLY public.incidents
    ADD CONSTRAINT incidents_tenant_id_merged_into_fkey FOREIGN KEY (tenant_id, merged_into) REFERENCES public.incidents(tenant_id, id);
ALTER TABLE ONLY public.incidents
    ADD CONSTRAINT incidents_tenant_id_site_id_fkey FOREIGN KEY (tenant_id, site_id) REFERENCES public.sites(tenant_id, id);
ALTER TABLE ONLY public.incidents
    ADD CONSTRAINT incidents_tenant_id_split_from_fkey FOREIGN KEY (tenant_id, split_from) REFERENCES public.incidents(tenant_id, id);
ALTER TABLE ONLY public.incidents
    ADD CONSTRAINT incidents_tenant_id_zone_id_fkey FOREIGN KEY (tenant_id, zone_id) REFERENCES public.zones(tenant_id, id);
ALTER TABLE ONLY public.ingest_inbox
    ADD CONSTRAINT ingest_inbox_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(tenant_id);
ALTER TABLE ONLY public.ingest_inbox
    ADD CONSTRAINT ingest_inbox_tenant_id_site_id_fkey FOREIGN KEY (tenant_id, site_id) REFERENCES public.sites(tenant_id, id);
ALTER TABLE ONLY public.ingest_refusals
    ADD CONSTRAINT ingest_refusals_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(tenant_id);
ALTER TABLE ONLY public.ingest_refusals
    ADD CONSTRAINT ingest_refusals_tenant_id_site_id_fkey FOREIGN KEY (tenant_id, site_id) REFERENCES public.sites(tenant_id, id);
ALTER TABLE ONLY public.late_minutes
    ADD CONSTRAINT late_minutes_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(tenant_id);
ALTER TABLE ONLY public.lessons
    ADD CONSTRAINT lessons_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(tenant_id);
ALTER TABLE ONLY public.lessons
    ADD CONSTRAINT lessons_tenant_id_incident_id_fkey FOREIGN KEY (tenant_id, incident_id) REFERENCES public.incidents(tenant_id, id);
ALTER TABLE ONLY public.lone_sessions
    ADD CONSTRAINT lone_sessions_tenant_id_account_id_fkey FOREIGN KEY (tenant_id, account_id) REFERENCES public.accounts(tenant_id, id);
ALTER TABLE ONLY public.lone_sessions
    ADD CONSTRAINT lone_sessions_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(tenant_id);
ALTER TABLE ONLY public.lone_sessions
    ADD CONSTRAINT lone_sessions_tenant_id_site_id_fkey FOREIGN KEY (tenant_id, site_id) REFERENCES public.sites(tenant_id, id);
ALTER TABLE ONLY public.lone_sessions
    ADD CONSTRAINT lone_sessions_tenant_id_zone_id_fkey FOREIGN KEY (tenant_id, zone_id) REFERENCES public.zones(tenant_id, id);
ALTER TABLE ONLY public.matrices
    ADD CONSTRAINT matrices_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(tenant_id);
ALTER TABLE ONLY public.matrices
    ADD CONSTRAINT matrices_tenant_id_site_id_fkey FOREIGN KEY (tenant_id, site_id) REFERENCES public.sites(tenant_id, id);
ALTER TABLE ONLY public.matrix_replays
    ADD CONSTRAINT matrix_replays_tenant_id_against_id_fkey FOREIGN KEY (tenant_id, against_id) REFERENCES public.matrices(tenant_id, id);
ALTER TABLE ONLY public.matrix_replays
    ADD CONSTRAINT matrix_replays_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(tenant_id);
ALTER TABLE ONLY public.matrix_replays
    ADD CONSTRAINT matrix_replays_tenant_id_matrix_id_fkey FOREIGN KEY (tenant_id, matrix_id) REFERENCES public.matrices(tenant_id, id);
ALTER TABLE ONLY public.matrix_timers
    ADD CONSTRAINT matrix_timers_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(tenant_id);
ALTER TABLE ONLY public.matrix_timers
    ADD CONSTRAINT matrix_timers_tenant_id_incident_id_fkey FOREIGN KEY (tenant_id, incident_id) REFERENCES public.incidents(tenant_id, id);
ALTER TABLE ONLY public.message_services
    ADD CONSTRAINT message_services_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(tenant_id);
ALTER TABLE ONLY public.notices
    ADD CONSTRAINT notices_tenant_id_account_id_fkey FOREIGN KEY (tenant_id, account_id) REFERENCES public.accounts(tenant_id, id);
ALTER TABLE ONLY public.notices
    ADD CONSTRAINT notices_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(tenant_id);
ALTER TABLE ONLY public.objectives
    ADD CONSTRAINT objectives_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(tenant_id);
ALTER TABLE ONLY public.objectives
    ADD CONSTRAINT objectives_tenant_id_incident_id_fkey FOREIGN KEY (tenant_id, incident_id) REFERENCES public.incidents(tenant_id, id);
ALTER TABLE ONLY public.outbox
    ADD CONSTRAINT outbox_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(tenant_id);
ALTER TABLE ONLY public.passage_states
    ADD CONSTRAINT passage_states_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(tenant_id);
ALTER TABLE ONLY public.passage_states
    ADD CONSTRAINT passage_states_tenant_id_site_id_fkey FOREIGN KEY (tenant_id, site_id) REFERENCES public.sites(tenant_id, id);
ALTER TABLE ONLY public.person_devices
    ADD CONSTRAINT person_devices_tenant_id_account_id_fkey FOREIGN KEY (tenant_id, account_id) REFERENCES public.accounts(tenant_id, id);
ALTER TABLE ONLY public.person_devices
    ADD CONSTRAINT person_devices_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(tenant_id);
ALTER TABLE ONLY public.place_plans
    ADD CONSTRAINT place_plans_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(tenant_id);
ALTER TABLE ONLY public.place_plans
    ADD CONSTRAINT place_plans_tenant_id_site_id_fkey FOREIGN KEY (tenant_id, site_id) REFERENCES public.sites(tenant_id, id);
ALTER TABLE ONLY public.plan_templates
    ADD CONSTRAINT plan_templates_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(tenant_id);
ALTER TABLE ONLY public.plan_versions
    ADD CONSTRAINT plan_versions_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(tenant_id);
ALTER TABLE ONLY public.positions
    ADD CONSTRAINT positions_tenant_id_account_id_fkey FOREIGN KEY (tenant_id, account_id) REFERENCES public.accounts(tenant_id, id);
ALTER TABLE ONLY public.positions
    ADD CONSTRAINT positions_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(tenant_id);
ALTER TABLE ONLY public.presence
    ADD CONSTRAINT presence_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(tenant_id);
ALTER TABLE ONLY public.qualification_notices
    ADD CONSTRAINT qualification_notices_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(tenant_id);
ALTER TABLE ONLY public.qualification_notices
    ADD CONSTRAINT qualification_notices_tenant_id_qualification_id_fkey FOREIGN KEY (tenant_id, qualification_id) REFERENCES public.qualifications(tenant_id, id) ON DELETE CASCADE;
ALTER TABLE ONLY public.qualification_types
    ADD CONSTRAINT qualification_types_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(tenant_id);
ALTER TABLE ONLY public.qualification_watches
    ADD CONSTRAINT qualification_watches_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(tenant_id);
ALTER TABLE ONLY public.qualifications
    ADD CONSTRAINT qualifications_tenant_id_account_id_fkey FOREIGN KEY (tenant_id, account_id) REFERENCES public.accounts(tenant_id, id);
ALTER TABLE ONLY public.qualifications
    ADD CONSTRAINT qualifications_tenant_id_evidence_id_fkey FOREIGN KEY (tenant_id, evidence_id) REFERENCES public.evidence_files(tenant_id, id);
ALTER TABLE ONLY public.qualifications
    ADD CONSTRAINT qualifications_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(tenant_id);
ALTER TABLE ONLY public.qualifications
    ADD CONSTRAINT qualifications_tenant_id_type_id_fkey FOREIGN KEY (tenant_id, type_id) REFERENCES public.qualification_types(tenant_id, id);
ALTER TABLE ONLY public.quiet_times
    ADD CONSTRAINT quiet_times_tenant_id_account_id_fkey FOREIGN KEY (tenant_id, account_id) REFERENCES public.accounts(tenant_id, id);
ALTER TABLE ONLY public.quiet_times
    ADD CONSTRAINT quiet_times_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(tenant_id);
ALTER TABLE ONLY public.refresh_tokens
    ADD CONSTRAINT refresh_tokens_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(tenant_id);
ALTER TABLE ONLY public.refresh_tokens
    ADD CONSTRAINT refresh_tokens_tenant_id_sign_in_id_fkey FOREIGN KEY (tenant_id, sign_in_id) REFERENCES public.sign_ins(tenant_id, id) ON DELETE CASCADE;
ALTER TABLE ONLY public.reports
    ADD CONSTRAINT reports_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(tenant_id);
ALTER TABLE ONLY public.reports
    ADD CONSTRAINT reports_tenant_id_incident_id_fkey FOREIGN KEY (tenant_id, incident_id) REFERENCES public.incidents(tenant_id, id);
ALTER TABLE ONLY public.roll_call_marks
    ADD CONSTRAINT roll_call_marks_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(tenant_id);
ALTER TABLE ONLY public.roll_call_marks
    ADD CONSTRAINT roll_call_marks_tenant_id_roll_call_id_fkey FOREIGN KEY (tenant_id, roll_call_id) REFERENCES public.roll_calls(tenant_id, id);
ALTER TABLE ONLY public.roll_call_marshals
    ADD CONSTRAINT roll_call_marshals_tenant_id_account_id_fkey FOREIGN KEY (tenant_id, account_id) REFERENCES public.accounts(tenant_id, id);
ALTER TABLE ONLY public.roll_call_marshals
    ADD CONSTRAINT roll_call_marshals_tenant_id_assembly_point_id_fkey FOREIGN KEY (tenant_id, assembly_point_id) REFERENCES public.assembly_points(tenant_id, id);
ALTER TABLE ONLY public.roll_call_marshals
    ADD CONSTRAINT roll_call_marshals_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(tenant_id);
ALTER TABLE ONLY public.roll_call_marshals
    ADD CONSTRAINT roll_call_marshals_tenant_id_roll_call_id_fkey FOREIGN KEY (tenant_id, roll_call_id) REFERENCES public.roll_calls(tenant_id, id);
ALTER TABLE ONLY public.roll_call_people
    ADD CONSTRAINT roll_call_people_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(tenant_id);
ALTER TABLE ONLY public.roll_call_people
    ADD CONSTRAINT roll_call_people_tenant_id_roll_call_id_fkey FOREIGN KEY (tenant_id, roll_call_id) REFERENCES public.roll_calls(tenant_id, id);
ALTER TABLE ONLY public.roll_calls
    ADD CONSTRAINT roll_calls_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(tenant_id);
ALTER TABLE ONLY public.roll_calls
    ADD CONSTRAINT roll_calls_tenant_id_incident_id_fkey FOREIGN KEY (tenant_id, incident_id) REFERENCES public.incidents(tenant_id, id);
ALTER TABLE ONLY public.roll_calls
    ADD CONSTRAINT roll_calls_tenant_id_site_id_fkey FOREIGN KEY (tenant_id, site_id) REFERENCES public.sites(tenant_id, id);
ALTER TABLE ONLY public.room_events
    ADD CONSTRAINT room_events_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(tenant_id);
ALTER TABLE ONLY public.room_events
    ADD CONSTRAINT room_events_tenant_id_room_id_fkey FOREIGN KEY (tenant_id, room_id) REFERENCES public.rooms(tenant_id, id);
ALTER TABLE ONLY public.room_members
    ADD CONSTRAINT room_members_tenant_id_account_id_fkey FOREIGN KEY (tenant_id, account_id) REFERENCES public.accounts(tenant_id, id);
ALTER TABLE ONLY public.room_members
    ADD CONSTRAINT room_members_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(tenant_id);
ALTER TABLE ONLY public.room_members
    ADD CONSTRAINT room_members_tenant_id_room_id_fkey FOREIGN KEY (tenant_id, room_id) REFERENCES public.rooms(tenant_id, id);
ALTER TABLE ONLY public.rooms
    ADD CONSTRAINT rooms_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(tenant_id);
ALTER TABLE ONLY public.rooms
    ADD CONSTRAINT rooms_tenant_id_incident_id_fkey FOREIGN KEY (tenant_id, incident_id) REFERENCES public.incidents(tenant_id, id);
ALTER TABLE ONLY public.rota_overrides
    ADD CONSTRAINT rota_overrides_tenant_id_added_fkey FOREIGN KEY (tenant_id, added) REFERENCES public.accounts(tenant_id, id);
ALTER TABLE ONLY public.rota_overrides
    ADD CONSTRAINT rota_overrides_tenant_id_created_by_fkey FOREIGN KEY (tenant_id, created_by) REFERENCES public.accounts(tenant_id, id);
ALTER TABLE ONLY public.rota_overrides
    ADD CONSTRAINT rota_overrides_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(tenant_id);
ALTER TABLE ONLY public.rota_overrides
    ADD CONSTRAINT rota_overrides_tenant_id_removed_fkey FOREIGN KEY (tenant_id, removed) REFERENCES public.accounts(tenant_id, id);
ALTER TABLE ONLY public.rota_overrides
    ADD CONSTRAINT rota_overrides_tenant_id_rota_id_fkey FOREIGN KEY (tenant_id, rota_id) REFERENCES public.rotas(tenant_id, id);
ALTER TABLE ONLY public.rota_overrides
    ADD CONSTRAINT rota_overrides_tenant_id_swap_id_fkey FOREIGN KEY (tenant_id, swap_id) REFERENCES public.rota_swaps(tenant_id, id);
ALTER TABLE ONLY public.rota_swaps
    ADD CONSTRAINT rota_swaps_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(tenant_id);
ALTER TABLE ONLY public.rota_swaps
    ADD CONSTRAINT rota_swaps_tenant_id_proposed_by_fkey FOREIGN KEY (tenant_id, proposed_by) REFERENCES public.accounts(tenant_id, id);
ALTER TABLE ONLY public.rota_swaps
    ADD CONSTRAINT rota_swaps_tenant_id_proposed_to_fkey FOREIGN KEY (tenant_id, proposed_to) REFERENCES public.accounts(tenant_id, id);
ALTER TABLE ONLY public.rota_swaps
    ADD CONSTRAINT rota_swaps_tenant_id_return_rota_id_fkey FOREIGN KEY (tenant_id, return_rota_id) REFERENCES public.rotas(tenant_id, id);
ALTER TABLE ONLY public.rota_swaps
    ADD CONSTRAINT rota_swaps_tenant_id_rota_id_fkey FOREIGN KEY (tenant_id, rota_id) REFERENCES public.rotas(tenant_id, id);
ALTER TABLE ONLY public.rota_versions
    ADD CONSTRAINT rota_versions_tenant_id_calendar_id_fkey FOREIGN KEY (tenant_id, calendar_id) REFERENCES public.holiday_calendars(tenant_id, id);
ALTER TABLE ONLY public.rota_versions
    ADD CONSTRAINT rota_versions_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(tenant_id);
ALTER TABLE ONLY public.rota_versions
    ADD CONSTRAINT rota_versions_tenant_id_rota_id_fkey FOREIGN KEY (tenant_id, rota_id) REFERENCES public.rotas(tenant_id, id);
ALTER TABLE ONLY public.rotas
    ADD CONSTRAINT rotas_tenant_id_calendar_id_fkey FOREIGN KEY (tenant_id, calendar_id) REFERENCES public.holiday_calendars(tenant_id, id);
ALTER TABLE ONLY public.rotas
    ADD CONSTRAINT rotas_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(tenant_id);
ALTER TABLE ONLY public.rotas
    ADD CONSTRAINT rotas_tenant_id_site_id_fkey FOREIGN KEY (tenant_id, site_id) REFERENCES public.sites(tenant_id, id);
ALTER TABLE ONLY public.routes
    ADD CONSTRAINT routes_tenant_id_account_id_fkey FOREIGN KEY (tenant_id, account_id) REFERENCES public.accounts(tenant_id, id);
ALTER TABLE ONLY public.routes
    ADD CONSTRAINT routes_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(tenant_id);
ALTER TABLE ONLY public.routes
    ADD CONSTRAINT routes_tenant_id_incident_id_fkey FOREIGN KEY (tenant_id, incident_id) REFERENCES public.incidents(tenant_id, id);
ALTER TABLE ONLY public.routes
    ADD CONSTRAINT routes_tenant_id_roll_call_id_fkey FOREIGN KEY (tenant_id, roll_call_id) REFERENCES public.roll_calls(tenant_id, id);
ALTER TABLE ONLY public.routes
    ADD CONSTRAINT routes_tenant_id_site_id_fkey FOREIGN KEY (tenant_id, site_id) REFERENCES public.sites(tenant_id, id);
ALTER TABLE ONLY public.routes
    ADD CONSTRAINT routes_tenant_id_task_id_fkey FOREIGN KEY (tenant_id, task_id) REFERENCES public.tasks(tenant_id, id);
ALTER TABLE ONLY public.sensors
    ADD CONSTRAINT sensors_tenant_id_device_id_fkey FOREIGN KEY (tenant_id, device_id) REFERENCES public.devices(tenant_id, id);
ALTER TABLE ONLY public.sensors
    ADD CONSTRAINT sensors_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(tenant_id);
ALTER TABLE ONLY public.sensors
    ADD CONSTRAINT sensors_tenant_id_site_id_fkey FOREIGN KEY (tenant_id, site_id) REFERENCES public.sites(tenant_id, id);
ALTER TABLE ONLY public.sensors
    ADD CONSTRAINT sensors_tenant_id_zone_id_fkey FOREIGN KEY (tenant_id, zone_id) REFERENCES public.zones(tenant_id, id);
ALTER TABLE ONLY public.shelving_limits
    ADD CONSTRAINT shelving_limits_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(tenant_id);
ALTER TABLE ONLY public.shelving_limits
    ADD CONSTRAINT shelving_limits_tenant_id_rule_id_fkey FOREIGN KEY (tenant_id, rule_id) REFERENCES public.alarm_rules(tenant_id, id);
ALTER TABLE ONLY public.sign_ins
    ADD CONSTRAINT sign_ins_tenant_id_account_id_fkey FOREIGN KEY (tenant_id, account_id) REFERENCES public.accounts(tenant_id, id);
ALTER TABLE ONLY public.sign_ins
    ADD CONSTRAINT sign_ins_tenant_id_device_id_fkey FOREIGN KEY (tenant_id, device_id) REFERENCES public.person_devices(tenant_id, id);
ALTER TABLE ONLY public.sign_ins
    ADD CONSTRAINT sign_ins_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(tenant_id);
ALTER TABLE ONLY public.site_leases
    ADD CONSTRAINT site_leases_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(tenant_id);
ALTER TABLE ONLY public.site_leases
    ADD CONSTRAINT site_leases_tenant_id_site_id_fkey FOREIGN KEY (tenant_id, site_id) REFERENCES public.sites(tenant_id, id);
ALTER TABLE ONLY public.site_rollups
    ADD CONSTRAINT site_rollups_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(tenant_id);
ALTER TABLE ONLY public.site_rollups
    ADD CONSTRAINT site_rollups_tenant_id_site_id_fkey FOREIGN KEY (tenant_id, site_id) REFERENCES public.sites(tenant_id, id);
ALTER TABLE ONLY public.sites
    ADD CONSTRAINT sites_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(tenant_id);
ALTER TABLE ONLY public.sos_calls
    ADD CONSTRAINT sos_calls_tenant_id_account_id_fkey FOREIGN KEY (tenant_id, account_id) REFERENCES public.accounts(tenant_id, id);
ALTER TABLE ONLY public.sos_calls
    ADD CONSTRAINT sos_calls_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(tenant_id);
ALTER TABLE ONLY public.sos_calls
    ADD CONSTRAINT sos_calls_tenant_id_incident_id_fkey FOREIGN KEY (tenant_id, incident_id) REFERENCES public.incidents(tenant_id, id);
ALTER TABLE ONLY public.sos_codes
    ADD CONSTRAINT sos_codes_tenant_id_account_id_fkey FOREIGN KEY (tenant_id, account_id) REFERENCES public.accounts(tenant_id, id);
ALTER TABLE ONLY public.sos_codes
    ADD CONSTRAINT sos_codes_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(tenant_id);
ALTER TABLE ONLY public.sos_positions
    ADD CONSTRAINT sos_positions_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(tenant_id);
ALTER TABLE ONLY public.sos_positions
    ADD CONSTRAINT sos_positions_tenant_id_sos_id_fkey FOREIGN KEY (tenant_id, sos_id) REFERENCES public.sos_calls(tenant_id, id);
ALTER TABLE ONLY public.sos_presses
    ADD CONSTRAINT sos_presses_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(tenant_id);
ALTER TABLE ONLY public.sos_presses
    ADD CONSTRAINT sos_presses_tenant_id_sos_id_fkey FOREIGN KEY (tenant_id, sos_id) REFERENCES public.sos_calls(tenant_id, id);
ALTER TABLE ONLY public.suppression_designs
    ADD CONSTRAINT suppression_designs_tenant_id_actuator_id_fkey FOREIGN KEY (tenant_id, actuator_id) REFERENCES public.actuators(tenant_id, id);
ALTER TABLE ONLY public.suppression_designs
    ADD CONSTRAINT suppression_designs_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(tenant_id);
ALTER TABLE ONLY public.suppression_designs
    ADD CONSTRAINT suppression_designs_tenant_id_rule_id_fkey FOREIGN KEY (tenant_id, rule_id) REFERENCES public.alarm_rules(tenant_id, id);
ALTER TABLE ONLY public.suppression_designs
    ADD CONSTRAINT suppression_designs_tenant_id_sensor_id_fkey FOREIGN KEY (tenant_id, sensor_id) REFERENCES public.sensors(tenant_id, id);
ALTER TABLE ONLY public.suppression_designs
    ADD CONSTRAINT suppression_designs_tenant_id_site_id_fkey FOREIGN KEY (tenant_id, site_id) REFERENCES public.sites(tenant_id, id);
ALTER TABLE ONLY public.task_steps
    ADD CONSTRAINT task_steps_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(tenant_id);
ALTER TABLE ONLY public.task_steps
    ADD CONSTRAINT task_steps_tenant_id_incident_id_fkey FOREIGN KEY (tenant_id, incident_id) REFERENCES public.incidents(tenant_id, id);
ALTER TABLE ONLY public.task_steps
    ADD CONSTRAINT task_steps_tenant_id_task_id_fkey FOREIGN KEY (tenant_id, task_id) REFERENCES public.tasks(tenant_id, id);
ALTER TABLE ONLY public.tasks
    ADD CONSTRAINT tasks_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(tenant_id);
ALTER TABLE ONLY public.tasks
    ADD CONSTRAINT tasks_tenant_id_from_task_fkey FOREIGN KEY (tenant_id, from_task) REFERENCES public.tasks(tenant_id, id);
ALTER TABLE ONLY public.tasks
    ADD CONSTRAINT tasks_tenant_id_incident_id_fkey FOREIGN KEY (tenant_id, incident_id) REFERENCES public.incidents(tenant_id, id);
ALTER TABLE ONLY public.tasks
    ADD CONSTRAINT tasks_tenant_id_offered_to_fkey FOREIGN KEY (tenant_id, offered_to) REFERENCES public.accounts(tenant_id, id);
ALTER TABLE ONLY public.tasks
    ADD CONSTRAINT tasks_tenant_id_owner_account_id_fkey FOREIGN KEY (tenant_id, owner_account_id) REFERENCES public.accounts(tenant_id, id);
ALTER TABLE ONLY public.team_members
    ADD CONSTRAINT team_members_tenant_id_account_id_fkey FOREIGN KEY (tenant_id, account_id) REFERENCES public.accounts(tenant_id, id);
ALTER TABLE ONLY public.team_members
    ADD CONSTRAINT team_members_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(tenant_id);
ALTER TABLE ONLY public.team_members
    ADD CONSTRAINT team_members_tenant_id_team_id_fkey FOREIGN KEY (tenant_id, team_id) REFERENCES public.teams(tenant_id, id);
ALTER TABLE ONLY public.teams
    ADD CONSTRAINT teams_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(tenant_id);
ALTER TABLE ONLY public.timeline_heads
    ADD CONSTRAINT timeline_heads_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(tenant_id);
ALTER TABLE ONLY public.timeline_heads
    ADD CONSTRAINT timeline_heads_tenant_id_incident_id_fkey FOREIGN KEY (tenant_id, incident_id) REFERENCES public.incidents(tenant_id, id);
ALTER TABLE ONLY public.timeline
    ADD CONSTRAINT timeline_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(tenant_id);
ALTER TABLE ONLY public.timeline
    ADD CONSTRAINT timeline_tenant_id_incident_id_fkey FOREIGN KEY (tenant_id, incident_id) REFERENCES public.incidents(tenant_id, id);
ALTER TABLE ONLY public.trainings
    ADD CONSTRAINT trainings_tenant_id_account_id_fkey FOREIGN KEY (tenant_id, account_id) REFERENCES public.accounts(tenant_id, id);
ALTER TABLE ONLY public.trainings
    ADD CONSTRAINT trainings_tenant_id_evidence_id_fkey FOREIGN KEY (tenant_id, evidence_id) REFERENCES public.evidence_files(tenant_id, id);
ALTER TABLE ONLY public.trainings
    ADD CONSTRAINT trainings_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(tenant_id);
ALTER TABLE ONLY public.trainings
    ADD CONSTRAINT trainings_tenant_id_qualification_id_fkey FOREIGN KEY (tenant_id, qualification_id) REFERENCES public.qualifications(tenant_id, id) ON DELETE SET NULL (qualification_id);
ALTER TABLE ONLY public.visits
    ADD CONSTRAINT visits_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(tenant_id);
ALTER TABLE ONLY public.visits
    ADD CONSTRAINT visits_tenant_id_host_id_fkey FOREIGN KEY (tenant_id, host_id) REFERENCES public.accounts(tenant_id, id);
ALTER TABLE ONLY public.visits
    ADD CONSTRAINT visits_tenant_id_site_id_fkey FOREIGN KEY (tenant_id, site_id) REFERENCES public.sites(tenant_id, id);
ALTER TABLE ONLY public.voting_groups
    ADD CONSTRAINT voting_groups_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(tenant_id);
ALTER TABLE ONLY public.voting_groups
    ADD CONSTRAINT voting_groups_tenant_id_site_id_fkey FOREIGN KEY (tenant_id, site_id) REFERENCES public.sites(tenant_id, id);
ALTER TABLE ONLY public.voting_members
    ADD CONSTRAINT voting_members_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(tenant_id);
ALTER TABLE ONLY public.voting_members
    ADD CONSTRAINT voting_members_tenant_id_group_id_fkey FOREIGN KEY (tenant_id, group_id) REFERENCES public.voting_groups(tenant_id, id);
ALTER TABLE ONLY public.voting_members
    ADD CONSTRAINT voting_members_tenant_id_sensor_id_fkey FOREIGN KEY (tenant_id, sensor_id) REFERENCES public.sensors(tenant_id, id);
ALTER TABLE ONLY public.waiting_tasks
    ADD CONSTRAINT waiting_tasks_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(tenant_id);
ALTER TABLE ONLY public.waiting_tasks
    ADD CONSTRAINT waiting_tasks_tenant_id_incident_id_fkey FOREIGN KEY (tenant_id, incident_id) REFERENCES public.incidents(tenant_id, id);
ALTER TABLE ONLY public.zones
    ADD CONSTRAINT zones_tenant_id_building_id_fkey FOREIGN KEY (tenant_id, building_id) REFERENCES public.buildings(tenant_id, id);
ALTER TABLE ONLY public.zones
    ADD CONSTRAINT zones_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(tenant_id);
ALTER TABLE ONLY public.zones
    ADD CONSTRAINT zones_tenant_id_site_id_fkey FOREIGN KEY (tenant_id, site_id) REFERENCES public.sites(tenant_id, id);
ALTER TABLE public.accounts ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.actuators ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.agent_card_pins ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.agent_cards ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.alarm_answer_days ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.alarm_bins ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.alarm_events ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.alarm_events_default ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.alarm_rollups_due ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.alarm_rule_days ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.alarm_rules ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.alarm_settings ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.alarm_states ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.alarm_suppressions ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.alarms ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.assembly_points ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.audit ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.audit_findings ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.audit_heads ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.badge_events ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.badges ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.buildings ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.calibration_notices ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.comm_test_messages ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.comm_test_schedules ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.comm_tests ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.command_handovers ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.commands ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.contact_points ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.corrective_actions ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.deliveries ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.delivery_attempts ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.device_readiness ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.device_states ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.devices ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.doors ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.drills ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.equipment ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.equipment_movements ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.equipment_watched ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.escalation_policies ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.escalations ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.evacuation_plans ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.evidence_files ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.exposure_events ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.exposure_watches ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.feed_messages ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.feeds ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.floods ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.gateways ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.guided_sites ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.hazards ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.holiday_calendars ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.holidays ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.idempotency_keys ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.incident_commanders ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.incident_resources ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.incidents ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.ingest_inbox ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.ingest_refusals ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.late_minutes ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.lessons ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.lone_sessions ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.matrices ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.matrix_replays ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.matrix_timers ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.message_services ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.notices ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.objectives ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.outbox ENABLE ROW LEVEL SECURITY;
CREATE POLICY owner_directory ON public.accounts TO muster_owner USING (true);
CREATE POLICY owner_directory ON public.actuators TO muster_owner USING (true);
CREATE POLICY owner_directory ON public.agent_card_pins TO muster_owner USING (true);
CREATE POLICY owner_directory ON public.agent_cards TO muster_owner USING (true);
CREATE POLICY owner_directory ON public.alarm_answer_days TO muster_owner USING (true);
CREATE POLICY owner_directory ON public.alarm_bins TO muster_owner USING (true);
CREATE POLICY owner_directory ON public.alarm_events TO muster_owner USING (true);
CREATE POLICY owner_directory ON public.alarm_events_default TO muster_owner USING (true);
CREATE POLICY owner_directory ON public.alarm_rollups_due TO muster_owner USING (true);
CREATE POLICY owner_directory ON public.alarm_rule_days TO muster_owner USING (true);
CREATE POLICY owner_directory ON public.alarm_rules TO muster_owner USING (true);
CREATE POLICY owner_directory ON public.alarm_settings TO muster_owner USING (true);
CREATE POLICY owner_directory ON public.alarm_states TO muster_owner USING (true);
CREATE POLICY owner_directory ON public.alarm_suppressions TO muster_owner USING (true);
CREATE POLICY owner_directory ON public.alarms TO muster_owner USING (true);
CREATE POLICY owner_directory ON public.assembly_points TO muster_owner USING (true);
CREATE POLICY owner_directory ON public.audit TO muster_owner USING (true);
CREATE POLICY owner_directory ON public.audit_findings TO muster_owner USING (true);
CREATE POLICY owner_directory ON public.audit_heads TO muster_owner USING (true);
CREATE POLICY owner_directory ON public.badge_events TO muster_owner USING (true);
CREATE POLICY owner_directory ON public.badges TO muster_owner USING (true);
CREATE POLICY owner_directory ON public.buildings TO muster_owner USING (true);
CREATE POLICY owner_directory ON public.calibration_notices TO muster_owner USING (true);
CREATE POLICY owner_directory ON public.comm_test_messages TO muster_owner USING (true);
CREATE POLICY owner_directory ON public.comm_test_schedules TO muster_owner USING (true);
CREATE POLICY owner_directory ON public.comm_tests TO muster_owner USING (true);
CREATE POLICY owner_directory ON public.command_handovers TO muster_owner USING (true);
CREATE POLICY owner_directory ON public.commands TO muster_owner USING (true);
CREATE POLICY owner_directory ON public.contact_points TO muster_owner USING (true);
CREATE POLICY owner_directory ON public.corrective_actions TO muster_owner USING (true);
CREATE POLICY owner_directory ON public.deliveries TO muster_owner USING (true);
CREATE POLICY owner_directory ON public.delivery_attempts TO muster_owner USING (true);
CREATE POLICY owner_directory ON public.device_readiness TO muster_owner USING (true);
CREATE POLICY owner_directory ON public.device_states TO muster_owner USING (true);
CREATE POLICY owner_directory ON public.devices TO muster_owner USING (true);
CREATE POLICY owner_directory ON public.doors TO muster_owner USING (true);
CREATE POLICY owner_directory ON public.drills TO muster_owner USING (true);
CREATE POLICY owner_directory ON public.equipment TO muster_owner USING (true);
CREATE POLICY owner_directory ON public.equipment_movements TO muster_owner USING (true);
CREATE POLICY owner_directory ON public.equipment_watched TO muster_owner USING (true);
CREATE POLICY owner_directory ON public.escalation_policies TO muster_owner USING (true);
CREATE POLICY owner_directory ON public.escalations TO muster_owner USING (true);
CREATE POLICY owner_directory ON public.evacuation_plans TO muster_owner USING (true);
CREATE POLICY owner_directory ON public.evidence_files TO muster_owner USING (true);
CREATE POLICY owner_directory ON public.exposure_events TO muster_owner USING (true);
CREATE POLICY owner_directory ON public.exposure_watches TO muster_owner USING (true);
CREATE POLICY owner_directory ON public.feed_messages TO muster_owner USING (true);
CREATE POLICY owner_directory ON public.feeds TO muster_owner USING (true);
CREATE POLICY owner_directory ON public.floods TO muster_owner USING (true);
CREATE POLICY owner_directory ON public.gateways TO muster_owner USING (true);
CREATE POLICY owner_directory ON public.guided_sites TO muster_owner USING (true);
CREATE POLICY owner_directory ON public.hazards TO muster_owner USING (true);
CREATE POLICY owner_directory ON public.holiday_calendars TO muster_owner USING (true);
CREATE POLICY owner_directory ON public.holidays TO muster_owner USING (true);
CREATE POLICY owner_directory ON public.idempotency_keys TO muster_owner USING (true);
CREATE POLICY owner_directory ON public.incident_commanders TO muster_owner USING (true);
CREATE POLICY owner_directory ON public.incident_resources TO muster_owner USING (true);
CREATE POLICY owner_directory ON public.incidents TO muster_owner USING (true);
CREATE POLICY owner_directory ON public.ingest_inbox TO muster_owner USING (true);
CREATE POLICY owner_directory ON public.ingest_refusals TO muster_owner USING (true);
CREATE POLICY owner_directory ON public.late_minutes TO muster_owner USING (true);
CREATE POLICY owner_directory ON public.lessons TO muster_owner USING (true);
CREATE POLICY owner_directory ON public.lone_sessions TO muster_owner USING (true);
CREATE POLICY owner_directory ON public.matrices TO muster_owner USING (true);
CREATE POLICY owner_directory ON public.matrix_replays TO muster_owner USING (true);
CREATE POLICY owner_directory ON public.matrix_timers TO muster_owner USING (true);
CREATE POLICY owner_directory ON public.message_services TO muster_owner USING (true);
CREATE POLICY owner_directory ON public.notices TO muster_owner USING (true);
CREATE POLICY owner_directory ON public.objectives TO muster_owner USING (true);
CREATE POLICY owner_directory ON public.outbox TO muster_owner USING (true);
CREATE POLICY owner_directory ON public.passage_states TO muster_owner USING (true);
CREATE POLICY owner_directory ON public.person_devices TO muster_owner USING (true);
CREATE POLICY owner_directory ON public.place_plans TO muster_owner USING (true);
CREATE POLICY owner_directory ON public.plan_templates TO muster_owner USING (true);
CREATE POLICY owner_directory ON public.plan_versions TO muster_owner USING (true);
CREATE POLICY owner_directory ON public.positions TO muster_owner USING (true);
CREATE POLICY owner_directory ON public.presence TO muster_owner USING (true);
CREATE POLICY owner_directory ON public.qualification_notices TO muster_owner USING (true);
CREATE POLICY owner_directory ON public.qualification_types TO muster_owner USING (true);
CREATE POLICY owner_directory ON public.qualification_watches TO muster_owner USING (true);
CREATE POLICY owner_directory ON public.qualifications TO muster_owner USING (true);
CREATE POLICY owner_directory ON public.quiet_times TO muster_owner USING (true);
CREATE POLICY owner_directory ON public.reading_minutes TO muster_owner USING (true);
CREATE POLICY owner_directory ON public.reading_minutes_default TO muster_owner USING (true);
CREATE POLICY owner_directory ON public.readings TO muster_owner USING (true);
CREATE POLICY owner_directory ON public.readings_default TO muster_owner USING (true);
CREATE POLICY owner_directory ON public.refresh_tokens TO muster_owner USING (true);
CREATE POLICY owner_directory ON public.reports TO muster_owner USING (true);
CREATE POLICY owner_directory ON public.roll_call_marks TO muster_owner USING (true);
CREATE POLICY owner_directory ON public.roll_call_marshals TO muster_owner USING (true);
CREATE POLICY owner_directory ON public.roll_call_people TO muster_owner USING (true);
CREATE POLICY owner_directory ON public.roll_calls TO muster_owner USING (true);
CREATE POLICY owner_directory ON public.room_events TO muster_owner USING (true);
CREATE POLICY owner_directory ON public.room_members TO muster_owner USING (true);
CREATE POLICY owner_directory ON public.rooms TO muster_owner USING (true);
CREATE POLICY owner_directory ON public.rota_overrides TO muster_owner USING (true);
CREATE POLICY owner_directory ON public.rota_swaps TO muster_owner USING (true);
CREATE POLICY owner_directory ON public.rota_versions TO muster_owner USING (true);
CREATE POLICY owner_directory ON public.rotas TO muster_owner USING (true);
CREATE POLICY owner_directory ON public.routes TO muster_owner USING (true);
CREATE POLICY owner_directory ON public.sensors TO muster_owner USING (true);
CREATE POLICY owner_directory ON public.shelving_limits TO muster_owner USING (true);
CREATE POLICY owner_directory ON public.sign_in_limits TO muster_owner USING (true);
CREATE POLICY owner_directory ON public.sign_ins TO muster_owner USING (true);
CREATE POLICY owner_directory ON public.site_leases TO muster_owner USING (true);
CREATE POLICY owner_directory ON public.site_rollups TO muster_owner USING (true);
CREATE POLICY owner_directory ON public.sites TO muster_owner USING (true);
CREATE POLICY owner_directory ON public.sos_calls TO muster_owner USING (true);
CREATE POLICY owner_directory ON public.sos_codes TO muster_owner USING (true);
CREATE POLICY owner_directory ON public.sos_positions TO muster_owner USING (true);
CREATE POLICY owner_directory ON public.sos_presses TO muster_owner USING (true);
CREATE POLICY owner_directory ON public.suppression_designs TO muster_owner USING (true);
CREATE POLICY owner_directory ON public.task_steps TO muster_owner USING (true);
CREATE POLICY owner_directory ON public.tasks TO muster_owner USING (true);
CREATE POLICY owner_directory ON public.team_members TO muster_owner USING (true);
CREATE POLICY owner_directory ON public.teams TO muster_owner USING (true);
CREATE POLICY owner_directory ON public.tenants TO muster_owner USING (true);
CREATE POLICY owner_directory ON public.timeline TO muster_owner USING (true);
CREATE POLICY owner_directory ON public.timeline_heads TO muster_owner USING (true);
CREATE POLICY owner_directory ON public.trainings TO muster_owner USING (true);
CREATE POLICY owner_directory ON public.visits TO muster_owner USING (true);
CREATE POLICY owner_directory ON public.voting_groups TO muster_owner USING (true);
CREATE POLICY owner_directory ON public.voting_members TO muster_owner USING (true);
CREATE POLICY owner_directory ON public.waiting_tasks TO muster_owner USING (true);
CREATE POLICY owner_directory ON public.zones TO muster_owner USING (true);
ALTER TABLE public.passage_states ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.person_devices ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.place_plans ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.plan_templates ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.plan_versions ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.positions ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.presence ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.qualification_notices ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.qualification_types ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.qualification_watches ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.qualifications ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.quiet_times ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.reading_minutes ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.reading_minutes_default ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.readings ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.readings_default ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.refresh_tokens ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.reports ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.roll_call_marks ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.roll_call_marshals ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.roll_call_people ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.roll_calls ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.room_events ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.room_members ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.rooms ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.rota_overrides ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.rota_swaps ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.rota_versions ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.rotas ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.routes ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.sensors ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.shelving_limits ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.sign_in_limits ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.sign_ins ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.site_leases ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.site_rollups ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.sites ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.sos_calls ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.sos_codes ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.sos_positions ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.sos_presses ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.suppression_designs ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.task_steps ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.tasks ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.team_members ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.teams ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON public.accounts USING ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant))) WITH CHECK ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant)));
CREATE POLICY tenant_isolation ON public.actuators USING ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant))) WITH CHECK ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant)));
CREATE POLICY tenant_isolation ON public.agent_card_pins USING ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant))) WITH CHECK ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant)));
CREATE POLICY tenant_isolation ON public.agent_cards USING ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant))) WITH CHECK ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant)));
CREATE POLICY tenant_isolation ON public.alarm_answer_days USING ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant))) WITH CHECK ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant)));
CREATE POLICY tenant_isolation ON public.alarm_bins USING ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant))) WITH CHECK ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant)));
CREATE POLICY tenant_isolation ON public.alarm_events USING ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant))) WITH CHECK ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant)));
CREATE POLICY tenant_isolation ON public.alarm_rollups_due USING ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant))) WITH CHECK ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant)));
CREATE POLICY tenant_isolation ON public.alarm_rule_days USING ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant))) WITH CHECK ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant)));
CREATE POLICY tenant_isolation ON public.alarm_rules USING ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant))) WITH CHECK ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant)));
CREATE POLICY tenant_isolation ON public.alarm_settings USING ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant))) WITH CHECK ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant)));
CREATE POLICY tenant_isolation ON public.alarm_states USING ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant))) WITH CHECK ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant)));
CREATE POLICY tenant_isolation ON public.alarm_suppressions USING ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant))) WITH CHECK ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant)));
CREATE POLICY tenant_isolation ON public.alarms USING ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant))) WITH CHECK ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant)));
CREATE POLICY tenant_isolation ON public.assembly_points USING ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant))) WITH CHECK ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant)));
CREATE POLICY tenant_isolation ON public.audit USING ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant))) WITH CHECK ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant)));
CREATE POLICY tenant_isolation ON public.audit_findings USING ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant))) WITH CHECK ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant)));
CREATE POLICY tenant_isolation ON public.audit_heads USING ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant))) WITH CHECK ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant)));
CREATE POLICY tenant_isolation ON public.badge_events USING ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant))) WITH CHECK ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant)));
CREATE POLICY tenant_isolation ON public.badges USING ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant))) WITH CHECK ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant)));
CREATE POLICY tenant_isolation ON public.buildings USING ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant))) WITH CHECK ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant)));
CREATE POLICY tenant_isolation ON public.calibration_notices USING ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant))) WITH CHECK ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant)));
CREATE POLICY tenant_isolation ON public.comm_test_messages USING ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant))) WITH CHECK ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant)));
CREATE POLICY tenant_isolation ON public.comm_test_schedules USING ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant))) WITH CHECK ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant)));
CREATE POLICY tenant_isolation ON public.comm_tests USING ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant))) WITH CHECK ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant)));
CREATE POLICY tenant_isolation ON public.command_handovers USING ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant))) WITH CHECK ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant)));
CREATE POLICY tenant_isolation ON public.commands USING ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant))) WITH CHECK ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant)));
CREATE POLICY tenant_isolation ON public.contact_points USING ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant))) WITH CHECK ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant)));
CREATE POLICY tenant_isolation ON public.corrective_actions USING ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant))) WITH CHECK ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant)));
CREATE POLICY tenant_isolation ON public.deliveries USING ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant))) WITH CHECK ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant)));
CREATE POLICY tenant_isolation ON public.delivery_attempts USING ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant))) WITH CHECK ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant)));
CREATE POLICY tenant_isolation ON public.device_readiness USING ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant))) WITH CHECK ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant)));
CREATE POLICY tenant_isolation ON public.device_states USING ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant))) WITH CHECK ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant)));
CREATE POLICY tenant_isolation ON public.devices USING ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant))) WITH CHECK ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant)));
CREATE POLICY tenant_isolation ON public.doors USING ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant))) WITH CHECK ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant)));
CREATE POLICY tenant_isolation ON public.drills USING ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant))) WITH CHECK ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant)));
CREATE POLICY tenant_isolation ON public.equipment USING ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant))) WITH CHECK ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant)));
CREATE POLICY tenant_isolation ON public.equipment_movements USING ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant))) WITH CHECK ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant)));
CREATE POLICY tenant_isolation ON public.equipment_watched USING ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant))) WITH CHECK ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant)));
CREATE POLICY tenant_isolation ON public.escalation_policies USING ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant))) WITH CHECK ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant)));
CREATE POLICY tenant_isolation ON public.escalations USING ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant))) WITH CHECK ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant)));
CREATE POLICY tenant_isolation ON public.evacuation_plans USING ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant))) WITH CHECK ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant)));
CREATE POLICY tenant_isolation ON public.evidence_files USING ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant))) WITH CHECK ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant)));
CREATE POLICY tenant_isolation ON public.exposure_events USING ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant))) WITH CHECK ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant)));
CREATE POLICY tenant_isolation ON public.exposure_watches USING ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant))) WITH CHECK ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant)));
CREATE POLICY tenant_isolation ON public.feed_messages USING ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant))) WITH CHECK ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant)));
CREATE POLICY tenant_isolation ON public.feeds USING ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant))) WITH CHECK ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant)));
CREATE POLICY tenant_isolation ON public.floods USING ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant))) WITH CHECK ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant)));
CREATE POLICY tenant_isolation ON public.guided_sites USING ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant))) WITH CHECK ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant)));
CREATE POLICY tenant_isolation ON public.hazards USING ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant))) WITH CHECK ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant)));
CREATE POLICY tenant_isolation ON public.holiday_calendars USING ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant))) WITH CHECK ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant)));
CREATE POLICY tenant_isolation ON public.holidays USING ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant))) WITH CHECK ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant)));
CREATE POLICY tenant_isolation ON public.idempotency_keys USING ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant))) WITH CHECK ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant)));
CREATE POLICY tenant_isolation ON public.incident_commanders USING ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant))) WITH CHECK ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant)));
CREATE POLICY tenant_isolation ON public.incident_resources USING ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant))) WITH CHECK ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant)));
CREATE POLICY tenant_isolation ON public.incidents USING ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant))) WITH CHECK ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant)));
CREATE POLICY tenant_isolation ON public.ingest_inbox USING ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant))) WITH CHECK ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant)));
CREATE POLICY tenant_isolation ON public.ingest_refusals USING ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant))) WITH CHECK ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant)));
CREATE POLICY tenant_isolation ON public.late_minutes USING ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant))) WITH CHECK ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant)));
CREATE POLICY tenant_isolation ON public.lessons USING ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant))) WITH CHECK ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant)));
CREATE POLICY tenant_isolation ON public.lone_sessions USING ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant))) WITH CHECK ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant)));
CREATE POLICY tenant_isolation ON public.matrices USING ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant))) WITH CHECK ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant)));
CREATE POLICY tenant_isolation ON public.matrix_replays USING ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant))) WITH CHECK ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant)));
CREATE POLICY tenant_isolation ON public.matrix_timers USING ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant))) WITH CHECK ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant)));
CREATE POLICY tenant_isolation ON public.message_services USING ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant))) WITH CHECK ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant)));
CREATE POLICY tenant_isolation ON public.notices USING ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant))) WITH CHECK ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant)));
CREATE POLICY tenant_isolation ON public.objectives USING ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant))) WITH CHECK ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant)));
CREATE POLICY tenant_isolation ON public.outbox USING ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant))) WITH CHECK ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant)));
CREATE POLICY tenant_isolation ON public.passage_states USING ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant))) WITH CHECK ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant)));
CREATE POLICY tenant_isolation ON public.person_devices USING ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant))) WITH CHECK ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant)));
CREATE POLICY tenant_isolation ON public.place_plans USING ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant))) WITH CHECK ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant)));
CREATE POLICY tenant_isolation ON public.plan_templates USING ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant))) WITH CHECK ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant)));
CREATE POLICY tenant_isolation ON public.plan_versions USING ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant))) WITH CHECK ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant)));
CREATE POLICY tenant_isolation ON public.positions USING ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant))) WITH CHECK ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant)));
CREATE POLICY tenant_isolation ON public.presence USING ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant))) WITH CHECK ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant)));
CREATE POLICY tenant_isolation ON public.qualification_notices USING ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant))) WITH CHECK ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant)));
CREATE POLICY tenant_isolation ON public.qualification_types USING ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant))) WITH CHECK ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant)));
CREATE POLICY tenant_isolation ON public.qualification_watches USING ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant))) WITH CHECK ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant)));
CREATE POLICY tenant_isolation ON public.qualifications USING ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant))) WITH CHECK ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant)));
CREATE POLICY tenant_isolation ON public.quiet_times USING ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant))) WITH CHECK ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant)));
CREATE POLICY tenant_isolation ON public.reading_minutes USING ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant))) WITH CHECK ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant)));
CREATE POLICY tenant_isolation ON public.readings USING ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant))) WITH CHECK ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant)));
CREATE POLICY tenant_isolation ON public.refresh_tokens USING ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant))) WITH CHECK ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant)));
CREATE POLICY tenant_isolation ON public.reports USING ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant))) WITH CHECK ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant)));
CREATE POLICY tenant_isolation ON public.roll_call_marks USING ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant))) WITH CHECK ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant)));
CREATE POLICY tenant_isolation ON public.roll_call_marshals USING ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant))) WITH CHECK ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant)));
CREATE POLICY tenant_isolation ON public.roll_call_people USING ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant))) WITH CHECK ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant)));
CREATE POLICY tenant_isolation ON public.roll_calls USING ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant))) WITH CHECK ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant)));
CREATE POLICY tenant_isolation ON public.room_events USING ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant))) WITH CHECK ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant)));
CREATE POLICY tenant_isolation ON public.room_members USING ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant))) WITH CHECK ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant)));
CREATE POLICY tenant_isolation ON public.rooms USING ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant))) WITH CHECK ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant)));
CREATE POLICY tenant_isolation ON public.rota_overrides USING ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant))) WITH CHECK ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant)));
CREATE POLICY tenant_isolation ON public.rota_swaps USING ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant))) WITH CHECK ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant)));
CREATE POLICY tenant_isolation ON public.rota_versions USING ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant))) WITH CHECK ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant)));
CREATE POLICY tenant_isolation ON public.rotas USING ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant))) WITH CHECK ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant)));
CREATE POLICY tenant_isolation ON public.routes USING ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant))) WITH CHECK ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant)));
CREATE POLICY tenant_isolation ON public.sensors USING ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant))) WITH CHECK ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant)));
CREATE POLICY tenant_isolation ON public.shelving_limits USING ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant))) WITH CHECK ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant)));
CREATE POLICY tenant_isolation ON public.sign_in_limits USING ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant))) WITH CHECK ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant)));
CREATE POLICY tenant_isolation ON public.sign_ins USING ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant))) WITH CHECK ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant)));
CREATE POLICY tenant_isolation ON public.site_leases USING ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant))) WITH CHECK ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant)));
CREATE POLICY tenant_isolation ON public.site_rollups USING ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant))) WITH CHECK ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant)));
CREATE POLICY tenant_isolation ON public.sites USING ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant))) WITH CHECK ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant)));
CREATE POLICY tenant_isolation ON public.sos_calls USING ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant))) WITH CHECK ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant)));
CREATE POLICY tenant_isolation ON public.sos_codes USING ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant))) WITH CHECK ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant)));
CREATE POLICY tenant_isolation ON public.sos_positions USING ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant))) WITH CHECK ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant)));
CREATE POLICY tenant_isolation ON public.sos_presses USING ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant))) WITH CHECK ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant)));
CREATE POLICY tenant_isolation ON public.suppression_designs USING ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant))) WITH CHECK ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant)));
CREATE POLICY tenant_isolation ON public.task_steps USING ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant))) WITH CHECK ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant)));
CREATE POLICY tenant_isolation ON public.tasks USING ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant))) WITH CHECK ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant)));
CREATE POLICY tenant_isolation ON public.team_members USING ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant))) WITH CHECK ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant)));
CREATE POLICY tenant_isolation ON public.teams USING ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant))) WITH CHECK ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant)));
CREATE POLICY tenant_isolation ON public.tenants USING ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant))) WITH CHECK ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant)));
CREATE POLICY tenant_isolation ON public.timeline USING ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant))) WITH CHECK ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant)));
CREATE POLICY tenant_isolation ON public.timeline_heads USING ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant))) WITH CHECK ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant)));
CREATE POLICY tenant_isolation ON public.trainings USING ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant))) WITH CHECK ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant)));
CREATE POLICY tenant_isolation ON public.visits USING ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant))) WITH CHECK ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant)));
CREATE POLICY tenant_isolation ON public.voting_groups USING ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant))) WITH CHECK ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant)));
CREATE POLICY tenant_isolation ON public.voting_members USING ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant))) WITH CHECK ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant)));
CREATE POLICY tenant_isolation ON public.waiting_tasks USING ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant))) WITH CHECK ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant)));
CREATE POLICY tenant_isolation ON public.zones USING ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant))) WITH CHECK ((tenant_id = ( SELECT public.muster_tenant() AS muster_tenant)));
ALTER TABLE public.tenants ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.timeline ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.timeline_heads ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.trainings ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.visits ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.voting_groups ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.voting_members ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.waiting_tasks ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.zones ENABLE ROW LEVEL SECURITY;
REVOKE USAGE ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO muster_app;
REVOKE ALL ON FUNCTION public.alarm_events_make_partitions(first_day date, last_day date) FROM PUBLIC;
GRANT ALL ON FUNCTION public.alarm_events_make_partitions(first_day date, last_day date) TO muster_app;
REVOKE ALL ON FUNCTION public.gateway_beat(who text, at timestamp with time zone, until timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION public.gateway_beat(who text, at timestamp with time zone, until timestamp with time zone) TO muster_app;
REVOKE ALL ON FUNCTION public.gateway_free_sites(who text, at timestamp with time zone, latest timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION public.gateway_free_sites(who text, at timestamp with time zone, latest timestamp with time zone) TO muster_app;
REVOKE ALL ON FUNCTION public.gateway_leave(who text) FROM PUBLIC;
GRANT ALL ON FUNCTION public.gateway_leave(who text) TO muster_app;
REVOKE ALL ON FUNCTION public.muster_comm_schedules_due(moment timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION public.muster_comm_schedules_due(moment timestamp with time zone) TO muster_app;
REVOKE ALL ON FUNCTION public.muster_comm_tests_due(moment timestamp with time zone, most integer) FROM PUBLIC;
GRANT ALL ON FUNCTION public.muster_comm_tests_due(moment timestamp with time zone, most integer) TO muster_app;
REVOKE ALL ON FUNCTION public.muster_comm_tests_over(moment timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION public.muster_comm_tests_over(moment timestamp with time zone) TO muster_app;
REVOKE ALL ON FUNCTION public.muster_deliveries_due(moment timestamp with time zone, most integer) FROM PUBLIC;
GRANT ALL ON FUNCTION public.muster_deliveries_due(moment timestamp with time zone, most integer) TO muster_app;
REVOKE ALL ON FUNCTION public.muster_deliveries_next_due() FROM PUBLIC;
GRANT ALL ON FUNCTION public.muster_deliveries_next_due() TO muster_app;
REVOKE ALL ON FUNCTION public.muster_drills_over(moment timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION public.muster_drills_over(moment timestamp with time zone) TO muster_app;
REVOKE ALL ON FUNCTION public.muster_escalations_due(moment timestamp with time zone, most integer) FROM PUBLIC;
GRANT ALL ON FUNCTION public.muster_escalations_due(moment timestamp with time zone, most integer) TO muster_app;
REVOKE ALL ON FUNCTION public.muster_escalations_next_due() FROM PUBLIC;
GRANT ALL ON FUNCTION public.muster_escalations_next_due() TO muster_app;
REVOKE ALL ON FUNCTION public.muster_evacuations_due(now timestamp with time zone, at_most integer) FROM PUBLIC;
GRANT ALL ON FUNCTION public.muster_evacuations_due(now timestamp with time zone, at_most integer) TO muster_app;
REVOKE ALL ON FUNCTION public.muster_exposure_due(moment timestamp with time zone, most integer) FROM PUBLIC;
GRANT ALL ON FUNCTION public.muster_exposure_due(moment timestamp with time zone, most integer) TO muster_app;
REVOKE ALL ON FUNCTION public.muster_feed_messages_due(moment timestamp with time zone, per_feed integer, most integer) FROM PUBLIC;
GRANT ALL ON FUNCTION public.muster_feed_messages_due(moment timestamp with time zone, per_feed integer, most integer) TO muster_app;
REVOKE ALL ON FUNCTION public.muster_findings_open() FROM PUBLIC;
GRANT ALL ON FUNCTION public.muster_findings_open() TO muster_app;
REVOKE ALL ON FUNCTION public.muster_hazard_sites() FROM PUBLIC;
GRANT ALL ON FUNCTION public.muster_hazard_sites() TO muster_app;
REVOKE ALL ON FUNCTION public.muster_keep_place_plan() FROM PUBLIC;
REVOKE ALL ON FUNCTION public.muster_keep_published_plan() FROM PUBLIC;
REVOKE ALL ON FUNCTION public.muster_lone_rings_due(moment timestamp with time zone, most integer) FROM PUBLIC;
GRANT ALL ON FUNCTION public.muster_lone_rings_due(moment timestamp with time zone, most integer) TO muster_app;
REVOKE ALL ON FUNCTION public.muster_lone_sessions_due(moment timestamp with time zone, slack_s double precision, most integer) FROM PUBLIC;
GRANT ALL ON FUNCTION public.muster_lone_sessions_due(moment timestamp with time zone, slack_s double precision, most integer) TO muster_app;
REVOKE ALL ON FUNCTION public.muster_matrix_replays_waiting(moment timestamp with time zone, most integer) FROM PUBLIC;
GRANT ALL ON FUNCTION public.muster_matrix_replays_waiting(moment timestamp with time zone, most integer) TO muster_app;
REVOKE ALL ON FUNCTION public.muster_matrix_timers_due(moment timestamp with time zone, most integer) FROM PUBLIC;
GRANT ALL ON FUNCTION public.muster_matrix_timers_due(moment timestamp with time zone, most integer) TO muster_app;
REVOKE ALL ON FUNCTION public.muster_notices_due(moment timestamp with time zone, most integer) FROM PUBLIC;
GRANT ALL ON FUNCTION public.muster_notices_due(moment timestamp with time zone, most integer) TO muster_app;
REVOKE ALL ON FUNCTION public.muster_planned_sites(at_most integer) FROM PUBLIC;
GRANT ALL ON FUNCTION public.muster_planned_sites(at_most integer) TO muster_app;
REVOKE ALL ON FUNCTION public.muster_protect(table_name text, rights text) FROM PUBLIC;
REVOKE ALL ON PROCEDURE public.muster_protect_table(IN table_name text, IN rights text) FROM PUBLIC;
REVOKE ALL ON FUNCTION public.muster_roll_calls_due(moment timestamp with time zone, most integer) FROM PUBLIC;
GRANT ALL ON FUNCTION public.muster_roll_calls_due(moment timestamp with time zone, most integer) TO muster_app;
REVOKE ALL ON FUNCTION public.muster_sites_to_guide(now timestamp with time zone, at_most integer) FROM PUBLIC;
GRANT ALL ON FUNCTION public.muster_sites_to_guide(now timestamp with time zone, at_most integer) TO muster_app;
REVOKE ALL ON FUNCTION public.muster_stuck(late timestamp with time zone, ahead timestamp with time zone, far timestamp with time zone, most integer) FROM PUBLIC;
GRANT ALL ON FUNCTION public.muster_stuck(late timestamp with time zone, ahead timestamp with time zone, far timestamp with time zone, most integer) TO muster_app;
GRANT ALL ON FUNCTION public.muster_tenant() TO muster_app;
REVOKE ALL ON FUNCTION public.muster_tenant_by_slug(wanted text) FROM PUBLIC;
GRANT ALL ON FUNCTION public.muster_tenant_by_slug(wanted text) TO muster_app;
REVOKE ALL ON FUNCTION public.muster_tenant_ids() FROM PUBLIC;
GRANT ALL ON FUNCTION public.muster_tenant_ids() TO muster_app;
REVOKE ALL ON FUNCTION public.muster_timelines_to_anchor(before timestamp with time zone, most integer) FROM PUBLIC;
GRANT ALL ON FUNCTION public.muster_timelines_to_anchor(before timestamp with time zone, most integer) TO muster_app;
REVOKE ALL ON FUNCTION public.readings_close_partition(table_name text) FROM PUBLIC;
REVOKE ALL ON FUNCTION public.readings_make_partition(parent text, key text, suffix text, lower timestamp with time zone, upper timestamp with time zone) FROM PUBLIC;
REVOKE ALL ON FUNCTION public.readings_make_partitions(first_day date, last_day date) FROM PUBLIC;
GRANT ALL ON FUNCTION public.readings_make_partitions(first_day date, last_day date) TO muster_app;
REVOKE ALL ON FUNCTION public.readings_retire(before date) FROM PUBLIC;
GRANT ALL ON FUNCTION public.readings_retire(before date) TO muster_app;
GRANT SELECT,INSERT,UPDATE ON TABLE public.accounts TO muster_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.actuators TO muster_app;
GRANT SELECT,INSERT,DELETE ON TABLE public.agent_card_pins TO muster_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.agent_cards TO muster_app;
GRANT SELECT,INSERT,UPDATE ON TABLE public.alarm_answer_days TO muster_app;
GRANT SELECT,INSERT,UPDATE ON TABLE public.alarm_bins TO muster_app;
GRANT SELECT,INSERT ON TABLE public.alarm_events TO muster_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.alarm_rollups_due TO muster_app;
GRANT SELECT,INSERT,UPDATE ON TABLE public.alarm_rule_days TO muster_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.alarm_rules TO muster_app;
GRANT SELECT,INSERT,UPDATE ON TABLE public.alarm_settings TO muster_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.alarm_states TO muster_app;
GRANT SELECT,INSERT,UPDATE ON TABLE public.alarm_suppressions TO muster_app;
GRANT SELECT,INSERT,UPDATE ON TABLE public.alarms TO muster_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.assembly_points TO muster_app;
GRANT SELECT,INSERT ON TABLE public.audit TO muster_app;
GRANT SELECT,INSERT,UPDATE ON TABLE public.audit_findings TO muster_app;
GRANT SELECT,INSERT,UPDATE ON TABLE public.audit_heads TO muster_app;
GRANT SELECT,INSERT,DELETE ON TABLE public.badge_events TO muster_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.badges TO muster_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.buildings TO muster_app;
GRANT SELECT,INSERT ON TABLE public.calibration_notices TO muster_app;
GRANT SELECT,INSERT,UPDATE ON TABLE public.comm_test_messages TO muster_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.comm_test_schedules TO muster_app;
GRANT SELECT,INSERT ON TABLE public.comm_tests TO muster_app;
GRANT UPDATE(closed_at) ON TABLE public.comm_tests TO muster_app;
GRANT SELECT,INSERT,UPDATE ON TABLE public.command_handovers TO muster_app;
GRANT SELECT,INSERT,UPDATE ON TABLE public.commands TO muster_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.contact_points TO muster_app;
GRANT SELECT,INSERT,UPDATE ON TABLE public.corrective_actions TO muster_app;
GRANT SELECT,INSERT,UPDATE ON TABLE public.deliveries TO muster_app;
GRANT SELECT,INSERT,UPDATE ON TABLE public.delivery_attempts TO muster_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.device_readiness TO muster_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.device_states TO muster_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.devices TO muster_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.doors TO muster_app;
GRANT SELECT,INSERT,UPDATE ON TABLE public.drills TO muster_app;
GRANT SELECT,INSERT,UPDATE ON TABLE public.equipment TO muster_app;
GRANT SELECT,INSERT ON TABLE public.equipment_movements TO muster_app;
GRANT SELECT,INSERT,UPDATE ON TABLE public.equipment_watched TO muster_app;
GRANT SELECT,INSERT ON TABLE public.escalation_policies TO muster_app;
GRANT SELECT,INSERT,UPDATE ON TABLE public.escalations TO muster_app;
GRANT SELECT,INSERT,UPDATE ON TABLE public.evacuation_plans TO muster_app;
GRANT SELECT,INSERT ON TABLE public.evidence_files TO muster_app;
GRANT SELECT,INSERT,UPDATE ON TABLE public.exposure_events TO muster_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.exposure_watches TO muster_app;
GRANT SELECT,INSERT,UPDATE ON TABLE public.feed_messages TO muster_app;
GRANT SELECT,INSERT,UPDATE ON TABLE public.feeds TO muster_app;
GRANT SELECT,INSERT,UPDATE ON TABLE public.floods TO muster_app;
GRANT SELECT,INSERT,UPDATE ON TABLE public.guided_sites TO muster_app;
GRANT SELECT,INSERT,UPDATE ON TABLE public.hazards TO muster_app;
GRANT SELECT,INSERT,UPDATE ON TABLE public.holiday_calendars TO muster_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.holidays TO muster_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.idempotency_keys TO muster_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.incident_commanders TO muster_app;
GRANT SELECT,INSERT,UPDATE ON TABLE public.incident_resources TO muster_app;
GRANT SELECT,INSERT,UPDATE ON TABLE public.incidents TO muster_app;
GRANT SELECT,INSERT,DELETE ON TABLE public.ingest_inbox TO muster_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.ingest_refusals TO muster_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.late_minutes TO muster_app;
GRANT SELECT,INSERT ON TABLE public.lessons TO muster_app;
GRANT SELECT,INSERT,UPDATE ON TABLE public.lone_sessions TO muster_app;
GRANT SELECT,INSERT,UPDATE ON TABLE public.matrices TO muster_app;
GRANT SELECT,INSERT,UPDATE ON TABLE public.matrix_replays TO muster_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.matrix_timers TO muster_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.message_services TO muster_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.notices TO muster_app;
GRANT SELECT,INSERT,UPDATE ON TABLE public.objectives TO muster_app;
GRANT SELECT,INSERT,DELETE ON TABLE public.outbox TO muster_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.passage_states TO muster_app;
GRANT SELECT,INSERT,UPDATE ON TABLE public.person_devices TO muster_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.place_plans TO muster_app;
GRANT SELECT,INSERT ON TABLE public.plan_templates TO muster_app;
GRANT SELECT,INSERT,UPDATE ON TABLE public.plan_versions TO muster_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.positions TO muster_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.presence TO muster_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.qualification_notices TO muster_app;
GRANT SELECT,INSERT,UPDATE ON TABLE public.qualification_types TO muster_app;
GRANT SELECT,INSERT,UPDATE ON TABLE public.qualification_watches TO muster_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.qualifications TO muster_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.quiet_times TO muster_app;
GRANT SELECT,INSERT,UPDATE ON TABLE public.reading_minutes TO muster_app;
GRANT SELECT,INSERT ON TABLE public.readings TO muster_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.refresh_tokens TO muster_app;
GRANT SELECT,INSERT,UPDATE ON TABLE public.reports TO muster_app;
GRANT SELECT,INSERT ON TABLE public.roll_call_marks TO muster_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.roll_call_marshals TO muster_app;
GRANT SELECT,INSERT,UPDATE ON TABLE public.roll_call_people TO muster_app;
GRANT SELECT,INSERT,UPDATE ON TABLE public.roll_calls TO muster_app;
GRANT SELECT,INSERT ON TABLE public.room_events TO muster_app;
GRANT SELECT,INSERT,DELETE ON TABLE public.room_members TO muster_app;
GRANT SELECT,INSERT,UPDATE ON TABLE public.rooms TO muster_app;
GRANT SELECT,INSERT,UPDATE ON TABLE public.rota_overrides TO muster_app;
GRANT SELECT,INSERT,UPDATE ON TABLE public.rota_swaps TO muster_app;
GRANT SELECT,INSERT,UPDATE ON TABLE public.rota_versions TO muster_app;
GRANT SELECT,INSERT,UPDATE ON TABLE public.rotas TO muster_app;
GRANT SELECT,INSERT,UPDATE ON TABLE public.routes TO muster_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.sensors TO muster_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.shelving_limits TO muster_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.sign_in_limits TO muster_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.sign_ins TO muster_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.site_leases TO muster_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.site_rollups TO muster_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.sites TO muster_app;
GRANT SELECT,INSERT,UPDATE ON TABLE public.sos_calls TO muster_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.sos_codes TO muster_app;
GRANT SELECT,INSERT ON TABLE public.sos_positions TO muster_app;
GRANT SELECT,INSERT ON TABLE public.sos_presses TO muster_app;
GRANT SELECT,INSERT,UPDATE ON TABLE public.suppression_designs TO muster_app;
GRANT SELECT,INSERT,UPDATE ON TABLE public.task_steps TO muster_app;
GRANT SELECT,INSERT,UPDATE ON TABLE public.tasks TO muster_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.team_members TO muster_app;
GRANT SELECT,INSERT,UPDATE ON TABLE public.teams TO muster_app;
GRANT SELECT,INSERT,UPDATE ON TABLE public.tenants TO muster_app;
GRANT SELECT,INSERT ON TABLE public.timeline TO muster_app;
GRANT SELECT,INSERT,UPDATE ON TABLE public.timeline_heads TO muster_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.trainings TO muster_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.visits TO muster_app;
GRANT SELECT,INSERT,UPDATE ON TABLE public.voting_groups TO muster_app;
GRANT SELECT,INSERT ON TABLE public.voting_members TO muster_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.waiting_tasks TO muster_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.zones TO muster_app;
