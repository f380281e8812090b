//! Benchmark of alerts on a store of 1,000,000 releases and 100,000 alerts: lists by the real program, a digest, and memory.
//!
//! The store has 10,000 packages. The figures are of lists and filters by the real
//! program, a digest over 10,000 alerts, and the memory of the daemon over this store.
//!
//! Ends with an error when a promise of `docs/PERFORMANCE.md` is not kept. Does nothing unless `cargo bench` runs it.

#![allow(clippy::unwrap_used, reason = "a bench may fail where it stands")]
#![allow(clippy::print_stdout, reason = "figures are its output")]

use std::{
    fs,
    path::Path,
    process::ExitCode,
    thread,
    time::{Duration, Instant},
};

use chrono::{DateTime, TimeDelta, Utc};
use provwatch::{
    model::{
        Alert, AlertAction, AlertKind, AlertStatus, Confidence, Fingerprint, Observation, Resolution, Severity, Signal,
    },
    store::{Outcome, Record, Store},
};

mod support;

use support::{
    filled, history,
    program::{Daemon, provwatch, report},
};

/// Releases of each package, and how many of the newest raised alerts.
const RELEASES_EACH: usize = 100;
const ALERTS_EACH: usize = 10;
/// Of how many alerts the digest tells.
const TOLD: usize = 10_000;
/// How often each figure is measured; the median counts.
const TIMES: usize = 5;
/// How long the daemon works before its memory is read.
const WORKS: Duration = Duration::from_secs(45);

const DETECTORS: [&str; 5] = ["odd-hours", "evidence-downgrade", "workflow-changed", "tag-missing", "young-dependency"];

const CONFIG: &str = r#"
[store]
path = "provwatch.db"
[registries]
npm.enabled = false
pypi.enabled = false
cargo.enabled = false
[forges]
enabled = false
[logs]
enabled = false
[trust]
source = "embedded"
[[subscriptions]]
name = "ops"
type = "stdout"
repeat = "24h"
match = { min_severity = "high" }
"#;

/// The lists that are measured, by the arguments of `provwatch alerts list`.
const LISTS: [&[&str]; 8] = [
    &[],
    &["--status", "open"],
    &["--status", "snoozed"],
    &["--status", "open", "--min-severity", "critical"],
    &["--package", "pkg:npm/package-5003"],
    &["--detector", "odd-hours"],
    &["--detector", "run-failed"],
    &["--kind", "log"],
];

