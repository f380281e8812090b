//! The folder in which a CI leaves the lock files of projects: lists and reads it, and follows no link.
//!
//! Each project is a folder of its name, with lock files, bills of materials and an optional `project.toml`. Another user may
//! write there, so that every file is opened below the folder that was looked at, and only if it is a plain file.

use std::{
    fs::File,
    io::{self, Read},
    os::fd::{AsFd, OwnedFd},
    path::{Path, PathBuf},
};

use chrono::{DateTime, Utc};
use rustix::{
    fs::{AtFlags, CWD, Dir, FileType, Mode, OFlags, Stat, fstat, openat, statat},
    io::Errno,
};

use crate::{
    inventory::{Content, MAX_BYTES, Mirrors, ProjectFile, parse_bytes},
    model::ProjectName,
    text::{plain, with_causes},
};

/// Most projects.
const MOST_PROJECTS: usize = 5_000;
/// Most files of a project.
const MOST_FILES: usize = 100;
/// Most bytes of all files of a project.
const MOST_BYTES: u64 = 4 * MAX_BYTES;
/// Most bytes of `project.toml`.
const MAX_PROJECT_FILE: u64 = 64 * 1024;
/// Most characters of a reason.
const MAX_REASON: usize = 500;

/// What the configuration says of the folder.
#[derive(Debug)]
pub struct InventoryFolder {
    /// The folder.
    pub path: PathBuf,
    /// The registries behind the hosts in lock files.
    pub mirrors: Mirrors,
}

/// The reason why a project is not read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// It has no name that the inventory takes.
    #[error("{0}")]
    Name(String),
    /// It is a file, or something else.
    #[error("not a folder; put the files of a project into a folder of its name")]
    NotAFolder,
    /// A file of it is a link, a pipe or a device.
    #[error("{0} is not a plain file; provwatch follows no link here")]
    NotAFile(String),
    /// It has no file that can be read.
    #[error("no lock file or bill of materials is in it")]
    Empty,
    /// Nothing of its files is part of the inventory: what was known of it stays.
    #[error("none of the entries of its files can be taken; {0}")]
    NothingLocked(String),
    /// It has too many files, or too large ones.
    #[error("{0}")]
    TooLarge(String),
    /// It, or a file of it, cannot be read now.
    #[error("{0}")]
    Unreadable(String),
    /// A file of it is not understood.
    #[error("{0}")]
    File(String),
}

/// The files of a project with their sizes and the times of their last changes: what is the same is not read again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct State(Vec<(String, i64, i128, u64)>);

/// A project of the folder.
#[derive(Debug)]
pub struct Found {
    /// The name of its folder.
    pub name: String,
    /// Its name, and the state of its files; else why it is not read.
    pub state: Result<(ProjectName, State), Refused>,
}

/// The content of a project's folder.
#[derive(Debug)]
pub struct ReadProject {
    /// What it says of itself.
    pub about: ProjectFile,
    /// What its files lock.
    pub content: Content,
    /// When the last of its files was written.
    pub written: Option<DateTime<Utc>>,
}

impl InventoryFolder {
    /// The projects by name.
    ///
    /// # Errors
    /// The folder cannot be read, or has too many.
    pub fn look(&self) -> io::Result<Vec<Found>> {
        let folder = self.open()?;
        let names = names(&folder, MOST_PROJECTS)?;
        let names = names.ok_or_else(|| io::Error::other(format!("more than {MOST_PROJECTS} projects are in it")))?;
        Ok(names.into_iter().map(|name| Found { state: state(&folder, &name), name }).collect())
    }

