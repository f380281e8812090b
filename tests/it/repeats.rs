//! Tests of repetitions: the same deviation to the same new value updates the open alert, and anything else is announced.

#![allow(clippy::unwrap_used, reason = "helpers of tests may fail where they stand")]

use crate::lab;

use std::{
    path::Path,
    process::{Command, Output},
};

use lab::{Publication, Rig, rig::*, schema};
use provwatch::{
    model::{Alert, AlertKind, AlertStatus, Confidence, Fingerprint, Observation, ReleaseId, Severity, Signal},
    packages::assess::{alert, links},
    packages::replay::{CaseAlert, FirstAlarms, Rules, Timeline, replay, trace},
    store::{AlertFilter, Outcome, Record, Store},
};
use serde_json::{Value, json};
use tempfile::TempDir;

const WIDGET: &str = "pkg:npm/widget";

/// A package that Ada publishes with a token, and that a workflow attests.
async fn attested() -> Rig {
    let rig = Rig::watching(&[WIDGET]);
    rig.history(WIDGET, 8, &by_ada_attested(&workflow("widget")));
    rig.smooth_pass().await;
    rig
}

/// Publishes a version two days after the one before.
async fn publish(rig: &Rig, version: &str, publication: &Publication) {
    rig.days_pass(2);
    rig.publish(&format!("{WIDGET}@{version}"), publication);
    rig.smooth_pass().await;
}

/// Three releases of Ada's without an attestation.
async fn repeated() -> Rig {
    let rig = attested().await;
    for version in ["1.1.0", "1.1.1", "1.1.2"] {
        publish(&rig, version, &by_ada()).await;
    }
    rig
}

/// What the receiver of everything was sent.
/// The messages about releases. To publish a version again also moves npm's `latest` to it, which is another alert.
fn sent(rig: &Rig) -> Vec<Value> {
    let messages = rig.world.received().into_iter().filter(|(path, _)| path == "/everything");
    messages.map(|(_, body)| body["data"].clone()).filter(|alert| alert["purl"].is_string()).collect()
}

fn release(version: &str) -> ReleaseId {
    format!("{WIDGET}@{version}").parse().unwrap()
}

fn alert_of(rig: &Rig, version: &str) -> Alert {
    rig.store().alert(&Fingerprint::of_release(&release(version))).unwrap().unwrap()
}

fn count(rig: &Rig, version: &str) -> u64 {
    alert_of(rig, version).repeated.map_or(0, |repeated| repeated.count)
}

#[tokio::test]
async fn releases_that_lose_evidence_alike_are_one_message_and_all_held() {
    let rig = repeated().await;
    let [message] = sent(&rig).try_into().unwrap();
    assert_eq!(message["purl"], format!("{WIDGET}@1.1.0"));
    let first = alert_of(&rig, "1.1.0");
    let repeated = first.repeated.as_ref().unwrap();
    assert_eq!((repeated.count, &repeated.newest), (2, &release("1.1.2")));
    assert_eq!(Some(repeated.last_at), rig.release("pkg:npm/widget@1.1.2").published_at);
    for version in ["1.1.0", "1.1.1", "1.1.2"] {
        let row = rig.release(&format!("{WIDGET}@{version}"));
        assert_eq!((row.outcome, row.in_baseline), (Outcome::Alerted, false), "{version}");
        assert_eq!(alert_of(&rig, version).severity, first.severity, "each is shown as bad as it is");
    }
    let open = AlertFilter { repetitions: false, ..AlertFilter::default() };
    assert_eq!(rig.store().alerts(&open).unwrap(), [first]);
}

#[tokio::test]
async fn a_burst_of_repetitions_is_one_message_and_no_campaign() {
    let rig = attested().await;
    for version in ["1.1.0", "1.1.1", "1.1.2", "1.1.3"] {
        rig.minutes_pass(3);
        rig.publish(&format!("{WIDGET}@{version}"), &by_ada());
        rig.smooth_pass().await;
    }
    assert_eq!((sent(&rig).len(), count(&rig, "1.1.0")), (1, 3));
    let all = rig.store().alerts(&AlertFilter::default()).unwrap();
    assert!(all.iter().all(|alert| alert.kind == AlertKind::Release));
}

