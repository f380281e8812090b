//! Schedules the comparison of packages with their registry while their feed cannot be read.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use chrono::{DateTime, TimeDelta, Utc};

use crate::clock::{horizon, is_due};

/// How often packages are compared while their feed cannot be read: this many milliseconds for each, and at most once a
/// minute.
const COMPARE_MILLIS: i64 = 100;
const COMPARE_SHORTEST: TimeDelta = TimeDelta::minutes(1);

/// When the packages of unreadable feeds were last compared with their registry, or when the feed began to fail.
#[derive(Debug, Default)]
pub struct Comparisons(Mutex<BTreeMap<&'static str, DateTime<Utc>>>);

impl Comparisons {
    /// Whether it is time to compare this many packages of an unreadable feed.
    pub fn is_due(&self, feed: &'static str, packages: usize, now: DateTime<Utc>) -> bool {
        let all = TimeDelta::milliseconds(COMPARE_MILLIS.saturating_mul(i64::try_from(packages).unwrap_or(1_000_000)));
        let interval = all.max(COMPARE_SHORTEST);
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let began = *last.entry(feed).or_insert(now);
        let is_due = is_due(horizon(began, interval), now, interval);
        if is_due {
            last.insert(feed, now);
        }
        is_due
    }

    /// Notes that a feed was read.
    pub fn is_read(&self, feed: &'static str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(feed);
    }
}
