//! `provwatch incident WHAT`: shows what else accused releases touch.

use std::{collections::BTreeMap, path::PathBuf};

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::Serialize;

use super::export;
use crate::{
    cli::{
        context::Context,
        exit::{CliError, Exit, Outcome},
        fact_table, lookup,
        output::{self, Printing, Redaction},
        target, used,
        when::{self, When},
        words::{self, NOTHING},
    },
    incidents::{Circle, Related, Window, radius},
    model::{AlertId, Fingerprint, ReleaseId, Severity, Tie},
    store::{self, ReleaseRow, Store, StoreError, Uses},
    text::shell_word,
};

/// Most releases from which it starts.
const SEEDS: usize = 100;

/// Show what else accused releases touch, across registries: what has a run, a signer, an account, a repository or an owner in
/// common with them, what depends on them, and what the same accounts could publish
#[derive(Debug, clap::Parser)]
#[command(after_help = "\
Examples:
  provwatch incident pkg:npm/axios@1.14.1
  provwatch incident publisher:npm/qix --since 30d
  provwatch incident sha512-Zl7z…== --limit 50 --format json
  provwatch incident pkg:npm/axios@1.14.1 --export evidence.tar

It starts from a release, digest, account, address, repository, run or anything else that `provwatch lookup` takes. Each \
release is listed once, under its strongest tie, with what to check: first those that projects of the inventory use, or \
used. The command reads the database, and does not use the \
network.

Exit codes: 0 nothing else is touched · 3 something is · 4 nothing is stored of it, or there is more than is listed")]
pub struct Radius {
    /// What is accused: a purl, digest, account, address, repository, run, …
    #[arg(value_name = "WHAT", required = true)]
    accused: Vec<String>,
    /// Only what was published then or later [default: 7 days before the first accused release]
    #[arg(long, value_name = "TIME", value_parser = when::when)]
    since: Option<When>,
    /// Only what was published before then [default: 7 days after the last]
    #[arg(long, value_name = "TIME", value_parser = when::when)]
    until: Option<When>,
    /// Show at most this many releases of each tie
    #[arg(long, value_name = "COUNT", default_value_t = 20, value_parser = target::count)]
    limit: usize,
    /// Write the evidence about the accused and all listed releases into this file
    #[arg(long, value_name = "FILE")]
    export: Option<PathBuf>,
    #[command(flatten)]
    printing: Printing,
    #[command(flatten)]
    redaction: Redaction,
}

/// A release that an incident touches.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::cli) struct Touched {
    /// The release.
    purl: ReleaseId,
    /// What ties it to an accused one; absent for an accused one.
    #[serde(skip_serializing_if = "Option::is_none")]
    tie: Option<Tie>,
    /// What both have.
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<String>,
    /// What a consumer should check.
    #[serde(skip_serializing_if = "Option::is_none")]
    check: Option<&'static str>,
    /// When it was published.
    #[serde(skip_serializing_if = "Option::is_none")]
    published_at: Option<DateTime<Utc>>,
    /// What came of checking it.
    outcome: store::Outcome,
    /// The alert that it raised.
    #[serde(skip_serializing_if = "Option::is_none")]
    alert: Option<AlertId>,
    /// How bad.
    #[serde(skip_serializing_if = "Option::is_none")]
    severity: Option<Severity>,
    /// The projects of the inventory that use it now, or used it.
    #[serde(skip_serializing_if = "Option::is_none")]
    used_by: Option<Uses>,
}

/// How much an incident touches.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::cli) struct Extent {
    /// From when on releases were looked for.
    since: DateTime<Utc>,
    /// Until when.
    until: DateTime<Utc>,
    /// The accused releases.
    accused: usize,
    /// How many releases are listed of each tie.
    ties: Vec<Count>,
}

/// How many releases a tie leads to.
#[derive(Debug, Serialize, JsonSchema)]
struct Count {
    tie: Tie,
    releases: usize,
    /// Whether there are more than are listed.
    has_more: bool,
}

