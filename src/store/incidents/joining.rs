//! Releases that join open incidents: those that share a run, a signer, an account or a repository with a member.

use std::collections::BTreeSet;

use rusqlite::{Connection, named_params};

use super::{
    append::append,
    listing::{events, number},
};
use crate::{
    model::{Incident, IncidentEvent, IncidentEventKind, Joined, Observation, Tie},
    store::{
        Record, Store, StoreError, Subject,
        columns::{Micros, Word},
        error::QueryFailure,
        reading::Reading,
        releases::release_row,
        sealed::RELEASES,
        traces::{Trace, Traced},
    },
};

/// The detector whose signal makes a release a member.
pub(crate) const JOINS: &str = "incident-joined";

/// Ties by which later releases join. Those of an owner and of a maintainer are too many.
const WATCHED: [Tie; 4] = [Tie::SameRun, Tie::SameIdentity, Tie::SamePublisher, Tie::SameRepository];

impl Store {
    /// The open incidents that a release would join, each by its strongest tie.
    ///
    /// # Errors
    /// As every read.
    pub(crate) fn joined(&self, release: &Observation) -> Result<Vec<Joined>, StoreError> {
        self.read("looking for incidents that a release joins", |db| joined(db, release))
    }
}

fn is_watched(trace: &Trace<'_>) -> bool {
    // What a release says of itself, anybody can say.
    let is_certified = !matches!(trace, Trace::NamedRepository(_));
    is_certified && trace.tie().is_some_and(|tie| WATCHED.contains(&tie))
}

fn joined(db: &Reading<'_>, release: &Observation) -> Result<Vec<Joined>, QueryFailure> {
    let mut found: Vec<(Joined, i64)> = Vec::new();
    let mut query = db.prepare_cached(
        "SELECT incidents.id, name, tie, member, value, (SELECT min(at) FROM incident_events WHERE incident = incidents.id)
         FROM incident_traces JOIN incidents ON incidents.id = incident_traces.incident WHERE key = ?1",
    )?;
    let traced = Traced::of(release);
    for trace in traced.traces().iter().filter(|trace| is_watched(trace)) {
        let rows = query.query_map([trace.key().0], |row| {
            let (value, since): (String, Micros) = (row.get(4)?, row.get(5)?);
            let (incident, tie) = (row.get(1)?, row.get::<_, Word<Tie>>(2)?.0);
            Ok((Joined { tie, incident, member: row.get(3)?, value, since: since.0 }, row.get(0)?))
        })?;
        for row in rows {
            let (joined, id) = row?;
            // Two values may have one hash.
            if joined.value == trace.value() {
                found.push((joined, id));
            }
        }
    }
    found.sort();
    let mut seen = BTreeSet::new();
    found.retain(|(_, id)| seen.insert(*id));
    let mut joins = Vec::new();
    for (joined, id) in found {
        let incident = Incident::of(joined.incident.clone(), events(db, id)?);
        joins.extend((incident.is_open && !incident.has(&release.purl)).then_some(joined));
    }
    Ok(joins)
}

/// Makes a release a member of the incidents that its alert names.
pub(in crate::store) fn join(db: &Connection, record: &Record) -> Result<(), QueryFailure> {
    let says = record.alert.iter().flat_map(|alert| &alert.signals).any(|signal| signal.detector == JOINS);
    let Subject::Observed(observation) = &record.subject else { return Ok(()) };
    if !says {
        return Ok(());
    }
    let db = Reading::over(db);
    for joined in joined(&db, observation)? {
        let Some(id) = number(&db, &joined.incident)? else { continue };
        let event = IncidentEvent {
            at: record.now,
            by: "provwatch".to_owned(),
            kind: IncidentEventKind::Added,
            purl: Some(observation.purl.clone()),
            tie: Some(joined.tie),
            text: format!("{} as {}", joined.value, joined.member),
        };
        append(&db, id, &[event])?;
        watch(&db, id)?;
    }
    Ok(())
}

/// Derives from the members of an incident by what later releases join it; nothing joins a closed one.
pub(super) fn watch(db: &Connection, id: i64) -> Result<(), QueryFailure> {
    db.prepare_cached("DELETE FROM incident_traces WHERE incident = ?1")?.execute([id])?;
    let db = Reading::over(db);
    let incident = Incident::of(String::new(), events(&db, id)?);
    for member in incident.members.iter().filter(|_| incident.is_open) {
        let sql = "SELECT *, {row} FROM releases WHERE purl = ?1";
        let row = db.rows(&RELEASES, sql, [member.purl.to_string()], release_row)?.pop();
        let Some(observation) = row.and_then(|row| row.observation) else { continue };
        let traced = Traced::of(&observation);
        for trace in traced.traces().iter().filter(|trace| is_watched(trace)) {
            let Some(tie) = trace.tie() else { continue };
            db.prepare_cached(
                "INSERT INTO incident_traces (key, incident, tie, member, value)
                 VALUES (:key, :incident, :tie, :member, :value) ON CONFLICT DO NOTHING",
            )?
            .execute(named_params! {
                ":key": trace.key().0, ":incident": id, ":tie": Word(tie), ":member": member.purl.to_string(),
                ":value": trace.value(),
            })?;
        }
    }
    Ok(())
}
