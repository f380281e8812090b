//! The replacement for a damaged row, table by table. No value of the row counts any more, except where another row
//! confirms it.

use chrono::{DateTime, TimeDelta, Utc};
use rusqlite::{Connection, OptionalExtension, named_params};

use super::rows::{Columns, delete, seal};
use crate::{
    model::{
        Alert, AlertAction, AlertKind, AlertStatus, BaselineReason, Confidence, Fingerprint, Package, ReleaseId,
        ReleaseLine, Severity, files_fingerprint,
    },
    store::{
        alerts::last_action,
        broken::{Broken, Raw},
        columns::{Json, Micros, Rank, Text, Word},
        deliveries,
        error::QueryFailure,
        work::{self, Demand},
    },
};

/// The reason for queueing a package whose row was damaged.
const REASON: &str = "a damaged row";
/// How far back events are searched for the package of a damaged work row.
const RECENT: TimeDelta = TimeDelta::days(1);

/// The result of a remedy.
pub(super) struct Remedy {
    /// A sentence or two for people.
    pub text: String,
    /// Whether the row stays where it is.
    pub kept: bool,
}

#[expect(clippy::unnecessary_wraps, reason = "it is what every remedy ends with")]
fn done(text: impl Into<String>) -> Result<Remedy, QueryFailure> {
    Ok(Remedy { text: text.into(), kept: false })
}

/// Replaces a damaged row with sound data.
pub(super) fn remedy(
    db: &Connection,
    broken: &Broken,
    columns: &Columns,
    now: DateTime<Utc>,
) -> Result<Remedy, QueryFailure> {
    match broken.table.name {
        "packages" => package(db, broken, columns, now),
        "releases" => release(db, broken, columns, now),
        "baselines" => baseline(db, broken, columns, now),
        "alerts" => alert(db, broken, columns, now),
        "deliveries" => delivery(db, broken, columns, now),
        "work" => queued(db, broken, columns, now),
        "sources" => source(db, broken),
        "logs" => log(db, broken),
        "inventory_projects" => project(db, broken),
        "inventory_releases" => locked(db, broken),
        "silences" | "silence_ends" => Ok(Remedy {
            text:
                "It stays where it is, because its table only grows, and silences or ends nothing; `provwatch silences \
                   add` replaces it."
                    .to_owned(),
            kept: true,
        }),
        "alert_actions" | "baseline_versions" | "delivery_actions" | "incidents" | "incident_events"
        | "log_evidence" | "events" | "restores" => Ok(Remedy {
            text: "It stays where it is, because its table only grows, and is skipped.".to_owned(),
            kept: true,
        }),
        other => {
            delete(db, broken)?;
            done(match other {
                "address_retention" => {
                    "It had the key of the pseudonyms in place of old e-mail addresses. provwatch makes a new key, and cannot \
                     recognize those addresses any more: it compares releases with the addresses that are left."
                }
                "expected_changes" => "If that change is still expected, announce it again: `provwatch expect add`.",
                "documents" | "release_documents" => {
                    "It had an attestation document of a release that raised something; the document is not kept any more."
                }
                "forge_answers" => "The forge is asked again.",
                "log_entries" => "`provwatch logs find` looks for it in its log again.",
                "log_checks" => "The entry of the release is no longer looked up in the log.",
                "log_checkpoints" => "The checkpoints before and after it are kept.",
                _ => "It recorded only earlier events, and is skipped.",
            })
        }
    }
}

/// A value of the row, if it can still be read.
fn text<'a>(columns: &'a Columns, column: &str) -> Option<&'a str> {
    columns.get(column)?.as_str()
}

fn parsed<T: std::str::FromStr>(columns: &Columns, column: &str) -> Option<T> {
    text(columns, column)?.parse().ok()
}

fn word<T: serde::de::DeserializeOwned>(columns: &Columns, column: &str) -> Option<T> {
    serde_json::from_value(serde_json::Value::String(text(columns, column)?.to_owned())).ok()
}

