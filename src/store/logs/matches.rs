//! Stores and lists the matches of `[[logs.match]]`, reported in the transaction that makes them believed.

use chrono::{DateTime, TimeDelta, Utc};
use rusqlite::{Connection, OptionalExtension, Row, named_params};
use sha2::{Digest, Sha256};

use super::{
    LogEntryRow, Scope,
    accusations::Raise,
    entries::{Identity, entry_row},
};
use crate::{
    model::{Alert, Report, Severity, Sighting, Sightings, WorkflowIdentity},
    store::{
        Store, StoreError,
        columns::{Json, Micros, Position, limit},
        error::QueryFailure,
        sealed::LOG_ENTRIES,
    },
};

/// Most signers of a match, with their owners, that are remembered. What is beyond is told as new each time, within the budgets.
const MOST_SIGNERS: i64 = 20_000;

/// For so long a match has known an owner that is not a stranger to it.
const KNOWN_FOR: TimeDelta = TimeDelta::days(1);

/// The name in `log_histories` that stands for the log itself.
const THE_LOG: &str = "";

/// A `[[logs.match]]` as far as its telling goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MatchRule {
    pub name: String,
    /// How bad what it finds is.
    pub severity: Severity,
    /// What of it is told.
    pub report: Report,
}

/// An entry that a match found.
#[derive(Clone, Debug)]
pub struct Met {
    /// Its index in the tree.
    pub index: u64,
    /// Who signed.
    pub identity: WorkflowIdentity,
    /// Whether it is of a repository of watched packages.
    pub is_of_packages: bool,
    /// Whether the match has known its owner for a day or longer.
    pub is_known: bool,
    /// The names of the matches.
    pub matches: Vec<String>,
}

/// Knows what is to be told of matches, and to whom.
pub trait MatchReporter {
    /// Every match.
    fn rules(&self) -> &[MatchRule];

    /// The alert about an entry, and the budgets that it is paid from.
    fn accusation(&self, rule: &MatchRule, met: &Met, now: DateTime<Utc>) -> (Alert, Vec<Scope>);

    /// The alert about what a match found in entries that were logged before it was looked for, without the entries.
    fn history(&self, rule: &MatchRule, now: DateTime<Utc>) -> Alert;

    /// An entry in the words of alerts.
    fn sighting(&self, met: &Met) -> Sighting;

    /// The subscriptions that want an alert.
    fn wants(&self, alert: &Alert) -> Vec<String>;
}

/// Which matched entries; what is `None` does not matter.
#[derive(Clone, Copy, Debug, Default)]
pub struct LogMatchFilter<'a> {
    /// Found by this match.
    pub name: Option<&'a str>,
    /// Of this log.
    pub log: Option<&'a str>,
    /// Seen then or later.
    pub since: Option<DateTime<Utc>>,
    /// Seen before.
    pub until: Option<DateTime<Utc>>,
    /// With this text in issuer, subject or a claim, in whatever case.
    pub identity: Option<&'a str>,
    /// At most so many, the latest.
    pub limit: usize,
}

impl Store {
    /// Believed entries that a `[[logs.match]]` found, the latest first.
    ///
    /// # Errors
    /// As every read.
    pub fn log_matches(&self, filter: LogMatchFilter<'_>) -> Result<Vec<LogEntryRow>, StoreError> {
        self.read("listing matched log entries", |db| {
            let sql = "SELECT *, {row} FROM log_entries WHERE believed = 1 AND patterns <> '[]'
                AND (:name IS NULL OR EXISTS (
                    SELECT 1 FROM json_each(CASE WHEN json_valid(patterns) THEN patterns ELSE '[]' END) AS one
                    WHERE one.value = :name))
                AND (:log IS NULL OR log = :log) AND (:since IS NULL OR seen_at >= :since)
                AND (:until IS NULL OR seen_at < :until)
                AND (:identity IS NULL OR EXISTS (
                    SELECT 1 FROM json_tree(CASE WHEN json_valid(identity) THEN identity ELSE '{}' END) AS part
                    WHERE part.atom IS NOT NULL AND instr(lower(part.value), lower(:identity)) > 0))
                ORDER BY seen_at DESC, log, idx DESC LIMIT :limit";
            let wanted = named_params! {
                ":name": filter.name, ":log": filter.log, ":since": filter.since.map(Micros),
                ":until": filter.until.map(Micros), ":identity": filter.identity, ":limit": limit(filter.limit),
            };
            db.rows(&LOG_ENTRIES, sql, wanted, entry_row)
        })
    }
}

