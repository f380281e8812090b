-- What all migrations add up to. Generated: `UPDATE_SCHEMA=1 cargo test store::tests::schema` writes it.
PRAGMA application_id = 1886812020;
PRAGMA user_version = 37;

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

CREATE TABLE alert_actions (
    id     INTEGER PRIMARY KEY AUTOINCREMENT,
    alert  TEXT NOT NULL REFERENCES alerts (fingerprint),
    status TEXT NOT NULL CHECK (status IN ('open', 'acknowledged', 'snoozed', 'resolved')),
    by     TEXT NOT NULL,
    reason TEXT NOT NULL,
    at     INTEGER NOT NULL
, checksum INTEGER, until_at INTEGER, category TEXT
    CHECK (category IN ('true-positive', 'expected', 'false-positive', 'duplicate')), duplicate_of TEXT) STRICT;

CREATE INDEX actions_by_time ON alert_actions (at);

CREATE INDEX actions_of_alert ON alert_actions (alert, id);

CREATE TRIGGER alert_actions_are_not_changed
BEFORE UPDATE OF id, alert, status, by, reason, at, until_at, category, duplicate_of ON alert_actions
BEGIN
    SELECT RAISE(ABORT, 'alert actions are append-only');
END;

CREATE TRIGGER alert_actions_are_not_deleted BEFORE DELETE ON alert_actions
BEGIN
    SELECT RAISE(ABORT, 'alert actions are append-only');
END;

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
, checksum INTEGER, repeats TEXT, until_at INTEGER, category TEXT, handled_at INTEGER, acknowledged_at INTEGER, resolved_at INTEGER, detectors TEXT, critical_at INTEGER, is_digest INTEGER) STRICT;

CREATE INDEX alerts_listed ON alerts (raised_at DESC, fingerprint, severity, status, until_at, handled_at, kind, package,
    repeats, category, acknowledged_at, resolved_at, detectors, is_digest);

CREATE INDEX alerts_of_package ON alerts (package, raised_at);

CREATE INDEX alerts_that_end ON alerts (until_at) WHERE until_at IS NOT NULL;

CREATE INDEX alerts_that_repeat ON alerts (repeats) WHERE repeats IS NOT NULL;

CREATE INDEX alerts_unresolved ON alerts (status, severity, raised_at, fingerprint, repeats, critical_at, is_digest)
WHERE status <> 'resolved';

CREATE TABLE allowed_digests (
    digest      TEXT NOT NULL,
    allowed_run INTEGER NOT NULL REFERENCES allowed_runs (id),
    PRIMARY KEY (digest, allowed_run)
) STRICT, WITHOUT ROWID;

CREATE TABLE allowed_runs (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    run      TEXT NOT NULL,
    attempt  INTEGER,
    digests  TEXT NOT NULL,
    package  TEXT,
    at       INTEGER NOT NULL,
    by       TEXT NOT NULL,
    source   TEXT UNIQUE,
    checksum INTEGER
) STRICT;

CREATE TRIGGER allowed_runs_are_not_changed
BEFORE UPDATE OF id, run, attempt, digests, package, at, by, source ON allowed_runs
BEGIN SELECT RAISE(ABORT, 'allowed_runs only grows'); END;

CREATE TRIGGER allowed_runs_are_not_removed BEFORE DELETE ON allowed_runs
BEGIN SELECT RAISE(ABORT, 'allowed_runs only grows'); END;

CREATE INDEX allowed_runs_by_run ON allowed_runs (run);

CREATE INDEX allowed_runs_of_package ON allowed_runs (package, at) WHERE package IS NOT NULL;

