//! Tests of log violations: forks, smaller checkpoints, entries that do not hash to the signed root, false checkpoints,
//! and other keys.

use std::{sync::Arc, time::Duration};

use provwatch::{
    clock::ManualClock,
    model::{AlertKind, Severity},
    store::AlertFilter,
    tlog::Judgement,
};

use super::of_a_trust_root;
use crate::lab::{
    World,
    follower::{Follower, acme},
    ledger::{Api, Ledger, Misbehaviour, ct_leaf, filler},
    rig::{START, folder},
};

#[tokio::test]
async fn a_fork_is_proven_to_third_parties() {
    for (before, after) in [(100, 101), (128, 300), (257, 1000)] {
        let follower = Follower::tiles(before).await;
        follower.ledger.grow(after - before);
        follower.ledger.misbehave(Misbehaviour::Fork(before / 2));
        assert_eq!(follower.poll().await.troubled, 1);
        let alert = follower.the_alert();
        assert_eq!((alert.severity, alert.kind), (Severity::Critical, AlertKind::Log));
        assert!(matches!(follower.judgement("fork"), Judgement::Proven(_)));
        assert_eq!(follower.row().tail.unwrap().verified, before as u64, "nothing of the fork is believed");
        follower.ledger.behave();
        follower.honest_poll().await;
        assert_eq!(
            follower.row().tail.unwrap().verified,
            after as u64,
            "the tail goes on when the log is honest again"
        );
        assert_eq!(follower.the_alert().status, alert.status, "and what it did is not forgotten");
    }
}

#[tokio::test]
async fn forks_of_the_other_kinds_of_log_are_proven_too() {
    for api in [Api::RekorV1, Api::Ct] {
        let follower = Follower::of(Ledger::new("log.example", api));
        let body =
            |number| if api == Api::Ct { ct_leaf(format!("nobody {number}").as_bytes()) } else { filler(number) };
        for number in 0..100 {
            follower.ledger.append(body(number));
        }
        follower.ledger.publish();
        follower.honest_poll().await;
        for number in 100..130 {
            follower.ledger.append(body(number));
        }
        follower.ledger.rewrite(50, body(1000));
        follower.ledger.publish();
        assert_eq!(follower.poll().await.troubled, 1);
        assert_eq!(follower.the_alert().severity, Severity::Critical, "{api:?}");
        assert!(matches!(follower.judgement("fork"), Judgement::Proven(_)), "{api:?}");
    }
}

#[tokio::test]
async fn two_roots_for_one_size_are_proof_enough() {
    for api in [Api::Tiles, Api::RekorV1, Api::Ct] {
        let follower = Follower::of(Ledger::new("log.example", api));
        for number in 0..5 {
            follower.ledger.append(ct_leaf(format!("{number}").as_bytes()));
        }
        follower.ledger.publish();
        follower.honest_poll().await;
        follower.ledger.misbehave(Misbehaviour::OtherRoot);
        follower.poll().await;
        assert_eq!(follower.the_alert().severity, Severity::Critical);
        assert!(matches!(follower.judgement("same-size"), Judgement::Proven(_)));
        let kept = follower.store().checkpoints(&follower.row().name, 9).unwrap();
        assert_eq!(kept.len(), 2, "both are kept");
    }
}

#[tokio::test]
async fn a_smaller_checkpoint_is_compared_and_not_dropped() {
    let follower = Follower::tiles(500).await;
    follower.ledger.misbehave(Misbehaviour::RollBack(300));
    follower.poll().await;
    assert_eq!(follower.alerts(), [], "a stale copy of one poll is no alert");
    follower.troubled_polls(10).await;
    let alert = follower.the_alert();
    assert_eq!(alert.severity, Severity::High);
    assert!(matches!(follower.judgement("rollback"), Judgement::Claimed(_)));
    follower.ledger.behave();
    follower.honest_poll().await;
    assert_eq!(follower.the_alert().status.as_str(), "resolved");
}

#[tokio::test]
async fn a_smaller_checkpoint_of_another_history_is_a_fork_once_the_tiles_show_it() {
    let follower = Follower::tiles(500).await;
    let honest = follower.ledger.body(100);
    follower.ledger.rewrite(100, "another");
    follower.ledger.misbehave(Misbehaviour::RollBack(300));
    // The tiles, too, are of the other history now: they no longer lead to what was signed before.
    follower.poll().await;
    assert!(matches!(follower.judgement("unproven"), Judgement::Claimed(_)));
    follower.ledger.rewrite(100, honest);
    follower.ledger.behave();
    assert_eq!(follower.poll().await.troubled, 1);
    assert!(matches!(follower.judgement("fork"), Judgement::Proven(_)));
    follower.honest_poll().await;
}

