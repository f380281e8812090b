//! Tests of attacks on provwatch itself: releases designed to evade detection, each with the signals that remain.

#![allow(clippy::unwrap_used, reason = "a test may fail where it stands")]

use crate::lab;

use lab::{Fault, Rig, Workflow, rig::*};
use provwatch::{
    baseline::learn,
    detect::{AssessmentInputs, ReleaseContext},
    model::{AlertStatus, Baseline, Observation, ReleaseStatus, Severity},
    packages::assess::assess,
    store::Outcome,
};
use serde_json::{Value, json};

/// A package with a history of attested releases of its trusted publisher on line 1.
async fn trusted(package: &str) -> Rig {
    let rig = Rig::watching(&[package]);
    rig.history(package, 8, &by_workflow(&workflow("widget")));
    rig.smooth_pass().await;
    assert_eq!(rig.alerts(), []);
    rig
}

/// As [`trusted`], with older lines by hand, of which the last releases are younger than those of line 1.
async fn with_back_ports() -> Rig {
    let rig = Rig::watching(&["pkg:npm/widget"]);
    rig.history("pkg:npm/widget", 8, &by_workflow(&workflow("widget")));
    for (days, version) in [(900, "0.9.0"), (20, "0.9.1"), (890, "0.9.0-rc.1"), (880, "0.9.0-rc.2")] {
        rig.published_before(days, &format!("pkg:npm/widget@{version}"), &by_ada());
    }
    rig.smooth_pass().await;
    rig
}

#[tokio::test]
async fn a_new_line_does_not_hide_behind_a_back_port() {
    for (version, at_least) in [("2.0.0", Severity::Medium), ("2.0.0-rc.1", Severity::Low)] {
        let rig = with_back_ports().await;
        rig.publish(&format!("pkg:npm/widget@{version}"), &by_ada());
        rig.smooth_pass().await;
        let alert = rig.the_alert();
        assert_eq!(alert.signals[0].detector, "evidence-downgrade", "{version}");
        assert!(alert.severity >= at_least, "{version}: {}", alert.argument);
    }
}

#[tokio::test]
async fn a_strangers_repository_is_strange_on_every_line() {
    for version in ["0.9.2", "2.0.0", "2.0.0-rc.1"] {
        let rig = with_back_ports().await;
        let own = Workflow::github("mallory/gadget", "release.yml", "refs/heads/main");
        rig.publish(&format!("pkg:npm/widget@{version}"), &by_ada_attested(&own));
        rig.smooth_pass().await;
        let row = rig.release(&format!("pkg:npm/widget@{version}"));
        assert!(!row.in_baseline, "{version}");
        assert!(rig.the_alert().severity >= Severity::Medium, "{version}: {}", rig.the_alert().title);
    }
}

#[test]
fn a_thief_who_approves_himself_does_not_raise_the_evidence() {
    let attested = json!({"status": "verified", "issuer": "https://token.actions.githubusercontent.com"});
    let release = |version: &str, auth: Value, attestation: &Value| -> Observation {
        let at = format!("2026-01-{version:0>2}T12:00:00Z");
        let purl = format!("pkg:npm/widget@1.0.{version}");
        let release = json!({"purl": purl, "published_at": at, "auth": auth, "attestation": attestation});
        serde_json::from_value(release).unwrap()
    };
    let mut baseline = Baseline::empty("pkg:npm/widget".parse().unwrap());
    for version in ["1", "2", "3"] {
        learn(&mut baseline, &release(version, json!({"method": "trusted_publisher"}), &attested));
    }
    let approved = |method: &str| json!({"method": method, "approved_by": {"name": "ada"}});
    let bare = release("4", approved("token"), &json!({"status": "absent"}));
    let assessed = assess(&baseline, &bare, &AssessmentInputs::usual(&ReleaseContext::default()));
    assert_eq!((assessed.verdict.unwrap().severity, assessed.in_baseline), (Severity::Medium, false));
    let staged = assess(
        &baseline,
        &release("4", approved("trusted_publisher"), &attested),
        &AssessmentInputs::usual(&ReleaseContext::default()),
    );
    assert_eq!(staged.verdict.unwrap().severity, Severity::Info);
}

/// A release of mallory's whose entry in the package document is not what npm documents.
fn publish_unreadable(rig: &Rig) {
    rig.publish("pkg:npm/widget@1.1.0", &by_mallory());
    rig.world.break_down("npm.example/widget#", Fault::Changed(|body| without_entry(body, "1.1.0")));
}

