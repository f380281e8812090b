//! Simulates readable logs with the APIs of Rekor v1, C2SP tlog-tiles and static-ct-api, and RFC 6962. They serve trees
//! of their own, know the truth, and misbehave on demand.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard},
};

use base64::{Engine, prelude::BASE64_STANDARD};
use futures::future::BoxFuture;
use provwatch::http::{Method, Request, Response, Transport, TransportError};
use serde_json::{Value, json};

use super::{
    World, b64,
    ct_leaf::LogLeaf,
    keys::{Ed25519, Key, Rsa, sha256},
    log::{checkpoint_text, path, root, signed_note, split},
};

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

/// What a ledger does wrong.
#[allow(unpredictable_function_pointer_comparisons, reason = "nobody compares those")]
#[derive(Clone, Debug, PartialEq)]
pub enum Misbehaviour {
    /// The published tree has another leaf at this index.
    Fork(usize),
    /// Only the checkpoint has another root.
    OtherRoot,
    /// The checkpoint is an old one.
    RollBack(usize),
    /// Everything after this entry is lost, as on a server that was restored from a backup.
    Restored(usize),
    /// Rekor v1: an active tree is named that nobody signed, and the real one, frozen at so many entries, called inactive.
    FalseSuccessor(usize),
    /// Rekor v1: the oldest shard is called the active one.
    OldestActive,
    /// What is served below this part of a path is gone.
    Withhold(&'static str),
    /// Partial tiles are gone.
    DeletePartials,
    /// One entry is served with other bytes.
    LieInBody(usize),
    /// Tiles of this level have other hashes.
    LieInTiles(u32),
    /// Bundles, or whatever else is served below this part of a path, end early.
    Truncate(&'static str),
    /// Answers grow to so many bytes.
    Oversized(usize),
    /// Somebody else signs.
    WrongKey,
    /// The checkpoint names another log.
    WrongOrigin,
    /// The checkpoint is written otherwise.
    Loose(fn(&str) -> String),
    /// So many strangers sign too.
    Strangers(usize),
    /// Everything is answered with this status.
    Status(u16),
    /// One entry is left out, by its index in the tree.
    Omit(usize),
    /// No proof holds.
    BadProofs,
    /// So many entries are given at once (CT).
    ShortBatches(usize),
    /// Every nth answer about the tree comes from a copy that has only so many entries.
    StaleReplica(usize, usize),
    /// As a fork, and whatever could prove it is answered with this status.
    ForkInSilence(usize, u16),
    /// Shards that are done are not listed any more.
    HideInactive,
    /// Nothing is answered at all.
    Stall,
    /// Every other answer is 429, and asks for so many seconds.
    Overloaded(u64),
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

    fn tiles(&self, state: &State, path: &str) -> Option<Vec<u8>> {
        let (leaves, size) = Self::shown(state, 0);
        if path == "/checkpoint" {
            return Some(self.checkpoint(state, 0).into_bytes());
        }
        let (level, rest) = path.strip_prefix("/tile/")?.split_once('/')?;
        let (number, width) = match rest.split_once(".p/") {
            Some((number, width)) => (number, Some(width.parse::<usize>().ok()?)),
            None => (rest, None),
        };
        let number = number
            .split('/')
            .try_fold(0, |sum, group| Some(sum * 1000 + group.trim_start_matches('x').parse::<usize>().ok()?))?;
        let (first, wanted) = (number * 256, width.unwrap_or(256));
        // A tile is there when the tree, as far as it was built, has it: the static files run ahead of the checkpoint.
        let built = leaves.len().max(size);
        let span = 256_usize.pow(level.parse().unwrap_or_default());
        let is_full = (number + 1) * 256 * span <= built;
        if width.is_some() && is_full && state.wrong == Some(Misbehaviour::DeletePartials) {
            return None;
        }
        let kind = if self.0.api == Api::StaticCt { "data" } else { "entries" };
        if level == kind {
            let tile = if self.0.api == Api::StaticCt { Self::data_tile } else { Self::bundle };
            return (first + wanted <= built).then(|| tile(state, first, first + wanted));
        }
        let level: u32 = level.parse().ok()?;
        let hashes: Vec<[u8; 32]> = leaves[..built].chunks_exact(span).map(root).skip(first).take(wanted).collect();
        (hashes.len() == wanted).then(|| {
            let lie = state.wrong == Some(Misbehaviour::LieInTiles(level));
            hashes.iter().flat_map(|hash| if lie { sha256(hash) } else { *hash }).collect()
        })
    }

    fn bundle(state: &State, from: usize, to: usize) -> Vec<u8> {
        let mut bundle = Vec::new();
        for index in from..to {
            let body = served(state, 0, index);
            bundle.extend(u16::try_from(body.len()).unwrap().to_be_bytes());
            bundle.extend(body);
        }
        bundle
    }

    /// <https://github.com/C2SP/C2SP/blob/main/static-ct-api.md#log-entries>
    fn data_tile(state: &State, from: usize, to: usize) -> Vec<u8> {
        let mut tile = Vec::new();
        for index in from..to {
            let leaf = served(state, 0, index);
            tile.extend(&leaf[2..]);
            if leaf[10..12] == [0, 1] {
                let extra = state.shards[0].extras.get(&index).filter(|extra| !extra.is_empty());
                let extra = extra.map_or(&[0, 0, 0][..], Vec::as_slice);
                let length = u32::from_be_bytes([0, extra[0], extra[1], extra[2]]) as usize;
                tile.extend(&extra[..3 + length]);
            }
            tile.extend([&[0, 32], [9; 32].as_slice()].concat());
        }
        tile
    }

    fn rekor_v1(&self, state: &State, path: &str, body: &[u8]) -> Option<Vec<u8>> {
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let parameter = |name: &str| {
            query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('=').map(str::to_owned))
        };
        let answer = match path {
            "/api/v1/log" => self.log_info(state),
            "/api/v1/log/proof" => {
                let tree: usize = parameter("treeID")?.parse().ok()?;
                let (first, second) = (parameter("firstSize")?.parse().ok()?, parameter("lastSize")?.parse().ok()?);
                let (leaves, _) = Self::shown(state, tree - 1000);
                let mut hashes = consistency(first, leaves.get(..second)?);
                if state.wrong == Some(Misbehaviour::BadProofs) {
                    hashes = vec![[9; 32]; hashes.len()];
                }
                json!({"rootHash": hex::encode(root(&leaves[..second])), "hashes": hexes(&hashes)})
            }
            "/api/v1/log/entries" => {
                let (shard, index) = place(state, parameter("logIndex")?.parse().ok()?)?;
                let (id, entry) = self.entry(state, shard, index)?;
                json!({id: entry})
            }
            "/api/v1/log/entries/retrieve" => {
                let asked: Value = serde_json::from_slice(body).ok()?;
                let asked = asked["logIndexes"].as_array()?;
                assert!(asked.len() <= 10, "the server takes ten");
                let found = asked.iter().filter_map(|index| {
                    let (shard, index) = place(state, index.as_u64()?.try_into().ok()?)?;
                    let (id, entry) = self.entry(state, shard, index)?;
                    Some(json!({id: entry}))
                });
                Value::Array(found.collect())
            }
            "/api/v1/index/retrieve" => {
                let ids = (0..state.shards.len()).flat_map(|shard| {
                    (0..state.shards[shard].published).filter_map(move |index| Some(self.entry(state, shard, index)?.0))
                });
                json!(ids.collect::<Vec<_>>())
            }
            _ => {
                let id = path.strip_prefix("/api/v1/log/entries/")?;
                let all = (0..state.shards.len())
                    .flat_map(|shard| (0..state.shards[shard].published).map(move |index| (shard, index)));
                let (id, entry) =
                    all.filter_map(|(shard, index)| self.entry(state, shard, index)).find(|(own, _)| own == id)?;
                json!({id: entry})
            }
        };
        Some(answer.to_string().into_bytes())
    }

    fn log_info(&self, state: &State) -> Value {
        let info = |shard: usize| {
            let (leaves, size) = Self::shown(state, shard);
            json!({
                "treeID": (1000 + shard).to_string(), "treeSize": size, "rootHash": hex::encode(root(&leaves[..size])),
                "signedTreeHead": self.checkpoint(state, shard),
            })
        };
        let last = state.shards.len() - 1;
        if state.wrong == Some(Misbehaviour::OldestActive) {
            let mut answer = info(0);
            answer["inactiveShards"] = Value::Array((1..=last).map(info).collect());
            return answer;
        }
        let mut answer = info(last);
        if matches!(state.wrong, Some(Misbehaviour::FalseSuccessor(_))) {
            let mut made_up = answer.clone();
            made_up["treeID"] = json!("4711");
            made_up["inactiveShards"] = Value::Array((0..=last).map(info).collect());
            return made_up;
        }
        let first = if state.wrong == Some(Misbehaviour::HideInactive) { last } else { 0 };
        answer["inactiveShards"] = Value::Array((first..last).map(info).collect());
        answer
    }

    fn entry(&self, state: &State, shard: usize, index: usize) -> Option<(String, Value)> {
        let (leaves, size) = Self::shown(state, shard);
        if index >= size || state.wrong == Some(Misbehaviour::Omit(index)) {
            return None;
        }
        let offset: usize = state.shards[..shard].iter().map(|shard| shard.published).sum();
        let body = served(state, shard, index);
        let mut hashes = path(index, &leaves[..size]);
        if state.wrong == Some(Misbehaviour::BadProofs) {
            hashes = vec![[9; 32]; hashes.len()];
        }
        let promise = json!({
            "body": b64(&body), "integratedTime": 1_700_000_000, "logID": hex::encode(sha256(&self.spki())), "logIndex": offset + index,
        });
        let mut entry = promise.clone();
        entry["verification"] = json!({
            "inclusionProof": {
                "logIndex": index, "treeSize": size, "rootHash": hex::encode(root(&leaves[..size])),
                "hashes": hexes(&hashes), "checkpoint": self.checkpoint(state, shard),
            },
            "signedEntryTimestamp": b64(&self.signature(promise.to_string().as_bytes(), false)),
        });
        Some((format!("{:016x}{}", 1000 + shard, hex::encode(sha256(&[&[0], body.as_slice()].concat()))), entry))
    }

    fn ct(&self, state: &State, path: &str) -> Option<Vec<u8>> {
        let (call, query) =
            path.strip_prefix("/ct/v1/")?.split_once('?').unwrap_or((path.strip_prefix("/ct/v1/")?, ""));
        let query: Vec<(String, String)> =
            url::form_urlencoded::parse(query.as_bytes()).map(|(k, v)| (k.into_owned(), v.into_owned())).collect();
        let text = |name: &str| query.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone());
        let number = |name: &str| text(name)?.parse::<usize>().ok();
        let (leaves, size) = Self::shown(state, 0);
        let answer = match call {
            "get-sth" => self.tree_head(state, size, root(&leaves[..size])),
            "get-sth-consistency" => {
                let (first, second) = (number("first")?, number("second")?);
                let mut hashes = consistency(first, leaves.get(..second)?);
                if state.wrong == Some(Misbehaviour::BadProofs) {
                    hashes = vec![[9; 32]; hashes.len()];
                }
                json!({"consistency": b64s(&hashes)})
            }
            "get-proof-by-hash" => {
                let size = number("tree_size")?;
                let hash = BASE64_STANDARD.decode(text("hash")?).ok()?;
                let index = leaves.get(..size)?.iter().position(|leaf| leaf.as_slice() == hash)?;
                json!({"leaf_index": index, "audit_path": b64s(&path_of(index, &leaves[..size]))})
            }
            "get-entries" => {
                let most = match state.wrong {
                    Some(Misbehaviour::ShortBatches(most)) => most,
                    _ => 1000,
                };
                let (start, end) = (number("start")?, (number("end")? + 1).min(size));
                let extra = |index| state.shards[0].extras.get(&index).map_or_else(String::new, |extra| b64(extra));
                let entry = |index| json!({"leaf_input": b64(&served(state, 0, index)), "extra_data": extra(index)});
                json!({"entries": (start..end).take(most).map(entry).collect::<Vec<_>>()})
            }
            _ => return None,
        };
        Some(answer.to_string().into_bytes())
    }

