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

/// Show and search transparency logs, and verify evidence against them
#[derive(Debug, Subcommand)]
pub enum Logs {
    /// List the logs that provwatch follows
    List(list::List),
    /// Show how far provwatch has read and verified each log, with gaps and problems
    Status(status::Status),
    /// List the log entries that each [[logs.match]] found
    Matches(matches::Matches),
    /// Read and verify a range of a log once, and print the matching entries
    Scan(scan::Scan),
    /// Look up single entries of a log, and verify that it contains them
    Find(find::Find),
    /// Continue to read a log from another entry, back or forward
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
