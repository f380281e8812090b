//! Makes digests: a period's messages to one subscription become one. Its time and its content are stored together, so that
//! each digest is sent once, whenever the process ends.

use chrono::{DateTime, TimeDelta, Utc};
use rusqlite::{Connection, OptionalExtension, Row, named_params};

use super::{
    Store, StoreError,
    alerts::{alert_row, insert, stored},
    announcing::{idempotency_key, tell},
    columns::{Micros, count, limit},
    digest_alerts::{self, Period, item_row},
    error::QueryFailure,
    history::head,
    reading::Reading,
    sealed::{ALERTS, EXPECTED_CHANGES},
    silences,
};
use crate::model::{Alert, AlertKind, AlertStatus, Confidence, Digest, DigestItem, DigestSection, Severity};

/// What a delivery says that is a digest.
pub(super) const DIGEST: &str = "digest";

/// Announced changes that end within this time are listed.
const SOON: TimeDelta = TimeDelta::days(7);

impl Store {
    /// Puts the digest that was due at `due` into the outbox, unless it is there already, in place of the messages that
    /// wait. It also names the open alerts that the subscription `wants` and was not told of. The first call only begins
    /// the first period. Returns whether there is a new digest.
    ///
    /// # Errors
    /// As every write.
    pub fn make_digest(
        &self,
        subscription: &str,
        due: DateTime<Utc>,
        now: DateTime<Utc>,
        wants: &dyn Fn(&Alert) -> bool,
    ) -> Result<bool, StoreError> {
        let known = self.read("reading the time of a digest", |db| last(db, subscription, now))?;
        if known.is_some_and(|known| known >= due) {
            return Ok(false);
        }
        self.write("making a digest", |db| {
            let from = last(db, subscription, now)?;
            let to = if from.is_some() { due } else { now };
            db.prepare_cached(
                "INSERT INTO digests (subscription, due_at, made_at) VALUES (?1, ?2, ?3)
                 ON CONFLICT (subscription) DO UPDATE SET due_at = excluded.due_at, made_at = excluded.made_at",
            )?
            .execute((subscription, Micros(to), Micros(now)))?;
            let Some(from) = from.filter(|from| *from < due) else { return Ok(false) };
            let period = Period { subscription, from, to, wants };
            let alert = digest(db, &period, now)?;
            if stored(db, &alert.fingerprint)?.is_some() {
                return Ok(false);
            }
            insert(db, &alert, now)?;
            settle(db, &period, now)?;
            let key = idempotency_key(&alert.fingerprint, 1, subscription);
            Ok(tell(db, &alert, &key, subscription, (now, DIGEST))? > 0)
        })
    }
}

/// The end of the last period. A time after `now` comes from a clock that was ahead: the next period begins now.
fn last(db: &Connection, subscription: &str, now: DateTime<Utc>) -> Result<Option<DateTime<Utc>>, QueryFailure> {
    let mut query = db.prepare_cached("SELECT due_at FROM digests WHERE subscription = ?1")?;
    let at = query.query_row([subscription], |row| row.get::<_, Micros>(0)).optional()?;
    Ok(at.map(|Micros(at)| at).filter(|at| *at <= now))
}

/// The digest as the alert that carries it through the outbox. It is resolved: nobody has to do anything about it.
fn digest(db: &Connection, period: &Period<'_>, now: DateTime<Utc>) -> Result<Alert, QueryFailure> {
    let reading = Reading::over(db);
    let mut sections = digest_alerts::sections(&reading, period, now)?;
    sections.push(expiring(&reading, now)?);
    sections.push(health(&reading)?);
    let history = head(db)?.map(|head| head.to_string());
    let digest = Digest { from: period.from, to: period.to, sections, history };
    // A clock that was ahead may have made a digest of another period with the same end.
    let (from, to) = (period.from.to_rfc3339(), period.to.to_rfc3339());
    let subject = format!("digest {}\n{from}\n{to}", period.subscription);
    let title = format!("Digest: {}", digest.summary());
    let (severity, confidence) = (Severity::Info, Confidence::High);
    Ok(Alert {
        status: AlertStatus::Resolved,
        digest: Some(digest),
        ..Alert::about(AlertKind::Operation, &subject, severity, confidence, title, now)
    })
}

