//! `provwatch silences list`: lists silences, with what each held back.

use chrono::{DateTime, Utc};

use crate::{
    cli::{
        context::Context,
        exit::{Exit, Outcome},
        fact_table, matching,
        output::{self, Printing},
        words,
    },
    model::{AlertId, Silence},
};

/// List silences, with what each held back
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  provwatch silences list
  provwatch silences list --all --format json

\"note\" stands behind a silence that was unused for 30 days, and behind one of more than a week that ends within 7 \
days.")]
pub struct List {
    /// Show silences that ended, too
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    printing: Printing,
}

impl List {
    pub(super) fn run(&self, context: &Context) -> Outcome {
        let now = Context::clock().now();
        let mut silences = context.store_to_read()?.silences()?;
        silences.retain(|one| self.all || one.is_active(now));
        if self.printing.is_json() {
            silences.iter().try_for_each(output::json)?;
        } else if silences.is_empty() {
            fact_table::say("Nothing is silenced; `provwatch silences add` holds messages back for a time.");
        } else {
            for silence in &silences {
                print(silence, now);
            }
        }
        Ok(Exit::Clean)
    }
}

fn print(silence: &Silence, now: DateTime<Utc>) {
    fact_table::heading(format_args!("silence {}", silence.id));
    let mut sheet = fact_table::Sheet::new();
    sheet.row("holds back", matching::words(&silence.matchers));
    sheet.row("until", words::moment(silence.until));
    let ended = silence.expired.as_ref();
    sheet.maybe("ended", ended.map(|end| attributed(end.at, &end.by, &end.reason)));
    sheet.row("added", attributed(silence.created_at, &silence.by, &silence.reason));
    sheet.row("held back", held(silence));
    sheet.maybe("note", silence.doubt(now));
    sheet.print();
}

fn attributed(at: DateTime<Utc>, by: &str, reason: &str) -> String {
    format!("{} by {}: {}", words::moment(at), words::name(by), words::sentence(reason))
}

fn held(silence: &Silence) -> String {
    let Some(last) = silence.held.last_at else { return "nothing".to_owned() };
    let latest: Vec<String> = silence.held.latest.iter().map(AlertId::to_string).collect();
    let alerts = words::counted(silence.held.alerts, "alert");
    format!("{alerts}, last at {}: {}", words::moment(last), latest.join(", "))
}
