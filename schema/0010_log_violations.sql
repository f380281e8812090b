-- What a log does wrong, and since when, so that patience outlives the process: `run --once` from cron and a daemon that is
-- restarted wait as long as one that runs on. `evidence` is the first evidence of what is told, `ended_at` when it was over.
CREATE TABLE log_violations (
    log       TEXT NOT NULL,
    kind      TEXT NOT NULL,
    evidence  TEXT NOT NULL,
    since     INTEGER NOT NULL,
    last_seen INTEGER NOT NULL,
    ended_at  INTEGER,
    count     INTEGER NOT NULL,
    PRIMARY KEY (log, kind)
) STRICT, WITHOUT ROWID;
