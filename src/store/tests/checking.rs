//! Tests of the check of a whole store: each part finds what is wrong in it.

use std::{cell::RefCell, fs};

use super::{
    filling::filled,
    history::behind_our_back,
    lab::{closed, with_page_damaged},
};
use crate::store::{Against, Part, Stage, Store};

const QUIET: &dyn Fn(Stage) = &|_| {};

#[test]
fn a_check_names_what_is_wrong_in_each_part() {
    let lab = filled();
    let check = |store: &Store| store.check(&Against::default(), QUIET).unwrap();
    assert!(check(&lab.store).is_sound());
    lab.sql("PRAGMA foreign_keys = OFF; INSERT INTO told_members VALUES ('0f', 'mail', 'pkg:npm/a@1', 4711)").unwrap();
    let found = check(&lab.store);
    let faults = found.structure.faults.join("\n");
    assert!(!found.is_sound() && faults.contains("told_members names a row of"), "{faults}");
    assert!(found.rows.is_some_and(|rows| rows.damaged_count == 0), "its rows are sound");
    let stages = RefCell::new(Vec::new());
    lab.store.check(&Against::default(), &|stage| stages.borrow_mut().push(stage.part)).unwrap();
    let stages = stages.into_inner();
    assert_eq!((stages[0], *stages.last().unwrap()), (Part::Structure, Part::History));
    assert!(stages.iter().filter(|part| **part == Part::Rows).count() > 40, "one for each table");

    let (_folder, path) = closed(filled());
    let sound = fs::read(&path).unwrap();
    for page in 1..sound.len() / 4096 {
        fs::write(&path, &sound).unwrap();
        with_page_damaged(&path, page);
        // Some damage keeps the file from being opened.
        if let Ok(store) = Store::open_unchanged(&path)
            && let Ok(found) = store.check(&Against::default(), QUIET)
        {
            assert!(!found.is_sound(), "page {page}");
        }
    }
}

/// Rows that prove something to others: documents, incidents, and the restores of the store itself.
#[test]
fn a_changed_row_of_an_incident_or_of_its_evidence_is_named() {
    for (sql, table, is_history) in [
        ("UPDATE documents SET content = X'01'", "documents", false),
        ("UPDATE release_documents SET fetched_at = 1", "release_documents", false),
        ("DROP TRIGGER incidents_are_not_changed; UPDATE incidents SET name = 'other'", "incidents", true),
        (
            "DROP TRIGGER incident_events_are_not_changed; UPDATE incident_events SET text = 'other' WHERE id = 1",
            "incident_events",
            true,
        ),
        ("DROP TRIGGER restores_are_not_changed; UPDATE restores SET by = 'other'", "restores", true),
    ] {
        let lab = filled();
        behind_our_back(&lab.path()).execute_batch(sql).unwrap();
        let found = lab.store.check(&Against::default(), QUIET).unwrap();
        let rows = found.rows.unwrap();
        assert_eq!((rows.damaged_count, rows.damaged[0].table.as_str()), (1, table));
        assert_eq!(found.history.unwrap().fault_count > 0, is_history, "{table}");
    }
}
