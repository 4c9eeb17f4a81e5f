-- What a rota said, from when until before when: an edit does not change who was on call. valid_until NULL: the newest, which
-- is the row of rotas too. The first also counts for the time before it was entered.
CREATE TABLE rota_versions (
    tenant_id uuid NOT NULL REFERENCES tenants (tenant_id),
    rota_id uuid NOT NULL,
    version integer NOT NULL,
    valid_from timestamptz NOT NULL,
    valid_until timestamptz,
    tz text NOT NULL,
    calendar_id uuid,
    definition jsonb NOT NULL,
    retired boolean NOT NULL,
    PRIMARY KEY (tenant_id, rota_id, version),
    FOREIGN KEY (tenant_id, rota_id) REFERENCES rotas (tenant_id, id),
    FOREIGN KEY (tenant_id, calendar_id) REFERENCES holiday_calendars (tenant_id, id),
    CHECK (valid_until >= valid_from)
);
SELECT muster_protect('rota_versions', 'SELECT, INSERT, UPDATE');

-- What is known of the rotas that are there: their newest version, and when they were retired.
INSERT INTO rota_versions (tenant_id, rota_id, version, valid_from, valid_until, tz, calendar_id, definition, retired)
SELECT tenant_id, id, version - 1, least(created_at, retired_at), retired_at, tz, calendar_id, definition, false
FROM rotas WHERE retired_at IS NOT NULL
UNION ALL
SELECT tenant_id, id, version, coalesce(retired_at, created_at), NULL, tz, calendar_id, definition,
    retired_at IS NOT NULL
FROM rotas;
