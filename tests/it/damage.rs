//! Tests that a damaged row of the database delays only its own subject, and not for long.

#![allow(clippy::unwrap_used, reason = "a test may fail where it stands")]

use crate::lab;

use std::collections::BTreeSet;

use lab::{Fault, Publication, Rig, rig::*};
use provwatch::{
    health::{Id, Kind},
    model::Severity,
    store::{AlertFilter, Outcome},
    upkeep::OnDisk,
};

const WATCHED: [&str; 4] = ["pkg:npm/p0", "pkg:npm/p1", "pkg:npm/p2", "pkg:npm/p3"];

async fn watched() -> Rig {
    let rig = Rig::watching(&WATCHED);
    for package in WATCHED {
        rig.history(package, 5, &by_ada());
    }
    rig.smooth_pass().await;
    rig
}

/// Changes the file as a disk does, and not as provwatch.
fn behind_its_back(rig: &Rig, sql: &str) {
    let db = sqlite(rig);
    db.execute_batch("PRAGMA foreign_keys = OFF; PRAGMA ignore_check_constraints = ON").unwrap();
    db.execute_batch(sql).unwrap_or_else(|error| panic!("{sql}: {error}"));
}

#[expect(clippy::disallowed_methods, reason = "what a disk does, no statement of provwatch does")]
fn sqlite(rig: &Rig) -> rusqlite::Connection {
    rusqlite::Connection::open(rig.path()).unwrap()
}

/// What the receiver of everything was told of, by purl.
fn told(rig: &Rig) -> BTreeSet<String> {
    let received = rig.world.received();
    received.iter().filter_map(|(_, body)| body["data"]["purl"].as_str().map(str::to_owned)).collect()
}

/// One for each package: several releases by one account would be told as one campaign.
fn stranger(number: usize) -> Publication {
    Publication::token(START, &format!("mallory{number}"), "m@example.org").install_script("node steal.js")
}

fn stranger_publishes(rig: &Rig, version: &str) -> BTreeSet<String> {
    let releases = WATCHED.map(|package| format!("{package}@{version}"));
    for (number, release) in releases.iter().enumerate() {
        rig.publish(release, &stranger(number));
    }
    releases.into_iter().collect()
}

const DAMAGE: [(&str, &str, &str); 9] = [
    ("baselines", "bad JSON", "UPDATE baselines SET body = '{' || substr(body, 3) WHERE package = 'pkg:npm/p0'"),
    (
        "baselines",
        "another name",
        "UPDATE baselines SET body = replace(body, 'ada', 'adb') WHERE package = 'pkg:npm/p0'",
    ),
    ("baselines", "a lost row", "DELETE FROM baselines WHERE package = 'pkg:npm/p0'"),
    ("releases", "bad JSON", "UPDATE releases SET observation = substr(observation, 2) WHERE package = 'pkg:npm/p0'"),
    ("releases", "bad words", "UPDATE releases SET files = 'q', unchecked = '[' WHERE package = 'pkg:npm/p0'"),
    ("releases", "a bad purl", "UPDATE releases SET purl = 'pkg:xpm/p0@1' WHERE purl = 'pkg:npm/p0@1.0.3'"),
    ("packages", "bad JSON", "UPDATE packages SET maintainers = '[' WHERE package = 'pkg:npm/p0'"),
    (
        "work",
        "a bad package",
        "INSERT INTO work (package, registry, reason, since, due_at, generation) VALUES ('pkg:xyz/!', 'npm', 'x', 0, 0, 1)",
    ),
    ("sources", "a bad cursor", "UPDATE sources SET cursor = '7' WHERE name = 'npm-changes'"),
];

#[tokio::test]
async fn a_damaged_row_hides_no_takeover() {
    for (table, what, sql) in DAMAGE {
        let rig = watched().await;
        behind_its_back(&rig, sql);
        let rig = rig.restarted();
        let releases = stranger_publishes(&rig, "1.1.0");
        rig.app.pass().await.unwrap_or_else(|error| panic!("{table}, {what}: {error:?}"));
        rig.app.pass().await.unwrap_or_else(|error| panic!("{table}, {what}: {error:?}"));
        assert_eq!(told(&rig).intersection(&releases).count(), releases.len(), "{table}, {what}: {:?}", told(&rig));
        for release in &releases {
            assert_eq!(rig.outcome(release), Outcome::Alerted, "{table}, {what}: {release}");
        }
        let troubles = rig.troubles();
        assert!(
            troubles.iter().any(|trouble| trouble.title.contains(table)) || troubles.len() == 1,
            "{table}, {what}: {troubles:#?}"
        );
        assert_eq!(rig.store().set_damage_aside(rig.now()).unwrap().rows, 0, "{table}, {what}");
        rig.settle().await;
        assert!(rig.store().releases(&"pkg:npm/p0".parse().unwrap(), 99).unwrap().len() >= 6, "{table}, {what}");
    }
}

