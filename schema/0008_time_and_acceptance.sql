-- How often a feed lost its place: numbers that it used before may come again, and are then those of other events. Empty:
-- never, so that the checksums of the rows stay true.
ALTER TABLE sources ADD COLUMN resets INTEGER;
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
    checksum INTEGER,
    UNIQUE (package, line, version)
) STRICT;
INSERT INTO baseline_versions_new (id, package, line, version, reason, purl, at, actor, note, checksum)
SELECT id, package, line, version, reason, purl, at, actor, note, checksum FROM baseline_versions;
DROP TABLE baseline_versions;
ALTER TABLE baseline_versions_new RENAME TO baseline_versions;
CREATE TRIGGER baseline_versions_are_not_changed
BEFORE UPDATE OF id, package, line, version, reason, purl, at, actor, note ON baseline_versions
BEGIN
    SELECT RAISE(ABORT, 'baseline versions are append-only');
END;
CREATE TRIGGER baseline_versions_are_not_deleted BEFORE DELETE ON baseline_versions
BEGIN
    SELECT RAISE(ABORT, 'baseline versions are append-only');
END;
