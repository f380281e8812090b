//! Colours severities on a terminal.

use anstyle::{AnsiColor, Style};
use comfy_table::{Attribute, Cell, Color};

use crate::model::Severity;

/// A severity, coloured, for a table.
pub fn severity_cell(severity: Severity) -> Cell {
    let cell = Cell::new(severity);
    match severity {
        Severity::Critical => cell.fg(Color::Red).add_attribute(Attribute::Bold),
        Severity::High => cell.fg(Color::Red),
        Severity::Medium => cell.fg(Color::Yellow),
        Severity::Low => cell.fg(Color::Blue),
        Severity::Info => cell.add_attribute(Attribute::Dim),
    }
}

/// A severity, coloured.
pub fn severity(severity: Severity) -> String {
    let style = match severity {
        Severity::Critical => Style::new().bold().fg_color(Some(AnsiColor::BrightRed.into())),
        Severity::High => Style::new().fg_color(Some(AnsiColor::Red.into())),
        Severity::Medium => Style::new().fg_color(Some(AnsiColor::Yellow.into())),
        Severity::Low => Style::new().fg_color(Some(AnsiColor::Blue.into())),
        Severity::Info => Style::new().dimmed(),
    };
    format!("{style}{severity}{style:#}")
}
