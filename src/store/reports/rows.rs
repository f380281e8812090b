//! The stored form of reports.

use rusqlite::Row;

use crate::{
    model::{AffectedVersions, MalwareReport},
    store::columns::{Json, Micros, time},
};

/// The versions as they are stored: nothing for all of them, which is what most reports say.
pub(super) fn stored(affected: &AffectedVersions) -> String {
    if affected.is_all() { String::new() } else { serde_json::to_string(affected).unwrap_or_default() }
}

/// A row of `reports`.
pub(super) fn report_row(row: &Row<'_>) -> rusqlite::Result<(MalwareReport, AffectedVersions)> {
    let report = MalwareReport {
        id: row.get("id")?,
        published_at: row.get::<_, Micros>("published")?.0,
        withdrawn_at: time(row.get("withdrawn")?),
        aliases: row.get_ref("aliases")?.as_str()?.split_whitespace().map(str::to_owned).collect(),
    };
    let affected = if row.get_ref("affected")?.as_str()?.is_empty() { AffectedVersions::all() } else { versions(row)? };
    Ok((report, affected))
}

fn versions(row: &Row<'_>) -> rusqlite::Result<AffectedVersions> {
    Ok(row.get::<_, Json<AffectedVersions>>("affected")?.0)
}
