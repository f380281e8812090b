//! The table of formats: how the files of each package manager are recognised and read, and what of them runs by
//! itself.

use std::borrow::Cow;

use super::{
    archive::{Container, Contents, Root},
    record,
    scripts::{Scripts, crates, npm, sdist, wheel},
};
use crate::model::ArchiveFormat;

/// A format. A new one is a row of the table, and the row of its registry names it.
pub struct Format {
    /// Its name.
    pub id: ArchiveFormat,
    pub(super) container: Container,
    pub(super) root: Root,
    /// The endings of its files, in lower case; none: every file of the registry is one.
    endings: &'static [&'static str],
    /// Whether the text of a file is needed to find the scripts, or is one.
    pub(super) keeps: fn(&str) -> bool,
    /// The scripts.
    pub(super) scripts: fn(&Contents) -> Scripts,
    /// A path without the parts that differ with each version.
    pub(super) common: for<'a> fn(&'a str) -> Cow<'a, str>,
    /// What else is compared within an archive.
    pub(super) check: fn(&mut Contents),
}

/// Every format.
const FORMATS: [Format; 5] = [
    Format {
        id: ArchiveFormat::NpmTarball,
        container: Container::TarGz,
        root: Root::Stripped,
        endings: &[],
        keeps: npm::keeps,
        scripts: npm::find,
        common: as_it_is,
        check: nothing,
    },
    Format {
        id: ArchiveFormat::Wheel,
        container: Container::Zip,
        root: Root::Nowhere,
        endings: &[".whl"],
        keeps: |path| wheel::keeps(path) || record::keeps(path),
        scripts: wheel::find,
        common: without_version,
        check: record::check,
    },
    Format {
        id: ArchiveFormat::Sdist,
        container: Container::TarGz,
        root: Root::One,
        endings: &[".tar.gz", ".tgz"],
        keeps: sdist::keeps,
        scripts: sdist::find,
        common: as_it_is,
        check: nothing,
    },
    Format {
        id: ArchiveFormat::ZippedSdist,
        container: Container::Zip,
        root: Root::One,
        endings: &[".zip"],
        keeps: sdist::keeps,
        scripts: sdist::find,
        common: as_it_is,
        check: nothing,
    },
    Format {
        id: ArchiveFormat::Crate,
        container: Container::TarGz,
        root: Root::One,
        endings: &[".crate"],
        keeps: crates::keeps,
        scripts: crates::find,
        common: as_it_is,
        check: nothing,
    },
];

impl Format {
    /// The format of a file by its name, among those of its registry.
    pub fn of(known: &[ArchiveFormat], file: &str) -> Option<&'static Self> {
        let lower = file.to_ascii_lowercase();
        let is_it = |format: &&Self| {
            let is_named = format.endings.iter().any(|ending| lower.ends_with(ending));
            known.contains(&format.id) && (format.endings.is_empty() || is_named)
        };
        FORMATS.iter().find(is_it)
    }
}

impl std::fmt::Debug for Format {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.id.fmt(f)
    }
}

fn as_it_is(path: &str) -> Cow<'_, str> {
    Cow::Borrowed(path)
}

/// The folders of a wheel's metadata and data begin with its name and version.
fn without_version(path: &str) -> Cow<'_, str> {
    let Some((folder, rest)) = path.split_once('/') else { return Cow::Borrowed(path) };
    let named = [".dist-info", ".data"].into_iter().find(|end| folder.ends_with(end));
    named.map_or(Cow::Borrowed(path), |end| Cow::Owned(format!("*{end}/{rest}")))
}

fn nothing(_: &mut Contents) {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Ecosystem;

    #[test]
    fn every_format_that_a_registry_names_has_a_row() {
        for ecosystem in Ecosystem::ALL {
            let named = ecosystem.row().files.archives;
            assert!(!named.is_empty(), "{ecosystem}");
            for id in named {
                assert!(FORMATS.iter().any(|format| format.id == *id), "{id:?}");
            }
        }
    }

    #[test]
    fn files_are_recognised_by_their_names() {
        for (ecosystem, file, id) in [
            (Ecosystem::NPM, "axios-1.14.1.tgz", Some(ArchiveFormat::NpmTarball)),
            (Ecosystem::NPM, "download", Some(ArchiveFormat::NpmTarball)),
            (Ecosystem::PYPI, "A-1.0-py3-none-any.WHL", Some(ArchiveFormat::Wheel)),
            (Ecosystem::PYPI, "a-1.0.tar.gz", Some(ArchiveFormat::Sdist)),
            (Ecosystem::PYPI, "a-1.0.zip", Some(ArchiveFormat::ZippedSdist)),
            (Ecosystem::PYPI, "a-1.0.exe", None),
            (Ecosystem::PYPI, "a-1.0.tar.bz2", None),
            (Ecosystem::CARGO, "a-1.0.0.crate", Some(ArchiveFormat::Crate)),
        ] {
            let found = Format::of(ecosystem.row().files.archives, file);
            assert_eq!(found.map(|format| format.id), id, "{file}");
        }
    }

    #[test]
    fn a_wheel_has_its_version_in_two_folders() {
        for (path, common) in [
            ("a-1.0.dist-info/RECORD", "*.dist-info/RECORD"),
            ("a-1.0.data/scripts/x", "*.data/scripts/x"),
            ("a/x.dist-info/y", "a/x.dist-info/y"),
            ("a.py", "a.py"),
        ] {
            assert_eq!(without_version(path), common);
        }
    }
}
