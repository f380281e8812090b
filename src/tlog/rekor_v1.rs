//! Client of Rekor v1: a log of several trees, the shards, under one global index.
//!
//! Its answers are not trusted: a requested entry that is not in the answer is missing (the server leaves out entries
//! that it does not find), and a proof is checked before its entry is used.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use base64::{Engine, prelude::BASE64_STANDARD};
use bytes::Bytes;
use futures::{
    StreamExt,
    stream::{self, BoxStream},
};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::json;
use url::Url;

use super::{
    checkpoint::MAX_SIZE,
    merkle::{Hash, leaf_hash},
    note::MAX_NOTE,
    page::{EntryPage, RawEntry},
    proof::InclusionProof,
    read::{ATTEMPTS, ReadError, below, fetch_json},
};
use crate::{
    clock::Clock,
    http::{Client, Request},
    model::ConsistencyProof,
};

/// Entries that the server returns at once.
/// <https://github.com/sigstore/rekor/blob/main/pkg/api/entries.go>
pub(crate) const BATCH: u32 = 10;

/// Most bytes of one answer about entries: ten bodies of the server's own limit would be more, but bodies are a few
/// kilobytes each.
const MAX_ANSWER: u64 = 32 * 1024 * 1024;

/// Most shards that are accepted.
const MAX_SHARDS: usize = 1000;

/// A Rekor v1 server.
#[derive(Clone, Debug)]
pub struct RekorV1 {
    http: Client,
    base: Url,
    clock: Arc<dyn Clock>,
    budget: Budget,
}

/// The share of a server that a full tail may use.
#[derive(Clone, Copy, Debug)]
pub struct Budget {
    /// Requests at once.
    pub in_flight: usize,
    /// Entries a second; `None`: as many as it answers.
    pub entries_per_second: Option<u32>,
}

/// A shard as the server describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shard {
    /// The number of its tree.
    pub tree_id: String,
    /// The size of the checkpoint.
    pub size: u64,
    /// The signed note.
    pub checkpoint: String,
    /// Whether it still grows.
    pub active: bool,
    /// The global index of its first entry.
    pub offset: u64,
}

/// One entry with the server's proof. Unverified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntryAnswer {
    /// The tree, if the answer names it.
    pub tree_id: Option<String>,
    /// Its bytes.
    pub body: Bytes,
    /// The global index.
    pub index: u64,
    /// The time at which the log accepted it, seconds since 1970.
    pub integrated_time: i64,
    /// The log's id, hexadecimal.
    pub log_id: String,
    /// The log's promise of inclusion.
    pub timestamp: Option<Vec<u8>>,
    /// The proof, with the index in the tree.
    pub proof: InclusionProof,
    /// The signed note that the proof leads to.
    pub checkpoint: String,
}

/// A query of the search index. Its answers may be incomplete.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SearchBy {
    /// The digest of an artifact or payload, `sha256:` and hexadecimal.
    Hash(String),
    /// An e-mail address of a certificate.
    Email(String),
    /// A certificate's subject alternative name.
    Subject(String),
}

impl EntryAnswer {
    /// The leaf's hash.
    pub fn leaf(&self) -> Hash {
        leaf_hash(&self.body)
    }
}

impl RekorV1 {
    /// The server at a URL.
    pub fn new(http: Client, base: Url, clock: Arc<dyn Clock>, budget: Budget) -> Self {
        Self { http, base, clock, budget }
    }

    /// Every shard, the oldest first.
    ///
    /// # Errors
    /// No usable answer.
    pub async fn shards(&self) -> Result<Vec<Shard>, ReadError> {
        let what = "the log's state";
        let most = (MAX_SHARDS * MAX_NOTE / 32) as u64;
        let info: LogInfo =
            fetch_json(&self.http, Request::get(self.url("log")).max_body(most).max_attempts(ATTEMPTS), what).await?;
        if info.inactive_shards.len() >= MAX_SHARDS {
            return Err(ReadError::malformed(what, format!("{} shards", info.inactive_shards.len())));
        }
        let last = info.inactive_shards.len();
        let mut offset = 0_u64;
        let mut shards = Vec::with_capacity(last + 1);
        for (number, shard) in info.inactive_shards.into_iter().chain([info.active]).enumerate() {
            if !is_tree_id(&shard.tree_id) {
                return Err(ReadError::malformed(what, "a tree's id is not a number"));
            }
            shards.push(Shard {
                tree_id: shard.tree_id,
                size: shard.tree_size,
                checkpoint: shard.signed_tree_head,
                active: number == last,
                offset,
            });
            offset = offset
                .checked_add(shard.tree_size)
                .filter(|offset| *offset <= MAX_SIZE)
                .ok_or_else(|| ReadError::malformed(what, "more entries than can be counted"))?;
        }
        Ok(shards)
    }

