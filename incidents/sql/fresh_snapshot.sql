-- The whole room from the tables, as the JSON of mobile_contract.room.RoomState. One statement is one MVCC snapshot, and
-- next_seq moves in the transaction that changes the tables: state and sequence number belong together, without a lock.
SELECT jsonb_build_object(
    'room', r.id,
    'epoch', r.epoch,
    'seq', r.next_seq - 1,
    'incident', (
        SELECT jsonb_build_object(
            'id', i.id, 'number', i.number, 'grade', i.grade, 'state', i.state, 'title', i.title, 'place', i.place,
            'agent', i.agent, 'reasons', i.reasons, 'exercise', i.exercise,
            'plan', jsonb_build_object('template', i.plan -> 'template', 'version', i.plan -> 'version'),
            'opened_at', i.opened_at, 'returned_at', i.returned_at, 'closed_at', i.closed_at,
            'closed_by', i.closed_by, 'close_reason', i.close_reason,
            'merged_into', i.merged_into, 'split_from', i.split_from)
        FROM incidents i WHERE i.tenant_id = $1 AND i.id = r.incident_id),
    'alarms', (
        SELECT coalesce(jsonb_object_agg(a.id, jsonb_build_object(
            'id', a.id, 'kind', a.kind, 'level', a.level, 'letter', a.letter, 'first_out', a.first_out,
            'title', a.title, 'zone', a.zone_id, 'value', a.value, 'unit', a.unit, 'set_point', a.set_point,
            'raised_at', a.raised_at, 'acknowledged_at', a.acknowledged_at, 'acknowledged_by', a.acknowledged_by,
            'returned_at', a.returned_at, 'ended_at', a.ended_at, 'trust', a.trust,
            'votes', coalesce(a.votes, '[]'))), '{}')
        FROM alarms a WHERE a.tenant_id = $1 AND a.incident_id = r.incident_id),
    'flood', (
        SELECT jsonb_build_object(
            'id', f.id, 'started_at', f.started_at, 'ended_at', f.ended_at,
            'alarms', CASE WHEN f.ended_at IS NULL THEN f.alarms_at_start ELSE f.alarms END)
        FROM floods f WHERE f.tenant_id = $1 AND f.incident_id = r.incident_id
        ORDER BY f.started_at DESC, f.id DESC LIMIT 1),
    'tasks', (
        SELECT coalesce(jsonb_object_agg(t.id, jsonb_build_object(
            'id', t.id, 'position', t.position, 'role', t.role, 'title', t.title, 'steps', t.steps,
            'owner', t.owner_account_id, 'state', t.state, 'fencing', t.fencing, 'deadline_at', t.deadline_at,
            'answered_at', t.answered_at, 'done_at', t.done_at, 'blocked_at', t.blocked_at,
            'blocked_by', t.blocked_by, 'blocked_reason', t.blocked_reason, 'offered_to', t.offered_to,
            'from_task', t.from_task)), '{}')
        FROM tasks t WHERE t.tenant_id = $1 AND t.incident_id = r.incident_id),
    'steps', (
        SELECT coalesce(jsonb_object_agg(w.task_id, w.steps), '{}')
        FROM (SELECT s.task_id, jsonb_agg(jsonb_build_object(
                  'n', s.n, 'confirm', s.confirm, 'required', s.required, 'due_at', s.due_at,
                  'confirmed_at', s.confirmed_at, 'confirmed_by', s.confirmed_by, 'first_at', s.first_at,
                  'first_by', s.first_by, 'value', s.value, 'evidence', s.evidence) ORDER BY s.n) AS steps
              FROM task_steps s WHERE s.tenant_id = $1 AND s.incident_id = r.incident_id GROUP BY s.task_id) w),
    'commands', (
        SELECT coalesce(jsonb_object_agg(c.id, jsonb_build_object(
            'id', c.id, 'actuator', c.actuator_id, 'action', c.action, 'state', c.state, 'inhibited', c.inhibited,
            'requested_at', c.requested_at, 'sent_at', c.sent_at, 'ended_at', c.ended_at,
            'confirmed_at', CASE WHEN c.state = 'confirmed' THEN c.ended_at END)), '{}')
        FROM commands c WHERE c.tenant_id = $1 AND c.incident_id = r.incident_id),
    'deliveries', (
        SELECT coalesce(jsonb_object_agg(d.id, jsonb_build_object(
            'id', d.id, 'task', d.task_id, 'account', d.account_id, 'state', d.state,
            'channel', coalesce(d.channel, 'socket'),
            'queued_at', d.queued_at, 'accepted_at', d.accepted_at, 'received_at', d.received_at,
            'seen_at', d.seen_at, 'acknowledged_at', d.acknowledged_at, 'moving_at', d.moving_at,
            'declined_at', d.declined_at, 'ended_at', d.ended_at)), '{}')
        FROM deliveries d WHERE d.tenant_id = $1 AND d.incident_id = r.incident_id),
    'roll_calls', (
        SELECT coalesce(jsonb_object_agg(c.id, jsonb_build_object(
            'id', c.id, 'scope', c.scope, 'zones', to_jsonb(c.zone_ids), 'place', c.place, 'state', c.state,
            'exercise', c.exercise, 'started_at', c.started_at, 'all_clear_at', c.all_clear_at,
            're_entry_at', c.re_entry_at) || c.counts), '{}')
        FROM roll_calls c WHERE c.tenant_id = $1 AND c.incident_id = r.incident_id),
    'commander', (
        SELECT jsonb_build_object('account', c.account_id, 'since', c.since, 'version', c.version)
        FROM incident_commanders c WHERE c.tenant_id = $1 AND c.incident_id = r.incident_id),
    'objectives', (
        SELECT coalesce(jsonb_object_agg(o.id, jsonb_build_object(
            'id', o.id, 'position', o.position, 'text', o.text, 'state', o.state, 'set_by', o.set_by,
            'set_at', o.set_at, 'ended_at', o.ended_at, 'version', o.version)), '{}')
        FROM objectives o WHERE o.tenant_id = $1 AND o.incident_id = r.incident_id),
    'resources', (
        SELECT coalesce(jsonb_object_agg(x.id, jsonb_build_object(
            'id', x.id, 'kind', x.kind, 'name', x.name, 'account', x.account_id, 'task', x.task_id,
            'state', x.state, 'note', x.note, 'changed_at', x.changed_at, 'version', x.version)), '{}')
        FROM incident_resources x WHERE x.tenant_id = $1 AND x.incident_id = r.incident_id),
    'routes', (
        SELECT coalesce(jsonb_object_agg(w.id, w.view), '{}')
        FROM routes w WHERE w.tenant_id = $1 AND w.incident_id = r.incident_id AND w.purpose <> 'evacuate'),
    'evacuations', (
        SELECT coalesce(jsonb_object_agg(e.roll_call_id, e.view), '{}')
        FROM evacuation_plans e JOIN roll_calls c ON c.tenant_id = e.tenant_id AND c.id = e.roll_call_id
        WHERE e.tenant_id = $1 AND c.incident_id = r.incident_id AND e.view IS NOT NULL),
    'escalations', (
        SELECT coalesce(jsonb_object_agg(x.task_id, jsonb_build_object(
            'task', x.task_id, 'state', x.state, 'policy', x.policy -> 'slug', 'step', x.step, 'round', x.round,
            'needs', (
                SELECT jsonb_agg(n.need || jsonb_build_object('met', x.met -> (n.place::integer - 1)) ORDER BY n.place)
                FROM jsonb_array_elements(x.needs) WITH ORDINALITY AS n (need, place)),
            'crew', x.crew, 'started_at', x.started_at, 'met_at', x.met_at,
            'paused_until', x.paused_until)), '{}')
        FROM escalations x WHERE x.tenant_id = $1 AND x.incident_id = r.incident_id),
    'sos', (
        SELECT coalesce(jsonb_object_agg(s.id, jsonb_build_object(
            'id', s.id, 'account', s.account_id, 'name', s.name, 'type', s.kind, 'place', s.place, 'zone', s.zone_id,
            'lon', s.lon, 'lat', s.lat, 'level', s.level, 'accuracy_m', s.accuracy_m, 'share', s.share,
            'located_at', s.located_at, 'note', s.note, 'presses', s.presses, 'opened_at', s.opened_at,
            'duress_at', s.duress_at, 'over_at', s.over_at)), '{}')
        FROM sos_calls s WHERE s.tenant_id = $1 AND s.incident_id = r.incident_id),
    'drill', (
        SELECT jsonb_build_object(
            'id', d.id, 'announced', d.announced, 'started_at', d.started_at, 'ends_at', d.ends_at,
            'ended_at', d.ended_at, 'ended_why', d.ended_why, 'real_incident', d.real_incident_id)
        FROM drills d WHERE d.tenant_id = $1 AND d.incident_id = r.incident_id),
    'hazards', (
        SELECT coalesce(jsonb_object_agg(h.id, h.shown), '{}')
        FROM hazards h WHERE h.tenant_id = $1 AND h.incident_id = r.incident_id),
    'messages', (
        SELECT coalesce(jsonb_agg(jsonb_build_object(
            'seq', m.seq, 'at', m.at, 'by', m.by_account, 'text', m.body -> 'text') ORDER BY m.seq), '[]')
        FROM (SELECT e.seq, e.at, e.by_account, e.body FROM room_events e
              WHERE e.tenant_id = $1 AND e.room_id = r.id AND e.kind = 'message.posted'
              ORDER BY e.seq DESC LIMIT $3) m),
    'members', (
        SELECT coalesce(jsonb_object_agg(p.account_id, jsonb_build_object(
            'account', p.account_id, 'name', p.name, 'joined_at', p.joined_at)), '{}')
        FROM room_members p WHERE p.tenant_id = $1 AND p.room_id = r.id)) AS state
FROM rooms r WHERE r.tenant_id = $1 AND r.id = $2
