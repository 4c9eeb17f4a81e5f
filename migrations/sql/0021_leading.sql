-- Command of an incident: hand-overs with read-back, objectives, resources.

-- An offer of command. briefing: the facts as they stood; the receiver reads them back, and only then leads.
CREATE TABLE command_handovers (
    tenant_id uuid NOT NULL REFERENCES tenants (tenant_id),
    id uuid NOT NULL,
    incident_id uuid NOT NULL,
    from_account uuid NOT NULL,
    to_account uuid NOT NULL,
    briefing jsonb NOT NULL,
    note text NOT NULL CHECK (length(note) <= 2000),
    state text NOT NULL CHECK (state IN ('offered', 'accepted', 'declined', 'withdrawn', 'expired')),
    offered_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL,
    answered_at timestamptz,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, incident_id) REFERENCES incidents (tenant_id, id),
    FOREIGN KEY (tenant_id, from_account) REFERENCES accounts (tenant_id, id),
    FOREIGN KEY (tenant_id, to_account) REFERENCES accounts (tenant_id, id),
    CHECK ((state = 'offered') = (answered_at IS NULL))
);
CREATE UNIQUE INDEX command_handovers_one ON command_handovers (tenant_id, incident_id) WHERE state = 'offered';
SELECT muster_protect('command_handovers', 'SELECT, INSERT, UPDATE');

CREATE TABLE objectives (
    tenant_id uuid NOT NULL REFERENCES tenants (tenant_id),
    id uuid NOT NULL,
    incident_id uuid NOT NULL,
    position integer NOT NULL,
    text text NOT NULL CHECK (length(text) BETWEEN 1 AND 500),
    state text NOT NULL CHECK (state IN ('open', 'met', 'dropped')),
    set_by uuid NOT NULL,
    set_at timestamptz NOT NULL,
    ended_at timestamptz,
    version integer NOT NULL DEFAULT 1,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, incident_id) REFERENCES incidents (tenant_id, id)
);
CREATE INDEX objectives_incident ON objectives (tenant_id, incident_id, position);
SELECT muster_protect('objectives', 'SELECT, INSERT, UPDATE');

-- Who and what is there or on the way: people and teams of the plant, equipment, help from outside.
CREATE TABLE incident_resources (
    tenant_id uuid NOT NULL REFERENCES tenants (tenant_id),
    id uuid NOT NULL,
    incident_id uuid NOT NULL,
    kind text NOT NULL CHECK (kind IN ('person', 'team', 'equipment', 'outside')),
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    account_id uuid,
    task_id uuid,
    state text NOT NULL CHECK (state IN ('requested', 'assigned', 'on_scene', 'released')),
    note text NOT NULL CHECK (length(note) <= 500),
    by_account uuid NOT NULL,
    changed_at timestamptz NOT NULL,
    version integer NOT NULL DEFAULT 1,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, incident_id) REFERENCES incidents (tenant_id, id),
    FOREIGN KEY (tenant_id, account_id) REFERENCES accounts (tenant_id, id),
    FOREIGN KEY (tenant_id, task_id) REFERENCES tasks (tenant_id, id)
);
CREATE INDEX incident_resources_incident ON incident_resources (tenant_id, incident_id);
SELECT muster_protect('incident_resources', 'SELECT, INSERT, UPDATE');