    /// The proof that the first `first` entries of a tree are a prefix of its first `second`. Unverified.
    ///
    /// # Errors
    /// No usable answer.
    pub async fn consistency(&self, tree_id: &str, first: u64, second: u64) -> Result<ConsistencyProof, ReadError> {
        let mut url = self.url("log/proof");
        url.query_pairs_mut()
            .append_pair("firstSize", &first.to_string())
            .append_pair("lastSize", &second.to_string())
            .append_pair("treeID", tree_id);
        let what = "a consistency proof";
        let answer: ProofAnswer = fetch_json(&self.http, Request::get(url).max_body(MAX_NOTE as u64), what).await?;
        Ok(ConsistencyProof { first, second, hashes: hashes(&answer.hashes).ok_or_else(|| bad_hash(what))? })
    }

    /// The entry at a global index of a log that signed a tree of `size` entries. Unverified.
    ///
    /// # Errors
    /// [`ReadError::Omitted`] if the server has no entry there, or no usable answer.
    pub async fn entry(&self, index: u64, size: u64) -> Result<EntryAnswer, ReadError> {
        let mut url = self.url("log/entries");
        url.query_pairs_mut().append_pair("logIndex", &index.to_string());
        let what = format!("entry {index}");
        let answer: Result<Answers, _> = fetch_json(&self.http, Request::get(url).max_body(MAX_ANSWER), &what).await;
        let answer = match answer {
            Err(error) if error.is_not_found() => return Err(ReadError::Omitted { index, size }),
            answer => answer?,
        };
        let entries = read(answer, &what)?;
        let wrong = || ReadError::malformed(what, "it is another entry");
        entries.into_iter().find(|entry| entry.index == index).ok_or_else(wrong)
    }

    /// The entry with an id: 64 or 80 hexadecimal digits. `None` if the server has none. Unverified.
    ///
    /// # Errors
    /// No usable answer.
    pub(crate) async fn entry_by_id(&self, id: &str) -> Result<Option<EntryAnswer>, ReadError> {
        let what = format!("the entry {id}");
        let request = Request::get(self.url(&format!("log/entries/{id}"))).max_body(MAX_ANSWER);
        match fetch_json::<Answers>(&self.http, request, &what).await {
            Err(error) if error.is_not_found() => Ok(None),
            answer => Ok(read(answer?, &what)?.into_iter().next()),
        }
    }

    /// The ids of the entries in the search index. The index may be incomplete.
    ///
    /// # Errors
    /// No usable answer.
    pub(crate) async fn search(&self, by: &SearchBy) -> Result<Vec<String>, ReadError> {
        let what = "the search index";
        let query = match by {
            SearchBy::Hash(hash) => json!({"hash": hash}),
            SearchBy::Email(email) => json!({"email": email}),
            SearchBy::Subject(subject) => json!({"subject": subject}),
        };
        let request = Request::post(self.url("index/retrieve"), "application/json", query.to_string());
        let ids: Vec<String> = fetch_json(&self.http, request.accept("application/json"), what).await?;
        if ids.iter().all(|id| [64, 80].contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_hexdigit())) {
            return Ok(ids);
        }
        Err(ReadError::malformed(what, "an id is not 64 or 80 hexadecimal digits"))
    }

    /// The entries `from..to` of a shard, ten to a page, in order, within the budget.
    pub fn pages(
        &self,
        shard_offset: u64,
        from: u64,
        to: u64,
        size: u64,
    ) -> BoxStream<'static, Result<EntryPage, ReadError>> {
        let server = self.clone();
        let began = self.clock.now();
        let batches = (from..to).step_by(BATCH as usize).enumerate();
        let page = move |(number, first): (usize, u64)| {
            let server = server.clone();
            async move {
                let due = server.budget.due(number);
                let waited = (server.clock.now() - began).to_std().unwrap_or_default();
                server.clock.sleep(due.saturating_sub(waited)).await;
                server.batch(shard_offset, first, to.min(first + u64::from(BATCH)), size).await
            }
        };
        stream::iter(batches).map(page).buffered(self.budget.in_flight.max(1)).boxed()
    }

    async fn batch(&self, offset: u64, from: u64, to: u64, size: u64) -> Result<EntryPage, ReadError> {
        let indexes: Vec<u64> = (from..to).map(|index| offset + index).collect();
        let what = format!("entries {} to {}", offset + from, offset + to - 1);
        let query = serde_json::to_vec(&Retrieve { log_indexes: &indexes }).unwrap_or_default();
        let request = Request::post(self.url("log/entries/retrieve"), "application/json", query);
        let request = request.accept("application/json").max_body(MAX_ANSWER);
        let answers: Vec<Answers> = fetch_json(&self.http, request, &what).await?;
        let mut found = BTreeMap::new();
        for entry in answers.into_iter().flatten() {
            found.insert(entry.1.log_index, body(&entry.1, &what)?);
        }
        let entry = |index: &u64| {
            let leaf = found.remove(index).ok_or(ReadError::Omitted { index: *index, size })?;
            Ok(RawEntry { leaf, extra: Bytes::new() })
        };
        Ok(EntryPage { first: from, entries: indexes.iter().map(entry).collect::<Result<_, ReadError>>()? })
    }

    fn url(&self, path: &str) -> Url {
        below(&self.base, &format!("api/v1/{path}"))
    }
}

