-- The retention of e-mail addresses: the key of the pseudonyms that replace them, and how far that has gone.
CREATE TABLE address_retention (
    only          INTEGER PRIMARY KEY CHECK (only = 1),
    -- 32 random bytes, made once. They never leave the store.
    key           BLOB NOT NULL,
    -- Releases that were published before this time have pseudonyms, and no address is older in a baseline.
    until_at      INTEGER NOT NULL,
    -- The walk that replaces more: up to which time, and the last place that it has looked at. NULL: none is under way.
    walk_until_at INTEGER,
    walk_package  TEXT,
    walk_at       INTEGER,
    walk_id       INTEGER,
    checksum      INTEGER
) STRICT;
