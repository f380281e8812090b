use chrono::{DateTime, TimeDelta, Utc};
use rusqlite::{Connection, OptionalExtension, Row, named_params};
use schemars::JsonSchema;
use serde::Serialize;

use super::{
    Store, StoreError,
    columns::{Micros, Text, count, limit, time_of_any},
    error::Failure,
    reading::{known, one},
    sealed::WORK,
};
use crate::{
    clock::horizon,
    model::{Package, RegistryKey},
};

/// The longest wait that a package is ever given, whatever a server asks for.
pub const LONGEST_WAIT: TimeDelta = TimeDelta::hours(6);

/// The reason of another look at a document that could not tell how new it is.
pub const AGAIN: &str = "looked at again";

/// Another look at a package that was looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Again {
    /// The how manieth it is.
    pub looks: u32,
    /// When the first look was.
    pub since: DateTime<Utc>,
    /// When it is due.
    pub due_at: DateTime<Utc>,
}

/// The order in which packages of one registry are looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Lane {
    /// A feed announced a change, and nothing has gone wrong since.
    Announced,
    /// The last turn failed, or ended before the work was done.
    Again,
    /// The rest: first sights, reminders, comparisons.
    Rest,
}

impl Lane {
    const ALL: [Self; 3] = [Self::Announced, Self::Again, Self::Rest];
}

/// Why a package's turn ended before the package was looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Setback {
    /// It failed.
    Failed,
    /// The time of the turn was over before the document was there.
    RanOver,
    /// The registry does not show yet what was announced: nobody's failure, and the package keeps its lane.
    Behind,
    /// The host asked for a pause: nothing was tried.
    Paused,
}

/// How far a history is that is read in portions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Portions {
    /// Releases read.
    pub done: u64,
    /// Of so many.
    pub total: u64,
}

/// A package whose history is being read in portions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FirstSight {
    /// The package.
    pub package: Package,
    /// How far it is.
    #[serde(flatten)]
    pub portions: Portions,
    /// Since when it waits.
    pub since: DateTime<Utc>,
}

/// A package to look at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Work {
    /// The package.
    pub package: Package,
    /// The revision that its document must have reached, where a feed announced one.
    pub revision: Option<String>,
    /// Who asked: a feed's name, "backfill", "watchlist".
    pub reason: String,
    /// Since when it waits.
    pub since: DateTime<Utc>,
    /// Failed attempts since the last event.
    pub attempts: u32,
    /// What went wrong last.
    pub last_error: Option<String>,
    /// Changes with every new event; never given twice.
    pub generation: i64,
    /// Where it stands in line.
    pub lane: Lane,
    /// Turns that ended before anything came, since the package was last looked at whole.
    pub turns: u32,
    /// How far its history is, if that is read in portions.
    pub portions: Option<Portions>,
    /// Looks on end that found a document behind what was announced, however often something was.
    pub behind: u32,
}

impl Work {
    /// How many looks on end were behind once there was this setback too.
    fn behind_after(&self, setback: Setback) -> u32 {
        match setback {
            Setback::Behind => self.behind.saturating_add(1),
            Setback::Paused => self.behind,
            Setback::Failed | Setback::RanOver => 0,
        }
    }
}

/// How much there is to do.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct WorkSummary {
    /// Packages that wait.
    pub waiting: u64,
    /// Those of them that are due.
    pub due: u64,
    /// Those whose last attempt failed.
    pub failing: u64,
    /// Those that were looked at, and are looked at once more because their document does not tell how new it is.
    pub again: u64,
    /// Since when the oldest one waits.
    pub oldest: Option<DateTime<Utc>>,
    /// Since when the oldest one whose last attempt failed waits.
    pub oldest_failing: Option<DateTime<Utc>>,
}

impl Store {
    /// Asks for packages to be looked at, now.
    ///
    /// # Errors
    /// As every write.
    pub fn enqueue(&self, packages: &[Package], reason: &str, now: DateTime<Utc>) -> Result<(), StoreError> {
        self.write("queueing packages", |db| {
            packages.iter().try_for_each(|package| demand(db, package, Demand::unannounced(reason), now))
        })
    }