/// The silences and announced changes that end soon, or are useless.
fn expiring(db: &Reading<'_>, now: DateTime<Utc>) -> Result<DigestSection, QueryFailure> {
    let silences = silences::with_holds(db)?;
    let doubts = silences.iter().filter_map(|one| Some(format!("silence {} {}", one.id, one.doubt(now)?)));
    let mut texts: Vec<String> = doubts.collect();
    let sql = "SELECT *, {row} FROM expected_changes WHERE removed_at IS NULL AND until_at >= ?1 AND until_at <= ?2
         ORDER BY until_at, id";
    let read = |row: &Row<'_>| Ok((row.get::<_, i64>("id")?, row.get::<_, String>("package")?));
    for (id, package) in db.rows(&EXPECTED_CHANGES, sql, (Micros(now), Micros(now + SOON)), read)? {
        texts.push(format!("announcement {id} of {package} ends soon"));
    }
    texts.extend(ending_actions(db, now)?);
    Ok(section_of("expiring", texts))
}

/// The acknowledgements that lapse soon, and the snoozes that end.
fn ending_actions(db: &Reading<'_>, now: DateTime<Utc>) -> Result<Vec<String>, QueryFailure> {
    let sql = "SELECT body, status, until_at, {row} FROM alerts WHERE until_at >= ?1 AND until_at <= ?2
         ORDER BY until_at, fingerprint LIMIT ?3";
    let read = |row: &Row<'_>| {
        let Alert { id, status, title, .. } = alert_row(row)?;
        let until = row.get::<_, Micros>("until_at")?.0.format("%Y-%m-%d %H:%M UTC");
        Ok(format!("alert {id} is {} and is open again at {until}: {title}", status.as_str()))
    };
    db.rows(&ALERTS, sql, (Micros(now), Micros(now + SOON), limit(Digest::LISTED)), read)
}

fn section_of(name: &str, mut texts: Vec<String>) -> DigestSection {
    let all = texts.len() as u64;
    texts.truncate(Digest::LISTED);
    let items = texts.into_iter().map(|text| DigestItem { alert: None, severity: None, text });
    DigestSection { name: name.to_owned(), count: all, critical: 0, items: items.collect() }
}

/// What is wrong with provwatch itself.
fn health(db: &Reading<'_>) -> Result<DigestSection, QueryFailure> {
    let condition = "kind = 'operation' AND status = 'open'";
    let all: i64 = db
        .prepare_cached(&format!("SELECT count(*) FROM alerts WHERE {condition}"))?
        .query_row([], |row| row.get(0))?;
    let sql = format!(
        "SELECT body, status, {{row}} FROM alerts WHERE {condition} ORDER BY severity DESC, raised_at DESC, fingerprint LIMIT ?1"
    );
    let items = db.rows(&ALERTS, &sql, [limit(Digest::LISTED)], item_row)?;
    Ok(DigestSection { name: "health".to_owned(), count: count(all), critical: 0, items })
}

/// The digest takes the place of the messages that wait.
fn settle(db: &Connection, period: &Period<'_>, now: DateTime<Utc>) -> Result<(), QueryFailure> {
    let waiting = "subscription = :subscription AND state = 'pending' AND (why IS NULL OR why <> 'digest')";
    db.prepare_cached(&format!(
        "INSERT INTO attempts (delivery, number, at, outcome, detail)
         SELECT id, attempts + 1, :now, 'delivered', :detail FROM deliveries WHERE {waiting}"
    ))?
    .execute(named_params! {
        ":subscription": period.subscription, ":now": Micros(now),
        ":detail": format!("in the digest of {}", period.to.to_rfc3339()),
    })?;
    db.prepare_cached(&format!(
        "UPDATE deliveries SET state = 'delivered', attempts = attempts + 1, next_at = :now, settled_at = :now
         WHERE {waiting}"
    ))?
    .execute(named_params! {":subscription": period.subscription, ":now": Micros(now)})?;
    Ok(())
}
