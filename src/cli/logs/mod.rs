//! `provwatch logs`: shows the followed transparency logs and queries them.

mod by_name;
mod evidence;
pub(super) mod find;
pub(super) mod list;
mod matches;
pub(super) mod not_followed;
pub(super) mod scan;
mod start;
pub(super) mod status;
mod unreadable;
pub(super) mod verify;
mod wording;

use std::path::Path;

use clap::Subcommand;

use super::{context::Context, exit::Outcome};

/// Transparency logs: which are followed, how far each is read, and what one did wrong
#[derive(Debug, Subcommand)]
pub enum Logs {
    /// List the logs that are followed
    List(list::List),
    /// Show how far each log was read and proven, where the gaps are, and what is wrong with it
    Status(status::Status),
    /// List the entries that [[logs.match]] found
    Matches(matches::Matches),
    /// Read a range of a log once, prove it, and print the entries of those you look for
    Scan(scan::Scan),
    /// Look up single entries, each proven by the log
    Find(find::Find),
    /// Move a log's tail to another entry, back or forward
    Start(start::Start),
    /// Export the evidence against a log, for others to verify
    Evidence(evidence::EvidenceCommand),
    /// Verify evidence against a log, from the document alone
    Verify(verify::Verify),
}

impl Logs {
    pub fn run(&self, config: Option<&Path>) -> Outcome {
        let context = Context::load(config)?;
        match self {
            Self::List(list) => list.run(&context),
            Self::Status(status) => status.run(&context),
            Self::Matches(matches) => matches.run(&context),
            Self::Scan(scan) => scan.run(&context),
            Self::Find(find) => find.run(&context),
            Self::Start(start) => start.run(&context),
            Self::Evidence(evidence) => evidence.run(&context),
            Self::Verify(verify) => verify.run(&context),
        }
    }
}
