//! Tests that `kill -9` at any moment loses no data. A pipeline in a process of its own is killed again and again while
//! it works, and in the end everything is as if it had never been.

#![allow(clippy::unwrap_used, reason = "a test may fail where it stands")]

use crate::lab;

use std::{
    collections::BTreeSet,
    fmt::Write,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::Arc,
    time::Duration,
};

use chrono::{DateTime, TimeDelta, Utc};
use lab::{
    Publication, Workflow, World,
    rig::*,
    server::{Server, serve},
};
use provwatch::{
    app::{Parts, assemble, client},
    clock::ManualClock,
    progress::NoProgress,
    store::{AlertFilter, Store},
};

/// Tells this program that it is the one to be killed; the folder of its store.
const VICTIM: &str = "PROVWATCH_TEST_VICTIM";
const WATCHED: &str = r#"packages = ["pkg:npm/widget", "pkg:pypi/widget", "pkg:cargo/widget"]"#;
const PACKAGES: [&str; 3] = ["pkg:npm/widget", "pkg:pypi/widget", "pkg:cargo/widget"];

/// What is published before each run to the end.
const ACTS: [fn(&World); 3] = [
    |world| {
        for month in 0..6 {
            let at = now() - TimeDelta::days(30 * (7 - month));
            publish(world, &format!("1.0.{month}"), &by_workflow(&workflow("widget")).at(at));
        }
    },
    |world| publish(world, "1.1.0", &by_workflow(&workflow("widget")).at(now())),
    |world| {
        let strange = Workflow::github("acme/widget", "evil.yml", "refs/heads/main");
        publish(world, "1.1.1", &by_workflow(&strange).at(now()));
        publish(world, "1.1.2", &by_mallory().at(now()));
    },
];

fn now() -> DateTime<Utc> {
    START.parse().unwrap()
}

fn publish(world: &World, version: &str, publication: &Publication) {
    world.publish_npm("widget", version, publication);
    world.publish_pypi("widget", version, publication);
    world.publish_crate("widget", version, publication);
}

/// The process that is killed. It makes passes until nothing waits.
#[tokio::test]
#[ignore = "not a test of its own: the test below starts it in a process of its own"]
async fn victim() {
    let folder = PathBuf::from(std::env::var_os(VICTIM).expect("the test that starts it names a folder"));
    let config = config(&std::fs::read_to_string(folder.join("provwatch.toml")).unwrap());
    let clock = Arc::new(ManualClock::at(now()));
    let parts = Parts {
        store: Arc::new(Store::open(&folder.join("provwatch.db")).unwrap()),
        watchlist: watchlist(WATCHED),
        http: client(&config, Arc::clone(&clock) as _).unwrap(),
        verifier: read_trust(&folder),
        clock: Arc::clone(&clock) as _,
        progress: Arc::new(NoProgress),
    };
    let app = assemble(&config, parts).unwrap();
    loop {
        let summary = app.pass().await.unwrap();
        assert_eq!(summary.failed_sources, []);
        let waiting = app.store.work_summary(now()).unwrap().waiting;
        let undelivered: u64 = app.store.delivery_summary().unwrap().iter().map(|state| state.pending).sum();
        if waiting == 0 && undelivered == 0 && summary.work.packages == 0 {
            return;
        }
        clock.advance(Duration::from_mins(1));
    }
}

/// Plays all acts. After each the victim runs to its end, and is killed before that as often as `kills` says, each time
/// after as long as it draws.
async fn play(seed: u64, kills: u32) -> Played {
    let world = World::new();
    let server = serve(world.clone());
    let folder = folder();
    write_trust(world.lab(), folder.path());
    std::fs::write(folder.path().join("provwatch.toml"), served(&server)).unwrap();
    let mut draw = fastrand::Rng::with_seed(seed);
    let mut cut_off = 0;
    for act in ACTS {
        act(&world);
        for _ in 0..kills {
            let mut victim = start(folder.path());
            let alive = Duration::from_millis(draw.u64(5..150));
            let killed = tokio::task::spawn_blocking(move || kill_after(&mut victim, alive)).await.unwrap();
            cut_off += u32::from(killed);
        }
        let victim = start(folder.path());
        let output = tokio::task::spawn_blocking(|| victim.wait_with_output().unwrap()).await.unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    }
    Played { told: told(&folder.path().join("provwatch.db"), &world), cut_off }
}

