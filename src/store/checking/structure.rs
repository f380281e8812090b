//! Checks the structure of the file with SQLite's own means: its pages, its indexes, its foreign keys.

use rusqlite::{Connection, Row};

/// Most faults that are kept; SQLite stops after so many.
const MOST: usize = 20;

/// What a check of the structure found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CheckedStructure {
    /// The first faults, in SQLite's words.
    pub faults: Vec<String>,
    /// Whether there may be more.
    pub more: bool,
}

/// Checks pages, indexes, values and foreign keys. A file that SQLite cannot check has that as its fault.
pub(super) fn check(db: &Connection) -> CheckedStructure {
    let mut faults = Vec::new();
    for found in [pages(db), references(db)] {
        match found {
            Ok(found) => faults.extend(found),
            Err(error) => faults.push(error.to_string()),
        }
    }
    let more = faults.len() > MOST;
    faults.truncate(MOST);
    CheckedStructure { faults, more }
}

fn pages(db: &Connection) -> rusqlite::Result<Vec<String>> {
    let mut query = db.prepare(&format!("PRAGMA integrity_check({})", MOST + 1))?;
    let mut rows = query.query([])?;
    let mut faults = Vec::new();
    while let Some(row) = rows.next()? {
        let text: String = row.get(0)?;
        // The first row may have several lines, with a heading for each database.
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && *line != "ok");
        faults.extend(lines.filter(|line| !line.starts_with("***")).map(str::to_owned));
    }
    Ok(faults)
}

fn references(db: &Connection) -> rusqlite::Result<Vec<String>> {
    let mut query = db.prepare("PRAGMA foreign_key_check")?;
    let fault = |row: &Row<'_>| {
        let (table, number, parent): (String, Option<i64>, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let which = number.map_or_else(|| "a row".to_owned(), |number| format!("the row {number}"));
        Ok(format!("{which} of {table} names a row of {parent} that does not exist"))
    };
    query.query_map([], fault)?.take(MOST + 1).collect()
}
