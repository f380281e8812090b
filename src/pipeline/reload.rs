//! Whether what lies on the disk is what the daemon works with.

use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, Utc};

use super::Pipeline;

/// The configuration or the watchlist was read again and not taken: the daemon goes on with the one before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReloadError {
    /// When that was first so.
    pub since: DateTime<Utc>,
    /// Why, one line.
    pub why: String,
}

/// How the last reading ended.
#[derive(Debug, Default)]
pub(super) struct LastReload(Mutex<Option<ReloadError>>);

impl Pipeline {
    /// What was read again was taken, or was not, and why.
    pub fn note_reload(&self, outcome: Result<(), String>) {
        let mut last = self.reload.0.lock().unwrap_or_else(PoisonError::into_inner);
        let since = last.as_ref().map(|error| error.since);
        *last = outcome.err().map(|why| ReloadError { since: since.unwrap_or_else(|| self.clock.now()), why });
    }

    /// Why the configuration or watchlist on the disk is not the one in use; `None` where the last reading went well.
    pub fn reload_error(&self) -> Option<ReloadError> {
        self.reload.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
