//! Versions as the scheme of their registry reads them: their order, and their distance.

use std::{any::Any, cmp::Ordering, fmt, sync::Arc};

/// A version that its registry's scheme can read. Versions of one scheme are compared by its rules: a pre-release is
/// below its release, and PyPI's epochs are above all numbers.
#[derive(Clone, Debug)]
pub struct Version {
    numbers: Numbers,
    is_prerelease: bool,
    place: Arc<dyn Place>,
}

/// The numbers of a version, the most significant first.
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
    /// A version with its place in its scheme; missing numbers are zero.
    pub fn ranked<T>(numbers: Numbers, is_prerelease: bool, place: T) -> Self
    where
        T: Any + fmt::Debug + Ord + Send + Sync,
    {
        Self { numbers, is_prerelease, place: Arc::new(place) }
    }

    /// Reads a semantic version, as npm and crates.io have them (<https://semver.org>).
    pub fn semver(text: &str) -> Option<Self> {
        let version = semver::Version::parse(text).ok()?;
        let numbers = Numbers { epoch: 0, major: version.major, minor: version.minor, patch: version.patch };
        Some(Self::ranked(numbers, !version.pre.is_empty(), version))
    }

    /// The numbers; missing ones are zero.
    pub fn numbers(&self) -> Numbers {
        self.numbers
    }

    /// Whether it is one before a release: `-rc.1`, `a1`, `.dev2`.
    pub fn is_prerelease(&self) -> bool {
        self.is_prerelease
    }

    /// The release line by its first number, `7`, by two if that is zero, `0.30`, after an epoch, `1!7`; pre-releases
    /// apart, `7-pre`.
    pub fn line(&self) -> String {
        let Numbers { epoch, major, minor, .. } = self.numbers;
        let epoch = if epoch == 0 { String::new() } else { format!("{epoch}!") };
        let number = if major == 0 { format!("0.{minor}") } else { major.to_string() };
        let pre = if self.is_prerelease { "-pre" } else { "" };
        format!("{epoch}{number}{pre}")
    }
}

/// A place in the order of one scheme.
trait Place: Any + fmt::Debug + Send + Sync {
    /// Compares two places; `None`: the other one is of another scheme.
    fn against(&self, other: &dyn Any) -> Option<Ordering>;
}

impl<T: Any + fmt::Debug + Ord + Send + Sync> Place for T {
    fn against(&self, other: &dyn Any) -> Option<Ordering> {
        other.downcast_ref::<Self>().map(|other| self.cmp(other))
    }
}

impl Ord for Version {
    /// Versions of two schemes never belong to one package; they are ordered by their numbers.
    fn cmp(&self, other: &Self) -> Ordering {
        let other_place: &dyn Any = &*other.place;
        self.place.against(other_place).unwrap_or_else(|| self.numbers.cmp(&other.numbers))
    }
}

impl PartialOrd for Version {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Version {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Version {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Ecosystem;

    #[test]
    fn versions_stand_in_the_order_of_their_scheme() {
        for (ecosystem, rising) in [
            (Ecosystem::NPM, &["9.9.9", "10.0.0-rc.2", "10.0.0-rc.10", "10.0.0", "10.0.1"][..]),
            (Ecosystem::CARGO, &["0.9.0", "0.10.0-alpha", "0.10.0"]),
            (Ecosystem::PYPI, &["1.0.dev1", "1.0a1", "1.0", "1.0.post1", "1.0.0.1", "2024.1", "1!0.1", "1!2.0", "2!1"]),
        ] {
            let read = |text: &&str| ecosystem.version(text).unwrap();
            assert!(rising.iter().map(read).is_sorted_by(|low, high| low < high), "{rising:?}");
        }
        assert_eq!(Ecosystem::PYPI.version("1.0"), Ecosystem::PYPI.version("1.0.0"));
    }

    #[test]
    fn versions_have_numbers() {
        let numbers = |ecosystem: Ecosystem, text| {
            let Numbers { epoch, major, minor, patch } = ecosystem.version(text)?.numbers();
            Some([epoch, major, minor, patch])
        };
        for (ecosystem, text, expected) in [
            (Ecosystem::NPM, "1.2.3-rc.1", Some([0, 1, 2, 3])),
            (Ecosystem::NPM, "1.2.3+4", Some([0, 1, 2, 3])),
            (Ecosystem::NPM, "1!2.0.0", None),
            (Ecosystem::CARGO, "junk", None),
            (Ecosystem::PYPI, "1!2.0", Some([1, 2, 0, 0])),
            (Ecosystem::PYPI, "2024.1a1", Some([0, 2024, 1, 0])),
            (Ecosystem::PYPI, "v1.2.3.4.post5", Some([0, 1, 2, 3])),
            (Ecosystem::PYPI, "junk", None),
        ] {
            assert_eq!(numbers(ecosystem, text), expected, "{text}");
        }
    }
}
