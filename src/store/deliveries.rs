use chrono::{DateTime, TimeDelta, Utc};
use rusqlite::{Connection, Row, named_params, types::FromSql};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{
    Store, StoreError,
    alerts::{count_announcement, raised},
    campaigns,
    columns::{Micros, Word, count, limit, time, time_of_any},
    error::Failure,
    reading::{Broken, Raw, Reading, known},
    sealed::DELIVERIES,
};
use crate::{
    clock::horizon,
    model::{Alert, AlertKind, ReleaseId},
};

/// One alert that is to reach one subscription.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// The row.
    pub id: i64,
    /// The same at every attempt, and of no other delivery: 32 hex digits.
    pub idempotency_key: String,
    /// The subscription's name.
    pub subscription: String,
    /// The alert as it stands now.
    pub alert: Alert,
    /// Attempts made so far.
    pub attempts: u32,
    /// How often this alert was announced to this subscription before.
    pub sequence: u32,
    /// How often its receiver answered that it does not take it.
    pub refusals: u32,
    /// When it was put into the outbox.
    pub created_at: DateTime<Utc>,
}

/// How the deliveries of one subscription fare.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct SubscriptionState {
    /// Its name.
    pub subscription: String,
    /// Deliveries that are still to be made.
    pub pending: u64,
    /// Those of them that were attempted in vain.
    pub retrying: u64,
    /// Deliveries that were given up.
    pub failed: u64,
    /// Since when the oldest pending one waits.
    pub oldest_pending: Option<DateTime<Utc>>,
    /// When one last got through.
    pub last_success: Option<DateTime<Utc>>,
    /// When one was last given up.
    pub last_failure: Option<DateTime<Utc>>,
}

/// What became of one delivery.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct DeliveryState {
    /// The subscription's name.
    pub subscription: String,
    /// Where it stands.
    pub state: DeliveryStatus,
    /// Attempts made so far.
    pub attempts: u32,
    /// When it was put into the outbox.
    pub created_at: DateTime<Utc>,
    /// When it got through or was given up.
    pub settled_at: Option<DateTime<Utc>>,
    /// What the sink said at the last attempt.
    pub detail: Option<String>,
}

/// Where a delivery stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum DeliveryStatus {
    /// Still to be made.
    Pending,
    /// It got through.
    Delivered,
    /// It was given up.
    Failed,
}

/// How an attempt ended.
#[derive(Clone, Copy)]
enum Ending {
    Delivered,
    /// It is tried again then; whether it was the message that was refused.
    Retry(DateTime<Utc>, bool),
    GaveUp,
}

impl Ending {
    const fn outcome(self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::Retry(..) => "retry",
            Self::GaveUp => "gave-up",
        }
    }

    const fn status(self) -> DeliveryStatus {
        match self {
            Self::Delivered => DeliveryStatus::Delivered,
            Self::Retry(..) => DeliveryStatus::Pending,
            Self::GaveUp => DeliveryStatus::Failed,
        }
    }
}

/// How long after one message about a campaign the next one follows at the earliest that tells how it grew. Each member is to
/// be told within a minute.
const GROWTH_PAUSE: TimeDelta = TimeDelta::seconds(45);

/// How long a message that tells how a campaign grew waits for what joins soon after, to stand in it too.
const GATHERING: TimeDelta = TimeDelta::seconds(30);

/// The longest wait that a delivery is ever given, whatever a receiver asks for: the longest step of the outbox's schedule.
pub const LONGEST_DELIVERY_WAIT: TimeDelta = TimeDelta::hours(6);

/// Most announcements of one alert that are tried to find what a lost delivery was about.
const MOST_RAISES: i64 = 1000;

