-- Teams, holiday calendars, rotas, overrides and swaps.

CREATE TABLE teams (
    tenant_id uuid NOT NULL REFERENCES tenants (tenant_id),
    id uuid NOT NULL,
    slug text NOT NULL CHECK (slug ~ '^[a-z0-9][a-z0-9-]{0,62}$'),
    name jsonb NOT NULL,
    version integer NOT NULL DEFAULT 1,
    retired_at timestamptz,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, slug)
);
SELECT muster_protect('teams', 'SELECT, INSERT, UPDATE');

-- Who is in a team from when until when; ends_at NULL: for ever.
CREATE TABLE team_members (
    tenant_id uuid NOT NULL REFERENCES tenants (tenant_id),
    team_id uuid NOT NULL,
    account_id uuid NOT NULL,
    starts_at timestamptz NOT NULL,
    ends_at timestamptz,
    PRIMARY KEY (tenant_id, team_id, account_id),
    FOREIGN KEY (tenant_id, team_id) REFERENCES teams (tenant_id, id),
    FOREIGN KEY (tenant_id, account_id) REFERENCES accounts (tenant_id, id),
    CHECK (ends_at > starts_at)
);
CREATE INDEX team_members_account ON team_members (tenant_id, account_id);
SELECT muster_protect('team_members');

CREATE TABLE holiday_calendars (
    tenant_id uuid NOT NULL REFERENCES tenants (tenant_id),
    id uuid NOT NULL,
    slug text NOT NULL CHECK (slug ~ '^[a-z0-9][a-z0-9-]{0,62}$'),
    name jsonb NOT NULL,
    version integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, slug)
);
SELECT muster_protect('holiday_calendars', 'SELECT, INSERT, UPDATE');

CREATE TABLE holidays (
    tenant_id uuid NOT NULL REFERENCES tenants (tenant_id),
    calendar_id uuid NOT NULL,
    day date NOT NULL,
    name jsonb NOT NULL,
    PRIMARY KEY (tenant_id, calendar_id, day),
    FOREIGN KEY (tenant_id, calendar_id) REFERENCES holiday_calendars (tenant_id, id)
);
SELECT muster_protect('holidays');

-- definition: mobile_contract.rotas.RotaDefinition. site_id NULL: for the whole tenant. Days of the calendar count as
-- Sundays.
CREATE TABLE rotas (
    tenant_id uuid NOT NULL REFERENCES tenants (tenant_id),
    id uuid NOT NULL,
    slug text NOT NULL CHECK (slug ~ '^[a-z0-9][a-z0-9-]{0,62}$'),
    name jsonb NOT NULL,
    tz text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('shift', 'on_call')),
    site_id uuid,
    calendar_id uuid,
    definition jsonb NOT NULL,
    version integer NOT NULL DEFAULT 1,
    retired_at timestamptz,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, slug),
    FOREIGN KEY (tenant_id, site_id) REFERENCES sites (tenant_id, id),
    FOREIGN KEY (tenant_id, calendar_id) REFERENCES holiday_calendars (tenant_id, id)
);
CREATE INDEX rotas_site ON rotas (tenant_id, site_id) WHERE retired_at IS NULL;
SELECT muster_protect('rotas', 'SELECT, INSERT, UPDATE');

-- One person of a rota takes a duty of another, from until, and where `return_rota_id` is set gives one of their own back.
-- A proposal that nobody answered by starts_at reads as expired. The states are facts: nobody goes back.
CREATE TABLE rota_swaps (
    tenant_id uuid NOT NULL REFERENCES tenants (tenant_id),
    id uuid NOT NULL,
    rota_id uuid NOT NULL,
    position smallint NOT NULL CHECK (position >= 0),
    proposed_by uuid NOT NULL,
    proposed_to uuid NOT NULL CHECK (proposed_to <> proposed_by),
    starts_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL,
    return_rota_id uuid,
    return_position smallint CHECK (return_position >= 0),
    return_starts_at timestamptz,
    return_ends_at timestamptz,
    note text CHECK (length(note) BETWEEN 1 AND 500),
    state text NOT NULL CHECK (state IN ('proposed', 'accepted', 'declined', 'withdrawn')),
    created_at timestamptz NOT NULL,
    answered_at timestamptz,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, rota_id) REFERENCES rotas (tenant_id, id),
    FOREIGN KEY (tenant_id, return_rota_id) REFERENCES rotas (tenant_id, id),
    FOREIGN KEY (tenant_id, proposed_by) REFERENCES accounts (tenant_id, id),
    FOREIGN KEY (tenant_id, proposed_to) REFERENCES accounts (tenant_id, id),
    CHECK (ends_at > starts_at),
    CHECK (return_ends_at > return_starts_at),
    CHECK (num_nulls(return_rota_id, return_position, return_starts_at, return_ends_at) IN (0, 4)),
    CHECK ((state = 'proposed') = (answered_at IS NULL))
);
CREATE INDEX rota_swaps_by ON rota_swaps (tenant_id, proposed_by, id);
CREATE INDEX rota_swaps_to ON rota_swaps (tenant_id, proposed_to, id);
CREATE INDEX rota_swaps_rota ON rota_swaps (tenant_id, rota_id, id);
SELECT muster_protect('rota_swaps', 'SELECT, INSERT, UPDATE');

-- What differs from the rota, from until: made by an officer, or the two halves of an accepted swap. They count in the order
-- of `made`, which is of the rota's lock and so of their commits.
CREATE TABLE rota_overrides (
    tenant_id uuid NOT NULL REFERENCES tenants (tenant_id),
    id uuid NOT NULL,
    rota_id uuid NOT NULL,
    made bigint NOT NULL,
    removed uuid,
    added uuid,
    position smallint CHECK (position >= 0),
    starts_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL,
    reason text NOT NULL CHECK (length(reason) BETWEEN 1 AND 500),
    swap_id uuid,
    created_by uuid,
    created_at timestamptz NOT NULL,
    cancelled_at timestamptz,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, rota_id, made),
    FOREIGN KEY (tenant_id, rota_id) REFERENCES rotas (tenant_id, id),
    FOREIGN KEY (tenant_id, removed) REFERENCES accounts (tenant_id, id),
    FOREIGN KEY (tenant_id, added) REFERENCES accounts (tenant_id, id),
    FOREIGN KEY (tenant_id, created_by) REFERENCES accounts (tenant_id, id),
    FOREIGN KEY (tenant_id, swap_id) REFERENCES rota_swaps (tenant_id, id),
    CHECK (ends_at > starts_at),
    CHECK (num_nonnulls(removed, added) > 0),
    CHECK ((position IS NOT NULL) = (removed IS NULL))
);
CREATE INDEX rota_overrides_active ON rota_overrides (tenant_id, rota_id, ends_at) WHERE cancelled_at IS NULL;
SELECT muster_protect('rota_overrides', 'SELECT, INSERT, UPDATE');
