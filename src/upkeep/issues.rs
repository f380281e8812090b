//! Operational issues: alerts about provwatch itself, kept apart from takeovers.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use crate::{
    deliver::Subscriptions,
    health::{Alarm, gone_sink},
    model::{Alert, AlertKind, Confidence, Fingerprint, Package, Severity},
    store::{Store, StoreError},
    text::plain,
};

/// provwatch's own name in histories.
pub const ACTOR: &str = "provwatch";

/// A problem of provwatch itself that the operator must know.
#[derive(Clone, Debug)]
pub struct OperationalIssue {
    /// The key that makes it the same issue when it occurs again.
    pub subject: String,
    /// Its severity.
    pub severity: Severity,
    /// Its confidence.
    pub confidence: Confidence,
    /// One line.
    pub title: String,
    /// What happened, the action that provwatch took, and the operator's next step.
    pub argument: String,
}

/// Turns issues into alerts, and resolves them when their cause is gone.
#[derive(Debug)]
pub struct OperationalIssues {
    store: Arc<Store>,
    subscriptions: Arc<Subscriptions>,
}

impl OperationalIssues {
    /// Records alerts in this store, for these subscriptions.
    pub fn new(store: Arc<Store>, subscriptions: Arc<Subscriptions>) -> Self {
        Self { store, subscriptions }
    }

    /// Records an alert about provwatch itself.
    ///
    /// # Errors
    /// The store failed.
    pub fn record(&self, issue: &OperationalIssue, now: DateTime<Utc>) -> Result<(), StoreError> {
        self.record_to(None, None, issue, now)
    }

    /// As [`Self::record`], for an issue of one subscription, which does not work: the others are told. If no other
    /// receives such alerts, the message waits for that one.
    ///
    /// # Errors
    /// The store failed.
    pub fn record_beside(
        &self,
        subscription: Option<&str>,
        issue: &OperationalIssue,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        self.record_to(None, subscription, issue, now)
    }

    /// As [`Self::record`], for an issue about one package.
    ///
    /// # Errors
    /// The store failed.
    pub fn record_of(
        &self,
        package: Option<&Package>,
        issue: &OperationalIssue,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        self.record_to(package, None, issue, now)
    }

    fn record_to(
        &self,
        package: Option<&Package>,
        beside: Option<&str>,
        issue: &OperationalIssue,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let OperationalIssue { subject, severity, confidence, title, argument } = issue;
        let alert = Alert {
            argument: argument.clone(),
            package: package.cloned(),
            ..Alert::about(AlertKind::Operation, subject, *severity, *confidence, title.clone(), now)
        };
        let recorded = self.store.record_alert(&alert, &self.told(&alert, beside), now)?;
        if recorded.new_alert {
            let (title, severity) = (plain(title, 300), *severity);
            tracing::warn!(target: "provwatch::pipeline", alert = alert.id.to_string(), %severity, "{title}");
        }
        Ok(())
    }

    /// The subscriptions that are told, without one that does not work, unless it is the only one.
    fn told(&self, alert: &Alert, beside: Option<&str>) -> Vec<String> {
        let mut told = self.subscriptions.matching(alert);
        if told.len() > 1 {
            told.retain(|name| Some(name.as_str()) != beside);
        }
        told
    }

    /// Resolves an alert about provwatch itself, if it is open, because its cause is gone.
    ///
    /// # Errors
    /// The store failed.
    pub fn resolve(&self, issue: &OperationalIssue, reason: &str, now: DateTime<Utc>) -> Result<(), StoreError> {
        self.resolve_subject(&issue.subject, reason, now)
    }

    /// As [`Self::resolve`], by the subject of the issue.
    ///
    /// # Errors
    /// The store failed.
    pub fn resolve_subject(&self, subject: &str, reason: &str, now: DateTime<Utc>) -> Result<(), StoreError> {
        let fingerprint = Fingerprint::of(AlertKind::Operation, subject);
        let Some(alert) = self.store.alert(&fingerprint)? else { return Ok(()) };
        if self.store.condition_ended(&fingerprint, reason, now)? {
            tracing::info!(target: "provwatch::pipeline", alert = alert.id.to_string(), reason, "resolved: {}", plain(&alert.title, 300));
        }
        Ok(())
    }
}

impl OperationalIssue {
    /// The issue of an alarm.
    pub fn of(key: &str, alarm: &Alarm) -> Self {
        Self {
            subject: key.to_owned(),
            severity: alarm.severity,
            confidence: alarm.confidence,
            title: alarm.title.clone(),
            argument: alarm.argument.clone(),
        }
    }
}

/// The issue about a sink whose endpoint is permanently gone.
pub fn sink_gone(subscription: &str) -> OperationalIssue {
    let alarm = gone_sink(subscription);
    OperationalIssue::of(&alarm.key, &alarm)
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;
    use crate::{
        deliver::{StdoutSink, Subscription, Timing},
        model::{AlertMatchers, AlertStatus},
        store::AlertFilter,
    };

    /// A store with subscriptions of these names, which receive everything of these kinds.
    fn told_by(subscriptions: &[(&str, AlertKind)]) -> Vec<String> {
        let one = |(name, kind): &(&str, AlertKind)| Subscription {
            name: (*name).to_owned(),
            matchers: AlertMatchers { kinds: vec![*kind], ..AlertMatchers::default() },
            timing: Timing::default(),
            sink: Arc::new(StdoutSink::new(Box::new(std::io::sink()))),
        };
        let all = Subscriptions::new(subscriptions.iter().map(one).collect()).unwrap();
        let store = Arc::new(Store::in_memory().unwrap());
        let issues = OperationalIssues::new(Arc::clone(&store), Arc::new(all));
        issues.record_beside(Some("desk"), &sink_gone("desk"), DateTime::UNIX_EPOCH).unwrap();
        store.awaited_subscriptions().unwrap()
    }

    #[test]
    fn others_are_told_of_a_receiver_that_fails() {
        use AlertKind::{Operation, Release};
        for (subscriptions, told) in [
            (&[("desk", Operation), ("ops", Operation), ("pager", Operation)][..], &["ops", "pager"][..]),
            (&[("desk", Operation), ("ops", Release)], &["desk"]),
            (&[("desk", Operation)], &["desk"]),
            (&[("desk", Release), ("ops", Operation)], &["ops"]),
            (&[("desk", Release)], &[]),
        ] {
            assert_eq!(told_by(subscriptions), told, "{subscriptions:?}");
        }
    }

    #[test]
    fn a_trouble_that_comes_again_is_one_alert_and_is_over_with_its_cause() {
        let store = Arc::new(Store::in_memory().unwrap());
        let issues = OperationalIssues::new(Arc::clone(&store), Arc::new(Subscriptions::default()));
        let noon: DateTime<Utc> = "2026-06-01T12:00:00Z".parse().unwrap();
        let issue = sink_gone("desk");
        let statuses = || -> Vec<AlertStatus> {
            store.alerts(&AlertFilter::default()).unwrap().iter().map(|alert| alert.status).collect()
        };
        issues.resolve(&issue, "nothing was wrong", noon).unwrap();
        assert_eq!(statuses(), []);
        for hours in 0..3 {
            issues.record(&issue, noon + TimeDelta::hours(hours)).unwrap();
        }
        assert_eq!(statuses(), [AlertStatus::Open]);
        issues.resolve(&issue, "it is back", noon + TimeDelta::hours(3)).unwrap();
        assert_eq!(statuses(), [AlertStatus::Resolved]);
    }
}
