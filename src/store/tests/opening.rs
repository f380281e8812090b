//! Tests of opening databases: missing, old, new, damaged and read-only ones.

use std::{fs, path::Path, thread};

use rusqlite::Connection;
use tempfile::TempDir;

use super::lab::{Lab, due_work, learned, noon, package, release};
use crate::store::{Store, StoreError, migrations};

#[expect(clippy::disallowed_methods, reason = "another program's database")]
fn plain(path: &Path, sql: &str) {
    Connection::open(path).unwrap().execute_batch(sql).unwrap();
}

fn refusal(path: &Path) -> String {
    let error = Store::open(path).unwrap_err().to_string();
    assert!(error.contains(&path.display().to_string()), "it names the file: {error}");
    error
}

#[test]
fn reading_makes_no_file_and_says_what_does() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("none.db");
    let error = Store::open_read_only(&path).unwrap_err();
    assert!(matches!(error, StoreError::Missing { .. }), "{error:?}");
    assert!(error.to_string().contains("provwatch run"), "{error}");
    assert!(!path.exists());
}

#[test]
fn a_missing_folder_is_an_error_with_the_next_step() {
    let error = Store::open(Path::new("/no/such/folder/x.db")).unwrap_err();
    assert!(error.to_string().contains("check that the folder exists"), "{error}");
}

#[cfg(unix)]
#[test]
fn only_the_owner_may_read_the_files() {
    use std::os::unix::fs::PermissionsExt;
    let lab = Lab::new();
    lab.store.enqueue(&[package("axios")], "test", noon()).unwrap();
    for file in fs::read_dir(lab.path().parent().unwrap()).unwrap().map(Result::unwrap) {
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{}", file.path().display());
    }
}

#[test]
fn the_settings_that_durability_rests_on() {
    let lab = Lab::new();
    let db = lab.store.connection();
    let text = |name: &str| db.pragma_query_value(None, name, |row| row.get::<_, String>(0)).unwrap();
    let number = |name: &str| db.pragma_query_value(None, name, |row| row.get::<_, i64>(0)).unwrap();
    assert_eq!(text("journal_mode"), "wal");
    assert_eq!(number("synchronous"), 2, "FULL");
    assert_eq!(number("foreign_keys"), 1);
    assert_eq!(number("busy_timeout"), 10_000);
    assert_eq!(number("cache_size"), -2048, "KiB");
}

#[test]
fn a_newer_schema_is_refused() {
    let lab = Lab::new();
    lab.sql("PRAGMA user_version = 99").unwrap();
    for error in [Store::open(&lab.path()).unwrap_err(), Store::open_read_only(&lab.path()).unwrap_err()] {
        assert!(matches!(error, StoreError::Newer { found: 99, known: migrations::LATEST, .. }), "{error:?}");
        assert!(error.to_string().contains("upgrade provwatch"), "{error}");
    }
}

#[test]
fn an_older_schema_is_not_read_but_migrated_by_the_daemon() {
    let lab = Lab::new();
    lab.sql("PRAGMA user_version = 0").unwrap();
    let error = Store::open_read_only(&lab.path()).unwrap_err();
    assert!(matches!(error, StoreError::Older { found: 0, .. }), "{error:?}");
    assert!(error.to_string().contains("restart"), "{error}");
}

#[test]
fn another_programs_database_is_refused_and_left_alone() {
    let folder = TempDir::new().unwrap();
    for (name, sql) in [
        ("tables.db", "CREATE TABLE bookmarks (url TEXT)"),
        ("marked.db", "PRAGMA application_id = 7; CREATE TABLE t (c)"),
        ("empty.db", "PRAGMA application_id = 7"),
    ] {
        let path = folder.path().join(name);
        plain(&path, sql);
        let before = fs::read(&path).unwrap();
        assert!(refusal(&path).contains("not one of provwatch"), "{name}");
        assert!(matches!(Store::open_read_only(&path).unwrap_err(), StoreError::Foreign { .. }), "{name}");
        assert_eq!(fs::read(&path).unwrap(), before, "{name} is as it was");
    }
}