#[tokio::test]
async fn the_count_survives_a_restart() {
    let rig = attested().await;
    publish(&rig, "1.1.0", &by_ada()).await;
    let rig = rig.restarted();
    publish(&rig, "1.1.1", &by_ada()).await;
    let rig = rig.restarted();
    rig.smooth_pass().await;
    assert_eq!((sent(&rig).len(), count(&rig, "1.1.0")), (1, 1));
}

#[tokio::test]
async fn whatever_else_a_release_shows_is_announced() {
    for (publication, why) in [
        (by_mallory(), "another account"),
        (by_ada().install_script("node steal.js"), "an install script"),
        (by_ada_attested(&workflow("gadget")), "another repository"),
    ] {
        let rig = repeated().await;
        publish(&rig, "1.1.3", &publication).await;
        let messages = sent(&rig);
        assert_eq!((messages.len(), count(&rig, "1.1.0")), (2, 2), "{why}");
        assert_eq!(messages[1]["purl"], format!("{WIDGET}@1.1.3"), "{why}");
        assert_eq!(alert_of(&rig, "1.1.3").repeats, None, "{why}");
    }
}

#[tokio::test]
async fn after_the_alert_was_resolved_the_next_release_is_announced() {
    let rig = repeated().await;
    let first = alert_of(&rig, "1.1.0").fingerprint;
    rig.store().acknowledge(&first, "olga", "we ask them", rig.now()).unwrap();
    publish(&rig, "1.1.3", &by_ada()).await;
    assert_eq!((sent(&rig).len(), alert_of(&rig, "1.1.3").status), (1, AlertStatus::Acknowledged));
    rig.store().resolve(&first, "olga", "they attest again", rig.now()).unwrap();
    assert_eq!(alert_of(&rig, "1.1.3").status, AlertStatus::Resolved);
    publish(&rig, "1.1.4", &by_ada()).await;
    assert_eq!((sent(&rig).len(), alert_of(&rig, "1.1.4").status), (2, AlertStatus::Open));
}

#[tokio::test]
async fn after_a_long_time_the_same_is_news() {
    let rig = repeated().await;
    rig.days_pass(80);
    publish(&rig, "1.1.3", &by_ada()).await;
    assert_eq!(sent(&rig).len(), 1);
    rig.days_pass(91);
    publish(&rig, "1.1.4", &by_ada()).await;
    assert_eq!(sent(&rig).len(), 2);
}

/// Publishes a version with other words, and has it looked at again.
async fn again(rig: &Rig, version: &str, publication: &Publication) {
    rig.publish(&format!("{WIDGET}@{version}"), publication);
    rig.store().look_again(&release(version), rig.now()).unwrap();
    for _ in 0..4 {
        rig.smooth_pass().await;
        rig.minutes_pass(10);
    }
}

#[tokio::test]
async fn a_repetition_that_becomes_worse_is_announced_by_itself() {
    let rig = repeated().await;
    again(&rig, "1.1.1", &by_ada().install_script("node steal.js")).await;
    let messages = sent(&rig);
    assert_eq!(messages.len(), 2);
    assert_eq!(messages[1]["purl"], format!("{WIDGET}@1.1.1"));
    assert_eq!((alert_of(&rig, "1.1.1").repeats, count(&rig, "1.1.0")), (None, 1));
}

#[tokio::test]
async fn an_alert_that_is_sent_again_tells_of_its_repetitions() {
    let rig = repeated().await;
    again(&rig, "1.1.0", &by_ada().install_script("node steal.js")).await;
    let messages = sent(&rig);
    assert_eq!(messages.len(), 2);
    assert_eq!(messages[1]["repeated"]["count"], 2);
    assert_eq!(messages[1]["repeated"]["newest"], format!("{WIDGET}@1.1.2"));
}

