//! Searches releases by several clues at once.

use std::ops::ControlFlow;

use chrono::{DateTime, Utc};

use super::{
    OwnedTrace,
    of_release::Traced,
    places::{Common, Ended, Sequence},
};
use crate::{
    model::{Observation, Package, ReleaseId, fits_across},
    store::{
        ReleaseRow, Store, StoreError, columns::time_of_any, error::QueryFailure, reading::Reading,
        releases::release_row, sealed::RELEASES,
    },
};

/// Releases that one of these traces leads to.
pub type Clue = Vec<OwnedTrace>;

/// What releases are searched by. All of it has to apply.
#[derive(Clone, Debug, Default)]
pub struct Search<'a> {
    /// The clues.
    pub clues: Vec<Clue>,
    /// Only releases of this package.
    pub package: Option<&'a Package>,
    /// Only these releases.
    pub among: Option<&'a [ReleaseId]>,
    /// Only releases with a certificate whose name fits: lower-case, a star stands for any characters.
    pub signed_as: Vec<&'a str>,
    /// Published then or later.
    pub since: Option<DateTime<Utc>>,
    /// Published before then.
    pub until: Option<DateTime<Utc>>,
}

/// A release that a search found.
#[derive(Clone, Debug, PartialEq)]
pub struct FoundRelease {
    /// The release.
    pub row: ReleaseRow,
    /// Of each clue the trace that leads to it.
    pub by: Vec<OwnedTrace>,
}

impl FoundRelease {
    /// Whether a clue leads to it.
    pub fn is_by(&self, clue: &Clue) -> bool {
        self.row.observation.as_ref().is_some_and(|observation| Traced::of(observation).first_of(clue).is_some())
    }
}

/// What a search found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Searched {
    /// The releases, the latest first.
    pub releases: Vec<FoundRelease>,
    /// Whether there are more.
    pub has_more: bool,
    /// Until when releases were not compared, because many meet each clue and few meet all.
    pub not_before: Option<DateTime<Utc>>,
}

/// Most steps in an index that one search takes: some microseconds each.
const STEPS: usize = 10_000;

impl Store {
    /// The releases that all clues lead to, the latest first. Without any condition, those of the time range.
    ///
    /// # Errors
    /// As every read.
    pub fn search(&self, search: &Search<'_>, at_most: usize) -> Result<Searched, StoreError> {
        self.search_within(search, at_most, STEPS)
    }

    /// The same with at most so many steps in an index.
    pub(in crate::store) fn search_within(
        &self,
        search: &Search<'_>,
        at_most: usize,
        steps: usize,
    ) -> Result<Searched, StoreError> {
        self.read("searching for releases", |db| {
            let mut found = Searched::default();
            let ended = search.common(db, steps)?.each(db, search.end(), |(_, id)| {
                let Some(release) = by_id(db, id)?.and_then(|row| search.found(row)) else {
                    return Ok(ControlFlow::Continue(()));
                };
                if found.releases.len() == at_most {
                    found.has_more = true;
                    return Ok(ControlFlow::Break(()));
                }
                found.releases.push(release);
                Ok(ControlFlow::Continue(()))
            })?;
            if let Ended::TooLong(at) = ended {
                found.not_before = time_of_any(Some(at));
            }
            Ok(found)
        })
    }
}

impl Search<'_> {
    fn common(&self, db: &Reading<'_>, steps: usize) -> Result<Common, QueryFailure> {
        let mut sequences: Vec<Sequence> = Vec::new();
        if let Some(releases) = self.among {
            sequences.push(Sequence::these(db, releases)?);
        }
        sequences.extend(self.package.map(Sequence::of_package));
        for clue in &self.clues {
            let mut keys: Vec<i64> = clue.iter().map(|trace| trace.key().0).collect();
            keys.sort_unstable();
            keys.dedup();
            sequences.push(Sequence::traced(keys));
        }
        if sequences.is_empty() {
            sequences.push(Sequence::All);
        }
        let since = self.since.map_or(i64::MIN, |at| at.timestamp_micros());
        Ok(Common { sequences, since, steps })
    }

    /// The last place of the time range.
    fn end(&self) -> (i64, i64) {
        (self.until.map_or(i64::MAX, |at| at.timestamp_micros().saturating_sub(1)), i64::MAX)
    }

    /// The release, if every clue leads to what is stored of it, and not only to what it was or to an equal hash.
    fn found(&self, row: ReleaseRow) -> Option<FoundRelease> {
        let by = match &row.observation {
            Some(observation) if !self.is_signed(observation) => return None,
            Some(observation) => {
                let traced = Traced::of(observation);
                self.clues.iter().map(|clue| traced.first_of(clue).cloned()).collect::<Option<_>>()?
            }
            None if self.clues.is_empty() && self.signed_as.is_empty() => Vec::new(),
            None => return None,
        };
        Some(FoundRelease { row, by })
    }

    fn is_signed(&self, observation: &Observation) -> bool {
        let subjects: Vec<String> =
            observation.identities().into_iter().map(|identity| identity.subject.to_lowercase()).collect();
        self.signed_as.iter().all(|pattern| subjects.iter().any(|subject| fits_across(pattern, subject)))
    }
}

/// A release by its id.
fn by_id(db: &Reading<'_>, id: i64) -> Result<Option<ReleaseRow>, QueryFailure> {
    let sql = "SELECT *, {row} FROM releases WHERE id = ?1";
    Ok(db.rows(&RELEASES, sql, [id], release_row)?.pop())
}
