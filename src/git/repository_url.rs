//! The address of a repository, whose host answers Git's protocol over HTTPS.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};
use url::{Host, Url};

/// The service that lists references (gitprotocol-http, "Smart Service git-upload-pack").
const SERVICE: &str = "/git-upload-pack";
/// Most parts of a path; GitLab allows groups in groups.
const MAX_PARTS: usize = 20;
/// Most bytes of a part of a path.
const MAX_PART: usize = 200;
/// Most bytes of a path.
const MAX_PATH: usize = 500;

/// The address of a repository: an origin and a path such as `owner/name`, without credentials, query and `.git`.
///
/// It is https, or plain http at a loopback address. The host rules of the client hold besides.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RepositoryUrl(Url);

/// A text that is not the address of a repository.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("not the https address of a repository, such as https://forge.example/owner/name")]
pub struct NotARepository;

impl RepositoryUrl {
    /// The repository with this path (`owner/name`) at a host (`name` or `name:port`).
    ///
    /// # Errors
    /// The host or the path has characters that an address of a repository does not have.
    pub fn new(host: &str, path: &str) -> Result<Self, NotARepository> {
        if host.contains(['/', '\\', '@', '?', '#']) {
            return Err(NotARepository);
        }
        format!("https://{host}/{path}").parse()
    }

    /// The host, with its port if the address names one.
    pub fn host(&self) -> String {
        let host = self.0.host_str().unwrap_or_default();
        self.0.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
    }

    /// The path: `owner/name`.
    pub fn path(&self) -> &str {
        self.0.path().trim_start_matches('/')
    }

    /// Where references are asked for. All forges know a repository with `.git` behind its name, GitLab only so.
    pub(super) fn service(&self) -> Url {
        let mut url = self.0.clone();
        url.set_path(&format!("{}.git{SERVICE}", self.0.path()));
        url
    }

    /// The repository that a redirect of the service leads to, if it is another one of the same origin.
    pub(super) fn moved_to(&self, location: &str) -> Option<Self> {
        let target = self.service().join(location).ok()?;
        let is_plain = target.query().is_none() && target.fragment().is_none() && has_no_credentials(&target);
        if target.origin() != self.0.origin() || !is_plain {
            return None;
        }
        let path = target.path().strip_suffix(SERVICE)?;
        Self::checked(&target, path).ok().filter(|to| to != self)
    }

    fn checked(url: &Url, path: &str) -> Result<Self, NotARepository> {
        let path = path.trim_matches('/');
        let path = path.strip_suffix(".git").unwrap_or(path);
        let parts = path.split('/');
        let is_path = path.len() <= MAX_PATH && parts.clone().count() <= MAX_PARTS && parts.clone().all(is_part);
        if !is_path || !is_protected(url) {
            return Err(NotARepository);
        }
        let mut url = url.clone();
        url.set_path(path);
        Ok(Self(url))
    }
}

fn is_part(part: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~+".contains(&byte);
    !part.is_empty() && part.len() <= MAX_PART && part != "." && part != ".." && part.bytes().all(is_plain)
}

/// Whether the parties on the path cannot change the answers.
fn is_protected(url: &Url) -> bool {
    let is_loopback = match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(_)) | None => false,
    };
    url.scheme() == "https" || url.scheme() == "http" && is_loopback
}

fn has_no_credentials(url: &Url) -> bool {
    url.username().is_empty() && url.password().is_none()
}

impl FromStr for RepositoryUrl {
    type Err = NotARepository;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let path = text.split_once("://").and_then(|(_, rest)| rest.split_once('/')).ok_or(NotARepository)?.1;
        let url: Url = text.parse().map_err(|_| NotARepository)?;
        // The parser of URLs resolves `..`, and reads `\` as `/`: then another path than the written one remains.
        let is_as_written = url.path().trim_matches('/') == path.trim_matches('/');
        if is_as_written && has_no_credentials(&url) { Self::checked(&url, path) } else { Err(NotARepository) }
    }
}

