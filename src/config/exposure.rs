//! Finds files that other users can change, and secrets that they can read, each with the command that fixes it.
//!
//! A warning, never a refusal: provwatch goes on watching. A user who may write the configuration, the watchlist, the
//! database or one of their folders decides which packages are watched and who receives alerts.

use std::{
    collections::BTreeSet,
    fmt, fs,
    os::unix::fs::{MetadataExt, PermissionsExt},
    path::{Path, PathBuf},
};

use super::{Config, ForgeInstance, SecretSource, secret::credentials_directory};
use crate::text::shell_word;

/// The group and others may write.
const WRITABLE: u32 = 0o022;
/// Only the owner of a file may rename or remove it, even if others may write the folder.
const STICKY: u32 = 0o1000;
/// Others may do anything.
const OTHERS: u32 = 0o007;
/// The group and others may do anything.
const SHARED: u32 = 0o077;
/// Others may do anything, the group may write. systemd gives credentials to the service by an access list, whose mask
/// appears as the bits of the group.
const SHARED_CREDENTIAL: u32 = 0o027;
/// Most files of the folder of credentials that are checked.
const MAX_CREDENTIALS: usize = 64;

/// A file or folder that others may change or read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Exposure {
    /// The file or folder.
    pub path: PathBuf,
    /// The users, and their rights to it.
    pub what: String,
    /// The command that fixes it.
    pub mend: String,
}

impl fmt::Display for Exposure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}; `{}`", self.path.display(), self.what, self.mend)
    }
}

/// The permitted owners of provwatch's files.
#[derive(Clone, Copy, Debug)]
struct Owners {
    us: u32,
    /// The owner of the database's folder: for root it is the service's user, who owns the state.
    state: Option<u32>,
}

impl Owners {
    fn trusts(self, owner: u32, is_state: bool) -> bool {
        owner == 0 || owner == self.us || (self.us == 0 && is_state && self.state == Some(owner))
    }
}

impl Config {
    /// The files that others may change or read: the configuration (which was read from `file`), the watchlist, the
    /// trust files, the database and the secrets. Missing files are reported elsewhere. Reads no content, changes
    /// nothing.
    pub(crate) fn exposures(&self, file: Option<&Path>) -> Vec<Exposure> {
        self.exposures_to(rustix::process::geteuid().as_raw(), file, credentials_directory().as_deref())
    }

    pub(super) fn exposures_to(&self, us: u32, file: Option<&Path>, credentials: Option<&Path>) -> Vec<Exposure> {
        let store = self.store_path();
        let state = store.parent().and_then(|folder| fs::metadata(folder).ok()).map(|folder| folder.uid());
        let owners = Owners { us, state };
        let mut found = BTreeSet::new();
        for path in file.into_iter().chain(self.trusted_files()) {
            found.extend(changeable(path, owners, false));
        }
        for ending in ["", "-wal", "-shm", "-journal", ".lock"] {
            found.extend(changeable(&with_ending(&store, ending), owners, true));
        }
        found.extend(self.secrets().filter_map(|secret| readable_secret(&secret, us, credentials)));
        found.extend(file.into_iter().flat_map(stored_credentials));
        found.into_iter().collect()
    }

    /// Files whose content decides about watching and trust.
    fn trusted_files(&self) -> impl Iterator<Item = &Path> {
        self.watchlist.files.iter().map(PathBuf::as_path).chain(self.trust_files())
    }

    /// The trusted certificates and keys.
    pub(crate) fn trust_files(&self) -> impl Iterator<Item = &Path> {
        let optional = [&self.http.ca_file, &self.trust.trusted_root, &self.trust.npm_keys, &self.trust.tuf_root];
        let keys = self.logs.instances.iter().map(|instance| &instance.public_key);
        optional.into_iter().flatten().chain(keys).map(PathBuf::as_path)
    }

    /// The sources of all secrets.
    pub fn secrets(&self) -> impl Iterator<Item = SecretSource> {
        let forges = [self.forges.github_token(), self.forges.gitlab_token()].into_iter().flatten();
        let instances = self.forges.instances.iter().filter_map(ForgeInstance::token);
        let keys = self.subscriptions.iter().flat_map(|subscription| subscription.sink.secrets());
        let sinks = keys.filter_map(|keys| keys.source());
        let heartbeat = [self.heartbeat.secret_url(), self.heartbeat.password(), self.heartbeat.token()];
        let own = heartbeat.into_iter().chain([self.store.signing_key()]).flatten();
        forges.chain(instances).chain(sinks).chain(own)
    }
}

fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

