//! Prints tables without breaking words, however narrow the terminal is.

use comfy_table::{Cell, ColumnConstraint, Row, Table, Width};

use super::lines::line;
use crate::{cli::fact_table::Sheet, text::columns};

/// Blanks between columns.
const GAP: usize = 2;

/// A table with two blanks between columns and none at the ends of lines. No word is broken: if the terminal is too
/// narrow for the longest ones side by side, a row is a block of labelled lines.
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

/// The width of the longest word of each column.
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
        let mut block = Sheet::new();
        let labelled = headings.iter().zip(&cells).skip(1).filter(|(_, text)| !text.is_empty());
        for (heading, text) in labelled {
            block.row(&heading.to_lowercase(), text);
        }
        cells.into_iter().take(1).chain(block.lines(width)).collect::<Vec<_>>()
    };
    rows.flat_map(block).collect()
}

#[cfg(test)]
mod tests {
    use super::{super::tables::table, *};

    /// A table in so many columns.
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
