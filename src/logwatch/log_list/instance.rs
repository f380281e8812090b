//! The description of a log from the configuration or a trust root, before the log is asked.

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
    /// What the operator calls it.
    pub name: String,
    /// The protocol of the log.
    pub kind: LogKind,
    /// Where.
    pub url: Url,
    /// The origin of its checkpoints; for Rekor v1 without the number of a tree.
    pub origin: String,
    /// Its public key, `SubjectPublicKeyInfo`.
    pub spki: Vec<u8>,
    /// Whether it is read whole, if that differs from its kind.
    pub tail: Option<bool>,
    /// When it began to sign, where that is known.
    pub since: Option<DateTime<Utc>>,
    /// When another log takes its place, where that is known.
    pub until: Option<DateTime<Utc>>,
    /// Kind, URL and origin are a guess that the log's own answer may correct: what the guess is made from. `None`: the
    /// operator said so.
    pub guess: Option<Guess>,
}

impl Instance {
    /// SHA-256 over its public key, hexadecimal.
    pub fn key_id(&self) -> String {
        key_id(&self.spki)
    }
}

/// What a trust root says of a log besides its key.
#[derive(Clone, Debug)]
pub struct Guess {
    /// What it holds.
    pub holds: TrustedLogHolds,
    /// Its URL.
    pub base: Url,
    /// Where the operator says that it is read instead.
    pub fixed: Option<Url>,
    /// Whether the log has answered as what it is taken for: then it is not a guess any more.
    pub is_confirmed: bool,
}

impl Guess {
    /// Below which URL it is looked for.
    pub fn place(&self) -> &Url {
        self.fixed.as_ref().unwrap_or(&self.base)
    }
}

/// Where a log of this kind is read. Rekor v2 serves below `/api/v2`, which the trust root leaves out.
pub fn usual_url(base: &Url, kind: LogKind) -> Url {
    if kind == LogKind::Tiles { below(base, "api/v2/") } else { base.clone() }
}

/// What a log at this URL may call itself: the host with its port and path, or without the port.
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
