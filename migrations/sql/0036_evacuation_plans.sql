-- Everyone's way out of a running roll call, planned anew as people walk and hazards move.

-- One row a roll call; revision grows with each plan, 0: none was made yet. view: mobile_contract.evacuation.EvacuationView,
-- as rooms show it. held: the assembly points chosen, since when, and when hazards reached each (incidents.wayfinding
-- .muster). look_at: when the next plan is due; woken_at: something changed then that the plan may not know yet. lease:
-- who makes the next one, until leased_until; who no longer holds it writes nothing.
CREATE TABLE evacuation_plans (
    tenant_id uuid NOT NULL REFERENCES tenants (tenant_id),
    roll_call_id uuid NOT NULL,
    site_id uuid NOT NULL,
    place_plan_id uuid,
    revision integer NOT NULL CHECK (revision >= 0),
    view jsonb CHECK (octet_length(view::text) <= 1048576),
    held jsonb,
    planned_at timestamptz,
    look_at timestamptz NOT NULL,
    woken_at timestamptz,
    lease uuid,
    leased_until timestamptz,
    ended_at timestamptz,
    PRIMARY KEY (tenant_id, roll_call_id),
    FOREIGN KEY (tenant_id, roll_call_id) REFERENCES roll_calls (tenant_id, id),
    FOREIGN KEY (tenant_id, site_id) REFERENCES sites (tenant_id, id),
    CHECK ((view IS NULL) = (revision = 0)),
    CHECK ((lease IS NULL) = (leased_until IS NULL))
);
CREATE INDEX evacuation_plans_running ON evacuation_plans (tenant_id, site_id) WHERE ended_at IS NULL;
SELECT muster_protect('evacuation_plans', 'SELECT, INSERT, UPDATE');

-- Roll calls of all tenants that want a look: those that run at a site with a plan of the place in force and have no plan,
-- or one that is due; and those that are over while their plan, or somebody's way, is not. Ids only.
CREATE FUNCTION muster_evacuations_due(now timestamptz, at_most integer)
RETURNS TABLE (tenant_id uuid, roll_call_id uuid, site_id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public
AS $$
SELECT due.tenant_id, due.id, due.site_id FROM (
    SELECT c.tenant_id, c.id, c.site_id, e.look_at FROM roll_calls c
    JOIN incidents i ON i.tenant_id = c.tenant_id AND i.id = c.incident_id
    LEFT JOIN evacuation_plans e ON e.tenant_id = c.tenant_id AND e.roll_call_id = c.id
    WHERE c.state = 'open' AND NOT c.listing AND i.state <> 'closed' AND e.ended_at IS NULL
      AND (e.leased_until IS NULL OR e.leased_until <= now) AND (e.look_at IS NULL OR e.look_at <= now)
      AND EXISTS (SELECT FROM place_plans p
                  WHERE p.tenant_id = c.tenant_id AND p.site_id = c.site_id AND p.state = 'published'
                    AND p.network IS NOT NULL)
    UNION ALL
    SELECT e.tenant_id, e.roll_call_id, e.site_id, e.look_at FROM evacuation_plans e
    JOIN roll_calls c ON c.tenant_id = e.tenant_id AND c.id = e.roll_call_id
    JOIN incidents i ON i.tenant_id = c.tenant_id AND i.id = c.incident_id
    WHERE e.ended_at IS NULL AND (c.state <> 'open' OR i.state = 'closed')
) due
ORDER BY due.look_at NULLS FIRST, due.tenant_id, due.id LIMIT at_most
$$;
REVOKE EXECUTE ON FUNCTION muster_evacuations_due(timestamptz, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION muster_evacuations_due(timestamptz, integer) TO muster_app;
CREATE INDEX roll_calls_running ON roll_calls (tenant_id, id) WHERE state = 'open';
