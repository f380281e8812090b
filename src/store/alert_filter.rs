//! Lists alerts by filters. The filters read an index that has all their columns; only the listed rows are read.

use chrono::{DateTime, Utc};
use rusqlite::ToSql;

use super::{
    Store, StoreError,
    alerts::{alert_row, with_handling},
    columns::{Micros, Rank, Word, limit},
    sealed::ALERTS,
};
use crate::model::{Alert, AlertKind, AlertStatus, Package, Severity, Staleness};

/// Which alerts to list; what is `None` does not matter.
#[derive(Clone, Debug)]
pub struct AlertFilter {
    /// Where they stand: at the time `by_clock`, or else as stored.
    pub status: Option<AlertStatus>,
    /// At least so bad.
    pub min_severity: Option<Severity>,
    /// About this package.
    pub package: Option<Package>,
    /// Of this kind.
    pub kind: Option<AlertKind>,
    /// With a signal of this detector.
    pub detector: Option<String>,
    /// Raised before.
    pub raised_before: Option<DateTime<Utc>>,
    /// Only acknowledged ones that go stale by then; see [`Staleness`].
    pub stale_by: Option<DateTime<Utc>>,
    /// The time for which the status is asked: what was put off until then is open.
    pub by_clock: Option<DateTime<Utc>>,
    /// Also those that repeat an open alert, which counts them.
    pub repetitions: bool,
    /// Only those about a package that a project of the inventory uses now, or about a campaign with one.
    pub used: bool,
    /// At most so many, the latest first.
    pub limit: usize,
}

/// The condition that a project uses the package of an alert, or of a release of its campaign.
const IS_USED: &str = "(EXISTS (
        SELECT 1 FROM inventory_releases JOIN inventory_uses ON inventory_uses.release = inventory_releases.id
        WHERE inventory_releases.package = alerts.package AND inventory_uses.until_at IS NULL
    ) OR EXISTS (
        SELECT 1 FROM campaign_members JOIN releases ON releases.purl = campaign_members.member
        JOIN inventory_releases ON inventory_releases.package = releases.package
        JOIN inventory_uses ON inventory_uses.release = inventory_releases.id
        WHERE campaign_members.campaign = alerts.fingerprint AND inventory_uses.until_at IS NULL
    ))";

impl Default for AlertFilter {
    fn default() -> Self {
        Self {
            status: None,
            min_severity: None,
            package: None,
            kind: None,
            detector: None,
            raised_before: None,
            stale_by: None,
            by_clock: None,
            repetitions: true,
            used: false,
            limit: 100,
        }
    }
}

/// The conditions of a statement, and the values of its parameters.
#[derive(Default)]
struct Conditions {
    sql: String,
    values: Vec<(&'static str, Box<dyn ToSql>)>,
}

impl Conditions {
    fn add(&mut self, condition: &str, values: impl IntoIterator<Item = (&'static str, Box<dyn ToSql>)>) {
        self.sql.push_str(if self.sql.is_empty() { " WHERE " } else { " AND " });
        self.sql.push_str(condition);
        self.values.extend(values);
    }

    fn add_one(&mut self, condition: &str, name: &'static str, value: impl ToSql + 'static) {
        self.add(condition, [(name, Box::new(value) as Box<dyn ToSql>)]);
    }

    fn of(filter: &AlertFilter) -> Self {
        let mut conditions = Self::default();
        conditions.add("is_digest IS NULL", []);
        conditions.status(filter);
        if let Some(severity) = filter.min_severity {
            conditions.add_one("severity >= :severity", ":severity", Rank(severity));
        }
        if let Some(package) = &filter.package {
            conditions.add_one("package = :package", ":package", package.to_string());
        }
        if let Some(kind) = filter.kind {
            conditions.add_one("kind = :kind", ":kind", Word(kind));
        }
        if let Some(detector) = &filter.detector {
            conditions.add_one(r"detectors LIKE :detector ESCAPE '\'", ":detector", pattern(detector));
        }
        if let Some(before) = filter.raised_before {
            conditions.add_one("raised_at < :before", ":before", Micros(before));
        }
        if let Some(now) = filter.stale_by {
            let stale =
                "status = 'acknowledged' AND (until_at <= :stale_by OR (until_at IS NULL AND handled_at < :forgotten))";
            let forgotten = now.checked_sub_signed(Staleness::AFTER).unwrap_or(DateTime::<Utc>::MIN_UTC);
            conditions.add_one(stale, ":stale_by", Micros(now));
            conditions.values.push((":forgotten", Box::new(Micros(forgotten))));
        }
        if !filter.repetitions {
            conditions.add("repeats IS NULL", []);
        }
        if filter.used {
            conditions.add(IS_USED, []);
        }
        conditions
    }

    fn status(&mut self, filter: &AlertFilter) {
        let Some(status) = filter.status else { return };
        let Some(now) = filter.by_clock else { return self.add_one("status = :status", ":status", Word(status)) };
        let condition = if status == AlertStatus::Open {
            "(status = 'open' OR (status IN ('acknowledged', 'snoozed') AND until_at <= :now))"
        } else {
            self.add_one("status = :status", ":status", Word(status));
            "(until_at IS NULL OR until_at > :now)"
        };
        self.add_one(condition, ":now", Micros(now));
    }
}

/// The pattern of a detector within the column `detectors`.
fn pattern(detector: &str) -> String {
    let escaped: String =
        detector.chars().flat_map(|c| "%_\\".contains(c).then_some('\\').into_iter().chain([c])).collect();
    format!("%,{escaped},%")
}

impl Store {
    /// Alerts, the latest first. A digest is a message, and not one of them.
    ///
    /// # Errors
    /// As every read.
    pub fn alerts(&self, filter: &AlertFilter) -> Result<Vec<Alert>, StoreError> {
        let Conditions { sql, mut values } = Conditions::of(filter);
        values.push((":limit", Box::new(limit(filter.limit))));
        let sql = format!(
            "SELECT body, alerts.status, {{row}} FROM (
                 SELECT fingerprint AS chosen FROM alerts{sql} ORDER BY raised_at DESC, fingerprint LIMIT :limit
             ) AS listed CROSS JOIN alerts WHERE alerts.fingerprint = chosen
             ORDER BY alerts.raised_at DESC, alerts.fingerprint"
        );
        self.read("listing the alerts", |db| {
            let values: Vec<(&str, &dyn ToSql)> = values.iter().map(|(name, value)| (*name, value.as_ref())).collect();
            let alerts = db.rows(&ALERTS, &sql, values.as_slice(), alert_row)?;
            alerts.into_iter().map(|alert| with_handling(db, alert)).collect()
        })
    }
}
