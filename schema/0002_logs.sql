-- Transparency logs: where each stands, what it signed, what was found in it. A log is one tree with checkpoints of its
-- own: a shard of Rekor v1 or v2, a CT log. Ranges are half-open; indexes are those in the tree.

-- Everything below `verified` hashes to a root that the log signed; between there and `downloaded` it is only stored. The
-- ranges are compact ranges: 32 bytes for each bit of the position, the largest subtree first. All NULL: not tailed.
CREATE TABLE logs (
    name             TEXT PRIMARY KEY,
    kind             TEXT NOT NULL CHECK (kind IN ('rekor-v1', 'tiles', 'ct')),
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
    failing_since    INTEGER
) STRICT, WITHOUT ROWID;

-- Every checkpoint that a log's key signed and that was seen, also those that contradict one another.
CREATE TABLE log_checkpoints (
    log          TEXT NOT NULL REFERENCES logs (name),
    size         INTEGER NOT NULL,
    root         BLOB NOT NULL,
    note         TEXT NOT NULL,
    seen_at      INTEGER NOT NULL,
    last_seen_at INTEGER NOT NULL,
    -- 1: proven to be of one history with those before it. Until then it is asked again, unless it contradicts them.
    consistent   INTEGER NOT NULL CHECK (consistent IN (0, 1)),
    contradicts  INTEGER NOT NULL DEFAULT 0 CHECK (contradicts IN (0, 1)),
    PRIMARY KEY (log, size, root)
) STRICT, WITHOUT ROWID;

-- What was read and proven. Neighbours are merged; what is missing between 0 and the size was never read.
CREATE TABLE log_coverage (
    log   TEXT NOT NULL REFERENCES logs (name),
    first INTEGER NOT NULL,
    past  INTEGER NOT NULL,
    PRIMARY KEY (log, first)
) STRICT, WITHOUT ROWID;

-- How many entries of which kind; `believed` as below.
CREATE TABLE log_kinds (
    log      TEXT NOT NULL REFERENCES logs (name),
    kind     TEXT NOT NULL,
    version  TEXT NOT NULL,
    believed INTEGER NOT NULL CHECK (believed IN (0, 1)),
    count    INTEGER NOT NULL,
    PRIMARY KEY (log, kind, version, believed)
) STRICT, WITHOUT ROWID;

-- Entries by somebody who is watched. `believed` when they lie below the verified position. `identity` and `packages` are
-- JSON; `chained` says whether a trusted authority issued the certificate.
CREATE TABLE log_entries (
    log          TEXT NOT NULL REFERENCES logs (name),
    idx          INTEGER NOT NULL,
    leaf         BLOB NOT NULL,
    body         BLOB NOT NULL,
    kind         TEXT NOT NULL,
    version      TEXT NOT NULL,
    identity     TEXT NOT NULL,
    key_sha256   TEXT NOT NULL,
    digest       TEXT,
    serial       TEXT NOT NULL,
    not_issued   TEXT,
    not_before   INTEGER NOT NULL,
    packages     TEXT NOT NULL,
    patterns     TEXT NOT NULL,
    believed     INTEGER NOT NULL DEFAULT 0 CHECK (believed IN (0, 1)),
    seen_at      INTEGER NOT NULL,
    explained_by TEXT,
    judged_at    INTEGER,
    PRIMARY KEY (log, idx)
) STRICT, WITHOUT ROWID;
CREATE INDEX log_entries_by_key ON log_entries (key_sha256);
CREATE INDEX log_entries_by_digest ON log_entries (digest) WHERE digest IS NOT NULL;
CREATE INDEX log_entries_to_judge ON log_entries (seen_at) WHERE judged_at IS NULL AND believed = 1;

-- Entries that cannot be read: their first bytes, and how many there are.
CREATE TABLE log_quarantine (
    log      TEXT NOT NULL REFERENCES logs (name),
    idx      INTEGER NOT NULL,
    body     BLOB NOT NULL,
    bytes    INTEGER NOT NULL,
    why      TEXT NOT NULL,
    believed INTEGER NOT NULL DEFAULT 0 CHECK (believed IN (0, 1)),
    seen_at  INTEGER NOT NULL,
    PRIMARY KEY (log, idx)
) STRICT, WITHOUT ROWID;

-- What a log did wrong, with everything that a third party needs to judge it (JSON). Never deleted.
CREATE TABLE log_evidence (
    id            TEXT PRIMARY KEY,
    log           TEXT NOT NULL,
    kind          TEXT NOT NULL,
    document      TEXT NOT NULL,
    found_at      INTEGER NOT NULL,
    last_found_at INTEGER NOT NULL,
    count         INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TRIGGER log_evidence_is_not_deleted BEFORE DELETE ON log_evidence
BEGIN
    SELECT RAISE(ABORT, 'evidence is never deleted');
END;
CREATE TRIGGER log_evidence_is_not_changed BEFORE UPDATE OF id, log, kind, document, found_at ON log_evidence
BEGIN
    SELECT RAISE(ABORT, 'evidence is never changed');
END;

-- With what watched repositories sign.
CREATE TABLE log_workflows (
    repository TEXT NOT NULL,
    workflow   TEXT NOT NULL,
    first_seen INTEGER NOT NULL,
    last_seen  INTEGER NOT NULL,
    entries    INTEGER NOT NULL,
    explained  INTEGER NOT NULL,
    PRIMARY KEY (repository, workflow)
) STRICT, WITHOUT ROWID;

-- Entries that new releases name, to be looked up in their logs.
CREATE TABLE log_checks (
    release   TEXT NOT NULL,
    origin    TEXT NOT NULL,
    idx       INTEGER NOT NULL,
    queued_at INTEGER NOT NULL,
    due_at    INTEGER NOT NULL,
    attempts  INTEGER NOT NULL DEFAULT 0,
    outcome   TEXT CHECK (outcome IN ('found', 'missing', 'different', 'not-followed')),
    detail    TEXT,
    PRIMARY KEY (release, origin, idx)
) STRICT, WITHOUT ROWID;
CREATE INDEX log_checks_due ON log_checks (due_at) WHERE outcome IS NULL;
