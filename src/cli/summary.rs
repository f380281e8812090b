//! The summary of one full pass, for people and for programs.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use super::{
    exit::Exit,
    fact_table, output,
    progress::{GivenUp, Seen},
    words, wrap,
};
use crate::{
    app::PassSummary,
    logwatch::Poll,
    model::{AlertId, Package, ReleaseId, Severity},
    text::plain,
};

/// Most lines of a list that the table form shows.
const LISTED: usize = 20;
/// Most characters of a reason.
const REASON: usize = 400;

/// The result of a pass.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Summary {
    /// Every source that was read, or was to be.
    pub sources: Vec<SourceLine>,
    /// Every transparency log that was looked at, or was to be.
    pub logs: Vec<LogLine>,
    /// Packages looked at.
    pub packages: usize,
    /// Packages that still wait, put off now or before because something failed.
    pub waiting: u64,
    /// Registries that did not answer and were given up, with the reason and the packages that were not tried.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub given_up: BTreeMap<String, GivenUp>,
    /// Those that were put off now, with the reason.
    pub postponed: BTreeMap<Package, String>,
    /// Releases recorded.
    pub releases: usize,
    /// Those of them that could not be checked whole, with the reasons.
    pub unchecked: BTreeMap<ReleaseId, Vec<String>>,
    /// Alerts raised, worst first.
    pub alerts: Vec<AlertLine>,
    /// How many of each severity.
    pub alerts_by_severity: BTreeMap<Severity, usize>,
    /// What became of the deliveries that were due.
    pub deliveries: Deliveries,
}

/// The result of reading a source.
#[derive(Debug, Serialize, JsonSchema)]
pub struct SourceLine {
    name: String,
    events: usize,
    new: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    gap: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

/// The result of reading a log.
#[derive(Debug, Serialize, JsonSchema)]
pub struct LogLine {
    name: String,
    verified: u64,
    troubled: usize,
    /// Mirrors that could not be read or compared, or that contradict the others.
    mirrors: usize,
}

/// An alert in short.
#[derive(Debug, Serialize, JsonSchema)]
pub struct AlertLine {
    id: AlertId,
    severity: Severity,
    /// The release; none where it is about a log.
    #[serde(skip_serializing_if = "Option::is_none")]
    purl: Option<ReleaseId>,
    title: String,
}

/// What became of deliveries.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Deliveries {
    delivered: usize,
    failed: usize,
}

impl Summary {
    /// The summary of a pass; `waiting` packages are left in the queue.
    pub fn new(pass: &PassSummary, seen: Seen, waiting: u64) -> Self {
        let alerts = alert_lines(&seen);
        let mut alerts_by_severity = BTreeMap::new();
        for alert in &alerts {
            *alerts_by_severity.entry(alert.severity).or_default() += 1;
        }
        Self {
            packages: pass.work.packages,
            waiting,
            given_up: seen.given_up,
            postponed: seen.postponed,
            releases: pass.work.examined.releases,
            unchecked: seen.unchecked,
            alerts,
            alerts_by_severity,
            deliveries: Deliveries { delivered: pass.delivered, failed: pass.undelivered },
            logs: pass.logs.iter().map(LogLine::of).collect(),
            sources: seen
                .sources
                .into_iter()
                .map(|(name, source)| SourceLine {
                    name,
                    events: source.events,
                    new: source.new,
                    gap: source.gap,
                    error: source.error,
                })
                .collect(),
        }
    }

    /// Findings take precedence over unchecked releases.
    pub fn exit(&self, fail_on: Severity) -> Exit {
        let failed = self.sources.iter().any(|source| source.error.is_some())
            || self.logs.iter().any(|log| log.troubled + log.mirrors > 0);
        if self.alerts.iter().any(|alert| alert.severity >= fail_on) {
            Exit::Findings
        } else if failed || self.waiting > 0 || !self.unchecked.is_empty() {
            Exit::Unchecked
        } else {
            Exit::Clean
        }
    }

    /// Prints it for people.
    pub fn print(&self) {
        let mut table = output::bare_table();
        for source in &self.sources {
            table.add_row([source.name.clone(), source.words()]);
        }
        for log in &self.logs {
            table.add_row([words::name(&log.name), log.words()]);
        }
        table.add_row(["packages".to_owned(), self.package_words()]);
        table.add_row(["releases".to_owned(), self.release_words()]);
        table.add_row(["alerts".to_owned(), self.alert_words()]);
        let Deliveries { delivered, failed } = self.deliveries;
        table.add_row(["deliveries".to_owned(), format!("{delivered} delivered, {failed} failed")]);
        output::print(&table);
        self.print_alerts();
        self.print_unchecked();
    }