impl Store {
    /// The deliveries that are due, the longest due first, at most so many of each subscription: a sink that is down
    /// does not keep others from their turn.
    ///
    /// # Errors
    /// As every read.
    pub fn due_deliveries(&self, now: DateTime<Utc>, per_subscription: usize) -> Result<Vec<Delivery>, StoreError> {
        self.read("reading the outbox", |db| {
            let sql = "SELECT due.*, {row AS due}, (
                     SELECT count(*) FROM deliveries AS earlier WHERE earlier.alert = due.alert
                         AND earlier.subscription = due.subscription AND earlier.id < due.id
                 ) AS sequence FROM (
                     SELECT *, row_number() OVER (PARTITION BY subscription ORDER BY next_at, id) AS place
                     FROM deliveries WHERE state = 'pending' AND (next_at <= ?1 OR next_at > ?2)
                 ) AS due WHERE due.place <= ?3 ORDER BY due.next_at, due.id";
            let due = (Micros(now), Micros(horizon(now, LONGEST_DELIVERY_WAIT)), limit(per_subscription));
            let rows = db.rows(&DELIVERIES, sql, due, undelivered)?;
            rows.into_iter().filter_map(|row| row.with_alert(db).transpose()).collect()
        })
    }

    /// It got through; `detail` is what the sink answered. `false`: this attempt was recorded before.
    ///
    /// # Errors
    /// As every write.
    pub fn delivered(&self, delivery: &Delivery, now: DateTime<Utc>, detail: &str) -> Result<bool, StoreError> {
        self.delivered_naming(delivery, now, detail, &delivery.alert.members, &[])
    }

    /// As [`Store::delivered`], where the message named only these members of a campaign; of those that are `left` another
    /// message tells.
    ///
    /// # Errors
    /// As every write.
    pub fn delivered_naming(
        &self,
        delivery: &Delivery,
        now: DateTime<Utc>,
        detail: &str,
        named: &[ReleaseId],
        left: &[ReleaseId],
    ) -> Result<bool, StoreError> {
        self.write("recording a delivery", |db| {
            let is_first = end_attempt(db, delivery, Ending::Delivered, now, detail)?;
            if is_first {
                campaigns::tell(db, delivery, named)?;
                announce_what_came_meanwhile(db, delivery, left, now)?;
            }
            Ok(is_first)
        })
    }

    /// It did not get through and is to be tried again. `false`: this attempt was recorded before.
    ///
    /// # Errors
    /// As every write.
    pub fn retry_delivery(
        &self,
        delivery: &Delivery,
        now: DateTime<Utc>,
        next_at: DateTime<Utc>,
        error: &str,
    ) -> Result<bool, StoreError> {
        self.write("putting a delivery off", |db| end_attempt(db, delivery, Ending::Retry(next_at, false), now, error))
    }

    /// As [`Store::retry_delivery`], where the receiver answered that it does not take this message.
    ///
    /// # Errors
    /// As every write.
    pub fn refuse_delivery(
        &self,
        delivery: &Delivery,
        now: DateTime<Utc>,
        next_at: DateTime<Utc>,
        error: &str,
    ) -> Result<bool, StoreError> {
        self.write("putting a delivery off", |db| end_attempt(db, delivery, Ending::Retry(next_at, true), now, error))
    }

    /// It will not get through. `false`: this attempt was recorded before.
    ///
    /// # Errors
    /// As every write.
    pub fn give_up(&self, delivery: &Delivery, now: DateTime<Utc>, error: &str) -> Result<bool, StoreError> {
        self.write("giving a delivery up", |db| end_attempt(db, delivery, Ending::GaveUp, now, error))
    }

    /// Takes what was never attempted of these alerts' deliveries to these subscriptions out of the outbox.
    ///
    /// # Errors
    /// As every write.
    pub fn withdraw_deliveries(&self, fingerprints: &[String], subscriptions: &[String]) -> Result<(), StoreError> {
        self.write("withdrawing deliveries", |db| {
            let mut delete = db.prepare_cached(
                "DELETE FROM deliveries WHERE alert = ?1 AND subscription = ?2 AND state = 'pending' AND attempts = 0",
            )?;
            for fingerprint in fingerprints {
                for subscription in subscriptions {
                    delete.execute((fingerprint, subscription))?;
                }
            }
            Ok(())
        })
    }

    /// What became of an alert's deliveries, the latest first; one for each subscription and raise.
    ///
    /// # Errors
    /// As every read.
    pub fn deliveries_of(&self, alert: &Alert, at_most: usize) -> Result<Vec<DeliveryState>, StoreError> {
        self.read("reading the deliveries of an alert", |db| {
            let sql = "SELECT deliveries.*, {row}, (SELECT detail FROM attempts WHERE delivery = deliveries.id AND number = deliveries.attempts) AS detail
                 FROM deliveries WHERE alert = ?1 ORDER BY id DESC LIMIT ?2";
            db.rows(&DELIVERIES, sql, (&alert.fingerprint, limit(at_most)), delivery_state)
        })
    }

    /// How the deliveries fare, by subscription.
    ///
    /// # Errors
    /// As every read.
    pub fn delivery_summary(&self) -> Result<Vec<SubscriptionState>, StoreError> {
        self.read("counting the deliveries", |db| {
            let mut query = db.prepare_cached(
                "SELECT subscription, count(*) FILTER (WHERE state = 'pending') AS pending,
                        count(*) FILTER (WHERE state = 'pending' AND attempts > 0) AS retrying,
                        count(*) FILTER (WHERE state = 'failed') AS failed,
                        min(created_at) FILTER (WHERE state = 'pending') AS oldest_pending,
                        max(settled_at) FILTER (WHERE state = 'delivered') AS last_success,
                        max(settled_at) FILTER (WHERE state = 'failed') AS last_failure
                 FROM deliveries GROUP BY subscription ORDER BY subscription",
            )?;
            Ok(query.query_map([], subscription_state)?.filter_map(known).collect::<Result<_, _>>()?)
        })
    }
}

