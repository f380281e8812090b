//! Opening a database that cannot be opened the ordinary way: on a read-only file system, in a folder of somebody else, a
//! copy without its index of the write-ahead log, or on a full disk.
//!
//! A running writer keeps its log and the log's index beside the file, and then the ordinary way works. So where it does
//! not, nobody writes. Without a log the file is whole, and SQLite is told that it does not change. With one, what is in it
//! is part of the database, and reading it needs an index: both are copied to where one can be made.

use std::{
    fmt::Write as _,
    fs, io,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU32, Ordering},
};

use rusqlite::{Connection, OpenFlags};

use super::{StoreError, open};

/// A folder that is removed when it is not needed any more.
#[derive(Debug)]
pub(super) struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        // What is left behind is in the system's folder for such things.
        let _ = fs::remove_dir_all(&self.0);
    }
}

impl Folder {
    /// A new folder that only this user may enter.
    fn make() -> io::Result<Self> {
        static MADE: AtomicU32 = AtomicU32::new(0);
        let number = MADE.fetch_add(1, Ordering::Relaxed);
        let folder = std::env::temp_dir().join(format!("provwatch-read-{}-{number}", std::process::id()));
        let mut builder = fs::DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&folder)?;
        Ok(Self(folder))
    }
}

/// The connection, and the folder of the copy that it reads, if it reads one.
pub(super) fn connect(path: &Path) -> Result<(Connection, Option<Folder>), StoreError> {
    if !open::left_behind(path) {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI;
        return Ok((open::connect(&unchanging(path), flags)?, None));
    }
    let (folder, copy) =
        copied(path).map_err(|source| StoreError::Open { path: path.to_owned(), source: source.into() })?;
    // The copy is ours alone: its log is read as after a crash.
    Ok((open::connect(&copy, OpenFlags::SQLITE_OPEN_READ_WRITE)?, Some(folder)))
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
    let copy = folder.0.join("provwatch.db");
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
