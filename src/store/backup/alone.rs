//! Makes sure that no other process has a database open, while its files are exchanged.

use std::{path::Path, time::Duration};

use rusqlite::{Connection, ErrorCode, OpenFlags, config::DbConfig};

use super::error::BackupError;
use crate::store::connect::connect;

/// How long a command that has the database open may take to end.
const PATIENCE: Duration = if cfg!(test) { Duration::from_millis(20) } else { Duration::from_secs(2) };

/// Takes the only connection to a database, until it is dropped. `None`: it cannot be opened for its damage, so no process
/// works with it.
///
/// # Errors
/// [`BackupError::InUse`] if another process has it open.
pub(super) fn alone(database: &Path) -> Result<Option<Connection>, BackupError> {
    let Ok(db) = connect(database, OpenFlags::SQLITE_OPEN_READ_WRITE) else { return Ok(None) };
    match take(&db) {
        Ok(()) => Ok(Some(db)),
        Err(error) => match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
                Err(BackupError::InUse { path: database.to_owned() })
            }
            _ => Ok(None),
        },
    }
}

/// What is moved aside stays as it is: closing the connection must not write the log into the file.
fn take(db: &Connection) -> rusqlite::Result<()> {
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    db.busy_timeout(PATIENCE)?;
    db.pragma_update_and_check(None, "locking_mode", "EXCLUSIVE", |_| Ok(()))?;
    // The lock is kept after the transaction.
    db.execute_batch("BEGIN EXCLUSIVE; COMMIT")
}
