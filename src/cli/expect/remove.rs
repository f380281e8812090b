//! `provwatch expect remove`: withdraws an announced change.

use crate::{
    cli::{
        context::Context,
        exit::{CliError, Exit, Outcome},
        operator::Author,
        output,
        reason::reason,
        target,
    },
    model::Removal,
};

/// Remove an announced change
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  provwatch expect remove 3 --reason 'grace publishes from June on'

Releases that already fit the announcement stay in the baseline. The announcement stays in \
`provwatch expect list --all`.")]
pub struct Remove {
    /// The number of the change, as `provwatch expect list` shows it
    #[arg(value_name = "NUMBER", value_parser = target::number)]
    id: i64,
    /// The reason, for later readers
    #[arg(long, value_parser = reason)]
    reason: Option<String>,
    #[command(flatten)]
    author: Author,
}

impl Remove {
    pub(super) fn run(&self, context: &Context) -> Outcome {
        let (at, by) = (Context::clock().now(), self.author.name());
        let removal = Removal { at, by: Some(by), reason: self.reason.clone() };
        if !context.store_to_change()?.forget_expected_change(self.id, &removal)? {
            let what = format!("unknown announcement {}", self.id);
            return Err(CliError::usage(what).next("provwatch expect list"));
        }
        output::line(format!("Announcement {} is removed.", self.id));
        Ok(Exit::Clean)
    }
}
