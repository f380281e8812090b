-- Whether the public registry has a package of the name of one of another registry.
CREATE TABLE namesakes (
    -- The purl of the package of the other registry.
    package       TEXT PRIMARY KEY,
    -- When it was last tried to ask.
    tried_at      INTEGER NOT NULL,
    -- When the public registry last answered; NULL: never.
    answered_at   INTEGER,
    -- Since when the public registry has one; NULL: it had none when it answered.
    there_since   INTEGER,
    etag          TEXT,
    last_modified TEXT,
    last_error    TEXT
) STRICT, WITHOUT ROWID;
