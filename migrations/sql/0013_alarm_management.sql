-- Alarms that are silent and why, floods, votes of several sensors, calibration.

-- One row each time a rule was silenced, by a person or by design; the row without an end is what is in force now. The
-- state that counts is alarm_states: this is who, why and until when.
CREATE TABLE alarm_suppressions (
    tenant_id uuid NOT NULL REFERENCES tenants (tenant_id),
    id uuid NOT NULL,
    rule_id uuid NOT NULL,
    kind text NOT NULL CHECK (kind IN ('shelved', 'by_design', 'out_of_service')),
    reason text NOT NULL CHECK (length(reason) BETWEEN 1 AND 1000),
    by_account uuid,
    one_shot boolean NOT NULL,
    started_at timestamptz NOT NULL,
    until_at timestamptz,
    ended_at timestamptz,
    ended_by uuid,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, rule_id) REFERENCES alarm_rules (tenant_id, id),
    -- Whatever a person silences ends by itself.
    CHECK (kind = 'by_design' OR (until_at IS NOT NULL AND by_account IS NOT NULL))
);
CREATE UNIQUE INDEX alarm_suppressions_now ON alarm_suppressions (tenant_id, rule_id) WHERE ended_at IS NULL;
CREATE INDEX alarm_suppressions_newest ON alarm_suppressions (tenant_id, started_at DESC, id DESC);
SELECT muster_protect('alarm_suppressions', 'SELECT, INSERT, UPDATE');

-- "While the series reads at or below Z (or the actuator has proved action X), this rule says nothing." `approved_by` is a
-- second person; a life-safety rule's design is without effect until then.
CREATE TABLE suppression_designs (
    tenant_id uuid NOT NULL REFERENCES tenants (tenant_id),
    id uuid NOT NULL,
    site_id uuid NOT NULL,
    rule_id uuid NOT NULL,
    reason text NOT NULL CHECK (length(reason) BETWEEN 1 AND 1000),
    sensor_id uuid,
    actuator_id uuid,
    test text NOT NULL CHECK (test IN ('at_most', 'at_least', 'action')),
    threshold double precision,
    hysteresis double precision NOT NULL CHECK (hysteresis >= 0),
    action text,
    needs_approval boolean NOT NULL,
    created_by uuid NOT NULL,
    created_at timestamptz NOT NULL,
    approved_by uuid,
    approved_at timestamptz,
    retired_at timestamptz,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, site_id) REFERENCES sites (tenant_id, id),
    FOREIGN KEY (tenant_id, rule_id) REFERENCES alarm_rules (tenant_id, id),
    FOREIGN KEY (tenant_id, sensor_id) REFERENCES sensors (tenant_id, id),
    FOREIGN KEY (tenant_id, actuator_id) REFERENCES actuators (tenant_id, id),
    CHECK ((sensor_id IS NULL) <> (actuator_id IS NULL)),
    CHECK ((test = 'action') = (actuator_id IS NOT NULL)),
    CHECK ((test = 'action') = (action IS NOT NULL)),
    CHECK ((test = 'action') = (threshold IS NULL)),
    CHECK ((approved_by IS NULL) = (approved_at IS NULL)),
    CHECK (approved_by IS DISTINCT FROM created_by)
);
CREATE INDEX suppression_designs_site ON suppression_designs (tenant_id, site_id) WHERE retired_at IS NULL;
SELECT muster_protect('suppression_designs', 'SELECT, INSERT, UPDATE');

-- What a site decided for itself; without a row the constants hold.
CREATE TABLE alarm_settings (
    tenant_id uuid NOT NULL REFERENCES tenants (tenant_id),
    site_id uuid NOT NULL,
    shelve_max_s double precision CHECK (shelve_max_s BETWEEN 60 AND 43200),
    flood_start_above integer NOT NULL CHECK (flood_start_above BETWEEN 1 AND 1000),
    flood_end_below integer NOT NULL CHECK (flood_end_below BETWEEN 1 AND 1000),
    version integer NOT NULL,
    PRIMARY KEY (tenant_id, site_id),
    FOREIGN KEY (tenant_id, site_id) REFERENCES sites (tenant_id, id),
    CHECK (flood_end_below <= flood_start_above)
);
SELECT muster_protect('alarm_settings', 'SELECT, INSERT, UPDATE');

-- A maximum of one rule's own goes before its site's.
CREATE TABLE shelving_limits (
    tenant_id uuid NOT NULL REFERENCES tenants (tenant_id),
    rule_id uuid NOT NULL,
    shelve_max_s double precision NOT NULL CHECK (shelve_max_s BETWEEN 60 AND 43200),
    PRIMARY KEY (tenant_id, rule_id),
    FOREIGN KEY (tenant_id, rule_id) REFERENCES alarm_rules (tenant_id, id)
);
SELECT muster_protect('shelving_limits');

