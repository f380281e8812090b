//! `provwatch deliveries retry`: sends deliveries again, or tells a new subscription of earlier alerts.

use chrono::{DateTime, Utc};

use super::{
    answer::Answer,
    choice::{Choice, Chosen},
    send,
};
use crate::{
    cli::{
        context::Context,
        exit::{CliError, Exit, Outcome},
        operator::Author,
        output::{self, Printing},
        reason::reason,
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
again. The running daemon sees that within a second.

With --to, a subscription is told of all alerts of a time that it selects, and of which it never was. Each gets one \
message, the most severe first, as it stands now. Silences hold.

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
            None => self.retry(&store, &self.choice.find(&store, configured, acting.at)?, &acting)?,
        };
        if self.printing.is_json() {
            output::json(&answer)?;
        } else {
            answer.print();
        }
        Ok(Exit::Clean)
    }

    fn retry(&self, store: &Store, chosen: &Chosen, acting: &Acting) -> Result<Answer, CliError> {
        let Chosen { deliveries, subscriptions, removed } = chosen;
        let Retried { put_back, due, woken } = if self.dry_run {
            would_retry(store, chosen, acting.at)?
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
