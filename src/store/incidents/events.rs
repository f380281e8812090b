//! Opens incidents and adds to their history.

use rusqlite::OptionalExtension;

use super::{append::append, joining::watch, listing::number};
use crate::{
    model::{IncidentEvent, IncidentEventKind},
    store::{Store, StoreError, reading::Reading},
};

impl Store {
    /// Opens an incident with its first events. `false`: there is one of that name.
    ///
    /// # Errors
    /// As every write.
    pub fn open_incident(&self, name: &str, events: &[IncidentEvent]) -> Result<bool, StoreError> {
        self.write("opening an incident", |db| {
            let mut insert =
                db.prepare_cached("INSERT INTO incidents (name) VALUES (?1) ON CONFLICT DO NOTHING RETURNING id")?;
            let Some(id) = insert.query_row([name], |row| row.get(0)).optional()? else { return Ok(false) };
            append(db, id, events)?;
            watch(db, id)?;
            Ok(true)
        })
    }

    /// Adds events to an incident. `false`: there is none of that name.
    ///
    /// # Errors
    /// As every write.
    pub fn add_to_incident(&self, name: &str, events: &[IncidentEvent]) -> Result<bool, StoreError> {
        self.write("adding to an incident", |db| {
            let Some(id) = number(&Reading::over(db), name)? else { return Ok(false) };
            append(db, id, events)?;
            if events.iter().any(|event| !matches!(event.kind, IncidentEventKind::Note | IncidentEventKind::Decision)) {
                watch(db, id)?;
            }
            Ok(true)
        })
    }
}