impl fmt::Display for RepositoryUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_str())
    }
}

impl fmt::Debug for RepositoryUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for RepositoryUrl {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for RepositoryUrl {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_an_origin_and_a_plain_path() {
        for (text, service) in [
            ("https://forge.example/acme/widget", "https://forge.example/acme/widget.git/git-upload-pack"),
            ("https://Forge.example/acme/widget.git/", "https://forge.example/acme/widget.git/git-upload-pack"),
            ("https://forge.example:8443/a/b/c", "https://forge.example:8443/a/b/c.git/git-upload-pack"),
            ("https://forge.example/~ada/c++.js", "https://forge.example/~ada/c++.js.git/git-upload-pack"),
            ("http://127.0.0.1:8080/acme/widget", "http://127.0.0.1:8080/acme/widget.git/git-upload-pack"),
        ] {
            let url: RepositoryUrl = text.parse().unwrap();
            assert_eq!(url.service().as_str(), service);
            assert_eq!(url.to_string().parse::<RepositoryUrl>().unwrap(), url);
        }
        let url = RepositoryUrl::new("Forge.example:8443", "acme/widget.git").unwrap();
        assert_eq!((url.host().as_str(), url.path()), ("forge.example:8443", "acme/widget"));
    }

    #[test]
    fn nothing_else_is_an_address() {
        let long = format!("https://forge.example/{}", "a/".repeat(21));
        for text in [
            "",
            "https://forge.example",
            "https://forge.example/",
            "https://forge.example//",
            "https://forge.example/.git",
            "https://forge.example/acme/../widget",
            "https://forge.example/acme/%2e%2e/widget",
            "https://forge.example/acme/widget?x=1",
            "https://forge.example/acme/widget#x",
            "https://forge.example/acme/wid get",
            "https://forge.example/acme/wid\nget",
            "https://forge.example/acme\\widget",
            "https://forge.example\\@evil.example/widget",
            "https://forge.example?x/acme/widget",
            "https:///acme/widget",
            "https://forge.example/acme/wïdget",
            "https://ada:secret@forge.example/acme/widget",
            "http://forge.example/acme/widget",
            "http://127.0.0.1.forge.example/acme/widget",
            "git://forge.example/acme/widget",
            "file:///srv/git/widget",
            "javascript:alert(1)",
            long.as_str(),
        ] {
            assert_eq!(text.parse::<RepositoryUrl>(), Err(NotARepository), "{text}");
        }
        for host in ["ada@forge.example", "forge.example/x", "forge.example?", "", "forge example"] {
            assert_eq!(RepositoryUrl::new(host, "acme/widget"), Err(NotARepository), "{host}");
        }
    }

    #[test]
    fn a_redirect_leads_to_a_repository_of_the_same_origin_or_nowhere() {
        let url = RepositoryUrl::new("forge.example", "acme/widget").unwrap();
        let moved = |location: &str| url.moved_to(location).map(|to| to.path().to_owned());
        for location in [
            "https://forge.example/new/widget.git/git-upload-pack",
            "https://forge.example/new/widget/git-upload-pack",
            "/new/widget.git/git-upload-pack",
            "https://FORGE.example:443/new/widget.git/git-upload-pack",
        ] {
            assert_eq!(moved(location).as_deref(), Some("new/widget"), "{location}");
        }
        for location in [
            "https://evil.example/new/widget.git/git-upload-pack",
            "http://forge.example/new/widget.git/git-upload-pack",
            "https://forge.example:8443/new/widget.git/git-upload-pack",
            "https://ada@forge.example/new/widget.git/git-upload-pack",
            "https://forge.example/new/widget.git/git-upload-pack?next=1",
            "https://forge.example/login",
            "https://forge.example/git-upload-pack",
            "https://forge.example/acme/widget/git-upload-pack",
            "https://[::1",
            "",
        ] {
            assert_eq!(moved(location), None, "{location}");
        }
    }
}
