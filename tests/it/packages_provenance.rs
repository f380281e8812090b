//! Tests of attestations in the pipeline: valid, changed, invalid and unavailable ones.

#![allow(clippy::unwrap_used, reason = "a test may fail where it stands")]

use crate::lab;

use lab::{Breakage, Fault, Rig, rig::*};
use provwatch::{
    model::{AlertStatus, AuthMethod, Check, Claim, Provenance, Severity},
    store::Outcome,
};

/// The detectors that speak in the only alert, the loudest first.
fn detectors(rig: &Rig) -> Vec<String> {
    rig.the_alert().signals.iter().map(|signal| signal.detector.to_string()).collect()
}

/// A package with a history of attested releases of its trusted publisher.
async fn trusted(package: &str) -> Rig {
    let rig = Rig::watching(&[package]);
    rig.history(package, 8, &by_workflow(&workflow("widget")));
    rig.smooth_pass().await;
    assert_eq!(rig.alerts(), []);
    rig
}

#[tokio::test]
async fn attested_history_is_verified_and_learned() {
    for package in ["pkg:npm/widget", "pkg:pypi/widget"] {
        let rig = trusted(package).await;
        let row = rig.release(&format!("{package}@1.0.7"));
        assert_eq!((row.outcome, row.in_baseline, row.unchecked), (Outcome::Learned, true, vec![]), "{package}");
        let observation = row.observation.unwrap();
        assert_eq!(observation.identities()[0].claims, workflow("widget").claims);
        assert_eq!(observation.auth.method, AuthMethod::TrustedPublisher);
    }
}

#[tokio::test]
async fn the_usual_workflow_is_clean() {
    for package in ["pkg:npm/widget", "pkg:pypi/widget"] {
        let rig = trusted(package).await;
        let release = format!("{package}@1.1.0");
        rig.publish(&release, &by_workflow(&workflow("widget")));
        rig.smooth_pass().await;
        assert_eq!(rig.outcome(&release), Outcome::Clean);
        assert_eq!(rig.alerts(), []);
    }
}

#[tokio::test]
async fn another_workflow_is_an_alert_with_what_was_expected_and_seen() {
    for package in ["pkg:npm/widget", "pkg:pypi/widget"] {
        let rig = trusted(package).await;
        let other = lab::Workflow::github("acme/widget", "evil.yml", "refs/heads/main");
        rig.publish(&format!("{package}@1.1.0"), &by_workflow(&other));
        rig.smooth_pass().await;
        assert_eq!(detectors(&rig), ["workflow-changed"], "{package}");
        let signal = rig.the_alert().signals.remove(0);
        assert!(signal.expected.contains("release.yml") && signal.seen.contains("evil.yml"), "{signal:?}");
        assert!(rig.the_alert().links.commit.is_some());
    }
}

/// The registry may have changed its keys before the trust root knew of it.
#[tokio::test]
async fn a_registry_signature_by_an_unknown_key_is_said_and_is_no_forgery() {
    let rig = trusted("pkg:npm/widget").await;
    rig.world.break_down(
        "npm.example/widget#",
        Fault::Changed(|body| {
            String::from_utf8_lossy(body).replace("\"keyid\":\"SHA256:", "\"keyid\":\"SHA256:new").into()
        }),
    );
    rig.publish("pkg:npm/widget@1.1.0", &by_workflow(&workflow("widget")));
    rig.smooth_pass().await;
    let row = rig.release("pkg:npm/widget@1.1.0");
    assert_eq!((row.outcome, row.in_baseline), (Outcome::Unchecked, false));
    assert!(row.unchecked[0].contains("is not a key of the registry"), "{:?}", row.unchecked);
    assert!(!row.observation.unwrap().identities().is_empty(), "the provenance is verified all the same");
    assert_eq!(rig.alerts(), []);
}

#[tokio::test]
async fn a_token_after_trusted_publishing_is_high_at_least() {
    let rig = trusted("pkg:npm/widget").await;
    rig.publish("pkg:npm/widget@1.1.0", &by_mallory());
    rig.smooth_pass().await;
    assert_eq!(rig.the_alert().signals[0].detector, "evidence-downgrade");
    assert!(rig.the_alert().severity >= Severity::High, "{}", rig.the_alert().argument);
}

#[tokio::test]
async fn a_token_that_runs_scripts_besides_is_critical() {
    let rig = trusted("pkg:npm/widget").await;
    rig.publish("pkg:npm/widget@1.1.0", &by_mallory().install_script("node steal.js"));
    rig.smooth_pass().await;
    assert_eq!(rig.the_alert().severity, Severity::Critical, "{}", rig.the_alert().argument);
}

