//! Simulates readable logs with the APIs of Rekor v1, C2SP tlog-tiles and static-ct-api, and RFC 6962. They serve trees
//! of their own, know the truth, and misbehave on demand.

mod bodies;
mod ct;
mod hosts;
mod misbehaviour;
mod rekor_v1;
mod tiles;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard},
};

use provwatch::http::Response;
use serde_json::{Value, json};

use super::{
    b64,
    ct_leaf::LogLeaf,
    keys::{Ed25519, Key, Rsa, sha256},
    log::{TransparencyLog, checkpoint_text, root, signed_note},
};
pub use bodies::{body, ct_leaf, dsse, filler, hashedrekord};
pub use hosts::Hosts;
pub use misbehaviour::Misbehaviour;

/// How a ledger is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Api {
    Tiles,
    RekorV1,
    Ct,
    StaticCt,
}

/// With what a ledger signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    Ed25519,
    P256,
    Rsa,
}

/// When tree heads say that they were signed, milliseconds since 1970.
const TIMESTAMP: u64 = 1_780_000_000_000;

/// A log.
#[derive(Clone)]
pub struct Ledger(Arc<Inner>);

struct Inner {
    host: String,
    /// What it calls itself.
    origin: String,
    served_at: String,
    api: Api,
    scheme: Scheme,
    ed25519: Arc<Ed25519>,
    p256: Arc<Key>,
    rsa: Option<Arc<Rsa>>,
    stranger: Arc<(Ed25519, Key)>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    shards: Vec<Shard>,
    wrong: Option<Misbehaviour>,
    requests: Vec<String>,
}

#[derive(Clone, Default)]
struct Shard {
    bodies: Vec<Vec<u8>>,
    leaves: Vec<[u8; 32]>,
    published: usize,
    /// What a CT log says beside an entry.
    extras: BTreeMap<usize, Vec<u8>>,
}

impl Ledger {
    pub fn new(host: &str, api: Api) -> Self {
        let scheme = if api == Api::Tiles { Scheme::Ed25519 } else { Scheme::P256 };
        Self::signing(host, host, api, scheme)
    }

    /// A log that calls itself something, and signs in some way.
    pub fn signing(host: &str, origin: &str, api: Api, scheme: Scheme) -> Self {
        let state = State { shards: vec![Shard::default()], ..State::default() };
        Self(Arc::new(Inner {
            host: host.to_owned(),
            origin: origin.to_owned(),
            served_at: host.to_owned(),
            api,
            scheme,
            ed25519: Arc::new(Ed25519::new()),
            p256: Arc::new(Key::p256()),
            rsa: (scheme == Scheme::Rsa).then(Rsa::new).map(Arc::new),
            stranger: Arc::new((Ed25519::new(), Key::p256())),
            state: Mutex::new(state),
        }))
    }

    /// The log that attestations are logged in, as others read it.
    pub fn of_log(log: &TransparencyLog) -> Self {
        let mut ledger = Self::new(&log.name, Api::RekorV1);
        let inner = Arc::get_mut(&mut ledger.0).unwrap();
        inner.p256 = Arc::clone(&log.key);
        let shards = usize::try_from(log.tree - 1000).unwrap();
        inner.state.get_mut().unwrap().shards = vec![Shard::default(); shards + 1];
        ledger.catch_up(log);
        ledger
    }

    /// Logs what the other log has more, and publishes.
    pub fn catch_up(&self, log: &TransparencyLog) {
        for body in log.bodies().into_iter().skip(self.size()) {
            self.append(body);
        }
        self.publish();
    }

