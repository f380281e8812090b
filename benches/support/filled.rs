//! A store as it is after a year of watching, with baselines, releases, traces and feed events.

use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use provwatch::{
    baseline::learn,
    model::{Baseline, BaselineReason, Ecosystem, Observation},
    store::{BaselineChange, EventKind, Lane, NewBaselineVersion, NewEvent, Outcome, PackageRow, Record, Store},
};

use super::history;

/// How many packages are watched.
pub const PACKAGES: usize = 10_000;
/// How many releases of each are stored.
pub const RELEASES_EACH: usize = 10;

/// The time at which everything was recorded.
pub fn now() -> DateTime<Utc> {
    "2026-01-01T00:00:00Z".parse().unwrap()
}

/// Makes a store in `folder` with [`PACKAGES`] packages and [`RELEASES_EACH`] releases of each.
pub fn store(folder: &Path) -> Store {
    store_of(folder, RELEASES_EACH)
}

/// Makes a store in `folder` with [`PACKAGES`] packages and so many releases of each.
pub fn store_of(folder: &Path, releases_each: usize) -> Store {
    let store = Store::open(&folder.join("provwatch.db")).unwrap();
    for first in (0..PACKAGES).step_by(500) {
        let batch: Vec<Record> = (first..first + 500).flat_map(|package| history_of(package, releases_each)).collect();
        store.record_batch(&batch).unwrap();
        let events: Vec<NewEvent> = (first..first + 500).map(event).collect();
        store.take_page("npm-changes", &first.to_string(), &events, now()).unwrap();
    }
    for work in store.next_work(Ecosystem::NPM, Lane::Announced, now(), usize::MAX).unwrap() {
        store.finish_work(&work.package, work.generation).unwrap();
    }
    for number in 0..PACKAGES {
        store.save_package(&package_row(number)).unwrap();
    }
    store
}

/// A watchlist file in `folder` that names [`PACKAGES`] packages.
pub fn watchlist(folder: &Path) -> PathBuf {
    let path = folder.join("watchlist.toml");
    std::fs::write(&path, watchlist_text()).unwrap();
    path
}

/// The text of [`watchlist`].
pub fn watchlist_text() -> String {
    listing((0..PACKAGES).map(|number| history::package(number).to_string()))
}

/// A watchlist of these purls and globs.
pub fn listing(patterns: impl Iterator<Item = String>) -> String {
    let lines: Vec<_> = patterns.map(|pattern| format!("    \"{pattern}\"")).collect();
    format!("packages = [\n{}\n]\n", lines.join(",\n"))
}

/// The records of a package's history, as a backfill makes them.
fn history_of(package: usize, releases_each: usize) -> Vec<Record> {
    let releases: Vec<_> = (0..releases_each).map(|number| history::release(package, number)).collect();
    let change = lessons(&releases);
    let mut records: Vec<_> =
        releases.into_iter().map(|release| Record::observed(release, Outcome::Learned, now())).collect();
    records.last_mut().unwrap().baseline = Some(change);
    records
}

fn lessons(releases: &[Observation]) -> BaselineChange {
    let mut baseline = Baseline::empty(releases[0].purl.package().clone());
    for release in releases {
        learn(&mut baseline, release);
    }
    let versions = releases.iter().map(|release| NewBaselineVersion {
        line: release.line(),
        reason: BaselineReason::Learned,
        purl: Some(release.purl.clone()),
        actor: "provwatch".to_owned(),
        note: None,
    });
    BaselineChange { based_on: 0, baseline, versions: versions.collect() }
}

/// The event of a feed about a package.
pub fn event(number: usize) -> NewEvent {
    NewEvent {
        package: history::package(number),
        kind: EventKind::Document,
        change: r#"{"kind":"document","revision":"37-492fb14479b1ae44c0150d53ab2ce6ba"}"#.to_owned(),
        revision: Some("37-492fb14479b1ae44c0150d53ab2ce6ba".to_owned()),
        key: format!("{number}:37-492fb14479b1ae44c0150d53ab2ce6ba"),
        at: None,
    }
}

fn package_row(number: usize) -> PackageRow {
    PackageRow {
        checked_at: Some(now()),
        backfilled_at: Some(now()),
        etag: Some("\"492fb14479b1ae44c0150d53ab2ce6ba\"".to_owned()),
        revision: Some("37-492fb14479b1ae44c0150d53ab2ce6ba".to_owned()),
        maintainers: Some(vec!["ada".to_owned(), "grace".to_owned()]),
        ..PackageRow::new(history::package(number), now())
    }
}