impl Radius {
    pub(super) fn run(&self, context: &Context) -> Outcome {
        self.redaction.begin()?;
        let (store, now) = (context.store_to_read()?, Context::clock().now());
        let (seeds, is_cut) = lookup::releases(context, &store, &self.accused, SEEDS)?;
        if seeds.is_empty() {
            fact_table::say("Nothing that is stored matches. This does not mean that nothing happened.");
            self.print_uses_of_unknown(&store)?;
            fact_table::next(&[("provwatch lookup --help".to_owned(), "all that can be looked for")]);
            return Ok(Exit::Unchecked);
        }
        let usual = Window::around(&seeds, now);
        let window = Window {
            since: self.since.map_or(usual.since, |since| since.ago(now)),
            until: self.until.map_or(usual.until, |until| until.ago(now)),
        };
        let mut circles = radius(&store, &seeds, window, self.limit)?;
        let used = in_use(&store, &seeds, &circles)?;
        for circle in &mut circles {
            circle.releases.sort_by_key(|related| !used.contains_key(&related.row.purl));
        }
        self.print(&store, &seeds, &circles, &used, window)?;
        if let Some(path) = &self.export {
            self.export(&store, path, &seeds, &circles)?;
        }
        let touches = circles.iter().any(|circle| !circle.releases.is_empty());
        let has_more = is_cut || circles.iter().any(|circle| circle.has_more);
        Ok(match (touches, has_more) {
            (_, true) => Exit::Unchecked,
            (true, false) => Exit::Findings,
            (false, false) => Exit::Clean,
        })
    }

    /// Who uses releases that are not stored.
    fn print_uses_of_unknown(&self, store: &Store) -> Result<(), CliError> {
        let releases: Vec<ReleaseId> = self.accused.iter().filter_map(|text| text.parse().ok()).collect();
        let uses = used::of_each(store, &releases)?;
        if self.printing.is_json() || releases.is_empty() {
            return Ok(());
        }
        used::print_each(store, releases.iter().zip(uses.iter().map(Option::as_ref)))
    }

    fn export(
        &self,
        store: &Store,
        path: &std::path::Path,
        seeds: &[ReleaseRow],
        circles: &[Circle],
    ) -> Result<(), CliError> {
        let rows: Vec<ReleaseRow> = all(seeds, circles).cloned().collect();
        let manifest = export::to_file(store, path, &rows, None)?;
        if !self.printing.is_json() {
            export::tell(path, &manifest);
        }
        Ok(())
    }

    fn print(
        &self,
        store: &Store,
        seeds: &[ReleaseRow],
        circles: &[Circle],
        used: &Used,
        window: Window,
    ) -> Result<(), CliError> {
        if self.printing.is_json() {
            for row in seeds {
                output::json(&touched(store, row, None, used)?)?;
            }
            for (circle, related) in
                circles.iter().flat_map(|circle| circle.releases.iter().map(move |one| (circle, one)))
            {
                output::json(&touched(store, &related.row, Some((circle.tie, &related.why)), used)?)?;
            }
            output::json(&extent(seeds, circles, window))?;
            return Ok(());
        }
        fact_table::say(&format!(
            "Accused: {}. Releases from {} to {} were looked at.",
            words::counted(seeds.len() as u64, "release"),
            words::moment(window.since),
            words::moment(window.until)
        ));
        table(store, "accused", seeds.iter().map(|row| (row, None)))?;
        for circle in circles.iter().filter(|circle| !circle.releases.is_empty()) {
            self.circle(store, circle)?;
        }
        if circles.iter().all(|circle| circle.releases.is_empty()) {
            fact_table::say("No other stored release has anything in common with it.");
        }
        let releases = all(seeds, circles);
        used::print_each(store, releases.map(|row| (&row.purl, used.get(&row.purl))))?;
        fact_table::heading("what the store cannot know");
        fact_table::say(
            "  Packages that are not watched, and releases without attestations that were built by the same run.",
        );
        let purl = seeds.first().map(|row| shell_word(&row.purl.to_string())).unwrap_or_default();
        fact_table::next(&[
            (format!("provwatch incident open NAME {purl} --reason '…'"), "keep the case, and be told what joins it"),
            (format!("provwatch incident {purl} --export evidence.tar"), "hand the evidence over"),
        ]);
        Ok(())
    }

