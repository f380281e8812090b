//! What the user sees: results on standard output, messages on standard error, colour only on a terminal.

use std::io::{ErrorKind, Write};

use anstyle::{AnsiColor, Style};
use comfy_table::{Attribute, Cell, Color, ColumnConstraint, ContentArrangement, Row, Table, Width, presets};

use super::{exit::Failure, forms::Form, sheet};
use crate::{
    model::Severity,
    text::{columns, json_shown},
};

/// How results are printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// For people.
    #[default]
    Table,
    /// For programs: one object a line where there are many.
    Json,
}

/// One JSON object on a line of its own, which says first of which form it is. What registries and publishers wrote is in it, and it may be shown on a terminal:
/// controls, bidirectional marks and invisible characters stand there as `\uXXXX`, which is the same value.
///
/// # Errors
/// Standard output cannot be written.
pub fn json<F: Form>(value: &F) -> std::io::Result<()> {
    let object = serde_json::to_string(value)?;
    // All forms are objects that have keys.
    let keys = object.strip_prefix('{').unwrap_or(&object);
    json_text(&format!("{{\"form\":\"{}\",{keys}", F::FORM))
}

/// A JSON document that was written before, as [`json`] prints values.
///
/// # Errors
/// Standard output cannot be written.
pub fn json_text(document: &str) -> std::io::Result<()> {
    bytes(format!("{}\n", json_shown(document)).as_bytes())
}

/// A result as it is. A reader that went away, as `head` does, wants no more, and that is no failure.
///
/// # Errors
/// Standard output cannot be written.
pub fn bytes(bytes: &[u8]) -> std::io::Result<()> {
    match std::io::stdout().lock().write_all(bytes) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        outcome => outcome,
    }
}

/// A line of a result. Unlike `println!` it does not panic where nobody reads any more.
pub fn line(text: impl std::fmt::Display) {
    let _ = writeln!(anstream::stdout(), "{text}");
}

/// A message to the user that is not the result.
pub fn note(text: impl std::fmt::Display) {
    anstream::eprintln!("{text}");
}

/// Says that there may be more than the `shown`, if it is as many as the limit allows.
pub fn limited(shown: usize, limit: usize) {
    if shown == limit {
        note(format_args!("There may be more; --limit {} shows them.", limit.saturating_mul(10)));
    }
}

/// The one place that prints an error.
pub fn failure(failure: &Failure) {
    if failure.is_closed_pipe() {
        return;
    }
    let style = Style::new().bold().fg_color(Some(AnsiColor::Red.into()));
    anstream::eprintln!("{style}error:{style:#} {failure}");
    if let Some(step) = failure.next_step() {
        anstream::eprintln!("  next: {}", sheet::with_callable(step));
    }
}

/// A table that fits the terminal, with these headings.
pub fn table<const N: usize>(headings: [&str; N]) -> Table {
    let mut table = bare_table();
    table.set_header(headings);
    table
}

/// The same without headings. Where there is no terminal, `COLUMNS` gives the width, and without it lines are as long as
/// they are.
pub fn bare_table() -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    if let Some(columns) = asked_for() {
        table.set_width(columns);
    }
    table
}

/// The width of the terminal; none where there is none.
pub fn width() -> Option<u16> {
    bare_table().width()
}

/// What the variable `COLUMNS` says.
fn asked_for() -> Option<u16> {
    std::env::var("COLUMNS").ok()?.parse().ok().filter(|columns| *columns > 0)
}

/// Blanks between columns.
const GAP: usize = 2;

/// A table with two blanks between columns and none at the ends of lines. No word is broken: where the terminal is too narrow
/// for the longest ones side by side, a row is a block of labelled lines.
pub fn print(table: &Table) {
    shown(table).iter().for_each(line);
}

