-- Changes that the operator was told of before they happen. `change` is JSON; one that was removed is kept, since an alert may
-- name it.
CREATE TABLE expected_changes (
    id         INTEGER PRIMARY KEY,
    package    TEXT NOT NULL,
    change     TEXT NOT NULL,
    from_at    INTEGER NOT NULL,
    until_at   INTEGER NOT NULL,
    by         TEXT NOT NULL,
    reason     TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    removed_at INTEGER
) STRICT;

CREATE INDEX expected_changes_of_package ON expected_changes (package, until_at);
