//! Prints the status report for people.

use super::report::{Report, Source, Subscription};
use crate::{
    cli::{
        callable::with_callable,
        fact_table::{self, Sheet},
        output,
        words::{self, NOTHING},
        wrap,
    },
    health::{Finding, Kind, Level, LockState},
    model::AlertStatus,
    store::{GapClosed, ReportFeed, Restore, RestoreGap},
};

/// Widest verdict: operators read it in mails of cron and on narrow consoles.
const NARROW: usize = 80;

pub(super) fn report(report: &Report) {
    verdict(report);
    runner(report);
    sources(report);
    logs(report);
    work(report);
    stored(report);
    subscriptions(report);
    next(report);
}

fn verdict(report: &Report) {
    output::line(match (report.healthy, report.limited.is_empty()) {
        (true, true) => "provwatch is healthy.",
        (true, false) => "provwatch is healthy, but limited:",
        (false, _) => "provwatch is NOT healthy:",
    });
    report.findings.iter().filter(|finding| finding.level == Level::Unhealthy).for_each(finding);
    if !report.healthy && !report.limited.is_empty() {
        output::line("and limited:");
    }
    report.findings.iter().filter(|finding| finding.level == Level::Limited).for_each(finding);
}

fn finding(finding: &Finding) {
    let width = wrap::width().min(NARROW);
    let said = |text: &str| with_callable(&words::sentence(text));
    let (sentence, next) = (said(&finding.sentence), said(&finding.next));
    let said = wrap::sentence(&sentence, width, "    ");
    output::line(format_args!("  - {}", said.trim_start()));
    output::line(wrap::sentence(&format!("next: {next}"), width, "    "));
}

/// The running process, and its start.
fn runner(report: &Report) {
    let Some(runner) = &report.runner else { return };
    let (process, version) = (runner.pid, words::name(&runner.version));
    let ago = |at| words::ago(at, report.at);
    let said = match (runner.kind, report.lock) {
        (Kind::Daemon, LockState::Free) => format!("none; last heartbeat {}", ago(runner.beat_at)),
        (Kind::Daemon, _) => {
            format!(
                "process {process}, version {version}, began {}, last heartbeat {}",
                ago(runner.started_at),
                ago(runner.beat_at)
            )
        }
        (Kind::Once, LockState::Held) => format!("a pass by process {process}, begun {}", ago(runner.started_at)),
        (Kind::Once, _) => {
            let last = runner.facts.passes.last().map_or("did not end".to_owned(), |at| format!("ended {}", ago(*at)));
            format!("none; the last pass of `provwatch run --once` {last}")
        }
    };
    fact_table::heading("daemon");
    Sheet::new().row("running", said).print();
}

fn sources(report: &Report) {
    fact_table::heading("sources");
    let mut table = output::table(["  NAME", "LAST READ", "EVENTS", "LAST PROBLEM"]);
    for source in &report.sources {
        let state = source.state.as_ref();
        let last =
            state.and_then(|state| state.last_success).map_or("never".to_owned(), |at| words::ago(at, report.at));
        table.add_row([
            format!("  {}", words::name(&source.name)),
            if source.enabled { last } else { format!("{last} (switched off)") },
            state.map_or(0, |state| state.events).to_string(),
            trouble(report, source),
        ]);
    }
    output::print(&table);
    for source in report.sources.iter().filter(|source| source.enabled && !source.never_told.is_empty()) {
        let Some(registry) = &source.registry else { continue };
        let never: Vec<_> = source.never_told.iter().map(|aspect| aspect.title()).collect();
        let said = format!("{registry} does not provide {}.", never.join(" or "));
        output::line(wrap::paragraphs(&said, wrap::width().min(NARROW), "  "));
    }
    for source in &report.sources {
        let (Some(registry), Some(_)) = (&source.registry, &source.url) else { continue };
        let said =
            format!("{} is {registry}; it has no feed, so provwatch checks its packages at intervals.", source.name);
        output::line(wrap::paragraphs(&said, wrap::width().min(NARROW), "  "));
    }
}