    fn package_words(&self) -> String {
        let given_up = self.given_up.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
        match self.waiting {
            0 => format!("{} checked", self.packages),
            waiting if given_up.is_empty() => {
                format!("{} checked, {waiting} still waiting after a failure", self.packages)
            }
            waiting => format!("{} checked, {waiting} still waiting: no answer from {given_up}", self.packages),
        }
    }

    fn release_words(&self) -> String {
        match self.unchecked.len() {
            0 => format!("{} recorded", self.releases),
            unchecked => format!("{} recorded, {unchecked} could not be checked", self.releases),
        }
    }

    fn alert_words(&self) -> String {
        let counts: Vec<_> =
            self.alerts_by_severity.iter().rev().map(|(severity, count)| format!("{count} {severity}")).collect();
        if counts.is_empty() { "none".to_owned() } else { counts.join(", ") }
    }

    fn print_alerts(&self) {
        if self.alerts.is_empty() {
            return;
        }
        let mut table = output::table(["ALERT", "SEVERITY", "ABOUT", "TITLE"]);
        for alert in self.alerts.iter().take(LISTED) {
            let about = alert.purl.as_ref().map_or_else(|| "a log".to_owned(), words::name);
            let title = words::sentence(&alert.title);
            table.add_row([
                alert.id.to_string().into(),
                output::severity_cell(alert.severity),
                about.into(),
                title.into(),
            ]);
        }
        output::line("");
        output::print(&table);
        more(self.alerts.len());
        output::line("");
        fact_table::say("`provwatch alerts show <ALERT>` shows the evidence.");
    }

    fn print_unchecked(&self) {
        let postponed = self.postponed.iter().map(|(package, why)| (package.to_string(), why.clone()));
        let unchecked = self.unchecked.iter().map(|(release, why)| (release.to_string(), why.join("; ")));
        let all: Vec<_> = postponed.chain(unchecked).collect();
        if all.is_empty() {
            return;
        }
        output::line("\nCould not be checked, and will be tried again:");
        for (what, why) in all.iter().take(LISTED) {
            let text = format!("{}: {}", words::name(what), plain(why, REASON));
            output::line(format_args!("  {}", wrap::paragraphs(&text, wrap::width(), "    ").trim_start()));
        }
        more(all.len());
    }
}

impl SourceLine {
    fn words(&self) -> String {
        let read = format!("{} events, {} new and watched", self.events, self.new);
        match (&self.error, &self.gap) {
            (Some(error), _) => format!("failed: {}", plain(error, REASON)),
            (None, Some(gap)) => format!("{read}; cursor gap: {}", plain(gap, REASON)),
            (None, None) => read,
        }
    }
}

impl LogLine {
    fn of((name, poll): &(String, Poll)) -> Self {
        Self { name: name.clone(), verified: poll.verified, troubled: poll.troubled, mirrors: poll.mirrors }
    }

    fn words(&self) -> String {
        const WHY: &str = "`provwatch logs status` says why";
        let read = match self.verified {
            0 => "checked, nothing new was read".to_owned(),
            verified => format!("checked, {verified} new entries proven"),
        };
        match (self.troubled, self.mirrors as u64) {
            (0, 0) => read,
            (0, mirrors) => format!("{read}; problem with {}: {WHY}", words::counted(mirrors, "mirror")),
            _ => format!("could not be checked; {WHY}"),
        }
    }
}

fn alert_lines(seen: &Seen) -> Vec<AlertLine> {
    let line = |(purl, alert): (Option<&ReleaseId>, &crate::model::Alert)| AlertLine {
        id: alert.id,
        severity: alert.severity,
        purl: purl.cloned(),
        title: alert.title.clone(),
    };
    let of_releases = seen.alerts.iter().map(|(purl, alert)| (Some(purl), alert));
    let others = seen.other_alerts.values().map(|alert| (alert.purl.as_ref(), alert));
    let mut lines: Vec<_> = of_releases.chain(others).map(line).collect();
    lines.sort_by_key(|alert| std::cmp::Reverse(alert.severity));
    lines
}

fn more(count: usize) {
    if count > LISTED {
        output::line(format!("  … and {} more", count - LISTED));
    }
}