    fn circle(&self, store: &Store, circle: &Circle) -> Result<(), CliError> {
        let releases = circle.releases.iter().map(|Related { row, why }| (row, Some(why.as_str())));
        table(store, title(circle.tie), releases)?;
        fact_table::say(&format!("  {}", circle.tie.check()));
        if circle.has_more {
            output::note(format_args!("There are more; --limit {} shows them.", self.limit.saturating_mul(10)));
        }
        Ok(())
    }
}

const fn title(tie: Tie) -> &'static str {
    match tie {
        Tie::SameRun => "from the same run",
        Tie::SameIdentity => "by the same signer",
        Tie::SamePublisher => "by the same publisher",
        Tie::SameRepository => "from the same repository",
        Tie::SameOwner => "from the same owner",
        Tie::DependsOn => "depends on it",
        Tie::Beside => "beside it: the same accounts can publish these",
    }
}

fn table<'a>(
    store: &Store,
    heading: &str,
    releases: impl Iterator<Item = (&'a ReleaseRow, Option<&'a str>)>,
) -> Result<(), StoreError> {
    fact_table::heading(heading);
    let mut table = output::bare_table();
    for (row, why) in releases {
        let alert = store.alert(&Fingerprint::of_release(&row.purl))?;
        table.add_row([
            format!("  {}", words::name(&row.purl)),
            row.published_at.map_or(NOTHING.to_owned(), words::minute),
            alert.map_or(row.outcome.as_str().to_owned(), |alert| format!("{} {}", alert.severity, alert.id)),
            why.map(words::sentence).unwrap_or_default(),
        ]);
    }
    output::print(&table);
    Ok(())
}

/// The accused and the listed releases.
fn all<'a>(seeds: &'a [ReleaseRow], circles: &'a [Circle]) -> impl Iterator<Item = &'a ReleaseRow> {
    seeds.iter().chain(circles.iter().flat_map(|circle| &circle.releases).map(|related| &related.row))
}

/// The releases that projects use, or used.
type Used = BTreeMap<ReleaseId, Uses>;

fn in_use(store: &Store, seeds: &[ReleaseRow], circles: &[Circle]) -> Result<Used, CliError> {
    let purls: Vec<ReleaseId> = all(seeds, circles).map(|row| row.purl.clone()).collect();
    let uses = used::of_each(store, &purls)?;
    Ok(purls.into_iter().zip(uses).filter_map(|(purl, uses)| Some((purl, uses?))).collect())
}

fn touched(store: &Store, row: &ReleaseRow, tie: Option<(Tie, &String)>, used: &Used) -> Result<Touched, StoreError> {
    let alert = store.alert(&Fingerprint::of_release(&row.purl))?;
    Ok(Touched {
        purl: row.purl.clone(),
        tie: tie.map(|(tie, _)| tie),
        why: tie.map(|(_, why)| why.clone()),
        check: tie.map(|(tie, _)| tie.check()),
        published_at: row.published_at,
        outcome: row.outcome,
        alert: alert.as_ref().map(|alert| alert.id),
        severity: alert.map(|alert| alert.severity),
        used_by: used.get(&row.purl).cloned(),
    })
}

fn extent(seeds: &[ReleaseRow], circles: &[Circle], window: Window) -> Extent {
    let count = |circle: &Circle| Count { tie: circle.tie, releases: circle.releases.len(), has_more: circle.has_more };
    Extent { since: window.since, until: window.until, accused: seeds.len(), ties: circles.iter().map(count).collect() }
}
