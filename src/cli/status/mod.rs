//! `provwatch status`: shows the health of provwatch itself.

mod print;
pub(super) mod report;
pub(super) mod snapshot;

use std::path::Path;

use self::report::Report;
use super::{
    context::Context,
    exit::{Exit, Outcome},
    output::{self, Printing},
};

/// Show the health of provwatch itself, and exit with 5 if it is unhealthy
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  provwatch status
  provwatch status --format json | jq -r '.reasons[]'

The command reads the database while the daemon runs, and uses the daemon's own findings. The exit code is 5 if \
provwatch is unhealthy: no daemon runs, or it does not check, store or report announced releases. Limited findings \
do not change the exit code. docs/OPERATIONS.md lists every finding.")]
pub struct Status {
    #[command(flatten)]
    printing: Printing,
}

impl Status {
    /// Runs the command.
    ///
    /// # Errors
    /// The configuration is wrong, or there is no store.
    pub fn run(&self, config: Option<&Path>) -> Outcome {
        let context = Context::load(config)?;
        let store = context.store_to_read()?;
        let report = Report::of(&context, &store, Context::clock().now())?;
        if self.printing.is_json() {
            output::json(&report)?;
        } else {
            print::report(&report);
        }
        Ok(if report.healthy { Exit::Clean } else { Exit::Unhealthy })
    }
}
