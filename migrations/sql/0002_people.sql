-- Accounts, the devices people carry, sign-ins with their rotating refresh tokens, sign-in limits.

CREATE TABLE accounts (
    tenant_id uuid NOT NULL REFERENCES tenants (tenant_id),
    id uuid NOT NULL,
    login text NOT NULL CHECK (login ~ '^[a-z0-9][a-z0-9._@-]{0,62}$'),
    display_name text NOT NULL CHECK (length(display_name) BETWEEN 1 AND 100),
    locale text NOT NULL CHECK (locale IN ('zh-CN', 'en')),
    role text NOT NULL
        CHECK (role IN ('worker', 'responder', 'safety_officer', 'admin', 'auditor', 'device', 'camera')),
    phone text CHECK (phone ~ '^\+[1-9][0-9]{6,14}$'),
    password_hash text NOT NULL,
    disabled_at timestamptz,
    version integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, login)
);
CREATE INDEX accounts_role ON accounts (tenant_id, role) WHERE disabled_at IS NULL;
SELECT muster_protect('accounts', 'SELECT, INSERT, UPDATE');

-- A phone (or browser, or terminal) of one account. Signing out revokes it; signing in again makes a new one.
CREATE TABLE person_devices (
    tenant_id uuid NOT NULL REFERENCES tenants (tenant_id),
    id uuid NOT NULL,
    account_id uuid NOT NULL,
    label text NOT NULL CHECK (length(label) BETWEEN 1 AND 100),
    platform text NOT NULL CHECK (platform IN ('android', 'ios', 'web', 'terminal')),
    locale text NOT NULL CHECK (locale IN ('zh-CN', 'en')),
    push_channel text CHECK (push_channel IN ('fcm', 'web_push')),
    push_token text CHECK (length(push_token) BETWEEN 1 AND 4096),
    push_token_state text NOT NULL DEFAULT 'none' CHECK (push_token_state IN ('none', 'active', 'retired')),
    push_token_at timestamptz,
    last_seen_at timestamptz NOT NULL,
    revoked_at timestamptz,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, account_id) REFERENCES accounts (tenant_id, id),
    CHECK (push_token_state = 'none' OR (push_token IS NOT NULL AND push_channel IS NOT NULL)),
    CHECK (revoked_at IS NULL OR push_token_state <> 'active')
);
CREATE INDEX person_devices_account ON person_devices (tenant_id, account_id, id);
-- One push address rings for one person: md5 keeps the index row small, a Web Push address is up to 4 kB.
CREATE UNIQUE INDEX person_devices_push ON person_devices (tenant_id, push_channel, md5(push_token))
    WHERE push_token_state = 'active';
SELECT muster_protect('person_devices', 'SELECT, INSERT, UPDATE');

-- One sign-in is one family of refresh tokens, bound to one device.
CREATE TABLE sign_ins (
    tenant_id uuid NOT NULL REFERENCES tenants (tenant_id),
    id uuid NOT NULL,
    account_id uuid NOT NULL,
    device_id uuid NOT NULL,
    signed_in_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL,
    revoked_at timestamptz,
    revoke_reason text CHECK (revoke_reason IN ('signed_out', 'reuse', 'device_revoked', 'account_disabled', 'password')),
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, account_id) REFERENCES accounts (tenant_id, id),
    FOREIGN KEY (tenant_id, device_id) REFERENCES person_devices (tenant_id, id),
    CHECK ((revoked_at IS NULL) = (revoke_reason IS NULL))
);
CREATE INDEX sign_ins_account ON sign_ins (tenant_id, account_id) WHERE revoked_at IS NULL;
CREATE INDEX sign_ins_device ON sign_ins (tenant_id, device_id);
CREATE INDEX sign_ins_ends ON sign_ins (tenant_id, ends_at);
SELECT muster_protect('sign_ins');

-- Only a hash is stored: who reads this table can not sign in with it. parent_id: the token this one replaced.
CREATE TABLE refresh_tokens (
    tenant_id uuid NOT NULL REFERENCES tenants (tenant_id),
    id uuid NOT NULL,
    sign_in_id uuid NOT NULL,
    parent_id uuid,
    secret_hash bytea NOT NULL CHECK (length(secret_hash) = 32),
    issued_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    used_at timestamptz,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, sign_in_id) REFERENCES sign_ins (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX refresh_tokens_sign_in ON refresh_tokens (tenant_id, sign_in_id, parent_id);
SELECT muster_protect('refresh_tokens');

-- Attempts to sign in, counted in fixed windows. Attempts of an address, and of logins of tenants that do not exist,
-- count under the tenant 00000000-0000-0000-0000-000000000000, which is nobody's: hence no reference to tenants.
CREATE TABLE sign_in_limits (
    tenant_id uuid NOT NULL,
    kind text NOT NULL CHECK (kind IN ('login', 'address')),
    subject text NOT NULL CHECK (length(subject) <= 200),
    window_started_at timestamptz NOT NULL,
    attempts integer NOT NULL CHECK (attempts >= 0),
    PRIMARY KEY (tenant_id, kind, subject)
);
CREATE INDEX sign_in_limits_age ON sign_in_limits (tenant_id, window_started_at);
SELECT muster_protect('sign_in_limits');
