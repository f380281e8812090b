//! `provwatch alerts stats`: counts alerts, and how long people took.

use comfy_table::Cell;

use crate::{
    cli::{
        context::Context,
        exit::{Exit, Outcome},
        fact_table::{self, Sheet},
        output::{self, Printing},
        when::{When, when},
        words::{self, NOTHING},
    },
    store::{AlertStats, Lead, ReportStats},
};

/// Count alerts by category, severity and detector, and how long people took
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  provwatch alerts stats
  provwatch alerts stats --since 2026-01-01
  provwatch alerts stats --since 90d --format json

The alerts that were raised in the time count, without repetitions. The times are medians, with the time in which nine in \
ten were acknowledged or resolved behind them.

With [osv] source, stored releases that others reported in the time are compared: how many provwatch had accused by \
itself before the first report, by how much earlier, and how many not at all.")]
pub struct Stats {
    /// Alerts raised since then: 2026-01-01, 2026-01-01T08:00:00Z, 30d
    #[arg(long, value_name = "TIME", value_parser = when, default_value = "30d")]
    since: When,
    #[command(flatten)]
    printing: Printing,
}

impl Stats {
    pub(super) fn run(&self, context: &Context) -> Outcome {
        let now = Context::clock().now();
        let stats = context.store_to_read()?.alert_stats(Some(self.since.ago(now)), now)?;
        if self.printing.is_json() {
            output::json(&stats)?;
        } else {
            print(&stats);
        }
        Ok(Exit::Clean)
    }
}

fn print(stats: &AlertStats) {
    let since = stats.since.map(|since| format!(" since {}", words::minute(since))).unwrap_or_default();
    output::line(format_args!("{} raised{since}.", words::counted(stats.raised, "alert")));
    if stats.raised > 0 {
        print_raised(stats);
    }
    if let Some(reported) = &stats.reported {
        self::reported(reported, &since);
    }
}

fn print_raised(stats: &AlertStats) {
    output::line("");
    let mut table = output::table(["SEVERITY", "RAISED", "OPEN", "ACK", "SNOOZED", "RESOLVED", "TO ACK", "TO RESOLVE"]);
    for count in &stats.severities {
        let numbers = [count.raised, count.open, count.acknowledged, count.snoozed, count.resolved];
        let times = [&count.to_acknowledge, &count.to_resolve].map(lead);
        let severity = output::severity_cell(count.severity);
        table.add_row([severity].into_iter().chain(numbers.map(Cell::new)).chain(times.map(Cell::new)));
    }
    output::print(&table);
    if !stats.categories.is_empty() {
        fact_table::heading("resolved as");
        let mut sheet = Sheet::new();
        for (category, count) in &stats.categories {
            sheet.row(category.map_or("no category", |category| category.as_str()), count.to_string());
        }
        sheet.print();
    }
    detectors(stats);
}

/// How early provwatch accused the releases that others report.
fn reported(stats: &ReportStats, since: &str) {
    let ReportStats { reported, earlier, later, missed } = stats;
    fact_table::heading(format_args!("reported as malicious by others{since}"));
    let mut sheet = Sheet::new();
    sheet.row("releases", reported.to_string());
    for (label, one) in [("accused earlier", earlier), ("accused later", later)] {
        let by = if one.count > 0 { format!(", by {}", lead(one)) } else { String::new() };
        sheet.row(label, format!("{}{by}", one.count));
    }
    sheet.row("not accused by provwatch", missed.to_string());
    sheet.print();
}

fn detectors(stats: &AlertStats) {
    if stats.detectors.is_empty() {
        return;
    }
    output::line("");
    let mut table = output::table(["DETECTOR", "RAISED", "TRUE POSITIVE", "EXPECTED", "FALSE POSITIVE", "DUPLICATE"]);
    for count in &stats.detectors {
        let numbers =
            [count.raised, count.true_positive, count.expected, count.false_positive, count.duplicate].map(Cell::new);
        table.add_row([Cell::new(words::name(&count.detector))].into_iter().chain(numbers));
    }
    output::print(&table);
}

/// `4 min (9 in 10: 2 h)`.
fn lead(lead: &Lead) -> String {
    let span = |seconds: i64| words::span(chrono::TimeDelta::seconds(seconds));
    match (lead.median_seconds, lead.ninth_decile_seconds) {
        (Some(median), Some(most)) if lead.count > 1 => format!("{} (9 in 10: {})", span(median), span(most)),
        (Some(median), _) => span(median),
        (None, _) => NOTHING.to_owned(),
    }
}
