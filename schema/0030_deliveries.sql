-- When an operator put it back into the outbox after it was given up; empty: never.
ALTER TABLE deliveries ADD COLUMN retried_at INTEGER;
CREATE INDEX deliveries_failed ON deliveries (subscription, settled_at) WHERE state = 'failed';

-- What operators did with deliveries, one row for each command: `action` is `retried` or `sent`. The table only grows.
CREATE TABLE delivery_actions (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    at           INTEGER NOT NULL,
    by           TEXT NOT NULL,
    action       TEXT NOT NULL CHECK (action IN ('retried', 'sent')),
    -- Empty: several.
    subscription TEXT,
    -- How many deliveries it put into the outbox, or made due.
    deliveries   INTEGER NOT NULL,
    reason       TEXT,
    checksum     INTEGER
) STRICT;
CREATE TRIGGER delivery_actions_are_not_changed
BEFORE UPDATE OF id, at, by, action, subscription, deliveries, reason ON delivery_actions
BEGIN SELECT RAISE(ABORT, 'delivery_actions only grows'); END;
CREATE TRIGGER delivery_actions_are_not_removed BEFORE DELETE ON delivery_actions
BEGIN SELECT RAISE(ABORT, 'delivery_actions only grows'); END;

-- The endpoints of receivers: since when one is disabled, because it answered that it is gone for good, and when an
-- operator last asked to try it again.
CREATE TABLE endpoints (
    subscription TEXT PRIMARY KEY,
    disabled_at  INTEGER,
    why          TEXT,
    woken_at     INTEGER
) STRICT, WITHOUT ROWID;
