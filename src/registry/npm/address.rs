//! Builds the URLs of npm documents below the configured base.

use std::fmt::Write as _;

use url::Url;

use crate::{
    model::{Package, ReleaseId},
    registry::archives::bare,
};

/// Builds URLs below the base that the operator configured. A URL that a document gives is never followed.
#[derive(Clone, Debug)]
pub(super) struct Addresses(Url);

impl Addresses {
    /// Addresses below `base`, with or without a final slash; a query or fragment is dropped.
    pub(super) fn below(mut base: Url) -> Self {
        base.set_query(None);
        base.set_fragment(None);
        if !base.path().ends_with('/') {
            base.set_path(&format!("{}/", base.path()));
        }
        Self(base)
    }

    /// The base itself; at the replication service, the document with the tip of the feed.
    pub(super) fn base(&self) -> Url {
        self.0.clone()
    }

    /// The feed's page after a sequence.
    pub(super) fn changes(&self, since: &str, limit: usize) -> Url {
        let mut url = self.at("registry/_changes");
        url.query_pairs_mut().append_pair("since", since).append_pair("limit", &limit.to_string());
        url
    }

    /// A package document.
    pub(super) fn packument(&self, package: &Package) -> Url {
        self.at(&escaped_name(package))
    }

    /// The attestations document of a release.
    pub(super) fn attestations(&self, release: &ReleaseId) -> Url {
        let name = escaped_name(release.package());
        self.at(&format!("-/npm/v1/attestations/{name}@{}", escaped(release.version())))
    }

    /// The document of a single version.
    pub(super) fn version(&self, release: &ReleaseId) -> Url {
        self.at(&format!("{}/{}", escaped_name(release.package()), escaped(release.version())))
    }

    /// The tarball of a package by its file name, where the registry's clients look for it.
    pub(super) fn tarball(&self, package: &Package, file: &str) -> Url {
        self.at(&format!("{}/-/{}", package.name(), escaped(file)))
    }

    /// A URL of a document if it is on the host of the base.
    pub(super) fn own(&self, text: &str) -> Option<Url> {
        let url = bare(Url::parse(text).ok()?).ok()?;
        (url.origin() == self.0.origin()).then_some(url)
    }

    fn at(&self, path: &str) -> Url {
        let mut url = self.0.clone();
        url.set_path(&format!("{}{path}", self.0.path()));
        url
    }
}

/// `@scope%2fname`, in the registry's clients' lower case, so that its caches are hit. Names are URL-safe otherwise.
fn escaped_name(package: &Package) -> String {
    package.name().replace('/', "%2f")
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'.' | b'-' | b'_' | b'~' => out.push(char::from(byte)),
            // Writing to a String cannot fail.
            _ => _ = write!(out, "%{byte:02X}"),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Ecosystem;

    fn addresses(base: &str) -> Addresses {
        Addresses::below(base.parse().unwrap())
    }

    #[test]
    fn urls_stand_below_the_base() {
        let scoped = Package::new(Ecosystem::NPM, "@scope/name").unwrap();
        for base in ["https://npm.example/mirror", "https://npm.example/mirror/", "https://npm.example/mirror?x#y"] {
            let addresses = addresses(base);
            assert_eq!(addresses.packument(&scoped).as_str(), "https://npm.example/mirror/@scope%2fname");
            assert_eq!(
                addresses.attestations(&scoped.at("1.0.0")).as_str(),
                "https://npm.example/mirror/-/npm/v1/attestations/@scope%2fname@1.0.0"
            );
            assert_eq!(
                addresses.version(&scoped.at("1.0.0")).as_str(),
                "https://npm.example/mirror/@scope%2fname/1.0.0"
            );
            assert_eq!(
                addresses.changes("12", 100).as_str(),
                "https://npm.example/mirror/registry/_changes?since=12&limit=100"
            );
        }
    }

    #[test]
    fn a_tarball_is_on_the_host_of_the_base() {
        let addresses = addresses("https://npm.example/mirror");
        let scoped = Package::new(Ecosystem::NPM, "@scope/name").unwrap();
        let usual = addresses.tarball(&scoped, "name-1.0.0.tgz");
        assert_eq!(usual.as_str(), "https://npm.example/mirror/@scope/name/-/name-1.0.0.tgz");
        assert_eq!(addresses.tarball(&scoped, "../x?y#z").path(), "/mirror/@scope/name/-/..%2Fx%3Fy%23z");
        for (text, own) in [
            ("https://npm.example/download/x.tgz#sha1", Some("https://npm.example/download/x.tgz")),
            ("https://npm.example:444/x.tgz", None),
            ("http://npm.example/x.tgz", None),
            ("https://me:secret@npm.example/x.tgz", None),
            ("https://evil.example/x.tgz", None),
            ("/x.tgz", None),
        ] {
            assert_eq!(addresses.own(text).as_ref().map(Url::as_str), own, "{text}");
        }
    }

    #[test]
    fn hostile_texts_stay_within_their_segment() {
        let package = Package::new(Ecosystem::NPM, "x").unwrap();
        let addresses = addresses("https://npm.example/");
        assert_eq!(
            addresses.attestations(&package.at("1/../../y?z#%2f\\é")).as_str(),
            "https://npm.example/-/npm/v1/attestations/x@1%2F..%2F..%2Fy%3Fz%23%252f%5C%C3%A9"
        );
        assert_eq!(
            addresses.changes("1&limit=0", 7).as_str(),
            "https://npm.example/registry/_changes?since=1%26limit%3D0&limit=7"
        );
    }
}
