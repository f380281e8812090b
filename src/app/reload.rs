//! State of the last configuration reload, with the error that made the daemon keep the old configuration.

use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Utc};

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
pub struct LastReload(Mutex<Option<ReloadError>>);

impl LastReload {
    /// What was read again was taken, or was not, and why. A failure that goes on is as old as its first time.
    pub fn note(&self, outcome: Result<(), String>, now: DateTime<Utc>) {
        let mut last = self.last();
        let since = last.as_ref().map_or(now, |error| error.since);
        *last = outcome.err().map(|why| ReloadError { since, why });
    }

    /// Why the configuration or watchlist on the disk is not the one in use; `None` where the last reading went well.
    pub fn error(&self) -> Option<ReloadError> {
        self.last().clone()
    }

    fn last(&self) -> MutexGuard<'_, Option<ReloadError>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    #[test]
    fn a_failure_is_as_old_as_its_first_time_until_a_reading_goes_well() {
        let (reload, noon) = (LastReload::default(), DateTime::<Utc>::UNIX_EPOCH);
        let later = noon + TimeDelta::hours(1);
        assert_eq!(reload.error(), None);
        reload.note(Err("a key is unknown".to_owned()), noon);
        reload.note(Err("a file is gone".to_owned()), later);
        assert_eq!(reload.error(), Some(ReloadError { since: noon, why: "a file is gone".to_owned() }));
        reload.note(Ok(()), later);
        assert_eq!(reload.error(), None);
        reload.note(Err("a key is unknown".to_owned()), later);
        assert_eq!(reload.error().map(|error| error.since), Some(later));
    }
}
