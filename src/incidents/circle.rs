//! The releases that one tie leads to, and the time in which they are looked for.

use chrono::{DateTime, TimeDelta, Utc};

use crate::{model::Tie, store::ReleaseRow};

/// How far around the accused releases the others are looked for, unless that is said.
const USUAL: TimeDelta = TimeDelta::days(7);

/// The time in which releases are looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Window {
    /// From then on.
    pub since: DateTime<Utc>,
    /// Before then.
    pub until: DateTime<Utc>,
}

/// The releases that one tie leads to.
#[derive(Clone, Debug)]
pub(crate) struct Circle {
    pub tie: Tie,
    /// The latest first.
    pub releases: Vec<Related>,
    /// Whether there are more than are listed.
    pub has_more: bool,
}

/// A release with what it has in common with an accused one.
#[derive(Clone, Debug)]
pub(crate) struct Related {
    pub row: ReleaseRow,
    /// What it has in common: the run, the account, the repository.
    pub why: String,
}

impl Window {
    /// The time around releases.
    pub fn around(releases: &[ReleaseRow], now: DateTime<Utc>) -> Self {
        let times = || releases.iter().filter_map(|row| row.published_at);
        let (first, last) = (times().min().unwrap_or(now), times().max().unwrap_or(now));
        Self { since: first - USUAL, until: last + USUAL }
    }
}
