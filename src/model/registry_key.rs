//! The registry of a package: the public one of its type, or another one by its URL.

use std::{
    fmt::{self, Write as _},
    str::FromStr,
    sync::Arc,
};

use url::Url;

use super::Ecosystem;

/// Longest URL of a registry, in bytes.
const MAX_LENGTH: usize = 300;

/// The URL by which purls name a registry that is not the public one of its type (qualifier `repository_url`): with its
/// scheme, without a user, query, fragment or final slash.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RepositoryUrl(Arc<str>);

impl RepositoryUrl {
    /// The URL.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The URL without its scheme, for people.
    pub fn short(&self) -> &str {
        self.0.split_once("://").map_or(&*self.0, |(_, rest)| rest)
    }

    /// The host, without a port.
    pub fn host(&self) -> String {
        Url::parse(&self.0).ok().and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default()
    }

    /// Whether a URL is this one or below it.
    pub fn covers(&self, url: &str) -> bool {
        let Ok(Self(other)) = url.split(['?', '#']).next().unwrap_or_default().parse() else { return false };
        other.strip_prefix(&*self.0).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }

    /// As the value of a purl's qualifier: escaped, except characters that every parser of purls accepts.
    pub(super) fn escaped(&self) -> String {
        let mut out = String::with_capacity(self.0.len());
        for byte in self.0.bytes() {
            if byte.is_ascii_alphanumeric() || b".-_~:/".contains(&byte) {
                out.push(char::from(byte));
            } else {
                // Writing to a String cannot fail.
                let _ = write!(out, "%{byte:02X}");
            }
        }
        out
    }
}

impl FromStr for RepositoryUrl {
    type Err = String;

    /// Reads a URL as in purls, lock files and text by people: also without a scheme, and with Cargo's `sparse+`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let expected = "expected the URL of a registry such as https://npm.acme.example";
        let text = text.trim();
        let text = text.strip_prefix("sparse+").or_else(|| text.strip_prefix("registry+")).unwrap_or(text);
        let text = if text.contains("://") { text.to_owned() } else { format!("https://{text}") };
        let url = Url::parse(&text).map_err(|error| format!("{error}; {expected}"))?;
        if !matches!(url.scheme(), "https" | "http") || url.host_str().is_none_or(str::is_empty) {
            return Err(expected.to_owned());
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err("expected a URL without a user name or password".to_owned());
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err("expected a URL without a query or fragment".to_owned());
        }
        let plain = url.as_str().trim_end_matches('/');
        if plain.len() > MAX_LENGTH {
            return Err(format!("expected a URL of at most {MAX_LENGTH} bytes"));
        }
        Ok(Self(plain.into()))
    }
}

impl fmt::Display for RepositoryUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A registry: the public one of an ecosystem, or another one of the same type. Its text form is the stored one.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RegistryKey {
    ecosystem: Ecosystem,
    url: Option<RepositoryUrl>,
}

impl RegistryKey {
    /// The registry at a URL, which is the public one if the URL is one of its own.
    pub fn at(ecosystem: Ecosystem, url: RepositoryUrl) -> Self {
        let host = url.host();
        let is_public = ecosystem.package_hosts().any(|id| id.host() == host);
        Self { ecosystem, url: Some(url).filter(|_| !is_public) }
    }

    /// The registry that a package names.
    pub(super) const fn of_package(ecosystem: Ecosystem, url: Option<RepositoryUrl>) -> Self {
        Self { ecosystem, url }
    }

    /// Its type.
    pub const fn ecosystem(&self) -> Ecosystem {
        self.ecosystem
    }

    /// Its URL, unless it is the public one.
    pub const fn url(&self) -> Option<&RepositoryUrl> {
        self.url.as_ref()
    }

    /// Whether it is the public one.
    pub const fn is_public(&self) -> bool {
        self.url.is_none()
    }

    /// The public one of the same type.
    #[must_use]
    pub const fn public(&self) -> Self {
        Self { ecosystem: self.ecosystem, url: None }
    }

    /// Its name for people: `npm`, `npm at npm.acme.example`.
    pub fn title(&self) -> String {
        let of_type = self.ecosystem.title();
        self.url.as_ref().map_or_else(|| of_type.to_owned(), |url| format!("{} at {}", self.ecosystem, url.short()))
    }
}

impl From<Ecosystem> for RegistryKey {
    fn from(ecosystem: Ecosystem) -> Self {
        Self { ecosystem, url: None }
    }
}

impl From<&RegistryKey> for RegistryKey {
    fn from(key: &RegistryKey) -> Self {
        key.clone()
    }
}

impl fmt::Display for RegistryKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.url {
            Some(url) => write!(f, "{} {url}", self.ecosystem),
            None => self.ecosystem.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_registry_is_written_in_one_way() {
        for (text, url) in [
            ("https://npm.acme.example", "https://npm.acme.example"),
            ("https://NPM.acme.example:443//", "https://npm.acme.example"),
            ("npm.acme.example/api/npm/", "https://npm.acme.example/api/npm"),
            ("sparse+https://cargo.acme.example/index/", "https://cargo.acme.example/index"),
            ("http://127.0.0.1:4873/", "http://127.0.0.1:4873"),
            (" https://pypi.acme.example/simple ", "https://pypi.acme.example/simple"),
        ] {
            assert_eq!(text.parse::<RepositoryUrl>().unwrap().as_str(), url, "{text}");
        }
        let long = format!("https://npm.acme.example/{}", "x".repeat(300));
        for text in ["", "https://", "ftp://a.example", "https://u:p@a.example", "https://a.example/?x", "a b", &long] {
            assert!(text.parse::<RepositoryUrl>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_url_of_the_public_registry_is_the_public_registry() {
        for id in Ecosystem::NPM.package_hosts() {
            assert!(RegistryKey::at(Ecosystem::NPM, id.base_url().parse().unwrap()).is_public(), "{id}");
        }
        let acme = RegistryKey::at(Ecosystem::NPM, "https://npm.acme.example/".parse().unwrap());
        assert_eq!(acme.to_string(), "npm https://npm.acme.example");
        assert_eq!((acme.title().as_str(), acme.public().to_string().as_str()), ("npm at npm.acme.example", "npm"));
    }

    #[test]
    fn a_registry_covers_what_lies_below_it() {
        let acme: RepositoryUrl = "https://acme.example/api/npm".parse().unwrap();
        for (url, expected) in [
            ("https://acme.example/api/npm", true),
            ("https://acme.example/api/npm/@acme/x/-/x-1.0.0.tgz", true),
            ("https://acme.example/api/npm/x.tgz?token=a#b", true),
            ("https://acme.example/api/npm-other/x", false),
            ("https://acme.example/api/npm/../pypi/x", false),
            ("https://acme.example.evil.example/api/npm/x", false),
            ("http://acme.example/api/npm/x", false),
            ("https://user@acme.example/api/npm/x", false),
            ("", false),
        ] {
            assert_eq!(acme.covers(url), expected, "{url}");
        }
    }
}
