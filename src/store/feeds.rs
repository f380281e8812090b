//! Stores feed events and cursors, one transaction for each page.

use chrono::{DateTime, Utc};
use rusqlite::{Connection, Row, named_params};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    Store, StoreError,
    columns::{Micros, Word, count, limit, time},
    error::QueryFailure,
    reading::one,
    sealed::{EVENTS, SOURCES},
    work::{self, Demand},
};
use crate::model::Package;

/// One event of a feed's page, about a watched package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewEvent {
    /// The package.
    pub package: Package,
    /// What kind of change.
    pub kind: EventKind,
    /// The change as JSON, in the form of the registry room.
    pub change: String,
    /// The document's revision to wait for, where the feed names one.
    pub revision: Option<String>,
    /// The feed's own unique key.
    pub key: String,
    /// When, if the feed says.
    pub at: Option<DateTime<Utc>>,
}

/// The kinds of change that feeds announce.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum EventKind {
    /// The package's document changed.
    Document,
    /// A version was released.
    Release,
    /// The package was removed.
    Removed,
    /// Who may publish changed, or the state of a release.
    Governance,
}

/// What became of a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Taken {
    /// Events that were not stored before.
    pub new: usize,
}

/// What a feed lost with its place.
#[derive(Clone, Copy, Debug)]
pub struct Lost<'a> {
    /// What happened, one sentence for people.
    pub why: &'a str,
    /// The packages of which something may have been missed: every watched one of the feed's ecosystem.
    pub packages: &'a [Package],
}

/// Where a feed stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct SourceState {
    /// Its name.
    pub name: String,
    /// Its place.
    pub cursor: Option<String>,
    /// When a page was last taken.
    pub last_success: Option<DateTime<Utc>>,
    /// What went wrong last.
    pub last_error: Option<String>,
    /// When it did.
    pub last_error_at: Option<DateTime<Utc>>,
    /// The reason for its last cursor gap.
    pub last_gap: Option<String>,
    /// When it did.
    pub last_gap_at: Option<DateTime<Utc>>,
    /// Events stored.
    pub events: u64,
}

/// An event as it is stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StoredEvent {
    /// The feed.
    pub source: String,
    /// What kind of change.
    pub kind: EventKind,
    /// The change as JSON.
    pub change: String,
    /// When, if the feed says.
    pub at: Option<DateTime<Utc>>,
    /// When it was stored.
    pub seen_at: DateTime<Utc>,
}

impl Store {
    /// Where a feed stands; `None`: it was never read.
    ///
    /// # Errors
    /// As every read.
    pub fn cursor(&self, source: &str) -> Result<Option<String>, StoreError> {
        self.read("reading a cursor", |db| {
            let cursor =
                one(db, &SOURCES, "SELECT cursor, {row} FROM sources WHERE name = ?1", [source], |row| row.get(0))?;
            Ok(cursor.flatten())
        })
    }

    /// Takes a page: stores its events, opens work for their packages and moves the cursor to `after`, in one transaction.
    /// Events that are stored already change nothing.
    ///
    /// # Errors
    /// As every write; then nothing of the page was taken.
    pub fn take_page(
        &self,
        source: &str,
        after: &str,
        events: &[NewEvent],
        now: DateTime<Utc>,
    ) -> Result<Taken, StoreError> {
        self.write("taking a page of a feed", |db| page(db, source, after, events, now))
    }

    /// Remembers that something that has no place to stand at (the trust root) was read.
    ///
    /// # Errors
    /// As every write.
    pub fn source_read(&self, source: &str, now: DateTime<Utc>) -> Result<(), StoreError> {
        self.write("recording a read", |db| succeeded(db, source, None, now))
    }

    /// Remembers that a feed could not be read.
    ///
    /// # Errors
    /// As every write.
    pub fn source_failed(&self, source: &str, error: &str, now: DateTime<Utc>) -> Result<(), StoreError> {
        self.write("recording a feed's failure", |db| {
            db.prepare_cached(
                "INSERT INTO sources (name, last_error, last_error_at) VALUES (?1, ?2, ?3)
                 ON CONFLICT (name) DO UPDATE SET last_error = excluded.last_error, last_error_at = excluded.last_error_at",
            )?
            .execute((source, error, Micros(now)))?;
            Ok(())
        })
    }

    /// A feed lost its place: takes its page as [`Store::take_page`] does and opens work for every package of the gap, in
    /// one transaction.
    ///
    /// # Errors
    /// As every write.
    pub fn note_gap(
        &self,
        source: &str,
        after: &str,
        events: &[NewEvent],
        gap: Lost<'_>,
        now: DateTime<Utc>,
    ) -> Result<Taken, StoreError> {
        self.write("recording a gap of a feed", |db| {
            begin_anew(db, source, after, gap.why, now)?;
            let taken = page(db, source, after, events, now)?;
            for package in gap.packages {
                work::demand(db, package, Demand::unannounced(source), now)?;
            }
            Ok(taken)
        })
    }

    /// Every feed that was ever read or tried, by name.
    ///
    /// # Errors
    /// As every read.
    pub fn sources(&self) -> Result<Vec<SourceState>, StoreError> {
        self.read("listing the feeds", |db| {
            let sql = "SELECT *, (SELECT count(*) FROM events WHERE source = name) AS events, {row}
                       FROM sources ORDER BY name";
            db.rows(&SOURCES, sql, [], source_state)
        })
    }