#[test]
fn a_file_that_is_no_database_is_refused_with_the_next_step() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("text.db");
    fs::write(&path, "not a database, but long enough for SQLite to look at its header\n".repeat(100)).unwrap();
    let error = refusal(&path);
    assert!(error.contains("damaged") && error.contains("move the file") && error.contains("backup"), "{error}");
}

#[test]
fn damage_is_noticed_at_the_start() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("damaged.db");
    let store = Store::open(&path).unwrap();
    for patch in 0..50 {
        store.record(&learned(&format!("pkg:npm/axios@1.0.{patch}"), patch)).unwrap();
    }
    drop(store);
    let sound = fs::read(&path).unwrap();
    // Truncated, and each page overwritten in turn.
    fs::write(&path, &sound[..sound.len() / 2]).unwrap();
    assert!(matches!(Store::open(&path).unwrap_err(), StoreError::Damaged { .. }));
    for page in 0..sound.len() / 4096 {
        let mut bytes = sound.clone();
        bytes[page * 4096..page * 4096 + 64].fill(0xff);
        fs::write(&path, &bytes).unwrap();
        let error = Store::open(&path).unwrap_err();
        assert!(matches!(error, StoreError::Damaged { .. }), "page {page}: {error:?}");
    }
}

/// A large file is not completely read before the daemon is ready, but soon after.
#[test]
fn damage_of_a_large_file_is_noticed_after_a_crash() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("large.db");
    let store = Store::open(&path).unwrap();
    for patch in 0..50 {
        store.record(&learned(&format!("pkg:npm/axios@1.0.{patch}"), patch)).unwrap();
    }
    drop(store);
    let sound = fs::read(&path).unwrap();
    let crashed = |bytes: &[u8]| {
        fs::write(&path, bytes).unwrap();
        fs::write(folder.path().join("large.db-wal"), "left behind").unwrap();
        Store::open_checking(&path, 0)
    };
    crashed(&sound).unwrap().check_if_suspect().unwrap();
    for page in 0..sound.len() / 4096 {
        let mut bytes = sound.clone();
        bytes[page * 4096..page * 4096 + 64].fill(0xff);
        let error = crashed(&bytes).and_then(|store| store.check_if_suspect()).unwrap_err();
        assert!(matches!(error, StoreError::Damaged { .. }), "page {page}: {error:?}");
    }
}

#[test]
fn an_empty_file_is_a_database_whose_making_was_interrupted() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("empty.db");
    fs::write(&path, "").unwrap();
    assert!(Store::open(&path).unwrap().packages().unwrap().is_empty());
}

#[test]
fn a_reader_reads_while_the_writer_is_in_the_middle_of_writing() {
    let lab = Lab::new();
    lab.store.record(&learned("pkg:npm/axios@1.0.0", 0)).unwrap();
    let reader = Store::open_read_only(&lab.path()).unwrap();
    let writer = lab.store.connection();
    writer.execute_batch("BEGIN IMMEDIATE; DELETE FROM traces; UPDATE releases SET outcome = 'held'").unwrap();
    let seen = reader.release(&release("pkg:npm/axios@1.0.0")).unwrap().unwrap();
    assert_eq!(seen.outcome.as_str(), "clean", "what is not committed is not seen");
    writer.execute_batch("COMMIT").unwrap();
    let seen = reader.release(&release("pkg:npm/axios@1.0.0")).unwrap().unwrap();
    assert_eq!(seen.outcome.as_str(), "held");
}

#[test]
fn processes_that_start_at_the_same_time_make_one_database() {
    for _ in 0..5 {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("new.db");
        thread::scope(|scope| {
            for n in 0..4 {
                let path = &path;
                scope.spawn(move || {
                    let store = Store::open(path).unwrap();
                    store.enqueue(&[package(&format!("p{n}"))], "test", noon()).unwrap();
                });
            }
        });
        assert_eq!(due_work(&Store::open(&path).unwrap(), noon()).unwrap().len(), 4);
    }
}

/// The index of the log cannot be created: as on a read-only file system, in a folder of another user, on a full disk.
fn without_index(path: &Path) {
    fs::create_dir(path.with_file_name("provwatch.db-shm")).unwrap();
}

