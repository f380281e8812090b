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

use std::{path::Path, sync::Arc};

use clap::Subcommand;

use super::{
    context::Context,
    exit::{Failure, Outcome},
    sheet,
};
use crate::{
    pipeline::{Pipeline, logs::FollowedLog},
    text::with_causes,
};

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

/// What is said before whatever is listed all the same.
const OFF: &str = "Transparency logs are switched off ([logs] enabled = false).";

/// What is said of a trust root that no process has read yet.
const UNREAD: &str = "The trust root was not read yet, so its logs are not known; `provwatch run` reads it.";

/// Reads a trust root that no process has read yet: without it neither its logs are known nor whom a certificate can be
/// believed.
async fn have_trust(pipeline: &Pipeline) -> Result<(), Failure> {
    pipeline.have_trust().await.map_err(|error| {
        let why = with_causes(&error);
        Failure::failed(format!("the trust root was not read yet, and cannot be read now: {why}"))
            .next("let the TUF repository be reached ([trust] tuf_url), then try again; `provwatch doctor` asks it")
    })
}

/// The log that is called so, as it is: one that never answered is asked first.
async fn named(pipeline: &Pipeline, name: &str) -> Result<Arc<FollowedLog>, Failure> {
    have_trust(pipeline).await?;
    pipeline.log_named(name).await.ok_or_else(|| {
        Failure::usage(format!("no log {name:?} is followed")).next(sheet::callable("provwatch logs list"))
    })
}
