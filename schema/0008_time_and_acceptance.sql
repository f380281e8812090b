-- How often a feed lost its place: numbers that it used before may come again, and are then those of other events.
ALTER TABLE sources ADD COLUMN resets INTEGER NOT NULL DEFAULT 0;
-- What was accepted may be taken back.
CREATE TABLE baseline_versions_new (
    id      INTEGER PRIMARY KEY AUTOINCREMENT,
    package TEXT NOT NULL,
    line    TEXT NOT NULL,
    version INTEGER NOT NULL,
    reason  TEXT NOT NULL CHECK (reason IN ('learned', 'accepted', 'reset', 'unlearned', 'unaccepted')),
    purl    TEXT,
    at      INTEGER NOT NULL,
    actor   TEXT NOT NULL,
    note    TEXT,
    UNIQUE (package, line, version)
) STRICT;
INSERT INTO baseline_versions_new SELECT id, package, line, version, reason, purl, at, actor, note FROM baseline_versions;
DROP TABLE baseline_versions;
ALTER TABLE baseline_versions_new RENAME TO baseline_versions;
CREATE TRIGGER baseline_versions_are_not_changed BEFORE UPDATE ON baseline_versions
BEGIN
    SELECT RAISE(ABORT, 'baseline versions are append-only');
END;
CREATE TRIGGER baseline_versions_are_not_deleted BEFORE DELETE ON baseline_versions
BEGIN
    SELECT RAISE(ABORT, 'baseline versions are append-only');
END;
