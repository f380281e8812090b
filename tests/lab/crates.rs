//! Simulates crates.io: the update feed, the sparse index, the API.

use std::{collections::BTreeMap, fmt::Write};

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Value, json};

use super::{
    keys::sha256,
    world::{Answer, By, Publication},
};

#[derive(Default)]
pub struct CratesWorld {
    trusted_only: bool,
    crates: BTreeMap<String, Vec<Value>>,
    feed: Vec<(String, String, DateTime<Utc>)>,
    /// By their paths.
    contents: BTreeMap<String, Vec<u8>>,
}

impl CratesWorld {
    pub fn publish(&mut self, name: &str, version: &str, publication: &Publication) {
        let at = publication.at.to_rfc3339_opts(SecondsFormat::Micros, true);
        let (published_by, trusted) = match &publication.by {
            By::Token { name, .. } | By::TokenWithProvenance { name, .. } => (
                json!({"id": 1, "login": name, "name": name, "avatar": null, "url": format!("https://github.com/{name}"),
                       "github_username_matches": true, "created_at": "2016-01-01T00:00:00Z"}),
                Value::Null,
            ),
            By::Workflow(workflow) => {
                let uri = workflow.claims.source_repository_uri.clone().unwrap_or_default();
                let data = json!({
                    "provider": "github",
                    "repository": uri.trim_start_matches("https://github.com/"),
                    "run_id": "1001",
                    "sha": workflow.claims.source_repository_digest,
                });
                (Value::Null, data)
            }
        };
        let content = publication.content(".crate").unwrap_or_else(|| format!("{name}-{version}").into_bytes());
        let checksum = hex::encode(sha256(&content));
        self.serve(name, version, content);
        let release = json!({
            "crate": name,
            "num": version,
            "created_at": at,
            "updated_at": at,
            "checksum": checksum,
            "yanked": false,
            "yank_message": null,
            "published_by": published_by,
            "trustpub_data": trusted,
            "audit_actions": [],
            // The company's name before that of the crate is its owner's.
            "repository": format!("https://github.com/acme/{}", name.strip_prefix("acme-").unwrap_or(name)),
        });
        self.crates.entry(name.to_owned()).or_default().push(release);
        self.feed.push((name.to_owned(), version.to_owned(), publication.at));
    }

    /// Serves this content of a version, whatever is stated of it.
    pub fn serve(&mut self, name: &str, version: &str, content: Vec<u8>) {
        self.contents.insert(format!("/crates/{name}/{version}/download"), content);
    }

    /// Lets only trusted publishers publish, or everybody again.
    pub fn refuse_tokens(&mut self, refuse: bool) {
        self.trusted_only = refuse;
    }

    /// Another crate file under a version that is published.
    pub fn replace(&mut self, name: &str, version: &str, at: DateTime<Utc>) {
        for release in self.crates.get_mut(name).unwrap() {
            if release["num"] == version {
                release["checksum"] = json!(hex::encode(sha256(b"another crate")));
            }
        }
        self.feed.push((name.to_owned(), version.to_owned(), at));
    }

    /// Deletes a version; the feed never says so.
    pub fn remove(&mut self, name: &str, version: &str) {
        self.crates.get_mut(name).unwrap().retain(|release| release["num"] != version);
    }

    pub fn yank(&mut self, name: &str, version: &str) {
        for release in self.crates.get_mut(name).unwrap() {
            if release["num"] == version {
                release["yanked"] = json!(true);
            }
        }
    }

    /// Crate and version of everything that is listed.
    pub fn releases(&self) -> Vec<(String, String)> {
        let version = |release: &Value| release["num"].as_str().unwrap().to_owned();
        self.crates.iter().flat_map(|(name, all)| all.iter().map(|one| (name.clone(), version(one)))).collect()
    }

    pub fn api(&self, path: &str) -> Answer {
        let path = path.split('?').next()?;
        let mut parts = path.strip_prefix("/api/v1/crates/")?.split('/');
        let releases = self.crates.get(parts.next()?)?;
        let Some(part) = parts.next() else {
            return Some((
                "application/json",
                Vec::new(),
                json!({"crate": {"trustpub_only": self.trusted_only}}).to_string().into_bytes(),
            ));
        };
        let body = match part {
            "versions" => {
                let newest_first: Vec<&Value> = releases.iter().rev().collect();
                json!({"versions": newest_first, "meta": {"total": releases.len(), "next_page": null}})
            }
            "owners" => json!({"users": [{"id": 1, "login": "ada", "kind": "user"}]}),
            _ => return None,
        };
        Some(("application/json", Vec::new(), body.to_string().into_bytes()))
    }

    pub fn index(&self, path: &str) -> Answer {
        let name = path.rsplit('/').next()?;
        let mut lines = String::new();
        for release in self.crates.get(name)? {
            let line = json!({
                "name": name, "vers": release["num"], "deps": [], "cksum": release["checksum"], "features": {},
                "yanked": release["yanked"], "pubtime": release["created_at"],
            });
            writeln!(lines, "{line}").unwrap();
        }
        Some(("text/plain", Vec::new(), lines.into_bytes()))
    }

    pub fn feed(&self, path: &str) -> Answer {
        if let Some(content) = self.contents.get(path) {
            return Some(("application/octet-stream", Vec::new(), content.clone()));
        }
        if path != "/rss/updates.xml" {
            return None;
        }
        let mut items = String::new();
        for (name, version, at) in self.feed.iter().rev().take(100) {
            let link = format!("https://crates.example/crates/{name}/{version}");
            write!(
                items,
                "<item><title>New crate version published: {name} v{version}</title><link>{link}</link>\
                 <guid>{link}</guid><pubDate>{}</pubDate><crates:name>{name}</crates:name>\
                 <crates:version>{version}</crates:version></item>",
                at.to_rfc2822()
            )
            .unwrap();
        }
        let xml = format!(
            "<?xml version=\"1.0\" encoding=\"utf-8\"?><rss version=\"2.0\" xmlns:crates=\"https://crates.example/\">\
             <channel><title>updates</title><link>https://crates.example/</link><description>recent</description>\
             {items}</channel></rss>"
        );
        Some(("application/rss+xml", Vec::new(), xml.into_bytes()))
    }
}
