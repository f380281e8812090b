//! Checks of `provwatch doctor` that need no network.

use std::{fs, path::Path, sync::Arc};

use chrono::{DateTime, Utc};

use super::{
    check::{CLOCK, Check, State, shared},
    heartbeat::heartbeat,
    inventory,
    local::{self, Machine},
    own, quiet, reports,
};
use crate::{
    app,
    cli::{context::Context, status::snapshot::snapshot, words},
    clock::Clock,
    config::{self, FindingLevel, TrustSource},
    health::{Finding, Id, judge},
    model::{Aspect, Ecosystem, RegistryKey},
    store::{Store, StoreError},
    text::with_causes,
    upkeep,
    watchlist::Watchlist,
};

/// The approximate release day of this version: a clock that shows less has lost its time.
const MADE: &str = "2026-01-01T00:00:00Z";

/// Every such check.
pub fn local(context: &Context) -> Vec<Check> {
    let now = Context::clock().now();
    let mut checks = vec![configuration(context)];
    checks.extend(context.findings().iter().map(of_configuration));
    checks.push(watchlist(context, now));
    let store = Store::open_read_only(&context.config.store_path());
    let found = findings_of(context, store.as_ref().ok(), now);
    checks.push(clock(now, &found));
    let trust = trust(context, store.as_ref().ok(), &found, now);
    let registries = registries(context, store.as_ref().ok(), &found);
    let heartbeat = heartbeat(context, store.as_ref().ok(), now);
    let quiet = quiet::checks(context, store.as_ref().ok(), now);
    let reports = reports::checks(context, store.as_ref().ok(), &found, now);
    let inventory = inventory::checks(context, store.as_ref().ok());
    checks.push(store_check(context, store));
    checks.extend(local::strange_files(&context.config.store_path()));
    checks.push(trust);
    checks.extend(registries);
    checks.extend(subscriptions(context));
    checks.extend(heartbeat);
    checks.extend(quiet);
    checks.extend(own::checks(context, now));
    checks.extend(reports);
    checks.extend(inventory);
    checks.extend(others(&found));
    checks.extend(start(context, &checks));
    checks
}

/// The error with which `provwatch run` would not start, unless it is already reported.
fn start(context: &Context, told: &[Check]) -> Option<Check> {
    let failure = context.prepare_for(Watchlist::default()).err()?;
    let is_told = told.iter().any(|check| check.state == State::Misconfigured);
    let check = || Check::new("start of the daemon", State::Misconfigured, failure.to_string());
    (!is_told).then(|| check().next("`provwatch run` would not start either: correct that setting"))
}

/// The findings of `provwatch status`; without a store, those of the configuration alone.
fn findings_of(context: &Context, store: Option<&Store>, now: DateTime<Utc>) -> Vec<Finding> {
    let in_memory = store.is_none().then(|| Store::in_memory().ok()).flatten();
    let snapshot = store.or(in_memory.as_ref()).and_then(|store| snapshot(context, store, now).ok());
    snapshot.map(|snapshot| judge(&snapshot, now)).unwrap_or_default()
}

fn configuration(context: &Context) -> Check {
    match &context.file {
        Some(file) => Check::new("configuration", State::Ok, file.display().to_string()),
        None => Check::new("configuration", State::Warning, "the file does not exist; the defaults apply")
            .next("`provwatch init` writes one"),
    }
}

fn of_configuration(config::Finding { level, key, what }: &config::Finding) -> Check {
    let state = match level {
        FindingLevel::Warning => State::Warning,
        FindingLevel::Error => State::Misconfigured,
    };
    let next = match credential(what) {
        Some(name) => format!(
            "as root: `{}`",
            as_service(&format!(" -p LoadCredential={name}:/etc/provwatch/credentials/{name}"))
        ),
        None => "docs/CONFIGURATION.md explains the key".to_owned(),
    };
    Check::new(key, state, what).next(next)
}

