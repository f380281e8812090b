//! Whom one package, document or host keeps waiting: nobody. Time passes only where something is waited for.

#![allow(clippy::unwrap_used, reason = "a test may fail where it stands")]

mod lab;

use chrono::TimeDelta;
use lab::{Fault, Publication, Rig, rig::*};
use provwatch::{
    model::{Ecosystem, Package},
    store::{Lane, Outcome},
};

const VICTIMS: [&str; 3] = ["pkg:npm/victim", "pkg:pypi/victim", "pkg:cargo/victim"];

/// A rig that knows these packages and the victims.
async fn knowing(packages: &[&str]) -> Rig {
    let all: Vec<&str> = packages.iter().chain(&VICTIMS).copied().collect();
    let rig = Rig::watching(&all);
    for package in &all {
        rig.history(package, 6, &usual(package));
    }
    rig.smooth_pass().await;
    rig.smooth_pass().await;
    rig
}

/// How a package is published.
fn usual(package: &str) -> Publication {
    if package.starts_with("pkg:pypi") { by_workflow(&workflow("victim")) } else { by_ada() }
}

/// Every victim is taken over, and the feeds say so.
async fn take_over(rig: &Rig) {
    for victim in VICTIMS {
        rig.publish(&format!("{victim}@1.1.0"), &by_mallory().install_script("node steal.js"));
    }
    rig.feeds_are_read().await;
}

/// How many seconds after `since` every takeover was an alert.
fn told_after(rig: &Rig, since: chrono::DateTime<chrono::Utc>) -> i64 {
    let latest = VICTIMS.map(|victim| {
        let release = format!("{victim}@1.1.0");
        let alert =
            rig.alerts().into_iter().find(|alert| alert.purl.as_ref().is_some_and(|it| it.to_string() == release));
        (alert.unwrap_or_else(|| panic!("nobody was told of {release}")).raised_at - since).num_seconds()
    });
    latest.into_iter().max().unwrap()
}

fn package(name: &str) -> Package {
    name.parse().unwrap()
}

#[tokio::test]
async fn a_document_that_does_not_answer_delays_nobody() {
    for (slow, place) in [
        ("pkg:npm/slow", "npm.example/slow#"),
        ("pkg:pypi/slow", "pypi.example/simple/slow/"),
        ("pkg:cargo/slow", "index.example/sl/ow/slow#"),
        ("pkg:cargo/slow", "crates.example/api/v1/crates/slow/"),
    ] {
        let rig = knowing(&[slow]).await;
        rig.world.break_down(place, Fault::Hang);
        rig.publish(&format!("{slow}@1.1.0"), &usual(slow));
        rig.feeds_are_read().await;
        let since = rig.now();
        take_over(&rig).await;
        rig.works_for(17).await;
        assert!(told_after(&rig, since) <= 5, "{place}: {}", told_after(&rig, since));

        // Its turn ended; the next is longer, and in the other lane however often it is announced.
        let work = rig.store().work_of(&package(slow)).unwrap().unwrap();
        assert_eq!((work.attempts, work.turns, work.lane), (1, 1, Lane::Again), "{place}: {work:?}");
        assert!(work.last_error.unwrap().contains("no whole answer within 15 s"), "{place}");
        rig.publish(&format!("{slow}@1.1.1"), &usual(slow));
        rig.feeds_are_read().await;
        assert_eq!(rig.store().work_of(&package(slow)).unwrap().unwrap().lane, Lane::Again, "{place}");
        rig.world.mend(place);
        rig.works_for(120).await;
        assert!(rig.store().work_of(&package(slow)).unwrap().is_none(), "{place}");
        assert_eq!(rig.outcome(&format!("{slow}@1.1.1")), Outcome::Clean, "{place}");
    }
}

#[tokio::test]
async fn first_sights_that_do_not_answer_leave_slots_to_what_is_announced() {
    let rig = knowing(&[]).await;
    let many: Vec<Package> = (0..40).map(|n| package(&format!("pkg:npm/many-{n}"))).collect();
    rig.world.break_down("npm.example/many-", Fault::Hang);
    rig.store().enqueue(&many, "backfill", rig.now()).unwrap();
    rig.works_for(2).await;
    let since = rig.now();
    take_over(&rig).await;
    rig.works_for(10).await;
    assert!(told_after(&rig, since) <= 2, "{}", told_after(&rig, since));
}

#[tokio::test]
async fn a_dead_registry_delays_no_other() {
    let rig = knowing(&["pkg:npm/a", "pkg:npm/b", "pkg:npm/c"]).await;
    for package in ["a", "b", "c"] {
        rig.publish(&format!("pkg:npm/{package}@1.1.0"), &by_ada());
    }
    rig.feeds_are_read().await;
    rig.world.break_down("npm.example/", Fault::Hang);
    let since = rig.now();
    take_over(&rig).await;
    rig.works_for(10).await;
    for victim in ["pkg:pypi/victim@1.1.0", "pkg:cargo/victim@1.1.0"] {
        assert_eq!(rig.outcome(victim), Outcome::Alerted);
    }
    rig.world.mend("npm.example/");
    rig.works_for(50).await;
    assert!(told_after(&rig, since) <= 60, "{}", told_after(&rig, since));
}

#[tokio::test]
async fn a_host_that_asks_for_a_pause_holds_no_slot() {
    let rig = knowing(&["pkg:npm/a"]).await;
    rig.publish("pkg:npm/a@1.1.0", &by_ada());
    rig.feeds_are_read().await;
    rig.world.fail_once("npm.example/a#", Fault::Status(429, vec![("retry-after".to_owned(), "45".to_owned())]));
    rig.as_time_passes(rig.pipeline.work()).await.unwrap();
    let since = rig.now();
    take_over(&rig).await;
    let pass = rig.as_time_passes(rig.pipeline.work()).await.unwrap();
    assert_eq!((pass.packages, pass.postponed), (2, 1), "npm's victim waits for the end of the pause");
    assert!(rig.now() - since <= TimeDelta::seconds(2), "and no slot with it");
    let work = rig.store().work_of(&package("pkg:npm/victim")).unwrap().unwrap();
    assert_eq!((work.attempts, work.lane), (0, Lane::Announced), "nothing was tried: {work:?}");
    rig.works_for(50).await;
    assert!(told_after(&rig, since) <= 46, "{}", told_after(&rig, since));
}

#[tokio::test]
async fn nothing_is_looked_at_twice_at_once_and_each_registry_has_its_slots() {
    let rig = knowing(&["pkg:npm/slow"]).await;
    rig.world.break_down("npm.example/slow#", Fault::Hang);
    for number in 0..5 {
        rig.publish(&format!("pkg:npm/slow@1.1.{number}"), &by_ada());
        rig.feeds_are_read().await;
        rig.works_for(2).await;
    }
    let asked = rig.world.requests().iter().filter(|url| url.ends_with("npm.example/slow")).count();
    assert_eq!(asked, 1 + 5, "the first sight, and once in each of the five stretches of work");
    let due = rig.store().next_work(Ecosystem::Npm, Lane::Announced, rig.now(), 10).unwrap();
    assert_eq!(due.len(), 1);
}