#[test]
fn a_copy_on_a_read_only_file_system_can_be_read() {
    let lab = Lab::new();
    lab.store.record(&learned("pkg:npm/axios@1.0.0", 0)).unwrap();
    let folder = TempDir::new().unwrap();
    // An unusual name, which SQLite could read as part of a URI.
    let path = folder.path().join("a b?c#d%20/provwatch.db");
    fs::create_dir(path.parent().unwrap()).unwrap();
    lab.sql("PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
    fs::copy(lab.path(), &path).unwrap();
    without_index(&path);
    let store = Store::open_read_only(&path).unwrap();
    assert!(store.release(&release("pkg:npm/axios@1.0.0")).unwrap().is_some());
    assert!(store.enqueue(&[package("axios")], "test", noon()).is_err(), "reading only");
}

/// The content of the log is part of the database, even where SQLite cannot create the log's index.
#[test]
fn a_copy_with_its_log_is_read_with_it() {
    let lab = Lab::new();
    lab.sql("PRAGMA wal_autocheckpoint = 0; PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
    lab.store.record(&learned("pkg:npm/axios@1.0.0", 0)).unwrap();
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("provwatch.db");
    for end in ["", "-wal"] {
        fs::copy(format!("{}{end}", lab.path().display()), format!("{}{end}", path.display())).unwrap();
    }
    without_index(&path);
    let before = fs::read(&path).unwrap();
    let store = Store::open_read_only(&path).unwrap();
    assert!(store.release(&release("pkg:npm/axios@1.0.0")).unwrap().is_some(), "it is only in the log");
    drop(store);
    assert_eq!(fs::read(&path).unwrap(), before);
}

#[test]
fn one_store_serves_many_threads() {
    let lab = Lab::new();
    thread::scope(|scope| {
        for thread in 0..4 {
            let store = &lab.store;
            scope.spawn(move || {
                for patch in 0..10 {
                    store.record(&learned(&format!("pkg:npm/p{thread}@1.0.{patch}"), patch)).unwrap();
                }
            });
        }
    });
    assert_eq!(lab.store.stats().unwrap().releases.iter().map(|(_, n)| n).sum::<u64>(), 40);
}

#[test]
fn a_reader_cannot_write() {
    let lab = Lab::new();
    let reader = Store::open_read_only(&lab.path()).unwrap();
    assert!(matches!(reader.enqueue(&[package("axios")], "test", noon()).unwrap_err(), StoreError::Failed { .. }));
}

#[test]
fn a_lock_that_is_held_too_long_is_named() {
    let lab = Lab::new();
    let other = Store::open(&lab.path()).unwrap();
    other.connection().busy_timeout(std::time::Duration::from_millis(1)).unwrap();
    lab.sql("BEGIN IMMEDIATE").unwrap();
    let error = other.enqueue(&[package("axios")], "test", noon()).unwrap_err();
    assert!(matches!(error, StoreError::Locked { operation: "queueing packages", .. }), "{error:?}");
    assert!(error.to_string().contains("try again"), "{error}");
}

#[test]
fn a_full_disk_is_named_and_nothing_is_lost() {
    let lab = Lab::new();
    lab.store.take_page("npm-changes", "1", &[], noon()).unwrap();
    lab.sql("PRAGMA max_page_count = 1").unwrap();
    let many: Vec<_> = (0..2000).map(|n| super::lab::event(&package("axios"), &n.to_string())).collect();
    let error = lab.store.take_page("npm-changes", "2", &many, noon()).unwrap_err();
    assert!(matches!(error, StoreError::Full { .. }), "{error:?}");
    assert!(error.to_string().contains("MiB free on its file system, the database has 0."), "{error}");
    assert_eq!(lab.store.write_failure().unwrap().times, 1);
    assert_eq!(lab.store.cursor("npm-changes").unwrap().as_deref(), Some("1"));
    lab.sql("PRAGMA max_page_count = 100000").unwrap();
    lab.store.take_page("npm-changes", "2", &many, noon()).unwrap();
    assert_eq!(lab.store.write_failure(), None);
}
