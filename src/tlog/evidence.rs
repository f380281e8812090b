//! Evidence of a log violation for third parties: signed checkpoints, and the proof that they contradict each other.
//!
//! The document is complete by itself. A third party that trusts the log's key needs nothing else: no access to the
//! log, none to provwatch's database.

use base64::{Engine, prelude::BASE64_STANDARD};
use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{
    checkpoint::{SignedCheckpoint, Signer},
    key::LogKey,
    log::Prefix,
    merkle::Hash,
    proof::InclusionProof,
    violation::LogViolation,
};

/// The version of the document that is written.
const VERSION: u32 = 1;

/// Most bytes of an evidence document.
pub const MAX_EVIDENCE: u64 = 1024 * 1024;

/// The document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LogEvidence {
    /// Of this form.
    pub version: u32,
    /// What the log did.
    #[serde(rename = "misdeed")]
    pub violation: LogViolation,
    /// Which log.
    pub log: Accused,
    /// When it was found.
    pub found_at: DateTime<Utc>,
    /// What happened, for people.
    pub statement: String,
    /// What the log signed, the smaller tree first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub checkpoints: Vec<String>,
    /// The last leaf of the smaller tree in the larger one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proof: Option<Proof>,
    /// What was served, where it is not signed: a claim, and no proof.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub served: Option<String>,
}

/// The log that the evidence is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Accused {
    /// In whose name it signs.
    pub name: String,
    /// How its checkpoints are written.
    pub form: Form,
    /// Its public key, `SubjectPublicKeyInfo`, base64.
    pub public_key: String,
}

/// How a log's checkpoints are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Form {
    /// Signed notes in the name of the origin.
    Note,
    /// Signed notes in the name of the log; the origin has the number of a tree.
    RekorV1,
    /// Signed tree heads of RFC 6962.
    Ct,
    /// Notes with the signature of a CT log.
    StaticCt,
}

/// An inclusion proof.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Proof {
    /// The leaf's hash, hexadecimal.
    pub leaf: String,
    /// Its index.
    pub index: u64,
    /// The size of the tree.
    pub size: u64,
    /// The siblings, from the leaf upwards, hexadecimal.
    pub path: Vec<String>,
}

/// The conclusion for a third party.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Judgement {
    /// The log's key signed statements that contradict each other. No other party can have made this.
    Proven(String),
    /// The log's signatures are genuine; the rest is the statement of the document's author.
    Claimed(String),
    /// The document does not prove its statement.
    Refuted(String),
}

/// The reason why a document is not evidence.
#[derive(Debug, thiserror::Error)]
pub enum EvidenceError {
    /// Not the JSON of this form.
    #[error("not an evidence document")]
    Json(#[source] serde_json::Error),
    /// Of a later version.
    #[error("unknown version {0}; a newer provwatch may know it")]
    Version(u32),
    /// The key cannot be used.
    #[error("its public key cannot be used: {0}")]
    Key(String),
}

impl LogEvidence {
    /// Evidence against a log.
    pub fn new(violation: LogViolation, signer: &Signer, statement: String, found_at: DateTime<Utc>) -> Self {
        let log = Accused {
            name: signer.name().to_owned(),
            form: match signer {
                Signer::Note { .. } => Form::Note,
                Signer::RekorV1 { .. } => Form::RekorV1,
                Signer::Ct { .. } => Form::Ct,
                Signer::StaticCt { .. } => Form::StaticCt,
            },
            public_key: BASE64_STANDARD.encode(signer.key().spki()),
        };
        let (version, checkpoints) = (VERSION, Vec::new());
        Self { version, violation, log, found_at, statement, checkpoints, proof: None, served: None }
    }

    /// Adds the signed checkpoints, the smaller tree first.
    #[must_use]
    pub fn signed(mut self, checkpoints: &[&SignedCheckpoint]) -> Self {
        self.checkpoints.extend(checkpoints.iter().map(|signed| signed.note().to_owned()));
        self
    }

    /// Adds the proof that the smaller tree is not a prefix of the larger.
    #[must_use]
    pub(crate) fn proven(mut self, prefix: Option<&Prefix>) -> Self {
        self.proof = prefix.map(|prefix| Proof {
            leaf: hex::encode(prefix.leaf),
            index: prefix.proof.index,
            size: prefix.proof.size,
            path: prefix.proof.path.iter().map(hex::encode).collect(),
        });
        self
    }

    /// Adds the served document.
    #[must_use]
    pub fn served(mut self, served: impl Into<String>) -> Self {
        self.served = Some(served.into());
        self
    }

    /// Reads a document.
    ///
    /// # Errors
    /// Another form or version.
    pub fn parse(document: &[u8]) -> Result<Self, EvidenceError> {
        let evidence: Self = serde_json::from_slice(document).map_err(EvidenceError::Json)?;
        if evidence.version == VERSION { Ok(evidence) } else { Err(EvidenceError::Version(evidence.version)) }
    }

    /// The document.
    pub fn document(&self) -> String {
        serde_json::to_string_pretty(self).unwrap_or_default()
    }

