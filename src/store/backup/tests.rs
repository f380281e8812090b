//! Tests of backups and restores: beside writers, of damaged stores, interrupted after any step.

use std::{
    cell::Cell,
    fs,
    os::unix::fs::{MetadataExt, PermissionsExt},
    path::{Path, PathBuf},
};

use chrono::TimeDelta;
use sha2::{Digest, Sha256};
use tempfile::TempDir;

use super::{
    BackupError, Replace, Restoring, finish_restore,
    making::Made,
    partial::{Partial, beside},
    restoring::Restored,
    swap::{RESTORED, steps},
};
use crate::{
    model::{MAY_REPEAT, Severity},
    store::{
        Against, GapClosed, Lost, NewEvent, Part, Pending, Stage, Store, StoreError,
        tests::{
            filling::filled,
            lab::{
                Lab, alert, alerted, closed, dump, event, learned, minutes_later, noon, package, release,
                with_page_damaged,
            },
        },
    },
};

const QUIET: &dyn Fn(Stage) = &|_| {};

/// A folder for a backup, and the backup's path.
fn place() -> (TempDir, PathBuf) {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("backup.db");
    (folder, path)
}

fn back_up(store: &Store, to: &Path) -> Made {
    let made = store.back_up(to, Replace::default(), QUIET).unwrap();
    assert!(made.is_kept && made.checked.is_sound(), "{:?}", made.checked);
    made
}

/// The names of the files beside a file.
fn names(path: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(path.parent().unwrap())
        .unwrap()
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort_unstable();
    names
}

fn at(minutes: i64) -> Restoring<'static> {
    Restoring {
        store: Path::new(""),
        from: Path::new(""),
        pending: Pending::Sent,
        by: "olga".to_owned(),
        reason: Some("the disk failed".to_owned()),
        now: minutes_later(minutes),
        despite_faults: false,
        dry_run: false,
    }
}

fn restore(store: &Path, from: &Path) -> Result<Restored, BackupError> {
    Restoring { store, from, ..at(600) }.run(QUIET)
}

#[test]
fn a_backup_has_every_row_and_nothing_beside_it() {
    let lab = filled();
    let (_folder, path) = place();
    let made = back_up(&lab.store, &path);
    assert_eq!(names(&path), ["backup.db"]);
    let found = fs::metadata(&path).unwrap();
    assert_eq!((found.permissions().mode() & 0o777, found.len()), (0o600, made.manifest.bytes));
    let copy = Store::open_read_only(&path).unwrap();
    assert_eq!(dump(&copy), dump(&lab.store));
    let manifest = made.manifest;
    let head = lab.store.history_head().unwrap().unwrap().to_string();
    assert_eq!((manifest.head, manifest.as_of), (Some(head), lab.store.worked_until().unwrap()));
    // The generation of the queue is not in a dump.
    assert_eq!(manifest.rows.unwrap(), dump(&copy).lines().count() as u64 + 1);
    assert_eq!(manifest.sha256, hex::encode(Sha256::digest(fs::read(&path).unwrap())));
    drop(copy);
    assert_eq!(names(&path), ["backup.db"], "reading it leaves nothing behind");
}

