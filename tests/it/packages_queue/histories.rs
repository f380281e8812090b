//! Tests of long histories: read in portions, across restarts, beside new and withdrawn releases.

use chrono::TimeDelta;
use provwatch::{model::ReleaseStatus, store::Outcome};

use super::{EVIL, package, upload, wheel_heavy};
use crate::lab::{Fault, Rig, Workflow, rig::*};

#[tokio::test]
async fn a_long_history_is_read_in_portions_and_survives_a_kill() {
    let rig = wheel_heavy();
    rig.app.packages.reconciler.enqueue_unknown().unwrap();
    let hanging = ["/evil-1.0.12-3-", "/evil-1.0.25-3-"];
    for file in &hanging {
        rig.world.break_down(file, Fault::Hang);
    }
    // The first portion ends with the one that does not answer, the second is under way.
    rig.works_for(15).await;

    let sight = rig.store().first_sights(9).unwrap().remove(0);
    assert!(sight.portions.done >= 10 && sight.portions.total == 32, "{sight:?}");
    assert_eq!(rig.store().package(&package(EVIL)).unwrap().unwrap().backfilled_at, None);
    // The last week was judged before, and says that it is not sure.
    let early = rig.release(&format!("{EVIL}@1.1.0"));
    assert_eq!((early.outcome, early.in_baseline), (Outcome::Unchecked, false));
    assert!(early.unchecked.iter().any(|why| why.contains("still being read")), "{:?}", early.unchecked);
    let stored = |rig: &Rig| rig.store().releases(&package(EVIL), 99).unwrap().len();
    let before: Vec<_> = rig.the_alert().signals.iter().map(|signal| signal.detector.clone()).collect();
    let first = stored(&rig);
    assert!((12..32).contains(&first), "{first}");

    let rig = rig.restarted();
    for file in &hanging {
        rig.world.mend(file);
    }
    rig.works_for(30).await;
    rig.minutes_pass(6);
    rig.works_for(5).await;
    assert_eq!(stored(&rig), 32);
    assert!(rig.store().work_of(&package(EVIL)).unwrap().is_none());
    assert!(rig.store().first_sights(9).unwrap().is_empty());
    for number in 0..30 {
        let row = rig.release(&format!("{EVIL}@1.0.{number}"));
        assert_eq!((row.outcome, row.in_baseline), (Outcome::Learned, true), "{number}: {:?}", row.unchecked);
    }
    let taught = rig.store().baseline_history(&package(EVIL), 99).unwrap();
    assert_eq!(taught.len(), 31, "each taught once, and the one of the last week when all was read");
    assert_eq!(rig.outcome(&format!("{EVIL}@1.1.0")), Outcome::Clean);
    let alert = rig.the_alert();
    assert_eq!(alert.purl.as_ref().unwrap().version(), "1.1.1");
    let after: Vec<_> = alert.signals.iter().map(|signal| signal.detector.clone()).collect();
    assert!(before.iter().all(|signal| after.contains(signal)), "{before:?} {after:?}");
    assert!(
        after.iter().any(|signal| signal == "repository-changed" && !before.contains(signal)),
        "{before:?} {after:?}"
    );
}

#[tokio::test]
async fn a_release_that_comes_while_a_long_history_is_read_is_judged_at_once() {
    let rig = wheel_heavy();
    rig.feeds_are_read().await;
    rig.app.packages.reconciler.enqueue_unknown().unwrap();
    rig.world.break_down("/integrity/evil/1.0.", Fault::Hang);
    rig.works_for(31).await;
    upload(&rig, "1.2.0", 1, &workflow("evil"), rig.now());
    rig.feeds_are_read().await;
    let since = rig.now();
    rig.works_for(20).await;
    let row = rig.release(&format!("{EVIL}@1.2.0"));
    assert!(row.observed_at - since <= TimeDelta::seconds(2), "{}", row.observed_at);
    assert_eq!(row.outcome, Outcome::Unchecked);
}

/// Whoever publishes, or adds a file, while a long history is read, and names a time of long ago, is not part of it.
#[tokio::test]
async fn what_comes_while_a_long_history_is_read_is_not_part_of_it() {
    let rig = wheel_heavy();
    rig.feeds_are_read().await;
    rig.app.packages.reconciler.enqueue_unknown().unwrap();
    let hanging = ["/evil-1.0.12-3-", "/evil-1.0.25-3-"];
    for file in hanging {
        rig.world.break_down(file, Fault::Hang);
    }
    rig.works_for(15).await;
    assert_eq!(rig.store().package(&package(EVIL)).unwrap().unwrap().backfilled_at, None);
    let other = Workflow::github("mallory/evil", "release.yml", "refs/heads/main");
    let long_ago = rig.now() - TimeDelta::days(400);
    upload(&rig, "1.0.99", 1, &other, long_ago);
    let wheel = by_workflow(&other).at(long_ago);
    rig.world.upload_pypi("evil", "1.0.2", "evil-1.0.2-zzz-py3-none-any.whl", &wheel);
    for file in hanging {
        rig.world.mend(file);
    }
    rig.feeds_are_read().await;
    rig.works_for(60).await;
    rig.minutes_pass(6);
    rig.works_for(10).await;
    assert!(rig.store().package(&package(EVIL)).unwrap().unwrap().backfilled_at.is_some());
    let row = rig.release(&format!("{EVIL}@1.0.99"));
    assert_eq!((row.outcome, row.in_baseline), (Outcome::Alerted, false), "{:?}", row.unchecked);
    let alert = rig.alerts().into_iter().find(|alert| alert.purl.as_ref() == Some(&row.purl)).unwrap();
    assert!(alert.argument.contains("Its time is unusual"), "{}", alert.argument);
    assert_eq!(rig.outcome(&format!("{EVIL}@1.0.2")), Outcome::Alerted);
    assert_eq!(rig.outcome(&format!("{EVIL}@1.0.3")), Outcome::Learned);
    assert_eq!(rig.store().package(&package(EVIL)).unwrap().unwrap().history, None, "kept only until then");
}

/// What is published and withdrawn while a first look goes on is not the past.
#[tokio::test]
async fn what_is_withdrawn_while_a_long_history_is_read_leaves_a_trace() {
    let rig = wheel_heavy();
    rig.feeds_are_read().await;
    rig.app.packages.reconciler.enqueue_unknown().unwrap();
    for file in ["/evil-1.0.2-3-", "/evil-1.0.12-3-", "/evil-1.0.25-3-"] {
        rig.world.break_down(file, Fault::Hang);
    }
    rig.works_for(3).await;
    upload(&rig, "1.2.0", 1, &Workflow::github("mallory/evil", "release.yml", "refs/heads/main"), rig.now());
    rig.world.pypi().remove("evil", "1.2.0", rig.now());
    rig.feeds_are_read().await;
    let since = rig.now();
    rig.works_for(17).await;
    assert_eq!(rig.store().package(&package(EVIL)).unwrap().unwrap().backfilled_at, None, "it is still being read");
    let row = rig.release(&format!("{EVIL}@1.2.0"));
    assert_eq!((row.outcome, row.status), (Outcome::Unreadable, ReleaseStatus::Unpublished));
    assert!(row.observed_at - since <= TimeDelta::seconds(60), "{}", row.observed_at);
    assert!(rig.troubles().iter().any(|trouble| trouble.title.contains("1.2.0")), "{:?}", rig.troubles());
}
