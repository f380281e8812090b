//! `provwatch silences check`: shows the silences that apply to an alert or a package.

use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    cli::{
        context::Context,
        exit::{Exit, Outcome},
        fact_table, matching,
        output::{self, Printing},
        supposed::{self, Supposed},
        words, wrap,
    },
    model::{Alert, Severity, Silence},
};

/// Show the silences that apply to an alert or a package
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  provwatch silences check 6adc1e73047a
  provwatch silences check pkg:npm/axios --detector odd-hours --severity medium

Of a purl without a stored alert, the command supposes an alert about a release, of --severity and by --detector.")]
pub struct Check {
    #[command(flatten)]
    supposed: Supposed,
    #[command(flatten)]
    printing: Printing,
}

/// A silence, and whether it holds an alert back.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::cli) struct Applying<'a> {
    #[serde(flatten)]
    silence: &'a Silence,
    /// Whether it holds the alert back.
    applies: bool,
    /// The first condition of the silence that the alert does not meet.
    #[serde(skip_serializing_if = "Option::is_none")]
    differs_in: Option<&'static str>,
}

impl Check {
    pub(super) fn run(&self, context: &Context) -> Outcome {
        let (store, now) = (context.store_to_read()?, Context::clock().now());
        let (alert, is_stored) = self.supposed.alert(context, &store)?;
        let mut silences = store.silences()?;
        silences.retain(|silence| silence.is_active(now));
        let answers: Vec<Applying<'_>> = silences.iter().map(|silence| applying(silence, &alert)).collect();
        if self.printing.is_json() {
            answers.iter().try_for_each(output::json)?;
            return Ok(Exit::Clean);
        }
        say(&supposed::heading(&alert, is_stored));
        let is_held = answers.iter().any(|answer| answer.applies);
        if !is_held {
            output::line("No silence holds it back.");
        }
        answers.iter().filter(|answer| answer.applies).for_each(print);
        if !is_held {
            for answer in &answers {
                near(answer, &alert);
            }
        }
        if !is_held && alert.severity == Severity::Critical {
            fact_table::say("A silence holds a critical alert back only with --max-severity critical.");
        }
        Ok(Exit::Clean)
    }
}

fn applying<'a>(silence: &'a Silence, alert: &Alert) -> Applying<'a> {
    let applies = silence.holds(alert);
    let differs_in = if applies { None } else { Some(silence.matchers.uncovered(alert).unwrap_or("max_severity")) };
    Applying { silence, applies, differs_in }
}

fn print(answer: &Applying<'_>) {
    let Silence { id, matchers, reason, by, until, .. } = answer.silence;
    let (what, reason, by) = (matching::words(matchers), words::sentence(reason), words::name(by));
    say(&format!("Silence {id} of {by} holds it back until {}: {what} ({reason}).", words::moment(*until)));
}

/// Why a silence does not hold the alert back.
fn near(answer: &Applying<'_>, alert: &Alert) {
    let Some(key) = answer.differs_in else { return };
    let Silence { id, matchers, .. } = answer.silence;
    let what = matching::words(matchers);
    say(&format!("Silence {id} does not: {} ({what}).", matching::uncovered(key, matchers, alert)));
}

fn say(text: &str) {
    output::line(wrap::paragraphs(text, wrap::width(), ""));
}
