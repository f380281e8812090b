//! Ends the turn of a package: postponed, continued, finished, or removed from the queue.

use chrono::{DateTime, Utc};
use rusqlite::{OptionalExtension, named_params};

use super::rows::{AGAIN, Again, Portions, Setback, Work};
use crate::{
    model::{Package, RegistryKey},
    store::{
        Store, StoreError,
        columns::{Micros, Text},
        reading::known,
    },
};

impl Store {
    /// Postpones a package whose turn ended before it was checked. `false`: a newer event came meanwhile, and the
    /// package stays due.
    ///
    /// # Errors
    /// As every write.
    pub fn put_off(
        &self,
        work: &Work,
        setback: Setback,
        until: DateTime<Utc>,
        error: &str,
    ) -> Result<bool, StoreError> {
        let fails = matches!(setback, Setback::Failed | Setback::RanOver);
        self.write("putting a package off", |db| {
            let changed = db
                .prepare_cached(
                    "UPDATE work SET due_at = :until, attempts = :attempts, turns = :turns, last_error = :error,
                         behind = :behind, lane = CASE WHEN :fails AND lane = 0 THEN 1 ELSE lane END
                     WHERE package = :package AND generation = :generation",
                )?
                .execute(named_params! {
                    ":until": Micros(until),
                    ":attempts": work.attempts.saturating_add(u32::from(setback != Setback::Paused)),
                    ":turns": work.turns.saturating_add(u32::from(setback == Setback::RanOver)),
                    ":error": error,
                    ":behind": work.behind_after(setback),
                    ":fails": fails,
                    ":package": work.package.to_string(),
                    ":generation": work.generation,
                })?;
            Ok(changed == 1)
        })
    }