#[tokio::test]
async fn attestations_that_do_not_hold_are_alerts() {
    for package in ["pkg:npm/widget", "pkg:pypi/widget"] {
        for (broken, check) in [
            (Breakage::Signature, Check::Signature),
            (Breakage::Log, Check::TransparencyLog),
            (Breakage::Authority, Check::CertificateChain),
        ] {
            let rig = trusted(package).await;
            let release = format!("{package}@1.1.0");
            rig.publish(&release, &by_workflow(&workflow("widget")).broken(broken));
            rig.smooth_pass().await;
            assert!(detectors(&rig).contains(&"attestation-invalid".to_owned()), "{package} {broken:?}");
            let observation = rig.release(&release).observation.unwrap();
            assert!(
                matches!(&observation.attestation, Provenance::Invalid { check: seen, .. } if *seen == check),
                "{package} {broken:?}: {:?}",
                observation.attestation
            );
            assert!(!rig.release(&release).in_baseline);
        }
    }
}

#[tokio::test]
async fn a_repository_of_the_same_name_and_another_number_is_another_repository() {
    let rig = trusted("pkg:npm/widget").await;
    let recreated = workflow("widget").with(Claim::SourceRepositoryIdentifier, "424242");
    rig.publish("pkg:npm/widget@1.1.0", &by_workflow(&recreated));
    rig.smooth_pass().await;
    assert!(detectors(&rig).contains(&"repository-recreated".to_owned()), "{:?}", detectors(&rig));
}

#[tokio::test]
async fn a_release_that_grows_is_judged_file_by_file() {
    let rig = trusted("pkg:pypi/widget").await;
    let attested = by_workflow(&workflow("widget"));
    rig.world.upload_pypi("widget", "1.1.0", "widget-1.1.0-py3-none-any.whl", &attested.clone().at(rig.now()));
    rig.smooth_pass().await;
    assert_eq!(rig.outcome("pkg:pypi/widget@1.1.0"), Outcome::Clean);

    rig.minutes_pass(5);
    rig.world.upload_pypi("widget", "1.1.0", "widget-1.1.0.tar.gz", &attested.clone().at(rig.now()));
    rig.smooth_pass().await;
    assert_eq!(rig.alerts(), []);
    assert_eq!(rig.release("pkg:pypi/widget@1.1.0").observation.unwrap().files.len(), 2);

    rig.minutes_pass(5);
    rig.world.upload_pypi("widget", "1.1.0", "widget-1.1.0-cp313-cp313-win32.whl", &by_mallory().at(rig.now()));
    rig.smooth_pass().await;
    assert_eq!(detectors(&rig), ["evidence-downgrade"]);
    assert!(rig.the_alert().signals[0].seen.contains("1 of 3 files"), "{}", rig.the_alert().signals[0].seen);
    assert_eq!(rig.outcome("pkg:pypi/widget@1.1.0"), Outcome::Alerted);
}

#[tokio::test]
async fn a_file_added_to_an_old_release_is_judged_like_a_new_release() {
    let rig = trusted("pkg:pypi/widget").await;
    rig.world.upload_pypi("widget", "1.0.0", "widget-1.0.0-cp313-cp313-win32.whl", &by_mallory().at(rig.now()));
    rig.smooth_pass().await;
    assert_eq!(rig.the_alert().purl.unwrap().to_string(), "pkg:pypi/widget@1.0.0");
}

#[tokio::test]
async fn an_alert_outlives_what_mends_its_release() {
    let rig = trusted("pkg:pypi/widget").await;
    rig.world.upload_pypi("widget", "1.1.0", "widget-1.1.0.tar.gz", &by_mallory().at(rig.now()));
    rig.smooth_pass().await;
    let first = rig.the_alert();
    rig.minutes_pass(5);
    let attested = by_workflow(&workflow("widget")).at(rig.now());
    rig.world.upload_pypi("widget", "1.1.0", "widget-1.1.0-py3-none-any.whl", &attested);
    rig.smooth_pass().await;
    let row = rig.release("pkg:pypi/widget@1.1.0");
    assert_eq!((row.outcome, row.in_baseline), (Outcome::Alerted, false));
    assert_eq!(rig.the_alert().id, first.id, "the same alert");
}

