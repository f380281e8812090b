use std::{borrow::Cow, fmt, str::FromStr};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    Ecosystem,
    purl::{self, parse},
};

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
    pub(super) fn new(text: &str, why: impl fmt::Display) -> Self {
        Self { text: text.chars().take(purl::MAX_LENGTH).collect(), why: why.to_string() }
    }

    /// What is wrong with the text.
    pub(super) fn why(&self) -> &str {
        &self.why
    }
}

impl Package {
    /// A package by the name its registry uses: `@scope/name`, `Foo.Bar` (normalised to `foo-bar`), `serde_json`.
    ///
    /// # Errors
    /// An empty or overlong name, or one with characters that no registry of the ecosystem accepts.
    pub fn new(ecosystem: Ecosystem, name: &str) -> Result<Self, InvalidPurl> {
        if name.is_empty() || name.len() > purl::MAX_LENGTH {
            return Err(InvalidPurl::new(name, "the name must have 1 to 300 bytes"));
        }
        if !purl::is_name(ecosystem, name) {
            return Err(InvalidPurl::new(name, format_args!("{} has no such names", ecosystem.title())));
        }
        let name = purl::spelling(ecosystem, name).into_owned();
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

    /// The name that no other package of its registry can have: crates.io takes `Serde-JSON` for `serde_json`.
    pub fn distinct_name(&self) -> Cow<'_, str> {
        purl::distinct(self.ecosystem, &self.name)
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
