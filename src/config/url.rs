//! Web URLs that the configuration accepts.

use std::{fmt, net::IpAddr, str::FromStr};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use url::{Host, Url};

/// An `https` URL without a user name or password; plain `http` only to the machine itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct WebUrl(Url);

impl WebUrl {
    /// A URL that this program knows.
    pub(super) fn known(text: &'static str) -> Self {
        text.parse().expect("a default is a URL")
    }

    /// The URL as it was written.
    pub fn as_url(&self) -> &Url {
        &self.0
    }

    /// The URL as a folder: with a final slash, so that relative names are added to it.
    pub fn as_base(&self) -> Url {
        let mut url = self.0.clone();
        if !url.path().ends_with('/') {
            url.set_path(&format!("{}/", self.0.path()));
        }
        url
    }
}

impl FromStr for WebUrl {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let expected = "expected a URL such as \"https://registry.example/\"";
        let url = Url::parse(text).map_err(|error| format!("{error}; {expected}"))?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err("expected no user name or password in the URL".to_owned());
        }
        if url.fragment().is_some() {
            return Err("expected no #fragment".to_owned());
        }
        match url.scheme() {
            "https" => Ok(Self(url)),
            "http" if is_loopback(&url) => Ok(Self(url)),
            "http" => Err("expected https; http is for loopback addresses only".to_owned()),
            _ => Err(expected.to_owned()),
        }
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => IpAddr::V4(address).is_loopback(),
        Some(Host::Ipv6(address)) => IpAddr::V6(address).is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

impl fmt::Display for WebUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl TryFrom<String> for WebUrl {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<WebUrl> for String {
    fn from(url: WebUrl) -> Self {
        url.0.into()
    }
}

impl JsonSchema for WebUrl {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "WebUrl".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "format": "web-url", "examples": ["https://registry.example/"]})
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_ends_with_a_slash() {
        for (text, base) in [
            ("https://npm.example", "https://npm.example/"),
            ("https://proxy.example/npm", "https://proxy.example/npm/"),
            ("http://127.0.0.1:8080/a/", "http://127.0.0.1:8080/a/"),
            ("http://[::1]/", "http://[::1]/"),
        ] {
            assert_eq!(text.parse::<WebUrl>().unwrap().as_base().as_str(), base);
        }
    }

    #[test]
    fn obnoxious_urls_are_refused() {
        for text in [
            "",
            "npm.example",
            "//npm.example/",
            "http://npm.example/",
            "http://127.0.0.1.evil.example/",
            "https://user:pass@npm.example/",
            "https://npm.example/#x",
            "file:///etc/passwd",
            "javascript:alert(1)",
            "https://",
        ] {
            assert!(text.parse::<WebUrl>().is_err(), "{text}");
        }
    }
}
