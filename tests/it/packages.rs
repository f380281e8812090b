//! Tests of the whole pipeline, from the registries' feeds to the receivers of alerts.

#![allow(clippy::unwrap_used, reason = "a test may fail where it stands")]

use crate::lab;

use lab::{Rig, rig::*};
use provwatch::{
    model::{ReleaseStatus, Severity},
    store::{DeliveryStatus, EventKind, Outcome},
};

fn detectors(alert: &provwatch::model::Alert) -> Vec<&str> {
    alert.signals.iter().map(|signal| &*signal.detector).collect()
}

#[tokio::test]
async fn the_first_sight_learns_and_stays_quiet() {
    let rig = Rig::watching(&["pkg:npm/widget", "pkg:cargo/widget"]);
    rig.history("pkg:npm/widget", 5, &by_ada());
    rig.history("pkg:cargo/widget", 5, &by_ada());
    rig.smooth_pass().await;
    assert_eq!(rig.alerts(), []);
    for release in ["pkg:npm/widget@1.0.0", "pkg:npm/widget@1.0.4", "pkg:cargo/widget@1.0.4"] {
        let row = rig.release(release);
        assert_eq!((row.outcome, row.in_baseline), (Outcome::Learned, true), "{release}");
    }
    let baseline = rig.store().baseline(&"pkg:npm/widget".parse().unwrap()).unwrap();
    assert_eq!(baseline.revision, 5);
}

#[tokio::test]
async fn a_release_like_the_others_is_clean() {
    let rig = Rig::watching(&["pkg:npm/widget"]);
    rig.history("pkg:npm/widget", 5, &by_ada());
    rig.smooth_pass().await;
    rig.publish("pkg:npm/widget@1.1.0", &by_ada());
    let summary = rig.smooth_pass().await;
    assert_eq!(summary.work.examined.releases, 1);
    let row = rig.release("pkg:npm/widget@1.1.0");
    assert_eq!((row.outcome, row.in_baseline), (Outcome::Clean, true));
    assert_eq!(rig.alerts(), []);
}

#[tokio::test]
async fn a_stranger_with_a_token_is_one_alert_with_its_evidence() {
    let rig = Rig::watching(&["pkg:npm/widget"]);
    rig.history("pkg:npm/widget", 8, &by_ada());
    rig.smooth_pass().await;
    rig.publish("pkg:npm/widget@1.1.0", &by_mallory().install_script("node steal.js"));
    let summary = rig.smooth_pass().await;
    let alert = rig.the_alert();
    assert_eq!(detectors(&alert), ["publisher-changed", "install-script-added"]);
    assert!(alert.severity >= Severity::High, "{}", alert.argument);
    assert_eq!(alert.purl.unwrap().to_string(), "pkg:npm/widget@1.1.0");
    assert_eq!(summary.delivered, 2, "one delivery for each subscription");
    let received: Vec<_> =
        rig.world.received().into_iter().map(|(path, body)| (path, body["data"]["id"].clone())).collect();
    assert_eq!(
        received,
        [("/everything".to_owned(), alert.id.to_string().into()), ("/worst".to_owned(), alert.id.to_string().into())]
    );
    let row = rig.release("pkg:npm/widget@1.1.0");
    assert_eq!((row.outcome, row.in_baseline), (Outcome::Alerted, false), "an alerted release does not teach");
}

#[tokio::test]
async fn a_token_after_trusted_publishing_is_a_loss_of_evidence() {
    let rig = Rig::watching(&["pkg:cargo/widget"]);
    rig.history("pkg:cargo/widget", 8, &by_workflow(&workflow("widget")));
    rig.smooth_pass().await;
    rig.publish("pkg:cargo/widget@1.1.0", &by_mallory());
    rig.smooth_pass().await;
    let alert = rig.the_alert();
    assert_eq!(alert.signals[0].detector, "evidence-downgrade");
    assert!(alert.severity >= Severity::High, "{}", alert.argument);
}

#[tokio::test]
async fn several_publishes_within_one_event_are_all_seen() {
    let rig = Rig::watching(&["pkg:npm/widget"]);
    rig.history("pkg:npm/widget", 3, &by_ada());
    rig.smooth_pass().await;
    for version in ["1.1.0", "1.1.1", "1.1.2"] {
        rig.publish(&format!("pkg:npm/widget@{version}"), &by_ada());
    }
    let summary = rig.smooth_pass().await;
    assert_eq!(summary.work.examined.releases, 3);
    let events = rig.store().events_of(&"pkg:npm/widget".parse().unwrap(), None, 10).unwrap();
    assert_eq!(events.len(), 1, "npm keeps the latest change of a document only");
}

