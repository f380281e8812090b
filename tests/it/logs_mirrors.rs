//! Tests of one log at two URLs. A mirror with another history proves that the log signed two, one that is behind
//! violates nothing, and entries that one does not serve are read from the other.

#![allow(clippy::unwrap_used, reason = "helpers of tests may fail where they stand")]

use crate::lab;

use std::{sync::Arc, time::Duration};

use lab::{
    World,
    follower::CONFIG,
    ledger::{Api, Hosts, Ledger, Misbehaviour},
    rig::{START, config, folder, verifier, watchlist},
};
use provwatch::{
    app::{App, Parts, assemble, client_over},
    clock::{Clock, ManualClock},
    health::{Finding, Kind},
    logwatch::Poll,
    model::{Alert, AlertKind, AlertStatus, Severity},
    progress::NoProgress,
    store::{AlertFilter, MirrorRow, Store},
    tlog::{Judgement, LogEvidence},
    upkeep::OnDisk,
};
use tempfile::TempDir;

/// A log with a mirror, and a pipeline that reads both.
struct Pair {
    log: Ledger,
    mirror: Ledger,
    clock: Arc<ManualClock>,
    app: App,
    _folder: TempDir,
}

impl Pair {
    /// Both show so many entries.
    async fn of(api: Api, size: usize) -> Self {
        let (folder, world) = (folder(), World::new());
        let log = Ledger::new("log.example", api);
        log.grow(size);
        let mirror = log.mirror("mirror.example");
        let key = folder.path().join("log.pem");
        std::fs::write(&key, log.public_key_pem()).unwrap();
        let instances = log.instance(&key, "https://log.example/") + &mirror.instance(&key, "https://mirror.example/");
        let config = config(&format!("{CONFIG}{instances}"));
        let clock = Arc::new(ManualClock::at_text(START));
        let parts = Parts {
            store: Arc::new(Store::open(&folder.path().join("provwatch.db")).unwrap()),
            watchlist: watchlist("packages = []"),
            http: client_over(
                &config,
                Arc::new(Hosts { ledgers: vec![log.clone(), mirror.clone()], world: world.clone() }),
                Arc::clone(&clock) as _,
            )
            .unwrap(),
            verifier: verifier(world.lab()),
            clock: Arc::clone(&clock) as _,
            progress: Arc::new(NoProgress),
        };
        let app = assemble(&config, parts).unwrap();
        let pair = Self { log, mirror, clock, app, _folder: folder };
        assert_eq!(pair.poll().await, Poll::default());
        pair
    }

    fn grow(&self, count: usize) {
        self.log.grow(count);
        self.mirror.grow(count);
    }

    async fn poll(&self) -> Poll {
        let [log] = self.app.logs.followed_logs().try_into().expect("one log");
        let poll = self.app.logs.poll_log(&log).await.unwrap();
        self.clock.advance(Duration::from_secs(20));
        poll
    }

    /// Polls every minute; what the last one gave.
    async fn minutes(&self, minutes: u64) -> Poll {
        let mut last = Poll::default();
        for _ in 0..minutes {
            last = self.poll().await;
            self.clock.advance(Duration::from_mins(1));
        }
        last
    }

    fn store(&self) -> &Store {
        &self.app.store
    }

    fn findings(&self) -> Vec<Finding> {
        self.app.look_after(Kind::Daemon, &OnDisk::default(), &[]).unwrap()
    }

    fn finds(&self, id: &str) -> Option<Finding> {
        self.findings().into_iter().find(|finding| finding.id.as_str() == id)
    }

    fn alerts(&self, kind: AlertKind) -> Vec<Alert> {
        let mut alerts = self.store().alerts(&AlertFilter { limit: 100, ..AlertFilter::default() }).unwrap();
        alerts.retain(|alert| alert.kind == kind);
        alerts
    }

    fn the_alert(&self) -> Alert {
        let [alert] = self.alerts(AlertKind::Log).try_into().expect("one alert about the log");
        alert
    }

    fn mirror(&self, url: &str) -> MirrorRow {
        self.store().log_mirrors().unwrap().into_iter().find(|row| row.url == url).expect("it was seen")
    }

    fn verified(&self) -> u64 {
        let rows = self.store().logs().unwrap();
        assert_eq!(rows.len(), 1, "{rows:?}");
        rows[0].tail.as_ref().unwrap().verified
    }
}

const APIS: [Api; 3] = [Api::Tiles, Api::RekorV1, Api::Ct];

#[tokio::test]
async fn mirrors_that_agree_are_one_log() {
    for api in APIS {
        let pair = Pair::of(api, 300).await;
        pair.grow(20);
        assert_eq!(pair.poll().await, Poll { verified: 20, ..Poll::default() }, "{api:?}");
        let sizes: Vec<_> = pair.store().log_mirrors().unwrap().into_iter().map(|row| row.size).collect();
        assert_eq!(sizes, [Some(320), Some(320)]);
        assert_eq!(pair.alerts(AlertKind::Log), []);
    }
}

