//! Tests of the commands that read and write the store: output, exit codes, and operation beside a writer. Here are
//! the desk of an operator, and the story of `axios` in its store.

#![allow(clippy::unwrap_used, reason = "helpers of tests may fail and print like tests")]

mod alerts;
mod allow;
mod baseline;
mod every_command;
mod expectations;
mod history;
mod incidents;
mod lookup;
mod status;
mod suggested_commands;
mod timeline;
mod watch;

use crate::lab::{due, schema};

use std::{
    fs,
    path::PathBuf,
    process::{Command, Output},
};

use chrono::{DateTime, TimeDelta, Utc};
use provwatch::{
    baseline::learn,
    clock::{Clock, SystemClock},
    detect::{AssessmentInputs, ReleaseContext},
    model::{BaselineReason, Observation, Package},
    packages::assess,
    store::{
        BaselineChange, EventKind, NewBaselineVersion, NewEvent, Outcome, PackageRow, Record, Store, StoredBaseline,
    },
};
use serde_json::{Value, json};
use tempfile::TempDir;

const CONFIG: &str = r#"
[store]
path = "provwatch.db"
[watchlist]
files = ["watchlist.toml"]
[[subscriptions]]
name = "ops"
type = "stdout"
"#;

/// A folder with a configuration, a watchlist and a store, as an operator has them.
struct Desk(TempDir);

/// What a command did.
struct Ran {
    code: i32,
    out: String,
    err: String,
}

impl Desk {
    fn new() -> Self {
        let desk = Self(TempDir::new().unwrap());
        fs::write(desk.path("provwatch.toml"), CONFIG).unwrap();
        fs::write(desk.path("watchlist.toml"), "packages = []\n").unwrap();
        desk
    }

    /// A desk with the story of `axios` in its store.
    fn with_story() -> Self {
        let desk = Self::new();
        tell(&desk.store());
        desk
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn store(&self) -> Store {
        Store::open(&self.path("provwatch.db")).unwrap()
    }

    fn run(&self, arguments: &[&str]) -> Ran {
        self.run_within(110, arguments)
    }

    fn run_within(&self, columns: u16, arguments: &[&str]) -> Ran {
        self.call(columns, ROOM, arguments)
    }

    /// On a disk with so many bytes left.
    fn with_free(&self, free: &str, arguments: &[&str]) -> Ran {
        self.call(110, free, arguments)
    }

    fn call(&self, columns: u16, free: &str, arguments: &[&str]) -> Ran {
        let output = Command::new(env!("CARGO_BIN_EXE_provwatch"))
            .env_clear()
            .envs([("COLUMNS", columns.to_string().as_str()), ("USER", "ada"), ("HOME", "/nonexistent")])
            .env("PROVWATCH_FREE_SPACE", free)
            .current_dir(self.0.path())
            .args(["--config", "provwatch.toml"])
            .args(arguments)
            .output()
            .unwrap();
        self.ran(&output)
    }

    fn ran(&self, output: &Output) -> Ran {
        let folder = self.0.path().to_str().unwrap();
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap().replace(folder, "…");
        Ran { code: output.status.code().unwrap(), out: text(&output.stdout), err: text(&output.stderr) }
    }
}

impl Ran {
    /// Everything that the operator sees, with today's times left out.
    fn screen(&self) -> String {
        let today = now().format("%Y-%m-%d").to_string();
        let timeless =
            |text: &str| text.lines().map(|line| without_size(&without_times(line, &today)) + "\n").collect::<String>();
        format!("{}--- exit {}\n{}", timeless(&self.out), self.code, timeless(&self.err))
    }

