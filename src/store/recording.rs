//! Stores records and alerts, each in one transaction.

use std::borrow::Cow;

use chrono::{DateTime, Utc};
use rusqlite::{Connection, OptionalExtension, named_params};

use super::{
    Record, Store, StoreError, Subject,
    addresses::Hiding,
    alerts::stored,
    baselines,
    columns::{Json, Micros, Word},
    dependents::{depend, depend_newest},
    developments::develop,
    documents,
    error::QueryFailure,
    holding::is_held,
    incidents, logs,
    outcome::Outcome,
    packed::Packed,
    raising,
    record::Recorded,
    traces::trace,
};
use crate::model::{Alert, Fingerprint, Observation, ReleaseId, ReleaseLine, files_fingerprint};

impl Store {
    /// Stores the result of checking a release: the release, its alert with one delivery for each subscription, and the
    /// baseline update, in one transaction. Recording the same again changes nothing.
    ///
    /// # Errors
    /// [`StoreError::BaselineMoved`] if the baseline was changed since it was read, [`StoreError::Unstorable`] if the
    /// release's name could not be read back; else as every write.
    pub fn record(&self, record: &Record) -> Result<Recorded, StoreError> {
        self.write("recording a release", |db| apply(db, record))
    }

    /// Stores many records in one transaction, as a backfill does: all or none.
    ///
    /// # Errors
    /// As [`Store::record`].
    pub fn record_batch(&self, records: &[Record]) -> Result<Vec<Recorded>, StoreError> {
        self.write("recording releases", |db| {
            depend_newest(db, records)?;
            records.iter().map(|record| apply(db, record)).collect()
        })
    }

    /// Stores an alert that no release raised (a stale source, a dead sink), with one delivery for each subscription.
    /// Such an alert reopens when it was resolved and its cause is back.
    ///
    /// # Errors
    /// As every write.
    pub fn record_alert(
        &self,
        alert: &Alert,
        subscriptions: &[String],
        now: DateTime<Utc>,
    ) -> Result<Recorded, StoreError> {
        self.write("recording an alert", |db| raise(db, alert, subscriptions, now))
    }
}

/// Stores a raised alert. Whether it is silenced is that of the alert as it is stored now, with its earlier parts.
fn raise(
    db: &Connection,
    alert: &Alert,
    subscriptions: &[String],
    now: DateTime<Utc>,
) -> Result<Recorded, QueryFailure> {
    let raised = raising::upsert(db, alert, subscriptions, now)?;
    let stored = stored(db, &alert.fingerprint)?;
    let silenced = stored.map(|stored| is_held(db, &stored.alert, now)).transpose()?.unwrap_or_default();
    Ok(Recorded::of(&raised, silenced))
}

fn apply(db: &Connection, record: &Record) -> Result<Recorded, QueryFailure> {
    let mut recorded = Recorded::default();
    upsert(db, record)?;
    // Log entries of releases from before the package was watched are not looked up: a backfill would query for all of
    // history.
    if let (Subject::Observed(observation), true) = (&record.subject, record.outcome != Outcome::Learned) {
        logs::checks::queue(db, observation, record.now)?;
    }
    if let Some(alert) = &record.alert {
        recorded = raise(db, alert, &record.subscriptions, record.now)?;
    }
    let release = record.subject.release();
    depend(db, record)?;
    incidents::join(db, record)?;
    documents::keep(db, record, stored(db, &Fingerprint::of_release(release))?.is_some())?;
    develop(db, release, &record.developments, record.now)?;
    if let Some(change) = &record.baseline {
        recorded.baseline_versions = baselines::apply(db, change, record.now)?;
    }
    Ok(recorded)
}

