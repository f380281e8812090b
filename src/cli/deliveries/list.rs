//! `provwatch deliveries list`: lists deliveries, the latest first.

use chrono::{DateTime, Utc};
use comfy_table::Cell;

use crate::{
    cli::{
        alerts::wording::no_such_alert,
        context::Context,
        exit::{CliError, Exit, Outcome},
        fact_table,
        output::{self, Printing, Redaction},
        target,
        when::{When, when},
        words,
    },
    model::AlertPrefix,
    store::{DeliveryFilter, DeliveryStatus, ListedDelivery, Store},
};

/// List deliveries, the latest first
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  provwatch deliveries list
  provwatch deliveries list --state failed
  provwatch deliveries list --subscription ops --state pending
  provwatch deliveries list --alert 6adc1e73047a --format json
  provwatch deliveries list --since 2026-12-01 --until 2026-12-02

A delivery is one message about one alert to one subscription. It is pending until its receiver accepts it \
(delivered), or provwatch gives it up (failed): a dead letter.")]
pub struct List {
    /// Only deliveries to this subscription
    #[arg(long, value_name = "NAME")]
    subscription: Option<String>,
    /// Only deliveries in this state
    #[arg(long, value_enum)]
    state: Option<State>,
    /// Only deliveries about this alert: its id or the first digits
    #[arg(long, value_name = "ID", value_parser = target::alert)]
    alert: Option<AlertPrefix>,
    /// Only deliveries that were put into the outbox since then: 2026-12-24, 2026-12-24T08:00:00Z, 7d
    #[arg(long, value_name = "TIME", value_parser = when)]
    since: Option<When>,
    /// Only deliveries that were put into the outbox before
    #[arg(long, value_name = "TIME", value_parser = when)]
    until: Option<When>,
    /// Show at most this many deliveries
    #[arg(long, value_name = "COUNT", default_value_t = 100, value_parser = target::count)]
    limit: usize,
    #[command(flatten)]
    printing: Printing,
    #[command(flatten)]
    redaction: Redaction,
}

/// Where a delivery stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum State {
    /// It waits for its first or next attempt.
    Pending,
    /// The receiver accepted it.
    Delivered,
    /// It was given up.
    Failed,
}

impl State {
    const fn status(self) -> DeliveryStatus {
        match self {
            Self::Pending => DeliveryStatus::Pending,
            Self::Delivered => DeliveryStatus::Delivered,
            Self::Failed => DeliveryStatus::Failed,
        }
    }
}

impl List {
    pub(super) fn run(&self, context: &Context) -> Outcome {
        self.redaction.begin()?;
        let (store, now) = (context.store_to_read()?, Context::clock().now());
        let deliveries = store.deliveries(&self.filter(&store, now)?, self.limit)?;
        if self.printing.is_json() {
            deliveries.iter().try_for_each(output::json)?;
            return Ok(Exit::Clean);
        }
        if deliveries.is_empty() {
            output::line("No delivery fits.");
            return Ok(Exit::Clean);
        }
        print(&deliveries, now);
        output::limited(deliveries.len(), self.limit);
        Ok(Exit::Clean)
    }

    fn filter(&self, store: &Store, now: DateTime<Utc>) -> Result<DeliveryFilter, CliError> {
        let alert = match &self.alert {
            Some(id) => Some(store.alert_named(id)?.ok_or_else(|| no_such_alert(id))?.fingerprint),
            None => None,
        };
        Ok(DeliveryFilter {
            subscription: self.subscription.clone(),
            state: self.state.map(State::status),
            alert,
            since: self.since.map(|since| since.ago(now)),
            until: self.until.map(|until| until.ago(now)),
        })
    }
}

fn print(deliveries: &[ListedDelivery], now: DateTime<Utc>) {
    let mut table = output::table(["ID", "STATE", "SUBSCRIPTION", "CREATED (UTC)", "SEVERITY", "ALERT"]);
    for one in deliveries {
        let severity = one.severity.map_or_else(|| Cell::new(words::NOTHING), output::severity_cell);
        let title = one.title.as_ref().map(|title| format!(": {}", words::sentence(title))).unwrap_or_default();
        table.add_row([
            Cell::new(one.id),
            Cell::new(standing(one, now)),
            Cell::new(words::name(&one.subscription)),
            Cell::new(words::minute(one.created_at)),
            severity,
            Cell::new(format!("{}{title}", one.alert)),
        ]);
    }
    output::print(&table);
    output::line("");
    fact_table::say("`provwatch deliveries show <id>` has the attempts, with the receiver's answers.");
}

/// `pending, next in 3 min`, `delivered`, `failed after 12 attempts`.
fn standing(one: &ListedDelivery, now: DateTime<Utc>) -> String {
    match (one.state, one.next_at) {
        (DeliveryStatus::Pending, Some(next)) if one.attempts > 0 && next > now => {
            format!("pending, again in {}", words::span(next - now))
        }
        (DeliveryStatus::Pending, _) => "pending".to_owned(),
        (DeliveryStatus::Delivered, _) => "delivered".to_owned(),
        (DeliveryStatus::Failed, _) => {
            format!("failed after {}", words::counted(u64::from(one.attempts), "attempt"))
        }
    }
}
