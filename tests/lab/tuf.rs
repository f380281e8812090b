//! A private TUF repository: rotated root metadata, three roles below it, and npm's keys in a delegation. Each has a
//! key, a version and an expiry of its own, and fails on demand.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard},
};

use futures::future::BoxFuture;
use provwatch::{
    http::{Request, Response, Transport, TransportError},
    model::RegistryId,
};
use serde_json::{Value, json};

use super::{
    Lab,
    keys::{Ed25519, sha256},
    server::Respond,
};

/// Who signs npm's keys.
const DELEGATE: &str = "registry";

/// A repository; clones are the same one.
#[derive(Clone)]
pub struct Tuf(Arc<Mutex<State>>);

struct State {
    /// Those of the root role, of which two of three must sign.
    root_keys: Vec<Ed25519>,
    role_key: Ed25519,
    delegate_key: Ed25519,
    roots: Vec<Vec<u8>>,
    version: u64,
    expires: BTreeMap<&'static str, String>,
    trusted_root: Value,
    npm_keys: Option<Value>,
    /// What is answered instead, by the end of a name.
    status: Option<(&'static str, u16)>,
    requests: Vec<String>,
}

impl Tuf {
    pub fn of(lab: &Lab) -> Self {
        let mut state = State {
            root_keys: three(),
            role_key: Ed25519::new(),
            delegate_key: Ed25519::new(),
            roots: Vec::new(),
            version: 1,
            expires: BTreeMap::new(),
            trusted_root: lab.trusted_root(),
            npm_keys: Some(lab.npm_keys()),
            status: None,
            requests: Vec::new(),
        };
        let root = state.root(&[]);
        state.roots.push(root);
        Self(Arc::new(Mutex::new(state)))
    }

    /// The first root metadata: what an operator is given.
    pub fn first_root(&self) -> Vec<u8> {
        self.state().roots[0].clone()
    }

    /// Other keys sign for the root and for the roles, as the old ones vouch.
    pub fn rotate(&self) {
        let mut state = self.state();
        let old = std::mem::replace(&mut state.root_keys, three());
        state.role_key = Ed25519::new();
        state.version += 1;
        let root = state.root(&old.iter().take(2).collect::<Vec<_>>());
        state.roots.push(root);
    }

    /// A next root for which only so many of the old keys vouch.
    pub fn rotate_short_of(&self, signatures: usize) {
        let mut state = self.state();
        let old = std::mem::replace(&mut state.root_keys, three());
        let root = state.root(&old.iter().take(signatures).collect::<Vec<_>>());
        state.roots.push(root);
    }

    /// Distributes another trust root from the next version on.
    pub fn publish(&self, trusted_root: Value) {
        let mut state = self.state();
        state.trusted_root = trusted_root;
        state.version += 1;
    }

    /// Serves an older version again, signed by the same keys.
    pub fn go_back(&self) {
        self.state().version -= 1;
    }

    /// A role (`root`, `timestamp`, `snapshot`, `targets`, `registry`) that is signed from now on expires then. Root metadata
    /// are signed when they are rotated.
    pub fn expire(&self, role: &'static str, at: &str) {
        self.state().expires.insert(role, at.to_owned());
    }

    /// Has no keys of npm.
    pub fn without_npm_keys(&self) {
        self.state().npm_keys = None;
    }

    /// Answers with this status whatever ends so.
    pub fn answer(&self, ending: &'static str, status: u16) {
        self.state().status = Some((ending, status));
    }

    /// Answers as it should.
    pub fn recover(&self) {
        self.state().status = None;
    }

    pub fn requests(&self) -> Vec<String> {
        self.state().requests.clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    fn response(&self, path: &str) -> Response {
        let mut state = self.state();
        let name = path.split_once("/tuf/").map_or(path, |(_, name)| name).to_owned();
        state.requests.push(name.clone());
        let (status, body) = match state.status {
            Some((ending, status)) if name.ends_with(ending) => (status, Vec::new()),
            _ => state.file(&name).map_or((404, Vec::new()), |body| (200, body)),
        };
        Response { status, headers: Vec::new(), body: body.into() }
    }
}

fn three() -> Vec<Ed25519> {
    (0..3).map(|_| Ed25519::new()).collect()
}

fn key_id(key: &Ed25519) -> String {
    hex::encode(sha256(key.raw()))
}

fn listed(keys: &[&Ed25519]) -> Value {
    let key = |key: &&Ed25519| {
        let public = hex::encode(key.raw());
        (key_id(key), json!({"keytype": "ed25519", "scheme": "ed25519", "keyval": {"public": public}}))
    };
    keys.iter().map(key).collect::<serde_json::Map<_, _>>().into()
}

fn role(keys: &[&Ed25519], threshold: usize) -> Value {
    json!({"keyids": keys.iter().map(|key| key_id(key)).collect::<Vec<_>>(), "threshold": threshold})
}

/// Signed metadata. `serde_json` sorts the keys, and where nothing needs an escape that is the canonical form.
fn sign(signed: &Value, keys: &[&Ed25519]) -> Vec<u8> {
    let message = signed.to_string();
    let signature = |key: &&Ed25519| json!({"keyid": key_id(key), "sig": hex::encode(key.sign(message.as_bytes()))});
    json!({"signed": signed, "signatures": keys.iter().map(signature).collect::<Vec<_>>()}).to_string().into_bytes()
}

fn described(content: &[u8]) -> Value {
    json!({"length": content.len(), "hashes": {"sha256": hex::encode(sha256(content))}})
}

fn npm_target() -> String {
    format!("{}/keys.json", RegistryId::NPM.host())
}

impl State {
    fn metadata(&self, kind: &str, role: &str, more: &Value) -> Value {
        let expires = self.expires.get(role).map_or("2027-01-01T00:00:00Z", String::as_str);
        let mut signed = json!({
            "_type": kind, "spec_version": "1.0.31", "version": self.version, "expires": expires,
        });
        signed.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        signed
    }

