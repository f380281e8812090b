//! `provwatch alerts list`: lists alerts, the latest first.

use std::cmp::Reverse;

use chrono::{DateTime, Utc};
use comfy_table::Cell;

use super::{
    target::{Filters, Standing},
    wording::{handled, title_and_repetitions},
};
use crate::{
    cli::{
        callable::callable,
        context::Context,
        exit::{Exit, FailOn, Outcome},
        fact_table,
        output::{self, Printing, Redaction},
        target,
        used::in_short,
        words,
    },
    model::{Alert, AlertStatus, Severity},
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
  provwatch alerts list --package 'pkg:npm/@acme/*'
  provwatch alerts list --stale  # acknowledged, and not finished
  provwatch alerts list --used --status open  # of packages that projects use
  provwatch alerts list --detector odd-hours --older-than 30d

A release that repeats the deviation of an open alert has no line of its own: \"×3, newest 1.2.6\" stands behind that alert, \
and --repetitions lists all three. With --used, alerts about releases that most projects use come first. An acknowledgement without an end goes stale after 7 days; one that lapsed and a snooze that ended are open again.

Exit codes: 0 clean · 3 a listed alert is open and at or above --fail-on, even beyond --limit · 4 the package is \
unknown")]
pub struct List {
    /// Only alerts with this status
    #[arg(long, value_enum, default_value_t = Standing::All)]
    status: Standing,
    /// Only alerts of this severity or worse: info, low, medium, high or critical
    #[arg(long, value_name = "SEVERITY", default_value_t = Severity::Low)]
    min_severity: Severity,
    #[command(flatten)]
    filters: Filters,
    /// Only acknowledged alerts that go stale: without an end for more than 7 days, or lapsed
    #[arg(long)]
    stale: bool,
    /// Only alerts about packages that projects of the inventory use, the most used first
    #[arg(long)]
    used: bool,
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

impl List {
    pub(super) fn run(&self, context: &Context) -> Outcome {
        self.redaction.begin()?;
        let (store, now) = (context.store_to_read()?, Context::clock().now());
        let mut alerts = self.filters.alerts(&store, &self.filter(now))?;
        if self.used {
            alerts = by_use(&store, alerts)?;
        }
        let handled: Vec<Option<String>> = alerts.iter().map(|alert| handled(alert, now)).collect();
        for alert in &mut alerts {
            alert.status = alert.status_at(now);
        }
        if self.printing.is_json() {
            alerts.iter().try_for_each(output::json)?;
        } else if alerts.is_empty() {
            self.print_none(&store)?;
        } else {
            print(&alerts, &handled);
            output::limited(alerts.len(), self.limit);
        }
        if self.fails(&store, now)? {
            return Ok(Exit::Findings);
        }
        Ok(if alerts.is_empty() && self.is_unknown(&store)? { self.unknown() } else { Exit::Clean })
    }

    /// Whether the package in question was never examined.
    fn is_unknown(&self, store: &Store) -> Result<bool, StoreError> {
        let Some(package) = self.filters.one_package() else { return Ok(false) };
        Ok(store.releases(package, 1)?.is_empty())
    }

    /// An unknown package without alerts may still be compromised.
    fn unknown(&self) -> Exit {
        let package = self.filters.package.as_ref().map(ToString::to_string).unwrap_or_default();
        let look = callable(&format!("provwatch lookup {}", shell_word(&package)));
        output::note(format_args!("Nothing is stored of {package}, so it raised no alert; `{look}` names the reason."));
        Exit::Unchecked
    }

    fn filter(&self, now: DateTime<Utc>) -> AlertFilter {
        AlertFilter {
            status: self.status.status(),
            min_severity: Some(self.min_severity),
            stale_by: self.stale.then_some(now),
            repetitions: self.repetitions,
            used: self.used,
            limit: self.limit,
            ..self.filters.to_store(now)
        }
    }

    /// Whether any of the chosen alerts is open and bad enough.
    fn fails(&self, store: &Store, now: DateTime<Utc>) -> Result<bool, StoreError> {
        let severity = self.fail_on.fail_on.max(self.min_severity);
        let open =
            AlertFilter { status: Some(AlertStatus::Open), min_severity: Some(severity), limit: 1, ..self.filter(now) };
        Ok(self.status.status().is_none_or(|status| status == AlertStatus::Open)
            && !self.filters.alerts(store, &open)?.is_empty())
    }

    /// An empty list does not mean safety: the number of examined releases is printed too.
    fn print_none(&self, store: &Store) -> Result<(), StoreError> {
        let stats = store.stats()?;
        let releases: u64 = stats.releases.iter().map(|(_, count)| count).sum();
        let (releases, packages) = (words::counted(releases, "release"), words::counted(stats.packages, "package"));
        let which = if self.status.status().is_some() || self.stale || self.used || self.filters.is_set() {
            "such alerts"
        } else {
            "alerts"
        };
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

/// The alerts with the projects that use their packages now: those of releases in use first, then the severest, then those
/// of packages that most projects use.
fn by_use(store: &Store, alerts: Vec<Alert>) -> Result<Vec<Alert>, StoreError> {
    let mut alerts: Vec<Alert> = alerts.into_iter().map(|alert| store.with_uses(alert)).collect::<Result<_, _>>()?;
    alerts.sort_by_cached_key(|alert| {
        let (exact, projects) = alert.used_by.as_ref().map_or((0, 0), |used| (used.exact, used.projects));
        Reverse((exact > 0, alert.severity, exact, projects, alert.raised_at))
    });
    Ok(alerts)
}

/// `handled`: who handles each alert. It has no column of its own, with which the table would be too wide for a terminal.
fn print(alerts: &[Alert], handled: &[Option<String>]) {
    let mut table = output::table(["ID", "SEVERITY", "STATUS", "RAISED (UTC)", "TITLE"]);
    for (alert, handled) in alerts.iter().zip(handled) {
        let by = handled.as_ref().map(|handled| format!(" by {handled}")).unwrap_or_default();
        table.add_row([
            Cell::new(alert.id),
            output::severity_cell(alert.severity),
            Cell::new(format!("{}{by}", alert.status.as_str())),
            Cell::new(words::minute(alert.raised_at)),
            Cell::new(title_and_use(alert)),
        ]);
    }
    output::print(&table);
    output::line("");
    fact_table::say("`provwatch alerts show <id>` gives the evidence and what to do.");
}

/// The title, and the projects that use the package.
fn title_and_use(alert: &Alert) -> String {
    let used = alert.used_by.as_ref().map(|used| format!("; {}", in_short(used))).unwrap_or_default();
    format!("{}{used}", title_and_repetitions(alert))
}
