//! Benchmark of `provwatch store check` on a history of 1,000,000 rows: time and memory of the whole process. It also
//! prints how long the rows take to be written.
//!
//! Ends with an error when a promise of `docs/PERFORMANCE.md` is not kept. Does nothing unless `cargo bench` runs it.

#![allow(clippy::unwrap_used, reason = "a bench may fail where it stands")]
#![allow(clippy::print_stdout, reason = "figures are its output")]

use std::{
    fs,
    path::Path,
    process::{Command, ExitCode, Stdio},
    thread,
    time::{Duration, Instant},
};

use chrono::{DateTime, Utc};
use provwatch::{
    model::{Baseline, BaselineReason, Package, ReleaseLine},
    store::{BaselineChange, NewBaselineVersion, Store},
};

/// Rows of the history.
const ROWS: u32 = 1_000_000;
/// Rows of one transaction.
const BATCH: u32 = 1000;
/// How often the check is repeated; the slowest counts.
const TIMES: usize = 3;
/// The promises.
const LONGEST: Duration = Duration::from_secs(5);
const LARGEST_KIB: u64 = 64 * 1024;

fn now() -> DateTime<Utc> {
    "2026-01-01T00:00:00Z".parse().unwrap()
}

/// Steps of baselines: a thousand packages, each with a thousand lines that an operator resets.
fn fill(store: &Store) {
    for number in 0..ROWS / BATCH {
        let package: Package = format!("pkg:npm/package-{number}").parse().unwrap();
        let step = |line: u32| NewBaselineVersion {
            line: ReleaseLine::named(line.to_string()),
            reason: BaselineReason::Reset,
            purl: None,
            actor: "olga@example.org".to_owned(),
            note: Some(format!("the maintainers moved to another workflow, their issue {line}")),
        };
        let versions = (0..BATCH).map(step).collect();
        let change = BaselineChange { based_on: 0, baseline: Baseline::empty(package), versions };
        store.change_baseline(&change, now()).unwrap();
    }
}

/// The most memory that a process had, in KiB.
fn peak(pid: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().trim_end_matches(" kB").parse().ok()
}

/// Runs the check in a process of its own.
fn check(folder: &Path) -> (Duration, u64) {
    let started = Instant::now();
    let mut program = Command::new(env!("CARGO_BIN_EXE_provwatch"))
        .arg("--config")
        .arg(folder.join("provwatch.toml"))
        .args(["store", "check"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let mut memory = 0;
    let status = loop {
        memory = peak(program.id()).unwrap_or_default().max(memory);
        if let Some(status) = program.try_wait().unwrap() {
            break status;
        }
        thread::sleep(Duration::from_millis(5));
    };
    assert!(status.success(), "{status}");
    (started.elapsed(), memory)
}

fn main() -> ExitCode {
    if !std::env::args().any(|argument| argument == "--bench") {
        return ExitCode::SUCCESS;
    }
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("provwatch.toml"), "[store]\npath = \"provwatch.db\"\n").unwrap();
    let store = Store::open(&folder.path().join("provwatch.db")).unwrap();
    let started = Instant::now();
    fill(&store);
    drop(store);
    let written = started.elapsed();
    let size = fs::metadata(folder.path().join("provwatch.db")).unwrap().len() / (1024 * 1024);
    println!("{ROWS} rows written in {written:.1?}, {size} MiB");
    let runs: Vec<_> = (0..TIMES).map(|_| check(folder.path())).collect();
    let slowest = runs.iter().map(|(time, _)| *time).max().unwrap();
    let memory = runs.iter().map(|(_, memory)| *memory).max().unwrap();
    println!(
        "store check: {slowest:.2?} at most (promised {LONGEST:?}), {} MiB (promised {} MiB)",
        memory / 1024,
        LARGEST_KIB / 1024
    );
    if slowest < LONGEST && memory < LARGEST_KIB { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
