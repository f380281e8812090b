-- What provwatch remembers. Times are microseconds since 1970-01-01T00:00:00Z; packages and releases are purls; `body`,
-- `change`, `observation`, `unchecked` and `maintainers` are JSON; severities are 0 info, 1 low, 2 medium, 3 high, 4 critical.

-- "pvwt": tells a provwatch database from any other SQLite file.
PRAGMA application_id = 0x70767774;

-- Where each feed stands.
CREATE TABLE sources (
    name          TEXT PRIMARY KEY,
    cursor        TEXT,
    last_success  INTEGER,
    last_error    TEXT,
    last_error_at INTEGER,
    last_gap      TEXT,
    last_gap_at   INTEGER
) STRICT, WITHOUT ROWID;

-- What the feeds announced of watched packages. The key is the feed's own: a page that is read again adds nothing.
CREATE TABLE events (
    id      INTEGER PRIMARY KEY,
    source  TEXT NOT NULL REFERENCES sources (name),
    key     TEXT NOT NULL,
    package TEXT NOT NULL,
    kind    TEXT NOT NULL CHECK (kind IN ('document', 'release', 'removed', 'governance')),
    change  TEXT NOT NULL,
    at      INTEGER,
    seen_at INTEGER NOT NULL,
    UNIQUE (source, key)
) STRICT;
CREATE INDEX events_of_package ON events (package, kind, id);