/// The file, its folder, and the folders above it, as far as others may change them. Both the written path and the
/// targets of links count.
fn changeable(path: &Path, owners: Owners, is_state: bool) -> Vec<Exposure> {
    let mut found: Vec<_> = writable_file(path, owners, is_state).into_iter().collect();
    let whole = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let real = whole.parent().and_then(|folder| fs::canonicalize(folder).ok());
    for way in [Some(whole.as_path()).and_then(Path::parent), real.as_deref()].into_iter().flatten() {
        let folders = way.ancestors().enumerate();
        found.extend(folders.filter_map(|(above, folder)| writable_folder(folder, above, owners, is_state)));
    }
    found
}

fn writable_file(path: &Path, owners: Owners, is_state: bool) -> Option<Exposure> {
    let file = fs::metadata(path).ok()?;
    if file.permissions().mode() & WRITABLE != 0 {
        return Some(writable(path, file.permissions().mode()));
    }
    (!owners.trusts(file.uid(), is_state)).then(|| foreign(path, file.uid()))
}

/// In a folder far above, such as `/tmp`, a sticky bit is enough; in the file's own it is not: others could put a file
/// beside it, such as a journal of the database.
fn writable_folder(folder: &Path, above: usize, owners: Owners, is_state: bool) -> Option<Exposure> {
    let found = fs::metadata(folder).ok()?;
    let mode = found.permissions().mode();
    let is_safe = mode & WRITABLE == 0 || (above > 0 && mode & STICKY != 0);
    if !is_safe {
        return Some(writable(folder, mode));
    }
    (!owners.trusts(found.uid(), is_state)).then(|| foreign(folder, found.uid()))
}

fn writable(path: &Path, mode: u32) -> Exposure {
    let (who, bits) = match (mode & 0o020 != 0, mode & 0o002 != 0) {
        (true, false) => ("its group", "g-w"),
        (false, _) => ("every user of this machine", "o-w"),
        (true, true) => ("every user of this machine", "go-w"),
    };
    Exposure {
        path: path.to_owned(),
        what: format!("{who} may write it"),
        mend: format!("chmod {bits} {}", shell_word(&path.display().to_string())),
    }
}

fn foreign(path: &Path, owner: u32) -> Exposure {
    Exposure {
        path: path.to_owned(),
        what: format!("it belongs to the user {owner}, who is neither root nor the one that provwatch runs as"),
        mend: format!("chown root {}", shell_word(&path.display().to_string())),
    }
}

fn readable_secret(secret: &SecretSource, us: u32, credentials: Option<&Path>) -> Option<Exposure> {
    let path = secret.path(credentials).ok()?;
    let file = fs::metadata(&path).ok().filter(fs::Metadata::is_file)?;
    let is_passed_on = matches!(secret, SecretSource::Credential(_)) && file.uid() == 0 && us != 0;
    let shared = if is_passed_on { SHARED_CREDENTIAL } else { SHARED };
    (file.permissions().mode() & shared != 0).then(|| readable(&path, file.permissions().mode()))
}

/// The place where systemd/README.md keeps the sources of credentials: beside the configuration.
fn stored_credentials(config: &Path) -> Vec<Exposure> {
    let folder = config.with_file_name("credentials");
    let Ok(files) = fs::read_dir(&folder) else { return Vec::new() };
    let files = files.flatten().take(MAX_CREDENTIALS).map(|file| file.path());
    let shared = |path: PathBuf| {
        let file = fs::metadata(&path).ok().filter(fs::Metadata::is_file)?;
        (file.permissions().mode() & SHARED != 0).then(|| readable(&path, file.permissions().mode()))
    };
    files.filter_map(shared).collect()
}