fn main() -> ExitCode {
    if !std::env::args().any(|argument| argument == "--bench") {
        return ExitCode::SUCCESS;
    }
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("provwatch.toml"), CONFIG).unwrap();
    let store = filled::store_of(folder.path(), RELEASES_EACH);
    raise(&store);
    act(&store);
    let mut kept = digest(&store);
    drop(store);
    for list in LISTS {
        let took = median(|| run(folder.path(), &[&["alerts", "list"], list].concat()));
        kept &= report(&format!("alerts list {}", list.join(" ")), took.as_millis(), "ms", 50);
    }
    kept &= report("memory of the daemon", u128::from(daemon(folder.path()) >> 10), "MiB", 64);
    if kept { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// The newest releases of every package raise alerts: most are low, a few are critical.
fn raise(store: &Store) {
    let all = (0..filled::PACKAGES).flat_map(|package| (0..ALERTS_EACH).map(move |nth| (package, nth)));
    let records: Vec<Record> = all.enumerate().map(|(n, (package, nth))| record(n, package, nth)).collect();
    for batch in records.chunks(500) {
        store.record_batch(batch).unwrap();
    }
}

fn record(n: usize, package: usize, nth: usize) -> Record {
    let release = history::release(package, RELEASES_EACH - 1 - nth);
    let alert = alert(n, &release);
    let subscriptions = if n < TOLD { vec!["weekly".to_owned()] } else { Vec::new() };
    Record { alert: Some(alert), subscriptions, ..Record::observed(release, Outcome::Alerted, filled::now()) }
}

fn alert(n: usize, release: &Observation) -> Alert {
    let severity = match n % 1_000 {
        0 => Severity::Critical,
        1..50 => Severity::High,
        50..300 => Severity::Medium,
        _ => Severity::Low,
    };
    let signal = |place: usize| Signal {
        detector: DETECTORS[(n + place * 7) % DETECTORS.len()].into(),
        severity,
        expected: "trusted-publisher (32 of 32)".to_owned(),
        seen: "none".to_owned(),
        since: Some(filled::now()),
        why: "Anybody with a stolen token can publish without the workflow.".to_owned(),
        corroborating: false,
    };
    let title = format!("{}: Published without the evidence that it always had", release.purl);
    let subject = release.purl.to_string();
    Alert {
        purl: Some(release.purl.clone()),
        argument: "The last 32 releases of line 1 were published by GitHub Actions with provenance. ".repeat(4),
        signals: (0..3).map(signal).collect(),
        ..Alert::about(AlertKind::Release, &subject, severity, Confidence::High, title, raised_at(n))
    }
}

fn raised_at(n: usize) -> DateTime<Utc> {
    filled::now() - TimeDelta::minutes(i64::try_from(n).unwrap())
}

/// One alert in twenty is open, three are acknowledged or snoozed, and the others are resolved.
fn act(store: &Store) {
    let mut by_status: [Vec<Fingerprint>; 3] = Default::default();
    for n in 0..filled::PACKAGES * ALERTS_EACH {
        let release = history::release(n / ALERTS_EACH, RELEASES_EACH - 1 - n % ALERTS_EACH);
        let fingerprint = Fingerprint::of_release(&release.purl);
        match n % 20 {
            0 => {}
            1 | 2 => by_status[0].push(fingerprint),
            3 => by_status[1].push(fingerprint),
            _ => by_status[2].push(fingerprint),
        }
    }
    let statuses = [AlertStatus::Acknowledged, AlertStatus::Snoozed, AlertStatus::Resolved];
    for (fingerprints, status) in by_status.iter().zip(statuses) {
        let until = (status == AlertStatus::Snoozed).then(|| filled::now() + TimeDelta::days(30));
        let category = (status == AlertStatus::Resolved).then_some(Resolution::Expected);
        let action = AlertAction { until, category, ..AlertAction::new(status, "ada", "known", filled::now()) };
        for batch in fingerprints.chunks(500) {
            store.act_on(batch, &action).unwrap();
        }
    }
}

/// A digest in place of the messages about ten thousand alerts.
fn digest(store: &Store) -> bool {
    let (first, end) = (filled::now() - TimeDelta::days(7), filled::now());
    store.make_digest("weekly", first, first, &|_| true).unwrap();
    let began = Instant::now();
    assert!(store.make_digest("weekly", end, end, &|_| true).unwrap());
    report(&format!("a digest over {TOLD} alerts"), began.elapsed().as_millis(), "ms", 1_000)
}

/// How long a command takes as a whole process.
fn run(folder: &Path, arguments: &[&str]) -> Duration {
    let began = Instant::now();
    let status = provwatch(folder).args(arguments).status().unwrap();
    // 3: an open alert is grave; 4: nothing fits.
    assert!([Some(0), Some(3), Some(4)].contains(&status.code()), "{arguments:?}: {status}");
    began.elapsed()
}

/// The most memory that the daemon had, in KiB.
fn daemon(folder: &Path) -> u64 {
    let (daemon, _) = Daemon::start(provwatch(folder).arg("run"), folder);
    thread::sleep(WORKS);
    daemon.memory("VmHWM")
}

fn median(measure: impl FnMut() -> Duration) -> Duration {
    let mut times: Vec<Duration> = std::iter::repeat_with(measure).take(TIMES).collect();
    times.sort();
    times[TIMES / 2]
}
