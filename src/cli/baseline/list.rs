//! `provwatch baseline list`: lists the packages that have a baseline.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    cli::{
        context::Context,
        exit::{CliError, Exit, Outcome},
        fact_table,
        output::{self, Printing},
        words::{self, NOTHING},
    },
    model::{Package, ReleaseLine},
    store::{Store, StoreError},
};

/// List the packages that have a baseline
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  provwatch baseline list
  provwatch baseline list --held  # only those with held releases
  provwatch baseline list --format json")]
pub struct List {
    /// Only packages with held releases
    #[arg(long)]
    held: bool,
    #[command(flatten)]
    printing: Printing,
}

#[derive(Serialize, JsonSchema)]
pub(in crate::cli) struct Line {
    package: Package,
    lines: Vec<ReleaseLine>,
    /// Releases in the baseline.
    releases: u64,
    last_at: Option<DateTime<Utc>>,
    /// Held releases: those outside the baseline because they are unusual.
    held: usize,
}

impl List {
    pub(super) fn run(&self, context: &Context) -> Outcome {
        let store = context.store_to_read()?;
        let mut lines = Vec::new();
        for package in store.baseline_packages()? {
            let Some(line) = Line::of(&store, package)? else { continue };
            if line.held > 0 || !self.held {
                lines.push(line);
            }
        }
        if self.printing.is_json() {
            lines.iter().try_for_each(output::json)?;
        } else {
            self.print(&lines);
        }
        Ok(Exit::Clean)
    }

    fn print(&self, lines: &[Line]) {
        match lines {
            [] if self.held => output::line("No package has held releases."),
            [] => {
                output::line("No baseline has been learned yet.");
                fact_table::say("  next: `provwatch run` learns them as it goes, `provwatch backfill` now");
            }
            _ => print(lines),
        }
    }
}

fn print(lines: &[Line]) {
    let mut table = output::table(["PACKAGE", "LINES", "RELEASES LEARNED", "LAST", "HELD"]);
    for line in lines {
        let names: Vec<_> = line.lines.iter().map(words::name).collect();
        table.add_row([
            line.package.to_string(),
            names.join(", "),
            line.releases.to_string(),
            line.last_at.map_or(NOTHING.to_owned(), words::day),
            if line.held == 0 { NOTHING.to_owned() } else { line.held.to_string() },
        ]);
    }
    output::print(&table);
}

impl Line {
    /// `None` for a damaged one: `status` reports it.
    fn of(store: &Store, package: Package) -> Result<Option<Self>, CliError> {
        let Some(stored) = StoreError::unless_damaged(store.baseline(&package))? else { return Ok(None) };
        let baseline = stored.baseline;
        Ok(Some(Self {
            held: store.held(&package)?.len(),
            releases: baseline.lines.values().map(|profile| u64::from(profile.releases)).sum(),
            last_at: baseline.lines.values().filter_map(|profile| profile.last_at).max(),
            lines: baseline.lines.into_keys().collect(),
            package,
        }))
    }
}
