-- The end of a silence may lie ahead because the clock did: the silence can be ended again, and its earliest end counts.
CREATE TABLE silence_ends_again (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    silence  INTEGER NOT NULL REFERENCES silences (id),
    at       INTEGER NOT NULL,
    by       TEXT NOT NULL,
    reason   TEXT NOT NULL,
    checksum INTEGER
) STRICT;
INSERT INTO silence_ends_again (id, silence, at, by, reason, checksum)
SELECT id, silence, at, by, reason, checksum FROM silence_ends ORDER BY id;
DROP TABLE silence_ends;
ALTER TABLE silence_ends_again RENAME TO silence_ends;
CREATE INDEX silence_ends_of_silence ON silence_ends (silence, at);
CREATE TRIGGER silence_ends_are_not_changed BEFORE UPDATE OF id, silence, at, by, reason ON silence_ends
BEGIN SELECT RAISE(ABORT, 'silence_ends only grows'); END;
CREATE TRIGGER silence_ends_are_not_removed BEFORE DELETE ON silence_ends
BEGIN SELECT RAISE(ABORT, 'silence_ends only grows'); END;

-- Since when the alert is critical without a break: escalations count from then. Empty: since it was raised.
ALTER TABLE alerts ADD COLUMN critical_at INTEGER;
-- 1: it only carries a digest through the outbox, so that it counts nowhere and stands nowhere.
ALTER TABLE alerts ADD COLUMN is_digest INTEGER;
UPDATE alerts SET is_digest = 1
WHERE kind = 'operation' AND json_valid(body) AND json_extract(body, '$.digest') IS NOT NULL;

DROP INDEX alerts_listed;
CREATE INDEX alerts_listed ON alerts (raised_at DESC, fingerprint, severity, status, until_at, handled_at, kind, package,
    repeats, category, acknowledged_at, resolved_at, detectors, is_digest);
-- The alerts that follow-ups look through: the others are many and only grow.
CREATE INDEX alerts_unresolved ON alerts (status, severity, raised_at, fingerprint, repeats, critical_at, is_digest)
WHERE status <> 'resolved';
-- Notices follow the actions of the last day.
CREATE INDEX actions_by_time ON alert_actions (at);
