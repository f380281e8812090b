//! `provwatch deliveries show`: shows one delivery with all its attempts.

use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    cli::{
        context::Context,
        exit::{CliError, Exit, Outcome},
        fact_table::{self, Sheet},
        output::{self, Printing, Redaction},
        target, words,
    },
    deliver::{Message, told_as},
    store::{DeliveryAction, DeliveryStatus, ListedDelivery, MadeAttempt, Recipient, WholeDelivery},
    text::shell_word,
};

/// Show one delivery with all its attempts
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  provwatch deliveries show 17
  provwatch deliveries show 17 --format json

The event and the note are those of a message that is sent now: it tells of the alert as it stands.")]
pub struct Show {
    /// The delivery, as `provwatch deliveries list` shows it
    #[arg(value_name = "ID", value_parser = target::number)]
    id: i64,
    #[command(flatten)]
    printing: Printing,
    #[command(flatten)]
    redaction: Redaction,
}

/// One delivery with its attempts.
#[derive(Serialize, JsonSchema)]
pub(in crate::cli) struct Shown {
    #[serde(flatten)]
    delivery: ListedDelivery,
    /// What a message tells of that is sent now: raised, changed, acknowledged, resolved and so on; none if the alert
    /// cannot be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    event: Option<&'static str>,
    /// The key by which a receiver recognizes a repetition: the same at every attempt.
    #[serde(skip_serializing_if = "Option::is_none")]
    idempotency_key: Option<String>,
    /// How often the subscription was told of the alert before.
    #[serde(skip_serializing_if = "Option::is_none")]
    sequence: Option<u32>,
    /// What the sink keeps of the alert to go on with it at its receiver: the number of an issue, the last event of an
    /// incident, the labels at Alertmanager.
    #[serde(skip_serializing_if = "Option::is_none")]
    thread: Option<String>,
    /// The recipients that are done, if the receiver answered about each. The others follow with the next attempt.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    recipients: Vec<Recipient>,
    /// All attempts, the first one first.
    attempts_made: Vec<MadeAttempt>,
    /// Who put it back into the outbox, and why.
    put_back: Vec<DeliveryAction>,
}

impl Show {
    pub(super) fn run(&self, context: &Context) -> Outcome {
        self.redaction.begin()?;
        let store = context.store_to_read()?;
        let whole = store.delivery(self.id)?.ok_or_else(|| no_such_delivery(self.id))?;
        let put_back = match whole.listed.retried_at {
            Some(at) => store.delivery_actions(Some(at), 1)?,
            None => Vec::new(),
        };
        let shown = Shown::of(whole, put_back);
        if self.printing.is_json() {
            output::json(&shown)?;
        } else {
            shown.print();
        }
        Ok(Exit::Clean)
    }
}

/// The error for a delivery that does not exist.
pub(super) fn no_such_delivery(id: i64) -> CliError {
    CliError::failed(format!("no delivery has the number {id}")).next("`provwatch deliveries list` shows the numbers")
}

impl Shown {
    fn of(WholeDelivery { listed, delivery, attempts }: WholeDelivery, put_back: Vec<DeliveryAction>) -> Self {
        let message = delivery.map(Message::of_delivery);
        Self {
            delivery: listed,
            event: message.as_ref().map(told_as),
            idempotency_key: message.as_ref().map(|message| message.idempotency_key.clone()),
            sequence: message.as_ref().map(|message| message.sequence),
            thread: message.as_ref().and_then(|message| message.thread.clone()),
            recipients: message.map(|message| message.recipients).unwrap_or_default(),
            attempts_made: attempts,
            put_back,
        }
    }

    fn print(&self) {
        let one = &self.delivery;
        fact_table::heading(format_args!("delivery {}", one.id));
        let mut sheet = Sheet::new();
        sheet.row("subscription", words::name(&one.subscription));
        let title = one.title.as_ref().map_or_else(|| words::NOTHING.to_owned(), words::sentence);
        let severity = one.severity.map(|severity| format!("{severity}, ")).unwrap_or_default();
        sheet.row("alert", format!("{severity}{}: {title}", one.alert));
        sheet.row("state", one.state.as_str());
        sheet.maybe("event", self.event.map(str::to_owned));
        sheet.maybe("note", one.why.as_ref().map(words::sentence));
        sheet.row("created", words::moment(one.created_at));
        sheet.rows("put back", self.put_back.iter().map(attributed));
        sheet.maybe("next", one.next_at.map(words::moment));
        sheet.maybe("ended", one.settled_at.map(words::moment));
        sheet.maybe("key", self.idempotency_key.clone());
        sheet.maybe("at the receiver", self.thread.as_ref().map(words::sentence));
        sheet.rows("recipients", self.recipients.iter().map(recipient));
        sheet.print();
        self.print_attempts();
        if one.state != DeliveryStatus::Delivered {
            let list = format!("provwatch deliveries list --subscription {}", shell_word(&one.subscription));
            let retry = format!("provwatch deliveries retry {}", one.id);
            fact_table::next(&[(retry, "try it again now"), (list, "all deliveries to the subscription")]);
        }
    }

    fn print_attempts(&self) {
        fact_table::heading("attempts");
        if self.attempts_made.is_empty() {
            return fact_table::say("  none yet");
        }
        let mut sheet = Sheet::new();
        for attempt in &self.attempts_made {
            let text =
                format!("{} {}: {}", words::moment(attempt.at), attempt.outcome, words::sentence(&attempt.detail));
            sheet.row(&attempt.number.to_string(), text);
        }
        sheet.print();
    }
}

fn recipient(one: &Recipient) -> String {
    format!("{}: {}, {}", words::name(&one.address), one.reception.as_str(), words::sentence(&one.answer))
}

fn attributed(action: &DeliveryAction) -> String {
    let reason = action.reason.as_ref().map(|reason| format!(": {}", words::sentence(reason))).unwrap_or_default();
    format!("{} by {}{reason}", words::moment(action.at), words::name(&action.by))
}
