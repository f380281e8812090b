//! Alerts about provwatch itself: an outage must never look like a takeover, and silence never like safety.

use chrono::{DateTime, Utc};

use super::{Pipeline, PipelineError, record::ACTOR};
use crate::{
    model::{Alert, AlertKind, AlertStatus, Confidence, Package, Severity},
    text::plain,
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
        self.record_operation_of(None, trouble, now)
    }

    /// As [`Pipeline::record_operation`], where it is about watching one package.
    pub(super) fn record_operation_of(
        &self,
        package: Option<&Package>,
        trouble: &Trouble,
        now: DateTime<Utc>,
    ) -> Result<(), PipelineError> {
        let Trouble { subject, severity, confidence, title, argument } = trouble;
        let alert = Alert {
            argument: argument.clone(),
            package: package.cloned(),
            ..Alert::about(AlertKind::Operation, subject, *severity, *confidence, title.clone(), now)
        };
        let recorded = self.store.record_alert(&alert, &self.subscriptions.matching(&alert), now)?;
        if recorded.new_alert {
            let (title, severity) = (plain(title, 300), *severity);
            tracing::warn!(target: "provwatch::pipeline", alert = alert.id, %severity, "{title}");
        }
        Ok(())
    }

    /// Resolves an alert about provwatch itself, if it is open, because its cause is gone.
    pub(super) fn resolve_operation(
        &self,
        trouble: &Trouble,
        reason: &str,
        now: DateTime<Utc>,
    ) -> Result<(), PipelineError> {
        self.resolve_subject(&trouble.subject, reason, now)
    }

    /// As [`Pipeline::resolve_operation`], by what makes it the same alert.
    pub(super) fn resolve_subject(&self, subject: &str, reason: &str, now: DateTime<Utc>) -> Result<(), PipelineError> {
        let (fingerprint, _) = Alert::identify(AlertKind::Operation, subject);
        let Some(alert) = self.store.alert(&fingerprint)? else { return Ok(()) };
        if alert.status != AlertStatus::Resolved {
            self.store.resolve(&fingerprint, ACTOR, reason, now)?;
            tracing::info!(target: "provwatch::pipeline", alert = alert.id, reason, "resolved: {}", plain(&alert.title, 300));
        }
        Ok(())
    }
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
            "Its endpoint answered that it is gone for good. What it is to be told waits, and a message now and then \
             asks whether it is back. Correct or remove it in the configuration and reload (`provwatch reload`); \
             `provwatch test-sinks` tries it."
                .to_owned(),
    }
}