    /// The next root metadata, signed by its own keys and by those that vouch for it.
    fn root(&self, vouching: &[&Ed25519]) -> Vec<u8> {
        let own: Vec<&Ed25519> = self.root_keys.iter().collect();
        let keys: Vec<&Ed25519> = own.iter().copied().chain([&self.role_key]).collect();
        let below = role(&[&self.role_key], 1);
        let signed = self.metadata(
            "root",
            "root",
            &json!({
                "version": self.roots.len() + 1, "consistent_snapshot": true, "keys": listed(&keys),
                "roles": {"root": role(&own, 2), "timestamp": below, "snapshot": below, "targets": below},
            }),
        );
        sign(&signed, &own.iter().take(2).copied().chain(vouching.iter().copied()).collect::<Vec<_>>())
    }

    fn targets(&self) -> Value {
        let trusted_root = described(self.trusted_root.to_string().as_bytes());
        let mut more = json!({"targets": {"trusted_root.json": trusted_root}});
        if self.npm_keys.is_some() {
            more["delegations"] = json!({
                "keys": listed(&[&self.delegate_key]),
                "roles": [{
                    "name": DELEGATE, "keyids": [key_id(&self.delegate_key)], "threshold": 1, "terminating": true,
                    "paths": [format!("{}/*", RegistryId::NPM.host())],
                }],
            });
        }
        self.metadata("targets", "targets", &more)
    }

    fn delegated(&self) -> Option<Value> {
        let content = self.npm_keys.as_ref()?.to_string();
        let targets = json!({"targets": {npm_target(): described(content.as_bytes())}});
        Some(self.metadata("targets", DELEGATE, &targets))
    }

    fn file(&self, name: &str) -> Option<Vec<u8>> {
        if let Some(version) = name.strip_suffix(".root.json") {
            return self.roots.get(version.parse::<usize>().ok()?.checked_sub(1)?).cloned();
        }
        if let Some(path) = name.strip_prefix("targets/") {
            return self.target(path);
        }
        let pin = json!({"version": self.version});
        let role = |signed: Value| Some(sign(&signed, &[&self.role_key]));
        let version = format!("{}.", self.version);
        match name.strip_prefix(version.as_str()).unwrap_or(name) {
            "timestamp.json" => role(self.metadata("timestamp", "timestamp", &json!({"meta": {"snapshot.json": pin}}))),
            "snapshot.json" => {
                let mut meta = json!({"targets.json": pin});
                if self.npm_keys.is_some() {
                    meta[format!("{DELEGATE}.json")] = pin;
                }
                role(self.metadata("snapshot", "snapshot", &json!({"meta": meta})))
            }
            "targets.json" => role(self.targets()),
            other if other == format!("{DELEGATE}.json") => Some(sign(&self.delegated()?, &[&self.delegate_key])),
            _ => None,
        }
    }

    /// With consistent snapshots a target has its digest before its name.
    fn target(&self, path: &str) -> Option<Vec<u8>> {
        let named = |name: &str, content: &Value| {
            let content = content.to_string().into_bytes();
            let (folder, file) = name.rsplit_once('/').map_or(("", name), |(folder, file)| (folder, file));
            let slash = if folder.is_empty() { "" } else { "/" };
            (path == format!("{folder}{slash}{}.{file}", hex::encode(sha256(&content)))).then_some(content)
        };
        let keys = self.npm_keys.as_ref().and_then(|keys| named(&npm_target(), keys));
        keys.or_else(|| named("trusted_root.json", &self.trusted_root))
    }
}

impl std::fmt::Debug for Tuf {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tuf")
    }
}

impl Transport for Tuf {
    fn exchange<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Response, TransportError>> {
        let answer = self.response(request.url.path());
        Box::pin(async move { Ok(answer) })
    }
}

impl Respond for Tuf {
    fn respond(&self, host: &str, path: &str, _: &[(String, String)], _: &[u8]) -> Option<Response> {
        Some(self.response(&format!("/{host}{path}")))
    }
}
