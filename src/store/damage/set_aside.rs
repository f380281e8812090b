//! Sets one damaged row aside: copies it, and replaces it.

use chrono::{DateTime, Utc};
use rusqlite::Connection;
use serde_json::{Map, Value, json};

use super::{
    remedy::{Remedy, remedy},
    rows::{Columns, find},
};
use crate::store::{
    broken::{Broken, Raw},
    columns::Micros,
    error::QueryFailure,
    packed::unpack,
};

/// Copies a row and replaces it. `true`: it stays where it is.
pub(super) fn set_aside(db: &Connection, broken: &Broken, now: DateTime<Utc>) -> Result<bool, QueryFailure> {
    let columns = find(db, broken)?;
    let content = columns.as_ref().map_or_else(|| "null".to_owned(), verbatim);
    let Remedy { text, kept } = remedy(db, broken, &columns.unwrap_or_default(), now)?;
    db.prepare_cached(
        "INSERT INTO damaged_rows (table_name, row_key, content, why, found_at, remedy) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
         ON CONFLICT (table_name, row_key, content) DO UPDATE SET found_at = excluded.found_at,
             why = excluded.why, told_at = CASE WHEN ?7 THEN damaged_rows.told_at END",
    )?
    .execute((broken.table.name, broken.name(), content, &broken.why, Micros(now), text, kept))?;
    Ok(kept)
}

/// The row as a JSON object.
fn verbatim(columns: &Columns) -> String {
    let value = |raw: &Raw| match raw {
        Raw::Null => Value::Null,
        Raw::Integer(number) => json!(number),
        Raw::Text(bytes) => String::from_utf8(bytes.clone()).map_or_else(|_| hexadecimal(bytes), Value::String),
        Raw::Blob(bytes) => readable(bytes).map_or_else(|| hexadecimal(bytes), Value::String),
    };
    let object: Map<String, Value> = columns.iter().map(|(name, raw)| (name.clone(), value(raw))).collect();
    Value::Object(object).to_string()
}

/// The text of a compressed column, if it can be had: people read it, and the addresses in it can be replaced.
fn readable(bytes: &[u8]) -> Option<String> {
    String::from_utf8(unpack(bytes).ok()?).ok()
}

fn hexadecimal(bytes: &[u8]) -> Value {
    json!({ "hex": hex::encode(bytes) })
}
