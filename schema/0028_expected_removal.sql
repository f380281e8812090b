-- Who removed an announced change, and why. Both are empty for what was removed before.
ALTER TABLE expected_changes ADD COLUMN removed_by TEXT;
ALTER TABLE expected_changes ADD COLUMN removed_why TEXT;
