-- Static CT logs are a kind of their own. SQLite cannot change a check, so the table is written anew.
PRAGMA defer_foreign_keys = ON;
CREATE TABLE logs_before AS SELECT * FROM logs;
DROP TABLE logs;
CREATE TABLE logs (
    name             TEXT PRIMARY KEY,
    kind             TEXT NOT NULL CHECK (kind IN ('rekor-v1', 'tiles', 'ct', 'static-ct')),
    url              TEXT NOT NULL,
    key_id           TEXT NOT NULL,
    first_index      INTEGER NOT NULL,
    standing         TEXT NOT NULL CHECK (standing IN ('active', 'retired', 'drained')),
    first_seen       INTEGER NOT NULL,
    start            INTEGER,
    verified         INTEGER,
    downloaded       INTEGER,
    verified_range   BLOB,
    downloaded_range BLOB,
    entries          INTEGER NOT NULL DEFAULT 0,
    bytes            INTEGER NOT NULL DEFAULT 0,
    last_success     INTEGER,
    last_error       TEXT,
    last_error_at    INTEGER,
    failing_since    INTEGER,
    checksum         INTEGER
) STRICT, WITHOUT ROWID;
INSERT INTO logs SELECT * FROM logs_before;
DROP TABLE logs_before;
