//! Stores reports of others that releases are malicious, and which stored releases they are about.
//!
//! The reports of all packages are kept, because a package may be watched later, and `lookup` answers about unwatched ones.
//! A stored release that a report is about becomes a row of its own (`matching`), in the transaction that stores the
//! report or the release. That row waits until an alert has told of it (`telling`), so that no crash loses it.

mod feed;
mod matching;
mod questions;
mod rows;
mod statistics;
mod taking;
mod telling;
#[cfg(test)]
mod tests;

pub(crate) use feed::ReadReports;
pub use feed::ReportFeed;
pub(super) use matching::match_release;
pub use statistics::ReportStats;
pub(super) use statistics::report_stats;
pub use taking::{NewReport, TakenReports};
pub(crate) use telling::{ReportNews, UntoldReport};
