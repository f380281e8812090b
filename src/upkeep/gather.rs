//! Gathers the health snapshot from the store, for the daemon and for `provwatch status`.

use chrono::{DateTime, TimeDelta, Utc};

use super::{
    issues::ACTOR,
    setup::{Setup, TrustFrom},
    trust::{NPM_KEYS, TRUST_ROOT},
};
use crate::{
    health::{
        Announced, BroadSilence, Damage, DamagedRow, File, FirstSights, Heartbeat, Kind, LockState, Log, LogMirror,
        Mirror, OpenAlert, Queue, RefusedRecipient, Runner, Snapshot, Source, Storage, Subscription, Trust, Tuf,
        Unchecked, WriteFailure,
        limits::{DAMAGE_REMEMBERED, LEFT_OUT_BY_SEVERAL, LEFT_OUT_LATELY, REFUSED_REMEMBERED, UNCHECKED_REMEMBERED},
    },
    model::{Alert, AlertKind, AlertStatus, Fingerprint, Package, RegistryKey, Severity, Silence},
    store::{self, KindCount, LeftOut, LogRow, LogState, MirrorRow, SourceState, Store, StoreError, SubscriptionState},
    tlog::page::NOT_UNDERSTOOD,
    watchlist::{Pattern, Watchlist},
};

/// Most open alerts that are read.
const ALERTS: usize = 50;
/// Most releases that could not be checked.
const UNCHECKED: usize = 50;
/// Most damaged rows that are read.
const DAMAGED: usize = 5;
/// Most packages in work whose history is long.
const FIRST_SIGHTS: usize = 10_000;
/// If there are only this many releases, all may lack a field by chance; it is reported from this number on.
const SEEN: u64 = 3;

/// The state of the operator's files.
#[derive(Clone, Debug, Default)]
pub struct OnDisk {
    /// The watchlist, with all that it includes.
    pub watchlist: File,
    /// The configuration.
    pub configuration: File,
    /// The trust root and the keys.
    pub trust: File,
}

/// The process that works on the database, by its heartbeat.
///
/// # Errors
/// The store cannot be read.
pub fn runner(store: &Store, lock: LockState) -> Result<Runner, StoreError> {
    let heartbeat = store.runner()?.map(|row| Heartbeat {
        kind: if row.kind == Kind::Once.as_str() { Kind::Once } else { Kind::Daemon },
        pid: row.pid,
        version: row.version,
        first_at: row.first_at,
        started_at: row.started_at,
        beat_at: row.beat_at,
        // Facts that cannot be read are of another version: they count as unknown.
        facts: serde_json::from_str(&row.facts).unwrap_or_default(),
    });
    Ok(Runner { lock, heartbeat })
}

/// The state of provwatch, from the store and the configuration. The files on disk are not read.
///
/// # Errors
/// The store cannot be read.
pub fn snapshot(
    store: &Store,
    setup: &Setup,
    watchlist: Option<&Watchlist>,
    runner: Runner,
    now: DateTime<Utc>,
) -> Result<Snapshot, StoreError> {
    let states = store.sources()?;
    let logs = if setup.logs { Some(logs(store, &runner)?) } else { None };
    Ok(Snapshot {
        sources: read_sources(&states, setup, watchlist),
        trust: match setup.trust {
            TrustFrom::Embedded => Trust::Embedded,
            TrustFrom::File => Trust::File,
            TrustFrom::Tuf => Trust::Tuf(tuf(&states, setup)),
        },
        log_mirrors: if logs.is_some() { mirrors_of_logs(store, setup)? } else { Vec::new() },
        logs,
        forges: setup.forges.clone(),
        queue: queue(store, now)?,
        subscriptions: subscriptions(store, setup, now)?,
        storage: storage(store, now)?,
        alerts: store.open_troubles(Severity::High, ALERTS)?.into_iter().map(open_alert).collect(),
        switched_off: watchlist.map(|watchlist| switched_off(watchlist, setup)).unwrap_or_default(),
        unknown: unknown(store, watchlist)?,
        mirrors: mirrors(store, setup, now)?,
        unchecked: unchecked(store, now)?,
        silences: broad_silences(store, now)?,
        runner,
        ..Snapshot::default()
    })
}

