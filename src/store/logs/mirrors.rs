//! Stores the state of a log's mirrors.

use chrono::{DateTime, Utc};
use rusqlite::{Connection, Row, named_params};
use schemars::JsonSchema;
use serde::Serialize;

use crate::store::{
    Store, StoreError,
    columns::{Micros, Position, time},
    error::QueryFailure,
};

/// An observation of a mirror.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MirrorSeen {
    pub url: String,
    /// How many entries it signed; `None`: it gave no signed answer.
    pub size: Option<u64>,
    /// Whether another mirror of the log has signed more.
    pub is_behind: bool,
    /// Whether its signed history differs from the known one.
    pub is_other_history: bool,
    /// Why it could not be read or compared, or the contradiction.
    pub error: Option<String>,
}

/// The state of a mirror.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct MirrorRow {
    /// The log.
    pub log: String,
    /// Its URL.
    pub url: String,
    /// How many entries it signed when it last answered.
    pub size: Option<u64>,
    /// When it last answered.
    pub seen_at: Option<DateTime<Utc>>,
    /// Since when it has had fewer entries than another one, without growing.
    pub behind_since: Option<DateTime<Utc>>,
    /// Since when it could not be read or compared, or contradicts.
    pub failing_since: Option<DateTime<Utc>>,
    /// The reason.
    pub last_error: Option<String>,
    /// Since when its answers have shown a different history from the known one.
    pub other_history_since: Option<DateTime<Utc>>,
}

impl MirrorRow {
    fn after(self, seen: &MirrorSeen, now: DateTime<Utc>) -> Self {
        let grew = seen.size.is_some() && seen.size != self.size;
        let since = |before: Option<DateTime<Utc>>| Some(before.map_or(now, |since| since.min(now)));
        Self {
            behind_since: if seen.is_behind { since(self.behind_since.filter(|_| !grew)) } else { None },
            failing_since: seen.error.as_ref().and_then(|_| since(self.failing_since)),
            last_error: seen.error.clone(),
            other_history_since: match seen.size {
                // A mirror without an answer does not clear anything.
                None => self.other_history_since,
                Some(_) if seen.is_other_history => since(self.other_history_since),
                Some(_) => None,
            },
            size: seen.size.or(self.size),
            seen_at: seen.size.map(|_| now).or(self.seen_at),
            ..self
        }
    }
}

impl Store {
    /// The mirrors of every log that has some.
    ///
    /// # Errors
    /// As every read.
    pub fn log_mirrors(&self) -> Result<Vec<MirrorRow>, StoreError> {
        self.read("listing the mirrors of logs", |db| mirrors(db, None))
    }

    /// Stores the state of the mirrors of a log. Mirrors that are not among them are deleted.
    pub(crate) fn note_mirrors(&self, log: &str, seen: &[MirrorSeen], now: DateTime<Utc>) -> Result<(), StoreError> {
        self.write("recording the mirrors of a log", |db| {
            let known = mirrors(db, Some(log))?;
            db.prepare_cached("DELETE FROM log_mirrors WHERE log = ?1")?.execute([log])?;
            seen.iter().try_for_each(|one| {
                let before = known.iter().find(|row| row.url == one.url).cloned();
                insert(db, &before.unwrap_or_else(|| new(log, &one.url)).after(one, now))
            })
        })
    }

    /// Deletes the mirrors of a log that has none any more. That costs no write where there were none.
    pub(crate) fn forget_mirrors(&self, log: &str) -> Result<(), StoreError> {
        if self.read("looking up the mirrors of a log", |db| mirrors(db, Some(log)))?.is_empty() {
            return Ok(());
        }
        self.write("forgetting the mirrors of a log", |db| {
            db.prepare_cached("DELETE FROM log_mirrors WHERE log = ?1")?.execute([log])?;
            Ok(())
        })
    }
}

fn new(log: &str, url: &str) -> MirrorRow {
    let (log, url) = (log.to_owned(), url.to_owned());
    MirrorRow {
        log,
        url,
        size: None,
        seen_at: None,
        behind_since: None,
        failing_since: None,
        last_error: None,
        other_history_since: None,
    }
}

