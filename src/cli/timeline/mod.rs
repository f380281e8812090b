//! `provwatch timeline`: shows what happened to a package and what was known of it, the latest first.

mod alerts;
mod around;
pub(super) mod as_of;
mod changes;
pub(super) mod entry;
mod gather;
mod print;
mod releases;

use std::path::Path;

use self::{
    as_of::At,
    gather::{Gathered, Wanted},
};
use super::{
    context::Context,
    exit::{CliError, Exit, Outcome},
    fact_table,
    output::{self, Printing, Redaction},
    spelling,
    target::{self, Target},
    when::{self, When},
};
use crate::{
    model::{Package, ReleaseId},
    store::Store,
    text::shell_word,
};

/// Show what happened to a package: releases, changes of identity, events, alerts; the latest first
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  provwatch timeline pkg:npm/axios
  provwatch timeline pkg:npm/axios@1.14.1  # around it, its own lines with >
  provwatch timeline pkg:npm/axios --at 2026-03-31T12:00:00Z  # known then
  provwatch timeline pkg:pypi/requests --limit 200
  provwatch timeline pkg:npm/axios --format json \\
      | jq 'select(.outcome == \"alerted\")'

It lists releases with the strength of their evidence and with CHANGED where their identity differs from the release before \
on the same line; changes of maintainers, dist-tags and settings, and events that registries announce; log entries; alerts, \
campaigns, and what people did about them; steps of the baseline, and planned changes. With --at, it leaves out what \
provwatch learned later. The exit code is 4 if nothing is stored of the package.")]
pub struct Timeline {
    /// The package, or a release of it
    #[arg(value_name = "PURL", value_parser = target::target)]
    target: Target,
    /// Show only what was known then: 2026-03-31, 2026-03-31T12:00:00Z, or 7d ago
    #[arg(long, value_name = "TIME", value_parser = when::when)]
    at: Option<When>,
    /// Show at most this many lines
    #[arg(long, value_name = "COUNT", default_value_t = 50, value_parser = target::count)]
    limit: usize,
    #[command(flatten)]
    printing: Printing,
    #[command(flatten)]
    redaction: Redaction,
}

impl Timeline {
    /// Runs the command.
    ///
    /// # Errors
    /// The configuration is wrong, or the store cannot be read. [`Exit::Unchecked`]: nothing is known of the package.
    pub fn run(&self, config: Option<&Path>) -> Outcome {
        self.redaction.begin()?;
        let context = Context::load(config)?;
        let store = context.store_to_read()?;
        let now = Context::clock().now();
        let package = &spelling::package(&store, &self.target.package)?;
        let release = self.release(&store, package)?;
        let at = At(self.at.map(|at| at.ago(now)));
        let wanted = Wanted { package, release: release.as_ref(), at, limit: self.limit, now };
        let gathered = wanted.gather(&store)?;
        if gathered.entries.is_empty() {
            print_none(&context, package, at);
            return Ok(Exit::Unchecked);
        }
        self.print(&gathered, release.is_some())?;
        let is_found = release.as_ref().is_none_or(|_| gathered.entries.iter().any(|entry| entry.marked));
        if let Some(release) = release.filter(|_| !is_found) {
            output::note(format_args!("{release} is not stored; these are the latest lines of its package."));
            return Ok(Exit::Unchecked);
        }
        Ok(Exit::Clean)
    }

    /// The release that was named, in the spelling that is stored.
    fn release(&self, store: &Store, package: &Package) -> Result<Option<ReleaseId>, CliError> {
        let Some(version) = &self.target.version else { return Ok(None) };
        let asked = package.at(version.as_str());
        Ok(spelling::releases(store, &asked)?.into_iter().next().or(Some(asked)))
    }

    fn print(&self, gathered: &Gathered, has_marks: bool) -> Result<(), CliError> {
        if self.printing.is_json() {
            gathered.as_of.iter().try_for_each(output::json)?;
            return Ok(gathered.entries.iter().try_for_each(output::json)?);
        }
        if let Some(as_of) = &gathered.as_of {
            as_of.print();
            output::line("");
        }
        print::print(&gathered.entries, has_marks);
        if gathered.has_more {
            output::note(format_args!("There are more; --limit {} shows them.", self.limit.saturating_mul(10)));
        }
        Ok(())
    }
}

fn print_none(context: &Context, package: &Package, at: At) {
    let purl = shell_word(&package.to_string());
    let then = at.0.map(|at| format!(" that was known at {}", super::words::moment(at))).unwrap_or_default();
    output::note(format_args!("Nothing is stored of {package}{then}."));
    let watched = context.watchlist().is_ok_and(|watchlist| watchlist.matches(package).is_some());
    let add = (format!("provwatch watch add {purl}"), "it is not watched yet");
    let backfill = (format!("provwatch backfill {purl}"), "learn its history now");
    fact_table::next(&if watched { vec![backfill] } else { vec![add, backfill] });
}
