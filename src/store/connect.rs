//! Connects to SQLite with the settings that readers and writers share.

use std::{fs, path::Path, time::Duration};

use rusqlite::{Connection, OpenFlags, config::DbConfig};

use super::{StoreError, history, packed, sealed};

/// How long to wait for another process's write lock.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);

/// Statements kept prepared; about as many as there are in this module.
const STATEMENTS: usize = 64;

/// Page cache in KiB (negative, as SQLite requires). Small, because a daemon idles most of the time and the operating
/// system caches the file anyway.
const CACHE: i64 = -2048;

/// Whether the last writer did not close the database.
pub(super) fn left_behind(path: &Path) -> bool {
    let mut journal = path.as_os_str().to_owned();
    journal.push("-wal");
    fs::metadata(journal).is_ok_and(|file| file.len() > 0)
}

#[expect(clippy::disallowed_methods, reason = "this is where SQLite is opened")]
pub(super) fn connect(path: &Path, mode: OpenFlags) -> Result<Connection, StoreError> {
    let connection = Connection::open_with_flags(path, mode | OpenFlags::SQLITE_OPEN_NO_MUTEX)
        .map_err(|source| StoreError::sql(path, "opening", source))?;
    configure(&connection).map_err(|source| StoreError::sql(path, "opening", source))?;
    Ok(connection)
}

/// The settings that readers and writers share. `trusted_schema` and `cell_size_check` keep a damaged or doctored file
/// from doing more than failing.
fn configure(connection: &Connection) -> rusqlite::Result<()> {
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    connection.busy_timeout(PATIENCE)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "trusted_schema", false)?;
    connection.pragma_update(None, "cell_size_check", true)?;
    connection.pragma_update(None, "cache_size", CACHE)?;
    sealed::know_sums(connection)?;
    packed::know_packing(connection)?;
    history::know_hashes(connection)
}
