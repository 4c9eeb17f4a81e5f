-- Alarm rules and states, incidents, plans, tasks, the timeline.

CREATE TABLE alarm_rules (
    tenant_id uuid NOT NULL REFERENCES tenants (tenant_id),
    id uuid NOT NULL,
    site_id uuid NOT NULL,
    sensor_id uuid,
    actuator_id uuid,
    kind text NOT NULL CHECK (kind IN ('high', 'low', 'stale', 'no_effect')),
    level smallint NOT NULL CHECK (level IN (1, 2)),
    set_point double precision,
    unit text NOT NULL,
    deadband double precision NOT NULL CHECK (deadband >= 0),
    on_delay_s double precision NOT NULL CHECK (on_delay_s >= 0),
    off_delay_s double precision NOT NULL CHECK (off_delay_s >= 0),
    rearm_after_s double precision,
    latching boolean NOT NULL,
    stale_after_s double precision,
    toxic boolean NOT NULL,
    source jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    retired_at timestamptz,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, site_id) REFERENCES sites (tenant_id, id),
    FOREIGN KEY (tenant_id, sensor_id) REFERENCES sensors (tenant_id, id),
    FOREIGN KEY (tenant_id, actuator_id) REFERENCES actuators (tenant_id, id),
    CHECK ((sensor_id IS NULL) <> (actuator_id IS NULL)),
    CHECK (kind NOT IN ('high', 'low') OR set_point IS NOT NULL)
);
CREATE INDEX alarm_rules_site ON alarm_rules (tenant_id, site_id);
CREATE INDEX alarm_rules_sensor ON alarm_rules (tenant_id, sensor_id);
SELECT muster_protect('alarm_rules');

CREATE TABLE plan_templates (
    tenant_id uuid NOT NULL REFERENCES tenants (tenant_id),
    slug text NOT NULL,
    version integer NOT NULL,
    body jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, slug, version)
);
SELECT muster_protect('plan_templates', 'SELECT, INSERT');

CREATE TABLE incidents (
    tenant_id uuid NOT NULL REFERENCES tenants (tenant_id),
    id uuid NOT NULL,
    number integer NOT NULL,
    site_id uuid NOT NULL,
    zone_id uuid NOT NULL,
    state text NOT NULL CHECK (state IN ('open', 'returned', 'closed')),
    grade smallint NOT NULL CHECK (grade BETWEEN 1 AND 4),
    reasons jsonb NOT NULL,
    title jsonb NOT NULL,
    place jsonb NOT NULL,
    agent text,
    plan jsonb NOT NULL,
    first_out_alarm_id uuid NOT NULL,
    opened_at timestamptz NOT NULL,
    last_alarm_at timestamptz NOT NULL,
    returned_at timestamptz,
    closed_at timestamptz,
    closed_by uuid,
    close_reason text,
    exercise boolean NOT NULL DEFAULT false,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, site_id, number),
    FOREIGN KEY (tenant_id, site_id) REFERENCES sites (tenant_id, id),
    FOREIGN KEY (tenant_id, zone_id) REFERENCES zones (tenant_id, id),
    CHECK ((state = 'closed') = (closed_at IS NOT NULL)),
    CHECK (state <> 'closed' OR close_reason IS NOT NULL)
);
CREATE INDEX incidents_open ON incidents (tenant_id, site_id, last_alarm_at) WHERE state <> 'closed';
CREATE INDEX incidents_newest ON incidents (tenant_id, opened_at DESC, id DESC);
SELECT muster_protect('incidents', 'SELECT, INSERT, UPDATE');

-- One row per rule: its state now. `state` is the four orthogonal fields and the timers; due_at repeats the earliest
-- timer so that a gateway that takes a site over finds what is due.
CREATE TABLE alarm_states (
    tenant_id uuid NOT NULL REFERENCES tenants (tenant_id),
    rule_id uuid NOT NULL,
    state jsonb NOT NULL,
    letter text NOT NULL CHECK (letter ~ '^[A-I]$'),
    episode_id uuid,
    due_at timestamptz,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, rule_id),
    FOREIGN KEY (tenant_id, rule_id) REFERENCES alarm_rules (tenant_id, id)
);
CREATE INDEX alarm_states_due ON alarm_states (tenant_id, due_at) WHERE due_at IS NOT NULL;
SELECT muster_protect('alarm_states');

-- One row per episode: an alarm from the moment it is raised until it is normal and acknowledged.
CREATE TABLE alarms (
    tenant_id uuid NOT NULL REFERENCES tenants (tenant_id),
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
    letter text NOT NULL CHECK (letter ~ '^[A-I]$'),
    title jsonb NOT NULL,
    value double precision,
    unit text NOT NULL,
    set_point double precision,
    raised_at timestamptz NOT NULL,
    acknowledged_at timestamptz,
    acknowledged_by uuid,
    returned_at timestamptz,
    ended_at timestamptz,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, rule_id, episode),
    FOREIGN KEY (tenant_id, rule_id) REFERENCES alarm_rules (tenant_id, id),
    FOREIGN KEY (tenant_id, incident_id) REFERENCES incidents (tenant_id, id)
);
CREATE INDEX alarms_newest ON alarms (tenant_id, raised_at DESC, id DESC);
CREATE INDEX alarms_incident ON alarms (tenant_id, incident_id);
SELECT muster_protect('alarms', 'SELECT, INSERT, UPDATE');

CREATE TABLE tasks (
    tenant_id uuid NOT NULL REFERENCES tenants (tenant_id),
    id uuid NOT NULL,
    incident_id uuid NOT NULL,
    position integer NOT NULL,
    role text NOT NULL,
    title jsonb NOT NULL,
    steps jsonb NOT NULL,
    plan_template text NOT NULL,
    plan_version integer NOT NULL,
    owner_account_id uuid,
    state text NOT NULL CHECK (state IN ('open', 'acknowledged', 'done', 'unanswered', 'cancelled')),
    fencing integer NOT NULL DEFAULT 1,
    deadline_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL,
    answered_at timestamptz,
    done_at timestamptz,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, incident_id) REFERENCES incidents (tenant_id, id),
    FOREIGN KEY (tenant_id, owner_account_id) REFERENCES accounts (tenant_id, id)
);
CREATE INDEX tasks_incident ON tasks (tenant_id, incident_id, position);
SELECT muster_protect('tasks', 'SELECT, INSERT, UPDATE');

-- The incident's record: append-only, hash-chained within the incident.
CREATE TABLE timeline (
    tenant_id uuid NOT NULL REFERENCES tenants (tenant_id),
    incident_id uuid NOT NULL,
    position integer NOT NULL,
    at timestamptz NOT NULL,
    actor_id uuid,
    kind text NOT NULL,
    facts jsonb NOT NULL,
    hash text NOT NULL,
    PRIMARY KEY (tenant_id, incident_id, position),
    FOREIGN KEY (tenant_id, incident_id) REFERENCES incidents (tenant_id, id)
);
SELECT muster_protect('timeline', 'SELECT, INSERT');
