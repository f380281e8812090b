//! Client of CT logs (RFC 6962 §4). Fulcio's holds every certificate that it issues.

use base64::{Engine, prelude::BASE64_STANDARD};
use bytes::Bytes;
use futures::{
    StreamExt,
    stream::{self, BoxStream},
};
use serde::Deserialize;
use url::Url;

use super::{
    merkle::{Hash, leaf_hash},
    note::MAX_NOTE,
    page::{EntryPage, RawEntry},
    proof::InclusionProof,
    read::{ATTEMPTS, ReadError, below, fetch, fetch_json},
};
use crate::{
    http::{Client, Request},
    model::ConsistencyProof,
};

/// Entries of one request; the server may return fewer, but at least one.
const BATCH: usize = 256;

/// Most bytes of one page. Real ones have about 2 MiB: 256 entries of 8 KiB with their chains.
const MAX_PAGE: u64 = 32 << 20;

/// Most bytes of one answer with entries.
const MAX_ANSWER: u64 = 32 * 1024 * 1024;

#[derive(Clone, Debug)]
pub struct CtLog {
    http: Client,
    base: Url,
    in_flight: usize,
}

impl CtLog {
    /// The log at a URL: the part before `ct/v1`. `in_flight` requests for entries run at once.
    pub fn new(http: Client, base: Url, in_flight: usize) -> Self {
        Self { http, base, in_flight: in_flight.max(1) }
    }

    /// The unverified signed tree head.
    ///
    /// # Errors
    /// No answer.
    pub async fn tree_head(&self) -> Result<Bytes, ReadError> {
        let request = Request::get(self.url("get-sth")).max_body(MAX_NOTE as u64).max_attempts(ATTEMPTS);
        fetch(&self.http, request, "the signed tree head").await
    }

    /// The proof that the first `first` entries are a prefix of the first `second`. Unverified.
    ///
    /// # Errors
    /// No usable answer.
    pub async fn consistency(&self, first: u64, second: u64) -> Result<ConsistencyProof, ReadError> {
        let what = "a consistency proof";
        let mut url = self.url("get-sth-consistency");
        url.query_pairs_mut().append_pair("first", &first.to_string()).append_pair("second", &second.to_string());
        let answer: Consistency = fetch_json(&self.http, Request::get(url).max_body(MAX_NOTE as u64), what).await?;
        Ok(ConsistencyProof { first, second, hashes: hashes(&answer.consistency, what)? })
    }

    /// The leaf at an index and its inclusion proof in the tree of `size` entries. Unverified.
    ///
    /// # Errors
    /// No usable answer.
    pub async fn leaf(&self, index: u64, size: u64) -> Result<(Hash, InclusionProof), ReadError> {
        let page = self.entries(index, index + 1, size).await?;
        let leaf = leaf_hash(&page.entries.first().ok_or(ReadError::Omitted { index, size })?.leaf);
        let what = "an inclusion proof";
        let mut url = self.url("get-proof-by-hash");
        url.query_pairs_mut()
            .append_pair("hash", &BASE64_STANDARD.encode(leaf))
            .append_pair("tree_size", &size.to_string());
        let answer: Inclusion = fetch_json(&self.http, Request::get(url).max_body(MAX_NOTE as u64), what).await?;
        if answer.leaf_index != index {
            return Err(ReadError::malformed(what, format!("it is of entry {}, not of {index}", answer.leaf_index)));
        }
        Ok((leaf, InclusionProof { index, size, path: hashes(&answer.audit_path, what)? }))
    }

    /// The entries `from..to` of the tree of `size` entries, in order.
    pub fn pages(&self, from: u64, to: u64, size: u64) -> BoxStream<'static, Result<EntryPage, ReadError>> {
        let log = self.clone();
        let batches = (from..to).step_by(BATCH);
        let page = move |first: u64| {
            let log = log.clone();
            async move { log.entries(first, to.min(first + BATCH as u64), size).await }
        };
        stream::iter(batches).map(page).buffered(self.in_flight).boxed()
    }

    /// All of these, in as many requests as the server requires.
    async fn entries(&self, from: u64, to: u64, size: u64) -> Result<EntryPage, ReadError> {
        let mut page = EntryPage { first: from, entries: Vec::new() };
        let mut next = from;
        while next < to {
            let granted = self.granted(next, to, size).await?;
            next += granted.len() as u64;
            page.entries.extend(granted);
            if page.bytes() > MAX_PAGE {
                let what = format!("entries {from} to {}", to - 1);
                return Err(ReadError::malformed(what, format!("they are larger than {} MiB", MAX_PAGE >> 20)));
            }
        }
        Ok(page)
    }

    async fn granted(&self, from: u64, to: u64, size: u64) -> Result<Vec<RawEntry>, ReadError> {
        let what = format!("entries {from} to {}", to - 1);
        let mut url = self.url("get-entries");
        url.query_pairs_mut().append_pair("start", &from.to_string()).append_pair("end", &(to - 1).to_string());
        let answer: Entries = fetch_json(&self.http, Request::get(url).max_body(MAX_ANSWER), &what).await?;
        if answer.entries.is_empty() {
            return Err(ReadError::Omitted { index: from, size });
        }
        let asked = usize::try_from(to - from).unwrap_or(usize::MAX);
        answer.entries.iter().take(asked).map(|entry| entry.read(&what)).collect()
    }

    fn url(&self, call: &str) -> Url {
        below(&self.base, &format!("ct/v1/{call}"))
    }
}

#[derive(Deserialize)]
struct Consistency {
    consistency: Vec<String>,
}

#[derive(Deserialize)]
struct Inclusion {
    leaf_index: u64,
    audit_path: Vec<String>,
}

#[derive(Deserialize)]
struct Entries {
    entries: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    leaf_input: String,
    #[serde(default)]
    extra_data: String,
}

impl Entry {
    fn read(&self, what: &str) -> Result<RawEntry, ReadError> {
        let decode = |text: &str| BASE64_STANDARD.decode(text).map(Bytes::from);
        let bad = |_| ReadError::malformed(what, "an entry is not base64");
        Ok(RawEntry { leaf: decode(&self.leaf_input).map_err(bad)?, extra: decode(&self.extra_data).map_err(bad)? })
    }
}

fn hashes(texts: &[String], what: &str) -> Result<Vec<Hash>, ReadError> {
    let hash = |text: &String| Hash::try_from(BASE64_STANDARD.decode(text).ok()?).ok();
    let hashes: Option<Vec<Hash>> = texts.iter().map(hash).collect();
    hashes.ok_or_else(|| ReadError::malformed(what, "a hash is not 32 bytes in base64"))
}
