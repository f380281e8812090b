//! `provwatch alerts ack`: acknowledges alerts.

use super::{
    change::{Change, store},
    target::Which,
};
use crate::{
    cli::{context::Context, exit::Outcome, operator::Author, output::Printing, reason::reason, when::End},
    model::{AlertAction, AlertStatus},
};

/// Acknowledge alerts, to record that you are examining them
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  provwatch alerts ack 6adc1e73047a \\
      --reason 'maintainers confirm: new laptop, old token'
  provwatch alerts ack 6adc1e73 0f3a5b7c --reason 'one campaign, see the ticket'
  provwatch alerts ack 6adc1e73 --members --until 7d \\
      --reason 'asked the maintainers'
  provwatch alerts ack --package pkg:npm/axios --reason 'PR 812' --dry-run

The record has the operator, the time and the reason. The release stays held; `provwatch baseline accept` adds it \
to the baseline. An acknowledgement with an end (at most a year away) lapses then: the alert is open again. The list calls one without an \
end stale after 7 days.")]
pub struct Ack {
    #[command(flatten)]
    which: Which,
    #[command(flatten)]
    end: End,
    /// The reason, for later readers
    #[arg(long, alias = "note", value_parser = reason)]
    reason: String,
    #[command(flatten)]
    author: Author,
    #[command(flatten)]
    printing: Printing,
}

impl Ack {
    pub(super) fn run(&self, context: &Context) -> Outcome {
        let now = Context::clock().now();
        let action = AlertAction {
            until: self.end.after(now),
            ..AlertAction::new(AlertStatus::Acknowledged, self.author.name(), &self.reason, now)
        };
        Change { which: &self.which, printing: self.printing, action }.run(&store(context, &self.which)?)
    }
}
