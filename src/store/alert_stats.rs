//! Counts alerts: how many were raised, what they turned out to be, and how long people took.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use rusqlite::{Row, named_params};
use schemars::JsonSchema;
use serde::Serialize;

use super::{
    Store, StoreError,
    columns::{Micros, Rank, Word, time},
    lead::Lead,
    reading::known,
    reports::{ReportStats, report_stats},
};
use crate::model::{AlertStatus, Resolution, Severity};

/// The alerts that were raised in a time, counted. A repetition of another alert and a digest do not count.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct AlertStats {
    /// The start of the time; left out for all alerts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<DateTime<Utc>>,
    /// The end of the time.
    pub until: DateTime<Utc>,
    /// Alerts that were raised.
    pub raised: u64,
    /// By severity, the worst first; a severity that never occurred is left out.
    pub severities: Vec<SeverityCount>,
    /// Resolved alerts by category; `null`: without one, as those that provwatch resolved itself.
    pub categories: Vec<(Option<Resolution>, u64)>,
    /// By detector.
    pub detectors: Vec<DetectorCount>,
    /// How provwatch compares with others; left out where others reported nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reported: Option<ReportStats>,
}

/// The alerts of one severity.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct SeverityCount {
    /// The severity.
    pub severity: Severity,
    /// Alerts that were raised.
    pub raised: u64,
    /// Those that are open.
    pub open: u64,
    /// Those that are acknowledged.
    pub acknowledged: u64,
    /// Those that are snoozed.
    pub snoozed: u64,
    /// Those that are resolved.
    pub resolved: u64,
    /// The time from the alert to its first acknowledgement.
    pub to_acknowledge: Lead,
    /// The time from the alert to its resolution.
    pub to_resolve: Lead,
}

/// The alerts with a signal of one detector.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct DetectorCount {
    /// The detector.
    pub detector: String,
    /// Alerts that were raised.
    pub raised: u64,
    /// Those that were resolved as true positives.
    pub true_positive: u64,
    /// Those that were resolved as expected.
    pub expected: u64,
    /// Those that were resolved as false positives.
    pub false_positive: u64,
    /// Those that were resolved as duplicates.
    pub duplicate: u64,
}

/// The columns of an alert that count.
struct Counted {
    severity: Severity,
    status: AlertStatus,
    category: Option<Resolution>,
    raised_at: DateTime<Utc>,
    acknowledged_at: Option<DateTime<Utc>>,
    resolved_at: Option<DateTime<Utc>>,
    detectors: Option<String>,
}

/// The counts of one severity while they grow.
#[derive(Default)]
struct Tally {
    statuses: [u64; 4],
    acknowledged: Vec<i64>,
    resolved: Vec<i64>,
}

#[derive(Default)]
struct Counts {
    severities: BTreeMap<Severity, Tally>,
    categories: BTreeMap<Option<Resolution>, u64>,
    detectors: BTreeMap<String, DetectorCount>,
}

impl Store {
    /// Counts the alerts that were raised since a time, or all; `now` decides which are open again.
    ///
    /// # Errors
    /// As every read.
    pub fn alert_stats(&self, since: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Result<AlertStats, StoreError> {
        self.read("counting alerts", |db| {
            let mut query = db.prepare_cached(
                "SELECT severity, CASE WHEN status IN ('acknowledged', 'snoozed') AND until_at <= :now THEN 'open' ELSE status END
                        AS status, category, raised_at, acknowledged_at, resolved_at, detectors
                 FROM alerts WHERE raised_at >= :since AND repeats IS NULL AND is_digest IS NULL",
            )?;
            let since_micros = since.map_or(i64::MIN, |since| since.timestamp_micros());
            let rows = query.query_map(named_params! { ":now": Micros(now), ":since": since_micros }, counted)?;
            let mut counts = Counts::default();
            for row in rows.filter_map(known) {
                counts.add(&row?);
            }
            Ok(AlertStats { reported: report_stats(db, since)?, ..counts.stats(since, now) })
        })
    }
}

fn counted(row: &Row<'_>) -> rusqlite::Result<Counted> {
    Ok(Counted {
        severity: row.get::<_, Rank>("severity")?.0,
        status: row.get::<_, Word<_>>("status")?.0,
        category: row.get::<_, Option<Word<_>>>("category")?.map(|word| word.0),
        raised_at: row.get::<_, Micros>("raised_at")?.0,
        acknowledged_at: time(row.get("acknowledged_at")?),
        resolved_at: time(row.get("resolved_at")?),
        detectors: row.get("detectors")?,
    })
}

impl Counts {
    fn add(&mut self, alert: &Counted) {
        let tally = self.severities.entry(alert.severity).or_default();
        tally.statuses[alert.status as usize] += 1;
        let took = |at: DateTime<Utc>| (at - alert.raised_at).num_seconds().max(0);
        tally.acknowledged.extend(alert.acknowledged_at.map(took));
        tally.resolved.extend(alert.resolved_at.map(took));
        if alert.status == AlertStatus::Resolved {
            *self.categories.entry(alert.category).or_default() += 1;
        }
        let names = alert.detectors.as_deref().unwrap_or_default();
        for detector in names.split(',').filter(|name| !name.is_empty()) {
            self.add_detector(detector, alert.category);
        }
    }

    fn add_detector(&mut self, detector: &str, category: Option<Resolution>) {
        // Most alerts name a detector that is known already.
        if !self.detectors.contains_key(detector) {
            let first = DetectorCount { detector: detector.to_owned(), ..DetectorCount::default() };
            self.detectors.insert(detector.to_owned(), first);
        }
        let Some(count) = self.detectors.get_mut(detector) else { return };
        count.raised += 1;
        match category {
            Some(Resolution::TruePositive) => count.true_positive += 1,
            Some(Resolution::Expected) => count.expected += 1,
            Some(Resolution::FalsePositive) => count.false_positive += 1,
            Some(Resolution::Duplicate) => count.duplicate += 1,
            None => {}
        }
    }

    fn stats(self, since: Option<DateTime<Utc>>, until: DateTime<Utc>) -> AlertStats {
        let severities: Vec<_> =
            self.severities.into_iter().rev().map(|(severity, tally)| tally.of(severity)).collect();
        AlertStats {
            since,
            until,
            raised: severities.iter().map(|count| count.raised).sum(),
            severities,
            categories: self.categories.into_iter().collect(),
            detectors: self.detectors.into_values().collect(),
            reported: None,
        }
    }
}

impl Tally {
    fn of(self, severity: Severity) -> SeverityCount {
        let [open, acknowledged, snoozed, resolved] = self.statuses;
        SeverityCount {
            severity,
            raised: self.statuses.iter().sum(),
            open,
            acknowledged,
            snoozed,
            resolved,
            to_acknowledge: Lead::of(self.acknowledged),
            to_resolve: Lead::of(self.resolved),
        }
    }
}
