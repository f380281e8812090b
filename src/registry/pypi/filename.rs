//! Derives the version from the name of a distribution file. The simple index lists files and versions, but not which
//! belongs to which; the file name has the version, after the rules of its kind and older conventions.

use std::collections::HashMap;

use pep440_rs::Version;

use crate::model::{Ecosystem, Package};

/// Longest accepted file name, in bytes.
const MAX_FILE_NAME: usize = 255;

/// Most separators within the platform part of an old archive that are tried.
const MAX_CUTS: usize = 12;

/// Source archives and old platform archives: `name-version[.platform].tar.gz`.
const ARCHIVES: [&str; 8] = [".tar.gz", ".zip", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".tar.z", ".tar"];

/// Installers of old: `name-version.platform[-python].exe`.
const INSTALLERS: [&str; 5] = [".exe", ".msi", ".rpm", ".dmg", ".deb"];

/// The beginnings of the platform part of an old platform archive.
const PLATFORMS: [&str; 8] = ["win", "linux", "macosx", "darwin", "cygwin", "freebsd", "py", "noarch"];

/// The versions that the registry lists for a project.
pub(super) struct Versions<'a> {
    package: &'a Package,
    by_text: HashMap<&'a str, &'a str>,
    by_habit: HashMap<String, &'a str>,
    by_meaning: HashMap<Version, &'a str>,
}

impl<'a> Versions<'a> {
    /// The versions of a project, as the registry writes them.
    pub(super) fn new(package: &'a Package, listed: &'a [String]) -> Self {
        let by_text = listed.iter().map(|version| (version.as_str(), version.as_str())).collect();
        let by_habit = listed.iter().map(|version| (habitual(version), version.as_str())).collect();
        let meaning = |version: &'a String| Some((version.parse().ok()?, version.as_str()));
        Self { package, by_text, by_habit, by_meaning: listed.iter().filter_map(meaning).collect() }
    }

    /// The listed version that a file belongs to.
    ///
    /// # Errors
    /// The reason why it is unrecognisable.
    pub(super) fn of_file(&self, name: &str) -> Result<&'a str, &'static str> {
        if name.len() > MAX_FILE_NAME || !name.bytes().all(|b| b.is_ascii_graphic() && b != b'/' && b != b'\\') {
            return Err("its name is not that of a distribution file");
        }
        let lower = name.to_ascii_lowercase();
        let stem = |suffixes: &[&str]| suffixes.iter().find_map(|suffix| lower.strip_suffix(suffix));
        let version = if let Some(stem) = stem(&[".whl", ".egg"]) {
            self.of_wheel(stem)
        } else if let Some(stem) = stem(&ARCHIVES) {
            self.of_archive(stem, |rest| PLATFORMS.iter().any(|platform| rest.starts_with(platform)))
        } else if let Some(stem) = stem(&INSTALLERS) {
            self.of_archive(stem, |_| true)
        } else {
            return Err("its name has no known ending");
        };
        version.ok_or("its name has none of the project's versions")
    }

    /// Wheels and eggs: fields separated by `-`, of which the first is the name and the second the version.
    fn of_wheel(&self, stem: &str) -> Option<&'a str> {
        let mut fields = stem.split('-');
        let is_ours = fields.next().is_some_and(|name| self.is_name(name));
        let version = fields.next().filter(|_| is_ours)?;
        self.listed(version)
    }

    /// Everything else: the name, `-`, the version, and perhaps a platform. Both name and version may have `-` in them.
    fn of_archive(&self, stem: &str, is_platform: impl Fn(&str) -> bool) -> Option<&'a str> {
        stem.match_indices('-')
            .filter(|(at, _)| self.is_name(&stem[..*at]))
            .find_map(|(at, _)| self.leading(&stem[at + 1..], &is_platform))
    }

    /// The longest listed version that `text` begins with, if the rest is a platform or empty.
    fn leading(&self, text: &str, is_platform: impl Fn(&str) -> bool) -> Option<&'a str> {
        self.listed(text).or_else(|| {
            text.rmatch_indices(['.', '-', '_'])
                .take(MAX_CUTS)
                .filter(|(at, _)| is_platform(&text[at + 1..]))
                .find_map(|(at, _)| self.listed(&text[..at]))
        })
    }

    fn is_name(&self, text: &str) -> bool {
        Package::new(Ecosystem::PYPI, text).is_ok_and(|package| package.name() == self.package.name())
    }

    /// The listed version with this text or, by PEP 440, this meaning.
    fn listed(&self, text: &str) -> Option<&'a str> {
        let by_meaning = || self.by_meaning.get(&text.parse().ok()?).copied();
        let by_habit = || self.by_habit.get(&habitual(text)).copied();
        self.by_text.get(text).copied().or_else(by_meaning).or_else(by_habit)
    }
}

/// The version in a file's name if no list of versions shows where it ends: of a wheel or an egg its second field, of
/// an archive everything after the project's name.
pub(super) fn implied(package: &Package, name: &str) -> Option<String> {
    let versions = Versions::new(package, &[]);
    let lower = name.to_ascii_lowercase();
    if let Some(stem) = [".whl", ".egg"].iter().find_map(|suffix| lower.strip_suffix(suffix)) {
        let mut fields = stem.split('-');
        let is_ours = fields.next().is_some_and(|name| versions.is_name(name));
        return fields.next().filter(|_| is_ours).map(str::to_owned);
    }
    let stem = ARCHIVES.iter().find_map(|suffix| lower.strip_suffix(suffix))?;
    let (at, _) = stem.match_indices('-').find(|(at, _)| versions.is_name(&stem[..*at]))?;
    Some(stem[at + 1..].to_owned())
}

