//! Stores the evidence of log violations.

use chrono::{DateTime, Utc};
use rusqlite::{Connection, Row, named_params};
use schemars::JsonSchema;
use serde::Serialize;

use crate::store::{
    Store, StoreError,
    columns::{Micros, count},
    error::QueryFailure,
    sealed::LOG_EVIDENCE,
};

/// Evidence against a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewEvidence {
    /// An id that is the same for the same violation.
    pub id: String,
    pub log: String,
    /// The violation, a word.
    pub kind: String,
    pub document: String,
}

/// Evidence as it is stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct EvidenceRow {
    /// Its id.
    pub id: String,
    /// The log.
    pub log: String,
    /// The violation.
    pub kind: String,
    /// The document.
    #[serde(skip)]
    pub document: String,
    /// When it was first found.
    pub found_at: DateTime<Utc>,
    /// When it was last found.
    pub last_found_at: DateTime<Utc>,
    /// How often it was found.
    pub count: u64,
}

/// Most documents of one kind that are stored for a log. One that serves a different one at every poll would fill the
/// disk.
const KEPT: u64 = 500;

impl Store {
    /// Stores evidence, and returns the id under which it is stored. Known evidence is found again; evidence beyond the
    /// limit is counted with the latest.
    pub(crate) fn keep_evidence(&self, evidence: &NewEvidence, now: DateTime<Utc>) -> Result<String, StoreError> {
        self.write("keeping evidence against a log", |db| {
            let id = id_to_keep(db, evidence)?;
            db.prepare_cached(
                "INSERT INTO log_evidence (id, log, kind, document, found_at, last_found_at, count)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, 1)
                 ON CONFLICT (id) DO UPDATE SET last_found_at = excluded.last_found_at,
                     count = log_evidence.count + 1",
            )?
            .execute((
                &id,
                &evidence.log,
                &evidence.kind,
                &evidence.document,
                Micros(now),
                Micros(now),
            ))?;
            Ok(id)
        })
    }

    /// All evidence, or that against one log; the latest first.
    ///
    /// # Errors
    /// As every read.
    pub fn evidence(&self, log: Option<&str>) -> Result<Vec<EvidenceRow>, StoreError> {
        self.read("listing evidence against logs", |db| {
            let sql = "SELECT *, {row} FROM log_evidence WHERE :log IS NULL OR log = :log
                       ORDER BY last_found_at DESC, id";
            db.rows(&LOG_EVIDENCE, sql, named_params! { ":log": log }, evidence_row)
        })
    }
}

/// The id of new evidence, or of the latest of its kind at the limit.
fn id_to_keep(db: &Connection, evidence: &NewEvidence) -> Result<String, QueryFailure> {
    let mut query = db.prepare_cached(
        "SELECT count(*), count(*) FILTER (WHERE id = ?3) FROM log_evidence WHERE log = ?1 AND kind = ?2",
    )?;
    let (kept, known) = query
        .query_row((&evidence.log, &evidence.kind, &evidence.id), |row| Ok((count(row.get(0)?), count(row.get(1)?))))?;
    if kept < KEPT || known > 0 {
        return Ok(evidence.id.clone());
    }
    let mut latest = db.prepare_cached(
        "SELECT id FROM log_evidence WHERE log = ?1 AND kind = ?2 ORDER BY found_at DESC, id LIMIT 1",
    )?;
    Ok(latest.query_row((&evidence.log, &evidence.kind), |row| row.get(0))?)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_that_serves_something_else_at_every_poll_does_not_fill_the_disk() {
        let store = Store::in_memory().unwrap();
        let now = DateTime::UNIX_EPOCH;
        let evidence = |number: u64| NewEvidence {
            id: format!("{number:04}"),
            log: "log.example".to_owned(),
            kind: "malformed".to_owned(),
            document: "{}".to_owned(),
        };
        for number in 0..KEPT {
            assert_eq!(store.keep_evidence(&evidence(number), now).unwrap(), evidence(number).id);
        }
        let id = store.keep_evidence(&evidence(KEPT), now).unwrap();
        assert_ne!(id, evidence(KEPT).id);
        assert_eq!(store.keep_evidence(&evidence(7), now).unwrap(), evidence(7).id, "what is kept is found again");
        let all = store.evidence(None).unwrap();
        assert_eq!((all.len() as u64, all.iter().map(|row| row.count).sum()), (KEPT, KEPT + 2));
        let fork = NewEvidence { kind: "fork".to_owned(), ..evidence(KEPT) };
        assert_eq!(store.keep_evidence(&fork, now).unwrap(), fork.id, "another kind has room of its own");
    }
}
