//! `provwatch subscriptions list`: lists the subscriptions, with their conditions and times.

use chrono::TimeDelta;
use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    app,
    cli::{
        context::Context,
        exit::{Exit, Outcome},
        fact_table, matching,
        output::{self, Printing},
        words,
    },
    config::{Period, Subscription},
    deliver::Timing,
    model::{AlertMatchers, DigestTimes},
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
    /// The kind of its sink.
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
}

impl Listed {
    fn of(subscription: &Subscription) -> Self {
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
        let all: Vec<Listed> = context.config.subscriptions.iter().map(Listed::of).collect();
        if self.printing.is_json() {
            all.iter().try_for_each(output::json)?;
        } else if all.is_empty() {
            fact_table::say("No subscriptions: alerts are stored and not sent. docs/CONFIGURATION.md has all kinds.");
        } else {
            all.iter().for_each(Listed::print);
        }
        Ok(Exit::Clean)
    }
}
