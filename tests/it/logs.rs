//! Tests of followed logs, honest or not: no entry is skipped, and none is believed without hashing to the signed root.

#![allow(clippy::unwrap_used, reason = "helpers of tests may fail where they stand")]

use crate::lab;

use std::{sync::Arc, time::Duration};

use lab::{
    Workflow, World,
    ct_leaf::LogLeaf,
    follower::{CONFIG, Follower, acme},
    ledger::{Api, Hosts, Ledger, Misbehaviour, body, ct_leaf, dsse, filler, hashedrekord},
    rig::{self, START, config, folder, watchlist},
};
use provwatch::{
    app::{App, Parts, assemble, client_over},
    clock::{Clock, ManualClock},
    logwatch::{Poll, StartError},
    model::{Alert, AlertKind, Severity},
    progress::NoProgress,
    store::{AlertFilter, LogState, Store},
    tlog::Judgement,
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
async fn somebody_who_is_watched_is_found_and_others_are_not() {
    let follower = Follower::tiles(10).await;
    follower.ledger.grow(5);
    let index = follower.ledger.append(follower.signed(&acme("release.yml")));
    follower.ledger.append(follower.signed(&Workflow::github("other/tool", "release.yml", "refs/heads/main")));
    follower.ledger.grow(5);
    follower.honest_poll().await;
    assert_eq!(follower.matches(), [index as u64]);
    let row = follower.store().log_entry("log.example", index as u64).unwrap().unwrap();
    assert_eq!(row.entry.identity.subject, acme("release.yml").subject);
    assert_eq!(row.entry.not_issued, None);
    assert_eq!(row.entry.patterns, ["acme"]);
}

#[tokio::test]
async fn a_forged_certificate_is_a_low_signal_of_its_own() {
    let follower = Follower::tiles(10).await;
    let stranger = lab::Authority::new();
    let forged = stranger.issue(&acme("release.yml"), follower.clock.now()).der;
    follower.ledger.append(hashedrekord(&forged, &[7; 32]));
    follower.ledger.publish();
    follower.honest_poll().await;
    let alert = follower.the_alert();
    assert_eq!(alert.severity, Severity::Low);
    assert_eq!(alert.signals[0].detector, "forged-certificate");
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

#[tokio::test]
async fn a_forged_certificate_does_not_hide_a_real_one() {
    let follower = Follower::tiles(10).await;
    let forged = lab::Authority::new().issue(&acme("release.yml"), follower.clock.now()).der;
    let real = follower.world.lab().authority.issue(&acme("other.yml"), follower.clock.now()).der;
    let unreadable = b"https://github.com/acme/ and no certificate".as_slice();
    for certificates in [[forged.as_slice(), real.as_slice()], [unreadable, real.as_slice()]] {
        follower.ledger.append(dsse(&certificates, &[7; 32]));
    }
    follower.ledger.publish();
    follower.honest_poll().await;
    for index in [10, 11] {
        let row = follower.store().log_entry("log.example", index).unwrap().unwrap();
        assert_eq!((row.entry.not_issued, row.entry.identity.workflow_file()), (None, Some("other.yml")));
    }
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

#[tokio::test]
async fn certificates_of_a_ct_log_are_matched() {
    for api in [Api::Ct, Api::StaticCt] {
        certificates_are_matched(Follower::of(Ledger::new("log.example", api))).await;
    }
}

async fn certificates_are_matched(follower: Follower) {
    follower.honest_poll().await;
    let der = follower.world.lab().authority.issue(&acme("release.yml"), follower.clock.now()).der;
    follower.ledger.append(ct_leaf(&der));
    follower.ledger.publish();
    follower.honest_poll().await;
    assert_eq!(follower.matches(), [0]);
}

#[tokio::test]
async fn a_precertificate_is_believed_when_the_authority_signed_what_the_log_proves() {
    for api in [Api::Ct, Api::StaticCt] {
        precertificates_are_compared(Follower::of(Ledger::new("log.example", api))).await;
    }
}

async fn precertificates_are_compared(follower: Follower) {
    follower.honest_poll().await;
    let authority = &follower.world.lab().authority;
    let at = follower.clock.now();
    let leaf = |workflow: &str| LogLeaf::precertificate(authority, &authority.issue(&acme(workflow), at).der, at);
    let honest = leaf("release.yml");
    // What the log proves, with another precertificate beside it.
    let swapped = LogLeaf { extra_data: honest.extra_data.clone(), ..leaf("evil.yml") };
    let stranger = lab::Authority::new();
    let forged = LogLeaf::precertificate(&stranger, &stranger.issue(&acme("release.yml"), at).der, at);
    for leaf in [&honest, &swapped, &forged] {
        follower.ledger.append_leaf(leaf);
    }
    follower.ledger.append_leaf(&LogLeaf { extra_data: Vec::new(), ..honest.clone() });
    follower.ledger.publish();
    follower.honest_poll().await;
    let issued =
        |index| follower.store().log_entry("log.example", index).unwrap().map(|row| row.entry.not_issued.is_none());
    assert_eq!((0..4).map(issued).collect::<Vec<_>>(), [Some(true), None, Some(false), None]);
    assert_eq!(follower.row().quarantined, 2, "what hides the certificate, and what has none");
}
