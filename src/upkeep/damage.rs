//! Repairs damage from broken rows of the database, each of which affects only its own subject. The store sets them
//! aside; here a lost baseline is learned again, and an alert names the loss and the next step.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};

use super::issues::{OperationalIssue, OperationalIssues};
use crate::{
    baseline::learn,
    clock::Clock,
    model::{Baseline, Confidence, Fingerprint, Package, Severity},
    store::{DamagedRow, Store, StoreError},
    text::counted,
};

/// Up to this many damaged rows within a day are reported one by one; one alert reports more.
const SINGLY: u64 = 5;
/// The length of that day.
const TOGETHER: TimeDelta = TimeDelta::days(1);
/// Rows that are reported at once, and that an alert about many names.
const BATCH: usize = 100;
const NAMED: usize = 5;
/// The advice about the cause of damage.
const NEXT_STEP: &str = "A sound disk and sound memory do not do this: look at both, and keep a backup of the database. \
                         `provwatch status` says whether there is more.";

/// Sets damaged rows aside and rebuilds those that can be rebuilt.
#[derive(Debug)]
pub struct Mender {
    store: Arc<Store>,
    clock: Arc<dyn Clock>,
    issues: Arc<OperationalIssues>,
}

impl Mender {
    /// A mender for this store, which reports through these issues.
    pub fn new(store: Arc<Store>, clock: Arc<dyn Clock>, issues: Arc<OperationalIssues>) -> Self {
        Self { store, clock, issues }
    }

    /// Sets known damaged rows aside, learns lost baselines again, and reports each once. Returns the number of
    /// reported rows.
    ///
    /// # Errors
    /// The store failed.
    pub fn mend(&self) -> Result<usize, StoreError> {
        let now = self.clock.now();
        let set_aside = self.store.set_damage_aside(now);
        let mut told = 0;
        loop {
            let rows = self.store.untold_damage(BATCH)?;
            if rows.is_empty() {
                break;
            }
            told += rows.len();
            self.tell_damage(rows, now)?;
        }
        set_aside.map(|_| told)
    }

    fn tell_damage(&self, rows: Vec<DamagedRow>, now: DateTime<Utc>) -> Result<(), StoreError> {
        let mut mended = Vec::new();
        for row in rows {
            mended.push(DamagedRow { remedy: self.remedy(&row, now)?, ..row });
        }
        let lately = self.store.damage_since(now - TOGETHER)?;
        if lately > SINGLY {
            self.issues.record(&many(&mended, lately, now), now)?;
        }
        for row in &mended {
            tracing::error!(
                table = row.table,
                row = row.key,
                why = row.why,
                "a damaged row was set aside: {}",
                row.remedy
            );
            if lately <= SINGLY {
                self.issues.record(&one(row), now)?;
            }
            self.store.damage_told(row.id, &row.remedy, now)?;
        }
        Ok(())
    }

    /// The remedy of a damaged row. A baseline is learned again from its releases.
    fn remedy(&self, row: &DamagedRow, now: DateTime<Utc>) -> Result<String, StoreError> {
        if row.table != "baselines" {
            return Ok(row.remedy.clone());
        }
        match row.lost_baseline() {
            Some(package) => self.learn_anew(&package, now),
            None => {
                Ok("Whose baseline it was cannot be read; the package that misses it reports so at its next check."
                    .to_owned())
            }
        }
    }

    fn learn_anew(&self, package: &Package, now: DateTime<Utc>) -> Result<String, StoreError> {
        let (learned_from, all) = self.store.all_learned_from(package)?;
        let mut baseline = Baseline::empty(package.clone());
        for teacher in &learned_from {
            learn(&mut baseline, teacher);
        }
        let read = learned_from.len() as u64;
        let nothing_left = read == 0 && all > 0;
        if nothing_left {
            self.store.forget_learned_from(package)?;
        }
        self.store.restore_baseline(&baseline, now)?;
        self.store.enqueue(std::slice::from_ref(package), "a damaged row", now)?;
        Ok(if nothing_left {
            format!(
                "None of the {all} releases that it was learned from can be read either, so it is learned anew from \
                 the history that the registry shows. The accepted releases are no longer known. Look at the next \
                 releases of {package} yourself: `provwatch lookup {package}`, `provwatch baseline show {package}`."
            )
        } else if read < all {
            format!(
                "It was learned anew from {read} of the {all} releases that it was learned from; the others cannot be \
                 read. Compare it with what you know of the package: `provwatch baseline show {package}`."
            )
        } else {
            format!("It was learned anew from {}, accepted ones included.", counted(read, "stored release"))
        })
    }
}

/// High for rows that cannot be completely rebuilt.
fn severity(row: &DamagedRow) -> Severity {
    match row.table.as_str() {
        "baselines" | "baseline_versions" | "alerts" | "alert_actions" | "deliveries" | "log_evidence" => {
            Severity::High
        }
        _ => Severity::Medium,
    }
}

fn one(row: &DamagedRow) -> OperationalIssue {
    let DamagedRow { id, table, key, why, remedy, .. } = row;
    OperationalIssue {
        subject: format!("damaged row {table} {key}"),
        severity: severity(row),
        confidence: Confidence::High,
        title: format!("a row of the table {table} was damaged: {}", short(key)),
        argument: format!(
            "The damage: {why}. provwatch set the row aside unchanged (number {id} of the table damaged_rows). \
             {remedy} {NEXT_STEP}"
        ),
    }
}

/// A fingerprint in the form in which people see it everywhere else: the id of the alert.
fn short(key: &str) -> String {
    key.parse::<Fingerprint>().map_or_else(|_| key.to_owned(), |alert| alert.id().to_string())
}

/// One alert a day for many rows; later rows are added to it.
fn many(rows: &[DamagedRow], lately: u64, now: DateTime<Utc>) -> OperationalIssue {
    let worst = rows.iter().map(severity).max().unwrap_or(Severity::Medium);
    let sample = |row: &DamagedRow| format!("{} {} ({}). {}", row.table, short(&row.key), row.why, row.remedy);
    let samples: Vec<String> = rows.iter().take(NAMED).map(sample).collect();
    OperationalIssue {
        subject: format!("damaged rows {}", now.date_naive()),
        severity: worst,
        confidence: Confidence::High,
        title: format!("{} of the database were damaged", counted(lately, "row")),
        argument: format!(
            "provwatch set them aside unchanged (the table damaged_rows), and rebuilt them where possible. The last \
             ones: {} If there are more every day, stop provwatch and restore a backup. {NEXT_STEP}",
            samples.join(" ")
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_alert_is_named_by_its_id() {
        assert_eq!(short(&"0123456789abcdef".repeat(4)), "0123456789ab");
        assert_eq!(short("pkg:npm/widget"), "pkg:npm/widget");
    }
}
