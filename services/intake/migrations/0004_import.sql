-- What other systems delivered in batches, by their own key of each item: kept for ever, so that nothing delivered again is done twice.
-- An item that was refused is not here: nothing happened, and it may come again, said otherwise.
CREATE TABLE import_item (
    source_system   text  NOT NULL,
    key             text  NOT NULL,
    item_sha256     bytea NOT NULL,
    case_id         uuid  NOT NULL,
    application_ref uuid,
    assignment_ref  uuid,
    PRIMARY KEY (source_system, key)
);
