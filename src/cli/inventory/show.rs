//! `provwatch inventory show`: shows the releases that a project uses, with their evidence and alerts.

use std::collections::BTreeMap;

use comfy_table::Cell;
use schemars::JsonSchema;
use serde::Serialize;

use super::{
    named::project,
    unwatched::{command, watchlist},
};
use crate::{
    cli::{
        context::Context,
        exit::{Exit, Outcome},
        fact_table,
        output::{self, Printing},
        target,
        words::{self, NOTHING},
    },
    figures::{Ranks, Stored, open_alerts},
    model::{
        Alert, AlertId, DependencyScope, EvidenceRank, Package, ProjectName, Reachability, Severity, Use, Vex, is_same,
    },
    store::{ProjectRow, Which},
    watchlist::Watchlist,
};

/// Show the releases that a project uses, with their evidence and alerts
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  provwatch inventory show shop
  provwatch inventory show shop --direct --unwatched
  provwatch inventory show shop --alerts
  provwatch inventory show shop --format json | jq -r .release

Releases with open alerts come first, then those that the project needs most. A release without evidence rank is not stored: \
its package is not watched, or the release was never seen.")]
pub struct Show {
    /// The project
    #[arg(value_name = "NAME")]
    project: ProjectName,
    /// Only the project's own dependencies
    #[arg(long)]
    direct: bool,
    /// Only packages that are not watched
    #[arg(long)]
    unwatched: bool,
    /// Only packages with open alerts
    #[arg(long)]
    alerts: bool,
    /// Show at most this many releases
    #[arg(long, value_name = "COUNT", default_value_t = 100, value_parser = target::count)]
    limit: usize,
    #[command(flatten)]
    printing: Printing,
}

/// A release that a project uses.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::cli) struct Entry {
    #[serde(flatten)]
    used: Use,
    /// Whether its package is watched.
    watched: bool,
    /// Whether provwatch has the release.
    stored: bool,
    /// The strength of its evidence, if that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    evidence: Option<EvidenceRank>,
    /// The open alerts about its package, the worst first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    alerts: Vec<OpenAlert>,
}

/// An open alert about the package of a release.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
struct OpenAlert {
    severity: Severity,
    /// Whether it is about this very release.
    exact: bool,
    id: AlertId,
}

impl Show {
    pub(super) fn run(&self, context: &Context) -> Outcome {
        let (store, now) = (context.store_to_read()?, Context::clock().now());
        let known = project(&store, &self.project)?;
        let (watchlist, alerts) = (watchlist(context), open_alerts(&store, now)?);
        let uses = store.uses_of_project(&known.name, Which::Present)?;
        let mut entries: Vec<Entry> = uses.into_iter().map(|used| entry(used, &watchlist, &alerts)).collect();
        entries.retain(|entry| self.fits(entry));
        entries.sort_by_cached_key(|entry| (std::cmp::Reverse(entry.alerts.first().cloned()), entry.used.importance()));
        let count = entries.len();
        entries.truncate(self.limit);
        let mut ranks = Ranks::of(&store);
        for entry in &mut entries {
            (entry.stored, entry.evidence) = match ranks.stored(&entry.used.release)? {
                Stored::Nothing => (false, None),
                Stored::Unranked => (true, None),
                Stored::Ranked(rank) => (true, Some(rank)),
            };
        }
        if self.printing.is_json() {
            entries.iter().try_for_each(output::json)?;
        } else {
            print(&known, &entries, count);
        }
        Ok(Exit::Clean)
    }

    fn fits(&self, entry: &Entry) -> bool {
        (!self.direct || entry.used.depth == Some(1))
            && (!self.unwatched || !entry.watched)
            && (!self.alerts || !entry.alerts.is_empty())
    }
}

fn entry(used: Use, watchlist: &Watchlist, alerts: &BTreeMap<Package, Vec<Alert>>) -> Entry {
    let package = used.release.package();
    let of_alert = |alert: &Alert| OpenAlert {
        severity: alert.severity,
        exact: alert.purl.as_ref().is_some_and(|purl| is_same(purl, &used.release)),
        id: alert.id,
    };
    let mut alerts: Vec<OpenAlert> = alerts.get(package).into_iter().flatten().map(of_alert).collect();
    alerts.sort_unstable_by(|one, other| other.cmp(one));
    Entry { watched: watchlist.matches(package).is_some(), stored: false, evidence: None, alerts, used }
}

fn print(project: &ProjectRow, entries: &[Entry], count: usize) {
    let owner = project.owner.as_ref().map(|owner| format!(", {}", words::name(owner))).unwrap_or_default();
    let releases = words::counted(project.releases, "release");
    let state = project.removed_at.map_or_else(
        || format!("uploaded {}", words::moment(project.uploaded_at)),
        |at| format!("removed {}", words::moment(at)),
    );
    output::line(format_args!("{} ({}{owner}): {releases}, {state}", project.name, project.kind));
    if entries.is_empty() {
        return output::line("No such release.");
    }
    output::line("");
    let mut table = output::table(["RELEASE", "SCOPE", "HOW", "SINCE", "EVIDENCE", "ALERTS"]);
    for entry in entries {
        table.add_row([
            Cell::new(words::name(&entry.used.release)),
            Cell::new(scope(entry.used.scope)),
            Cell::new(how(&entry.used)),
            Cell::new(words::day(entry.used.since)),
            Cell::new(evidence(entry)),
            Cell::new(told(&entry.alerts)),
        ]);
    }
    output::print(&table);
    if count > entries.len() {
        output::note(format_args!("{} more; --limit {count} shows them.", count - entries.len()));
    }
    let unwatched = entries.iter().filter(|entry| !entry.watched).count();
    if unwatched > 0 {
        let releases = words::counted(unwatched, "release");
        output::line("");
        fact_table::say(&format!(
            "{releases} of packages that are not watched; `{}` watches them.",
            command(&project.name)
        ));
    }
}

fn scope(scope: DependencyScope) -> &'static str {
    if scope == DependencyScope::Unknown { NOTHING } else { scope.as_str() }
}

fn how(used: &Use) -> String {
    let way = used.way().map_or_else(|| NOTHING.to_owned(), words::name);
    let said = [used.vex.map(Vex::as_str), used.reachability.map(Reachability::as_str)];
    let said: Vec<&str> = said.into_iter().flatten().collect();
    if said.is_empty() { way } else { format!("{way}; {}", said.join(", ")) }
}

fn evidence(entry: &Entry) -> String {
    match (entry.watched, entry.stored, entry.evidence) {
        (_, true, Some(rank)) => rank_of(rank).to_owned(),
        (_, true, None) => "not known".to_owned(),
        (true, false, _) => "not seen".to_owned(),
        (false, false, _) => "not watched".to_owned(),
    }
}

const fn rank_of(rank: EvidenceRank) -> &'static str {
    match rank {
        EvidenceRank::None => "none",
        EvidenceRank::Provenance => "provenance",
        EvidenceRank::TrustedPublisher => "trusted publisher",
        EvidenceRank::Approved => "approved",
    }
}

fn told(alerts: &[OpenAlert]) -> String {
    let one = |alert: &OpenAlert| {
        let exact = if alert.exact { " (this release)" } else { "" };
        format!("{} {}{exact}", alert.severity, alert.id)
    };
    alerts.iter().map(one).collect::<Vec<_>>().join(", ")
}
