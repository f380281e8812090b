//! Tests of dist-tags: a move back without a release raises one alert, and releases, withdrawals and stale documents none.

#![allow(clippy::unwrap_used, reason = "a test may fail where it stands")]

use crate::lab;

use lab::{Rig, rig::*};
use provwatch::model::{Alert, AlertKind, Severity};

const WIDGET: &str = "pkg:npm/widget";

/// A package with the releases `1.0.0` to `1.0.7`, or as many as given, looked at.
async fn looked_at() -> Rig {
    let rig = Rig::watching(&[WIDGET]);
    rig.history(WIDGET, 8, &by_ada());
    rig.settle().await;
    assert_eq!(rig.alerts(), []);
    rig
}

/// The versions of the package, in publish order.
fn versions(rig: &Rig) -> Vec<String> {
    let rows = rig.store().releases(&WIDGET.parse().unwrap(), 100).unwrap();
    let mut rows: Vec<_> = rows.iter().map(|row| (row.published_at, row.purl.version().to_owned())).collect();
    rows.sort();
    rows.into_iter().map(|(_, version)| version).collect()
}

async fn moves(rig: &Rig, tag: &str, version: &str) {
    rig.days_pass(4);
    rig.world.tag_npm("widget", tag, version);
    rig.settle().await;
}

fn about_tags(rig: &Rig) -> Vec<Alert> {
    let is_of_tags = |alert: &Alert| alert.signals.iter().any(|signal| signal.detector == "dist-tag-moved");
    rig.alerts().into_iter().filter(is_of_tags).collect()
}

#[tokio::test]
async fn a_move_back_without_a_release_is_one_alert_about_the_package() {
    let rig = looked_at().await;
    let versions = versions(&rig);
    let (old, newest) = (&versions[1], versions.last().unwrap());
    moves(&rig, "latest", old).await;
    let alert = rig.the_alert();
    assert_eq!((alert.kind, alert.severity, &alert.purl), (AlertKind::Release, Severity::Medium, &None));
    assert_eq!(alert.package.as_ref().unwrap().to_string(), WIDGET);
    assert_eq!(alert.title, format!("widget: latest moved from {newest} to {old} without a release"));
    let signal = &alert.signals[0];
    assert_eq!((&signal.expected, &signal.seen), (&format!("latest = {newest}"), &format!("latest = {old}")));
    assert!(signal.since.is_some());

    // Later reads, and a return to the newest version, tell nothing.
    for _ in 0..3 {
        rig.days_pass(1);
        rig.settle().await;
    }
    moves(&rig, "latest", newest).await;
    assert_eq!(rig.alerts().len(), 1);
    // The same move again is the same alert, and another one is not.
    moves(&rig, "latest", old).await;
    assert_eq!(rig.alerts().len(), 1);
    moves(&rig, "latest", &versions[0]).await;
    assert_eq!(rig.alerts().len(), 2);
}

#[tokio::test]
async fn a_release_or_a_withdrawal_explains_a_move() {
    let rig = looked_at().await;
    let versions = versions(&rig);
    // A back-port takes `latest` by mistake, and the maintainers give it back.
    rig.days_pass(1);
    rig.publish("pkg:npm/widget@0.9.9", &by_ada());
    rig.settle().await;
    moves(&rig, "latest", versions.last().unwrap()).await;
    // The registry moves it where its version is unpublished.
    rig.world.unpublish_npm("widget", versions.last().unwrap());
    moves(&rig, "latest", &versions[versions.len() - 2]).await;
    assert_eq!(about_tags(&rig), []);
}

#[tokio::test]
async fn a_quick_rollback_is_low_and_a_dist_tag_without_a_habit_moves_freely() {
    let rig = looked_at().await;
    let before = versions(&rig).pop().unwrap();
    rig.days_pass(1);
    rig.publish("pkg:npm/widget@1.1.0", &by_ada());
    rig.settle().await;
    rig.minutes_pass(600);
    rig.world.tag_npm("widget", "latest", &before);
    rig.settle().await;
    let severities: Vec<Severity> = about_tags(&rig).iter().map(|alert| alert.severity).collect();
    assert_eq!(severities, [Severity::Low]);
    for version in ["1.1.0", &before] {
        moves(&rig, "canary", version).await;
    }
    assert_eq!(about_tags(&rig).len(), 1);
}

#[tokio::test]
async fn a_dist_tag_that_always_moved_forward_is_noticed_when_it_does_not() {
    let rig = looked_at().await;
    let versions = versions(&rig);
    for version in &versions[..4] {
        moves(&rig, "next", version).await;
    }
    assert_eq!(about_tags(&rig), []);
    moves(&rig, "next", &versions[0]).await;
    assert_eq!(about_tags(&rig).len(), 1);
}

#[tokio::test]
async fn a_restart_forgets_no_dist_tag() {
    let rig = looked_at().await;
    let old = versions(&rig).remove(0);
    rig.world.tag_npm("widget", "latest", &old);
    let rig = rig.restarted();
    rig.settle().await;
    assert_eq!(about_tags(&rig).len(), 1);
}