/// The feeds, and the registries without one that have watched packages.
fn read_sources(states: &[SourceState], setup: &Setup, watchlist: Option<&Watchlist>) -> Vec<Source> {
    let is_watched = |key: &RegistryKey| {
        watchlist.is_some_and(|watchlist| watchlist.packages().any(|(package, _)| package.is_of(key)))
    };
    let without_feed = setup.without_feed.iter().filter(|one| is_watched(&one.registry));
    let without_feed = without_feed.map(|one| Source { every: one.every, ..source(states, &one.source) });
    setup.feeds.iter().map(|feed| source(states, feed)).chain(without_feed).collect()
}

fn source(states: &[SourceState], name: &str) -> Source {
    let state = states.iter().find(|state| state.name == name);
    Source {
        name: name.to_owned(),
        last_success: state.and_then(|state| state.last_success),
        last_error: state.and_then(|state| state.last_error.clone()),
        every: TimeDelta::zero(),
    }
}

/// An error about npm's keys counts where no refresh since has brought them, or could do without them.
fn tuf(states: &[SourceState], setup: &Setup) -> Tuf {
    let (root, npm_keys) = (source(states, TRUST_ROOT), source(states, NPM_KEYS));
    let failed = states.iter().find(|state| state.name == NPM_KEYS).and_then(|state| state.last_error_at);
    let counts = failed >= root.last_success && failed > npm_keys.last_success;
    let last_error = npm_keys.last_error.filter(|_| counts);
    Tuf { root, npm_keys: Source { last_error, ..npm_keys }, interval: setup.trust_interval }
}

/// The logs that the working process follows: others may be left over from another configuration.
fn logs(store: &Store, runner: &Runner) -> Result<Vec<Log>, StoreError> {
    let followed = runner.heartbeat.as_ref().and_then(|heartbeat| heartbeat.facts.logs.as_ref());
    let mut rows = store.logs()?;
    rows.retain(|row| row.standing != LogState::Drained && followed.is_none_or(|names| names.contains(&row.name)));
    rows.into_iter().map(|row| log(store, row)).collect()
}

fn log(store: &Store, row: LogRow) -> Result<Log, StoreError> {
    let kinds = if row.tail.is_some() { store.log_kinds(&row.name)? } else { Vec::new() };
    let counted = |kinds: &mut dyn Iterator<Item = &KindCount>| kinds.map(|one| one.count).fold(0, u64::saturating_add);
    Ok(Log {
        entries: counted(&mut kinds.iter()),
        not_understood: counted(&mut kinds.iter().filter(|one| one.kind == NOT_UNDERSTOOD)),
        name: row.name,
        failing_since: row.failing_since,
        last_error: row.last_error,
    })
}

/// The mirrors that the configuration names: others may be left over.
fn mirrors_of_logs(store: &Store, setup: &Setup) -> Result<Vec<LogMirror>, StoreError> {
    let mut rows = store.log_mirrors()?;
    rows.retain(|row| setup.log_urls.contains(&row.url));
    let mirror = |row: MirrorRow| LogMirror {
        log: row.log,
        url: row.url,
        behind_since: row.behind_since,
        failing_since: row.failing_since,
        last_error: row.last_error,
        other_history_since: row.other_history_since,
    };
    Ok(rows.into_iter().map(mirror).collect())
}

fn queue(store: &Store, now: DateTime<Utc>) -> Result<Queue, StoreError> {
    let (counts, vitals) = (store.work_summary(now)?, store.queue_vitals(now)?);
    Ok(Queue {
        due: counts.due,
        oldest_due: vitals.oldest_due,
        oldest: counts.oldest,
        failing: counts.failing,
        oldest_failing: counts.oldest_failing,
        learning: vitals.learning,
        first_sights: first_sights(store)?,
        announced: vitals.announced.map(|work| Announced {
            count: work.count,
            package: work.package,
            since: work.since,
            last_error: work.last_error,
        }),
    })
}

