//! `provwatch watch list`: lists the entries of the watchlist and where each is written.

use schemars::JsonSchema;
use serde::Serialize;

use super::never_met::NeverMet;
use crate::{
    cli::{
        context::Context,
        exit::{Exit, Outcome},
        fact_table,
        output::{self, Printing},
        words,
    },
    model::{Ecosystem, Package, known},
    watchlist::{Reason, Tier, Watchlist},
};

/// List the entries of the watchlist, and the file of each
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  provwatch watch list
  provwatch watch list --tier critical
  provwatch watch list --format json | jq -r .pattern")]
pub struct List {
    /// Only entries of this tier
    #[arg(long)]
    tier: Option<Tier>,
    #[arg(long, help = format!("Only entries of this ecosystem: {}", known("or")))]
    ecosystem: Option<Ecosystem>,
    #[command(flatten)]
    printing: Printing,
}

#[derive(Serialize, JsonSchema)]
pub(in crate::cli) struct Line<'a> {
    /// Whether the pattern includes or excludes.
    watched: bool,
    #[serde(flatten)]
    reason: &'a Reason,
    /// The demands of its policy that no release of its baseline ever met, by key.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    never_met: Vec<&'static str>,
}

impl List {
    pub(super) fn run(&self, context: &Context) -> Outcome {
        let watchlist = context.watchlist()?;
        for warning in watchlist.warnings() {
            output::note(format_args!("warning: {}", words::sentence(warning)));
        }
        let keys = context.config.registries.keys();
        let is_lost = |package: &&Package| !package.is_public() && !keys.contains(&package.registry());
        let mut lost: Vec<_> = watchlist.packages().map(|(package, _)| package).filter(is_lost).collect();
        lost.sort();
        for package in lost {
            output::note(format_args!(
                "warning: {package} is not watched: the configuration has no registry at that URL, or it is switched off"
            ));
        }
        let included = self.chosen(watchlist.included());
        let excluded = self.chosen(watchlist.excluded());
        let never_met = NeverMet::of(context, &watchlist);
        if self.printing.is_json() {
            for (watched, reasons) in [(true, &included), (false, &excluded)] {
                for reason in reasons {
                    let never_met = if watched { never_met.by(reason).to_vec() } else { Vec::new() };
                    output::json(&Line { watched, reason, never_met })?;
                }
            }
        } else {
            print(&watchlist, &included, &excluded, &never_met);
        }
        Ok(Exit::Clean)
    }

    fn chosen(&self, reasons: Vec<Reason>) -> Vec<Reason> {
        let kind = self.ecosystem.map(|ecosystem| format!("pkg:{ecosystem}/"));
        let fits = |reason: &Reason| {
            self.tier.is_none_or(|tier| reason.tier == Some(tier))
                && kind.as_ref().is_none_or(|kind| reason.pattern.starts_with(kind))
        };
        reasons.into_iter().filter(fits).collect()
    }
}

fn print(watchlist: &Watchlist, included: &[Reason], excluded: &[Reason], never_met: &NeverMet) {
    if watchlist.is_empty() {
        output::line("Nothing is watched yet.");
        fact_table::next(&[
            ("provwatch watch add pkg:npm/axios".to_owned(), "watch one package"),
            ("provwatch watch import package-lock.json".to_owned(), "watch what a project depends on"),
        ]);
        fact_table::say("  include = [\"curated:npm\"] in the watchlist watches the packages that much depends on.");
        return;
    }
    if included.is_empty() && excluded.is_empty() {
        return output::line("No entry of the watchlist is of that tier and ecosystem.");
    }
    let has_notes = included.iter().chain(excluded).any(|reason| reason.note.is_some());
    let has_unmet = included.iter().any(|reason| !never_met.by(reason).is_empty());
    let titles = ["PACKAGE OR PATTERN", "TIER", "WHERE"].into_iter();
    let titles = titles.chain(has_unmet.then_some("NEVER MET")).chain(has_notes.then_some("NOTE"));
    let mut table = output::bare_table();
    table.set_header(titles.collect::<Vec<_>>());
    for reason in included.iter().chain(excluded) {
        let mut row = vec![
            words::name(&reason.pattern),
            reason.tier.map_or_else(|| "excluded".to_owned(), |tier| tier.to_string()),
            format!("{}:{}", reason.file.display(), reason.line),
        ];
        row.extend(has_unmet.then(|| never_met.by(reason).join(", ")));
        row.extend(has_notes.then(|| words::name(reason.note.as_deref().unwrap_or_default())));
        table.add_row(row);
    }
    output::print(&table);
    let (packages, globs) = watchlist.counts();
    output::line("");
    output::line(format_args!(
        "{} and {} in all",
        words::counted(packages, "package"),
        words::counted(globs, "pattern")
    ));
}
