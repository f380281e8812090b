//! `provwatch test-sinks`: sends a test alert to every subscription.

use std::{path::Path, sync::Arc};

use clap::Args;
use futures::future::join_all;
use schemars::JsonSchema;
use serde::Serialize;

use super::{
    context::Context,
    doctor::local::Machine,
    exit::{CliError, Exit, Outcome},
    output::{self, Printing},
    setup, words,
};
use crate::{
    app,
    clock::Clock,
    config::{Config, Subscription},
    deliver::{LONGEST_TRIAL, Message, try_receiver},
    http::Client,
    model::{Alert, AlertId, AlertKind, Confidence, Severity},
    strict_toml::did_you_mean,
    text::with_causes,
};

/// Send a test alert to every subscription
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  provwatch test-sinks
  provwatch test-sinks slack security-team

The alert says that it is a test. provwatch sends it once to each subscription, whatever its severities and kinds, \
without a retry and without a record. A receiver that keeps alerts open gets the end of the test directly after it.

Exit codes: 0 all accepted it · 1 one did not · 2 wrong configuration")]
pub struct TestSinks {
    /// Names of subscriptions [default: all]
    #[arg(value_name = "NAME")]
    names: Vec<String>,
    #[command(flatten)]
    printing: Printing,
}

/// The answer of a subscription's receiver.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::cli) struct SinkAnswer {
    /// The subscription.
    subscription: String,
    /// The `type` of the subscription in the configuration.
    kind: &'static str,
    /// Whether the receiver accepted the test.
    ok: bool,
    /// The receiver's answer, or the failure.
    detail: String,
}

impl TestSinks {
    pub fn run(&self, config: Option<&Path>) -> Outcome {
        let context = Context::load(config)?;
        let chosen = self.chosen(&context.config.subscriptions)?;
        let clock: Arc<dyn Clock> = Context::clock();
        let http = app::client(&context.config, Arc::clone(&clock)).map_err(CliError::usage)?;
        let message = message(clock.as_ref());
        let config = &context.config;
        let answers = chosen.into_iter().map(|subscription| ask(config, subscription, &http, &clock, &message));
        let answers = setup::runtime()?.block_on(join_all(answers));
        self.print(&answers)?;
        tell_doubts(config, &answers);
        Ok(if answers.iter().all(|answer| answer.ok) { Exit::Clean } else { Exit::Failed })
    }

    fn chosen<'a>(&self, all: &'a [Subscription]) -> Result<Vec<&'a Subscription>, CliError> {
        if all.is_empty() {
            let step = "add a [[subscriptions]] table; docs/CONFIGURATION.md has all types";
            return Err(CliError::usage("the configuration has no subscriptions").next(step));
        }
        for name in &self.names {
            if !all.iter().any(|subscription| subscription.name == *name) {
                let names = || all.iter().map(|subscription| subscription.name.as_str());
                let why = format!("unknown subscription {name:?}{}", did_you_mean(name, names()));
                return Err(
                    CliError::usage(why).next(format!("name one of {}", names().collect::<Vec<_>>().join(", ")))
                );
            }
        }
        let is_chosen = |subscription: &&Subscription| self.names.is_empty() || self.names.contains(&subscription.name);
        Ok(all.iter().filter(is_chosen).collect())
    }

    fn print(&self, answers: &[SinkAnswer]) -> Result<(), CliError> {
        if self.printing.is_json() {
            return Ok(answers.iter().try_for_each(output::json)?);
        }
        let mut table = output::table(["SUBSCRIPTION", "TYPE", "RESULT", "ANSWER"]);
        for SinkAnswer { subscription, kind, ok, detail } in answers {
            let result = if *ok { "ok" } else { "failed" };
            table.add_row([subscription.as_str(), kind, result, detail]);
        }
        output::print(&table);
        Ok(())
    }
}

/// What this user reaches, the service may not: its sandbox and its user have fewer rights.
fn tell_doubts(config: &Config, answers: &[SinkAnswer]) {
    let machine = Machine::of(config);
    let is_ok = |name: &str| answers.iter().any(|answer| answer.ok && answer.subscription == name);
    for subscription in config.subscriptions.iter().filter(|one| is_ok(&one.name)) {
        if let Some((detail, next)) = machine.doubt(subscription) {
            let name = words::name(&subscription.name);
            output::note(format_args!(
                "{name} took the test of this user, but of the service: {}; next: {next}",
                words::sentence(detail)
            ));
        }
    }
}

async fn ask(
    config: &Config,
    subscription: &Subscription,
    http: &Client,
    clock: &Arc<dyn Clock>,
    message: &Message,
) -> SinkAnswer {
    let outcome = send(config, subscription, http, clock, message).await;
    let (ok, detail) = match outcome {
        Ok(detail) => (true, detail),
        Err(why) => (false, why),
    };
    SinkAnswer {
        subscription: subscription.name.clone(),
        kind: subscription.sink_type(),
        ok,
        detail: words::sentence(detail),
    }
}

async fn send(
    config: &Config,
    subscription: &Subscription,
    http: &Client,
    clock: &Arc<dyn Clock>,
    message: &Message,
) -> Result<String, String> {
    let ready = app::subscription(config, subscription, http, clock).map_err(|error| with_causes(&error))?;
    tokio::select! {
        outcome = try_receiver(ready.sink.as_ref(), message) => match outcome {
            Ok(receipt) => Ok(receipt.detail),
            Err(error) => Err(error.report()),
        },
        () = clock.sleep(LONGEST_TRIAL) => Err(format!("no answer for {} seconds", LONGEST_TRIAL.as_secs())),
    }
}

/// The test alert. Every run makes another, so that no receiver takes it for a repetition.
fn message(clock: &dyn Clock) -> Message {
    let now = clock.now();
    let subject = format!("test-sinks {}", now.timestamp_micros());
    let title = "This is a test of provwatch: nothing happened".to_owned();
    let alert = Alert {
        argument:
            "This message comes from `provwatch test-sinks` and shows that alerts arrive here. You need not do anything."
                .to_owned(),
        ..Alert::about(AlertKind::Operation, &subject, Severity::Info, Confidence::High, title, now)
    };
    let alert = Alert { id: AlertId::TEST, ..alert };
    let idempotency_key = format!("msg_test_{:.24}", alert.fingerprint);
    Message::first(idempotency_key, alert, now)
}
