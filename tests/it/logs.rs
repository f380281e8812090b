//! Tests of followed logs, honest or not: no entry is skipped, and none is believed without hashing to the signed root.

#![allow(clippy::unwrap_used, reason = "helpers of tests may fail where they stand")]

mod availability;
mod certificates;
mod shards;
mod violations;

use crate::lab;

use std::sync::Arc;

use lab::{
    World,
    follower::{CONFIG, Follower, acme},
    ledger::{Api, Hosts, Ledger, Misbehaviour, body, ct_leaf, filler, hashedrekord},
    rig::{self, config, watchlist},
};
use provwatch::{
    app::{App, Parts, assemble, client_over},
    clock::{Clock, ManualClock},
    logwatch::{Poll, StartError},
    progress::NoProgress,
    store::Store,
};
use tempfile::TempDir;

#[tokio::test]
async fn a_tail_begins_at_the_end_and_skips_nothing() {
    let follower = Follower::tiles(1000).await;
    assert_eq!(follower.row().tail.unwrap().start, 1000);
    for (growth, total) in [(1, 1001), (23, 1024), (0, 1024), (256, 1280), (700, 1980), (5, 1985)] {
        follower.ledger.grow(growth);
        assert_eq!(follower.honest_poll().await, growth as u64);
        let tail = follower.row().tail.unwrap();
        assert_eq!((tail.verified, tail.downloaded), (total, total));
    }
    assert_eq!(follower.store().coverage("log.example").unwrap().len(), 1);
    assert_eq!(follower.row().entries, 985);
    assert_eq!(follower.alerts(), []);
}

#[tokio::test]
async fn of_the_checkpoints_of_an_hour_the_first_and_the_latest_are_kept() {
    let follower = Follower::tiles(10).await;
    for _ in 0..400 {
        follower.ledger.grow(1);
        follower.honest_poll().await;
    }
    let kept: Vec<u64> = follower.store().checkpoints("log.example", 100).unwrap().iter().map(|row| row.size).collect();
    assert_eq!(kept, [410, 370, 190, 10], "400 polls are two hours and a quarter");
}

#[tokio::test]
async fn every_kind_of_log_is_tailed_alike() {
    for api in [Api::Tiles, Api::RekorV1, Api::Ct, Api::StaticCt] {
        let follower = Follower::of(Ledger::new("log.example", api));
        follower.honest_poll().await;
        for size in [1, 2, 3, 7, 8, 300, 301, 513] {
            while follower.ledger.size() < size {
                let number = follower.ledger.size();
                follower.ledger.append(body(api, number));
            }
            follower.ledger.publish();
            follower.honest_poll().await;
            assert_eq!(follower.row().tail.unwrap().verified, size as u64, "{api:?}");
            let checkpoint = follower.row().checkpoint.unwrap();
            assert_eq!(checkpoint.root, follower.ledger.root(size), "{api:?}");
        }
        assert_eq!(follower.row().quarantined, 0);
        assert_eq!(follower.alerts(), []);
    }
}

#[tokio::test]
async fn a_restart_goes_on_where_it_was() {
    let mut follower = Follower::tiles(300).await;
    for growth in [1, 255, 77] {
        follower.ledger.grow(growth);
        follower = follower.restarted();
        assert_eq!(follower.honest_poll().await, growth as u64);
    }
}

