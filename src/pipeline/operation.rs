//! Alerts about provwatch itself: an outage must never look like a takeover, and silence never like safety.

use chrono::{DateTime, TimeDelta, Utc};

use super::{Pipeline, PipelineError, record::ACTOR};
use crate::{
    model::{Alert, AlertKind, AlertStatus, Confidence, Package, Severity},
    text::counted,
};

/// Something about provwatch's own work that the operator must know.
#[derive(Clone, Debug)]
pub struct Trouble {
    /// What makes it the same trouble when it comes again.
    pub subject: String,
    /// How bad.
    pub severity: Severity,
    /// How sure.
    pub confidence: Confidence,
    /// One line.
    pub title: String,
    /// What happened, what was done about it, and what to do.
    pub argument: String,
}

impl Pipeline {
    /// Records an alert about provwatch itself.
    pub(super) fn record_operation(&self, trouble: &Trouble, now: DateTime<Utc>) -> Result<(), PipelineError> {
        let Trouble { subject, severity, confidence, title, argument } = trouble;
        let alert = Alert {
            argument: argument.clone(),
            ..Alert::about(AlertKind::Operation, subject, *severity, *confidence, title.clone(), now)
        };
        self.store.record_alert(&alert, &self.subscriptions.matching(&alert), now)?;
        Ok(())
    }

    /// Resolves an alert about provwatch itself, if it stands, because its cause is gone.
    pub(super) fn resolve_operation(
        &self,
        trouble: &Trouble,
        reason: &str,
        now: DateTime<Utc>,
    ) -> Result<(), PipelineError> {
        let (fingerprint, _) = Alert::identify(AlertKind::Operation, &trouble.subject);
        if self.stands(trouble)? {
            self.store.resolve(&fingerprint, ACTOR, reason, now)?;
        }
        Ok(())
    }

    /// Whether an alert about it is not resolved.
    pub(super) fn stands(&self, trouble: &Trouble) -> Result<bool, PipelineError> {
        let (fingerprint, _) = Alert::identify(AlertKind::Operation, &trouble.subject);
        Ok(self.store.alert(&fingerprint)?.is_some_and(|alert| alert.status != AlertStatus::Resolved))
    }
}

fn last(error: Option<&str>) -> String {
    error.map_or_else(String::new, |error| format!(" The last error: {error}."))
}

/// A feed lost its place. That is an event and not a condition: what happens again another day is said again. A feed that
/// loses it again and again says so once a day.
pub fn lost_place(source: &str, why: &str, packages: usize, now: DateTime<Utc>) -> Trouble {
    Trouble {
        subject: format!("gap {source} {}", now.date_naive()),
        severity: Severity::Medium,
        confidence: Confidence::High,
        title: format!("{source} lost its place"),
        argument: format!(
            "{why}. The documents of all {packages} watched packages are being compared with what is stored, so that \
             no release is missed; `provwatch status` shows when that is done."
        ),
    }
}

/// A source has not answered for long.
pub fn stale(source: &str, minutes: i64, error: Option<&str>) -> Trouble {
    let error = last(error);
    Trouble {
        subject: format!("stale {source}"),
        severity: Severity::Medium,
        confidence: Confidence::High,
        title: format!("{source} has not been read for {minutes} minutes"),
        argument: format!(
            "New releases are not seen while this lasts; the cursor stands where it stood, so none is skipped.{error} \
             Check the network with `provwatch doctor`."
        ),
    }
}

/// Our clock and that of others differ.
pub fn wrong_clock(ahead: TimeDelta, hosts: usize) -> Trouble {
    let (by, direction) = (span(ahead.abs()), if ahead < TimeDelta::zero() { "behind" } else { "ahead" });
    let (severity, confidence, who) = match hosts {
        0 | 1 => (Severity::Low, Confidence::Low, "that of the only host that answers".to_owned()),
        2 => (Severity::Medium, Confidence::Medium, "those of both hosts that answer".to_owned()),
        _ => (Severity::Medium, Confidence::High, format!("the median of {hosts} hosts")),
    };
    Trouble {
        subject: "clock".to_owned(),
        severity,
        confidence,
        title: format!("the system's clock is {by} {direction}"),
        argument: format!(
            "It was compared with {who}, as the `Date` of their answers tells. Releases are judged all the same, but times in \
             alerts, usual hours and waits follow a clock that is wrong. Check the time service of this host \
             (`timedatectl status`)."
        ),
    }
}

