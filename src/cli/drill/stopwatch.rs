//! Notes when the services of a drill reach which step.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use crate::{
    clock::Clock,
    model::Alert,
    progress::{Progress, Step},
};

/// The steady times of a drill's steps, and its alert.
#[derive(Clone, Debug, Default)]
pub(super) struct Times {
    /// The package of the announced release is taken from the queue.
    pub examining: Option<Duration>,
    /// The release is judged and recorded with its alert and deliveries.
    pub recorded: Option<Duration>,
    /// The alert.
    pub alert: Option<Alert>,
    /// Why a step failed.
    pub failure: Option<String>,
}

/// Receives the progress of the services.
#[derive(Debug)]
pub(super) struct Stopwatch {
    clock: Arc<dyn Clock>,
    times: Mutex<Times>,
}

impl Stopwatch {
    pub(super) fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, times: Mutex::default() }
    }

    /// Forgets what was noted: the history is learned, and the takeover begins.
    pub(super) fn restart(&self) -> Times {
        std::mem::take(&mut *self.times.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Progress for Stopwatch {
    fn report(&self, step: &Step<'_>) {
        let now = self.clock.steady();
        let mut times = self.times.lock().unwrap_or_else(PoisonError::into_inner);
        match step {
            Step::Examining { .. } => times.examining = Some(now),
            Step::Recorded { alert, .. } => {
                times.recorded = Some(now);
                times.alert = alert.cloned();
            }
            Step::SourceFailed { why, .. }
            | Step::Gap { why, .. }
            | Step::Postponed { why, .. }
            | Step::GivenUp { why, .. } => times.failure = Some((*why).to_owned()),
            _ => {}
        }
    }
}
