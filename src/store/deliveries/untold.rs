//! Tells a subscription of alerts of which it was never told, such as a new one of what came before it.

use chrono::{DateTime, Utc};
use rusqlite::{Connection, named_params};

use super::{
    actions::{Acting, DeliveryDeed, record},
    again::put_back,
};
use crate::{
    model::{Alert, Fingerprint},
    store::{
        Store, StoreError,
        alerts::raised,
        announcing::{idempotency_key, tell, unused_raise},
        columns::Micros,
        error::QueryFailure,
        holding::{is_held, let_through},
        reading::known,
    },
};

/// Most messages of one transaction.
const AT_ONCE: usize = 200;

/// What became of alerts of which a subscription was never told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Untold {
    /// It is told of so many.
    pub sent: usize,
    /// Silences hold so many back.
    pub held: usize,
}

/// The alerts of a time range without a message to a subscription that arrived or may arrive.
const UNTOLD: &str = "SELECT fingerprint FROM alerts
     WHERE raised_at >= :since AND raised_at < :until AND repeats IS NULL AND is_digest IS NULL
         AND NOT EXISTS (
             SELECT 1 FROM deliveries AS told WHERE told.alert = alerts.fingerprint
                 AND told.subscription = :subscription AND told.state <> 'failed'
         ) AND NOT EXISTS (
             SELECT 1 FROM pruned_deliveries AS pruned WHERE pruned.alert = alerts.fingerprint
                 AND pruned.subscription = :subscription
         )
     ORDER BY severity DESC, raised_at, fingerprint";

impl Store {
    /// The alerts that were raised from `since` to before `until`, and of which a subscription was never told: the
    /// severest first.
    ///
    /// # Errors
    /// As every read.
    pub fn untold_alerts(
        &self,
        subscription: &str,
        since: DateTime<Utc>,
        until: DateTime<Utc>,
    ) -> Result<Vec<Alert>, StoreError> {
        self.read("looking for alerts of which a subscription was not told", |db| {
            let mut query = db.prepare_cached(UNTOLD)?;
            let values = named_params! {
                ":since": Micros(since), ":until": Micros(until), ":subscription": subscription,
            };
            let rows = query.query_map(values, |row| row.get::<_, Fingerprint>(0))?;
            let found: Vec<Fingerprint> = rows.filter_map(known).collect::<Result<_, _>>()?;
            let mut alerts = Vec::new();
            for fingerprint in found {
                match raised(db, &fingerprint) {
                    Ok(alert) => alerts.extend(alert.map(|(alert, _)| alert)),
                    Err(QueryFailure::Broken(broken)) => db.note(broken),
                    Err(failure) => return Err(failure),
                }
            }
            Ok(alerts)
        })
    }

    /// How many of these alerts a subscription would be told of now.
    ///
    /// # Errors
    /// As every read.
    pub fn would_send(&self, alerts: &[Alert], now: DateTime<Utc>) -> Result<Untold, StoreError> {
        self.read("reading the silences", |db| {
            let mut found = Untold::default();
            for alert in alerts {
                let counter = if is_held(db, alert, now)? { &mut found.held } else { &mut found.sent };
                *counter += 1;
            }
            Ok(found)
        })
    }

    /// Puts one message about each alert into the outbox of a subscription, in this order. Silences hold: an alert that
    /// one covers gets none, and neither does one of which the subscription was told meanwhile. A dead letter goes back into
    /// the outbox with its own key, by which a receiver that took it knows it again.
    ///
    /// # Errors
    /// As every write. What an interrupted call did stays, and another call goes on from there.
    pub fn send_untold(&self, subscription: &str, alerts: &[Alert], acting: &Acting) -> Result<Untold, StoreError> {
        let mut found = Untold::default();
        for portion in alerts.chunks(AT_ONCE) {
            self.write("telling a subscription of earlier alerts", |db| {
                let mut sent = 0;
                for alert in portion {
                    let Some((alert, raises)) = raised(db, &alert.fingerprint)? else { continue };
                    if is_told(db, &alert.fingerprint, subscription)? {
                        continue;
                    }
                    if let_through(db, &alert, &[subscription.to_owned()], acting.at)?.is_empty() {
                        found.held += 1;
                        continue;
                    }
                    if put_back_last(db, &alert.fingerprint, subscription, acting.at)? {
                        sent += 1;
                        continue;
                    }
                    let raise = unused_raise(db, &alert.fingerprint, subscription, raises)?;
                    let key = idempotency_key(&alert.fingerprint, raise, subscription);
                    sent += tell(db, &alert, &key, subscription, (acting.at, &why(acting)))?;
                }
                found.sent += sent;
                if sent > 0 { record(db, acting, (DeliveryDeed::Sent, Some(subscription)), sent) } else { Ok(()) }
            })?;
        }
        Ok(found)
    }
}

/// Whether a message to a subscription arrived or may arrive: the daemon may have made one since the alerts were listed.
fn is_told(db: &Connection, alert: &Fingerprint, subscription: &str) -> Result<bool, QueryFailure> {
    let mut query = db.prepare_cached(
        "SELECT EXISTS (
             SELECT 1 FROM deliveries WHERE alert = :alert AND subscription = :subscription AND state <> 'failed'
         ) OR EXISTS (SELECT 1 FROM pruned_deliveries WHERE alert = :alert AND subscription = :subscription)",
    )?;
    Ok(query.query_row(named_params! {":alert": alert, ":subscription": subscription}, |row| row.get(0))?)
}

/// Puts the last dead letter about an alert back into the outbox, if there is one.
fn put_back_last(
    db: &Connection,
    alert: &Fingerprint,
    subscription: &str,
    now: DateTime<Utc>,
) -> Result<bool, QueryFailure> {
    let mut query = db
        .prepare_cached("SELECT max(id) FROM deliveries WHERE alert = ?1 AND subscription = ?2 AND state = 'failed'")?;
    let last: Option<i64> = query.query_row((alert, subscription), |row| row.get(0))?;
    last.map_or(Ok(false), |id| put_back(db, id, now))
}

fn why(acting: &Acting) -> String {
    let reason = acting.reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
    format!("sent later, as {} asked{reason}", acting.by)
}
