//! Tests that a log violation is reported despite restarts of the process and unsigned answers.

#![allow(clippy::unwrap_used, reason = "helpers of tests may fail where they stand")]

use crate::lab;

use std::time::Duration;

use chrono::TimeDelta;
use lab::{
    follower::Follower,
    ledger::{Api, Ledger, Misbehaviour},
};
use provwatch::{
    clock::Clock,
    model::{AlertStatus, Severity},
    store::LogState,
    tlog::{Judgement, LogEvidence},
};

/// Polls by `run --once` from cron, each by a process of its own.
async fn from_cron(mut follower: Follower, every: Duration, polls: usize) -> Follower {
    for _ in 0..polls {
        follower = follower.restarted();
        follower.poll().await;
        follower.app.check_health().unwrap();
        follower.clock.advance(every);
    }
    follower
}

#[tokio::test]
async fn patience_outlives_the_process() {
    for (wrong, severity, title) in [
        (Misbehaviour::RollBack(250), Severity::High, "log.example went back to fewer entries than it had signed"),
        (Misbehaviour::Withhold("tile/entries"), Severity::Medium, "log.example leaves out what it signed"),
        (Misbehaviour::WrongKey, Severity::Medium, "log.example serves a checkpoint that is not its own"),
        (Misbehaviour::LieInBody(310), Severity::High, "log.example serves entries that are not those that it signed"),
        (Misbehaviour::Truncate("tile/entries"), Severity::Medium, "log.example answers in a form that cannot be read"),
    ] {
        for (every, polls) in [(Duration::from_mins(5), 4), (Duration::from_hours(24), 2)] {
            let follower = Follower::tiles(300).await;
            follower.ledger.grow(20);
            follower.ledger.misbehave(wrong.clone());
            let follower = from_cron(follower, every, polls).await;
            let alert = follower.the_alert();
            assert_eq!((alert.severity, &*alert.title), (severity, title), "{wrong:?} every {every:?}");
            follower.ledger.behave();
            follower.ledger.grow(1);
            let follower = from_cron(follower, every, 1).await;
            assert_eq!(follower.the_alert().status, AlertStatus::Resolved, "{wrong:?} every {every:?}");
        }
    }
}

#[tokio::test]
async fn a_log_that_stands_still_is_noticed_from_cron() {
    let follower = Follower::tiles(300).await;
    let follower = from_cron(follower, Duration::from_hours(1), 6).await;
    assert_eq!(follower.alerts(), []);
    let follower = from_cron(follower, Duration::from_hours(1), 3).await;
    assert_eq!(follower.the_alert().title, "log.example has stopped growing");
}

#[tokio::test]
async fn a_process_that_was_away_does_not_blame_the_log() {
    let mut follower = Follower::tiles(300).await;
    follower.clock.advance(Duration::from_hours(72));
    follower = follower.restarted();
    follower.app.check_health().unwrap();
    follower.ledger.grow(5);
    follower.honest_poll().await;
    follower.app.check_health().unwrap();
    assert_eq!(follower.alerts(), []);
}

#[tokio::test]
async fn an_unsigned_successor_hides_nothing() {
    let follower = Follower::of(Ledger::new("log.example", Api::RekorV1));
    follower.ledger.grow(12);
    follower.honest_poll().await;
    follower.ledger.grow(48);
    follower.ledger.misbehave(Misbehaviour::FalseSuccessor(12));
    for _ in 0..11 {
        assert_eq!(follower.poll().await.troubled, 1);
        follower.clock.advance(Duration::from_mins(1));
    }
    let real = follower.store().log("log.example - 1000").unwrap().unwrap();
    assert_eq!(real.standing, LogState::Active, "nothing that is signed retires it");
    let alert = follower.the_alert();
    assert_eq!(alert.title, "log.example serves a checkpoint that is not its own");
    assert!(alert.argument.contains("log.example - 4711"), "{}", alert.argument);
    let failing = follower.store().log("log.example").unwrap().unwrap();
    assert!(failing.failing_since.is_some(), "`logs status` and `status` show it");
    for _ in 0..7 {
        follower.clock.advance(Duration::from_hours(1));
        follower.poll().await;
        follower.app.check_health().unwrap();
    }
    let titles: Vec<_> = follower.alerts().into_iter().map(|alert| alert.title).collect();
    assert!(
        titles.contains(&"log.example - 1000 has stopped growing".to_owned()),
        "staleness goes on counting: {titles:?}"
    );
    follower.ledger.behave();
    assert_eq!(follower.honest_poll().await, 48);
    assert_eq!(follower.store().log("log.example").unwrap(), None);
}

