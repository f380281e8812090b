//! Tests of npm's feed and registry over scripted answers in the real shapes.

mod document;
mod exchange;
mod feed;
mod malformed;
mod mutations;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{NpmFeed, NpmRegistry, address::Addresses, packument::Packument};
use crate::{
    clock::ManualClock,
    http::{Client, ScriptedTransport, Validators},
    model::{Aspect, AuthMethod, Ecosystem, EvidenceKind, Package, Person, ReleaseStatus, Unread},
    registry::{
        AttestationSource, Cursor, Feed, FeedChange, FeedPage, Known, PackageDocument, PackageState, Question,
        Registry, RegistryError,
    },
};

const LIMIT: u64 = NpmRegistry::DEFAULT_MAX_DOCUMENT;

fn package(name: &str) -> Package {
    Package::new(Ecosystem::NPM, name).unwrap()
}

fn sri(byte: u8) -> String {
    format!("sha512-{}", BASE64_STANDARD.encode([byte; 64]))
}

/// One version as in npm's documents: published with a token, without an attestation.
fn version(name: &str, version: &str) -> Value {
    json!({
        "name": name,
        "version": version,
        "description": "not of interest",
        "scripts": {"test": "node test.js"},
        "repository": {"type": "git", "url": format!("git+https://github.com/{name}/{name}.git")},
        "maintainers": [{"name": "jasonsaayman", "email": "j@example.org"}, {"name": "ada", "email": "a@example.org"}],
        "_id": format!("{name}@{version}"),
        "_npmUser": {"name": "jasonsaayman", "email": "j@example.org"},
        "_hasShrinkwrap": false,
        "dist": {
            "shasum": "0123456789012345678901234567890123456789",
            "integrity": sri(1),
            "tarball": format!("https://npm.example/{name}/-/{name}-{version}.tgz"),
            "fileCount": 3,
            "signatures": [{"keyid": "SHA256:key", "sig": "MEUC"}],
        },
    })
}

/// The publisher of a release that came through trusted publishing.
fn trusted() -> Value {
    json!({
        "name": "GitHub Actions",
        "email": "npm-oidc-no-reply@github.com",
        "trustedPublisher": {"id": "github", "oidcConfigId": "oidc:4bcac187-e959-43d6-a0b2-995f804750a1"},
    })
}

/// The state of axios after the takeover of March 2026: 1.14.0 honest, 1.14.1 not.
fn axios() -> Value {
    let mut honest = version("axios", "1.14.0");
    honest["_npmUser"] = trusted();
    honest["gitHead"] = json!("46bee3dea719b1ad97a9b4ba1bcd5b4cd4f5ef1f");
    honest["dependencies"] = json!({"follow-redirects": "^1.15.11"});
    honest["dist"]["attestations"] = json!({
        "url": "https://elsewhere.example/-/npm/v1/attestations/axios@1.14.0",
        "provenance": {"predicateType": "https://slsa.dev/provenance/v1"},
    });
    let mut evil = version("axios", "1.14.1");
    evil["_npmUser"] = json!({"name": "jasonsaayman", "email": "ifstap@proton.me"});
    evil["dependencies"] = json!({"follow-redirects": "^1.15.11", "plain-crypto-js": "^4.2.1"});
    evil["scripts"] = json!({"postinstall": "node setup.js", "preinstall": "echo", "install": "", "build": "x"});
    json!({
        "_id": "axios",
        "_rev": "37-492fb14479b1ae44c0150d53ab2ce6ba",
        "name": "axios",
        "dist-tags": {"latest": "1.14.1", "next": "1.7.0-beta.2"},
        "versions": {"1.14.0": honest, "1.14.1": evil},
        "time": {
            "created": "2014-08-29T23:08:36.810Z",
            "modified": "2026-03-31T00:21:58.500Z",
            "1.13.9": "2026-01-05T10:00:00.000Z",
            "1.14.0": "2026-03-27T19:01:40.000Z",
            "1.14.1": "2026-03-31T00:21:58.168Z",
        },
        "maintainers": [{"name": "jasonsaayman", "email": "j@example.org"}, {"name": "emilyemorehouse"}],
        "readme": "# axios",
        "license": "MIT",
    })
}

fn read(name: &str, body: &str, known: &[&str]) -> Result<PackageDocument, RegistryError> {
    let addresses = Addresses::below("https://npm.example/".parse().unwrap());
    let known = known.iter().map(|version| (*version).to_owned()).collect();
    Ok(Packument::read(&package(name), body.as_bytes())?.describe(&known, None, &addresses))
}

/// The document of `x` whose only version has this part.
fn document_of(part: &str) -> PackageDocument {
    let time = r#"{"1.0.0":"2026-01-01T00:00:00.000Z"}"#;
    let document = read("x", &format!(r#"{{"name":"x","versions":{{"1.0.0":{part}}},"time":{time}}}"#), &[]).unwrap();
    assert_eq!(document.releases.len() + document.unreadable.len(), 1, "one outcome for {part:.80}");
    document
}

/// The unreadable parts of `x@1.0.0` when its part of the document is this.
fn unread(part: &str) -> BTreeMap<String, String> {
    let document = document_of(part);
    document.releases.into_iter().next().unwrap_or_else(|| panic!("{:?}", document.unreadable)).unread.0
}

struct Stage {
    transport: Arc<ScriptedTransport>,
    http: Client,
}

fn stage() -> Stage {
    let transport = Arc::new(ScriptedTransport::new());
    let http = Client::new(transport.clone(), Arc::new(ManualClock::at_text("2026-04-01T00:00:00Z")));
    Stage { transport, http }
}

impl Stage {
    async fn ask(
        &self,
        name: &str,
        validators: Option<&Validators>,
        revision: Option<&str>,
    ) -> Result<PackageState, RegistryError> {
        let registry = NpmRegistry::new("https://npm.example/".parse().unwrap(), LIMIT);
        let question = Question { known: &Known::default(), validators, revision };
        registry.package(&self.http, &package(name), question).await
    }

    async fn poll(&self, cursor: &str) -> FeedPage {
        let feed = NpmFeed::new("https://replicate.example/".parse().unwrap());
        feed.poll(&self.http, Some(&Cursor(cursor.to_owned()))).await.unwrap()
    }
}
