-- Drills: where, why and how grave they were said to be, who ended them, and what real alarm they gave way to.

ALTER TABLE drills
    ADD COLUMN zone_id uuid NOT NULL,
    ADD COLUMN reason text NOT NULL CHECK (length(reason) BETWEEN 1 AND 1000),
    ADD COLUMN level smallint NOT NULL CHECK (level IN (1, 2)),
    ADD COLUMN ended_by uuid,
    ADD COLUMN real_incident_id uuid,
    ADD CONSTRAINT drills_zone_fkey FOREIGN KEY (tenant_id, zone_id) REFERENCES zones (tenant_id, id),
    ADD CONSTRAINT drills_real_incident_fkey FOREIGN KEY (tenant_id, real_incident_id)
        REFERENCES incidents (tenant_id, id),
    -- A score is written with the end, once.
    ADD CONSTRAINT drills_scored CHECK ((ended_at IS NULL) = (score IS NULL)),
    ADD CONSTRAINT drills_length CHECK (ends_at > started_at AND ends_at <= started_at + interval '240 minutes'),
    ADD CONSTRAINT drills_gave_way CHECK ((ended_why = 'real_alarm') = (real_incident_id IS NOT NULL) OR ended_why IS NULL);

-- One drill a site: two at once would score each other's people.
CREATE UNIQUE INDEX drills_one_a_site ON drills (tenant_id, site_id) WHERE ended_at IS NULL;
CREATE INDEX drills_of_plan ON drills (tenant_id, plan, started_at DESC, id DESC);

-- What a courier ends now: time is up, its incident was closed, or the site has something real. Numbers are given under
-- the site's lock, so a higher one is later whatever the clocks say.
DROP FUNCTION muster_drills_over(timestamptz);
CREATE FUNCTION muster_drills_over(moment timestamptz) RETURNS TABLE (tenant_id uuid, id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public
AS $$
SELECT d.tenant_id, d.id FROM drills d JOIN incidents own ON own.tenant_id = d.tenant_id AND own.id = d.incident_id
WHERE d.ended_at IS NULL
  AND (d.ends_at <= moment OR own.state = 'closed'
       OR EXISTS (SELECT FROM incidents i
                  WHERE i.tenant_id = d.tenant_id AND i.site_id = d.site_id AND NOT i.exercise
                    AND i.number > own.number)
       OR EXISTS (SELECT FROM incidents i
                  WHERE i.tenant_id = d.tenant_id AND i.site_id = d.site_id AND NOT i.exercise
                    AND i.state <> 'closed' AND i.last_alarm_at >= d.started_at))
$$;
REVOKE EXECUTE ON FUNCTION muster_drills_over(timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION muster_drills_over(timestamptz) TO muster_app;