/// Puts one delivery for each subscription into the outbox; `raise` counts how often the alert was announced.
pub(super) fn announce(
    db: &Connection,
    alert: &Alert,
    raise: i64,
    subscriptions: &[String],
    now: DateTime<Utc>,
) -> Result<usize, Failure> {
    let mut announced = 0;
    for subscription in subscriptions {
        // A message about what grows that was not sent yet says all when it is.
        let grows = alert.kind == AlertKind::Campaign || alert.entries.is_some();
        if !grows || last_of(db, alert, subscription)?.1 == 0 {
            announced += enqueue(db, alert, raise, subscription, now, now)?;
        }
    }
    Ok(announced)
}

/// When the last delivery of an alert to a subscription was or is due, and how many were not attempted yet.
fn last_of(db: &Connection, alert: &Alert, subscription: &str) -> Result<(Option<Micros>, i64), Failure> {
    let mut last = db.prepare_cached(
        "SELECT max(next_at), count(*) FILTER (WHERE state = 'pending' AND attempts = 0)
         FROM deliveries WHERE alert = ?1 AND subscription = ?2",
    )?;
    Ok(last.query_row((&alert.fingerprint, subscription), |row| Ok((row.get(0)?, row.get(1)?)))?)
}

/// Puts a delivery into the outbox that is sent when it is `due`, unless it is there.
fn enqueue(
    db: &Connection,
    alert: &Alert,
    raise: i64,
    subscription: &str,
    now: DateTime<Utc>,
    due: DateTime<Utc>,
) -> Result<usize, Failure> {
    let mut insert = db.prepare_cached(
        "INSERT INTO deliveries (idempotency_key, alert, subscription, created_at, next_at) VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT (idempotency_key) DO NOTHING",
    )?;
    let key = idempotency_key(&alert.fingerprint, raise, subscription);
    Ok(insert.execute((key, &alert.fingerprint, subscription, Micros(now), Micros(due)))?)
}

