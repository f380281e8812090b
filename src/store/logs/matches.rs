//! Stores and lists the matches of `[[logs.match]]`, reported in the transaction that marks them as verified.

use chrono::{DateTime, TimeDelta, Utc};
use rusqlite::{Connection, OptionalExtension, Row, named_params};
use sha2::{Digest, Sha256};

use super::{
    LogEntryRow, Scope,
    accusations::Raise,
    entry_row::{Identity, entry_row},
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

/// Most signers of a match, with their owners, that are stored. Signers beyond that are reported as new each time,
/// within the budgets.
const MOST_SIGNERS: i64 = 20_000;

/// After this time an owner is known to a match.
const KNOWN_FOR: TimeDelta = TimeDelta::days(1);

/// The name in `log_histories` that stands for the log itself.
const THE_LOG: &str = "";

/// The parts of a `[[logs.match]]` that its reports need.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MatchRule {
    pub name: String,
    /// The severity of its findings.
    pub severity: Severity,
    /// Which findings are reported.
    pub report: Report,
    /// The team that answers for it.
    pub team: Option<String>,
    /// If its signers are the operator's own: the files of their release workflows; none stands for any.
    pub own: Option<Vec<String>>,
}

/// An entry that a match found.
#[derive(Clone, Debug)]
pub struct Met {
    /// Its index in the tree.
    pub index: u64,
    /// The signer.
    pub identity: WorkflowIdentity,
    /// Whether its repository is one of watched packages.
    pub is_of_packages: bool,
    /// Whether the match has known its owner for a day or longer.
    pub is_known: bool,
    /// The names of the matches.
    pub matches: Vec<String>,
}

/// Decides which matches are reported, and to which subscriptions.
pub trait MatchReporter {
    /// Every match.
    fn rules(&self) -> &[MatchRule];

    /// The alert about an entry, and the budgets that it draws on.
    fn accusation(&self, rule: &MatchRule, met: &Met, now: DateTime<Utc>) -> (Alert, Vec<Scope>);

    /// The alert about matches in entries that were logged before the match was configured, without the entries.
    fn history(&self, rule: &MatchRule, now: DateTime<Utc>) -> Alert;

    /// An entry in the form of alerts.
    fn sighting(&self, met: &Met) -> Sighting;

    /// The subscriptions that receive an alert.
    fn wants(&self, alert: &Alert) -> Vec<String>;
}

/// Which matched entries to list; a condition that is `None` does not filter.
#[derive(Clone, Copy, Debug, Default)]
pub struct LogMatchFilter<'a> {
    /// The match that found them.
    pub name: Option<&'a str>,
    /// Their log.
    pub log: Option<&'a str>,
    /// Seen at this time or later.
    pub since: Option<DateTime<Utc>>,
    /// Seen before this time.
    pub until: Option<DateTime<Utc>>,
    /// A text in issuer, subject or a claim, in upper or lower case.
    pub identity: Option<&'a str>,
    /// The most entries, the latest ones.
    pub limit: usize,
}

impl Store {
    /// Verified entries that a `[[logs.match]]` found, the latest first.
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

/// The tail of the log starts, and entries before `past` were logged earlier. Only the first call counts.
pub(super) fn begin_history(db: &Connection, log: &str, past: u64) -> Result<(), QueryFailure> {
    db.prepare_cached("INSERT INTO log_histories (log, name, past) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING")?
        .execute((log, THE_LOG, Position(past)))?;
    Ok(())
}

/// Reports the matched entries of a log before they are marked as verified; returns the announced alerts. Entries that
/// no trusted authority issued are left to `forged-certificate`: they must not make the named signer known.
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

/// The index before which a log's entries were logged earlier than the match was configured. Entries that an earlier
/// version found in the log without a report are known from the first call on.
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

/// Passes the matched entries of a log with a certificate from a trusted authority, one at a time.
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
        // A damaged row is found when it is judged; it must not block the verification of the log.
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

/// Whether a match met this owner long enough ago to rule out an attacker who floods it now.
fn is_known(db: &Connection, name: &str, met: &Met, now: DateTime<Utc>) -> Result<bool, QueryFailure> {
    let since = now.checked_sub_signed(KNOWN_FOR).unwrap_or(DateTime::<Utc>::MIN_UTC);
    let sql = "SELECT count(*) FROM log_signers WHERE name = ?1 AND signer = ?2 AND first_seen <= ?3";
    let mut query = db.prepare_cached(sql)?;
    Ok(query.query_row((name, digest(&owner(met)), Micros(since)), |row| row.get::<_, i64>(0))? > 0)
}

/// The owner of a signer, as it is stored among the signers.
fn owner(met: &Met) -> String {
    format!("owner\n{}\n{}", met.identity.issuer, met.identity.owner())
}

fn digest(signer: &str) -> String {
    hex::encode(Sha256::digest(signer))
}

/// Stores that a match has met a signer, and its owner. Returns whether the signer is new.
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
