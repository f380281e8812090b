//! Stores what a project locks now: uses that are gone end, new ones begin, and the others stay.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, Utc};
use rusqlite::{Connection, named_params};
use schemars::JsonSchema;
use serde::Serialize;

use super::{
    codes,
    content::{Which, of_project},
    digests,
    projects::{self, ProjectRow, Said},
    rows::{UseRow, number_of},
};
use crate::{
    model::{Locked, Owner, ProjectKind, ProjectName, ReleaseId},
    store::{Store, StoreError, columns::Micros, error::QueryFailure, reading::Reading},
};

/// The whole content of a project, by all of its files.
#[derive(Clone, Copy, Debug)]
pub struct Upload<'a> {
    /// The project.
    pub project: &'a ProjectName,
    /// Its kind; `None`: as it was, else a project.
    pub kind: Option<ProjectKind>,
    /// The team that answers for it; `None`: as it was.
    pub owner: Option<&'a Owner>,
    /// What it locks, each release once.
    pub locked: &'a [Locked],
    /// When its files were written or uploaded.
    pub at: DateTime<Utc>,
}

/// What an upload changed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Uploaded {
    /// Whether the project was not in the inventory.
    pub is_new: bool,
    /// How many releases it locks now.
    pub releases: u64,
    /// The releases that it did not lock before.
    pub added: Vec<ReleaseId>,
    /// The releases that it does not lock any more.
    pub gone: Vec<ReleaseId>,
    /// How many of the others it depends on in another way.
    pub moved: u64,
}

impl Store {
    /// Stores what a project locks now, in one transaction. The same again changes nothing.
    ///
    /// # Errors
    /// As every write.
    pub fn upload(&self, upload: &Upload<'_>, now: DateTime<Utc>) -> Result<Uploaded, StoreError> {
        self.write("storing what a project locks", |db| {
            let known = projects::named(db, upload.project.as_str())?;
            let difference = Difference::of(&Reading::over(db), known.as_ref(), upload)?;
            difference.apply(db, known.as_ref(), upload, now)?;
            Ok(difference.told(known.as_ref(), upload))
        })
    }

    /// What an upload would change.
    ///
    /// # Errors
    /// As every read.
    pub fn compare_upload(&self, upload: &Upload<'_>) -> Result<Uploaded, StoreError> {
        self.read("comparing what a project locks", |db| {
            let known = projects::named(db, upload.project.as_str())?;
            Ok(Difference::of(db, known.as_ref(), upload)?.told(known.as_ref(), upload))
        })
    }
}

