//! Tests that one slow package, document or host delays no other. Time passes only where something is waited for.

#![allow(clippy::unwrap_used, reason = "a test may fail where it stands")]

use crate::lab;

use chrono::{DateTime, TimeDelta, Utc};
use lab::{Fault, Publication, Rig, Workflow, rig::*};
use provwatch::{
    clock::Clock,
    model::{Ecosystem, Package, ReleaseStatus},
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

/// How often each attestation of the project was asked for, at most.
fn most_asked(rig: &Rig) -> usize {
    let mut counts = std::collections::BTreeMap::new();
    for url in rig.world.requests().into_iter().filter(|url| url.contains("/evil/") && url.ends_with("/provenance")) {
        *counts.entry(url).or_insert(0) += 1;
    }
    counts.into_values().max().unwrap_or_default()
}

const EVIL: &str = "pkg:pypi/evil";

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
