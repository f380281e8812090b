//! Simulates the parts of GitHub's and GitLab's REST APIs that provwatch uses, with faults on demand.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use futures::future::BoxFuture;
use provwatch::http::{Request, Response, Transport, TransportError};
use serde_json::Value;
use sha2::Digest;

/// A forge: what it answers, by path and query below its API.
#[derive(Clone, Debug, Default)]
pub struct LabForge(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    answers: BTreeMap<String, Value>,
    /// Raw answers, for what is not JSON.
    raw: BTreeMap<String, Vec<u8>>,
    /// How many more questions it answers; `None`: as many as are asked.
    left: Option<u64>,
    status: Option<u16>,
    asked: Vec<(String, Option<String>, bool)>,
}

/// When the lab's limits are reset, seconds since 1970.
pub const RESET: u64 = 1_780_318_800;

impl LabForge {
    pub fn has(&self, path: &str, answer: Value) -> &Self {
        self.0.lock().unwrap().answers.insert(path.to_owned(), answer);
        self
    }

    pub fn lacks(&self, path: &str) {
        self.0.lock().unwrap().answers.remove(path);
    }

    pub fn says(&self, path: &str, bytes: &[u8]) -> &Self {
        self.0.lock().unwrap().raw.insert(path.to_owned(), bytes.to_vec());
        self
    }

    pub fn answers_only(&self, count: u64) {
        self.0.lock().unwrap().left = Some(count);
    }

    pub fn fails_with(&self, status: Option<u16>) {
        self.0.lock().unwrap().status = status;
    }

    /// What was asked, without the API's own path.
    pub fn asked(&self) -> Vec<String> {
        self.0.lock().unwrap().asked.iter().map(|(path, ..)| path.clone()).collect()
    }

    pub fn forget(&self) {
        self.0.lock().unwrap().asked.clear();
    }

    /// The token of the last question, and whether it was conditional.
    pub fn last(&self) -> (Option<String>, bool) {
        let state = self.0.lock().unwrap();
        let (_, token, conditional) = state.asked.last().cloned().unwrap();
        (token, conditional)
    }

    fn respond(&self, request: &Request) -> Response {
        let mut state = self.0.lock().unwrap();
        let path = request.url.path().trim_start_matches("/api/v4/").trim_start_matches("/api/v3/");
        let path = path.trim_start_matches('/');
        let path = request.url.query().map_or_else(|| path.to_owned(), |query| format!("{path}?{query}"));
        let token = ["authorization", "private-token"].into_iter().find_map(|name| request.header_value(name));
        let etag = request.validators.as_ref().and_then(|validators| validators.etag.clone());
        let etag = etag.or_else(|| request.header_value("if-none-match").map(str::to_owned));
        state.asked.push((path.clone(), token.map(str::to_owned), etag.is_some()));
        if let Some(status) = state.status {
            return answer(status, b"<html>", Vec::new());
        }
        let mut headers = Vec::new();
        if let Some(left) = &mut state.left {
            *left = left.saturating_sub(1);
            headers.push(("x-ratelimit-remaining".to_owned(), left.to_string()));
            headers.push(("x-ratelimit-reset".to_owned(), RESET.to_string()));
            if *left == 0 {
                return answer(403, b"{}", headers);
            }
        }
        if let Some(raw) = state.raw.get(&path) {
            return answer(200, raw, headers);
        }
        let Some(value) = state.answers.get(&path) else { return answer(404, b"{}", headers) };
        let text = value.to_string();
        let version = format!("\"{}\"", hex::encode(sha2::Sha256::digest(&text)));
        if etag.as_ref() == Some(&version) {
            return answer(304, b"", headers);
        }
        headers.push(("etag".to_owned(), version));
        answer(200, text.as_bytes(), headers)
    }
}

fn answer(status: u16, body: &[u8], headers: Vec<(String, String)>) -> Response {
    Response { status, headers, body: body.to_vec().into() }
}

impl Transport for LabForge {
    fn exchange<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Response, TransportError>> {
        let response = self.respond(request);
        let limit = request.max_body;
        Box::pin(async move {
            if response.body.len() as u64 > limit { Err(TransportError::TooLarge { limit }) } else { Ok(response) }
        })
    }
}