#[tokio::test]
async fn a_shard_that_was_retired_retires_no_other() {
    let follower = Follower::of(Ledger::new("log.example", Api::RekorV1));
    follower.ledger.grow(12);
    follower.honest_poll().await;
    follower.ledger.rotate();
    follower.ledger.grow(12);
    follower.honest_poll().await;
    follower.ledger.misbehave(Misbehaviour::OldestActive);
    follower.poll().await;
    let standing = |name: &str| follower.store().log(name).unwrap().unwrap().standing;
    assert_eq!(standing("log.example - 1001"), LogState::Active);
}

#[tokio::test]
async fn a_second_fork_is_told_whoever_acknowledged_the_first() {
    let follower = Follower::tiles(300).await;
    follower.ledger.grow(20);
    follower.ledger.misbehave(Misbehaviour::Fork(100));
    follower.poll().await;
    let first = follower.the_alert();
    let acknowledge =
        || follower.store().acknowledge(&first.fingerprint, "ada", "asked the operator", follower.clock.now());
    acknowledge().unwrap();
    for _ in 0..3 {
        follower.ledger.grow(30);
        follower.poll().await;
        assert_eq!(follower.the_alert().status, AlertStatus::Acknowledged, "it is the same fork, grown");
    }
    follower.ledger.misbehave(Misbehaviour::Fork(200));
    follower.poll().await;
    let second = follower.the_alert();
    assert_eq!((second.status, &second.id), (AlertStatus::Open, &first.id), "it is another one");
    assert_ne!(second.evidence, first.evidence);
    acknowledge().unwrap();
    follower.ledger.behave();
    follower.honest_poll().await;
    follower.ledger.misbehave(Misbehaviour::Fork(200));
    follower.poll().await;
    assert_eq!(follower.the_alert().status, AlertStatus::Acknowledged, "a copy of the fork among honest ones");
    follower.ledger.behave();
    follower.honest_poll().await;
    follower.clock.advance(Duration::from_hours(48));
    follower.ledger.misbehave(Misbehaviour::Fork(200));
    follower.poll().await;
    assert_eq!(follower.the_alert().status, AlertStatus::Open, "it was over for two days");
}

#[tokio::test]
async fn a_restored_backup_is_a_rollback() {
    for api in [Api::Tiles, Api::RekorV1, Api::Ct] {
        for known in [true, false] {
            let follower = Follower::of(Ledger::new("log.example", api));
            for size in [280, 300] {
                while follower.ledger.size() < size {
                    let number = follower.ledger.size();
                    follower.ledger.append(lab::ledger::body(api, number));
                }
                follower.ledger.publish();
                follower.honest_poll().await;
            }
            follower.ledger.misbehave(Misbehaviour::Restored(if known { 280 } else { 290 }));
            follower.troubled_polls(11).await;
            let alert = follower.the_alert();
            assert_eq!(alert.severity, Severity::High, "{api:?} {known}");
            assert!(alert.title.contains("went back to fewer entries"), "{api:?} {known}: {}", alert.title);
            let evidence = follower.store().evidence(None).unwrap();
            let evidence = LogEvidence::parse(evidence[0].document.as_bytes()).unwrap();
            assert!(matches!(evidence.judge().unwrap(), Judgement::Claimed(_)), "{api:?} {known}: {evidence:?}");
        }
    }
}

