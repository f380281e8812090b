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
-- Releases that were new when they were first looked at, by outcome; those of a package's history are many, and
-- not among them.
CREATE INDEX releases_new_by_outcome ON releases (outcome, observed_at) WHERE published_at > observed_at - 604800000000;
