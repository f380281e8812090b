//! Following of transparency logs: checkpoints are audited, entries of tailed logs are hashed and searched, and
//! violations become alerts.
//!
//! ```text
//! trust root, configuration ─► followed ─► poll, mirrors ─► audit ─► tail ─► store ─► correlate ─► alerts
//!                                 ▲              │            │        ├──► matches ─► alerts of [[logs.match]]
//!                             recognize          └────────────┴────────┴──► report ─► evidence, alert
//! ```
//! A log has two positions. *Downloaded* moves with the pages, in the transaction that stores the entries found in
//! them; *verified* follows when the entries up to it hash to a root that the log signed, and only then does provwatch
//! rely on the entries. If they do not, downloaded goes back to verified.

mod announce;
mod audit;
mod catching_up;
mod entries;
mod error;
#[cfg(test)]
mod lab;
mod left;
mod log_list;
mod marks;
mod monitor;
mod poll;
mod report;
mod rows;
mod scan;
mod settings;
mod shown;
mod stale_logs;
mod start;
mod tail;
mod tree_failure;
mod wiring;

pub use catching_up::{OnceInAWhile, how_far};
pub use entries::{FoundEntry, Matcher, Wanted};
pub use error::FollowError;
pub use log_list::{FollowedLog, Instance, NotFollowed};
pub use monitor::LogMonitor;
pub use poll::Poll;
pub use scan::{ScanError, ScanSummary, Scanned};
pub use settings::LogSettings;
pub use start::StartError;
pub(crate) use wiring::LogParts;
