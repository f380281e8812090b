//! Who wants what is told in a transaction of the store, and what was told in it.

use std::cell::RefCell;

use crate::{
    model::Alert,
    pipeline::{Pipeline, Step},
};

/// The subscriptions. It remembers which alerts they were asked about: those that are announced.
pub(super) struct Listeners<'a> {
    pipeline: &'a Pipeline,
    told: RefCell<Vec<Alert>>,
}

impl Pipeline {
    pub(super) fn listeners(&self) -> Listeners<'_> {
        Listeners { pipeline: self, told: RefCell::default() }
    }
}

impl Listeners<'_> {
    /// The subscriptions that want an alert.
    pub(super) fn wants(&self, alert: &Alert) -> Vec<String> {
        self.told.borrow_mut().push(alert.clone());
        self.pipeline.subscriptions.matching(alert)
    }

    /// The transaction is done: whoever follows what the pipeline does may know.
    pub(super) fn report(self) {
        for alert in &self.told.into_inner() {
            self.pipeline.progress.report(&Step::Alerted { alert });
        }
    }
}
