//! Credentials for one URL and the paths below it: a token, or a name and password.

use std::fmt;

use base64::{Engine, prelude::BASE64_STANDARD};
use url::Url;

use super::Request;

/// The name of the header.
const HEADER: &str = "authorization";

/// The credentials for a URL and the paths below it. They are sent only there: a redirect to another origin goes
/// without them ([`Client`](super::Client) keeps such headers with their origin).
#[derive(Clone)]
pub struct Credentials {
    place: Url,
    value: String,
}

impl Credentials {
    /// A token for the paths below a URL, in the form of most registries: `Bearer …`.
    pub fn bearer(place: Url, token: &str) -> Self {
        Self { place, value: format!("Bearer {token}") }
    }

    /// A user's name and password, or token.
    pub fn basic(place: Url, user: &str, password: &str) -> Self {
        Self { place, value: format!("Basic {}", BASE64_STANDARD.encode(format!("{user}:{password}"))) }
    }

    /// A bare token, as Cargo sends it.
    pub fn bare(place: Url, token: &str) -> Self {
        Self { place, value: token.to_owned() }
    }

    /// The request with them, if its URL is theirs and it has no credentials itself.
    pub(super) fn on(&self, request: Request) -> Request {
        let belongs = request.url.origin() == self.place.origin() && is_below(&request.url, &self.place);
        if belongs && request.header_value(HEADER).is_none() { request.header(HEADER, &self.value) } else { request }
    }
}

/// Whether a path is another one or below it.
fn is_below(url: &Url, place: &Url) -> bool {
    let place = place.path().trim_end_matches('/');
    url.path().strip_prefix(place).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

impl fmt::Debug for Credentials {
    /// Shows only their URL.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").field("place", &self.place.as_str()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_go_to_their_own_place_only() {
        let place: Url = "https://acme.example/api/npm/".parse().unwrap();
        let credentials = Credentials::bearer(place.clone(), "secret");
        for (url, sent) in [
            ("https://acme.example/api/npm/@acme%2fx", true),
            ("https://acme.example:443/api/npm", true),
            ("https://acme.example/api/npm-other/x", false),
            ("https://acme.example/", false),
            ("https://acme.example:8443/api/npm/x", false),
            ("http://acme.example/api/npm/x", false),
            ("https://npm.example/api/npm/x", false),
            ("https://acme.example.evil.example/api/npm/x", false),
            ("https://acme.example/api/npm/../other/x", false),
        ] {
            let request = credentials.on(Request::get(url.parse().unwrap()));
            assert_eq!(request.header_value(HEADER), sent.then_some("Bearer secret"), "{url}");
        }
        let own = Request::get(place.clone()).header(HEADER, "Bearer other");
        assert_eq!(credentials.on(own).header_value(HEADER), Some("Bearer other"));
        assert!(!format!("{credentials:?}").contains("secret"));
        let basic = Credentials::basic(place.clone(), "ada", "secret").on(Request::get(place.clone()));
        assert_eq!(basic.header_value(HEADER), Some("Basic YWRhOnNlY3JldA=="));
        let bare = Credentials::bare(place.clone(), "secret").on(Request::get(place));
        assert_eq!(bare.header_value(HEADER), Some("secret"));
    }
}