/// A timeline of three attested releases, and then of these: version, date, account.
fn timeline(bare: &[(&str, &str, &str)]) -> Timeline {
    let verified = json!({"status": "verified", "issuer": "https://token.actions.githubusercontent.com",
        "claims": {"source_repository_uri": "https://github.com/o/r"}});
    let of = |version: &str, date: &str, account: &str, attestation: Value| {
        json!({"purl": format!("{WIDGET}@{version}"), "published_at": format!("{date}T12:00:00Z"),
            "publisher": {"name": account}, "auth": {"method": "token"}, "attestation": attestation})
    };
    let mut releases: Vec<Value> =
        (1..4).map(|n| of(&format!("1.0.{n}"), &format!("2025-10-0{n}"), "ada", verified.clone())).collect();
    let absent = || json!({"status": "absent"});
    releases.extend(bare.iter().map(|(version, date, account)| of(version, date, account, absent())));
    let expect: Vec<Value> =
        bare.iter().map(|(version, ..)| json!({"purl": format!("{WIDGET}@{version}"), "at_least": "medium"})).collect();
    let all = json!({"case": "loss", "kind": "negative", "observations": releases, "expect": expect});
    Timeline::parse(Path::new("loss.json"), all.to_string().as_bytes()).unwrap()
}

#[test]
fn a_replay_counts_repetitions_and_scores_every_release() {
    let timeline = timeline(&[
        ("1.0.4", "2026-01-05", "ada"),
        ("1.0.5", "2026-01-07", "ada"),
        ("1.0.6", "2026-01-09", "eve"),
        ("1.0.7", "2026-01-11", "ada"),
    ]);
    let replayed = replay(&timeline, Rules::default(), |_, _| {});
    let repeats = |alert: &Alert| alert.repeats.map(|of| of.to_string());
    let told = replayed.alerts.iter().map(|CaseAlert { alert, .. }| {
        let count = alert.repeated.as_ref().map_or(0, |repeated| repeated.count);
        (alert.purl.as_ref().unwrap().version(), count, repeats(alert))
    });
    let told = told.collect::<Vec<_>>();
    let first = Some(Fingerprint::of_release(&release("1.0.4")).id().to_string());
    assert_eq!(
        told,
        [("1.0.4", 2, None), ("1.0.5", 0, first.clone()), ("1.0.6", 0, None), ("1.0.7", 0, first)],
        "a repetition names the first alarm, which counts it"
    );
    assert_eq!((replayed.scores.len(), replayed.missed()), (4, 0), "{:?}", replayed.scores);
    let mut first_alarms = FirstAlarms::default();
    let mut firsts = Vec::new();
    trace(&timeline.observations, Rules::default(), |release, assessed| {
        let Some(alert) = alert(release, assessed, release.published_at, links(release)) else { return };
        if first_alarms.repeated_by(release, &alert).is_none() {
            firsts.push(release.purl.version());
        }
    });
    assert_eq!(firsts, ["1.0.4", "1.0.6"]);
}

/// A folder with a configuration and a store, as an operator has them, in which two releases repeat the alert of a third.
struct Desk(TempDir);

impl Desk {
    fn new() -> Self {
        let desk = Self(TempDir::new().unwrap());
        let config = "[store]\npath = \"provwatch.db\"\n[watchlist]\nfiles = [\"watchlist.toml\"]\n";
        std::fs::write(desk.0.path().join("provwatch.toml"), config).unwrap();
        std::fs::write(desk.0.path().join("watchlist.toml"), "packages = []\n").unwrap();
        let store = desk.store();
        for version in ["1.2.0", "1.2.1", "1.2.2"] {
            store.record(&record(version)).unwrap();
        }
        desk
    }

    fn store(&self) -> Store {
        Store::open(&self.0.path().join("provwatch.db")).unwrap()
    }

    fn run(&self, arguments: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_provwatch"))
            .env_clear()
            .envs([("COLUMNS", "120"), ("USER", "ada"), ("HOME", "/nonexistent")])
            .env("PROVWATCH_FREE_SPACE", "1000000000000")
            .current_dir(self.0.path())
            .args(["--config", "provwatch.toml"])
            .args(arguments)
            .output()
            .unwrap()
    }

    fn screen(&self, arguments: &[&str]) -> String {
        String::from_utf8(self.run(arguments).stdout).unwrap()
    }

    /// The JSON objects that a command prints, one a line.
    fn objects(&self, arguments: &[&str]) -> Vec<Value> {
        let screen = self.screen(&[arguments, &["--format", "json"]].concat());
        let lines: Vec<Value> = screen.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        lines.iter().for_each(schema::hold);
        lines
    }
}

