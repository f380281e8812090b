//! Tests of feed pages, cursors, and the work queue.

use super::lab::{Lab, due_work, dump, event, minutes_later, noon, package};
use crate::{
    model::Ecosystem,
    store::{EventKind, Lane, Lost, NewEvent, PackageRow, Portions, Setback, Taken, work::FirstSight},
};

const NPM: &str = "npm-changes";

#[test]
fn a_page_is_its_events_their_work_and_the_cursor() {
    let lab = Lab::new();
    assert_eq!(lab.store.cursor(NPM).unwrap(), None);
    let page = [event(&package("axios"), "1"), event(&package("vite"), "2"), event(&package("axios"), "3")];
    assert_eq!(lab.store.take_page(NPM, "3", &page, noon()).unwrap(), Taken { new: 3 });
    assert_eq!(lab.store.cursor(NPM).unwrap().as_deref(), Some("3"));
    let work = due_work(&lab.store, noon()).unwrap();
    assert_eq!(work.iter().map(|work| work.package.name()).collect::<Vec<_>>(), ["axios", "vite"]);
    assert_eq!(work[0].revision.as_deref(), Some("3-abc"), "the latest announced");
    assert_eq!(lab.store.next_work(Ecosystem::NPM, Lane::Announced, noon(), 1).unwrap().len(), 1, "reads are bounded");
}

#[test]
fn a_page_that_is_read_again_changes_nothing() {
    let lab = Lab::new();
    let page = [event(&package("axios"), "1"), event(&package("vite"), "2")];
    lab.store.take_page(NPM, "2", &page, noon()).unwrap();
    let work = due_work(&lab.store, noon()).unwrap();
    lab.store.finish_work(&work[0].package, work[0].generation).unwrap();
    let before = dump(&lab.store);
    assert_eq!(lab.store.take_page(NPM, "2", &page, noon()).unwrap(), Taken { new: 0 });
    assert_eq!(dump(&lab.store), before, "finished work stays finished");
    assert_eq!(lab.store.take_page("other", "2", &page, noon()).unwrap(), Taken { new: 2 }, "keys are a feed's own");
}

#[test]
fn an_event_that_comes_while_its_package_is_looked_at_is_not_lost() {
    let lab = Lab::new();
    lab.store.take_page(NPM, "1", &[event(&package("axios"), "1")], noon()).unwrap();
    let taken = due_work(&lab.store, noon()).unwrap().remove(0);
    lab.store.take_page(NPM, "2", &[event(&package("axios"), "2")], minutes_later(1)).unwrap();
    assert!(!lab.store.finish_work(&taken.package, taken.generation).unwrap(), "overtaken");
    assert!(!lab.store.put_off(&taken, Setback::Failed, minutes_later(60), "slow").unwrap(), "overtaken");
    let newer = due_work(&lab.store, minutes_later(1)).unwrap().remove(0);
    assert_eq!((newer.revision.as_deref(), newer.since), (Some("2-abc"), noon()));
    assert!(lab.store.finish_work(&newer.package, newer.generation).unwrap());
    assert!(due_work(&lab.store, minutes_later(99)).unwrap().is_empty());
}

#[test]
fn a_generation_is_never_given_twice() {
    let lab = Lab::new();
    let axios = package("axios");
    lab.store.enqueue(std::slice::from_ref(&axios), "watchlist", noon()).unwrap();
    let first = due_work(&lab.store, noon()).unwrap().remove(0);
    assert!(lab.store.finish_work(&axios, first.generation).unwrap());
    lab.store.enqueue(std::slice::from_ref(&axios), "watchlist", noon()).unwrap();
    assert!(!lab.store.finish_work(&axios, first.generation).unwrap(), "an old report does not finish new work");
}

