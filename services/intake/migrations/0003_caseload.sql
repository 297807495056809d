-- Who handles what (handläggare), beside the facts and never told. A worker is a random reference: whose it is, staff's own system knows;
-- why somebody is away, nobody here.
CREATE TABLE worker (
    worker_ref uuid    PRIMARY KEY,
    unit       text    NOT NULL,
    experience text    NOT NULL,
    away       boolean NOT NULL
);

-- Of which kind a case is, and who has it. A case without a row is one of income support that nobody has.
CREATE TABLE handling (
    case_id    uuid PRIMARY KEY,
    worker_ref uuid REFERENCES worker ON DELETE SET NULL,
    case_type  text NOT NULL
);
CREATE INDEX handling_worker ON handling (worker_ref);