#[tokio::test]
async fn a_document_older_than_announced_is_asked_for_again() {
    let rig = Rig::watching(&["pkg:npm/widget"]);
    rig.history("pkg:npm/widget", 3, &by_ada());
    rig.smooth_pass().await;
    rig.world.npm().lag("widget");
    rig.publish("pkg:npm/widget@1.1.0", &by_mallory());
    let summary = rig.pass().await;
    assert_eq!(summary.work.postponed, 1);
    assert_eq!(rig.alerts(), []);
    rig.world.npm().catch_up("widget");
    rig.minutes_pass(1);
    rig.smooth_pass().await;
    assert_eq!(rig.the_alert().signals[0].detector, "publisher-changed");
}

#[tokio::test]
async fn a_document_that_never_reaches_what_was_announced_is_taken_at_last() {
    let rig = Rig::watching(&["pkg:npm/widget"]);
    rig.history("pkg:npm/widget", 3, &by_ada());
    rig.smooth_pass().await;
    rig.world.npm().lag("widget");
    rig.publish("pkg:npm/widget@1.1.0", &by_ada());
    rig.pass().await;
    rig.world.npm().catch_up("widget");
    // The package is taken down before its document is seen; the removal is another event, without a revision.
    rig.world.npm().take_down("widget");
    rig.settle().await;
    assert_eq!(rig.release("pkg:npm/widget@1.0.0").status, ReleaseStatus::Unpublished);
    let package = rig.store().package(&"pkg:npm/widget".parse().unwrap()).unwrap().unwrap();
    assert_eq!(package.status.as_deref(), Some("gone"));
}

#[tokio::test]
async fn a_reset_sequence_is_said_and_nothing_is_lost() {
    let rig = Rig::watching(&["pkg:npm/widget", "pkg:npm/gadget"]);
    for package in ["pkg:npm/widget", "pkg:npm/gadget"] {
        rig.history(package, 4, &by_ada());
    }
    rig.smooth_pass().await;
    rig.publish("pkg:npm/gadget@1.1.0", &by_mallory());
    rig.world.npm().reset_sequence();
    rig.smooth_pass().await;
    assert_eq!(rig.the_alert().purl.unwrap().to_string(), "pkg:npm/gadget@1.1.0");
    let troubles = rig.troubles();
    assert_eq!(troubles.len(), 1);
    assert_eq!(troubles[0].title, "cursor gap in npm-changes");
    assert!(troubles[0].argument.contains("all 2 watched packages"), "{}", troubles[0].argument);
}

#[tokio::test]
async fn what_did_not_change_is_not_read_again() {
    let rig = Rig::watching(&["pkg:npm/widget", "pkg:pypi/widget", "pkg:cargo/widget"]);
    for package in ["pkg:npm/widget", "pkg:pypi/widget", "pkg:cargo/widget"] {
        rig.history(package, 2, &by_ada());
    }
    rig.smooth_pass().await;
    let packages: Vec<_> = rig.app.watchlist.now().packages().map(|(package, _)| package.clone()).collect();
    let before = rig.store().stats().unwrap().releases;
    rig.minutes_pass(5);
    rig.store().enqueue(&packages, "by hand", rig.now()).unwrap();
    let summary = rig.smooth_pass().await;
    assert_eq!((summary.work.packages, summary.work.examined.releases), (3, 0));
    assert_eq!(rig.store().stats().unwrap().releases, before);
    for package in &packages {
        assert_eq!(rig.store().package(package).unwrap().unwrap().checked_at, Some(rig.now()), "{package}");
    }
}