-- More alarms than a person can answer. At most one is open in a site; its incident leads. `due_at`: when the count falls
-- below the end if no more alarms are raised.
CREATE TABLE floods (
    tenant_id uuid NOT NULL REFERENCES tenants (tenant_id),
    id uuid NOT NULL,
    site_id uuid NOT NULL,
    incident_id uuid NOT NULL,
    started_at timestamptz NOT NULL,
    alarms_at_start integer NOT NULL,
    alarms integer NOT NULL,
    due_at timestamptz NOT NULL,
    ended_at timestamptz,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, site_id) REFERENCES sites (tenant_id, id),
    FOREIGN KEY (tenant_id, incident_id) REFERENCES incidents (tenant_id, id)
);
CREATE UNIQUE INDEX floods_open ON floods (tenant_id, site_id) WHERE ended_at IS NULL;
CREATE INDEX floods_newest ON floods (tenant_id, started_at DESC, id DESC);
CREATE INDEX floods_incident ON floods (tenant_id, incident_id, started_at DESC);
SELECT muster_protect('floods', 'SELECT, INSERT, UPDATE');
CREATE INDEX alarms_site_raised ON alarms (tenant_id, site_id, raised_at);

-- m of the members beyond the limit raise one alarm. Limits in `unit`; `valid_low` to `valid_high` is what a sound sensor
-- can say. `members_alarm`: what single members still do on their own.
CREATE TABLE voting_groups (
    tenant_id uuid NOT NULL REFERENCES tenants (tenant_id),
    id uuid NOT NULL,
    site_id uuid NOT NULL,
    name jsonb NOT NULL,
    m integer NOT NULL CHECK (m BETWEEN 1 AND 8),
    side text NOT NULL CHECK (side IN ('high', 'low')),
    level smallint NOT NULL CHECK (level IN (1, 2)),
    set_point double precision NOT NULL,
    deadband double precision NOT NULL CHECK (deadband >= 0),
    unit text NOT NULL,
    valid_low double precision,
    valid_high double precision,
    discrepancy_after_s double precision NOT NULL CHECK (discrepancy_after_s BETWEEN 1 AND 86400),
    members_alarm text NOT NULL CHECK (members_alarm IN ('pre_alarm', 'none')),
    retired_at timestamptz,
    version integer NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, site_id) REFERENCES sites (tenant_id, id)
);
CREATE INDEX voting_groups_site ON voting_groups (tenant_id, site_id) WHERE retired_at IS NULL;
SELECT muster_protect('voting_groups', 'SELECT, INSERT, UPDATE');

CREATE TABLE voting_members (
    tenant_id uuid NOT NULL REFERENCES tenants (tenant_id),
    group_id uuid NOT NULL,
    sensor_id uuid NOT NULL,
    position smallint NOT NULL CHECK (position BETWEEN 1 AND 8),
    PRIMARY KEY (tenant_id, group_id, sensor_id),
    UNIQUE (tenant_id, group_id, position),
    FOREIGN KEY (tenant_id, group_id) REFERENCES voting_groups (tenant_id, id),
    FOREIGN KEY (tenant_id, sensor_id) REFERENCES sensors (tenant_id, id)
);
CREATE INDEX voting_members_sensor ON voting_members (tenant_id, sensor_id);
SELECT muster_protect('voting_members', 'SELECT, INSERT');

-- `group_id`: a rule the group made (its vote, its discrepancy, a member's pre-alarm). `replaced_by`: a member's own limit
-- that the group speaks for; it is in force again when the group ends.
ALTER TABLE alarm_rules
    ADD COLUMN group_id uuid,
    ADD COLUMN replaced_by uuid,
    ADD FOREIGN KEY (tenant_id, group_id) REFERENCES voting_groups (tenant_id, id),
    ADD FOREIGN KEY (tenant_id, replaced_by) REFERENCES voting_groups (tenant_id, id),
    DROP CONSTRAINT alarm_rules_kind_check,
    ADD CONSTRAINT alarm_rules_kind_check
        CHECK (kind IN ('high', 'low', 'stale', 'no_effect', 'vote', 'discrepancy')),
    ADD CHECK (kind <> 'vote' OR (set_point IS NOT NULL AND group_id IS NOT NULL));
CREATE INDEX alarm_rules_group ON alarm_rules (tenant_id, group_id) WHERE group_id IS NOT NULL;

-- How far the sensor could be trusted when the alarm was raised, and how each member of the group voted.
ALTER TABLE alarms
    ADD COLUMN trust jsonb,
    ADD COLUMN votes jsonb;

-- A sensor whose calibration runs out is said once a day.
CREATE TABLE calibration_notices (
    tenant_id uuid NOT NULL REFERENCES tenants (tenant_id),
    sensor_id uuid NOT NULL,
    day date NOT NULL,
    level text NOT NULL CHECK (level IN ('due_soon', 'expired')),
    days_left integer NOT NULL,
    at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, sensor_id, day),
    FOREIGN KEY (tenant_id, sensor_id) REFERENCES sensors (tenant_id, id)
);
SELECT muster_protect('calibration_notices', 'SELECT, INSERT');
