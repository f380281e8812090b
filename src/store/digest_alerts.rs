//! The sections of a digest about alerts: what is new, changed, still open, and resolved.

use chrono::{DateTime, Utc};
use rusqlite::{Connection, Row, named_params};

use super::{
    alerts::raised,
    columns::{Json, Micros, count, limit},
    error::QueryFailure,
    reading::{Reading, known},
    sealed::ALERTS,
    silences,
};
use crate::model::{Alert, Digest, DigestItem, DigestSection, Fingerprint};

/// The subscription of a digest, and its period.
pub(super) struct Period<'a> {
    pub subscription: &'a str,
    pub from: DateTime<Utc>,
    pub to: DateTime<Utc>,
    /// Whether the subscription selects an alert.
    pub wants: &'a dyn Fn(&Alert) -> bool,
}

/// The sections that follow from messages, each with the condition for its alerts: `is_waiting` are those of messages that
/// the digest replaces. An alert that was resolved in the period is only that.
const NEW: &str = "is_waiting AND NOT has_ended AND raised_at >= :from";
const CHANGED: &str = "is_waiting AND NOT has_ended AND raised_at < :from";
const RESOLVED: &str = "has_ended";

/// The alerts that a subscription was told of, or would be now, without its digests.
const TOLD: &str = "WITH told AS (
         SELECT alert, max(CASE WHEN state = 'pending' THEN 1 ELSE 0 END) AS is_waiting FROM deliveries
         WHERE subscription = :subscription AND (why IS NULL OR why <> 'digest') GROUP BY alert
     ), found AS (
         SELECT alerts.*, told.is_waiting AS is_waiting,
             alerts.status = 'resolved' AND coalesce(alerts.resolved_at, alerts.updated_at) >= :from AS has_ended
         FROM told JOIN alerts ON alerts.fingerprint = told.alert
     )";

/// All sections about alerts, in their order.
pub(super) fn sections(
    db: &Reading<'_>,
    period: &Period<'_>,
    now: DateTime<Utc>,
) -> Result<Vec<DigestSection>, QueryFailure> {
    Ok(vec![
        section(db, period, "new", NEW)?,
        section(db, period, "changed", CHANGED)?,
        still_open(db, period, now)?,
        section(db, period, "resolved", RESOLVED)?,
    ])
}

fn section(db: &Reading<'_>, period: &Period<'_>, name: &str, condition: &str) -> Result<DigestSection, QueryFailure> {
    let counting = format!("{TOLD} SELECT count(*) FROM found WHERE {condition} AND :from IS NOT NULL");
    let (subscription, from) = (period.subscription, Micros(period.from));
    let all: i64 = db
        .prepare_cached(&counting)?
        .query_row(named_params! {":subscription": subscription, ":from": from}, |row| row.get(0))?;
    let listing = format!(
        "{TOLD} SELECT found.body, found.status, {{row AS found}} FROM found WHERE {condition} AND :from IS NOT NULL
         ORDER BY found.severity DESC, found.raised_at DESC, found.fingerprint LIMIT :limit"
    );
    let values = named_params! {":subscription": subscription, ":from": from, ":limit": limit(Digest::LISTED)};
    let items = db.rows(&ALERTS, &listing, values, item_row)?;
    Ok(DigestSection { name: name.to_owned(), count: count(all), items })
}

/// An alert that is not resolved, and no message about which waits.
struct Unresolved {
    alert: Fingerprint,
    /// Whether the subscription was told of it.
    is_told: bool,
}

/// The alerts that go on: those that the subscription was told of, and earlier ones that it selects and no silence covers.
/// Bodies are read only where they are needed.
fn still_open(db: &Reading<'_>, period: &Period<'_>, now: DateTime<Utc>) -> Result<DigestSection, QueryFailure> {
    let silences = silences::active(db, now)?;
    let (mut all, mut items) = (0, Vec::new());
    for Unresolved { alert, is_told } in unresolved(db, period)? {
        let is_shown = items.len() < Digest::LISTED;
        if is_told && !is_shown {
            all += 1;
            continue;
        }
        let alert = match raised(db, &alert) {
            Err(QueryFailure::Broken(broken)) => {
                db.note(broken);
                None
            }
            found => found?,
        };
        let Some((alert, _)) = alert else { continue };
        let is_held = || silences.iter().any(|silence| silence.holds(&alert));
        if is_told || ((period.wants)(&alert) && !is_held()) {
            all += 1;
            items.extend(is_shown.then(|| item(alert)));
        }
    }
    Ok(DigestSection { name: "still open".to_owned(), count: all, items })
}

fn unresolved(db: &Connection, period: &Period<'_>) -> Result<Vec<Unresolved>, QueryFailure> {
    let mut query = db.prepare_cached(
        "WITH found AS (
             SELECT fingerprint, severity, raised_at, (
                 SELECT max(CASE WHEN state = 'pending' THEN 1 ELSE 0 END) FROM deliveries
                 WHERE deliveries.alert = alerts.fingerprint AND deliveries.subscription = :subscription
             ) AS is_waiting
             FROM alerts WHERE status <> 'resolved' AND repeats IS NULL AND is_digest IS NULL
         )
         SELECT fingerprint, is_waiting IS NOT NULL AS is_told FROM found
         WHERE is_waiting = 0 OR (is_waiting IS NULL AND raised_at < :from)
         ORDER BY severity DESC, raised_at DESC, fingerprint",
    )?;
    let values = named_params! {":subscription": period.subscription, ":from": Micros(period.from)};
    let rows = query.query_map(values, |row| Ok(Unresolved { alert: row.get(0)?, is_told: row.get(1)? }))?;
    Ok(rows.filter_map(known).collect::<Result<_, _>>()?)
}

fn item(alert: Alert) -> DigestItem {
    DigestItem { alert: Some(alert.id), severity: Some(alert.severity), text: alert.title }
}

/// The item of a row with `body`.
pub(super) fn item_row(row: &Row<'_>) -> rusqlite::Result<DigestItem> {
    Ok(item(row.get::<_, Json<_>>("body")?.0))
}
