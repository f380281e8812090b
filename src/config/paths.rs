//! Default paths of the configuration and the store.

use std::{ffi::OsString, os::unix::fs::MetadataExt, path::PathBuf};

/// The environment that the default paths depend on, so that tests can choose it.
struct Surroundings<'a> {
    variable: &'a dyn Fn(&str) -> Option<OsString>,
    root: bool,
}

/// The configuration of the service.
pub(super) const SYSTEM: &str = "/etc/provwatch/provwatch.toml";

pub(super) fn default_store() -> PathBuf {
    surroundings().store()
}

pub(super) fn default_config() -> PathBuf {
    surroundings().config()
}

fn surroundings() -> Surroundings<'static> {
    // The owner of /proc/self is the effective user.
    let root = std::fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0);
    Surroundings { variable: &|name| std::env::var_os(name), root }
}

impl Surroundings<'_> {
    fn store(&self) -> PathBuf {
        // systemd.exec(5): several folders are separated by colons.
        let state = (self.variable)("STATE_DIRECTORY")
            .and_then(|folders| folders.to_str().and_then(|folders| folders.split(':').next().map(PathBuf::from)));
        let folder = match state {
            Some(folder) if folder.is_absolute() => folder,
            _ if self.root => PathBuf::from("/var/lib/provwatch"),
            _ => self.user_folder("XDG_DATA_HOME", ".local/share").join("provwatch"),
        };
        folder.join("provwatch.db")
    }

    fn config(&self) -> PathBuf {
        if self.root {
            return PathBuf::from(SYSTEM);
        }
        self.user_folder("XDG_CONFIG_HOME", ".config").join("provwatch/provwatch.toml")
    }

    /// XDG base directory specification: a relative path in the variable is ignored.
    fn user_folder(&self, variable: &str, below_home: &str) -> PathBuf {
        (self.variable)(variable)
            .map(PathBuf::from)
            .filter(|folder| folder.is_absolute())
            .unwrap_or_else(|| (self.variable)("HOME").map(PathBuf::from).unwrap_or_default().join(below_home))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(variables: &[(&str, &str)], root: bool) -> (String, String) {
        let variable = |name: &str| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| value.into());
        let surroundings = Surroundings { variable: &variable, root };
        (surroundings.store().display().to_string(), surroundings.config().display().to_string())
    }

    #[test]
    fn defaults_follow_the_surroundings() {
        let (store, config) = with(&[("HOME", "/root")], true);
        assert_eq!((&*store, &*config), ("/var/lib/provwatch/provwatch.db", "/etc/provwatch/provwatch.toml"));
        let (store, config) = with(&[("HOME", "/home/a"), ("XDG_DATA_HOME", "relative")], false);
        assert_eq!(store, "/home/a/.local/share/provwatch/provwatch.db");
        assert_eq!(config, "/home/a/.config/provwatch/provwatch.toml");
        let (store, _) = with(&[("HOME", "/home/a"), ("XDG_DATA_HOME", "/data")], false);
        assert_eq!(store, "/data/provwatch/provwatch.db");
        let (store, _) = with(&[("STATE_DIRECTORY", "/var/lib/private/provwatch:/other")], false);
        assert_eq!(store, "/var/lib/private/provwatch/provwatch.db");
    }
}
