use std::{fmt, str::FromStr};

use packageurl::PackageUrl;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Ecosystem;

/// Longest package name or version that provwatch takes, in bytes. npm's own limit for a name is 214.
const MAX_LENGTH: usize = 300;

/// A package of one ecosystem, its name normalised as its registry does.
///
/// As text and JSON it is the purl without a version: `pkg:npm/%40scope/name`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct Package {
    ecosystem: Ecosystem,
    name: String,
}

/// Why a text is not a purl that provwatch can watch.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error(
    "{text:?} is not a usable package URL: {why}; expected for example pkg:npm/%40scope/name or pkg:pypi/requests@2.32.0"
)]
pub struct InvalidPurl {
    text: String,
    why: String,
}

impl InvalidPurl {
    fn new(text: &str, why: impl fmt::Display) -> Self {
        Self { text: text.chars().take(MAX_LENGTH).collect(), why: why.to_string() }
    }
}

impl Package {
    /// A package by the name its registry uses: `@scope/name`, `Foo.Bar` (normalised to `foo-bar`), `serde_json`.
    ///
    /// # Errors
    /// An empty or overlong name, or one with characters that no registry of the ecosystem accepts.
    pub fn new(ecosystem: Ecosystem, name: &str) -> Result<Self, InvalidPurl> {
        if name.is_empty() || name.len() > MAX_LENGTH {
            return Err(InvalidPurl::new(name, "the name must have 1 to 300 bytes"));
        }
        let well_formed = match ecosystem {
            Ecosystem::Npm => is_npm_name(name),
            Ecosystem::Pypi | Ecosystem::Cargo => {
                name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
            }
        };
        if !well_formed {
            return Err(InvalidPurl::new(name, format_args!("{} has no such names", ecosystem.title())));
        }
        let name = match ecosystem {
            Ecosystem::Pypi => normalise_pypi(name),
            Ecosystem::Npm | Ecosystem::Cargo => name.to_owned(),
        };
        Ok(Self { ecosystem, name })
    }

    /// The ecosystem.
    pub fn ecosystem(&self) -> Ecosystem {
        self.ecosystem
    }

    /// The name as the registry writes it: `@scope/name`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The npm scope with its `@`, if there is one.
    pub fn scope(&self) -> Option<&str> {
        self.name.split_once('/').map(|(scope, _)| scope)
    }

    /// This package at a version.
    pub fn at(&self, version: impl Into<String>) -> ReleaseId {
        ReleaseId { package: self.clone(), version: version.into() }
    }
}

/// npm's rule as far as it matters here: one optional scope, URL-safe characters, no leading dot.
fn is_npm_name(name: &str) -> bool {
    let part = |part: &str| {
        !part.is_empty()
            && !part.starts_with('.')
            && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-~!'()*".contains(&b))
    };
    match name.strip_prefix('@') {
        Some(scoped) => scoped.split_once('/').is_some_and(|(scope, bare)| part(scope) && part(bare)),
        None => part(name),
    }
}

/// PEP 503: runs of `-`, `_` and `.` become one `-`, all lower case.
fn normalise_pypi(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for c in name.chars() {
        let c = if matches!(c, '-' | '_' | '.') { '-' } else { c.to_ascii_lowercase() };
        if c != '-' || !out.ends_with('-') {
            out.push(c);
        }
    }
    out
}

impl fmt::Display for Package {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name.strip_prefix('@') {
            Some(rest) => write!(f, "pkg:{}/%40{rest}", self.ecosystem),
            None => write!(f, "pkg:{}/{}", self.ecosystem, self.name),
        }
    }
}

impl FromStr for Package {
    type Err = InvalidPurl;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match parse(text)? {
            (package, None) => Ok(package),
            (_, Some(_)) => Err(InvalidPurl::new(text, "a package is wanted here, without a version")),
        }
    }
}

/// One release: a package at a version. As text and JSON it is the purl: `pkg:npm/axios@1.14.1`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct ReleaseId {
    package: Package,
    version: String,
}

