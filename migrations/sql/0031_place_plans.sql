-- Plans of places: what a site looks like inside, drawn or imported, in versions.

-- One row a version; number counts within the site, version is the edit's ETag. plan: levels, rooms, doors, rises, ways.
-- report: what was wrong with the files, and what the checks found. network: the size of the walking network, null where
-- nobody can walk it. At most one draft and one published a site. 32 MiB of text is some 25 campuses of 80 buildings.
CREATE TABLE place_plans (
    tenant_id uuid NOT NULL REFERENCES tenants (tenant_id),
    id uuid NOT NULL,
    site_id uuid NOT NULL,
    number integer NOT NULL CHECK (number > 0),
    state text NOT NULL CHECK (state IN ('draft', 'published', 'retired')),
    name jsonb NOT NULL,
    source text NOT NULL CHECK (source IN ('drawn', 'imdf', 'indoorgml', 'osm', 'wrld')),
    plan jsonb NOT NULL CHECK (octet_length(plan::text) <= 33554432),
    report jsonb NOT NULL,
    network jsonb,
    version integer NOT NULL,
    created_by uuid,
    created_at timestamptz NOT NULL,
    published_by uuid,
    published_at timestamptz,
    retired_at timestamptz,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, site_id, number),
    FOREIGN KEY (tenant_id, site_id) REFERENCES sites (tenant_id, id),
    CHECK ((state = 'draft') = (published_at IS NULL)),
    CHECK ((state = 'retired') = (retired_at IS NOT NULL)),
    CHECK (state = 'draft' OR network IS NOT NULL)
);
CREATE UNIQUE INDEX place_plans_draft ON place_plans (tenant_id, site_id) WHERE state = 'draft';
CREATE UNIQUE INDEX place_plans_published ON place_plans (tenant_id, site_id) WHERE state = 'published';
SELECT muster_protect('place_plans', 'SELECT, INSERT, UPDATE');

-- People walked by it: what was published stays as it was, whatever a statement says.
CREATE FUNCTION muster_keep_place_plan() RETURNS trigger
LANGUAGE plpgsql
AS $$ BEGIN RAISE EXCEPTION 'a published plan of a place never changes'; END $$;
REVOKE EXECUTE ON FUNCTION muster_keep_place_plan() FROM PUBLIC;
CREATE TRIGGER place_plans_kept BEFORE UPDATE OF site_id, number, name, source, plan ON place_plans
    FOR EACH ROW WHEN (OLD.state <> 'draft') EXECUTE FUNCTION muster_keep_place_plan();
