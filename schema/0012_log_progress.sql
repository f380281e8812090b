-- How far a long reading of a log has come, for other processes to show: a row stands here while there is more to read.
-- The reading began at `first`, at `since`; `next` is what it reads next, as of `at`, and `past` is where it ends.
CREATE TABLE log_progress (
    log   TEXT PRIMARY KEY,
    first INTEGER NOT NULL,
    next  INTEGER NOT NULL,
    past  INTEGER NOT NULL,
    since INTEGER NOT NULL,
    at    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
