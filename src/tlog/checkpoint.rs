//! Checkpoints: signed commitments of a log to its tree. <https://github.com/C2SP/C2SP/blob/main/tlog-checkpoint.md>

use std::fmt;

use base64::{Engine, prelude::BASE64_STANDARD};
use chrono::{DateTime, Utc};

use super::{
    key::LogKey,
    merkle::{Hash, empty_root},
    note::{NoteError, NoteSignature, UnverifiedNote},
    tree_head::{self, TreeHeadError},
};

/// The statement of a log about itself at one moment.
#[derive(Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// The log, or one tree of it.
    pub origin: String,
    /// The number of entries.
    pub size: u64,
    /// The root hash over them.
    pub root: Hash,
}

impl fmt::Debug for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.origin, self.size, hex::encode(self.root))
    }
}

/// A checkpoint with the document that the log signed. Only verification makes one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedCheckpoint {
    checkpoint: Checkpoint,
    note: String,
    /// The signing time of a CT log; notes have no time.
    signed_at: Option<DateTime<Utc>>,
}

impl SignedCheckpoint {
    /// The signed checkpoint.
    pub fn checkpoint(&self) -> &Checkpoint {
        &self.checkpoint
    }

    /// The number of entries.
    pub fn size(&self) -> u64 {
        self.checkpoint.size
    }

    /// The root hash over them.
    pub fn root(&self) -> &Hash {
        &self.checkpoint.root
    }

    /// The document as the log served it: a signed note, or a CT log's signed tree head (JSON).
    pub fn note(&self) -> &str {
        &self.note
    }

    /// A checkpoint that was verified before it was stored.
    pub(crate) fn kept(checkpoint: Checkpoint, note: String) -> Self {
        Self { checkpoint, note, signed_at: None }
    }

    /// Its signing time, if the log gives it.
    pub fn signed_at(&self) -> Option<DateTime<Utc>> {
        self.signed_at
    }
}

/// The largest tree that is accepted, 2⁶³ − 1 entries: the most that the database can count, and far more than any log
/// has.
pub const MAX_SIZE: u64 = i64::MAX.unsigned_abs();