#[test]
fn postponed_work_waits_until_its_time_or_a_new_event() {
    let lab = Lab::new();
    lab.store.take_page(NPM, "1", &[event(&package("axios"), "1")], noon()).unwrap();
    let work = due_work(&lab.store, noon()).unwrap().remove(0);
    assert!(lab.store.put_off(&work, Setback::Failed, minutes_later(10), "503").unwrap());
    assert!(due_work(&lab.store, minutes_later(9)).unwrap().is_empty());
    let again = due_work(&lab.store, minutes_later(10)).unwrap().remove(0);
    assert_eq!((again.attempts, again.last_error.as_deref()), (1, Some("503")));
    let summary = lab.store.work_summary(noon()).unwrap();
    assert_eq!((summary.waiting, summary.due, summary.failing, summary.oldest), (1, 0, 1, Some(noon())));
    assert_eq!(summary.oldest_failing, Some(noon()));
    assert_eq!(lab.store.failing_work(9).unwrap(), [again]);
    lab.store.take_page(NPM, "2", &[event(&package("axios"), "2")], minutes_later(1)).unwrap();
    let woken = due_work(&lab.store, minutes_later(1)).unwrap().remove(0);
    assert_eq!((woken.attempts, woken.last_error), (0, None));
    assert!(lab.store.failing_work(9).unwrap().is_empty());
    assert_eq!(lab.store.work_summary(noon()).unwrap().oldest_failing, None);
}

/// The lane of a package, the number of its failures, and of its turns that ended too early.
fn place(lab: &Lab) -> (Lane, u32, u32) {
    let work = lab.store.work_of(&package("axios")).unwrap().unwrap();
    (work.lane, work.attempts, work.turns)
}

#[test]
fn a_setback_decides_where_a_package_stands_in_line() {
    for (setback, expected, announced_again) in [
        (Setback::Failed, (Lane::Again, 1, 0), (Lane::Announced, 0, 0)),
        (Setback::RanOver, (Lane::Again, 1, 1), (Lane::Again, 0, 1)),
        (Setback::Behind, (Lane::Announced, 1, 0), (Lane::Announced, 0, 0)),
        (Setback::Paused, (Lane::Announced, 0, 0), (Lane::Announced, 0, 0)),
    ] {
        let lab = Lab::new();
        lab.store.take_page(NPM, "1", &[event(&package("axios"), "1")], noon()).unwrap();
        let work = lab.store.work_of(&package("axios")).unwrap().unwrap();
        assert_eq!(place(&lab), (Lane::Announced, 0, 0));
        lab.store.put_off(&work, setback, minutes_later(5), "503").unwrap();
        assert_eq!(place(&lab), expected, "{setback:?}");
        lab.store.enqueue(&[package("axios")], "watchlist", minutes_later(1)).unwrap();
        assert_eq!(place(&lab), (expected.0, 0, expected.2), "{setback:?}: only a feed announces");
        lab.store.take_page(NPM, "2", &[event(&package("axios"), "2")], minutes_later(1)).unwrap();
        assert_eq!(place(&lab), announced_again, "{setback:?}");
    }
}

#[test]
fn lanes_are_a_registrys_own_and_the_longest_due_comes_first() {
    let lab = Lab::new();
    let crates: crate::model::Package = "pkg:cargo/serde".parse().unwrap();
    lab.store.enqueue(&[crates, package("vite"), package("b")], "watchlist", noon()).unwrap();
    lab.store.enqueue(&[package("a")], "watchlist", minutes_later(1)).unwrap();
    lab.store.take_page(NPM, "1", &[event(&package("axios"), "1")], minutes_later(2)).unwrap();
    let names = |ecosystem, lane, at_most| -> Vec<String> {
        let work = lab.store.next_work(ecosystem, lane, minutes_later(2), at_most).unwrap();
        work.into_iter().map(|work| work.package.name().to_owned()).collect()
    };
    assert_eq!(names(Ecosystem::NPM, Lane::Announced, 9), ["axios"]);
    assert_eq!(names(Ecosystem::NPM, Lane::Rest, 9), ["b", "vite", "a"]);
    assert_eq!(names(Ecosystem::NPM, Lane::Rest, 2), ["b", "vite"]);
    assert_eq!(names(Ecosystem::CARGO, Lane::Rest, 9), ["serde"]);
    assert!(names(Ecosystem::PYPI, Lane::Rest, 9).is_empty());
    assert!(
        lab.store.next_work(Ecosystem::NPM, Lane::Rest, noon() - chrono::TimeDelta::minutes(1), 9).unwrap().is_empty()
    );
}