    /// Asks for packages to be looked at that are not queued yet; those that are keep their turn.
    ///
    /// # Errors
    /// As every write.
    pub fn remind(&self, packages: &[Package], reason: &str, now: DateTime<Utc>) -> Result<(), StoreError> {
        self.write("queueing packages", |db| {
            let mut queued = db.prepare_cached("SELECT EXISTS (SELECT 1 FROM work WHERE package = ?1)")?;
            for package in packages {
                if !queued.query_row([package.to_string()], |row| row.get(0))? {
                    demand(db, package, Demand::unannounced(reason), now)?;
                }
            }
            Ok(())
        })
    }

    /// The packages of a registry that are due in a lane, the longest due first.
    ///
    /// # Errors
    /// As every read.
    pub fn next_work(
        &self,
        registry: impl Into<RegistryKey>,
        lane: Lane,
        now: DateTime<Utc>,
        at_most: usize,
    ) -> Result<Vec<Work>, StoreError> {
        let registry = registry.into().to_string();
        self.read("reading the queue", |db| {
            let sql = "SELECT *, {row} FROM work WHERE registry = ?1 AND lane = ?2 AND (due_at <= ?3 OR due_at > ?4)
                 ORDER BY due_at, package LIMIT ?5";
            let horizon = horizon(now, LONGEST_WAIT);
            let due = (registry, lane as i64, Micros(now), Micros(horizon), limit(at_most));
            db.rows(&WORK, sql, due, work)
        })
    }

    /// How many packages of a registry are due.
    ///
    /// # Errors
    /// As every read.
    pub fn due_of(&self, registry: &RegistryKey, now: DateTime<Utc>) -> Result<u64, StoreError> {
        self.read("counting the queue of a registry", |db| {
            let mut query =
                db.prepare_cached("SELECT count(*) FROM work WHERE registry = ?1 AND (due_at <= ?2 OR due_at > ?3)")?;
            let of = (registry.to_string(), Micros(now), Micros(horizon(now, LONGEST_WAIT)));
            Ok(query.query_row(of, |row| row.get(0).map(count))?)
        })
    }

    /// What is queued for a package.
    ///
    /// # Errors
    /// As every read.
    pub fn work_of(&self, package: &Package) -> Result<Option<Work>, StoreError> {
        self.read("reading the queue", |db| {
            one(db, &WORK, "SELECT *, {row} FROM work WHERE package = ?1", [package.to_string()], work)
        })
    }

    /// Which request the queue's row of a package stands for now, if there is one.
    ///
    /// # Errors
    /// As every read.
    pub fn generation_of(&self, package: &Package) -> Result<Option<i64>, StoreError> {
        self.read("reading the queue", |db| {
            let mut query = db.prepare_cached("SELECT generation FROM work WHERE package = ?1")?;
            Ok(query.query_row([package.to_string()], |row| row.get(0)).optional()?)
        })
    }

    /// The packages whose histories are being read in portions, by purl.
    ///
    /// # Errors
    /// As every read.
    pub fn first_sights(&self, at_most: usize) -> Result<Vec<FirstSight>, StoreError> {
        self.read("reading how far the first sights are", |db| {
            let sql = "SELECT *, {row} FROM work WHERE total IS NOT NULL ORDER BY package LIMIT ?1";
            let rows = db.rows(&WORK, sql, [limit(at_most)], work)?;
            let sight =
                |Work { package, portions, since, .. }| Some(FirstSight { package, portions: portions?, since });
            Ok(rows.into_iter().filter_map(sight).collect())
        })
    }

