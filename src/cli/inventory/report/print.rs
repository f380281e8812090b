//! Prints the figures of projects and the watchlist as tables.

use super::figures::Figures;
use crate::cli::{fact_table, inventory::unwatched::command, output, words};

pub(super) fn print(all: &[Figures]) {
    if all.is_empty() {
        return output::line("The inventory has no such project.");
    }
    let mut table = output::table(["OF", "PACKAGES", "EVIDENCE", "NONE", "UNKNOWN", "GAINED", "LOST", "OPEN ALERTS"]);
    for one in all {
        let now = &one.now;
        table.add_row([
            title(one),
            now.packages.to_string(),
            format!("{} ({} %)", now.with_evidence, now.percent),
            now.without_evidence.to_string(),
            now.unknown.to_string(),
            one.gained.to_string(),
            one.lost.to_string(),
            one.open_alerts.to_string(),
        ]);
    }
    output::print(&table);
    for one in all {
        months(one);
    }
    let with_unwatched: Vec<&Figures> = all.iter().filter(|one| !one.unwatched.is_empty()).collect();
    if !with_unwatched.is_empty() {
        fact_table::heading("not watched, with unknown evidence");
    }
    for one in with_unwatched {
        let packages = words::counted(one.unwatched.len(), "package");
        let name = one.name.as_deref().unwrap_or_default();
        fact_table::say(&format!("  {name}: {packages}; `{}` watches them.", command(name)));
    }
}

fn months(one: &Figures) {
    fact_table::heading(title(one));
    let mut table = output::table(["  MONTH", "PACKAGES", "EVIDENCE", "GAINED", "LOST", "ADDED", "GONE"]);
    for month in &one.months {
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

fn title(one: &Figures) -> String {
    let name = one.name.as_ref().map(|name| format!(" {}", words::name(name))).unwrap_or_default();
    format!("{}{name}", one.subject)
}
