//! Tests of mirrors and unavailable servers: documents without a revision, web pages in place of documents, and silent
//! hosts.

#![allow(clippy::unwrap_used, reason = "a test may fail where it stands")]

use crate::lab;

use std::sync::{Arc, Mutex};

use lab::{Fault, Publication, Rig, due, rig::*};
use provwatch::{
    model::{AlertStatus, Severity},
    progress::{Progress, Step},
    store::{AGAIN, Outcome},
};
use serde_json::{Value, json};

async fn watched(packages: &[&str], publication: &Publication) -> Rig {
    let rig = Rig::watching(packages);
    for package in packages {
        rig.history(package, 4, publication);
    }
    rig.smooth_pass().await;
    rig.minutes_pass(1);
    rig
}

fn changed(body: &[u8], change: impl FnOnce(&mut Value)) -> Vec<u8> {
    let mut document: Value = serde_json::from_slice(body).unwrap();
    change(&mut document);
    document.to_string().into_bytes()
}

fn without_revision(body: &[u8]) -> Vec<u8> {
    changed(body, |document| drop(document.as_object_mut().unwrap().remove("_rev")))
}

fn constant_revision(body: &[u8]) -> Vec<u8> {
    changed(body, |document| document["_rev"] = json!("1-0"))
}

/// One that has the form of those that count.
fn standing_revision(body: &[u8]) -> Vec<u8> {
    changed(body, |document| document["_rev"] = json!("1-492fb14479b1ae44c0150d53ab2ce6ba"))
}

fn without_serial(body: &[u8]) -> Vec<u8> {
    changed(body, |document| document["meta"]["_last-serial"] = json!(0))
}

/// What of the queue is looked at once more, and when, in seconds from now.
fn again(rig: &Rig, package: &str) -> Option<(u32, bool)> {
    let work = rig.store().work_of(&package.parse().unwrap()).unwrap()?;
    assert_eq!((work.reason.as_str(), work.attempts, work.revision), (AGAIN, 0, None));
    let due = due::work(rig.store(), rig.now());
    Some((work.behind, due.iter().any(|due| due.package == work.package)))
}

#[tokio::test]
async fn a_document_that_does_not_tell_how_new_it_is_is_taken_and_looked_at_twice_more() {
    for fault in [without_revision, constant_revision] {
        let rig = watched(&["pkg:npm/widget"], &by_workflow(&workflow("widget"))).await;
        rig.world.break_down("npm.example/widget#", Fault::Changed(fault));
        rig.publish("pkg:npm/widget@1.1.0", &by_mallory());
        rig.smooth_pass().await;
        assert_eq!(rig.outcome("pkg:npm/widget@1.1.0"), Outcome::Alerted, "at once");
        assert_eq!(rig.store().work_summary(rig.now()).unwrap().failing, 0);
        assert_eq!(again(&rig, "pkg:npm/widget"), Some((1, false)));
        for (seconds, expected) in [(9, Some((1, false))), (1, Some((2, false))), (49, Some((2, false))), (1, None)] {
            rig.clock.advance(std::time::Duration::from_secs(seconds));
            rig.smooth_pass().await;
            assert_eq!(again(&rig, "pkg:npm/widget"), expected);
        }
        let trouble = rig.troubles().pop().unwrap();
        assert_eq!(
            (trouble.severity, trouble.title.as_str()),
            (Severity::Low, "documents of npm do not tell how new they are")
        );
        rig.world.mend("npm.example/widget#");
        rig.publish("pkg:npm/widget@1.1.1", &by_mallory());
        rig.smooth_pass().await;
        assert_eq!(rig.troubles()[0].status, AlertStatus::Resolved);
    }
}

#[tokio::test]
async fn what_reaches_a_mirror_after_the_announcement_is_found_within_a_minute() {
    for (package, place, change) in [
        ("pkg:npm/widget", "npm.example/widget#", without_revision as fn(&[u8]) -> Vec<u8>),
        ("pkg:npm/widget", "npm.example/widget#", constant_revision),
        ("pkg:pypi/widget", "pypi.example/simple/widget", without_serial),
    ] {
        for late in [5, 40] {
            let rig = watched(&[package], &by_ada()).await;
            // Neither a validator that stays hides it.
            rig.world.keep_etag("npm.example");
            let release = format!("{package}@1.1.0");
            let before = match place.split('.').next() {
                Some("npm") => rig.world.npm().registry("/widget").unwrap().2,
                _ => rig.world.pypi().answer("/simple/widget/", b"").unwrap().2,
            };
            rig.publish(&release, &by_mallory());
            rig.world.break_down(place, Fault::Body(change(&before)));
            rig.smooth_pass().await;
            assert!(rig.store().release(&release.parse().unwrap()).unwrap().is_none(), "it is not there yet");
            rig.world.mend(place);
            rig.world.break_down(place, Fault::Changed(change));
            rig.clock.advance(std::time::Duration::from_secs(late));
            rig.smooth_pass().await;
            rig.clock.advance(std::time::Duration::from_secs(60 - late));
            rig.smooth_pass().await;
            assert!(rig.store().release(&release.parse().unwrap()).unwrap().is_some(), "{package} {late}");
            assert_eq!(rig.troubles().len(), 1, "nothing is called withdrawn: {:?}", rig.troubles());
        }
    }
}

