-- Cases that were ever marked as duplicates are made anew together: all marks are read with every batch, and they are few.
CREATE INDEX event_of_duplicate ON event (stream) WHERE type = 'se.sluss.intake.case-marked-duplicate.v1';