fn many(name: &str, events: usize) -> Vec<NewEvent> {
    let package = package(name);
    let change = format!(r#"{{"kind":"document","odd":"{}"}}"#, "x".repeat(900));
    (0..events).map(|key| NewEvent { change: change.clone(), ..event(&package, &format!("{name} {key}")) }).collect()
}

#[test]
fn a_backup_shows_one_moment_however_much_is_written_meanwhile() {
    let lab = Lab::new();
    lab.store.take_page("npm-changes", "1", &many("axios", 3_000), noon()).unwrap();
    let before = dump(&lab.store);
    let (_folder, path) = place();
    let reader = Store::open_read_only(&lab.path()).unwrap();
    let copied = Cell::new(0);
    let write = |stage: Stage| {
        if stage.part == Part::Copy {
            copied.set(copied.get() + 1);
            lab.store.take_page("npm-changes", "2", &many(&format!("p{}", copied.get()), 40), noon()).unwrap();
        }
    };
    reader.back_up(&path, Replace::default(), &write).unwrap();
    assert!(copied.get() > 3, "{} steps", copied.get());
    assert_eq!(dump(&Store::open_read_only(&path).unwrap()), before);
    assert_ne!(dump(&lab.store), before);
}

#[test]
fn what_is_in_the_way_stays_as_it_is() {
    let lab = filled();
    let (folder, path) = place();
    let refused = |to: &Path, replace: Replace| lab.store.back_up(to, replace, QUIET).unwrap_err();
    fs::write(&path, "precious").unwrap();
    assert!(matches!(refused(&path, Replace::default()), BackupError::Exists { .. }));
    let force = Replace { existing: true, ..Replace::default() };
    for end in ["", "-wal", "-shm", "-journal", ".lock", ".restoring", ".restored"] {
        let own = beside(&lab.path(), end);
        assert!(matches!(refused(&own, force), BackupError::Own { .. }), "{end}");
        let by_another_name = own.parent().unwrap().join(".").join(own.file_name().unwrap());
        assert!(matches!(refused(&by_another_name, force), BackupError::Own { .. }), "{end}");
    }
    let link = folder.path().join("link");
    std::os::unix::fs::symlink(&path, &link).unwrap();
    for to in [folder.path(), &link] {
        assert!(matches!(refused(to, force), BackupError::NotOurs { .. }), "{to:?}");
    }
    let nowhere = folder.path().join("none/backup.db");
    let error = refused(&nowhere, force);
    assert!(matches!(error, BackupError::Failed { .. }) && error.to_string().contains("none/backup.db"), "{error}");
    let partial = beside(&path, ".partial");
    std::os::unix::fs::symlink(&path, &partial).unwrap();
    assert!(matches!(refused(&path, force), BackupError::Failed { .. }), "a link is not followed");
    fs::remove_file(partial).unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), "precious");
    assert!(lab.store.back_up(&path, force, QUIET).unwrap().is_kept);
    assert_eq!(names(&path), ["backup.db", "link"]);
}

#[test]
fn what_a_killed_process_left_is_used_again_and_two_do_not_mix() {
    let lab = filled();
    let (_folder, path) = place();
    for end in [".partial", ".partial-journal", ".partial-wal"] {
        fs::write(beside(&path, end), "half of it").unwrap();
    }
    let other = Partial::beside(&path, ".partial").unwrap();
    let error = lab.store.back_up(&path, Replace::default(), QUIET).unwrap_err();
    assert!(matches!(error, BackupError::Busy { .. }), "{error}");
    assert!(!path.exists());
    drop(other);
    back_up(&lab.store, &path);
    assert_eq!(names(&path), ["backup.db"]);
}

#[test]
fn a_copy_with_faults_replaces_no_good_backup() {
    let (_store_folder, store) = closed(filled());
    let (_folder, path) = place();
    back_up(&Store::open_read_only(&store).unwrap(), &path);
    let good = fs::read(&path).unwrap();
    let pages = fs::metadata(&store).unwrap().len() / 4096;
    with_page_damaged(&store, usize::try_from(pages / 2).unwrap());
    let damaged = Store::open_unchanged(&store).unwrap();
    let force = Replace { existing: true, ..Replace::default() };
    let made = damaged.back_up(&path, force, QUIET).unwrap();
    assert!(!made.is_kept && !made.checked.is_sound(), "{:?}", made.checked);
    assert_eq!((fs::read(&path).unwrap(), names(&path).len()), (good, 1));
    let made = damaged.back_up(&path, Replace { existing: true, despite_faults: true }, QUIET).unwrap();
    assert!(made.is_kept && !made.checked.is_sound());
    let error = restore(&store, &path).unwrap();
    assert!(error.restore.is_none(), "a damaged structure is not restored");
}

