//! Settings of package checks: depth of history, concurrency, and re-check times.

use chrono::{DateTime, TimeDelta, Utc};

use crate::detect::Tuning;

/// The settings of package checks.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The number of a package's newest releases whose evidence is fetched at the first check.
    pub history: usize,
    /// How far back before the first check releases are judged instead of learned.
    pub judge_since: TimeDelta,
    /// The operator's changes to detectors.
    pub tuning: Tuning,
    /// When to request unavailable evidence again, each counted from the attempt before. After the last one the release
    /// stays unchecked, and is reported as such.
    pub recheck: Vec<TimeDelta>,
    /// How long provwatch relies on the feeds before it compares a watched package with its registry.
    pub reconcile_after: TimeDelta,
    /// For how long a run explains a release of one's own package before it has ended.
    pub run_window: TimeDelta,
    /// Packages that are checked concurrently.
    pub concurrency: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            history: 50,
            judge_since: TimeDelta::days(7),
            tuning: Tuning::default(),
            recheck: [5, 30, 120, 720].map(TimeDelta::minutes).to_vec(),
            reconcile_after: TimeDelta::days(1),
            run_window: TimeDelta::hours(2),
            concurrency: 8,
        }
    }
}

impl Settings {
    /// The longest wait before evidence is requested again.
    pub fn longest_recheck(&self) -> TimeDelta {
        self.recheck.iter().copied().max().unwrap_or_default()
    }
    /// The next check of a release that waits for more, after this many failed checks.
    pub fn again_at(&self, waits: bool, attempts: u32, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        if waits { self.next_look(attempts, now) } else { None }
    }

    /// The next check after this many failed ones; `None`: that was the last one.
    pub fn next_look(&self, attempts: u32, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let delay = self.recheck.get(usize::try_from(attempts).ok()?)?;
        now.checked_add_signed(*delay)
    }
}
