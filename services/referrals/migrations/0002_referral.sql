-- Cases of protected persons are there for few.
ALTER TABLE state ADD COLUMN protected boolean NOT NULL DEFAULT false;

-- What intake has told of a case: by which event it is closed, whether its person is protected, and its assignments: each with its basis
-- and the id of the event that issued it, since a correction names that.
CREATE TABLE known_case (
    case_id     uuid    PRIMARY KEY,
    closed_by   uuid,
    protected   boolean NOT NULL DEFAULT false,
    assignments jsonb   NOT NULL DEFAULT '{}'
);

-- Every referral by what it is looked up by. To which function it goes stands here also where the events may not say so.
CREATE TABLE referral (
    referral_id uuid    PRIMARY KEY,
    case_id     uuid    NOT NULL,
    to_function text    NOT NULL,
    state       text    NOT NULL,
    is_open     boolean NOT NULL,
    was_sent    boolean NOT NULL
);
CREATE INDEX referral_case ON referral (case_id);
CREATE INDEX referral_function ON referral (to_function, referral_id) WHERE was_sent;

-- What changed, for those who follow (shared/changes.py).
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

-- Two who did not know of each other: what came second and was not applied, for a human to look at.
CREATE TABLE conflict (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    case_id     uuid        NOT NULL,
    referral_id uuid,
    step        text        NOT NULL,
    by_actor    text        NOT NULL,
    noted_at    timestamptz NOT NULL,
    noted_by    text        NOT NULL,
    cause       uuid        UNIQUE,
    settled_at  timestamptz,
    settled_by  text
);
CREATE INDEX conflict_open ON conflict (id) WHERE settled_at IS NULL;

-- A guard that a human overrode, and why.
CREATE TABLE override (
    case_id     uuid        NOT NULL,
    referral_id uuid        NOT NULL,
    step        text        NOT NULL,
    reason      text        NOT NULL,
    noted_at    timestamptz NOT NULL,
    noted_by    text        NOT NULL,
    PRIMARY KEY (referral_id, step)
);
