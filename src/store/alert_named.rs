//! Finds the alert that an operator names by the first digits of its id.

use rusqlite::{Connection, named_params};

use super::{
    Store, StoreError,
    alert_candidate::candidates,
    alerts::{alert_row, with_handling},
    columns::limit,
    error::QueryFailure,
    reading::several,
    sealed::ALERTS,
};
use crate::model::{Alert, AlertPrefix};

/// Most alerts that are listed where several may be meant.
const NAMED: usize = 5;

impl Store {
    /// The alert whose fingerprint begins with the typed digits.
    ///
    /// # Errors
    /// [`StoreError::AmbiguousAlert`] if there are several; else as every read.
    pub fn alert_named(&self, typed: &AlertPrefix) -> Result<Option<Alert>, StoreError> {
        self.read("reading an alert", |db| {
            let mut found = begin_so(db, typed)?;
            if found.len() > 1 {
                let candidates = candidates(&found, NAMED);
                return Err(
                    StoreError::AmbiguousAlert { typed: typed.clone(), candidates, more: found.len() > NAMED }.into()
                );
            }
            found.pop().map(|alert| with_handling(db, alert)).transpose()
        })
    }
}

/// Reads one more than are listed, so that it is known whether there are others.
fn begin_so(db: &Connection, typed: &AlertPrefix) -> Result<Vec<Alert>, QueryFailure> {
    let (first, last) = typed.fingerprints().into_inner();
    let sql = "SELECT body, status, {row} FROM alerts WHERE fingerprint >= :first AND fingerprint <= :last
               ORDER BY fingerprint LIMIT :most";
    let range = named_params! { ":first": first, ":last": last, ":most": limit(NAMED + 1) };
    several(db, &ALERTS, sql, range, alert_row)
}