#[test]
fn a_history_in_portions_says_how_far_it_is_until_it_is_read() {
    let lab = Lab::new();
    lab.store.enqueue(&[package("axios")], "watchlist", noon()).unwrap();
    let first = lab.store.work_of(&package("axios")).unwrap().unwrap();
    let portions = Portions { done: 20, total: 50 };
    assert!(lab.store.go_on(&first, minutes_later(1), Some(portions), None, true).unwrap());
    let sight = FirstSight { package: package("axios"), portions, since: noon() };
    assert_eq!(lab.store.first_sights(9).unwrap(), [sight]);
    assert!(due_work(&lab.store, noon()).unwrap().is_empty(), "not yet due");
    lab.store.take_page(NPM, "1", &[event(&package("axios"), "1")], noon()).unwrap();
    assert!(
        !lab.store.go_on(&first, minutes_later(1), Some(Portions { done: 30, total: 50 }), None, true).unwrap(),
        "overtaken"
    );
    let work = due_work(&lab.store, noon()).unwrap().remove(0);
    assert_eq!((work.lane, work.portions), (Lane::Announced, Some(Portions { done: 30, total: 50 })));
    assert!(lab.store.finish_work(&work.package, work.generation).unwrap());
    assert!(lab.store.first_sights(9).unwrap().is_empty());
}

#[test]
fn what_is_announced_of_a_package_that_is_read_in_portions_comes_first_and_of_one_that_does_not_answer_does_not() {
    for (came, expected) in [(true, (Lane::Announced, 0, 0)), (false, (Lane::Again, 0, 1))] {
        let lab = Lab::new();
        lab.store.take_page(NPM, "1", &[event(&package("axios"), "1")], noon()).unwrap();
        let work = lab.store.work_of(&package("axios")).unwrap().unwrap();
        lab.store.go_on(&work, minutes_later(1), None, None, came).unwrap();
        assert_eq!(place(&lab).0, Lane::Again);
        lab.store.take_page(NPM, "2", &[event(&package("axios"), "2")], minutes_later(1)).unwrap();
        assert_eq!(place(&lab), expected, "{came}");
    }
}

#[test]
fn a_turn_forgets_no_wait_for_what_was_announced() {
    let lab = Lab::new();
    lab.store.take_page(NPM, "1", &[event(&package("axios"), "1")], noon()).unwrap();
    let work = || lab.store.work_of(&package("axios")).unwrap().unwrap();
    lab.store.put_off(&work(), Setback::Behind, noon(), "behind").unwrap();
    assert!(lab.store.go_on(&work(), noon(), None, Some("behind still"), true).unwrap());
    assert_eq!((work().attempts, work().last_error.as_deref()), (1, Some("behind still")));
    assert!(lab.store.go_on(&work(), noon(), None, None, true).unwrap());
    assert_eq!((work().attempts, work().last_error), (0, None));
}

#[test]
fn a_gap_makes_every_watched_package_due() {
    let lab = Lab::new();
    let watched = [package("axios"), package("vite")];
    let lost = Lost { why: "the sequence went back from 90 to 12", packages: &watched };
    let taken = lab.store.note_gap(NPM, "12", &[event(&watched[0], "12")], lost, noon()).unwrap();
    assert_eq!(taken, Taken { new: 1 });
    assert_eq!(due_work(&lab.store, noon()).unwrap().len(), 2);
    let source = lab.store.sources().unwrap().remove(0);
    assert_eq!((source.cursor.as_deref(), source.last_gap_at), (Some("12"), Some(noon())));
    assert_eq!(source.last_gap.as_deref(), Some(lost.why));
}

