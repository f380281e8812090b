//! The sections of a digest about alerts: what is new, changed, still open, and resolved.

use chrono::{DateTime, Utc};
use rusqlite::{Connection, Row, named_params};

use super::{
    alerts::raised,
    columns::{Json, Micros, Rank, count, limit},
    error::QueryFailure,
    reading::{Reading, known},
    sealed::ALERTS,
    silences,
};
use crate::model::{Alert, Digest, DigestItem, DigestSection, Fingerprint, Severity};

/// The subscription of a digest, and its period.
pub(super) struct Period<'a> {
    pub subscription: &'a str,
    pub from: DateTime<Utc>,
    pub to: DateTime<Utc>,
    /// Whether the subscription selects an alert.
    pub wants: &'a dyn Fn(&Alert) -> bool,
}

/// The sections that follow from messages, each with the condition for its alerts: `is_waiting` are those of messages that
/// the digest replaces, `is_known` those of which the subscription was told before. The first digest is the first message
/// about everything that waits; a later one lists earlier alerts that no message told of as still open. An alert that was
/// resolved in the period is only that.
const NEW: &str = "is_waiting AND NOT has_ended AND NOT is_known AND (raised_at >= :from OR :is_first = 1)";
const CHANGED: &str = "is_waiting AND NOT has_ended AND (is_known OR (raised_at < :from AND :is_first = 0))";
const RESOLVED: &str = "has_ended";

/// The alerts that a subscription was told of, or would be now, without its digests.
const TOLD: &str = "WITH told AS (
         SELECT alert, max(CASE WHEN state = 'pending' THEN 1 ELSE 0 END) = 1 AS is_waiting,
             max(CASE WHEN state = 'delivered' THEN 1 ELSE 0 END) = 1 AS is_known FROM deliveries
         WHERE subscription = :subscription AND (why IS NULL OR why <> 'digest') GROUP BY alert
     ), found AS (
         SELECT alerts.*, told.is_waiting AS is_waiting, told.is_known AS is_known,
             alerts.status = 'resolved' AND coalesce(alerts.resolved_at, alerts.updated_at) >= :from AS has_ended
         FROM told JOIN alerts ON alerts.fingerprint = told.alert
     )";

/// All sections about alerts, in their order.
pub(super) fn sections(
    db: &Reading<'_>,
    period: &Period<'_>,
    now: DateTime<Utc>,
) -> Result<Vec<DigestSection>, QueryFailure> {
    let resolved = section(db, period, "resolved", RESOLVED)?;
    Ok(vec![
        section(db, period, "new", NEW)?,
        section(db, period, "changed", CHANGED)?,
        still_open(db, period, now)?,
        // What is over needs no attention any more.
        DigestSection { critical: 0, ..resolved },
    ])
}

fn section(db: &Reading<'_>, period: &Period<'_>, name: &str, condition: &str) -> Result<DigestSection, QueryFailure> {
    let condition = format!("({condition}) AND :from IS NOT NULL AND :is_first IS NOT NULL");
    let counting =
        format!("{TOLD} SELECT count(*), count(*) FILTER (WHERE severity = :critical) FROM found WHERE {condition}");
    let (subscription, from, is_first) = (period.subscription, Micros(period.from), i64::from(is_first(db, period)?));
    let values = named_params! {
        ":subscription": subscription, ":from": from, ":is_first": is_first, ":critical": Rank(Severity::Critical),
    };
    let (all, critical): (i64, i64) =
        db.prepare_cached(&counting)?.query_row(values, |row| Ok((row.get(0)?, row.get(1)?)))?;
    let listing = format!(
        "{TOLD} SELECT found.body, found.status, {{row AS found}} FROM found WHERE {condition}
         ORDER BY found.severity DESC, found.raised_at DESC, found.fingerprint LIMIT :limit"
    );
    let values = named_params! {
        ":subscription": subscription, ":from": from, ":is_first": is_first, ":limit": limit(Digest::LISTED),
    };
    let items = db.rows(&ALERTS, &listing, values, item_row)?;
    Ok(DigestSection { name: name.to_owned(), count: count(all), critical: count(critical), items })
}

/// Whether the subscription had no digest before.
fn is_first(db: &Connection, period: &Period<'_>) -> Result<bool, QueryFailure> {
    let mut query =
        db.prepare_cached("SELECT NOT EXISTS (SELECT 1 FROM deliveries WHERE subscription = ?1 AND why = 'digest')")?;
    Ok(query.query_row([period.subscription], |row| row.get(0))?)
}

/// An alert that is not resolved, and no message about which waits.
struct Unresolved {
    alert: Fingerprint,
    severity: Severity,
    /// Whether the subscription was told of it.
    is_told: bool,
}

/// The alerts that go on: those that the subscription was told of, and earlier ones that it selects and no silence covers.
/// Bodies are read only where they are needed.
fn still_open(db: &Reading<'_>, period: &Period<'_>, now: DateTime<Utc>) -> Result<DigestSection, QueryFailure> {
    let silences = silences::active(db, now)?;
    let (mut all, mut critical, mut items) = (0, 0, Vec::new());
    for Unresolved { alert, severity, is_told } in unresolved(db, period)? {
        let is_shown = items.len() < Digest::LISTED;
        let is_critical = u64::from(severity == Severity::Critical);
        if is_told && !is_shown {
            (all, critical) = (all + 1, critical + is_critical);
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
            (all, critical) = (all + 1, critical + is_critical);
            items.extend(is_shown.then(|| item(alert)));
        }
    }
    Ok(DigestSection { name: "still open".to_owned(), count: all, critical, items })
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
         SELECT fingerprint, severity, is_waiting IS NOT NULL AS is_told FROM found
         WHERE is_waiting = 0 OR (is_waiting IS NULL AND raised_at < :from)
         ORDER BY severity DESC, raised_at DESC, fingerprint",
    )?;
    let values = named_params! {":subscription": period.subscription, ":from": Micros(period.from)};
    let rows = query.query_map(values, |row| {
        Ok(Unresolved { alert: row.get(0)?, severity: row.get::<_, Rank>(1)?.0, is_told: row.get(2)? })
    })?;
    Ok(rows.filter_map(known).collect::<Result<_, _>>()?)
}

fn item(alert: Alert) -> DigestItem {
    DigestItem { alert: Some(alert.id), severity: Some(alert.severity), text: alert.title }
}

/// The item of a row with `body`.
pub(super) fn item_row(row: &Row<'_>) -> rusqlite::Result<DigestItem> {
    Ok(item(row.get::<_, Json<_>>("body")?.0))
}
