-- The life cycle of alerts. An acknowledgement may lapse and a snooze ends; a resolved alert has a category.
ALTER TABLE alert_actions ADD COLUMN until_at INTEGER;
ALTER TABLE alert_actions ADD COLUMN category TEXT
    CHECK (category IN ('true-positive', 'expected', 'false-positive', 'duplicate'));
-- The fingerprint of the alert that a duplicate repeats.
ALTER TABLE alert_actions ADD COLUMN duplicate_of TEXT;
DROP TRIGGER alert_actions_are_not_changed;
CREATE TRIGGER alert_actions_are_not_changed
BEFORE UPDATE OF id, alert, status, by, reason, at, until_at, category, duplicate_of ON alert_actions
BEGIN
    SELECT RAISE(ABORT, 'alert actions are append-only');
END;

-- The columns that lists and counts of alerts need beside the others. All follow from `body` and `alert_actions`.
-- When the acknowledgement lapses or the snooze ends.
ALTER TABLE alerts ADD COLUMN until_at INTEGER;
ALTER TABLE alerts ADD COLUMN category TEXT;
-- The last action, the first acknowledgement since the alert was raised, and its resolution, if it is resolved.
ALTER TABLE alerts ADD COLUMN handled_at INTEGER;
ALTER TABLE alerts ADD COLUMN acknowledged_at INTEGER;
ALTER TABLE alerts ADD COLUMN resolved_at INTEGER;
-- The detectors of its signals, with a comma before and after each.
ALTER TABLE alerts ADD COLUMN detectors TEXT;

UPDATE alerts SET
    handled_at = (SELECT max(at) FROM alert_actions WHERE alert = fingerprint),
    acknowledged_at = (SELECT min(at) FROM alert_actions
                       WHERE alert = fingerprint AND alert_actions.status = 'acknowledged' AND at >= raised_at),
    resolved_at = CASE WHEN status = 'resolved' THEN (SELECT max(at) FROM alert_actions
                       WHERE alert = fingerprint AND alert_actions.status = 'resolved') END,
    detectors = CASE WHEN json_valid(body) THEN (SELECT ',' || group_concat(DISTINCT json_extract(value, '$.detector')) || ','
                       FROM json_each(body, '$.signals')) END;

-- Every column that a list filters by: no list reads a body that it does not show.
DROP INDEX alerts_by_time;
CREATE INDEX alerts_listed ON alerts (raised_at DESC, fingerprint, severity, status, until_at, handled_at, kind, package,
    repeats, category, acknowledged_at, resolved_at, detectors);
CREATE INDEX alerts_that_end ON alerts (until_at) WHERE until_at IS NOT NULL;
