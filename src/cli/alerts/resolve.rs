//! `provwatch alerts resolve`: resolves alerts with a category.

use super::{
    change::{Change, store},
    target::Which,
    wording::no_such_alert,
};
use crate::{
    cli::{
        context::Context,
        exit::{CliError, Outcome},
        operator::Author,
        output::Printing,
        reason::reason,
        target,
    },
    model::{AlertAction, AlertPrefix, AlertStatus, Resolution},
};

/// Resolve alerts, with what they turned out to be
#[derive(Debug, clap::Args)]
#[command(
    override_usage = "provwatch alerts resolve [OPTIONS] --as <CATEGORY> --reason <REASON> \\
           [ALERT]...",
    after_help = "\
Examples:
  provwatch alerts resolve 6adc1e73047a --as true-positive \\
      --reason 'token stolen, release removed'
  provwatch alerts resolve pkg:npm/axios@1.15.2 --as expected \\
      --reason 'moved, their issue 42'
  provwatch alerts resolve 0f3a5b7c --as duplicate --duplicate-of 6adc1e73 \\
      --reason 'one incident'
  provwatch alerts resolve --detector odd-hours --older-than 30d \\
      --as false-positive --reason 'they travel' --dry-run

Categories: true-positive (an attack, or the failure that the alert describes), expected (planned or harmless, and \
described correctly), false-positive (the alert was wrong), duplicate (of another alert). `provwatch alerts stats` counts \
them. A resolved alert is open again when something new is found."
)]
pub struct Resolve {
    #[command(flatten)]
    which: Which,
    /// What it turned out to be: true-positive, expected, false-positive or duplicate
    #[arg(long = "as", value_name = "CATEGORY")]
    category: Resolution,
    /// The alert that describes the same, for a duplicate: its id, or its first digits
    #[arg(long, value_name = "ID", value_parser = target::alert)]
    duplicate_of: Option<AlertPrefix>,
    /// The reason, for later readers
    #[arg(long, value_parser = reason)]
    reason: String,
    #[command(flatten)]
    author: Author,
    #[command(flatten)]
    printing: Printing,
}

impl Resolve {
    pub(super) fn run(&self, context: &Context) -> Outcome {
        if (self.category == Resolution::Duplicate) != self.duplicate_of.is_some() {
            let what = "--duplicate-of goes only with --as duplicate, which requires it";
            return Err(CliError::usage(what).next("`provwatch alerts list` shows the ids"));
        }
        let store = store(context, &self.which)?;
        let other = self.duplicate_of.as_ref();
        let other = other.map(|id| store.alert_named(id)?.ok_or_else(|| no_such_alert(id))).transpose()?;
        let now = Context::clock().now();
        let action = AlertAction {
            category: Some(self.category),
            duplicate_of: other.map(|alert| alert.fingerprint),
            ..AlertAction::new(AlertStatus::Resolved, self.author.name(), &self.reason, now)
        };
        Change { which: &self.which, printing: self.printing, action }.run(&store)
    }
}
