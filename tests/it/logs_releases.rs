//! Tests of correlating log entries with releases: signed and not released, released and not logged.

#![allow(clippy::unwrap_used, reason = "helpers of tests may fail where they stand")]

use crate::lab;

use lab::{
    Workflow,
    ledger::{Api, Misbehaviour, filler, hashedrekord},
    rig::{by_workflow, workflow},
    town::{Town, run, usual},
};
use provwatch::{
    clock::Clock,
    model::{Claim, Provenance, Severity},
};

#[tokio::test]
async fn what_is_released_in_time_is_explained() {
    let town = Town::settled(Api::Tiles, "log.example").await;
    town.sign(&run(77));
    town.minutes_pass(10).await;
    town.publish("1.1.0", &by_workflow(&run(77)));
    town.minutes_pass(180).await;
    assert_eq!(town.alerts(), []);
    let row = town.app.store.log_entry("log.example", 3).unwrap().unwrap();
    assert_eq!(row.explained_by.unwrap().to_string(), "pkg:npm/widget@1.1.0");
}

/// The digest of what a release's bundle signs, as the store kept it: payload, pre-authentication encoding, key.
fn signed(town: &Town, purl: &str) -> Vec<String> {
    let release = town.app.store.release(&purl.parse().unwrap()).unwrap().unwrap();
    let Provenance::Verified(verified) = release.observation.unwrap().attestation else {
        panic!("{purl} is not verified")
    };
    verified.signed
}

#[tokio::test]
async fn the_same_signature_is_recognized_without_its_place_or_run() {
    for (number, which) in ["the payload", "its pre-authentication encoding"].into_iter().enumerate() {
        let town = Town::settled(Api::Tiles, "log.example").await;
        town.publish("1.1.0", &by_workflow(&run(80)));
        town.minutes_pass(5).await;
        let digest = hex::decode(&signed(&town, "pkg:npm/widget@1.1.0")[number]).unwrap();
        // Another run, and another place: only what was signed ties them together.
        let der = town.world.lab().authority.issue(&run(81), town.clock.now()).der;
        town.ledger.append(hashedrekord(&der, &digest.try_into().unwrap()));
        town.ledger.publish();
        town.minutes_pass(150).await;
        assert_eq!(town.alerts(), [], "{which}");
        let row = town.app.store.log_entry("log.example", 3).unwrap().unwrap();
        assert_eq!(row.explained_by.unwrap().to_string(), "pkg:npm/widget@1.1.0", "{which}");
    }
}

#[tokio::test]
async fn what_is_signed_and_never_released_is_said_once() {
    let town = Town::settled(Api::Tiles, "log.example").await;
    town.sign(&run(78));
    town.minutes_pass(110).await;
    assert_eq!(town.alerts(), [], "a release has two hours");
    town.minutes_pass(20).await;
    assert_eq!(town.the_signal(), ("unexplained-entry".to_owned(), Severity::Medium));
    town.sign(&run(79));
    town.minutes_pass(150).await;
    assert_eq!(town.alerts().len(), 1, "what happens again is a habit");
}

#[tokio::test]
async fn a_new_workflow_is_said_before_anything_is_published() {
    let town = Town::settled(Api::Tiles, "log.example").await;
    let run = "https://github.com/acme/widget/actions/runs/99/attempts/1";
    town.sign(&Workflow::github("acme/widget", "fast-ci.yml", "refs/heads/patch-1").with(Claim::RunInvocationUri, run));
    town.pass().await;
    assert_eq!(town.the_signal(), ("new-workflow-in-log".to_owned(), Severity::Medium));
    let alert = &town.alerts()[0];
    assert!(alert.title.contains("fast-ci.yml"), "{}", alert.title);
    assert!(alert.argument.contains("pkg:npm/widget"), "{}", alert.argument);
    assert!(alert.signals[0].expected.contains("release.yml"));
}

#[tokio::test]
async fn a_repository_of_strangers_is_nobodys_business() {
    let town = Town::settled(Api::Tiles, "log.example").await;
    town.sign(&Workflow::github("acme/other", "release.yml", "refs/heads/main"));
    town.minutes_pass(150).await;
    assert_eq!(town.alerts(), []);
}

