-- Reaching people: what a phone says of its readiness, addresses beside the phone, quiet times, tests of communications.

-- What the app last said of the phone it runs on; apart from person_devices so that chatter does not touch the address.
-- notifications: the system's permission. critical_alerts: leave to sound in "do not disturb". battery: whether the
-- system may put the app to sleep. unlocked: the phone has a lock and the app knows when it is open.
CREATE TABLE device_readiness (
    tenant_id uuid NOT NULL REFERENCES tenants (tenant_id),
    device_id uuid NOT NULL,
    reported_at timestamptz NOT NULL,
    notifications text NOT NULL CHECK (notifications IN ('granted', 'denied', 'not_asked')),
    critical_alerts text NOT NULL CHECK (critical_alerts IN ('granted', 'denied', 'not_asked', 'not_supported')),
    battery text NOT NULL CHECK (battery IN ('unrestricted', 'optimised', 'restricted', 'unknown')),
    battery_level smallint CHECK (battery_level BETWEEN 0 AND 100),
    app_version text NOT NULL CHECK (length(app_version) <= 50),
    os_version text NOT NULL CHECK (length(os_version) <= 50),
    PRIMARY KEY (tenant_id, device_id),
    FOREIGN KEY (tenant_id, device_id) REFERENCES person_devices (tenant_id, id)
);
SELECT muster_protect('device_readiness');

-- An address of a person beside their phone: the last resorts of an order, none of which can say that it was read.
CREATE TABLE contact_points (
    tenant_id uuid NOT NULL REFERENCES tenants (tenant_id),
    id uuid NOT NULL,
    account_id uuid NOT NULL,
    kind text NOT NULL CHECK (kind IN ('mail', 'sms', 'wecom', 'dingtalk', 'feishu')),
    address text NOT NULL CHECK (length(address) BETWEEN 1 AND 320),
    dead_at timestamptz,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, account_id, kind, address),
    FOREIGN KEY (tenant_id, account_id) REFERENCES accounts (tenant_id, id)
);
SELECT muster_protect('contact_points');

-- How a tenant sends mail, texts and chat messages: an apprise address with {to} where the person's own goes. It holds
-- the provider's secret and is never shown again.
CREATE TABLE message_services (
    tenant_id uuid NOT NULL REFERENCES tenants (tenant_id),
    kind text NOT NULL CHECK (kind IN ('mail', 'sms', 'wecom', 'dingtalk', 'feishu')),
    url text NOT NULL CHECK (length(url) BETWEEN 1 AND 2000),
    enabled boolean NOT NULL,
    version integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, kind)
);
SELECT muster_protect('message_services');

-- When a person is not to be disturbed: every day between two times of their own zone (from > until: over midnight), or
-- once between two moments (leave, night duty elsewhere). Only what saves lives passes.
CREATE TABLE quiet_times (
    tenant_id uuid NOT NULL REFERENCES tenants (tenant_id),
    id uuid NOT NULL,
    account_id uuid NOT NULL,
    daily_from time,
    daily_until time,
    tz text,
    starts_at timestamptz,
    ends_at timestamptz,
    reason text NOT NULL CHECK (length(reason) <= 200),
    created_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, account_id) REFERENCES accounts (tenant_id, id),
    CHECK ((daily_from IS NULL) = (daily_until IS NULL) AND (daily_from IS NULL) = (tz IS NULL)),
    CHECK ((starts_at IS NULL) = (ends_at IS NULL)),
    CHECK ((daily_from IS NULL) <> (starts_at IS NULL)),
    CHECK (starts_at < ends_at)
);
CREATE INDEX quiet_times_account ON quiet_times (tenant_id, account_id);
SELECT muster_protect('quiet_times');

-- A test of communications: to whom, until when answers count. Scheduled ones name the schedule they come from.
CREATE TABLE comm_tests (
    tenant_id uuid NOT NULL REFERENCES tenants (tenant_id),
    id uuid NOT NULL,
    schedule_id uuid,
    started_by uuid,
    started_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, id)
);
CREATE INDEX comm_tests_newest ON comm_tests (tenant_id, started_at DESC, id DESC);
SELECT muster_protect('comm_tests', 'SELECT, INSERT');

-- One test message to one address. The facts are those of an order: accepted says nothing about the phone.
CREATE TABLE comm_test_messages (
    tenant_id uuid NOT NULL REFERENCES tenants (tenant_id),
    id uuid NOT NULL,
    test_id uuid NOT NULL,
    account_id uuid NOT NULL,
    device_id uuid NOT NULL,
    channel text NOT NULL,
    due_at timestamptz,
    lease_until timestamptz,
    attempts integer NOT NULL DEFAULT 0,
    sent_at timestamptz,
    outcome text CHECK (outcome IN ('accepted', 'gone', 'refused', 'failed')),
    code text,
    received_at timestamptz,
    seen_at timestamptz,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, test_id, device_id, channel),
    FOREIGN KEY (tenant_id, test_id) REFERENCES comm_tests (tenant_id, id),
    FOREIGN KEY (tenant_id, account_id) REFERENCES accounts (tenant_id, id)
);
CREATE INDEX comm_test_messages_due ON comm_test_messages (tenant_id, due_at) WHERE due_at IS NOT NULL;
CREATE INDEX comm_test_messages_device ON comm_test_messages (tenant_id, device_id, received_at DESC);
SELECT muster_protect('comm_test_messages', 'SELECT, INSERT, UPDATE');

-- Tests by themselves: a weekday and a time of a zone; next_at is when the next one is due.
CREATE TABLE comm_test_schedules (
    tenant_id uuid NOT NULL REFERENCES tenants (tenant_id),
    id uuid NOT NULL,
    rule text NOT NULL CHECK (length(rule) <= 500),
    tz text NOT NULL,
    first_at timestamptz NOT NULL,
    next_at timestamptz,
    enabled boolean NOT NULL,
    version integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, id)
);
SELECT muster_protect('comm_test_schedules');

-- Couriers serve every tenant: ids and nothing else.
CREATE FUNCTION muster_comm_tests_due(moment timestamptz, most integer) RETURNS TABLE (tenant_id uuid, id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public
AS $$
    SELECT m.tenant_id, m.id FROM comm_test_messages m
    WHERE m.due_at <= moment AND (m.lease_until IS NULL OR m.lease_until <= moment)
    ORDER BY m.due_at, m.id
    LIMIT most
$$;
CREATE FUNCTION muster_comm_schedules_due(moment timestamptz) RETURNS TABLE (tenant_id uuid, id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public
AS $$ SELECT s.tenant_id, s.id FROM comm_test_schedules s WHERE s.enabled AND s.next_at <= moment $$;
REVOKE EXECUTE ON FUNCTION muster_comm_tests_due(timestamptz, integer), muster_comm_schedules_due(timestamptz)
    FROM PUBLIC;
GRANT EXECUTE ON FUNCTION muster_comm_tests_due(timestamptz, integer), muster_comm_schedules_due(timestamptz)
    TO muster_app;

