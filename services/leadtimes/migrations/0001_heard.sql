-- What leadtimes keeps: every event it heard (the record), the clocks of each case (made from it), and what logs are called.

-- Every event heard, once. The clocks can always be made again from this table alone.
CREATE TABLE event (
    event_id       uuid        PRIMARY KEY,
    topic          text        NOT NULL,
    stream         uuid        NOT NULL,
    sequence       bigint,
    type           text        NOT NULL,
    source         text        NOT NULL,
    subject        uuid        NOT NULL,
    time           timestamptz NOT NULL,
    precision      text        NOT NULL CHECK (precision IN ('instant', 'day')),
    recorded_at    timestamptz NOT NULL,
    correlation_id uuid        NOT NULL,
    causation_id   uuid,
    data           jsonb       NOT NULL,
    content_sha256 bytea       NOT NULL,
    log_id         uuid        GENERATED ALWAYS AS ((data ->> 'log_id')::uuid) STORED,
    activity_code  text        GENERATED ALWAYS AS (data ->> 'activity_code') STORED,
    stored_at      timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX event_of_stream ON event (stream, topic);
CREATE INDEX event_of_log ON event (log_id, activity_code) WHERE log_id IS NOT NULL;

-- An alarm: an id that came again with other content. The first recorded counts.
CREATE TABLE id_conflict (
    event_id       uuid        NOT NULL REFERENCES event,
    content_sha256 bytea       NOT NULL,
    seen_at        timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (event_id, content_sha256)
);

-- The clocks of one case. `missing`: sequences that later ones say must exist and that nobody has heard.
CREATE TABLE clock (
    case_id uuid    PRIMARY KEY,
    body    text    NOT NULL,
    missing bigint NOT NULL
);
CREATE INDEX clock_incomplete ON clock (case_id) WHERE missing > 0;

-- An imported log and its vocabulary: what its codes are called. The bus never learns these words.
CREATE TABLE log (
    log_id     uuid    PRIMARY KEY,
    sha256     text    NOT NULL,
    events     integer NOT NULL,
    vocabulary jsonb   NOT NULL
);

-- What people call a log. Several names may mean one log; a name never means two.
CREATE TABLE log_name (
    name   text PRIMARY KEY,
    log_id uuid NOT NULL REFERENCES log
);
