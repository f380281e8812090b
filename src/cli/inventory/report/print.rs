//! Prints the figures of projects and the watchlist as tables.

use chrono::{DateTime, TimeDelta, Utc};

use super::line::Line;
use crate::cli::{fact_table, inventory::unwatched::command, output, words};

/// Most subjects whose months are printed, and that are named one by one.
const SHOWN: usize = 10;

/// Figures that are older are said to be so.
const FRESH: TimeDelta = TimeDelta::minutes(5);

pub(super) fn print(lines: &[Line], now: DateTime<Utc>) {
    if lines.is_empty() {
        return output::line("The inventory has no such project.");
    }
    let mut table = output::table(["OF", "PACKAGES", "EVIDENCE", "NONE", "UNKNOWN", "GAINED", "LOST", "OPEN ALERTS"]);
    for line in lines {
        let now = &line.now;
        table.add_row([
            title(line),
            now.packages.to_string(),
            format!("{} ({} %)", now.with_evidence, now.percent),
            now.without_evidence.to_string(),
            now.unknown.to_string(),
            line.gained.to_string(),
            line.lost.to_string(),
            line.open_alerts.to_string(),
        ]);
    }
    output::print(&table);
    let earliest = lines.iter().map(|line| line.counted_at).min().unwrap_or(now);
    if now - earliest > FRESH {
        let earliest = words::moment(earliest);
        fact_table::say(&format!("Counted from {earliest} on. --recount counts now."));
    }
    if lines.len() > SHOWN {
        fact_table::say(
            "`provwatch inventory report NAME` shows the months of a project, and --format json those of all.",
        );
    } else {
        lines.iter().for_each(months);
    }
    unwatched(lines);
}

fn unwatched(lines: &[Line]) {
    let with_unwatched: Vec<&Line> = lines.iter().filter(|line| line.unwatched > 0).collect();
    if with_unwatched.is_empty() {
        return;
    }
    fact_table::heading("not watched, with unknown evidence");
    for line in with_unwatched.iter().take(SHOWN) {
        let packages = words::counted(line.unwatched, "package");
        let name = line.name.as_deref().unwrap_or_default();
        fact_table::say(&format!("  {name}: {packages}; `{}` watches them.", command(name)));
    }
    if let Some(more @ 1..) = with_unwatched.len().checked_sub(SHOWN) {
        output::line(format_args!("  and packages of {}", words::counted(more, "other project")));
    }
}

fn months(line: &Line) {
    fact_table::heading(title(line));
    let mut table = output::table(["  MONTH", "PACKAGES", "EVIDENCE", "GAINED", "LOST", "ADDED", "GONE"]);
    for month in &line.months {
        table.add_row([
            format!("  {}", month.month),
            month.total.packages.to_string(),
            format!("{} ({} %)", month.total.with_evidence, month.total.percent),
            month.gained.to_string(),
            month.lost.to_string(),
            month.added.to_string(),
            month.gone.to_string(),
        ]);
    }
    output::print(&table);
}

fn title(line: &Line) -> String {
    let name = line.name.as_ref().map(|name| format!(" {}", words::name(name))).unwrap_or_default();
    format!("{}{name}", line.subject)
}
