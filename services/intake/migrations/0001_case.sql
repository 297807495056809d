-- The folded state of every case: one JSON document a stream, beside it what is looked up by. The record itself is the outbox.
CREATE TABLE state (
    stream     uuid   PRIMARY KEY,
    version    bigint NOT NULL,
    body       jsonb  NOT NULL,
    person_ref uuid,
    status     text   NOT NULL CHECK (status IN ('open', 'closed'))
);
-- Which cases a person has: a random reference, of which only the identity vault will know whose it is.
CREATE INDEX state_person ON state (person_ref) WHERE person_ref IS NOT NULL;
