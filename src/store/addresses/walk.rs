//! Replaces old addresses in what is stored, package by package and in small steps that survive a kill.

use std::borrow::Cow;

use chrono::{DateTime, TimeDelta, Utc};
use rusqlite::{OptionalExtension, named_params};

use super::{
    aging::{age_baseline, age_release, age_text, has_old},
    key::{AddressKey, random},
    state::{self, State, Walk},
};
use crate::{
    model::{Baseline, Observation, StoredForm},
    store::{
        Store, StoreError,
        columns::{Json, limit},
        error::QueryFailure,
        packed::Packed,
        reading::Reading,
        sealed::{BASELINES, RELEASES},
    },
};

/// A walk begins when so much more is old than after the last one.
const EVERY: TimeDelta = TimeDelta::days(1);
/// Comes after the name of every package: the copies of damaged rows, which are last.
const DAMAGED: &str = "~";

/// What one step replaced.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Replaced {
    /// Releases whose addresses were replaced.
    pub releases: usize,
    /// Baselines.
    pub baselines: usize,
    /// Copies of damaged rows.
    pub damaged: usize,
    /// Whether the walk goes on.
    pub more: bool,
}

impl Replaced {
    pub fn rows(self) -> usize {
        self.releases + self.baselines + self.damaged
    }
}

impl Store {
    /// Replaces the addresses of releases from before a time, and addresses that no release of a line used since, by
    /// pseudonyms. One step looks at so many rows at most, in one transaction that also keeps the place. It takes the
    /// write lock only if there is something to look at: once a day.
    ///
    /// # Errors
    /// As every write, and [`StoreError::Unstorable`] if the system has no random numbers for the key.
    pub(crate) fn replace_addresses(&self, before: DateTime<Utc>, at_most: usize) -> Result<Replaced, StoreError> {
        let is_due = self
            .read("looking for old addresses", |db| Ok(state::read(db)?.is_none_or(|state| is_due(&state, before))))?;
        if !is_due {
            return Ok(Replaced::default());
        }
        let (replaced, broken) = self.write("replacing old addresses", |db| {
            let db = Reading::over(db);
            let replaced = step(&db, before, at_most)?;
            Ok((replaced, db.broken()))
        })?;
        self.noted.add(broken);
        Ok(replaced)
    }
}

fn is_due(state: &State, before: DateTime<Utc>) -> bool {
    state.walk.is_some() || (before - EVERY).timestamp_micros() >= state.until
}

fn step(db: &Reading<'_>, before: DateTime<Utc>, at_most: usize) -> Result<Replaced, QueryFailure> {
    let mut state = match state::read(db)? {
        Some(state) => state,
        None => State::new(random().ok_or_else(no_random_numbers)?),
    };
    if !is_due(&state, before) {
        return Ok(Replaced::default());
    }
    let since = state.until;
    let walk = state.walk.get_or_insert_with(|| begin(String::new(), before.timestamp_micros(), since));
    let (key, mut replaced) = (AddressKey::of(&state.key), Replaced::default());
    let is_over = go(db, &key, since, walk, at_most, &mut replaced)?;
    if is_over {
        state.until = walk.until;
        state.walk = None;
    }
    replaced.more = !is_over;
    state::write(db, &state)?;
    Ok(replaced)
}

fn no_random_numbers() -> QueryFailure {
    let why = "the system gives no random numbers".to_owned();
    StoreError::Unstorable { what: "the key of pseudonyms".to_owned(), why }.into()
}

/// The beginning of a package: all that became old since the last walk.
fn begin(package: String, until: i64, since: i64) -> Walk {
    Walk { until, package, at: since - 1, id: 0 }
}

/// Walks on, past at most so many rows. Returns whether the walk is over.
fn go(
    db: &Reading<'_>,
    key: &AddressKey,
    since: i64,
    walk: &mut Walk,
    at_most: usize,
    replaced: &mut Replaced,
) -> Result<bool, QueryFailure> {
    let mut left = at_most;
    while left > 0 {
        if walk.package == DAMAGED {
            return damaged(db, key, walk, left, replaced);
        }
        let rows = old_releases(db, walk, left)?;
        left = left.saturating_sub(rows.len().max(1));
        let is_done = rows.is_empty();
        for (at, id) in rows {
            replaced.releases += usize::from(replace_in_release(db, key, id)?);
            (walk.at, walk.id) = (at, id);
        }
        if is_done {
            replaced.baselines += usize::from(replace_in_baseline(db, key, walk)?);
            let next = next_package(db, &walk.package)?;
            *walk = begin(next.unwrap_or_else(|| DAMAGED.to_owned()), walk.until, since);
        }
    }
    Ok(false)
}

