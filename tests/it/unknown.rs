//! Tests that unknown facts are never called clean: incomplete answers, failed requests, and announced releases that
//! are missing.

#![allow(clippy::unwrap_used, reason = "a test may fail where it stands")]

use crate::lab;

use lab::{Fault, Publication, Rig, rig::*};
use provwatch::{
    health::Level,
    model::{AlertStatus, Aspect, Ecosystem, Provenance, ReleaseStatus, Severity},
    store::Outcome,
};
use serde_json::{Value, json};

async fn watched(packages: &[&str], publication: &Publication) -> Rig {
    let rig = Rig::watching(packages);
    for package in packages {
        rig.history(package, 4, publication);
    }
    rig.smooth_pass().await;
    assert_eq!((rig.alerts(), rig.troubles()), (vec![], vec![]));
    rig.minutes_pass(1);
    rig
}

/// A mirror in npm's place that passes on nothing but names, versions, times and digests of 1.1.0.
fn stripped(body: &[u8]) -> Vec<u8> {
    let mut document: Value = serde_json::from_slice(body).unwrap();
    if let Some(entry) = document["versions"].get_mut("1.1.0") {
        strip(entry);
    }
    document.to_string().into_bytes()
}

/// As [`stripped`], of every version.
fn all_stripped(body: &[u8]) -> Vec<u8> {
    let mut document: Value = serde_json::from_slice(body).unwrap();
    document["versions"].as_object_mut().unwrap().values_mut().for_each(strip);
    document.as_object_mut().unwrap().remove("_rev");
    document.to_string().into_bytes()
}

fn strip(entry: &mut Value) {
    entry.as_object_mut().unwrap().retain(|key, _| !["_npmUser", "maintainers"].contains(&key.as_str()));
    entry["dist"].as_object_mut().unwrap().retain(|key, _| !["signatures", "attestations"].contains(&key.as_str()));
}

async fn looks(rig: &Rig) {
    for minutes in [6, 31, 121] {
        rig.minutes_pass(minutes);
        rig.pass().await;
    }
}

#[tokio::test]
async fn an_answer_without_the_account_is_never_clean() {
    let rig = watched(&["pkg:npm/widget"], &by_workflow(&workflow("widget"))).await;
    rig.world.break_down("npm.example/widget#", Fault::Changed(stripped));
    rig.publish("pkg:npm/widget@1.1.0", &by_mallory());
    rig.smooth_pass().await;
    let row = rig.release("pkg:npm/widget@1.1.0");
    assert_eq!((row.outcome, row.in_baseline), (Outcome::Unchecked, false));
    assert!(
        row.unchecked.iter().any(|why| why.contains("leaves out the account that published")),
        "{:?}",
        row.unchecked
    );
    assert_eq!(row.observation.unwrap().untold, Some(vec![Aspect::Account, Aspect::Signature]));
    assert_eq!(rig.troubles(), [], "one answer may be incomplete");
    looks(&rig).await;
    let trouble = rig.troubles().pop().unwrap();
    assert_eq!((trouble.severity, trouble.title.as_str()), (Severity::Medium, "widget@1.1.0 cannot be checked"));
    assert_eq!(rig.outcome("pkg:npm/widget@1.1.0"), Outcome::Unchecked, "also after the last look");
}

#[tokio::test]
async fn an_answer_that_was_incomplete_once_hides_nothing() {
    let rig = watched(&["pkg:npm/widget"], &by_workflow(&workflow("widget"))).await;
    rig.world.break_down("npm.example/widget#", Fault::Changed(stripped));
    rig.publish("pkg:npm/widget@1.1.0", &by_mallory());
    rig.smooth_pass().await;
    rig.world.mend("npm.example/widget#");
    rig.minutes_pass(6);
    rig.smooth_pass().await;
    assert_eq!(rig.the_alert().severity, Severity::Critical);
}

