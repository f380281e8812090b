//! The rules of the purl types that provwatch watches: which names a registry can have, how it spells them, and which of them
//! are one name (<https://github.com/package-url/purl-spec>). The crate `packageurl` takes a purl apart; it folds npm's names,
//! which are case-sensitive since May 2026, so the types' rules are kept from it.

use std::{borrow::Cow, str::FromStr};

use packageurl::PackageUrl;

use super::{Ecosystem, InvalidPurl, Package, RegistryKey, RepositoryUrl};

/// Longest package name or version that provwatch takes, in bytes. npm's own limit for a name is 214.
pub(super) const MAX_LENGTH: usize = 300;

/// The qualifier that names a registry other than the public one of the type.
pub(super) const REPOSITORY: &str = "repository_url";

/// Splits a purl into its package and version. Of the qualifiers only the registry is part of a package's name; the others
/// and subpaths are dropped.
pub(super) fn parse(text: &str) -> Result<(Package, Option<String>), InvalidPurl> {
    let invalid = |why: &dyn std::fmt::Display| InvalidPurl::new(text, why);
    if text.len() > 4 * MAX_LENGTH {
        return Err(invalid(&"it is too long"));
    }
    let (kind, rest) = type_and_rest(text).ok_or_else(|| invalid(&"it does not begin with pkg: and a type"))?;
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

/// `pkg:npm/a` as `npm` and `a`; also `pkg://npm/a`, which the specification asks parsers to take.
fn type_and_rest(text: &str) -> Option<(&str, &str)> {
    text.strip_prefix("pkg:")?.trim_start_matches('/').split_once('/')
}

/// Whether a registry can have a package of this name.
pub(super) fn is_name(ecosystem: Ecosystem, name: &str) -> bool {
    match ecosystem {
        Ecosystem::Npm => is_npm_name(name),
        Ecosystem::Pypi | Ecosystem::Cargo => {
            name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
        }
    }
}

/// The name as its registry's documents write it. npm and crates.io keep what the author wrote, capitals too.
pub(super) fn spelling(ecosystem: Ecosystem, name: &str) -> Cow<'_, str> {
    match ecosystem {
        Ecosystem::Pypi => pep_503(name).into(),
        Ecosystem::Npm | Ecosystem::Cargo => name.into(),
    }
}

/// What names of one package have in common. crates.io refuses a new name that differs from another one only in case, or in
/// `-` and `_`; npm has both `JSONStream` and `jsonstream`, of different authors.
pub(super) fn distinct(ecosystem: Ecosystem, spelled: &str) -> Cow<'_, str> {
    match ecosystem {
        Ecosystem::Cargo if spelled.bytes().any(|b| b.is_ascii_uppercase() || b == b'-') => {
            spelled.to_ascii_lowercase().replace('-', "_").into()
        }
        Ecosystem::Npm | Ecosystem::Pypi | Ecosystem::Cargo => spelled.into(),
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
fn pep_503(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for c in name.chars() {
        let c = if matches!(c, '-' | '_' | '.') { '-' } else { c.to_ascii_lowercase() };
        if c != '-' || !out.ends_with('-') {
            out.push(c);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ReleaseId;

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
            for id in crate::model::RegistryId::of_packages(ecosystem) {
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
