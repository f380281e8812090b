//! State of the last configuration reload, with the error that made the daemon keep the old configuration.

use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Utc};

/// The configuration or the watchlist was read again and refused: the daemon keeps the one before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReloadError {
    /// The time of the first refusal.
    pub since: DateTime<Utc>,
    /// The reason, one line.
    pub why: String,
}

/// The result of the last reading.
#[derive(Debug, Default)]
pub struct LastReload(Mutex<Option<ReloadError>>);

impl LastReload {
    /// Records that the new reading was applied, or why not. A repeated failure keeps its first time.
    pub fn note(&self, outcome: Result<(), String>, now: DateTime<Utc>) {
        let mut last = self.last();
        let since = last.as_ref().map_or(now, |error| error.since);
        *last = outcome.err().map(|why| ReloadError { since, why });
    }

    /// The reason why the configuration or watchlist on the disk is not the one in use; `None` if the last reading
    /// succeeded.
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
