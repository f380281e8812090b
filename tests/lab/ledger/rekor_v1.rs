//! Answers of a simulated log with the API of Rekor v1.

use serde_json::{Value, json};

use super::{Ledger, Misbehaviour, State, served};
use crate::lab::{
    b64,
    keys::sha256,
    log::{consistency, path, root},
};

impl Ledger {
    pub(super) fn rekor_v1(&self, state: &State, path: &str, body: &[u8]) -> Option<Vec<u8>> {
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
