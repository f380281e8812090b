//! `provwatch baseline show`: shows the baseline of a package and its held releases.

use schemars::JsonSchema;
use serde::Serialize;

use super::profile;
use crate::{
    baseline::{CLEAN_DAYS, CLEAN_RELEASES},
    cli::{
        callable::callable,
        context::Context,
        exit::{CliError, Exit, Outcome},
        fact_table,
        output::{self, Printing, Redaction},
        target, words,
    },
    deliver::accept_command,
    model::{Alert, AlertId, Baseline, Fingerprint, Package, ReleaseLine, Severity},
    store::{Held, Store, StoredBaseline},
    text::shell_word,
};

/// Most lines that are only named.
const OTHERS: usize = 12;

/// Most held releases for which commands are proposed.
const PROPOSED: usize = 3;

/// Show a package's baseline, and the releases that are held back from it
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  provwatch baseline show pkg:npm/axios
  provwatch baseline show pkg:npm/axios --line 1
  provwatch baseline show pkg:npm/axios --all
  provwatch baseline show pkg:pypi/requests --format json

A line is a major version, or a 0.x minor; pre-releases have lines of their own (7-pre). A release with an alert of \
medium or worse is held: it is not part of the baseline until you accept it. After a medium alert, enough later \
releases without one have the same effect. The exit code is 4 if the package has no baseline.")]
pub struct Show {
    /// The package
    #[arg(value_name = "PURL", value_parser = target::package)]
    package: Package,
    /// The release line to show: 7, 0.30, 7-pre [default: the line of the latest release]
    #[arg(long, conflicts_with = "all")]
    line: Option<String>,
    /// Show all release lines, the line of the latest release first
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    printing: Printing,
    #[command(flatten)]
    redaction: Redaction,
}

/// How a package is normally released, and which releases are held.
#[derive(Serialize, JsonSchema)]
pub(in crate::cli) struct Shown<'a> {
    revision: u32,
    #[serde(flatten)]
    baseline: &'a Baseline,
    held: &'a [HeldRelease],
}

/// A release that the baseline has not learned from.
#[derive(Serialize, JsonSchema)]
struct HeldRelease {
    #[serde(flatten)]
    held: Held,
    /// Why, a sentence.
    why: String,
    /// The alert's id, if it raised one.
    #[serde(skip_serializing_if = "Option::is_none")]
    alert: Option<AlertId>,
    /// How bad the alert is.
    #[serde(skip_serializing_if = "Option::is_none")]
    severity: Option<Severity>,
}

impl Show {
    pub(super) fn run(&self, context: &Context) -> Outcome {
        self.redaction.begin()?;
        let store = context.store_to_read()?;
        let mut stored = store.baseline(&self.package)?;
        let mut held = held(&store, &self.package)?;
        if let Some(line) = self.line.as_deref().map(ReleaseLine::named) {
            self.keep_line(&mut stored, &line)?;
            held.retain(|held| held.held.line == line);
        }
        if self.printing.is_json() {
            output::json(&Shown { revision: stored.revision, baseline: &stored.baseline, held: &held })?;
        } else {
            self.print(&stored, &held);
        }
        // A baseline that was reset counts as known.
        let is_unknown = stored.revision == 0 && held.is_empty();
        Ok(if is_unknown { Exit::Unchecked } else { Exit::Clean })
    }

    fn keep_line(&self, stored: &mut StoredBaseline, line: &ReleaseLine) -> Result<(), CliError> {
        let known: Vec<_> = stored.baseline.lines.keys().map(words::name).collect();
        stored.baseline.lines.retain(|known, _| known == line);
        if stored.baseline.lines.is_empty() {
            let known =
                if known.is_empty() { "it has none yet".to_owned() } else { format!("known: {}", known.join(", ")) };
            let (line, package) = (words::name(line), &self.package);
            return Err(CliError::usage(format!("{package} has no release line {line:?}; {known}")));
        }
        Ok(())
    }

