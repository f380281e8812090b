//! Appends to the history of an incident.

use rusqlite::{Connection, named_params};

use crate::{
    model::IncidentEvent,
    store::{
        columns::{Micros, Word},
        error::QueryFailure,
    },
};

pub(super) fn append(db: &Connection, incident: i64, events: &[IncidentEvent]) -> Result<(), QueryFailure> {
    let mut insert = db.prepare_cached(
        "INSERT INTO incident_events (incident, at, by, kind, purl, tie, text)
         VALUES (:incident, :at, :by, :kind, :purl, :tie, :text)",
    )?;
    for event in events {
        insert.execute(named_params! {
            ":incident": incident, ":at": Micros(event.at), ":by": event.by, ":kind": Word(event.kind),
            ":purl": event.purl.as_ref().map(ToString::to_string), ":tie": event.tie.map(Word), ":text": event.text,
        })?;
    }
    Ok(())
}
