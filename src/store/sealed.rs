//! Checksums of rows, which reveal flipped bits when a row is read.
//!
//! A row's `checksum` covers every other column in [`Table::columns`]. It is kept by temporary triggers, which exist
//! only on the writing connection and are not part of the file: no statement can forget it, and the `sqlite3` shell and
//! a later database of another kind need not know of it. A row that was changed in any other way no longer agrees with
//! its checksum.
//!
//! A change does not hide earlier damage: the new checksum is the old one, minus the old row, plus the new row, so one
//! that did not agree does not agree afterwards. A statement may also keep the checksum itself, by the same rule; then
//! the trigger leaves the row alone.
//!
//! Not covered: the columns of `alerts` that only its lists and escalations read (derived from its body and its actions),
//! `allowed_digests` (derived from `allowed_runs`), `inventory_uses` and `inventory_digests` (the next upload of the project
//! compares and writes them again), `inventory_figures` (derived, and counted again after hours),
//! `traces` (derived from observations, which are), `log_entry_traces` (derived from log entries, which are), `events` (only shown), `work` (lives for seconds; a
//! package that it loses is still compared once a day), `runner` (written again every half minute, and no release is
//! judged by it), `log_progress` (only shown), `log_mirrors` (their state at the last check), `log_violations` (since
//! when a violation continues; its evidence is covered), `log_histories`, `log_signers` and `log_budgets` (how often
//! something is reported; every entry is kept), `namesakes` (queried again every day), `withdrawals` (used for a day), `silence_holds` (what silences held back; the alerts are covered),
//! `dependents` and `incident_traces` (derived from observations), `threads` (without one, a receiver gets a new thread),
//! `recipients` (without one, a recipient gets a message twice), `endpoints` (without
//! one, a receiver that is gone is tried once more), `restore_gaps` (only shown), and the counters
//! `work_generation`, `log_kinds`, `log_coverage` and `log_quarantine`.
//! `reports`, `report_matches` and `report_feed` are read again from their source. Values that do not decode are noticed
//! there too.

use std::fmt::Write as _;

use rusqlite::{
    Connection,
    functions::{Context, FunctionFlags},
    types::ValueRef,
};

/// A table whose damage is reported.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Table {
    pub name: &'static str,
    /// The columns of the row's key.
    pub key: &'static [&'static str],
    /// The columns that the checksum covers, in a fixed order. Empty: the table has none. A column that is added to the
    /// end must be empty in the existing rows, or its migration must empty their checksums.
    pub columns: &'static [&'static str],
}

macro_rules! tables {
    ($($id:ident = $name:literal ($($key:literal),+) [$($column:literal),*];)+) => {
        $(pub(super) static $id: Table = Table { name: $name, key: &[$($key),+], columns: &[$($column),*] };)+
        /// All tables whose damage is reported.
        pub(super) static ALL: &[&Table] = &[$(&$id),+];
    };
}

