-- Alerts that are not sent for a time. The table only grows: an early end is a row of `silence_ends`. `matchers` is JSON.
CREATE TABLE silences (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    matchers   TEXT NOT NULL,
    reason     TEXT NOT NULL,
    by         TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    until_at   INTEGER NOT NULL,
    checksum   INTEGER
) STRICT;

CREATE TABLE silence_ends (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    silence  INTEGER NOT NULL UNIQUE REFERENCES silences (id),
    at       INTEGER NOT NULL,
    by       TEXT NOT NULL,
    reason   TEXT NOT NULL,
    checksum INTEGER
) STRICT;

-- The messages that a silence held back. `released_at`: the silence was over, and the alert was sent or had no more need
-- of a message.
CREATE TABLE silence_holds (
    silence      INTEGER NOT NULL REFERENCES silences (id),
    alert        TEXT NOT NULL REFERENCES alerts (fingerprint),
    subscription TEXT NOT NULL,
    at           INTEGER NOT NULL,
    released_at  INTEGER,
    PRIMARY KEY (silence, alert, subscription)
) STRICT, WITHOUT ROWID;

CREATE INDEX silence_holds_of_alert ON silence_holds (alert);

CREATE INDEX silence_holds_open ON silence_holds (silence) WHERE released_at IS NULL;

CREATE TRIGGER silences_are_not_changed BEFORE UPDATE OF id, matchers, reason, by, created_at, until_at ON silences
BEGIN SELECT RAISE(ABORT, 'silences only grow'); END;
CREATE TRIGGER silences_are_not_removed BEFORE DELETE ON silences
BEGIN SELECT RAISE(ABORT, 'silences only grow'); END;
CREATE TRIGGER silence_ends_are_not_changed BEFORE UPDATE OF id, silence, at, by, reason ON silence_ends
BEGIN SELECT RAISE(ABORT, 'silence_ends only grows'); END;
CREATE TRIGGER silence_ends_are_not_removed BEFORE DELETE ON silence_ends
BEGIN SELECT RAISE(ABORT, 'silence_ends only grows'); END;
