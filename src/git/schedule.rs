//! Decides whether a repository may be listed in full now: seldom enough for each repository and for each host. Pure.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use chrono::{DateTime, TimeDelta, Utc};

use super::repository_url::RepositoryUrl;
use crate::{
    clock::{horizon, is_due},
    text::minute_utc,
};

/// A repository is listed in full once in this time, whatever comes of it.
pub const EVERY: TimeDelta = TimeDelta::hours(1);
/// Repositories of one host that are listed in full within [`EVERY`].
pub const PER_HOST: usize = 600;

/// Which repositories were listed in the last hour. Unlike the rate limiter of `http` it makes no caller wait: a full
/// listing can come later, and the question for one tag must not queue behind thousands of them.
#[derive(Debug, Default)]
pub struct ListingSchedule {
    /// The last listing of each repository, by host.
    asked: Mutex<HashMap<String, HashMap<RepositoryUrl, DateTime<Utc>>>>,
}

/// A full listing is not due yet.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotDue {
    /// The repository was listed within the hour.
    #[error("{repository} is listed again at {}", minute_utc(*at))]
    Repository {
        /// The repository.
        repository: RepositoryUrl,
        /// When it is due.
        at: DateTime<Utc>,
    },
    /// So were many others of its host.
    #[error("{PER_HOST} repositories of {host} were listed within an hour; the next listing is at {}", minute_utc(*at))]
    Host {
        /// The host.
        host: String,
        /// When it may be asked again.
        at: DateTime<Utc>,
    },
}

impl NotDue {
    /// When to ask again.
    pub fn at(&self) -> DateTime<Utc> {
        match self {
            Self::Repository { at, .. } | Self::Host { at, .. } => *at,
        }
    }
}

impl ListingSchedule {
    /// Takes the right to list a repository in full now. `kept` is the time of the listing that the caller has stored, which
    /// outlives a restart.
    ///
    /// # Errors
    /// It is too early, for the repository or for its host.
    pub fn take(
        &self,
        repository: &RepositoryUrl,
        kept: Option<DateTime<Utc>>,
        now: DateTime<Utc>,
    ) -> Result<(), NotDue> {
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        for listed in asked.values_mut() {
            listed.retain(|_, at| is_recent(*at, now));
        }
        asked.retain(|_, listed| !listed.is_empty());
        let host = repository.host();
        let listed = asked.get(&host);
        let known = listed.and_then(|listed| listed.get(repository)).copied();
        let last = known.max(kept.filter(|at| is_recent(*at, now)));
        if let Some(at) = last {
            return Err(NotDue::Repository { repository: repository.clone(), at: horizon(at, EVERY) });
        }
        let first = listed.filter(|listed| listed.len() >= PER_HOST).and_then(|listed| listed.values().min());
        if let Some(first) = first {
            return Err(NotDue::Host { host, at: horizon(*first, EVERY) });
        }
        asked.entry(host).or_default().insert(repository.clone(), now);
        Ok(())
    }
}

/// Whether a listing of that time still counts. One that lies ahead was made while the clock was wrong, and does not.
pub(crate) fn is_recent(at: DateTime<Utc>, now: DateTime<Utc>) -> bool {
    !is_due(horizon(at, EVERY), now, EVERY)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> DateTime<Utc> {
        "2026-06-01T12:00:00Z".parse().unwrap()
    }

    fn repository(host: &str, name: &str) -> RepositoryUrl {
        RepositoryUrl::new(host, &format!("acme/{name}")).unwrap()
    }

    fn minutes(count: i64) -> TimeDelta {
        TimeDelta::minutes(count)
    }

    #[test]
    fn a_repository_is_listed_once_an_hour() {
        let (schedule, widget) = (ListingSchedule::default(), repository("forge.example", "widget"));
        let take = |after: i64| schedule.take(&widget, None, now() + minutes(after)).map_err(|not_due| not_due.at());
        assert_eq!(take(0), Ok(()));
        for after in [0, 1, 59] {
            assert_eq!(take(after), Err(now() + EVERY), "{after}");
        }
        assert_eq!(take(60), Ok(()));
        assert_eq!(take(61), Err(now() + minutes(120)));
        assert_eq!(schedule.take(&repository("forge.example", "gadget"), None, now() + minutes(61)), Ok(()));
    }

    #[test]
    fn a_listing_that_is_kept_counts_after_a_restart() {
        let widget = repository("forge.example", "widget");
        for (kept, due) in [(-1, false), (-59, false), (-60, true), (-600, true), (10, true)] {
            let kept = Some(now() + minutes(kept));
            assert_eq!(ListingSchedule::default().take(&widget, kept, now()).is_ok(), due, "{kept:?}");
        }
        let not_due = ListingSchedule::default().take(&widget, Some(now() - minutes(20)), now()).unwrap_err();
        assert_eq!(not_due.to_string(), "https://forge.example/acme/widget is listed again at 2026-06-01 12:40 UTC");
    }

    #[test]
    fn a_host_has_a_budget_and_no_other_host_spends_it() {
        let schedule = ListingSchedule::default();
        for number in 0..PER_HOST {
            schedule.take(&repository("forge.example", &format!("widget-{number}")), None, now()).unwrap();
        }
        let widget = repository("forge.example", "widget");
        let not_due = schedule.take(&widget, None, now() + minutes(5)).unwrap_err();
        assert_eq!(not_due, NotDue::Host { host: "forge.example".to_owned(), at: now() + EVERY });
        assert_eq!(schedule.take(&repository("other.example", "widget"), None, now() + minutes(5)), Ok(()));
        assert_eq!(schedule.take(&widget, None, now() + EVERY), Ok(()));
        assert_eq!(schedule.asked.lock().unwrap().values().map(HashMap::len).sum::<usize>(), 2, "old ones are gone");
    }

    #[test]
    fn a_clock_that_was_ahead_holds_nothing_up() {
        let (schedule, widget) = (ListingSchedule::default(), repository("forge.example", "widget"));
        schedule.take(&widget, None, now() + TimeDelta::days(365)).unwrap();
        assert_eq!(schedule.take(&widget, None, now()), Ok(()));
    }
}
