//! Stores the workflows that signed for a watched repository.

use chrono::{DateTime, Utc};
use rusqlite::{Connection, Row};
use serde::Serialize;

use crate::{
    model::WorkflowIdentity,
    store::{
        Store, StoreError,
        columns::{Micros, count},
        error::QueryFailure,
        sealed::LOG_WORKFLOWS,
    },
};

/// A workflow that signed for a watched repository.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct WorkflowRow {
    /// The workflow file, a URL without ref.
    pub workflow: String,
    /// When it was first seen.
    pub first_seen: DateTime<Utc>,
    /// When it was last seen.
    pub last_seen: DateTime<Utc>,
    /// The number of its entries.
    pub entries: u64,
    /// How many of them a release explains.
    pub explained: u64,
}

impl Store {
    /// The workflows that signed for a repository (a URL).
    ///
    /// # Errors
    /// As every read.
    pub fn log_workflows(&self, repository: &str) -> Result<Vec<WorkflowRow>, StoreError> {
        self.read("listing workflows seen in logs", |db| {
            let sql = "SELECT *, {row} FROM log_workflows WHERE repository = ?1 ORDER BY first_seen, workflow";
            db.rows(&LOG_WORKFLOWS, sql, [repository.to_lowercase()], workflow_row)
        })
    }
}

/// Counts an entry that was judged finally.
pub(super) fn count_entry(
    db: &Connection,
    identity: &WorkflowIdentity,
    explained: bool,
    seen_at: DateTime<Utc>,
) -> Result<(), QueryFailure> {
    let (Some(repository), Some(workflow)) = (&identity.claims.source_repository_uri, identity.workflow()) else {
        return Ok(());
    };
    db.prepare_cached(
        "INSERT INTO log_workflows (repository, workflow, first_seen, last_seen, entries, explained)
         VALUES (?1, ?2, ?3, ?4, 1, ?5)
         ON CONFLICT (repository, workflow) DO UPDATE SET
             first_seen = CASE WHEN excluded.first_seen < log_workflows.first_seen
                 THEN excluded.first_seen ELSE log_workflows.first_seen END,
             last_seen = CASE WHEN log_workflows.last_seen < excluded.last_seen
                 THEN excluded.last_seen ELSE log_workflows.last_seen END,
             entries = log_workflows.entries + 1, explained = log_workflows.explained + excluded.explained",
    )?
    .execute((repository.to_lowercase(), workflow, Micros(seen_at), Micros(seen_at), i64::from(explained)))?;
    Ok(())
}

/// Counts one of these entries as explained after all.
pub(super) fn count_explained(db: &Connection, identity: &WorkflowIdentity) -> Result<(), QueryFailure> {
    if let (Some(repository), Some(workflow)) = (&identity.claims.source_repository_uri, identity.workflow()) {
        db.prepare_cached(
            "UPDATE log_workflows SET explained = explained + 1 WHERE repository = ?1 AND workflow = ?2",
        )?
        .execute((repository.to_lowercase(), workflow))?;
    }
    Ok(())
}

fn workflow_row(row: &Row<'_>) -> rusqlite::Result<WorkflowRow> {
    Ok(WorkflowRow {
        workflow: row.get("workflow")?,
        first_seen: row.get::<_, Micros>("first_seen")?.0,
        last_seen: row.get::<_, Micros>("last_seen")?.0,
        entries: count(row.get("entries")?),
        explained: count(row.get("explained")?),
    })
}