#[tokio::test]
async fn evidence_that_cannot_be_had_is_said_and_asked_for_again() {
    for (package, place) in [("pkg:npm/widget", "/attestations/"), ("pkg:pypi/widget", "/provenance")] {
        let rig = trusted(package).await;
        let release = format!("{package}@1.1.0");
        rig.world.break_down(place, Fault::Status(503, vec![]));
        let other = lab::Workflow::github("acme/widget", "evil.yml", "refs/heads/main");
        rig.publish(&release, &by_workflow(&other));
        rig.smooth_pass().await;
        let row = rig.release(&release);
        assert_eq!((row.outcome, row.in_baseline), (Outcome::Unchecked, false));
        assert!(row.unchecked[0].contains("503"), "{:?}", row.unchecked);
        assert_eq!(rig.alerts(), [], "an outage is no takeover");

        // Five minutes later it is still down, half an hour after that it is back.
        rig.minutes_pass(6);
        rig.smooth_pass().await;
        assert_eq!(rig.outcome(&release), Outcome::Unchecked);
        rig.world.mend(place);
        rig.minutes_pass(10);
        rig.smooth_pass().await;
        assert_eq!(rig.outcome(&release), Outcome::Unchecked, "not yet due");
        rig.minutes_pass(25);
        rig.smooth_pass().await;
        assert_eq!(rig.outcome(&release), Outcome::Alerted);
        assert_eq!(detectors(&rig), ["workflow-changed"]);
    }
}

/// A page that asks for a password, an empty or a cut answer, a form of tomorrow: nobody forged anything.
#[tokio::test]
async fn a_wrong_answer_is_a_doubt_that_the_right_one_ends() {
    let wrong: [(&str, Fault); 8] = [
        ("a page", Fault::Body(b"<!doctype html><title>Please log in</title>".to_vec())),
        ("nothing", Fault::Body(Vec::new())),
        ("half of it", Fault::Changed(|body| body[..body.len() / 2].to_vec())),
        ("an error", Fault::Body(b"{\"error\":\"not found\"}".to_vec())),
        ("an empty list at npm", Fault::Body(b"{\"attestations\":[]}".to_vec())),
        ("an empty list at PyPI", Fault::Body(b"{\"version\":1,\"attestation_bundles\":[]}".to_vec())),
        ("a bundle of tomorrow", Fault::Changed(|body| replaced(body, "sigstore.bundle.v0.3", "sigstore.bundle.v0.4"))),
        ("a document of tomorrow", Fault::Changed(|body| replaced(body, "\"version\":1", "\"version\":2"))),
    ];
    for (package, place) in [("pkg:npm/widget", "/attestations/"), ("pkg:pypi/widget", "/provenance")] {
        let of_other = if package.contains("npm") { ["at PyPI", "a document"] } else { ["at npm", "a bundle"] };
        for (what, fault) in wrong.iter().filter(|(what, _)| !of_other.iter().any(|other| what.contains(other))) {
            let rig = trusted(package).await;
            let release = format!("{package}@1.1.0");
            rig.world.break_down(place, fault.clone());
            rig.publish(&release, &by_workflow(&workflow("widget")));
            for minutes in [0, 6, 31] {
                rig.minutes_pass(minutes);
                rig.smooth_pass().await;
                let row = rig.release(&release);
                assert_eq!((row.outcome, row.in_baseline), (Outcome::Unchecked, false), "{package} {what}");
                assert!(
                    matches!(row.observation.unwrap().attestation, Provenance::Unavailable { .. }),
                    "{package} {what}"
                );
            }
            assert_eq!(rig.alerts(), [], "{package} {what}: nobody is accused");
            let [trouble] = rig.troubles().try_into().expect("it is said");
            assert!(trouble.title.contains("cannot be checked"), "{package} {what}: {}", trouble.title);
            rig.world.mend(place);
            rig.minutes_pass(121);
            rig.smooth_pass().await;
            assert_eq!(rig.outcome(&release), Outcome::Clean, "{package} {what}");
            assert_eq!(rig.troubles()[0].status, AlertStatus::Resolved, "{package} {what}");
        }
    }
}

fn replaced(body: &[u8], from: &str, to: &str) -> Vec<u8> {
    String::from_utf8_lossy(body).replace(from, to).into()
}

#[tokio::test]
async fn what_does_not_hold_is_told_whatever_is_answered_later() {
    for (package, place) in [("pkg:npm/widget", "/attestations/"), ("pkg:pypi/widget", "/provenance")] {
        let rig = trusted(package).await;
        rig.world.break_down(place, Fault::Changed(|body| replaced(body, ":\"ME", ":\"MF")));
        rig.publish(&format!("{package}@1.1.0"), &by_workflow(&workflow("widget")));
        rig.smooth_pass().await;
        assert!(detectors(&rig).contains(&"attestation-invalid".to_owned()), "{package}");
        rig.world.mend(place);
        for minutes in [6, 31, 121, 1500] {
            rig.minutes_pass(minutes);
            rig.smooth_pass().await;
        }
        assert_eq!(rig.the_alert().status, AlertStatus::Open, "{package}");
    }
}