#[test]
fn a_restore_goes_back_and_keeps_what_was() {
    let lab = filled();
    let (_folder, backup) = place();
    let made = back_up(&lab.store, &backup);
    let before = dump(&lab.store);
    lab.store.record(&learned("pkg:npm/later@1.0.0", 0)).unwrap();
    let later = (dump(&lab.store), lab.store.history_head().unwrap().unwrap());
    let (_store_folder, store) = closed(lab);
    let restored = restore(&store, &backup).unwrap();
    let (record, aside) = (restored.restore.unwrap(), restored.replaced.unwrap());
    assert_eq!(aside, beside(&store, ".before-restore-20260401T220000Z"));
    assert_eq!(dump(&Store::open_read_only(&aside).unwrap()), later.0);
    assert_eq!(record.replaced_head, Some(later.1.to_string()));
    assert_eq!((record.head.clone(), record.as_of), (made.manifest.head, made.manifest.as_of));

    let opened = Store::open(&store).unwrap();
    assert_eq!(opened.restores(1).unwrap(), [record]);
    let is_same = |line: &&str| {
        let tables = ["restores", "restore_gaps", "history", "history_head", "deliveries"];
        !tables.iter().any(|table| line.starts_with(&format!("{table}:")))
    };
    let lines = |dump: &str| dump.lines().filter(is_same).map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(lines(&dump(&opened)), lines(&before));
    assert_eq!(opened.history_faults().unwrap(), [""; 0], "the restore is part of the history");
    let head =
        opened.check_history(&Against { noted: vec![later.1.to_string().parse().unwrap()], ..Against::default() });
    assert_eq!(head.unwrap().fault_count, 1, "what came after the backup is not");
    assert_eq!(fs::metadata(&store).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(fs::metadata(&store).unwrap().uid(), fs::metadata(&aside).unwrap().uid());
}

/// The files of a store by name, without those that follow from others.
fn content(path: &Path) -> Vec<(String, Vec<u8>)> {
    let read = |name: String| (name.clone(), fs::read(path.parent().unwrap().join(name)).unwrap());
    names(path).into_iter().filter(|name| !name.ends_with("-shm")).map(read).collect()
}

#[test]
fn a_kill_after_any_step_of_the_exchange_leaves_one_store_or_the_other() {
    let killed = filled().after_kill();
    let (_folder, backup) = place();
    back_up(&killed.store, &backup);
    let (_store_folder, store) = closed(killed);
    // A log that was left behind belongs to the store before.
    fs::write(beside(&store, "-wal"), "left behind").unwrap();
    let (before, aside) = (content(&store), beside(&store, ".before-restore-20260401T220000Z"));
    restore(&store, &backup).unwrap();
    let (after, steps) = (content(&store), steps(&store, &aside));
    for left in 1..=steps.len() {
        for step in steps.iter().rev().take(left) {
            step.undo();
        }
        let errors = [Store::open(&store).unwrap_err(), Store::open_read_only(&store).unwrap_err()];
        assert!(errors.iter().all(|error| matches!(error, StoreError::HalfRestored { .. })), "{left}: {errors:?}");
        assert!(
            matches!(restore(&store, &backup).unwrap_err(), BackupError::Store(StoreError::HalfRestored { .. })),
            "{left}"
        );
        if left == steps.len() {
            let kept = content(&store).into_iter().filter(|(name, _)| !name.ends_with(RESTORED));
            assert_eq!(kept.collect::<Vec<_>>(), before, "no step was taken");
        }
        finish_restore(&store).unwrap();
        assert_eq!(content(&store), after, "{left}");
        assert!(matches!(finish_restore(&store).unwrap_err(), BackupError::NothingToFinish { .. }));
    }
    // One of them is of the filled store.
    assert_eq!(Store::open(&store).unwrap().restores(9).unwrap().len(), 2);
}

#[test]
fn a_restore_that_is_killed_before_the_exchange_changes_nothing() {
    let (_store_folder, store) = closed(filled());
    let (_folder, backup) = place();
    back_up(&Store::open_read_only(&store).unwrap(), &backup);
    fs::write(beside(&store, ".restoring"), "half of it").unwrap();
    let before = content(&store);
    let dry = Restoring { store: &store, from: &backup, dry_run: true, ..at(600) }.run(QUIET).unwrap();
    assert!(dry.restore.is_some_and(|record| record.deliveries > 0) && dry.replaced.is_some());
    let without = |files: Vec<(String, Vec<u8>)>| {
        files.into_iter().filter(|(name, _)| !name.ends_with(".restoring")).collect::<Vec<_>>()
    };
    assert_eq!(content(&store), without(before), "the rest of a killed one is gone, and all else is as it was");
}

#[test]
fn a_store_that_another_command_uses_is_not_replaced() {
    let lab = filled();
    let (_folder, backup) = place();
    back_up(&lab.store, &backup);
    let before = dump(&lab.store);
    let error = restore(&lab.path(), &backup).unwrap_err();
    assert!(matches!(error, BackupError::InUse { .. }), "{error}");
    assert_eq!(dump(&lab.store), before);
    let own = restore(&lab.path(), &beside(&lab.path(), "-wal")).unwrap_err();
    assert!(matches!(own, BackupError::Own { .. }), "{own}");
}

#[test]
fn a_store_that_is_missing_or_no_database_is_restored_too() {
    let (_folder, backup) = place();
    back_up(&filled().store, &backup);
    let folder = TempDir::new().unwrap();
    let store = folder.path().join("provwatch.db");
    let restored = restore(&store, &backup).unwrap();
    assert_eq!((restored.replaced, names(&store)), (None, vec!["provwatch.db".to_owned()]));
    fs::write(&store, "not a database".repeat(1_000)).unwrap();
    let restored = Restoring { store: &store, from: &backup, ..at(700) }.run(QUIET).unwrap();
    let record = restored.restore.unwrap();
    assert_eq!((record.replaced_head, record.replaced.is_some()), (None, true));
    assert_eq!(fs::read_to_string(restored.replaced.unwrap()).unwrap(), "not a database".repeat(1_000));
    Store::open(&store).unwrap();
    // Two restores of one second would have one name for the store before.
    let again = Restoring { store: &store, from: &backup, ..at(700) }.run(QUIET).unwrap_err();
    assert!(matches!(again, BackupError::Exists { .. }), "{again}");
    Store::open(&store).unwrap();
}

#[test]
fn a_backup_of_an_earlier_schema_is_migrated_and_checked() {
    let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/store-18.db");
    let (folder, old) = place();
    fs::copy(kept, &old).unwrap();
    let copy = folder.path().join("copy.db");
    let made = Store::open_unchanged(&old).unwrap().back_up(&copy, Replace::default(), QUIET).unwrap();
    assert!(made.is_kept && made.checked.is_older() && made.checked.rows.is_none());
    assert_eq!((made.manifest.schema_version, made.manifest.rows), (18, None));
    let store = folder.path().join("provwatch.db");
    let restored = restore(&store, &copy).unwrap();
    assert!(restored.checked.rows.is_some_and(|rows| rows.damaged_count == 0) && restored.checked.history.is_some());
    assert!(Store::open_read_only(&store).unwrap().restores(1).unwrap()[0].as_of.is_some());
}

#[test]
fn a_damaged_row_is_restored_only_if_that_is_wanted() {
    let lab = filled();
    lab.sql(
        "DROP TRIGGER temp.seal_changed_sources; UPDATE sources SET last_error = 'other' WHERE name = 'pypi-changelog'",
    )
    .unwrap();
    let (_folder, backup) = place();
    let made = lab.store.back_up(&backup, Replace { despite_faults: true, ..Replace::default() }, QUIET).unwrap();
    let rows = made.checked.rows.as_ref().unwrap();
    assert_eq!(
        (rows.damaged_count, rows.damaged[0].table.as_str(), rows.damaged[0].key.as_str()),
        (1, "sources", "pypi-changelog")
    );
    let (_store_folder, store) = closed(lab);
    assert!(restore(&store, &backup).unwrap().restore.is_none());
    let wanted = Restoring { store: &store, from: &backup, despite_faults: true, ..at(600) };
    assert!(wanted.run(QUIET).unwrap().restore.is_some());
}

/// A store with messages that wait, restored from its own backup.
fn with_messages(pending: Pending) -> (TempDir, Store) {
    let lab = Lab::new();
    lab.store.take_page("npm-changes", "7", &[], minutes_later(5)).unwrap();
    lab.store.take_page("pypi-changelog", "7", &[], noon()).unwrap();
    lab.store.source_read("trust-root", noon()).unwrap();
    lab.store.record(&alerted("pkg:npm/axios@1.0.0", Severity::High)).unwrap();
    let (_folder, backup) = place();
    back_up(&lab.store, &backup);
    let (folder, store) = closed(lab);
    Restoring { store: &store, from: &backup, pending, ..at(600) }.run(QUIET).unwrap();
    (folder, Store::open(&store).unwrap())
}

#[test]
fn messages_that_waited_say_that_they_may_be_repetitions_or_are_given_up() {
    let (_folder, store) = with_messages(Pending::Sent);
    let due = store.outbox(minutes_later(700)).unwrap();
    let note = due[0].alert.note.clone().unwrap();
    assert_eq!((due.len(), store.restores(1).unwrap()[0].deliveries), (2, 2));
    assert!(
        note.starts_with(MAY_REPEAT) && note.contains("restored on 2026-04-01 22:00 UTC to its state of"),
        "{note}"
    );
    let (_folder, store) = with_messages(Pending::GivenUp);
    assert!(store.outbox(minutes_later(700)).unwrap().is_empty());
    let failed = store.delivery_summary().unwrap();
    assert_eq!(failed.iter().map(|one| one.failed).collect::<Vec<_>>(), [1, 1]);
    let whole = store.delivery(1).unwrap().unwrap();
    assert!(whole.attempts[0].detail.contains("a restore of the store gave it up"), "{:?}", whole.attempts);
}

#[test]
fn only_an_alert_from_the_time_that_was_lost_may_be_a_repetition() {
    let (_folder, store) = with_messages(Pending::GivenUp);
    let as_of = store.restores(1).unwrap()[0].as_of.unwrap();
    assert_eq!(as_of, minutes_later(5));
    for (name, published, is_marked) in [
        ("before", as_of - TimeDelta::hours(2), false),
        ("just-before", as_of - TimeDelta::minutes(30), true),
        ("between", minutes_later(300), true),
        ("after", minutes_later(601), false),
    ] {
        let purl = format!("pkg:npm/{name}@1.0.0");
        let mut record = alerted(&purl, Severity::High);
        record.alert = Some(crate::model::Alert { published_at: Some(published), ..alert(&purl, Severity::High) });
        store.record(&record).unwrap();
        let due = store.outbox(minutes_later(700)).unwrap();
        let message = due.iter().find(|one| one.alert.purl == Some(release(&purl))).unwrap();
        assert_eq!(message.alert.note.is_some(), is_marked, "{name}: {:?}", message.alert.note);
    }
}

#[test]
fn the_gap_of_each_feed_is_closed_once_by_reading_or_by_comparison() {
    let (_folder, store) = with_messages(Pending::Sent);
    let gaps = store.restores(1).unwrap().remove(0).gaps;
    let names: Vec<_> = gaps.iter().map(|gap| (gap.source.as_str(), gap.from)).collect();
    assert_eq!(names, [("npm-changes", Some(minutes_later(5))), ("pypi-changelog", Some(noon()))]);
    store
        .take_page(
            "npm-changes",
            "9",
            &[event(&package("axios"), "8"), event(&package("vite"), "9")],
            minutes_later(601),
        )
        .unwrap();
    let gap = store.close_restore_gap("npm-changes", minutes_later(601)).unwrap().unwrap();
    assert_eq!((gap.how, gap.events, gap.closed_at), (Some(GapClosed::Read), 2, Some(minutes_later(601))));
    assert_eq!(store.close_restore_gap("npm-changes", minutes_later(602)).unwrap(), None, "once");
    assert_eq!(store.close_restore_gap("another", minutes_later(602)).unwrap(), None);
    let lost = Lost { why: "the window does not reach back", packages: &[package("axios")] };
    store.note_gap("pypi-changelog", "99", &[], lost, minutes_later(603)).unwrap();
    let gap = store.close_restore_gap("pypi-changelog", minutes_later(603)).unwrap().unwrap();
    assert_eq!((gap.how, gap.events), (Some(GapClosed::Compared), 0));
}
