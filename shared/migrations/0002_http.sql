-- What HTTP needs to remember: requests already carried out, links that open one browser, and the browsers opened. All in real time.

-- Written in the transaction of the effect. Of the answer only the status and which resource: a body may hold personal data, so it is rebuilt.
CREATE TABLE idempotency (
    caller         text        NOT NULL,
    key            text        NOT NULL,
    request_sha256 bytea       NOT NULL,
    status         smallint    NOT NULL,
    resource       text        NOT NULL,
    settled_at     timestamptz NOT NULL,
    PRIMARY KEY (caller, key)
);
CREATE INDEX idempotency_age ON idempotency (settled_at);

-- Only the SHA-256 of a code: who reads this table cannot open anything with it.
CREATE TABLE one_time_link (
    code_sha256 bytea       PRIMARY KEY,
    subject     text        NOT NULL,
    roles       text[]      NOT NULL,
    expires_at  timestamptz NOT NULL,
    used_at     timestamptz
);

CREATE TABLE page_session (
    secret_sha256 bytea       PRIMARY KEY,
    subject       text        NOT NULL,
    roles         text[]      NOT NULL,
    expires_at    timestamptz NOT NULL
);
