-- Why a message was sent again, or about what besides the alert: a repetition, an escalation, a notice. Empty: the alert was
-- raised.
ALTER TABLE deliveries ADD COLUMN why TEXT;

-- When the last digest of a subscription was due.
CREATE TABLE digests (
    subscription TEXT PRIMARY KEY,
    due_at       INTEGER NOT NULL,
    made_at      INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
