-- What operators asked a service to do again, and who: kept as long as the outbox.
CREATE TABLE operation (
    id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind     text        NOT NULL CHECK (kind IN ('republish', 'rewind')),
    topic    text        NOT NULL,
    stream   uuid,
    asked_by text        NOT NULL,
    asked_at timestamptz NOT NULL DEFAULT now()
);

-- The republish that put a row back; NULL: told for the first time. A batch that was on its way meanwhile takes only its own rows off.
ALTER TABLE outbox_pending ADD COLUMN again bigint REFERENCES operation (id);
