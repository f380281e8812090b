//! The lock that allows one runner for each database. Two would read every feed twice and deliver every alert twice.

use std::{
    fs::{self, File, Metadata, OpenOptions, TryLockError},
    io::{self, Read, Seek, Write},
    os::unix::fs::{MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
    time::Duration,
};

use rustix::fs::OFlags;

use crate::{health::LockState, owner};

/// How often a taken lock is tried again, and the wait each time.
const LOOKS: u32 = 5;
const PAUSE: Duration = Duration::from_millis(10);

/// Longest process number, in bytes.
const MAX_NUMBER: u64 = 20;

/// The right to run on a database, until it is dropped or the process ends in any way: the operating system keeps the
/// lock, the file beside the database is only its place.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

/// The reason why there is no right to run.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another process has it.
    #[error("`provwatch run` already runs on the database {database}{by}", database = database.display(), by = by(process.as_deref()))]
    Taken {
        database: PathBuf,
        /// The number of the other process, if it wrote it.
        process: Option<String>,
    },
    /// The file there was not made by provwatch: writing to it could destroy the target of another user's link.
    #[error(
        "locking {path}: it is {what}, and provwatch writes only to a plain file of its own there; find out who put it there, \
         then remove it",
        path = path.display()
    )]
    NotOurs { path: PathBuf, what: &'static str },
    /// The file cannot be made or locked.
    #[error("locking {path}; check that this user may write there, and that the file system knows locks", path = path.display())]
    Failed {
        path: PathBuf,
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
        let path = lock_file(database);
        let failed = |source| LockError::Failed { path: path.clone(), source };
        let mut file = open(&path).map_err(|source| match source.raw_os_error() {
            Some(LINK) => LockError::NotOurs { path: path.clone(), what: "a symbolic link" },
            _ => failed(source),
        })?;
        let found = file.metadata().map_err(failed)?;
        if let Some(what) = foreign(&found, &path, rustix::process::geteuid().as_raw()) {
            return Err(LockError::NotOurs { path, what });
        }
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

/// Another process that checks the lock holds it for a moment.
fn patiently(file: &File) -> Result<(), TryLockError> {
    for _ in 0..LOOKS {
        match file.try_lock() {
            Err(TryLockError::WouldBlock) => std::thread::sleep(PAUSE),
            outcome => return outcome,
        }
    }
    file.try_lock()
}

/// Whether a process has the right to run on a database. Makes no file, and writes none.
pub fn lock_state(database: &Path) -> LockState {
    let file = match File::options().read(true).custom_flags(no_link()).open(lock_file(database)) {
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

impl Lock {
    /// The number of the process that has the right to run on a database now; `None` if none has it, or it did not
    /// write its number.
    ///
    /// # Errors
    /// The file is not provwatch's, or cannot be read.
    pub(crate) fn holder(database: &Path) -> Result<Option<u32>, LockError> {
        let path = lock_file(database);
        let failed = |source| LockError::Failed { path: path.clone(), source };
        let mut file = match File::options().read(true).custom_flags(no_link()).open(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            opened => opened.map_err(failed)?,
        };
        match file.try_lock_shared() {
            Err(TryLockError::WouldBlock) => {
                let owner = file.metadata().map_err(failed)?.uid();
                let process = process(&mut file).and_then(|number| number.parse().ok());
                Ok(process.filter(|process| belongs_to(*process, owner)))
            }
            _ => Ok(None),
        }
    }
}

/// Whether a process runs as the owner of the file that names it. The file could hold any number, and root may read it.
fn belongs_to(process: u32, owner: u32) -> bool {
    fs::metadata(format!("/proc/{process}")).is_ok_and(|process| process.uid() == owner)
}

fn lock_file(database: &Path) -> PathBuf {
    let mut path = database.as_os_str().to_owned();
    path.push(".lock");
    path.into()
}

/// The error of opening a symbolic link (`ELOOP`).
const LINK: i32 = rustix::io::Errno::LOOP.raw_os_error();

/// The file stays when the lock is gone: removing it would let two processes lock two files of the same name. Links are
/// not followed, pipes not waited for, and the file is not truncated: it may belong to another process, or to an
/// unknown owner.
fn open(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).truncate(false).mode(0o600).custom_flags(no_link());
    match options.clone().create_new(true).open(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => options.open(path),
        made => made.and_then(|made| owner::hand_over(&made, path).map(|()| made)),
    }
}

fn no_link() -> i32 {
    (OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC).bits().cast_signed()
}

/// The reason why this is not provwatch's lock file. Root may lock a file of the folder's owner, as when an operator
/// makes a pass over the service's database.
fn foreign(found: &Metadata, path: &Path, us: u32) -> Option<&'static str> {
    let folder = path.parent().and_then(|folder| fs::metadata(folder).ok());
    let owns_folder = folder.is_some_and(|folder| folder.uid() == found.uid());
    if !found.is_file() {
        Some("not a regular file")
    } else if found.nlink() > 1 {
        Some("another name of a file that has several")
    } else if found.uid() != us && !(us == 0 && owns_folder) {
        Some("a file of another user")
    } else {
        None
    }
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
        assert_eq!(Lock::holder(&database).unwrap(), None);
        let lock = Lock::take(&database).unwrap();
        assert_eq!(Lock::holder(&database).unwrap(), Some(std::process::id()));
        let refused = Lock::take(&database).unwrap_err().to_string();
        assert!(refused.contains("already runs on the database"), "{refused}");
        assert!(refused.ends_with(&format!("(process {})", std::process::id())), "{refused}");
        assert_eq!(lock_state(&database), LockState::Held);
        drop(lock);
        assert_eq!(lock_state(&database), LockState::Free);
        assert_eq!(Lock::holder(&database).unwrap(), None, "the number that is left there is nobody's");
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
    fn what_is_not_our_own_plain_file_is_refused_and_stays_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let (database, lock, precious) = (at("provwatch.db"), at("provwatch.db.lock"), at("precious"));
        std::fs::write(&precious, "precious").unwrap();
        let link = |target: &Path| std::os::unix::fs::symlink(target, &lock).unwrap();
        let table: [(&str, &dyn Fn(), &str); 5] = [
            ("a link", &|| link(&precious), "a symbolic link"),
            ("a link to nothing", &|| link(&at("dangling")), "a symbolic link"),
            ("a second name", &|| std::fs::hard_link(&precious, &lock).unwrap(), "another name"),
            ("a pipe", &|| make_pipe(&lock), "not a regular file"),
            ("a folder", &|| std::fs::create_dir(&lock).unwrap(), ""),
        ];
        for (case, make, why) in table {
            make();
            let refused = Lock::take(&database).unwrap_err().to_string();
            assert!(refused.contains(why) && refused.contains("provwatch.db.lock"), "{case}: {refused}");
            assert_eq!(std::fs::read_to_string(&precious).unwrap(), "precious", "{case}");
            assert!(!at("dangling").exists(), "{case}");
            std::fs::remove_file(&lock).or_else(|_| std::fs::remove_dir(&lock)).unwrap();
        }
        Lock::take(&database).unwrap();
    }

    fn make_pipe(path: &Path) {
        let mode = rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR;
        rustix::fs::mkfifoat(rustix::fs::CWD, path, mode).unwrap();
    }

    #[test]
    fn only_root_takes_a_file_of_another_user_and_only_where_that_user_owns_the_folder() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("provwatch.db.lock");
        std::fs::write(&path, "").unwrap();
        let (found, owner) = (path.metadata().unwrap(), folder.path().metadata().unwrap().uid());
        assert_eq!(foreign(&found, &path, owner), None);
        assert_eq!(foreign(&found, &path, 0), None);
        assert_eq!(foreign(&found, &path, owner + 1), Some("a file of another user"));
        let elsewhere = Path::new("/nowhere/provwatch.db.lock");
        assert_eq!(foreign(&found, elsewhere, owner), None);
    }

    #[test]
    fn a_lock_that_is_refused_cuts_nothing_off() {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("provwatch.db");
        let _lock = Lock::take(&database).unwrap();
        let text = || std::fs::read_to_string(folder.path().join("provwatch.db.lock")).unwrap();
        let before = text();
        Lock::take(&database).unwrap_err();
        assert_eq!(text(), before);
    }

    #[test]
    fn a_folder_that_is_not_there_is_named() {
        let refused = Lock::take(Path::new("/nowhere/provwatch.db")).unwrap_err().to_string();
        assert!(refused.starts_with("locking /nowhere/provwatch.db.lock"), "{refused}");
    }
}
