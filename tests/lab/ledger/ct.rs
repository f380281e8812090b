//! Answers of a simulated CT log: RFC 6962.

use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::{Value, json};

use super::{Ledger, Misbehaviour, State, TIMESTAMP, served};
use crate::lab::{
    b64,
    keys::sha256,
    log::{self, consistency, root},
};

impl Ledger {
    pub(super) fn ct(&self, state: &State, path: &str) -> Option<Vec<u8>> {
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
                json!({"leaf_index": index, "audit_path": b64s(&log::path(index, &leaves[..size]))})
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
    pub(super) fn of_tree_head(&self, state: &State, size: usize, root: &[u8; 32]) -> Vec<u8> {
        let message = [&[0, 1], TIMESTAMP.to_be_bytes().as_slice(), &(size as u64).to_be_bytes(), root].concat();
        let signature = self.signature(&message, state.wrong == Some(Misbehaviour::WrongKey));
        let length = u16::try_from(signature.len()).unwrap().to_be_bytes();
        [&[4, 3], length.as_slice(), &signature].concat()
    }
}

fn b64s(hashes: &[[u8; 32]]) -> Vec<String> {
    hashes.iter().map(|hash| b64(hash)).collect()
}
