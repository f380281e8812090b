//! Copying a damaged row and taking it away.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use rusqlite::{Connection, params_from_iter};
use serde_json::{Map, Value, json};

use super::remedy::{Remedy, remedy};
use crate::store::{
    columns::Micros,
    error::Failure,
    reading::{Broken, Raw},
};

/// A damaged row by column.
pub(super) type Columns = BTreeMap<String, Raw>;

/// Copies a row and remedies its loss. `true`: it stays where it is.
pub(super) fn set_aside(db: &Connection, broken: &Broken, now: DateTime<Utc>) -> Result<bool, Failure> {
    let columns = find(db, broken)?;
    let content = columns.as_ref().map_or_else(|| "null".to_owned(), verbatim);
    let Remedy { text, kept } = remedy(db, broken, &columns.unwrap_or_default(), now)?;
    db.prepare_cached(
        "INSERT INTO damaged_rows (table_name, row_key, content, why, found_at, remedy) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
         ON CONFLICT (table_name, row_key, content) DO UPDATE SET found_at = excluded.found_at,
             why = excluded.why, told_at = CASE WHEN ?7 THEN told_at END",
    )?
    .execute((broken.table.name, broken.name(), content, &broken.why, Micros(now), text, kept))?;
    Ok(kept)
}

/// A condition that finds the row: by its index, or by reading the whole table where the index does not lead to it.
fn condition(broken: &Broken, by_index: bool) -> String {
    let prefix = if by_index { "" } else { "+" };
    let numbered = broken.table.key.iter().zip(1..);
    numbered.map(|(column, number)| format!("{prefix}{column} IS ?{number}")).collect::<Vec<_>>().join(" AND ")
}

fn find(db: &Connection, broken: &Broken) -> Result<Option<Columns>, Failure> {
    for by_index in [true, false] {
        let sql = format!("SELECT * FROM {} WHERE {}", broken.table.name, condition(broken, by_index));
        let mut query = db.prepare(&sql)?;
        let names: Vec<String> = query.column_names().into_iter().map(str::to_owned).collect();
        let mut rows = query.query(params_from_iter(&broken.key))?;
        if let Some(row) = rows.next()? {
            let value = |(index, name)| Ok((name, Raw::from(row.get_ref(index)?)));
            return names.into_iter().enumerate().map(value).collect::<Result<Columns, Failure>>().map(Some);
        }
    }
    Ok(None)
}

/// Takes the row away.
pub(super) fn delete(db: &Connection, broken: &Broken) -> Result<(), Failure> {
    for by_index in [true, false] {
        let sql = format!("DELETE FROM {} WHERE {}", broken.table.name, condition(broken, by_index));
        if db.execute(&sql, params_from_iter(&broken.key))? > 0 {
            break;
        }
    }
    Ok(())
}

/// Takes the row as it is now for a sound one.
pub(super) fn seal(db: &Connection, broken: &Broken) -> Result<(), Failure> {
    let name = broken.table.name;
    let columns: Vec<String> = broken.table.columns.iter().map(|column| format!("{name}.{column}")).collect();
    let sum = columns.join(", ");
    let sql = format!("UPDATE {name} SET checksum = row_sum({sum}) WHERE {}", condition(broken, true));
    db.execute(&sql, params_from_iter(&broken.key))?;
    Ok(())
}

/// The row as a JSON object.
fn verbatim(columns: &Columns) -> String {
    let value = |raw: &Raw| match raw {
        Raw::Null => Value::Null,
        Raw::Integer(number) => json!(number),
        Raw::Text(bytes) => String::from_utf8(bytes.clone()).map_or_else(|_| hexadecimal(bytes), Value::String),
        Raw::Blob(bytes) => hexadecimal(bytes),
    };
    let object: Map<String, Value> = columns.iter().map(|(name, raw)| (name.clone(), value(raw))).collect();
    Value::Object(object).to_string()
}

fn hexadecimal(bytes: &[u8]) -> Value {
    json!({ "hex": hex::encode(bytes) })
}
