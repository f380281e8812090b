//! Announces alerts about logs to the subscriptions that want them, and to progress listeners.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use crate::{
    deliver::Subscriptions,
    model::Alert,
    progress::{Progress, Step},
    store::{Store, StoreError},
};

/// Announces alerts about logs.
#[derive(Debug)]
pub struct Announcer {
    pub store: Arc<Store>,
    pub subscriptions: Arc<Subscriptions>,
    pub progress: Arc<dyn Progress>,
}

impl Announcer {
    /// Records an alert about a log.
    ///
    /// # Errors
    /// The store failed.
    pub fn raise(&self, alert: &Alert, now: DateTime<Utc>) -> Result<(), StoreError> {
        let recorded = self.store.record_alert(alert, &self.subscriptions.matching(alert), now)?;
        self.told(recorded.announced.then_some(alert));
        Ok(())
    }

    /// Announces these alerts; their transaction is committed.
    pub fn told<'a>(&self, announced: impl IntoIterator<Item = &'a Alert>) {
        for alert in announced {
            self.progress.report(&Step::LogAlert { alert });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        logwatch::lab::Lab,
        model::{AlertKind, Confidence, Severity},
    };

    #[test]
    fn an_alert_is_told_when_it_is_raised_and_not_when_it_is_seen_again() {
        let lab = Lab::new();
        let announcer = lab.parts.telling().announcer;
        let (severity, now) = (Severity::High, lab.now());
        let alert = Alert::about(AlertKind::Log, "log", severity, Confidence::High, "a title".to_owned(), now);
        announcer.raise(&alert, now).unwrap();
        assert_eq!(lab.told.take(), ["a title"]);
        announcer.raise(&alert, now).unwrap();
        assert!(lab.told.take().is_empty());
    }
}
