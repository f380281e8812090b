//! Benchmark of look-ups, blast radius and evidence by the real program, on a store of 1,000,000 attested releases.
//!
//! It also prints the size of the store for each release. Ends with an error when a promise of `docs/PERFORMANCE.md`
//! is not kept. Does nothing unless `cargo bench` runs it.

#![allow(clippy::unwrap_used, reason = "a bench may fail where it stands")]
#![allow(clippy::print_stdout, reason = "figures are its output")]

use std::{
    fs,
    path::Path,
    process::ExitCode,
    time::{Duration, Instant},
};

use provwatch::{
    model::{Alert, AlertKind, Confidence, EvidenceDocument, EvidenceKind, Observation, Severity},
    store::{Outcome, Record, Store},
};

mod support;

use support::{
    filled, history,
    program::{provwatch, report},
};

/// Releases of each package.
const RELEASES_EACH: usize = 100;
/// Releases whose evidence is exported.
const EXPORTED: usize = 500;
/// How often each figure is measured; the median counts.
const TIMES: usize = 5;
/// The promises.
const BYTES: u128 = 2_500;
const LOOK_UP: u128 = 50;
const RADIUS: u128 = 500;
const EXPORT: u128 = 5_000;

const CONFIG: &str = "[store]\npath = \"provwatch.db\"\n[trust]\nsource = \"embedded\"\n";

/// What is looked for, from what one release has alone to what all of them have in common.
const LOOK_UPS: [&[&str]; 19] = [
    &["pkg:npm/package-5003"],
    &["pkg:npm/package-5003@1.4.2"],
    &["owner-500/repository-5003"],
    &["repository:100005003"],
    &["owner:owner-500"],
    &["https://github.com/owner-500/repository-5003/actions/runs/9000042"],
    &["refs/tags/v1.4.2"],
    &["ref:refs/tags/v1.4.2", "owner:owner-500"],
    &["workflow:.github/workflows/release.yml"],
    &["https://github.com/owner-500/*/release.yml@refs/tags/*"],
    &["issuer:https://token.actions.githubusercontent.com"],
    &["issuer:https://token.actions.githubusercontent.com", "owner:owner-500"],
    &["maintainer:ada"],
    &["maintainer:maintainer-1667"],
    &["npm-oidc-no-reply@github.com"],
    &["@github.com"],
    &["log:rekor.sigstore.dev:5003042"],
    &["--since", "2025-11-24", "--until", "2025-11-25"],
    &["maintainer:ada", "owner:owner-500", "--since", "2025-11-01"],
];

/// What is accused, from one release to all.
const ACCUSED: [&str; 5] = [
    "pkg:npm/package-5003@1.4.2",
    "owner-500/repository-5003",
    "https://github.com/owner-500/repository-5003/actions/runs/9000042",
    "maintainer:maintainer-1667",
    "maintainer:ada",
];

fn main() -> ExitCode {
    if !std::env::args().any(|argument| argument == "--bench") {
        return ExitCode::SUCCESS;
    }
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("provwatch.toml"), CONFIG).unwrap();
    let began = Instant::now();
    let store = filled::store_of(folder.path(), RELEASES_EACH);
    let releases = filled::PACKAGES * RELEASES_EACH;
    println!("{releases} releases recorded in {:.1?}", began.elapsed());
    let accused = raise(&store);
    drop(store);
    let size = u128::from(fs::metadata(folder.path().join("provwatch.db")).unwrap().len());
    let mut kept = report("size of an attested release", size / releases as u128, "bytes", BYTES);
    for terms in LOOK_UPS {
        kept &= timed(folder.path(), &[&["lookup"], terms].concat(), LOOK_UP);
    }
    for what in ACCUSED {
        kept &= timed(folder.path(), &["incident", what], RADIUS);
    }
    kept &= export(folder.path(), &accused);
    if kept { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Releases that raised alerts, each with the document that was fetched for it.
fn raise(store: &Store) -> Vec<String> {
    let releases: Vec<_> = (0..EXPORTED).map(|package| history::release(package, RELEASES_EACH - 1)).collect();
    let records: Vec<Record> = releases.iter().map(raised).collect();
    store.record_batch(&records).unwrap();
    releases.iter().map(|release| release.purl.to_string()).collect()
}

fn raised(release: &Observation) -> Record {
    let title = format!("{}: Published without the evidence that it always had", release.purl);
    let subject = release.purl.to_string();
    let alert = Alert {
        purl: Some(release.purl.clone()),
        ..Alert::about(AlertKind::Release, &subject, Severity::High, Confidence::High, title, filled::now())
    };
    Record {
        alert: Some(alert),
        documents: vec![document(&subject)],
        ..Record::observed(release.clone(), Outcome::Alerted, filled::now())
    }
}

/// A published document of npm, with as much beside it that is different in each.
fn document(of: &str) -> EvidenceDocument {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/published/npm/valid-attestations.json");
    let mut content = fs::read(path).unwrap();
    let seed = of.bytes().fold(0_u64, |seed, byte| seed.wrapping_mul(31).wrapping_add(u64::from(byte)));
    let mut random = fastrand::Rng::with_seed(seed);
    let different: String = std::iter::repeat_with(|| random.alphanumeric()).take(content.len()).collect();
    let end = content.iter().rposition(|byte| *byte == b'}').unwrap();
    content.splice(end..end, format!(",\"different\":\"{different}\"").into_bytes());
    EvidenceDocument { kind: EvidenceKind::NpmAttestations, subject: of.to_owned(), content, fetched_at: filled::now() }
}

/// The evidence of an incident, written and checked.
fn export(folder: &Path, releases: &[String]) -> bool {
    let named = ["incident", "open", "bench", "--reason", "bench"];
    run(folder, &[&named[..], &releases.iter().map(String::as_str).collect::<Vec<_>>()].concat());
    let file = folder.join("evidence.tar");
    let mut kept = true;
    let took = median(|| {
        let _ = fs::remove_file(&file);
        run(folder, &["incident", "export", "bench", "--to", file.to_str().unwrap()])
    });
    kept &= report(&format!("export of {EXPORTED} releases"), took.as_millis(), "ms", EXPORT);
    let took = median(|| run(folder, &["incident", "verify", file.to_str().unwrap()]));
    kept & report("its check", took.as_millis(), "ms", EXPORT)
}

fn timed(folder: &Path, arguments: &[&str], promise: u128) -> bool {
    let took = median(|| run(folder, arguments));
    report(&arguments.join(" "), took.as_millis(), "ms", promise)
}

/// How long a command takes as a whole process.
fn run(folder: &Path, arguments: &[&str]) -> Duration {
    let began = Instant::now();
    let status = provwatch(folder).args(arguments).status().unwrap();
    // 3: an alert is open, or something else is touched; 4: not everything is shown, or something is missing.
    assert!([Some(0), Some(3), Some(4)].contains(&status.code()), "{arguments:?}: {status}");
    began.elapsed()
}

fn median(measure: impl FnMut() -> Duration) -> Duration {
    let mut times: Vec<Duration> = std::iter::repeat_with(measure).take(TIMES).collect();
    times.sort();
    times[TIMES / 2]
}