/// The log is tailed from now on, and what lies before `past` was logged before. The first time counts.
pub(super) fn begin_history(db: &Connection, log: &str, past: u64) -> Result<(), QueryFailure> {
    db.prepare_cached("INSERT INTO log_histories (log, name, past) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING")?
        .execute((log, THE_LOG, Position(past)))?;
    Ok(())
}

/// Tells of the entries of a log that are about to be believed; the alerts that were announced. What no trusted authority
/// issued is left to `forged-certificate`: it must not make the signer known whom it names.
pub(super) fn tell(
    db: &Connection,
    log: &str,
    match_reporter: &dyn MatchReporter,
    now: DateTime<Utc>,
) -> Result<Vec<Alert>, QueryFailure> {
    let rules = match_reporter.rules();
    let mut pasts = Vec::new();
    for rule in rules {
        pasts.push(past(db, log, rule, now)?);
    }
    let wants = |alert: &Alert| match_reporter.wants(alert);
    let raise =
        |alert: &Alert, scopes: &[Scope]| Raise { db, alert, counts: true, wants: &wants, now }.paid_from(scopes);
    let mut announced = Vec::new();
    let mut histories: Vec<Option<Sightings>> = vec![None; rules.len()];
    each_unbelieved(db, log, |met| {
        for (place, rule) in rules.iter().enumerate().filter(|(_, rule)| met.matches.contains(&rule.name)) {
            let is_new = remember(db, &rule.name, &met, now)?;
            if rule.report == Report::Never {
                continue;
            }
            if met.index < pasts[place] {
                let one = Sightings::first(match_reporter.sighting(&met), now);
                let history = histories[place].take();
                histories[place] = Some(history.map_or_else(|| one.clone(), |history| history.and(&one)));
            } else if is_new || rule.report == Report::All {
                let met = Met { is_known: is_known(db, &rule.name, &met, now)?, ..met.clone() };
                let (alert, scopes) = match_reporter.accusation(rule, &met, now);
                announced.extend(raise(&alert, &scopes)?);
            }
        }
        Ok(())
    })?;
    let found = rules.iter().zip(histories).filter_map(|(rule, history)| Some((rule, history?)));
    for (rule, entries) in found {
        let alert = Alert { entries: Some(entries), ..match_reporter.history(rule, now) };
        announced.extend(raise(&alert, &[])?);
    }
    Ok(announced)
}

/// Before which index a log's entries were logged before the match was looked for. What was found in the log without being
/// told, by an earlier version, is known from the first time on.
fn past(db: &Connection, log: &str, rule: &MatchRule, now: DateTime<Utc>) -> Result<u64, QueryFailure> {
    let mut query = db.prepare_cached("SELECT past FROM log_histories WHERE log = ?1 AND name = ?2")?;
    let mut of = |name: &str| query.query_row((log, name), |row| row.get::<_, Position>(0)).optional();
    if let Some(Position(past)) = of(&rule.name)? {
        return Ok(past);
    }
    let of_log = of(THE_LOG)?.map_or(0, |Position(past)| past);
    let mut proven = db.prepare_cached("SELECT max(past) FROM log_coverage WHERE log = ?1")?;
    let proven: Option<Position> = proven.query_row([log], |row| row.get(0))?;
    let past = of_log.max(proven.map_or(0, |Position(past)| past));
    db.prepare_cached("INSERT INTO log_histories (log, name, past) VALUES (?1, ?2, ?3)")?.execute((
        log,
        &rule.name,
        Position(past),
    ))?;
    each_believed(db, log, |met| {
        if met.matches.contains(&rule.name) {
            remember(db, &rule.name, &met, now)?;
        }
        Ok(())
    })?;
    Ok(past)
}

