"""The forms in which an event log comes, each read as a stream into the same events: XES, CSV, NDJSON and a batch of CloudEvents."""