fn logs(report: &Report) {
    if report.logs.is_empty() {
        return;
    }
    fact_table::heading("transparency logs");
    let mut table = output::table(["  NAME", "LAST READ", "ENTRIES", "LAST PROBLEM"]);
    for log in &report.logs {
        let behind = match (&log.tail, &log.checkpoint) {
            (Some(tail), Some(checkpoint)) => match checkpoint.size.saturating_sub(tail.verified) {
                0 => "up to date".to_owned(),
                behind => match &log.progress {
                    Some(progress) => format!("{behind} behind: {}", words::catching_up(progress, report.at)),
                    None => format!("{behind} behind"),
                },
            },
            _ => "checkpoints only so far".to_owned(),
        };
        let trouble = log.failing_since.and(log.last_error.as_deref());
        table.add_row([
            format!("  {}", words::name(&log.name)),
            log.last_success.map_or("never".to_owned(), |at| words::ago(at, report.at)),
            behind,
            trouble.map_or(NOTHING.to_owned(), words::sentence),
        ]);
    }
    output::print(&table);
}

/// The last error, if nothing succeeded since, and the last gap.
fn trouble(report: &Report, source: &Source) -> String {
    let Some(state) = &source.state else { return NOTHING.to_owned() };
    let mut said = Vec::new();
    if let (Some(error), Some(at)) = (&state.last_error, state.last_error_at) {
        let over = if state.last_success.is_some_and(|success| success > at) { ", over since" } else { "" };
        said.push(format!("error {}{over}: {}", words::ago(at, report.at), words::sentence(error)));
    }
    if let (Some(gap), Some(at)) = (&state.last_gap, state.last_gap_at) {
        said.push(format!("cursor gap {}: {}", words::ago(at, report.at), words::sentence(gap)));
    }
    if said.is_empty() { NOTHING.to_owned() } else { said.join("; ") }
}

fn work(report: &Report) {
    let work = &report.work;
    fact_table::heading("work");
    let mut sheet = Sheet::new();
    let oldest = work.oldest.map(|since| format!(", the oldest for {}", words::span(report.at - since)));
    let packages = words::counted(work.waiting, "package");
    match work.waiting {
        0 => sheet.row("waiting", "nothing"),
        _ => sheet.row("waiting", format!("{packages}{}, {} due now", oldest.unwrap_or_default(), work.due)),
    };
    match work.failing {
        0 => sheet.row("failing", "nothing"),
        failing => sheet.row("failing", words::counted(failing, "package")),
    };
    sheet.rows(
        "",
        report.failing.iter().map(|work| {
            let error = work.last_error.as_deref().unwrap_or("no reason recorded");
            let tries = words::counted(work.attempts, "try");
            format!(
                "{}: {} ({tries}, for {})",
                work.package,
                words::sentence(error),
                words::span(report.at - work.since)
            )
        }),
    );
    sheet.print();
}

fn stored(report: &Report) {
    let stored = &report.stored.stats;
    fact_table::heading("stored");
    let mut sheet = Sheet::new();
    let releases: u64 = stored.releases.iter().map(|(_, count)| count).sum();
    let outcomes: Vec<_> =
        stored.releases.iter().map(|(outcome, count)| format!("{count} {}", outcome.as_str())).collect();
    let outcomes = if outcomes.is_empty() { String::new() } else { format!(": {}", outcomes.join(", ")) };
    sheet.row("packages", stored.packages.to_string());
    sheet.row("releases", format!("{releases}{outcomes}"));
    let unchecked = words::counted(stored.unchecked, "release");
    sheet.row(
        "could not check",
        if stored.unchecked == 0 { "nothing".to_owned() } else { format!("{unchecked}, at least in part") },
    );
    sheet.row("open alerts", alerts(report, |status| status == AlertStatus::Open));
    sheet.row("other alerts", alerts(report, |status| status != AlertStatus::Open));
    let (path, size) = (report.path.display(), words::size(stored.bytes));
    sheet.row("store", format!("{path}, {size}, schema version {}", stored.schema_version));
    sheet.maybe("reports of others", report.reports.as_ref().map(|feed| reports(report, feed)));
    sheet.rows("restored", report.restored.iter().flat_map(|restore| restored(report, restore)));
    sheet.print();
}

