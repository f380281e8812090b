//! Tests of `provwatch baseline`: what is normal in words, acceptance and its revocation, and reset.

use std::fs;

use chrono::TimeDelta;
use provwatch::{
    detect::{AssessmentInputs, ReleaseContext},
    model::{AlertStatus, ReleaseLine, ReleaseStatus},
    packages::assess,
    store::{Outcome, Record, Store},
};
use serde_json::json;

use super::{ALERT, Desk, now, observation, ordinary, package, stolen, teach};

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
    insta::assert_snapshot!("history", desk.run(&["baseline", "history", "pkg:npm/axios", "--limit", "4"]).screen());
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
    let elsewhere = "[[package]]\npurl = 'pkg:npm/axios'\nexpect = { workflows = ['.github/workflows/other.yml'] }\n";
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