CREATE TABLE attempts (
    delivery INTEGER NOT NULL REFERENCES deliveries (id) ON DELETE CASCADE,
    number   INTEGER NOT NULL,
    at       INTEGER NOT NULL,
    outcome  TEXT NOT NULL CHECK (outcome IN ('delivered', 'retry', 'gave-up')),
    detail   TEXT NOT NULL, checksum INTEGER,
    PRIMARY KEY (delivery, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE "baseline_versions" (
    id      INTEGER PRIMARY KEY AUTOINCREMENT,
    package TEXT NOT NULL,
    line    TEXT NOT NULL,
    version INTEGER NOT NULL,
    reason  TEXT NOT NULL CHECK (reason IN ('learned', 'accepted', 'reset', 'unlearned', 'unaccepted')),
    purl    TEXT,
    at      INTEGER NOT NULL,
    actor   TEXT NOT NULL,
    note    TEXT,
    checksum INTEGER,
    UNIQUE (package, line, version)
) STRICT;

CREATE TRIGGER baseline_versions_are_not_changed
BEFORE UPDATE OF id, package, line, version, reason, purl, at, actor, note ON baseline_versions
BEGIN
    SELECT RAISE(ABORT, 'baseline versions are append-only');
END;

CREATE TRIGGER baseline_versions_are_not_deleted BEFORE DELETE ON baseline_versions
BEGIN
    SELECT RAISE(ABORT, 'baseline versions are append-only');
END;

CREATE TABLE baselines (
    package    TEXT PRIMARY KEY,
    revision   INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    body       TEXT NOT NULL
, checksum INTEGER) STRICT;

CREATE TABLE campaign_members (
    campaign TEXT NOT NULL REFERENCES alerts (fingerprint),
    member   TEXT NOT NULL,
    -- The fingerprint of the release's own alert, which is recorded after the campaign.
    alert    TEXT NOT NULL,
    PRIMARY KEY (campaign, member)
) STRICT, WITHOUT ROWID;

CREATE INDEX campaigns_of_member ON campaign_members (member);

CREATE TABLE damaged_rows (
    id         INTEGER PRIMARY KEY,
    table_name TEXT NOT NULL,
    row_key    TEXT NOT NULL,
    content    TEXT NOT NULL,
    why        TEXT NOT NULL,
    found_at   INTEGER NOT NULL,
    -- What was put in its place.
    remedy     TEXT NOT NULL,
    -- When an alert told of it.
    told_at    INTEGER,
    UNIQUE (table_name, row_key, content)
) STRICT;

CREATE INDEX damaged_rows_to_tell ON damaged_rows (id) WHERE told_at IS NULL;

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
, checksum INTEGER, refusals INTEGER, why TEXT, retried_at INTEGER) STRICT;

CREATE INDEX deliveries_due ON deliveries (subscription, next_at, id) WHERE state = 'pending';

CREATE INDEX deliveries_failed ON deliveries (subscription, settled_at) WHERE state = 'failed';

CREATE INDEX deliveries_of_alert ON deliveries (alert);

CREATE INDEX deliveries_settled ON deliveries (settled_at) WHERE settled_at IS NOT NULL;

CREATE TABLE delivery_actions (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    at           INTEGER NOT NULL,
    by           TEXT NOT NULL,
    action       TEXT NOT NULL CHECK (action IN ('retried', 'sent')),
    -- Empty: several.
    subscription TEXT,
    -- How many deliveries it put into the outbox, or made due.
    deliveries   INTEGER NOT NULL,
    reason       TEXT,
    checksum     INTEGER
) STRICT;

CREATE TRIGGER delivery_actions_are_not_changed
BEFORE UPDATE OF id, at, by, action, subscription, deliveries, reason ON delivery_actions
BEGIN SELECT RAISE(ABORT, 'delivery_actions only grows'); END;

CREATE TRIGGER delivery_actions_are_not_removed BEFORE DELETE ON delivery_actions
BEGIN SELECT RAISE(ABORT, 'delivery_actions only grows'); END;

CREATE TABLE dependents (
    dependency TEXT NOT NULL,
    package    TEXT NOT NULL,
    PRIMARY KEY (dependency, package)
) STRICT, WITHOUT ROWID;

CREATE TABLE digests (
    subscription TEXT PRIMARY KEY,
    due_at       INTEGER NOT NULL,
    made_at      INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE documents (
    -- The SHA-256 of the document.
    sha256   BLOB PRIMARY KEY CHECK (length(sha256) = 32),
    -- Compressed.
    content  BLOB NOT NULL,
    checksum INTEGER
) STRICT;

CREATE TABLE endpoints (
    subscription TEXT PRIMARY KEY,
    disabled_at  INTEGER,
    why          TEXT,
    woken_at     INTEGER
) STRICT, WITHOUT ROWID;

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
, checksum INTEGER, removed_by TEXT, removed_why TEXT) STRICT;

CREATE INDEX expected_changes_of_package ON expected_changes (package, until_at);

CREATE TABLE forge_answers (
    url    TEXT PRIMARY KEY,
    answer TEXT NOT NULL,
    at     INTEGER NOT NULL
, checksum INTEGER) STRICT, WITHOUT ROWID;

CREATE INDEX forge_answers_by_time ON forge_answers (at);

CREATE TABLE history (
    seq     INTEGER PRIMARY KEY,
    -- The kind and the id of the row that it covers, and the hash of that row's content.
    kind    TEXT NOT NULL,
    item    INTEGER NOT NULL,
    content BLOB NOT NULL CHECK (length(content) = 32),
    chain   BLOB NOT NULL CHECK (length(chain) = 32)
) STRICT;

CREATE TRIGGER history_is_not_changed BEFORE UPDATE ON history
BEGIN
    SELECT RAISE(ABORT, 'the history is append-only');
END;

CREATE TRIGGER history_is_not_deleted BEFORE DELETE ON history
BEGIN
    SELECT RAISE(ABORT, 'the history is append-only');
END;

CREATE TABLE history_head (
    only  INTEGER PRIMARY KEY CHECK (only = 1),
    seq   INTEGER NOT NULL,
    chain BLOB NOT NULL
) STRICT;

CREATE TABLE incident_events (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    incident INTEGER NOT NULL REFERENCES incidents (id),
    at       INTEGER NOT NULL,
    by       TEXT NOT NULL,
    kind     TEXT NOT NULL CHECK (kind IN ('opened', 'added', 'removed', 'note', 'decision', 'closed', 'reopened')),
    -- The release that was added or removed, and what ties it to the others.
    purl     TEXT,
    tie      TEXT,
    text     TEXT NOT NULL,
    checksum INTEGER
) STRICT;

CREATE TRIGGER incident_events_are_not_changed
BEFORE UPDATE OF id, incident, at, by, kind, purl, tie, text ON incident_events
BEGIN SELECT RAISE(ABORT, 'incident_events only grows'); END;

CREATE TRIGGER incident_events_are_not_removed BEFORE DELETE ON incident_events
BEGIN SELECT RAISE(ABORT, 'incident_events only grows'); END;

CREATE INDEX incident_events_of_incident ON incident_events (incident, id);

CREATE INDEX incident_events_of_release ON incident_events (purl) WHERE purl IS NOT NULL;

CREATE TABLE incident_traces (
    key      INTEGER NOT NULL,
    incident INTEGER NOT NULL REFERENCES incidents (id),
    tie      TEXT NOT NULL,
    -- The member that has the trace, and the trace for people.
    member   TEXT NOT NULL,
    value    TEXT NOT NULL,
    PRIMARY KEY (key, incident)
) STRICT, WITHOUT ROWID;

CREATE INDEX incident_traces_of_incident ON incident_traces (incident);

CREATE TABLE incidents (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    name     TEXT NOT NULL UNIQUE,
    checksum INTEGER
) STRICT;

CREATE TRIGGER incidents_are_not_changed BEFORE UPDATE OF id, name ON incidents
BEGIN SELECT RAISE(ABORT, 'incidents only grows'); END;

CREATE TRIGGER incidents_are_not_removed BEFORE DELETE ON incidents
BEGIN SELECT RAISE(ABORT, 'incidents only grows'); END;

CREATE TABLE log_budgets (
    scope     TEXT PRIMARY KEY,
    spent     INTEGER NOT NULL,
    since     INTEGER NOT NULL,
    -- What the common alert told last, and when.
    told      INTEGER NOT NULL DEFAULT 0,
    told_at   INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

CREATE TABLE log_checkpoints (
    log          TEXT NOT NULL REFERENCES logs (name),
    size         INTEGER NOT NULL,
    root         BLOB NOT NULL,
    note         TEXT NOT NULL,
    seen_at      INTEGER NOT NULL,
    last_seen_at INTEGER NOT NULL,
    -- 1: proven to be of one history with those before it. Until then it is asked again, unless it contradicts them.
    consistent   INTEGER NOT NULL CHECK (consistent IN (0, 1)),
    contradicts  INTEGER NOT NULL DEFAULT 0 CHECK (contradicts IN (0, 1)), checksum INTEGER, proven_from INTEGER, proof BLOB, named INTEGER CHECK (named = 1),
    PRIMARY KEY (log, size, root)
) STRICT, WITHOUT ROWID;

CREATE TABLE log_checks (
    release   TEXT NOT NULL,
    origin    TEXT NOT NULL,
    idx       INTEGER NOT NULL,
    queued_at INTEGER NOT NULL,
    due_at    INTEGER NOT NULL,
    attempts  INTEGER NOT NULL DEFAULT 0,
    outcome   TEXT CHECK (outcome IN ('found', 'missing', 'different', 'not-followed')),
    detail    TEXT, checksum INTEGER,
    PRIMARY KEY (release, origin, idx)
) STRICT, WITHOUT ROWID;

CREATE INDEX log_checks_due ON log_checks (due_at) WHERE outcome IS NULL;

CREATE TABLE log_coverage (
    log   TEXT NOT NULL REFERENCES logs (name),
    first INTEGER NOT NULL,
    past  INTEGER NOT NULL,
    PRIMARY KEY (log, first)
) STRICT, WITHOUT ROWID;

CREATE TABLE log_entries (
    log          TEXT NOT NULL REFERENCES logs (name),
    idx          INTEGER NOT NULL,
    leaf         BLOB NOT NULL,
    body         BLOB NOT NULL,
    kind         TEXT NOT NULL,
    version      TEXT NOT NULL,
    identity     TEXT NOT NULL,
    key_sha256   TEXT NOT NULL,
    digest       TEXT,
    serial       TEXT NOT NULL,
    not_issued   TEXT,
    not_before   INTEGER NOT NULL,
    packages     TEXT NOT NULL,
    patterns     TEXT NOT NULL,
    believed     INTEGER NOT NULL DEFAULT 0 CHECK (believed IN (0, 1)),
    seen_at      INTEGER NOT NULL,
    explained_by TEXT,
    judged_at    INTEGER, checksum INTEGER, accused TEXT,
    PRIMARY KEY (log, idx)
) STRICT, WITHOUT ROWID;

CREATE INDEX log_entries_by_digest ON log_entries (digest) WHERE digest IS NOT NULL;

CREATE INDEX log_entries_by_key ON log_entries (key_sha256);

CREATE INDEX log_entries_by_leaf ON log_entries (leaf);

CREATE INDEX log_entries_forged ON log_entries (log, idx) WHERE not_issued IS NOT NULL AND judged_at IS NOT NULL;

CREATE INDEX log_entries_to_judge ON log_entries (seen_at) WHERE judged_at IS NULL AND believed = 1;

CREATE TABLE log_entry_traces (
    -- Eight bytes of a hash of the kind and the value.
    key     INTEGER NOT NULL,
    seen_at INTEGER NOT NULL,
    log     TEXT NOT NULL,
    idx     INTEGER NOT NULL,
    PRIMARY KEY (key, seen_at, log, idx)
) STRICT, WITHOUT ROWID;

CREATE TABLE log_evidence (
    id            TEXT PRIMARY KEY,
    log           TEXT NOT NULL,
    kind          TEXT NOT NULL,
    document      TEXT NOT NULL,
    found_at      INTEGER NOT NULL,
    last_found_at INTEGER NOT NULL,
    count         INTEGER NOT NULL
, checksum INTEGER) STRICT, WITHOUT ROWID;

CREATE TRIGGER log_evidence_is_not_changed BEFORE UPDATE OF id, log, kind, document, found_at ON log_evidence
BEGIN
    SELECT RAISE(ABORT, 'evidence is never changed');
END;

CREATE TRIGGER log_evidence_is_not_deleted BEFORE DELETE ON log_evidence
BEGIN
    SELECT RAISE(ABORT, 'evidence is never deleted');
END;

CREATE TABLE log_histories (
    log  TEXT NOT NULL,
    name TEXT NOT NULL,
    past INTEGER NOT NULL,
    PRIMARY KEY (log, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE log_kinds (
    log      TEXT NOT NULL REFERENCES logs (name),
    kind     TEXT NOT NULL,
    version  TEXT NOT NULL,
    believed INTEGER NOT NULL CHECK (believed IN (0, 1)),
    count    INTEGER NOT NULL,
    PRIMARY KEY (log, kind, version, believed)
) STRICT, WITHOUT ROWID;

CREATE TABLE log_mirrors (
    log           TEXT NOT NULL,
    url           TEXT NOT NULL,
    size          INTEGER,
    seen_at       INTEGER,
    behind_since  INTEGER,
    failing_since INTEGER,
    last_error    TEXT, other_history_since INTEGER,
    PRIMARY KEY (log, url)
) STRICT, WITHOUT ROWID;

CREATE TABLE log_progress (
    log   TEXT PRIMARY KEY,
    first INTEGER NOT NULL,
    next  INTEGER NOT NULL,
    past  INTEGER NOT NULL,
    since INTEGER NOT NULL,
    at    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE log_quarantine (
    log      TEXT NOT NULL REFERENCES logs (name),
    idx      INTEGER NOT NULL,
    body     BLOB NOT NULL,
    bytes    INTEGER NOT NULL,
    why      TEXT NOT NULL,
    believed INTEGER NOT NULL DEFAULT 0 CHECK (believed IN (0, 1)),
    seen_at  INTEGER NOT NULL,
    PRIMARY KEY (log, idx)
) STRICT, WITHOUT ROWID;

CREATE TABLE log_signers (
    name       TEXT NOT NULL,
    signer     TEXT NOT NULL,
    first_seen INTEGER NOT NULL,
    last_seen  INTEGER NOT NULL,
    entries    INTEGER NOT NULL,
    PRIMARY KEY (name, signer)
) STRICT, WITHOUT ROWID;

CREATE TABLE log_violations (
    log       TEXT NOT NULL,
    kind      TEXT NOT NULL,
    evidence  TEXT NOT NULL,
    since     INTEGER NOT NULL,
    last_seen INTEGER NOT NULL,
    ended_at  INTEGER,
    count     INTEGER NOT NULL,
    PRIMARY KEY (log, kind)
) STRICT, WITHOUT ROWID;

CREATE TABLE log_workflows (
    repository TEXT NOT NULL,
    workflow   TEXT NOT NULL,
    first_seen INTEGER NOT NULL,
    last_seen  INTEGER NOT NULL,
    entries    INTEGER NOT NULL,
    explained  INTEGER NOT NULL, checksum INTEGER,
    PRIMARY KEY (repository, workflow)
) STRICT, WITHOUT ROWID;

CREATE TABLE logs (
    name             TEXT PRIMARY KEY,
    kind             TEXT NOT NULL CHECK (kind IN ('rekor-v1', 'tiles', 'ct', 'static-ct')),
    url              TEXT NOT NULL,
    key_id           TEXT NOT NULL,
    first_index      INTEGER NOT NULL,
    standing         TEXT NOT NULL CHECK (standing IN ('active', 'retired', 'drained')),
    first_seen       INTEGER NOT NULL,
    start            INTEGER,
    verified         INTEGER,
    downloaded       INTEGER,
    verified_range   BLOB,
    downloaded_range BLOB,
    entries          INTEGER NOT NULL DEFAULT 0,
    bytes            INTEGER NOT NULL DEFAULT 0,
    last_success     INTEGER,
    last_error       TEXT,
    last_error_at    INTEGER,
    failing_since    INTEGER,
    checksum         INTEGER
) STRICT, WITHOUT ROWID;

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
, checksum INTEGER, history TEXT, withdrawn TEXT, dist_tags TEXT) STRICT, WITHOUT ROWID;

CREATE TABLE pruned_deliveries (
    alert        TEXT NOT NULL,
    subscription TEXT NOT NULL,
    count        INTEGER NOT NULL,
    PRIMARY KEY (alert, subscription)
) STRICT, WITHOUT ROWID;

CREATE TABLE recipients (
    delivery INTEGER NOT NULL REFERENCES deliveries (id) ON DELETE CASCADE,
    address  TEXT NOT NULL,
    -- Whether it has the message, or never gets it.
    outcome  TEXT NOT NULL CHECK (outcome IN ('accepted', 'refused')),
    at       INTEGER NOT NULL,
    -- The receiver's answer.
    answer   TEXT NOT NULL,
    PRIMARY KEY (delivery, address)
) STRICT, WITHOUT ROWID;

CREATE INDEX recipients_refused ON recipients (at) WHERE outcome = 'refused';

CREATE TABLE release_documents (
    purl       TEXT NOT NULL,
    kind       TEXT NOT NULL CHECK (kind IN ('npm-attestations', 'pypi-provenance')),
    subject    TEXT NOT NULL,
    sha256     BLOB NOT NULL REFERENCES documents (sha256),
    fetched_at INTEGER NOT NULL,
    checksum   INTEGER,
    PRIMARY KEY (purl, kind, subject, sha256)
) STRICT, WITHOUT ROWID;

CREATE INDEX release_documents_by_document ON release_documents (sha256);

CREATE TABLE "releases" (
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
    -- JSON, compressed.
    observation  BLOB,
    checksum     INTEGER
) STRICT;

CREATE INDEX releases_by_outcome ON releases (outcome);

CREATE INDEX releases_by_time ON releases (published_at);

CREATE INDEX releases_new_by_outcome ON releases (outcome, observed_at) WHERE published_at > observed_at - 604800000000;

CREATE INDEX releases_of_package ON releases (package, published_at);

CREATE INDEX releases_to_recheck ON releases (recheck_at) WHERE recheck_at IS NOT NULL;

CREATE INDEX releases_unchecked ON releases (id) WHERE unchecked <> '[]';

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

CREATE TABLE signed_heads (
    seq       INTEGER NOT NULL,
    -- The SHA-256 of the public key.
    key       TEXT NOT NULL,
    chain     BLOB NOT NULL,
    at        INTEGER NOT NULL,
    signature BLOB NOT NULL,
    PRIMARY KEY (seq, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE "silence_ends" (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    silence  INTEGER NOT NULL REFERENCES silences (id),
    at       INTEGER NOT NULL,
    by       TEXT NOT NULL,
    reason   TEXT NOT NULL,
    checksum INTEGER
) STRICT;

CREATE TRIGGER silence_ends_are_not_changed BEFORE UPDATE OF id, silence, at, by, reason ON silence_ends
BEGIN SELECT RAISE(ABORT, 'silence_ends only grows'); END;

CREATE TRIGGER silence_ends_are_not_removed BEFORE DELETE ON silence_ends
BEGIN SELECT RAISE(ABORT, 'silence_ends only grows'); END;

CREATE INDEX silence_ends_of_silence ON silence_ends (silence, at);

CREATE TABLE silence_holds (
    silence      INTEGER NOT NULL REFERENCES silences (id),
    alert        TEXT NOT NULL REFERENCES alerts (fingerprint),
    subscription TEXT NOT NULL,
    at           INTEGER NOT NULL,
    released_at  INTEGER,
    PRIMARY KEY (silence, alert, subscription)
) STRICT, WITHOUT ROWID;

CREATE INDEX silence_holds_of_alert ON silence_holds (alert);

CREATE INDEX silence_holds_open ON silence_holds (silence) WHERE released_at IS NULL;

CREATE TABLE silences (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    matchers   TEXT NOT NULL,
    reason     TEXT NOT NULL,
    by         TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    until_at   INTEGER NOT NULL,
    checksum   INTEGER
) STRICT;

CREATE TRIGGER silences_are_not_changed BEFORE UPDATE OF id, matchers, reason, by, created_at, until_at ON silences
BEGIN SELECT RAISE(ABORT, 'silences only grow'); END;

CREATE TRIGGER silences_are_not_removed BEFORE DELETE ON silences
BEGIN SELECT RAISE(ABORT, 'silences only grow'); END;

CREATE TABLE sources (
    name          TEXT PRIMARY KEY,
    cursor        TEXT,
    last_success  INTEGER,
    last_error    TEXT,
    last_error_at INTEGER,
    last_gap      TEXT,
    last_gap_at   INTEGER
, checksum INTEGER, resets INTEGER) STRICT, WITHOUT ROWID;

CREATE TABLE threads (
    alert        TEXT NOT NULL REFERENCES alerts (fingerprint),
    subscription TEXT NOT NULL,
    thread       TEXT NOT NULL,
    PRIMARY KEY (alert, subscription)
) STRICT, WITHOUT ROWID;

CREATE TABLE told_members (
    campaign     TEXT NOT NULL REFERENCES alerts (fingerprint),
    subscription TEXT NOT NULL,
    member       TEXT NOT NULL,
    delivery     INTEGER NOT NULL REFERENCES deliveries (id) ON DELETE CASCADE,
    PRIMARY KEY (campaign, subscription, member)
) STRICT, WITHOUT ROWID;

CREATE INDEX tellings_by_delivery ON told_members (delivery);

CREATE INDEX tellings_of_member ON told_members (member);

CREATE TABLE trace_values (
    kind  TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (kind, value)
) STRICT, WITHOUT ROWID;

CREATE TABLE traces (
    -- Eight bytes of a hash of the kind and the value.
    key          INTEGER NOT NULL,
    published_at INTEGER NOT NULL,
    -- Without an index: a release is only deleted when its row is damaged.
    release      INTEGER NOT NULL REFERENCES releases (id) ON DELETE CASCADE,
    PRIMARY KEY (key, published_at, release)
) STRICT, WITHOUT ROWID;

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

CREATE TABLE work (
    package    TEXT PRIMARY KEY,
    reason     TEXT NOT NULL,
    revision   TEXT,
    since      INTEGER NOT NULL,
    due_at     INTEGER NOT NULL,
    attempts   INTEGER NOT NULL DEFAULT 0,
    last_error TEXT,
    generation INTEGER NOT NULL
, registry TEXT NOT NULL DEFAULT '', lane INTEGER NOT NULL DEFAULT 2 CHECK (lane IN (0, 1, 2)), turns INTEGER NOT NULL DEFAULT 0, done INTEGER, total INTEGER, behind INTEGER NOT NULL DEFAULT 0) STRICT, WITHOUT ROWID;

CREATE INDEX work_due ON work (registry, lane, due_at, package);

CREATE INDEX work_in_portions ON work (package) WHERE total IS NOT NULL;

CREATE TABLE work_generation (
    only  INTEGER PRIMARY KEY CHECK (only = 1),
    value INTEGER NOT NULL
) STRICT;