/// The credential that only systemd passes, if that is what is wrong.
fn credential(what: &str) -> Option<&str> {
    let name = what.split_once("the credential \"")?.1.split_once('"')?.0;
    what.contains("$CREDENTIALS_DIRECTORY is not set").then_some(name)
}

/// The command that checks everything as the service does, as `systemd/README.md` has it.
fn as_service(credentials: &str) -> String {
    format!(
        "systemd-run --pipe --wait -p DynamicUser=yes -p User=provwatch -p StateDirectory=provwatch{credentials} \
         /usr/bin/provwatch doctor --config /etc/provwatch/provwatch.toml"
    )
}

fn watchlist(context: &Context, now: DateTime<Utc>) -> Check {
    let check = |state, detail: String| Check::new("watchlist", state, detail);
    let fill = "`provwatch watch add pkg:npm/…` or `provwatch watch import <lock file>`";
    match context.watchlist() {
        Err(failure) => check(State::Misconfigured, failure.to_string()),
        Ok(list) if list.is_empty() && !context.config.registries.is_any_enabled() && context.config.logs.enabled => {
            check(State::Ok, "none is needed: every registry is switched off".to_owned())
        }
        Ok(list) if list.is_empty() => check(State::Warning, "nothing is watched".to_owned()).next(fill),
        Ok(list) => {
            let (packages, patterns) = list.counts();
            let watched =
                format!("watches {} and {}", words::counted(packages, "package"), words::counted(patterns, "pattern"));
            let suppressed = list.quiet().filter_map(|one| quiet::suppression(one, now));
            let doubts: Vec<String> = list.warnings().iter().cloned().chain(suppressed).collect();
            if doubts.is_empty() {
                check(State::Ok, watched)
            } else {
                check(State::Warning, format!("{watched}\n{}", doubts.join("\n")))
            }
        }
    }
}

/// Times go into baselines and decide which releases are new, so a wrong clock does harm silently.
fn clock(now: DateTime<Utc>, findings: &[Finding]) -> Check {
    let set = "set the clock; `timedatectl` shows whether it is synchronised";
    let shown = words::moment(now);
    if MADE.parse::<DateTime<Utc>>().is_ok_and(|made| now < made) {
        let detail = format!("{shown} is earlier than the build of this version");
        return Check::new(CLOCK, State::Failed, detail).next(set);
    }
    match findings.iter().find(|finding| finding.id == Id::Clock) {
        Some(finding) => shared(CLOCK, finding),
        None => Check::new(CLOCK, State::Ok, shown),
    }
}

/// The findings of `provwatch status` that can be fixed here, besides those with a check of their own and those about
/// unreliable logs. Whether the daemon runs, and its other state, is reported by `status` alone.
fn others(findings: &[Finding]) -> Vec<Check> {
    let shown = |id: Id| {
        Some(match id {
            Id::NothingWatched => "set-up",
            Id::DiskFull | Id::DiskLow => "disk",
            Id::WritesFail | Id::RowsDamaged | Id::StoreRestored => "store",
            Id::WatchlistChanged => "watchlist in use",
            Id::ConfigurationChanged => "configuration in use",
            Id::NameUnknown | Id::RegistryOff => "watched names",
            Id::TakeoversUntold
            | Id::TakeoversLate
            | Id::LogsUntold
            | Id::TroubleUntold
            | Id::TroubleToldOnce
            | Id::SubscriptionLate
            | Id::SubscriptionLost
            | Id::SubscriptionRemoved => "subscriptions",
            Id::SilenceBroad => "silences",
            Id::LogsOff | Id::LogUnread => "logs",
            Id::LogAlertOpen | Id::AlertOpen => "open alerts",
            Id::ForgesOff | Id::NoToken => "forges",
            _ => return None,
        })
    };
    let check = |finding: &Finding| {
        let check = shared(shown(finding.id)?, finding);
        let is_late = finding.id == Id::TakeoversLate;
        Some(if is_late { Check { state: State::Warning, ..check } } else { check })
    };
    findings.iter().filter_map(check).collect()
}