/// How far the reports of others were read.
fn reports(report: &Report, feed: &ReportFeed) -> String {
    let source = words::sentence(&feed.source);
    let Some(read_at) = feed.read_at else { return format!("{source}, not yet read to its end") };
    let (count, read) = (words::counted(feed.files, "report"), words::ago(read_at, report.at));
    let newest = feed.newest_at.map_or_else(String::new, |at| format!(", the newest of {}", words::ago(at, report.at)));
    format!("{source}, {count}{newest}, read {read}")
}

/// The last restore, and what became of the gap of each feed.
fn restored(report: &Report, restore: &Restore) -> Vec<String> {
    let to = restore.as_of.map_or_else(String::new, |as_of| format!(" to its state of {}", words::minute(as_of)));
    let first = format!("{}{to} by {}", words::ago(restore.at, report.at), words::name(&restore.by));
    let gap = |gap: &RestoreGap| {
        let events = words::counted(gap.events, "event");
        let closed = match (gap.closed_at, gap.how) {
            (None, _) => "not read to its end since".to_owned(),
            (Some(at), Some(GapClosed::Compared)) => {
                format!("gap closed {}: all packages are compared", words::ago(at, report.at))
            }
            (Some(at), _) => format!("gap closed {}: {events} in between", words::ago(at, report.at)),
        };
        format!("{}: {closed}", words::name(&gap.source))
    };
    std::iter::once(first).chain(restore.gaps.iter().map(gap)).collect()
}

fn alerts(report: &Report, wanted: impl Fn(AlertStatus) -> bool) -> String {
    let alerts = report.stored.stats.alerts.iter().filter(|(status, ..)| wanted(*status));
    let said: Vec<_> = alerts
        .map(|(status, severity, count)| match status {
            AlertStatus::Open => format!("{count} {severity}"),
            _ => format!("{count} {severity} {}", status.as_str()),
        })
        .collect();
    if said.is_empty() { "none".to_owned() } else { said.join(", ") }
}

fn subscriptions(report: &Report) {
    fact_table::heading("subscriptions");
    if report.subscriptions.is_empty() {
        return fact_table::say("  none: alerts are stored but not sent; add [[subscriptions]] to the configuration");
    }
    let mut table = output::table(["  NAME", "WAITING", "RETRYING", "GIVEN UP", "LAST DELIVERED"]);
    for subscription in &report.subscriptions {
        table.add_row(deliveries(report, subscription));
    }
    output::print(&table);
}

fn deliveries(report: &Report, subscription: &Subscription) -> [String; 5] {
    let standing = match (&subscription.disabled, subscription.configured) {
        (Some(_), _) => " (disabled)",
        (None, true) => "",
        (None, false) => " (no longer configured)",
    };
    let name = format!("  {}{standing}", words::name(&subscription.name));
    let Some(state) = &subscription.state else {
        return [name, "0".into(), "0".into(), "0".into(), "nothing to deliver yet".into()];
    };
    let last = state.last_success.map_or("never".to_owned(), |at| words::ago(at, report.at));
    [name, state.pending.to_string(), state.retrying.to_string(), state.failed.to_string(), last]
}

fn next(report: &Report) {
    let mut commands = Vec::new();
    if report.stored.stats.alerts.iter().any(|(status, ..)| *status == AlertStatus::Open) {
        commands.push(("provwatch alerts list".to_owned(), "the alerts"));
    }
    if !report.healthy {
        commands.push(("provwatch doctor".to_owned(), "check the configuration and the way to every source"));
    }
    fact_table::next(&commands);
}