#[tokio::test]
async fn a_mirror_with_another_history_is_a_fork_with_the_evidence_of_both() {
    // It has as many entries, more, or fewer than the other.
    let cases =
        APIS.into_iter().flat_map(|api| [(20, 20), (20, 30), (30, 20)].map(|(ours, theirs)| (api, ours, theirs)));
    for (api, ours, theirs) in cases {
        let pair = Pair::of(api, 300).await;
        pair.mirror.rewrite(310_usize.min(pair.mirror.size() - 1), "other");
        pair.log.grow(ours);
        pair.mirror.grow(theirs);
        let poll = pair.poll().await;
        assert_eq!((poll.troubled, poll.mirrors), (0, 1), "{api:?} {ours} {theirs}");
        let alert = pair.the_alert();
        assert_eq!(alert.severity, Severity::Critical, "{api:?} {ours} {theirs}");
        assert!(alert.argument.contains("https://mirror.example/"), "{}", alert.argument);
        let all = pair.store().evidence(None).unwrap();
        let evidence = LogEvidence::parse(all[0].document.as_bytes()).unwrap();
        assert_eq!(evidence.checkpoints.len(), 2);
        assert!(matches!(evidence.judge(), Ok(Judgement::Proven(_))), "{api:?}");
        assert!(pair.mirror("https://mirror.example/").failing_since.is_some());
    }
}

#[tokio::test]
async fn a_split_view_that_lasts_is_told_once_and_stops_nothing() {
    let pair = Pair::of(Api::Tiles, 300).await;
    pair.mirror.rewrite(299, "other");
    pair.grow(1);
    pair.poll().await;
    let alert = pair.the_alert();
    pair.store().acknowledge(&alert.fingerprint, "tester", "seen", pair.clock.now()).unwrap();
    for _ in 0..30 {
        pair.grow(3);
        assert_eq!(pair.poll().await.verified, 3);
    }
    assert_eq!(pair.the_alert().status, AlertStatus::Acknowledged, "the same two histories");
    pair.mirror.rewrite(250, "a third");
    pair.grow(1);
    pair.poll().await;
    assert_eq!(pair.the_alert().status, AlertStatus::Open, "a third history is news");
}

#[tokio::test]
async fn a_fork_that_goes_on_is_said_whoever_acknowledged_it() {
    // The forked mirror signs as much as the other, less, or more.
    for (ours, theirs) in [(1, 1), (2, 1), (1, 2)] {
        let pair = Pair::of(Api::Tiles, 300).await;
        assert!(pair.mirror("https://mirror.example/").other_history_since.is_none());
        pair.mirror.rewrite(299, "other");
        pair.grow(1);
        let forked_at = pair.clock.now();
        pair.poll().await;
        let alert = pair.the_alert();
        pair.store().acknowledge(&alert.fingerprint, "tester", "seen", pair.clock.now()).unwrap();
        for _ in 0..50 {
            pair.log.grow(ours);
            pair.mirror.grow(theirs);
            pair.minutes(1).await;
            let row = pair.mirror("https://mirror.example/");
            assert_eq!((row.other_history_since, row.behind_since), (Some(forked_at), None), "{ours} {theirs}");
        }
        let other = pair.mirror("https://log.example/");
        assert!(other.other_history_since.is_none() && other.failing_since.is_none(), "{other:?}");
        assert_eq!(pair.the_alert().status, AlertStatus::Acknowledged, "{ours} {theirs}");
        let said = pair.finds("log-mirror-forked").expect("it goes on");
        assert!(said.alert.is_none() && said.sentence.contains("https://mirror.example/"), "{said:?}");
        assert!(pair.finds("log-mirror-failing").is_none() && pair.finds("log-mirror-behind").is_none());
        pair.mirror.misbehave(Misbehaviour::Status(503));
        pair.minutes(5).await;
        assert!(pair.finds("log-mirror-forked").is_some(), "silence takes nothing back");
    }
}

#[tokio::test]
async fn a_mirror_that_is_behind_is_said_and_not_accused() {
    for api in APIS {
        let pair = Pair::of(api, 300).await;
        pair.log.grow(20);
        assert_eq!(pair.minutes(20).await.mirrors, 0, "{api:?}");
        assert!(pair.finds("log-mirror-behind").is_none());
        pair.minutes(20).await;
        let said = pair.finds("log-mirror-behind").expect("it is said").sentence;
        assert!(said.contains("https://mirror.example/"), "{said}");
        pair.log.misbehave(Misbehaviour::Status(503));
        pair.minutes(40).await;
        assert_eq!(pair.alerts(AlertKind::Log), [], "{api:?}: who is behind did not go back");
        pair.log.behave();
        pair.mirror.grow(20);
        pair.poll().await;
        assert!(pair.finds("log-mirror-behind").is_none());
    }
}

