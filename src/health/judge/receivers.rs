//! Checks that alerts reach a receiver.

use chrono::{DateTime, TimeDelta, Utc};

use super::age::age;
use crate::{
    health::{
        Check, Finding, Id, Snapshot, Subscription,
        alarm::{self, Lost},
        limits::{DELIVERY, DELIVERY_ALERT, LOST_REMEMBERED},
    },
    model::AlertKind,
    text::{counted, quoted, shell_word, span},
};

/// The key of the check of refused recipients.
const REFUSED: &str = "refused recipients";

const OVER: &str = "the subscription takes alerts again";
const REMOVED: &str = "the subscription is no longer in the configuration";
const HANDLED: &str = "no alert that was given up is left";
const ACCEPTED: &str = "no recipient is refused";

/// Most refused recipients that a finding names.
const NAMED: usize = 3;

pub(super) fn checks(snapshot: &Snapshot, now: DateTime<Utc>) -> Vec<Check> {
    snapshot.subscriptions.iter().flat_map(|one| Receiver { one, told: told(snapshot, one), now }.checks()).collect()
}

/// Whether another subscription is told of the failures of this one.
fn told(snapshot: &Snapshot, one: &Subscription) -> bool {
    let mut others = snapshot.subscriptions.iter().filter(|other| other.configured && other.name != one.name);
    others.any(|other| other.takes.contains(&AlertKind::Operation))
}

/// The subscription that is checked.
struct Receiver<'a> {
    one: &'a Subscription,
    /// Whether another is told if it fails.
    told: bool,
    now: DateTime<Utc>,
}

