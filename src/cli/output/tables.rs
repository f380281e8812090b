//! Lays out tables to the width of the terminal.

use comfy_table::{ContentArrangement, Table, presets};

/// A table that fits the terminal, with these headings.
pub fn table<const N: usize>(headings: [&str; N]) -> Table {
    let mut table = bare_table();
    table.set_header(headings);
    table
}

/// The same without headings. Without a terminal, `COLUMNS` gives the width; if it is unset, lines have their full
/// length.
pub fn bare_table() -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    if let Some(columns) = asked_for() {
        table.set_width(columns);
    }
    table
}

/// The width of the terminal, if there is one.
pub fn width() -> Option<u16> {
    bare_table().width()
}

/// The value of the variable `COLUMNS`.
fn asked_for() -> Option<u16> {
    std::env::var("COLUMNS").ok()?.parse().ok().filter(|columns| *columns > 0)
}