fn is_stored(db: &Connection, package: &Package) -> Result<bool, QueryFailure> {
    let mut query = db.prepare_cached("SELECT EXISTS (SELECT 1 FROM packages WHERE package = ?1)")?;
    Ok(query.query_row([package.to_string()], |row| row.get(0))?)
}

/// The document is read completely again. The time when the package was first seen separates its history from judged
/// releases, so it comes from the stored releases: a package that was watched for long does not become a new one.
fn package(db: &Connection, broken: &Broken, columns: &Columns, now: DateTime<Utc>) -> Result<Remedy, QueryFailure> {
    delete(db, broken)?;
    let Some(package) = parsed::<Package>(columns, "package") else {
        return done("Its name cannot be read; every watched package without a row is checked again.");
    };
    let first: Option<i64> = db
        .prepare_cached("SELECT min(observed_at) FROM releases WHERE package = ?1")?
        .query_row([package.to_string()], |row| row.get(0))?;
    work::demand(db, &package, Demand::announced(REASON, None), now)?;
    let Some(first) = first.filter(|first| *first <= now.timestamp_micros()) else {
        return done("The package is checked again, as if it were new.");
    };
    db.prepare_cached("INSERT INTO packages (package, first_seen, backfilled_at) VALUES (?1, ?2, ?3)")?.execute((
        package.to_string(),
        first,
        first,
    ))?;
    done("The package's document is read again.")
}

/// The registry describes the release again, and it is judged again. The history of the baseline shows whether the
/// baseline includes it; its alert shows whether it raised one.
fn release(db: &Connection, broken: &Broken, columns: &Columns, now: DateTime<Utc>) -> Result<Remedy, QueryFailure> {
    delete(db, broken)?;
    let package: Option<Package> = parsed(columns, "package");
    let purl: Option<ReleaseId> = parsed(columns, "purl");
    let named = package.as_ref().zip(text(columns, "version")).map(|(package, version)| package.at(version));
    // Two of its columns agree.
    if let Some(release) = named.filter(|named| text(columns, "purl") == Some(named.to_string().as_str())) {
        stand_in(db, &release, now)?;
        work::demand(db, release.package(), Demand::announced(REASON, None), now)?;
        return done("The registry is asked for this release again.");
    }
    let mut asked = Vec::new();
    for package in package.into_iter().chain(purl.map(|purl| purl.package().clone())) {
        if is_stored(db, &package)? && !asked.contains(&package) {
            work::demand(db, &package, Demand::announced(REASON, None), now)?;
            forget_document(db, &package)?;
            asked.push(package);
        }
    }
    done("The name of the release cannot be read for certain; its package is checked again.")
}

/// The document is read completely, whether it changed or not.
fn forget_document(db: &Connection, package: &Package) -> Result<(), QueryFailure> {
    db.prepare_cached("UPDATE packages SET etag = NULL, last_modified = NULL WHERE package = ?1")?
        .execute([package.to_string()])?;
    Ok(())
}

/// It was stored before; the time of the package's first check stands for its own, as for other releases of that time.
fn stand_in(db: &Connection, release: &ReleaseId, now: DateTime<Utc>) -> Result<(), QueryFailure> {
    let is_accused: bool = db
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM alerts WHERE fingerprint = ?1)")?
        .query_row([Fingerprint::of_release(release)], |row| row.get(0))?;
    db.prepare_cached(
        "INSERT INTO releases (purl, package, version, line, observed_at, updated_at, status, outcome, unchecked, teaches,
                               recheck_at, files)
         VALUES (:purl, :package, :version, :line,
                 coalesce((SELECT backfilled_at FROM packages WHERE package = :package), :now), :now, 'published', :outcome, :unchecked, :teaches, :now, :files)",
    )?
    .execute(named_params! {
        ":purl": release.to_string(),
        ":package": release.package().to_string(),
        ":version": release.version(),
        ":line": ReleaseLine::of(release).as_str(),
        ":now": Micros(now),
        ":outcome": if is_accused { "alerted" } else { "unreadable" },
        ":unchecked": Json(["its stored row is damaged, and the registry was not asked again yet"]),
        ":teaches": has_taught(db, release)?,
        ":files": files_fingerprint(&[]),
    })?;
    Ok(())
}

