-- What entries of logs accuse whom of, so that a flood is one alert and hides no other.

-- How many entries of a log were there before somebody looked: all that lies below is history, and not news. The empty name
-- is the log itself, the others are those of [[logs.match]].
CREATE TABLE log_histories (
    log  TEXT NOT NULL,
    name TEXT NOT NULL,
    past INTEGER NOT NULL,
    PRIMARY KEY (log, name)
) STRICT, WITHOUT ROWID;
INSERT INTO log_histories (log, name, past) SELECT name, '', verified FROM logs WHERE verified IS NOT NULL;

-- Signers that a [[logs.match]] has met. `signer` is a SHA-256 over what stays the same from one run to the next.
CREATE TABLE log_signers (
    name       TEXT NOT NULL,
    signer     TEXT NOT NULL,
    first_seen INTEGER NOT NULL,
    last_seen  INTEGER NOT NULL,
    entries    INTEGER NOT NULL,
    PRIMARY KEY (name, signer)
) STRICT, WITHOUT ROWID;

-- How many more alerts of their own the accusations of one kind may have; what comes then is told in a common one.
CREATE TABLE log_budgets (
    scope     TEXT PRIMARY KEY,
    spent     INTEGER NOT NULL,
    since     INTEGER NOT NULL,
    -- What the common alert told last, and when.
    told      INTEGER NOT NULL DEFAULT 0,
    told_at   INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

-- The detectors that have counted the entry, between blanks.
ALTER TABLE log_entries ADD COLUMN accused TEXT;
CREATE INDEX log_entries_forged ON log_entries (log, idx) WHERE not_issued IS NOT NULL AND judged_at IS NOT NULL;
