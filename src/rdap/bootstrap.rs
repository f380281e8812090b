//! Reads IANA's bootstrap file (RFC 9224): the RDAP server of each top-level domain.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use url::Url;

/// Most entries of the file that are kept; it has about 1,200.
const MAX_ENTRIES: usize = 20_000;

/// A file as it is published: for each service its domains, and its URLs in order of preference.
#[derive(Deserialize)]
struct File {
    services: Vec<Vec<Vec<String>>>,
}

/// The URL of the RDAP server of each domain that has one, usually a top-level domain.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Servers(BTreeMap<String, String>);

impl Servers {
    /// Reads a file. Of a service's URLs the first with `https` counts; plain `http` only if `may_be_plain`.
    ///
    /// # Errors
    /// The file is not one of RFC 9224, or names no usable server.
    pub fn read(body: &[u8], may_be_plain: bool) -> Result<Self, String> {
        let file: File = serde_json::from_slice(body).map_err(|error| error.to_string())?;
        let mut servers = BTreeMap::new();
        for service in &file.services {
            let [domains, urls, ..] = service.as_slice() else { return Err("a service has no URLs".to_owned()) };
            let Some(base) = usable(urls, may_be_plain) else { continue };
            for domain in domains.iter().take(MAX_ENTRIES.saturating_sub(servers.len())) {
                servers.insert(domain.trim_matches('.').to_lowercase(), base.to_string());
            }
        }
        if servers.is_empty() { Err("no usable server is in it".to_owned()) } else { Ok(Self(servers)) }
    }

    /// How many domains have a server.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// The server for a domain: that of the entry which has most labels in common with it.
    pub fn of(&self, domain: &str) -> Option<Url> {
        let mut rest = domain;
        while let Some((_, parent)) = rest.split_once('.') {
            if let Some(base) = self.0.get(parent) {
                return base.parse().ok();
            }
            rest = parent;
        }
        None
    }
}

/// The first URL that may be asked, with a slash at its end.
fn usable(urls: &[String], may_be_plain: bool) -> Option<Url> {
    let read = urls.iter().filter_map(|url| Url::parse(url).ok());
    let mut asked: Vec<Url> = read
        .filter(|url| url.scheme() == "https" || (may_be_plain && url.scheme() == "http"))
        .filter(|url| url.username().is_empty() && url.password().is_none() && url.query().is_none())
        .collect();
    asked.sort_by_key(|url| url.scheme() != "https");
    let mut base = asked.into_iter().next()?;
    base.set_fragment(None);
    if !base.path().ends_with('/') {
        base.set_path(&format!("{}/", base.path()));
    }
    Some(base)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(services: &serde_json::Value) -> Result<Servers, String> {
        Servers::read(json!({"version": "1.0", "services": services}).to_string().as_bytes(), false)
    }

    #[test]
    fn the_entry_with_most_labels_decides() {
        let servers = read(&json!([
            [["example", "ORG"], ["http://plain.test/", "https://rdap.test/v1"]],
            [["co.example"], ["https://co.test/"]],
            [["plain"], ["http://plain.test/"]],
            [["key"], ["https://user:secret@rdap.test/"]],
            [["none"], []],
        ]))
        .unwrap();
        let of = |domain: &str| servers.of(domain).map(String::from);
        assert_eq!(of("a.example").as_deref(), Some("https://rdap.test/v1/"));
        assert_eq!(of("a.org").as_deref(), Some("https://rdap.test/v1/"));
        assert_eq!(of("a.co.example").as_deref(), Some("https://co.test/"));
        for domain in ["example", "a.plain", "a.key", "a.none", "a.net", ""] {
            assert_eq!(of(domain), None, "{domain}");
        }
        assert_eq!(servers.len(), 3);
    }

    #[test]
    fn obnoxious_files_are_refused() {
        for body in [
            "",
            "<!doctype html><title>Sign in</title>",
            "[]",
            "{}",
            r#"{"services": {}}"#,
            r#"{"services": []}"#,
            r#"{"services": [[["org"]]]}"#,
            r#"{"services": [[["org"], ["javascript:alert(1)"]]]}"#,
            r#"{"services": [[[7], ["https://rdap.test/"]]]}"#,
        ] {
            assert!(Servers::read(body.as_bytes(), true).is_err(), "{body}");
        }
        let deep = format!("{{\"services\": {}", "[".repeat(100_000));
        assert!(Servers::read(deep.as_bytes(), true).is_err());
    }

    #[test]
    fn what_is_kept_is_read_as_it_was() {
        let servers = read(&json!([[["example"], ["https://rdap.test/"]]])).unwrap();
        let text = serde_json::to_string(&servers).unwrap();
        assert_eq!(serde_json::from_str::<Servers>(&text).unwrap(), servers);
    }
}
