-- Rotas with what they are resolved with. $1 tenant, $2 the period's begin, $3 and $4 its begin and end with what is looked
-- at around it; filters: $5 site, $6 rotas, $7 person; page: $8 after, $9 limit.
-- What was over before $3 can not touch a duty in the period, nor where one began; what is to come ends one.
SELECT tenant_id, id, slug, name, tz, kind, site_id, calendar_id, definition, version, retired_at, created_at,
    coalesce((
        SELECT jsonb_agg(jsonb_build_object(
            'id', o.id, 'starts_at', o.starts_at, 'ends_at', o.ends_at, 'removed', o.removed, 'added', o.added,
            'position', o.position, 'swap_id', o.swap_id) ORDER BY o.made)
        FROM rota_overrides o
        WHERE o.tenant_id = $1 AND o.rota_id = rotas.id AND o.cancelled_at IS NULL AND o.ends_at > $3
    ), '[]') AS changes,
    ARRAY(
        SELECT h.day FROM holidays h
        WHERE h.tenant_id = $1 AND h.calendar_id = rotas.calendar_id
          AND h.day BETWEEN ($3 AT TIME ZONE 'UTC')::date AND ($4 AT TIME ZONE 'UTC')::date
    ) AS calendar,
    coalesce((
        SELECT v.valid_from FROM rota_versions v
        WHERE v.tenant_id = $1 AND v.rota_id = rotas.id AND v.version = rotas.version
    ), created_at) AS valid_from,
    coalesce((
        SELECT jsonb_agg(jsonb_build_object(
            'valid_from', v.valid_from, 'tz', v.tz, 'definition', v.definition, 'retired', v.retired,
            'calendar', ARRAY(
                SELECT h.day FROM holidays h
                WHERE h.tenant_id = $1 AND h.calendar_id = v.calendar_id
                  AND h.day BETWEEN ($3 AT TIME ZONE 'UTC')::date AND ($4 AT TIME ZONE 'UTC')::date
            )) ORDER BY v.version)
        FROM rota_versions v
        WHERE v.tenant_id = $1 AND v.rota_id = rotas.id AND v.version < rotas.version AND v.valid_until > $3
          AND v.valid_from < $4
    ), '[]') AS earlier
FROM rotas
WHERE tenant_id = $1 AND (retired_at IS NULL OR retired_at > $2)
  AND ($5::uuid IS NULL OR site_id = $5 OR site_id IS NULL)
  AND ($6::uuid[] IS NULL OR id = ANY($6))
  AND ($7::uuid IS NULL
       OR strpos(definition::text, $7::text) > 0
       OR EXISTS (
           SELECT FROM rota_overrides a
           WHERE a.tenant_id = $1 AND a.rota_id = rotas.id AND a.added = $7 AND a.ends_at > $3)
       OR EXISTS (
           SELECT FROM rota_versions v
           WHERE v.tenant_id = $1 AND v.rota_id = rotas.id AND v.valid_until > $3
             AND strpos(v.definition::text, $7::text) > 0))
  AND slug > $8
ORDER BY slug LIMIT $9
