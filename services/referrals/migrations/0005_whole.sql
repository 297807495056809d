-- What intake corrected of its assignments, in the order in which it was told: which of them count is folded from that.
ALTER TABLE known_case ADD COLUMN corrections jsonb NOT NULL DEFAULT '[]';
UPDATE known_case SET corrections = (
    SELECT coalesce(jsonb_agg(jsonb_build_object('event_id', value ->> 'gone_by', 'corrects', key)), '[]')
    FROM jsonb_each(assignments) WHERE value ->> 'gone_by' <> ''
);

-- A case as the worklist and the lists read it: its referrals, what intake told of it, and to whom each referral goes.
CREATE VIEW whole AS
SELECT stream, version, body, closed_by, known_case.protected, assignments, corrections, (
    SELECT jsonb_object_agg(referral_id, jsonb_build_array(to_function, suggested_function)) FROM referral WHERE case_id = stream
) AS functions
FROM state JOIN known_case ON case_id = stream;
