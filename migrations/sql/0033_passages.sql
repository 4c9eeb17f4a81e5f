-- What doors and ways between levels are like now, over what the plan in force says; where instruments stand.

-- One row a door or rise that is not as the plan has it. until: it ends by itself, and counts as gone from then on.
-- version is the edit's ETag. What the plan in force does not have goes as that plan is published.
CREATE TABLE passage_states (
    tenant_id uuid NOT NULL REFERENCES tenants (tenant_id),
    site_id uuid NOT NULL,
    feature text NOT NULL CHECK (char_length(feature) BETWEEN 1 AND 100),
    of text NOT NULL CHECK (of IN ('door', 'rise')),
    state text NOT NULL,
    reason text CHECK (char_length(reason) BETWEEN 1 AND 500),
    set_by uuid,
    set_at timestamptz NOT NULL,
    until timestamptz,
    version integer NOT NULL CHECK (version > 0),
    PRIMARY KEY (tenant_id, site_id, of, feature),
    FOREIGN KEY (tenant_id, site_id) REFERENCES sites (tenant_id, id),
    CHECK (state IN ('open', 'closed', 'locked', 'badge') AND of = 'door' OR state IN ('in_use', 'out_of_use') AND of = 'rise'),
    CHECK (reason IS NOT NULL OR state NOT IN ('locked', 'out_of_use')),
    CHECK (until > set_at)
);
SELECT muster_protect('passage_states', 'SELECT, INSERT, UPDATE, DELETE');

-- Where an instrument stands: all three or none. Degrees, WGS 84; level is the floor.
ALTER TABLE sensors ADD COLUMN lon double precision CHECK (lon BETWEEN -180 AND 180);
ALTER TABLE sensors ADD COLUMN lat double precision CHECK (lat BETWEEN -89 AND 89);
ALTER TABLE sensors ADD COLUMN level smallint;
ALTER TABLE sensors ADD CHECK (num_nulls(lon, lat, level) IN (0, 3));
ALTER TABLE actuators ADD COLUMN lon double precision CHECK (lon BETWEEN -180 AND 180);
ALTER TABLE actuators ADD COLUMN lat double precision CHECK (lat BETWEEN -89 AND 89);
ALTER TABLE actuators ADD COLUMN level smallint;
ALTER TABLE actuators ADD CHECK (num_nulls(lon, lat, level) IN (0, 3));

-- A draft that is thrown away is gone; what was ever published stays.
GRANT DELETE ON place_plans TO muster_app;
-- The version of the last draft that was thrown away: the next begins above it, so that no late edit matches it.
ALTER TABLE sites ADD COLUMN draft_discarded integer NOT NULL DEFAULT 0;
CREATE FUNCTION muster_keep_published_plan() RETURNS trigger
LANGUAGE plpgsql
AS $$ BEGIN RAISE EXCEPTION 'a published plan of a place stays'; END $$;
REVOKE EXECUTE ON FUNCTION muster_keep_published_plan() FROM PUBLIC;
CREATE TRIGGER place_plans_stay BEFORE DELETE ON place_plans
    FOR EACH ROW WHEN (OLD.state <> 'draft') EXECUTE FUNCTION muster_keep_published_plan();
