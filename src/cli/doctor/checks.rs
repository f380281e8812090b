//! What can be looked at without the network.

use std::{fs, path::Path, sync::Arc};

use chrono::{DateTime, TimeDelta, Utc};

use super::{Check, State};
use crate::{
    cli::{context::Context, words},
    clock::Clock,
    config::{Config, Finding, Gravity, TrustSource},
    detect, pipeline,
    store::{Store, StoreError},
    text::with_causes,
};

/// The day this version was made, roughly: a clock that shows less has lost its time.
const MADE: &str = "2026-01-01T00:00:00Z";
/// TUF is asked every day, and its metadata is valid for about a week.
const STALE: TimeDelta = TimeDelta::days(7);
/// How far ahead of the clock what was stored may be: two machines never agree to the second.
const SLACK: TimeDelta = TimeDelta::minutes(5);

/// Every such check.
pub fn local(context: &Context) -> Vec<Check> {
    let now = Context::clock().now();
    let mut checks = vec![configuration(context)];
    let ids: Vec<&str> = detect::abouts().map(|about| about.id).collect();
    // A missing watchlist is told below, with what to do.
    let findings = context.config.check(&ids);
    checks.extend(findings.iter().filter(|finding| !finding.key.starts_with("watchlist.files")).map(finding));
    checks.push(watchlist(context, now));
    let store = Store::open_read_only(&context.config.store_path());
    checks.push(clock(now, store.as_ref().ok()));
    checks.push(store_check(context, store));
    checks.push(trust(context, now));
    checks.extend(subscriptions(context));
    checks
}

fn configuration(context: &Context) -> Check {
    match &context.file {
        Some(file) => Check::new("configuration", State::Ok, file.display().to_string()),
        None => Check::new("configuration", State::Warning, "there is no file; the defaults hold")
            .next("`provwatch init` writes one"),
    }
}

fn finding(Finding { gravity, key, what }: &Finding) -> Check {
    let state = match gravity {
        Gravity::Warning => State::Warning,
        Gravity::Error => State::Misconfigured,
    };
    Check::new(key, state, what).next("docs/CONFIGURATION.md explains the key")
}

fn watchlist(context: &Context, now: DateTime<Utc>) -> Check {
    let check = |state, detail: String| Check::new("watchlist", state, detail);
    let fill = "`provwatch watch add pkg:npm/…` or `provwatch watch import <lock file>`";
    match context.watchlist() {
        Err(failure) => check(State::Misconfigured, failure.to_string()),
        Ok(list) if list.is_empty() => check(State::Warning, "nothing is watched".to_owned()).next(fill),
        Ok(list) => {
            let (packages, patterns) = list.counts();
            let watched = format!(
                "watches {} and {}",
                words::counted(packages as u64, "package", "packages"),
                words::counted(patterns as u64, "pattern", "patterns")
            );
            let ended = list.quiet().filter(|quiet| !quiet.holds(now));
            let ended = ended.map(|quiet| format!("{} is quiet no more since {}", quiet.detector, quiet.until));
            let doubts: Vec<String> = list.warnings().iter().cloned().chain(ended).collect();
            if doubts.is_empty() {
                check(State::Ok, watched)
            } else {
                check(State::Warning, format!("{watched}\n{}", doubts.join("\n")))
            }
        }
    }
}

/// Times go into baselines and decide what is new, so a wrong clock does harm silently.
fn clock(now: DateTime<Utc>, store: Option<&Store>) -> Check {
    let set = "set the clock; `timedatectl` shows whether it is synchronised";
    let check = |state, detail: String| Check::new("clock", state, format!("{}{detail}", now.format("%F %T UTC")));
    if MADE.parse::<DateTime<Utc>>().is_ok_and(|made| now < made) {
        return check(State::Failed, " is before this version was made".to_owned()).next(set);
    }
    let sources = store.and_then(|store| store.sources().ok()).unwrap_or_default();
    match sources.iter().filter_map(|source| source.last_success).max() {
        Some(last) if last > now + SLACK => {
            check(State::Failed, format!(", but a source was last read at {}", last.format("%F %T UTC"))).next(set)
        }
        _ => check(State::Ok, String::new()),
    }
}

fn store_check(context: &Context, store: Result<Store, StoreError>) -> Check {
    let path = context.config.store_path();
    let check = |state, detail: String| Check::new("store", state, detail);
    match store.and_then(|store| store.stats()) {
        Ok(stats) => {
            let releases: u64 = stats.releases.iter().map(|(_, count)| count).sum();
            let (packages, version) = (stats.packages, stats.schema_version);
            let (packages, releases) =
                (words::counted(packages, "package", "packages"), words::counted(releases, "release", "releases"));
            let held = format!("{packages}, {releases}, schema version {version}");
            check(State::Ok, format!("{}: {held}", path.display()))
        }
        Err(StoreError::Missing { .. }) => new_store(&path),
        Err(error @ StoreError::Older { .. }) => check(State::Warning, with_causes(&error)),
        Err(error) => check(State::Failed, with_causes(&error)),
    }
}

/// There is no database yet: can it be made?
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

fn trust(context: &Context, now: DateTime<Utc>) -> Check {
    let check = |state, detail: &str| Check::new("trust root", state, detail);
    if let Err(error) = pipeline::verifier(&context.config) {
        return check(State::Misconfigured, &with_causes(&error)).next("correct [trust] in the configuration");
    }
    match context.config.trust.source {
        TrustSource::Embedded => check(State::Ok, "the one of this version, never refreshed"),
        TrustSource::File => check(State::Ok, "loaded from the configured file"),
        TrustSource::Tuf => freshness(refreshed_at(&context.config), now),
    }
}

/// When TUF's metadata was last written; `None` if it never was.
fn refreshed_at(config: &Config) -> Option<DateTime<Utc>> {
    let written = fs::read_dir(pipeline::tuf_cache(config)).ok()?.flatten();
    written.filter_map(|file| file.metadata().ok()?.modified().ok()).max().map(DateTime::from)
}

fn freshness(refreshed_at: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Check {
    let check = |state, detail: String| Check::new("trust root", state, detail);
    let Some(at) = refreshed_at else {
        return check(State::Ok, "the one of this version; the first run refreshes it through TUF".to_owned());
    };
    let days = (now - at).num_days();
    let detail = format!("refreshed through TUF {days} days ago");
    if now - at <= STALE {
        return check(State::Ok, detail);
    }
    check(State::Warning, detail).next("look into the log for why; releases verified with newer keys cannot be checked")
}

fn subscriptions(context: &Context) -> Vec<Check> {
    let clock: Arc<dyn Clock> = Context::clock();
    let http = match pipeline::client(&context.config, Arc::clone(&clock)) {
        Ok(http) => http,
        Err(error) => return vec![Check::new("http", State::Misconfigured, with_causes(&error))],
    };
    let subscriptions = context.config.subscriptions.iter();
    subscriptions
        .map(|subscription| {
            let name = format!("subscription {}", subscription.name);
            match pipeline::subscription(subscription, &http, &clock) {
                Ok(_) => {
                    let (kind, least) = (subscription.sink_type(), subscription.min_severity);
                    Check::new(name, State::Ok, format!("{kind}, from {least}; `provwatch test-sinks` tries it"))
                }
                Err(error) => Check::new(name, State::Misconfigured, with_causes(&error)),
            }
        })
        .collect()
}