#[tokio::test]
async fn a_mirror_that_drops_fields_is_one_alert_of_its_registry() {
    let packages = ["pkg:npm/gadget", "pkg:npm/sprocket", "pkg:npm/widget"];
    let rig = watched(&packages, &by_workflow(&workflow("widget"))).await;
    rig.world.break_down("npm.example/", Fault::Changed(stripped));
    for package in packages {
        rig.publish(&format!("{package}@1.1.0"), &by_workflow(&workflow("widget")));
    }
    rig.smooth_pass().await;
    looks(&rig).await;
    let troubles = rig.troubles();
    let titles: Vec<_> = troubles.iter().map(|trouble| trouble.title.as_str()).collect();
    assert_eq!(titles, ["the answers of npm lack fields that the detectors need"]);
    assert_eq!(troubles[0].severity, Severity::Medium);
    assert!(
        troubles[0].argument.contains("the account that published (3 of the newest 15 releases, 3 packages)"),
        "{}",
        troubles[0].argument
    );
    assert_eq!(rig.alerts(), []);
    let left_out = rig.store().left_out(Ecosystem::NPM, "2026-01-01T00:00:00Z".parse().unwrap()).unwrap();
    assert_eq!((left_out[0].aspect, left_out[0].releases, left_out[0].packages), (Aspect::Account, 3, 3));
    assert!(!left_out[0].by_design);
    let said = rig.judged().into_iter().find(|finding| finding.id.as_str() == "mirror-leaves-out").unwrap();
    assert_eq!((said.subject.as_str(), said.level), ("npm", Level::Limited));
    let kinds = ["the account that published (of 3 of the newest 15 releases)", "the registry's signature"];
    assert!(kinds.iter().all(|kind| said.sentence.contains(kind)), "{}", said.sentence);

    rig.world.mend("npm.example/");
    for package in packages {
        rig.publish(&format!("{package}@1.1.1"), &by_workflow(&workflow("widget")));
    }
    rig.smooth_pass().await;
    assert!(packages.iter().all(|package| rig.outcome(&format!("{package}@1.1.1")) == Outcome::Clean));
}

#[tokio::test]
async fn a_mirror_that_never_told_anything_calls_nothing_clean() {
    let rig = Rig::watching(&["pkg:npm/widget"]);
    rig.history("pkg:npm/widget", 4, &by_workflow(&workflow("widget")));
    rig.world.break_down("npm.example/widget#", Fault::Changed(all_stripped));
    rig.smooth_pass().await;
    rig.minutes_pass(1);
    rig.publish("pkg:npm/widget@1.1.0", &by_mallory());
    rig.pass().await;
    let row = rig.release("pkg:npm/widget@1.1.0");
    assert_eq!((row.outcome, row.in_baseline), (Outcome::Unchecked, false), "at once, though no revision confirms it");
    assert!(row.unchecked[0].contains("every field that names the publisher"), "{:?}", row.unchecked);
}

#[tokio::test]
async fn details_that_cannot_be_had_are_said_until_they_can() {
    let html = || Fault::Body(b"<html>maintenance</html>".to_vec());
    let faults = [Fault::Status(500, vec![]), Fault::Status(404, vec![]), html(), Fault::Body(b"{}".to_vec())];
    for (package, place) in
        [("pkg:pypi/widget", "/pypi/widget/json"), ("pkg:cargo/widget", "/api/v1/crates/widget/owners")]
    {
        for fault in faults.clone() {
            let case = format!("{package} {fault:?}");
            let rig = watched(&[package], &by_workflow(&workflow("widget"))).await;
            rig.world.break_down(place, fault);
            let release = format!("{package}@1.1.0");
            rig.publish(&release, &by_workflow(&workflow("widget")));
            rig.smooth_pass().await;
            let row = rig.release(&release);
            assert_eq!((row.outcome, row.in_baseline), (Outcome::Unchecked, false), "{case}");
            assert!(!row.unchecked.is_empty() && row.recheck_at.is_some(), "{case}");
            rig.world.mend(place);
            rig.minutes_pass(6);
            rig.smooth_pass().await;
            let row = rig.release(&release);
            assert_eq!((row.outcome, row.in_baseline), (Outcome::Clean, true), "{case}: {:?}", row.unchecked);
            assert_eq!((rig.alerts(), rig.troubles()), (vec![], vec![]), "{case}");
        }
    }
}

/// Published, and removed before anybody looked.
async fn withdrawn_unseen(rig: &Rig, version: &str) -> provwatch::store::ReleaseRow {
    rig.publish(&format!("pkg:pypi/widget@{version}"), &by_mallory());
    rig.minutes_pass(3);
    rig.world.pypi().remove("widget", version, rig.now());
    rig.smooth_pass().await;
    rig.release(&format!("pkg:pypi/widget@{version}"))
}