    fn tree_head(&self, state: &State, size: usize, root: [u8; 32]) -> Value {
        let root = if state.wrong == Some(Misbehaviour::OtherRoot) { sha256(b"other") } else { root };
        json!({
            "tree_size": size, "timestamp": TIMESTAMP, "sha256_root_hash": b64(&root),
            "tree_head_signature": b64(&self.of_tree_head(state, size, &root)),
        })
    }

    /// The signature of a tree head: RFC 6962 §3.5.
    fn of_tree_head(&self, state: &State, size: usize, root: &[u8; 32]) -> Vec<u8> {
        let message = [&[0, 1], TIMESTAMP.to_be_bytes().as_slice(), &(size as u64).to_be_bytes(), root].concat();
        let signature = self.signature(&message, state.wrong == Some(Misbehaviour::WrongKey));
        let length = u16::try_from(signature.len()).unwrap().to_be_bytes();
        [&[4, 3], length.as_slice(), &signature].concat()
    }
}

/// An entry's bytes as they are served.
fn served(state: &State, shard: usize, index: usize) -> Vec<u8> {
    let body = state.shards[shard].bodies[index].clone();
    if state.wrong == Some(Misbehaviour::LieInBody(index)) { [body.as_slice(), b" "].concat() } else { body }
}

fn path_of(index: usize, leaves: &[[u8; 32]]) -> Vec<[u8; 32]> {
    path(index, leaves)
}

