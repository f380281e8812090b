//! `provwatch subscriptions list`: lists the subscriptions, with their conditions and times.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    app,
    cli::{
        callable::callable,
        context::Context,
        exit::{CliError, Exit, Outcome},
        fact_table, matching,
        output::{self, Printing},
        words,
    },
    config::{Period, Subscription},
    deliver::Timing,
    model::{AlertMatchers, DigestTimes},
    store::Disabled,
    text::shell_word,
};

/// List the subscriptions, with their conditions and times
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  provwatch subscriptions list
  provwatch subscriptions list --format json")]
pub struct List {
    #[command(flatten)]
    printing: Printing,
}

/// One subscription.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::cli) struct Listed {
    /// Its name.
    name: String,
    /// Its `type` in the configuration.
    kind: &'static str,
    /// The alerts that it receives.
    conditions: AlertMatchers,
    /// The hours in which it receives critical alerts only.
    #[serde(skip_serializing_if = "Option::is_none")]
    quiet_hours: Option<String>,
    /// How often it is told again of an open alert.
    #[serde(skip_serializing_if = "Option::is_none")]
    repeat: Option<String>,
    /// The subscription that is told of a critical alert that stays unacknowledged, and after which time.
    #[serde(skip_serializing_if = "Option::is_none")]
    escalate: Option<String>,
    /// Whether it is told of acknowledgements and resolutions.
    notify_resolution: bool,
    /// When it receives one message in place of single ones.
    #[serde(skip_serializing_if = "Option::is_none")]
    digest: Option<String>,
    /// Since when its endpoint is disabled, because it answered that it is gone for good, and its answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    disabled: Option<Disabled>,
}

impl Listed {
    fn of(subscription: &Subscription, disabled: Option<Disabled>) -> Self {
        let Timing { quiet_hours, repeat, escalate, notices, digest } = app::timing(subscription);
        Self {
            name: subscription.name.clone(),
            kind: subscription.sink_type(),
            conditions: subscription.conditions(),
            quiet_hours: quiet_hours.map(|hours| hours.to_string()),
            repeat: repeat.map(period),
            escalate: escalate.map(|one| format!("to {} after {}", words::name(&one.to), period(one.after))),
            notify_resolution: notices,
            digest: digest.as_ref().map(digests),
            disabled,
        }
    }

    fn print(&self) {
        fact_table::heading(format_args!("{} ({})", words::name(&self.name), self.kind));
        let mut sheet = fact_table::Sheet::new();
        sheet.row("receives", matching::words(&self.conditions));
        sheet.maybe("quiet hours", self.quiet_hours.clone());
        sheet.maybe("repeats", self.repeat.as_ref().map(|every| format!("every {every} while open")));
        sheet.maybe("escalates", self.escalate.clone());
        sheet.maybe("digest", self.digest.clone());
        sheet.maybe("notices", self.notify_resolution.then(|| "of acknowledgements and resolutions".to_owned()));
        if let Some(Disabled { since, why }) = &self.disabled {
            let retry = callable(&format!("provwatch deliveries retry --subscription {}", shell_word(&self.name)));
            let (since, why) = (words::moment(*since), words::sentence(why));
            sheet.row("disabled", format!("since {since}: {why}; after a correction `{retry}` tries it again"));
        }
        sheet.print();
    }
}

fn digests(times: &DigestTimes) -> String {
    let day = times.day.map_or("every day", |_| "every Monday");
    format!("{day} at {} {}", times.at, times.zone)
}

/// A length of time as the configuration writes it.
pub(super) fn period(length: TimeDelta) -> String {
    Period::from(length.to_std().unwrap_or_default()).to_string()
}

impl List {
    pub(super) fn run(&self, context: &Context) -> Outcome {
        let mut disabled = disabled(context);
        let listed = |one: &Subscription| Listed::of(one, disabled.remove(&one.name));
        let all: Vec<Listed> = context.config.subscriptions.iter().map(listed).collect();
        if self.printing.is_json() {
            all.iter().try_for_each(output::json)?;
        } else if all.is_empty() {
            fact_table::say("No subscriptions: alerts are stored and not sent. docs/CONFIGURATION.md has all types.");
        } else {
            all.iter().for_each(Listed::print);
        }
        Ok(Exit::Clean)
    }
}

/// The disabled endpoints. Without a database none is; if it cannot be read, a note says that they are not known.
fn disabled(context: &Context) -> BTreeMap<String, Disabled> {
    let found = context.store_to_look().and_then(|store| Ok(store.disabled_endpoints()?));
    let unknown = |error: CliError| {
        output::note(format_args!("The database cannot be read, so that disabled endpoints are not known: {error}"));
        BTreeMap::new()
    };
    found.map_or_else(unknown, BTreeMap::from_iter)
}
