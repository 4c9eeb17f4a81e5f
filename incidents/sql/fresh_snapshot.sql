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
            'closed_by', i.closed_by, 'close_reason', i.close_reason)
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
            'answered_at', t.answered_at, 'done_at', t.done_at)), '{}')
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
    'drill', (
        SELECT jsonb_build_object(
            'id', d.id, 'announced', d.announced, 'started_at', d.started_at, 'ends_at', d.ends_at,
            'ended_at', d.ended_at, 'ended_why', d.ended_why, 'real_incident', d.real_incident_id)
        FROM drills d WHERE d.tenant_id = $1 AND d.incident_id = r.incident_id),
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
