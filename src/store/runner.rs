//! Stores the process that works on the database, with its heartbeat.

use chrono::{DateTime, Utc};
use rusqlite::{OptionalExtension, Row, named_params};

use super::{Store, StoreError, columns::Micros, reading::known};

/// Who works on the database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunnerRow {
    /// `daemon` or `once`.
    pub kind: String,
    /// The process.
    pub pid: u32,
    /// Its version.
    pub version: String,
    /// When anybody first worked on this database; kept when another one comes.
    pub first_at: DateTime<Utc>,
    /// When this process began.
    pub started_at: DateTime<Utc>,
    /// The time of its last heartbeat.
    pub beat_at: DateTime<Utc>,
    /// What only it knows, as JSON.
    pub facts: String,
}

impl Store {
    /// A heartbeat. Of the times of a first one the earliest is kept: a clock that was ahead does not hide what never
    /// was.
    ///
    /// # Errors
    /// As every write.
    pub fn beat(&self, row: &RunnerRow) -> Result<(), StoreError> {
        self.write("recording a heartbeat", |db| {
            db.prepare_cached(
                "INSERT INTO runner (only, kind, pid, version, first_at, started_at, beat_at, facts)
                 VALUES (1, :kind, :pid, :version, :first_at, :started_at, :beat_at, :facts)
                 ON CONFLICT (only) DO UPDATE SET kind = excluded.kind, pid = excluded.pid, version = excluded.version,
                     first_at = CASE WHEN excluded.first_at < runner.first_at
                         THEN excluded.first_at ELSE runner.first_at END,
                     started_at = excluded.started_at, beat_at = excluded.beat_at, facts = excluded.facts",
            )?
            .execute(named_params! {
                ":kind": row.kind,
                ":pid": row.pid,
                ":version": row.version,
                ":first_at": Micros(row.first_at),
                ":started_at": Micros(row.started_at),
                ":beat_at": Micros(row.beat_at),
                ":facts": row.facts,
            })?;
            Ok(())
        })
    }

    /// The last heartbeat; `None`: nobody ever worked on this database.
    ///
    /// # Errors
    /// As every read.
    pub fn runner(&self) -> Result<Option<RunnerRow>, StoreError> {
        self.read("reading the last heartbeat", |db| {
            let found = db.prepare_cached("SELECT * FROM runner")?.query_row([], runner_row).optional();
            // What cannot be read is written anew with the next heartbeat.
            Ok(known(found).transpose()?.flatten())
        })
    }
}

fn runner_row(row: &Row<'_>) -> rusqlite::Result<RunnerRow> {
    Ok(RunnerRow {
        kind: row.get("kind")?,
        pid: row.get("pid")?,
        version: row.get("version")?,
        first_at: row.get::<_, Micros>("first_at")?.0,
        started_at: row.get::<_, Micros>("started_at")?.0,
        beat_at: row.get::<_, Micros>("beat_at")?.0,
        facts: row.get("facts")?,
    })
}
