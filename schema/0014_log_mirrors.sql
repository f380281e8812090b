-- One log at several URLs: how each of them stands, as the last look found it. Nothing is judged by it but how the mirrors
-- themselves fare; what they signed is a checkpoint like any other.
CREATE TABLE log_mirrors (
    log           TEXT NOT NULL,
    url           TEXT NOT NULL,
    size          INTEGER,
    seen_at       INTEGER,
    behind_since  INTEGER,
    failing_since INTEGER,
    last_error    TEXT,
    PRIMARY KEY (log, url)
) STRICT, WITHOUT ROWID;