fn without_entry(body: &[u8], version: &str) -> Vec<u8> {
    let mut document: Value = serde_json::from_slice(body).unwrap();
    document["versions"][version] = json!(7);
    document.to_string().into_bytes()
}

#[tokio::test]
async fn a_version_that_cannot_be_read_is_an_alert_at_once() {
    let rig = trusted("pkg:npm/widget").await;
    publish_unreadable(&rig);
    for minutes in [1, 6, 31] {
        rig.minutes_pass(minutes);
        rig.smooth_pass().await;
        let alert = rig.the_alert();
        assert_eq!((alert.severity, alert.status), (Severity::High, AlertStatus::Open));
        assert_eq!(alert.signals[0].detector, "unreadable-release");
        assert!(alert.title.contains("widget 1.1.0"), "{}", alert.title);
        assert!(alert.signals[0].seen.contains("invalid type: integer"), "{}", alert.signals[0].seen);
    }
    assert_eq!(rig.outcome("pkg:npm/widget@1.1.0"), Outcome::Unreadable);
    assert_eq!(rig.troubles(), [], "one thing is told once");

    rig.world.mend("npm.example/widget#");
    rig.minutes_pass(121);
    rig.smooth_pass().await;
    let alert = rig.the_alert();
    assert!(alert.signals.iter().any(|signal| signal.detector == "evidence-downgrade"), "{:?}", alert.signals);
    assert_eq!(alert.severity, Severity::Critical);
}

#[tokio::test]
async fn evidence_that_cannot_be_had_for_long_is_an_alert() {
    let rig = trusted("pkg:npm/widget").await;
    rig.world.break_down("/attestations/", Fault::Status(404, vec![]));
    rig.publish("pkg:npm/widget@1.1.0", &by_workflow(&workflow("widget")));
    for minutes in [0, 6, 31, 121] {
        rig.minutes_pass(minutes);
        rig.smooth_pass().await;
    }
    assert_eq!(rig.troubles().len(), 1);
    assert!(rig.troubles()[0].argument.contains("does not have it"), "{}", rig.troubles()[0].argument);
    assert_eq!(rig.alerts(), [], "an outage is no takeover");
}

#[tokio::test]
async fn what_was_unreadable_in_the_past_is_no_alert() {
    let rig = Rig::watching(&["pkg:npm/widget"]);
    rig.history("pkg:npm/widget", 8, &by_workflow(&workflow("widget")));
    rig.world.break_down("npm.example/widget#", Fault::Changed(|body| without_entry(body, "1.0.0")));
    for minutes in [0, 6, 31, 121, 600] {
        rig.minutes_pass(minutes);
        rig.smooth_pass().await;
    }
    assert_eq!(rig.outcome("pkg:npm/widget@1.0.0"), Outcome::Unreadable);
    assert_eq!(rig.troubles(), []);
}

#[tokio::test]
async fn an_outage_at_first_sight_teaches_nothing_false() {
    let rig = Rig::watching(&["pkg:npm/widget"]);
    for (days, version) in [(400, "1.0.0"), (370, "1.0.1")] {
        rig.published_before(days, &format!("pkg:npm/widget@{version}"), &by_ada());
    }
    for (days, version) in [(300, "1.0.2"), (200, "1.0.3"), (100, "1.0.4")] {
        rig.published_before(days, &format!("pkg:npm/widget@{version}"), &by_workflow(&workflow("widget")));
    }
    rig.world.break_down("/attestations/", Fault::Status(503, vec![]));
    rig.smooth_pass().await;
    rig.minutes_pass(1);
    rig.publish("pkg:npm/widget@1.0.5", &by_ada());
    rig.smooth_pass().await;
    let row = rig.release("pkg:npm/widget@1.0.5");
    assert_eq!((row.outcome, row.in_baseline), (Outcome::Unchecked, false));
    rig.world.mend("/attestations/");
    rig.minutes_pass(6);
    rig.smooth_pass().await;
    assert_eq!(rig.the_alert().purl.unwrap().version(), "1.0.5");
}

