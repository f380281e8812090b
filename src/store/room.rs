//! How much room there is for the database, and whether the last write succeeded.

use std::{
    fmt, fs,
    path::Path,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use serde::Serialize;

use super::{Store, StoreError};

/// The room on the file system of a database.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Room {
    /// Bytes that this user may still write; `None`: the system does not say.
    pub free: Option<u64>,
    /// Bytes of the database with its write-ahead log.
    pub database: u64,
}

impl Room {
    /// The room around a database.
    pub fn around(path: &Path) -> Self {
        let size = |end: &str| {
            let mut file = path.as_os_str().to_owned();
            file.push(end);
            fs::metadata(file).map_or(0, |file| file.len())
        };
        Self { free: pretended().or_else(|| free(path)), database: size("").saturating_add(size("-wal")) }
    }
}

impl fmt::Display for Room {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mebibytes = |bytes: u64| format!("{}.{} MiB", bytes >> 20, ((bytes & 0xf_ffff) * 10) >> 20);
        match self.free {
            Some(free) => write!(f, "{} free on its file system, ", mebibytes(free))?,
            None => f.write_str("free space unknown, ")?,
        }
        write!(f, "the database has {}", mebibytes(self.database))
    }
}

/// What a test says that is free: its outcome must not hang on the disk of the machine that it runs on. A release build
/// asks the system alone.
fn pretended() -> Option<u64> {
    if !cfg!(debug_assertions) {
        return None;
    }
    std::env::var("PROVWATCH_FREE_SPACE").ok()?.parse().ok()
}

#[cfg(unix)]
fn free(path: &Path) -> Option<u64> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let found = rustix::fs::statvfs(folder).ok()?;
    Some(found.f_bavail.saturating_mul(found.f_frsize))
}

#[cfg(not(unix))]
const fn free(_: &Path) -> Option<u64> {
    None
}

/// Writes that fail, since the last one that did not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WriteFailure {
    /// The error of the last one.
    pub error: String,
    /// How many have failed in a row.
    pub times: u64,
    /// For how long.
    pub lasts: Duration,
}

/// What is remembered of failing writes.
#[derive(Debug, Default)]
pub(super) struct Writes(Mutex<Option<Failing>>);

#[derive(Debug)]
struct Failing {
    since: Instant,
    times: u64,
    error: String,
}

impl Writes {
    pub fn succeeded(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    pub fn failed(&self, error: &StoreError) {
        if !error.is_of_the_disk() {
            return;
        }
        let mut failing = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let failing = failing.get_or_insert_with(|| Failing { since: Instant::now(), times: 0, error: String::new() });
        failing.times += 1;
        failing.error = error.to_string();
    }
}

impl Store {
    /// The room on its file system.
    pub fn room(&self) -> Room {
        Room::around(&self.path)
    }

    /// The writes that have failed since the last success, because of the disk, a lock, or rights; `None`: the last one
    /// succeeded.
    pub fn write_failure(&self) -> Option<WriteFailure> {
        let failing = self.writes.0.lock().unwrap_or_else(PoisonError::into_inner);
        failing.as_ref().map(|failing| WriteFailure {
            error: failing.error.clone(),
            times: failing.times,
            lasts: failing.since.elapsed(),
        })
    }
}
