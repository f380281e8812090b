//! Tests of what becomes of a release after its alert: it is added to the alert, whoever was told is told once, and severity and
//! status stay.

#![allow(clippy::unwrap_used, reason = "a test may fail where it stands")]

use crate::lab;

use lab::{Rig, rig::*};
use provwatch::model::{Alert, AlertStatus, DevelopmentKind};

/// A package with a habit, and a release by a stranger that everybody was told of.
async fn taken_over(package: &str) -> Rig {
    let rig = Rig::watching(&[package]);
    rig.history(package, 8, &by_workflow(&workflow("widget")));
    rig.settle().await;
    rig.publish(&format!("{package}@1.1.0"), &by_mallory());
    rig.settle().await;
    assert_eq!(rig.the_alert().developments, []);
    rig
}

fn kinds(alert: &Alert) -> Vec<DevelopmentKind> {
    alert.developments.iter().map(|development| development.kind).collect()
}

/// The messages since some were received: how many developments each has, and its headline's end.
fn messages(rig: &Rig, since: usize) -> Vec<usize> {
    let received = rig.world.received().split_off(since);
    received.iter().map(|(_, body)| body["data"]["developments"].as_array().map_or(0, Vec::len)).collect()
}

#[tokio::test]
async fn a_withdrawal_is_told_once_and_ends_nothing() {
    type Withdraw = fn(&Rig);
    let npm: Withdraw = |rig| rig.world.unpublish_npm("widget", "1.1.0");
    let cargo: Withdraw = |rig| rig.world.crates().yank("widget", "1.1.0");
    let pypi: Withdraw = |rig| rig.world.pypi().yank("widget", "1.1.0", rig.now());
    for (package, withdraw) in [("pkg:npm/widget", npm), ("pkg:cargo/widget", cargo), ("pkg:pypi/widget", pypi)] {
        let rig = taken_over(package).await;
        let (before, told) = (rig.the_alert(), rig.world.received().len());
        assert!(told > 0, "{package}");
        rig.store().acknowledge(&before.fingerprint, "ada", "on it", rig.now()).unwrap();
        rig.minutes_pass(30);
        withdraw(&rig);
        for _ in 0..3 {
            rig.days_pass(1);
            rig.settle().await;
        }
        let after = rig.the_alert();
        assert_eq!(kinds(&after), [DevelopmentKind::Withdrawn], "{package}");
        assert_eq!((after.severity, after.status), (before.severity, AlertStatus::Acknowledged), "{package}");
        assert_eq!(after.signals, before.signals, "{package}");
        assert_eq!(messages(&rig, told), vec![1; told], "{package}: each receiver of the first message gets one more");
    }
}

#[tokio::test]
async fn a_quarantine_and_its_end_are_told_each_once() {
    let rig = taken_over("pkg:pypi/widget").await;
    let told = rig.world.received().len();
    rig.minutes_pass(30);
    rig.world.pypi().quarantine("widget", rig.now());
    for _ in 0..2 {
        rig.days_pass(1);
        rig.settle().await;
    }
    assert_eq!(kinds(&rig.the_alert()), [DevelopmentKind::Quarantined]);
    assert_eq!(messages(&rig, told), vec![1; told]);
    assert_eq!(rig.the_alert().status, AlertStatus::Open);
}
