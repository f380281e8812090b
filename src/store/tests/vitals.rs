//! Tests of heartbeats and queue measurements.

use super::lab::*;
use crate::{
    model::Severity,
    store::{PackageRow, Record, RunnerRow, Setback, vitals::QueueVitals},
};

fn beat(minutes: i64) -> RunnerRow {
    RunnerRow {
        kind: "daemon".to_owned(),
        pid: 7,
        version: "1.0.0".to_owned(),
        first_at: minutes_later(minutes),
        started_at: minutes_later(minutes),
        beat_at: minutes_later(minutes),
        facts: "{}".to_owned(),
    }
}

#[test]
fn the_last_sign_of_life_is_kept_and_the_time_of_the_first() {
    let lab = Lab::new();
    assert_eq!(lab.store.runner().unwrap(), None);
    lab.store.beat(&beat(5)).unwrap();
    lab.store.beat(&RunnerRow { kind: "once".to_owned(), ..beat(9) }).unwrap();
    let row = lab.store.runner().unwrap().unwrap();
    assert_eq!((row.kind.as_str(), row.first_at, row.beat_at), ("once", minutes_later(5), minutes_later(9)));
    lab.store.beat(&beat(2)).unwrap();
    let first = lab.store.runner().unwrap().unwrap().first_at;
    assert_eq!(first, minutes_later(2), "the clock had been ahead");
    lab.store.beat(&RunnerRow { kind: "someone".to_owned(), ..beat(9) }).unwrap_err();
}

#[test]
fn what_was_announced_waits_since_it_was_announced() {
    let lab = Lab::new();
    let vitals = |minutes| lab.store.queue_vitals(minutes_later(minutes)).unwrap();
    assert_eq!(vitals(0), QueueVitals::default());
    let (axios, chalk) = (package("axios"), package("chalk"));
    lab.store.enqueue(&[axios.clone(), chalk], "watchlist", noon()).unwrap();
    assert_eq!((vitals(3).announced, vitals(3).learning), (None, 2), "nobody announced them");
    assert_eq!(vitals(3).oldest_due, Some(noon()));
    lab.store.take_page("npm-changes", "1", &[event(&axios, "1")], minutes_later(60)).unwrap();
    lab.store.take_page("npm-changes", "2", &[event(&axios, "2")], minutes_later(70)).unwrap();
    let announced = vitals(80).announced.unwrap();
    assert_eq!((announced.count, announced.package.as_str()), (1, "pkg:npm/axios"));
    assert_eq!(announced.since, minutes_later(60), "not since it waits, and not since it was last announced");
    let work = due_work(&lab.store, minutes_later(80)).unwrap().remove(0);
    lab.store.put_off(&work, Setback::Failed, minutes_later(90), "503").unwrap();
    let announced = vitals(80).announced.unwrap();
    assert_eq!((announced.since, announced.last_error.as_deref()), (minutes_later(60), Some("503")));
    assert_eq!(vitals(80).learning, 1, "what fails is counted elsewhere");
    lab.store.finish_work(&axios, work.generation).unwrap();
    assert_eq!(vitals(80).announced, None);
}

/// A long history is read turn by turn: its package has been checked, and waits since its last turn.
#[test]
fn what_is_looked_at_turn_by_turn_waits_since_its_last_turn() {
    let lab = Lab::new();
    let vitals = |minutes| lab.store.queue_vitals(minutes_later(minutes)).unwrap().announced.unwrap();
    lab.store.take_page("npm-changes", "1", &[event(&package("axios"), "1")], noon()).unwrap();
    let work = || due_work(&lab.store, minutes_later(90)).unwrap().remove(0);
    let portions = crate::store::Portions { done: 100, total: 4000 };
    lab.store.go_on(&work(), minutes_later(30), Some(portions), None, true).unwrap();
    assert_eq!(vitals(31).since, minutes_later(30));
    lab.store.put_off(&work(), Setback::Failed, minutes_later(40), "503").unwrap();
    assert_eq!(vitals(41).since, noon(), "it goes on no longer");
}

#[test]
fn names_that_no_registry_ever_knew_are_told_from_packages_that_are_gone() {
    let lab = Lab::new();
    let gone = |name: &str| PackageRow { status: Some("gone".to_owned()), ..PackageRow::new(package(name), noon()) };
    lab.store.save_package(&gone("wigdet")).unwrap();
    lab.store.save_package(&PackageRow { backfilled_at: Some(noon()), ..gone("left-pad") }).unwrap();
    lab.store.save_package(&PackageRow::new(package("axios"), noon())).unwrap();
    assert_eq!(lab.store.never_known().unwrap(), ["pkg:npm/wigdet"]);
}

#[test]
fn what_could_not_be_checked_lately_is_told_from_history() {
    let lab = Lab::new();
    let unchecked = |purl: &str, minutes| Record {
        outcome: crate::store::Outcome::Unchecked,
        unchecked: vec!["503".to_owned()],
        ..Record::observed(observation(purl), crate::store::Outcome::Unchecked, minutes_later(minutes))
    };
    lab.store.record(&unchecked("pkg:npm/axios@1.0.0", 7 * 24 * 60)).unwrap();
    lab.store.record(&unchecked("pkg:npm/axios@1.0.1", 5)).unwrap();
    lab.store.record(&learned("pkg:npm/axios@1.0.2", 0)).unwrap();
    let found = lab.store.lately_unchecked(noon(), 10).unwrap();
    assert_eq!(found, [("pkg:npm/axios@1.0.1".to_owned(), minutes_later(5))]);
    assert_eq!(lab.store.lately_unchecked(minutes_later(5), 10).unwrap(), []);
    let plan: String = lab
        .store
        .connection()
        .query_row(
            "EXPLAIN QUERY PLAN SELECT purl, observed_at FROM releases WHERE outcome = 'unchecked'
             AND published_at > observed_at - 604800000000 AND observed_at > 7 ORDER BY observed_at DESC LIMIT 5",
            [],
            |row| row.get("detail"),
        )
        .unwrap();
    assert!(plan.contains("releases_new_by_outcome"), "{plan}");
}

#[test]
fn open_troubles_are_about_logs_and_provwatch_itself() {
    let lab = Lab::new();
    lab.store.record(&alerted("pkg:npm/axios@1.0.1", Severity::Critical)).unwrap();
    lab.store.record_alert(&stale_source(), &[], noon()).unwrap();
    assert_eq!(lab.store.open_troubles(Severity::High, 10).unwrap(), []);
    assert_eq!(lab.store.open_troubles(Severity::Medium, 10).unwrap().len(), 1);
    lab.store.resolve(&stale_source().fingerprint, "me", "over", noon()).unwrap();
    assert_eq!(lab.store.open_troubles(Severity::Medium, 10).unwrap(), []);
}
