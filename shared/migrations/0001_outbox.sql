-- The chassis' own tables: what a service tells, when it shall act by itself, what it could not read, and the simulated clock.

-- The last sequence told of a stream; its row lock makes commit order = sequence order within the stream.
CREATE TABLE stream_sequence (
    topic    text   NOT NULL,
    stream   uuid   NOT NULL,
    sequence bigint NOT NULL,
    PRIMARY KEY (topic, stream)
);

-- The record of everything told. Never partitioned: its unique keys could not exist. Kept until gallring.
CREATE TABLE outbox (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    event_id   uuid        NOT NULL UNIQUE,
    topic      text        NOT NULL,
    stream     uuid        NOT NULL,
    sequence   bigint      NOT NULL,
    type       text        NOT NULL,
    headers    jsonb       NOT NULL,
    payload    bytea       NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (topic, stream, sequence)
);

-- What the broker has not acknowledged yet: small, and empty when all is well.
CREATE TABLE outbox_pending (id bigint PRIMARY KEY REFERENCES outbox (id));
ALTER TABLE outbox_pending SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);

CREATE TABLE timer (
    stream uuid        PRIMARY KEY,
    due_at timestamptz NOT NULL
);
CREATE INDEX timer_due ON timer (due_at, stream);

-- What could not be read or handled. `sealed` is the record under a key that the database does not have.
CREATE TABLE quarantine (
    id             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    topic          text        NOT NULL,
    partition      integer     NOT NULL,
    record_offset  bigint      NOT NULL,
    sha256         bytea       NOT NULL,
    reason         text        NOT NULL,
    sealed         bytea       NOT NULL,
    quarantined_at timestamptz NOT NULL DEFAULT now(),
    state          text        NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'redriven', 'discarded')),
    settled_at     timestamptz,
    settled_by     text,
    settled_reason text,
    UNIQUE (topic, partition, record_offset, sha256)
);

-- Only under SLUSS_SIMULATION: how far ahead of real time this service's clock is. One row.
CREATE TABLE simulated_clock (
    one   boolean  PRIMARY KEY DEFAULT true CHECK (one),
    ahead interval NOT NULL
);