impl Budget {
    /// The time at which the batch of that number may be requested, counted from the first.
    fn due(self, batch: usize) -> Duration {
        let Some(a_second) = self.entries_per_second else { return Duration::ZERO };
        let entries = u64::try_from(batch).unwrap_or(u64::MAX).saturating_mul(BATCH.into());
        Duration::from_secs(1).saturating_mul(u32::try_from(entries).unwrap_or(u32::MAX)) / a_second.max(1)
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct LogInfo {
    #[serde(flatten)]
    active: ShardInfo,
    #[serde(default)]
    inactive_shards: Vec<ShardInfo>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ShardInfo {
    #[serde(rename = "treeID")]
    tree_id: String,
    tree_size: u64,
    signed_tree_head: String,
}

#[derive(Deserialize)]
struct ProofAnswer {
    #[serde(deserialize_with = "or_default", default)]
    hashes: Vec<String>,
}

/// Go writes an empty list as null.
fn or_default<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Retrieve<'a> {
    log_indexes: &'a [u64],
}

/// Entries by their ids.
type Answers = BTreeMap<String, LogInfoAnswer>;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct LogInfoAnswer {
    body: String,
    #[serde(default)]
    integrated_time: i64,
    #[serde(rename = "logID", default)]
    log_id: String,
    log_index: u64,
    verification: Option<Verification>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Verification {
    inclusion_proof: Option<Inclusion>,
    signed_entry_timestamp: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Inclusion {
    log_index: u64,
    tree_size: u64,
    #[serde(deserialize_with = "or_default", default)]
    hashes: Vec<String>,
    #[serde(default)]
    checkpoint: String,
}

fn read(answers: Answers, what: &str) -> Result<Vec<EntryAnswer>, ReadError> {
    answers.into_iter().map(|(id, answer)| entry(&id, answer, what)).collect()
}

fn entry(id: &str, answer: LogInfoAnswer, what: &str) -> Result<EntryAnswer, ReadError> {
    let body = body(&answer, what)?;
    let verification = answer.verification.ok_or_else(|| ReadError::malformed(what, "the proof is missing"))?;
    let inclusion = verification.inclusion_proof.ok_or_else(|| ReadError::malformed(what, "the proof is missing"))?;
    let path = hashes(&inclusion.hashes).ok_or_else(|| bad_hash(what))?;
    let timestamp = verification.signed_entry_timestamp.map(|text| BASE64_STANDARD.decode(text)).transpose();
    Ok(EntryAnswer {
        tree_id: tree_of(id),
        body,
        index: answer.log_index,
        integrated_time: answer.integrated_time,
        log_id: answer.log_id,
        timestamp: timestamp.map_err(|_| ReadError::malformed(what, "its timestamp is not base64"))?,
        proof: InclusionProof { index: inclusion.log_index, size: inclusion.tree_size, path },
        checkpoint: inclusion.checkpoint,
    })
}

/// The tree with the number in the first 16 of an id's 80 digits.
fn tree_of(id: &str) -> Option<String> {
    let tree = id.get(..16).filter(|_| id.len() == 80)?;
    u64::from_str_radix(tree, 16).ok().map(|tree| tree.to_string())
}

/// Whether it has the form of a tree's number.
fn is_tree_id(text: &str) -> bool {
    (1..=20).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn body(answer: &LogInfoAnswer, what: &str) -> Result<Bytes, ReadError> {
    let body =
        BASE64_STANDARD.decode(&answer.body).map_err(|_| ReadError::malformed(what, "its body is not base64"))?;
    Ok(body.into())
}

fn hashes(texts: &[String]) -> Option<Vec<Hash>> {
    texts.iter().map(|text| Hash::try_from(hex::decode(text).ok()?).ok()).collect()
}

fn bad_hash(what: &str) -> ReadError {
    ReadError::malformed(what, "a hash is not 64 hexadecimal digits")
}
