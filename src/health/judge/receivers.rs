//! Checks that alerts reach a receiver.

use chrono::{DateTime, TimeDelta, Utc};

use super::age::age;
use crate::{
    health::{
        Check, Finding, Id, Snapshot, Subscription, alarm,
        limits::{DELIVERY, DELIVERY_ALERT, LOST_REMEMBERED},
    },
    text::{counted, quoted, span},
};

const OVER: &str = "the subscription takes alerts again";
const REMOVED: &str = "the subscription is no longer in the configuration";
const TRY: &str = "`provwatch test-sinks` shows the receiver's answer; `provwatch alerts list` has the alerts";

pub(super) fn checks(snapshot: &Snapshot, now: DateTime<Utc>) -> Vec<Check> {
    snapshot.subscriptions.iter().flat_map(|subscription| one(subscription, now)).collect()
}

fn one(subscription: &Subscription, now: DateTime<Utc>) -> Vec<Check> {
    if !subscription.configured {
        let over = ["gone", "failing"].map(|what| Check::over(format!("{what} {}", subscription.name), REMOVED));
        return over.into_iter().chain(removed(subscription)).collect();
    }
    let mut checks = vec![gone(subscription), takes(subscription, now)];
    checks.extend(lost(subscription, now));
    checks
}

fn removed(subscription: &Subscription) -> Option<Check> {
    let (waiting, name) = (subscription.pending, quoted(&subscription.name, 120));
    (waiting > 0).then(|| {
        let alerts = if waiting == 1 { "1 alert waits".to_owned() } else { format!("{waiting} alerts wait") };
        let finding = Finding::new(
            Id::SubscriptionRemoved,
            &name,
            format!("{alerts} for the subscription {name}, which the configuration does not have"),
            "reload the daemon (`provwatch reload`), which gives them up, or configure the subscription again",
        );
        Check::found(format!("removed {name}"), finding)
    })
}

/// Whether the last answer of a receiver was a refusal.
fn refuses(subscription: &Subscription) -> bool {
    subscription.last_failure.is_some_and(|failed| subscription.last_success.is_none_or(|last| last < failed))
}

/// The delivery that found the endpoint gone reports it; this only checks whether it is back: no alert that it refused
/// waits any more.
fn gone(subscription: &Subscription) -> Check {
    let key = format!("gone {}", subscription.name);
    if is_gone(subscription) || refuses(subscription) { Check::unclear(key) } else { Check::over(key, OVER) }
}

fn is_gone(subscription: &Subscription) -> bool {
    subscription.gone && subscription.retrying > 0
}

fn takes(subscription: &Subscription, now: DateTime<Utc>) -> Check {
    let name = &subscription.name;
    let key = format!("failing {name}");
    let waits = subscription.oldest_pending.map_or(TimeDelta::zero(), |since| age(since, now));
    let refused = subscription.last_failure.filter(|_| refuses(subscription));
    // What was never attempted may wait for the end of quiet hours.
    let is_patient = subscription.quiet_hours && subscription.retrying == 0;
    let shown = quoted(name, 120);
    let sentence = match refused {
        _ if is_gone(subscription) => {
            let alerts = counted(subscription.pending, "alert");
            format!("the endpoint of {shown} is gone for good; alerts that wait for another: {alerts}")
        }
        Some(at) => {
            let alerts = were(subscription.failed);
            format!("{alerts} never delivered to {shown}, the last given up {} ago", span(age(at, now)))
        }
        None if waits > DELIVERY && !is_patient => {
            format!("{shown} has not taken an alert that has waited for {}", span(waits))
        }
        None => return Check::over(key, OVER),
    };
    let finding = Finding::new(Id::SubscriptionLate, &shown, sentence, TRY);
    // An alert that was never attempted, after a restart, is not the receiver's failure.
    let is_late = waits > DELIVERY_ALERT && subscription.retrying > 0;
    let lasts = (is_late || refused.is_some()) && !subscription.gone;
    let alarm = || alarm::failing_sink(&key, name, subscription.pending, subscription.failed);
    Check::found(&key, finding.alarming(lasts, alarm))
}

/// Alerts that were never delivered, though later ones were.
fn lost(subscription: &Subscription, now: DateTime<Utc>) -> Option<Check> {
    let failed = subscription.last_failure.filter(|_| !refuses(subscription))?;
    let name = quoted(&subscription.name, 120);
    (age(failed, now) < LOST_REMEMBERED).then(|| {
        let (alerts, ago) = (were(subscription.failed), span(age(failed, now)));
        let finding = Finding::new(
            Id::SubscriptionLost,
            &name,
            format!("{alerts} never delivered to {name}, the last given up {ago} ago; others got through since"),
            "`provwatch alerts list` has the alerts",
        );
        Check::found(format!("lost {name}"), finding)
    })
}

fn were(count: u64) -> String {
    format!("{} {}", counted(count, "alert"), if count == 1 { "was" } else { "were" })
}
