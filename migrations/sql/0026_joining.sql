-- Incidents that are one are merged, an incident that is two is split.

-- merged_into: the incident this one goes on as; it is closed then, and its things have moved. split_from: the one it was
-- a part of. joined_zones: where the incidents were that were merged into this one, for correlation.
ALTER TABLE incidents ADD COLUMN merged_into uuid;
ALTER TABLE incidents ADD COLUMN split_from uuid;
ALTER TABLE incidents ADD COLUMN joined_zones uuid[] NOT NULL DEFAULT '{}';
ALTER TABLE incidents ADD FOREIGN KEY (tenant_id, merged_into) REFERENCES incidents (tenant_id, id);
ALTER TABLE incidents ADD FOREIGN KEY (tenant_id, split_from) REFERENCES incidents (tenant_id, id);
ALTER TABLE incidents ADD CHECK (merged_into IS NULL OR state = 'closed');
CREATE INDEX incidents_merged ON incidents (tenant_id, merged_into) WHERE merged_into IS NOT NULL;
GRANT UPDATE ON waiting_tasks, matrix_timers TO muster_app;

-- A task that can not go on says why (blocked_*), and waits for nobody meanwhile. offered_*: whom it is handed over to; it
-- is theirs when they acknowledge it. from_task: the task it was split from, or that it does again.
ALTER TABLE tasks ADD COLUMN blocked_at timestamptz;
ALTER TABLE tasks ADD COLUMN blocked_by uuid;
ALTER TABLE tasks ADD COLUMN blocked_reason text CHECK (length(blocked_reason) BETWEEN 1 AND 1000);
ALTER TABLE tasks ADD COLUMN offered_to uuid;
ALTER TABLE tasks ADD COLUMN offered_by uuid;
ALTER TABLE tasks ADD COLUMN from_task uuid;
ALTER TABLE tasks ADD CHECK ((blocked_at IS NULL) = (blocked_reason IS NULL));
ALTER TABLE tasks ADD CHECK ((offered_to IS NULL) = (offered_by IS NULL));
ALTER TABLE tasks ADD FOREIGN KEY (tenant_id, offered_to) REFERENCES accounts (tenant_id, id);
ALTER TABLE tasks ADD FOREIGN KEY (tenant_id, from_task) REFERENCES tasks (tenant_id, id);
CREATE INDEX tasks_from ON tasks (tenant_id, from_task) WHERE from_task IS NOT NULL;
