//! Opens, creates and checks the database file.

use std::{
    fs::{self, OpenOptions},
    io,
    path::Path,
    sync::Mutex,
    time::Duration,
};

use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::{
    Store, StoreError,
    connect::{PATIENCE, connect, left_behind},
    damage::Noted,
    history,
    migrations::{LATEST, migrate},
    readonly, sealed,
    writes::Writes,
};
use crate::owner;

/// `PRAGMA application_id` of our files: "pvwt".
pub(super) const APPLICATION_ID: i64 = 0x7076_7774;

/// How SQLite's check begins its messages about values, see `pragma.c` of its source.
const OF_A_ROW: &[&str] =
    &["CHECK constraint failed", "NULL value in", "non-TEXT value in", "non-INT value in", "non-BLOB value in"];

/// The wait before the next attempt where SQLite does not wait by itself.
const PAUSE: Duration = Duration::from_millis(20);

/// The largest file that is completely checked whenever it is opened. Reading every page of a larger one takes seconds,
/// so it is checked before a migration and, when a write-ahead log was left behind (after a crash, a power failure), by
/// [`Store::check_if_suspect`] while the daemon already works.
const ALWAYS_CHECKED: u64 = 64 * 1024 * 1024;

impl Store {
    /// Opens the database for writing, and creates the file (mode 0600) if there is none; its folder must exist. Checks
    /// it, unless it is large, and migrates it.
    ///
    /// # Errors
    /// A damaged file, a newer schema, a database of another program, no permission, no room.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        Self::open_checking(path, ALWAYS_CHECKED)
    }

    /// [`Store::open`] that checks files of at most this many bytes.
    pub(super) fn open_checking(path: &Path, at_most: u64) -> Result<Self, StoreError> {
        create(path)?;
        let unclean = left_behind(path);
        let mut connection = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        let sql = |source| StoreError::sql(path, "opening", source);
        if is_ours(&connection).map_err(sql)? == Some(false) {
            return Err(StoreError::Foreign { path: path.to_owned() });
        }
        let found = not_newer(path, &connection)?;
        configure_writer(&connection).map_err(sql)?;
        let checked = found < LATEST || fs::metadata(path).is_ok_and(|file| file.len() <= at_most);
        if checked {
            check(path, &connection)?;
        }
        migrate(&mut connection).map_err(|error| migration_error(path, error))?;
        keep_triggers(&connection).map_err(sql)?;
        let store = Self { suspect: unclean && !checked, ..Self::new(path, connection) };
        if checked {
            store.look_through(&store.connection())?;
        }
        Ok(store)
    }

    /// Checks the whole file if its last writer did not close it and [`Store::open`] left it unchecked for its size. It
    /// reads on a connection of its own, in parallel to all else, and takes seconds for a gigabyte.
    ///
    /// # Errors
    /// [`StoreError::Damaged`], or it cannot be read.
    pub(crate) fn check_if_suspect(&self) -> Result<(), StoreError> {
        if !self.suspect {
            return Ok(());
        }
        check(&self.path, &connect(&self.path, OpenFlags::SQLITE_OPEN_READ_ONLY)?)
    }

    /// Opens the database for reading, while a daemon may write to it.
    ///
    /// # Errors
    /// As [`Store::open`], and where there is no file or its schema is older.
    pub fn open_read_only(path: &Path) -> Result<Self, StoreError> {
        fs::metadata(path).map_err(|source| StoreError::io(path, source))?;
        let (connection, copy) = match connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY).and_then(readable(path)) {
            Err(error) if error.is_of_the_disk() => readonly::connect(path)?,
            connection => (connection?, None),
        };
        let sql = |source| StoreError::sql(path, "opening", source);
        if is_ours(&connection).map_err(sql)? != Some(true) {
            return Err(StoreError::Foreign { path: path.to_owned() });
        }
        let found = not_newer(path, &connection)?;
        if found < LATEST {
            return Err(StoreError::Older { path: path.to_owned(), found, known: LATEST });
        }
        Ok(Self { copy, ..Self::new(path, connection) })
    }

    /// A database in memory, for work that must leave nothing behind.
    ///
    /// # Errors
    /// No memory.
    pub(crate) fn in_memory() -> Result<Self, StoreError> {
        let path = Path::new(":memory:");
        let mut connection = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        configure_writer(&connection).map_err(|source| StoreError::sql(path, "opening", source))?;
        migrate(&mut connection).map_err(|error| migration_error(path, error))?;
        keep_triggers(&connection).map_err(|source| StoreError::sql(path, "opening", source))?;
        Ok(Self::new(path, connection))
    }

    fn new(path: &Path, connection: Connection) -> Self {
        Self {
            path: path.to_owned(),
            connection: Mutex::new(connection),
            suspect: false,
            noted: Noted::default(),
            damage: Mutex::default(),
            writes: Writes::default(),
            copy: None,
            #[cfg(test)]
            faults: super::tests::faults::Faults::default(),
        }
    }
}

