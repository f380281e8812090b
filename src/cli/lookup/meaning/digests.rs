//! Digests: of files, of signed data, of keys, of log entries, of commits.

use super::{Meaning, Topic, places};
use crate::{
    cli::{
        exit::CliError,
        lookup::term::{Algorithm, AnyDigest},
        used::used,
    },
    model::Fingerprint,
    store::{EntryTrace, Store, StoreError, Trace},
};

/// Most entries of one leaf.
const SAME_LEAF: usize = 10;

/// Two files may have one SHA-1.
const SHA1_WARNING: &str =
    "Two files can have the same SHA-1: compare the SHA-256 or SHA-512 before you take one for the other.";

/// Most releases that a note about lock files names.
const LOCKED: usize = 5;

pub(super) fn file(store: &Store, read: Meaning, digest: &AnyDigest) -> Result<Meaning, CliError> {
    let read = locked(store, read, &format!("{}:{}", digest.algorithm.as_str(), digest.hex))?;
    let (name, hex) = (digest.algorithm.as_str(), &*digest.hex);
    let what = format!("{name} {hex}");
    Ok(match digest.algorithm {
        Algorithm::Sha1 => {
            let read = read.being(what, &[Topic::Files, Topic::Sha1]);
            read.by([Trace::Sha1(hex)]).noting(SHA1_WARNING)
        }
        Algorithm::Sha256 => {
            let what = format!("{what} of a file, of signed data, of a key, of a log entry or of a commit");
            any_sha256(store, read.being(what, &[Topic::Files, Topic::Certificates, Topic::Logs]), hex)?
        }
        Algorithm::Sha512 => read.being(format!("{what} of a file"), &[Topic::Files]).by([Trace::Digest(hex)]),
    })
}

/// Digits of which only the number is known.
pub(super) fn hex(store: &Store, read: Meaning, hex: &str) -> Result<Meaning, CliError> {
    if hex.len() == 40 {
        let what = format!("{hex}: a commit, or the SHA-1 of a file");
        let read = read.being(what, &[Topic::Certificates, Topic::Files, Topic::Sha1]);
        return Ok(read.signed_by([Trace::Commit(hex)]).by([Trace::Sha1(hex)]).noting(SHA1_WARNING));
    }
    if let Ok(fingerprint) = hex.parse::<Fingerprint>()
        && let Some(alert) = store.alert(&fingerprint)?
    {
        return Ok(places::of_alert(read, alert));
    }
    let read = locked(store, read, &format!("sha256:{hex}"))?;
    let what = format!("{hex}: the SHA-256 of a file, of signed data or of a key, a leaf hash, or a commit");
    Ok(any_sha256(store, read.being(what, &[Topic::Files, Topic::Certificates, Topic::Logs]), hex)?)
}

/// With a note for each release of which a lock file of the inventory demands a digest: also of packages that are not watched.
fn locked(store: &Store, mut read: Meaning, digest: &str) -> Result<Meaning, CliError> {
    // Of weak and unknown algorithms lock files demand none.
    let Ok(digest) = digest.parse() else { return Ok(read) };
    for used in used(store, store.locked_by_digest(&digest, LOCKED)?)? {
        let (release, by) = used.words();
        read = read.noting(format!("Lock files of the inventory demand this digest of {release}: {by}"));
    }
    Ok(read)
}

fn any_sha256(store: &Store, read: Meaning, hex: &str) -> Result<Meaning, StoreError> {
    let read = read.by([Trace::Digest(hex), Trace::Signed(hex)]).signed_by([Trace::Commit(hex)]);
    let read = read.logged([EntryTrace::Digest(hex.to_owned()), EntryTrace::Key(hex.to_owned())]);
    let leaf = hex::decode(hex).ok().and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
    leaf.map_or(Ok(read.clone()), |leaf| with_leaf(store, read, leaf))
}

pub(super) fn signed(read: Meaning, hex: &str) -> Meaning {
    let read = read.being(format!("data with the SHA-256 {hex} that is signed"), &[Topic::Certificates, Topic::Logs]);
    read.by([Trace::Signed(hex)]).logged([EntryTrace::Digest(hex.to_owned())])
}

pub(super) fn key(store: &Store, read: Meaning, hex: &str) -> Result<Meaning, CliError> {
    let read = read.being(format!("a public key with the SHA-256 {hex}"), &[Topic::Certificates, Topic::Logs]);
    let read = read.by([Trace::Signed(hex)]).logged([EntryTrace::Key(hex.to_owned())]);
    let logs = store.log_reaches()?;
    let of_log = logs.into_iter().find(|log| log.key_id == hex);
    Ok(match of_log {
        Some(log) => read.noting(format!("It is the key of the log {}, which signs its checkpoints.", log.name)),
        None => read,
    })
}

pub(super) fn leaf(store: &Store, read: Meaning, leaf: [u8; 32]) -> Result<Meaning, CliError> {
    let what = format!("a log entry with the leaf hash {}", hex::encode(leaf));
    Ok(with_leaf(store, read.being(what, &[Topic::Logs]), leaf)?)
}

/// The entry of a leaf, and the releases that name its place.
fn with_leaf(store: &Store, read: Meaning, leaf: [u8; 32]) -> Result<Meaning, StoreError> {
    let found = store.entries_by(&[vec![EntryTrace::Leaf(leaf)]], SAME_LEAF)?;
    let mut read = read.logged([EntryTrace::Leaf(leaf)]);
    for row in &found.entries {
        let offset = store.log_reaches()?.into_iter().find(|log| log.name == row.log).map_or(0, |log| log.offset);
        let index = offset.saturating_add(row.entry.index);
        read = read.by([Trace::LogEntry { origin: &row.log, index }]);
    }
    if read.clue.is_empty() {
        // No release names an entry that is not known.
        read.among = Some(Vec::new());
    }
    Ok(read)
}

pub(super) fn commit(read: Meaning, hex: &str) -> Meaning {
    read.being(format!("the commit {hex}"), &[Topic::Certificates]).signed_by([Trace::Commit(hex)])
}
