-- A checksum over the other columns of the row. Empty: the row is older than checksums and was not written since.
-- provwatch writes it (src/store/sealed.rs); a row that is changed by hand loses nothing but its agreement with it, and
-- is then set aside as damaged. `UPDATE ... SET checksum = NULL` takes a row as it is.
ALTER TABLE alerts ADD COLUMN checksum INTEGER;
ALTER TABLE alert_actions ADD COLUMN checksum INTEGER;
ALTER TABLE attempts ADD COLUMN checksum INTEGER;
ALTER TABLE baselines ADD COLUMN checksum INTEGER;
ALTER TABLE baseline_versions ADD COLUMN checksum INTEGER;
ALTER TABLE deliveries ADD COLUMN checksum INTEGER;
ALTER TABLE expected_changes ADD COLUMN checksum INTEGER;
ALTER TABLE forge_answers ADD COLUMN checksum INTEGER;
ALTER TABLE log_checkpoints ADD COLUMN checksum INTEGER;
ALTER TABLE log_checks ADD COLUMN checksum INTEGER;
ALTER TABLE log_entries ADD COLUMN checksum INTEGER;
ALTER TABLE log_evidence ADD COLUMN checksum INTEGER;
ALTER TABLE log_workflows ADD COLUMN checksum INTEGER;
ALTER TABLE logs ADD COLUMN checksum INTEGER;
ALTER TABLE packages ADD COLUMN checksum INTEGER;
ALTER TABLE releases ADD COLUMN checksum INTEGER;
ALTER TABLE sources ADD COLUMN checksum INTEGER;

-- What is append-only stays so; only its checksum is filled in after the row.
DROP TRIGGER alert_actions_are_not_changed;
CREATE TRIGGER alert_actions_are_not_changed BEFORE UPDATE OF id, alert, status, by, reason, at ON alert_actions
BEGIN
    SELECT RAISE(ABORT, 'alert actions are append-only');
END;
DROP TRIGGER baseline_versions_are_not_changed;
CREATE TRIGGER baseline_versions_are_not_changed
BEFORE UPDATE OF id, package, line, version, reason, purl, at, actor, note ON baseline_versions
BEGIN
    SELECT RAISE(ABORT, 'baseline versions are append-only');
END;

-- Rows that could not be read, or did not agree with their checksum, as they were found.
CREATE TABLE damaged_rows (
    id         INTEGER PRIMARY KEY,
    table_name TEXT NOT NULL,
    row_key    TEXT NOT NULL,
    content    TEXT NOT NULL,
    why        TEXT NOT NULL,
    found_at   INTEGER NOT NULL,
    -- What was put in its place.
    remedy     TEXT NOT NULL,
    -- When an alert told of it.
    told_at    INTEGER,
    UNIQUE (table_name, row_key, content)
) STRICT;

CREATE INDEX damaged_rows_to_tell ON damaged_rows (id) WHERE told_at IS NULL;