/// RFC 6962 §2.1.2.
fn consistency(first: usize, leaves: &[[u8; 32]]) -> Vec<[u8; 32]> {
    fn sub(first: usize, leaves: &[[u8; 32]], whole: bool) -> Vec<[u8; 32]> {
        if first == leaves.len() {
            return if whole { Vec::new() } else { vec![root(leaves)] };
        }
        let (left, right) = leaves.split_at(split(leaves.len()));
        let (mut hashes, other) = if first <= left.len() {
            (sub(first, left, whole), root(right))
        } else {
            (sub(first - left.len(), right, false), root(left))
        };
        hashes.push(other);
        hashes
    }
    if first == 0 || first >= leaves.len() { Vec::new() } else { sub(first, leaves, true) }
}

/// The shard and the index in it of a global index.
fn place(state: &State, index: usize) -> Option<(usize, usize)> {
    let mut rest = index;
    for (number, shard) in state.shards.iter().enumerate() {
        if rest < shard.published {
            return Some((number, rest));
        }
        rest -= shard.published;
    }
    None
}

fn hexes(hashes: &[[u8; 32]]) -> Vec<String> {
    hashes.iter().map(hex::encode).collect()
}

fn b64s(hashes: &[[u8; 32]]) -> Vec<String> {
    hashes.iter().map(|hash| b64(hash)).collect()
}

