use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    ReleaseId,
    version::{Numbers, Version},
};

/// A line of releases that is maintained, and therefore released, in its own way: a major version, a `0.x` minor, and
/// pre-releases apart from stable ones: `7`, `0.30`, `7-pre`.
///
/// Back-ports to an old major often lack the provenance that the main line has (semver 5.7.2 after 7.5.4), and
/// `0.x` minors are what the compatibility rules of npm and Cargo treat as majors, so both get a baseline of their own.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct ReleaseLine(String);

impl ReleaseLine {
    /// The line of a release. A version that its ecosystem's rules cannot read is a line of its own, `?`.
    pub fn of(release: &ReleaseId) -> Self {
        Self(Version::of(release).map_or_else(|| "?".to_owned(), |version| named(&version)))
    }

    /// The line by its name, as the store and the command line have it.
    pub fn named(name: impl Into<String>) -> Self {
        Self(name.into())
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Which of two lines is newer: by the major version, and by the minor of `0.x` lines. A line without numbers is older than
    /// all others.
    pub fn number(&self) -> Option<(u64, u64)> {
        let name = self.0.strip_suffix("-pre").unwrap_or(&self.0);
        let (major, minor) = name.split_once('.').unwrap_or((name, "0"));
        Some((major.parse().ok()?, minor.parse().ok()?))
    }

    /// Whether this line holds pre-releases.
    pub fn is_prerelease(&self) -> bool {
        self.0.ends_with("-pre")
    }
}

fn named(version: &Version) -> String {
    let Numbers { major, minor, .. } = version.numbers();
    let pre = if version.is_prerelease() { "-pre" } else { "" };
    if major == 0 { format!("0.{minor}{pre}") } else { format!("{major}{pre}") }
}

impl fmt::Display for ReleaseLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_by_ecosystem() {
        for (purl, line) in [
            ("pkg:npm/semver@5.7.2", "5"),
            ("pkg:npm/axios@0.30.4", "0.30"),
            ("pkg:npm/vite@7.0.0-beta.1", "7-pre"),
            ("pkg:npm/vite@0.0.0-commit.1234567", "0.0-pre"),
            ("pkg:npm/odd@latest", "?"),
            ("pkg:cargo/serde@1.0.0%2Bmeta", "1"),
            ("pkg:pypi/ultralytics@8.3.45", "8"),
            ("pkg:pypi/black@24.1a1", "24-pre"),
            ("pkg:pypi/x@1%212.0", "2"),
            ("pkg:pypi/x@not-a-version", "?"),
        ] {
            assert_eq!(ReleaseLine::of(&purl.parse().unwrap()).as_str(), line, "{purl}");
        }
    }

    #[test]
    fn lines_stand_in_the_order_of_their_numbers() {
        let rising = ["?", "0.9", "0.30", "1", "7", "10"].map(|name| ReleaseLine::named(name).number());
        assert!(rising.is_sorted_by(|old, new| old < new), "{rising:?}");
        assert_eq!(ReleaseLine::named("7-pre").number(), ReleaseLine::named("7").number());
    }
}
