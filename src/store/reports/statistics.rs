//! Counts by how much provwatch accused releases earlier or later than others reported them.

use chrono::{DateTime, Utc};
use rusqlite::{Connection, Row};
use schemars::JsonSchema;
use serde::Serialize;

use crate::store::{
    columns::{Micros, time},
    error::QueryFailure,
    lead::Lead,
    reading::known,
};

/// The stored releases that others report as malicious, counted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ReportStats {
    /// Releases with a report that was not withdrawn.
    pub reported: u64,
    /// Those that provwatch accused before the first report, and by how much earlier.
    pub earlier: Lead,
    /// Those that provwatch accused by itself, but not before the first report, and by how much later.
    pub later: Lead,
    /// Those that provwatch did not accuse by itself.
    pub missed: u64,
}

/// Compares provwatch's alerts with the reports that were published since a time, or all. `None`: there are none.
pub(in crate::store) fn report_stats(
    db: &Connection,
    since: Option<DateTime<Utc>>,
) -> Result<Option<ReportStats>, QueryFailure> {
    let mut query = db.prepare_cached(
        "SELECT min(published) AS published, min(accused_at) AS accused_at FROM report_matches
         WHERE withdrawn_at IS NULL GROUP BY purl HAVING min(published) >= ?1",
    )?;
    let since = since.map_or(i64::MIN, |since| since.timestamp_micros());
    let leads = query.query_map([since], lead)?.filter_map(known).collect::<Result<Vec<Option<i64>>, _>>()?;
    Ok((!leads.is_empty()).then(|| counted(&leads)))
}

/// By how many seconds provwatch was earlier; `None`: it did not accuse the release.
fn lead(row: &Row<'_>) -> rusqlite::Result<Option<i64>> {
    let published = row.get::<_, Micros>("published")?.0;
    Ok(time(row.get("accused_at")?).map(|accused| (published - accused).num_seconds()))
}

fn counted(leads: &[Option<i64>]) -> ReportStats {
    let known = || leads.iter().flatten();
    ReportStats {
        reported: leads.len() as u64,
        earlier: Lead::of(known().filter(|lead| **lead > 0).copied().collect()),
        later: Lead::of(known().filter(|lead| **lead <= 0).map(|lead| -lead).collect()),
        missed: leads.iter().filter(|lead| lead.is_none()).count() as u64,
    }
}
