-- Who works on this database, and when it last said so: one row, so that another process can tell a daemon that is dead
-- or hangs from one that lives. `facts` is what only that process knows, as JSON.
CREATE TABLE runner (
    only       INTEGER PRIMARY KEY CHECK (only = 1),
    kind       TEXT NOT NULL CHECK (kind IN ('daemon', 'once')),
    pid        INTEGER NOT NULL,
    version    TEXT NOT NULL,
    first_at   INTEGER NOT NULL,
    started_at INTEGER NOT NULL,
    beat_at    INTEGER NOT NULL,
    facts      TEXT NOT NULL
) STRICT;
-- New releases that could not be checked; those of a package's history are many, and not among them.
CREATE INDEX releases_lately_unchecked ON releases (observed_at)
    WHERE outcome = 'unchecked' AND published_at > observed_at - 604800000000;