fn shown(table: &Table) -> Vec<String> {
    let longest = longest_words(table);
    let needed = longest.iter().map(|word| word + GAP).sum::<usize>().saturating_sub(GAP);
    let is_narrow = table.width().is_some_and(|width| usize::from(width) < needed);
    if let (true, Some(headings)) = (is_narrow, table.header()) {
        return blocks(&texts(headings), table.row_iter(), table.width());
    }
    let mut table = table.clone();
    if is_narrow {
        table.set_width(u16::try_from(needed).unwrap_or(u16::MAX));
    }
    let last = longest.len().saturating_sub(1);
    for ((place, word), column) in longest.into_iter().enumerate().zip(table.column_iter_mut()) {
        let gap = if place == last { 0 } else { GAP };
        column.set_padding((0, u16::try_from(gap).unwrap_or_default()));
        column.set_constraint(ColumnConstraint::LowerBoundary(Width::Fixed(
            u16::try_from(word + gap).unwrap_or(u16::MAX),
        )));
    }
    vec![table.trim_fmt()]
}

/// How wide the longest word of each column is.
fn longest_words(table: &Table) -> Vec<usize> {
    let mut longest = vec![0; table.column_iter().count()];
    for row in table.header().into_iter().chain(table.row_iter()) {
        for (text, longest) in texts(row).iter().zip(&mut longest) {
            let words = text.split_whitespace().map(columns);
            *longest = words.max().unwrap_or_default().max(*longest);
        }
    }
    longest
}

fn texts(row: &Row) -> Vec<String> {
    row.cell_iter().map(Cell::content).collect()
}

/// Each row under its first cell.
fn blocks<'a>(headings: &[String], rows: impl Iterator<Item = &'a Row>, width: Option<u16>) -> Vec<String> {
    let block = |row: &Row| {
        let cells = texts(row);
        let mut block = sheet::Sheet::new();
        let labelled = headings.iter().zip(&cells).skip(1).filter(|(_, text)| !text.is_empty());
        for (heading, text) in labelled {
            block.row(&heading.to_lowercase(), text);
        }
        cells.into_iter().take(1).chain(block.lines(width)).collect::<Vec<_>>()
    };
    rows.flat_map(block).collect()
}

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

#[cfg(test)]
mod tests {
    use super::*;

    /// A table as it is shown in so many columns.
    fn in_columns(width: u16, rows: &[[&str; 3]]) -> Vec<String> {
        let mut all = table(["PACKAGE", "ACCOUNT", "WHY"]);
        all.set_width(width);
        for row in rows {
            all.add_row(row);
        }
        shown(&all).iter().flat_map(|text| text.lines()).map(str::to_owned).collect()
    }

    const WIDE: [[&str; 3]; 2] =
        [["世界工具箱", "山田太郎", "新しい アカウント が 公開 した"], ["🦀crab", "ann", "a 🦀🦀🦀 and a word"]];

    #[test]
    fn wide_characters_take_their_room_in_a_table() {
        let lines = in_columns(40, &WIDE);
        assert!(lines.iter().all(|line| columns(line) <= 40), "{lines:#?}");
        for word in WIDE.iter().flatten().flat_map(|text| text.split(' ')) {
            assert!(lines.iter().any(|line| line.contains(word)), "{word} is whole: {lines:#?}");
        }
        let begins = |text: &str| lines.iter().find_map(|line| Some(columns(&line[..line.find(text)?]))).unwrap();
        assert_eq!(begins("ACCOUNT"), begins("山田太郎"), "{lines:#?}");
        assert_eq!(begins("山田太郎"), begins("ann"), "{lines:#?}");
    }

    #[test]
    fn a_table_whose_words_are_too_wide_side_by_side_is_a_list() {
        // 10, 8 and 10 columns of words and two gaps do not fit, though there are only 14 characters.
        let lines = in_columns(28, &WIDE);
        assert_eq!(lines[..2], ["世界工具箱", "  account  山田太郎"], "{lines:#?}");
        // A text has twenty columns beside its label, however narrow the terminal is.
        assert!(lines.iter().all(|line| columns(line) <= 11 + 20), "{lines:#?}");
        assert_eq!(in_columns(28, &[["crab", "ann", "a word"]]).len(), 2, "narrow words stay side by side");
    }
}