#[tokio::test]
async fn a_poisonous_entry_is_set_aside_and_blocks_nothing() {
    let follower = Follower::tiles(10).await;
    for body in [b"".as_slice(), b"garbage", b"{\"kind\":1}", &vec![b'['; 60_000]] {
        follower.ledger.append(body);
    }
    follower.ledger.append(r#"{"kind":"cose","apiVersion":"0.0.1","spec":{"new":1}}"#);
    follower.ledger.append(hashedrekord(b"https://github.com/acme/ and no certificate", &[7; 32]));
    let index = follower.ledger.append(follower.signed(&acme("release.yml")));
    follower.ledger.publish();
    assert_eq!(follower.honest_poll().await, 7);
    assert_eq!(follower.matches(), [index as u64]);
    let set_aside: Vec<_> = follower.store().quarantined("log.example", 10).unwrap();
    assert_eq!(set_aside.iter().map(|row| row.index).collect::<Vec<_>>(), [15, 13, 12, 11, 10]);
    assert!(set_aside[0].why.contains("certificate"), "{}", set_aside[0].why);
    let kinds = follower.store().log_kinds("log.example").unwrap();
    assert!(kinds.iter().any(|kind| kind.kind == "cose" && kind.count == 1));
}

#[tokio::test]
async fn partial_tiles_may_be_gone_once_there_are_full_ones() {
    let follower = Follower::tiles(300).await;
    follower.ledger.grow(100);
    // The files of a tree of 600 are there; the checkpoint is still of 400.
    for number in 400..600 {
        follower.ledger.append(filler(number));
    }
    follower.ledger.misbehave(Misbehaviour::DeletePartials);
    assert_eq!(follower.honest_poll().await, 100);
}

#[tokio::test]
async fn a_tail_is_moved_only_where_that_is_what_is_wanted() {
    let follower = Follower::tiles(100).await;
    follower.ledger.grow(50);
    follower.honest_poll().await;
    let log = follower.app.logs.followed_logs().remove(0);
    let start = |index, allow_gap| follower.app.logs.start_log_at(&log, "log.example", index, allow_gap);
    follower.ledger.grow(50);
    assert!(matches!(start(180, false).await, Err(StartError::Gap { from: 150, to: 180 })));
    let beyond = start(999, true).await.unwrap_err();
    assert_eq!(beyond.to_string(), "entry 999 does not exist; the log has 200");
    start(180, true).await.unwrap();
    assert_eq!(follower.app.logs.poll_log(&log).await.unwrap(), Poll { verified: 20, ..Poll::default() });
    let covered: Vec<_> = follower.store().coverage("log.example").unwrap();
    assert_eq!(covered.iter().map(|range| (range.first, range.past)).collect::<Vec<_>>(), [(100, 150), (180, 200)]);
    start(20, false).await.unwrap();
    follower.ledger.misbehave(Misbehaviour::OtherRoot);
    assert!(matches!(start(30, true).await, Err(StartError::Accused(_))), "what contradicts itself is no beginning");
}

/// The logs of a trust root, each until another takes its place.
fn of_a_trust_root(logs: &[(&Ledger, Option<&str>)], world: &World, clock: &Arc<ManualClock>, folder: &TempDir) -> App {
    let mut root = world.lab().trusted_root();
    root["tlogs"] = logs.iter().map(|(ledger, until)| ledger.trusted(*until)).collect();
    root["ctlogs"] = serde_json::json!([]);
    std::fs::write(folder.path().join("trusted_root.json"), root.to_string()).unwrap();
    std::fs::write(folder.path().join("keys.json"), world.lab().npm_keys().to_string()).unwrap();
    let config = config(&CONFIG.replace("trust_root = false", "trust_root = true"));
    let clock: Arc<dyn Clock> = Arc::clone(clock) as _;
    let hosts = Hosts { ledgers: logs.iter().map(|(ledger, _)| (*ledger).clone()).collect(), world: world.clone() };
    let parts = Parts {
        store: Arc::new(Store::open(&folder.path().join("provwatch.db")).unwrap()),
        watchlist: watchlist("packages = []"),
        http: client_over(&config, Arc::new(hosts), Arc::clone(&clock)).unwrap(),
        verifier: rig::read_trust(folder.path()),
        clock,
        progress: Arc::new(NoProgress),
    };
    assemble(&config, parts).unwrap()
}

#[tokio::test]
async fn a_server_may_grant_as_little_as_it_likes() {
    let follower = Follower::of(Ledger::new("log.example", Api::Ct));
    follower.honest_poll().await;
    for number in 0..40 {
        follower.ledger.append(ct_leaf(format!("{number}").as_bytes()));
    }
    follower.ledger.publish();
    follower.ledger.misbehave(Misbehaviour::ShortBatches(3));
    assert_eq!(follower.honest_poll().await, 40);
}