    /// The same log, signed with the same keys, at another host. From here on each goes its own way.
    pub fn mirror(&self, host: &str) -> Self {
        let state = State { shards: self.state().shards.clone(), ..State::default() };
        Self(Arc::new(Inner {
            host: self.0.host.clone(),
            origin: self.0.origin.clone(),
            served_at: host.to_owned(),
            api: self.0.api,
            scheme: self.0.scheme,
            ed25519: Arc::clone(&self.0.ed25519),
            p256: Arc::clone(&self.0.p256),
            rsa: self.0.rsa.clone(),
            stranger: Arc::clone(&self.0.stranger),
            state: Mutex::new(state),
        }))
    }

    /// The host where it is read.
    pub fn served_at(&self) -> &str {
        &self.0.served_at
    }

    pub fn host(&self) -> &str {
        &self.0.host
    }

    pub fn api(&self) -> Api {
        self.0.api
    }

    /// The origin of a shard's checkpoints.
    pub fn origin(&self, shard: usize) -> String {
        match self.0.api {
            Api::RekorV1 => format!("{} - {}", self.0.origin, 1000 + shard),
            _ => self.0.origin.clone(),
        }
    }

    /// Its public key, DER SubjectPublicKeyInfo.
    pub fn spki(&self) -> Vec<u8> {
        match (self.0.scheme, &self.0.rsa) {
            (Scheme::Rsa, Some(rsa)) => rsa.spki(),
            (Scheme::Ed25519, _) => self.0.ed25519.spki(),
            _ => self.0.p256.spki(),
        }
    }

    pub fn public_key_pem(&self) -> String {
        format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", b64(&self.spki()))
    }

    /// Its signature, or a stranger's.
    fn signature(&self, message: &[u8], stranger: bool) -> Vec<u8> {
        match (self.0.scheme, &self.0.rsa) {
            (Scheme::Rsa, Some(rsa)) if !stranger => rsa.sign(message),
            (Scheme::Ed25519, _) if stranger => self.0.stranger.0.sign(message),
            (Scheme::Ed25519, _) => self.0.ed25519.sign(message),
            _ if stranger => self.0.stranger.1.sign(message),
            _ => self.0.p256.sign(message),
        }
    }

    /// The hash that its notes name its key by: Rekor v1 and ECDSA keys without the name of the log.
    fn note_id(&self) -> [u8; 32] {
        let of_name = |kind: &[u8]| sha256(&[self.0.origin.as_bytes(), b"\n", kind].concat());
        match (self.0.api, self.0.scheme) {
            (Api::StaticCt, _) => of_name(&[&[5], sha256(&self.spki()).as_slice()].concat()),
            (Api::Tiles, Scheme::Ed25519) => of_name(&[&[1], self.0.ed25519.raw()].concat()),
            (Api::Tiles, Scheme::Rsa) => of_name(&[b"\xffPKIX-RSA-PKCS#1v1.5", self.spki().as_slice()].concat()),
            _ => sha256(&self.spki()),
        }
    }

    /// The `[[logs.instance]]` that reads it, with its key in this file.
    pub fn instance(&self, key: &std::path::Path, url: &str) -> String {
        let kind = match self.0.api {
            Api::Tiles => "tiles",
            Api::RekorV1 => "rekor-v1",
            Api::Ct => "ct",
            Api::StaticCt => "static-ct",
        };
        let (name, origin) = (&self.0.served_at, &self.0.origin);
        format!(
            "\n[[logs.instance]]\nname = \"{name}\"\nkind = \"{kind}\"\nurl = \"{url}\"\norigin = \"{origin}\"\n\
             public_key = \"{}\"\ntail = true\n",
            key.display()
        )
    }

    /// Logs a body in the newest shard. The checkpoint does not cover it before [`Self::publish`].
    pub fn append(&self, body: impl Into<Vec<u8>>) -> usize {
        let mut state = self.state();
        let shard = state.shards.last_mut().unwrap();
        let body = body.into();
        shard.leaves.push(sha256(&[&[0], body.as_slice()].concat()));
        shard.bodies.push(body);
        shard.leaves.len() - 1
    }

