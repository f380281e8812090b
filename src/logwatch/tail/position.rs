//! The position of a tail while it reads.

use chrono::{DateTime, TimeDelta, Utc};

use crate::{
    logwatch::{catching_up::OnceInAWhile, marks::Marks},
    store::{LogProgress, TailRow},
    tlog::CompactRange,
};

/// How often it is told how far a long reading has come.
const TELL_EVERY: TimeDelta = TimeDelta::minutes(1);

/// Where a tail stands, in memory.
#[derive(Debug)]
pub struct Tail {
    pub range: CompactRange,
    /// Roots on the way, to find out where a log began to lie.
    pub marks: Marks,
    /// How far this reading has come, and when that is told next.
    pub progress: LogProgress,
    pub telling: OnceInAWhile,
}

impl Tail {
    /// Goes on to this size from what is stored. `None`: that does not fit together.
    pub fn resume(row: &TailRow, to: u64, now: DateTime<Utc>) -> Option<Self> {
        let range = CompactRange::from_parts(row.downloaded, row.downloaded_range.clone())?;
        let proven = CompactRange::from_parts(row.verified, row.verified_range.clone())?;
        let progress = LogProgress::beginning(range.size(), to, now);
        let telling = OnceInAWhile::beginning(now, TELL_EVERY);
        Some(Self { marks: Marks::after(&proven, &range), range, progress, telling })
    }
}
