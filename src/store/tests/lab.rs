//! Test fixtures of the store: a temporary database, and small sample data.

use std::{borrow::Cow, fmt::Write as _, fs, path::PathBuf};

use chrono::{DateTime, Duration, Utc};
use rusqlite::types::Value;
use tempfile::TempDir;

use crate::{
    model::{
        Alert, AlertKind, Baseline, BaselineReason, Claims, Confidence, Ecosystem, Fingerprint, LogEntry, Observation,
        Package, Provenance, ReleaseId, ReleaseLine, Severity, Signal, VerifiedProvenance, WorkflowIdentity,
    },
    store::{
        BaselineChange, EventKind, Lane, NewBaselineVersion, NewEvent, Outcome, Record, Store, StoreError, Work,
        packed::unpack,
    },
};

pub const ISSUER: &str = "https://token.actions.githubusercontent.com";

pub struct Lab {
    folder: TempDir,
    pub store: Store,
}

impl Lab {
    pub fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let store = Store::open(&folder.path().join("provwatch.db")).unwrap();
        Self { folder, store }
    }

    pub fn path(&self) -> PathBuf {
        self.folder.path().join("provwatch.db")
    }

    /// The store as the next process finds it after this one was killed: the files as they are on disk now.
    pub fn after_kill(&self) -> Self {
        let folder = TempDir::new().unwrap();
        for file in fs::read_dir(self.folder.path()).unwrap().map(Result::unwrap) {
            // The index of the log (-shm) is memory of the processes that have the database open.
            if !file.file_name().to_string_lossy().ends_with("-shm") {
                fs::copy(file.path(), folder.path().join(file.file_name())).unwrap();
            }
        }
        let store = Store::open(&folder.path().join("provwatch.db")).unwrap();
        Self { folder, store }
    }

    pub fn restarted(self) -> Self {
        let Self { folder, store } = self;
        drop(store);
        let store = Store::open(&folder.path().join("provwatch.db")).unwrap();
        Self { folder, store }
    }

    pub fn sql(&self, sql: &str) -> rusqlite::Result<()> {
        self.store.connection().execute_batch(sql)
    }
}

/// Every row of every table, to compare states of a store. Generations only have to grow, and checksums follow from the
/// rest.
pub fn dump(store: &Store) -> String {
    let db = store.connection();
    let mut tables = db
        .prepare(
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'
             AND name <> 'work_generation' ORDER BY name",
        )
        .unwrap();
    let names: Vec<String> = tables.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    let mut out = String::new();
    for name in names {
        let width = db.prepare(&format!("SELECT * FROM {name}")).unwrap().column_count();
        let order = ["1", "2", "3"][..width.min(3)].join(", ");
        let mut query = db.prepare(&format!("SELECT * FROM {name} ORDER BY {order}")).unwrap();
        let columns: Vec<_> = query.column_names().into_iter().map(str::to_owned).collect();
        let mut rows = query.query([]).unwrap();
        while let Some(row) = rows.next().unwrap() {
            write!(out, "{name}:").unwrap();
            for (index, column) in
                columns.iter().enumerate().filter(|(_, column)| *column != "generation" && *column != "checksum")
            {
                let value = match row.get(index).unwrap() {
                    Value::Blob(bytes) if column == "observation" => readable(bytes),
                    value => value,
                };
                write!(out, " {column}={value:?}").unwrap();
            }
            out.push('\n');
        }
    }
    out
}

/// A compressed value as its text, if it can be had.
fn readable(packed: Vec<u8>) -> Value {
    let text = unpack(&packed).ok().and_then(|text| String::from_utf8(text).ok());
    text.map_or(Value::Blob(packed), Value::Text)
}

/// How SQLite would find the rows of a statement.
pub fn plan(store: &Store, sql: &str) -> String {
    let db = store.connection();
    let mut query = db.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
    let mut rows = query.raw_query();
    let mut plan = String::new();
    while let Some(row) = rows.next().unwrap() {
        writeln!(plan, "{}", row.get::<_, String>("detail").unwrap()).unwrap();
    }
    plan
}

pub fn noon() -> DateTime<Utc> {
    "2026-04-01T12:00:00Z".parse().unwrap()
}

pub fn minutes_later(minutes: i64) -> DateTime<Utc> {
    noon() + Duration::minutes(minutes)
}

/// The packages of npm that are due, lane by lane.
pub fn due_work(store: &Store, now: DateTime<Utc>) -> Result<Vec<Work>, StoreError> {
    let lanes = [Lane::Announced, Lane::Again, Lane::Rest];
    let due = lanes.map(|lane| store.next_work(Ecosystem::NPM, lane, now, 99));
    Ok(due.into_iter().collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect())
}