/// A span of time in its largest unit, so that the same trouble reads the same a minute later.
fn span(span: TimeDelta) -> String {
    match (span.num_days(), span.num_hours()) {
        (2.., _) => counted(span.num_days().unsigned_abs(), "day"),
        (_, 2..) => counted(span.num_hours().unsigned_abs(), "hour"),
        _ => counted(span.num_minutes().unsigned_abs(), "minute"),
    }
}

/// A package could not be looked at for long.
pub fn unreadable_package(package: &Package, attempts: u32, why: &str) -> Trouble {
    Trouble {
        subject: format!("unreadable {package}"),
        severity: Severity::Medium,
        confidence: Confidence::High,
        title: format!("{package} cannot be looked at"),
        argument: format!(
            "It was tried {attempts} times and is tried again; until it succeeds, no release of this package is checked. \
             The last error: {why}."
        ),
    }
}

/// A sink said that it will never take a message again.
pub fn sink_gone(subscription: &str) -> Trouble {
    Trouble {
        subject: format!("gone {subscription}"),
        severity: Severity::High,
        confidence: Confidence::High,
        title: format!("the subscription {subscription} reaches nobody"),
        argument:
            "Its endpoint answered that it is gone for good, so its deliveries were given up. Correct or remove it \
                   in the configuration, then try it with `provwatch test-sinks`."
                .to_owned(),
    }
}

/// The trust root could not be refreshed for long.
pub fn stale_trust(days: i64, error: Option<&str>) -> Trouble {
    let error = last(error);
    Trouble {
        subject: "stale trust root".to_owned(),
        severity: Severity::Medium,
        confidence: Confidence::High,
        title: format!("the trust root has not been refreshed for {days} days"),
        argument: format!(
            "Signatures are verified with the one in use. Releases that are signed with newer keys are said to be \
             unchecked, neither clean nor forged.{error} Check the network with `provwatch doctor`, or give a file \
             ([trust] source = \"file\")."
        ),
    }
}

/// A transparency log could not be read, or did not hold, for long.
pub fn unread_log(log: &str, minutes: i64, error: Option<&str>) -> Trouble {
    let error = last(error);
    Trouble {
        subject: format!("unread log {log}"),
        severity: Severity::Medium,
        confidence: Confidence::High,
        title: format!("{log} has not been read for {minutes} minutes"),
        argument: format!(
            "What is signed in this log is not seen while this lasts; the position stands where it stood, so nothing is \
             skipped.{error} `provwatch logs status` shows how far it was read."
        ),
    }
}

/// A forge has given no usable answer for long.
pub fn failing_forge(host: &str, minutes: i64, error: Option<&str>) -> Trouble {
    let error = last(error);
    Trouble {
        subject: format!("failing forge {host}"),
        severity: Severity::Medium,
        confidence: Confidence::High,
        title: format!("{host} has answered nothing for {minutes} minutes"),
        argument: format!(
            "Releases are judged all the same, but without what only this forge knows: whether the commit was merged, the \
             version tagged, the repository young, the run successful.{error} `provwatch doctor` says whether it takes the \
             token ([forges])."
        ),
    }
}

/// Packages could not be looked at for long.
pub fn failing_work(packages: u64, hours: i64) -> Trouble {
    Trouble {
        subject: "failing work".to_owned(),
        severity: Severity::Medium,
        confidence: Confidence::High,
        title: format!("{} cannot be looked at", counted(packages, "package")),
        argument: format!(
            "The first has waited for {hours} hours. All are tried again; until that succeeds, no release of them is \
             checked. `provwatch status` names them and the last errors."
        ),
    }
}

/// A subscription does not take what it is sent.
pub fn failing_sink(subscription: &str, waiting: u64, given_up: u64) -> Trouble {
    Trouble {
        subject: format!("failing {subscription}"),
        severity: Severity::Medium,
        confidence: Confidence::High,
        title: format!("the subscription {subscription} does not take alerts"),
        argument: format!(
            "Alerts that wait for it: {waiting}; given up so far: {given_up}. Those that wait are tried again. \
             `provwatch status` shows how it fares, `provwatch test-sinks` tries it."
        ),
    }
}