#[tokio::test]
async fn the_evidence_of_an_omission_holds_the_checkpoint_that_it_is_about() {
    let follower = Follower::tiles(300).await;
    follower.ledger.grow(100);
    follower.ledger.misbehave(Misbehaviour::Withhold("tile/0"));
    follower.troubled_polls(10).await;
    let vanished = Follower::of(Ledger::new("log.example", Api::RekorV1));
    vanished.ledger.grow(25);
    vanished.honest_poll().await;
    vanished.ledger.grow(5);
    vanished.ledger.rotate();
    vanished.ledger.grow(5);
    vanished.ledger.misbehave(Misbehaviour::HideInactive);
    vanished.poll().await;
    for (follower, size) in [(follower, "\n400\n"), (vanished, "\n25\n")] {
        let all = follower.store().evidence(None).unwrap();
        let omission = all.iter().find(|one| one.kind == "omission").unwrap();
        let evidence = LogEvidence::parse(omission.document.as_bytes()).unwrap();
        assert!(evidence.checkpoints.iter().any(|note| note.contains(size)), "{evidence:?}");
    }
}

#[test]
fn no_two_violations_share_an_id() {
    use provwatch::tlog::LogViolation;
    let (one, other) = (Ledger::new("log.example", Api::Tiles), Ledger::new("log.example", Api::Tiles));
    let signer = |ledger: &Ledger| lab::follower::signer(ledger);
    let now = "2026-06-01T00:00:00Z".parse().unwrap();
    let of = |violation, ledger: &Ledger, statement: &str| {
        LogEvidence::new(violation, &signer(ledger), statement.to_owned(), now)
    };
    let later = LogEvidence {
        found_at: "2026-07-01T00:00:00Z".parse().unwrap(),
        ..of(LogViolation::Omission, &one, "entry 5")
    };
    assert_eq!(of(LogViolation::Omission, &one, "entry 5").id(), later.id(), "when it was found is not what it is");
    let ids: std::collections::BTreeSet<_> = [
        of(LogViolation::Omission, &one, "entry 5"),
        of(LogViolation::Omission, &one, "entry 6"),
        of(LogViolation::Entries, &one, "entry 5"),
        of(LogViolation::Omission, &other, "entry 5"),
        of(LogViolation::Omission, &one, "entry 5").served("x"),
        of(LogViolation::Omission, &one, "entry 5x"),
    ]
    .iter()
    .map(LogEvidence::id)
    .collect();
    assert_eq!(ids.len(), 6);
}

#[tokio::test]
async fn one_good_answer_does_not_make_patience_begin_anew() {
    let follower = Follower::tiles(300).await;
    follower.ledger.misbehave(Misbehaviour::RollBack(250));
    let begun = follower.clock.now();
    while follower.clock.now() - begun < TimeDelta::minutes(8) {
        follower.poll().await;
        follower.clock.advance(Duration::from_mins(1));
    }
    follower.ledger.behave();
    follower.poll().await;
    assert_eq!(follower.alerts(), [], "it lasted for less than ten minutes");
    follower.ledger.misbehave(Misbehaviour::RollBack(250));
    for _ in 0..4 {
        follower.clock.advance(Duration::from_mins(1));
        follower.poll().await;
    }
    assert_eq!(follower.the_alert().title, "log.example went back to fewer entries than it had signed");
}

#[tokio::test]
async fn an_accident_now_and_then_is_forgiven() {
    let follower = Follower::tiles(300).await;
    for _ in 0..40 {
        follower.ledger.misbehave(Misbehaviour::RollBack(250));
        for _ in 0..3 {
            follower.poll().await;
            follower.clock.advance(Duration::from_mins(1));
        }
        follower.ledger.behave();
        follower.ledger.grow(1);
        follower.poll().await;
        follower.clock.advance(Duration::from_hours(12));
    }
    assert_eq!(follower.alerts(), []);
}
