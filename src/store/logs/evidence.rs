use chrono::{DateTime, Utc};
use rusqlite::Row;
use serde::Serialize;

use crate::store::{
    Store, StoreError,
    columns::{Micros, count},
    sealed::LOG_EVIDENCE,
};

/// Evidence against a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewEvidence {
    /// The same for the same misdeed.
    pub id: String,
    /// The log.
    pub log: String,
    /// The misdeed, a word.
    pub kind: String,
    /// The document.
    pub document: String,
}

/// Evidence as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct EvidenceRow {
    /// Its id.
    pub id: String,
    /// The log.
    pub log: String,
    /// The misdeed.
    pub kind: String,
    /// The document.
    #[serde(skip)]
    pub document: String,
    /// When it was first found.
    pub found_at: DateTime<Utc>,
    /// When it was last found.
    pub last_found_at: DateTime<Utc>,
    /// How often.
    pub count: u64,
}

impl Store {
    /// Keeps evidence. What is kept already is found again.
    ///
    /// # Errors
    /// As every write.
    pub fn keep_evidence(&self, evidence: &NewEvidence, now: DateTime<Utc>) -> Result<(), StoreError> {
        self.write("keeping evidence against a log", |db| {
            db.prepare_cached(
                "INSERT INTO log_evidence (id, log, kind, document, found_at, last_found_at, count)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?5, 1)
                 ON CONFLICT (id) DO UPDATE SET last_found_at = excluded.last_found_at, count = count + 1",
            )?
            .execute((&evidence.id, &evidence.log, &evidence.kind, &evidence.document, Micros(now)))?;
            Ok(())
        })
    }

    /// All evidence, or that against one log; the latest first.
    ///
    /// # Errors
    /// As every read.
    pub fn evidence(&self, log: Option<&str>) -> Result<Vec<EvidenceRow>, StoreError> {
        self.read("listing evidence against logs", |db| {
            let sql = "SELECT *, {row} FROM log_evidence WHERE ?1 IS NULL OR log = ?1 ORDER BY last_found_at DESC, id";
            db.rows(&LOG_EVIDENCE, sql, [log], evidence_row)
        })
    }
}

fn evidence_row(row: &Row<'_>) -> rusqlite::Result<EvidenceRow> {
    Ok(EvidenceRow {
        id: row.get("id")?,
        log: row.get("log")?,
        kind: row.get("kind")?,
        document: row.get("document")?,
        found_at: row.get::<_, Micros>("found_at")?.0,
        last_found_at: row.get::<_, Micros>("last_found_at")?.0,
        count: count(row.get("count")?),
    })
}
