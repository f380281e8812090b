//! Storage of transparency logs: positions, checkpoints, entries and violations.

mod accusations;
mod checkpoints;
pub(super) mod checks;
mod entries;
mod entry_traces;
mod evidence;
mod kind;
mod log;
mod log_state;
mod matches;
mod mirrors;
mod progress;
mod reach;
mod tail;
mod tail_row;
mod violations;
mod workflows;

pub use accusations::{Accusation, Scope};
pub use checkpoints::CheckpointRow;
pub use checks::{LONGEST_LOG_CHECK_WAIT, LogCheck, LogCheckOutcome};
pub use entries::{LogEntryFilter, LogEntryRow, NewLogEntry, NewQuarantined};
pub(super) use entry_traces::fill as fill_traces;
pub use entry_traces::{EntryTrace, FoundEntries};
pub use evidence::{EvidenceRow, NewEvidence};
pub use kind::LogKind;
pub use log::{LogRow, NewLog};
pub use log_state::LogState;
pub use matches::{LogMatchFilter, MatchReporter, MatchRule, Met};
pub use mirrors::{MirrorRow, MirrorSeen};
pub use progress::LogProgress;
pub use reach::LogReach;
pub use tail::{Advance, Covered, KindCount};
pub use tail_row::TailRow;
pub use violations::Violated;
pub use workflows::WorkflowRow;