tables! {
    ADDRESS_RETENTION = "address_retention" ("only")
        ["only", "key", "until_at", "walk_until_at", "walk_package", "walk_at", "walk_id"];
    ALERTS = "alerts" ("fingerprint")
        ["fingerprint", "kind", "severity", "peak", "raises", "status", "package", "raised_at", "updated_at", "body",
         "repeats"];
    ALERT_ACTIONS = "alert_actions" ("id")
        ["id", "alert", "status", "by", "reason", "at", "until_at", "category", "duplicate_of"];
    ALLOWED_RUNS = "allowed_runs" ("id")
        ["id", "run", "attempt", "digests", "package", "at", "by", "source"];
    ATTEMPTS = "attempts" ("delivery", "number") ["delivery", "number", "at", "outcome", "detail"];
    BASELINES = "baselines" ("package") ["package", "revision", "updated_at", "body"];
    BASELINE_VERSIONS = "baseline_versions" ("id")
        ["package", "line", "version", "reason", "purl", "at", "actor", "note"];
    DELIVERIES = "deliveries" ("id")
        ["id", "idempotency_key", "alert", "subscription", "state", "created_at", "next_at", "attempts", "settled_at",
         "refusals", "why", "retried_at"];
    DELIVERY_ACTIONS = "delivery_actions" ("id")
        ["id", "at", "by", "action", "subscription", "deliveries", "reason"];
    DOCUMENTS = "documents" ("sha256") ["sha256", "content"];
    EVENTS = "events" ("id") [];
    EXPECTED_CHANGES = "expected_changes" ("id")
        ["id", "package", "change", "from_at", "until_at", "by", "reason", "created_at", "removed_at",
         "removed_by", "removed_why"];
    FORGE_ANSWERS = "forge_answers" ("url") ["url", "answer", "at"];
    INCIDENTS = "incidents" ("id") ["id", "name"];
    INCIDENT_EVENTS = "incident_events" ("id") ["id", "incident", "at", "by", "kind", "purl", "tie", "text"];
    INVENTORY_PROJECTS = "inventory_projects" ("id")
        ["id", "name", "kind", "owner", "added_at", "uploaded_at", "changed_at", "removed_at", "releases"];
    INVENTORY_RELEASES = "inventory_releases" ("id") ["id", "package", "version"];
    LOG_CHECKPOINTS = "log_checkpoints" ("log", "size", "root")
        ["log", "size", "root", "note", "seen_at", "last_seen_at", "consistent", "contradicts", "proven_from",
         "proof", "named"];
    LOG_CHECKS = "log_checks" ("release", "origin", "idx")
        ["release", "origin", "idx", "queued_at", "due_at", "attempts", "outcome", "detail"];
    LOG_COVERAGE = "log_coverage" ("log", "first") [];
    LOG_ENTRIES = "log_entries" ("log", "idx")
        ["log", "idx", "leaf", "body", "kind", "version", "identity", "key_sha256", "digest", "serial", "not_issued",
         "not_before", "packages", "patterns", "believed", "seen_at", "explained_by", "judged_at", "accused"];
    LOG_EVIDENCE = "log_evidence" ("id") ["id", "log", "kind", "document", "found_at", "last_found_at", "count"];
    LOG_KINDS = "log_kinds" ("log", "kind", "version", "believed") [];
    LOG_QUARANTINE = "log_quarantine" ("log", "idx") [];
    LOG_WORKFLOWS = "log_workflows" ("repository", "workflow")
        ["repository", "workflow", "first_seen", "last_seen", "entries", "explained"];
    LOGS = "logs" ("name")
        ["name", "kind", "url", "key_id", "first_index", "standing", "first_seen", "start", "verified", "downloaded",
         "verified_range", "downloaded_range", "entries", "bytes", "last_success", "last_error", "last_error_at",
         "failing_since"];
    PACKAGES = "packages" ("package")
        ["package", "first_seen", "checked_at", "backfilled_at", "etag", "last_modified", "revision", "maintainers",
         "status", "history", "withdrawn", "dist_tags"];
    RELEASES = "releases" ("purl")
        ["purl", "package", "version", "line", "published_at", "observed_at", "updated_at", "status", "outcome",
         "unchecked", "teaches", "recheck_at", "attempts", "files", "observation"];
    RELEASE_DOCUMENTS = "release_documents" ("purl", "kind", "subject", "sha256")
        ["purl", "kind", "subject", "sha256", "fetched_at"];
    RESTORES = "restores" ("id")
        ["id", "at", "by", "reason", "as_of", "head_seq", "head_chain", "replaced", "replaced_head", "pending",
         "deliveries"];
    SILENCES = "silences" ("id") ["id", "matchers", "reason", "by", "created_at", "until_at"];
    SILENCE_ENDS = "silence_ends" ("id") ["id", "silence", "at", "by", "reason"];
    SOURCES = "sources" ("name")
        ["name", "cursor", "last_success", "last_error", "last_error_at", "last_gap", "last_gap_at", "resets"];
    WORK = "work" ("package") [];
}

impl Table {
    /// An SQL expression: the checksum of the row that `of` stands for, a table, an alias, `OLD` or `NEW`.
    fn sum(&self, of: &str) -> String {
        let columns: Vec<String> = self.columns.iter().map(|column| format!("{of}.{column}")).collect();
        format!("row_sum({})", columns.join(", "))
    }

    /// An SQL expression that is true for a row that agrees with its checksum, or has none.
    pub fn sound(&self, of: &str) -> String {
        if self.columns.is_empty() {
            return "1".to_owned();
        }
        format!("({of}.checksum IS NULL OR {of}.checksum = {})", self.sum(of))
    }

