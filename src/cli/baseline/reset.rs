//! `provwatch baseline reset`: learns a baseline again from the stored history.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::Serialize;

use super::change::change;
use crate::{
    baseline::{learn, learn_accepted},
    cli::{
        context::Context,
        exit::{CliError, Exit, Outcome},
        operator::Author,
        output::{self, Printing},
        reason::reason,
        target, words,
    },
    model::{Baseline, BaselineReason, Observation, Package, ReleaseId, ReleaseLine},
    packages::relearn,
    store::{BaselineChange, NewBaselineVersion, Store, StoreError, StoredBaseline},
    text::shell_word,
};

/// Learn a package's baseline again from its history
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  provwatch baseline reset pkg:npm/axios --line 1 \\
      --reason 'the database was restored'

The command forgets the baseline and learns it again from releases that the registry still has: those without an \
alert, and those that you accepted. Held releases stay held, and their alerts do not change. So the next release \
never counts as the first of its package. The history keeps every step. If the project has changed its way of \
releasing, accept a release instead.")]
pub struct Reset {
    /// The package
    #[arg(value_name = "PURL", value_parser = target::package)]
    package: Package,
    /// Only this release line: 7, 0.30, 7-pre
    #[arg(long)]
    line: Option<String>,
    /// The reason, for the history
    #[arg(long, alias = "note", value_parser = reason)]
    reason: String,
    #[command(flatten)]
    author: Author,
    #[command(flatten)]
    printing: Printing,
}

/// The result of a reset.
#[derive(Serialize, JsonSchema)]
pub(in crate::cli) struct Forgotten<'a> {
    package: &'a Package,
    /// The number of lines that were learned again.
    lines: usize,
    /// The number of releases that they were learned from.
    releases: usize,
    /// The releases that stay held.
    held: Vec<ReleaseId>,
}

impl Reset {
    pub(super) fn run(&self, context: &Context) -> Outcome {
        let store = context.store_to_change()?;
        let wanted = self.line.as_deref().map(ReleaseLine::named);
        if let Some(line) = &wanted {
            self.must_know(&store.baseline(&self.package)?.baseline, line)?;
        }
        let history: Vec<Observation> = relearn::history(&store, &self.package)?
            .into_iter()
            .filter(|release| wanted.as_ref().is_none_or(|wanted| *wanted == release.line()))
            .collect();
        let held: Vec<ReleaseId> = store.held(&self.package)?.into_iter().map(|held| held.purl).collect();
        if history.is_empty() && !held.is_empty() {
            return Err(self.nothing_left(&held));
        }
        let accepted = accepted(&store, &history)?;
        let known = store.baseline(&self.package)?.baseline;
        let lines = lines(&known, wanted.as_ref(), &history).len();
        let changed = change(&store, &self.package, |stored| self.anew(stored, wanted.as_ref(), &history, &accepted))?;
        let releases = if changed.is_some() { history.len() } else { 0 };
        let forgotten = Forgotten { package: &self.package, lines, releases, held };
        if self.printing.is_json() {
            output::json(&forgotten)?;
        } else {
            forgotten.print();
        }
        Ok(Exit::Clean)
    }

    fn must_know(&self, baseline: &Baseline, line: &ReleaseLine) -> Result<(), CliError> {
        if baseline.lines.is_empty() || baseline.lines.contains_key(line) {
            return Ok(());
        }
        let known: Vec<_> = baseline.lines.keys().map(words::name).collect();
        let (line, package) = (words::name(line), &self.package);
        Err(CliError::usage(format!("{package} has no release line {line:?}; known: {}", known.join(", "))))
    }

    fn anew(
        &self,
        stored: StoredBaseline,
        wanted: Option<&ReleaseLine>,
        history: &[Observation],
        accepted: &BTreeSet<ReleaseId>,
    ) -> Option<BaselineChange> {
        let StoredBaseline { revision, mut baseline } = stored;
        let forgotten = lines(&baseline, wanted, history);
        if forgotten.is_empty() {
            return None;
        }
        baseline.lines.retain(|line, _| !forgotten.contains(line));
        let step = |line, reason, purl, note: &str| NewBaselineVersion {
            line,
            reason,
            purl,
            actor: self.author.name(),
            note: Some(note.to_owned()),
        };
        let mut versions: Vec<_> =
            forgotten.iter().map(|line| step(line.clone(), BaselineReason::Reset, None, &self.reason)).collect();
        for release in history {
            if accepted.contains(&release.purl) {
                learn_accepted(&mut baseline, release);
            } else {
                learn(&mut baseline, release);
            }
            let purl = Some(release.purl.clone());
            versions.push(step(release.line(), BaselineReason::Learned, purl, "learned anew"));
        }
        Some(BaselineChange { based_on: revision, baseline, versions })
    }

    /// Without a release to learn from, the next release would be the first, even an attacker's.
    fn nothing_left(&self, held: &[ReleaseId]) -> CliError {
        let held = held.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        let why = format!(
            "{} has no release to learn from that is not held ({held}): the next would be taken for normal",
            self.package
        );
        let package = shell_word(&self.package.to_string());
        CliError::failed(why)
            .next(format!("accept the legitimate releases; `provwatch baseline show {package}` lists what is held"))
    }
}

/// The releases of the history that somebody accepted: their values count as normal at once.
fn accepted(store: &Store, history: &[Observation]) -> Result<BTreeSet<ReleaseId>, StoreError> {
    let mut accepted = BTreeSet::new();
    for release in history {
        if store.acceptance(&release.purl)?.is_some() {
            accepted.insert(release.purl.clone());
        }
    }
    Ok(accepted)
}

/// The lines that are learned again: all that the baseline or the history has, or the requested one.
fn lines(baseline: &Baseline, wanted: Option<&ReleaseLine>, history: &[Observation]) -> BTreeSet<ReleaseLine> {
    let known = baseline.lines.keys().filter(|line| wanted.is_none_or(|wanted| wanted == *line)).cloned();
    known.chain(history.iter().map(Observation::line)).collect()
}

impl Forgotten<'_> {
    fn print(&self) {
        let package = self.package;
        if self.lines == 0 {
            return output::line(format_args!("{package}: nothing was learned yet, so nothing is forgotten."));
        }
        let (lines, were) = (words::counted(self.lines, "line"), if self.lines == 1 { "was" } else { "were" });
        let releases = words::counted(self.releases, "release");
        output::line(format_args!("{package}: {lines} {were} forgotten and learned anew from {releases}."));
        if !self.held.is_empty() {
            output::line("These stay held, and their alerts stay as they are:");
            for release in &self.held {
                output::line(format_args!("  {release}"));
            }
        }
    }
}
