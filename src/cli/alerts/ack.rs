//! `provwatch alerts ack`: acknowledges alerts.

use super::wording::{no_such_alert, title};
use crate::{
    cli::{
        context::Context,
        exit::{CliError, Exit, Outcome},
        operator,
        output::{self, Printing},
        reason::reason,
        target, words, wrap,
    },
    model::{Alert, AlertPrefix, AlertStatus},
    store::Store,
};

/// Acknowledge alerts, to record that you are examining them
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  provwatch alerts ack 6adc1e73047a \\
      --reason 'maintainers confirm: new laptop, old token'
  provwatch alerts ack 6adc1e73 0f3a5b7c --reason 'one campaign, see the ticket'

The record has the operator, the time and the reason. The release stays held; `provwatch baseline accept` adds it \
to the baseline.")]
pub struct Ack {
    /// The alerts' ids, or their first digits
    #[arg(required = true, value_name = "ID", value_parser = target::alert)]
    ids: Vec<AlertPrefix>,
    /// The reason, for later readers
    #[arg(long, alias = "note", value_parser = reason)]
    reason: String,
    #[command(flatten)]
    printing: Printing,
}

impl Ack {
    pub(super) fn run(&self, context: &Context) -> Outcome {
        let store = context.store_to_change()?;
        // An operator who mistypes one of several ids acknowledges none.
        let find = |id: &AlertPrefix| store.alert_named(id)?.ok_or_else(|| self.unknown(id));
        let alerts = self.ids.iter().map(find).collect::<Result<Vec<Alert>, CliError>>()?;
        alerts.iter().try_for_each(|alert| self.acknowledge(&store, alert))?;
        Ok(Exit::Clean)
    }

    fn unknown(&self, id: &AlertPrefix) -> CliError {
        let failure = no_such_alert(id);
        if self.ids.len() == 1 {
            return failure;
        }
        failure.next("`provwatch alerts list` shows the ids; nothing was acknowledged, the other alerts neither")
    }

    fn acknowledge(&self, store: &Store, before: &Alert) -> Result<(), CliError> {
        let (by, now) = (operator::name(), Context::clock().now());
        let alert = store.acknowledge(&before.fingerprint, &by, &self.reason, now)?;
        let alert = alert.ok_or_else(|| no_such_alert(&before.id))?;
        if self.printing.is_json() {
            return Ok(output::json(&alert)?);
        }
        let (id, by) = (alert.id, words::name(by));
        let done = if before.status == AlertStatus::Acknowledged {
            format!("was already acknowledged; the reason of {by} is added")
        } else {
            format!("is acknowledged by {by}")
        };
        output::line(wrap::paragraphs(&format!("{id} {done}: {}", title(&alert)), wrap::width(), ""));
        Ok(())
    }
}
