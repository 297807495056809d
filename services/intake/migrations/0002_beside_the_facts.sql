-- By unit and by household, to list what a team has and who belong together; and whom not everybody may see.
ALTER TABLE state ADD COLUMN unit text, ADD COLUMN household_ref uuid, ADD COLUMN protected boolean NOT NULL DEFAULT false;
UPDATE state SET household_ref = (body ->> 'household_ref')::uuid;
CREATE INDEX state_unit ON state (unit, stream) WHERE unit IS NOT NULL;
CREATE INDEX state_household ON state (household_ref) WHERE household_ref IS NOT NULL;

-- What other systems call a case. It stays here: a number of theirs is never told on the bus.
CREATE TABLE source_ref (
    source_system text NOT NULL,
    source_ref    text NOT NULL,
    case_id       uuid NOT NULL,
    PRIMARY KEY (source_system, source_ref)
);
CREATE INDEX source_ref_case ON source_ref (case_id);

-- What changed, for those who follow. A row gets its place only when somebody asks and all before it are committed: places are given by
-- one at a time, of rows that are there, so no row ever appears behind a place that was read.
CREATE TABLE change_pending (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    case_id     uuid        NOT NULL,
    version     bigint      NOT NULL,
    facts       text[]      NOT NULL,
    recorded_at timestamptz NOT NULL
);
CREATE TABLE change (
    place       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    case_id     uuid        NOT NULL,
    version     bigint      NOT NULL,
    facts       text[]      NOT NULL,
    recorded_at timestamptz NOT NULL
);
INSERT INTO change_pending (case_id, version, facts, recorded_at) SELECT stream, version, '{}', now() FROM state ORDER BY stream;

-- A rule that a human did not follow, and why.
CREATE TABLE override (
    case_id  uuid        NOT NULL,
    rule     text        NOT NULL,
    ref      uuid        NOT NULL,
    reason   text        NOT NULL,
    noted_at timestamptz NOT NULL,
    noted_by text        NOT NULL,
    PRIMARY KEY (case_id, rule, ref)
);
