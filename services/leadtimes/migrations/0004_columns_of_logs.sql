-- How far the import of a log has come. Counted by the statement that keeps its events; `told`: how many there are, once it was said.
CREATE TABLE log_progress (
    log_id      uuid    PRIMARY KEY,
    stored      integer NOT NULL,
    told        integer,
    first_event timestamptz,
    last_event  timestamptz
);
INSERT INTO log_progress (log_id, stored, told, first_event, last_event)
SELECT log_id, count(activity_code), max((data ->> 'events')::integer),
       min(time) FILTER (WHERE activity_code IS NOT NULL), max(time) FILTER (WHERE activity_code IS NOT NULL)
FROM event WHERE log_id IS NOT NULL GROUP BY log_id;

-- A complete log once more, as arrays in the order in which it is questioned (NumPy's npz): made of its events at the first question, and
-- of use while it holds as many as are stored. Not compressed, for it is read far more often than it is written; and not in the write-ahead
-- log: after a crash of the server it is empty, and made anew.
CREATE UNLOGGED TABLE log_columns (
    log_id  uuid    PRIMARY KEY REFERENCES log ON DELETE CASCADE,
    events  integer NOT NULL,
    columns bytea   NOT NULL
);
ALTER TABLE log_columns ALTER COLUMN columns SET STORAGE EXTERNAL;
