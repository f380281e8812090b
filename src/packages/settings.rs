//! Settings of package checks: depth of history, concurrency, and re-check times.

use chrono::{DateTime, TimeDelta, Utc};

use crate::detect::Tuning;

/// How packages are looked at.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Of how many of a package's newest releases the evidence is fetched on first sight.
    pub history: usize,
    /// How far back before the first sight releases are judged instead of learned.
    pub judge_since: TimeDelta,
    /// What the operator changed about detectors.
    pub tuning: Tuning,
    /// When to ask again for evidence that could not be had, each counted from the attempt before. After the last one the
    /// release stays unchecked, and says so.
    pub recheck: Vec<TimeDelta>,
    /// How long the feeds are believed before a watched package is compared with its registry all the same.
    pub reconcile_after: TimeDelta,
    /// Packages looked at concurrently.
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
            concurrency: 8,
        }
    }
}

impl Settings {
    /// The longest wait before evidence is asked for again.
    pub fn longest_recheck(&self) -> TimeDelta {
        self.recheck.iter().copied().max().unwrap_or_default()
    }
    /// When to look again at a release that something more is waited for of, after so many looks in vain.
    pub fn again_at(&self, waits: bool, attempts: u32, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        if waits { self.next_look(attempts, now) } else { None }
    }

    /// When to look again after so many looks in vain; `None`: that was the last one.
    pub fn next_look(&self, attempts: u32, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let delay = self.recheck.get(usize::try_from(attempts).ok()?)?;
        now.checked_add_signed(*delay)
    }
}
