//! Stores the traces of releases.

use std::collections::BTreeSet;

use rusqlite::Connection;

use super::{Listed, Trace, names::names, of_release::Traced};
use crate::{
    model::Observation,
    store::{columns::Micros, error::QueryFailure, packed::Packed},
};

/// Stores the traces of a release. Those of an earlier observation stay, see the documentation of the module.
pub(in crate::store) fn trace(db: &Connection, release: i64, observation: &Observation) -> Result<(), QueryFailure> {
    Ok(insert(db, release, observation)?)
}

fn insert(db: &Connection, release: i64, observation: &Observation) -> rusqlite::Result<()> {
    let mut insert = db
        .prepare_cached("INSERT INTO traces (key, published_at, release) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING")?;
    let release_traces = Traced::of(observation);
    let traces = release_traces.traces();
    // In the order of the table, and each once.
    let keys: BTreeSet<i64> = traces.iter().map(|trace| trace.key().0).collect();
    for key in keys {
        insert.execute((key, Micros(observation.published_at), release))?;
    }
    list(db, traces.iter().filter_map(listed).chain(names(observation)))
}

/// Stores the workflow files among some traces, so that they can be searched for by a pattern.
pub(in crate::store) fn list_workflows(db: &Connection, traces: &[Trace<'_>]) -> rusqlite::Result<()> {
    let workflows = traces.iter().filter(|trace| matches!(trace, Trace::Workflow(_)));
    list(db, workflows.filter_map(listed))
}

/// Stores kinds and values, each once.
fn list(db: &Connection, values: impl Iterator<Item = (&'static str, String)>) -> rusqlite::Result<()> {
    let mut insert =
        db.prepare_cached("INSERT INTO trace_values (kind, value) VALUES (?1, ?2) ON CONFLICT DO NOTHING")?;
    for value in values.collect::<BTreeSet<_>>() {
        insert.execute(value)?;
    }
    Ok(())
}

/// The kind and the value of a trace that can be listed.
fn listed(trace: &Trace<'_>) -> Option<(&'static str, String)> {
    match trace {
        Trace::Workflow(_) => Some((Listed::Workflows.kind(), trace.value().into_owned())),
        Trace::LogEntry { origin, .. } => Some((Listed::LogOrigins.kind(), (*origin).to_owned())),
        _ => None,
    }
}

/// Stores the traces of all releases of a database from before they were keys. A damaged observation is passed over: it is
/// found when its row is read.
pub(in crate::store) fn fill(db: &Connection) -> rusqlite::Result<()> {
    let mut all = db.prepare("SELECT id, observation FROM releases WHERE observation IS NOT NULL ORDER BY id")?;
    let mut rows = all.query([])?;
    while let Some(row) = rows.next()? {
        if let Ok(Packed(observation)) = row.get::<_, Packed<Observation>>("observation") {
            insert(db, row.get("id")?, &observation)?;
        }
    }
    Ok(())
}