/// Whether the last step about a release was to learn from it.
fn has_taught(db: &Connection, release: &ReleaseId) -> Result<bool, QueryFailure> {
    let last: Option<Word<BaselineReason>> = db
        .prepare_cached(
            "SELECT reason FROM baseline_versions WHERE package = ?1 AND (purl = ?2 OR (line = ?3 AND reason = 'reset'))
             ORDER BY id DESC LIMIT 1",
        )?
        .query_row(
            (release.package().to_string(), release.to_string(), ReleaseLine::of(release).as_str()),
            |row| row.get(0),
        )
        .optional()?;
    Ok(last.is_some_and(|Word(reason)| {
        !matches!(reason, BaselineReason::Reset | BaselineReason::Unlearned | BaselineReason::Unaccepted)
    }))
}

/// It is learned again; until then its package is not judged.
fn baseline(db: &Connection, broken: &Broken, columns: &Columns, now: DateTime<Utc>) -> Result<Remedy, QueryFailure> {
    delete(db, broken)?;
    let package = parsed::<Package>(columns, "package").or_else(|| broken.name().parse().ok());
    if let Some(package) = package {
        work::demand(db, &package, Demand::announced(REASON, None), now)?;
    }
    done("")
}

/// The alert stays, with the values that can still be read, and is raised again with its reasons where its release can
/// be judged again.
fn alert(db: &Connection, broken: &Broken, columns: &Columns, now: DateTime<Utc>) -> Result<Remedy, QueryFailure> {
    let stub = stub(db, columns, now)?;
    let is_the_rows = parsed(columns, "fingerprint") == Some(stub.fingerprint);
    if !is_the_rows {
        delete(db, broken)?;
        db.prepare_cached(
            "INSERT INTO alerts (fingerprint, kind, severity, peak, raises, status, raised_at, updated_at, body, is_digest)
             VALUES (?1, ?2, ?3, ?4, 1, ?5, ?6, ?7, ?8, ?9) ON CONFLICT (fingerprint) DO NOTHING",
        )?
        .execute((
            &stub.fingerprint,
            Word(stub.kind),
            Rank(stub.severity),
            Rank(stub.severity),
            Word(stub.status),
            Micros(now),
            Micros(now),
            Json(&stub),
            stub.digest.as_ref().map(|_| 1),
        ))?;
    }
    let handling = stub.handling.as_ref().filter(|handling| handling.status == stub.status);
    // A snoozed alert without a known end would never open again.
    let ends_now = (stub.status == AlertStatus::Snoozed).then_some(now);
    db.prepare_cached(
        "UPDATE alerts SET kind = :kind, severity = :severity, peak = :severity, status = :status, package = :package,
             raised_at = :raised_at, updated_at = :now, raises = 1 + (SELECT count(*) FROM deliveries WHERE alert = :key)
                 + coalesce((SELECT sum(count) FROM pruned_deliveries WHERE alert = :key), 0),
             body = :body, repeats = NULL, until_at = :until, category = :category, handled_at = :handled_at
         WHERE fingerprint = :key",
    )?
    .execute(named_params! {
        ":key": stub.fingerprint,
        ":kind": Word(stub.kind),
        ":severity": Rank(stub.severity),
        ":status": Word(stub.status),
        ":package": stub.purl.as_ref().map(|purl| purl.package().to_string()),
        ":raised_at": Micros(stub.raised_at),
        ":now": Micros(now),
        ":body": Json(&stub),
        ":until": handling.and_then(|handling| handling.until).or(ends_now).map(Micros),
        ":category": handling.and_then(|handling| handling.category).map(Word),
        ":handled_at": handling.map(|handling| Micros(handling.at)),
    })?;
    if is_the_rows {
        seal(db, broken)?;
    }
    let Some(purl) = &stub.purl else {
        return done(format!("The alert {} remains, without its reasons.", stub.id));
    };
    db.prepare_cached("UPDATE releases SET recheck_at = ?2, attempts = 0 WHERE purl = ?1 AND teaches = 0")?
        .execute((purl.to_string(), Micros(now)))?;
    work::demand(db, purl.package(), Demand::announced(REASON, None), now)?;
    done(format!("The alert {} about {purl} remains, and the release is judged again.", stub.id))
}

