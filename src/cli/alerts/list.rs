//! `provwatch alerts list`: lists alerts, the latest first.

use comfy_table::Cell;

use super::wording::title_and_repetitions;
use crate::{
    cli::{
        callable::callable,
        context::Context,
        exit::{Exit, FailOn, Outcome},
        fact_table,
        output::{self, Printing, Redaction},
        target, words,
    },
    model::{Alert, AlertStatus, Package, Severity},
    store::{AlertFilter, Store, StoreError},
    text::shell_word,
};

/// List alerts, the latest first
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  provwatch alerts list
  provwatch alerts list --status open --min-severity high
  provwatch alerts list --status all --min-severity info  # every alert
  provwatch alerts list --package pkg:npm/axios --format json
  provwatch alerts list --package pkg:npm/axios --repetitions

A release that repeats the deviation of an open alert has no line of its own: \"×3, newest 1.2.6\" stands behind that alert, \
and --repetitions lists all three.

Exit codes: 0 clean · 3 a listed alert is open and at or above --fail-on, even beyond --limit · 4 the package is \
unknown")]
pub struct List {
    /// Only alerts with this status
    #[arg(long, value_enum, default_value_t = Standing::All)]
    status: Standing,
    /// Only alerts of this severity or worse: info, low, medium, high or critical
    #[arg(long, value_name = "SEVERITY", default_value_t = Severity::Low)]
    min_severity: Severity,
    /// Only alerts about this package
    #[arg(long, value_name = "PURL", value_parser = target::package)]
    package: Option<Package>,
    /// Also list each release that repeats the deviation of an open alert
    #[arg(long)]
    repetitions: bool,
    /// Show at most this many alerts
    #[arg(long, value_name = "COUNT", default_value_t = 100, value_parser = target::count)]
    limit: usize,
    #[command(flatten)]
    fail_on: FailOn,
    #[command(flatten)]
    printing: Printing,
    #[command(flatten)]
    redaction: Redaction,
}

/// Where alerts stand.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Standing {
    Open,
    Acknowledged,
    Snoozed,
    Resolved,
    All,
}

impl Standing {
    /// `None`: any status.
    const fn status(self) -> Option<AlertStatus> {
        match self {
            Self::Open => Some(AlertStatus::Open),
            Self::Acknowledged => Some(AlertStatus::Acknowledged),
            Self::Snoozed => Some(AlertStatus::Snoozed),
            Self::Resolved => Some(AlertStatus::Resolved),
            Self::All => None,
        }
    }
}

impl List {
    pub(super) fn run(&self, context: &Context) -> Outcome {
        self.redaction.begin()?;
        let store = context.store_to_read()?;
        let alerts = store.alerts(&self.filter())?;
        if self.printing.is_json() {
            alerts.iter().try_for_each(output::json)?;
        } else if alerts.is_empty() {
            self.print_none(&store)?;
        } else {
            print(&alerts);
            output::limited(alerts.len(), self.limit);
        }
        if self.fails(&store)? {
            return Ok(Exit::Findings);
        }
        Ok(if alerts.is_empty() && self.is_unknown(&store)? { self.unknown() } else { Exit::Clean })
    }

    /// Whether the package in question was never examined.
    fn is_unknown(&self, store: &Store) -> Result<bool, StoreError> {
        let Some(package) = &self.package else { return Ok(false) };
        Ok(store.releases(package, 1)?.is_empty())
    }

    /// An unknown package without alerts may still be compromised.
    fn unknown(&self) -> Exit {
        let package = self.package.as_ref().map(ToString::to_string).unwrap_or_default();
        let look = callable(&format!("provwatch lookup {}", shell_word(&package)));
        output::note(format_args!("Nothing is stored of {package}, so it raised no alert; `{look}` names the reason."));
        Exit::Unchecked
    }

    fn filter(&self) -> AlertFilter {
        AlertFilter {
            status: self.status.status(),
            min_severity: Some(self.min_severity),
            package: self.package.clone(),
            repetitions: self.repetitions,
            limit: self.limit,
        }
    }

    /// Whether any of the chosen alerts is open and bad enough.
    fn fails(&self, store: &Store) -> Result<bool, StoreError> {
        let severity = self.fail_on.fail_on.max(self.min_severity);
        let open =
            AlertFilter { status: Some(AlertStatus::Open), min_severity: Some(severity), limit: 1, ..self.filter() };
        Ok(self.filter().status.is_none_or(|status| status == AlertStatus::Open) && !store.alerts(&open)?.is_empty())
    }

    /// An empty list does not mean safety: the number of examined releases is printed too.
    fn print_none(&self, store: &Store) -> Result<(), StoreError> {
        let stats = store.stats()?;
        let releases: u64 = stats.releases.iter().map(|(_, count)| count).sum();
        let (releases, packages) = (words::counted(releases, "release"), words::counted(stats.packages, "package"));
        let which = if self.status.status().is_some() || self.package.is_some() { "such alerts" } else { "alerts" };
        output::line(format_args!(
            "No {which} of severity {} or worse, among {releases} of {packages}.",
            self.min_severity
        ));
        if stats.unchecked > 0 {
            let unchecked = words::counted(stats.unchecked, "release");
            output::line(format_args!("provwatch could not check everything: facts about {unchecked} are missing."));
        }
        fact_table::say("`provwatch status` says whether the watch is running.");
        Ok(())
    }
}

fn print(alerts: &[Alert]) {
    let mut table = output::table(["ID", "SEVERITY", "STATUS", "RAISED (UTC)", "TITLE"]);
    for alert in alerts {
        table.add_row([
            Cell::new(alert.id),
            output::severity_cell(alert.severity),
            Cell::new(alert.status.as_str()),
            Cell::new(words::minute(alert.raised_at)),
            Cell::new(title_and_repetitions(alert)),
        ]);
    }
    output::print(&table);
    output::line("");
    fact_table::say("`provwatch alerts show <id>` gives the evidence and what to do.");
}
