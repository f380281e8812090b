//! Tests of good versions that are yanked beside a release with a token, before or after it.

#![allow(clippy::unwrap_used, reason = "a test may fail where it stands")]

use crate::lab;

use lab::{Rig, rig::*};
use provwatch::{model::Severity, store::Outcome};

const WIDGET: &str = "pkg:cargo/widget";
const RELEASE: &str = "pkg:cargo/widget@1.1.0";

async fn looked_at() -> Rig {
    let rig = Rig::watching(&[WIDGET]);
    rig.history(WIDGET, 8, &by_ada());
    rig.settle().await;
    rig
}

/// What the detector says of the release.
fn said(rig: &Rig) -> Vec<Severity> {
    let signals = rig.alerts().into_iter().flat_map(|alert| alert.signals);
    signals.filter(|signal| signal.detector == "versions-yanked").map(|signal| signal.severity).collect()
}

fn yank(rig: &Rig, versions: &[&str]) {
    for version in versions {
        rig.world.crates().yank("widget", version);
    }
}

#[tokio::test]
async fn versions_that_are_yanked_just_before_a_release_count() {
    let rig = looked_at().await;
    rig.minutes_pass(60);
    yank(&rig, &["1.0.6", "1.0.7"]);
    rig.publish(RELEASE, &by_ada());
    rig.settle().await;
    assert_eq!(said(&rig), [Severity::Medium]);
    assert_eq!(rig.outcome(RELEASE), Outcome::Alerted);
}

/// No feed announces a yank there: the daily comparison shows it.
#[tokio::test]
async fn versions_that_are_yanked_just_after_a_release_have_it_judged_again() {
    let rig = looked_at().await;
    rig.minutes_pass(60);
    rig.publish(RELEASE, &by_ada());
    rig.settle().await;
    assert_eq!((said(&rig), rig.outcome(RELEASE)), (Vec::new(), Outcome::Clean));
    rig.minutes_pass(60);
    yank(&rig, &["1.0.5", "1.0.6", "1.0.7"]);
    rig.days_pass(1);
    for _ in 0..3 {
        rig.minutes_pass(30);
        rig.settle().await;
    }
    assert_eq!(said(&rig), [Severity::Medium]);
    let alert = rig.alerts().pop().unwrap();
    assert!(alert.signals[0].seen.contains("1.0.7"), "{}", alert.signals[0].seen);
    for _ in 0..3 {
        rig.days_pass(1);
        rig.settle().await;
    }
    assert_eq!(said(&rig).len(), 1, "it is told once");
}

#[tokio::test]
async fn a_broken_version_that_a_fix_replaces_and_a_late_clean_up_say_nothing() {
    let rig = looked_at().await;
    rig.publish("pkg:cargo/widget@1.0.8", &by_ada());
    rig.settle().await;
    rig.days_pass(8);
    rig.publish(RELEASE, &by_ada());
    yank(&rig, &["1.0.8"]);
    rig.settle().await;
    assert_eq!(said(&rig), []);
    rig.days_pass(1);
    rig.settle().await;
    rig.days_pass(4);
    rig.settle().await;
    yank(&rig, &["1.0.5", "1.0.6"]);
    for _ in 0..3 {
        rig.days_pass(1);
        rig.settle().await;
    }
    assert_eq!(said(&rig), []);
}
