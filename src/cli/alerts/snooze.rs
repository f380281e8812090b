//! `provwatch alerts snooze`: puts alerts off until a time.

use super::{
    change::{Change, store},
    target::Which,
};
use crate::{
    cli::{context::Context, exit::Outcome, operator::Author, output::Printing, reason::reason, when::End},
    model::{AlertAction, AlertStatus},
};

/// Put alerts off until a time, after which they are open again
#[derive(Debug, clap::Args)]
#[command(
    override_usage = "provwatch alerts snooze [OPTIONS] <--until <TIME>|--for <PERIOD>> \\
           --reason <REASON> [ALERT]...",
    after_help = "\
Examples:
  provwatch alerts snooze 6adc1e73047a --until 2026-12-24 \\
      --reason 'the maintainers answer after the holidays'
  provwatch alerts snooze --kind operation --for 12h \\
      --reason 'the mail server moves tonight'

A snooze lasts at most a year. An alert that gets worse or shows something new is open again at once. When the time has come, provwatch opens the alert \
again and tells the receivers of its first message."
)]
pub struct Snooze {
    #[command(flatten)]
    which: Which,
    #[command(flatten)]
    end: End,
    /// The reason, for later readers
    #[arg(long, value_parser = reason)]
    reason: String,
    #[command(flatten)]
    author: Author,
    #[command(flatten)]
    printing: Printing,
}

impl Snooze {
    pub(super) fn run(&self, context: &Context) -> Outcome {
        let now = Context::clock().now();
        let action = AlertAction {
            until: Some(self.end.required(now, "a snooze")?),
            ..AlertAction::new(AlertStatus::Snoozed, self.author.name(), &self.reason, now)
        };
        Change { which: &self.which, printing: self.printing, action }.run(&store(context, &self.which)?)
    }
}
