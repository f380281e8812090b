//! Tests of the commands that read and write the store: output, exit codes, and operation beside a writer.

#![allow(clippy::unwrap_used, reason = "helpers of tests may fail and print like tests")]

use crate::lab::{due, schema};

use std::{
    fmt::Write,
    fs,
    path::PathBuf,
    process::{Command, Output},
};

use chrono::{DateTime, TimeDelta, Utc};
use provwatch::{
    baseline::learn,
    clock::{Clock, SystemClock},
    daemon::Lock,
    deliver::accept_command,
    detect::{AssessmentInputs, ReleaseContext},
    model::{
        Alert, AlertKind, AlertStatus, BaselineReason, Confidence, Fingerprint, Observation, Package, ReleaseLine,
        ReleaseStatus, Severity,
    },
    packages::assess,
    store::{
        BaselineChange, EventKind, Lost, NewBaselineVersion, NewEvent, Outcome, PackageRow, Record, RunnerRow, Setback,
        Store, StoredBaseline,
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

mod status {
    use super::*;

    /// A desk where everything was read a moment ago and everybody was told.
    fn quiet_desk() -> Desk {
        let desk = Desk::with_story();
        let store = desk.store();
        fresh(&store);
        store.source_read("trust-root", now() - TimeDelta::hours(3)).unwrap();
        let delivery = &due::deliveries(&store, now())[0];
        store.delivered(delivery, now() - TimeDelta::minutes(10), "200 OK").unwrap();
        desk
    }

    /// What a daemon that lives writes, and the lock that it holds.
    fn on_duty(desk: &Desk) -> Lock {
        beat(&desk.store(), "daemon", TimeDelta::seconds(20), "{}");
        Lock::take(&desk.path("provwatch.db")).unwrap()
    }

    /// A heartbeat of so long ago.
    fn beat(store: &Store, kind: &str, ago: TimeDelta, facts: &str) {
        let at = now() - ago;
        let row = RunnerRow {
            kind: kind.to_owned(),
            pid: 4711,
            version: "1.2.3".to_owned(),
            first_at: at - TimeDelta::days(9),
            started_at: at - TimeDelta::days(3) - TimeDelta::hours(1),
            beat_at: at,
            facts: facts.to_owned(),
        };
        store.beat(&row).unwrap();
    }

    /// The ids of what is found, and the exit code.
    fn found(desk: &Desk) -> (i32, Vec<String>) {
        let ran = desk.run(&["status", "--format", "json"]);
        let report = ran.objects().remove(0);
        let findings = report["findings"].as_array().unwrap();
        (ran.code, findings.iter().map(|finding| finding["id"].as_str().unwrap().to_owned()).collect())
    }

    #[test]
    fn all_is_well() {
        let desk = quiet_desk();
        fs::write(desk.path("provwatch.toml"), format!("{CONFIG}[forges]\ngithub_token_file = \"token\"\n")).unwrap();
        let _daemon = on_duty(&desk);
        let ran = desk.run(&["status"]);
        assert_eq!(ran.code, 0, "{}", ran.out);
        insta::assert_snapshot!(ran.screen());
        assert_eq!(found(&desk), (0, vec![]));
    }

    #[test]
    fn what_only_limits_it_is_shown_and_the_exit_code_is_0() {
        let desk = quiet_desk();
        let limits = "[logs]\nenabled = false\n[trust]\nsource = \"embedded\"\n";
        fs::write(desk.path("provwatch.toml"), format!("{CONFIG}{limits}")).unwrap();
        fs::write(desk.path("watchlist.toml"), "packages = [\"pkg:npm/wigdet\"]\n").unwrap();
        let mut unknown = PackageRow::new(package("pkg:npm/wigdet"), now());
        unknown.status = Some("gone".to_owned());
        desk.store().save_package(&unknown).unwrap();
        let _daemon = on_duty(&desk);
        let ran = desk.run_within(80, &["status"]);
        insta::assert_snapshot!(ran.screen());
        let wide = ran.out.lines().find(|line| line.chars().count() > 80);
        assert_eq!((ran.code, wide), (0, None));
        let (code, found) = found(&desk);
        assert_eq!(
            (code, &*found),
            (0, &["no-token", "logs-off", "name-unknown", "trust-root-embedded"].map(str::to_owned)[..])
        );
    }

    #[test]
    fn a_daemon_that_died_or_hangs_is_missed() {
        let desk = quiet_desk();
        let well = (0, vec!["no-token".to_owned()]);
        let found_first = |desk: &Desk| {
            let (code, ids) = found(desk);
            (code, ids[0].clone())
        };
        let daemon = on_duty(&desk);
        assert_eq!(found(&desk), well);
        drop(daemon);
        assert_eq!(found_first(&desk), (5, "no-daemon".to_owned()), "nobody has the lock");
        let ran = desk.run(&["status"]);
        assert!(ran.out.contains("no daemon is running; the last one (process 4711)"), "{}", ran.out);
        assert!(ran.out.contains("systemctl start provwatch"), "{}", ran.out);
        let _daemon = on_duty(&desk);
        beat(&desk.store(), "daemon", TimeDelta::minutes(4), "{}");
        assert_eq!(found_first(&desk), (5, "daemon-silent".to_owned()));
        beat(&desk.store(), "daemon", TimeDelta::seconds(1), "not JSON");
        assert_eq!(found(&desk), well, "of another version");
    }

    #[test]
    fn passes_from_cron_are_a_way_of_running() {
        let desk = quiet_desk();
        let passes = |minutes: &[i64]| {
            let ends: Vec<_> = minutes.iter().map(|minutes| now() - TimeDelta::minutes(*minutes)).collect();
            beat(&desk.store(), "once", TimeDelta::days(2), &json!({"passes": ends}).to_string());
            found(&desk)
        };
        assert_eq!(passes(&[50]).0, 0);
        assert_eq!(passes(&[70]), (5, vec!["no-daemon".to_owned(), "no-token".to_owned()]));
        assert_eq!(passes(&[60 * 25, 70]).0, 0, "one is made each day");
        let ran = desk.run(&["status"]);
        assert!(ran.out.contains("none; the last pass of `provwatch run --once` ended 70 min ago"), "{}", ran.out);
    }

    #[test]
    fn a_watchlist_that_cannot_be_used_and_an_alert_about_a_log_are_not_well() {
        let desk = quiet_desk();
        let _daemon = on_duty(&desk);
        fs::write(desk.path("watchlist.toml"), "packages = [\"pkg:npm/\"]\n").unwrap();
        let alert = Alert::about(
            AlertKind::Log,
            "fork",
            Severity::Critical,
            Confidence::High,
            "log.example signed two histories".to_owned(),
            now(),
        );
        desk.store().record_alert(&alert, &[], now()).unwrap();
        let (code, ids) = found(&desk);
        assert_eq!((code, &*ids), (5, &["watchlist-unusable", "alert-open", "no-token"].map(str::to_owned)[..]));
        desk.store().acknowledge(&alert.fingerprint, "ada", "known", now()).unwrap();
        fs::write(desk.path("watchlist.toml"), "packages = []\n").unwrap();
        assert_eq!(found(&desk).0, 0);
    }

    #[test]
    fn what_is_wrong_comes_first_and_the_exit_code_says_so() {
        let desk = Desk::new();
        let store = desk.store();
        let ago = |minutes| now() - TimeDelta::minutes(minutes) - TimeDelta::seconds(10);
        store.take_page("npm-changes", "1", &[], ago(90)).unwrap();
        store.source_failed("npm-changes", "asking npm: no answer within 30 s\u{1b}[2J", ago(3)).unwrap();
        let lost = Lost { why: "the sequence went back from 90 to 12", packages: &[package("pkg:pypi/requests")] };
        store.note_gap("pypi-changelog", "12", &[], lost, ago(200)).unwrap();
        store.take_page("pypi-changelog", "13", &[], ago(5)).unwrap();
        let work = &due::work(&store, now())[0];
        store.put_off(work, Setback::Failed, now(), "reading the project of requests: not JSON").unwrap();
        judge_now(&store, ago(130));
        let delivery = &due::deliveries(&store, now())[0];
        store.give_up(delivery, ago(125), "410 Gone").unwrap();
        let ran = desk.run(&["status"]);
        assert_eq!(ran.code, 5, "{}", ran.out);
        insta::assert_snapshot!(ran.screen());
    }

    /// An alert of just now.
    fn judge_now(store: &Store, at: DateTime<Utc>) {
        teach(store, &ordinary("1.14.0", "2026-03-27T12:00:00Z"), Outcome::Learned);
        let mut release = stolen();
        release.published_at = at;
        judge(store, release);
    }

    #[test]
    fn a_registry_that_is_switched_off_may_be_silent() {
        let desk = Desk::new();
        let off = "[registries.npm]\nenabled = false\n[registries.pypi]\nenabled = false\n[registries.cargo]\nenabled = false\n";
        fs::write(desk.path("provwatch.toml"), format!("{CONFIG}{off}")).unwrap();
        drop(desk.store());
        assert_eq!(desk.run(&["status"]).code, 0);
    }

    #[test]
    fn a_disk_that_is_nearly_full_is_found() {
        let desk = quiet_desk();
        let _daemon = on_duty(&desk);
        for (free, code, id) in [("536870911", 0, "disk-low"), ("33554431", 5, "disk-full")] {
            let ran = desk.with_free(free, &["status", "--format", "json"]);
            assert_eq!((ran.code, &ran.objects()[0]["findings"][0]["id"]), (code, &json!(id)), "{}", ran.out);
        }
    }

    #[test]
    fn programs_get_one_object() {
        let desk = Desk::with_story();
        let ran = desk.run(&["status", "--format", "json"]);
        let [report] = &ran.objects()[..] else { panic!("{}", ran.out) };
        assert_eq!((ran.code, &report["healthy"]), (5, &json!(false)));
        let reasons = report["reasons"].as_array().unwrap();
        assert_eq!(reasons.len(), 5, "{reasons:?}");
        assert_eq!(reasons[0], "no daemon is running, and none ever was");
        let finding = &report["findings"][1];
        assert_eq!(
            (&finding["level"], &finding["id"], &finding["subject"]),
            (&json!("unhealthy"), &json!("source-silent"), &json!("npm-changes"))
        );
        assert!(finding["next"].as_str().unwrap().contains("provwatch doctor"), "{finding}");
        assert_eq!(report["limited"].as_array().unwrap().len(), 1, "{report}");
        assert_eq!(report["subscriptions"][0]["state"]["pending"], 1);
        assert_eq!(report["stored"]["alerts"], json!([["open", "high", 1]]));
    }
}

mod alerts {
    use super::*;

    #[test]
    fn a_list_that_fails_on_what_is_open_and_bad() {
        let desk = Desk::with_story();
        let ran = desk.run(&["alerts", "list"]);
        insta::assert_snapshot!(ran.screen());
        for (arguments, code) in [
            (&["--fail-on", "critical"][..], 0),
            (&["--fail-on", "low"], 3),
            (&["--package", "pkg:npm/axios"], 3),
            (&["--package", "pkg:npm/other"], 4),
            (&["--min-severity", "critical"], 0),
            (&["--status", "resolved"], 0),
            (&["--limit", "1"], 3),
            (&["--limit", "0"], 2),
        ] {
            assert_eq!(desk.run(&[&["alerts", "list"][..], arguments].concat()).code, code, "{arguments:?}");
        }
    }

    #[test]
    fn silence_is_not_called_safety() {
        let desk = Desk::with_story();
        insta::assert_snapshot!(desk.run(&["alerts", "list", "--min-severity", "critical"]).screen());
    }

    #[test]
    fn one_alert_with_all_its_evidence() {
        let desk = Desk::with_story();
        insta::assert_snapshot!(desk.run(&["alerts", "show", "6adc"]).screen());
    }

    #[test]
    fn an_alert_is_taken_in_hand_once() {
        let desk = Desk::with_story();
        let ack = || desk.run(&["alerts", "ack", ALERT, "--reason", " maintainers confirm "]);
        insta::assert_snapshot!(ack().screen());
        assert_eq!(ack().code, 0);
        let alert = desk.store().alert_named(&ALERT.parse().unwrap()).unwrap().unwrap();
        assert_eq!(alert.status, AlertStatus::Acknowledged);
        assert_eq!(desk.store().alert_actions(&alert, 9).unwrap().len(), 1);
        assert_eq!(desk.run(&["alerts", "list"]).code, 0, "nothing bad is open any more");
        let shown = desk.run(&["alerts", "show", ALERT]).screen();
        assert!(shown.contains("acknowledged by ada: maintainers confirm") && !shown.contains("alerts ack"), "{shown}");
    }

    #[test]
    fn an_alert_that_is_not_there() {
        let desk = Desk::with_story();
        for (id, code, said) in
            [("beef", 1, "no alert id begins with \"beef\""), ("axios", 2, "expected its first hexadecimal digits")]
        {
            for arguments in [&["alerts", "show", id][..], &["alerts", "ack", id, "--reason", "x"]] {
                let ran = desk.run(arguments);
                assert!(ran.code == code && ran.err.contains(said) && ran.err.contains("alerts list"), "{}", ran.err);
            }
        }
        assert_eq!(desk.run(&["alerts", "ack", ALERT, "--reason", "  "]).code, 2);
    }
}

mod lookup {
    use super::*;

    #[test]
    fn a_release_with_an_alert() {
        let ran = Desk::with_story().run(&["lookup", "pkg:npm/axios@1.14.1"]);
        assert_eq!(ran.code, 3);
        insta::assert_snapshot!(ran.screen());
    }

    #[test]
    fn an_ordinary_release() {
        let ran = Desk::with_story().run(&["lookup", "pkg:npm/axios@1.14.0", "--related", "2"]);
        assert_eq!(ran.code, 0);
        insta::assert_snapshot!(ran.screen());
    }

    #[test]
    fn a_release_that_could_not_be_checked() {
        let desk = Desk::with_story();
        for (name, purl) in
            [("unavailable", "pkg:pypi/requests@2.33.0"), ("unreadable", "pkg:pypi/requests@2.33.0%1B%5B2J")]
        {
            let ran = desk.run(&["lookup", purl]);
            assert_eq!(ran.code, 4);
            insta::assert_snapshot!(name, ran.screen());
        }
    }

    #[test]
    fn files_that_prove_different_things() {
        let desk = Desk::new();
        let verified = serde_json::to_value(ordinary("1.0.0", "2026-03-01T12:00:00Z").attestation).unwrap();
        let invalid =
            json!({"status": "invalid", "check": "subject-digest", "reason": "it is of another\u{1b}[1A file"});
        let file = |name: &str, attestation: &Value| json!({"name": name, "digests": {"sha256": "ef".repeat(32)}, "attestation": attestation});
        let release = observation(json!({
            "purl": "pkg:pypi/mixed@1.0", "published_at": "2026-03-01T12:00:00Z", "auth": {"method": "unknown"},
            "attestation": {"status": "absent"}, "status": "yanked", "maintainers": ["ada", "bob"],
            "facts": {"repository": {"created_at": "2026-02-27T00:00:00Z", "fork_of": "o/mixed"},
                "commit": {"on_default_branch": false}, "tag": {"name": "v1.0", "exists": false}},
            "files": [file("mixed-1.0.tar.gz", &verified), file("mixed-1.0-py3.whl", &invalid)],
        }));
        desk.store().record(&Record::observed(release, Outcome::Held, at("2026-03-01T12:01:00Z"))).unwrap();
        let ran = desk.run(&["lookup", "pkg:pypi/mixed"]);
        assert_eq!(ran.code, 3, "what does not hold is a finding, even from before the package was watched");
        insta::assert_snapshot!(ran.screen());
    }

    #[test]
    fn a_release_that_is_not_stored() {
        let desk = Desk::with_story();
        let unwatched = desk.run(&["lookup", "pkg:npm/left-pad@1.3.0"]);
        desk.run(&["watch", "add", "pkg:npm/left-pad"]);
        let watched = desk.run(&["lookup", "pkg:npm/left-pad"]);
        insta::assert_snapshot!(format!("{}\n{}", unwatched.screen(), watched.screen()));
        assert_eq!(
            desk.run(&["lookup", "pkg:npm/left-pad", "--format", "json"]).objects(),
            [json!({
                "form": "lookup-missing/1", "purl": "pkg:npm/left-pad", "stored": false, "watched": true, "tier": "normal", "seen": false,
            })]
        );
    }

    #[test]
    fn the_severity_that_counts_is_chosen() {
        let desk = Desk::with_story();
        assert_eq!(desk.run(&["lookup", "pkg:npm/axios", "--fail-on", "critical"]).code, 0);
        desk.store().resolve(&Fingerprint::of_release(&stolen().purl), "ada", "withdrawn", now()).unwrap();
        assert_eq!(desk.run(&["lookup", "pkg:npm/axios"]).code, 0, "a resolved alert is no finding");
    }

    #[test]
    fn programs_get_everything() {
        let ran = Desk::with_story().run(&["lookup", "pkg:npm/axios", "--format", "json"]);
        let [found] = &ran.objects()[..] else { panic!("{}", ran.out) };
        assert_eq!(found["purl"], "pkg:npm/axios@1.14.1");
        assert_eq!(found["alert"]["id"], ALERT);
        assert_eq!(found["release"]["observation"]["publisher"]["email"], "ifstap\u{202e}@proton.example");
        assert_eq!(found["related"]["by_publisher"][0]["purl"], "pkg:npm/axios-mock@0.30.4");
        assert_eq!(found["today"]["severity"], "high");
    }
}

mod suggested {
    use super::*;

    /// The commands under `next`, as they stand there.
    fn suggested(screen: &str) -> Vec<String> {
        let lines = screen.lines().skip_while(|line| *line != "next").skip(1);
        lines
            .filter_map(|line| Some(line.trim().split("  ").next()?.to_owned()))
            .filter(|line| !line.is_empty())
            .collect()
    }

    /// Calls a command as whoever pastes it into a shell.
    fn paste(desk: &Desk, command: &str) -> Ran {
        let binary = PathBuf::from(env!("CARGO_BIN_EXE_provwatch"));
        let path = format!("{}:/usr/bin:/bin", binary.parent().unwrap().display());
        let output = Command::new("/bin/sh")
            .env_clear()
            .envs([("PATH", path.as_str()), ("USER", "ada"), ("HOME", "/nonexistent")])
            .current_dir(desk.0.path())
            .args(["-c", command])
            .output()
            .unwrap();
        desk.ran(&output)
    }

    /// The command with a reason of one's own, as a user writes it where `…` stands.
    fn with_reason(command: &str) -> String {
        command.replace("--reason '…'", "--reason 'they confirm it'")
    }

    #[test]
    fn every_suggested_command_can_be_called_as_it_stands() {
        let screens = [
            &["alerts", "show", ALERT][..],
            &["lookup", "pkg:npm/axios@1.14.1"],
            &["lookup", "pkg:npm/left-pad"],
            &["baseline", "show", "pkg:npm/axios"],
            &["status"],
        ];
        for arguments in screens {
            let ran = Desk::with_story().run_within(400, arguments);
            let commands = suggested(&ran.out);
            assert!(!commands.is_empty(), "{arguments:?}: {}", ran.out);
            for command in
                commands.iter().filter(|command| !command.contains(" backfill ") && !command.ends_with("doctor"))
            {
                let ran = paste(&Desk::with_story(), &with_reason(command));
                assert!([0, 3, 4, 5].contains(&ran.code), "{command}: exit {}: {}", ran.code, ran.err);
            }
        }
    }

    #[test]
    fn what_looks_like_a_takeover_is_suggested_with_a_reason() {
        for severity in [Severity::High, Severity::Critical] {
            let command = accept_command(&stolen().purl, Some(severity))
                .replace("provwatch ", "provwatch --config provwatch.toml ");
            assert_eq!(paste(&Desk::with_story(), &command).code, 2, "{command}: what stands for a reason is none");
            assert_eq!(paste(&Desk::with_story(), &with_reason(&command)).code, 0, "{command}");
        }
        assert_eq!(accept_command(&stolen().purl, None), "provwatch baseline accept pkg:npm/axios@1.14.1");
        assert_eq!(accept_command(&stolen().purl, Some(Severity::Medium)), accept_command(&stolen().purl, None));
    }
}

mod timeline {
    use super::*;

    #[test]
    fn releases_with_what_happened_between_them() {
        let desk = Desk::with_story();
        for (name, purl) in [("axios", "pkg:npm/axios"), ("requests", "pkg:pypi/requests")] {
            insta::assert_snapshot!(name, desk.run(&["timeline", purl]).screen());
        }
    }

    #[test]
    fn the_newest_ones() {
        let desk = Desk::with_story();
        let ran = desk.run(&["timeline", "pkg:npm/axios", "--limit", "2", "--format", "json"]);
        let purls: Vec<_> = ran.objects().iter().map(|entry| entry["purl"].as_str().unwrap().to_owned()).collect();
        assert_eq!(purls, ["pkg:npm/axios@1.14.1", "pkg:npm/axios@1.14.0"]);
        let events = desk.run(&["timeline", "pkg:pypi/requests", "--format", "json"]).objects();
        assert_eq!(events[3]["action"], "add Owner mallory\u{202e}");
    }

    #[test]
    fn a_package_of_which_nothing_is_stored() {
        insta::assert_snapshot!(Desk::with_story().run(&["timeline", "pkg:cargo/serde"]).screen());
    }
}

mod baseline {
    use super::*;

    #[test]
    fn what_is_normal_in_words() {
        let desk = Desk::with_story();
        insta::assert_snapshot!("list", desk.run(&["baseline", "list"]).screen());
        insta::assert_snapshot!("show", desk.run(&["baseline", "show", "pkg:npm/axios"]).screen());
        let ran = desk.run(&["baseline", "show", "pkg:npm/axios", "--line", "2"]);
        assert!(ran.code == 2 && ran.err.contains("no release line \"2\"; known: 1"), "{}", ran.err);
    }

    #[test]
    fn a_habit_that_changed() {
        let desk = Desk::with_story();
        let mut moved = ordinary("1.15.0", "2026-04-02T12:00:00Z");
        if let provwatch::model::Provenance::Verified(verified) = &mut moved.attestation {
            verified.identity.claims.build_trigger = Some("workflow_dispatch\u{1b}[0m".to_owned());
            verified.identity.claims.deployment_environment = Some("npm".to_owned());
        }
        teach(&desk.store(), &moved, Outcome::Clean);
        insta::assert_snapshot!(desk.run(&["baseline", "show", "pkg:npm/axios"]).screen());
    }

    #[test]
    fn the_operator_accepts_a_release_and_begins_anew() {
        let desk = Desk::with_story();
        let accept = || desk.run(&["baseline", "accept", "pkg:npm/axios@1.14.1", "--note", "a new laptop"]);
        insta::assert_snapshot!("accept", accept().screen());
        assert!(accept().out.contains("line 1 already"));
        let shown = desk.run(&["alerts", "show", ALERT]).out;
        assert!(shown.contains("the baseline accepted it, by ada: a new laptop"), "{shown}");
        assert!(!shown.contains("baseline accept pkg:"), "it has been: {shown}");
        let line = ReleaseLine::named("1");
        let learned = desk.store().baseline(&package("pkg:npm/axios")).unwrap();
        assert_eq!((learned.revision, learned.baseline.lines[&line].releases), (9, 9));
        assert!(desk.store().held(&package("pkg:npm/axios")).unwrap().is_empty());
        let reset = || desk.run(&["baseline", "reset", "pkg:npm/axios", "--note", "new maintainers"]);
        insta::assert_snapshot!("reset", reset().screen());
        assert!(reset().out.contains("learned anew from 9 releases"), "again: {}", reset().out);
        insta::assert_snapshot!(
            "history",
            desk.run(&["baseline", "history", "pkg:npm/axios", "--limit", "4"]).screen()
        );
        let anew = desk.store().baseline(&package("pkg:npm/axios")).unwrap().baseline;
        assert_eq!(anew.lines, learned.baseline.lines, "from the same releases the same is learned");
    }

    /// Whether another release with a stolen token would be held now.
    fn would_be_held(desk: &Desk) -> bool {
        let (mut another, store) = (stolen(), desk.store());
        another.purl = "pkg:npm/axios@1.14.2".parse().unwrap();
        let baseline = store.baseline(another.purl.package()).unwrap().baseline;
        !assess::assess(&baseline, &another, &AssessmentInputs::usual(&ReleaseContext::default())).in_baseline
    }

    #[test]
    fn after_a_reset_the_next_release_is_not_the_first() {
        let desk = Desk::with_story();
        assert!(would_be_held(&desk));
        for arguments in [&["--reason", "x"][..], &["--reason", "x", "--line", "1"], &["--note", "x"]] {
            let ran = desk.run(&[&["baseline", "reset", "pkg:npm/axios", "--format", "json"], arguments].concat());
            let said = &ran.objects()[0];
            assert_eq!((&said["lines"], &said["releases"]), (&json!(1), &json!(8)));
            assert_eq!(said["held"], json!(["pkg:npm/axios@1.14.1"]));
            assert!(would_be_held(&desk), "{arguments:?}");
            assert_eq!(desk.store().alert_named(&ALERT.parse().unwrap()).unwrap().unwrap().status, AlertStatus::Open);
        }
        assert_eq!(desk.run(&["baseline", "reset", "pkg:npm/axios"]).code, 2, "not without a reason");
    }

    #[test]
    fn a_reset_that_would_leave_nothing_is_refused() {
        let desk = Desk::with_story();
        let left = desk.store().releases(&package("pkg:npm/axios"), 99).unwrap();
        for row in left.iter().filter(|row| row.in_baseline) {
            desk.store().set_status(&row.purl, ReleaseStatus::Unpublished, now()).unwrap();
        }
        let ran = desk.run(&["baseline", "reset", "pkg:npm/axios", "--reason", "x"]);
        assert!(ran.code == 1 && ran.err.contains("no release to learn from that is not held"), "{}", ran.err);
        assert!(would_be_held(&desk));
    }

    #[test]
    fn what_looks_like_a_takeover_is_not_accepted_without_a_reason() {
        let desk = Desk::with_story();
        for arguments in [&[][..], &["--format", "json"]] {
            let ran = desk.run(&[&["baseline", "accept", "pkg:npm/axios@1.14.1"], arguments].concat());
            assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{}", ran.err);
            assert!(ran.err.contains("baseline accept pkg:npm/axios@1.14.1 --reason '"), "{}", ran.err);
        }
        assert!(would_be_held(&desk));
    }

    /// Commands are printed with `…` in the place of the reason.
    #[test]
    fn what_stands_for_a_reason_is_none() {
        let desk = Desk::with_story();
        for command in [
            &["baseline", "accept", "pkg:npm/axios@1.14.1"][..],
            &["baseline", "unaccept", "pkg:npm/axios@1.14.1"],
            &["baseline", "reset", "pkg:npm/axios"],
            &["alerts", "ack", ALERT],
            &["expect", "add", "pkg:npm/axios", "--manual", "ada", "--for", "2d"],
        ] {
            for reason in ["…", "...", " ", "?"] {
                let ran = desk.run(&[command, &["--reason", reason]].concat());
                assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{command:?} {reason:?}: {}", ran.err);
                assert!(ran.err.contains("give the reason in words"), "{command:?} {reason:?}: {}", ran.err);
            }
        }
        assert!(would_be_held(&desk));
    }

    /// A release that taught after the acceptance is judged as the daemon would: by the watchlist's policy too.
    #[test]
    fn taking_an_acceptance_back_goes_by_the_policy() {
        let elsewhere =
            "[[package]]\npurl = 'pkg:npm/axios'\nexpect = { workflows = ['.github/workflows/other.yml'] }\n";
        for (watchlist, again) in [("packages = []\n", json!([])), (elsewhere, json!(["pkg:npm/axios@1.15.0"]))] {
            let desk = Desk::with_story();
            let accepted = desk.run(&["baseline", "accept", "pkg:npm/axios@1.14.1", "--reason", "x"]);
            assert_eq!(accepted.code, 0, "{}", accepted.err);
            let mut honest = serde_json::to_value(ordinary("1.15.0", "2026-04-14T13:00:00Z")).unwrap();
            honest["attestation"]["log"]["index"] = json!(2000);
            honest["files"][0]["digests"]["sha512"] = json!("ef".repeat(64));
            teach(&desk.store(), &observation(honest), Outcome::Clean);
            fs::write(desk.path("watchlist.toml"), watchlist).unwrap();
            let ran = desk.run(&["baseline", "unaccept", "pkg:npm/axios@1.14.1", "--reason", "y", "--format", "json"]);
            assert_eq!(ran.objects()[0]["judged_again"], again, "{}", ran.err);
        }
    }

    #[test]
    fn an_acceptance_is_taken_back() {
        let desk = Desk::with_story();
        let before = desk.store().baseline(&package("pkg:npm/axios")).unwrap().baseline;
        assert_eq!(desk.run(&["alerts", "ack", ALERT, "--reason", "x"]).code, 0);
        let accepted = desk.run(&["baseline", "accept", "pkg:npm/axios@1.14.1", "--reason", "x", "--format", "json"]);
        let joins = accepted.objects()[0]["joins"].as_array().unwrap().clone();
        assert!(joins.contains(&json!({"trait": "account", "value": "jasonsaayman"})), "{joins:?}");
        let line = ReleaseLine::named("1");
        let knows = |store: &Store| {
            let baseline = store.baseline(&package("pkg:npm/axios")).unwrap().baseline;
            baseline.lines[&line].tally(provwatch::model::traits::Publishers).contains("jasonsaayman")
        };
        assert!(knows(&desk.store()));
        let mut another = stolen();
        another.purl = "pkg:npm/axios@1.14.2".parse().unwrap();
        another.published_at += TimeDelta::minutes(39);
        teach(&desk.store(), &another, Outcome::Clean);

        let unaccept = || desk.run(&["baseline", "unaccept", "pkg:npm/axios@1.14.1", "--reason", "it was stolen"]);
        insta::assert_snapshot!("unaccept", unaccept().screen());
        assert!(unaccept().code == 1 && unaccept().err.contains("is not accepted"));
        let store = desk.store();
        let after = store.baseline(&package("pkg:npm/axios")).unwrap().baseline;
        assert_eq!(after, before, "as if it had never been accepted");
        assert!(would_be_held(&desk));
        assert_eq!(store.alert_named(&ALERT.parse().unwrap()).unwrap().unwrap().status, AlertStatus::Open);
        assert_eq!(store.acceptance(&stolen().purl).unwrap(), None);
        let again = store.release(&another.purl).unwrap().unwrap();
        assert!(!again.in_baseline && again.recheck_at.is_some(), "it is judged again");
        let steps = store.baseline_history(&package("pkg:npm/axios"), 2).unwrap();
        assert_eq!(steps.iter().map(|step| step.reason.as_str()).collect::<Vec<_>>(), ["unlearned", "unaccepted"]);
        drop(store);
        assert_eq!(desk.run(&["baseline", "accept", "pkg:npm/axios@1.14.1"]).code, 2);
        assert_eq!(desk.run(&["baseline", "accept", "pkg:npm/axios@1.14.1", "--reason", "no, it was not"]).code, 0);
        assert!(knows(&desk.store()));
    }

    #[test]
    fn what_cannot_be_accepted() {
        let desk = Desk::with_story();
        for (purl, code, said) in [
            ("pkg:npm/axios@9.9.9", 1, "is not stored"),
            ("pkg:pypi/requests@2.33.0", 1, "the next re-check is at 2026-03-30 10:05:00 UTC"),
            ("pkg:pypi/requests@2.33.0%1B%5B2J", 1, "never readable"),
            ("pkg:npm/axios", 2, "which release? expected a version: pkg:npm/axios@1.2.3"),
        ] {
            let ran = desk.run(&["baseline", "accept", purl]);
            assert!(ran.code == code && ran.err.contains(said), "{}", ran.err);
        }
        assert_eq!(desk.store().baseline(&package("pkg:npm/axios")).unwrap().revision, 8);
    }

    #[test]
    fn a_release_whose_run_is_not_over_can_be_accepted() {
        let desk = Desk::with_story();
        let mut record = Record::observed(stolen(), Outcome::Alerted, now());
        record.recheck_at = Some(now() + TimeDelta::minutes(5));
        desk.store().record(&record).unwrap();
        let ran = desk.run(&["baseline", "accept", "pkg:npm/axios@1.14.1", "--reason", "x"]);
        assert_eq!(ran.code, 0, "{}", ran.err);
    }

    #[test]
    fn programs_get_the_baseline_and_its_history() {
        let desk = Desk::with_story();
        let shown = &desk.run(&["baseline", "show", "pkg:npm/axios", "--format", "json"]).objects()[0];
        assert_eq!((&shown["revision"], &shown["lines"]["1"]["releases"]), (&json!(8), &json!(8)));
        assert_eq!(
            (&shown["held"][0]["purl"], &shown["held"][0]["alert"]),
            (&json!("pkg:npm/axios@1.14.1"), &json!(ALERT))
        );
        let steps = desk.run(&["baseline", "history", "pkg:npm/axios", "--format", "json"]).objects();
        assert_eq!((steps.len(), &steps[0]["version"], &steps[0]["reason"]), (8, &json!(8), &json!("learned")));
        let accept = ["baseline", "accept", "pkg:npm/axios@1.14.1", "--reason", "x", "--format", "json"];
        let accepted = desk.run(&accept).objects();
        assert_eq!((&accepted[0]["changed"], &accepted[0]["open_alert"]["id"]), (&json!(true), &json!(ALERT)));
    }
}

mod watch {
    use super::*;

    #[test]
    fn entries_come_and_go() {
        let desk = Desk::new();
        let mut screens = String::new();
        for arguments in [
            &["list"][..],
            &["add", "pkg:npm/axios", "pkg:pypi/Requests"],
            &["add", "pkg:npm/axios"],
            &["add", "pkg:npm/@angular/*", "--tier", "critical", "--note", "in every front end"],
            &["list"],
            &["list", "--ecosystem", "pypi"],
            &["list", "--tier", "important"],
            &["why", "pkg:npm/@angular/core"],
            &["why", "pkg:npm/left-pad"],
            &["remove", "pkg:npm/axios"],
            &["remove", "pkg:npm/axios"],
        ] {
            let ran = desk.run(&[&["watch"][..], arguments].concat());
            writeln!(screens, "$ provwatch watch {}\n{}", arguments.join(" "), ran.screen()).unwrap();
        }
        insta::assert_snapshot!(screens);
    }

    #[test]
    fn what_is_there_already_does_not_keep_the_rest_out() {
        let desk = Desk::new();
        fs::write(desk.path("watchlist.toml"), "packages = [\n    \"pkg:npm/axios\",\n]\n").unwrap();
        let ran = desk.run(&["watch", "add", "--tier", "critical", "pkg:npm/axios", "pkg:npm/@angular/*"]);
        assert_eq!(ran.code, 0, "{}", ran.err);
        assert!(ran.out.contains("added pkg:npm/@angular/*"), "{}", ran.out);
        assert!(ran.out.contains("raised pkg:npm/axios to the tier critical in watchlist.toml"), "{}", ran.out);
        assert_eq!(tier_of(&desk, "pkg:npm/axios"), "critical");
        let again = desk.run(&["watch", "add", "--tier", "critical", "pkg:npm/@angular/*", "pkg:npm/axios"]);
        assert!(again.code == 0 && !again.err.contains("warning"), "it is so already: {}", again.err);
        assert_eq!(again.out.matches("is already in").count(), 2, "{}", again.out);
    }

    fn tier_of(desk: &Desk, purl: &str) -> String {
        let why = desk.run(&["watch", "why", purl, "--format", "json"]);
        why.objects()[0]["tier"].as_str().unwrap_or_default().to_owned()
    }

    #[test]
    fn to_add_a_listed_name_raises_its_tier_and_never_lowers_it() {
        let desk = Desk::new();
        let list = "packages = [\"pkg:npm/a\"]\n[[package]]\npurl = \"pkg:npm/b\"\ntier = \"important\"\nnote = \"n\"\n\
                    [[package]]\npurl = \"pkg:npm/@c/*\"\ntier = \"critical\"\n";
        fs::write(desk.path("watchlist.toml"), list).unwrap();
        for (purl, wanted, done, tier) in [
            ("pkg:npm/a", "important", "raised", "important"),
            ("pkg:npm/a", "normal", "known", "important"),
            ("pkg:npm/b", "normal", "known", "important"),
            ("pkg:npm/b", "critical", "raised", "critical"),
            ("pkg:npm/@c/d", "normal", "added", "critical"),
        ] {
            let ran = desk.run(&["watch", "add", "--tier", wanted, "--format", "json", purl]);
            assert_eq!((ran.code, &ran.objects()[0]["done"]), (0, &json!(done)), "{purl} {wanted}: {}", ran.err);
            assert_eq!(tier_of(&desk, purl), tier, "{purl} {wanted}");
            let kept = usize::from(wanted == "normal");
            assert_eq!(ran.err.matches("keeps the tier").count(), kept, "{purl} {wanted}: {}", ran.err);
        }
        let noted = desk.run(&["watch", "add", "--note", "other", "pkg:npm/b"]);
        assert!(noted.err.contains("pkg:npm/b keeps what is noted at watchlist.toml:"), "{}", noted.err);
    }

    #[test]
    fn what_is_excluded_or_still_included_is_said() {
        let desk = Desk::new();
        let list = "packages = [\"pkg:npm/@a/*\", \"pkg:npm/@a/b\"]\nexclude = [\"pkg:npm/left-*\"]\n";
        fs::write(desk.path("watchlist.toml"), list).unwrap();
        let removed = desk.run(&["watch", "remove", "pkg:npm/@a/b"]);
        assert!(removed.err.contains("still watched, because of pkg:npm/@a/* at watchlist.toml:1"), "{}", removed.err);
        let added = desk.run(&["watch", "add", "pkg:npm/left-pad"]);
        assert!(
            added.err.contains("still not watched: pkg:npm/left-* excludes it at watchlist.toml:"),
            "{}",
            added.err
        );
        let why = desk.run(&["watch", "why", "pkg:npm/left-pad", "--format", "json"]);
        assert_eq!(why.objects()[0]["tier"], Value::Null);
    }

    const LOCK: &str = r#"{"name": "app", "lockfileVersion": 3, "packages": {
        "": {"name": "app"},
        "node_modules/axios": {"version": "1.14.0"},
        "node_modules/form-data": {"version": "4.0.4"},
        "node_modules/left-pad": {"version": "1.3.0"},
        "node_modules/ours": {"resolved": "packages/ours", "link": true}
    }}"#;

    #[test]
    fn lock_files_are_imported() {
        let desk = Desk::new();
        fs::write(desk.path("package-lock.json"), LOCK).unwrap();
        fs::write(desk.path("watchlist.toml"), "packages = [\"pkg:npm/axios\"]\nexclude = [\"pkg:npm/left-pad\"]\n")
            .unwrap();
        let dry = desk.run(&["watch", "import", "package-lock.json", "--dry-run"]);
        let unchanged = fs::read_to_string(desk.path("watchlist.toml")).unwrap();
        let wet = desk.run(&["watch", "import", "package-lock.json"]);
        let again = desk.run(&["watch", "import", "package-lock.json", "--format", "json"]);
        insta::assert_snapshot!(format!("{}\n{}\n{}", dry.screen(), unchanged, wet.screen()));
        assert_eq!((&again.objects()[0]["added"], &again.objects()[0]["known"]), (&json!([]), &json!(2)));
        assert!(fs::read_to_string(desk.path("watchlist.toml")).unwrap().contains("\"pkg:npm/form-data\""));
    }

    #[test]
    fn a_file_of_which_nothing_can_be_watched_is_never_a_success() {
        let desk = Desk::new();
        let private =
            r#"{"lockfileVersion": 3, "packages": {"node_modules/a": {"resolved": "https://npm.example/a.tgz"}}}"#;
        fs::write(desk.path("private.json"), private).unwrap();
        fs::write(desk.path("poetry.lock"), "# @generated by Poetry 2.1.3\n[[package]]\nname = \"requests\"\n")
            .unwrap();
        let skipped = desk.run(&["watch", "import", "private.json"]);
        assert_eq!(skipped.code, 4, "{}", skipped.out);
        assert!(skipped.err.contains("none of the entries of private.json can be watched"), "{}", skipped.err);
        let foreign = desk.run(&["watch", "import", "poetry.lock"]);
        assert_eq!(foreign.code, 2);
        assert!(foreign.err.contains("this is a poetry.lock, which provwatch does not read"), "{}", foreign.err);
        assert_eq!(fs::read_to_string(desk.path("watchlist.toml")).unwrap(), "packages = []\n");
    }

    #[test]
    fn an_imported_tier_raises_what_a_pattern_watches() {
        let desk = Desk::new();
        fs::write(desk.path("watchlist.toml"), "packages = [\"pkg:npm/a*\", \"pkg:npm/b\"]\n").unwrap();
        fs::write(
            desk.path("lock.json"),
            r#"{"lockfileVersion": 3, "packages": {"node_modules/axios": {}, "node_modules/b": {}}}"#,
        )
        .unwrap();
        let plain = desk.run(&["watch", "import", "lock.json", "--format", "json"]);
        assert_eq!(plain.objects()[0]["known"], 2);
        let raised = desk.run(&["watch", "import", "lock.json", "--tier", "critical", "--format", "json"]);
        assert_eq!(raised.objects()[0]["added"], json!(["pkg:npm/axios"]));
        let why = raised.objects()[0]["skipped"][0]["why"].as_str().unwrap().to_owned();
        assert!(why.starts_with("listed with the tier normal at ") && why.ends_with("change it there"), "{why}");
    }

    #[test]
    fn what_is_no_lock_file_changes_nothing() {
        let desk = Desk::new();
        fs::write(desk.path("package-lock.json"), LOCK).unwrap();
        fs::write(desk.path("broken.json"), "{\"lockfileVersion\": 3,").unwrap();
        for file in ["broken.json", "missing.json"] {
            for files in [["package-lock.json", file], [file, "package-lock.json"]] {
                let ran = desk.run(&[&["watch", "import"][..], &files].concat());
                assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{}", ran.err);
                assert!(ran.err.contains(&format!("nothing was imported, because of {file}\n")), "{}", ran.err);
                assert!(ran.err.contains("the other files were not imported either"), "{}", ran.err);
            }
            let alone = desk.run(&["watch", "import", file]);
            assert!(alone.err.contains("nothing was imported") && !alone.err.contains("other files"), "{}", alone.err);
        }
        assert_eq!(fs::read_to_string(desk.path("watchlist.toml")).unwrap(), "packages = []\n");
    }

    #[test]
    fn a_large_lock_file_is_imported_in_one_step() {
        let desk = Desk::new();
        let lines: Vec<String> = (0..3_000).map(|number| format!("package-{number}==1.0")).collect();
        fs::write(desk.path("requirements.txt"), lines.join("\n")).unwrap();
        assert!(
            desk.run(&["watch", "import", "requirements.txt", "--tier", "important"])
                .out
                .contains("3000 packages added")
        );
        assert_eq!(desk.run(&["watch", "list", "--tier", "important", "--format", "json"]).objects().len(), 3_000);
    }

    #[test]
    fn a_watchlist_that_is_wrong_is_not_edited() {
        let desk = Desk::new();
        fs::write(desk.path("watchlist.toml"), "packages = [\"axios\"]\n").unwrap();
        for arguments in [&["list"][..], &["add", "pkg:npm/axios"], &["why", "pkg:npm/axios"]] {
            let ran = desk.run(&[&["watch"][..], arguments].concat());
            assert!(ran.code == 2 && ran.err.contains("watchlist.toml:1:13"), "{}", ran.err);
        }
    }
}