#[tokio::test]
async fn a_baseline_whose_past_is_lost_begins_with_what_is_attested() {
    let rig = Rig::watching(&["pkg:npm/widget"]);
    rig.history("pkg:npm/widget", 3, &by_workflow(&workflow("widget")));
    rig.world.break_down("/attestations/", Fault::Status(503, vec![]));
    for minutes in [0, 6, 31, 121] {
        rig.minutes_pass(minutes);
        rig.smooth_pass().await;
    }
    rig.world.mend("/attestations/");
    rig.publish("pkg:npm/widget@1.1.0", &by_ada());
    rig.smooth_pass().await;
    assert_eq!(rig.outcome("pkg:npm/widget@1.1.0"), Outcome::Unchecked, "nobody knows what was usual");
    rig.minutes_pass(1);
    rig.publish("pkg:npm/widget@1.2.0", &by_workflow(&workflow("widget")));
    rig.smooth_pass().await;
    assert_eq!(rig.outcome("pkg:npm/widget@1.2.0"), Outcome::Clean);
    assert!(rig.release("pkg:npm/widget@1.2.0").in_baseline);
}

#[tokio::test]
async fn what_is_unpublished_before_it_is_seen_leaves_a_trace() {
    let rig = trusted("pkg:npm/widget").await;
    rig.minutes_pass(10);
    rig.publish("pkg:npm/widget@1.1.0", &by_mallory());
    rig.world.unpublish_npm("widget", "1.1.0");
    rig.minutes_pass(1);
    rig.smooth_pass().await;
    let row = rig.release("pkg:npm/widget@1.1.0");
    assert_eq!((row.outcome, row.in_baseline), (Outcome::Unreadable, false));
    assert_eq!(row.status, ReleaseStatus::Unpublished);
    assert!(row.unchecked[0].contains("before it could be checked"), "{:?}", row.unchecked);
    assert_eq!(row.recheck_at, None, "there is nothing to wait for");
    assert!(rig.troubles()[0].title.contains("widget@1.1.0"), "{:?}", rig.troubles());
}

#[tokio::test]
async fn a_file_slipped_into_an_old_release_is_seen_on_a_line_without_evidence_too() {
    let rig = Rig::watching(&["pkg:pypi/widget"]);
    for (days, version) in [(900, "0.9.0"), (800, "0.9.1")] {
        rig.published_before(days, &format!("pkg:pypi/widget@{version}"), &by_ada());
    }
    rig.history("pkg:pypi/widget", 8, &by_workflow(&workflow("widget")));
    rig.smooth_pass().await;
    rig.publish("pkg:pypi/widget@0.9.2", &by_ada());
    rig.minutes_pass(5);
    rig.world.upload_pypi("widget", "0.9.2", "widget-0.9.2-cp313-cp313-win32.whl", &by_ada().at(rig.now()));
    rig.smooth_pass().await;
    assert_eq!(rig.alerts(), [], "a back-port is ordinary, and has more than one file");
    rig.world.upload_pypi("widget", "0.9.0", "widget-0.9.0-cp313-cp313-win32.whl", &by_mallory().at(rig.now()));
    rig.smooth_pass().await;
    let alert = rig.the_alert();
    assert_eq!((alert.purl.unwrap().version(), alert.severity), ("0.9.0", Severity::Medium));
    assert!(alert.signals[0].seen.contains("cp313"), "{}", alert.signals[0].seen);
}

#[tokio::test]
async fn a_release_of_very_many_files_does_not_keep_the_others_waiting() {
    let rig = trusted("pkg:pypi/widget").await;
    rig.world.break_down("/provenance", Fault::Status(404, vec![]));
    let attested = by_workflow(&workflow("widget")).at(rig.now());
    for file in 0..450 {
        rig.world.upload_pypi("widget", "1.1.0", &format!("widget-1.1.0-{file}-py3-none-any.whl"), &attested);
    }
    let asked = rig.world.requests().len();
    rig.smooth_pass().await;
    let fetched = rig.world.requests()[asked..].iter().filter(|url| url.contains("/provenance")).count();
    assert_eq!(fetched, 400);
    let row = rig.release("pkg:pypi/widget@1.1.0");
    assert_eq!(row.outcome, Outcome::Unchecked);
    assert!(row.unchecked.iter().any(|why| why.contains("no more are fetched")), "{:?}", row.unchecked.last());
    for minutes in [6, 31] {
        rig.minutes_pass(minutes);
        rig.smooth_pass().await;
    }
    let trouble = rig.troubles().pop().unwrap();
    assert!(trouble.argument.contains("more reasons") && trouble.argument.len() < 1500, "{}", trouble.argument);
}
