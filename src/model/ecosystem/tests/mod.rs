//! Tests that the rows are consistent, and the made-up row.

pub(crate) mod attic;

use std::{cell::Cell, collections::BTreeSet};

use super::{Ecosystem, LockFile, TABLE};

thread_local! {
    static IS_LISTED: Cell<bool> = const { Cell::new(false) };
}

/// Whether the made-up registry is among [`Ecosystem::all`] for this thread.
pub(super) fn is_listed() -> bool {
    IS_LISTED.get()
}

/// While this lives, the made-up registry is listed for this thread: no other test sees it.
pub(crate) struct Listed(());

impl Listed {
    pub(crate) fn here() -> Self {
        IS_LISTED.set(true);
        Self(())
    }
}

impl Drop for Listed {
    fn drop(&mut self) {
        IS_LISTED.set(false);
    }
}

#[test]
fn the_made_up_registry_is_seen_by_those_alone_that_ask_for_it() {
    assert!(Ecosystem::all().eq(Ecosystem::ALL));
    let listed = Listed::here();
    assert_eq!(Ecosystem::all().next_back(), Some(attic::ATTIC));
    let elsewhere = std::thread::scope(|scope| scope.spawn(|| Ecosystem::all().eq(Ecosystem::ALL)).join().unwrap());
    assert!(elsewhere, "another test's thread sees nothing of it");
    drop(listed);
    assert!(Ecosystem::all().eq(Ecosystem::ALL));
    let error = "gem".parse::<Ecosystem>().unwrap_err();
    assert_eq!(error.to_string(), "provwatch does not watch the package type \"gem\"; it knows npm, pypi and cargo");
}

#[test]
fn rows_hold_together() {
    let distinct = |of: fn(&super::Row) -> &str| TABLE.iter().map(|row| of(row)).collect::<BTreeSet<_>>().len();
    for of in [(|row| row.name) as fn(&super::Row) -> &str, |row| row.title, |row| row.feed.name] {
        assert_eq!(distinct(of), TABLE.len());
    }
    for row in TABLE {
        let name = row.name;
        assert!(row.evidence.untold.is_sorted(), "{name}");
        assert!(row.feed.interval.least <= row.feed.interval.usual, "{name}");
        assert!(row.feed.interval.most.is_none_or(|(most, _)| row.feed.interval.usual <= most), "{name}");
        let has = |id| row.hosts.iter().any(|host| host.id == id && host.key.is_some());
        assert!(has(row.small_document.0), "{name}: the small document lies at a host that may be another");
        assert!((row.names.is_name)("a") && (row.names.is_name)("@a/b") == row.names.scoped, "{name}");
    }
}

#[test]
fn each_kind_of_lock_file_is_of_one_row() {
    for kind in [LockFile::PackageLock, LockFile::Requirements, LockFile::Uv, LockFile::Cargo] {
        assert_eq!(TABLE.iter().filter(|row| row.files.locks.contains(&kind)).count(), 1, "{kind:?}");
        assert!(Ecosystem::of_lock_file(kind).is_some());
    }
}
