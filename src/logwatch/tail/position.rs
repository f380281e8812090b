//! The position of a tail while it reads.

use chrono::{DateTime, TimeDelta, Utc};

use crate::{
    logwatch::{catching_up::OnceInAWhile, marks::Marks},
    store::{LogProgress, TailRow},
    tlog::CompactRange,
};

/// How often the progress of a long reading is reported.
const TELL_EVERY: TimeDelta = TimeDelta::minutes(1);

/// The position of a tail, in memory.
#[derive(Debug)]
pub struct Tail {
    pub range: CompactRange,
    /// Roots on the way, to locate the first changed entry.
    pub marks: Marks,
    /// The progress of this reading, and the time of the next report.
    pub progress: LogProgress,
    pub telling: OnceInAWhile,
}

impl Tail {
    /// Resumes to this size from the stored row. `None`: the row is inconsistent.
    pub fn resume(row: &TailRow, to: u64, now: DateTime<Utc>) -> Option<Self> {
        let range = CompactRange::from_parts(row.downloaded, row.downloaded_range.clone())?;
        let proven = CompactRange::from_parts(row.verified, row.verified_range.clone())?;
        let progress = LogProgress::beginning(range.size(), to, now);
        let telling = OnceInAWhile::beginning(now, TELL_EVERY);
        Some(Self { marks: Marks::after(&proven, &range), range, progress, telling })
    }
}