/// The readable rest of an alert.
fn stub(db: &Connection, columns: &Columns, now: DateTime<Utc>) -> Result<Alert, QueryFailure> {
    let body: Option<Alert> = text(columns, "body").and_then(|body| serde_json::from_str(body).ok());
    let own: Option<Fingerprint> = parsed(columns, "fingerprint");
    let purl = match (body.as_ref().and_then(|body| body.purl.clone()), own) {
        (Some(purl), _) => Some(purl),
        (None, Some(own)) => accused(db, text(columns, "package").unwrap_or_default(), own)?,
        (None, None) => None,
    };
    let rank = |column: &str| match columns.get(column) {
        Some(Raw::Integer(rank)) => usize::try_from(*rank).ok().and_then(|rank| Severity::ALL.get(rank)),
        _ => None,
    };
    let severity = rank("severity").max(rank("peak")).copied().max(body.as_ref().map(|body| body.severity));
    let about = purl.as_ref().map_or_else(|| "something".to_owned(), ToString::to_string);
    let kind = word(columns, "kind").unwrap_or(if purl.is_some() { AlertKind::Release } else { AlertKind::Operation });
    let by_release = purl.as_ref().map(Fingerprint::of_release);
    let known = by_release.or(body.as_ref().map(|body| body.fingerprint)).or(own);
    let fingerprint = known.unwrap_or_else(|| Fingerprint::of(kind, text(columns, "fingerprint").unwrap_or_default()));
    // Its last action confirms where it stands, and until when.
    let last = confirmed(db, &fingerprint)?;
    let stands = last.as_ref().map(|last| last.status).or_else(|| word(columns, "status"));
    Ok(Alert {
        id: fingerprint.id(),
        fingerprint,
        status: stands.unwrap_or(AlertStatus::Open),
        purl,
        repeated: body.as_ref().and_then(|body| body.repeated.clone()),
        developments: body.as_ref().map(|body| body.developments.clone()).unwrap_or_default(),
        handling: last.or_else(|| body.as_ref().and_then(|body| body.handling.clone())),
        digest: body.as_ref().and_then(|body| body.digest.clone()),
        members: body.map(|body| body.members).unwrap_or_default(),
        argument: "The stored alert is damaged; this is the part that is left. The damaged row is kept, and the \
            subject of the alert is re-checked where possible."
            .to_owned(),
        ..Alert::about(
            kind,
            "",
            severity.unwrap_or(Severity::High),
            Confidence::Low,
            format!("an alert about {about}, whose reasons were damaged in the database"),
            now,
        )
    })
}

/// The last action on an alert. One that is damaged too confirms nothing.
fn confirmed(db: &Connection, fingerprint: &Fingerprint) -> Result<Option<AlertAction>, QueryFailure> {
    match last_action(db, fingerprint) {
        Err(QueryFailure::Broken(_)) => Ok(None),
        found => found,
    }
}

/// The release of a package that an alert with this fingerprint is about.
fn accused(db: &Connection, package: &str, fingerprint: Fingerprint) -> Result<Option<ReleaseId>, QueryFailure> {
    let Ok(package) = package.parse::<Package>() else { return Ok(None) };
    let mut query = db.prepare_cached("SELECT version FROM releases WHERE package = ?1")?;
    let versions = query.query_map([package.to_string()], |row| row.get::<_, String>(0))?;
    let releases = versions.flatten().map(|version| package.at(version));
    Ok(releases.into_iter().find(|release| Fingerprint::of_release(release) == fingerprint))
}