/// Stores the release of a record. Stored data changes nothing. A release that was once readable keeps its observation.
fn upsert(db: &Connection, record: &Record) -> Result<(), QueryFailure> {
    let observation = match &record.subject {
        Subject::Observed(observation) => Some(readable_back(observation)?),
        Subject::Unreadable { .. } => None,
    };
    let hiding = Hiding::of(db, record.subject.release().package())?;
    let stored = observation.map(|seen| hiding.release(seen));
    let published_at = observation.map(|seen| seen.published_at);
    let id = upsert_row(db, record, stored.as_deref(), &hiding.sentences(published_at, record.reasons()))?;
    match (id, observation) {
        (Some(id), Some(observation)) => trace(db, id, observation),
        _ => Ok(()),
    }
}

/// The JSON form names the release by its purl; one that does not parse again would make the row permanently
/// unreadable.
fn readable_back(observation: &Observation) -> Result<&Observation, StoreError> {
    let purl = observation.purl.to_string();
    match purl.parse::<ReleaseId>() {
        Ok(parsed) if parsed == observation.purl => Ok(observation),
        Ok(_) => Err(StoreError::Unstorable { what: shortened(&purl), why: "its purl is that of another".to_owned() }),
        Err(error) => Err(StoreError::Unstorable { what: shortened(&purl), why: error.to_string() }),
    }
}

fn shortened(text: &str) -> String {
    text.chars().take(100).collect()
}

/// The release as it was last seen; stored data changes nothing and returns no row.
const UPSERT: &str =
    "INSERT INTO releases (purl, package, version, line, published_at, observed_at, updated_at, status, outcome,
                          unchecked, recheck_at, files, observation, checksum)
    VALUES (:purl, :package, :version, :line, :published_at, :now, :now, :status, :outcome,
            :unchecked, :recheck_at, :files, :observation,
            -- Here and not by the trigger: a history has many releases, and each would be written twice.
            row_sum(:purl, :package, :version, :line, :published_at, :now, :now, :status, :outcome, :unchecked, 0,
                    :recheck_at, 0, :files, :observation))
    ON CONFLICT (purl) DO UPDATE SET
        published_at = coalesce(excluded.published_at, releases.published_at),
        updated_at = excluded.updated_at,
        status = CASE WHEN excluded.observation IS NULL THEN releases.status ELSE excluded.status END,
        outcome = excluded.outcome,
        unchecked = excluded.unchecked,
        attempts = CASE WHEN excluded.recheck_at IS NULL THEN 0
                        WHEN :goes_on THEN releases.attempts ELSE releases.attempts + 1 END,
        recheck_at = excluded.recheck_at,
        files = CASE WHEN excluded.observation IS NULL THEN releases.files ELSE excluded.files END,
        observation = coalesce(excluded.observation, releases.observation)
    WHERE (releases.outcome, releases.unchecked, releases.recheck_at)
           IS DISTINCT FROM (excluded.outcome, excluded.unchecked, excluded.recheck_at)
       OR (excluded.observation IS NOT NULL AND releases.observation IS DISTINCT FROM excluded.observation)
    RETURNING id";

/// The row's id, or `None` if nothing changed.
fn upsert_row(
    db: &Connection,
    record: &Record,
    observation: Option<&Observation>,
    reasons: &[Cow<'_, str>],
) -> Result<Option<i64>, QueryFailure> {
    let release = record.subject.release();
    let mut query = db.prepare_cached(UPSERT)?;
    let id = query
        .query_row(
            named_params! {
                ":purl": release.to_string(),
                ":package": release.package().to_string(),
                ":version": release.version(),
                ":line": ReleaseLine::of(release).as_str(),
                ":published_at": observation.map(|seen| Micros(seen.published_at)),
                ":now": Micros(record.now),
                ":status": Word(observation.map(|seen| seen.status).unwrap_or_default()),
                ":outcome": Word(record.outcome),
                ":unchecked": Json(reasons),
                ":recheck_at": record.recheck_at.map(Micros),
                ":goes_on": record.goes_on,
                ":files": files_fingerprint(observation.map_or(&[], |seen| &seen.files)),
                ":observation": observation.map(Packed),
            },
            |row| row.get(0),
        )
        .optional()?;
    Ok(id)
}