#[tokio::test]
async fn what_pypi_withdrew_between_two_looks_leaves_a_trace() {
    let by_workflow = by_workflow(&workflow("widget"));
    for (publication, severity) in [(&by_workflow, Severity::Medium), (&by_ada(), Severity::Low)] {
        let rig = watched(&["pkg:pypi/widget"], publication).await;
        let row = withdrawn_unseen(&rig, "1.1.0").await;
        assert_eq!(
            (row.outcome, row.status, row.in_baseline),
            (Outcome::Unreadable, ReleaseStatus::Unpublished, false)
        );
        assert!(row.unchecked[0].contains("within 3 minutes, before it could be checked"), "{:?}", row.unchecked);
        let trouble = rig.troubles().pop().unwrap();
        assert_eq!((trouble.severity, trouble.title.as_str()), (severity, "widget@1.1.0 cannot be checked"));
        assert_eq!(trouble.package, Some("pkg:pypi/widget".parse().unwrap()));
        rig.publish("pkg:pypi/widget@1.1.1", publication);
        rig.smooth_pass().await;
        assert_eq!((rig.outcome("pkg:pypi/widget@1.1.1"), rig.troubles().len()), (Outcome::Clean, 1));
    }
}

/// Who withdraws now and again is not a wolf every time.
#[tokio::test]
async fn a_habit_of_withdrawing_is_not_cried_out() {
    let rig = watched(&["pkg:pypi/widget"], &by_workflow(&workflow("widget"))).await;
    let mut told = Vec::new();
    for version in ["1.1.0", "1.1.1", "1.1.2"] {
        withdrawn_unseen(&rig, version).await;
        told.push(rig.troubles().pop().unwrap().severity);
        rig.days_pass(9);
    }
    assert_eq!(told, [Severity::Medium, Severity::Medium, Severity::Low]);
}

/// A release without a file is an ordinary thing at PyPI, and is judged when it has one; files that came and went are told.
#[tokio::test]
async fn a_release_without_a_file_is_ordinary_unless_it_had_one() {
    let rig = watched(&["pkg:pypi/widget"], &by_workflow(&workflow("widget"))).await;
    rig.world.pypi().announce("widget", "1.1.0", rig.now());
    rig.smooth_pass().await;
    rig.days_pass(2);
    rig.smooth_pass().await;
    assert!(rig.store().release(&"pkg:pypi/widget@1.1.0".parse().unwrap()).unwrap().is_none(), "nothing to install");
    assert_eq!((rig.alerts(), rig.troubles()), (vec![], vec![]));
    rig.world.upload_pypi("widget", "1.1.0", "widget-1.1.0.tar.gz", &by_mallory().at(rig.now()));
    rig.smooth_pass().await;
    assert_eq!(rig.outcome("pkg:pypi/widget@1.1.0"), Outcome::Alerted);

    let rig = watched(&["pkg:pypi/widget"], &by_workflow(&workflow("widget"))).await;
    rig.publish("pkg:pypi/widget@1.1.0", &by_mallory());
    rig.world.pypi().empty("widget", "1.1.0", rig.now());
    rig.smooth_pass().await;
    let trouble = rig.troubles().pop().unwrap();
    assert_eq!((trouble.severity, trouble.title.as_str()), (Severity::Medium, "widget@1.1.0 cannot be checked"));
    assert!(trouble.argument.contains("before it could be checked"), "{}", trouble.argument);
}

#[tokio::test]
async fn what_crates_io_never_shows_is_told() {
    let rig = watched(&["pkg:cargo/widget"], &by_workflow(&workflow("widget"))).await;
    rig.publish("pkg:cargo/widget@1.1.0", &by_mallory());
    rig.world.crates().remove("widget", "1.1.0");
    rig.settle().await;
    let row = rig.release("pkg:cargo/widget@1.1.0");
    assert_eq!((row.outcome, row.status, row.in_baseline), (Outcome::Unreadable, ReleaseStatus::Unpublished, false));
    let trouble = rig.troubles().pop().unwrap();
    assert_eq!((trouble.severity, trouble.title.as_str()), (Severity::Medium, "widget@1.1.0 cannot be checked"));
    assert!(trouble.argument.contains("the registry does not show it"), "{}", trouble.argument);
    // It comes back: then it is judged.
    rig.world.publish_crate("widget", "1.1.0", &by_mallory().at(rig.now()));
    rig.days_pass(1);
    rig.settle().await;
    assert_eq!(rig.the_alert().purl.unwrap().version(), "1.1.0");
}