fn first_sights(store: &Store) -> Result<FirstSights, StoreError> {
    let mut all = FirstSights::default();
    for sight in store.first_sights(FIRST_SIGHTS)? {
        all.packages += 1;
        all.done += sight.portions.done;
        all.total += sight.portions.total;
    }
    Ok(all)
}

/// The subscriptions of the configuration, and others with deliveries.
fn subscriptions(store: &Store, setup: &Setup, now: DateTime<Utc>) -> Result<Vec<Subscription>, StoreError> {
    let (mut stored, disabled) = (store.delivery_summary()?, store.disabled_endpoints()?);
    let refused = store.refused_recipients(now - REFUSED_REMEMBERED)?;
    let mut subscriptions = Vec::new();
    for (name, takes) in &setup.subscriptions {
        let state = stored.iter().position(|state| state.subscription == *name).map(|index| stored.remove(index));
        let gone = disabled.iter().any(|(disabled, _)| disabled == name);
        let (takes, quiet_hours) = (takes.clone(), setup.with_quiet_hours.contains(name));
        let at_once = setup.at_once.get(name).cloned().unwrap_or_default();
        let refused = refused.iter().filter(|one| one.subscription == *name).map(refused_recipient).collect();
        let known = Subscription { configured: true, takes, at_once, quiet_hours, gone, refused, ..named(name) };
        subscriptions.push(state.map_or(known.clone(), |state| with_state(known, &state)));
    }
    subscriptions.extend(stored.iter().map(|state| with_state(named(&state.subscription), state)));
    subscriptions.into_iter().map(|one| with_dead_letters(store, one)).collect()
}

/// The deliveries that were given up. Those from before a person resolved the alert about them were laid aside.
fn with_dead_letters(store: &Store, subscription: Subscription) -> Result<Subscription, StoreError> {
    if subscription.failed == 0 {
        return Ok(subscription);
    }
    let alert = about(store, &format!("dead letters {}", subscription.name))?;
    let handling = alert.filter(|alert| alert.status == AlertStatus::Resolved).and_then(|alert| alert.handling);
    let laid_aside = handling.filter(|handling| handling.by != ACTOR).map(|handling| handling.at);
    let dead = store.dead_letters(&subscription.name, laid_aside.unwrap_or(DateTime::<Utc>::MIN_UTC))?;
    Ok(Subscription {
        failed: dead.count,
        last_failure: dead.last_at,
        latest_failed: dead.latest,
        failed_why: dead.why,
        ..subscription
    })
}

fn refused_recipient(row: &store::RefusedRecipient) -> RefusedRecipient {
    RefusedRecipient { address: row.address.clone(), at: row.at, answer: row.answer.clone() }
}

fn named(name: &str) -> Subscription {
    Subscription { name: name.to_owned(), ..Subscription::default() }
}

fn with_state(subscription: Subscription, state: &SubscriptionState) -> Subscription {
    Subscription {
        pending: state.pending,
        retrying: state.retrying,
        failed: state.failed,
        oldest_pending: state.oldest_pending,
        last_success: state.last_success,
        last_failure: state.last_failure,
        ..subscription
    }
}

/// An alert about provwatch itself. A damaged one counts as none; the process that works on the queue sets it aside.
fn about(store: &Store, subject: &str) -> Result<Option<Alert>, StoreError> {
    match store.alert(&Fingerprint::of(AlertKind::Operation, subject)) {
        Err(StoreError::DamagedRow { .. }) => Ok(None),
        found => found,
    }
}

fn storage(store: &Store, now: DateTime<Utc>) -> Result<Storage, StoreError> {
    Ok(Storage {
        path: store.path().display().to_string(),
        // A store in memory has no disk.
        free: store.room().free.filter(|_| store.path().exists()),
        write_failure: store.write_failure().map(|failure| WriteFailure { at: now, why: failure.error }),
        damaged: damage(store, now)?,
    })
}

