-- A case as the worklist and the lists read it: its referrals, what intake told of it, and to whom each referral goes.
CREATE VIEW whole AS
SELECT stream, version, body, closed_by, known_case.protected, assignments, (
    SELECT jsonb_object_agg(referral_id, jsonb_build_array(to_function, suggested_function)) FROM referral WHERE case_id = stream
) AS functions
FROM state JOIN known_case ON case_id = stream;