fn readable(path: &Path, mode: u32) -> Exposure {
    let who = if mode & OTHERS == 0 { "its group" } else { "every user of this machine" };
    let does = if mode & WRITABLE == 0 { "read" } else { "read or write" };
    Exposure {
        path: path.to_owned(),
        what: format!("{who} may {does} the secret in it"),
        mend: format!("chmod 600 {}", shell_word(&path.display().to_string())),
    }
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;

    const CONFIG: &str = r#"
[store]
path = "state/provwatch.db"
[watchlist]
files = ["watchlist.toml"]
[http]
ca_file = "ca.pem"
[[subscriptions]]
name = "hook"
type = "webhook"
url = "https://hook.example"
secret_file = "secret"
[[subscriptions]]
name = "slack"
type = "slack"
url_credential = "slack-url"
"#;

    const FILES: [&str; 9] = [
        "provwatch.toml",
        "watchlist.toml",
        "ca.pem",
        "state/provwatch.db",
        "state/provwatch.db-wal",
        "state/provwatch.db-journal",
        "secret",
        "credentials/smtp-password",
        "passed/slack-url",
    ];

    fn set_mode(path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    fn us() -> u32 {
        rustix::process::geteuid().as_raw()
    }

    /// A folder with all files and correct permissions.
    fn sound() -> TempDir {
        let folder = tempfile::tempdir().unwrap();
        for name in ["state", "credentials", "passed"] {
            fs::create_dir(folder.path().join(name)).unwrap();
            set_mode(&folder.path().join(name), 0o700);
        }
        for name in FILES {
            let text = if name == "provwatch.toml" { CONFIG } else { "x" };
            fs::write(folder.path().join(name), text).unwrap();
            set_mode(&folder.path().join(name), if name.contains('/') || name == "secret" { 0o600 } else { 0o644 });
        }
        folder
    }

    fn found(folder: &Path, us: u32) -> Vec<String> {
        let file = folder.join("provwatch.toml");
        let config = Config::load(&file).unwrap();
        let exposures = config.exposures_to(us, Some(&file), Some(&folder.join("passed")));
        exposures.iter().map(|one| one.to_string().replace(&folder.display().to_string(), "DIR")).collect()
    }

    #[test]
    fn what_is_kept_well_is_not_told() {
        assert_eq!(found(sound().path(), us()), Vec::<String>::new());
    }

    #[test]
    fn what_others_may_change_or_read_is_told_with_the_command_that_mends_it() {
        for (name, mode, told) in [
            ("provwatch.toml", 0o666, "every user of this machine may write it; `chmod go-w DIR/provwatch.toml`"),
            ("provwatch.toml", 0o646, "every user of this machine may write it; `chmod o-w DIR/provwatch.toml`"),
            ("watchlist.toml", 0o664, "its group may write it; `chmod g-w DIR/watchlist.toml`"),
            ("ca.pem", 0o664, "its group may write it; `chmod g-w DIR/ca.pem`"),
            ("state/provwatch.db", 0o620, "its group may write it; `chmod g-w DIR/state/provwatch.db`"),
            ("state/provwatch.db-wal", 0o606, "may write it; `chmod o-w DIR/state/provwatch.db-wal`"),
            ("state/provwatch.db-journal", 0o660, "may write it; `chmod g-w DIR/state/provwatch.db-journal`"),
            ("state", 0o777, "every user of this machine may write it; `chmod go-w DIR/state`"),
            ("state", 0o1777, "every user of this machine may write it; `chmod go-w DIR/state`"),
            ("", 0o775, "DIR: its group may write it; `chmod g-w DIR`"),
            ("secret", 0o640, "its group may read the secret in it; `chmod 600 DIR/secret`"),
            ("secret", 0o604, "every user of this machine may read the secret in it; `chmod 600 DIR/secret`"),
            ("secret", 0o666, "every user of this machine may read or write the secret in it; `chmod 600"),
            (
                "credentials/smtp-password",
                0o644,
                "may read the secret in it; `chmod 600 DIR/credentials/smtp-password`",
            ),
            ("passed/slack-url", 0o644, "may read the secret in it; `chmod 600 DIR/passed/slack-url`"),
        ] {
            let folder = sound();
            set_mode(&folder.path().join(name), mode);
            let found = found(folder.path(), us());
            assert!(found.len() == 1 && found[0].contains(told), "{name} {mode:o}: {found:?}");
        }
    }

    #[test]
    fn what_belongs_to_another_user_is_told() {
        let folder = sound();
        if us() != 0 {
            // Only root can give files away: to another user, the test's own files belong to a stranger.
            let ours = format!("belongs to the user {}", us());
            let told = found(folder.path(), us() + 1);
            assert!(told.iter().any(|line| line.starts_with("DIR/watchlist.toml") && line.contains(&ours)), "{told:?}");
            return;
        }
        for name in ["watchlist.toml", "state/provwatch.db"] {
            std::os::unix::fs::chown(folder.path().join(name), Some(12), None).unwrap();
        }
        let told = found(folder.path(), 0);
        assert!(told.iter().all(|line| line.contains("belongs to the user 12")) && told.len() == 2, "{told:?}");
        std::os::unix::fs::chown(folder.path().join("state"), Some(12), None).unwrap();
        let told = found(folder.path(), 0);
        assert!(
            told.len() == 1 && told[0].starts_with("DIR/watchlist.toml"),
            "root sees the service's state: {told:?}"
        );
        let told = found(folder.path(), 12);
        assert!(told.is_empty(), "{told:?}");
        assert!(!found(folder.path(), 13).is_empty());
    }

    #[test]
    fn the_mask_of_an_access_list_is_not_the_group() {
        let folder = sound();
        set_mode(&folder.path().join("passed/slack-url"), 0o440);
        assert_eq!(found(folder.path(), us()).len(), 1, "its own file's group is one");
        if us() == 0 {
            assert!(found(folder.path(), 65_000).iter().all(|line| !line.contains("passed")));
        }
    }

    #[test]
    fn a_path_is_one_word_of_the_command() {
        assert_eq!(shell_word("/etc/it's here"), r"'/etc/it'\''s here'");
    }
}
