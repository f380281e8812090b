//! Copies a database page by page into a file of its own, as it is at one moment.

use std::{path::Path, time::Duration};

use rusqlite::{
    Connection, ErrorCode, OpenFlags,
    backup::{Backup, StepResult},
    ffi,
};

use crate::store::{
    StoreError,
    connect::connect,
    stage::{Part, Stage, Watcher},
};

/// Pages of one step: with the usual size of a page a mebibyte.
const PAGES: i32 = 256;
/// The wait after a step, in which other processes have the disk.
const PAUSE: Duration = Duration::from_millis(1);

/// Copies a database into an empty file. The copy needs no other file beside it. Writers of the original go on: it is read
/// within one transaction, whose moment the copy shows.
pub(super) fn copy(from: &Connection, source: &Path, to: &Path, watch: Watcher<'_>) -> Result<(), StoreError> {
    let failed = |error: rusqlite::Error| {
        let is_of_the_source = error.sqlite_error_code() == Some(ErrorCode::DatabaseCorrupt);
        StoreError::sql(if is_of_the_source { source } else { to }, "copying the database", error)
    };
    pages(from, to, watch)?.map_err(failed)?;
    without_log(to)
}

/// An error of the copy itself is told apart from one of opening its file.
fn pages(from: &Connection, to: &Path, watch: Watcher<'_>) -> Result<rusqlite::Result<()>, StoreError> {
    let mut into = connect(to, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    Ok(step_by_step(from, &mut into, watch))
}

fn step_by_step(from: &Connection, into: &mut Connection, watch: Watcher<'_>) -> rusqlite::Result<()> {
    // A copy that is not complete is thrown away, and a complete one is flushed as a whole.
    into.pragma_update(None, "synchronous", "OFF")?;
    let moment = from.unchecked_transaction()?;
    // The transaction begins with its first read.
    moment.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get::<_, i64>(0))?;
    let backup = Backup::new(&moment, into)?;
    loop {
        let step = backup.step(PAGES)?;
        let progress = backup.progress();
        let number = |pages: i32| u64::try_from(pages).unwrap_or_default();
        let of = number(progress.pagecount);
        watch(Stage { part: Part::Copy, done: of.saturating_sub(number(progress.remaining)), of });
        if step == StepResult::Done {
            return Ok(());
        }
        std::thread::sleep(PAUSE);
    }
}

/// The copy has the journal mode of the original, which would need a log beside it.
fn without_log(copy: &Path) -> Result<(), StoreError> {
    let sql = |error| StoreError::sql(copy, "closing the copy", error);
    let db = connect(copy, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    close_log(&db).map_err(sql)
}

/// Makes a database one file, without a write-ahead log.
pub(super) fn close_log(db: &Connection) -> rusqlite::Result<()> {
    let mode: String = db.pragma_update_and_check(None, "journal_mode", "DELETE", |row| row.get(0))?;
    if mode == "delete" {
        return Ok(());
    }
    Err(rusqlite::Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_BUSY), Some(format!("it stays in mode {mode}"))))
}