    /// The id of the violation: the same however often it is seen, and no two share one. It is a hash over the whole
    /// document except the time. Checkpoints count by their trees, since a log may sign one tree many times.
    pub fn id(&self) -> String {
        let mut hash = Sha256::new();
        let mut part = |bytes: &[u8]| {
            hash.update((bytes.len() as u64).to_be_bytes());
            hash.update(bytes);
        };
        part(self.violation.as_str().as_bytes());
        part(self.log.name.as_bytes());
        part(self.log.public_key.as_bytes());
        match self.trees() {
            Ok(trees) if !trees.is_empty() => {
                for tree in trees {
                    part(tree.checkpoint().origin.as_bytes());
                    part(&tree.size().to_be_bytes());
                    part(tree.root());
                }
            }
            _ => self.checkpoints.iter().for_each(|note| part(note.as_bytes())),
        }
        if !matches!(self.violation, LogViolation::Fork | LogViolation::SameSize) {
            part(self.statement.as_bytes());
            part(self.served.as_deref().unwrap_or_default().as_bytes());
        }
        hex::encode(&hash.finalize()[..8])
    }

    /// The key, whose owner is reported. The reader must know whether that is the log's key.
    ///
    /// # Errors
    /// It is not a key of a supported algorithm.
    pub fn signer(&self) -> Result<Signer, EvidenceError> {
        let spki =
            BASE64_STANDARD.decode(&self.log.public_key).map_err(|_| EvidenceError::Key("not base64".to_owned()))?;
        let key = LogKey::from_spki(&spki).map_err(|error| EvidenceError::Key(error.to_string()))?;
        let name = self.log.name.clone();
        Ok(match self.log.form {
            Form::Note => Signer::Note { origin: name, key },
            Form::RekorV1 => Signer::RekorV1 { name, key },
            Form::Ct => Signer::Ct { origin: name, key },
            Form::StaticCt => Signer::StaticCt { origin: name, key },
        })
    }

    /// The conclusion from the document alone.
    ///
    /// # Errors
    /// The key cannot be used.
    pub fn judge(&self) -> Result<Judgement, EvidenceError> {
        self.signer()?;
        let trees = match self.trees() {
            Ok(trees) => trees,
            Err(why) => return Ok(Judgement::Refuted(format!("a checkpoint is not the log's: {why}"))),
        };
        Ok(match (self.violation, trees.as_slice()) {
            (LogViolation::Fork | LogViolation::SameSize, [old, new]) => self.fork(old, new),
            (LogViolation::Rollback | LogViolation::Unproven, [_, _]) => {
                Judgement::Claimed("the log signed both; their order is a claim of the recording host".to_owned())
            }
            (LogViolation::Fork | LogViolation::SameSize | LogViolation::Rollback | LogViolation::Unproven, _) => {
                Judgement::Refuted("two checkpoints are needed".to_owned())
            }
            (LogViolation::Stale, []) => Judgement::Refuted("a checkpoint is needed".to_owned()),
            (LogViolation::Stale, _) => Judgement::Claimed(
                "the log signed this; the time without a newer checkpoint is a claim of the recording host".to_owned(),
            ),
            _ => Judgement::Claimed("the log did not sign the served content".to_owned()),
        })
    }

    /// Whether two signed trees cannot be of one history.
    fn fork(&self, old: &SignedCheckpoint, new: &SignedCheckpoint) -> Judgement {
        if old.checkpoint().origin != new.checkpoint().origin {
            return Judgement::Refuted("the checkpoints are of different trees".to_owned());
        }
        if old.size() == new.size() {
            return if old.root() == new.root() {
                Judgement::Refuted("both checkpoints are of the same tree".to_owned())
            } else {
                Judgement::Proven(format!("the log signed two different roots for {} entries", old.size()))
            };
        }
        match self.prefix_root(old, new) {
            None => Judgement::Refuted("the proof does not lead to the root of the larger tree".to_owned()),
            Some(root) if root == *old.root() => {
                Judgement::Refuted("the smaller tree is a prefix of the larger".to_owned())
            }
            Some(root) => Judgement::Proven(format!(
                "the tree of {} entries that the log signed begins with {} entries under the root {}, and it signed {} for them",
                new.size(),
                old.size(),
                hex::encode(root),
                hex::encode(old.root()),
            )),
        }
    }

    /// The root of the first `old.size()` entries of the larger tree.
    fn prefix_root(&self, old: &SignedCheckpoint, new: &SignedCheckpoint) -> Option<Hash> {
        let (leaf, proof) = self.proof.as_ref()?.read()?;
        let fits = proof.index.checked_add(1)? == old.size() && proof.size == new.size();
        if !fits || proof.root(&leaf)? != *new.root() {
            return None;
        }
        Some(proof.prefix(&leaf)?.root())
    }

    /// The checkpoints, verified.
    fn trees(&self) -> Result<Vec<SignedCheckpoint>, String> {
        let signer = self.signer().map_err(|error| error.to_string())?;
        let verify = |note: &String| signer.verify(note.as_bytes()).map_err(|error| error.to_string());
        self.checkpoints.iter().map(verify).collect()
    }
}

impl Proof {
    fn read(&self) -> Option<(Hash, InclusionProof)> {
        let hash = |text: &String| Hash::try_from(hex::decode(text).ok()?).ok();
        let path = self.path.iter().map(hash).collect::<Option<_>>()?;
        Some((hash(&self.leaf)?, InclusionProof { index: self.index, size: self.size, path }))
    }
}
