-- What people are qualified for, until when, by which evidence; training; and who was told that something runs out.

-- What a plant accepts as a qualification. skills: codes a valid record of it gives. Months and days are what is usual
-- for it; a record may say otherwise. source: the law or standard it stands on, with its edition.
CREATE TABLE qualification_types (
    tenant_id uuid NOT NULL REFERENCES tenants (tenant_id),
    id uuid NOT NULL,
    slug text NOT NULL CHECK (slug ~ '^[a-z0-9][a-z0-9-]{0,62}$'),
    name jsonb NOT NULL,
    skills text[] NOT NULL,
    validity_months integer CHECK (validity_months BETWEEN 1 AND 600),
    review_months integer CHECK (review_months BETWEEN 1 AND 600),
    warn_days integer NOT NULL CHECK (warn_days BETWEEN 0 AND 366),
    source text NOT NULL CHECK (length(source) BETWEEN 1 AND 500),
    in_use boolean NOT NULL DEFAULT true,
    version integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, slug)
);
SELECT muster_protect('qualification_types', 'SELECT, INSERT, UPDATE');

-- A file that proves a qualification or a training; the bytes are in the file store under (tenant, sha256).
CREATE TABLE evidence_files (
    tenant_id uuid NOT NULL REFERENCES tenants (tenant_id),
    id uuid NOT NULL,
    media_type text NOT NULL CHECK (media_type IN ('application/pdf', 'image/jpeg', 'image/png')),
    size_bytes integer NOT NULL CHECK (size_bytes BETWEEN 1 AND 10485760),
    sha256 text NOT NULL CHECK (sha256 ~ '^[0-9a-f]{64}$'),
    uploaded_by uuid NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, uploaded_by) REFERENCES accounts (tenant_id, id)
);
SELECT muster_protect('evidence_files', 'SELECT, INSERT');

-- One qualification of one person. Days are days of the plant (see people/qualifications/standing.py); both ends belong
-- to it. review_by: the last day it counts without a review. ends_on is the earlier of both ends; NULL: without end.
-- sites, zones: where it counts; both empty: everywhere. suspended_*: the running or the last suspension.
CREATE TABLE qualifications (
    tenant_id uuid NOT NULL REFERENCES tenants (tenant_id),
    id uuid NOT NULL,
    account_id uuid NOT NULL,
    type_id uuid NOT NULL,
    issuer text NOT NULL CHECK (length(issuer) BETWEEN 1 AND 200),
    scope text NOT NULL CHECK (length(scope) <= 500),
    sites uuid[] NOT NULL,
    zones uuid[] NOT NULL,
    number text CHECK (length(number) BETWEEN 1 AND 100),
    valid_from date NOT NULL,
    valid_until date,
    review_by date,
    ends_on date GENERATED ALWAYS AS (least(valid_until, review_by)) STORED,
    evidence_id uuid,
    suspended_from date,
    suspended_until date,
    suspended_reason text CHECK (length(suspended_reason) BETWEEN 1 AND 500),
    suspended_by uuid,
    version integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE NULLS NOT DISTINCT (tenant_id, account_id, type_id, number, valid_from),
    FOREIGN KEY (tenant_id, account_id) REFERENCES accounts (tenant_id, id),
    FOREIGN KEY (tenant_id, type_id) REFERENCES qualification_types (tenant_id, id),
    FOREIGN KEY (tenant_id, evidence_id) REFERENCES evidence_files (tenant_id, id),
    CHECK (valid_until >= valid_from),
    CHECK (review_by >= valid_from),
    CHECK ((suspended_from IS NULL) = (suspended_reason IS NULL)),
    CHECK (suspended_until IS NULL OR suspended_until >= suspended_from)
);
CREATE INDEX qualifications_type ON qualifications (tenant_id, type_id);
CREATE INDEX qualifications_ends ON qualifications (tenant_id, ends_on) WHERE ends_on IS NOT NULL;
CREATE INDEX qualifications_evidence ON qualifications (tenant_id, evidence_id) WHERE evidence_id IS NOT NULL;
SELECT muster_protect('qualifications');

-- A training somebody took part in; qualification_id: the record that a passed one made.
CREATE TABLE trainings (
    tenant_id uuid NOT NULL REFERENCES tenants (tenant_id),
    id uuid NOT NULL,
    account_id uuid NOT NULL,
    course text NOT NULL CHECK (length(course) BETWEEN 1 AND 200),
    trainer text NOT NULL CHECK (length(trainer) BETWEEN 1 AND 200),
    held_on date NOT NULL,
    hours double precision NOT NULL CHECK (hours > 0 AND hours <= 2000),
    result text NOT NULL CHECK (result IN ('passed', 'failed', 'attended')),
    evidence_id uuid,
    qualification_id uuid,
    version integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, account_id) REFERENCES accounts (tenant_id, id),
    FOREIGN KEY (tenant_id, evidence_id) REFERENCES evidence_files (tenant_id, id),
    FOREIGN KEY (tenant_id, qualification_id) REFERENCES qualifications (tenant_id, id)
        ON DELETE SET NULL (qualification_id)
);
CREATE INDEX trainings_account ON trainings (tenant_id, account_id, held_on DESC);
CREATE INDEX trainings_held ON trainings (tenant_id, held_on DESC, id);
CREATE INDEX trainings_qualification ON trainings (tenant_id, qualification_id) WHERE qualification_id IS NOT NULL;
CREATE INDEX trainings_evidence ON trainings (tenant_id, evidence_id) WHERE evidence_id IS NOT NULL;
SELECT muster_protect('trainings');

-- That a qualification began to run out, or has run out, was found: once for each end it was given.
CREATE TABLE qualification_notices (
    tenant_id uuid NOT NULL REFERENCES tenants (tenant_id),
    qualification_id uuid NOT NULL,
    state text NOT NULL CHECK (state IN ('expiring', 'expired')),
    ends_on date NOT NULL,
    noticed_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, qualification_id, state, ends_on),
    FOREIGN KEY (tenant_id, qualification_id) REFERENCES qualifications (tenant_id, id) ON DELETE CASCADE
);
SELECT muster_protect('qualification_notices');

-- The last day a tenant's qualifications were gone through to the end.
CREATE TABLE qualification_watches (
    tenant_id uuid PRIMARY KEY REFERENCES tenants (tenant_id),
    day date NOT NULL
);
SELECT muster_protect('qualification_watches', 'SELECT, INSERT, UPDATE');