/// Announces a campaign that grew. A message that was not sent yet names all members when it is; else the next one follows
/// the last after a while, so that what joins meanwhile stands in it too.
pub(super) fn announce_growth(
    db: &Connection,
    alert: &Alert,
    raise: i64,
    subscriptions: &[String],
    now: DateTime<Utc>,
) -> Result<usize, Failure> {
    let mut announced = 0;
    for subscription in subscriptions {
        let (last, waiting) = last_of(db, alert, subscription)?;
        if waiting == 0 {
            // One that waits for its next attempt is no reason to wait longer.
            let earliest = now + GATHERING;
            let due = last.map_or(earliest, |last| earliest.max(last.0.min(now) + GROWTH_PAUSE));
            announced += enqueue(db, alert, raise, subscription, now, due)?;
        }
    }
    Ok(announced)
}

/// A campaign may have grown or become worse while a message about it was on its way, which does not say so, or the message
/// had no room for all of it.
fn announce_what_came_meanwhile(
    db: &Connection,
    sent: &Delivery,
    left: &[ReleaseId],
    now: DateTime<Utc>,
) -> Result<(), Failure> {
    let Some((alert, raises)) = raised(db, &sent.alert.fingerprint)? else { return Ok(()) };
    let is_worse = alert.kind == AlertKind::Campaign && alert.severity > sent.alert.severity;
    if is_worse || alert.members.iter().any(|member| left.contains(member) || !sent.alert.members.contains(member)) {
        let raise = count_announcement(db, &alert.fingerprint, raises)?;
        announce_growth(db, &alert, raise, std::slice::from_ref(&sent.subscription), now)?;
    }
    Ok(())
}

/// Puts a delivery into the outbox whose row was lost: to whom and of what, its key tells, or else the row, as far as it can
/// be. The alert's fingerprint and the subscription.
pub(super) fn renew(
    db: &Connection,
    key: &str,
    named: (&str, &str),
    now: DateTime<Utc>,
) -> Result<Option<(String, String)>, Failure> {
    let alerts = pairs::<i64>(db, "SELECT fingerprint, raises FROM alerts")?;
    let subscriptions = pairs::<String>(db, "SELECT DISTINCT subscription, subscription FROM deliveries")?;
    let is_it = |fingerprint: &str, raises: i64, subscription: &str| {
        (1..=raises.min(MOST_RAISES)).any(|raise| idempotency_key(fingerprint, raise, subscription) == key)
    };
    let named_first = alerts.iter().map(|(alert, raises)| (alert.as_str(), *raises, named.1));
    let all = alerts.iter().flat_map(|(alert, raises)| {
        subscriptions.iter().map(move |(subscription, _)| (alert.as_str(), *raises, subscription.as_str()))
    });
    let known = named_first.chain(all).find(|(alert, raises, subscription)| is_it(alert, *raises, subscription));
    let by_row = || alerts.iter().any(|(alert, _)| alert == named.0) && !named.1.is_empty();
    let (key, alert, subscription) = match known {
        Some((alert, _, subscription)) => (key.to_owned(), alert, subscription),
        None if by_row() => (idempotency_key(named.0, now.timestamp_micros(), named.1), named.0, named.1),
        None => return Ok(None),
    };
    db.prepare_cached(
        "INSERT INTO deliveries (idempotency_key, alert, subscription, created_at, next_at) VALUES (?1, ?2, ?3, ?4, ?4)
         ON CONFLICT (idempotency_key) DO NOTHING",
    )?
    .execute((key, alert, subscription, Micros(now)))?;
    Ok(Some((alert.to_owned(), subscription.to_owned())))
}

fn pairs<T: FromSql>(db: &Connection, sql: &str) -> Result<Vec<(String, T)>, Failure> {
    let mut query = db.prepare_cached(sql)?;
    Ok(query.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.filter_map(known).collect::<Result<_, _>>()?)
}

fn idempotency_key(fingerprint: &str, raise: i64, subscription: &str) -> String {
    let digest = Sha256::digest(format!("{fingerprint}\n{raise}\n{subscription}"));
    hex::encode(&digest[..16])
}