#[test]
fn numbers_that_come_again_after_a_gap_are_other_events() {
    let lab = Lab::new();
    let (axios, vite) = (package("axios"), package("vite"));
    lab.store.take_page(NPM, "13", &[event(&axios, "12"), event(&axios, "13")], noon()).unwrap();
    for (round, minute) in [(1, 1), (2, 10), (3, 20)] {
        let lost = Lost { why: "the serial went back from 13 to 11", packages: &[] };
        lab.store.note_gap(NPM, "11", &[], lost, minutes_later(minute)).unwrap();
        let before = dump(&lab.store);
        lab.store.note_gap(NPM, "11", &[], lost, minutes_later(minute)).unwrap();
        assert_eq!(dump(&lab.store), before, "the same gap, recorded again");
        let page = [event(&vite, "12"), event(&axios, "13")];
        assert_eq!(
            lab.store.take_page(NPM, "13", &page, minutes_later(minute + 1)).unwrap(),
            Taken { new: 2 },
            "{round}"
        );
        assert_eq!(
            lab.store.take_page(NPM, "13", &page, minutes_later(minute + 1)).unwrap(),
            Taken { new: 0 },
            "{round}"
        );
        for work in due_work(&lab.store, minutes_later(minute + 1)).unwrap() {
            lab.store.finish_work(&work.package, work.generation).unwrap();
        }
    }
    assert_eq!(lab.store.events_of(&axios, None, 99).unwrap().len(), 5);
}

#[test]
fn a_failure_does_not_hide_the_last_success() {
    let lab = Lab::new();
    lab.store.source_failed("pypi-changelog", "timed out", noon()).unwrap();
    lab.store.take_page("pypi-changelog", "5", &[], minutes_later(1)).unwrap();
    lab.store.source_failed("pypi-changelog", "503", minutes_later(2)).unwrap();
    let source = lab.store.sources().unwrap().remove(0);
    assert_eq!(source.cursor.as_deref(), Some("5"));
    assert_eq!(source.last_success, Some(minutes_later(1)));
    assert_eq!((source.last_error.as_deref(), source.last_error_at), (Some("503"), Some(minutes_later(2))));
}

#[test]
fn events_of_a_package_by_kind() {
    let lab = Lab::new();
    let change = r#"{"kind":"governance","action":"add Owner mallory"}"#.to_owned();
    let role = NewEvent { kind: EventKind::Governance, change, at: Some(noon()), ..event(&package("axios"), "2") };
    let page = [event(&package("axios"), "1"), role.clone(), event(&package("vite"), "3")];
    lab.store.take_page(NPM, "3", &page, minutes_later(1)).unwrap();
    assert_eq!(lab.store.events_of(&package("axios"), None, 10).unwrap().len(), 2);
    let governance = lab.store.events_of(&package("axios"), Some(EventKind::Governance), 10).unwrap();
    assert_eq!(governance.len(), 1);
    assert_eq!((&governance[0].change, governance[0].at), (&role.change, Some(noon())));
}

#[test]
fn a_package_keeps_its_first_sight() {
    let lab = Lab::new();
    let axios = package("axios");
    assert_eq!(lab.store.package(&axios).unwrap(), None);
    lab.store.save_package(&PackageRow::new(axios.clone(), noon())).unwrap();
    let mut row = PackageRow::new(axios.clone(), minutes_later(5));
    row.etag = Some("\"e\"".to_owned());
    row.maintainers = Some(vec!["a".to_owned(), "b\u{0}\"".to_owned()]);
    row.checked_at = Some(minutes_later(5));
    lab.store.save_package(&row).unwrap();
    row.first_seen = noon();
    assert_eq!(lab.store.package(&axios).unwrap(), Some(row.clone()));
    assert_eq!(lab.store.packages().unwrap(), [row]);
}