/// The reason why a document is not a checkpoint of a log.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointError {
    /// Not a signed note.
    #[error("the checkpoint is not a signed note")]
    Note(#[from] NoteError),
    /// The first three lines are not origin, size and root.
    #[error("the checkpoint is malformed: {0}")]
    Form(&'static str),
    /// Of another log.
    #[error("the checkpoint is of {found:?}, not of {expected:?}")]
    Origin {
        /// The expected log.
        expected: String,
        /// The log in the document.
        found: String,
    },
    /// No signature of the log's key.
    #[error("the checkpoint is not signed with the key of {0:?}")]
    Signature(String),
    /// Not a CT log's signed tree head.
    #[error(transparent)]
    TreeHead(#[from] TreeHeadError),
    /// The log is of another kind than expected. This is not a violation.
    #[error("{0:?} is a static CT log, which is not understood as a log of Rekor entries; its kind is \"static-ct\"")]
    StaticCt(String),
}

/// The signer of a log's checkpoints, with their form.
#[derive(Debug)]
pub enum Signer {
    /// A log whose notes are signed in the name of their origin: Rekor v2 and every log of the standard.
    Note {
        /// The origin.
        origin: String,
        /// The key.
        key: LogKey,
    },
    /// A shard of Rekor v1: the origin is the log's name and the number of the tree, the signature the name's alone.
    RekorV1 {
        /// The name.
        name: String,
        /// The key.
        key: LogKey,
    },
    /// A CT log (RFC 6962).
    Ct {
        /// Its local name; its tree heads have no name.
        origin: String,
        /// The key.
        key: LogKey,
    },
    /// A static CT log: notes in the name of their origin, with the signature of a CT log.
    StaticCt {
        /// The origin.
        origin: String,
        /// The key.
        key: LogKey,
    },
}

impl Checkpoint {
    /// What a note says of a tree, whether or not it is signed.
    ///
    /// # Errors
    /// It does not follow the standard.
    pub fn unverified(note: &[u8]) -> Result<Self, CheckpointError> {
        read(UnverifiedNote::parse(note)?.text)
    }
}

impl Signer {
    /// Whether a note has a signature line with this name and the id of this key, whether or not the signature holds.
    pub fn is_claimed(&self, note: &[u8]) -> bool {
        let ids = self.key().note_ids(self.name());
        let is_ours = |line: &NoteSignature<'_>| line.name == self.name() && ids.contains(&line.key_id);
        UnverifiedNote::parse(note).is_ok_and(|note| note.signatures.iter().any(is_ours))
    }

    /// The log's name: the origin, for Rekor v1 without the number of the tree.
    pub fn name(&self) -> &str {
        match self {
            Self::Note { origin, .. } | Self::Ct { origin, .. } | Self::StaticCt { origin, .. } => origin,
            Self::RekorV1 { name, .. } => name,
        }
    }

    /// The log's key.
    pub fn key(&self) -> &LogKey {
        match self {
            Self::Note { key, .. } | Self::RekorV1 { key, .. } | Self::Ct { key, .. } | Self::StaticCt { key, .. } => {
                key
            }
        }
    }

    /// Verifies a document that the log served.
    ///
    /// # Errors
    /// It does not follow the standard, is of another log, or is not signed with the log's key.
    pub fn verify(&self, document: &[u8]) -> Result<SignedCheckpoint, CheckpointError> {
        if let Self::Ct { origin, key } = self {
            let head = tree_head::verify(document, key)?;
            let checkpoint = Checkpoint { origin: origin.clone(), size: head.size, root: head.root };
            let note = String::from_utf8_lossy(document).into_owned();
            return Ok(SignedCheckpoint { checkpoint, note, signed_at: Some(head.signed_at) });
        }
        let note = UnverifiedNote::parse(document)?;
        let checkpoint = read(note.text)?;
        if !self.is_origin(&checkpoint.origin) {
            return Err(CheckpointError::Origin { expected: self.name().to_owned(), found: checkpoint.origin });
        }
        let signed_at = self.verify_signature(&note, &checkpoint)?;
        let note = String::from_utf8_lossy(document).into_owned();
        Ok(SignedCheckpoint { checkpoint, note, signed_at })
    }

    /// Its signing time, if the log gives it.
    fn verify_signature(
        &self,
        note: &UnverifiedNote<'_>,
        checkpoint: &Checkpoint,
    ) -> Result<Option<DateTime<Utc>>, CheckpointError> {
        let (key, name) = (self.key(), self.name());
        let missing = || CheckpointError::Signature(name.to_owned());
        let of_tree_head = key.tree_head_signature(note, name);
        match self {
            Self::StaticCt { .. } => {
                let signature = of_tree_head.ok_or_else(missing)?;
                Ok(Some(tree_head::verify_note(signature, key, checkpoint.size, &checkpoint.root)?))
            }
            _ if key.signed(note, name) => Ok(None),
            _ if of_tree_head.is_some() => Err(CheckpointError::StaticCt(name.to_owned())),
            _ => Err(missing()),
        }
    }

    fn is_origin(&self, found: &str) -> bool {
        match self {
            Self::Note { origin, .. } | Self::Ct { origin, .. } | Self::StaticCt { origin, .. } => found == origin,
            Self::RekorV1 { name, .. } => tree_id(name, found).is_some(),
        }
    }
}

/// The number of the tree in an origin of Rekor v1: `rekor.sigstore.dev - 1193050959916656506`.
pub fn tree_id<'a>(name: &str, origin: &'a str) -> Option<&'a str> {
    let tree = origin.strip_prefix(name)?.strip_prefix(" - ")?;
    (!tree.is_empty() && tree.len() <= 20 && tree.bytes().all(|byte| byte.is_ascii_digit())).then_some(tree)
}

/// The log's name in an origin of Rekor v1.
pub fn name_of_tree(origin: &str) -> Option<&str> {
    let (name, _) = origin.rsplit_once(" - ")?;
    tree_id(name, origin).map(|_| name)
}

/// Reads the first three lines; the following ones are extensions, which the signature covers and provwatch does not
/// read.
fn read(text: &str) -> Result<Checkpoint, CheckpointError> {
    let mut lines = text.split('\n');
    let mut line = || lines.next().filter(|line| !line.is_empty()).ok_or(CheckpointError::Form("a line is missing"));
    let (origin, size, root) = (line()?, line()?, line()?);
    let checkpoint = Checkpoint { origin: origin.to_owned(), size: number(size)?, root: hash(root)? };
    if checkpoint.size == 0 && checkpoint.root != empty_root() {
        return Err(CheckpointError::Form("the root of a checkpoint of 0 entries is not that of the empty tree"));
    }
    Ok(checkpoint)
}

/// A decimal number without signs or leading zeros.
fn number(text: &str) -> Result<u64, CheckpointError> {
    let number: u64 = text.parse().map_err(|_| CheckpointError::Form("the size is not a number"))?;
    if number > MAX_SIZE {
        return Err(CheckpointError::Form("the size is more than any log can have"));
    }
    if number.to_string() == text { Ok(number) } else { Err(CheckpointError::Form("the size is not a plain number")) }
}

fn hash(text: &str) -> Result<Hash, CheckpointError> {
    let root = BASE64_STANDARD.decode(text).ok().and_then(|bytes| Hash::try_from(bytes).ok());
    root.ok_or(CheckpointError::Form("the root is not 32 bytes in base64"))
}

#[cfg(test)]
mod tests {
    use sigstore_trust_root::{SIGSTORE_PRODUCTION_TRUSTED_ROOT, TrustedRoot};

    use super::*;

    /// Checkpoints that public logs signed, from published bundles.
    const REAL: &str = include_str!("../../tests/data/log/checkpoints.jsonl");

