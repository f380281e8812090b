//! Tests of logs that answer late, badly or not at all: provwatch waits, and reports an operational issue.

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
    follower::Follower,
    ledger::{Api, Ledger, Misbehaviour, ct_leaf, filler},
    rig::{START, folder},
};

#[tokio::test]
async fn what_is_withheld_is_waited_for_and_then_said() {
    for (api, wrong) in [
        (Api::Tiles, Misbehaviour::Withhold("tile/entries")),
        (Api::Tiles, Misbehaviour::Withhold("tile/0")),
        (Api::RekorV1, Misbehaviour::Omit(20)),
    ] {
        let follower = Follower::of(Ledger::new("log.example", api));
        follower.ledger.grow(10);
        follower.honest_poll().await;
        follower.ledger.grow(290);
        follower.ledger.misbehave(wrong.clone());
        follower.troubled_polls(5).await;
        assert_eq!(follower.alerts(), [], "{wrong:?}");
        follower.troubled_polls(3).await;
        assert_eq!(follower.the_alert().severity, Severity::Medium, "{wrong:?}");
        assert!(follower.row().tail.unwrap().verified == 10);
        follower.ledger.behave();
        follower.honest_poll().await;
        assert_eq!(follower.row().tail.unwrap().verified, 300);
    }
}

#[tokio::test]
async fn malformed_and_absurd_answers_are_bounded_and_the_tail_goes_on_after_them() {
    for wrong in [
        Misbehaviour::Truncate("tile/entries"),
        Misbehaviour::Truncate("tile/0"),
        Misbehaviour::LieInTiles(0),
        Misbehaviour::Oversized(20 << 20),
    ] {
        let follower = Follower::tiles(300).await;
        follower.ledger.grow(300);
        follower.ledger.misbehave(wrong.clone());
        assert_eq!(follower.poll().await.troubled, 1, "{wrong:?}");
        assert_eq!(follower.row().tail.unwrap().verified, 300, "{wrong:?}");
        follower.ledger.behave();
        follower.honest_poll().await;
        assert_eq!(follower.row().tail.unwrap().verified, 600, "{wrong:?}");
    }
}

#[tokio::test]
async fn trouble_on_the_way_is_never_the_logs() {
    for status in [403, 429, 500, 502, 503] {
        let follower = Follower::tiles(300).await;
        follower.ledger.grow(10);
        follower.ledger.misbehave(Misbehaviour::Status(status));
        for _ in 0..40 {
            assert_eq!(follower.poll().await.troubled, 1);
            follower.clock.advance(Duration::from_mins(1));
        }
        follower.app.check_health().unwrap();
        assert_eq!(follower.alerts(), [], "{status}");
        let all = follower.store().alerts(&AlertFilter { limit: 9, ..AlertFilter::default() }).unwrap();
        assert_eq!(all.iter().map(|alert| alert.kind).collect::<Vec<_>>(), [AlertKind::Operation]);
        follower.ledger.behave();
        assert_eq!(follower.honest_poll().await, 10);
    }
}

#[tokio::test]
async fn a_log_that_could_not_be_read_at_first_leaves_no_ghost() {
    let follower = Follower::of(Ledger::new("log.example", Api::RekorV1));
    follower.ledger.grow(10);
    follower.ledger.misbehave(Misbehaviour::Stall);
    follower.poll().await;
    assert_eq!(follower.row().name, "log.example", "that it cannot be read is seen");
    follower.ledger.behave();
    follower.honest_poll().await;
    let rows = follower.store().logs().unwrap();
    assert_eq!(rows.iter().map(|row| row.name.as_str()).collect::<Vec<_>>(), ["log.example - 1000"]);
    assert_eq!(rows[0].failing_since, None);
}

#[tokio::test]
async fn an_answer_that_cannot_be_read_is_not_a_lie() {
    let follower = Follower::tiles(300).await;
    follower.ledger.grow(300);
    follower.ledger.misbehave(Misbehaviour::Truncate("tile/entries"));
    follower.troubled_polls(6).await;
    assert_eq!(follower.alerts(), []);
    follower.troubled_polls(3).await;
    let alert = follower.the_alert();
    assert_eq!(
        (alert.severity, &*alert.title),
        (Severity::Medium, "log.example answers in a form that cannot be read")
    );
}

