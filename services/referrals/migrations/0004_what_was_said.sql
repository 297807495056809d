-- Whom a recipient suggests in their place: kept here also where events and state may not say so.
ALTER TABLE referral ADD COLUMN suggested_function text;
UPDATE referral SET suggested_function = body -> 'referrals' -> referral_id::text ->> 'suggested_function' FROM state WHERE stream = case_id;

-- What was not applied, so that a human knows what was said.
ALTER TABLE conflict ADD COLUMN said jsonb NOT NULL DEFAULT '{}';

-- Assignments by the event that issued them: a correction names that, and may be corrected itself.
UPDATE known_case SET assignments = (
    SELECT jsonb_object_agg(value ->> 'event_id', jsonb_build_object('ref', key, 'basis', value ->> 'basis', 'gone_by', ''))
    FROM jsonb_each(assignments)
) WHERE assignments <> '{}';