    /// Reads a project.
    ///
    /// # Errors
    /// The first reason why it cannot be read.
    pub fn read(&self, project: &ProjectName) -> Result<ReadProject, Refused> {
        let name = project.as_str();
        let parent = self.open().map_err(|error| Refused::Unreadable(error.to_string()))?;
        let folder = open_folder(&parent, name)?;
        let (mut about, mut listed) = (ProjectFile::default(), Vec::new());
        let (mut written, mut bytes) = (None, 0_u64);
        for file in files(&folder)? {
            let origin = Path::new(name).join(&file);
            let is_about = file == ProjectFile::NAME;
            let (content, changed) = read_file(&folder, &file, if is_about { MAX_PROJECT_FILE } else { MAX_BYTES })?;
            written = written.max(changed);
            bytes += content.len() as u64;
            if bytes > MOST_BYTES {
                return Err(Refused::TooLarge(format!("its files have more than {MOST_BYTES} bytes")));
            }
            if is_about {
                about = project_file(content, &origin)?;
            } else {
                let found = parse_bytes(content, &origin, &self.mirrors);
                listed.push(found.map_err(|error| Refused::File(plain(&with_causes(&error), MAX_REASON)))?);
            }
        }
        if listed.is_empty() {
            return Err(Refused::Empty);
        }
        let content = Content::of(listed).map_err(|error| Refused::TooLarge(error.to_string()))?;
        if let Some(first) = content.skipped.first().filter(|_| content.locked.is_empty()) {
            return Err(Refused::NothingLocked(plain(&format!("{}: {}", first.what, first.why), MAX_REASON)));
        }
        Ok(ReadProject { about, content, written })
    }

    /// The operator named this folder, and may have made it a link.
    fn open(&self) -> io::Result<OwnedFd> {
        Ok(openat(CWD, &self.path, OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?)
    }
}

fn project_file(content: Vec<u8>, origin: &Path) -> Result<ProjectFile, Refused> {
    let text = String::from_utf8(content).map_err(|_| Refused::File(format!("{}: not UTF-8", origin.display())))?;
    ProjectFile::parse(&text, origin).map_err(|problems| Refused::File(plain(&problems.to_string(), MAX_REASON)))
}

/// The names in a folder in order, without hidden ones, which are still written; `None`: more than so many.
fn names(folder: &OwnedFd, most: usize) -> io::Result<Option<Vec<String>>> {
    let mut names = Vec::new();
    for entry in Dir::read_from(folder)? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if !name.starts_with('.') {
            names.push(name);
        }
        if names.len() > most {
            return Ok(None);
        }
    }
    names.sort_unstable();
    Ok(Some(names))
}

fn open_folder(parent: impl AsFd, name: &str) -> Result<OwnedFd, Refused> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    openat(parent, name, flags, Mode::empty()).map_err(|error| match error {
        Errno::NOTDIR | Errno::LOOP => Refused::NotAFolder,
        error => Refused::Unreadable(io::Error::from(error).to_string()),
    })
}

/// The names of the files of a project.
fn files(folder: &OwnedFd) -> Result<Vec<String>, Refused> {
    let names = names(folder, MOST_FILES).map_err(|error| Refused::Unreadable(error.to_string()))?;
    names.ok_or_else(|| Refused::TooLarge(format!("it has more than {MOST_FILES} files")))
}

fn state(parent: &OwnedFd, name: &str) -> Result<(ProjectName, State), Refused> {
    let project = name.parse::<ProjectName>().map_err(|error| Refused::Name(error.to_string()))?;
    let folder = open_folder(parent, name)?;
    let of_file = |file: String| {
        let about = statat(&folder, &file, AtFlags::SYMLINK_NOFOLLOW).map_err(|error| unreadable(&file, error))?;
        check(&file, &about)?;
        Ok((file, about.st_size, changed_at(&about), about.st_ino))
    };
    Ok((project, State(files(&folder)?.into_iter().map(of_file).collect::<Result<_, Refused>>()?)))
}

