//! Stores the process that works on the database, with its heartbeat.

use chrono::{DateTime, Utc};
use rusqlite::{OptionalExtension, Row, named_params};

use super::{Store, StoreError, columns::Micros, reading::known};

/// The process that works on the database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunnerRow {
    /// `daemon` or `once`.
    pub kind: String,
    /// The process.
    pub pid: u32,
    /// Its version.
    pub version: String,
    /// When a process first worked on this database; kept when another one comes.
    pub first_at: DateTime<Utc>,
    /// When this process began.
    pub started_at: DateTime<Utc>,
    /// When it last gave a heartbeat.
    pub beat_at: DateTime<Utc>,
    /// The facts that only it has, as JSON.
    pub facts: String,
}

impl Store {
    /// Stores a heartbeat. Of the first times the earliest is kept: a clock that was ahead does not make a database
    /// look newer.
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

    /// The last heartbeat; `None`: no process ever worked on this database.
    ///
    /// # Errors
    /// As every read.
    pub fn runner(&self) -> Result<Option<RunnerRow>, StoreError> {
        self.read("reading the last heartbeat", |db| {
            let found = db.prepare_cached("SELECT * FROM runner")?.query_row([], runner_row).optional();
            // An unreadable row is written again with the next heartbeat.
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