#[tokio::test]
async fn no_answer_is_trouble_on_the_way_too() {
    let follower = Follower::tiles(300).await;
    follower.ledger.grow(10);
    follower.ledger.misbehave(Misbehaviour::Stall);
    follower.troubled_polls(40).await;
    assert_eq!(follower.alerts(), []);
    follower.ledger.behave();
    assert_eq!(follower.honest_poll().await, 10);
}

#[tokio::test]
async fn an_overloaded_log_is_waited_for_and_read_to_its_end() {
    for api in [Api::Tiles, Api::RekorV1, Api::Ct] {
        let follower = Follower::of(Ledger::new("log.example", api));
        follower.honest_poll().await;
        for number in 0..30 {
            follower.ledger.append(ct_leaf(format!("{number}").as_bytes()));
        }
        follower.ledger.publish();
        follower.ledger.misbehave(Misbehaviour::Overloaded(5));
        for _ in 0..60 {
            follower.poll().await;
        }
        assert_eq!(follower.alerts(), [], "{api:?}");
        follower.ledger.behave();
        follower.honest_poll().await;
        assert_eq!(follower.row().tail.unwrap().verified, 30, "{api:?}");
    }
}

#[tokio::test]
async fn a_stale_copy_among_fresh_ones_is_no_alert_and_loses_nothing() {
    for api in [Api::Tiles, Api::RekorV1, Api::Ct] {
        let follower = Follower::of(Ledger::new("log.example", api));
        let grow = |count| {
            for _ in 0..count {
                let number = follower.ledger.size();
                follower.ledger.append(if api == Api::Ct {
                    ct_leaf(format!("{number}").as_bytes())
                } else {
                    filler(number)
                });
            }
            follower.ledger.publish();
        };
        grow(20);
        follower.honest_poll().await;
        for _ in 0..40 {
            let stale = follower.ledger.size();
            grow(3);
            follower.ledger.misbehave(Misbehaviour::StaleReplica(3, stale));
            follower.poll().await;
        }
        assert_eq!(follower.alerts(), [], "{api:?}");
        follower.ledger.behave();
        follower.honest_poll().await;
        assert_eq!(follower.row().tail.unwrap().verified, 140, "{api:?}");
    }
}

#[tokio::test]
async fn a_log_that_should_grow_and_does_not_is_said_once() {
    let follower = Follower::tiles(300).await;
    for _ in 0..5 {
        follower.clock.advance(Duration::from_hours(1));
        follower.honest_poll().await;
        follower.app.check_health().unwrap();
    }
    assert_eq!(follower.alerts(), []);
    follower.clock.advance(Duration::from_hours(2));
    follower.honest_poll().await;
    follower.app.check_health().unwrap();
    let alert = follower.the_alert();
    assert_eq!((alert.severity, &*alert.title), (Severity::Low, "log.example has stopped growing"));
    assert!(matches!(follower.judgement("stale"), Judgement::Claimed(_)));
    follower.ledger.grow(1);
    follower.honest_poll().await;
    follower.app.check_health().unwrap();
    assert_eq!(follower.the_alert().status.as_str(), "resolved");
}

#[tokio::test]
async fn the_trouble_of_one_log_is_not_the_others() {
    let (world, folder) = (World::new(), folder());
    let clock = Arc::new(ManualClock::at_text(START));
    let (bad, good) = (Ledger::new("bad.example", Api::Tiles), Ledger::new("good.example", Api::RekorV1));
    for ledger in [&bad, &good] {
        ledger.grow(50);
    }
    let app = of_a_trust_root(&[(&bad, None), (&good, None)], &world, &clock, &folder);
    app.logs.poll_logs().await.unwrap();
    let troubles = [
        Misbehaviour::Stall,
        Misbehaviour::Status(502),
        Misbehaviour::Fork(10),
        Misbehaviour::WrongKey,
        Misbehaviour::OtherRoot,
    ];
    for (round, wrong) in troubles.into_iter().enumerate() {
        bad.misbehave(wrong.clone());
        for ledger in [&bad, &good] {
            ledger.grow(7);
        }
        clock.advance(Duration::from_mins(1));
        let polls = app.logs.poll_logs().await.unwrap();
        let outcome: Vec<_> = polls.iter().map(|(name, poll)| (name.as_str(), poll.troubled)).collect();
        assert_eq!(outcome, [("bad.example", 1), ("good.example", 0)], "{wrong:?}");
        let checkpoint = app.store.log("good.example - 1000").unwrap().unwrap().checkpoint.unwrap();
        assert_eq!(checkpoint.size, 50 + 7 * (round as u64 + 1));
    }
}
