-- When the store was restored from a backup. The table only grows. `as_of` is when a process last worked on the backup's
-- store, `head` the end of the backup's history, `replaced` the name of the file that has the store before, `deliveries`
-- the messages that waited in the backup, and `pending` what became of them.
CREATE TABLE restores (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    at            INTEGER NOT NULL,
    by            TEXT NOT NULL,
    reason        TEXT,
    as_of         INTEGER,
    head_seq      INTEGER,
    head_chain    TEXT,
    replaced      TEXT,
    replaced_head TEXT,
    pending       TEXT NOT NULL CHECK (pending IN ('sent', 'given-up')),
    deliveries    INTEGER NOT NULL,
    checksum      INTEGER
) STRICT;

CREATE TRIGGER restores_are_not_changed
BEFORE UPDATE OF id, at, by, reason, as_of, head_seq, head_chain, replaced, replaced_head, pending, deliveries ON restores
BEGIN SELECT RAISE(ABORT, 'restores only grow'); END;
CREATE TRIGGER restores_are_not_removed BEFORE DELETE ON restores
BEGIN SELECT RAISE(ABORT, 'restores only grow'); END;

-- The gap of each feed after a restore: from when the backup had last read it, and when it was read to its end again.
CREATE TABLE restore_gaps (
    restore   INTEGER NOT NULL REFERENCES restores (id),
    source    TEXT NOT NULL,
    from_at   INTEGER,
    closed_at INTEGER,
    -- `read`: the feed reached back. `compared`: it did not, and the packages are compared with their registry.
    how       TEXT CHECK (how IN ('read', 'compared')),
    -- Events of watched packages that it announced from then on.
    events    INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (restore, source)
) STRICT, WITHOUT ROWID;
CREATE INDEX restore_gaps_open ON restore_gaps (source) WHERE closed_at IS NULL;
