//! Detects changes of the operator's files since a process read them.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
    time::SystemTime,
};

use chrono::{DateTime, Utc};
use sha2::{Digest, Sha256};

use super::context::{Context, check_policies};
use crate::{app, bounded, config::Config, health::File, text::with_causes, upkeep, watchlist::Watchlist};

/// Largest configuration that is read.
const MAX_BYTES: u64 = 1 << 20;

/// The operator's files. They are read again only when one of them has changed.
#[derive(Debug)]
pub struct OnDisk {
    configuration: Option<PathBuf>,
    watchlists: Vec<PathBuf>,
    in_use: Config,
    /// The state of the configuration's files when this was made.
    at_first: Vec<Stamp>,
    last: Mutex<Option<Look>>,
}

/// The state at the last look.
#[derive(Debug)]
struct Look {
    stamps: Vec<Stamp>,
    /// The files that the watchlist was made of.
    parts: Vec<PathBuf>,
    seen: upkeep::OnDisk,
}

/// The sign of a change: length and time of the last change; `None`: the file does not exist.
type Stamp = Option<(u64, SystemTime)>;

impl OnDisk {
    /// The files of a configuration.
    pub fn of(context: &Context) -> Self {
        let mut on_disk = Self {
            configuration: context.file.clone(),
            watchlists: context.config.watchlists(),
            in_use: context.config.clone(),
            at_first: Vec::new(),
            last: Mutex::default(),
        };
        on_disk.at_first = on_disk.stamps(&[]);
        on_disk
    }

    /// Their current content.
    pub fn look(&self) -> upkeep::OnDisk {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(last) = &*last
            && last.stamps == self.stamps(&last.parts)
        {
            return last.seen.clone();
        }
        let (watchlist, parts) = self.watchlist();
        self.keep(&mut last, self.stamps(&parts), watchlist, parts)
    }

    /// The first look, where the watchlist was read after this was made: a long list is not read twice.
    pub fn look_beside(&self, read: &Watchlist) -> upkeep::OnDisk {
        let parts: Vec<PathBuf> = read.files().into_iter().collect();
        let stamps = self.stamps(&parts);
        // Included files are known only after the watchlist was read, so their earlier state is unknown.
        if parts.iter().any(|part| !self.watchlists.contains(part)) || self.stamps(&[]) != self.at_first {
            return self.look();
        }
        let watchlist = self.as_read(read, &parts);
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        self.keep(&mut last, stamps, watchlist, parts)
    }

    fn keep(
        &self,
        last: &mut Option<Look>,
        stamps: Vec<Stamp>,
        watchlist: File,
        parts: Vec<PathBuf>,
    ) -> upkeep::OnDisk {
        let seen = upkeep::OnDisk { watchlist, configuration: self.configuration(), trust: self.trust() };
        *last = Some(Look { stamps, parts, seen: seen.clone() });
        seen
    }

    fn stamps(&self, parts: &[PathBuf]) -> Vec<Stamp> {
        let listed = self.configuration.iter().chain(&self.watchlists).chain(parts).map(PathBuf::as_path);
        listed.chain(self.in_use.trust_files()).map(stamp).collect()
    }

    fn trust(&self) -> File {
        let problem = app::verifier(&self.in_use).err().map(|error| with_causes(&error));
        File { problem, digest: None, changed_at: latest(self.in_use.trust_files()) }
    }

    fn watchlist(&self) -> (File, Vec<PathBuf>) {
        let loaded = Watchlist::load(&self.watchlists).map_err(|error| in_one_line(&error));
        let checked = loaded.and_then(|list| check_policies(&list).map(|()| list).map_err(|wrong| wrong.to_string()));
        match checked {
            Ok(list) => {
                let parts: Vec<PathBuf> = list.files().into_iter().collect();
                (self.as_read(&list, &parts), parts)
            }
            Err(problem) => {
                let changed_at = latest(&self.watchlists);
                (File { problem: Some(problem), digest: None, changed_at }, Vec::new())
            }
        }
    }

    fn as_read(&self, list: &Watchlist, parts: &[PathBuf]) -> File {
        let changed_at = latest(self.watchlists.iter().chain(parts));
        File { problem: None, digest: Some(list.fingerprint()), changed_at }
    }

    fn configuration(&self) -> File {
        let Some(path) = &self.configuration else { return File { digest: Some(none()), ..File::default() } };
        let changed_at = latest([path]);
        match Config::load(path).map_err(|error| in_one_line(&error)).and_then(|_| digest(path)) {
            Ok(digest) => File { problem: None, digest: Some(digest), changed_at },
            Err(problem) => File { problem: Some(problem), digest: None, changed_at },
        }
    }
}

fn in_one_line(error: &dyn std::error::Error) -> String {
    let text = with_causes(error);
    text.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join(": ")
}

fn stamp(path: &Path) -> Stamp {
    let found = fs::metadata(path).ok()?;
    Some((found.len(), found.modified().ok()?))
}

