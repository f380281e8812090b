//! Packages and releases, identified by purl.

use std::{borrow::Cow, fmt};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Ecosystem, RegistryKey, RepositoryUrl, Version, invalid_purl::InvalidPurl, name};

/// A package of one registry, its name normalised as the registry does.
///
/// As text and JSON it is the purl without a version: `pkg:npm/%40scope/name`; of a registry other than the public one of
/// its type with that registry's URL: `pkg:npm/%40acme/x?repository_url=https://npm.acme.example`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct Package {
    ecosystem: Ecosystem,
    name: String,
    repository: Option<RepositoryUrl>,
}

impl Package {
    /// A package of the public registry by the name in use: `@scope/name`, `Foo.Bar` (normalised to `foo-bar`),
    /// `serde_json`.
    ///
    /// # Errors
    /// An empty or overlong name, or one with characters that no registry of the ecosystem accepts.
    pub fn new(ecosystem: Ecosystem, name: &str) -> Result<Self, InvalidPurl> {
        if name.is_empty() || name.len() > name::MAX_LENGTH {
            return Err(InvalidPurl::new(name, "the name must have 1 to 300 bytes"));
        }
        let rules = &ecosystem.row().names;
        if !(rules.is_name)(name) {
            return Err(InvalidPurl::new(name, format_args!("not a valid {} package name", ecosystem.title())));
        }
        let name = (rules.spelled)(name).into_owned();
        Ok(Self { ecosystem, name, repository: None })
    }

    /// The package of this name in a registry of the same type.
    #[must_use]
    pub fn of(self, registry: &RegistryKey) -> Self {
        Self { repository: registry.url().cloned(), ..self }
    }

    /// The package of this name in the public registry.
    #[must_use]
    pub fn public_namesake(&self) -> Self {
        Self { repository: None, ..self.clone() }
    }

    /// The registry.
    pub fn registry(&self) -> RegistryKey {
        RegistryKey::of_package(self.ecosystem, self.repository.clone())
    }

    /// The registry's URL, unless it is the public one.
    pub fn repository(&self) -> Option<&RepositoryUrl> {
        self.repository.as_ref()
    }

    /// Whether it is of the public registry.
    pub fn is_public(&self) -> bool {
        self.repository.is_none()
    }

    /// Whether it is of this registry.
    pub fn is_of(&self, registry: &RegistryKey) -> bool {
        self.ecosystem == registry.ecosystem() && self.repository.as_ref() == registry.url()
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
        (self.ecosystem.row().names.distinct)(&self.name)
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

impl Package {
    fn write_name(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name.strip_prefix('@') {
            Some(rest) => write!(f, "pkg:{}/%40{rest}", self.ecosystem),
            None => write!(f, "pkg:{}/{}", self.ecosystem, self.name),
        }
    }

    fn write_registry(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.repository.as_ref().map_or(Ok(()), |url| write!(f, "?{}={}", name::REPOSITORY, url.escaped()))
    }
}

impl fmt::Display for Package {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write_name(f)?;
        self.write_registry(f)
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

    /// The version as the registry's scheme reads it. `None`: the scheme does not know it.
    pub fn parsed(&self) -> Option<Version> {
        self.package.ecosystem.version(&self.version)
    }

    /// The version without the part that tags leave out: PyPI's epoch.
    pub fn version_in_tags(&self) -> &str {
        (self.package.ecosystem.row().versions.in_tags)(&self.version)
    }
}

impl fmt::Display for ReleaseId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.package.write_name(f)?;
        f.write_str("@")?;
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
        self.package.write_registry(f)
    }
}

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
    fn packages_of_one_name_in_two_registries_are_two() {
        let acme: Package = "pkg:npm/%40acme/x?repository_url=https://npm.acme.example".parse().unwrap();
        let public: Package = "pkg:npm/%40acme/x".parse().unwrap();
        assert_ne!(acme, public);
        assert_eq!((acme.name(), acme.scope()), (public.name(), public.scope()));
        assert_eq!((acme.public_namesake(), public.clone().of(&acme.registry())), (public.clone(), acme.clone()));
        assert!(
            public.is_public() && !acme.is_public() && acme.is_of(&acme.registry()) && !public.is_of(&acme.registry())
        );
        let release = acme.at("1.0.0");
        assert_eq!(release.to_string(), "pkg:npm/%40acme/x@1.0.0?repository_url=https://npm.acme.example");
        assert_eq!(release.to_string().parse(), Ok(release));
        for text in ["pkg:npm/x?repository_url=https://u:p@a.example", "pkg:npm/x?repository_url=ftp://a.example"] {
            assert!(text.parse::<Package>().unwrap_err().to_string().contains("its repository_url: "), "{text}");
        }
    }

    #[test]
    fn python_names_are_normalised() {
        let package = Package::new(Ecosystem::PYPI, "Foo._Bar").unwrap();
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
