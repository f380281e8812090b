//! Whom the files belong to that root makes for the service: commands that an operator gives as root must leave nothing
//! behind that the service cannot use.

use std::{
    fs::{self, File, Metadata},
    io,
    os::unix::fs::{MetadataExt, fchown},
    path::{Path, PathBuf},
};

/// The user with all rights.
const ROOT: u32 = 0;

/// A user and a group, by their numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Owner {
    /// The user.
    pub user: u32,
    /// The group.
    pub group: u32,
}

impl Owner {
    /// The owner of a file or folder.
    pub fn of(found: &Metadata) -> Self {
        Self { user: found.uid(), group: found.gid() }
    }

    /// The user of this process.
    pub fn this() -> Self {
        Self { user: us(), group: rustix::process::getegid().as_raw() }
    }

    /// Whether this is the user with all rights.
    pub const fn is_root(self) -> bool {
        self.user == ROOT
    }

    /// Whether this user certainly has not the right to write a file that exists, or to make it. The user's other groups
    /// are not known.
    pub fn cannot_write(self, file: &Path) -> bool {
        match fs::metadata(file) {
            Ok(found) => self.lacks(&found, 0o2),
            Err(_) => fs::metadata(folder_of(file)).is_ok_and(|folder| self.lacks(&folder, 0o3)),
        }
    }

    /// Whether a user lacks rights, given as those of others, whatever their groups are.
    fn lacks(self, found: &Metadata, rights: u32) -> bool {
        let mode = found.mode();
        let has = |shift: u32| (mode >> shift) & rights == rights;
        match self.user {
            ROOT => false,
            user if user == found.uid() => !has(6),
            _ => !has(3) && !has(0),
        }
    }
}

/// The user of the service, where it is not the user of this process: the owner of the database, or of its folder.
pub(crate) fn service(database: &Path) -> Option<Owner> {
    let found = fs::metadata(database).or_else(|_| fs::metadata(folder_of(database))).ok()?;
    Some(Owner::of(&found)).filter(|owner| owner.user != us() && owner.user != ROOT)
}

/// The folder of a file.
pub(crate) fn folder_of(file: &Path) -> PathBuf {
    file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new(".")).to_owned()
}

/// Gives a file that this process has just made to the owner of its folder, if this is root and the owner another user.
///
/// # Errors
/// The system refuses it.
pub(crate) fn hand_over(made: &File, path: &Path) -> io::Result<()> {
    give(made, heir(us(), Owner::of(&fs::metadata(folder_of(path))?)))
}

/// Gives a file that this process has just made to the user of the service, if this is root and the service another user.
///
/// # Errors
/// The system refuses it.
pub(crate) fn hand_to(made: &File, service: Owner) -> io::Result<()> {
    give(made, heir(us(), service))
}

/// Gives a file that this process has just made to the owner of the one that it replaces.
///
/// # Errors
/// The system refuses it.
pub(crate) fn hand_on(made: &File, replaced: &Metadata) -> io::Result<()> {
    give(made, heir(us(), Owner::of(replaced)))
}

fn give(made: &File, heir: Option<Owner>) -> io::Result<()> {
    heir.map_or(Ok(()), |Owner { user, group }| fchown(made, Some(user), Some(group)))
}

/// Who gets what a user makes.
fn heir(maker: u32, owner: Owner) -> Option<Owner> {
    (maker == ROOT && owner.user != ROOT).then_some(owner)
}

/// Whether this process is root's.
pub(crate) fn is_root() -> bool {
    us() == ROOT
}

fn us() -> u32 {
    rustix::process::geteuid().as_raw()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn what_root_makes_belongs_to_the_owner_of_the_folder() {
        let owner = |user| Owner { user, group: 7 };
        assert_eq!(heir(ROOT, owner(1000)), Some(owner(1000)));
        for (maker, user) in [(ROOT, ROOT), (1000, 1000), (1000, 1001), (1000, ROOT)] {
            assert_eq!(heir(maker, owner(user)), None, "{maker} {user}");
        }
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        hand_over(&File::create(&path).unwrap(), &path).unwrap();
    }

    #[test]
    fn a_user_who_certainly_cannot_write_is_told_apart() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        let (mine, other) = (Owner::of(&fs::metadata(folder.path()).unwrap()), Owner { user: 4_242, group: 4_242 });
        let set = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
        for (mode, cannot) in [(0o700, true), (0o755, true), (0o777, false), (0o770, false), (0o703, false)] {
            set(folder.path(), mode);
            assert_eq!(other.cannot_write(&file), cannot, "a new file in a folder of mode {mode:o}");
        }
        set(folder.path(), 0o700);
        fs::write(&file, "").unwrap();
        for (mode, cannot) in [(0o640, true), (0o660, false), (0o602, false)] {
            set(&file, mode);
            assert_eq!(other.cannot_write(&file), cannot, "{mode:o}");
            assert!(!mine.cannot_write(&file), "{mode:o}");
        }
        assert!(!Owner { user: ROOT, group: ROOT }.cannot_write(&file));
        assert!(!other.cannot_write(Path::new("/no/such/folder/file")), "not known");
    }

    #[test]
    fn the_service_is_another_user_who_has_the_database() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(service(&folder.path().join("provwatch.db")), None, "this user has it");
        assert_eq!(service(Path::new("/provwatch.db")), None, "root has it");
        assert_eq!(folder_of(Path::new("file")), Path::new("."));
    }
}
