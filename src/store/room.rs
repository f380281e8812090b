//! Measures the free space for the database.

use std::{fmt, fs, path::Path};

use serde::Serialize;

/// The free space on the file system of a database.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Room {
    /// Bytes that this user may still write; `None`: the system does not report it.
    pub free: Option<u64>,
    /// Bytes of the database with its write-ahead log.
    pub database: u64,
}

impl Room {
    /// The free space around a database.
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

/// The free space that a test sets: its outcome must not depend on the disk of its machine. A release build asks the
/// system alone.
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