pub fn package(name: &str) -> Package {
    format!("pkg:npm/{name}").parse().unwrap()
}

pub fn release(purl: &str) -> ReleaseId {
    purl.parse().unwrap()
}

pub fn event(package: &Package, key: &str) -> NewEvent {
    NewEvent {
        package: package.clone(),
        kind: EventKind::Document,
        change: r#"{"kind":"document"}"#.to_owned(),
        revision: Some(format!("{key}-abc")),
        key: key.to_owned(),
        at: None,
    }
}

/// An observation with the required fields only, published at noon.
pub fn observation(purl: &str) -> Observation {
    let json = serde_json::json!({
        "purl": purl, "published_at": noon(), "auth": {"method": "token"}, "attestation": {"status": "absent"},
    });
    serde_json::from_value(json).unwrap()
}

/// Provenance of run 7 of a repository.
pub fn provenance(repository_id: &str) -> Provenance {
    Provenance::Verified(Box::new(VerifiedProvenance {
        identity: WorkflowIdentity {
            issuer: ISSUER.to_owned(),
            subject: "https://github.com/o/r/.github/workflows/release.yml@refs/tags/v1".to_owned(),
            claims: Claims {
                source_repository_uri: Some("https://github.com/o/r".to_owned()),
                source_repository_identifier: Some(repository_id.to_owned()),
                run_invocation_uri: Some("https://github.com/o/r/actions/runs/7/attempts/1".to_owned()),
                ..Claims::default()
            },
        },
        signed_at: Some(noon()),
        log: Some(LogEntry { origin: "rekor.example".to_owned(), index: 42 }),
        signed: Vec::new(),
    }))
}

pub fn alert(subject: &str, severity: Severity) -> Alert {
    let title = format!("{subject} is unusual");
    Alert {
        purl: subject.parse().ok(),
        published_at: Some(noon()),
        signals: vec![signal(severity)],
        ..Alert::about(AlertKind::Release, subject, severity, Confidence::High, title, noon())
    }
}

fn signal(severity: Severity) -> Signal {
    Signal {
        detector: Cow::Borrowed("evidence-downgrade"),
        severity,
        expected: "provenance".to_owned(),
        seen: "none".to_owned(),
        since: None,
        why: "a stolen token cannot make provenance".to_owned(),
        corroborating: false,
    }
}

/// An alert of provwatch about itself.
pub fn stale_source() -> Alert {
    let fingerprint = Fingerprint::of(AlertKind::Operation, "npm-changes");
    Alert { fingerprint, id: fingerprint.id(), kind: AlertKind::Operation, ..alert("npm-changes", Severity::Medium) }
}

pub fn subscriptions(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

pub fn version(purl: &str, reason: BaselineReason) -> NewBaselineVersion {
    NewBaselineVersion {
        line: ReleaseLine::of(&release(purl)),
        reason,
        purl: Some(release(purl)).filter(|_| reason != BaselineReason::Reset),
        actor: "provwatch".to_owned(),
        note: None,
    }
}

/// A change by which a baseline learns these releases.
pub fn learning(based_on: u32, purls: &[&str]) -> BaselineChange {
    let package = release(purls[0]).package().clone();
    let versions: Vec<_> = purls.iter().map(|purl| version(purl, BaselineReason::Learned)).collect();
    let mut baseline = Baseline::empty(package);
    for version in &versions {
        baseline.lines.entry(version.line.clone()).or_default().releases += 1;
    }
    BaselineChange { based_on, baseline, versions }
}

/// A clean release that is learned.
pub fn learned(purl: &str, based_on: u32) -> Record {
    let mut record = Record::observed(observation(purl), Outcome::Clean, noon());
    record.baseline = Some(learning(based_on, &[purl]));
    record
}

/// A release that raises an alert for two subscriptions.
pub fn alerted(purl: &str, severity: Severity) -> Record {
    let mut record = Record::observed(observation(purl), Outcome::Alerted, noon());
    record.alert = Some(alert(purl, severity));
    record.subscriptions = subscriptions(&["mail", "slack"]);
    record
}

/// A release that repeats the deviation of another.
pub fn repeating(purl: &str, of: &str, severity: Severity) -> Record {
    let mut record = alerted(purl, severity);
    let alert = record.alert.as_mut().unwrap();
    alert.repeats = Some(Fingerprint::of_release(&release(of)).id());
    record
}
