//! Tests that every write is lost as a whole before its commit, and kept after it however often it is repeated. Both
//! also hold for the process that starts after a kill at that point.

use super::{
    faults::Point,
    lab::{
        Lab, alert, alerted, due_work, dump, event, learned, learning, minutes_later, noon, package, release,
        repeating, report, stale_source, subscriptions,
    },
};
use crate::{
    model::{Development, ReleaseStatus, Severity},
    store::{Lost, PackageRow, Portions, ReadReports, ReportNews, Setback, Store, StoreError, UntoldReport},
};

pub(super) type Operation = (&'static str, fn(&Store) -> Result<(), StoreError>);

const BAD: &str = "pkg:npm/axios@1.14.1";

/// A store with rows in the main tables.
pub(super) fn filled() -> Lab {
    let lab = Lab::new();
    lab.store.take_page("npm-changes", "1", &[event(&package("axios"), "1")], noon()).unwrap();
    lab.store.record(&learned("pkg:npm/axios@1.14.0", 0)).unwrap();
    lab.store.record(&alerted(BAD, Severity::High)).unwrap();
    lab.store.record_alert(&stale_source(), &[], noon()).unwrap();
    lab.store.take_reports(&[report("MAL-2026-1", "axios")], noon()).unwrap();
    lab
}

fn first_delivery(store: &Store) -> Result<crate::store::Delivery, StoreError> {
    let mut due = store.outbox(minutes_later(60))?;
    due.sort_by_key(|delivery| delivery.id);
    let mut delivery = due.remove(0);
    // The state of a caller that did not learn of its success.
    (delivery.id, delivery.attempts) = (1, 0);
    Ok(delivery)
}

pub(super) const OPERATIONS: &[Operation] = &[
    ("take_page", |store| {
        let page = [event(&package("axios"), "2"), event(&package("vite"), "3")];
        store.take_page("npm-changes", "3", &page, noon()).map(drop)
    }),
    ("note_gap", |store| {
        let lost = Lost { why: "reset", packages: &[package("axios"), package("vite")] };
        store.note_gap("npm-changes", "9", &[event(&package("vite"), "9")], lost, noon()).map(drop)
    }),
    ("source_failed", |store| store.source_failed("npm-changes", "503", noon())),
    ("enqueue", |store| store.enqueue(&[package("vite")], "watchlist", noon())),
    ("put_off", |store| {
        let mut work = due_work(store, minutes_later(60))?.remove(0);
        work.attempts = 0;
        store.put_off(&work, Setback::Failed, minutes_later(5), "503").map(drop)
    }),
    ("go_on", |store| {
        let mut work = due_work(store, minutes_later(60))?.remove(0);
        work.turns = 0;
        store.go_on(&work, minutes_later(5), Some(Portions { done: 1, total: 2 }), None, true).map(drop)
    }),
    ("finish_work", |store| store.finish_work(&package("axios"), 1).map(drop)),
    ("save_package", |store| store.save_package(&PackageRow::new(package("axios"), noon()))),
    ("record", |store| store.record(&alerted("pkg:npm/vite@7.0.0", Severity::Critical)).map(drop)),
    ("record, learning", |store| store.record(&learned("pkg:npm/axios@1.14.2", 1)).map(drop)),
    ("record, worse", |store| store.record(&alerted(BAD, Severity::Critical)).map(drop)),
    ("record, a repetition", |store| store.record(&repeating("pkg:npm/axios@1.14.3", BAD, Severity::High)).map(drop)),
    ("record_batch", |store| {
        store.record_batch(&[learned("pkg:npm/vite@7.0.0", 0), learned("pkg:npm/vite@7.0.1", 1)]).map(drop)
    }),
    ("record_alert", |store| {
        store.record_alert(&alert("pypi-changelog", Severity::Medium), &subscriptions(&["mail"]), noon()).map(drop)
    }),
    ("change_baseline", |store| store.change_baseline(&learning(1, &[BAD]), noon()).map(drop)),
    ("set_status", |store| store.set_status(&release(BAD), ReleaseStatus::Yanked, noon()).map(drop)),
    ("acknowledge", |store| {
        store.acknowledge(&alert(BAD, Severity::High).fingerprint, "alice", "known", noon()).map(drop)
    }),
    ("resolve", |store| store.resolve(&stale_source().fingerprint, "provwatch", "back", noon()).map(drop)),
    ("delivered", |store| store.delivered(&first_delivery(store)?, noon(), "250").map(drop)),
    ("retry_delivery", |store| {
        store.retry_delivery(&first_delivery(store)?, noon(), minutes_later(5), "451").map(drop)
    }),
    ("take_reports", |store| {
        let reports = [report("MAL-2026-2", "axios"), report("MAL-2026-3", "vite")];
        store.take_reports(&reports, noon()).map(drop)
    }),
    ("report_told", |store| {
        let told = UntoldReport {
            release: release(BAD),
            id: "MAL-2026-1".to_owned(),
            published_at: noon(),
            news: ReportNews::Reported,
        };
        let development = Development::reported(&report("MAL-2026-1", "axios").report, noon());
        store.report_told(&told, Some(noon()), &[development], noon())
    }),
    ("reports_read", |store| {
        let read =
            ReadReports { source: "/srv/osv.zip".to_owned(), state: Some(7), files: 3, ..ReadReports::default() };
        store.reports_read(&read, noon())
    }),
    ("give_up", |store| store.give_up(&first_delivery(store)?, noon(), "404").map(drop)),
];

#[test]
fn failed_before_the_commit_is_not_done() {
    for (name, operation) in OPERATIONS {
        let lab = filled();
        let before = dump(&lab.store);
        lab.store.faults.order(Point::BeforeCommit);
        let error = operation(&lab.store).unwrap_err();
        assert!(matches!(error, StoreError::Failed { .. }), "{name}: {error:?}");
        assert_eq!(dump(&lab.store), before, "{name}");
        assert_eq!(dump(&lab.after_kill().store), before, "{name}, killed");
        operation(&lab.store).unwrap();
        assert_ne!(dump(&lab.store), before, "{name} does something");
    }
}

#[test]
fn failed_after_the_commit_is_done_once_however_often_it_is_repeated() {
    for (name, operation) in OPERATIONS {
        let undisturbed = filled();
        operation(&undisturbed.store).unwrap();
        let expected = dump(&undisturbed.store);

        let lab = filled();
        lab.store.faults.order(Point::AfterCommit);
        operation(&lab.store).unwrap_err();
        assert_eq!(dump(&lab.store), expected, "{name}");
        let survivor = lab.after_kill();
        assert_eq!(dump(&survivor.store), expected, "{name}, killed");
        operation(&survivor.store).unwrap();
        assert_eq!(dump(&survivor.store), expected, "{name}, killed and repeated");
    }
}

#[test]
fn only_what_repeats_itself_waits_for_no_flush() {
    for (name, operation) in OPERATIONS {
        let lab = filled();
        operation(&lab.store).unwrap();
        let flush: i64 = lab.store.connection().pragma_query_value(None, "synchronous", |row| row.get(0)).unwrap();
        let is_repeated = ["finish_work", "save_package", "take_reports"].contains(name);
        assert_eq!(flush, if is_repeated { 1 } else { 2 }, "{name}: 1 is NORMAL, 2 is FULL");
    }
}

#[test]
fn a_panic_in_the_middle_rolls_back_and_leaves_the_store_usable() {
    let lab = filled();
    let before = dump(&lab.store);
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        lab.store.write::<()>("testing", |db| {
            db.execute("DELETE FROM work", []).unwrap();
            panic!("in the middle")
        })
    }));
    assert!(panicked.is_err());
    assert_eq!(dump(&lab.store), before);
}
