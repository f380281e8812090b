//! `provwatch expect list`: lists the announced changes.

use crate::{
    cli::{
        context::Context,
        exit::{Exit, Outcome},
        fact_table,
        output::{self, Printing},
        words,
    },
    model::{ExpectedChange, Removal},
};

/// List the announced changes
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  provwatch expect list
  provwatch expect list --all --format json")]
pub struct List {
    /// Show expired and removed announcements, too
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    printing: Printing,
}

impl List {
    pub(super) fn run(&self, context: &Context) -> Outcome {
        let now = Context::clock().now();
        let mut expected = context.store_to_read()?.all_expected_changes()?;
        expected.retain(|one| self.all || (one.until >= now && one.removed.is_none()));
        if self.printing.is_json() {
            expected.iter().try_for_each(output::json)?;
            return Ok(Exit::Clean);
        }
        if expected.is_empty() {
            fact_table::say("Nothing is expected; `provwatch expect add` announces a change.");
            return Ok(Exit::Clean);
        }
        let mut table = output::table(["NUMBER", "PACKAGE", "WHAT", "UNTIL", "BY", "REASON"]);
        for one in &expected {
            table.add_row([
                one.id.to_string(),
                words::name(&one.package),
                words::sentence(&one.change),
                until(one),
                words::name(&one.by),
                words::sentence(&one.reason),
            ]);
        }
        output::print(&table);
        Ok(Exit::Clean)
    }
}

/// When it ends or was removed, by whom and why: `removed 2026-06-01 12:00 by ada: done`.
fn until(one: &ExpectedChange) -> String {
    let Some(Removal { at, by, reason }) = &one.removed else { return words::minute(one.until) };
    let by = by.as_ref().map(|by| format!(" by {}", words::name(by))).unwrap_or_default();
    let reason = reason.as_ref().map(|reason| format!(": {}", words::sentence(reason))).unwrap_or_default();
    format!("removed {}{by}{reason}", words::minute(*at))
}
