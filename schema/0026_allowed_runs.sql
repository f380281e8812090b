-- The runs of one's own release workflow that the CI told of. The table only grows. `run` is the URL without the attempt,
-- `digests` is a JSON list, `source` the SHA-256 of the signed file that told of it.
CREATE TABLE allowed_runs (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    run      TEXT NOT NULL,
    attempt  INTEGER,
    digests  TEXT NOT NULL,
    package  TEXT,
    at       INTEGER NOT NULL,
    by       TEXT NOT NULL,
    source   TEXT UNIQUE,
    checksum INTEGER
) STRICT;

CREATE INDEX allowed_runs_by_run ON allowed_runs (run);
CREATE INDEX allowed_runs_of_package ON allowed_runs (package, at) WHERE package IS NOT NULL;

-- The digests once more, for look-ups.
CREATE TABLE allowed_digests (
    digest      TEXT NOT NULL,
    allowed_run INTEGER NOT NULL REFERENCES allowed_runs (id),
    PRIMARY KEY (digest, allowed_run)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER allowed_runs_are_not_changed
BEFORE UPDATE OF id, run, attempt, digests, package, at, by, source ON allowed_runs
BEGIN SELECT RAISE(ABORT, 'allowed_runs only grows'); END;
CREATE TRIGGER allowed_runs_are_not_removed BEFORE DELETE ON allowed_runs
BEGIN SELECT RAISE(ABORT, 'allowed_runs only grows'); END;
