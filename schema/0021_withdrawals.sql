-- When normal versions were yanked or unpublished: a release that comes with it within a day is judged by it.
CREATE TABLE withdrawals (
    purl         TEXT PRIMARY KEY,
    package      TEXT NOT NULL,
    version      TEXT NOT NULL,
    published_at INTEGER NOT NULL,
    -- The last check before the one that saw the withdrawal, and that one: it happened in between.
    after_at     INTEGER NOT NULL,
    seen_at      INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX withdrawals_of_package ON withdrawals (package, seen_at);
