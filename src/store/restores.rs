//! Stores when the store was restored from a backup, and when the gap of each feed since then was closed. The table of
//! restores only grows.

use chrono::{DateTime, TimeDelta, Utc};
use rusqlite::{Connection, OptionalExtension, Row, named_params};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    Store, StoreError,
    columns::{Micros, Word, count, limit, time},
    error::QueryFailure,
    history::{Head, NotedHead, head},
    reading::Reading,
    sealed::RESTORES,
};
use crate::model::{Alert, MAY_REPEAT};

/// The detail of the attempt by which a restore gives a message up.
const GIVEN_UP: &str = "a restore of the store gave it up: it may have got through before";

/// How long before the end of a backup a release may have been published whose alert was sent after it.
const JUDGED_LATER: TimeDelta = TimeDelta::hours(1);

/// What becomes of the messages that waited when the backup was made, and may have got through since.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Pending {
    /// They are sent, and say that they may be repetitions.
    Sent,
    /// They are dead letters: an operator can send them again.
    GivenUp,
}

/// A restore that is to be recorded.
#[derive(Clone, Debug)]
pub(crate) struct NewRestore {
    pub at: DateTime<Utc>,
    pub by: String,
    pub reason: Option<String>,
    /// The name of the file with the store before, and the end of its history, if it could be read.
    pub replaced: Option<String>,
    pub replaced_head: Option<Head>,
    pub pending: Pending,
}

/// A restore of the store from a backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Restore {
    /// When.
    pub at: DateTime<Utc>,
    /// Who restored it.
    pub by: String,
    /// Why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The time that it went back to: when a process last worked on the backup's store.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub as_of: Option<DateTime<Utc>>,
    /// The end of the backup's history, as `store check --head` takes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub head: Option<String>,
    /// The name of the file beside the database that has the store before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replaced: Option<String>,
    /// The end of the history of the store before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replaced_head: Option<String>,
    /// What became of the messages that waited.
    pub pending: Pending,
    /// How many waited.
    pub deliveries: u64,
    /// The gaps of the feeds.
    pub gaps: Vec<RestoreGap>,
}

/// The gap of a feed after a restore.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct RestoreGap {
    /// The feed.
    pub source: String,
    /// When the backup had last read it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<DateTime<Utc>>,
    /// When it was read to its end again; missing: not yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub closed_at: Option<DateTime<Utc>>,
    /// How: `read`, or `compared` if the feed did not reach back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub how: Option<GapClosed>,
    /// Events of watched packages in between.
    pub events: u64,
}

/// How a gap was closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum GapClosed {
    /// The feed reached back.
    Read,
    /// It did not, and every package is compared with its registry.
    Compared,
}

impl Restore {
    /// Whether a head that was noted may be from the time that this restore took back.
    pub fn took_back(&self, noted: &NotedHead) -> bool {
        let seq = |head: &str| head.split_once(':').and_then(|(seq, _)| seq.parse::<i64>().ok());
        noted.seq > self.head.as_deref().and_then(seq).unwrap_or(0)
    }
}

impl Store {
    /// Records that this store was restored, with the gaps of its feeds, and marks or gives up the messages that wait.
    ///
    /// # Errors
    /// As every write.
    pub(crate) fn record_restore(&self, new: &NewRestore) -> Result<Restore, StoreError> {
        let as_of = self.worked_until()?;
        self.write("recording a restore", |db| {
            let id = insert(db, new, as_of)?;
            db.prepare_cached(
                "INSERT INTO restore_gaps (restore, source, from_at)
                 SELECT ?1, name, last_success FROM sources WHERE cursor IS NOT NULL",
            )?
            .execute([id])?;
            match new.pending {
                Pending::Sent => mark(db, &sentence(new.at, as_of))?,
                Pending::GivenUp => give_up(db, new.at)?,
            }
            Ok(())
        })?;
        let mut latest = self.restores(1)?;
        latest
            .pop()
            .ok_or_else(|| StoreError::Unstorable { what: "a restore".to_owned(), why: "it is gone".to_owned() })
    }

