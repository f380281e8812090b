//! Parses packages and releases by the purl specification (<https://github.com/package-url/purl-spec>). The crate
//! `packageurl` splits a purl; it folds npm's names, which are case-sensitive since May 2026, so it does not apply the
//! types' rules: they are in `name`.

use std::str::FromStr;

use packageurl::PackageUrl;

use super::{
    InvalidPurl, Package, RegistryKey, ReleaseId, RepositoryUrl,
    name::{MAX_LENGTH, REPOSITORY},
};

/// Splits a purl into its package and version. Of the qualifiers only the registry is part of a package's name; the
/// others and subpaths are dropped.
pub(super) fn parse(text: &str) -> Result<(Package, Option<String>), InvalidPurl> {
    let invalid = |why: &dyn std::fmt::Display| InvalidPurl::new(text, why);
    if text.len() > 4 * MAX_LENGTH {
        return Err(invalid(&"too long"));
    }
    let (kind, rest) = type_and_rest(text).ok_or_else(|| invalid(&"it must begin with pkg: and a type"))?;
    let ecosystem = kind.to_ascii_lowercase().parse().map_err(|error: super::UnknownEcosystem| invalid(&error))?;
    let purl = PackageUrl::from_str(&format!("pkg:{NO_RULES}/{rest}")).map_err(|error| invalid(&error))?;
    let name = match purl.namespace() {
        Some(namespace) => format!("{namespace}/{}", purl.name()),
        None => purl.name().to_owned(),
    };
    let package = Package::new(ecosystem, &name).map_err(|error| invalid(&error.why()))?;
    let package = match purl.qualifiers().get(REPOSITORY) {
        Some(url) => {
            let url: RepositoryUrl =
                url.parse().map_err(|why: String| invalid(&format_args!("its {REPOSITORY}: {why}")))?;
            package.of(&RegistryKey::at(ecosystem, url))
        }
        None => package,
    };
    let version = purl.version().map(str::to_owned);
    if version.as_ref().is_some_and(|version| version.is_empty() || version.len() > MAX_LENGTH) {
        return Err(invalid(&"the version must have 1 to 300 bytes"));
    }
    Ok((package, version))
}

/// A purl type without rules of its own.
const NO_RULES: &str = "generic";

/// `pkg:npm/a` as `npm` and `a`; also `pkg://npm/a`, which the specification requires parsers to accept.
fn type_and_rest(text: &str) -> Option<(&str, &str)> {
    text.strip_prefix("pkg:")?.trim_start_matches('/').split_once('/')
}

impl FromStr for Package {
    type Err = InvalidPurl;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match parse(text)? {
            (package, None) => Ok(package),
            (_, Some(_)) => Err(InvalidPurl::new(text, "expected a package without a version")),
        }
    }
}

impl FromStr for ReleaseId {
    type Err = InvalidPurl;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match parse(text)? {
            (package, Some(version)) => Ok(package.at(version)),
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
    use crate::model::Ecosystem;

    /// The oddest names that each registry really has, and how provwatch writes them.
    const ODD_NAMES: &[(&str, &str)] = &[
        ("pkg:npm/JSONStream@1.3.5", "pkg:npm/JSONStream@1.3.5"),
        ("pkg:npm/jsonstream@1.0.3", "pkg:npm/jsonstream@1.0.3"),
        ("pkg:NPM/Base64@1.0.0", "pkg:npm/Base64@1.0.0"),
        ("pkg://npm/axios@1.0.0", "pkg:npm/axios@1.0.0"),
        ("pkg:npm/%40Types/Node@1.0.0", "pkg:npm/%40Types/Node@1.0.0"),
        ("pkg:npm/@Types/Node@1.0.0", "pkg:npm/%40Types/Node@1.0.0"),
        ("pkg:npm/%40types%2Fnode@1.0.0", "pkg:npm/%40types/node@1.0.0"),
        ("pkg:npm/-@0.0.1", "pkg:npm/-@0.0.1"),
        ("pkg:npm/_@1.0.0", "pkg:npm/_@1.0.0"),
        ("pkg:npm/a.b_c~d@1.0.0", "pkg:npm/a.b_c~d@1.0.0"),
        ("pkg:npm/axios@1.0.0?vcs_url=git://x#lib/x.js", "pkg:npm/axios@1.0.0"),
        (
            "pkg:npm/%40acme/x@1.0.0+b?arch=any&repository_url=https://NPM.acme.example/#lib/x.js",
            "pkg:npm/%40acme/x@1.0.0%2Bb?repository_url=https://npm.acme.example",
        ),
        (
            "pkg:pypi/Foo.Bar@1.0?repository_url=acme.example%2Fapi%2Fpypi%2Fsimple%2F",
            "pkg:pypi/foo-bar@1.0?repository_url=https://acme.example/api/pypi/simple",
        ),
        (
            "pkg:cargo/serde@1.0.0?repository_url=sparse%2Bhttps%3A%2F%2Fcargo.acme.example%2Fa%2520b%2F",
            "pkg:cargo/serde@1.0.0?repository_url=https://cargo.acme.example/a%2520b",
        ),
        ("pkg:pypi/Foo._-Bar@1!2.0%2Blocal", "pkg:pypi/foo-bar@1%212.0%2Blocal"),
        ("pkg:pypi/ruamel.yaml@0.18", "pkg:pypi/ruamel-yaml@0.18"),
        ("pkg:pypi/zope.interface@5.0", "pkg:pypi/zope-interface@5.0"),
        ("pkg:cargo/Inflector@0.11.4", "pkg:cargo/Inflector@0.11.4"),
        ("pkg:cargo/serde_json@1.0.0+build", "pkg:cargo/serde_json@1.0.0%2Bbuild"),
    ];

    #[test]
    fn each_registrys_oddest_names_are_kept() {
        for (text, written) in ODD_NAMES {
            let id: ReleaseId = text.parse().unwrap_or_else(|error| panic!("{error}"));
            assert_eq!(id.to_string(), *written);
            assert_eq!(written.parse::<ReleaseId>().unwrap(), id, "{written} reads as it was written");
        }
    }

    #[test]
    fn a_purl_that_names_the_public_registry_is_of_the_public_registry() {
        for ecosystem in Ecosystem::ALL {
            for id in ecosystem.package_hosts() {
                for url in [id.base_url(), id.host()] {
                    let text = format!("pkg:{ecosystem}/serde@1.0.0?repository_url={url}");
                    let release: ReleaseId = text.parse().unwrap();
                    assert_eq!(release.to_string(), format!("pkg:{ecosystem}/serde@1.0.0"), "{text}");
                }
            }
        }
    }

    #[test]
    fn names_are_one_where_their_registry_says_so() {
        let one = |a: &str, b: &str| {
            let package = |text: &str| text.parse::<Package>().unwrap();
            package(a).distinct_name() == package(b).distinct_name()
        };
        assert!(one("pkg:cargo/Serde-JSON", "pkg:cargo/serde_json"));
        assert!(one("pkg:pypi/Foo_Bar", "pkg:pypi/foo.bar"));
        assert!(!one("pkg:npm/JSONStream", "pkg:npm/jsonstream"));
        assert!(!one("pkg:npm/lodash-get", "pkg:npm/lodash_get"));
        assert!(!one("pkg:cargo/serde", "pkg:cargo/serde_"));
    }
}