/// The facts that the documents of each registry, or of its mirror, leave out, and those that none of its documents can
/// have.
fn registries(context: &Context, store: Option<&Store>, findings: &[Finding]) -> Vec<Check> {
    let rows = store.and_then(|store| store.packages().ok()).unwrap_or_default();
    // At least one row was compared with its document: before that the content of the documents is unknown.
    let is_known = |key: &RegistryKey| {
        rows.iter().any(|row| row.package.is_of(key) && row.checked_at.is_some() && row.status.is_none())
    };
    let keys = context.config.registries.keys();
    let mut checks: Vec<Check> = keys.iter().map(|key| registry(key, is_known(key), findings)).collect();
    checks.extend(store.and_then(|store| names(context, store)));
    checks
}

/// Whether the public registries could receive requests with the names of private packages.
fn names(context: &Context, store: &Store) -> Option<Check> {
    context.config.registries.others().next()?;
    let rows = store.namesakes().ok()?;
    let check = |state, detail: String| Check::new("public names", state, detail);
    let asked = words::counted(rows.len(), "name");
    let mut failing = rows.iter().filter_map(|row| row.last_error.as_deref());
    let off: Vec<_> = context.config.registries.others().map(|(key, _)| key.ecosystem()).collect();
    let off: Vec<_> = Ecosystem::all()
        .filter(|ecosystem| off.contains(ecosystem) && !context.config.registries.is_enabled(*ecosystem))
        .map(Ecosystem::title)
        .collect();
    Some(match (failing.next(), off.is_empty()) {
        (Some(error), _) => check(State::Limited, format!("a name could not be looked for in public: {error}"))
            .next("provwatch asks again within the hour"),
        (None, false) => {
            let what = format!("not looked for in {}, which is switched off", off.join(" and "));
            check(State::Limited, what).next("switch it on, so that provwatch looks for your names there")
        }
        (None, true) => check(State::Ok, format!("{asked} of packages of other registries looked for in public")),
    })
}

fn registry(key: &RegistryKey, is_known: bool, findings: &[Finding]) -> Check {
    let title = key.title();
    let name = format!("registry {title}");
    let is_about = |finding: &&Finding| finding.id == Id::MirrorLeavesOut && finding.subject == title;
    if let Some(finding) = findings.iter().find(is_about) {
        return shared(&name, finding);
    }
    if !is_known {
        return Check::new(name, State::Limited, "not known yet: provwatch has seen no release")
            .next("`provwatch run` checks the watched packages");
    }
    let is_public = key.is_public();
    let never: Vec<_> = key.ecosystem().never_told().filter(|_| is_public).map(Aspect::title).collect();
    let but =
        if never.is_empty() { String::new() } else { format!("; {title} does not provide {}", never.join(" or ")) };
    Check::new(name, State::Ok, format!("no field that {title} provides was missing so far{but}"))
}

fn store_check(context: &Context, store: Result<Store, StoreError>) -> Check {
    let path = context.config.store_path();
    let check = |state, detail: String| Check::new("store", state, detail);
    match store.and_then(|store| store.stats()) {
        Ok(stats) => {
            let releases: u64 = stats.releases.iter().map(|(_, count)| count).sum();
            let (packages, version) = (stats.packages, stats.schema_version);
            let (packages, releases) = (words::counted(packages, "package"), words::counted(releases, "release"));
            let held = format!("{packages}, {releases}, schema version {version}");
            check(State::Ok, format!("{}: {held}", path.display()))
        }
        Err(StoreError::Missing { .. }) => new_store(&path),
        Err(error @ StoreError::Older { .. }) => check(State::Warning, with_causes(&error)),
        Err(error) => check(State::Failed, with_causes(&error)),
    }
}