#[tokio::test]
async fn a_row_that_no_queue_has_hides_no_announcement() {
    let rig = watched().await;
    behind_its_back(
        &rig,
        "INSERT INTO work (package, registry, reason, since, due_at, generation) VALUES ('pkg:npm/p0', 'npx', 'x', 0, 0, 0)",
    );
    let releases = stranger_publishes(&rig, "1.1.0");
    rig.pass().await;
    assert_eq!(told(&rig).intersection(&releases).count(), releases.len(), "{:?}", told(&rig));
}

#[tokio::test]
async fn a_lost_baseline_is_learned_anew_from_what_taught_it() {
    let rig = watched().await;
    let package = "pkg:npm/p0".parse().unwrap();
    let before = rig.store().baseline(&package).unwrap();
    behind_its_back(&rig, DAMAGE[0].2);
    rig.app.pass().await.unwrap();
    let error = rig.store().baseline(&package);
    rig.app.mender.mend().unwrap();
    assert!(error.is_err());
    assert_eq!(rig.store().baseline(&package).unwrap(), before);
    let trouble = rig.troubles().remove(0);
    assert_eq!(trouble.severity, Severity::High);
    assert!(trouble.argument.contains("learned anew from 5 stored releases"), "{}", trouble.argument);
}

/// Nothing is left of what the baseline was learned from: the history is learned again, and the operator is told.
#[tokio::test]
async fn a_baseline_of_which_nothing_is_left_is_told_as_lost() {
    let rig = watched().await;
    behind_its_back(&rig, &format!("{}; {}", DAMAGE[0].2, DAMAGE[3].2));
    let rig = rig.restarted();
    let releases = stranger_publishes(&rig, "1.1.0");
    rig.app.pass().await.unwrap();
    rig.settle().await;
    assert_eq!(told(&rig).intersection(&releases).count(), releases.len(), "{:#?}", rig.troubles());
    let baseline = rig.store().baseline(&"pkg:npm/p0".parse().unwrap()).unwrap().baseline;
    assert_eq!(baseline.lines.values().map(|line| line.releases).sum::<u32>(), 5);
}

#[tokio::test]
async fn a_damaged_alert_stands_and_reaches_its_receivers() {
    let rig = watched().await;
    rig.world.break_down("hooks.example", Fault::Status(500, Vec::new()));
    let releases = stranger_publishes(&rig, "1.1.0");
    rig.app.pass().await.unwrap();
    behind_its_back(&rig, "UPDATE alerts SET body = substr(body, 2) WHERE package = 'pkg:npm/p0'");
    rig.world.mend("hooks.example");
    let rig = rig.restarted();
    rig.minutes_pass(30);
    rig.app.pass().await.unwrap();
    rig.minutes_pass(5);
    rig.app.pass().await.unwrap();
    assert_eq!(told(&rig).intersection(&releases).count(), releases.len());
    let alert = rig.alerts().into_iter().find(|alert| alert.title.contains("p0")).unwrap();
    assert!(alert.severity >= Severity::High && !alert.signals.is_empty(), "judged again: {alert:#?}");
}

#[tokio::test]
async fn many_damaged_rows_are_one_alert() {
    let rig = watched().await;
    behind_its_back(&rig, "UPDATE releases SET observation = substr(observation, 2)");
    let rig = rig.restarted();
    rig.app.pass().await.unwrap();
    rig.settle().await;
    rig.days_pass(2);
    rig.settle().await;
    let troubles = rig.troubles();
    assert!(troubles.len() <= 3, "{:#?}", troubles.iter().map(|trouble| &trouble.title).collect::<Vec<_>>());
    assert!(troubles.iter().any(|trouble| trouble.title.contains("20 rows")), "{troubles:#?}");
    assert!(rig.store().alerts(&AlertFilter::default()).unwrap().iter().all(|alert| alert.purl.is_none()));
}

#[tokio::test]
async fn status_says_so_for_a_day() {
    let rig = watched().await;
    let found = || {
        let found = rig.app.look_after(Kind::Daemon, &OnDisk::default(), &[]).unwrap();
        found.into_iter().find(|finding| finding.id == Id::RowsDamaged).map(|finding| finding.sentence)
    };
    assert_eq!(found(), None);
    behind_its_back(&rig, "UPDATE sources SET cursor = 'x' || cursor WHERE name = 'npm-changes'");
    rig.pass().await;
    let sentence = found().unwrap();
    assert!(
        sentence.starts_with("1 row of the database was damaged in the last day: sources npm-changes ("),
        "{sentence}"
    );
    rig.days_pass(1);
    rig.minutes_pass(1);
    assert_eq!(found(), None);
}
