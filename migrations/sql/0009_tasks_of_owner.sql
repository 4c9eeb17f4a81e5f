-- A person's own tasks, and how many everyone has in hand when somebody is chosen.

CREATE INDEX tasks_owner ON tasks (tenant_id, owner_account_id) WHERE state IN ('open', 'acknowledged');