/// There is no database yet: checks whether it can be created.
fn new_store(path: &Path) -> Check {
    let folder = path.ancestors().skip(1).find(|folder| folder.exists()).unwrap_or(Path::new("."));
    let is_writable = fs::metadata(folder).is_ok_and(|found| found.is_dir() && !found.permissions().readonly());
    if is_writable {
        Check::new("store", State::Ok, format!("none yet; the first run makes {}", path.display()))
    } else {
        let detail = format!("none yet, and {} cannot be written", folder.display());
        Check::new("store", State::Failed, detail).next("choose another store.path, or let this user write there")
    }
}

fn trust(context: &Context, store: Option<&Store>, findings: &[Finding], now: DateTime<Utc>) -> Check {
    let check = |state, detail: &str| Check::new("trust root", state, detail);
    if let Err(error) = app::verifier(&context.config) {
        return check(State::Misconfigured, &with_causes(&error)).next("correct [trust] in the configuration");
    }
    let of_trust = |finding: &&Finding| {
        use Id::{NpmKeysKept, TrustRootEmbedded, TrustRootStale, TrustRootUnrefreshed};
        matches!(finding.id, TrustRootEmbedded | TrustRootStale | TrustRootUnrefreshed | NpmKeysKept)
    };
    if let Some(finding) = findings.iter().find(of_trust) {
        return shared("trust root", finding);
    }
    match context.config.trust.source {
        TrustSource::Embedded => check(State::Limited, "built into this version, never refreshed"),
        TrustSource::File => check(State::Ok, "loaded from the configured file"),
        TrustSource::Tuf => check(State::Ok, &refreshed(store, now)),
    }
}

/// The last refresh of the trust root, according to the store: TUF's files on the disk show only an attempt.
fn refreshed(store: Option<&Store>, now: DateTime<Utc>) -> String {
    let sources = store.and_then(|store| store.sources().ok()).unwrap_or_default();
    let root = sources.iter().find(|source| source.name == upkeep::TRUST_ROOT);
    match root.and_then(|root| root.last_success) {
        Some(at) => format!("refreshed through TUF {}", words::ago(at, now)),
        None => "built into this version, not refreshed yet; `provwatch run` refreshes it through TUF".to_owned(),
    }
}

fn subscriptions(context: &Context) -> Vec<Check> {
    let clock: Arc<dyn Clock> = Context::clock();
    let http = match app::client(&context.config, Arc::clone(&clock)) {
        Ok(http) => http,
        Err(error) => return vec![Check::new("http", State::Misconfigured, with_causes(&error))],
    };
    let machine = Machine::of(&context.config);
    // What is wrong with its keys is told already.
    let told: Vec<String> =
        context.findings().iter().filter(|one| one.level == FindingLevel::Error).map(|one| one.key.clone()).collect();
    let subscriptions = context.config.subscriptions.iter().enumerate();
    let is_told = |number: usize| told.iter().any(|key| key.starts_with(&format!("subscriptions[{number}].")));
    subscriptions
        .filter_map(|(number, subscription)| {
            let name = format!("subscription {}", subscription.name);
            match app::subscription(&context.config, subscription, &http, &clock) {
                Ok(_) => Some(ready(name, subscription, machine.doubt(subscription))),
                Err(_) if is_told(number) => None,
                Err(error) => Some(Check::new(name, State::Misconfigured, with_causes(&error))),
            }
        })
        .collect()
}

/// A subscription that can be set up, and perhaps a doubt whether its receiver can be reached, with the next step.
fn ready(name: String, subscription: &config::Subscription, doubt: Option<(String, String)>) -> Check {
    if let Some((detail, next)) = doubt {
        return Check::new(name, State::Warning, detail).next(next);
    }
    let (kind, least) = (subscription.sink_type(), subscription.min_severity);
    Check::new(name, State::Ok, format!("{kind}, from {least}; `provwatch test-sinks` sends a test message"))
}