#[tokio::test]
async fn two_releases_at_once_are_both_checked() {
    let rig = watched(&["pkg:pypi/widget"], &by_workflow(&workflow("widget"))).await;
    rig.publish("pkg:pypi/widget@1.1.0", &by_workflow(&workflow("widget")));
    rig.minutes_pass(40);
    rig.publish("pkg:pypi/widget@1.1.1", &by_workflow(&workflow("widget")));
    rig.smooth_pass().await;
    for version in ["1.1.0", "1.1.1"] {
        let row = rig.release(&format!("pkg:pypi/widget@{version}"));
        assert_eq!(row.outcome, Outcome::Clean, "{version}: {:?}", row.unchecked);
    }
}

/// The document's revision is one that counts, of long ago: the mirror counts for itself.
fn older_revision(body: &[u8]) -> Vec<u8> {
    let mut document: Value = serde_json::from_slice(body).unwrap();
    document["_rev"] = json!(format!("1-{:032x}", body.len()));
    document.to_string().into_bytes()
}

#[tokio::test]
async fn a_document_that_never_reaches_its_revision_is_read_at_once() {
    let packages = ["pkg:npm/gadget", "pkg:npm/widget"];
    let rig = watched(&packages, &by_workflow(&workflow("widget"))).await;
    rig.world.break_down("npm.example/", Fault::Changed(older_revision));
    for package in packages {
        rig.publish(&format!("{package}@1.1.0"), &by_mallory());
    }
    rig.pass().await;
    assert_eq!(rig.alerts().len(), 2, "what it has is judged within the first look");
    rig.settle().await;
    let troubles = rig.troubles();
    let titles: Vec<_> = troubles.iter().map(|trouble| trouble.title.as_str()).collect();
    assert_eq!(titles, ["documents of npm do not reach what its feed announces"], "once for the registry");
    rig.world.mend("npm.example/");
    rig.publish("pkg:npm/widget@1.2.0", &by_ada());
    rig.smooth_pass().await;
    assert_eq!(rig.troubles()[0].status, AlertStatus::Resolved);
}

/// Each announcement begins the wait for its revision anew; all of them together do not.
#[tokio::test]
async fn a_mirror_that_is_always_behind_is_not_waited_for_without_end() {
    let rig = Rig::watching(&["pkg:npm/widget"]);
    rig.history("pkg:npm/widget", 4, &by_ada());
    rig.feeds_are_read().await;
    rig.world.break_down("npm.example/", Fault::Changed(older_revision));
    for number in 0..12 {
        rig.publish(&format!("pkg:npm/widget@1.1.{number}"), &by_ada());
        rig.pass().await;
        rig.minutes_pass(9);
    }
    let row = rig.store().package(&"pkg:npm/widget".parse().unwrap()).unwrap().unwrap();
    assert!(row.backfilled_at.is_some() && row.history.is_none(), "{row:?}");
    let titles: Vec<_> = rig.troubles().into_iter().map(|trouble| trouble.title).collect();
    assert_eq!(titles, ["documents of npm do not reach what its feed announces"]);
    assert_eq!(rig.alerts(), []);
    rig.publish("pkg:npm/widget@1.2.0", &by_mallory());
    rig.pass().await;
    assert_eq!(rig.outcome("pkg:npm/widget@1.2.0"), Outcome::Alerted);
}

/// While a document is waited for, what it has is stored; a release that comes meanwhile cannot choose to be older.
#[tokio::test]
async fn what_comes_while_a_first_document_is_waited_for_is_not_history() {
    let rig = Rig::watching(&["pkg:npm/widget"]);
    rig.history("pkg:npm/widget", 4, &by_ada());
    rig.feeds_are_read().await;
    rig.world.break_down("npm.example/", Fault::Changed(older_revision));
    rig.publish("pkg:npm/widget@1.1.0", &by_ada());
    rig.pass().await;
    rig.minutes_pass(5);
    rig.published_before(400, "pkg:npm/widget@1.0.9", &by_mallory());
    rig.settle().await;
    assert_eq!(rig.outcome("pkg:npm/widget@1.0.9"), Outcome::Alerted);
    assert_eq!(rig.outcome("pkg:npm/widget@1.0.3"), Outcome::Learned);
}

