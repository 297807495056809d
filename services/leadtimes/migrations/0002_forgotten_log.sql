-- Logs that somebody wished forgotten. Their events may still lie on the topic; heard again (a rewind, an import under way) they are not
-- kept. Named anew, a log is forgotten no longer.
CREATE TABLE forgotten_log (
    log_id       uuid        PRIMARY KEY,
    forgotten_at timestamptz NOT NULL DEFAULT now()
);
