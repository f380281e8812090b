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

/// Show how provwatch itself is doing; exits with 5 when it is not well
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  provwatch status
  provwatch status --format json | jq -r '.reasons[]'

It reads the store beside the running daemon, and judges as the daemon judges itself. It exits with 5 when provwatch is not well: when \
nobody watches, or what is announced is not looked at, checked, stored or told. What only limits it is shown. docs/OPERATIONS.md has \
the table of all that it can find.")]
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