/// The alert is sent to the subscription again, with the same key, unless it is known to have been delivered.
fn delivery(db: &Connection, broken: &Broken, columns: &Columns, now: DateTime<Utc>) -> Result<Remedy, QueryFailure> {
    delete(db, broken)?;
    if matches!(text(columns, "state"), Some("delivered" | "failed")) {
        return done("It had been delivered or given up, so nothing is sent again.");
    }
    let key = text(columns, "idempotency_key").unwrap_or_default();
    let named = (parsed(columns, "alert"), text(columns, "subscription").unwrap_or_default());
    match deliveries::renew(db, key, named, now)? {
        Some((alert, subscription)) => done(format!("The alert {} is sent to {subscription} again.", alert.id())),
        None => done("Which alert it was about, and for whom, cannot be read: look through `provwatch alerts list`."),
    }
}

/// The package is queued again; if its name cannot be read, every package that a feed announced lately is.
fn queued(db: &Connection, broken: &Broken, columns: &Columns, now: DateTime<Utc>) -> Result<Remedy, QueryFailure> {
    delete(db, broken)?;
    if let Some(package) = parsed::<Package>(columns, "package")
        && is_stored(db, &package)?
    {
        work::demand(db, &package, Demand::announced(REASON, None), now)?;
        return done("The package is queued again.");
    }
    let mut query = db.prepare_cached("SELECT DISTINCT package FROM events WHERE seen_at >= ?1")?;
    let recent = query.query_map([Micros(now - RECENT)], |row| row.get::<_, Text<Package>>(0))?;
    for Text(package) in recent.flatten() {
        work::demand(db, &package, Demand::announced(REASON, None), now)?;
    }
    done("Which package it was cannot be read: every package that a feed announced since yesterday is checked again.")
}

/// The feed starts again; a comparison of every watched package of it finds releases that were published meanwhile.
fn source(db: &Connection, broken: &Broken) -> Result<Remedy, QueryFailure> {
    db.execute(
        "UPDATE sources SET cursor = NULL, last_success = NULL, last_error = NULL, last_error_at = NULL, last_gap = NULL,
         last_gap_at = NULL WHERE name = ?1",
        [&broken.key[0]],
    )?;
    seal(db, broken)?;
    done("The feed restarts, and every watched package of it is compared with its registry.")
}

/// The position of a log's tail is lost, so it starts again; the entries in between show as a gap.
fn log(db: &Connection, broken: &Broken) -> Result<Remedy, QueryFailure> {
    db.execute(
        "UPDATE logs SET start = NULL, verified = NULL, downloaded = NULL, verified_range = NULL, downloaded_range = NULL,
         last_error = NULL, last_error_at = NULL, failing_since = NULL, last_success = NULL WHERE name = ?1",
        [&broken.key[0]],
    )?;
    seal(db, broken)?;
    done("The log is read from its end on; `provwatch logs status` shows the gap, `provwatch logs scan` reads it.")
}

/// The project is gone with its uses; its files say the same again.
fn project(db: &Connection, broken: &Broken) -> Result<Remedy, QueryFailure> {
    db.prepare_cached("DELETE FROM inventory_uses WHERE project = ?1")?.execute([&broken.key[0]])?;
    delete(db, broken)?;
    done(
        "A project is gone from the inventory, with its past. The daemon reads the folder of [inventory] again; of another \
         project, repeat `provwatch inventory add`.",
    )
}

/// The uses of the release are gone, until its projects are uploaded the next time.
fn locked(db: &Connection, broken: &Broken) -> Result<Remedy, QueryFailure> {
    for table in ["inventory_uses", "inventory_digests"] {
        db.execute(&format!("DELETE FROM {table} WHERE release = ?1"), [&broken.key[0]])?;
    }
    delete(db, broken)?;
    done("Which projects use a release is not known any more; the next upload of each of them says it again.")
}
