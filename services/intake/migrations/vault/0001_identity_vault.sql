-- Whose a person_ref is. Made by the role intake_vault in a schema of its own; the role intake, which owns the database, may not read here.

-- `lookup`: HMAC-SHA256 of the number; `sealed`: number, name and address under the person's data key. Both NULL once the person is erased.
CREATE TABLE person (
    person_ref       uuid   PRIMARY KEY,
    kind             text   NOT NULL CHECK (kind IN ('personnummer', 'samordningsnummer', 'local_reserve', 'anonymous')),
    lookup           bytea  UNIQUE,
    sealed           bytea,
    protection_level text   NOT NULL CHECK (protection_level IN ('none', 'secrecy_marking', 'protected_registration')),
    effective_on     date,
    version          bigint NOT NULL
);

-- The data key of each person, wrapped by a key that the database does not have. Without this row nobody opens what is sealed.
CREATE TABLE person_key (
    person_ref  uuid  PRIMARY KEY REFERENCES person (person_ref),
    wrapped_key bytea NOT NULL
);
ALTER TABLE person_key SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 0);

-- Who did what with whose identity, when and why (SoLPuL 2001:454 10 §). `person_ref` NULL: a number was looked up that nobody has here.
CREATE TABLE identity_access (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at          timestamptz NOT NULL,
    caller      text        NOT NULL,
    action      text        NOT NULL,
    purpose     text        NOT NULL,
    person_ref  uuid,
    correlation uuid        NOT NULL
);
REVOKE ALL ON identity_access FROM CURRENT_USER;
GRANT INSERT ON identity_access TO CURRENT_USER;

-- As the chassis has it (shared/migrations/0002_http.sql), beside the persons: a key is settled in the transaction of its effect.
-- `request_sha256` is an HMAC here: every number there is can be tried against a mere hash.
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