    /// Makes sure that an announced package that failed is tried by `by`: one of the registry's is enough to find out
    /// whether it answers again. They take turns.
    pub(crate) fn probe(&self, registry: impl Into<RegistryKey>, by: DateTime<Utc>) -> Result<(), StoreError> {
        let registry = registry.into().to_string();
        self.write("choosing the package that is tried first", |db| {
            db.prepare_cached(
                "UPDATE work SET due_at = :by WHERE package = (
                     SELECT package FROM work WHERE registry = :registry AND lane = 1 AND attempts > 0
                     ORDER BY attempts, due_at, package LIMIT 1
                 ) AND due_at > :by AND NOT EXISTS (
                     SELECT 1 FROM work WHERE registry = :registry AND lane = 1 AND attempts > 0 AND due_at <= :by
                 )",
            )?
            .execute(named_params! { ":registry": registry, ":by": Micros(by) })?;
            Ok(())
        })
    }

    /// Makes the announced packages due that failed, as their registry answers again, where `is_freed` is true for a
    /// package and the time of its next attempt. Returns their number.
    pub(crate) fn try_again(
        &self,
        registry: impl Into<RegistryKey>,
        now: DateTime<Utc>,
        is_freed: impl Fn(&Package, DateTime<Utc>) -> bool,
    ) -> Result<usize, StoreError> {
        let registry = registry.into().to_string();
        let waiting = self.read("reading what failed", |db| {
            let mut query = db.prepare_cached(
                "SELECT package, due_at FROM work WHERE registry = ?1 AND lane = 1 AND attempts > 0 AND due_at > ?2",
            )?;
            let rows = query.query_map((&registry, Micros(now)), |row| {
                Ok((row.get::<_, Text<Package>>(0)?.0, row.get::<_, Micros>(1)?.0))
            })?;
            // A damaged row is found when its turn comes.
            Ok(rows.filter_map(known).collect::<Result<Vec<_>, _>>()?)
        })?;
        let freed: Vec<Package> = waiting
            .into_iter()
            .filter(|(package, due_at)| is_freed(package, *due_at))
            .map(|(package, _)| package)
            .collect();
        if freed.is_empty() {
            return Ok(0);
        }
        self.write("making due what failed", |db| {
            let mut update = db.prepare_cached(
                "UPDATE work SET due_at = ?2 WHERE package = ?1 AND lane = 1 AND attempts > 0 AND due_at > ?3",
            )?;
            freed
                .iter()
                .try_fold(0, |due, package| Ok(due + update.execute((package.to_string(), Micros(now), Micros(now)))?))
        })
    }

    /// Ends a turn that stored what `came`; the next one continues there. `behind` is the reason why its document lags
    /// the announcement, if it does: the number of such checks is kept. `false`: a newer event came meanwhile, and the
    /// package stays due. Turns with progress do not count: an announced release of such a package is checked as soon
    /// as any other.
    pub(crate) fn go_on(
        &self,
        work: &Work,
        until: DateTime<Utc>,
        portions: Option<Portions>,
        behind: Option<&str>,
        came: bool,
    ) -> Result<bool, StoreError> {
        self.write("putting a package back", |db| {
            // The progress of its history is valid whatever was announced meanwhile.
            let changed = db
                .prepare_cached(
                    "UPDATE work SET done = :done, total = :total, turns = :turns, behind = :looks_behind,
                         due_at = CASE WHEN generation = :generation THEN :until ELSE due_at END,
                         attempts = CASE WHEN generation = :generation THEN :attempts ELSE attempts END,
                         last_error = CASE WHEN generation = :generation THEN :behind ELSE last_error END,
                         lane = CASE WHEN generation = :generation AND lane = 0 THEN 1 ELSE lane END
                     WHERE package = :package RETURNING generation = :generation",
                )?
                .query_row(
                    named_params! {
                        ":done": portions.map(|portions| limit_of(portions.done)),
                        ":total": portions.map(|portions| limit_of(portions.total)),
                        ":turns": work.turns.saturating_add(u32::from(!came)),
                        ":until": Micros(until),
                        ":attempts": behind.map_or(0, |_| work.attempts),
                        ":behind": behind,
                        ":looks_behind": behind.map_or(0, |_| work.behind.saturating_add(1)),
                        ":package": work.package.to_string(),
                        ":generation": work.generation,
                    },
                    |row| row.get(0),
                )
                .optional()?;
            Ok(changed.unwrap_or(false))
        })
    }

    /// Queues a checked package for another check: no check failed, and no answer is awaited. `false`: a newer event
    /// came meanwhile, and the package stays due.
    pub(crate) fn look_once_more(&self, work: &Work, again: Again) -> Result<bool, StoreError> {
        self.write("queueing a re-check of a package", |db| {
            let changed = db
                .prepare_cached(
                    "UPDATE work SET reason = :reason, revision = NULL, since = :since, due_at = :due_at, attempts = 0,
                         last_error = NULL, turns = 0, done = NULL, total = NULL, behind = :looks
                     WHERE package = :package AND generation = :generation",
                )?
                .execute(named_params! {
                    ":reason": AGAIN,
                    ":since": Micros(again.since),
                    ":due_at": Micros(again.due_at),
                    ":looks": again.looks,
                    ":package": work.package.to_string(),
                    ":generation": work.generation,
                })?;
            Ok(changed == 1)
        })
    }

    /// Removes packages of other registries than these from the queue: provwatch cannot check them. Returns their
    /// number.
    pub(crate) fn forget_work_of_others(&self, registries: &[RegistryKey]) -> Result<usize, StoreError> {
        let kept: Vec<String> = registries.iter().map(ToString::to_string).collect();
        let of_queue: Vec<String> = self.read("listing the registries of the queue", |db| {
            let mut query = db.prepare_cached("SELECT DISTINCT registry FROM work WHERE registry LIKE '% %'")?;
            Ok(query.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?)
        })?;
        let gone: Vec<&String> = of_queue.iter().filter(|registry| !kept.contains(registry)).collect();
        if gone.is_empty() {
            return Ok(0);
        }
        self.write("taking packages of a registry off the queue", |db| {
            let mut delete = db.prepare_cached("DELETE FROM work WHERE registry = ?1")?;
            gone.iter().try_fold(0, |count, registry| Ok(count + delete.execute([registry])?))
        })
    }

    /// Removes a package from the queue. `false`: a newer event came meanwhile, and the package stays due. If a power
    /// failure undoes it, the package is checked once more.
    ///
    /// # Errors
    /// As every write.
    pub fn finish_work(&self, package: &Package, generation: i64) -> Result<bool, StoreError> {
        self.write_repeatable("finishing a package", |db| {
            let removed = db
                .prepare_cached("DELETE FROM work WHERE package = ?1 AND generation = ?2")?
                .execute((package.to_string(), generation))?;
            Ok(removed == 1)
        })
    }
}

fn limit_of(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
