//! Benchmark of an inventory of 2,000 projects with 1,500 releases each: its size on disk, and the time of each question.
//! `cargo bench --bench inventory -- 200` does it with 200 projects.
//!
//! Ends with an error when a promise is not kept. Does nothing unless `cargo bench` runs it.

#![allow(clippy::unwrap_used, reason = "a bench may fail where it stands")]
#![allow(clippy::print_stdout, reason = "figures are its output")]

use std::{
    fs,
    path::Path,
    process::ExitCode,
    sync::Arc,
    time::{Duration, Instant},
};

use chrono::{DateTime, TimeDelta, Utc};
use provwatch::{
    clock::SystemClock,
    figures::Counter,
    model::{Alert, AlertKind, Confidence, DependencyScope, Locked, Package, Place, ReleaseId, Severity},
    store::{AlertFilter, Outcome, PackageRow, Record, Store, Upload, UsesOf, Which},
    watchlist::{InUse, Watchlist},
};

mod support;

use support::{
    filled, history,
    program::{provwatch, report},
};

/// Projects, and the releases of each.
const PROJECTS: usize = 2_000;
const RELEASES: usize = 1_500;
/// Packages that are watched, and whose releases are stored.
const WATCHED: usize = 2_000;
/// Packages of which every project uses the same, and of which it uses some.
const COMMON: usize = 300;
const OTHERS: usize = 30_000;
/// Versions of a package that are in use.
const VERSIONS: usize = 6;
/// How often each project is uploaded again, with some releases of other versions.
const UPDATES: usize = 2;
/// How often a question is repeated; the slowest counts.
const TIMES: usize = 20;
/// How many uses an answer has.
const SHOWN: usize = 20;

fn now() -> DateTime<Utc> {
    "2026-01-01T00:00:00Z".parse().unwrap()
}

fn locked(package: usize, version: usize, first: Option<&ReleaseId>) -> Locked {
    let release = history::package(package).at(format!("1.{version}.0"));
    let number = package * 100 + version;
    let digest = format!("sha256:{number:016x}{number:048x}");
    let depth = if first.is_some() { 3 } else { 1 };
    Locked {
        release,
        place: Place { scope: DependencyScope::Required, depth: Some(depth), through: first.cloned() },
        digests: vec![digest.parse().unwrap()],
        vex: None,
        reachability: None,
    }
}

/// What a project locks after so many updates: the packages that all use, and a share of the others.
fn content(project: usize, update: usize) -> Vec<Locked> {
    let mut random = fastrand::Rng::with_seed(project as u64);
    let version = |package: usize| (package + project + update * usize::from(package.is_multiple_of(10))) % VERSIONS;
    let direct = locked(0, version(0), None);
    let mut packages: Vec<usize> = (1..COMMON).collect();
    let mut others: Vec<usize> = (0..RELEASES * 2).map(|_| COMMON + random.usize(0..OTHERS)).collect();
    others.sort_unstable();
    others.dedup();
    random.shuffle(&mut others);
    packages.extend(others.into_iter().take(RELEASES - COMMON));
    let rest = packages.into_iter().map(|package| locked(package, version(package), Some(&direct.release)));
    std::iter::once(direct.clone()).chain(rest).collect()
}

fn fill(store: &Store, projects: usize) {
    for update in 0..=UPDATES {
        let at = now() + TimeDelta::days(i64::try_from(update).unwrap());
        for project in 0..projects {
            let name = format!("project-{project}").parse().unwrap();
            let locked = content(project, update);
            let upload = Upload { project: &name, kind: None, owner: None, locked: &locked, at };
            store.upload(&upload, at).unwrap();
        }
    }
}

/// Stores the releases of the watched packages that projects lock.
fn watch(store: &Store, folder: &Path) {
    for first in (0..WATCHED).step_by(50) {
        let releases =
            (first..first + 50).flat_map(|of| (0..VERSIONS).map(move |version| history::release(of, version * 10)));
        let records: Vec<Record> = releases.map(|release| Record::observed(release, Outcome::Clean, now())).collect();
        store.record_batch(&records).unwrap();
        for number in first..first + 50 {
            store.save_package(&PackageRow::new(history::package(number), now())).unwrap();
        }
    }
    let listing = filled::listing((0..WATCHED).map(|number| history::package(number).to_string()));
    fs::write(folder.join("watchlist.toml"), listing).unwrap();
    let configuration = "[store]\npath = \"provwatch.db\"\n[watchlist]\nfiles = [\"watchlist.toml\"]\n";
    fs::write(folder.join("provwatch.toml"), configuration).unwrap();
}

