-- A lease or a gateway's sign of life that ends further ahead than any can be was written before the clock was set back:
-- its holder, if it lives, renews it within seconds; if it died, nobody must wait for that hour to pass again.

CREATE OR REPLACE FUNCTION gateway_beat(who text, at timestamptz, until timestamptz) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public
AS $$
DECLARE
    live integer;
BEGIN
    INSERT INTO gateways (holder, expires_at) VALUES (who, until)
    ON CONFLICT (holder) DO UPDATE SET expires_at = excluded.expires_at;
    DELETE FROM gateways WHERE expires_at < at OR expires_at > until + 2 * (until - at);
    SELECT count(*) INTO live FROM gateways;
    RETURN ((SELECT count(*) FROM sites) + live - 1) / greatest(live, 1);
END $$;

-- Ids of the sites a gateway may take now: never leased, expired, its own, or leased until after ``latest``.
DROP FUNCTION gateway_free_sites(text, timestamptz);
CREATE FUNCTION gateway_free_sites(who text, at timestamptz, latest timestamptz)
RETURNS TABLE (tenant_id uuid, site_id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public
AS $$
    SELECT s.tenant_id, s.id FROM sites s
    LEFT JOIN site_leases l ON l.tenant_id = s.tenant_id AND l.site_id = s.id
    WHERE l.site_id IS NULL OR l.expires_at < at OR l.expires_at > latest OR l.holder = who
    ORDER BY s.tenant_id, s.id
$$;
REVOKE EXECUTE ON FUNCTION gateway_free_sites(text, timestamptz, timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION gateway_free_sites(text, timestamptz, timestamptz) TO muster_app;
