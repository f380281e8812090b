//! Entries of logs: signers, matches, correlation with releases, and alerts.

mod correlate;
mod entry_alert;
mod explained;
mod find;
mod flood;
mod lookup;
mod match_reporter;
mod matching;
mod named_checkpoints;
mod own_entries;

pub use correlate::Correlator;
pub use entry_alert::EntryAlerts;
pub use find::{FoundEntry, Wanted, find};
pub use lookup::EntryLookup;
pub use match_reporter::MatchReporters;
pub use matching::{Matcher, Matching, malformed};
pub use own_entries::OwnEntries;
