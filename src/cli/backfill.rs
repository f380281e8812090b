//! `provwatch backfill`: learns the baselines of packages at once.

use std::{collections::BTreeSet, path::Path, sync::Arc};

use clap::Args;
use schemars::JsonSchema;
use serde::Serialize;

use super::{
    callable::callable,
    context::Context,
    exit::{CliError, Exit, Outcome},
    output::{self, Printing},
    progress::{ProgressBars, Seen},
    setup, words,
};
use crate::{
    app::App,
    model::Package,
    store::StoreError,
    text::{plain, shell_word},
};

/// Learn the baselines of packages now, before the daemon does
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  provwatch backfill        # the watched packages that were never checked
  provwatch backfill pkg:npm/axios pkg:pypi/requests
  provwatch backfill --all  # all watched packages, checked or not

Reads each package's document, verifies the evidence of its newest releases, and learns its baseline from them. \
provwatch judges the releases of the last week as new ones. The command can run while the daemon runs.

Exit codes: 0 clean · 1 failed · 4 provwatch could not check something")]
pub struct Backfill {
    /// Packages, without version: pkg:npm/axios
    #[arg(value_name = "PURL", conflicts_with = "all")]
    packages: Vec<Package>,
    /// All packages that the watchlist names, or that a pattern has matched before
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    printing: Printing,
}

/// The result for one package.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::cli) struct Line {
    package: Package,
    /// Releases recorded now.
    new: usize,
    /// Releases stored, now and before.
    releases: usize,
    /// Release lines that have a baseline.
    lines: Vec<String>,
    /// Releases that could not be checked.
    unchecked: usize,
    /// Why it was not looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    failed: Option<String>,
}

impl Backfill {
    pub fn run(&self, config: Option<&Path>) -> Outcome {
        let context = Context::load(config)?;
        context.start_logs()?;
        let progress = Arc::new(ProgressBars::over(0));
        let app = context.app(Arc::clone(&progress) as _)?;
        let packages = self.chosen(&app)?;
        if packages.is_empty() {
            output::note("nothing to do: every watched package was checked; name packages, or use --all");
            return Ok(Exit::Clean);
        }
        progress.expect(packages.len() as u64);
        let pass = setup::runtime()?.block_on(async {
            setup::refresh_trust(&app).await;
            app.packages.queue.work_on(&packages, "backfill").await
        });
        let seen = progress.finish();
        pass?;
        let lines = packages.iter().map(|package| line(&app, package, &seen));
        self.report(&lines.collect::<Result<Vec<_>, _>>()?)
    }

    fn chosen(&self, app: &App) -> Result<BTreeSet<Package>, CliError> {
        if !self.packages.is_empty() {
            say_what_is_not_watched(app, &self.packages);
            return Ok(self.packages.iter().cloned().collect());
        }
        let watched = app.packages.watched.packages()?;
        if self.all {
            return Ok(watched);
        }
        let known = app.store.packages()?;
        let known: BTreeSet<Package> =
            known.into_iter().filter(|row| row.backfilled_at.is_some()).map(|row| row.package).collect();
        Ok(watched.difference(&known).cloned().collect())
    }

    fn report(&self, lines: &[Line]) -> Outcome {
        if self.printing.is_json() {
            lines.iter().try_for_each(output::json)?;
        } else {
            print(lines);
        }
        let clean = lines.iter().all(|line| line.failed.is_none() && line.unchecked == 0);
        Ok(if clean { Exit::Clean } else { Exit::Unchecked })
    }
}

fn say_what_is_not_watched(app: &App, packages: &[Package]) {
    let watchlist = app.watchlist.now();
    for package in packages.iter().filter(|package| watchlist.matches(package).is_none()) {
        let add = callable(&format!("provwatch watch add {}", shell_word(&package.to_string())));
        output::note(format!("warning: {package} is not watched; `{add}` changes that"));
    }
}

fn line(app: &App, package: &Package, seen: &Seen) -> Result<Line, StoreError> {
    let store = &app.store;
    let states = store.version_states(package)?;
    let is_gone = store.package(package)?.is_some_and(|row| row.status.as_deref() == Some("gone"));
    let gone = is_gone.then(|| "the registry does not have it".to_owned());
    Ok(Line {
        package: package.clone(),
        new: seen.packages.get(package).map_or(0, |seen| seen.releases),
        releases: states.len(),
        lines: store.baseline(package)?.baseline.lines.keys().map(ToString::to_string).collect(),
        unchecked: states.values().filter(|state| !state.unchecked.is_empty()).count(),
        failed: seen.postponed.get(package).cloned().or(gone),
    })
}

fn print(lines: &[Line]) {
    let mut table = output::table(["PACKAGE", "NEW", "RELEASES", "LINES", "UNCHECKED", ""]);
    for line in lines {
        let failed = line.failed.as_deref().map_or_else(String::new, |why| format!("failed: {}", plain(why, 400)));
        table.add_row([
            words::name(&line.package),
            line.new.to_string(),
            line.releases.to_string(),
            plain(&line.lines.join(" "), 60),
            line.unchecked.to_string(),
            failed,
        ]);
    }
    output::print(&table);
}