fn damage(store: &Store, now: DateTime<Utc>) -> Result<Damage, StoreError> {
    let since = now.checked_sub_signed(DAMAGE_REMEMBERED).unwrap_or(DateTime::<Utc>::MIN_UTC);
    let count = store.damage_since(since)?;
    if count == 0 {
        return Ok(Damage::default());
    }
    let mut rows = store.damaged_rows(DAMAGED)?;
    rows.retain(|row| row.found_at >= since);
    let named = |row: crate::store::DamagedRow| DamagedRow { what: format!("{} {}", row.table, row.key), why: row.why };
    Ok(Damage { count, latest: rows.into_iter().map(named).collect() })
}

fn open_alert(alert: Alert) -> OpenAlert {
    OpenAlert { id: alert.id, kind: alert.kind, severity: alert.severity, title: alert.title }
}

/// The entries of the watchlist, by purl or by pattern, of registries that are switched off.
fn switched_off(watchlist: &Watchlist, setup: &Setup) -> Vec<String> {
    let is_read = |pattern: &Pattern| setup.registries.contains(&pattern.registry());
    let is_watched = |pattern: &Pattern| match pattern {
        Pattern::Exact(package) => watchlist.matches(package).is_some(),
        Pattern::Glob(_) => true,
    };
    let listed = watchlist.included().into_iter().map(|reason| reason.pattern);
    let is_idle = |text: &String| text.parse().is_ok_and(|pattern| !is_read(&pattern) && is_watched(&pattern));
    listed.filter(is_idle).collect()
}

fn unknown(store: &Store, watchlist: Option<&Watchlist>) -> Result<Vec<String>, StoreError> {
    let is_watched = |package: &String| {
        let parsed = package.parse::<Package>().ok();
        parsed.is_some_and(|package| watchlist.is_none_or(|watchlist| watchlist.matches(&package).is_some()))
    };
    let mut packages = store.never_known()?;
    packages.retain(is_watched);
    Ok(packages)
}

/// The fields that the answers of the registries, or of their mirrors, leave out of the newest releases, and that the
/// public registry gives: for several packages, or for all stored releases.
fn mirrors(store: &Store, setup: &Setup, now: DateTime<Utc>) -> Result<Vec<Mirror>, StoreError> {
    let since = now.checked_sub_signed(LEFT_OUT_LATELY).unwrap_or(DateTime::<Utc>::MIN_UTC);
    let is_said = |one: &LeftOut| {
        let is_of_registry = one.packages >= LEFT_OUT_BY_SEVERAL || (one.releases == one.of && one.of >= SEEN);
        is_of_registry && one.still && !one.by_design
    };
    let mut mirrors = Vec::new();
    for registry in &setup.registries {
        let mut left_out = store.left_out(registry, since)?;
        left_out.retain(is_said);
        let lacks = left_out
            .iter()
            .map(|one| format!("{} (of {} of the newest {} releases)", one.aspect.title(), one.releases, one.of));
        mirrors.push(Mirror { registry: registry.title(), lacks: lacks.collect() });
    }
    Ok(mirrors)
}

/// The active silences that hide much.
fn broad_silences(store: &Store, now: DateTime<Utc>) -> Result<Vec<BroadSilence>, StoreError> {
    let mut silences = store.silences()?;
    silences.retain(|silence| silence.is_active(now) && silence.is_broad());
    let seen = |silence: Silence| BroadSilence {
        id: silence.id,
        critical: silence.holds_critical(),
        by: silence.by,
        until: silence.until,
    };
    Ok(silences.into_iter().map(seen).collect())
}

/// Leaves out releases whose alert was acknowledged.
fn unchecked(store: &Store, now: DateTime<Utc>) -> Result<Vec<Unchecked>, StoreError> {
    let after = now.checked_sub_signed(UNCHECKED_REMEMBERED).unwrap_or(DateTime::<Utc>::MIN_UTC);
    let mut unchecked = Vec::new();
    for (release, since) in store.lately_unchecked(after, UNCHECKED)? {
        let alert = about(store, &format!("unchecked {release}"))?;
        if alert.is_none_or(|alert| alert.status == AlertStatus::Open) {
            unchecked.push(Unchecked { release, since });
        }
    }
    Ok(unchecked)
}