/// Whether two texts name the same version: by PEP 440, or by older conventions.
pub(super) fn same_version(one: &str, other: &str) -> bool {
    let meaning = |text: &str| text.parse::<Version>().ok();
    habitual(one) == habitual(other) || meaning(one).is_some_and(|one| Some(one) == meaning(other))
}

/// A version from before PEP 440 as file names have it: case is lost there, and `-` becomes `_`.
fn habitual(version: &str) -> String {
    version.to_ascii_lowercase().replace('_', "-")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version_of(project: &str, listed: &[&str], file: &str) -> Option<String> {
        let package = Package::new(Ecosystem::PYPI, project).unwrap();
        let listed: Vec<_> = listed.iter().map(|version| (*version).to_owned()).collect();
        Versions::new(&package, &listed).of_file(file).ok().map(str::to_owned)
    }

    #[test]
    fn files_of_every_kind_are_placed() {
        let listed = ["1.0", "1.0.1", "1.0b1", "1!2.0", "2.0.post1", "2004d", "3.0+local.1", "8.3.45", "Rev-A"];
        let cases = [
            ("foo-1.0-py3-none-any.whl", "1.0"),
            ("foo-1.0-1-cp312-cp312-manylinux_2_17_x86_64.whl", "1.0"),
            ("Foo-1.0.0-py3-none-any.whl", "1.0"),
            ("foo-3.0+local_1-py3-none-any.whl", "3.0+local.1"),
            ("foo-1.0-py2.7.egg", "1.0"),
            ("foo-1.0.tar.gz", "1.0"),
            ("FOO-1.0.zip", "1.0"),
            ("foo-1.0.1.tar.bz2", "1.0.1"),
            ("foo-1.0-beta1.tar.gz", "1.0b1"),
            ("foo-2.0-1.tar.gz", "2.0.post1"),
            ("foo-1!2.0.tar.gz", "1!2.0"),
            ("foo-2004d.tar.gz", "2004d"),
            ("foo-rev_a.tar.gz", "Rev-A"),
            ("foo-1.0.linux-x86_64.tar.gz", "1.0"),
            ("foo-1.0.win32-py2.7.exe", "1.0"),
            ("foo-1.0.1.win-amd64.msi", "1.0.1"),
            ("foo-1.0.1-1.noarch.rpm", "1.0.1"),
        ];
        for (file, version) in cases {
            assert_eq!(version_of("foo", &listed, file).as_deref(), Some(version), "{file}");
        }
    }

    #[test]
    fn names_with_separators_are_told_from_versions() {
        for (project, file) in [
            ("zope.interface", "zope.interface-5.0.tar.gz"),
            ("zope-interface", "zope_interface-5.0-cp39-cp39-win32.whl"),
            ("a-2", "a-2-5.0.tar.gz"),
            ("a_2-b", "A.2_b-5.0.zip"),
        ] {
            assert_eq!(version_of(project, &["5.0", "2"], file).as_deref(), Some("5.0"), "{file}");
        }
    }

    #[test]
    fn a_file_whose_version_cannot_be_told_is_placed_nowhere() {
        let long = format!("foo-1.0{}.tar.gz", "0".repeat(600));
        for file in [
            "",
            ".whl",
            "-.tar.gz",
            "foo",
            "foo-1.0",
            "foo-1.0.py",
            "foo.whl",
            "bar-1.0.tar.gz",
            "bar-1.0-py3-none-any.whl",
            "foo-1.0.5.tar.gz",
            "foo-1.0.dev3.tar.gz",
            "foo-9.tar.gz",
            "foo-9-py3-none-any.whl",
            "../foo-1.0.tar.gz",
            "foo-1.0\n.tar.gz",
            "foo-１.0.tar.gz",
            "foo-99999999999999999999999999.tar.gz",
            &long,
        ] {
            assert_eq!(version_of("foo", &["1.0"], file), None, "{file:.60}");
        }
    }

    #[test]
    fn versions_are_compared_by_their_meaning() {
        for (one, other, same) in [
            ("1.0", "1.0.0", true),
            ("1.0b1", "1.0-beta1", true),
            ("Rev-A", "rev_a", true),
            ("1.0", "1.1", false),
            ("x", "", false),
        ] {
            assert_eq!(same_version(one, other), same, "{one} {other}");
        }
    }

    #[test]
    fn without_a_list_the_name_tells() {
        let package = Package::new(Ecosystem::PYPI, "foo-bar").unwrap();
        for (file, version) in [
            ("foo_bar-1.0-py3-none-any.whl", Some("1.0")),
            ("Foo.Bar-1.0b1.tar.gz", Some("1.0b1")),
            ("foo-bar-2.0.zip", Some("2.0")),
            ("baz-1.0.tar.gz", None),
            ("foo_bar-1.0.exe", None),
            ("", None),
        ] {
            assert_eq!(implied(&package, file).as_deref(), version, "{file}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_name_panics(name in "\\PC{0,60}", tail in "[-._+!0-9a-z]{0,30}(\\.whl|\\.tar\\.gz|\\.exe|\\.egg)") {
            version_of("foo", &["1.0", "x"], &name);
            version_of("foo", &["1.0", "x"], &format!("foo-{tail}"));
        }
    }
}
