-- As whom an adult applied together with another one of the household (sökande, medsökande). Beside the facts, and never told.
CREATE TABLE household_role (
    case_id uuid PRIMARY KEY,
    role    text NOT NULL
);