/// Records one attempt. The number of earlier attempts tells a repeated report from a new attempt.
fn end_attempt(
    db: &Connection,
    delivery: &Delivery,
    ending: Ending,
    now: DateTime<Utc>,
    detail: &str,
) -> Result<bool, Failure> {
    let number = delivery.attempts.saturating_add(1);
    let (next_at, refused) =
        if let Ending::Retry(next_at, refused) = ending { (next_at, refused) } else { (now, false) };
    let changed = db
        .prepare_cached(
            "UPDATE deliveries SET state = :state, attempts = :number, next_at = :next_at,
                 refusals = CASE WHEN :refused THEN coalesce(refusals, 0) + 1 ELSE refusals END,
                 settled_at = CASE WHEN :state = 'pending' THEN NULL ELSE :now END
             WHERE id = :id AND state = 'pending' AND attempts = :before",
        )?
        .execute(named_params! {
            ":state": Word(ending.status()),
            ":number": number,
            ":next_at": Micros(next_at),
            ":refused": refused,
            ":now": Micros(now),
            ":id": delivery.id,
            ":before": delivery.attempts,
        })?;
    if changed == 1 {
        db.prepare_cached("INSERT INTO attempts (delivery, number, at, outcome, detail) VALUES (?1, ?2, ?3, ?4, ?5)")?
            .execute((delivery.id, number, Micros(now), ending.outcome(), detail))?;
    }
    Ok(changed == 1)
}

/// A delivery before its alert was read.
pub(super) struct Undelivered {
    id: i64,
    idempotency_key: String,
    subscription: String,
    alert: String,
    attempts: u32,
    sequence: u32,
    refusals: u32,
    created_at: DateTime<Utc>,
}

impl Undelivered {
    /// The delivery. One whose alert is damaged waits until that was set aside, one that has none is damaged itself.
    pub fn with_alert(self, db: &Reading<'_>) -> Result<Option<Delivery>, Failure> {
        let Self { id, idempotency_key, subscription, alert, attempts, sequence, refusals, created_at } = self;
        match raised(db, &alert) {
            Ok(Some((alert, _))) => Ok(Some(Delivery {
                id,
                idempotency_key,
                subscription,
                alert,
                attempts,
                sequence,
                refusals,
                created_at,
            })),
            Ok(None) => {
                let why = format!("there is not an alert {alert}");
                db.note(Broken { table: &DELIVERIES, key: vec![Raw::Integer(id)], why });
                Ok(None)
            }
            Err(Failure::Broken(broken)) => {
                db.note(broken);
                Ok(None)
            }
            Err(failure) => Err(failure),
        }
    }
}

pub(super) fn undelivered(row: &Row<'_>) -> rusqlite::Result<Undelivered> {
    Ok(Undelivered {
        id: row.get("id")?,
        idempotency_key: row.get("idempotency_key")?,
        subscription: row.get("subscription")?,
        alert: row.get("alert")?,
        attempts: row.get("attempts")?,
        sequence: row.get("sequence")?,
        refusals: row.get::<_, Option<u32>>("refusals")?.unwrap_or_default(),
        created_at: row.get::<_, Micros>("created_at")?.0,
    })
}

fn subscription_state(row: &Row<'_>) -> rusqlite::Result<SubscriptionState> {
    Ok(SubscriptionState {
        subscription: row.get("subscription")?,
        pending: count(row.get("pending")?),
        retrying: count(row.get("retrying")?),
        failed: count(row.get("failed")?),
        oldest_pending: time_of_any(row.get("oldest_pending")?),
        last_success: time_of_any(row.get("last_success")?),
        last_failure: time_of_any(row.get("last_failure")?),
    })
}

fn delivery_state(row: &Row<'_>) -> rusqlite::Result<DeliveryState> {
    Ok(DeliveryState {
        subscription: row.get("subscription")?,
        state: row.get::<_, Word<_>>("state")?.0,
        attempts: row.get("attempts")?,
        created_at: row.get::<_, Micros>("created_at")?.0,
        settled_at: time(row.get("settled_at")?),
        detail: row.get("detail")?,
    })
}
