//! Injects failures just before a commit, and just after it.

use std::sync::{Mutex, PoisonError};

use rusqlite::ffi;

/// The point at which a write fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::store) enum Point {
    BeforeCommit,
    AfterCommit,
}

/// The next failure, if one was ordered.
#[derive(Debug, Default)]
pub(in crate::store) struct Faults(Mutex<Option<Point>>);

impl Faults {
    /// Makes the next write fail at this point.
    pub fn order(&self, point: Point) {
        *self.0.lock().unwrap() = Some(point);
    }

    pub(in crate::store) fn strike(&self, here: Point) -> rusqlite::Result<()> {
        let mut ordered = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if ordered.take_if(|point| *point == here).is_none() {
            return Ok(());
        }
        Err(rusqlite::Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_IOERR), Some(format!("ordered {here:?}"))))
    }
}

impl crate::store::Store {
    /// Makes the next write fail, as on a full disk.
    pub(crate) fn fail_next_write(&self) {
        self.faults.order(Point::BeforeCommit);
    }
}
