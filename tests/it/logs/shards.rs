//! Tests of logs that continue in a new shard: provwatch reads the old one to its end and the new one from its first
//! entry.

use std::{sync::Arc, time::Duration};

use provwatch::{
    clock::{Clock, ManualClock},
    model::Alert,
    store::LogState,
};

use super::of_a_trust_root;
use crate::lab::{
    World,
    follower::{Follower, acme},
    ledger::{Api, Ledger, Misbehaviour},
    rig::{START, folder},
};

#[tokio::test]
async fn trees_that_nobody_signed_are_not_followed() {
    let follower = Follower::of(Ledger::new("log.example", Api::RekorV1));
    follower.ledger.grow(10);
    follower.ledger.misbehave(Misbehaviour::WrongKey);
    assert_eq!(follower.poll().await.troubled, 1);
    let rows = follower.store().logs().unwrap();
    assert_eq!(
        rows.iter().map(|row| (&*row.name, row.checkpoint.is_some())).collect::<Vec<_>>(),
        [("log.example", false)]
    );
    assert!(rows[0].last_error.as_deref().unwrap().contains("names 1 tree whose checkpoint does not verify"));
    follower.ledger.behave();
    follower.honest_poll().await;
    let names: Vec<_> = follower.store().logs().unwrap().into_iter().map(|row| row.name).collect();
    assert_eq!(names, ["log.example - 1000"], "a tree that was made up is forgotten");
}

#[tokio::test]
async fn all_shards_begin_at_their_end_when_they_are_met_together() {
    let follower = Follower::of(Ledger::new("log.example", Api::RekorV1));
    follower.ledger.grow(25);
    follower.ledger.rotate();
    follower.ledger.grow(30);
    follower.honest_poll().await;
    let rows = follower.store().logs().unwrap();
    assert_eq!(rows.iter().map(|row| row.tail.as_ref().unwrap().start).collect::<Vec<_>>(), [25, 30]);
}

#[tokio::test]
async fn a_shard_that_is_no_longer_listed_is_missed() {
    let follower = Follower::of(Ledger::new("log.example", Api::RekorV1));
    follower.ledger.grow(25);
    follower.honest_poll().await;
    follower.ledger.grow(5);
    follower.ledger.rotate();
    follower.ledger.grow(5);
    follower.ledger.misbehave(Misbehaviour::HideInactive);
    for _ in 0..12 {
        follower.poll().await;
        follower.clock.advance(Duration::from_mins(1));
    }
    let missed = |alert: &Alert| alert.title == "log.example - 1000 leaves out what it signed";
    assert!(follower.alerts().iter().any(missed), "{:?}", follower.alerts());
}

#[tokio::test]
async fn the_next_shard_of_the_trust_root_is_read_from_its_first_entry_and_the_old_one_drained() {
    let (world, folder) = (World::new(), folder());
    let clock = Arc::new(ManualClock::at_text(START));
    let (old, new) =
        (Ledger::new("log2025-1.log.example", Api::Tiles), Ledger::new("log2026-1.log.example", Api::Tiles));
    old.grow(300);
    let app = of_a_trust_root(&[(&old, None)], &world, &clock, &folder);
    app.logs.poll_logs().await.unwrap();
    drop(app);
    clock.advance(Duration::from_hours(24));
    old.grow(20);
    new.grow(40);
    let until = clock.now().to_rfc3339();
    let app = of_a_trust_root(&[(&old, Some(&until)), (&new, None)], &world, &clock, &folder);
    app.logs.poll_logs().await.unwrap();
    let rows = app.store.logs().unwrap();
    let stand: Vec<_> = rows.iter().map(|row| (row.standing, row.tail.as_ref().unwrap())).collect();
    assert_eq!((stand[0].0, stand[0].1.verified), (LogState::Drained, 320));
    assert_eq!((stand[1].0, stand[1].1.start, stand[1].1.verified), (LogState::Active, 0, 40));
}

#[tokio::test]
async fn an_old_shard_is_drained_and_the_new_one_followed() {
    let follower = Follower::of(Ledger::new("log.example", Api::RekorV1));
    follower.ledger.grow(25);
    follower.honest_poll().await;
    follower.ledger.grow(30);
    follower.ledger.rotate();
    follower.ledger.grow(12);
    follower.honest_poll().await;
    follower.ledger.grow(13);
    follower.honest_poll().await;
    let rows = follower.store().logs().unwrap();
    let ends: Vec<_> = rows
        .iter()
        .map(|row| (row.name.as_str(), row.standing, row.tail.as_ref().unwrap().verified, row.offset))
        .collect();
    assert_eq!(
        ends,
        [("log.example - 1000", LogState::Drained, 55, 0), ("log.example - 1001", LogState::Active, 25, 55)]
    );
}

#[tokio::test]
async fn a_new_shard_is_read_from_its_first_entry() {
    for age_of_the_old_one in [Duration::ZERO, Duration::from_hours(2)] {
        let follower = Follower::of(Ledger::new("log.example", Api::RekorV1));
        follower.ledger.grow(25);
        follower.honest_poll().await;
        follower.clock.advance(age_of_the_old_one);
        follower.ledger.rotate();
        follower.ledger.append(follower.signed(&acme("release.yml")));
        follower.ledger.publish();
        follower.honest_poll().await;
        assert_eq!(follower.matches(), [0]);
    }
}
