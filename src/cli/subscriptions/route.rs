//! `provwatch subscriptions route`: shows who would be told of an alert, when, and why, without sending.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::Serialize;

use super::list::period;
use crate::{
    app,
    cli::{
        context::Context,
        exit::{Exit, Outcome},
        matching,
        output::{self, Printing},
        supposed::{self, Supposed},
        words, wrap,
    },
    config::Subscription,
    model::{Alert, AlertStatus, Severity, Silence},
};

/// Show who would be told of an alert or a package, when, and why, without sending
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  provwatch subscriptions route 6adc1e73047a
  provwatch subscriptions route pkg:npm/axios --severity critical
  provwatch subscriptions route pkg:npm/axios --detector odd-hours --format json

Of a purl without a stored alert, the command supposes an alert about a release, of --severity and by --detector.")]
pub struct Routing {
    #[command(flatten)]
    supposed: Supposed,
    #[command(flatten)]
    printing: Printing,
}

/// What one subscription would be told of an alert that is raised now.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::cli) struct Route {
    /// The subscription.
    subscription: String,
    /// Whether it is told.
    told: bool,
    /// When it is told.
    #[serde(skip_serializing_if = "Option::is_none")]
    at: Option<DateTime<Utc>>,
    /// Its conditions that the alert meets, or the first that it does not meet.
    why: String,
    /// The numbers of the silences that hold the message back.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    silences: Vec<i64>,
    /// When the quiet hours end that delay the message.
    #[serde(skip_serializing_if = "Option::is_none")]
    quiet_until: Option<DateTime<Utc>>,
    /// Whether it is part of the next digest, in place of a message of its own.
    digest: bool,
    /// What follows while the alert stays open.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    then: Vec<String>,
}

impl Route {
    fn of(subscription: &Subscription, alert: &Alert, silences: &[Silence], now: DateTime<Utc>) -> Self {
        let (conditions, timing) = (subscription.conditions(), app::timing(subscription));
        let name = subscription.name.clone();
        if let Some(key) = conditions.refusing(alert) {
            let why = format!("{}: it receives {}", matching::refusal(key), matching::words(&conditions));
            let (silences, then) = (Vec::new(), Vec::new());
            return Self {
                subscription: name,
                told: false,
                at: None,
                why,
                silences,
                quiet_until: None,
                digest: false,
                then,
            };
        }
        let silences: Vec<i64> = silences.iter().map(|silence| silence.id).collect();
        let told = silences.is_empty();
        let waits = told && alert.severity < timing.least(now);
        let quiet_until = timing.quiet_until(now).filter(|_| waits);
        let at = if waits { quiet_until } else { Some(now) }.filter(|_| told);
        let mut then = Vec::new();
        then.extend(timing.repeat.map(|every| format!("again every {}", period(every))));
        let escalates = timing.escalate.filter(|_| alert.severity == Severity::Critical);
        then.extend(escalates.map(|one| format!("after {} also {}", period(one.after), words::name(&one.to))));
        then.extend(timing.notices.then(|| "acknowledgement and resolution".to_owned()));
        let why = format!("it receives {}", matching::words(&conditions));
        let (digest, at) = (timing.digest.is_some(), at.filter(|_| timing.digest.is_none()));
        Self { subscription: name, told, at, why, silences, quiet_until, digest, then }
    }

    fn when(&self) -> String {
        match (self.told, self.at, self.quiet_until) {
            (true, ..) if self.digest => "in its next digest".to_owned(),
            (true, _, Some(end)) => format!("at {}, when its quiet hours end", words::moment(end)),
            (true, None, None) => "never: its quiet hours do not end".to_owned(),
            (true, Some(_), None) => "now".to_owned(),
            (false, ..) if self.silences.is_empty() => "no".to_owned(),
            (false, ..) => {
                let numbers: Vec<String> = self.silences.iter().map(i64::to_string).collect();
                format!("no, silence {} holds the message back", numbers.join(" and "))
            }
        }
    }

    fn print(&self) {
        let name = words::name(&self.subscription);
        let when = self.when();
        output::line(wrap::paragraphs(&format!("{name}: {when}; {}", self.why), wrap::width(), ""));
        if self.told && !self.then.is_empty() {
            let then = format!("while it is open: {}", self.then.join(", "));
            output::line(wrap::paragraphs(&then, wrap::width(), "    "));
        }
    }
}

/// Where a stored alert stands, if it is not open: then the routes are those of a new message about it.
fn standing(alert: &Alert, now: DateTime<Utc>) -> Option<String> {
    let status = alert.status_at(now);
    if status == AlertStatus::Open {
        return None;
    }
    let handling = alert.handling.as_ref();
    let until = handling.and_then(|one| one.until).map(|until| format!(" until {}", words::moment(until)));
    let by = handling.map(|one| format!(" by {}", words::name(&one.by))).unwrap_or_default();
    let until = until.unwrap_or_default();
    Some(format!(
        "It is {}{by}{until}, so provwatch sends nothing of it now. If it is open again, these are told:",
        status.as_str()
    ))
}

impl Routing {
    pub(super) fn run(&self, context: &Context) -> Outcome {
        let (store, now) = (context.store_to_read()?, Context::clock().now());
        let (alert, is_stored) = self.supposed.alert(context, &store)?;
        let mut silences = store.silences()?;
        silences.retain(|silence| silence.is_active(now) && silence.holds(&alert));
        let subscriptions = context.config.subscriptions.iter();
        let routes: Vec<Route> = subscriptions.map(|one| Route::of(one, &alert, &silences, now)).collect();
        if self.printing.is_json() {
            routes.iter().try_for_each(output::json)?;
            return Ok(Exit::Clean);
        }
        output::line(wrap::paragraphs(&supposed::heading(&alert, is_stored), wrap::width(), ""));
        if let Some(stands) = standing(&alert, now) {
            output::line(wrap::paragraphs(&stands, wrap::width(), ""));
        }
        if alert.repeats.is_some() {
            output::line("It repeats an open alert, which counts it; provwatch sends no message.");
        }
        routes.iter().for_each(Route::print);
        if routes.is_empty() {
            output::line("The configuration has no subscriptions; provwatch sends no message.");
        }
        Ok(Exit::Clean)
    }
}
