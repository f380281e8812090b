//! Patterns of packages: purls, and purls with stars.

use std::{fmt, str::FromStr};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Ecosystem, InvalidPurl, Package, RegistryKey, fits};

/// Most stars of a glob: each one multiplies the work of matching.
const MAX_STARS: usize = 3;

/// Packages: a purl without a version, or a purl with `*` in its name.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String", extend("format" = "pattern"))]
pub enum Pattern {
    /// One package.
    Exact(Package),
    /// All packages with matching names.
    Glob(Glob),
}

/// A name with stars: each matches any characters, even none, except `/`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Glob {
    ecosystem: Ecosystem,
    name: Box<str>,
}

impl Pattern {
    /// The registry of its packages.
    pub fn registry(&self) -> RegistryKey {
        match self {
            Self::Exact(package) => package.registry(),
            Self::Glob(glob) => glob.ecosystem().into(),
        }
    }

    /// The ecosystem of its packages.
    pub fn ecosystem(&self) -> Ecosystem {
        match self {
            Self::Exact(package) => package.ecosystem(),
            Self::Glob(glob) => glob.ecosystem(),
        }
    }

    /// Whether it matches a package. Stars stand for packages of the public registry only.
    pub fn fits(&self, package: &Package) -> bool {
        match self {
            Self::Exact(one) => one.registry() == package.registry() && one.distinct_name() == package.distinct_name(),
            Self::Glob(glob) => {
                package.is_public() && package.ecosystem() == glob.ecosystem && glob.fits(&package.distinct_name())
            }
        }
    }
}

impl TryFrom<String> for Pattern {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Pattern> for String {
    fn from(pattern: Pattern) -> Self {
        pattern.to_string()
    }
}

impl FromStr for Pattern {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.contains('*') {
            return Glob::parse(text).map(Self::Glob);
        }
        text.parse().map(Self::Exact).map_err(|error: InvalidPurl| error.to_string())
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exact(package) => package.fmt(f),
            Self::Glob(glob) => glob.fmt(f),
        }
    }
}

impl Glob {
    fn parse(text: &str) -> Result<Self, String> {
        let expected = "expected a purl with stars in its name, such as \"pkg:npm/@scope/*\" or \"pkg:pypi/django-*\"";
        if text.contains("repository_url=") {
            return Err(
                "a pattern with stars is of the public registry: another registry tells no new names, so list its \
                        packages one by one"
                    .to_owned(),
            );
        }
        let (kind, name) = text.strip_prefix("pkg:").and_then(|rest| rest.split_once('/')).ok_or(expected)?;
        let ecosystem: Ecosystem = kind.parse().map_err(|error| format!("{error}"))?;
        let name = name.strip_prefix("%40").map_or_else(|| name.to_owned(), |rest| format!("@{rest}"));
        if name.matches('*').count() > MAX_STARS {
            return Err(format!("expected at most {MAX_STARS} stars"));
        }
        // A glob is well formed if the names that it matches are.
        Package::new(ecosystem, &name.replace('*', "x")).map_err(|error| error.to_string())?;
        Ok(Self { ecosystem, name: normalised(ecosystem, &name).into() })
    }

    pub(crate) fn ecosystem(&self) -> Ecosystem {
        self.ecosystem
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// The common beginning of all matching names.
    pub(crate) fn prefix(&self) -> &str {
        self.name.split('*').next().unwrap_or_default()
    }

    /// Whether it matches every name, or every scoped name, of the registry.
    pub(crate) fn is_boundless(&self) -> bool {
        self.name.bytes().all(|byte| b"*@/".contains(&byte))
    }

    /// Whether it matches a name.
    pub(crate) fn fits(&self, name: &str) -> bool {
        fits(&self.name, name)
    }
}

impl fmt::Display for Glob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "pkg:{}/{}", self.ecosystem, self.name)
    }
}