#[tokio::test]
async fn an_entry_that_the_log_does_not_have_is_looked_for_before_it_is_said() {
    let town = Town::settled(Api::RekorV1, "rekor.lab.example").await;
    town.publish("1.1.0", &usual());
    town.minutes_pass(5).await;
    assert_eq!(town.alerts(), [], "replicas lag");
    town.minutes_pass(20).await;
    assert_eq!(town.the_signal(), ("missing-log-entry".to_owned(), Severity::High));
    assert_eq!(town.alerts()[0].members[0].to_string(), "pkg:npm/widget@1.1.0");
}

#[tokio::test]
async fn a_log_that_answers_nonsense_does_not_have_the_entry() {
    let town = Town::settled(Api::RekorV1, "rekor.lab.example").await;
    town.ledger.grow(200);
    town.ledger.misbehave(Misbehaviour::BadProofs);
    town.publish("1.1.0", &usual());
    town.minutes_pass(30).await;
    assert!(town.alerts().iter().any(|alert| alert.signals.iter().any(|one| one.detector == "missing-log-entry")));
}

#[tokio::test]
async fn a_release_that_comes_late_explains_its_entry_all_the_same() {
    let town = Town::settled(Api::Tiles, "log.example").await;
    town.sign(&run(90));
    town.minutes_pass(150).await;
    assert_eq!(town.the_signal().0, "unexplained-entry");
    town.publish("1.1.0", &by_workflow(&run(90)));
    town.minutes_pass(10).await;
    let row = town.app.store.log_entry("log.example", 3).unwrap().unwrap();
    assert_eq!(row.explained_by.unwrap().to_string(), "pkg:npm/widget@1.1.0");
    let workflows = town.app.store.log_workflows("https://github.com/acme/widget").unwrap();
    assert!(workflows.iter().all(|one| one.entries == one.explained), "it is no habit to sign what nobody publishes");
}

/// The lab's own log has the entries of the history, so the ledger of that name is filled with as many.
async fn filled(with: impl Fn(&Town) -> Vec<u8>) -> Town {
    let town = Town::settled(Api::RekorV1, "rekor.lab.example").await;
    for _ in 0..200 {
        town.ledger.append(with(&town));
    }
    town.ledger.publish();
    town.publish("1.1.0", &usual());
    town.minutes_pass(30).await;
    town
}

#[tokio::test]
async fn another_entry_in_its_place_is_worse() {
    let town = filled(|_| filler(1)).await;
    let alerts = town.alerts();
    assert!(alerts.iter().any(|alert| alert.severity == Severity::Critical), "{alerts:?}");
}

#[tokio::test]
async fn the_entry_in_its_place_is_no_news() {
    let town = filled(|town| {
        let der = town.world.lab().authority.issue(&workflow("widget"), town.clock.now()).der;
        hashedrekord(&der, &[7; 32])
    })
    .await;
    assert_eq!(town.alerts(), []);
}

#[tokio::test]
async fn whoever_signs_what_was_released_does_not_become_known_by_it() {
    for number in 0..2 {
        let town = Town::settled(Api::Tiles, "log.example").await;
        town.publish("1.1.0", &by_workflow(&run(80)));
        town.minutes_pass(5).await;
        let digest = hex::decode(&signed(&town, "pkg:npm/widget@1.1.0")[number]).unwrap();
        let run = "https://github.com/acme/widget/actions/runs/666/attempts/1";
        let evil = Workflow::github("acme/widget", "evil.yml", "refs/heads/main").with(Claim::RunInvocationUri, run);
        let der = town.world.lab().authority.issue(&evil, town.clock.now()).der;
        town.ledger.append(hashedrekord(&der, &digest.try_into().unwrap()));
        town.ledger.publish();
        town.pass().await;
        assert_eq!(town.the_signal(), ("new-workflow-in-log".to_owned(), Severity::Medium));
        let row = town.app.store.log_entry("log.example", 3).unwrap().unwrap();
        assert_eq!(row.explained_by, None);
    }
}
