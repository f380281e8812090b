//! Finds the releases from which a lost baseline is learned again, and restores it.

use chrono::{DateTime, Utc};
use rusqlite::named_params;

use crate::{
    model::{Baseline, Observation, Package, ReleaseLine},
    store::{
        Store, StoreError,
        columns::{Json, Micros, count},
        reading::known,
    },
};

impl Store {
    /// Stores a baseline that was learned again in place of a lost one. Nothing changes if there is one again.
    pub(crate) fn restore_baseline(&self, baseline: &Baseline, now: DateTime<Utc>) -> Result<(), StoreError> {
        self.write("restoring a baseline", |db| {
            db.prepare_cached(
                "INSERT INTO baselines (package, revision, updated_at, body)
                 SELECT :package, count(*), :now, :body FROM baseline_versions WHERE package = :package
                 ON CONFLICT (package) DO NOTHING",
            )?
            .execute(named_params! {
                ":package": baseline.package.to_string(), ":now": Micros(now), ":body": Json(baseline),
            })?;
            Ok(())
        })
    }

    /// The releases that a lost baseline was learned from, line by line in publish order, and how many it included in
    /// all: the details of the others are lost.
    pub(crate) fn all_learned_from(&self, package: &Package) -> Result<(Vec<Observation>, u64), StoreError> {
        let (lines, all) = self.read("reading what a baseline was learned from", |db| {
            let mut lines = db.prepare_cached(
                "SELECT line, count(*) FROM releases WHERE package = ?1 AND teaches = 1 GROUP BY line ORDER BY line",
            )?;
            let counted = lines.query_map([package.to_string()], |row| Ok((row.get(0)?, count(row.get(1)?))))?;
            let counted: Vec<(String, u64)> = counted.filter_map(known).collect::<Result<_, _>>()?;
            let all = counted.iter().map(|(_, releases)| releases).sum();
            Ok((counted.into_iter().map(|(line, _)| ReleaseLine::named(line)).collect::<Vec<_>>(), all))
        })?;
        let mut learned_from = Vec::new();
        for line in lines {
            learned_from.extend(self.learned_from(package, &line)?);
        }
        Ok((learned_from, all))
    }

    /// Marks every release of a package as not in the baseline: each is learned again when its registry describes it
    /// again.
    pub(crate) fn forget_learned_from(&self, package: &Package) -> Result<(), StoreError> {
        self.write("forgetting the baseline updates", |db| {
            db.prepare_cached("UPDATE releases SET teaches = 0 WHERE package = ?1")?.execute([package.to_string()])?;
            Ok(())
        })
    }
}
