-- What comes again is compared with what is kept column by column, so no event needs a hash of its own. One that differs gets it in id_conflict.
ALTER TABLE event DROP COLUMN content_sha256;
