//! One runner for each database: two would read every feed twice and deliver every alert twice.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io::{self, Read, Seek, Write},
    path::{Path, PathBuf},
    time::Duration,
};

use crate::health::LockState;

/// How often a lock that is taken is tried again, and how long to wait each time.
const LOOKS: u32 = 5;
const PAUSE: Duration = Duration::from_millis(10);

/// Longest process number, in bytes.
const MAX_NUMBER: u64 = 20;

/// The right to run on a database, until it is dropped or the process ends, however it ends: the operating system keeps
/// the lock, the file beside the database is only where it is put.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

/// Why there is no right to run.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another process has it.
    #[error("`provwatch run` is at work on the database {database} already{by}", database = database.display(), by = by(process.as_deref()))]
    Taken {
        /// The database.
        database: PathBuf,
        /// The number of the other process, if it said so.
        process: Option<String>,
    },
    /// The file cannot be made or locked.
    #[error("locking {path}; check that this user may write there, and that the file system knows locks", path = path.display())]
    Failed {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}

fn by(process: Option<&str>) -> String {
    process.map_or_else(String::new, |process| format!(" (process {process})"))
}

impl Lock {
    /// Takes the right to run on a database.
    ///
    /// # Errors
    /// [`LockError::Taken`] if another process has it.
    pub fn take(database: &Path) -> Result<Self, LockError> {
        let path = beside(database);
        let failed = |source| LockError::Failed { path: path.clone(), source };
        let mut file = open(&path).map_err(failed)?;
        match patiently(&file) {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(LockError::Taken { database: database.to_owned(), process: process(&mut file) });
            }
            Err(TryLockError::Error(source)) => return Err(failed(source)),
        }
        sign(&mut file).map_err(failed)?;
        Ok(Self { _file: file })
    }
}

/// Whoever looks whether a process has the lock has it himself for a moment.
fn patiently(file: &File) -> Result<(), TryLockError> {
    for _ in 0..LOOKS {
        match file.try_lock() {
            Err(TryLockError::WouldBlock) => std::thread::sleep(PAUSE),
            outcome => return outcome,
        }
    }
    file.try_lock()
}

fn beside(database: &Path) -> PathBuf {
    let mut path = database.as_os_str().to_owned();
    path.push(".lock");
    PathBuf::from(path)
}

/// Whether a process has the right to run on a database. Makes no file, and writes none.
pub fn lock_state(database: &Path) -> LockState {
    let file = match File::open(beside(database)) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return LockState::Free,
        Err(_) => return LockState::Unknown,
    };
    match file.try_lock_shared() {
        Ok(()) => LockState::Free,
        Err(TryLockError::WouldBlock) => LockState::Held,
        Err(TryLockError::Error(_)) => LockState::Unknown,
    }
}

/// The file stays when the lock is gone: removing it would let two processes lock two files of the same name.
fn open(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

fn sign(file: &mut File) -> io::Result<()> {
    file.set_len(0)?;
    file.rewind()?;
    writeln!(file, "{}", std::process::id())
}

fn process(file: &mut File) -> Option<String> {
    let mut text = String::new();
    file.take(MAX_NUMBER).read_to_string(&mut text).ok()?;
    let number = text.trim();
    (!number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())).then(|| number.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_may_run_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("provwatch.db");
        let lock = Lock::take(&database).unwrap();
        let refused = Lock::take(&database).unwrap_err().to_string();
        assert!(refused.contains("at work on the database"), "{refused}");
        assert!(refused.ends_with(&format!("already (process {})", std::process::id())), "{refused}");
        assert_eq!(lock_state(&database), LockState::Held);
        drop(lock);
        assert_eq!(lock_state(&database), LockState::Free);
        Lock::take(&database).unwrap();
    }

    #[test]
    fn looking_makes_no_file() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(lock_state(&folder.path().join("provwatch.db")), LockState::Free);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
        std::fs::create_dir(folder.path().join("provwatch.db.lock")).unwrap();
        assert_ne!(lock_state(&folder.path().join("provwatch.db")), LockState::Held);
    }

    #[test]
    fn what_another_wrote_into_the_file_is_shown_only_if_it_is_a_number() {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("provwatch.db");
        let _lock = Lock::take(&database).unwrap();
        for text in ["", "\u{1b}[2J", "12 34", "99999999999999999999999"] {
            std::fs::write(folder.path().join("provwatch.db.lock"), text).unwrap();
            let refused = Lock::take(&database).unwrap_err().to_string();
            assert!(!refused.contains('\u{1b}') && !refused.contains("12 34"), "{refused}");
        }
    }

    #[test]
    fn a_folder_that_is_not_there_is_named() {
        let refused = Lock::take(Path::new("/nowhere/provwatch.db")).unwrap_err().to_string();
        assert!(refused.starts_with("locking /nowhere/provwatch.db.lock"), "{refused}");
    }
}
