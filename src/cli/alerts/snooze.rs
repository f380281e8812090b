//! `provwatch alerts snooze`: puts alerts off until a time.

use super::{
    change::{Change, store},
    target::Which,
    when::{When, when},
};
use crate::{
    cli::{context::Context, exit::Outcome, operator, output::Printing, reason::reason},
    model::{AlertAction, AlertStatus},
};

/// Put alerts off until a time, after which they are open again
#[derive(Debug, clap::Args)]
#[command(
    override_usage = "provwatch alerts snooze [OPTIONS] --until <TIME> --reason <REASON> \\
           [ALERT]...",
    after_help = "\
Examples:
  provwatch alerts snooze 6adc1e73047a --until 2026-12-24 \\
      --reason 'the maintainers answer after the holidays'
  provwatch alerts snooze --kind operation --until 12h \\
      --reason 'the mail server moves tonight'

An alert that gets worse or shows something new is open again at once. When the time has come, provwatch opens the alert \
again and tells the receivers of its first message."
)]
pub struct Snooze {
    #[command(flatten)]
    which: Which,
    /// When the alert is open again: 2026-12-24, 2026-12-24T08:00:00Z, 7d; at most a year
    #[arg(long, value_name = "TIME", value_parser = when)]
    until: When,
    /// The reason, for later readers
    #[arg(long, value_parser = reason)]
    reason: String,
    #[command(flatten)]
    printing: Printing,
}

impl Snooze {
    pub(super) fn run(&self, context: &Context) -> Outcome {
        let now = Context::clock().now();
        let action = AlertAction {
            until: Some(self.until.ahead(now)),
            ..AlertAction::new(AlertStatus::Snoozed, operator::name(), &self.reason, now)
        };
        Change { which: &self.which, printing: self.printing, action }.run(&store(context, &self.which)?)
    }
}
