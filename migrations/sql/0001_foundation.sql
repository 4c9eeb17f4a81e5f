-- Tenants, row-level security, outbox, audit, idempotency keys.

-- The tenant of the running transaction; no tenant set reads as NULL, which matches no row.
CREATE FUNCTION muster_tenant() RETURNS uuid
LANGUAGE sql STABLE PARALLEL SAFE
AS $$ SELECT nullif(current_setting('muster.tenant', true), '')::uuid $$;

-- Close a table to every tenant but the transaction's own. The owner's policy serves the
-- SECURITY DEFINER functions, which hand out ids only; the application's login is not the owner.
CREATE PROCEDURE muster_protect_table(table_name text, rights text)
LANGUAGE plpgsql
AS $$
BEGIN
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', table_name);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', table_name);
    EXECUTE format(
        'CREATE POLICY tenant_isolation ON %I USING (tenant_id = (SELECT muster_tenant())) '
        'WITH CHECK (tenant_id = (SELECT muster_tenant()))', table_name);
    EXECUTE format('CREATE POLICY owner_directory ON %I TO CURRENT_USER USING (true)', table_name);
    EXECUTE format('GRANT %s ON %I TO muster_app', rights, table_name);
END $$;

CREATE FUNCTION muster_protect(table_name text, rights text DEFAULT 'SELECT, INSERT, UPDATE, DELETE') RETURNS void
LANGUAGE plpgsql
AS $$
BEGIN
    CALL muster_protect_table(table_name, rights);
END $$;

DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'muster_app') THEN
        CREATE ROLE muster_app NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE;
    END IF;
END $$;

REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO muster_app;
REVOKE EXECUTE ON FUNCTION muster_protect(text, text) FROM PUBLIC;
REVOKE EXECUTE ON PROCEDURE muster_protect_table(text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION muster_tenant() TO muster_app;

CREATE TABLE tenants (
    tenant_id uuid PRIMARY KEY,
    slug text NOT NULL UNIQUE CHECK (slug ~ '^[a-z0-9][a-z0-9-]{0,62}$'),
    name jsonb NOT NULL,
    locale text NOT NULL DEFAULT 'zh-CN' CHECK (locale IN ('zh-CN', 'en')),
    created_at timestamptz NOT NULL
);
SELECT muster_protect('tenants', 'SELECT, INSERT, UPDATE');

-- Before sign-in nobody has a tenant yet: the slug a person typed, to an id.
CREATE FUNCTION muster_tenant_by_slug(wanted text) RETURNS uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public
AS $$ SELECT tenant_id FROM tenants WHERE slug = wanted $$;

-- Roles that serve every tenant (courier, gateway) go from one to the next by this list.
CREATE FUNCTION muster_tenant_ids() RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public
AS $$ SELECT tenant_id FROM tenants ORDER BY tenant_id $$;

REVOKE EXECUTE ON FUNCTION muster_tenant_by_slug(text), muster_tenant_ids() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION muster_tenant_by_slug(text), muster_tenant_ids() TO muster_app;

CREATE TABLE outbox (
    tenant_id uuid NOT NULL REFERENCES tenants (tenant_id),
    id uuid NOT NULL,
    kind text NOT NULL,
    key text NOT NULL,
    payload jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, id)
);
SELECT muster_protect('outbox', 'SELECT, INSERT, DELETE');

CREATE TABLE audit_heads (
    tenant_id uuid PRIMARY KEY REFERENCES tenants (tenant_id),
    position bigint NOT NULL,
    hash text NOT NULL
);
SELECT muster_protect('audit_heads', 'SELECT, INSERT, UPDATE');

CREATE TABLE audit (
    tenant_id uuid NOT NULL REFERENCES tenants (tenant_id),
    id uuid NOT NULL,
    position bigint NOT NULL,
    at timestamptz NOT NULL,
    actor_id uuid,
    action text NOT NULL,
    subject_kind text NOT NULL,
    subject_id text NOT NULL,
    facts jsonb NOT NULL,
    hash text NOT NULL,
    PRIMARY KEY (tenant_id, position)
);
CREATE INDEX audit_subject ON audit (tenant_id, subject_id, position);
SELECT muster_protect('audit', 'SELECT, INSERT');

CREATE TABLE idempotency_keys (
    tenant_id uuid NOT NULL REFERENCES tenants (tenant_id),
    account_id uuid NOT NULL,
    key text NOT NULL CHECK (length(key) BETWEEN 1 AND 200),
    request_hash text NOT NULL,
    status integer,
    answer jsonb,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, account_id, key)
);
CREATE INDEX idempotency_keys_age ON idempotency_keys (tenant_id, created_at);
SELECT muster_protect('idempotency_keys');