#[tokio::test]
async fn entries_that_do_not_hash_to_the_signed_root_are_forgotten() {
    for lie in [310, 600, 999] {
        let follower = Follower::tiles(300).await;
        follower.ledger.append(follower.signed(&acme("release.yml")));
        follower.ledger.grow(699);
        follower.ledger.misbehave(Misbehaviour::LieInBody(lie));
        assert_eq!(follower.poll().await.troubled, 1);
        let tail = follower.row().tail.unwrap();
        assert_eq!((tail.verified, tail.downloaded), (300, 300));
        assert_eq!(follower.matches(), [] as [u64; 0], "nothing that was found with the lie is believed");
        let error = follower.row().last_error.unwrap();
        let place = lie as u64 / 256 * 256;
        assert!(error.contains(&format!("among {} to {}", place.max(300), (place + 255).min(999))), "{error}");
        assert_eq!(follower.alerts(), [], "a spoiled cache is no alert yet");
        follower.troubled_polls(2).await;
        assert_eq!(follower.the_alert().severity, Severity::High);
        follower.ledger.behave();
        assert_eq!(follower.honest_poll().await, 700);
        assert_eq!(follower.matches(), [300]);
        assert_eq!(follower.the_alert().status.as_str(), "resolved");
    }
}

#[tokio::test]
async fn a_checkpoint_that_is_not_the_logs_own_is_never_believed() {
    let loose: [fn(&str) -> String; 4] = [
        |text| text.replace('\n', "\r\n"),
        |text| format!(" {text}"),
        |text| text.replacen("log.example\n3", "log.example\n03", 1),
        |_| "nothing of the kind\n".to_owned(),
    ];
    let wrongs = [Misbehaviour::WrongKey, Misbehaviour::WrongOrigin, Misbehaviour::Strangers(64)];
    for wrong in wrongs.into_iter().chain(loose.map(Misbehaviour::Loose)) {
        let follower = Follower::tiles(300).await;
        follower.ledger.grow(10);
        follower.ledger.misbehave(wrong.clone());
        follower.troubled_polls(11).await;
        assert_eq!(follower.the_alert().severity, Severity::Medium, "{wrong:?}");
        assert_eq!(follower.row().tail.unwrap().verified, 300);
        follower.ledger.misbehave(Misbehaviour::Strangers(16));
        assert_eq!(follower.honest_poll().await, 10);
    }
}

#[tokio::test]
async fn a_fork_whose_proof_is_refused_is_found_when_the_log_answers_again() {
    for api in [Api::Tiles, Api::RekorV1, Api::Ct] {
        let follower = Follower::of(Ledger::new("log.example", api));
        let body = |number: usize| {
            if api == Api::Ct { ct_leaf(format!("nobody {number}").as_bytes()) } else { filler(number) }
        };
        for number in 0..100 {
            follower.ledger.append(body(number));
        }
        follower.ledger.publish();
        follower.honest_poll().await;
        for number in 100..130 {
            follower.ledger.append(body(number));
        }
        follower.ledger.publish();
        follower.ledger.misbehave(Misbehaviour::ForkInSilence(50, 503));
        assert_eq!(follower.poll().await.troubled, 1);
        assert_eq!(follower.alerts(), [], "a server that fails is no misdeed");
        follower.ledger.behave();
        follower.poll().await;
        assert_eq!(follower.the_alert().severity, Severity::Critical, "{api:?}");
        let judgement = follower.judgement("same-size");
        assert!(matches!(judgement, Judgement::Proven(_)), "{api:?}: {judgement:?}");
    }
}

#[tokio::test]
async fn a_proof_that_fails_once_does_not_blind_the_audit() {
    let follower = Follower::of(Ledger::new("log.example", Api::RekorV1));
    follower.ledger.grow(100);
    follower.honest_poll().await;
    follower.ledger.grow(10);
    follower.ledger.misbehave(Misbehaviour::BadProofs);
    assert_eq!(follower.poll().await.troubled, 1);
    follower.ledger.behave();
    follower.honest_poll().await;
    assert_eq!(follower.row().checkpoint.unwrap().size, 110, "it is proven by now");
    follower.ledger.misbehave(Misbehaviour::OtherRoot);
    follower.poll().await;
    assert!(matches!(follower.judgement("same-size"), Judgement::Proven(_)));
}

#[tokio::test]
async fn a_new_key_is_said_and_the_history_goes_on() {
    let (world, folder) = (World::new(), folder());
    let clock = Arc::new(ManualClock::at_text(START));
    let (before, after) = (Ledger::new("log.example", Api::Tiles), Ledger::new("log.example", Api::Tiles));
    before.grow(300);
    after.grow(400);
    drop(of_a_trust_root(&[(&before, None)], &world, &clock, &folder).logs.poll_logs().await.unwrap());
    let app = of_a_trust_root(&[(&after, None)], &world, &clock, &folder);
    let polls = app.logs.poll_logs().await.unwrap();
    assert_eq!((polls[0].1.troubled, polls[0].1.verified), (0, 100));
    let alerts = app.store.alerts(&AlertFilter { limit: 9, ..AlertFilter::default() }).unwrap();
    assert_eq!(alerts.iter().map(|alert| &*alert.title).collect::<Vec<_>>(), ["log.example signs with another key"]);
    clock.advance(Duration::from_mins(1));
    app.logs.poll_logs().await.unwrap();
    let alerts = app.store.alerts(&AlertFilter { limit: 9, ..AlertFilter::default() }).unwrap();
    assert_eq!(alerts.len(), 1, "once");
}