/// The difference between what a project locked and what it locks.
struct Difference<'a> {
    added: Vec<&'a Locked>,
    /// With the numbers of their releases.
    moved: Vec<(i64, &'a Locked)>,
    kept: Vec<(i64, &'a Locked)>,
    gone: Vec<UseRow>,
}

impl<'a> Difference<'a> {
    fn of(db: &Reading<'_>, known: Option<&ProjectRow>, upload: &Upload<'a>) -> Result<Self, QueryFailure> {
        let rows = known.map(|project| of_project(db, project, Which::Present)).transpose()?.unwrap_or_default();
        let mut before: BTreeMap<ReleaseId, UseRow> = rows.into_iter().map(|row| (row.release.clone(), row)).collect();
        let mut found = Self { added: Vec::new(), moved: Vec::new(), kept: Vec::new(), gone: Vec::new() };
        for locked in upload.locked {
            match before.remove(&locked.release) {
                None => found.added.push(locked),
                Some(row) if is_same_place(&row, locked) => found.kept.push((row.id, locked)),
                Some(row) => found.moved.push((row.id, locked)),
            }
        }
        found.gone = before.into_values().collect();
        Ok(found)
    }

    fn is_empty(&self) -> bool {
        self.added.is_empty() && self.moved.is_empty() && self.gone.is_empty()
    }

    fn told(self, known: Option<&ProjectRow>, upload: &Upload<'_>) -> Uploaded {
        Uploaded {
            is_new: known.is_none_or(|project| project.removed_at.is_some()),
            releases: upload.locked.len() as u64,
            added: self.added.into_iter().map(|locked| locked.release.clone()).collect(),
            gone: self.gone.into_iter().map(|row| row.release).collect(),
            moved: self.moved.len() as u64,
        }
    }

    fn apply(
        &self,
        db: &Connection,
        known: Option<&ProjectRow>,
        upload: &Upload<'_>,
        now: DateTime<Utc>,
    ) -> Result<(), QueryFailure> {
        let said = Said {
            name: upload.project.as_str(),
            kind: upload.kind.or(known.map(|project| project.kind)).unwrap_or(ProjectKind::Project),
            owner: upload.owner,
            releases: i64::try_from(upload.locked.len()).unwrap_or(i64::MAX),
            uploaded_at: upload.at,
            is_changed: !self.is_empty(),
        };
        if known.is_some_and(|known| says_the_same(known, &said)) && self.is_empty() {
            return self.note_digests(db);
        }
        let writing = Writing { db, project: projects::save(db, &said, now)?, now };
        let mut numbers = Numbers::default();
        for row in &self.gone {
            writing.end(row.id)?;
        }
        for (id, locked) in &self.moved {
            writing.change(*id, locked, &mut numbers)?;
        }
        for locked in &self.added {
            writing.begin(locked, &mut numbers)?;
        }
        self.note_digests(db)
    }

    /// The digests of releases that are kept may be new.
    fn note_digests(&self, db: &Connection) -> Result<(), QueryFailure> {
        for (id, locked) in self.kept.iter().chain(&self.moved) {
            digests::note(db, *id, &locked.digests)?;
        }
        Ok(())
    }
}

fn is_same_place(row: &UseRow, locked: &Locked) -> bool {
    (&row.place, row.vex, row.reachability) == (&locked.place, locked.vex, locked.reachability)
}

fn says_the_same(known: &ProjectRow, said: &Said<'_>) -> bool {
    let is_owner = said.owner.is_none_or(|owner| known.owner.as_deref() == Some(owner.as_str()));
    is_owner && known.kind == said.kind && known.removed_at.is_none() && known.uploaded_at == said.uploaded_at
}

/// The numbers of releases that lead to others: many share the first step.
#[derive(Default)]
struct Numbers(HashMap<ReleaseId, i64>);

impl Numbers {
    fn of(&mut self, db: &Connection, release: Option<&ReleaseId>) -> Result<Option<i64>, QueryFailure> {
        let Some(release) = release else { return Ok(None) };
        if let Some(number) = self.0.get(release) {
            return Ok(Some(*number));
        }
        let number = number_of(db, release)?;
        self.0.insert(release.clone(), number);
        Ok(Some(number))
    }
}

/// Writes the uses of one project.
struct Writing<'a> {
    db: &'a Connection,
    project: i64,
    now: DateTime<Utc>,
}

impl Writing<'_> {
    fn end(&self, release: i64) -> Result<(), QueryFailure> {
        self.db
            .prepare_cached(
                "UPDATE inventory_uses SET until_at = ?3 WHERE release = ?1 AND project = ?2 AND until_at IS NULL",
            )?
            .execute((release, self.project, Micros(self.now)))?;
        Ok(())
    }

    /// A use that goes on began when it began, in whatever way the project depends on the release now.
    fn change(&self, release: i64, locked: &Locked, numbers: &mut Numbers) -> Result<(), QueryFailure> {
        let through = numbers.of(self.db, locked.place.through.as_ref())?;
        self.db
            .prepare_cached(
                "UPDATE inventory_uses SET scope = :scope, depth = :depth, through = :through, vex = :vex,
                     reachability = :reachability
                 WHERE release = :release AND project = :project AND until_at IS NULL",
            )?
            .execute(named_params! {
                ":release": release, ":project": self.project, ":scope": codes::of_scope(locked.place.scope),
                ":depth": locked.place.depth, ":through": through, ":vex": codes::of_vex(locked.vex),
                ":reachability": codes::of_reachability(locked.reachability),
            })?;
        Ok(())
    }

    fn begin(&self, locked: &Locked, numbers: &mut Numbers) -> Result<(), QueryFailure> {
        let release = number_of(self.db, &locked.release)?;
        let through = numbers.of(self.db, locked.place.through.as_ref())?;
        self.db
            .prepare_cached(
                "INSERT INTO inventory_uses (release, project, from_at, scope, depth, through, vex, reachability)
                 VALUES (:release, :project, :now, :scope, :depth, :through, :vex, :reachability)
                 ON CONFLICT (release, project, from_at) DO UPDATE SET until_at = NULL, scope = excluded.scope,
                     depth = excluded.depth, through = excluded.through, vex = excluded.vex,
                     reachability = excluded.reachability",
            )?
            .execute(named_params! {
                ":release": release, ":project": self.project, ":now": Micros(self.now),
                ":scope": codes::of_scope(locked.place.scope), ":depth": locked.place.depth, ":through": through,
                ":vex": codes::of_vex(locked.vex), ":reachability": codes::of_reachability(locked.reachability),
            })?;
        digests::note(self.db, release, &locked.digests)
    }
}
