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

-- Answers of forges by the URL that was asked for; losing them costs requests. `answer` is JSON.
CREATE TABLE forge_answers (
    url    TEXT PRIMARY KEY,
    answer TEXT NOT NULL,
    at     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX forge_answers_by_time ON forge_answers (at);