mod surroundings {
    use super::*;

    /// Every command that reads the store.
    const READING: &[&[&str]] = &[
        &["status"],
        &["alerts", "list"],
        &["alerts", "show", ALERT],
        &["lookup", "pkg:npm/axios@1.14.1"],
        &["lookup", "pkg:pypi/requests@2.33.0%1B%5B2J"],
        &["lookup", "pkg:pypi/requests"],
        &["timeline", "pkg:npm/axios"],
        &["timeline", "pkg:pypi/requests"],
        &["baseline", "list"],
        &["baseline", "show", "pkg:npm/axios"],
        &["baseline", "history", "pkg:npm/axios"],
    ];

    #[test]
    fn what_keeps_a_package_from_being_looked_at_is_said() {
        let desk = Desk::with_story();
        let (store, now) = (desk.store(), "2026-03-31T12:00:00Z".parse().unwrap());
        let packages = ["pkg:npm/axios", "pkg:npm/broken"].map(|name| name.parse().unwrap());
        store.enqueue(&packages, "npm-changes", now).unwrap();
        for package in &packages {
            store.put_off(&store.work_of(package).unwrap().unwrap(), Setback::Failed, now, "it answered 503").unwrap();
        }
        drop(store);
        for release in ["pkg:npm/broken", "pkg:npm/axios@1.14.0", "pkg:npm/axios@9.9.9"] {
            let ran = desk.run(&["lookup", release]);
            assert!(ran.out.contains("it answered 503"), "{release}: {}", ran.screen());
            let ran = desk.run(&["lookup", release, "--format", "json"]);
            assert!(ran.out.contains(r#""error":"it answered 503""#), "{release}: {}", ran.screen());
        }
    }

    #[test]
    fn an_empty_store_is_answered_with_the_next_step() {
        let desk = Desk::new();
        drop(desk.store());
        for (arguments, code, said) in [
            (&["status"][..], 5, "was never read; is `provwatch --config provwatch.toml run`"),
            (&["alerts", "list"], 0, "`provwatch --config provwatch.toml status` says whether the watch is running"),
            (&["alerts", "show", ALERT], 1, "no alert"),
            (&["lookup", "pkg:npm/axios"], 4, "provwatch --config provwatch.toml watch add pkg:npm/axios"),
            (&["timeline", "pkg:npm/axios"], 4, "provwatch --config provwatch.toml watch add pkg:npm/axios"),
            (&["baseline", "list"], 0, "`provwatch --config provwatch.toml backfill` now"),
            (&["baseline", "show", "pkg:npm/axios"], 4, "provwatch --config provwatch.toml backfill pkg:npm/axios"),
            (&["baseline", "history", "pkg:npm/axios"], 4, "Nothing has been learned"),
            (&["baseline", "reset", "pkg:npm/axios", "--note", "x"], 0, "nothing is forgotten"),
        ] {
            let ran = desk.run(arguments);
            assert!(ran.code == code && (ran.out.clone() + &ran.err).contains(said), "{arguments:?}: {}", ran.screen());
        }
    }

    #[test]
    fn a_store_that_is_missing_is_not_made_by_looking() {
        let desk = Desk::new();
        let writing: [&[&str]; 3] = [
            &["alerts", "ack", ALERT, "--reason", "x"],
            &["baseline", "accept", "pkg:npm/axios@1.14.1"],
            &["baseline", "reset", "pkg:npm/axios", "--note", "x"],
        ];
        for arguments in READING.iter().chain(&writing) {
            let ran = desk.run(arguments);
            assert!(
                ran.code == 1 && ran.err.contains("the database provwatch.db does not exist"),
                "{arguments:?}: {}",
                ran.err
            );
            assert!(!desk.path("provwatch.db").exists(), "{arguments:?}");
        }
    }

    #[test]
    fn a_wrong_configuration_is_told_with_its_place() {
        let desk = Desk::with_story();
        fs::write(desk.path("provwatch.toml"), "[store]\npth = 1\n").unwrap();
        for arguments in READING {
            let ran = desk.run(arguments);
            assert!(ran.code == 2 && ran.err.contains("provwatch.toml:2:1") && ran.out.is_empty(), "{}", ran.err);
        }
    }

    #[test]
    fn wrong_arguments_are_answered_with_what_was_meant() {
        let desk = Desk::new();
        let mut screens = String::new();
        for arguments in [
            &["lookup", "axios@1.14.1"][..],
            &["timeline", "@angular/core"],
            &["baseline", "accept", "pkg:npm/axios"],
            &["watch", "add", "pkg:gem/rails"],
            &["alerts", "list", "--min-severity", "terrible"],
        ] {
            let ran = desk.run(arguments);
            writeln!(screens, "$ provwatch {}\n{}", arguments.join(" "), ran.screen()).unwrap();
        }
        insta::assert_snapshot!(screens);
    }

    #[test]
    fn every_command_reads_and_writes_beside_an_open_writer() {
        let desk = Desk::with_story();
        let daemon = desk.store();
        fresh(&daemon);
        for arguments in READING {
            let ran = desk.run(arguments);
            assert!(ran.code != 1 && ran.code != 2, "{arguments:?}: {}", ran.err);
        }
        assert_eq!(desk.run(&["alerts", "ack", ALERT, "--reason", "x"]).code, 0);
        assert_eq!(desk.run(&["baseline", "accept", "pkg:npm/axios@1.14.1", "--reason", "x"]).code, 0);
        assert_eq!(
            daemon.alert_named(&ALERT.parse().unwrap()).unwrap().unwrap().status,
            AlertStatus::Acknowledged,
            "the daemon sees it"
        );
    }

    #[test]
    fn nothing_that_a_publisher_chose_drives_the_terminal() {
        let desk = Desk::with_story();
        for arguments in READING {
            let ran = desk.run(arguments);
            let odd = |c: char| (c.is_control() && c != '\n') || ('\u{202a}'..='\u{202e}').contains(&c);
            assert!(!ran.out.contains(odd) && !ran.err.contains(odd), "{arguments:?}: {:?}", ran.out);
        }
    }

    #[test]
    fn json_is_one_object_a_line_and_nothing_else() {
        let desk = Desk::with_story();
        for arguments in READING {
            let ran = desk.run(&[arguments, &["--format", "json"][..]].concat());
            assert!(ran.objects().iter().all(Value::is_object) && !ran.objects().is_empty(), "{arguments:?}");
            assert_eq!(ran.code, desk.run(arguments).code, "{arguments:?}: the code is the same in both forms");
        }
    }

    #[test]
    fn every_help_has_examples() {
        let desk = Desk::new();
        for command in [
            "status",
            "alerts list",
            "alerts show",
            "alerts ack",
            "lookup",
            "timeline",
            "baseline list",
            "baseline show",
            "baseline history",
            "baseline accept",
            "baseline unaccept",
            "baseline reset",
            "baseline pin",
            "watch add",
            "watch remove",
            "watch list",
            "watch why",
            "watch import",
        ] {
            let ran = desk.run(&command.split(' ').chain(["--help"]).collect::<Vec<_>>());
            assert!(ran.code == 0 && ran.out.contains("Examples:\n  provwatch"), "{command}: {}", ran.out);
        }
    }
}

/// Changes that are announced, and what is stored, judged again.
mod expectations {
    use super::*;

    #[test]
    fn a_change_is_announced_listed_and_taken_back() {
        let desk = Desk::with_story();
        let announce =
            ["expect", "add", "pkg:npm/axios", "--manual", "jasonsaayman", "--for", "2d", "--reason", "broken"];
        let added = desk.run(&announce);
        assert_eq!(added.code, 0, "{}", added.err);
        assert!(added.out.starts_with("1: for pkg:npm/axios, publishing by hand by jasonsaayman is expected until"));
        let [listed] = desk.run(&["expect", "list", "--format", "json"]).objects().try_into().unwrap();
        assert_eq!((&listed["by"], &listed["reason"]), (&"ada".into(), &"broken".into()));
        assert_eq!(listed["change"], json!({"what": "manual", "value": "jasonsaayman"}));
        assert_eq!(desk.run(&["expect", "remove", "1"]).code, 0);
        assert_eq!(desk.run(&["expect", "remove", "1"]).code, 2, "it is gone");
        assert!(desk.run(&["expect", "list"]).out.starts_with("Nothing is expected"));
    }

    #[test]
    fn an_announcement_says_what_for_how_long_and_why() {
        let desk = Desk::with_story();
        for wrong in [
            vec!["--for", "2d", "--reason", "r"],
            vec!["--manual", "a", "--publisher", "b", "--for", "2d", "--reason", "r"],
            vec!["--manual", "a", "--for", "2d"],
            vec!["--manual", "a", "--for", "2d", "--reason", " "],
            vec!["--manual", "a", "--for", "400d", "--reason", "r"],
            vec!["--repository", "widget", "--for", "2d", "--reason", "r"],
        ] {
            let ran = desk.run(&[vec!["expect", "add", "pkg:npm/axios"], wrong.clone()].concat());
            assert_eq!(ran.code, 2, "{wrong:?}: {}", ran.out);
        }
    }

    #[test]
    fn what_is_stored_can_be_replayed() {
        let desk = Desk::with_story();
        let ran = desk.run(&["replay", "provwatch.db", "--explain"]);
        assert_eq!(ran.code, 0, "{}", ran.err);
        assert!(ran.out.contains("so it cannot be compared"), "{}", ran.out);
        assert!(ran.out.contains("evidence-downgrade"), "{}", ran.out);
        let alerts = desk.run(&["replay", "provwatch.db", "--format", "json"]).objects();
        assert!(alerts.iter().any(|alert| alert["purl"] == "pkg:npm/axios@1.14.1"));
    }

    #[test]
    fn a_policy_with_a_detector_that_does_not_exist_is_refused() {
        let desk = Desk::with_story();
        let text = "[[package]]\npurl = 'pkg:npm/axios'\n\
                    expect = { quiet = [{ detector = 'odd-hour', reason = 'r', until = '2027-01-01' }] }\n";
        fs::write(desk.path("watchlist.toml"), text).unwrap();
        let ran = desk.run(&["watch", "list"]);
        assert_eq!(ran.code, 2);
        assert!(ran.err.contains("odd-hour") && ran.err.contains("detectors list"), "{}", ran.err);
    }
}
