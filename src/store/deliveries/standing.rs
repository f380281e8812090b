//! The alerts that a subscription was told of and that are not resolved, for receivers that forget.

use chrono::{DateTime, Utc};
use rusqlite::{Connection, named_params};

use crate::{
    model::{Alert, Fingerprint, Severity},
    store::{Store, StoreError, alerts::raised, columns::limit, error::QueryFailure, reading::known, silences},
};

/// When a receiver is told again, and what quiet hours let through then.
#[derive(Clone, Copy, Debug)]
pub struct Refresh {
    pub now: DateTime<Utc>,
    /// The lowest severity of which there may be news.
    pub least: Severity,
}

/// The unresolved alerts that a subscription was told of, by their fingerprints. The alerts come first, because the
/// deliveries are many more.
const STANDING: &str = "SELECT alerts.fingerprint FROM alerts
     WHERE alerts.status <> 'resolved' AND alerts.fingerprint > :after AND EXISTS (
         SELECT 1 FROM deliveries AS told WHERE told.alert = alerts.fingerprint
             AND told.subscription = :subscription AND told.state = 'delivered'
     ) ORDER BY alerts.fingerprint LIMIT :at_most";

impl Store {
    /// The next alerts after one, in the order of their fingerprints, that a subscription was told of and that are not
    /// resolved, with the last one that was looked at. Empty after the last one. What silences and quiet hours hold back is
    /// left out: an alert that a silence covers, and one whose news waits for the end of quiet hours, since it would show
    /// the news.
    ///
    /// # Errors
    /// As every read.
    pub(crate) fn standing_alerts(
        &self,
        subscription: &str,
        after: Option<Fingerprint>,
        at_most: usize,
        refresh: Refresh,
    ) -> Result<(Vec<Alert>, Option<Fingerprint>), StoreError> {
        self.read("reading the alerts that stand", |db| {
            let mut query = db.prepare_cached(STANDING)?;
            let after = after.map(|after| after.to_string()).unwrap_or_default();
            let values = named_params! {":subscription": subscription, ":after": after, ":at_most": limit(at_most)};
            let rows = query.query_map(values, |row| row.get::<_, Fingerprint>(0))?;
            let found: Vec<Fingerprint> = rows.filter_map(known).collect::<Result<_, _>>()?;
            let silences = silences::active(db, refresh.now)?;
            let mut alerts = Vec::new();
            for fingerprint in &found {
                match raised(db, fingerprint) {
                    Ok(None) => {}
                    Ok(Some((alert, _))) => {
                        let is_held = silences.iter().any(|silence| silence.holds(&alert))
                            || (alert.severity < refresh.least && has_news(db, fingerprint, subscription)?);
                        alerts.extend(Some(alert).filter(|alert| !is_held && alert.digest.is_none()));
                    }
                    Err(QueryFailure::Broken(broken)) => db.note(broken),
                    Err(failure) => return Err(failure),
                }
            }
            Ok((alerts, found.last().copied()))
        })
    }
}

/// Whether a message about an alert waits.
fn has_news(db: &Connection, alert: &Fingerprint, subscription: &str) -> Result<bool, QueryFailure> {
    let mut query = db.prepare_cached(
        "SELECT EXISTS (SELECT 1 FROM deliveries WHERE alert = ?1 AND subscription = ?2 AND state = 'pending')",
    )?;
    Ok(query.query_row((alert, subscription), |row| row.get(0))?)
}
