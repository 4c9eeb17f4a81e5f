-- Hazards of a site: drawn by people, grown from alarms, forecast. What routes avoid.

-- body: areas on levels in slices of time, each polygon once (incidents/hazards/stored.py); offsets count from stated_at.
-- facts: what it was made from, with the source of each. shown: the HazardView that its incident's room was last told, and
-- changes_at: when the next slice makes that another one. A hazard that is over is not changed any more.
CREATE TABLE hazards (
    tenant_id uuid NOT NULL REFERENCES tenants (tenant_id),
    id uuid NOT NULL,
    site_id uuid NOT NULL,
    incident_id uuid,
    alarm_id uuid,
    source text NOT NULL CHECK (source IN ('drawn', 'grown', 'forecast')),
    name jsonb NOT NULL,
    agent text,
    body jsonb NOT NULL CHECK (octet_length(body::text) <= 8388608),
    facts jsonb NOT NULL CHECK (octet_length(facts::text) <= 262144),
    shown jsonb NOT NULL CHECK (octet_length(shown::text) <= 262144),
    changes_at timestamptz,
    stated_at timestamptz NOT NULL,
    ends_at timestamptz,
    ended_at timestamptz,
    ended_by uuid,
    end_reason text,
    exercise boolean NOT NULL,
    version integer NOT NULL,
    created_by uuid,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, site_id) REFERENCES sites (tenant_id, id),
    FOREIGN KEY (tenant_id, incident_id) REFERENCES incidents (tenant_id, id),
    FOREIGN KEY (tenant_id, alarm_id) REFERENCES alarms (tenant_id, id),
    CHECK ((source = 'grown') = (alarm_id IS NOT NULL)),
    CHECK (alarm_id IS NULL OR incident_id IS NOT NULL),
    CHECK (NOT exercise OR incident_id IS NOT NULL),
    CHECK ((ended_at IS NULL) = (end_reason IS NULL)),
    CHECK (ended_by IS NULL OR ended_at IS NOT NULL)
);
-- An alarm has one grown hazard while it stands, whoever states it first.
CREATE UNIQUE INDEX hazards_of_alarm ON hazards (tenant_id, alarm_id) WHERE alarm_id IS NOT NULL AND ended_at IS NULL;
CREATE INDEX hazards_standing ON hazards (tenant_id, site_id) WHERE ended_at IS NULL;
CREATE INDEX hazards_incident ON hazards (tenant_id, incident_id) WHERE incident_id IS NOT NULL;
CREATE INDEX hazards_newest ON hazards (tenant_id, site_id, created_at DESC, id DESC);
CREATE INDEX hazards_alarm_newest ON hazards (tenant_id, alarm_id, created_at DESC) WHERE alarm_id IS NOT NULL;
SELECT muster_protect('hazards', 'SELECT, INSERT, UPDATE');

-- The sweep asks for what stands every few seconds; the table holds every alarm there ever was.
CREATE INDEX alarms_active ON alarms (tenant_id, site_id) WHERE returned_at IS NULL AND ended_at IS NULL;

-- Sites of any tenant in which an alarm or a hazard stands: there may be something to state anew, or to end.
CREATE FUNCTION muster_hazard_sites() RETURNS TABLE (tenant_id uuid, site_id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public
AS $$
    SELECT a.tenant_id, a.site_id FROM alarms a
    WHERE a.returned_at IS NULL AND a.ended_at IS NULL AND a.kind IN ('high', 'low', 'vote')
    UNION
    SELECT h.tenant_id, h.site_id FROM hazards h WHERE h.ended_at IS NULL
$$;
REVOKE EXECUTE ON FUNCTION muster_hazard_sites() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION muster_hazard_sites() TO muster_app;
