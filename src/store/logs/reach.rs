//! How far each log was read, without counting its entries.

use rusqlite::Row;
use schemars::JsonSchema;
use serde::Serialize;

use super::tail_row::tail_row;
use crate::store::{Store, StoreError, columns::Position, sealed::LOGS};

/// The entries of a log that were read and proven.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct LogReach {
    /// The origin of its checkpoints.
    pub name: String,
    /// The global index of its first entry, for shards of Rekor v1.
    pub offset: u64,
    /// SHA-256 over its public key, hexadecimal.
    pub key_id: String,
    /// The first entry that was read; missing where only checkpoints are checked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start: Option<u64>,
    /// Everything before is proven.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verified: Option<u64>,
}

impl Store {
    /// How far each log was read, by name.
    ///
    /// # Errors
    /// As every read.
    pub fn log_reaches(&self) -> Result<Vec<LogReach>, StoreError> {
        self.read("reading how far the logs were read", |db| {
            db.rows(&LOGS, "SELECT *, {row} FROM logs ORDER BY name", [], reach)
        })
    }
}

fn reach(row: &Row<'_>) -> rusqlite::Result<LogReach> {
    let tail = tail_row(row)?;
    Ok(LogReach {
        name: row.get("name")?,
        offset: row.get::<_, Position>("first_index")?.0,
        key_id: row.get("key_id")?,
        start: tail.as_ref().map(|tail| tail.start),
        verified: tail.map(|tail| tail.verified),
    })
}
