-- Drills: the real path with its outputs held back, and a score afterwards.

ALTER TABLE commands DROP CONSTRAINT commands_state_check;
ALTER TABLE commands ADD CONSTRAINT commands_state_check
    CHECK (state IN ('requested', 'sent', 'confirmed', 'failed', 'timed_out', 'held_back'));

-- A drill is an incident that is marked as an exercise; ends_at: it is ended by itself then, so that none is forgotten.
-- score: what was reached and when, written once at the end.
CREATE TABLE drills (
    tenant_id uuid NOT NULL REFERENCES tenants (tenant_id),
    id uuid NOT NULL,
    incident_id uuid NOT NULL,
    site_id uuid NOT NULL,
    plan text NOT NULL,
    announced boolean NOT NULL,
    started_by uuid,
    started_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL,
    ended_at timestamptz,
    ended_why text CHECK (ended_why IN ('finished', 'stopped', 'time', 'real_alarm')),
    goals jsonb NOT NULL,
    score jsonb,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, incident_id),
    FOREIGN KEY (tenant_id, incident_id) REFERENCES incidents (tenant_id, id),
    FOREIGN KEY (tenant_id, site_id) REFERENCES sites (tenant_id, id),
    CHECK ((ended_at IS NULL) = (ended_why IS NULL))
);
CREATE INDEX drills_newest ON drills (tenant_id, started_at DESC, id DESC);
CREATE INDEX drills_running ON drills (tenant_id, ends_at) WHERE ended_at IS NULL;
SELECT muster_protect('drills', 'SELECT, INSERT, UPDATE');

CREATE FUNCTION muster_drills_over(moment timestamptz) RETURNS TABLE (tenant_id uuid, id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public
AS $$ SELECT d.tenant_id, d.id FROM drills d WHERE d.ended_at IS NULL AND d.ends_at <= moment $$;
REVOKE EXECUTE ON FUNCTION muster_drills_over(timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION muster_drills_over(timestamptz) TO muster_app;