/// Creates an empty file that only its owner may read: SQLite itself would follow the umask. A file that root creates for
/// the service belongs to the service, and so do the files that SQLite makes beside it.
fn create(path: &Path) -> Result<(), StoreError> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let failed = |source: io::Error| StoreError::Open { path: path.to_owned(), source: source.into() };
    match options.open(path) {
        Ok(made) => owner::hand_over(&made, path).map_err(failed),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(source) => Err(failed(source)),
    }
}

fn configure_writer(connection: &Connection) -> rusqlite::Result<()> {
    keep_a_write_ahead_log(connection)?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update_and_check(None, "journal_size_limit", 16 * 1024 * 1024, |_| Ok(()))
}

/// Whatever is written from now on has its checksum, and its entry in the history.
fn keep_triggers(connection: &Connection) -> rusqlite::Result<()> {
    sealed::keep_sums(connection)?;
    history::keep_chain(connection)
}

/// Changing the journal needs the file exclusively for a moment, and SQLite does not wait for that by itself: two
/// processes that wait for one another would never end. So the second process tries again.
fn keep_a_write_ahead_log(connection: &Connection) -> rusqlite::Result<()> {
    let mut left = PATIENCE;
    loop {
        match connection.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(())) {
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) && !left.is_zero() => {
                std::thread::sleep(PAUSE);
                left = left.saturating_sub(PAUSE);
            }
            outcome => return outcome,
        }
    }
}

/// SQLite opens the files only when it reads.
fn readable(path: &Path) -> impl FnOnce(Connection) -> Result<Connection, StoreError> {
    move |connection| {
        is_ours(&connection).map_err(|source| StoreError::sql(path, "opening", source))?;
        Ok(connection)
    }
}

/// `None`: the file is new. `Some(false)`: it has tables of another program.
fn is_ours(connection: &Connection) -> rusqlite::Result<Option<bool>> {
    if pragma(connection, "application_id")? == APPLICATION_ID {
        return Ok(Some(true));
    }
    let objects: i64 = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    let untouched = objects == 0 && pragma(connection, "application_id")? == 0;
    Ok(if untouched { None } else { Some(false) })
}

fn pragma(connection: &Connection, name: &str) -> rusqlite::Result<i64> {
    connection.pragma_query_value(None, name, |row| row.get(0))
}

fn not_newer(path: &Path, connection: &Connection) -> Result<i64, StoreError> {
    let found =
        pragma(connection, "user_version").map_err(|source| StoreError::sql(path, "reading the version", source))?;
    if found > LATEST {
        return Err(StoreError::Newer { path: path.to_owned(), found, known: LATEST });
    }
    Ok(found)
}

fn check(path: &Path, connection: &Connection) -> Result<(), StoreError> {
    let structural = faults(connection).map_err(|source| StoreError::sql(path, "checking", source))?;
    structural.map_or(Ok(()), |why| Err(StoreError::Damaged { path: path.to_owned(), why }))
}

/// The first fault of the structure. A value that its column does not allow is damage of its row, and found when that
/// is read.
fn faults(connection: &Connection) -> rusqlite::Result<Option<String>> {
    let mut query = connection.prepare("PRAGMA quick_check(10000)")?;
    let mut found = query.query([])?;
    while let Some(row) = found.next()? {
        let fault: String = row.get(0)?;
        if fault != "ok" && !OF_A_ROW.iter().any(|of_a_row| fault.starts_with(of_a_row)) {
            return Ok(Some(fault));
        }
    }
    Ok(None)
}

fn migration_error(path: &Path, error: rusqlite_migration::Error) -> StoreError {
    match error {
        rusqlite_migration::Error::RusqliteError { err, .. } if err.sqlite_error_code().is_some() => {
            StoreError::sql(path, "migrating", err)
        }
        source => StoreError::Migration { path: path.to_owned(), source },
    }
}