    /// The events of a package, of one kind or of all, the latest first.
    ///
    /// # Errors
    /// As every read.
    pub fn events_of(
        &self,
        package: &Package,
        kind: Option<EventKind>,
        at_most: usize,
    ) -> Result<Vec<StoredEvent>, StoreError> {
        self.read("listing the events of a package", |db| {
            let sql = "SELECT *, {row} FROM events WHERE package = :package AND (:kind IS NULL OR kind = :kind)
                       ORDER BY id DESC LIMIT :at_most";
            let wanted = named_params! {
                ":package": package.to_string(), ":kind": kind.map(Word), ":at_most": limit(at_most),
            };
            db.rows(&EVENTS, sql, wanted, stored_event)
        })
    }

    /// The changes of one kind that were announced of a package, each as it was announced last, the latest first.
    pub(crate) fn distinct_events_of(
        &self,
        package: &Package,
        kind: EventKind,
        at_most: usize,
    ) -> Result<Vec<StoredEvent>, StoreError> {
        self.read("listing what was announced of a package", |db| {
            let sql = "SELECT *, {row} FROM events WHERE id IN (
                           SELECT max(id) FROM events WHERE package = ?1 AND kind = ?2 GROUP BY change
                           ORDER BY max(id) DESC LIMIT ?3
                       ) ORDER BY id DESC";
            db.rows(&EVENTS, sql, (package.to_string(), Word(kind), limit(at_most)), stored_event)
        })
    }
}

/// Numbers that a feed used before its gap may come again, and are then those of other events. Only a gap that is recorded
/// twice, because the first commit was not heard of, begins nothing.
fn begin_anew(db: &Connection, source: &str, after: &str, why: &str, now: DateTime<Utc>) -> Result<(), QueryFailure> {
    db.prepare_cached(
        "INSERT INTO sources (name, last_gap, last_gap_at) VALUES (:name, :why, :now)
         ON CONFLICT (name) DO UPDATE SET last_gap = excluded.last_gap, last_gap_at = excluded.last_gap_at,
             resets = CASE WHEN sources.cursor IS NOT DISTINCT FROM :after
                 AND sources.last_gap IS NOT DISTINCT FROM excluded.last_gap THEN sources.resets
                 ELSE coalesce(sources.resets, 0) + 1 END",
    )?
    .execute(named_params! { ":name": source, ":why": why, ":now": Micros(now), ":after": after })?;
    Ok(())
}

fn page(
    db: &Connection,
    source: &str,
    after: &str,
    events: &[NewEvent],
    now: DateTime<Utc>,
) -> Result<Taken, QueryFailure> {
    succeeded(db, source, Some(after), now)?;
    let resets: i64 = db
        .prepare_cached("SELECT coalesce(resets, 0) FROM sources WHERE name = ?1")?
        .query_row([source], |row| row.get(0))?;
    let mut new = 0;
    for event in events {
        // Those of before the first gap are as they always were.
        let key = if resets == 0 { event.key.clone() } else { format!("{resets}/{}", event.key) };
        if insert_event(db, source, event, &key, now)? {
            work::demand(db, &event.package, Demand::announced(source, event.revision.as_deref()), now)?;
            new += 1;
        }
    }
    Ok(Taken { new })
}

fn succeeded(db: &Connection, source: &str, cursor: Option<&str>, now: DateTime<Utc>) -> Result<(), QueryFailure> {
    db.prepare_cached(
        "INSERT INTO sources (name, cursor, last_success) VALUES (?1, ?2, ?3)
         ON CONFLICT (name) DO UPDATE SET cursor = excluded.cursor, last_success = excluded.last_success",
    )?
    .execute((source, cursor, Micros(now)))?;
    Ok(())
}

fn insert_event(
    db: &Connection,
    source: &str,
    event: &NewEvent,
    key: &str,
    now: DateTime<Utc>,
) -> Result<bool, QueryFailure> {
    let inserted = db
        .prepare_cached(
            "INSERT INTO events (source, key, package, kind, change, at, seen_at)
             VALUES (:source, :key, :package, :kind, :change, :at, :now) ON CONFLICT (source, key) DO NOTHING",
        )?
        .execute(named_params! {
            ":source": source,
            ":key": key,
            ":package": event.package.to_string(),
            ":kind": Word(event.kind),
            ":change": event.change,
            ":at": event.at.map(Micros),
            ":now": Micros(now),
        })?;
    Ok(inserted == 1)
}

fn source_state(row: &Row<'_>) -> rusqlite::Result<SourceState> {
    Ok(SourceState {
        name: row.get("name")?,
        cursor: row.get("cursor")?,
        last_success: time(row.get("last_success")?),
        last_error: row.get("last_error")?,
        last_error_at: time(row.get("last_error_at")?),
        last_gap: row.get("last_gap")?,
        last_gap_at: time(row.get("last_gap_at")?),
        events: count(row.get("events")?),
    })
}

fn stored_event(row: &Row<'_>) -> rusqlite::Result<StoredEvent> {
    Ok(StoredEvent {
        source: row.get("source")?,
        kind: row.get::<_, Word<_>>("kind")?.0,
        change: row.get("change")?,
        at: time(row.get("at")?),
        seen_at: row.get::<_, Micros>("seen_at")?.0,
    })
}