impl ReleaseId {
    /// The package.
    pub fn package(&self) -> &Package {
        &self.package
    }

    /// The version as the registry writes it.
    pub fn version(&self) -> &str {
        &self.version
    }
}

impl fmt::Display for ReleaseId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@", self.package)?;
        // Versions are nearly always URL-safe; `+` and `!` (PEP 440 epochs) are not, by the purl rules.
        for c in self.version.chars() {
            match c {
                'a'..='z' | 'A'..='Z' | '0'..='9' | '.' | '-' | '_' | '~' | ':' => write!(f, "{c}")?,
                _ => {
                    for b in c.encode_utf8(&mut [0; 4]).bytes() {
                        write!(f, "%{b:02X}")?;
                    }
                }
            }
        }
        Ok(())
    }
}

impl FromStr for ReleaseId {
    type Err = InvalidPurl;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match parse(text)? {
            (package, Some(version)) => Ok(Self { package, version }),
            (_, None) => Err(InvalidPurl::new(text, "it has no version")),
        }
    }
}

/// Splits a purl into its package and version. Qualifiers and subpaths are not part of a release's name and are dropped.
fn parse(text: &str) -> Result<(Package, Option<String>), InvalidPurl> {
    if text.len() > 4 * MAX_LENGTH {
        return Err(InvalidPurl::new(text, "it is too long"));
    }
    let purl = PackageUrl::from_str(text).map_err(|error| InvalidPurl::new(text, error))?;
    let ecosystem = purl.ty().parse().map_err(|error| InvalidPurl::new(text, error))?;
    let name = match purl.namespace() {
        Some(namespace) => format!("{namespace}/{}", purl.name()),
        None => purl.name().to_owned(),
    };
    let package = Package::new(ecosystem, &name).map_err(|error| InvalidPurl::new(text, error.why))?;
    let version = purl.version().map(str::to_owned);
    if version.as_ref().is_some_and(|version| version.is_empty() || version.len() > MAX_LENGTH) {
        return Err(InvalidPurl::new(text, "the version must have 1 to 300 bytes"));
    }
    Ok((package, version))
}

macro_rules! as_text {
    ($type:ty) => {
        impl TryFrom<String> for $type {
            type Error = InvalidPurl;

            fn try_from(text: String) -> Result<Self, Self::Error> {
                text.parse()
            }
        }

        impl From<$type> for String {
            fn from(value: $type) -> Self {
                value.to_string()
            }
        }
    };
}
as_text!(Package);
as_text!(ReleaseId);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn purls_survive_a_round_trip() {
        for text in [
            "pkg:npm/axios@1.14.1",
            "pkg:npm/%40redhat-cloud-services/types@3.1.3",
            "pkg:pypi/ultralytics@8.3.45",
            "pkg:cargo/serde_json@1.0.0%2Bbuild",
        ] {
            assert_eq!(text.parse::<ReleaseId>().unwrap().to_string(), text);
        }
        assert_eq!("pkg:npm/%40a/b@1.0.0".parse::<ReleaseId>().unwrap().package().scope(), Some("@a"));
        assert_eq!("pkg:npm/@a/b@1.0.0".parse::<ReleaseId>().unwrap().package().name(), "@a/b");
    }

    #[test]
    fn python_names_are_normalised() {
        let package = Package::new(Ecosystem::Pypi, "Foo._Bar").unwrap();
        assert_eq!(package.to_string(), "pkg:pypi/foo-bar");
    }

    #[test]
    fn obnoxious_names_are_refused() {
        let long = "x".repeat(5000);
        for text in [
            "",
            "axios",
            "pkg:npm/",
            "pkg:npm/a b",
            "pkg:npm/../x",
            "pkg:npm/@a@1",
            "pkg:gem/rails@1",
            "pkg:npm/%40a/b/c",
            &long,
        ] {
            assert!(text.parse::<Package>().is_err(), "{text:.40}");
        }
        assert!("pkg:npm/axios".parse::<ReleaseId>().is_err(), "no version");
        assert!("pkg:npm/axios@1".parse::<Package>().is_err(), "a version too many");
    }
}
