//! Release lines: major versions, `0.x` minors, and pre-releases.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ReleaseId;

/// A line of releases that is maintained, and therefore released, in its own way: a major version, a `0.x` minor, and
/// pre-releases apart from stable ones: `7`, `0.30`, `7-pre`. Each of PyPI's epochs has lines of its own: `1!7`.
///
/// Back-ports to an old major often lack the provenance that the main line has (semver 5.7.2 after 7.5.4), and
/// `0.x` minors are what the compatibility rules of npm and Cargo treat as majors, so both get a baseline of their own.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct ReleaseLine(String);

impl ReleaseLine {
    /// The line of a release. A version that its ecosystem's rules cannot read is a line of its own, `?`.
    pub fn of(release: &ReleaseId) -> Self {
        let rules = &release.package().ecosystem().row().versions;
        Self(release.parsed().map_or_else(|| "?".to_owned(), |version| (rules.line)(&version)))
    }

    /// The line by its name, as in the store and on the command line.
    pub fn named(name: impl Into<String>) -> Self {
        Self(name.into())
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The order of lines: by the epoch, the major version, and the minor of `0.x` lines. A line without numbers is
    /// older than all others.
    pub fn number(&self) -> Option<(u64, u64, u64)> {
        let name = self.0.strip_suffix("-pre").unwrap_or(&self.0);
        let (epoch, name) = name.split_once('!').unwrap_or(("0", name));
        let (major, minor) = name.split_once('.').unwrap_or((name, "0"));
        Some((epoch.parse().ok()?, major.parse().ok()?, minor.parse().ok()?))
    }

    /// The number after which branches are named: without the epoch, and for pre-releases that of their stable line.
    pub fn in_branches(&self) -> &str {
        let name = self.0.strip_suffix("-pre").unwrap_or(&self.0);
        name.split_once('!').map_or(name, |(_, number)| number)
    }

    /// Whether this line holds pre-releases.
    pub fn is_prerelease(&self) -> bool {
        self.0.ends_with("-pre")
    }
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
            ("pkg:pypi/x@1%212.0", "1!2"),
            ("pkg:pypi/x@1%210.3rc1", "1!0.3-pre"),
            ("pkg:pypi/x@not-a-version", "?"),
        ] {
            assert_eq!(ReleaseLine::of(&purl.parse().unwrap()).as_str(), line, "{purl}");
        }
    }

    #[test]
    fn lines_stand_in_the_order_of_their_numbers() {
        let rising = ["?", "0.9", "0.30", "1", "7", "10", "2024", "1!0.1", "1!2", "2!1"]
            .map(|name| ReleaseLine::named(name).number());
        assert!(rising.is_sorted_by(|old, new| old < new), "{rising:?}");
        assert_eq!(ReleaseLine::named("7-pre").number(), ReleaseLine::named("7").number());
    }

    #[test]
    fn branches_are_named_without_epoch() {
        for (line, number) in [("7", "7"), ("0.30-pre", "0.30"), ("1!2", "2"), ("1!0.3-pre", "0.3"), ("?", "?")] {
            assert_eq!(ReleaseLine::named(line).in_branches(), number);
        }
    }
}
