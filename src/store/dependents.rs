//! Which packages depend on which: by the judged releases and the newest ones, since a history has too many.

use rusqlite::Connection;

use super::{
    Outcome, Record, Store, StoreError, Subject,
    columns::{Text, limit},
    error::QueryFailure,
    packed::Packed,
};
use crate::model::{Observation, Package};

impl Store {
    /// The packages that name a package as a dependency, by name; at most so many.
    ///
    /// # Errors
    /// As every read.
    pub fn dependents(&self, of: &Package, at_most: usize) -> Result<Vec<Package>, StoreError> {
        self.read("looking for what depends on a package", |db| {
            let mut query =
                db.prepare_cached("SELECT package FROM dependents WHERE dependency = ?1 ORDER BY package LIMIT ?2")?;
            let rows = query.query_map((of.to_string(), limit(at_most)), |row| Ok(row.get::<_, Text<_>>(0)?.0))?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
    }
}

/// Stores what a judged release depends on.
pub(super) fn depend(db: &Connection, record: &Record) -> Result<(), QueryFailure> {
    match &record.subject {
        Subject::Observed(observation) if record.outcome != Outcome::Learned => Ok(insert(db, observation)?),
        _ => Ok(()),
    }
}

/// Stores what the newest release of each package depends on, of a part of a history.
pub(super) fn depend_newest(db: &Connection, records: &[Record]) -> Result<(), QueryFailure> {
    let learned = records.iter().filter(|record| record.outcome == Outcome::Learned);
    let mut all: Vec<&Observation> = learned
        .filter_map(|record| match &record.subject {
            Subject::Observed(observation) => Some(&**observation),
            Subject::Unreadable { .. } => None,
        })
        .collect();
    all.sort_by(|one, other| {
        let key = |of: &Observation| of.purl.package().clone();
        key(one).cmp(&key(other)).then(other.published_at.cmp(&one.published_at))
    });
    all.dedup_by(|next, first| next.purl.package() == first.purl.package());
    for newest in all {
        insert(db, newest)?;
    }
    Ok(())
}

/// The packages that a release names as dependencies.
pub(crate) fn dependencies(observation: &Observation) -> impl Iterator<Item = (Package, &str)> {
    let registry = observation.purl.package().registry();
    let manifest = observation.manifest.as_ref();
    let named = manifest.into_iter().flat_map(|it| [&it.dependencies, &it.optional_dependencies]).flatten().flatten();
    named.filter_map(move |(name, range)| {
        let package = Package::new(registry.ecosystem(), name).ok()?;
        Some((package.of(&registry), range.as_str()))
    })
}

pub(super) fn insert(db: &Connection, observation: &Observation) -> rusqlite::Result<()> {
    let package = observation.purl.package().to_string();
    let mut insert =
        db.prepare_cached("INSERT INTO dependents (dependency, package) VALUES (?1, ?2) ON CONFLICT DO NOTHING")?;
    for (dependency, _) in dependencies(observation) {
        insert.execute((dependency.to_string(), &package))?;
    }
    Ok(())
}

/// Stores what the newest release of each package depends on, in a database from before that was stored. A damaged
/// observation is passed over: it is found when its row is read.
pub(super) fn fill(db: &Connection) -> rusqlite::Result<()> {
    let mut packages = db.prepare("SELECT DISTINCT package FROM releases ORDER BY package")?;
    let mut newest = db.prepare(
        "SELECT observation FROM releases WHERE package = ?1 AND observation IS NOT NULL ORDER BY published_at DESC LIMIT 1",
    )?;
    for package in packages.query_map([], |row| row.get::<_, String>(0))? {
        let observation = newest.query_row([package?], |row| row.get::<_, Packed<Observation>>(0));
        if let Ok(Packed(observation)) = observation {
            insert(db, &observation)?;
        }
    }
    Ok(())
}