    /// When a process last worked on this store, by everything that shows that.
    ///
    /// # Errors
    /// As every read.
    pub(crate) fn worked_until(&self) -> Result<Option<DateTime<Utc>>, StoreError> {
        let beat = StoreError::unless_damaged(self.runner())?.flatten().map(|runner| runner.beat_at);
        Ok(beat.max(self.latest_time()?))
    }

    /// The restores, the latest first.
    ///
    /// # Errors
    /// As every read.
    pub fn restores(&self, at_most: usize) -> Result<Vec<Restore>, StoreError> {
        self.read("listing the restores", |db| {
            let sql = "SELECT *, {row} FROM restores ORDER BY id DESC LIMIT ?1";
            let rows = db.rows(&RESTORES, sql, [limit(at_most)], |row| Ok((row.get("id")?, restore(row)?)))?;
            rows.into_iter().map(|(id, restore)| Ok(Restore { gaps: gaps(db, id)?, ..restore })).collect()
        })
    }

    /// Records that a feed was read to its end, if a restore left a gap in it. Without one it takes no lock.
    ///
    /// # Errors
    /// As every write.
    pub(crate) fn close_restore_gap(&self, source: &str, now: DateTime<Utc>) -> Result<Option<RestoreGap>, StoreError> {
        let open = "SELECT EXISTS (SELECT 1 FROM restore_gaps WHERE source = ?1 AND closed_at IS NULL)";
        let is_open = self.read("looking for the gap of a restore", |db| {
            Ok(db.prepare_cached(open)?.query_row([source], |row| row.get::<_, bool>(0))?)
        })?;
        if !is_open {
            return Ok(None);
        }
        self.write("closing the gap of a restore", |db| close(db, source, now))
    }
}

/// The gap of the latest restore. Those of earlier restores, which the backup had open, are closed with it.
fn close(db: &Connection, source: &str, now: DateTime<Utc>) -> Result<Option<RestoreGap>, QueryFailure> {
    let mut update = db.prepare_cached(
        "UPDATE restore_gaps SET closed_at = :now,
             how = CASE WHEN EXISTS (
                 SELECT 1 FROM sources, restores WHERE sources.name = restore_gaps.source
                     AND restores.id = restore_gaps.restore AND sources.last_gap_at >= restores.at
             ) THEN 'compared' ELSE 'read' END,
             events = (
                 SELECT count(*) FROM events, restores WHERE events.source = restore_gaps.source
                     AND restores.id = restore_gaps.restore AND events.seen_at >= restores.at
             )
         WHERE source = :source AND closed_at IS NULL",
    )?;
    if update.execute(named_params! {":now": Micros(now), ":source": source})? == 0 {
        return Ok(None);
    }
    let mut query = db.prepare_cached("SELECT * FROM restore_gaps WHERE source = ?1 ORDER BY restore DESC LIMIT 1")?;
    Ok(query.query_row([source], gap).optional()?)
}

fn insert(db: &Connection, new: &NewRestore, as_of: Option<DateTime<Utc>>) -> Result<i64, QueryFailure> {
    let end = head(db)?;
    let mut insert = db.prepare_cached(
        "INSERT INTO restores
             (at, by, reason, as_of, head_seq, head_chain, replaced, replaced_head, pending, deliveries)
         SELECT :at, :by, :reason, :as_of, :seq, :chain, :replaced, :replaced_head, :pending,
             count(*) FILTER (WHERE state = 'pending') FROM deliveries
         RETURNING id",
    )?;
    let values = named_params! {
        ":at": Micros(new.at), ":by": new.by, ":reason": new.reason, ":as_of": as_of.map(Micros),
        ":seq": end.map(|head| head.seq), ":chain": end.map(|head| head.short_hash()),
        ":replaced": new.replaced, ":replaced_head": new.replaced_head.map(|head| head.to_string()),
        ":pending": Word(new.pending),
    };
    Ok(insert.query_row(values, |row| row.get(0))?)
}

