-- Reports of others that packages are malicious, as OSV has them: of all packages of the known registries, watched or not.
-- A row for each package of a report; `package` is empty if a report is about none of them. `stamp` is the state of its file.
CREATE TABLE reports (
    id        TEXT NOT NULL,
    package   TEXT NOT NULL,
    stamp     INTEGER NOT NULL,
    published INTEGER NOT NULL,
    -- When it was last changed: an older copy does not take its place.
    modified  INTEGER NOT NULL,
    withdrawn INTEGER,
    -- Its ids elsewhere, with blanks between them.
    aliases   TEXT NOT NULL,
    -- The versions, as JSON; empty: all of them.
    affected  TEXT NOT NULL,
    PRIMARY KEY (id, package)
) STRICT, WITHOUT ROWID;
CREATE INDEX reports_of_package ON reports (package) WHERE package <> '';

-- The stored releases that a report is about.
CREATE TABLE report_matches (
    purl               TEXT NOT NULL,
    id                 TEXT NOT NULL,
    published          INTEGER NOT NULL,
    found_at           INTEGER NOT NULL,
    -- When provwatch accused the release itself, whatever others reported; empty: it had not when it told of the report.
    accused_at         INTEGER,
    -- When an alert told of it.
    told_at            INTEGER,
    -- When the report was withdrawn, or said no longer that the release is malicious, and when an alert told of that.
    withdrawn_at       INTEGER,
    withdrawal_told_at INTEGER,
    PRIMARY KEY (purl, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX report_matches_to_tell ON report_matches (found_at)
WHERE told_at IS NULL OR (withdrawn_at IS NOT NULL AND withdrawal_told_at IS NULL);

-- The last reading of the reports.
CREATE TABLE report_feed (
    only          INTEGER PRIMARY KEY CHECK (only = 1),
    -- The source, by its path, and its state if it is one file: an unchanged file is not read again.
    source        TEXT NOT NULL,
    state         INTEGER,
    -- When it was last read to its end.
    read_at       INTEGER,
    -- When the newest report was last changed.
    newest_at     INTEGER,
    files         INTEGER NOT NULL DEFAULT 0,
    unreadable    INTEGER NOT NULL DEFAULT 0,
    -- The first file that could not be read, and why.
    first_problem TEXT,
    last_error    TEXT,
    last_error_at INTEGER
) STRICT;
