-- The record: heads and anchors of timelines, reports with lessons and corrective actions, feeds to other systems.

-- Where each incident's timeline ends, moved by the statement that adds a line: a tail that is cut off is missed. Up to
-- anchored_position the end is also written in the tenant's audit chain.
CREATE TABLE timeline_heads (
    tenant_id uuid NOT NULL REFERENCES tenants (tenant_id),
    incident_id uuid NOT NULL,
    position integer NOT NULL CHECK (position > 0),
    hash text NOT NULL,
    anchored_position integer NOT NULL DEFAULT 0,
    moved_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, incident_id),
    FOREIGN KEY (tenant_id, incident_id) REFERENCES incidents (tenant_id, id)
);
CREATE INDEX timeline_heads_to_anchor ON timeline_heads (tenant_id, moved_at) WHERE position > anchored_position;
SELECT muster_protect('timeline_heads', 'SELECT, INSERT, UPDATE');

INSERT INTO timeline_heads (tenant_id, incident_id, position, hash, moved_at)
SELECT DISTINCT ON (tenant_id, incident_id) tenant_id, incident_id, position, hash, at
FROM timeline ORDER BY tenant_id, incident_id, position DESC;

-- The courier anchors for every tenant; ids only.
CREATE FUNCTION muster_timelines_to_anchor(before timestamptz, most integer)
RETURNS TABLE (tenant_id uuid, incident_id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public
AS $$
    SELECT h.tenant_id, h.incident_id FROM timeline_heads h
    WHERE h.position > h.anchored_position AND h.moved_at <= before
    ORDER BY h.moved_at, h.incident_id
    LIMIT most
$$;

-- Another system that is told of incidents. The secrets are sealed with a key that is not in the database.
-- min_grade 4: of every grade; 1: of red ones alone. No sites: of every site.
CREATE TABLE feeds (
    tenant_id uuid NOT NULL REFERENCES tenants (tenant_id),
    id uuid NOT NULL,
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    kind text NOT NULL CHECK (kind IN ('cap', 'webhook')),
    url text NOT NULL CHECK (length(url) BETWEEN 1 AND 2000),
    sender text,
    contact text,
    min_grade smallint NOT NULL CHECK (min_grade BETWEEN 1 AND 4),
    sites uuid[] NOT NULL DEFAULT '{}',
    exercises boolean NOT NULL,
    enabled boolean NOT NULL,
    disabled_why text,
    secret bytea NOT NULL,
    old_secret bytea,
    old_secret_until timestamptz,
    version integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, id),
    CHECK ((old_secret IS NULL) = (old_secret_until IS NULL))
);
SELECT muster_protect('feeds', 'SELECT, INSERT, UPDATE');

-- One row is one message to one feed, written with the event it tells. seq: its place among the feed's messages about
-- the incident; the next is not sent before this one is over. payload: what is sent, made at the first attempt and
-- the same at every other.
CREATE TABLE feed_messages (
    tenant_id uuid NOT NULL REFERENCES tenants (tenant_id),
    id uuid NOT NULL,
    feed_id uuid NOT NULL,
    incident_id uuid,
    seq integer NOT NULL,
    event text NOT NULL,
    notice jsonb NOT NULL,
    exercise boolean NOT NULL,
    payload text,
    cap_identifier text,
    cap_sender text,
    state text NOT NULL CHECK (state IN ('queued', 'sent', 'failed')),
    attempts integer NOT NULL DEFAULT 0,
    queued_at timestamptz NOT NULL,
    due_at timestamptz NOT NULL,
    give_up_at timestamptz NOT NULL,
    ended_at timestamptz,
    last_status integer,
    last_error text,
    lease_holder text,
    lease_until timestamptz,
    fencing bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, feed_id) REFERENCES feeds (tenant_id, id),
    FOREIGN KEY (tenant_id, incident_id) REFERENCES incidents (tenant_id, id),
    UNIQUE (tenant_id, feed_id, incident_id, seq),
    CHECK ((state = 'queued') = (ended_at IS NULL)),
    CHECK ((lease_holder IS NULL) = (lease_until IS NULL))
);
CREATE INDEX feed_messages_due ON feed_messages (tenant_id, due_at) WHERE state = 'queued';
CREATE INDEX feed_messages_feed ON feed_messages (tenant_id, feed_id, queued_at DESC, id DESC);
CREATE INDEX feed_messages_incident ON feed_messages (tenant_id, incident_id);
SELECT muster_protect('feed_messages', 'SELECT, INSERT, UPDATE');

