-- What a provider gives to a target group (utförarens program): to whom referrals to it are sent, within which period, how many at once.
CREATE TABLE programme (
    programme_id uuid        PRIMARY KEY,
    provider     uuid        NOT NULL,
    to_function  text        NOT NULL,
    insats_kind  text        NOT NULL,
    target_group text        NOT NULL,
    opens_on     date        NOT NULL,
    closes_on    date        NOT NULL,
    seats        integer     NOT NULL,
    grouping     text        NOT NULL,
    status       text,
    reported_at  timestamptz
);
CREATE INDEX programme_function ON programme (to_function, programme_id);

CREATE TABLE programme_group (
    group_id     uuid    PRIMARY KEY,
    programme_id uuid    NOT NULL REFERENCES programme,
    starts_on    date    NOT NULL,
    weeks        integer NOT NULL,
    seats        integer NOT NULL
);
CREATE INDEX group_of_programme ON programme_group (programme_id);

-- Which programme a referral is at; no event says so. In its line while `from_on` is null, then with a seat from that day until `to_on`,
-- booked until it `started`.
CREATE TABLE place (
    number       bigint      GENERATED ALWAYS AS IDENTITY,
    referral_id  uuid        PRIMARY KEY,
    case_id      uuid        NOT NULL,
    programme_id uuid        NOT NULL REFERENCES programme,
    queued_at    timestamptz NOT NULL,
    group_id     uuid        REFERENCES programme_group,
    from_on      date,
    started      boolean     NOT NULL,
    to_on        date,
    ready_on     date
);
CREATE INDEX place_of_programme ON place (programme_id);
CREATE INDEX place_of_case ON place (case_id);
