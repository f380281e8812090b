//! The store: an SQLite database, and the only place with SQL.
//!
//! One [`Store`] holds one connection behind a mutex; calls are short and synchronous, so async code shares it as
//! `Arc<Store>`. The command line opens the same file a second time, for reading while the daemon runs.
//!
//! Durability: the journal is a write-ahead log (readers never wait for the writer) with `synchronous = FULL`. Its
//! milder setting `NORMAL` survives a crash of the process but may lose the last commits when the power fails: an alert
//! that was recorded and a cursor that moved past it must not be lost that way. The price, one flush a commit, is small
//! because pages and backfills commit many rows at once, and because a change whose loss only repeats work waits for no
//! flush (`Flush`).
//!
//! Times are stored as whole microseconds since 1970 in UTC, which sort and compare as numbers; bodies are JSON in the
//! forms of `schema/*.schema.json`. The tables are explained in `schema/schema.sql`.
//!
//! Every operation that changes data is one transaction and can be repeated: when a commit succeeded and the caller did
//! not learn of it, a repetition changes nothing.
//!
//! # Statements
//!
//! PostgreSQL will be a second engine, with one text for each statement. So new statements stay in the subset of SQL
//! that both accept: tables, joins, upserts, `RETURNING`, `count(*) FILTER (WHERE …)`, `coalesce`, `CASE`. Each
//! construct that only SQLite accepts has a replacement:
//!
//! | construct | replacement |
//! |---|---|
//! | `iif` | `CASE WHEN … THEN … ELSE … END` |
//! | `max` or `min` of several values | `CASE WHEN a < b THEN b ELSE a END`; of one column over many rows they are portable |
//! | `rowid` | a column that the table declares, `RETURNING id` for the number of a new row (not `last_insert_rowid`) |
//! | a JSON function or operator | a column or a table with the value that a statement needs; else Rust reads it |
//! | `?1` in two places | a name, `:now`, for a value that is in several places, or one number for each place |
//! | `INSERT OR …` | `INSERT … ON CONFLICT (key) DO UPDATE SET …` or `DO NOTHING` |
//! | a bare column in `DO UPDATE` | `table.column` for the existing row, `excluded.column` for the proposed one |
//! | `IS` between two values | `IS NOT DISTINCT FROM`, and `IS DISTINCT FROM` for `IS NOT` |
//! | a function that only SQLite has | the standard one (`coalesce` for `ifnull`), or Rust |
//! | a function that the program adds | a value that Rust computes and binds |
//!
//! `tests/portable` checks the statements, with a table of earlier exceptions, which only gets shorter. Each engine's
//! own words (`PRAGMA`) are used only where a connection is opened, and the migrations are SQLite's.

mod addresses;
mod alert_candidate;
mod alert_filter;
mod alert_named;
mod alert_news;
mod alert_stats;
mod alerts;
mod allowances;
mod announcing;
mod automatic_actions;
mod backup;
mod baselines;
mod broken;
mod campaigns;
mod checking;
mod columns;
mod connect;
mod damage;
mod deliveries;
mod dependents;
mod developments;
mod digest_alerts;
mod digests;
mod dist_tags;
mod documents;
mod error;
mod escalations;
mod expected;
mod feeds;
mod folder;
mod follow_ups;
mod forge_answers;
mod handle;
mod history;
mod holding;
mod incidents;
mod inventory;
mod lead;
mod left_out;
mod letting_go;
mod logs;
mod migrations;
mod namesakes;
mod notices;
mod open;
mod operator_actions;
mod outcome;
mod packages;
mod packed;
mod pruning;
mod queue;
mod raising;
mod reading;
mod readonly;
mod record;
mod recording;
mod releases;
mod reminding;
mod repetitions;
mod reports;
mod restores;
mod room;
mod runner;
mod sealed;
mod silences;
mod spellings;
mod stage;
mod stats;
#[cfg(test)]
mod tests;
mod traces;
mod vitals;
mod wall_clock;
mod withdrawals;
mod work;
mod writes;

pub(crate) use addresses::is_pseudonym;
pub use alert_filter::AlertFilter;
pub(crate) use alert_stats::AlertStats;
pub use allowances::AllowedBy;
pub use backup::{BackupError, Manifest, Replace};
pub(crate) use backup::{Restoring, finish_restore};
pub use baselines::{BaselineChange, NewBaselineVersion, StoredBaseline};
pub(crate) use baselines::{BaselineVersion, Held};
pub(crate) use campaigns::Telling;
pub(crate) use checking::{CheckedStore, DamagedPlace};
pub(crate) use damage::DamagedRow;
#[cfg(test)]
pub(crate) use deliveries::LONGEST_DELIVERY_WAIT;
pub(crate) use deliveries::{
    Acceptance, DeliveryAction, DeliveryState, Disabled, EndpointState, ListedDelivery, MadeAttempt, Refresh,
    RefusedRecipient, Retried, SubscriptionState, Untold, WholeDelivery,
};
pub use deliveries::{Acting, Delivery, DeliveryFilter, DeliveryStatus, Reception, Recipient};
pub(crate) use dependents::dependencies;
pub use dist_tags::{SeenTag, SeenTags};
pub use error::StoreError;
pub use feeds::{EventKind, Lost, NewEvent, SourceState};
pub(crate) use feeds::{StoredEvent, Taken};
pub use handle::Store;
pub(crate) use history::{Against, CheckedHistory, Fault, Signatures};
pub use history::{Head, HeadKeyError, HeadSigner, HeadVerifier, NotedHead, Signing};
pub(crate) use inventory::{FiguresRow, StoredFigures};
pub use inventory::{ProjectRow, Upload, Uploaded, Uses, UsesOf, Which};
pub(crate) use lead::Lead;
pub(crate) use left_out::LeftOut;
pub(crate) use logs::{
    Accusation, Advance, Covered, EvidenceRow, KindCount, LONGEST_LOG_CHECK_WAIT, LogCheck, LogCheckOutcome,
    LogEntryRow, MatchReporter, MatchRule, Met, MirrorSeen, NewEvidence, NewLogEntry, NewQuarantined, Scope, TailRow,
    Violated, WorkflowRow,
};
pub use logs::{
    CheckpointRow, EntryTrace, FoundEntries, LogEntryFilter, LogKind, LogMatchFilter, LogProgress, LogReach, LogRow,
    LogState, MirrorRow, NewLog,
};
pub(crate) use namesakes::Namesake;
pub use operator_actions::{Acted, ActionOutcome};
pub use outcome::Outcome;
pub use packages::PackageRow;
pub(crate) use packages::VersionState;
pub use queue::Turn;
pub use record::Record;
pub(crate) use record::Subject;
pub use releases::ReleaseRow;
pub use reports::{NewReport, ReportFeed, ReportStats, TakenReports};
pub(crate) use reports::{ReadReports, ReportNews, UntoldReport};
pub use restores::{GapClosed, Pending, Restore, RestoreGap};
pub use runner::RunnerRow;
pub(crate) use silences::HeldBack;
pub use stage::{Part, Stage, Watcher};
pub(crate) use stats::Stats;
pub(crate) use traces::Neighbour;
pub(crate) use traces::Traced;
pub use traces::{Clue, Fitting, FoundRelease, KnownName, Listed, NamedThing, OwnedTrace, Search, Searched, Trace};
pub use work::{AGAIN, Lane, Setback, Work};
pub(crate) use work::{Again, LONGEST_WAIT, Portions, WorkSummary};
