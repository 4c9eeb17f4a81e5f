-- Incident rooms: their events in commit order, and their members.

-- next_seq is allocated under this row's lock, so the order of sequence numbers is the order of commits and none is
-- missing. epoch is raised by hand after a restore from backup: clients ahead of the database then start over.
CREATE TABLE rooms (
    tenant_id uuid NOT NULL REFERENCES tenants (tenant_id),
    id uuid NOT NULL,
    incident_id uuid NOT NULL,
    epoch integer NOT NULL DEFAULT 1 CHECK (epoch > 0),
    next_seq bigint NOT NULL DEFAULT 1 CHECK (next_seq > 0),
    opened_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, incident_id),
    FOREIGN KEY (tenant_id, incident_id) REFERENCES incidents (tenant_id, id)
);
SELECT muster_protect('rooms', 'SELECT, INSERT, UPDATE');

CREATE TABLE room_events (
    tenant_id uuid NOT NULL REFERENCES tenants (tenant_id),
    room_id uuid NOT NULL,
    seq bigint NOT NULL,
    epoch integer NOT NULL,
    at timestamptz NOT NULL,
    kind text NOT NULL,
    lane text NOT NULL CHECK (lane IN ('safety', 'normal')),
    by_account uuid,
    client_key text CHECK (length(client_key) BETWEEN 1 AND 100),
    body jsonb NOT NULL,
    PRIMARY KEY (tenant_id, room_id, seq),
    FOREIGN KEY (tenant_id, room_id) REFERENCES rooms (tenant_id, id),
    CHECK (client_key IS NULL OR by_account IS NOT NULL)
);
CREATE UNIQUE INDEX room_events_client_key ON room_events (tenant_id, room_id, by_account, client_key)
    WHERE client_key IS NOT NULL;
CREATE INDEX room_events_messages ON room_events (tenant_id, room_id, seq) WHERE kind = 'message.posted';
SELECT muster_protect('room_events', 'SELECT, INSERT');

CREATE TABLE room_members (
    tenant_id uuid NOT NULL REFERENCES tenants (tenant_id),
    room_id uuid NOT NULL,
    account_id uuid NOT NULL,
    joined_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, room_id, account_id),
    FOREIGN KEY (tenant_id, room_id) REFERENCES rooms (tenant_id, id),
    FOREIGN KEY (tenant_id, account_id) REFERENCES accounts (tenant_id, id)
);
CREATE INDEX room_members_account ON room_members (tenant_id, account_id);
SELECT muster_protect('room_members', 'SELECT, INSERT, DELETE');
