-- Safety equipment: what stands where, how many pieces, until when, and whether it may be used.

-- classes: the fires an extinguisher is for (GB 50140-2005, EN 2), null where nobody stated them. in_stock: pieces there.
-- state_reason: why it is out of service. version: of edits; a piece that is taken is none.
CREATE TABLE equipment (
    tenant_id uuid NOT NULL REFERENCES tenants (tenant_id),
    id uuid NOT NULL,
    site_id uuid NOT NULL,
    zone_id uuid,
    slug text NOT NULL CHECK (slug ~ '^[a-z0-9][a-z0-9-]{0,62}$'),
    kind text NOT NULL CHECK (kind IN ('extinguisher', 'hydrant', 'first_aid', 'aed', 'eye_wash', 'shower', 'spill_kit',
        'breathing_apparatus', 'gas_detector', 'stretcher', 'fire_blanket', 'alarm_button', 'other')),
    name jsonb NOT NULL,
    classes text[] CHECK (classes IS NULL OR (kind = 'extinguisher' AND cardinality(classes) BETWEEN 1 AND 6
        AND classes <@ ARRAY['A', 'B', 'C', 'D', 'E', 'F'])),
    lon double precision NOT NULL CHECK (lon BETWEEN -180 AND 180),
    lat double precision NOT NULL CHECK (lat BETWEEN -84 AND 84),
    level smallint NOT NULL CHECK (level BETWEEN -100 AND 200),
    in_stock integer NOT NULL CHECK (in_stock BETWEEN 0 AND 1000),
    expires_at timestamptz,
    next_inspection_on date,
    state text NOT NULL CHECK (state IN ('ready', 'out_of_service')),
    state_reason text CHECK (length(state_reason) BETWEEN 1 AND 500),
    note text NOT NULL CHECK (length(note) <= 500),
    retired_at timestamptz,
    version integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, site_id, slug),
    FOREIGN KEY (tenant_id, site_id) REFERENCES sites (tenant_id, id),
    FOREIGN KEY (tenant_id, zone_id) REFERENCES zones (tenant_id, id),
    CHECK ((state = 'out_of_service') = (state_reason IS NOT NULL))
);
CREATE INDEX equipment_in_use ON equipment (tenant_id, site_id, kind) WHERE retired_at IS NULL;
CREATE INDEX equipment_expiring ON equipment (tenant_id, expires_at) WHERE retired_at IS NULL;
SELECT muster_protect('equipment', 'SELECT, INSERT, UPDATE');

-- A piece taken (below zero) or put back, and how many were there then. key: the client's own; twice is once.
CREATE TABLE equipment_movements (
    tenant_id uuid NOT NULL REFERENCES tenants (tenant_id),
    id uuid NOT NULL,
    equipment_id uuid NOT NULL,
    key text NOT NULL CHECK (length(key) BETWEEN 1 AND 100),
    pieces integer NOT NULL CHECK (pieces <> 0 AND abs(pieces) <= 1000),
    reason text NOT NULL CHECK (length(reason) BETWEEN 1 AND 500),
    in_stock integer NOT NULL CHECK (in_stock BETWEEN 0 AND 1000),
    moved_by uuid,
    moved_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, equipment_id, key),
    FOREIGN KEY (tenant_id, equipment_id) REFERENCES equipment (tenant_id, id)
);
CREATE INDEX equipment_movements_newest ON equipment_movements (tenant_id, equipment_id, moved_at DESC, id DESC);
SELECT muster_protect('equipment_movements', 'SELECT, INSERT');

-- The week (its Monday, UTC) whose notices of what expires are written.
CREATE TABLE equipment_watched (
    tenant_id uuid NOT NULL REFERENCES tenants (tenant_id),
    week date NOT NULL,
    PRIMARY KEY (tenant_id)
);
SELECT muster_protect('equipment_watched', 'SELECT, INSERT, UPDATE');

ALTER TABLE notices DROP CONSTRAINT notices_kind_check;
ALTER TABLE notices ADD CONSTRAINT notices_kind_check CHECK (kind IN ('swap.proposed', 'swap.decided',
    'exposure.exceeded', 'calibration.due', 'qualification.expiring', 'qualification.expired', 'phone.not_ready',
    'comm_test.failed', 'equipment.expiring'));