/// The next old releases of a package: their publish times and ids.
fn old_releases(db: &Reading<'_>, walk: &Walk, at_most: usize) -> Result<Vec<(i64, i64)>, QueryFailure> {
    let mut query = db.prepare_cached(
        "SELECT published_at, id FROM releases
         WHERE package = :package AND published_at < :until AND (published_at, id) > (:at, :id)
         ORDER BY published_at, id LIMIT :at_most",
    )?;
    let values = named_params! {
        ":package": walk.package, ":until": walk.until, ":at": walk.at, ":id": walk.id, ":at_most": limit(at_most),
    };
    Ok(query.query_map(values, |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<Result<_, _>>()?)
}

/// Returns whether the release had addresses. A damaged row is passed by: its registry describes it again.
fn replace_in_release(db: &Reading<'_>, key: &AddressKey, id: i64) -> Result<bool, QueryFailure> {
    let sql = "SELECT observation, unchecked, {row} FROM releases WHERE id = ?1";
    let mut rows = db.rows(&RELEASES, sql, [id], |row| {
        Ok((row.get::<_, Option<Packed<Observation>>>("observation")?, row.get::<_, Json<Vec<String>>>("unchecked")?.0))
    })?;
    let Some((Some(Packed(release)), unchecked)) = rows.pop() else { return Ok(false) };
    let mut aged = release.clone();
    age_release(&mut aged, key);
    let sentences: Vec<Cow<'_, str>> = unchecked.iter().map(|why| age_text(why, key)).collect();
    if aged == release && sentences.iter().all(|why| matches!(why, Cow::Borrowed(_))) {
        return Ok(false);
    }
    db.prepare_cached("UPDATE releases SET observation = ?2, unchecked = ?3 WHERE id = ?1")?.execute((
        id,
        Packed(&aged),
        Json(&sentences),
    ))?;
    Ok(true)
}

/// Returns whether the baseline had old addresses. Its revision counts what it learned, and stays.
fn replace_in_baseline(db: &Reading<'_>, key: &AddressKey, walk: &Walk) -> Result<bool, QueryFailure> {
    let sql = "SELECT body, {row} FROM baselines WHERE package = ?1";
    let mut rows = db.rows(&BASELINES, sql, [&walk.package], |row| Ok(row.get::<_, Json<Baseline>>("body")?.0))?;
    let before = DateTime::from_timestamp_micros(walk.until).unwrap_or(DateTime::<Utc>::MIN_UTC);
    let Some(mut baseline) = rows.pop().filter(|baseline| has_old(baseline, before)) else { return Ok(false) };
    age_baseline(&mut baseline, before, key);
    db.prepare_cached("UPDATE baselines SET body = ?2 WHERE package = ?1")?
        .execute((&walk.package, Json(StoredForm(&baseline))))?;
    Ok(true)
}

/// The package after one, by name.
fn next_package(db: &Reading<'_>, package: &str) -> Result<Option<String>, QueryFailure> {
    let first = |sql| -> Result<Option<String>, QueryFailure> {
        Ok(db.prepare_cached(sql)?.query_row([package], |row| row.get(0)).optional()?.flatten())
    };
    let released = first("SELECT min(package) FROM releases WHERE package > ?1")?;
    let learned = first("SELECT min(package) FROM baselines WHERE package > ?1")?;
    Ok(released.into_iter().chain(learned).min())
}

/// Replaces addresses in the copies of damaged rows that were found before the time. Returns whether none is left.
fn damaged(
    db: &Reading<'_>,
    key: &AddressKey,
    walk: &mut Walk,
    at_most: usize,
    replaced: &mut Replaced,
) -> Result<bool, QueryFailure> {
    let mut query = db.prepare_cached(
        "SELECT id, content FROM damaged_rows WHERE id > :id AND found_at < :until ORDER BY id LIMIT :at_most",
    )?;
    let values = named_params! { ":id": walk.id, ":until": walk.until, ":at_most": limit(at_most) };
    let found = query.query_map(values, |row| Ok((row.get(0)?, row.get(1)?)))?;
    let rows: Vec<(i64, String)> = found.collect::<Result<_, _>>()?;
    for (id, content) in &rows {
        if let Cow::Owned(aged) = aged_copy(content, key) {
            replace_in_copy(db, *id, &aged)?;
            replaced.damaged += 1;
        }
        walk.id = *id;
    }
    Ok(rows.is_empty())
}

/// A copy without addresses. A compressed observation that cannot be read may have some, so it goes.
fn aged_copy<'a>(content: &'a str, key: &AddressKey) -> Cow<'a, str> {
    if let Ok(serde_json::Value::Object(mut columns)) = serde_json::from_str(content)
        && columns.get("observation").is_some_and(serde_json::Value::is_object)
    {
        columns.insert("observation".to_owned(), serde_json::Value::Null);
        let rest = serde_json::Value::Object(columns).to_string();
        return Cow::Owned(age_text(&rest, key).into_owned());
    }
    age_text(content, key)
}

/// A copy that would then be there twice goes.
fn replace_in_copy(db: &Reading<'_>, id: i64, content: &str) -> Result<(), QueryFailure> {
    let changed = db
        .prepare_cached(
            "UPDATE damaged_rows SET content = :content WHERE id = :id AND NOT EXISTS (
                 SELECT 1 FROM damaged_rows AS other WHERE other.table_name = damaged_rows.table_name
                     AND other.row_key = damaged_rows.row_key AND other.content = :content)",
        )?
        .execute(named_params! { ":id": id, ":content": content })?;
    if changed == 0 {
        db.prepare_cached("DELETE FROM damaged_rows WHERE id = ?1")?.execute([id])?;
    }
    Ok(())
}