#[tokio::test]
async fn provenance_without_the_registrys_own_attestation_is_said() {
    let rig = trusted("pkg:npm/widget").await;
    rig.world.break_down(
        "/attestations/",
        Fault::Changed(|body| {
            let mut document: serde_json::Value = serde_json::from_slice(body).unwrap();
            document["attestations"].as_array_mut().unwrap().truncate(1);
            document.to_string().into_bytes()
        }),
    );
    rig.publish("pkg:npm/widget@1.1.0", &by_workflow(&workflow("widget")));
    rig.smooth_pass().await;
    let row = rig.release("pkg:npm/widget@1.1.0");
    assert_eq!(row.outcome, Outcome::Unchecked);
    assert!(row.unchecked[0].contains("the registry's own attestation"), "{:?}", row.unchecked);
    assert!(!row.observation.unwrap().identities().is_empty(), "the provenance is verified all the same");
    assert_eq!(rig.alerts(), []);
}

#[tokio::test]
async fn evidence_that_never_comes_stays_unchecked() {
    let rig = trusted("pkg:npm/widget").await;
    rig.world.break_down("/attestations/", Fault::Status(404, vec![]));
    rig.publish("pkg:npm/widget@1.1.0", &by_workflow(&workflow("widget")));
    for minutes in [0, 6, 31, 121] {
        rig.minutes_pass(minutes);
        rig.smooth_pass().await;
    }
    let row = rig.release("pkg:npm/widget@1.1.0");
    assert_eq!((row.outcome, row.recheck_at, row.in_baseline), (Outcome::Unchecked, None, false));
    assert!(row.unchecked[0].contains("does not have it"), "{:?}", row.unchecked);
    let asked = rig.world.requests().len();
    rig.minutes_pass(600);
    rig.smooth_pass().await;
    let again = rig.world.requests()[asked..].iter().filter(|url| url.contains("attestations")).count();
    assert_eq!(again, 0, "nobody asks for ever");
}

#[tokio::test]
async fn a_recheck_of_what_was_withdrawn_comes_to_an_end() {
    let rig = trusted("pkg:npm/widget").await;
    rig.world.break_down("/attestations/", Fault::Status(503, vec![]));
    rig.publish("pkg:npm/widget@1.1.0", &by_workflow(&workflow("widget")));
    rig.smooth_pass().await;
    rig.world.unpublish_npm("widget", "1.1.0");
    for _ in 0..4 {
        rig.minutes_pass(130);
        rig.smooth_pass().await;
    }
    assert_eq!(rig.release("pkg:npm/widget@1.1.0").recheck_at, None);
}

#[tokio::test]
async fn without_the_evidence_of_the_past_nothing_is_clean() {
    let rig = Rig::watching(&["pkg:npm/widget"]);
    rig.history("pkg:npm/widget", 8, &by_workflow(&workflow("widget")));
    rig.published_before(2, "pkg:npm/widget@1.1.0", &by_mallory());
    rig.world.break_down("/attestations/", Fault::Status(503, vec![]));
    rig.smooth_pass().await;
    let row = rig.release("pkg:npm/widget@1.1.0");
    assert_eq!((row.outcome, row.in_baseline), (Outcome::Unchecked, false));
    assert!(row.unchecked[0].contains("nothing to compare with"), "{:?}", row.unchecked);
    rig.world.mend("/attestations/");
    rig.minutes_pass(6);
    rig.smooth_pass().await;
    assert_eq!(rig.outcome("pkg:npm/widget@1.0.7"), Outcome::Learned);
    assert_eq!(rig.the_alert().signals[0].detector, "evidence-downgrade");
}

/// A maintainer who publishes by hand where only a machine did is not expected and seen at once.
#[tokio::test]
async fn nobody_is_expected_and_seen_at_once() {
    let rig = Rig::watching(&["pkg:npm/widget"]);
    rig.history("pkg:npm/widget", 8, &by_workflow(&workflow("widget")));
    rig.smooth_pass().await;
    rig.publish("pkg:npm/widget@1.1.0", &by_ada());
    rig.smooth_pass().await;
    let alert = rig.the_alert();
    let said = alert.signals.iter().find(|signal| signal.detector == "publisher-changed").unwrap();
    assert_eq!(said.seen, "ada");
    assert!(said.expected.starts_with("only a trusted publisher; maintainers: ada"), "{}", said.expected);
}
