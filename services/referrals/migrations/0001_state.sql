-- The folded state of every stream: one JSON document each. The record itself is the outbox.
CREATE TABLE state (
    stream  uuid   PRIMARY KEY,
    version bigint NOT NULL,
    body    jsonb  NOT NULL
);
