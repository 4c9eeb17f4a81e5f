-- Plans as data that an admin edits, steps that are confirmed, tasks that wait for others, agent cards; incidents that
-- a person opens.

-- One row a version of a tenant's own plan. What the library ships is in the code; its versions count below 1001, a
-- tenant's own from there on, so that (slug, version) names one text for ever. plan_templates keeps what incidents were
-- bound from.
CREATE TABLE plan_versions (
    tenant_id uuid NOT NULL REFERENCES tenants (tenant_id),
    id uuid NOT NULL,
    slug text NOT NULL CHECK (slug ~ '^[a-z0-9][a-z0-9-]{0,62}$'),
    version integer NOT NULL CHECK (version > 1000),
    state text NOT NULL CHECK (state IN ('draft', 'in_review', 'reviewed', 'published', 'retired')),
    revision integer NOT NULL DEFAULT 1,
    body jsonb NOT NULL,
    library_version integer,
    authors jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    submitted_at timestamptz,
    submitted_by uuid,
    reviewed_at timestamptz,
    reviewed_by uuid,
    published_at timestamptz,
    published_by uuid,
    retired_at timestamptz,
    retired_by uuid,
    note text NOT NULL DEFAULT '',
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, slug, version),
    CHECK (state NOT IN ('reviewed', 'published') OR reviewed_by IS NOT NULL),
    CHECK (reviewed_by IS NULL OR NOT authors ? reviewed_by::text),
    CHECK ((state = 'retired') = (retired_at IS NOT NULL))
);
CREATE UNIQUE INDEX plan_versions_published ON plan_versions (tenant_id, slug) WHERE state = 'published';
SELECT muster_protect('plan_versions', 'SELECT, INSERT, UPDATE');

-- An incident that a person opened has no alarm.
ALTER TABLE incidents ALTER COLUMN first_out_alarm_id DROP NOT NULL;
ALTER TABLE incidents ADD COLUMN opened_by uuid;
ALTER TABLE incidents ADD CHECK (first_out_alarm_id IS NOT NULL OR opened_by IS NOT NULL);

-- Which task of its plan it is; empty: one from before plans named theirs.
ALTER TABLE tasks ADD COLUMN slug text NOT NULL DEFAULT '';

-- Steps that are to be confirmed or have a time limit. Written under the task's lock.
CREATE TABLE task_steps (
    tenant_id uuid NOT NULL REFERENCES tenants (tenant_id),
    task_id uuid NOT NULL,
    n integer NOT NULL CHECK (n > 0),
    incident_id uuid NOT NULL,
    confirm text NOT NULL CHECK (confirm IN ('none', 'tap', 'photo', 'value', 'second_person')),
    required boolean NOT NULL,
    due_at timestamptz,
    confirmed_at timestamptz,
    confirmed_by uuid,
    first_at timestamptz,
    first_by uuid,
    value double precision,
    evidence text CHECK (length(evidence) BETWEEN 1 AND 500),
    PRIMARY KEY (tenant_id, task_id, n),
    FOREIGN KEY (tenant_id, task_id) REFERENCES tasks (tenant_id, id),
    FOREIGN KEY (tenant_id, incident_id) REFERENCES incidents (tenant_id, id),
    CHECK ((confirmed_at IS NULL) = (confirmed_by IS NULL)),
    CHECK ((first_at IS NULL) = (first_by IS NULL)),
    CHECK (confirm <> 'second_person' OR confirmed_by IS NULL OR confirmed_by <> first_by)
);
CREATE INDEX task_steps_incident ON task_steps (tenant_id, incident_id);
SELECT muster_protect('task_steps', 'SELECT, INSERT, UPDATE');

-- Tasks that are given when those before them are done; `after` are ids of tasks, given or waiting like this one.
-- Written under the incident's lock.
CREATE TABLE waiting_tasks (
    tenant_id uuid NOT NULL REFERENCES tenants (tenant_id),
    id uuid NOT NULL,
    incident_id uuid NOT NULL,
    position integer NOT NULL,
    plan_template text NOT NULL,
    plan_version integer NOT NULL,
    slug text NOT NULL,
    after jsonb NOT NULL,
    body jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, incident_id) REFERENCES incidents (tenant_id, id)
);
CREATE INDEX waiting_tasks_incident ON waiting_tasks (tenant_id, incident_id, position);
SELECT muster_protect('waiting_tasks', 'SELECT, INSERT, DELETE');

-- What a plant knows of a substance beyond the library's card.
CREATE TABLE agent_cards (
    tenant_id uuid NOT NULL REFERENCES tenants (tenant_id),
    id uuid NOT NULL,
    agent text NOT NULL CHECK (agent ~ '^[a-z0-9][a-z0-9-]{0,62}$'),
    body jsonb NOT NULL,
    version integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    updated_by uuid NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, agent)
);
SELECT muster_protect('agent_cards');

-- Cards shown with whatever happens in a zone, beside those of the zone's own substances.
CREATE TABLE agent_card_pins (
    tenant_id uuid NOT NULL REFERENCES tenants (tenant_id),
    zone_id uuid NOT NULL,
    agent text NOT NULL CHECK (agent ~ '^[a-z0-9][a-z0-9-]{0,62}$'),
    pinned_at timestamptz NOT NULL,
    pinned_by uuid NOT NULL,
    PRIMARY KEY (tenant_id, zone_id, agent),
    FOREIGN KEY (tenant_id, zone_id) REFERENCES zones (tenant_id, id)
);
SELECT muster_protect('agent_card_pins', 'SELECT, INSERT, DELETE');