    fn print_unlearned(&self, is_forgotten: bool) {
        if is_forgotten {
            output::line("  Its baseline was reset. It is learned again from later releases.");
            let command = format!("provwatch baseline history {}", shell_word(&self.package.to_string()));
            output::line(format_args!("  next: {}", callable(&command)));
        } else {
            output::line("  Nothing has been learned of it yet, so nothing of it can be unusual.");
            let command = format!("provwatch backfill {}", shell_word(&self.package.to_string()));
            output::line(format_args!("  next: {}", callable(&command)));
        }
    }

    fn print(&self, stored: &StoredBaseline, held: &[HeldRelease]) {
        output::line(format_args!("{}: baseline", self.package));
        let mut lines: Vec<_> = stored.baseline.lines.iter().filter(|(_, profile)| profile.releases > 0).collect();
        lines.sort_by_key(|(line, profile)| std::cmp::Reverse((profile.last_at, (*line).clone())));
        if lines.is_empty() {
            self.print_unlearned(stored.revision > 0);
        }
        let shown = if self.all { lines.len() } else { 1 };
        for (line, profile) in lines.iter().take(shown) {
            fact_table::heading(profile::headline(line, profile));
            profile::sheet(profile).print();
        }
        if let Some(others) = lines.get(shown..).filter(|others| !others.is_empty()) {
            let named: Vec<_> = others.iter().take(OTHERS).map(|(line, _)| words::name(line)).collect();
            let more = if others.len() > OTHERS { ", …" } else { "" };
            let (count, package) = (words::counted(others.len(), "other line"), &self.package);
            output::line("");
            let command = format!("provwatch baseline show {} --all", shell_word(&package.to_string()));
            fact_table::say(&format!("{count} ({}{more}): `{command}` or --line.", named.join(", ")));
        }
        if !held.is_empty() {
            print_held(held);
        }
    }
}

fn print_held(held: &[HeldRelease]) {
    fact_table::heading("held: not in the baseline");
    let mut sheet = fact_table::Sheet::new();
    for HeldRelease { held, why, .. } in held {
        let published = held.published_at.map_or("at an unknown time".to_owned(), words::minute);
        sheet.row(&words::name(&held.purl), format!("published {published}; {why}"));
    }
    sheet.print();
    let mut commands = Vec::new();
    for held in held.iter().take(PROPOSED) {
        let look = match &held.alert {
            Some(id) => format!("provwatch alerts show {id}"),
            None => format!("provwatch lookup {}", shell_word(&held.held.purl.to_string())),
        };
        commands.push((look, "show the alert first"));
        commands.push((accept_command(&held.held.purl, held.severity), "accept the release, only if it is legitimate"));
    }
    fact_table::next(&commands);
}

fn held(store: &Store, package: &Package) -> Result<Vec<HeldRelease>, CliError> {
    let explain = |held: Held| {
        let alert = store.alert(&Fingerprint::of_release(&held.purl))?;
        let severity = alert.as_ref().map(|alert| alert.severity);
        Ok(HeldRelease { why: why(alert.as_ref()), alert: alert.map(|alert| alert.id), severity, held })
    };
    store.held(package)?.into_iter().map(explain).collect()
}

/// Why a release is held, and how it may join the baseline.
fn why(alert: Option<&Alert>) -> String {
    let joins = format!(
        "it joins after {CLEAN_RELEASES} clean releases of its line over {CLEAN_DAYS} days, or when you \
                 accept it"
    );
    let stays = "held until you accept it";
    match alert {
        None => format!("its evidence does not verify, or it was withdrawn; {stays}"),
        Some(alert) => {
            let (severity, title, id) = (alert.severity, words::sentence(&alert.title), alert.id);
            let then = if severity <= Severity::Medium { &*joins } else { stays };
            format!("{severity} alert {id} ({}): {title}; {then}", alert.status.as_str())
        }
    }
}
