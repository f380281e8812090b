-- The keys by which log entries are found: see src/store/logs/entry_traces.rs.
CREATE TABLE log_entry_traces (
    -- Eight bytes of a hash of the kind and the value.
    key     INTEGER NOT NULL,
    seen_at INTEGER NOT NULL,
    log     TEXT NOT NULL,
    idx     INTEGER NOT NULL,
    PRIMARY KEY (key, seen_at, log, idx)
) STRICT, WITHOUT ROWID;