#[test]
fn what_the_queue_asks_every_second_is_found_by_an_index() {
    let lab = Lab::new();
    let db = lab.store.connection();
    for (query, index) in [
        (
            "SELECT * FROM work WHERE registry = 'npm' AND lane = 2 AND due_at <= 5 ORDER BY due_at, package LIMIT 4",
            "SEARCH work USING INDEX work_due (registry=? AND lane=? AND due_at<?)",
        ),
        (
            "SELECT package FROM releases WHERE recheck_at <= 5
                 AND NOT EXISTS (SELECT 1 FROM work WHERE work.package = releases.package)
             ORDER BY recheck_at LIMIT 4",
            "SEARCH releases USING INDEX releases_to_recheck (recheck_at<?)",
        ),
    ] {
        let mut plan = db.prepare(&format!("EXPLAIN QUERY PLAN {query}")).unwrap();
        let steps: Vec<String> = plan.query_map([], |row| row.get("detail")).unwrap().map(Result::unwrap).collect();
        assert_eq!(steps[0], index, "{steps:?}");
        assert!(steps.iter().all(|step| !step.contains("TEMP B-TREE")), "{steps:?}");
    }
}

#[test]
fn what_is_announced_very_often_hides_nothing_else() {
    let lab = Lab::new();
    let event = |key: u32, change: &str| NewEvent {
        kind: EventKind::Release,
        change: change.to_owned(),
        key: key.to_string(),
        ..event(&package("axios"), "0")
    };
    let mut events = vec![event(0, "vanished")];
    events.extend((1..=300).map(|key| event(key, "wheels")));
    lab.store.take_page("pypi-changelog", "300", &events, noon()).unwrap();
    let found = lab.store.distinct_events_of(&package("axios"), EventKind::Release, 2).unwrap();
    assert_eq!(found.iter().map(|event| &*event.change).collect::<Vec<_>>(), ["wheels", "vanished"]);
}

#[test]
fn of_what_failed_in_an_outage_one_is_tried_soon_and_all_when_it_is_over() {
    let lab = Lab::new();
    let names = ["a", "b", "c"];
    let events: Vec<NewEvent> = names.iter().map(|name| event(&package(name), name)).collect();
    lab.store.take_page("npm-changes", "3", &events, noon()).unwrap();
    for name in names {
        let work = lab.store.work_of(&package(name)).unwrap().unwrap();
        lab.store.put_off(&work, Setback::Failed, minutes_later(120), "down").unwrap();
    }
    let ecosystem = package("a").ecosystem();
    let due = |minutes| {
        let due = due_work(&lab.store, minutes_later(minutes)).unwrap();
        due.into_iter().map(|work| work.package.name().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(due(2), Vec::<String>::new());
    for _ in 0..2 {
        lab.store.probe(ecosystem, minutes_later(2)).unwrap();
        assert_eq!(due(2), ["a"], "one is enough");
    }
    let work = lab.store.work_of(&package("a")).unwrap().unwrap();
    lab.store.put_off(&work, Setback::Failed, minutes_later(122), "down").unwrap();
    lab.store.probe(ecosystem, minutes_later(4)).unwrap();
    assert_eq!(due(4), ["b"], "they take turns");
    assert_eq!(lab.store.try_again(ecosystem, minutes_later(5), |_, _| false).unwrap(), 0);
    let is_freed = |package: &crate::model::Package, _: chrono::DateTime<chrono::Utc>| package.name() != "c";
    assert_eq!(lab.store.try_again(ecosystem, minutes_later(5), is_freed).unwrap(), 1);
    assert_eq!(due(5), ["b", "a"]);
    assert_eq!(lab.store.try_again(ecosystem, minutes_later(5), |_, _| true).unwrap(), 1);
    assert_eq!(due(5).len(), 3);
}