fn latest<'a, P: AsRef<Path> + ?Sized + 'a>(paths: impl IntoIterator<Item = &'a P>) -> Option<DateTime<Utc>> {
    let changed = paths.into_iter().filter_map(|path| Some(stamp(path.as_ref())?.1));
    changed.max().map(DateTime::from)
}

/// The digest of a configuration without a file.
fn none() -> String {
    "none".to_owned()
}

/// The same digest for files with the same meaning: comments, the order of keys and the path do not count.
fn digest(path: &Path) -> Result<String, String> {
    let text = bounded::read(path, MAX_BYTES).map_err(|error| error.to_string())?.unwrap_or_default();
    let text = String::from_utf8(text).map_err(|error| error.to_string())?;
    let table: toml::Table = toml::from_str(&text).map_err(|error| error.to_string())?;
    let said = serde_json::to_value(&table).map_err(|error| error.to_string())?;
    Ok(hex::encode(Sha256::digest(sorted(&said))))
}

fn sorted(value: &serde_json::Value) -> String {
    match value {
        serde_json::Value::Object(map) => {
            let mut fields: Vec<String> = map.iter().map(|(key, value)| format!("{key:?}:{}", sorted(value))).collect();
            fields.sort_unstable();
            format!("{{{}}}", fields.join(","))
        }
        serde_json::Value::Array(items) => format!("[{}]", items.iter().map(sorted).collect::<Vec<_>>().join(",")),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn desk(folder: &Path) -> OnDisk {
        fs::write(folder.join("provwatch.toml"), "[watchlist]\nfiles = [\"watchlist.toml\"]\n").unwrap();
        fs::write(folder.join("watchlist.toml"), "packages = [\"pkg:npm/a\"]\n").unwrap();
        let context = Context::load(Some(&folder.join("provwatch.toml"))).unwrap();
        OnDisk::of(&context)
    }

    #[test]
    fn a_file_that_is_changed_broken_or_gone_is_seen() {
        let folder = tempfile::tempdir().unwrap();
        let on_disk = desk(folder.path());
        let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
        let first = on_disk.look();
        assert!(first.watchlist.problem.is_none() && first.watchlist.changed_at.is_some());
        assert_eq!(on_disk.look().watchlist.digest, first.watchlist.digest);

        write("watchlist.toml", "# a remark\npackages = [\"pkg:npm/a\"]\n");
        assert_eq!(on_disk.look().watchlist.digest, first.watchlist.digest, "it says the same");
        write("watchlist.toml", "packages = [\"pkg:npm/a\", \"pkg:npm/b\"]\n");
        assert_ne!(on_disk.look().watchlist.digest, first.watchlist.digest);
        write("watchlist.toml", "packages = [\"pkg:npm/\"]\n");
        assert!(on_disk.look().watchlist.problem.unwrap().contains("watchlist.toml:1"));
        fs::remove_file(folder.path().join("watchlist.toml")).unwrap();
        assert!(on_disk.look().watchlist.problem.unwrap().contains("watchlist.toml"));

        write("provwatch.toml", "# a remark\n[watchlist]\nfiles   = [\"watchlist.toml\"]\n");
        assert_eq!(on_disk.look().configuration.digest, first.configuration.digest, "it says the same");
        write("provwatch.toml", "[watchlist]\nfiles = [\"other.toml\"]\n");
        assert_ne!(on_disk.look().configuration.digest, first.configuration.digest);
        write("provwatch.toml", "[watchlists]\n");
        assert!(on_disk.look().configuration.problem.is_some());
    }

    #[test]
    fn what_was_read_at_the_start_counts_unless_it_changed_meanwhile() {
        let folder = tempfile::tempdir().unwrap();
        let list = folder.path().join("watchlist.toml");
        let on_disk = desk(folder.path());
        let read = Watchlist::load(std::slice::from_ref(&list)).unwrap();
        let first = on_disk.look_beside(&read).watchlist;
        assert_eq!((first.digest.as_ref(), &first.problem), (Some(&read.fingerprint()), &None));
        assert_eq!(on_disk.look().watchlist.digest, first.digest);

        fs::write(&list, "packages = [\"pkg:npm/a\", \"pkg:npm/b\"]\n").unwrap();
        for seen in [on_disk.look(), desk_as_it_is(folder.path(), &on_disk).look_beside(&read)] {
            assert_ne!(seen.watchlist.digest, first.digest);
        }
    }

    /// A second instance from the same start, without a look so far.
    fn desk_as_it_is(folder: &Path, other: &OnDisk) -> OnDisk {
        let context = Context::load(Some(&folder.join("provwatch.toml"))).unwrap();
        OnDisk { at_first: other.at_first.clone(), ..OnDisk::of(&context) }
    }

    #[test]
    fn without_a_configuration_the_defaults_are_in_use() {
        let context = Context { config: Config::default(), file: None };
        let configuration = OnDisk::of(&context).configuration();
        assert_eq!((configuration.problem, configuration.digest), (None, Some(none())));
    }
}
