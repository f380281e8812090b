//! Searches releases by several clues at once.

use chrono::{DateTime, Utc};
use rusqlite::named_params;

use super::{Trace, of_release::Traced};
use crate::store::{
    ReleaseRow, Store, StoreError, columns::limit, error::QueryFailure, reading::Reading, releases::release_row,
    sealed::RELEASES,
};

/// Releases that one of these traces leads to.
pub type Clue<'a> = Vec<Trace<'a>>;

/// What releases are searched by. All of it has to apply.
#[derive(Clone, Debug, Default)]
pub struct Search<'a> {
    /// The clues.
    pub clues: Vec<Clue<'a>>,
    /// Published then or later.
    pub since: Option<DateTime<Utc>>,
    /// Published before then.
    pub until: Option<DateTime<Utc>>,
}

/// What a search found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Searched {
    /// The releases, the latest first.
    pub releases: Vec<ReleaseRow>,
    /// Whether there may be more.
    pub has_more: bool,
}

/// How far a key is counted to find the one that leads to the fewest releases.
const COUNTED: i64 = 2_000;
/// Most releases that are compared with the other clues.
const COMPARED: usize = 200_000;

/// A release by its time and id, as traces have it.
type Place = (i64, i64);

impl Store {
    /// The releases that all clues lead to, the latest first. Without a clue, those of the time range.
    ///
    /// # Errors
    /// As every read.
    pub fn search(&self, search: &Search<'_>, at_most: usize) -> Result<Searched, StoreError> {
        self.read("searching for releases", |db| {
            let (places, is_cut) = search.places(db)?;
            let mut found = Searched { has_more: is_cut, releases: Vec::new() };
            for (_, id) in places {
                let Some(row) = by_id(db, id)?.filter(|row| search.leads_to(row)) else { continue };
                if found.releases.len() == at_most {
                    found.has_more = true;
                    break;
                }
                found.releases.push(row);
            }
            Ok(found)
        })
    }
}

impl Search<'_> {
    /// The places that all clues lead to, the latest first, and whether there may be more.
    fn places(&self, db: &Reading<'_>) -> Result<(Vec<Place>, bool), QueryFailure> {
        let mut clues: Vec<(i64, Vec<i64>)> = Vec::new();
        for clue in &self.clues {
            let mut keys: Vec<i64> = clue.iter().map(|trace| trace.key().0).collect();
            keys.sort_unstable();
            keys.dedup();
            clues.push((count(db, &keys)?, keys));
        }
        // The clue that leads to the fewest comes first.
        clues.sort();
        let mut clues = clues.into_iter().map(|(_, keys)| keys);
        let (mut places, is_cut) = match clues.next() {
            Some(keys) => self.led_to(db, &keys)?,
            None => self.in_time(db)?,
        };
        for keys in clues {
            let mut both = Vec::new();
            for place in places {
                if is_traced(db, &keys, place)? {
                    both.push(place);
                }
            }
            places = both;
        }
        Ok((places, is_cut))
    }

    fn led_to(&self, db: &Reading<'_>, keys: &[i64]) -> Result<(Vec<Place>, bool), QueryFailure> {
        let mut query = db.prepare_cached(
            "SELECT published_at, release FROM traces WHERE key = :key AND published_at >= :since AND published_at < :until
             ORDER BY published_at DESC, release DESC LIMIT :at_most",
        )?;
        let (since, until) = self.range();
        let (mut places, mut is_cut) = (Vec::new(), false);
        for key in keys {
            let values = named_params! { ":key": key, ":since": since, ":until": until, ":at_most": limit(COMPARED) };
            let found: Vec<Place> =
                query.query_map(values, |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<Result<_, _>>()?;
            is_cut |= found.len() == COMPARED;
            places.extend(found);
        }
        places.sort_unstable_by(|one, other| other.cmp(one));
        places.dedup_by_key(|place| place.1);
        Ok((places, is_cut))
    }

    fn in_time(&self, db: &Reading<'_>) -> Result<(Vec<Place>, bool), QueryFailure> {
        let mut query = db.prepare_cached(
            "SELECT published_at, id FROM releases WHERE published_at >= :since AND published_at < :until
             ORDER BY published_at DESC, id DESC LIMIT :at_most",
        )?;
        let (since, until) = self.range();
        let values = named_params! { ":since": since, ":until": until, ":at_most": limit(COMPARED) };
        let found: Vec<Place> =
            query.query_map(values, |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<Result<_, _>>()?;
        let is_cut = found.len() == COMPARED;
        Ok((found, is_cut))
    }

    fn range(&self) -> (i64, i64) {
        let micros = |at: DateTime<Utc>| at.timestamp_micros();
        (self.since.map_or(i64::MIN, micros), self.until.map_or(i64::MAX, micros))
    }

    /// Whether every clue leads to what is stored of the release, and not only to what it was or to an equal hash.
    fn leads_to(&self, row: &ReleaseRow) -> bool {
        let Some(observation) = &row.observation else { return self.clues.is_empty() };
        let traced = Traced::of(observation);
        self.clues.iter().all(|clue| clue.iter().any(|trace| traced.has(trace)))
    }
}

/// How many releases the keys lead to, as far as it is counted.
fn count(db: &Reading<'_>, keys: &[i64]) -> Result<i64, QueryFailure> {
    let mut query =
        db.prepare_cached("SELECT count(*) FROM (SELECT 1 FROM traces WHERE key = ?1 LIMIT ?2) AS counted")?;
    let mut sum = 0;
    for key in keys {
        sum += query.query_row((key, COUNTED), |row| row.get::<_, i64>(0))?;
    }
    Ok(sum)
}

/// Whether one of the keys leads to the release too.
fn is_traced(db: &Reading<'_>, keys: &[i64], (at, release): Place) -> Result<bool, QueryFailure> {
    let mut query = db.prepare_cached("SELECT 1 FROM traces WHERE key = ?1 AND published_at = ?2 AND release = ?3")?;
    for key in keys {
        if query.exists((key, at, release))? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// A release by its id.
pub(super) fn by_id(db: &Reading<'_>, id: i64) -> Result<Option<ReleaseRow>, QueryFailure> {
    let sql = "SELECT *, {row} FROM releases WHERE id = ?1";
    Ok(db.rows(&RELEASES, sql, [id], release_row)?.pop())
}