/// A release without evidence; those after the first repeat its alert.
fn record(version: &str) -> Record {
    let purl = release(version);
    let observation: Observation = serde_json::from_value(json!({"purl": purl, "published_at": "2026-04-01T12:00:00Z",
        "auth": {"method": "token"}, "attestation": {"status": "absent"}}))
    .unwrap();
    let at = observation.published_at;
    let title = format!("widget {version}: lost its evidence");
    let about = Alert::about(AlertKind::Release, &purl.to_string(), Severity::High, Confidence::High, title, at);
    let signal = Signal {
        detector: "evidence-downgrade".into(),
        severity: Severity::High,
        expected: "provenance".to_owned(),
        seen: "no evidence".to_owned(),
        since: None,
        why: "A stolen token cannot make provenance.".to_owned(),
        corroborating: false,
    };
    let repeats = (version != "1.2.0").then(|| id("1.2.0").parse().unwrap());
    let alert = Alert { purl: Some(purl), published_at: Some(at), signals: vec![signal], repeats, ..about };
    let mut record = Record::observed(observation, Outcome::Alerted, at);
    record.alert = Some(alert);
    record
}

fn id(version: &str) -> String {
    Fingerprint::of_release(&release(version)).id().to_string()
}

#[test]
fn the_list_has_one_line_with_a_count_and_all_on_request() {
    let desk = Desk::new();
    let list = desk.screen(&["alerts", "list"]);
    assert!(list.contains("widget 1.2.0: lost its evidence (×3, newest 1.2.2)"), "{list}");
    assert!(!list.contains("widget 1.2.1"), "{list}");
    let all = desk.screen(&["alerts", "list", "--repetitions"]);
    assert!(all.contains(&format!("widget 1.2.1: lost its evidence (repeats {})", id("1.2.0"))), "{all}");
    let [listed] = desk.objects(&["alerts", "list"]).try_into().unwrap();
    assert_eq!((&listed["repeated"]["count"], &listed["repeats"]), (&json!(2), &Value::Null));
    let all = desk.objects(&["alerts", "list", "--repetitions"]);
    assert_eq!(all.iter().filter(|alert| alert["repeats"] == id("1.2.0").as_str()).count(), 2);
    let status = desk.objects(&["status"]).remove(0).to_string();
    assert!(status.contains(r#"["open","high",1]"#), "{status}");
}

#[test]
fn an_alert_and_a_repetition_show_each_other() {
    let desk = Desk::new();
    let first = desk.screen(&["alerts", "show", &id("1.2.0")]);
    assert!(first.contains("by 2 later releases; the newest is 1.2.2, published 2026-04-01 12:00 UTC"), "{first}");
    assert!(first.contains("Do not install pkg:npm/widget@1.2.0 or a later release that repeats it;"), "{first}");
    let second = desk.screen(&["alerts", "show", &id("1.2.1")]);
    assert!(second.contains(&format!("the deviation of alert {}, which counts it", id("1.2.0"))), "{second}");
    assert!(second.contains(&format!("none: it repeats alert {}", id("1.2.0"))), "{second}");
    let [shown] = desk.objects(&["alerts", "show", &id("1.2.0")]).try_into().unwrap();
    assert_eq!(shown["repeated"]["newest"], "pkg:npm/widget@1.2.2");
    let lookup = desk.screen(&["lookup", "pkg:npm/widget@1.2.1"]);
    assert!(lookup.contains("ALERT high"), "{lookup}");
    assert!(lookup.contains(&format!("it repeats alert {}", id("1.2.0"))), "{lookup}");
}

#[test]
fn to_acknowledge_an_alert_is_to_acknowledge_its_repetitions() {
    let desk = Desk::new();
    assert_eq!(desk.run(&["alerts", "ack", &id("1.2.0"), "--reason", "a new laptop"]).status.code(), Some(0));
    let open = desk.objects(&["alerts", "list", "--repetitions", "--status", "open"]);
    assert!(open.is_empty(), "{open:?}");
    let history = desk.screen(&["alerts", "show", &id("1.2.2")]);
    assert!(history.contains("acknowledged by ada: a new laptop"), "{history}");
}