-- Due, free, first of their incident in their feed, and at most per_feed of one feed: one that hangs must not keep the
-- others from being told.
CREATE FUNCTION muster_feed_messages_due(moment timestamptz, per_feed integer, most integer)
RETURNS TABLE (tenant_id uuid, id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public
AS $$
    SELECT f.tenant_id, f.id FROM (
        SELECT m.tenant_id, m.id, m.due_at,
               row_number() OVER (PARTITION BY m.tenant_id, m.feed_id ORDER BY m.due_at, m.id) AS place
        FROM feed_messages m
        WHERE m.state = 'queued' AND m.due_at <= moment AND (m.lease_until IS NULL OR m.lease_until <= moment)
          AND NOT EXISTS (
              SELECT FROM feed_messages e
              WHERE e.tenant_id = m.tenant_id AND e.feed_id = m.feed_id AND e.incident_id = m.incident_id
                AND e.seq < m.seq AND e.state = 'queued')
    ) f
    WHERE f.place <= per_feed
    ORDER BY f.due_at, f.id
    LIMIT most
$$;

REVOKE EXECUTE ON FUNCTION muster_timelines_to_anchor(timestamptz, integer),
    muster_feed_messages_due(timestamptz, integer, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION muster_timelines_to_anchor(timestamptz, integer),
    muster_feed_messages_due(timestamptz, integer, integer) TO muster_app;

-- A post-incident report: a draft shows the facts as they stand, a signed one keeps them in content, whose hash is in the
-- incident's timeline. number: 1, 2, ... within the incident; version: of the draft's text, for its ETag.
CREATE TABLE reports (
    tenant_id uuid NOT NULL REFERENCES tenants (tenant_id),
    id uuid NOT NULL,
    incident_id uuid NOT NULL,
    number integer NOT NULL,
    state text NOT NULL CHECK (state IN ('draft', 'signed_off')),
    summary text NOT NULL,
    causes text NOT NULL,
    content jsonb,
    content_hash text,
    version integer NOT NULL DEFAULT 1,
    created_by uuid NOT NULL,
    created_at timestamptz NOT NULL,
    signed_by uuid,
    signed_at timestamptz,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, incident_id, number),
    FOREIGN KEY (tenant_id, incident_id) REFERENCES incidents (tenant_id, id),
    CHECK ((state = 'signed_off') = (content IS NOT NULL)),
    CHECK ((content IS NULL) = (content_hash IS NULL)),
    CHECK ((signed_at IS NULL) = (signed_by IS NULL))
);
SELECT muster_protect('reports', 'SELECT, INSERT, UPDATE');

CREATE TABLE lessons (
    tenant_id uuid NOT NULL REFERENCES tenants (tenant_id),
    id uuid NOT NULL,
    incident_id uuid NOT NULL,
    text text NOT NULL,
    created_by uuid NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, incident_id) REFERENCES incidents (tenant_id, id)
);
CREATE INDEX lessons_incident ON lessons (tenant_id, incident_id, created_at);
SELECT muster_protect('lessons', 'SELECT, INSERT');

-- What must change, who sees to it, until when. Overdue is a question of the day, not a state.
CREATE TABLE corrective_actions (
    tenant_id uuid NOT NULL REFERENCES tenants (tenant_id),
    id uuid NOT NULL,
    incident_id uuid NOT NULL,
    lesson_id uuid,
    text text NOT NULL,
    owner_account_id uuid NOT NULL,
    due_on date NOT NULL,
    state text NOT NULL CHECK (state IN ('open', 'done', 'verified')),
    done_by uuid,
    done_at timestamptz,
    done_note text,
    verified_by uuid,
    verified_at timestamptz,
    version integer NOT NULL DEFAULT 1,
    created_by uuid NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, incident_id) REFERENCES incidents (tenant_id, id),
    FOREIGN KEY (tenant_id, lesson_id) REFERENCES lessons (tenant_id, id),
    FOREIGN KEY (tenant_id, owner_account_id) REFERENCES accounts (tenant_id, id),
    CHECK ((state = 'open') = (done_at IS NULL)),
    CHECK ((state = 'verified') = (verified_at IS NOT NULL)),
    CHECK (verified_by IS DISTINCT FROM done_by OR verified_by IS NULL)
);
CREATE INDEX corrective_actions_due ON corrective_actions (tenant_id, due_on, id);
CREATE INDEX corrective_actions_incident ON corrective_actions (tenant_id, incident_id);
SELECT muster_protect('corrective_actions', 'SELECT, INSERT, UPDATE');
