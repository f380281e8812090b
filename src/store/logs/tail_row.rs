//! The stored position of a tail.

use rusqlite::Row;
use schemars::JsonSchema;
use serde::Serialize;

use crate::store::columns::{Hashes, Position};

/// The position of a tail. The ends are exclusive.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct TailRow {
    /// The first entry that was read.
    pub start: u64,
    /// Everything before is proven.
    pub verified: u64,
    /// Everything before is stored.
    pub downloaded: u64,
    /// The compact range of the proven entries, the largest subtree first.
    #[serde(skip)]
    pub verified_range: Vec<[u8; 32]>,
    /// The compact range of the stored entries.
    #[serde(skip)]
    pub downloaded_range: Vec<[u8; 32]>,
}

/// Where the tail of a row of `logs` stands, if it has one.
pub(super) fn tail_row(row: &Row<'_>) -> rusqlite::Result<Option<TailRow>> {
    let Some(Position(start)) = row.get("start")? else { return Ok(None) };
    Ok(Some(TailRow {
        start,
        verified: row.get::<_, Position>("verified")?.0,
        downloaded: row.get::<_, Position>("downloaded")?.0,
        verified_range: row.get::<_, Hashes>("verified_range")?.0,
        downloaded_range: row.get::<_, Hashes>("downloaded_range")?.0,
    }))
}
