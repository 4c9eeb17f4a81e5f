-- Things of one incident ($2) become another's ($3): all of them, or with $9 false these alarms ($4), these tasks ($5)
-- with what belongs to them, these waiting tasks ($6) and commands ($10). $7 and $8 are added to positions of tasks and
-- objectives. The caller holds both incidents.
WITH moved_alarms AS (
    UPDATE alarms SET incident_id = $3, first_out = false
    WHERE tenant_id = $1 AND incident_id = $2 AND ($9 OR id = ANY($4)) RETURNING id
), moved_tasks AS (
    UPDATE tasks SET incident_id = $3, position = position + $7
    WHERE tenant_id = $1 AND incident_id = $2 AND ($9 OR id = ANY($5)) RETURNING id
), moved_steps AS (
    UPDATE task_steps SET incident_id = $3
    WHERE tenant_id = $1 AND incident_id = $2 AND ($9 OR task_id = ANY($5)) RETURNING task_id
), moved_deliveries AS (
    UPDATE deliveries SET incident_id = $3
    WHERE tenant_id = $1 AND incident_id = $2 AND ($9 OR task_id = ANY($5)) RETURNING id
), moved_escalations AS (
    UPDATE escalations SET incident_id = $3
    WHERE tenant_id = $1 AND incident_id = $2 AND ($9 OR task_id = ANY($5)) RETURNING task_id
), moved_waiting AS (
    UPDATE waiting_tasks SET incident_id = $3, position = position + $7
    WHERE tenant_id = $1 AND incident_id = $2 AND ($9 OR id = ANY($6))
), moved_commands AS (
    UPDATE commands SET incident_id = $3
    WHERE tenant_id = $1 AND incident_id = $2 AND ($9 OR id = ANY($10)) RETURNING id
), moved_resources AS (
    UPDATE incident_resources SET incident_id = $3
    WHERE tenant_id = $1 AND incident_id = $2 AND ($9 OR task_id = ANY($5)) RETURNING id
), moved_routes AS (
    UPDATE routes SET incident_id = $3, view = jsonb_set(view, '{incident}', to_jsonb($3::uuid))
    WHERE tenant_id = $1 AND incident_id = $2 AND ($9 OR task_id = ANY($5)) RETURNING id
), moved_timers AS (
    UPDATE matrix_timers SET incident_id = $3
    WHERE tenant_id = $1 AND incident_id = $2 AND ($9 OR alarm_id = ANY($4))
), moved_objectives AS (
    UPDATE objectives SET incident_id = $3, position = position + $8
    WHERE tenant_id = $1 AND incident_id = $2 AND $9 RETURNING id
), moved_roll_calls AS (
    UPDATE roll_calls SET incident_id = $3 WHERE tenant_id = $1 AND incident_id = $2 AND $9 RETURNING id
), moved_calls AS (
    UPDATE sos_calls SET incident_id = $3 WHERE tenant_id = $1 AND incident_id = $2 AND $9 RETURNING id
), moved_floods AS (
    UPDATE floods SET incident_id = $3 WHERE tenant_id = $1 AND incident_id = $2 AND $9 RETURNING id
), moved_hazards AS (
    UPDATE hazards SET incident_id = $3
    WHERE tenant_id = $1 AND incident_id = $2 AND ($9 OR alarm_id = ANY($4)) RETURNING id
)
SELECT array(SELECT id FROM moved_alarms ORDER BY id) AS alarms,
    array(SELECT id FROM moved_tasks ORDER BY id) AS tasks,
    array(SELECT DISTINCT task_id FROM moved_steps ORDER BY task_id) AS stepped,
    array(SELECT task_id FROM moved_escalations ORDER BY task_id) AS escalations,
    array(SELECT id FROM moved_deliveries ORDER BY id) AS deliveries,
    array(SELECT id FROM moved_commands ORDER BY id) AS commands,
    array(SELECT id FROM moved_resources ORDER BY id) AS resources,
    array(SELECT id FROM moved_routes ORDER BY id) AS routes,
    array(SELECT id FROM moved_objectives ORDER BY id) AS objectives,
    array(SELECT id FROM moved_roll_calls ORDER BY id) AS roll_calls,
    array(SELECT id FROM moved_calls ORDER BY id) AS calls,
    array(SELECT id FROM moved_floods ORDER BY id) AS floods,
    array(SELECT id FROM moved_hazards ORDER BY id) AS hazards
