//! The alerts that a subscription was told of and that are not resolved, or were not until lately, for receivers that forget.

use chrono::{DateTime, Utc};
use rusqlite::named_params;

use crate::{
    model::{Alert, Fingerprint},
    store::{
        Store, StoreError,
        alerts::raised,
        columns::{Micros, limit},
        error::QueryFailure,
        reading::known,
    },
};

/// The alerts that a subscription was told of and that are unresolved, or were resolved after a time, by their
/// fingerprints. The alerts come first, because the deliveries are many more.
const STANDING: &str = "SELECT fingerprint FROM (
         SELECT fingerprint FROM alerts WHERE status <> 'resolved'
         UNION ALL
         SELECT fingerprint FROM alerts WHERE status = 'resolved' AND resolved_at > :resolved_after
     ) AS standing
     WHERE fingerprint > :after AND EXISTS (
         SELECT 1 FROM deliveries AS told WHERE told.alert = standing.fingerprint
             AND told.subscription = :subscription AND told.state = 'delivered'
     ) ORDER BY fingerprint LIMIT :at_most";

impl Store {
    /// The next alerts after one, in the order of their fingerprints, that a subscription was told of and that are not
    /// resolved, or were resolved after a time, with the last one that was looked at. Empty after the last one.
    ///
    /// # Errors
    /// As every read.
    pub(crate) fn standing_alerts(
        &self,
        subscription: &str,
        after: Option<Fingerprint>,
        resolved_after: DateTime<Utc>,
        at_most: usize,
    ) -> Result<(Vec<Alert>, Option<Fingerprint>), StoreError> {
        self.read("reading the alerts that stand", |db| {
            let mut query = db.prepare_cached(STANDING)?;
            let after = after.map(|after| after.to_string()).unwrap_or_default();
            let values = named_params! {
                ":subscription": subscription, ":after": after, ":resolved_after": Micros(resolved_after),
                ":at_most": limit(at_most),
            };
            let rows = query.query_map(values, |row| row.get::<_, Fingerprint>(0))?;
            let found: Vec<Fingerprint> = rows.filter_map(known).collect::<Result<_, _>>()?;
            let mut alerts = Vec::new();
            for fingerprint in &found {
                match raised(db, fingerprint) {
                    Ok(found) => {
                        let alert = found.map(|(alert, _)| alert);
                        alerts.extend(alert.filter(|alert| alert.digest.is_none()));
                    }
                    Err(QueryFailure::Broken(broken)) => db.note(broken),
                    Err(failure) => return Err(failure),
                }
            }
            Ok((alerts, found.last().copied()))
        })
    }
}
