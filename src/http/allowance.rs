//! The time budget that one piece of work may spend on its requests.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

/// The time that one piece of work may spend on its requests. Waiting for a host's turn costs nothing: the limits cause
/// it, not the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowance {
    /// The longest pause that a call waits for, and the most that one call waits between its attempts. A host that
    /// requests a longer one ends the call, and the caller comes back later.
    pub patience: Duration,
    /// The longest exchange, from the first byte that is sent to the last that is read.
    pub exchange: Duration,
    /// The most that all exchanges may take together.
    pub together: Duration,
}

/// The rest of an allowance.
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

    /// The longest time of the next exchange.
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
