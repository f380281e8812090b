//! `provwatch alerts reopen`: opens alerts again.

use super::{
    change::{Change, store},
    target::Which,
};
use crate::{
    cli::{context::Context, exit::Outcome, operator::Author, output::Printing, reason::reason},
    model::{AlertAction, AlertStatus},
};

/// Open alerts again that were acknowledged, snoozed or resolved
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  provwatch alerts reopen 6adc1e73047a --reason 'the maintainers deny it'
  provwatch alerts reopen --package pkg:npm/axios --status resolved \\
      --reason 'the account was stolen' --dry-run

The repetitions of the alert are open again, too. A release that joined the baseline stays there: `provwatch baseline \
unaccept` takes an acceptance back.")]
pub struct Reopen {
    #[command(flatten)]
    which: Which,
    /// The reason, for later readers
    #[arg(long, value_parser = reason)]
    reason: String,
    #[command(flatten)]
    author: Author,
    #[command(flatten)]
    printing: Printing,
}

impl Reopen {
    pub(super) fn run(&self, context: &Context) -> Outcome {
        let now = Context::clock().now();
        let action = AlertAction::new(AlertStatus::Open, self.author.name(), &self.reason, now);
        Change { which: &self.which, printing: self.printing, action }.run(&store(context, &self.which)?)
    }
}
