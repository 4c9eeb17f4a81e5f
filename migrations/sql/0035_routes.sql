-- Ways of people to where an order sends them: told in steps, planned anew as hazards move.

-- One row a person and errand; revision grows with each new way. view: mobile_contract.wayfinding.RouteView, as phones have
-- it. way: what the next look needs of the present way (its steps, arcs and times, the plan they are of). progress and
-- fix: how far the person is, by their newest position. A way of an evacuation is its person's own and in no room.
CREATE TABLE routes (
    tenant_id uuid NOT NULL REFERENCES tenants (tenant_id),
    id uuid NOT NULL,
    site_id uuid NOT NULL,
    incident_id uuid NOT NULL,
    account_id uuid NOT NULL,
    purpose text NOT NULL CHECK (purpose IN ('task', 'search', 'evacuate')),
    task_id uuid,
    roll_call_id uuid,
    revision integer NOT NULL CHECK (revision > 0),
    state text NOT NULL CHECK (state IN ('safe', 'no_safe_route', 'no_route', 'place_unknown')),
    view jsonb NOT NULL CHECK (octet_length(view::text) <= 1048576),
    way jsonb CHECK (octet_length(way::text) <= 4194304),
    progress jsonb,
    fix jsonb,
    started_at timestamptz NOT NULL,
    computed_at timestamptz NOT NULL,
    ended_at timestamptz,
    ended_why text CHECK (ended_why IN ('done', 'declined', 'handed_over', 'cancelled', 'closed', 'safe', 'plan')),
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, site_id) REFERENCES sites (tenant_id, id),
    FOREIGN KEY (tenant_id, incident_id) REFERENCES incidents (tenant_id, id),
    FOREIGN KEY (tenant_id, account_id) REFERENCES accounts (tenant_id, id),
    FOREIGN KEY (tenant_id, task_id) REFERENCES tasks (tenant_id, id),
    FOREIGN KEY (tenant_id, roll_call_id) REFERENCES roll_calls (tenant_id, id),
    CHECK ((ended_at IS NULL) = (ended_why IS NULL)),
    CHECK ((purpose = 'evacuate') = (task_id IS NULL)),
    CHECK (purpose <> 'evacuate' OR roll_call_id IS NOT NULL)
);
CREATE UNIQUE INDEX routes_of_task ON routes (tenant_id, task_id, account_id) WHERE ended_at IS NULL;
CREATE UNIQUE INDEX routes_of_roll_call ON routes (tenant_id, roll_call_id, account_id)
    WHERE ended_at IS NULL AND purpose = 'evacuate';
CREATE INDEX routes_of_incident ON routes (tenant_id, incident_id);
CREATE INDEX routes_of_account ON routes (tenant_id, account_id) WHERE ended_at IS NULL;
CREATE INDEX routes_live ON routes (tenant_id, site_id) WHERE ended_at IS NULL;
SELECT muster_protect('routes', 'SELECT, INSERT, UPDATE');

-- Who looks at a site's ways, and until when nobody else does: a guide that dies is followed by another after that.
CREATE TABLE guided_sites (
    tenant_id uuid NOT NULL REFERENCES tenants (tenant_id),
    site_id uuid NOT NULL,
    leased_until timestamptz NOT NULL,
    looked_at timestamptz,
    PRIMARY KEY (tenant_id, site_id),
    FOREIGN KEY (tenant_id, site_id) REFERENCES sites (tenant_id, id)
);
SELECT muster_protect('guided_sites', 'SELECT, INSERT, UPDATE');

-- Sites with a plan in force where somebody is on the way, or an incident is open: ids only, of all tenants. Who was
-- looked at longest ago comes first.
CREATE FUNCTION muster_sites_to_guide(now timestamptz, at_most integer) RETURNS TABLE (tenant_id uuid, site_id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public
AS $$
SELECT p.tenant_id, p.site_id FROM place_plans p
LEFT JOIN guided_sites g ON g.tenant_id = p.tenant_id AND g.site_id = p.site_id
WHERE p.state = 'published' AND (g.leased_until IS NULL OR g.leased_until <= now)
  AND (EXISTS (SELECT FROM incidents i
               WHERE i.tenant_id = p.tenant_id AND i.site_id = p.site_id AND i.state <> 'closed')
       OR EXISTS (SELECT FROM routes r
                  WHERE r.tenant_id = p.tenant_id AND r.site_id = p.site_id AND r.ended_at IS NULL))
ORDER BY g.looked_at NULLS FIRST, p.tenant_id, p.site_id LIMIT at_most
$$;
REVOKE EXECUTE ON FUNCTION muster_sites_to_guide(timestamptz, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION muster_sites_to_guide(timestamptz, integer) TO muster_app;

-- Sites with a plan in force, the newest first: a guide makes their maps before somebody needs one. Ids only.
CREATE FUNCTION muster_planned_sites(at_most integer) RETURNS TABLE (tenant_id uuid, site_id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public
AS $$
SELECT p.tenant_id, p.site_id FROM place_plans p WHERE p.state = 'published'
ORDER BY p.published_at DESC, p.tenant_id, p.site_id LIMIT at_most
$$;
REVOKE EXECUTE ON FUNCTION muster_planned_sites(integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION muster_planned_sites(integer) TO muster_app;
