//! Simulates npm: package documents, the change feed, attestations.

use std::collections::BTreeMap;

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Map, Value, json};

use super::{
    Lab, attestation, b64,
    keys::{sha256, sha512},
    world::{Answer, By, Publication},
};

#[derive(Default)]
pub struct NpmWorld {
    packages: BTreeMap<String, Document>,
    seq: u64,
    attestations: BTreeMap<String, Value>,
    cached: BTreeMap<String, Vec<u8>>,
    /// By their paths.
    tarballs: BTreeMap<String, Vec<u8>>,
}

#[derive(Default)]
struct Document {
    rev: u32,
    seq: u64,
    versions: Map<String, Value>,
    time: Map<String, Value>,
    latest: String,
    tags: BTreeMap<String, String>,
    deleted: bool,
}

fn time(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}

fn tarball_path(name: &str, version: &str) -> String {
    format!("{name}/-/{}-{version}.tgz", name.rsplit('/').next().unwrap())
}

/// The purl as npm writes it into statements.
pub fn purl(name: &str, version: &str) -> String {
    format!("pkg:npm/{}@{version}", name.replacen('@', "%40", 1))
}

impl Document {
    fn revision(&self) -> String {
        format!("{}-{}", self.rev, &hex::encode(sha256(&self.rev.to_be_bytes()))[..32])
    }
}

impl NpmWorld {
    pub fn publish(&mut self, lab: &Lab, name: &str, version: &str, publication: &Publication) {
        let content = publication.content(".tgz").unwrap_or_else(|| format!("{name}@{version}").into_bytes());
        let tarball = sha512(&content);
        self.serve(name, version, content);
        let integrity = format!("sha512-{}", b64(&tarball));
        let base = "https://npm.example/";
        let escaped = name.replace('/', "%2f");
        let mut dist = json!({
            "integrity": integrity,
            "tarball": format!("{base}{}", tarball_path(name, version)),
            "signatures": [attestation::npm_signature(&lab.npm_key, &format!("{name}@{version}:{integrity}"))],
        });
        if let Some(workflow) = publication.attesting() {
            let document = lab.npm_attestations(
                &purl(name, version),
                &hex::encode(tarball),
                workflow,
                publication.at,
                publication.broken,
            );
            self.attestations.insert(format!("{escaped}@{version}"), document);
            dist["attestations"] = json!({
                "url": format!("{base}-/npm/v1/attestations/{escaped}@{version}"),
                "provenance": {"predicateType": "https://slsa.dev/provenance/v1"},
            });
        }
        let mut manifest = json!({
            "name": name,
            "version": version,
            "repository": {"type": "git", "url": format!("git+{}.git", repository(publication, name))},
            "maintainers": [{"name": "ada", "email": "ada@example.org"}],
            "_npmUser": user(publication),
            "dist": dist,
        });
        if let Some(workflow) = publication.attesting() {
            manifest["gitHead"] = json!(workflow.claims.source_repository_digest);
        }
        if let Some(script) = &publication.install_script {
            manifest["scripts"] = json!({"postinstall": script, "test": "node test.js"});
        }
        if !publication.dependencies.is_empty() {
            manifest["dependencies"] =
                publication.dependencies.iter().map(|(name, range)| (name.clone(), json!(range))).collect();
        }
        let document = self.packages.entry(name.to_owned()).or_default();
        document.versions.insert(version.to_owned(), manifest);
        document.time.entry("created").or_insert_with(|| json!(time(publication.at)));
        document.time.insert("modified".to_owned(), json!(time(publication.at)));
        document.time.insert(version.to_owned(), json!(time(publication.at)));
        version.clone_into(&mut document.latest);
        self.changed(name);
    }

    /// Serves this tarball of a version, whatever is stated of it.
    pub fn serve(&mut self, name: &str, version: &str, content: Vec<u8>) {
        self.tarballs.insert(tarball_path(name, version), content);
    }

    /// Another tarball under a version that is published.
    pub fn replace(&mut self, lab: &Lab, name: &str, version: &str) {
        let integrity = format!("sha512-{}", b64(&sha512(b"another tarball")));
        let dist = &mut self.packages.get_mut(name).unwrap().versions[version]["dist"];
        dist["signatures"] =
            json!([attestation::npm_signature(&lab.npm_key, &format!("{name}@{version}:{integrity}"))]);
        dist["integrity"] = json!(integrity);
        if dist["shasum"].is_string() {
            dist["shasum"] = json!("a1".repeat(20));
        }
        self.changed(name);
    }

    /// Changes what the registry says of a version's tarball.
    pub fn restate(&mut self, name: &str, version: &str, change: impl FnOnce(&mut Value)) {
        change(&mut self.packages.get_mut(name).unwrap().versions[version]["dist"]);
        self.changed(name);
    }

    /// Makes the entry of a version something that is not an entry.
    pub fn spoil(&mut self, name: &str, version: &str) {
        self.packages.get_mut(name).unwrap().versions[version] = json!("x");
        self.changed(name);
    }

    pub fn unpublish(&mut self, name: &str, version: &str) {
        self.packages.get_mut(name).unwrap().versions.remove(version);
        self.changed(name);
    }

