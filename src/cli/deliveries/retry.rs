//! `provwatch deliveries retry`: sends deliveries again, or tells a new subscription of earlier alerts.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::Serialize;

use super::{
    choice::{Choice, Chosen},
    send,
};
use crate::{
    cli::{
        context::Context,
        exit::{CliError, Exit, Outcome},
        fact_table,
        operator::Author,
        output::{self, Printing},
        reason::reason,
        words, wrap,
    },
    store::{Acting, DeliveryStatus, Retried, Store},
};

/// Send deliveries again, or tell a new subscription of earlier alerts
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  provwatch deliveries retry 17 18 --reason 'the token is renewed'
  provwatch deliveries retry --failed --subscription ops
  provwatch deliveries retry --subscription ops --dry-run
  provwatch deliveries retry --failed --since 2026-12-01 --until 2026-12-03
  provwatch deliveries retry --to pager --since 7d --dry-run

Dead letters are put back into the outbox and have 72 hours again; what waits is due now; a disabled endpoint is tried \
again. The running daemon sees that within a second. With --to, a subscription is told of all alerts of a time of which \
it never was: those that it selects, the most severe first, one message for each, as they stand now. Silences hold.

The record has the operator, the time and the reason.")]
pub struct Retry {
    #[command(flatten)]
    choice: Choice,
    /// Tell this subscription of the alerts since --since of which it was never told
    #[arg(long, value_name = "NAME", requires = "since", conflicts_with_all = ["ids", "failed", "subscription"])]
    to: Option<String>,
    /// Print what would be sent, and change nothing
    #[arg(long)]
    dry_run: bool,
    /// The reason, for later readers
    #[arg(long, value_parser = reason)]
    reason: Option<String>,
    #[command(flatten)]
    author: Author,
    #[command(flatten)]
    printing: Printing,
}

/// What became, or would become, of deliveries.
#[derive(Debug, Default, Serialize, JsonSchema)]
pub(in crate::cli) struct Answer {
    /// Whether nothing was changed.
    pub dry_run: bool,
    /// The dead letters that are back in the outbox.
    pub put_back: Vec<i64>,
    /// The waiting deliveries that are due now.
    pub due: Vec<i64>,
    /// The subscriptions whose disabled endpoint is tried again.
    pub woken: Vec<String>,
    /// The subscription that is told of earlier alerts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// How many alerts it is told of.
    pub sent: usize,
    /// How many silences hold back.
    pub held: usize,
    /// Subscriptions with chosen deliveries that the configuration does not have: theirs stay as they are.
    pub removed: BTreeSet<String>,
}

impl Retry {
    pub(super) fn run(&self, context: &Context) -> Outcome {
        let store = if self.dry_run { context.store_to_read()? } else { context.store_to_change()? };
        let acting = Acting { by: self.author.name(), at: Context::clock().now(), reason: self.reason.clone() };
        let configured = &context.config.subscriptions;
        let answer = match &self.to {
            Some(to) => {
                let range = (self.choice.since, self.choice.until);
                send::tell(&store, configured, (to, range), &acting, self.dry_run)?
            }
            None => self.retry(&store, self.choice.find(&store, configured, acting.at)?, &acting)?,
        };
        if self.printing.is_json() {
            output::json(&answer)?;
        } else {
            answer.print();
        }
        Ok(Exit::Clean)
    }

    fn retry(&self, store: &Store, chosen: Chosen, acting: &Acting) -> Result<Answer, CliError> {
        let Chosen { deliveries, subscriptions, removed } = &chosen;
        let Retried { put_back, due, woken } = if self.dry_run {
            would_retry(store, &chosen, acting.at)?
        } else {
            let ids: Vec<i64> = deliveries.iter().map(|one| one.id).collect();
            store.retry_deliveries(&ids, subscriptions, acting)?
        };
        Ok(Answer { dry_run: self.dry_run, put_back, due, woken, removed: removed.clone(), ..Answer::default() })
    }
}

/// What would become of deliveries.
fn would_retry(store: &Store, chosen: &Chosen, now: DateTime<Utc>) -> Result<Retried, CliError> {
    let mut retried = Retried::default();
    for one in &chosen.deliveries {
        match one.state {
            DeliveryStatus::Failed => retried.put_back.push(one.id),
            DeliveryStatus::Pending if one.next_at > Some(now) => retried.due.push(one.id),
            DeliveryStatus::Pending | DeliveryStatus::Delivered => {}
        }
    }
    let disabled = store.disabled_endpoints()?.into_iter().map(|(name, _)| name);
    retried.woken = disabled.filter(|name| chosen.subscriptions.contains(name)).collect();
    Ok(retried)
}

impl Answer {
    fn print(&self) {
        let counted = |count: usize, what| words::counted(u64::try_from(count).unwrap_or(u64::MAX), what);
        let mut said = Vec::new();
        if !self.put_back.is_empty() {
            said.push(format!("{} put back into the outbox", counted(self.put_back.len(), "dead letter")));
        }
        if !self.due.is_empty() {
            said.push(format!("{} due now", counted(self.due.len(), "waiting delivery")));
        }
        said.extend(
            self.woken.iter().map(|name| format!("the disabled endpoint of {} tried again", words::name(name))),
        );
        if let Some(to) = &self.to {
            said.push(format!("{} to be sent to {}", counted(self.sent, "alert"), words::name(to)));
        }
        if self.held > 0 {
            said.push(format!("{} held back by silences", counted(self.held, "alert")));
        }
        let what = if said.is_empty() { "nothing to send again".to_owned() } else { said.join("; ") };
        output::line(wrap::paragraphs(&format!("{}.", capitalized(&what)), wrap::width(), ""));
        for name in &self.removed {
            let name = words::name(name);
            output::note(format_args!(
                "The configuration has no subscription {name}: its deliveries stay as they are."
            ));
        }
        if self.dry_run {
            fact_table::say("This was a dry run: nothing was changed.");
        }
    }
}

fn capitalized(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().map(|first| first.to_uppercase().collect::<String>() + characters.as_str()).unwrap_or_default()
}