#[tokio::test]
async fn what_is_withdrawn_is_known_to_be() {
    let rig = Rig::watching(&["pkg:npm/widget", "pkg:pypi/widget", "pkg:cargo/widget", "pkg:pypi/locked"]);
    for package in ["pkg:npm/widget", "pkg:pypi/widget", "pkg:cargo/widget", "pkg:pypi/locked"] {
        rig.history(package, 3, &by_ada());
    }
    rig.smooth_pass().await;
    rig.world.unpublish_npm("widget", "1.0.1");
    rig.world.pypi().yank("widget", "1.0.1", rig.now());
    rig.world.pypi().quarantine("locked", rig.now());
    rig.world.crates().yank("widget", "1.0.1");
    rig.publish("pkg:cargo/widget@1.1.0", &by_ada());
    rig.smooth_pass().await;
    for (release, status) in [
        ("pkg:npm/widget@1.0.1", ReleaseStatus::Unpublished),
        ("pkg:npm/widget@1.0.2", ReleaseStatus::Published),
        ("pkg:pypi/widget@1.0.1", ReleaseStatus::Yanked),
        ("pkg:pypi/widget@1.0.2", ReleaseStatus::Published),
        ("pkg:pypi/locked@1.0.0", ReleaseStatus::Quarantined),
        ("pkg:cargo/widget@1.0.1", ReleaseStatus::Yanked),
    ] {
        assert_eq!(rig.release(release).status, status, "{release}");
    }
}

#[tokio::test]
async fn changes_of_who_may_publish_are_stored() {
    let rig = Rig::watching(&["pkg:pypi/widget"]);
    rig.history("pkg:pypi/widget", 2, &by_ada());
    rig.smooth_pass().await;
    rig.world.pypi_role("widget", "add Owner mallory", &rfc3339(rig.now()));
    rig.smooth_pass().await;
    let events = rig.store().events_of(&"pkg:pypi/widget".parse().unwrap(), Some(EventKind::Governance), 10).unwrap();
    assert_eq!(events.len(), 1);
    assert!(events[0].change.contains("add Owner mallory"), "{}", events[0].change);
    assert_eq!(rig.alerts(), []);
}

#[tokio::test]
async fn a_pattern_meets_its_packages_in_the_feed() {
    let rig = Rig::watching(&["pkg:npm/@acme/*"]);
    rig.history("pkg:npm/%40acme/widget", 6, &by_ada());
    rig.smooth_pass().await;
    assert_eq!(rig.store().packages().unwrap(), [], "nobody has named it yet");
    rig.publish("pkg:npm/%40acme/widget@1.1.0", &by_mallory());
    rig.smooth_pass().await;
    assert_eq!(rig.outcome("pkg:npm/%40acme/widget@1.0.5"), Outcome::Learned);
    assert_eq!(rig.the_alert().purl.unwrap().to_string(), "pkg:npm/%40acme/widget@1.1.0");
}

#[tokio::test]
async fn a_package_that_is_gone_keeps_its_past() {
    let rig = Rig::watching(&["pkg:npm/widget", "pkg:npm/never-was"]);
    rig.history("pkg:npm/widget", 3, &by_ada());
    rig.smooth_pass().await;
    let never = rig.store().package(&"pkg:npm/never-was".parse().unwrap()).unwrap().unwrap();
    assert_eq!((never.status.as_deref(), never.backfilled_at), (Some("gone"), None));
    rig.world.npm().take_down("widget");
    rig.smooth_pass().await;
    let row = rig.release("pkg:npm/widget@1.0.2");
    assert_eq!((row.status, row.outcome), (ReleaseStatus::Unpublished, Outcome::Learned));
}

#[tokio::test]
async fn a_sink_that_fails_is_tried_again_after_a_restart() {
    let rig = Rig::watching(&["pkg:npm/widget"]);
    rig.history("pkg:npm/widget", 8, &by_ada());
    rig.smooth_pass().await;
    rig.world.break_down("hooks.example/worst", lab::Fault::Status(503, vec![]));
    rig.publish("pkg:npm/widget@1.1.0", &by_mallory().install_script("node steal.js"));
    let summary = rig.pass().await;
    assert_eq!((summary.delivered, summary.undelivered), (1, 1));
    let rig = rig.restarted();
    rig.world.mend("hooks.example/worst");
    rig.minutes_pass(10);
    let summary = rig.smooth_pass().await;
    assert_eq!(summary.delivered, 1, "the other subscription has it already");
    let states = rig.store().deliveries_of(&rig.the_alert(), 10).unwrap();
    assert!(states.iter().all(|delivery| delivery.state == DeliveryStatus::Delivered), "{states:?}");
    rig.minutes_pass(600);
    assert_eq!(rig.smooth_pass().await.delivered, 0);
}