#[tokio::test]
async fn what_is_withdrawn_between_two_looks_leaves_a_trace_whatever_time_it_names() {
    for days in [0, 30, 4000] {
        let rig = Rig::watching(&["pkg:npm/widget"]);
        rig.history("pkg:npm/widget", 4, &by_ada());
        rig.published_before(500, "pkg:npm/widget@0.9.0", &by_ada());
        rig.world.unpublish_npm("widget", "0.9.0");
        rig.settle().await;
        rig.minutes_pass(1);
        rig.published_before(days, "pkg:npm/widget@1.1.0", &by_mallory());
        rig.world.unpublish_npm("widget", "1.1.0");
        rig.settle().await;
        let row = rig.release("pkg:npm/widget@1.1.0");
        assert_eq!((row.outcome, row.status), (Outcome::Unreadable, ReleaseStatus::Unpublished), "{days}");
        let titles: Vec<_> = rig.troubles().into_iter().map(|trouble| trouble.title).collect();
        assert_eq!(titles, ["widget@1.1.0 cannot be checked"], "{days}: what was gone before is the past");
    }
}

/// The registry's words on the attestation of an old release cannot be read: there is neither one nor none.
#[tokio::test]
async fn an_old_release_with_an_unreadable_attestation_is_not_one_without() {
    fn odd(body: &[u8]) -> Vec<u8> {
        let mut document: Value = serde_json::from_slice(body).unwrap();
        document["versions"]["1.0.0"]["dist"]["attestations"] = json!(7);
        document.to_string().into_bytes()
    }
    let rig = Rig::watching(&["pkg:npm/widget"]);
    rig.history("pkg:npm/widget", 60, &by_ada());
    rig.world.break_down("npm.example/widget#", Fault::Changed(odd));
    rig.settle().await;
    let row = rig.release("pkg:npm/widget@1.0.0");
    let Provenance::Unavailable { reason } = row.observation.unwrap().attestation else { panic!("it is known") };
    assert!(reason.contains("attestations"), "{reason}");
    assert_eq!((row.outcome, row.in_baseline), (Outcome::Unchecked, false));
    assert_eq!(rig.release("pkg:npm/widget@1.0.1").observation.unwrap().attestation, Provenance::Absent);
}

#[tokio::test]
async fn an_older_document_takes_nothing_back() {
    let rig = watched(&["pkg:npm/widget"], &by_workflow(&workflow("widget"))).await;
    rig.world.npm().lag("widget");
    rig.world.npm().catch_up("widget");
    rig.publish("pkg:npm/widget@1.1.0", &by_workflow(&workflow("widget")));
    rig.smooth_pass().await;
    // A cache that does not know 1.1.0 answers when 1.2.0 is announced.
    let mut old: Value = serde_json::from_slice(&rig.world.npm().registry("/widget").unwrap().2).unwrap();
    old["versions"].as_object_mut().unwrap().remove("1.1.0");
    old["time"].as_object_mut().unwrap().remove("1.1.0");
    old["_rev"] = json!("1-0");
    rig.world.break_down("npm.example/widget#", Fault::Body(old.to_string().into_bytes()));
    rig.publish("pkg:npm/widget@1.2.0", &by_workflow(&workflow("widget")));
    rig.pass().await;
    let row = rig.release("pkg:npm/widget@1.1.0");
    assert_eq!((row.status, row.in_baseline), (ReleaseStatus::Published, true));
}

#[tokio::test]
async fn a_version_that_the_api_never_lists_is_taken_from_the_index() {
    let rig = watched(&["pkg:cargo/widget"], &by_workflow(&workflow("widget"))).await;
    let document = rig.world.crates().api("/api/v1/crates/widget/versions").unwrap().2;
    rig.world.break_down("crates.example/api/v1/crates/widget/versions", Fault::Body(document));
    rig.publish("pkg:cargo/widget@1.1.0", &by_mallory());
    rig.settle().await;
    let row = rig.release("pkg:cargo/widget@1.1.0");
    assert_eq!((row.outcome, row.in_baseline), (Outcome::Unchecked, false));
    assert!(row.unchecked.iter().any(|why| why.contains("the account that published")), "{:?}", row.unchecked);
}

/// A reason that holds of many files is said once.
#[tokio::test]
async fn a_reason_is_said_once() {
    let rig = watched(&["pkg:pypi/widget"], &by_workflow(&workflow("widget"))).await;
    rig.world.break_down("/integrity/widget/1.1.0", Fault::Status(500, Vec::new()));
    rig.world.break_down("pypi.example/pypi/widget/json", Fault::Status(500, Vec::new()));
    rig.publish("pkg:pypi/widget@1.1.0", &by_workflow(&workflow("widget")));
    rig.pass().await;
    let mut unchecked = rig.release("pkg:pypi/widget@1.1.0").unchecked;
    let count = unchecked.len();
    unchecked.sort();
    unchecked.dedup();
    assert_eq!(unchecked.len(), count, "{unchecked:?}");
}
