//! Tests of announcements during the work on a package: the work makes way, and ends all the same.

use chrono::TimeDelta;
use provwatch::clock::Clock;

use super::{EVIL, knowing, package, upload, wheel_heavy};
use crate::lab::{Fault, Rig, Workflow, rig::*};

/// The queue is worked off while a story is told, without a break.
async fn works_while(rig: &Rig, story: impl Future<Output = ()>) {
    let work = rig.app.packages.queue.keep_working();
    let both = async {
        tokio::select! {
            biased;
            ended = work => ended.map(|never| match never {}).expect("the store works"),
            () = story => {}
        }
    };
    rig.as_time_passes(both).await;
}

async fn seconds(rig: &Rig, seconds: u64) {
    rig.clock.timer(std::time::Duration::from_secs(seconds)).await;
}

/// A takeover of a package whose evidence has been read for so many seconds: after how many more it was told.
async fn told_of_takeover_after(rig: &Rig, before: u64) -> i64 {
    let mut since = rig.now();
    let story = async {
        seconds(rig, before).await;
        upload(rig, "9.0.0", 1, &Workflow::github("mallory/evil", "release.yml", "refs/heads/main"), rig.now());
        rig.feeds_are_read().await;
        since = rig.now();
        seconds(rig, 70).await;
    };
    works_while(rig, story).await;
    let alerts = rig.alerts();
    let alert = alerts.iter().find(|alert| alert.purl.as_ref().is_some_and(|it| it.version() == "9.0.0"));
    let standing = || (rig.store().work_of(&package(EVIL)).unwrap(), rig.release(&format!("{EVIL}@9.0.0")));
    (alert.unwrap_or_else(|| panic!("nobody was told of it: {:?}", standing())).raised_at - since).num_seconds()
}

/// However much of a package is to be read, and however slowly it comes: what is announced of it meanwhile is told at once.
#[tokio::test]
async fn a_long_turn_of_a_package_ends_when_the_package_is_announced_anew() {
    for before in [1, 3, 8] {
        let rig = knowing(&[EVIL]).await;
        for number in 0..4 {
            upload(&rig, &format!("2.0.{number}"), 60, &workflow("victim"), rig.now());
        }
        rig.world.break_down("/integrity/evil/2.0.", Fault::Hang);
        rig.feeds_are_read().await;
        let seconds = told_of_takeover_after(&rig, before).await;
        assert!(seconds <= 16, "after {before} s: {seconds}");
    }
}

#[tokio::test]
async fn a_first_sight_waits_when_the_package_is_announced() {
    for before in [1, 8, 13, 20] {
        let rig = wheel_heavy();
        rig.feeds_are_read().await;
        rig.app.packages.reconciler.enqueue_unknown().unwrap();
        for file in ["/evil-1.0.2-3-", "/evil-1.0.12-3-", "/evil-1.0.25-3-"] {
            rig.world.break_down(file, Fault::Hang);
        }
        let seconds = told_of_takeover_after(&rig, before).await;
        assert!(seconds <= 16, "after {before} s: {seconds}");
    }
}

/// Evidence of old releases that is asked for again does not come before a new release.
#[tokio::test]
async fn a_second_look_at_old_evidence_waits_when_the_package_is_announced() {
    let rig = Rig::watching(&[EVIL]);
    for number in 0..30 {
        upload(&rig, &format!("1.0.{number}"), 3, &workflow("evil"), rig.now() - TimeDelta::days(40 - number));
    }
    rig.world.break_down("/integrity/evil/1.0.2", Fault::Status(404, Vec::new()));
    rig.pass().await;
    rig.world.mend("/integrity/evil/1.0.2");
    rig.world.break_down("/integrity/evil/1.0.2", Fault::Hang);
    rig.minutes_pass(6);
    upload(&rig, "9.0.0", 1, &Workflow::github("mallory/evil", "release.yml", "refs/heads/main"), rig.now());
    rig.feeds_are_read().await;
    let since = rig.now();
    rig.works_for(30).await;
    let alerts = rig.alerts();
    let told = alerts.iter().find(|alert| alert.purl.as_ref().is_some_and(|it| it.version() == "9.0.0")).unwrap();
    assert!(told.raised_at - since <= TimeDelta::seconds(2), "{}", told.raised_at - since);
}

/// Whoever announces a package again and again does not keep its evidence from being read.
#[tokio::test]
async fn a_package_that_is_announced_without_pause_is_read_all_the_same() {
    for document in [0, 7, 12] {
        read_though_announced_without_pause(document).await;
    }
}

/// The package's document takes so many seconds.
async fn read_though_announced_without_pause(document: u64) {
    let rig = knowing(&[EVIL]).await;
    if document > 0 {
        let late = Fault::Late(rig.clock.clone(), std::time::Duration::from_secs(document));
        rig.world.break_down("pypi.example/simple/evil/", late);
    }
    upload(&rig, "2.0.0", 150, &workflow("victim"), rig.now());
    let other = by_workflow(&Workflow::github("acme/victim", "evil.yml", "refs/heads/main")).at(rig.now());
    rig.world.upload_pypi("evil", "2.0.0", "evil-2.0.0-zzz-py3-none-any.whl", &other);
    rig.world.break_down("/integrity/evil/2.0.0/evil-2.0.0-0-", Fault::Hang);
    rig.feeds_are_read().await;
    let story = async {
        for _ in 0..60 {
            seconds(&rig, 2).await;
            rig.world.pypi_role("evil", "change something", START);
            rig.feeds_are_read().await;
        }
    };
    works_while(&rig, story).await;
    let alerts = rig.alerts();
    let is_read = alerts.iter().flat_map(|alert| &alert.signals).any(|signal| signal.detector == "workflow-changed");
    assert!(is_read, "{document} s: {alerts:?}");
}