    /// The packages that are due, of all registries: those that a feed announced first, then the longest due.
    ///
    /// # Errors
    /// As every read.
    pub fn due_work(&self, now: DateTime<Utc>, at_most: usize) -> Result<Vec<Work>, StoreError> {
        self.read("reading the queue", |db| {
            let sql =
                "SELECT *, {row} FROM work WHERE due_at <= ?1 OR due_at > ?2 ORDER BY lane, due_at, package LIMIT ?3";
            db.rows(&WORK, sql, (Micros(now), Micros(horizon(now, LONGEST_WAIT)), limit(at_most)), work)
        })
    }

    /// Puts a failed attempt off. `false`: a newer event came meanwhile, and the package stays due.
    ///
    /// # Errors
    /// As every write.
    pub fn postpone(&self, work: &Work, until: DateTime<Utc>, error: &str) -> Result<bool, StoreError> {
        self.put_off(work, Setback::Failed, until, error)
    }

    /// Puts a package off whose turn ended before it was looked at. `false`: a newer event came meanwhile, and the package
    /// stays due.
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

    /// Makes sure that something that a feed announced, and that failed, is tried by `by`: of all those of the registry one is
    /// enough to find out whether it answers again. They take turns.
    ///
    /// # Errors
    /// As every write.
    pub fn probe(&self, registry: impl Into<RegistryKey>, by: DateTime<Utc>) -> Result<(), StoreError> {
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

    /// A registry answers again: what a feed announced of it, and failed, is due, as far as `is_freed` says so of a package
    /// and the time of its next try. How many packages that are.
    ///
    /// # Errors
    /// As every write.
    pub fn try_again(
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
                "UPDATE work SET due_at = ?2 WHERE package = ?1 AND lane = 1 AND attempts > 0 AND due_at > ?2",
            )?;
            freed.iter().try_fold(0, |due, package| Ok(due + update.execute((package.to_string(), Micros(now)))?))
        })
    }

    /// A package's turn is over and has stored what `came`; the next one goes on there. `behind` is why its document is
    /// not what was announced, if it is not: how often that was asked for is not forgotten. `false`: a newer event came
    /// meanwhile, and the package stays due. Turns in which something came do not count: what is announced of such a package
    /// is looked at as soon as of any other.
    ///
    /// # Errors
    /// As every write.
    pub fn go_on(
        &self,
        work: &Work,
        until: DateTime<Utc>,
        portions: Option<Portions>,
        behind: Option<&str>,
        came: bool,
    ) -> Result<bool, StoreError> {
        self.write("putting a package back", |db| {
            // How far its history is holds whatever was announced meanwhile.
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

    /// A package was looked at, and is to be looked at once more: nothing failed, and nothing is waited for. `false`: a newer
    /// event came meanwhile, and the package stays due.
    ///
    /// # Errors
    /// As every write.
    pub fn look_once_more(&self, work: &Work, again: Again) -> Result<bool, StoreError> {
        self.write("queueing another look at a package", |db| {
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

    /// Takes what is queued of other registries than these off the queue: nobody can look at it. How many packages that were.
    ///
    /// # Errors
    /// As every write.
    pub fn forget_work_of_others(&self, registries: &[RegistryKey]) -> Result<usize, StoreError> {
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

    /// Takes a package off the queue. `false`: a newer event came meanwhile, and the package stays due. If a power failure
    /// undoes it, the package is looked at once more.
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

    /// The packages whose last attempt failed, the longest waiting first.
    ///
    /// # Errors
    /// As every read.
    pub fn failing_work(&self, at_most: usize) -> Result<Vec<Work>, StoreError> {
        self.read("reading what fails", |db| {
            let sql = "SELECT *, {row} FROM work WHERE attempts > 0 ORDER BY since, package LIMIT ?1";
            db.rows(&WORK, sql, [limit(at_most)], work)
        })
    }

    /// How much there is to do.
    ///
    /// # Errors
    /// As every read.
    pub fn work_summary(&self, now: DateTime<Utc>) -> Result<WorkSummary, StoreError> {
        self.read("counting the queue", |db| {
            let mut query = db.prepare_cached(
                "SELECT count(*) AS waiting, count(*) FILTER (WHERE due_at <= ?1 OR due_at > ?2) AS due,
                        count(*) FILTER (WHERE attempts > 0) AS failing,
                        count(*) FILTER (WHERE attempts = 0 AND reason = ?3) AS again, min(since) AS oldest,
                        min(since) FILTER (WHERE attempts > 0) AS oldest_failing FROM work",
            )?;
            Ok(query.query_row((Micros(now), Micros(horizon(now, LONGEST_WAIT)), AGAIN), |row| {
                Ok(WorkSummary {
                    waiting: count(row.get("waiting")?),
                    due: count(row.get("due")?),
                    failing: count(row.get("failing")?),
                    again: count(row.get("again")?),
                    oldest: time_of_any(row.get("oldest")?),
                    oldest_failing: time_of_any(row.get("oldest_failing")?),
                })
            })?)
        })
    }
}

/// What is wanted of a package.
#[derive(Clone, Copy)]
pub(super) struct Demand<'a> {
    lane: Lane,
    revision: Option<&'a str>,
    reason: &'a str,
}

impl<'a> Demand<'a> {
    /// A feed announced a change, and with it perhaps what the document must show.
    pub fn announced(reason: &'a str, revision: Option<&'a str>) -> Self {
        Self { lane: Lane::Announced, revision, reason }
    }

    pub fn unannounced(reason: &'a str) -> Self {
        Self { lane: Lane::Rest, revision: None, reason }
    }
}

/// Opens work for a package, or makes its work due and new. `since` stays: it tells how long the package has waited. A
/// package whose turns ended too early stays behind those that are looked at in one: however often it is announced, it
/// must not keep their slots.
pub(super) fn demand(
    db: &Connection,
    package: &Package,
    demand: Demand<'_>,
    now: DateTime<Utc>,
) -> Result<(), Failure> {
    let generation: i64 = db
        .prepare_cached("UPDATE work_generation SET value = value + 1 RETURNING value")?
        .query_row([], |row| row.get(0))?;
    db.prepare_cached(
        "INSERT INTO work (package, registry, lane, reason, revision, since, due_at, generation)
         VALUES (:package, :registry, :lane, :reason, :revision, :now, :now, :generation)
         ON CONFLICT (package) DO UPDATE SET registry = excluded.registry, reason = excluded.reason,
             revision = coalesce(excluded.revision, revision),
             due_at = CASE WHEN due_at < excluded.due_at THEN due_at ELSE excluded.due_at END,
             lane = CASE WHEN excluded.lane >= lane THEN lane WHEN turns > 0 THEN 1 ELSE excluded.lane END,
             attempts = 0, last_error = NULL, generation = excluded.generation",
    )?
    .execute(named_params! {
        ":package": package.to_string(),
        ":registry": package.registry().to_string(),
        ":lane": demand.lane as i64,
        ":reason": demand.reason,
        ":revision": demand.revision,
        ":now": Micros(now),
        ":generation": generation,
    })?;
    Ok(())
}

fn limit_of(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

fn work(row: &Row<'_>) -> rusqlite::Result<Work> {
    Ok(Work {
        package: row.get::<_, Text<_>>("package")?.0,
        revision: row.get("revision")?,
        reason: row.get("reason")?,
        since: row.get::<_, Micros>("since")?.0,
        attempts: row.get("attempts")?,
        last_error: row.get("last_error")?,
        generation: row.get("generation")?,
        lane: lane(row)?,
        turns: row.get("turns")?,
        portions: portions(row)?,
        behind: row.get("behind")?,
    })
}

fn lane(row: &Row<'_>) -> rusqlite::Result<Lane> {
    let lane: u8 = row.get("lane")?;
    Ok(Lane::ALL.get(usize::from(lane)).copied().unwrap_or(Lane::Rest))
}

fn portions(row: &Row<'_>) -> rusqlite::Result<Option<Portions>> {
    let (done, total): (Option<i64>, Option<i64>) = (row.get("done")?, row.get("total")?);
    Ok(done.zip(total).map(|(done, total)| Portions { done: count(done), total: count(total) }))
}