-- Packages to look at, one row each. A generation is given once: work that is finished or postponed under an older one
-- has been overtaken by a newer event.
CREATE TABLE work (
    package    TEXT PRIMARY KEY,
    reason     TEXT NOT NULL,
    revision   TEXT,
    since      INTEGER NOT NULL,
    due_at     INTEGER NOT NULL,
    attempts   INTEGER NOT NULL DEFAULT 0,
    last_error TEXT,
    generation INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX work_due ON work (due_at, package);

CREATE TABLE work_generation (
    only  INTEGER PRIMARY KEY CHECK (only = 1),
    value INTEGER NOT NULL
) STRICT;
INSERT INTO work_generation (only, value) VALUES (1, 0);

-- What is known of a package as a whole.
CREATE TABLE packages (
    package       TEXT PRIMARY KEY,
    first_seen    INTEGER NOT NULL,
    checked_at    INTEGER,
    backfilled_at INTEGER,
    etag          TEXT,
    last_modified TEXT,
    revision      TEXT,
    maintainers   TEXT,
    status        TEXT
) STRICT, WITHOUT ROWID;

-- Every release that was looked at, also those that could not be read.
CREATE TABLE releases (
    id           INTEGER PRIMARY KEY,
    purl         TEXT NOT NULL UNIQUE,
    package      TEXT NOT NULL,
    version      TEXT NOT NULL,
    line         TEXT NOT NULL,
    published_at INTEGER,
    observed_at  INTEGER NOT NULL,
    updated_at   INTEGER NOT NULL,
    status       TEXT NOT NULL CHECK (status IN ('published', 'yanked', 'unpublished', 'quarantined')),
    outcome      TEXT NOT NULL CHECK (outcome IN ('learned', 'clean', 'alerted', 'held', 'unchecked', 'unreadable')),
    unchecked    TEXT NOT NULL,
    teaches      INTEGER NOT NULL DEFAULT 0 CHECK (teaches IN (0, 1)),
    recheck_at   INTEGER,
    attempts     INTEGER NOT NULL DEFAULT 0,
    files        TEXT NOT NULL,
    observation  TEXT
) STRICT;
CREATE INDEX releases_of_package ON releases (package, published_at);
CREATE INDEX releases_to_recheck ON releases (recheck_at) WHERE recheck_at IS NOT NULL;
CREATE INDEX releases_by_outcome ON releases (outcome);
CREATE INDEX releases_unchecked ON releases (id) WHERE unchecked <> '[]';

-- What a release can be found by, and what ties releases to one another. The publish time stands in the key, so that the
-- latest of very many (a bot's account, a monorepo) are found without looking at all of them.
CREATE TABLE traces (
    kind         TEXT NOT NULL,
    value        TEXT NOT NULL,
    published_at INTEGER NOT NULL,
    release      INTEGER NOT NULL REFERENCES releases (id) ON DELETE CASCADE,
    PRIMARY KEY (kind, value, published_at, release)
) STRICT, WITHOUT ROWID;
CREATE INDEX traces_of_release ON traces (release);

-- The baseline as it stands; `revision` counts the versions that led to it.
CREATE TABLE baselines (
    package    TEXT PRIMARY KEY,
    revision   INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    body       TEXT NOT NULL
) STRICT;

-- Why it is as it is. Nothing here is ever changed.
CREATE TABLE baseline_versions (
    id      INTEGER PRIMARY KEY AUTOINCREMENT,
    package TEXT NOT NULL,
    line    TEXT NOT NULL,
    version INTEGER NOT NULL,
    reason  TEXT NOT NULL CHECK (reason IN ('learned', 'accepted', 'reset')),
    purl    TEXT,
    at      INTEGER NOT NULL,
    actor   TEXT NOT NULL,
    note    TEXT,
    UNIQUE (package, line, version)
) STRICT;
CREATE TRIGGER baseline_versions_are_not_changed BEFORE UPDATE ON baseline_versions
BEGIN
    SELECT RAISE(ABORT, 'baseline versions are append-only');
END;
CREATE TRIGGER baseline_versions_are_not_deleted BEFORE DELETE ON baseline_versions
BEGIN
    SELECT RAISE(ABORT, 'baseline versions are append-only');
END;

-- Alerts by what makes them the same. `peak` is the worst severity that was announced, `raises` how often it was.
CREATE TABLE alerts (
    fingerprint TEXT PRIMARY KEY,
    kind        TEXT NOT NULL CHECK (kind IN ('release', 'campaign', 'log', 'operation')),
    severity    INTEGER NOT NULL CHECK (severity BETWEEN 0 AND 4),
    peak        INTEGER NOT NULL CHECK (peak BETWEEN 0 AND 4),
    raises      INTEGER NOT NULL,
    status      TEXT NOT NULL CHECK (status IN ('open', 'acknowledged', 'snoozed', 'resolved')),
    package     TEXT,
    raised_at   INTEGER NOT NULL,
    updated_at  INTEGER NOT NULL,
    body        TEXT NOT NULL
) STRICT;
CREATE INDEX alerts_by_time ON alerts (raised_at);
CREATE INDEX alerts_of_package ON alerts (package, raised_at);

-- Who did what with an alert. Nothing here is ever changed.
CREATE TABLE alert_actions (
    id     INTEGER PRIMARY KEY AUTOINCREMENT,
    alert  TEXT NOT NULL REFERENCES alerts (fingerprint),
    status TEXT NOT NULL CHECK (status IN ('open', 'acknowledged', 'snoozed', 'resolved')),
    by     TEXT NOT NULL,
    reason TEXT NOT NULL,
    at     INTEGER NOT NULL
) STRICT;
CREATE INDEX actions_of_alert ON alert_actions (alert, id);
CREATE TRIGGER alert_actions_are_not_changed BEFORE UPDATE ON alert_actions
BEGIN
    SELECT RAISE(ABORT, 'alert actions are append-only');
END;
CREATE TRIGGER alert_actions_are_not_deleted BEFORE DELETE ON alert_actions
BEGIN
    SELECT RAISE(ABORT, 'alert actions are append-only');
END;

-- The outbox: one row for each alert, subscription and raise.
CREATE TABLE deliveries (
    id              INTEGER PRIMARY KEY,
    idempotency_key TEXT NOT NULL UNIQUE,
    alert           TEXT NOT NULL REFERENCES alerts (fingerprint),
    subscription    TEXT NOT NULL,
    state           TEXT NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'delivered', 'failed')),
    created_at      INTEGER NOT NULL,
    next_at         INTEGER NOT NULL,
    attempts        INTEGER NOT NULL DEFAULT 0,
    settled_at      INTEGER
) STRICT;
CREATE INDEX deliveries_due ON deliveries (subscription, next_at, id) WHERE state = 'pending';
CREATE INDEX deliveries_of_alert ON deliveries (alert);

-- Every attempt to deliver.
CREATE TABLE attempts (
    delivery INTEGER NOT NULL REFERENCES deliveries (id) ON DELETE CASCADE,
    number   INTEGER NOT NULL,
    at       INTEGER NOT NULL,
    outcome  TEXT NOT NULL CHECK (outcome IN ('delivered', 'retry', 'gave-up')),
    detail   TEXT NOT NULL,
    PRIMARY KEY (delivery, number)
) STRICT, WITHOUT ROWID;
