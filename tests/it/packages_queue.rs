//! Tests that one slow package, document or host delays no other. Time passes only where something is waited for.

#![allow(clippy::unwrap_used, reason = "a test may fail where it stands")]

mod announcements;
mod evidence;
mod histories;

use crate::lab;

use chrono::{DateTime, TimeDelta, Utc};
use lab::{Fault, Publication, Rig, Workflow, rig::*};
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
fn told_after(rig: &Rig, since: DateTime<Utc>) -> i64 {
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
async fn many_announced_documents_that_do_not_answer_keep_nobody_waiting_for_long() {
    let rig = knowing(&[]).await;
    let many: Vec<String> = (0..24).map(|n| format!("pkg:npm/many-{n}")).collect();
    let all: Vec<&str> = many.iter().map(String::as_str).chain(VICTIMS).collect();
    rig.app.watchlist.replace(watchlist(&format!("packages = {all:?}")));
    rig.world.break_down("npm.example/many-", Fault::Hang);
    for package in &many {
        rig.publish(&format!("{package}@1.0.0"), &by_ada());
    }
    rig.feeds_are_read().await;
    let since = rig.now();
    take_over(&rig).await;
    rig.works_for(30).await;
    assert!(told_after(&rig, since) <= 20, "{}", told_after(&rig, since));
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
    rig.as_time_passes(rig.app.packages.queue.work()).await.unwrap();
    let since = rig.now();
    take_over(&rig).await;
    let pass = rig.as_time_passes(rig.app.packages.queue.work()).await.unwrap();
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
    let due = rig.store().next_work(Ecosystem::NPM, Lane::Announced, rig.now(), 10).unwrap();
    assert_eq!(due.len(), 1);
}

/// Uploads an attested release of so many files now.
fn upload(rig: &Rig, version: &str, files: usize, workflow: &Workflow, at: DateTime<Utc>) {
    let attested = by_workflow(workflow).at(at);
    for file in 0..files {
        rig.world.upload_pypi("evil", version, &format!("evil-{version}-{file}-py3-none-any.whl"), &attested);
    }
}

const EVIL: &str = "pkg:pypi/evil";

/// A project of 30 releases of 10 attested files, which do not fit one turn; in the last week one more, and one that is
/// built elsewhere.
fn wheel_heavy() -> Rig {
    let rig = Rig::watching(&[EVIL]);
    for number in 0..30 {
        let at = rig.now() - TimeDelta::days(30 * (31 - number));
        upload(&rig, &format!("1.0.{number}"), 10, &workflow("evil"), at);
    }
    let other = Workflow::github("mallory/evil", "release.yml", "refs/heads/main");
    upload(&rig, "1.1.0", 2, &workflow("evil"), rig.now() - TimeDelta::days(1));
    upload(&rig, "1.1.1", 2, &other, rig.now() - TimeDelta::days(1));
    rig
}

/// While a registry is down its packages are tried less and less often; when it is back, what was announced meanwhile is
/// looked at as soon as one of them finds that out.
#[tokio::test]
async fn what_was_announced_in_an_outage_is_looked_at_as_soon_as_it_is_over() {
    let many: Vec<String> = (0..12).map(|n| format!("pkg:npm/many-{n}")).collect();
    let rig = knowing(&many.iter().map(String::as_str).collect::<Vec<_>>()).await;
    rig.world.break_down("npm.example/", Fault::Reset);
    for package in &many {
        rig.publish(&format!("{package}@1.1.0"), &by_mallory().install_script("node steal.js"));
    }
    rig.feeds_are_read().await;
    rig.works_for(40 * 60).await;
    let waits = |package: &String| rig.store().work_of(&self::package(package)).unwrap().unwrap().attempts;
    assert!(many.iter().all(|package| waits(package) >= 4), "{:?}", many.iter().map(waits).collect::<Vec<_>>());
    rig.world.mend("npm.example/");
    let since = rig.now();
    rig.works_for(150).await;
    let told = rig.alerts().into_iter().map(|alert| (alert.raised_at - since).num_seconds());
    let told: Vec<i64> = told.filter(|seconds| *seconds >= 0).collect();
    assert!(told.len() >= many.len() && told.iter().all(|seconds| *seconds <= 130), "{told:?}");
}

/// Packages that fail for reasons of their own are not an outage: that others are answered does not make them due.
#[tokio::test]
async fn documents_that_are_never_readable_are_asked_for_less_and_less_often() {
    let bad: Vec<String> = (0..6).map(|n| format!("pkg:npm/bad-{n}")).collect();
    let rig = knowing(&bad.iter().map(String::as_str).collect::<Vec<_>>()).await;
    rig.world.break_down("npm.example/bad-", Fault::Body(b"{".to_vec()));
    for package in &bad {
        rig.publish(&format!("{package}@1.1.0"), &by_ada());
    }
    rig.feeds_are_read().await;
    let before = rig.world.requests().len();
    for number in 0..60 {
        rig.publish(&format!("pkg:npm/victim@1.1.{number}"), &by_ada());
        rig.feeds_are_read().await;
        rig.works_for(60).await;
    }
    let asked = &rig.world.requests()[before..];
    for number in 0..6 {
        let times = asked.iter().filter(|url| url.contains(&format!("npm.example/bad-{number}"))).count();
        assert!((4..=9).contains(&times), "bad-{number}: {times}");
    }
}
