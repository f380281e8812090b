//! Reads incidents.

use rusqlite::Row;

use crate::{
    model::{Incident, IncidentEvent, ReleaseId},
    store::{
        Store, StoreError,
        columns::{Micros, Text, Word},
        error::QueryFailure,
        reading::Reading,
        sealed::{INCIDENT_EVENTS, INCIDENTS},
    },
};

impl Store {
    /// All incidents, the latest first.
    ///
    /// # Errors
    /// As every read.
    pub fn incidents(&self) -> Result<Vec<Incident>, StoreError> {
        self.read("listing the incidents", |db| {
            let rows = named(db, "SELECT id, name, {row} FROM incidents ORDER BY id DESC", [])?;
            rows.into_iter().map(|(id, name)| Ok(Incident::of(name, events(db, id)?))).collect()
        })
    }

    /// An incident.
    ///
    /// # Errors
    /// As every read.
    pub fn incident(&self, name: &str) -> Result<Option<Incident>, StoreError> {
        self.read("reading an incident", |db| {
            let Some(id) = number(db, name)? else { return Ok(None) };
            Ok(Some(Incident::of(name.to_owned(), events(db, id)?)))
        })
    }

    /// The names of the incidents that a release belongs to, the latest first.
    ///
    /// # Errors
    /// As every read.
    pub fn incidents_of(&self, release: &ReleaseId) -> Result<Vec<Incident>, StoreError> {
        self.read("looking for the incidents of a release", |db| {
            let sql = "SELECT id, name, {row} FROM incidents
                 WHERE id IN (SELECT incident FROM incident_events WHERE purl = ?1) ORDER BY id DESC";
            let mut incidents = Vec::new();
            for (id, name) in named(db, sql, [release.to_string()])? {
                let incident = Incident::of(name, events(db, id)?);
                incidents.extend(Some(incident).filter(|incident| incident.has(release)));
            }
            Ok(incidents)
        })
    }
}

fn named(db: &Reading<'_>, sql: &str, params: impl rusqlite::Params) -> Result<Vec<(i64, String)>, QueryFailure> {
    db.rows(&INCIDENTS, sql, params, |row| Ok((row.get("id")?, row.get("name")?)))
}

/// The number of an incident.
pub(super) fn number(db: &Reading<'_>, name: &str) -> Result<Option<i64>, QueryFailure> {
    Ok(named(db, "SELECT id, name, {row} FROM incidents WHERE name = ?1", [name])?.pop().map(|(id, _)| id))
}

/// The events of an incident, the oldest first.
pub(super) fn events(db: &Reading<'_>, incident: i64) -> Result<Vec<IncidentEvent>, QueryFailure> {
    let sql = "SELECT *, {row} FROM incident_events WHERE incident = ?1 ORDER BY id";
    db.rows(&INCIDENT_EVENTS, sql, [incident], event)
}

fn event(row: &Row<'_>) -> rusqlite::Result<IncidentEvent> {
    Ok(IncidentEvent {
        at: row.get::<_, Micros>("at")?.0,
        by: row.get("by")?,
        kind: row.get::<_, Word<_>>("kind")?.0,
        purl: row.get::<_, Option<Text<ReleaseId>>>("purl")?.map(|purl| purl.0),
        tie: row.get::<_, Option<Word<_>>>("tie")?.map(|tie| tie.0),
        text: row.get("text")?,
    })
}