/// The content of a file, and when it was changed.
fn read_file(folder: &OwnedFd, name: &str, limit: u64) -> Result<(Vec<u8>, Option<DateTime<Utc>>), Refused> {
    // Opening a pipe does not wait for a writer.
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = openat(folder, name, flags, Mode::empty()).map_err(|error| match error {
        Errno::LOOP => Refused::NotAFile(plain(name, MAX_REASON)),
        error => unreadable(name, error),
    })?;
    let about = fstat(&file).map_err(|error| unreadable(name, error))?;
    check(name, &about)?;
    let too_large = || Refused::TooLarge(format!("{} has more than {limit} bytes", plain(name, MAX_REASON)));
    if u64::try_from(about.st_size).is_ok_and(|size| size > limit) {
        return Err(too_large());
    }
    let mut bytes = Vec::new();
    // It may grow meanwhile.
    let length = File::from(file).take(limit + 1).read_to_end(&mut bytes);
    let length = length.map_err(|error| Refused::Unreadable(format!("{}: {error}", plain(name, MAX_REASON))))?;
    if length as u64 > limit {
        return Err(too_large());
    }
    let nanoseconds = i64::try_from(changed_at(&about)).ok().map(DateTime::from_timestamp_nanos);
    Ok((bytes, nanoseconds))
}

fn check(name: &str, about: &Stat) -> Result<(), Refused> {
    match FileType::from_raw_mode(about.st_mode) {
        FileType::RegularFile => Ok(()),
        _ => Err(Refused::NotAFile(plain(name, MAX_REASON))),
    }
}

/// In nanoseconds since 1970.
fn changed_at(about: &Stat) -> i128 {
    i128::from(about.st_mtime) * 1_000_000_000 + i128::from(about.st_mtime_nsec)
}

