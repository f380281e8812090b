//! Tests of releases with much evidence, or evidence that does not come: provwatch reads it in portions, and hides no
//! release.

use chrono::TimeDelta;
use provwatch::store::Outcome;

use super::{EVIL, knowing, package, take_over, told_after, upload};
use crate::lab::{Fault, Rig, Workflow, rig::*};

/// How often each attestation of the project was asked for, at most.
fn most_asked(rig: &Rig) -> usize {
    let mut counts = std::collections::BTreeMap::new();
    for url in rig.world.requests().into_iter().filter(|url| url.contains("/evil/") && url.ends_with("/provenance")) {
        *counts.entry(url).or_insert(0) += 1;
    }
    counts.into_values().max().unwrap_or_default()
}

#[tokio::test]
async fn evidence_that_does_not_come_delays_nobody_and_hides_no_release() {
    let rig = knowing(&[EVIL]).await;
    rig.world.break_down("/integrity/evil/", Fault::Hang);
    for number in 0..4 {
        upload(&rig, &format!("2.0.{number}"), 60, &workflow("victim"), rig.now());
    }
    rig.feeds_are_read().await;
    let since = rig.now();
    take_over(&rig).await;
    rig.works_for(20).await;
    assert!(told_after(&rig, since) <= 5, "{}", told_after(&rig, since));
    for number in 0..4 {
        let row = rig.release(&format!("{EVIL}@2.0.{number}"));
        assert_eq!(row.outcome, Outcome::Unchecked);
        assert!(row.observed_at - since <= TimeDelta::seconds(16), "{number}: {}", row.observed_at);
    }
    // Nobody asks for all of it without end: the usual schedule begins.
    rig.works_for(60).await;
    assert!(rig.store().work_of(&package(EVIL)).unwrap().is_none());
    let row = rig.release(&format!("{EVIL}@2.0.0"));
    assert!(row.recheck_at.is_some_and(|at| at > rig.now()), "{:?}", row.recheck_at);
    assert!(row.unchecked.iter().any(|why| why.contains("no whole answer within")), "{:?}", row.unchecked);
}

#[tokio::test]
async fn very_much_evidence_is_read_in_portions_and_each_piece_once() {
    let rig = knowing(&[EVIL]).await;
    let mut versions = Vec::new();
    for number in 0..3 {
        versions.push(format!("2.0.{number}"));
        upload(&rig, &versions[number], 90, &workflow("victim"), rig.now());
    }
    // The last file of the last release tells on it.
    let other = by_workflow(&Workflow::github("acme/victim", "evil.yml", "refs/heads/main")).at(rig.now());
    rig.world.upload_pypi("evil", "2.0.2", "evil-2.0.2-zzz-py3-none-any.whl", &other);
    rig.feeds_are_read().await;
    let work = rig.store().work_of(&package(EVIL)).unwrap().unwrap();
    assert_eq!(work.turns, 0);
    rig.works_for(30).await;
    assert_eq!(rig.outcome(&format!("{EVIL}@2.0.0")), Outcome::Clean);
    assert_eq!(rig.outcome(&format!("{EVIL}@2.0.2")), Outcome::Alerted);
    assert_eq!(rig.the_alert().signals[0].detector, "workflow-changed");
    assert_eq!(most_asked(&rig), 1);
    let row = rig.release(&format!("{EVIL}@2.0.1"));
    assert_eq!((row.unchecked, row.recheck_at, row.attempts, row.in_baseline), (vec![], None, 0, true));
    assert!(rig.store().work_of(&package(EVIL)).unwrap().is_none());
}

#[tokio::test]
async fn a_document_that_is_behind_is_read_in_portions_and_waited_for() {
    let rig = knowing(&[EVIL]).await;
    upload(&rig, "2.0.0", 250, &workflow("victim"), rig.now());
    // The last file tells on the release.
    let other = by_workflow(&Workflow::github("acme/victim", "evil.yml", "refs/heads/main")).at(rig.now());
    rig.world.upload_pypi("evil", "2.0.0", "evil-2.0.0-zzz-py3-none-any.whl", &other);
    let older = rig.world.pypi().answer("/simple/evil/", b"").unwrap().2;
    rig.world.break_down("/simple/evil/", Fault::Body(older));
    upload(&rig, "2.0.1", 1, &workflow("victim"), rig.now());
    rig.feeds_are_read().await;
    rig.works_for(30).await;
    assert_eq!(rig.the_alert().signals[0].detector, "workflow-changed");
    assert_eq!(most_asked(&rig), 1);
    let work = rig.store().work_of(&package(EVIL)).unwrap().unwrap();
    assert!(work.attempts > 0 && work.attempts <= 5, "{work:?}");
    assert!(work.last_error.as_ref().is_some_and(|why| why.contains("the feed announced")), "{work:?}");
    rig.world.mend("/simple/evil/");
    rig.works_for(60).await;
    assert_eq!(rig.outcome(&format!("{EVIL}@2.0.1")), Outcome::Clean);
    assert!(rig.store().work_of(&package(EVIL)).unwrap().is_none());
}

#[tokio::test]
async fn evidence_behind_a_pause_is_read_when_it_is_over() {
    let rig = knowing(&[EVIL]).await;
    upload(&rig, "2.0.0", 3, &Workflow::github("acme/victim", "evil.yml", "refs/heads/main"), rig.now());
    let pause = Fault::Status(429, vec![("retry-after".to_owned(), "30".to_owned())]);
    rig.world.fail_once("/integrity/evil/", pause);
    rig.feeds_are_read().await;
    let since = rig.now();
    rig.works_for(3).await;
    assert_eq!(rig.outcome(&format!("{EVIL}@2.0.0")), Outcome::Unchecked);
    assert!(rig.release(&format!("{EVIL}@2.0.0")).unchecked[0].starts_with("not fetched yet"));
    rig.works_for(40).await;
    assert_eq!(rig.the_alert().signals[0].detector, "workflow-changed");
    assert!(rig.the_alert().raised_at - since <= TimeDelta::seconds(35), "{}", rig.the_alert().raised_at);
}
