use std::{fmt, str::FromStr};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Ecosystem, ReleaseId};

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
        let line = match release.package().ecosystem() {
            Ecosystem::Npm | Ecosystem::Cargo => semver_line(release.version()),
            Ecosystem::Pypi => pep440_line(release.version()),
        };
        Self(line.unwrap_or_else(|| "?".to_owned()))
    }

    /// The line by its name, as the store and the command line have it.
    pub fn named(name: impl Into<String>) -> Self {
        Self(name.into())
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether this line holds pre-releases.
    pub fn is_prerelease(&self) -> bool {
        self.0.ends_with("-pre")
    }
}

fn named(major: u64, minor: u64, prerelease: bool) -> String {
    let pre = if prerelease { "-pre" } else { "" };
    if major == 0 { format!("0.{minor}{pre}") } else { format!("{major}{pre}") }
}

fn semver_line(version: &str) -> Option<String> {
    let version = semver::Version::parse(version).ok()?;
    Some(named(version.major, version.minor, !version.pre.is_empty()))
}

fn pep440_line(version: &str) -> Option<String> {
    let version = pep440_rs::Version::from_str(version).ok()?;
    let release = version.release();
    let part = |index: usize| release.get(index).copied().unwrap_or(0);
    Some(named(part(0), part(1), version.any_prerelease()))
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
}
