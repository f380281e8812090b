//! Opens a database that cannot be opened normally. Examples are a read-only file system, a folder of another user, a
//! copy without its index of the write-ahead log, and a full disk.
//!
//! A running writer keeps its log and the log's index beside the file, and then the ordinary way works. So where it
//! does not, there is no writer. Without a log the file is complete, and SQLite is opened with the promise that it does
//! not change. With one, its content is part of the database, and reading it needs an index: both are copied to a
//! folder where one can be created.

use std::{
    fmt::Write as _,
    fs, io,
    path::{Path, PathBuf},
};

use rusqlite::{Connection, OpenFlags};

use super::{StoreError, connect, folder::Folder};

/// The connection, and the folder of the copy that it reads, if it reads one.
pub(super) fn connect(path: &Path) -> Result<(Connection, Option<Folder>), StoreError> {
    if !connect::left_behind(path) {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI;
        return Ok((connect::connect(&unchanging(path), flags)?, None));
    }
    let (folder, copy) =
        copied(path).map_err(|source| StoreError::Open { path: path.to_owned(), source: source.into() })?;
    // Only this process uses the copy: its log is read as after a crash.
    Ok((connect::connect(&copy, OpenFlags::SQLITE_OPEN_READ_WRITE)?, Some(folder)))
}

/// SQLite's name for a file that does not change, <https://www.sqlite.org/uri.html>.
fn unchanging(path: &Path) -> PathBuf {
    let mut uri = "file:".to_owned();
    for byte in path.as_os_str().as_encoded_bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'.' | b'-' | b'_' => uri.push(char::from(*byte)),
            byte => {
                let _ = write!(uri, "%{byte:02x}");
            }
        }
    }
    uri.push_str("?immutable=1");
    uri.into()
}

fn copied(path: &Path) -> io::Result<(Folder, PathBuf)> {
    let folder = Folder::make()?;
    let copy = folder.file("provwatch.db");
    for end in ["-wal", ""] {
        let with = |path: &Path| {
            let mut file = path.as_os_str().to_owned();
            file.push(end);
            PathBuf::from(file)
        };
        fs::copy(with(path), with(&copy))?;
    }
    Ok((folder, copy))
}
