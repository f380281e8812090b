//! Who hears of an alert about a log: the subscriptions that want it, and whoever follows what the pipeline does.

use chrono::{DateTime, Utc};

use crate::{
    model::Alert,
    pipeline::{Pipeline, PipelineError, Step},
};

impl Pipeline {
    /// Records an alert about a log.
    pub(super) fn raise(&self, alert: &Alert, now: DateTime<Utc>) -> Result<(), PipelineError> {
        let recorded = self.store.record_alert(alert, &self.subscriptions.matching(alert), now)?;
        self.told(recorded.announced.then_some(alert));
        Ok(())
    }

    /// These were announced, in a transaction that is done.
    pub(super) fn told<'a>(&self, announced: impl IntoIterator<Item = &'a Alert>) {
        for alert in announced {
            self.progress.report(&Step::LogAlert { alert });
        }
    }
}