fn each_believed(
    db: &Connection,
    log: &str,
    take: impl FnMut(Met) -> Result<(), QueryFailure>,
) -> Result<(), QueryFailure> {
    each(db, log, true, take)
}

fn each_unbelieved(
    db: &Connection,
    log: &str,
    take: impl FnMut(Met) -> Result<(), QueryFailure>,
) -> Result<(), QueryFailure> {
    each(db, log, false, take)
}

/// Goes through the matched entries of a log that a trusted authority vouches for, one at a time.
fn each(
    db: &Connection,
    log: &str,
    believed: bool,
    mut take: impl FnMut(Met) -> Result<(), QueryFailure>,
) -> Result<(), QueryFailure> {
    let mut query = db.prepare_cached(
        "SELECT idx, identity, packages <> '[]' AS is_of_packages, patterns FROM log_entries
         WHERE log = ?1 AND believed = ?2 AND patterns <> '[]' AND not_issued IS NULL ORDER BY idx",
    )?;
    let mut rows = query.query((log, believed))?;
    while let Some(row) = rows.next()? {
        // A damaged row is noticed when it is judged; it must not keep the log from being believed.
        if let Ok(met) = met(row) {
            take(met)?;
        }
    }
    Ok(())
}

fn met(row: &Row<'_>) -> rusqlite::Result<Met> {
    let Json(Identity { issuer, subject, claims }) = row.get("identity")?;
    Ok(Met {
        index: row.get::<_, Position>("idx")?.0,
        identity: WorkflowIdentity { issuer, subject, claims },
        is_of_packages: row.get("is_of_packages")?,
        is_known: false,
        matches: row.get::<_, Json<_>>("patterns")?.0,
    })
}

/// Whether a match met this owner long enough ago that whoever floods it now is somebody else.
fn is_known(db: &Connection, name: &str, met: &Met, now: DateTime<Utc>) -> Result<bool, QueryFailure> {
    let since = now.checked_sub_signed(KNOWN_FOR).unwrap_or(DateTime::<Utc>::MIN_UTC);
    let sql = "SELECT count(*) FROM log_signers WHERE name = ?1 AND signer = ?2 AND first_seen <= ?3";
    let mut query = db.prepare_cached(sql)?;
    Ok(query.query_row((name, digest(&owner(met)), Micros(since)), |row| row.get::<_, i64>(0))? > 0)
}

/// The owner of a signer, as it is remembered among the signers.
fn owner(met: &Met) -> String {
    format!("owner\n{}\n{}", met.identity.issuer, met.identity.owner())
}

fn digest(signer: &str) -> String {
    hex::encode(Sha256::digest(signer))
}

/// Remembers that a match has met a signer, and its owner. Whether the signer for the first time.
fn remember(db: &Connection, name: &str, met: &Met, now: DateTime<Utc>) -> Result<bool, QueryFailure> {
    remember_one(db, name, &owner(met), now)?;
    remember_one(db, name, &met.identity.lasting(), now)
}

fn remember_one(db: &Connection, name: &str, signer: &str, now: DateTime<Utc>) -> Result<bool, QueryFailure> {
    let signer = digest(signer);
    let mut update = db.prepare_cached(
        "UPDATE log_signers SET last_seen = CASE WHEN last_seen < :now THEN :now ELSE last_seen END,
             entries = entries + 1 WHERE name = :name AND signer = :signer",
    )?;
    if update.execute(named_params! { ":name": name, ":signer": signer, ":now": Micros(now) })? > 0 {
        return Ok(false);
    }
    let mut insert = db.prepare_cached(
        "INSERT INTO log_signers (name, signer, first_seen, last_seen, entries)
         SELECT :name, :signer, :now, :now, 1 WHERE (SELECT count(*) FROM log_signers WHERE name = :name) < :most",
    )?;
    insert.execute(named_params! { ":name": name, ":signer": signer, ":now": Micros(now), ":most": MOST_SIGNERS })?;
    Ok(true)
}