    #[derive(serde::Deserialize)]
    struct Real {
        origin: String,
        size: u64,
        note: String,
    }

    fn real() -> Vec<Real> {
        REAL.lines().map(|line| serde_json::from_str(line).expect("a line of the file")).collect()
    }

    /// The signers that Sigstore's trust root names.
    fn signers() -> Vec<Signer> {
        let root = TrustedRoot::from_json(SIGSTORE_PRODUCTION_TRUSTED_ROOT).expect("embedded");
        let signer = |log: &sigstore_trust_root::TransparencyLog| {
            let key = LogKey::from_spki(log.public_key.raw_bytes.as_bytes()).expect("a log's key");
            let name = log.base_url.trim_start_matches("https://").to_owned();
            match log.public_key.key_details.as_str() {
                "PKIX_ED25519" => Signer::Note { origin: name, key },
                _ => Signer::RekorV1 { name, key },
            }
        };
        root.tlogs.iter().map(signer).collect()
    }

    #[test]
    fn real_checkpoints_verify_with_the_trust_root() {
        assert!(real().len() > 20);
        for Real { origin, size, note } in real() {
            let signer = signers().into_iter().find(|signer| signer.is_origin(&origin)).expect("a known log");
            let read = signer.verify(note.as_bytes()).unwrap_or_else(|error| panic!("{origin} {size}: {error}"));
            assert_eq!((&read.checkpoint().origin, read.size()), (&origin, size));
            assert_eq!(read.note(), note);
        }
    }

    #[test]
    fn no_changed_byte_of_a_real_checkpoint_is_believed() {
        for Real { origin, note, .. } in real().into_iter().step_by(8) {
            let signer = signers().into_iter().find(|signer| signer.is_origin(&origin)).expect("a known log");
            for at in 0..note.len() {
                let mut changed = note.clone().into_bytes();
                changed[at] ^= 1;
                let verified = signer.verify(&changed);
                assert!(verified.is_err(), "byte {at}: {verified:?}");
            }
        }
    }

    #[test]
    fn a_real_checkpoint_is_of_no_other_log() {
        for Real { origin, note, .. } in real() {
            for signer in signers().iter().filter(|signer| !signer.is_origin(&origin)) {
                assert!(matches!(signer.verify(note.as_bytes()), Err(CheckpointError::Origin { .. })));
            }
        }
    }

    #[test]
    fn up_to_sixty_strangers_may_sign_too() {
        let Real { origin, note, .. } = real().into_iter().next().expect("a first line");
        let signer = signers().into_iter().find(|signer| signer.is_origin(&origin)).expect("a known log");
        let strangers = format!("{note}{}", "\u{2014} stranger AAAAAAAA\n".repeat(60));
        assert!(signer.verify(strangers.as_bytes()).is_ok());
        let namesake = format!("{note}\u{2014} {origin} zxGZFQAA\n");
        assert!(signer.verify(namesake.as_bytes()).is_ok(), "a bad signature beside a good one");
        let alone = note.replace(note.lines().last().expect("a signature"), "\u{2014} stranger AAAAAAAA");
        assert_eq!(signer.verify(alone.as_bytes()), Err(CheckpointError::Signature(origin)));
    }

    #[test]
    fn what_is_written_otherwise_is_no_checkpoint() {
        let root = BASE64_STANDARD.encode([1; 32]);
        for text in [
            "origin\n".to_owned(),
            "origin\n5\n".to_owned(),
            format!("\n5\n{root}\n"),
            format!("origin\n05\n{root}\n"),
            format!("origin\n+5\n{root}\n"),
            format!("origin\n-5\n{root}\n"),
            format!("origin\n 5\n{root}\n"),
            format!("origin\n18446744073709551616\n{root}\n"),
            format!("origin\n5\n{root} \n"),
            format!("origin\n5\n{}\n", &root[..40]),
            format!("origin\n5\n{}\n", root.replace('=', "")),
            format!("origin\n0\n{root}\n"),
        ] {
            assert!(matches!(read(&text), Err(CheckpointError::Form(_))), "{text:?}");
        }
        let empty = format!("origin\n0\n{}\n", BASE64_STANDARD.encode(empty_root()));
        assert_eq!(read(&empty).map(|checkpoint| checkpoint.size), Ok(0));
        assert_eq!(read(&format!("origin\n5\n{root}\nextension\n")).map(|checkpoint| checkpoint.size), Ok(5));
    }

    #[test]
    fn only_numbers_follow_the_name_of_a_rekor() {
        assert_eq!(tree_id("rekor.example", "rekor.example - 1193050959916656506"), Some("1193050959916656506"));
        for origin in [
            "rekor.example",
            "rekor.example - ",
            "rekor.example - x",
            "rekor.example-1",
            "other - 1",
            "rekor.example - +1",
        ] {
            assert_eq!(tree_id("rekor.example", origin), None, "{origin}");
        }
    }
}
