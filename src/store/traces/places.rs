//! Where releases stand: sequences of places that are compared with each other without reading a release.
//!
//! Each condition of a search is a sequence of places in falling order. What all of them have is found as in a leapfrog
//! join: a sequence jumps to the first place that is not after that of the others, which is one step in an index. So a
//! condition that few releases meet keeps the others from being read at all.

use std::{collections::BinaryHeap, ops::ControlFlow};

use rusqlite::{ToSql, named_params};

use crate::{
    model::{Package, ReleaseId},
    store::{error::QueryFailure, reading::Reading},
};

/// A release by its time and id, as traces have it.
pub(super) type Place = (i64, i64);

/// The releases that meet one condition, the latest first.
pub(super) enum Sequence {
    /// One of these traces leads to them.
    Traced(TracedPlaces),
    /// They are of a package.
    OfPackage(String),
    /// These, the latest last.
    These(Vec<Place>),
    /// All.
    All,
}

impl Sequence {
    /// The releases that one of these keys leads to.
    pub fn traced(keys: Vec<i64>) -> Self {
        Self::Traced(TracedPlaces { unread: keys, heads: BinaryHeap::new() })
    }

    /// The releases of a package.
    pub fn of_package(package: &Package) -> Self {
        Self::OfPackage(package.to_string())
    }

    /// These releases, as far as they are stored with a time.
    pub fn these(db: &Reading<'_>, releases: &[ReleaseId]) -> Result<Self, QueryFailure> {
        let mut query = db.prepare_cached("SELECT published_at, id FROM releases WHERE purl = ?1")?;
        let mut places = Vec::new();
        for release in releases {
            let mut rows = query.query([release.to_string()])?;
            while let Some(row) = rows.next()? {
                if let Some(at) = row.get::<_, Option<i64>>(0)? {
                    places.push((at, row.get(1)?));
                }
            }
        }
        places.sort_unstable();
        places.dedup();
        Ok(Self::These(places))
    }

    /// The first place that is not after `last`. Calls never go back.
    fn jump(&mut self, db: &mut Steps<'_>, last: Place) -> Result<Option<Place>, QueryFailure> {
        let (at, id) = last;
        match self {
            Self::Traced(traced) => traced.jump(db, last),
            Self::OfPackage(package) => {
                let sql = "SELECT published_at, id FROM releases
                     WHERE package = :package AND published_at <= :at AND (published_at < :at OR id <= :id)
                     ORDER BY published_at DESC, id DESC LIMIT 1";
                db.first(sql, named_params! { ":at": at, ":id": id, ":package": &*package })
            }
            Self::These(places) => {
                while places.last().is_some_and(|place| *place > last) {
                    places.pop();
                }
                Ok(places.last().copied())
            }
            Self::All => {
                let sql = "SELECT published_at, id FROM releases
                     WHERE published_at <= :at AND (published_at < :at OR id <= :id)
                     ORDER BY published_at DESC, id DESC LIMIT 1";
                db.first(sql, named_params! { ":at": at, ":id": id })
            }
        }
    }
}

/// The places that several keys lead to, of which only the next of each key is read.
pub(super) struct TracedPlaces {
    /// The keys that were not looked up yet.
    unread: Vec<i64>,
    /// The next place of each key.
    heads: BinaryHeap<(Place, i64)>,
}

impl TracedPlaces {
    fn jump(&mut self, db: &mut Steps<'_>, last: Place) -> Result<Option<Place>, QueryFailure> {
        for key in std::mem::take(&mut self.unread) {
            self.read(db, key, last)?;
        }
        while let Some(&(place, key)) = self.heads.peek() {
            if place <= last {
                return Ok(Some(place));
            }
            self.heads.pop();
            self.read(db, key, last)?;
        }
        Ok(None)
    }

    fn read(&mut self, db: &mut Steps<'_>, key: i64, (at, id): Place) -> Result<(), QueryFailure> {
        let sql = "SELECT published_at, release FROM traces
             WHERE key = :key AND (published_at, release) <= (:at, :id)
             ORDER BY published_at DESC, release DESC LIMIT 1";
        let head = db.first(sql, named_params! { ":at": at, ":id": id, ":key": key })?;
        self.heads.extend(head.map(|place| (place, key)));
        Ok(())
    }
}

/// Steps in an index, which are counted.
struct Steps<'a> {
    db: &'a Reading<'a>,
    left: usize,
}

impl Steps<'_> {
    /// The one place that a statement finds.
    fn first(&mut self, sql: &str, values: &[(&str, &dyn ToSql)]) -> Result<Option<Place>, QueryFailure> {
        self.left = self.left.saturating_sub(1);
        let mut query = self.db.prepare_cached(sql)?;
        let mut rows = query.query(values)?;
        Ok(match rows.next()? {
            Some(row) => Some((row.get(0)?, row.get(1)?)),
            None => None,
        })
    }
}

/// How the comparison of sequences ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ended {
    /// All places were compared, or no more are wanted.
    Complete,
    /// It took too many steps: places until this time were not compared.
    TooLong(i64),
}

/// What several sequences have in common, the latest first.
pub(super) struct Common {
    pub sequences: Vec<Sequence>,
    /// The earliest time.
    pub since: i64,
    /// Most steps in an index.
    pub steps: usize,
}

impl Common {
    /// Passes each common place that is not after `last` to `take`, until that breaks.
    pub fn each(
        mut self,
        db: &Reading<'_>,
        mut last: Place,
        mut take: impl FnMut(Place) -> Result<ControlFlow<()>, QueryFailure>,
    ) -> Result<Ended, QueryFailure> {
        let mut steps = Steps { db, left: self.steps };
        loop {
            match self.next(&mut steps, last)? {
                Next::Place(place) => {
                    if take(place)?.is_break() {
                        return Ok(Ended::Complete);
                    }
                    last = (place.0, place.1.saturating_sub(1));
                }
                Next::None => return Ok(Ended::Complete),
                Next::TooLong((at, _)) => return Ok(Ended::TooLong(at)),
            }
        }
    }

    fn next(&mut self, steps: &mut Steps<'_>, mut place: Place) -> Result<Next, QueryFailure> {
        let (mut agreed, mut turn) = (0, 0);
        while agreed < self.sequences.len() {
            if steps.left == 0 {
                return Ok(Next::TooLong(place));
            }
            let next = self.sequences[turn].jump(steps, place)?;
            let Some(next) = next.filter(|next| next.0 >= self.since) else { return Ok(Next::None) };
            agreed = if next == place { agreed + 1 } else { 1 };
            place = next;
            turn = (turn + 1) % self.sequences.len();
        }
        Ok(Next::Place(place))
    }
}

/// The next common place.
enum Next {
    Place(Place),
    None,
    TooLong(Place),
}
