//! Records the outcome of delivery attempts.

use chrono::{DateTime, Utc};
use rusqlite::{Connection, named_params};

use super::{
    rows::{Delivery, DeliveryStatus},
    threads::keep_thread,
};
use crate::{
    model::{Alert, AlertKind, ReleaseId},
    store::{
        Store, StoreError,
        alerts::{OWN_NAME, count_announcement, raised},
        announcing::{announce_growth, follow_up_to},
        campaigns,
        columns::{Micros, Word},
        error::QueryFailure,
    },
};

/// What a receiver accepted.
#[derive(Clone, Copy, Debug)]
pub struct Acceptance<'a> {
    /// Its answer.
    pub detail: &'a str,
    /// Where it keeps the alert, if later messages need that.
    pub thread: Option<&'a str>,
    /// The members of a campaign that the message named.
    pub named: &'a [ReleaseId],
    /// The members for which it had no room; another message reports them.
    pub left: &'a [ReleaseId],
}

/// How an attempt ended.
#[derive(Clone, Copy)]
enum Ending {
    Delivered,
    /// The next attempt is then; whether the receiver refused the message.
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

impl Store {
    /// The delivery succeeded; `detail` is the sink's answer. `false`: this attempt was recorded before.
    ///
    /// # Errors
    /// As every write.
    pub fn delivered(&self, delivery: &Delivery, now: DateTime<Utc>, detail: &str) -> Result<bool, StoreError> {
        self.delivered_as(
            delivery,
            now,
            &Acceptance { detail, thread: None, named: &delivery.alert.members, left: &[] },
        )
    }

    /// As [`Store::delivered`], with what the message named, and where the receiver keeps it.
    pub(crate) fn delivered_as(
        &self,
        delivery: &Delivery,
        now: DateTime<Utc>,
        accepted: &Acceptance<'_>,
    ) -> Result<bool, StoreError> {
        self.write("recording a delivery", |db| {
            let is_first = end_attempt(db, delivery, Ending::Delivered, now, accepted.detail)?;
            if is_first {
                if let Some(thread) = accepted.thread {
                    keep_thread(db, &delivery.alert.fingerprint, &delivery.subscription, thread)?;
                }
                campaigns::tell(db, delivery, accepted.named)?;
                announce_what_came_meanwhile(db, delivery, accepted.left, now)?;
            }
            Ok(is_first)
        })
    }

    /// The attempt failed, and there will be another. `false`: this attempt was recorded before.
    pub(crate) fn retry_delivery(
        &self,
        delivery: &Delivery,
        now: DateTime<Utc>,
        next_at: DateTime<Utc>,
        error: &str,
    ) -> Result<bool, StoreError> {
        self.write("putting a delivery off", |db| end_attempt(db, delivery, Ending::Retry(next_at, false), now, error))
    }

    /// As [`Store::retry_delivery`], where the receiver answered that it does not accept this message.
    pub(crate) fn refuse_delivery(
        &self,
        delivery: &Delivery,
        now: DateTime<Utc>,
        next_at: DateTime<Utc>,
        error: &str,
    ) -> Result<bool, StoreError> {
        self.write("putting a delivery off", |db| end_attempt(db, delivery, Ending::Retry(next_at, true), now, error))
    }

    /// The delivery is given up. `false`: this attempt was recorded before.
    ///
    /// # Errors
    /// As every write.
    pub fn give_up(&self, delivery: &Delivery, now: DateTime<Utc>, error: &str) -> Result<bool, StoreError> {
        self.write("giving a delivery up", |db| end_attempt(db, delivery, Ending::GaveUp, now, error))
    }
}

/// A campaign may have grown or become worse while a message about it was being sent, or the message had no room for
/// all of it. Something may have become of any alert meanwhile.
fn announce_what_came_meanwhile(
    db: &Connection,
    sent: &Delivery,
    left: &[ReleaseId],
    now: DateTime<Utc>,
) -> Result<(), QueryFailure> {
    let Some((alert, raises)) = raised(db, &sent.alert.fingerprint)? else { return Ok(()) };
    let is_worse = alert.kind == AlertKind::Campaign && alert.severity > sent.alert.severity;
    let has_developed = alert.developments.iter().any(|development| !sent.alert.developments.contains(development));
    let has_moved = alert.status != sent.alert.status && !notices_tell(db, sent, &alert)?;
    if has_moved || (alert.kind != AlertKind::Campaign && has_developed) {
        if follow_up_to(db, &alert, raises + 1, &sent.subscription, now)? > 0 {
            count_announcement(db, &alert.fingerprint, raises)?;
        }
    } else if is_worse
        || has_developed
        || alert.members.iter().any(|member| left.contains(member) || !sent.alert.members.contains(member))
    {
        let raise = count_announcement(db, &alert.fingerprint, raises)?;
        announce_growth(db, &alert, raise, std::slice::from_ref(&sent.subscription), now)?;
    }
    Ok(())
}

/// Whether a notice tells of the last action on an alert: a person did it, and an earlier message got through before.
/// What was done while the first one was under way, no notice finds.
fn notices_tell(db: &Connection, sent: &Delivery, alert: &Alert) -> Result<bool, QueryFailure> {
    let Some(action) = alert.handling.as_ref().filter(|action| action.by != OWN_NAME) else { return Ok(false) };
    let mut earlier = db.prepare_cached(
        "SELECT EXISTS (SELECT 1 FROM deliveries WHERE alert = :alert AND subscription = :subscription
             AND id <> :sent AND state = 'delivered' AND settled_at <= :at)",
    )?;
    let values = named_params! {
        ":alert": alert.fingerprint, ":subscription": sent.subscription, ":sent": sent.id, ":at": Micros(action.at),
    };
    Ok(earlier.query_row(values, |row| row.get(0))?)
}

/// Records that the endpoint answered that it is gone for good. The delivery stays due: another endpoint gets it at once.
pub(super) fn end_gone(
    db: &Connection,
    delivery: &Delivery,
    now: DateTime<Utc>,
    why: &str,
) -> Result<bool, QueryFailure> {
    end_attempt(db, delivery, Ending::Retry(now, false), now, why)
}

/// Records one attempt. The number of earlier attempts distinguishes a repeated report from a new attempt.
fn end_attempt(
    db: &Connection,
    delivery: &Delivery,
    ending: Ending,
    now: DateTime<Utc>,
    detail: &str,
) -> Result<bool, QueryFailure> {
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
