//! The time budget that one piece of work may spend on its requests.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

/// What one piece of work may spend on its requests. Waiting for a host's turn costs nothing: that is the limits' doing
/// and not the host's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowance {
    /// The longest pause that is waited for, and the most that one call waits between its attempts. A host that wants more
    /// ends the call, and the caller comes back later.
    pub patience: Duration,
    /// The most that one exchange may take, from the first byte that is sent to the last that is read.
    pub exchange: Duration,
    /// The most that all exchanges may take together.
    pub together: Duration,
}

/// What is left of an allowance.
#[derive(Debug)]
pub(super) struct Purse {
    allowance: Allowance,
    left: Mutex<Duration>,
}

impl Purse {
    pub(super) fn new(allowance: Allowance) -> Self {
        Self { allowance, left: Mutex::new(allowance.together) }
    }

    pub(super) fn patience(&self) -> Duration {
        self.allowance.patience
    }

    /// How long the next exchange may take.
    pub(super) fn next(&self) -> Duration {
        self.allowance.exchange.min(*self.left())
    }

    pub(super) fn spend(&self, time: Duration) {
        let mut left = self.left();
        *left = left.saturating_sub(time);
    }

    fn left(&self) -> std::sync::MutexGuard<'_, Duration> {
        self.left.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