/// A digest has a word of its own in the place of a reason; its period shows that it is a repetition.
fn mark(db: &Connection, why: &str) -> Result<(), QueryFailure> {
    db.prepare_cached(
        "UPDATE deliveries SET why = CASE WHEN why IS NULL THEN :why ELSE why || ' (' || :why || ')' END
         WHERE state = 'pending' AND (why IS NULL OR why <> 'digest')",
    )?
    .execute(named_params! {":why": why})?;
    Ok(())
}

fn give_up(db: &Connection, now: DateTime<Utc>) -> Result<(), QueryFailure> {
    db.prepare_cached(
        "INSERT INTO attempts (delivery, number, at, outcome, detail)
         SELECT id, attempts + 1, ?1, 'gave-up', ?2 FROM deliveries WHERE state = 'pending'",
    )?
    .execute((Micros(now), GIVEN_UP))?;
    db.prepare_cached(
        "UPDATE deliveries SET state = 'failed', attempts = attempts + 1, next_at = :now, settled_at = :now
         WHERE state = 'pending'",
    )?
    .execute(named_params! {":now": Micros(now)})?;
    Ok(())
}

/// What a message says that its receiver may have had before.
fn sentence(at: DateTime<Utc>, as_of: Option<DateTime<Utc>>) -> String {
    let minute = |at: DateTime<Utc>| at.format("%Y-%m-%d %H:%M UTC").to_string();
    let to = as_of.map_or_else(String::new, |as_of| format!(" to its state of {}", minute(as_of)));
    format!("{MAY_REPEAT}: the store was restored on {}{to}", minute(at))
}

/// The note of a message about an alert that was perhaps sent before the last restore, by a store that is gone: its release
/// was published between the backup and the restore.
pub(super) fn note(db: &Connection, alert: &Alert) -> Result<Option<String>, QueryFailure> {
    let Some(published) = alert.published_at else { return Ok(None) };
    let mut query = db.prepare_cached("SELECT at, as_of FROM restores ORDER BY id DESC LIMIT 1")?;
    let last = query.query_row([], |row| Ok((row.get::<_, Micros>("at")?.0, time(row.get("as_of")?)))).optional()?;
    Ok(last.and_then(|(at, as_of)| {
        let from = as_of.map_or(DateTime::<Utc>::MIN_UTC, earlier);
        (from..=at).contains(&published).then(|| sentence(at, as_of))
    }))
}

fn earlier(as_of: DateTime<Utc>) -> DateTime<Utc> {
    as_of.checked_sub_signed(JUDGED_LATER).unwrap_or(DateTime::<Utc>::MIN_UTC)
}

fn gaps(db: &Reading<'_>, restore: i64) -> Result<Vec<RestoreGap>, QueryFailure> {
    let mut query = db.prepare_cached("SELECT * FROM restore_gaps WHERE restore = ?1 ORDER BY source")?;
    Ok(query.query_map([restore], gap)?.collect::<Result<_, _>>()?)
}

fn gap(row: &Row<'_>) -> rusqlite::Result<RestoreGap> {
    Ok(RestoreGap {
        source: row.get("source")?,
        from: time(row.get("from_at")?),
        closed_at: time(row.get("closed_at")?),
        how: row.get::<_, Option<Word<_>>>("how")?.map(|word| word.0),
        events: count(row.get("events")?),
    })
}

fn restore(row: &Row<'_>) -> rusqlite::Result<Restore> {
    let (seq, chain): (Option<i64>, Option<String>) = (row.get("head_seq")?, row.get("head_chain")?);
    Ok(Restore {
        at: row.get::<_, Micros>("at")?.0,
        by: row.get("by")?,
        reason: row.get("reason")?,
        as_of: time(row.get("as_of")?),
        head: seq.zip(chain).map(|(seq, chain)| format!("{seq}:{chain}")),
        replaced: row.get("replaced")?,
        replaced_head: row.get("replaced_head")?,
        pending: row.get::<_, Word<_>>("pending")?.0,
        deliveries: count(row.get("deliveries")?),
        gaps: Vec::new(),
    })
}