impl Receiver<'_> {
    fn checks(&self) -> Vec<Check> {
        if !self.one.configured {
            let over = ["gone", "failing", REFUSED].map(|what| Check::over(self.key(what), REMOVED));
            return over.into_iter().chain(self.removed()).chain([self.dead_letters()]).collect();
        }
        vec![self.gone(), self.takes(), self.dead_letters(), self.refused()]
    }

    fn key(&self, what: &str) -> String {
        format!("{what} {}", self.one.name)
    }

    fn name(&self) -> String {
        quoted(&self.one.name, 120)
    }

    /// A command about this subscription.
    fn command(&self, what: &str) -> String {
        format!("`provwatch deliveries {what}--subscription {}`", shell_word(&self.one.name))
    }

    /// A finding that others are told of, if there are any.
    fn finding(&self, id: Id, sentence: &str, next: String) -> Finding {
        let alone = if self.told { "" } else { "; no other subscription is told of that" };
        Finding::new(id, self.name(), format!("{sentence}{alone}"), next)
    }

    fn removed(&self) -> Option<Check> {
        let (waiting, name) = (self.one.pending, self.name());
        (waiting > 0).then(|| {
            let alerts = if waiting == 1 { "1 alert waits".to_owned() } else { format!("{waiting} alerts wait") };
            let finding = Finding::new(
                Id::SubscriptionRemoved,
                &name,
                format!("{alerts} for the subscription {name}, which the configuration does not have"),
                "reload the daemon (`provwatch reload`), which gives them up, or configure the subscription again",
            );
            Check::found(self.key("removed"), finding)
        })
    }

    /// Whether the endpoint is disabled. Once it is tried again, what it refused tells whether it is back.
    fn gone(&self) -> Check {
        let (one, key) = (self.one, self.key("gone"));
        if !one.gone {
            return if one.retrying > 0 { Check::unclear(key) } else { Check::over(key, OVER) };
        }
        let (name, wait) = (self.name(), if one.pending == 1 { "waits" } else { "wait" });
        let alerts = counted(one.pending, "alert");
        let sentence =
            format!("the endpoint of {name} is disabled: it answered that it is gone for good; {alerts} {wait}");
        let next =
            format!("correct the subscription and reload, or {} tries the endpoint again", self.command("retry "));
        let finding = self.finding(Id::SubscriptionLate, &sentence, next);
        Check::found(key, finding.alarming(true, || alarm::gone_sink(&one.name)))
    }

    fn takes(&self) -> Check {
        let (one, key) = (self.one, self.key("failing"));
        if one.gone {
            return Check::unclear(key);
        }
        let waits = one.oldest_pending.map_or(TimeDelta::zero(), |since| age(since, self.now));
        // What was never attempted may wait for the end of quiet hours.
        let is_patient = one.quiet_hours && one.retrying == 0;
        if waits <= DELIVERY || is_patient {
            return if refuses(one) { Check::unclear(key) } else { Check::over(key, OVER) };
        }
        let sentence = format!("{} has not taken an alert that has waited for {}", self.name(), span(waits));
        let next = format!("{} shows the receiver's answers", self.command("list "));
        // An alert that was never attempted, after a restart, is not the receiver's failure.
        let is_late = waits > DELIVERY_ALERT && one.retrying > 0;
        let alarm = || alarm::failing_sink(&key, &one.name, one.pending, one.failed);
        Check::found(&key, self.finding(Id::SubscriptionLate, &sentence, next).alarming(is_late, alarm))
    }

    /// Deliveries that were given up, whether or not the receiver works again. Their alert stays open until an operator acts;
    /// the finding ends a day after the last one if the receiver works again.
    fn dead_letters(&self) -> Check {
        let (one, key) = (self.one, self.key("dead letters"));
        let Some(last) = one.last_failure else { return Check::over(key, HANDLED) };
        let (works, since) = (one.configured && !refuses(one), age(last, self.now));
        if works && since >= LOST_REMEMBERED {
            return Check::unclear(key);
        }
        let (alerts, ago) = (were(one.failed), span(since));
        let others = if works { "; others got through since" } else { "" };
        let sentence = format!("{alerts} never delivered to {}, the last given up {ago} ago{others}", self.name());
        let id = if works { Id::SubscriptionLost } else { Id::SubscriptionLate };
        let next = format!("{} shows them, {} sends them again", self.command("list --state failed "), self.retry());
        let why = one.failed_why.as_deref();
        let (subscription, count, latest) = (one.name.as_str(), one.failed, one.latest_failed.as_slice());
        let alarm = || alarm::dead_letters(&key, &Lost { subscription, count, latest, why, works });
        Check::found(&key, self.finding(id, &sentence, next).alarming(true, alarm))
    }

    /// Recipients whom the receiver refuses for good, while others get the alerts.
    fn refused(&self) -> Check {
        let (one, key) = (self.one, self.key(REFUSED));
        let Some(last) = one.refused.first() else { return Check::over(key, ACCEPTED) };
        let addresses: Vec<String> = one.refused.iter().take(NAMED).map(|one| quoted(&one.address, 120)).collect();
        let more = if one.refused.len() > NAMED { ", …" } else { "" };
        let (who, name, ago) = (addresses.join(", "), self.name(), span(age(last.at, self.now)));
        let answer = quoted(&last.answer, 240);
        let sentence = format!(
            "the mail server of {name} refuses {who}{more}, last {ago} ago: {answer}; the others have the mail"
        );
        let finding =
            Finding::new(Id::RecipientRefused, &name, sentence, "correct `to` of the subscription, and reload");
        let alarm = || alarm::refused_recipients(&key, &one.name, &format!("{who}{more}"), &answer);
        Check::found(&key, finding.alarming(true, alarm))
    }

    /// The command that sends the dead letters again; those of a subscription that was removed go to another one.
    fn retry(&self) -> String {
        if self.one.configured {
            return self.command("retry --failed ");
        }
        "`provwatch deliveries retry --to NAME --since TIME`".to_owned()
    }
}

/// Whether the last message of a receiver was given up.
fn refuses(subscription: &Subscription) -> bool {
    subscription.last_failure.is_some_and(|failed| subscription.last_success.is_none_or(|last| last < failed))
}

fn were(count: u64) -> String {
    format!("{} {}", counted(count, "alert"), if count == 1 { "was" } else { "were" })
}
