//! `provwatch alerts ack`: acknowledges alerts.

use super::{
    change::{Change, store},
    target::Which,
    when::{When, when},
};
use crate::{
    cli::{context::Context, exit::Outcome, operator, output::Printing, reason::reason},
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
to the baseline. An acknowledgement lapses with --until: the alert is open again then. The list calls one without an \
end stale after 7 days.")]
pub struct Ack {
    #[command(flatten)]
    which: Which,
    /// When the acknowledgement lapses: 2026-12-24, 2026-12-24T08:00:00Z, 7d; at most a year
    #[arg(long, value_name = "TIME", value_parser = when)]
    until: Option<When>,
    /// The reason, for later readers
    #[arg(long, alias = "note", value_parser = reason)]
    reason: String,
    #[command(flatten)]
    printing: Printing,
}

impl Ack {
    pub(super) fn run(&self, context: &Context) -> Outcome {
        let now = Context::clock().now();
        let action = AlertAction {
            until: self.until.map(|until| until.ahead(now)),
            ..AlertAction::new(AlertStatus::Acknowledged, operator::name(), &self.reason, now)
        };
        Change { which: &self.which, printing: self.printing, action }.run(&store(context, &self.which)?)
    }
}