    /// The JSON objects of standard output, one a line.
    fn objects(&self) -> Vec<Value> {
        let lines: Vec<Value> = self.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        lines.iter().for_each(schema::hold);
        lines
    }
}

/// Replaces `2026-04-01 12:00` and `2026-04-01 12:00:30 UTC` of today.
fn without_times(line: &str, today: &str) -> String {
    let Some(at) = line.find(today) else { return line.to_owned() };
    let rest = &line[at + today.len()..];
    let rest = rest.strip_prefix(' ').unwrap_or(rest).trim_start_matches(|c: char| c.is_ascii_digit() || c == ':');
    format!("{}<today>{}", &line[..at], rest.strip_prefix(" UTC").unwrap_or(rest))
}

/// Replaces `176.0 KiB`.
fn without_size(line: &str) -> String {
    let Some(unit) = line.find(" KiB") else { return line.to_owned() };
    let start = line[..unit].rfind(' ').unwrap_or(0);
    format!("{} <size>{}", &line[..start], &line[unit + " KiB".len()..])
}

fn now() -> DateTime<Utc> {
    SystemClock.now()
}

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn observation(value: Value) -> Observation {
    serde_json::from_value(value).unwrap()
}

fn package(purl: &str) -> Package {
    purl.parse().unwrap()
}

/// A release of axios by its workflow.
fn ordinary(version: &str, published_at: &str) -> Observation {
    observation(json!({
        "purl": format!("pkg:npm/axios@{version}"), "published_at": published_at,
        "publisher": {"name": "GitHub Actions", "email": "npm-oidc-no-reply@github.com"},
        "auth": {"method": "trusted_publisher", "provider": "github", "config_id": "oidc:1"},
        "attestation": {"status": "verified", "issuer": "https://token.actions.githubusercontent.com",
            "subject": "https://github.com/axios/axios/.github/workflows/publish.yml@refs/tags/v1", "signed_at": published_at,
            "claims": {
                "source_repository_uri": "https://github.com/axios/axios", "source_repository_identifier": "23088740",
                "source_repository_owner_uri": "https://github.com/axios", "source_repository_owner_identifier": "32372333",
                "source_repository_ref": format!("refs/tags/v{version}"),
                "source_repository_digest": "0123456789abcdef0123456789abcdef01234567",
                "build_config_uri": "https://github.com/axios/axios/.github/workflows/publish.yml@refs/tags/v1",
                "build_trigger": "push", "runner_environment": "github-hosted",
                "run_invocation_uri": format!("https://github.com/axios/axios/actions/runs/{}/attempts/1", version.replace('.', "")),
            },
            "log": {"origin": "log2025-1.rekor.sigstore.dev", "index": 1000}},
        "manifest": {"repository": "https://github.com/axios/axios", "install_scripts": [],
            "dependencies": {"follow-redirects": "^1.15.6", "form-data": "^4.0.4"}},
        "files": [{"name": format!("axios-{version}.tgz"), "digests": {"sha512": "ab".repeat(64)}}],
    }))
}

/// A release of axios with a stolen token.
fn stolen() -> Observation {
    observation(json!({
        "purl": "pkg:npm/axios@1.14.1", "published_at": "2026-03-31T00:21:00Z",
        "publisher": {"name": "jasonsaayman", "email": "ifstap\u{202e}@proton.example"},
        "auth": {"method": "token"}, "attestation": {"status": "absent"},
        "manifest": {"install_scripts": [], "dependencies": {"plain-crypto-js": "^4.2.1"}},
        "files": [{"name": "axios-1.14.1.tgz", "digests": {"sha512": "cd".repeat(64)}}],
    }))
}

/// Records a release that teaches.
fn teach(store: &Store, observation: &Observation, outcome: Outcome) {
    let StoredBaseline { revision, mut baseline } = store.baseline(observation.purl.package()).unwrap();
    learn(&mut baseline, observation);
    let version = NewBaselineVersion {
        line: observation.line(),
        reason: BaselineReason::Learned,
        purl: Some(observation.purl.clone()),
        actor: "provwatch".to_owned(),
        note: None,
    };
    let mut record = Record::observed(observation.clone(), outcome, observation.published_at + TimeDelta::minutes(1));
    record.baseline = Some(BaselineChange { based_on: revision, baseline, versions: vec![version] });
    store.record(&record).unwrap();
}

/// Records a release as the pipeline judges it.
fn judge(store: &Store, observation: Observation) {
    let assessment = assess::assess(
        &store.baseline(observation.purl.package()).unwrap().baseline,
        &observation,
        &AssessmentInputs::usual(&ReleaseContext::default()),
    );
    let raised_at = observation.published_at + TimeDelta::minutes(2);
    let alert = assess::alert(&observation, &assessment, raised_at, assess::links(&observation)).unwrap();
    let mut record = Record::observed(observation, Outcome::Alerted, raised_at);
    record.alert = Some(alert);
    record.subscriptions = vec!["ops".to_owned()];
    store.record(&record).unwrap();
}

/// Eight ordinary releases, one with a stolen token, another package of the same account, a release that could not be
/// checked, one that could not be read, and what happened around them.
fn tell(store: &Store) {
    for purl in ["pkg:npm/axios", "pkg:npm/axios-mock", "pkg:pypi/requests"] {
        store.save_package(&PackageRow::new(package(purl), at("2026-01-01T00:00:00Z"))).unwrap();
    }
    for (index, day) in ["01-05", "01-12", "01-20", "01-27", "02-10", "02-24", "03-10", "03-27"].into_iter().enumerate()
    {
        let outcome = if index < 6 { Outcome::Learned } else { Outcome::Clean };
        teach(
            store,
            &ordinary(&format!("1.{}.0", 7 + index), &format!("2026-{day}T1{}:00:00Z", 2 + index % 3)),
            outcome,
        );
    }
    judge(store, stolen());
    let mut other = stolen();
    other.purl = package("pkg:npm/axios-mock").at("0.30.4");
    teach(store, &other, Outcome::Clean);
    requests(store);
}

fn requests(store: &Store) {
    let requests = package("pkg:pypi/requests");
    let seen = at("2026-03-30T10:00:00Z");
    let reason = "PyPI's provenance document could not be had: 503 Service Unavailable";
    let unchecked = observation(json!({
        "purl": "pkg:pypi/requests@2.33.0", "published_at": "2026-03-30T09:58:00Z", "auth": {"method": "unknown"},
        "attestation": {"status": "unavailable", "reason": reason},
    }));
    let mut record = Record::observed(unchecked, Outcome::Unchecked, seen);
    record.unchecked = vec![reason.to_owned()];
    record.recheck_at = Some(at("2026-03-30T10:05:00Z"));
    store.record(&record).unwrap();
    let odd = requests.at("2.33.0\u{1b}[2J");
    store.record(&Record::unreadable(odd, "the version \"2.33.0\u{1b}[2J\" is not one", seen)).unwrap();
    let event = |key: &str, version: Option<&str>, action: &str| NewEvent {
        package: requests.clone(),
        kind: EventKind::Governance,
        change: json!({"kind": "governance", "version": version, "action": action}).to_string(),
        revision: None,
        key: key.to_owned(),
        at: Some(at("2026-03-30T09:00:00Z")),
    };
    let events = [event("1", None, "add Owner mallory\u{202e}"), event("2", Some("2.32.0"), "yank release")];
    store.take_page("pypi-changelog", "2", &events, seen).unwrap();
    let work = due::work(store, seen);
    store.finish_work(&requests, work[0].generation).unwrap();
}

/// All sources were read a moment ago.
fn fresh(store: &Store) {
    for source in ["npm-changes", "pypi-changelog", "crates-updates"] {
        store.take_page(source, "9", &[], now() - TimeDelta::seconds(300)).unwrap();
    }
}

/// What the commands take for the free space of their disk, whatever this machine has.
const ROOM: &str = "1099511627776";
/// The id of the story's alert.
const ALERT: &str = "6adc1e73047a";
