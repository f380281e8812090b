//! Parses signed tree heads of CT logs (RFC 6962 §3.5 and §4.3).

use base64::{Engine, prelude::BASE64_STANDARD};
use chrono::{DateTime, Utc};
use serde::Deserialize;

use super::{key::LogKey, merkle::Hash};

/// A verified tree head.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TreeHead {
    /// The number of entries.
    pub size: u64,
    /// The root hash over them.
    pub root: Hash,
    /// Its signing time, as the log gives it.
    pub signed_at: DateTime<Utc>,
}

/// The reason why a document is not a tree head of a log.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TreeHeadError {
    /// Not the JSON of the RFC.
    #[error("the tree head is malformed: {0}")]
    Form(String),
    /// Not signed with the log's key.
    #[error("the tree head is not signed with the log's key")]
    Signature,
}

#[derive(Deserialize)]
struct TreeHeadAnswer {
    tree_size: u64,
    timestamp: u64,
    sha256_root_hash: String,
    tree_head_signature: String,
}

/// Verifies the answer of `get-sth`.
///
/// # Errors
/// Another form, or no signature of this key.
pub fn verify(document: &[u8], key: &LogKey) -> Result<TreeHead, TreeHeadError> {
    let form = |why: &str| TreeHeadError::Form(why.to_owned());
    let answer: TreeHeadAnswer =
        serde_json::from_slice(document).map_err(|error| TreeHeadError::Form(error.to_string()))?;
    let decode = |text: &str| BASE64_STANDARD.decode(text).map_err(|_| form("a value is not base64"));
    let root = Hash::try_from(decode(&answer.sha256_root_hash)?).map_err(|_| form("the root is not 32 bytes"))?;
    let signed_at = answer.timestamp.try_into().ok().and_then(DateTime::from_timestamp_millis);
    let signed_at = signed_at.ok_or_else(|| form("the time is out of range"))?;
    check(key, answer.timestamp, answer.tree_size, &root, &decode(&answer.tree_head_signature)?)?;
    Ok(TreeHead { size: answer.tree_size, root, signed_at })
}

/// Verifies the signature of a static CT log's note (a tree head's, with the time before it), and returns the time.
///
/// # Errors
/// Another form, or no signature of this key.
pub fn verify_note(bytes: &[u8], key: &LogKey, size: u64, root: &Hash) -> Result<DateTime<Utc>, TreeHeadError> {
    let form = |why: &str| TreeHeadError::Form(why.to_owned());
    let (timestamp, signature) = bytes.split_first_chunk::<8>().ok_or_else(|| form("the signature has no time"))?;
    let timestamp = u64::from_be_bytes(*timestamp);
    let signed_at = timestamp.try_into().ok().and_then(DateTime::from_timestamp_millis);
    check(key, timestamp, size, root, signature)?;
    signed_at.ok_or_else(|| form("the time is out of range"))
}

/// The signature is over version 1, signature type `tree_hash`, time, size and root.
fn check(key: &LogKey, timestamp: u64, size: u64, root: &Hash, signature: &[u8]) -> Result<(), TreeHeadError> {
    let signature = digitally_signed(signature)
        .ok_or_else(|| TreeHeadError::Form("the signature is not one of SHA-256".to_owned()))?;
    let signed = [&[0, 1], timestamp.to_be_bytes().as_slice(), &size.to_be_bytes(), root].concat();
    if key.verifies(&signed, signature) { Ok(()) } else { Err(TreeHeadError::Signature) }
}

/// The signature in TLS's `DigitallySigned`: hash 4 (SHA-256), an algorithm, a length, the bytes.
pub(super) fn digitally_signed(bytes: &[u8]) -> Option<&[u8]> {
    let ([4, _, high, low], signature) = bytes.split_first_chunk::<4>()? else { return None };
    (signature.len() == usize::from(u16::from_be_bytes([*high, *low]))).then_some(signature)
}