fn unreadable(name: &str, error: Errno) -> Refused {
    Refused::Unreadable(format!("{}: {}", plain(name, MAX_REASON), io::Error::from(error)))
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::symlink};

    use tempfile::TempDir;

    use super::*;
    use crate::model::{Locked, ProjectKind};

    struct Lab(TempDir);

    impl Lab {
        fn new() -> Self {
            Self(tempfile::tempdir().unwrap())
        }

        fn folder(&self) -> InventoryFolder {
            InventoryFolder { path: self.0.path().to_owned(), mirrors: Mirrors::default() }
        }

        fn put(&self, path: &str, text: &str) {
            let path = self.0.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }

        fn read(&self, name: &str) -> Result<ReadProject, Refused> {
            self.folder().read(&name.parse().unwrap())
        }

        /// The names of the folder, with what is wrong with each.
        fn look(&self) -> Vec<(String, String)> {
            let said = |found: Found| (found.name, found.state.err().map(|why| why.to_string()).unwrap_or_default());
            self.folder().look().unwrap().into_iter().map(said).collect()
        }
    }

    #[test]
    fn a_project_is_all_of_its_files() {
        let lab = Lab::new();
        lab.put("shop/requirements.txt", "requests==2.0\n");
        lab.put("shop/other.txt", "flask==3.0\n");
        lab.put("shop/project.toml", "kind = \"vendor\"\nowner = \"payments\"\n");
        lab.put("shop/.upload.tmp", "{ half a file");
        let ReadProject { about, content, written } = lab.read("shop").unwrap();
        assert_eq!((about.kind, about.owner.unwrap().as_str()), (Some(ProjectKind::Vendor), "payments"));
        let releases: Vec<String> = content.locked.iter().map(|one: &Locked| one.release.to_string()).collect();
        assert_eq!(releases, ["pkg:pypi/flask@3.0", "pkg:pypi/requests@2.0"]);
        assert!(written.is_some());
        assert_eq!(lab.look(), [("shop".to_owned(), String::new())]);
    }

    #[test]
    fn a_state_changes_with_the_files() {
        let lab = Lab::new();
        let states = || lab.folder().look().unwrap().remove(0).state.unwrap().1;
        lab.put("shop/requirements.txt", "a==1\n");
        let first = states();
        assert_eq!(states(), first);
        lab.put("shop/requirements.txt", "a==10\n");
        let second = states();
        lab.put("shop/more.txt", "b==1\n");
        assert!(first != second && second != states());
    }

    #[test]
    fn what_is_no_project_is_named_with_the_reason() {
        let lab = Lab::new();
        lab.put("stray.txt", "a==1\n");
        lab.put("bad name/requirements.txt", "a==1\n");
        lab.put(".hidden/requirements.txt", "a==1\n");
        lab.put("good/requirements.txt", "a==1\n");
        symlink(lab.0.path().join("good"), lab.0.path().join("link")).unwrap();
        lab.put("outside/requirements.txt", "a==1\n");
        symlink("/etc/passwd", lab.0.path().join("outside/secret.txt")).unwrap();
        lab.put("pipe/requirements.txt", "a==1\n");
        rustix::fs::mknodat(CWD, lab.0.path().join("pipe/fifo"), FileType::Fifo, Mode::RUSR, 0).unwrap();
        let look = lab.look();
        let said = |name: &str| look.iter().find(|(one, _)| one == name).map(|(_, why)| why.as_str());
        assert_eq!(said("good"), Some(""));
        for (name, why) in [
            ("bad name", "not the name of a project"),
            ("link", "not a folder"),
            ("outside", "secret.txt is not a plain file"),
            ("pipe", "fifo is not a plain file"),
            ("stray.txt", "not a folder"),
        ] {
            assert!(said(name).unwrap().contains(why), "{name}: {look:?}");
        }
        assert_eq!(said(".hidden"), None);
        assert!(matches!(lab.read("outside"), Err(Refused::NotAFile(_))), "also where the look is passed by");
        assert!(matches!(lab.read("pipe"), Err(Refused::NotAFile(_))));
        assert!(matches!(lab.read("link"), Err(Refused::NotAFolder)));
    }

    #[test]
    fn what_is_too_large_is_not_read() {
        let lab = Lab::new();
        let sized = |path: &str, bytes: u64| {
            lab.put(path, "");
            fs::File::options().write(true).open(lab.0.path().join(path)).unwrap().set_len(bytes).unwrap();
        };
        sized("huge/package-lock.json", 100 << 20);
        sized("odd/project.toml", 1 << 40);
        for (name, why) in [
            ("huge", "package-lock.json has more than 67108864 bytes"),
            ("odd", "project.toml has more than 65536 bytes"),
        ] {
            let error = lab.read(name).unwrap_err();
            assert!(matches!(&error, Refused::TooLarge(said) if said == why), "{error}");
        }
    }

    #[test]
    fn what_cannot_be_understood_is_refused_with_file_and_line() {
        let lab = Lab::new();
        lab.put("half/package-lock.json", "{\"lockfileVersion\": 3,\n\"packages\": {");
        lab.put("wrong/package.json", "{\"name\": \"a\", \"dependencies\": {\"b\": \"^1\"}}");
        lab.put("odd/project.toml", "owner = \"ada@example.org\"");
        lab.put("odd/requirements.txt", "a==1\n");
        lab.put("bare/project.toml", "");
        lab.put("ranges/requirements.txt", "a>=1\n");
        (0..101).for_each(|number| lab.put(&format!("many/{number}.txt"), "a==1\n"));
        for (name, why) in [
            ("half", "half/package-lock.json:2:"),
            ("wrong", "this is a package.json"),
            ("odd", "odd/project.toml:1:9: owner: found \"ada@example.org\", not the name of a team"),
            ("bare", "no lock file or bill of materials"),
            ("many", "more than 100 files"),
            ("ranges", "none of the entries of its files can be taken; pkg:pypi/a: not locked to one version"),
            ("gone", "No such file"),
        ] {
            let error = lab.read(name).unwrap_err().to_string();
            assert!(error.contains(why) && error.len() < 1_000, "{name}: {error}");
        }
    }
}