    /// Logs a leaf of a CT log with what is said beside it.
    pub fn append_leaf(&self, leaf: &LogLeaf) -> usize {
        let index = self.append(leaf.leaf_input.clone());
        self.state().shards.last_mut().unwrap().extras.insert(index, leaf.extra_data.clone());
        index
    }

    /// Logs so many bodies that nobody watches, and publishes.
    pub fn grow(&self, count: usize) {
        (0..count).for_each(|_| {
            let number = self.size();
            self.append(filler(number));
        });
        self.publish();
    }

    pub fn publish(&self) {
        let mut state = self.state();
        let shard = state.shards.last_mut().unwrap();
        shard.published = shard.leaves.len();
    }

    /// Rekor v1: the shard is done, another one begins.
    pub fn rotate(&self) {
        self.publish();
        self.state().shards.push(Shard::default());
    }

    pub fn size(&self) -> usize {
        self.state().shards.last().unwrap().leaves.len()
    }

    pub fn body(&self, index: usize) -> Vec<u8> {
        self.state().shards.last().unwrap().bodies[index].clone()
    }

    /// The true root of the newest shard's first entries.
    pub fn root(&self, size: usize) -> [u8; 32] {
        root(&self.state().shards.last().unwrap().leaves[..size])
    }

    pub fn misbehave(&self, wrong: Misbehaviour) {
        self.state().wrong = Some(wrong);
    }

    pub fn behave(&self) {
        self.state().wrong = None;
    }

    pub fn requests(&self) -> Vec<String> {
        self.state().requests.clone()
    }

    pub fn forget_requests(&self) {
        self.state().requests.clear();
    }

    /// Lets the history from an index on be another one, as a log that was forked shows it.
    pub fn rewrite(&self, index: usize, body: impl Into<Vec<u8>>) {
        let mut state = self.state();
        let shard = state.shards.last_mut().unwrap();
        let body = body.into();
        shard.leaves[index] = sha256(&[&[0], body.as_slice()].concat());
        shard.bodies[index] = body;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap()
    }

    /// Whether it leaves its callers without an answer.
    pub fn stalls(&self) -> bool {
        self.state().wrong == Some(Misbehaviour::Stall)
    }

    /// It, as a trust root names it, until another log takes its place.
    pub fn trusted(&self, until: Option<&str>) -> Value {
        let spki = self.spki();
        let id = sha256(&spki);
        let details = match self.0.scheme {
            Scheme::Ed25519 => "PKIX_ED25519",
            Scheme::P256 => "PKIX_ECDSA_P256_SHA_256",
            Scheme::Rsa => "PKIX_RSA_PKCS1V15_2048_SHA256",
        };
        let mut validity = json!({"start": "2020-01-01T00:00:00Z"});
        if let Some(until) = until {
            validity["end"] = json!(until);
        }
        json!({
            "baseUrl": format!("https://{}", self.0.host), "hashAlgorithm": "SHA2_256",
            "publicKey": {"rawBytes": b64(&spki), "keyDetails": details, "validFor": validity}, "logId": {"keyId": b64(&id)},
        })
    }

