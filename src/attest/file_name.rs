//! Parses and normalises the names of Python distribution files, so that two spellings of one name compare equal.
//! <https://packaging.python.org/en/latest/specifications/binary-distribution-format/#file-name-convention>

use std::collections::BTreeSet;

use pep440_rs::Version;

use crate::model::{Ecosystem, Package};

/// Longest file name, in bytes.
const MAX_LENGTH: usize = 512;

/// A parsed file name.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum FileName {
    /// A source distribution.
    Sdist {
        project: Package,
        version: Version,
        extension: &'static str,
    },
    Wheel {
        project: Package,
        version: Version,
        build: Option<String>,
        tags: [BTreeSet<String>; 3],
    },
}

impl FileName {
    /// Reads a name; none if it is not a distribution's.
    pub(super) fn parse(name: &str) -> Option<Self> {
        if name.len() > MAX_LENGTH {
            return None;
        }
        match name.strip_suffix(".whl") {
            Some(stem) => Self::wheel(stem),
            None => [".tar.gz", ".zip"].into_iter().find_map(|extension| {
                let (project, version) = name.strip_suffix(extension)?.rsplit_once('-')?;
                Some(Self::Sdist { project: self::project(project)?, version: version.parse().ok()?, extension })
            }),
        }
    }

    fn wheel(stem: &str) -> Option<Self> {
        let parts: Vec<&str> = stem.split('-').collect();
        let (name, version, build, tags) = match parts.as_slice() {
            [name, version, tags @ ..] if tags.len() == 3 => (name, version, None, tags),
            [name, version, build, tags @ ..] if tags.len() == 3 => (name, version, Some((*build).to_owned()), tags),
            _ => return None,
        };
        let [python, abi, platform] = tags else { return None };
        let tags = [python, abi, platform].map(|tags| tags.split('.').map(str::to_lowercase).collect());
        Some(Self::Wheel { project: project(name)?, version: version.parse().ok()?, build, tags })
    }
}

fn project(name: &str) -> Option<Package> {
    Package::new(Ecosystem::PYPI, name).ok()
}

/// Whether both name the same file.
pub(super) fn same(one: &str, other: &str) -> bool {
    match (FileName::parse(one), FileName::parse(other)) {
        (Some(one), Some(other)) => one == other,
        _ => one == other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_name_are_one_name() {
        for (one, other) in [
            ("Foo.Bar-1.0.tar.gz", "foo_bar-1.0.tar.gz"),
            ("foo-1.0.0rc1.zip", "foo-1.0.0-rc1.zip".replace("0-rc", "0rc").as_str()),
            ("foo-1.0-py3-none-any.whl", "Foo-1.0-py3-none-any.whl"),
            ("foo-1.0-py2.py3-none-any.whl", "foo-1.0-py3.py2-none-any.whl"),
            ("oldstyle-1.0.tar.bz2", "oldstyle-1.0.tar.bz2"),
        ] {
            assert!(same(one, other), "{one} {other}");
        }
    }

    #[test]
    fn different_files_are_different() {
        for (one, other) in [
            ("foo-1.0.tar.gz", "foo-1.0.zip"),
            ("foo-1.0.tar.gz", "foo-1.1.tar.gz"),
            ("foo-1.0.tar.gz", "fooo-1.0.tar.gz"),
            ("foo-1.0.tar.gz", "foo-1.0-py3-none-any.whl"),
            ("foo-1.0-py3-none-any.whl", "foo-1.0-1-py3-none-any.whl"),
            ("foo-1.0-cp312-cp312-linux_x86_64.whl", "foo-1.0-cp312-cp312-linux_aarch64.whl"),
            ("foo-1.0-cp312-cp312-linux_x86_64.whl", ""),
            ("oldstyle-1.0.tar.bz2", "oldstyle-1.0.tar.BZ2"),
        ] {
            assert!(!same(one, other), "{one} {other}");
        }
    }
}