/// The literal parts of a glob, normalised like the registry's names.
fn normalised(ecosystem: Ecosystem, name: &str) -> String {
    let part = |part: &str| {
        Package::new(ecosystem, part).map_or_else(|_| part.to_owned(), |part| part.distinct_name().into_owned())
    };
    name.split('*').map(part).collect::<Vec<_>>().join("*")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn globs_fit_within_a_scope_and_across_a_registry() {
        for (pattern, fitting, other) in [
            ("pkg:npm/%40angular/*", "@angular/core", "@angularx/core"),
            ("pkg:npm/@angular/*", "@angular/core", "angular"),
            ("pkg:npm/*", "axios", "@a/axios"),
            ("pkg:npm/@*/*", "@a/b", "a"),
            ("pkg:npm/@babel/plugin-*-regex", "@babel/plugin-x-regex", "@babel/plugin-x-regexp"),
            ("pkg:npm/*-loader", "css-loader", "@a/css-loader"),
            ("pkg:pypi/Django_*", "django-filter", "django"),
            ("pkg:cargo/serde*", "serde", "serd"),
            ("pkg:cargo/Serde-*", "serde_json", "serde"),
            ("pkg:npm/JSON*", "JSONStream", "jsonstream"),
            ("pkg:cargo/*a*b*", "xaxbx", "xbxa"),
        ] {
            let Pattern::Glob(glob) = pattern.parse().unwrap() else { panic!("{pattern}") };
            assert!(glob.fits(fitting) && !glob.fits(other), "{pattern}");
        }
    }

    #[test]
    fn obnoxious_patterns_are_refused() {
        for text in [
            "*",
            "pkg:*",
            "pkg:npm",
            "pkg:*/axios",
            "pkg:gem/*",
            "pkg:npm/a b*",
            "pkg:npm/@a*",
            "pkg:npm/@/*",
            "pkg:npm/a/*",
            "pkg:npm/axios@*",
            "pkg:npm/a*?x=y",
            "pkg:npm/{a,b}*",
            "pkg:npm/[a-z]*",
            "pkg:npm/*/*/*",
            "pkg:npm/****",
            "pkg:pypi/ü*",
            "npm/axios*",
            "pkg:npm/axios@1.0.0",
            "axios",
            "",
        ] {
            assert!(text.parse::<Pattern>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_pattern_names_no_other_registry() {
        let error = "pkg:npm/@acme/*?repository_url=https://npm.acme.example".parse::<Pattern>().unwrap_err();
        assert!(error.contains("list its packages one by one"), "{error}");
        let one: Pattern = "pkg:npm/@acme/x?repository_url=https://npm.acme.example".parse().unwrap();
        assert_eq!(one.to_string(), "pkg:npm/%40acme/x?repository_url=https://npm.acme.example");
        assert_eq!(one.registry().to_string(), "npm https://npm.acme.example");
    }

    #[test]
    fn a_pattern_fits_packages_of_its_registry() {
        for (pattern, fitting, other) in [
            ("pkg:npm/axios", "pkg:npm/axios", "pkg:pypi/axios"),
            ("pkg:pypi/Django_Filter", "pkg:pypi/django-filter", "pkg:pypi/django"),
            ("pkg:npm/@acme/*", "pkg:npm/%40acme/x", "pkg:npm/%40acme/x?repository_url=https://npm.acme.example"),
            ("pkg:npm/a*", "pkg:npm/axios", "pkg:cargo/axios"),
        ] {
            let pattern: Pattern = pattern.parse().unwrap();
            assert!(pattern.fits(&fitting.parse().unwrap()) && !pattern.fits(&other.parse().unwrap()), "{pattern}");
        }
    }

    proptest! {
        #[test]
        fn parsing_and_matching_never_panic(text in "(pkg:)?(npm|pypi|cargo)?/?\\PC{0,20}", name in "\\PC{0,20}") {
            if let Ok(Pattern::Glob(glob)) = text.parse() {
                let _ = glob.fits(&name);
                prop_assert_eq!(glob.to_string().parse::<Pattern>(), Ok(Pattern::Glob(glob)));
            }
        }
    }
}