fn response(status: u16, body: Vec<u8>) -> Response {
    Response { status, headers: Vec::new(), body: body.into() }
}

/// A leaf by nobody, as this kind of log writes it.
pub fn body(api: Api, number: usize) -> Vec<u8> {
    match api {
        Api::Ct | Api::StaticCt => ct_leaf(format!("nobody {number}").as_bytes()),
        Api::Tiles | Api::RekorV1 => filler(number),
    }
}

/// A body by nobody.
pub fn filler(number: usize) -> Vec<u8> {
    hashedrekord(format!("certificate of nobody {number}").as_bytes(), &sha256(&number.to_be_bytes()))
}

/// An entry of Rekor v2 over a digest, signed with a certificate.
pub fn hashedrekord(certificate: &[u8], digest: &[u8; 32]) -> Vec<u8> {
    let verifier = json!({"keyDetails": "PKIX_ECDSA_P256_SHA_256", "x509Certificate": {"rawBytes": b64(certificate)}});
    let signature = json!({"content": b64(b"signature"), "verifier": verifier});
    let data = json!({"algorithm": "SHA2_256", "digest": b64(digest)});
    let spec = json!({"hashedRekordV002": {"data": data, "signature": signature}});
    json!({"apiVersion": "0.0.2", "kind": "hashedrekord", "spec": spec}).to_string().into_bytes()
}

/// An entry of Rekor v2 over an envelope, signed with several certificates.
pub fn dsse(certificates: &[&[u8]], digest: &[u8; 32]) -> Vec<u8> {
    let signature = |der: &&[u8]| {
        let verifier = json!({"keyDetails": "PKIX_ECDSA_P256_SHA_256", "x509Certificate": {"rawBytes": b64(der)}});
        json!({"content": b64(b"signature"), "verifier": verifier})
    };
    let signatures: Vec<_> = certificates.iter().map(signature).collect();
    let hash = json!({"algorithm": "SHA2_256", "digest": b64(digest)});
    let spec = json!({"dsseV002": {"payloadHash": hash, "signatures": signatures}});
    json!({"apiVersion": "0.0.2", "kind": "dsse", "spec": spec}).to_string().into_bytes()
}

/// A leaf of a CT log.
pub fn ct_leaf(certificate: &[u8]) -> Vec<u8> {
    let length = u32::try_from(certificate.len()).unwrap().to_be_bytes();
    [&[0, 0], 7_u64.to_be_bytes().as_slice(), &[0, 0], &length[1..], certificate, &[0, 0]].concat()
}

/// Ledgers by their hosts, and the world for all other hosts.
#[derive(Clone)]
pub struct Hosts {
    pub ledgers: Vec<Ledger>,
    pub world: World,
}

impl std::fmt::Debug for Hosts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Hosts")
    }
}

impl Transport for Hosts {
    fn exchange<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Response, TransportError>> {
        let host = request.url.host_str().unwrap_or_default();
        let Some(ledger) = self.ledgers.iter().find(|ledger| ledger.served_at() == host) else {
            return self.world.exchange(request);
        };
        let path = match request.url.query() {
            Some(query) => format!("{}?{query}", request.url.path()),
            None => request.url.path().to_owned(),
        };
        assert!(request.method == Method::Get || path.contains("retrieve"));
        let answer = ledger.respond(&path, request.body.as_deref().unwrap_or_default());
        if ledger.stalls() {
            return Box::pin(async { Err(TransportError::Failed("timed out".to_owned())) });
        }
        let limit = request.max_body;
        Box::pin(async move {
            if answer.body.len() as u64 > limit { Err(TransportError::TooLarge { limit }) } else { Ok(answer) }
        })
    }
}

/// The paths that were asked for, each once.
pub fn distinct(requests: &[String]) -> BTreeSet<&str> {
    requests.iter().map(String::as_str).collect()
}
