//! The description of a log from the configuration or a trust root, before the first request to the log.

use chrono::{DateTime, Utc};
use url::Url;

use crate::{
    attest::TrustedLogHolds,
    store::LogKind,
    tlog::{key_id, read::below},
};

/// A log that the configuration names.
#[derive(Clone, Debug)]
pub struct Instance {
    /// The operator's name for it.
    pub name: String,
    /// Its protocol.
    pub kind: LogKind,
    /// Its URL.
    pub url: Url,
    /// The origin of its checkpoints; for Rekor v1 without the number of a tree.
    pub origin: String,
    /// Its public key, `SubjectPublicKeyInfo`.
    pub spki: Vec<u8>,
    /// Whether it is tailed, if that differs from the default of its kind.
    pub tail: Option<bool>,
    /// The start of its signing, if known.
    pub since: Option<DateTime<Utc>>,
    /// The time at which another log replaces it, if known.
    pub until: Option<DateTime<Utc>>,
    /// Kind, URL and origin are a guess from these facts, and the log's own answer may correct it. `None`: the
    /// configuration gives them.
    pub guess: Option<Guess>,
}

impl Instance {
    /// SHA-256 over its public key, hexadecimal.
    pub fn key_id(&self) -> String {
        key_id(&self.spki)
    }
}

/// The description of a log in a trust root, besides its key.
#[derive(Clone, Debug)]
pub struct Guess {
    /// The content of the log.
    pub holds: TrustedLogHolds,
    /// Its URL.
    pub base: Url,
    /// The URL that the configuration gives instead.
    pub fixed: Option<Url>,
    /// Whether the log has answered as this kind: then it is not a guess any more.
    pub is_confirmed: bool,
}

impl Guess {
    /// The URL below which it is looked for.
    pub fn place(&self) -> &Url {
        self.fixed.as_ref().unwrap_or(&self.base)
    }
}

/// The usual URL of a log of this kind. Rekor v2 serves below `/api/v2`, which the trust root leaves out.
pub fn usual_url(base: &Url, kind: LogKind) -> Url {
    if kind == LogKind::Tiles { below(base, "api/v2/") } else { base.clone() }
}

/// The possible origins of a log at this URL: the host with its port and path, or without the port.
pub fn origins(base: &Url) -> Vec<String> {
    let Some(host) = base.host_str() else { return Vec::new() };
    let path = base.path().trim_end_matches('/');
    let mut origins = vec![format!("{host}{path}")];
    if let Some(port) = base.port() {
        origins.insert(0, format!("{host}:{port}{path}"));
    }
    origins
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_port_belongs_to_the_name() {
        for (url, expected) in [
            ("https://log.example/", vec!["log.example"]),
            ("https://log.example:443/", vec!["log.example"]),
            ("https://log.example/one/", vec!["log.example/one"]),
            ("http://127.0.0.1:9001", vec!["127.0.0.1:9001", "127.0.0.1"]),
        ] {
            assert_eq!(origins(&url.parse().unwrap()), expected);
        }
    }
}
