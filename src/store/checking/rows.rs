//! Compares every row of every table with its checksum, and counts the rows.

use rusqlite::Connection;
use schemars::JsonSchema;
use serde::Serialize;

use crate::store::{
    columns::count,
    error::QueryFailure,
    reading::Reading,
    sealed::{ALL, Table},
    stage::{Part, Stage, Watcher},
};

/// Most damaged rows that are named.
const NAMED: usize = 20;

/// What a check of the rows found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CheckedRows {
    /// How many rows the store has, in all tables.
    pub rows: u64,
    /// Those of them whose table has checksums, and that have none: a person edited them, or they are from before
    /// version 5 of the schema.
    pub unsealed: u64,
    /// The first damaged rows, by table.
    pub damaged: Vec<DamagedPlace>,
    /// How many there are.
    pub damaged_count: u64,
}

/// A row that does not agree with its checksum.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct DamagedPlace {
    /// Its table.
    pub table: String,
    /// Its key.
    pub key: String,
}

/// Reads every row of every table.
pub(super) fn check(db: &Connection, watch: Watcher<'_>) -> Result<CheckedRows, QueryFailure> {
    let names = tables(db)?;
    let mut checked = CheckedRows::default();
    for (done, name) in names.iter().enumerate() {
        watch(Stage { part: Part::Rows, done: done as u64, of: names.len() as u64 });
        match ALL.iter().find(|table| table.name == name && !table.columns.is_empty()) {
            Some(table) => sealed(db, table, &mut checked)?,
            None => checked.rows += unsealed(db, name)?,
        }
    }
    Ok(checked)
}

/// The names come from the file: they are quoted.
fn tables(db: &Connection) -> Result<Vec<String>, QueryFailure> {
    let sql = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name";
    let mut query = db.prepare(sql)?;
    Ok(query.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?)
}

fn unsealed(db: &Connection, name: &str) -> Result<u64, QueryFailure> {
    let sql = format!("SELECT count(*) FROM \"{}\"", name.replace('"', "\"\""));
    Ok(count(db.query_row(&sql, [], |row| row.get(0))?))
}

/// One pass over the rows counts, and a second one names the damaged ones if there are any.
fn sealed(db: &Connection, table: &'static Table, checked: &mut CheckedRows) -> Result<(), QueryFailure> {
    let (name, sound) = (table.name, table.sound(table.name));
    let sql = format!(
        "SELECT count(*), count(*) FILTER (WHERE checksum IS NULL), count(*) FILTER (WHERE NOT {sound}) FROM {name}"
    );
    let number = |row: &rusqlite::Row<'_>, index: usize| row.get::<_, i64>(index).map(count);
    let (rows, unsealed, damaged) =
        db.query_row(&sql, [], |row| Ok((number(row, 0)?, number(row, 1)?, number(row, 2)?)))?;
    checked.rows += rows;
    checked.unsealed += unsealed;
    checked.damaged_count += damaged;
    let room = NAMED.saturating_sub(checked.damaged.len());
    if damaged > 0 && room > 0 {
        let reading = Reading::over(db);
        let sql = format!("SELECT {{row}} FROM {name} WHERE NOT {sound} LIMIT {room}");
        reading.rows(table, &sql, [], |_| Ok(()))?;
        let named = |broken: crate::store::broken::Broken| DamagedPlace { table: name.to_owned(), key: broken.name() };
        checked.damaged.extend(reading.broken().into_iter().map(named));
    }
    Ok(())
}