#[tokio::test]
async fn a_revision_that_stays_while_releases_come_confirms_nothing() {
    let rig = Rig::watching(&["pkg:npm/widget"]);
    rig.history("pkg:npm/widget", 4, &by_ada());
    rig.world.break_down("npm.example/widget#", Fault::Changed(standing_revision));
    rig.settle().await;
    rig.publish("pkg:npm/widget@1.1.0", &by_mallory());
    rig.smooth_pass().await;
    assert_eq!(rig.outcome("pkg:npm/widget@1.1.0"), Outcome::Alerted);
    assert_eq!(again(&rig, "pkg:npm/widget"), Some((1, false)), "it is not waited for as a replica that lags");
}

/// A validator that stays the same would hide what nobody announces.
#[tokio::test]
async fn a_validator_that_stays_while_the_document_changes_is_not_used_again() {
    for (package, host) in
        [("pkg:npm/widget", "npm.example"), ("pkg:pypi/widget", "pypi.example"), ("pkg:cargo/widget", "index.example")]
    {
        let rig = Rig::watching(&[package]);
        rig.history(package, 4, &by_ada());
        rig.world.keep_etag(host);
        rig.settle().await;
        rig.publish(&format!("{package}@1.1.0"), &by_ada());
        rig.settle().await;
        // The feed says nothing any more.
        for feed in ["replicate.example", "pypi.example/pypi#", "static.example"] {
            rig.world.break_down(feed, Fault::Status(500, vec![]));
        }
        for version in ["1.1.1", "1.1.2"] {
            rig.publish(&format!("{package}@{version}"), &by_ada());
            rig.days_pass(2);
            rig.pass().await;
            let release = format!("{package}@{version}").parse().unwrap();
            assert!(rig.store().release(&release).unwrap().is_some(), "{release}");
        }
    }
}

#[tokio::test]
async fn a_page_in_the_place_of_a_document_is_said_with_the_next_step() {
    let page = || Fault::Body(b"<!DOCTYPE html><html><title>Sign in</title></html>".to_vec());
    for (package, place, next) in [
        ("pkg:npm/widget", "npm.example/widget", "give the base URL that npm's clients use"),
        ("pkg:pypi/widget", "pypi.example/simple/widget", "an index without a JSON form (PEP 691)"),
        ("pkg:cargo/widget", "index.example/", "give the URL of the sparse index"),
    ] {
        let rig = watched(&[package], &by_ada()).await;
        rig.world.break_down(place, page());
        rig.publish(&format!("{package}@1.1.0"), &by_ada());
        rig.pass().await;
        let work = rig.store().work_of(&package.parse().unwrap()).unwrap().unwrap();
        let error = work.last_error.unwrap();
        assert!(error.contains("answered text/html: ") && error.contains(next), "{package}: {error}");
        rig.world.mend(place);
        rig.minutes_pass(1);
        rig.smooth_pass().await;
        assert!(rig.store().work_of(&package.parse().unwrap()).unwrap().is_none(), "{package}");
    }
}

/// Notes which registries are given up.
#[derive(Debug, Default)]
struct Notes(Mutex<Vec<(String, u64)>>);

impl Progress for Notes {
    fn report(&self, step: &Step<'_>) {
        if let Step::GivenUp { registry, left, .. } = step {
            self.0.lock().unwrap().push(((*registry).to_owned(), *left));
        }
    }
}

#[tokio::test]
async fn a_host_that_does_not_answer_is_given_up_once_for_all_its_packages() {
    let npm: Vec<String> = (0..60).map(|number| format!("pkg:npm/many-{number}")).collect();
    let all: Vec<&str> = npm.iter().map(String::as_str).chain(["pkg:pypi/widget", "pkg:cargo/widget"]).collect();
    for fault in [Fault::Reset, Fault::Hang] {
        let notes = Arc::new(Notes::default());
        let rig = Rig::watching(&all).restarted_with(Arc::clone(&notes) as _);
        for package in &all {
            rig.history(package, 2, &by_ada());
        }
        rig.world.break_down("npm.example/", fault);
        let since = rig.now();
        let pass = rig.as_time_passes(rig.app.pass()).await.unwrap();
        assert_eq!(pass.work.packages, 2, "the other registries are looked at");
        let asked = rig.world.requests().iter().filter(|url| url.contains("npm.example/many-")).count();
        assert!(asked <= 2 * 8, "{asked} requests");
        assert!((rig.now() - since).num_seconds() < 150, "{}", rig.now() - since);
        let left = 60 - u64::try_from(pass.work.postponed).unwrap();
        assert_eq!(*notes.0.lock().unwrap(), [("npm".to_owned(), left)], "said once");
        let summary = rig.store().work_summary(rig.now()).unwrap();
        assert_eq!((summary.waiting, summary.failing), (60, 60 - left), "what was not tried did not fail");

        rig.world.mend("npm.example/");
        rig.minutes_pass(5);
        rig.smooth_pass().await;
        assert_eq!(rig.store().work_summary(rig.now()).unwrap().waiting, 0);
    }
}

#[tokio::test]
async fn a_pass_over_unchanged_packages_makes_one_conditional_request_each() {
    let all: Vec<String> =
        (0..20).flat_map(|number| ["npm", "pypi", "cargo"].map(|kind| format!("pkg:{kind}/many-{number}"))).collect();
    let names: Vec<&str> = all.iter().map(String::as_str).collect();
    let rig = watched(&names, &by_ada()).await;
    rig.settle().await;
    for _ in 0..2 {
        rig.days_pass(2);
        let before = rig.world.requests().len();
        rig.smooth_pass().await;
        let asked = rig.world.requests().split_off(before);
        let of_packages: Vec<_> = asked.iter().filter(|url| url.contains("many-")).collect();
        assert_eq!(of_packages.len(), all.len(), "{of_packages:?}");
        assert_eq!(rig.world.answered_in_full(before), 0, "each is answered with 304");
    }
}
