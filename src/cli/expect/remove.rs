//! `provwatch expect remove`: withdraws an announced change.

use crate::cli::{
    context::Context,
    exit::{CliError, Exit, Outcome},
    output,
};

/// Remove an announced change
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  provwatch expect remove 3

Releases that already fit the announcement stay in the baseline.")]
pub struct Remove {
    /// The number of the change, as `provwatch expect list` shows it
    #[arg(value_name = "NUMBER")]
    id: i64,
}

impl Remove {
    pub(super) fn run(&self, context: &Context) -> Outcome {
        let removed = context.store_to_change()?.forget_expected_change(self.id, Context::clock().now())?;
        if !removed {
            let what = format!("unknown announcement {}", self.id);
            return Err(CliError::usage(what).next("provwatch expect list"));
        }
        output::line(format!("{} is no longer expected.", self.id));
        Ok(Exit::Clean)
    }
}
