//! Reports a record to the progress listener.

use crate::{
    progress::{Progress, Step},
    store::{Record, Subject},
};

/// Reports a record.
pub fn tell(progress: &dyn Progress, record: &Record) {
    let observation = match &record.subject {
        Subject::Observed(observation) => Some(observation.as_ref()),
        Subject::Unreadable { .. } => None,
    };
    progress.report(&Step::Recorded {
        release: record.subject.release(),
        observation,
        outcome: record.outcome,
        unchecked: &record.unchecked,
        alert: record.alert.as_ref(),
    });
}