/// How a play ended.
struct Played {
    /// What the store and the receivers know.
    told: String,
    /// How many victims were killed before they had come to their end.
    cut_off: u32,
}

/// The rig's configuration for a world on a socket.
fn served(server: &Server) -> String {
    CONFIG
        .replace("https://", &format!("http://{}/", server.address))
        .replace("[http]\n", "[http]\nallow_private = [\"127.0.0.1\"]\n")
        .replace("crates.example\" =", "127.0.0.1\" =")
}

fn start(folder: &Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["kill::victim", "--exact", "--ignored", "--nocapture"])
        .env(VICTIM, folder)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// SIGKILL. Whether it came before the victim's end.
fn kill_after(victim: &mut Child, alive: Duration) -> bool {
    std::thread::sleep(alive);
    victim.kill().unwrap();
    !victim.wait().unwrap().success()
}

/// Everything that must be the same, whatever happened on the way. Not the times, nor in which order packages were looked
/// at.
fn told(path: &Path, world: &World) -> String {
    let store = Store::open_read_only(path).unwrap();
    let mut out = String::new();
    let (head, faults) = (store.history_head().unwrap(), store.history_faults().unwrap());
    writeln!(out, "history {:?} {faults:?}", head.map(|head| head.seq)).unwrap();
    for package in PACKAGES {
        let package = package.parse().unwrap();
        for event in store.events_of(&package, None, 1000).unwrap() {
            writeln!(out, "event {package} {}", event.change).unwrap();
        }
        for row in store.releases(&package, 1000).unwrap() {
            let (outcome, in_baseline) = (row.outcome.as_str(), row.in_baseline);
            writeln!(out, "release {} {outcome} {in_baseline} {:?}", row.purl, row.unchecked).unwrap();
        }
        for step in store.baseline_history(&package, 1000).unwrap() {
            writeln!(out, "baseline {package} {} {} {:?}", step.line, step.version, step.purl).unwrap();
        }
        let alerts = store.alerts(&AlertFilter { package: Some(package), ..AlertFilter::default() }).unwrap();
        let mut lines: BTreeSet<String> = BTreeSet::new();
        for alert in alerts {
            let signals: Vec<_> = alert.signals.iter().map(|signal| &*signal.detector).collect();
            lines.insert(format!("alert {} {} {signals:?}", alert.title, alert.severity));
            for delivery in store.deliveries_of(&alert, 100).unwrap() {
                lines.insert(format!("delivery {} {} {:?}", alert.id, delivery.subscription, delivery.state));
            }
        }
        lines.iter().try_for_each(|line| writeln!(out, "{line}")).unwrap();
    }
    let received: BTreeSet<String> =
        world.received().iter().map(|(path, body)| format!("received {path} {}", body["data"]["id"])).collect();
    received.iter().try_for_each(|line| writeln!(out, "{line}")).unwrap();
    out
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pipeline_that_is_killed_again_and_again_loses_nothing() {
    let undisturbed = play(0, 0).await.told;
    assert!(undisturbed.starts_with("history Some(") && undisturbed.contains(") []\n"), "it is whole: {undisturbed}");
    assert_eq!(undisturbed.lines().filter(|line| line.starts_with("alert ")).count(), 5, "{undisturbed}");
    assert_eq!(undisturbed.lines().filter(|line| line.starts_with("release ")).count(), 27, "{undisturbed}");
    let mut cut_off = 0;
    for seed in 1..=4 {
        let played = play(seed, 8).await;
        assert_eq!(played.told, undisturbed, "seed {seed}");
        cut_off += played.cut_off;
    }
    assert!(cut_off >= 20, "only {cut_off} were killed before their end: the draws are too long");
}