/// Counts everything, as the daemon does.
fn count(store: Store, folder: &Path) {
    let watchlist = Watchlist::load(&[folder.join("watchlist.toml")]).unwrap();
    let counter = Counter::new(Arc::new(store), Arc::new(SystemClock), Arc::new(InUse::new(watchlist)));
    while counter.step().unwrap() {}
}

/// The real program with a command, from start to end.
fn run(folder: &Path, arguments: &[&str]) {
    let status = provwatch(folder).args(arguments).status().unwrap();
    assert!(status.success(), "{arguments:?}: {status}");
}

fn size(folder: &Path) -> u64 {
    let files = fs::read_dir(folder).unwrap().map(|file| file.unwrap().metadata().unwrap().len());
    files.sum()
}

/// The slowest of several repetitions.
fn slowest<T>(mut question: impl FnMut(usize) -> T) -> Duration {
    let once = |number| {
        let started = Instant::now();
        std::hint::black_box(question(number));
        started.elapsed()
    };
    (0..TIMES).map(once).max().unwrap()
}

fn alert(package: &Package) -> Alert {
    let release = package.at("1.9.0");
    let title = "a takeover".to_owned();
    let about = Alert::about(AlertKind::Release, &release.to_string(), Severity::High, Confidence::High, title, now());
    Alert { purl: Some(release), ..about }
}

fn main() -> ExitCode {
    if !std::env::args().any(|argument| argument == "--bench") {
        return ExitCode::SUCCESS;
    }
    let projects = std::env::args().find_map(|argument| argument.parse().ok()).unwrap_or(PROJECTS);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("provwatch.db");
    let store = Store::open(&path).unwrap();
    let started = Instant::now();
    fill(&store, projects);
    drop(store);
    println!("{} uploads of {RELEASES} releases in {:.1?}", projects * (UPDATES + 1), started.elapsed());
    let mut is_kept = report("size of the inventory", u128::from(size(folder.path()) >> 20), "MiB", 1024);
    let store = Store::open(&path).unwrap();
    watch(&store, folder.path());
    let started = Instant::now();
    count(store, folder.path());
    println!("the figures of {projects} projects and the watchlist in {:.1?}", started.elapsed());
    let store = Store::open_read_only(&path).unwrap();
    let common = |number: usize| history::package(number % COMMON);
    let other = |number: usize| history::package(COMMON + number * 37 % OTHERS);
    let name = |number: usize| format!("project-{}", number % projects);
    let questions: [(&str, Duration); 11] = [
        (
            "who uses a release of a common package",
            slowest(|number| store.uses_of(UsesOf::Releases(&[common(number).at("1.1.0")]), SHOWN).unwrap()),
        ),
        (
            "who uses a common package",
            slowest(|number| store.uses_of(UsesOf::Packages(&[common(number)]), SHOWN).unwrap()),
        ),
        (
            "who uses another package",
            slowest(|number| store.uses_of(UsesOf::Packages(&[other(number)]), SHOWN).unwrap()),
        ),
        ("the projects of an alert", slowest(|number| store.with_uses(alert(&common(number))).unwrap())),
        ("what a project uses", slowest(|number| store.uses_of_project(&name(number), Which::Present).unwrap())),
        (
            "what changed in a project",
            slowest(|number| store.uses_of_project(&name(number), Which::ChangedSince(now())).unwrap()),
        ),
        (
            "alerts about what is used",
            slowest(|_| store.alerts(&AlertFilter { used: true, ..AlertFilter::default() }).unwrap()),
        ),
        ("inventory list, the whole process", slowest(|_| run(folder.path(), &["inventory", "list"]))),
        (
            "inventory show, the whole process",
            slowest(|number| run(folder.path(), &["inventory", "show", &name(number)])),
        ),
        (
            "inventory report of a project, the whole process",
            slowest(|number| run(folder.path(), &["inventory", "report", &name(number)])),
        ),
        ("inventory report of all, the whole process", slowest(|_| run(folder.path(), &["inventory", "report"]))),
    ];
    let counted = slowest(|number| run(folder.path(), &["inventory", "report", &name(number), "--recount"]));
    println!("a report of a project that the daemon has not counted: {counted:.1?}");
    for (what, time) in questions {
        is_kept &= report(what, time.as_millis(), "ms", 100);
    }
    if is_kept { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
