-- Observations are compressed, and the keys by which releases are found are hashes: see src/store/packed and
-- src/store/traces. `packed` and `resealed` are functions of the program.
DROP TABLE traces;

CREATE TABLE compact_releases (
    id           INTEGER PRIMARY KEY,
    purl         TEXT NOT NULL UNIQUE,
    package      TEXT NOT NULL,
    version      TEXT NOT NULL,
    line         TEXT NOT NULL,
    published_at INTEGER,
    observed_at  INTEGER NOT NULL,
    updated_at   INTEGER NOT NULL,
    status       TEXT NOT NULL CHECK (status IN ('published', 'yanked', 'unpublished', 'quarantined')),
    outcome      TEXT NOT NULL CHECK (outcome IN ('learned', 'clean', 'alerted', 'held', 'unchecked', 'unreadable')),
    unchecked    TEXT NOT NULL,
    teaches      INTEGER NOT NULL DEFAULT 0 CHECK (teaches IN (0, 1)),
    recheck_at   INTEGER,
    attempts     INTEGER NOT NULL DEFAULT 0,
    files        TEXT NOT NULL,
    -- JSON, compressed.
    observation  BLOB,
    checksum     INTEGER
) STRICT;

-- A row that did not agree with its checksum does not agree afterwards.
INSERT INTO compact_releases
SELECT id, purl, package, version, line, published_at, observed_at, updated_at, status, outcome, unchecked, teaches,
       recheck_at, attempts, files, packed(observation),
       CASE WHEN checksum IS NULL THEN NULL ELSE resealed(checksum,
           row_sum(purl, package, version, line, published_at, observed_at, updated_at, status, outcome, unchecked,
                   teaches, recheck_at, attempts, files, observation),
           row_sum(purl, package, version, line, published_at, observed_at, updated_at, status, outcome, unchecked,
                   teaches, recheck_at, attempts, files, packed(observation))) END
FROM releases ORDER BY id;

DROP TABLE releases;

ALTER TABLE compact_releases RENAME TO releases;

CREATE INDEX releases_by_outcome ON releases (outcome);
CREATE INDEX releases_by_time ON releases (published_at);
CREATE INDEX releases_new_by_outcome ON releases (outcome, observed_at) WHERE published_at > observed_at - 604800000000;
CREATE INDEX releases_of_package ON releases (package, published_at);
CREATE INDEX releases_to_recheck ON releases (recheck_at) WHERE recheck_at IS NOT NULL;
CREATE INDEX releases_unchecked ON releases (id) WHERE unchecked <> '[]';

CREATE TABLE traces (
    -- Eight bytes of a hash of the kind and the value.
    key          INTEGER NOT NULL,
    published_at INTEGER NOT NULL,
    -- Without an index: a release is only deleted when its row is damaged.
    release      INTEGER NOT NULL REFERENCES releases (id) ON DELETE CASCADE,
    PRIMARY KEY (key, published_at, release)
) STRICT, WITHOUT ROWID;

-- The values of traces that can be searched for by a pattern.
CREATE TABLE trace_values (
    kind  TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (kind, value)
) STRICT, WITHOUT ROWID;

CREATE INDEX log_entries_by_leaf ON log_entries (leaf);