    /// Answers one request.
    pub fn respond(&self, path: &str, body: &[u8]) -> Response {
        let path = path.strip_prefix("/api/v2").unwrap_or(path);
        let mut state = self.state();
        state.requests.push(path.to_owned());
        let state = &*state;
        let wrong = state.wrong.clone();
        if let Some(Misbehaviour::Status(status)) = wrong {
            return response(status, b"<html>trouble</html>".to_vec());
        }
        if let Some(Misbehaviour::Overloaded(seconds)) = wrong
            && state.requests.len() % 2 == 1
        {
            let headers = vec![("retry-after".to_owned(), seconds.to_string())];
            return Response { headers, ..response(429, Vec::new()) };
        }
        if let Some(Misbehaviour::ForkInSilence(_, status)) = wrong
            && ["/tile/", "/log/proof", "/log/entries", "consistency", "get-proof"]
                .iter()
                .any(|part| path.contains(part))
        {
            return response(status, Vec::new());
        }
        if matches!(wrong, Some(Misbehaviour::Withhold(part)) if path.contains(part)) {
            return response(404, Vec::new());
        }
        let answer = match self.0.api {
            Api::Tiles | Api::StaticCt => self.tiles(state, path),
            Api::RekorV1 => self.rekor_v1(state, path, body),
            Api::Ct => self.ct(state, path),
        };
        match (answer, wrong) {
            (Some(mut answer), Some(Misbehaviour::Truncate(part))) if path.contains(part) => {
                answer.truncate(answer.len().saturating_sub(1));
                response(200, answer)
            }
            (Some(mut answer), Some(Misbehaviour::Oversized(bytes))) => {
                answer.resize(bytes, b'x');
                response(200, answer)
            }
            (Some(answer), _) => response(200, answer),
            (None, _) => response(404, Vec::new()),
        }
    }

    /// The leaves as they are shown, and how many of them the checkpoint covers.
    fn shown(state: &State, shard: usize) -> (Vec<[u8; 32]>, usize) {
        let shard = &state.shards[shard];
        let mut leaves = shard.leaves.clone();
        let mut size = shard.published;
        match state.wrong {
            Some(Misbehaviour::Fork(at) | Misbehaviour::ForkInSilence(at, _)) => leaves[at] = sha256(b"fork"),
            Some(Misbehaviour::RollBack(to) | Misbehaviour::FalseSuccessor(to)) => size = to,
            Some(Misbehaviour::Restored(to)) => {
                leaves.truncate(to);
                size = to;
            }
            Some(Misbehaviour::StaleReplica(every, to)) if state.requests.len().is_multiple_of(every) => {
                size = size.min(to);
            }
            _ => {}
        }
        (leaves, size)
    }

    fn checkpoint(&self, state: &State, shard: usize) -> String {
        let (leaves, size) = Self::shown(state, shard);
        self.sign(state, shard, size, root(&leaves[..size]))
    }

    fn sign(&self, state: &State, shard: usize, size: usize, root: [u8; 32]) -> String {
        let wrong = state.wrong.as_ref();
        let root = if wrong == Some(&Misbehaviour::OtherRoot) { sha256(b"other") } else { root };
        let origin =
            if wrong == Some(&Misbehaviour::WrongOrigin) { "other.example".to_owned() } else { self.origin(shard) };
        let text = checkpoint_text(&origin, size, &root);
        let text = match wrong {
            Some(Misbehaviour::Loose(loose)) => loose(&text),
            _ => text,
        };
        let stranger = wrong == Some(&Misbehaviour::WrongKey);
        let signature = match self.0.api {
            Api::StaticCt => [&TIMESTAMP.to_be_bytes(), self.of_tree_head(state, size, &root).as_slice()].concat(),
            _ => self.signature(text.as_bytes(), stranger),
        };
        let note = signed_note(&text, &self.0.origin, &self.note_id(), &signature);
        match wrong {
            Some(Misbehaviour::Strangers(count)) => {
                let line = format!("\u{2014} stranger.example {}\n", b64(&[7; 68]));
                format!("{note}{}", line.repeat(*count))
            }
            _ => note,
        }
    }
}

/// An entry's bytes as they are served.
fn served(state: &State, shard: usize, index: usize) -> Vec<u8> {
    let body = state.shards[shard].bodies[index].clone();
    if state.wrong == Some(Misbehaviour::LieInBody(index)) { [body.as_slice(), b" "].concat() } else { body }
}

fn response(status: u16, body: Vec<u8>) -> Response {
    Response { status, headers: Vec::new(), body: body.into() }
}

/// The paths that were asked for, each once.
pub fn distinct(requests: &[String]) -> BTreeSet<&str> {
    requests.iter().map(String::as_str).collect()
}
