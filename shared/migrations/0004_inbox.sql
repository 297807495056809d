-- The inbox of services that decide on what they hear: each event of a stream once, in its order.

-- How far a consumer has come in a stream of a topic; its row lock is the turn of whoever applies. 0: nothing yet.
CREATE TABLE inbox (
    consumer text   NOT NULL,
    topic    text   NOT NULL,
    stream   uuid   NOT NULL,
    sequence bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (consumer, topic, stream)
);

-- Which event was applied under each sequence, so that another one that claims the same place is known for what it is.
CREATE TABLE inbox_event (
    consumer text   NOT NULL,
    topic    text   NOT NULL,
    stream   uuid   NOT NULL,
    sequence bigint NOT NULL,
    event_id uuid   NOT NULL,
    PRIMARY KEY (consumer, topic, stream, sequence)
);

-- What came before an earlier event of its stream: kept, sealed as in quarantine, until the gap is closed or given up.
CREATE TABLE inbox_parked (
    consumer      text        NOT NULL,
    topic         text        NOT NULL,
    stream        uuid        NOT NULL,
    sequence      bigint      NOT NULL,
    event_id      uuid        NOT NULL,
    partition     integer     NOT NULL,
    record_offset bigint      NOT NULL,
    sha256        bytea       NOT NULL,
    sealed        bytea       NOT NULL,
    parked_at     timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (consumer, topic, stream, sequence)
);

-- An alarm: a second event under a sequence that is taken. The first one seen counts.
CREATE TABLE inbox_fork (
    consumer      text        NOT NULL,
    topic         text        NOT NULL,
    stream        uuid        NOT NULL,
    sequence      bigint      NOT NULL,
    kept_event_id uuid        NOT NULL,
    event_id      uuid        NOT NULL,
    partition     integer     NOT NULL,
    record_offset bigint      NOT NULL,
    seen_at       timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (consumer, topic, stream, sequence, event_id)
);

-- Gaps that an operator gave up: which sequences, who, when, and why (a code).
CREATE TABLE inbox_gap (
    id             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    consumer       text        NOT NULL,
    topic          text        NOT NULL,
    stream         uuid        NOT NULL,
    first_sequence bigint      NOT NULL,
    last_sequence  bigint      NOT NULL,
    reason         text        NOT NULL,
    given_up_by    text        NOT NULL,
    given_up_at    timestamptz NOT NULL DEFAULT now()
);