    /// Moves a dist-tag, as `npm dist-tag add` does.
    pub fn tag(&mut self, name: &str, tag: &str, version: &str) {
        let document = self.packages.get_mut(name).unwrap();
        if tag == "latest" {
            version.clone_into(&mut document.latest);
        } else {
            document.tags.insert(tag.to_owned(), version.to_owned());
        }
        self.changed(name);
    }

    fn changed(&mut self, name: &str) {
        self.seq += 3;
        let document = self.packages.get_mut(name).unwrap();
        document.rev += 1;
        document.seq = self.seq;
    }

    /// From now on the registry's cache serves the document as it is now, whatever the feed announces.
    pub fn lag(&mut self, name: &str) {
        let (_, _, body) = self.registry(&format!("/{name}")).unwrap();
        self.cached.insert(name.to_owned(), body);
    }

    /// The cache is as new as the feed again.
    pub fn catch_up(&mut self, name: &str) {
        self.cached.remove(name);
    }

    /// Takes the whole package down.
    pub fn take_down(&mut self, name: &str) {
        self.changed(name);
        self.packages.get_mut(name).unwrap().deleted = true;
    }

    /// A package that was taken down comes back without a version.
    pub fn revive(&mut self, name: &str, without: &str) {
        let document = self.packages.get_mut(name).unwrap();
        document.deleted = false;
        document.versions.remove(without);
        self.changed(name);
    }

    /// The feed's last sequence.
    pub fn sequence(&self) -> u64 {
        self.seq
    }

    /// Package and version of everything that can be installed.
    pub fn releases(&self) -> Vec<(String, String)> {
        let there = self.packages.iter().filter(|(_, document)| !document.deleted);
        there.flat_map(|(name, document)| document.versions.keys().map(|v| (name.clone(), v.clone()))).collect()
    }

    /// Starts the sequence anew, as npm did in 2021.
    pub fn reset_sequence(&mut self) {
        self.seq = 0;
        for document in self.packages.values_mut() {
            self.seq += 1;
            document.seq = self.seq;
        }
    }

    pub fn registry(&self, path: &str) -> Answer {
        if let Some(release) = path.strip_prefix("/-/npm/v1/attestations/") {
            let release = release.replace("%2F", "%2f");
            return Some(("application/json", Vec::new(), self.attestations.get(&release)?.to_string().into_bytes()));
        }
        let name = path.trim_start_matches('/').replace("%2f", "/").replace("%2F", "/").replace("%40", "@");
        if let Some(content) = self.tarballs.get(&name) {
            return Some(("application/octet-stream", Vec::new(), content.clone()));
        }
        if let Some(body) = self.cached.get(&name) {
            return Some(("application/json", Vec::new(), body.clone()));
        }
        let document = self.packages.get(&name).filter(|document| !document.deleted)?;
        let mut tags = document.tags.clone();
        tags.insert("latest".to_owned(), document.latest.clone());
        let body = json!({
            "_id": name,
            "_rev": document.revision(),
            "name": name,
            "dist-tags": tags,
            "versions": document.versions,
            "time": document.time,
            "maintainers": [{"name": "ada", "email": "ada@example.org"}],
            "readme": "not of interest",
        });
        Some(("application/json", Vec::new(), body.to_string().into_bytes()))
    }

    pub fn replicate(&self, path: &str) -> Answer {
        let json = |body: Value| Some(("application/json", Vec::new(), body.to_string().into_bytes()));
        let Some((_, query)) = path.split_once("_changes?") else {
            return json(json!({"db_name": "registry", "doc_count": self.packages.len(), "update_seq": self.seq}));
        };
        let number = |key: &str| -> Option<u64> {
            query.split('&').find_map(|pair| pair.strip_prefix(key)?.strip_prefix('=')?.parse().ok())
        };
        let since = number("since").unwrap_or(0);
        let limit = usize::try_from(number("limit").unwrap_or(1000)).unwrap();
        let mut rows: Vec<&String> =
            self.packages.iter().filter(|(_, document)| document.seq > since).map(|(name, _)| name).collect();
        rows.sort_by_key(|name| self.packages[*name].seq);
        rows.truncate(limit);
        let last = rows.last().map_or(since.min(self.seq), |name| self.packages[*name].seq);
        let results: Vec<Value> = rows
            .iter()
            .map(|name| {
                let document = &self.packages[*name];
                let mut row = json!({"seq": document.seq, "id": name, "changes": [{"rev": document.revision()}]});
                if document.deleted {
                    row["deleted"] = json!(true);
                }
                row
            })
            .collect();
        json(json!({"results": results, "last_seq": last}))
    }
}

fn repository(publication: &Publication, name: &str) -> String {
    let uri = publication.attesting().and_then(|workflow| workflow.claims.source_repository_uri.clone());
    uri.unwrap_or_else(|| format!("https://github.com/acme/{}", name.rsplit('/').next().unwrap()))
}

fn user(publication: &Publication) -> Value {
    match &publication.by {
        By::Token { name, email } | By::TokenWithProvenance { name, email, .. } => {
            json!({"name": name, "email": email})
        }
        By::Workflow(_) => json!({
            "name": "GitHub Actions",
            "email": "npm-oidc-no-reply@github.com",
            "trustedPublisher": {"id": "github", "oidcConfigId": "oidc:4bcac187-e959-43d6-a0b2-995f804750a1"},
        }),
    }
}