    /// A condition that finds a row by its key.
    fn is_row(&self, of: &str) -> String {
        let equal: Vec<String> = self.key.iter().map(|column| format!("{column} = {of}.{column}")).collect();
        equal.join(" AND ")
    }

    /// An SQL expression: the checksum of a row of which one column becomes the value of a parameter. A statement that
    /// changes very many rows and keeps it itself writes each of them once.
    pub fn resealed(&self, column: &str, value: &str) -> String {
        let columns = self.columns.iter().map(|one| if *one == column { value } else { one });
        let new: Vec<&str> = columns.collect();
        format!("resealed(checksum, {}, row_sum({}))", self.sum(self.name), new.join(", "))
    }

    fn triggers(&self) -> String {
        let Self { name, columns, .. } = self;
        let (new, old, here) = (self.sum("NEW"), self.sum("OLD"), self.is_row("NEW"));
        let mut sql = String::new();
        let _ = write!(
            sql,
            "CREATE TEMP TRIGGER seal_new_{name} AFTER INSERT ON main.{name} WHEN NEW.checksum IS NULL
             BEGIN UPDATE {name} SET checksum = {new} WHERE {here}; END;
             CREATE TEMP TRIGGER seal_changed_{name} AFTER UPDATE OF {columns} ON main.{name}
             WHEN NEW.checksum IS NOT DISTINCT FROM OLD.checksum
             BEGIN UPDATE {name} SET checksum = resealed(OLD.checksum, {old}, {new}) WHERE {here}; END;",
            columns = columns.join(", "),
        );
        sql
    }
}

/// Registers the functions that compare rows with their checksums.
pub(super) fn know_sums(connection: &Connection) -> rusqlite::Result<()> {
    let harmless = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC | FunctionFlags::SQLITE_INNOCUOUS;
    connection.create_scalar_function("row_sum", -1, harmless, |row| Ok(sum_of(row)))?;
    connection.create_scalar_function("resealed", 3, harmless, |sums| {
        let (sealed, old, new): (Option<i64>, i64, i64) = (sums.get(0)?, sums.get(1)?, sums.get(2)?);
        Ok(sealed.map_or(new, |sealed| sealed ^ old ^ new))
    })
}

/// Keeps the checksums of rows that are written from now on.
pub(super) fn keep_sums(connection: &Connection) -> rusqlite::Result<()> {
    let triggers: String = ALL.iter().filter(|table| !table.columns.is_empty()).map(|table| table.triggers()).collect();
    connection.execute_batch(&triggers)
}

fn sum_of(row: &Context<'_>) -> i64 {
    let mut sum = Sum::default();
    for index in 0..row.len() {
        sum.add(index, row.get_raw(index));
    }
    sum.value()
}

/// A sum of 64 bits. Every step is a bijection of its word and of the state, so a change within one word of eight bytes
/// is always noticed; any other goes unnoticed once in 2^64. It is part of the file format: it never changes.
struct Sum(u64);

impl Default for Sum {
    fn default() -> Self {
        Self(0x7076_7774_0000_0001)
    }
}

impl Sum {
    fn word(&mut self, word: u64) {
        let mixed = (self.0 ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.0 = mixed ^ (mixed >> 29);
    }

    fn bytes(&mut self, bytes: &[u8]) {
        let (words, rest) = bytes.as_chunks::<8>();
        for word in words {
            self.word(u64::from_le_bytes(*word));
        }
        let mut last = [0; 8];
        last[..rest.len()].copy_from_slice(rest);
        self.word(u64::from_le_bytes(last));
    }

    /// An empty column adds nothing, so that a column may be added to a table.
    fn add(&mut self, index: usize, value: ValueRef<'_>) {
        let (kind, length) = match value {
            ValueRef::Null => return,
            ValueRef::Integer(_) => (1, 8),
            ValueRef::Real(_) => (2, 8),
            ValueRef::Text(bytes) => (3, bytes.len()),
            ValueRef::Blob(bytes) => (4, bytes.len()),
        };
        self.word(((index as u64) << 8) | kind);
        self.word(length as u64);
        match value {
            ValueRef::Null => {}
            ValueRef::Integer(number) => self.word(number.cast_unsigned()),
            ValueRef::Real(number) => self.word(number.to_bits()),
            ValueRef::Text(bytes) | ValueRef::Blob(bytes) => self.bytes(bytes),
        }
    }

    const fn value(&self) -> i64 {
        self.0.cast_signed()
    }
}