fn mirrors(db: &Connection, log: Option<&str>) -> Result<Vec<MirrorRow>, QueryFailure> {
    let mut query =
        db.prepare_cached("SELECT * FROM log_mirrors WHERE :log IS NULL OR log = :log ORDER BY log, url")?;
    Ok(query.query_map(named_params! { ":log": log }, mirror_row)?.collect::<Result<_, _>>()?)
}

fn insert(db: &Connection, row: &MirrorRow) -> Result<(), QueryFailure> {
    db.prepare_cached(
        "INSERT INTO log_mirrors (log, url, size, seen_at, behind_since, failing_since, last_error, other_history_since)
         VALUES (:log, :url, :size, :seen_at, :behind_since, :failing_since, :last_error, :other_history_since)",
    )?
    .execute(named_params! {
        ":log": row.log, ":url": row.url, ":size": row.size.map(Position), ":seen_at": row.seen_at.map(Micros),
        ":behind_since": row.behind_since.map(Micros), ":failing_since": row.failing_since.map(Micros),
        ":last_error": row.last_error, ":other_history_since": row.other_history_since.map(Micros),
    })?;
    Ok(())
}

fn mirror_row(row: &Row<'_>) -> rusqlite::Result<MirrorRow> {
    Ok(MirrorRow {
        log: row.get("log")?,
        url: row.get("url")?,
        size: row.get::<_, Option<Position>>("size")?.map(|Position(size)| size),
        seen_at: time(row.get("seen_at")?),
        behind_since: time(row.get("behind_since")?),
        failing_since: time(row.get("failing_since")?),
        last_error: row.get("last_error")?,
        other_history_since: time(row.get("other_history_since")?),
    })
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    #[test]
    fn how_long_a_mirror_has_been_behind_or_failing_is_kept() {
        let store = Store::in_memory().unwrap();
        let at = |minutes: i64| DateTime::<Utc>::UNIX_EPOCH + TimeDelta::minutes(minutes);
        let note = |minutes: i64, size: Option<u64>, is_behind: bool, error: Option<&str>| {
            let error = error.map(str::to_owned);
            let is_other_history = error.as_deref() == Some("it forked");
            let seen = MirrorSeen { url: "https://a.example".to_owned(), size, is_behind, is_other_history, error };
            store.note_mirrors("log", &[seen], at(minutes)).unwrap();
            let [row] = store.log_mirrors().unwrap().try_into().unwrap();
            let minutes = |time: Option<DateTime<Utc>>| time.map(|time| (time - at(0)).num_minutes());
            (minutes(row.behind_since), minutes(row.failing_since), row.size, minutes(row.other_history_since))
        };
        assert_eq!(note(1, Some(5), false, None), (None, None, Some(5), None));
        assert_eq!(note(2, Some(5), true, None), (Some(2), None, Some(5), None));
        assert_eq!(note(3, None, true, Some("it does not answer")), (Some(2), Some(3), Some(5), None));
        assert_eq!(note(4, Some(5), true, Some("nor now")), (Some(2), Some(3), Some(5), None));
        assert_eq!(note(5, Some(6), true, None), (Some(5), None, Some(6), None), "it grows");
        assert_eq!(note(6, Some(6), false, None), (None, None, Some(6), None));
        assert_eq!(note(7, Some(7), false, Some("it forked")), (None, Some(7), Some(7), Some(7)));
        assert_eq!(
            note(8, None, false, Some("it does not answer")),
            (None, Some(7), Some(7), Some(7)),
            "not taken back"
        );
        assert_eq!(note(9, Some(8), false, Some("it forked")), (None, Some(7), Some(8), Some(7)));
        assert_eq!(note(10, Some(8), false, None), (None, None, Some(8), None));
        store.forget_mirrors("log").unwrap();
        assert_eq!(store.log_mirrors().unwrap(), []);
    }
}