#[tokio::test]
async fn a_mirror_that_follows_slowly_is_not_behind() {
    let pair = Pair::of(Api::Tiles, 300).await;
    pair.log.grow(20);
    for _ in 0..60 {
        pair.grow(1);
        pair.minutes(1).await;
    }
    assert!(pair.finds("log-mirror-behind").is_none());
}

#[tokio::test]
async fn what_one_does_not_answer_the_other_serves() {
    for (api, wrong) in [
        (Api::Tiles, Misbehaviour::Status(503)),
        (Api::Tiles, Misbehaviour::Stall),
        (Api::Tiles, Misbehaviour::WrongKey),
        (Api::Tiles, Misbehaviour::Withhold("tile/entries")),
        (Api::Tiles, Misbehaviour::LieInBody(305)),
        (Api::RekorV1, Misbehaviour::Status(503)),
        (Api::Ct, Misbehaviour::Status(503)),
    ] {
        for lags in [false, true] {
            let pair = Pair::of(api, 300).await;
            pair.grow(20);
            if lags && !matches!(wrong, Misbehaviour::Status(_) | Misbehaviour::Stall | Misbehaviour::WrongKey) {
                pair.log.grow(1);
            }
            pair.log.misbehave(wrong.clone());
            let poll = pair.poll().await;
            assert_eq!((poll.verified, poll.troubled, poll.mirrors), (20, 0, 1), "{api:?} {wrong:?} {lags}");
            for _ in 0..40 {
                pair.grow(1);
                assert_eq!(pair.minutes(1).await.troubled, 0, "{api:?} {wrong:?} {lags}");
            }
            assert_eq!(pair.alerts(AlertKind::Log), [], "{wrong:?}: the log itself shows what it signed");
            if wrong == Misbehaviour::LieInBody(305) {
                assert!(pair.finds("log-mirror-failing").is_none(), "it lied once");
                continue;
            }
            let said = pair.finds("log-mirror-failing").expect("and yet it is said");
            assert!(said.alert.is_some() && said.sentence.contains("https://log.example/"), "{said:?}");
            assert!(pair.finds("log-unread").is_none());
            pair.log.behave();
            pair.mirror.grow(5);
            pair.log.grow(5);
            pair.poll().await;
            assert!(pair.finds("log-mirror-failing").is_none(), "{wrong:?}");
            assert!(pair.verified() >= 360);
        }
    }
}

#[tokio::test]
async fn a_log_that_goes_back_at_all_of_its_mirrors_is_accused() {
    let pair = Pair::of(Api::Tiles, 300).await;
    pair.grow(20);
    pair.poll().await;
    pair.log.misbehave(Misbehaviour::RollBack(250));
    pair.minutes(30).await;
    assert_eq!(pair.alerts(AlertKind::Log), [], "one of them is behind");
    pair.mirror.misbehave(Misbehaviour::RollBack(300));
    pair.minutes(15).await;
    assert_eq!(pair.the_alert().title, "log.example went back to fewer entries than it had signed");
}

#[tokio::test]
async fn when_none_answers_the_log_is_unread() {
    let pair = Pair::of(Api::Tiles, 300).await;
    pair.log.misbehave(Misbehaviour::Status(503));
    pair.mirror.misbehave(Misbehaviour::Status(503));
    assert_eq!(pair.poll().await.troubled, 1);
    pair.minutes(40).await;
    assert!(pair.finds("log-unread").is_some());
}

#[tokio::test]
async fn both_can_be_named() {
    let pair = Pair::of(Api::Tiles, 300).await;
    for name in ["log.example", "mirror.example"] {
        let named = pair.app.logs.log_named(name).await.unwrap();
        assert_eq!(named.url.as_str(), format!("https://{name}/"));
    }
}

#[tokio::test]
async fn a_log_that_goes_back_is_accused_though_a_mirror_does_not_answer() {
    for wrong in [Misbehaviour::RollBack(250), Misbehaviour::Restored(280)] {
        let pair = Pair::of(Api::Tiles, 300).await;
        pair.grow(20);
        pair.minutes(1).await;
        pair.mirror.misbehave(Misbehaviour::Status(503));
        pair.log.misbehave(wrong.clone());
        pair.minutes(5).await;
        assert_eq!(pair.alerts(AlertKind::Log), [], "{wrong:?}: it may be an accident");
        pair.minutes(10).await;
        let alert = pair.the_alert();
        assert_eq!(alert.title, "log.example went back to fewer entries than it had signed", "{wrong:?}");
        assert!(alert.argument.contains("No answer came from https://mirror.example/"), "{}", alert.argument);
    }
}
