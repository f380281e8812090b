//! Versions as their registry's scheme reads them: which is higher, and by how much.

use std::str::FromStr;

use super::{Ecosystem, ReleaseId};

/// A version that its registry's scheme can read. Those of one scheme are compared as it says: a pre-release stands below its
/// release, and PyPI's epochs stand above all numbers.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Version {
    /// Of npm and crates.io.
    Semver(semver::Version),
    /// Of PyPI.
    Pep440(pep440_rs::Version),
}

/// The numbers of a version, the weightiest first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Numbers {
    /// PyPI's epoch, `1` of `1!2.0`; elsewhere, and nearly always, zero.
    pub epoch: u64,
    /// The first number.
    pub major: u64,
    /// The second.
    pub minor: u64,
    /// The third.
    pub patch: u64,
}

impl Version {
    /// Reads a version. `None`: the scheme does not know it.
    pub fn read(ecosystem: Ecosystem, text: &str) -> Option<Self> {
        match ecosystem {
            Ecosystem::Npm | Ecosystem::Cargo => semver::Version::parse(text).ok().map(Self::Semver),
            Ecosystem::Pypi => pep440_rs::Version::from_str(text).ok().map(Self::Pep440),
        }
    }

    /// That of a release.
    pub fn of(release: &ReleaseId) -> Option<Self> {
        Self::read(release.package().ecosystem(), release.version())
    }

    /// The numbers; what is not there is zero.
    pub fn numbers(&self) -> Numbers {
        match self {
            Self::Semver(version) => {
                Numbers { epoch: 0, major: version.major, minor: version.minor, patch: version.patch }
            }
            Self::Pep440(version) => {
                let part = |index: usize| version.release().get(index).copied().unwrap_or(0);
                Numbers { epoch: version.epoch(), major: part(0), minor: part(1), patch: part(2) }
            }
        }
    }

    /// Whether it is one before a release: `-rc.1`, `a1`, `.dev2`.
    pub fn is_prerelease(&self) -> bool {
        match self {
            Self::Semver(version) => !version.pre.is_empty(),
            Self::Pep440(version) => version.any_prerelease(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_stand_in_the_order_of_their_scheme() {
        for (ecosystem, rising) in [
            (Ecosystem::Npm, &["9.9.9", "10.0.0-rc.2", "10.0.0-rc.10", "10.0.0", "10.0.1"][..]),
            (Ecosystem::Cargo, &["0.9.0", "0.10.0-alpha", "0.10.0"]),
            (Ecosystem::Pypi, &["1.0.dev1", "1.0a1", "1.0", "1.0.post1", "1.0.0.1", "2024.1", "1!0.1", "1!2.0", "2!1"]),
        ] {
            let read = |text: &&str| Version::read(ecosystem, text).unwrap();
            assert!(rising.iter().map(read).is_sorted_by(|low, high| low < high), "{rising:?}");
        }
    }

    #[test]
    fn versions_have_numbers() {
        let numbers = |ecosystem, text| {
            let Numbers { epoch, major, minor, patch } = Version::read(ecosystem, text)?.numbers();
            Some([epoch, major, minor, patch])
        };
        for (ecosystem, text, expected) in [
            (Ecosystem::Npm, "1.2.3-rc.1", Some([0, 1, 2, 3])),
            (Ecosystem::Npm, "1.2.3+4", Some([0, 1, 2, 3])),
            (Ecosystem::Npm, "1!2.0.0", None),
            (Ecosystem::Cargo, "junk", None),
            (Ecosystem::Pypi, "1!2.0", Some([1, 2, 0, 0])),
            (Ecosystem::Pypi, "2024.1a1", Some([0, 2024, 1, 0])),
            (Ecosystem::Pypi, "v1.2.3.4.post5", Some([0, 1, 2, 3])),
            (Ecosystem::Pypi, "junk", None),
        ] {
            assert_eq!(numbers(ecosystem, text), expected, "{text}");
        }
    }
}
